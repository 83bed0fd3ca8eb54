//! What is cut is said, and how much of it; what takes too long ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vedetta_mail::{Deadline, Desk, Evidence, Limits, Obstacle, Unread, Verdict, letters};

use super::sample;

fn read(letter: &[u8]) -> Evidence {
    Evidence::read(letter, &Limits::default())
}

fn named(evidence: &Evidence, why: Obstacle) -> usize {
    let of = |it: &&Unread| it.why == why;
    evidence.unread.iter().filter(of).map(|it| it.count).sum()
}

fn with_letters(count: usize, more: &str) -> String {
    let part = |n: usize| {
        format!(
            "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n\
             From: x@lure{n}.invalid\r\nSubject: s\r\n\r\nhttp://lure{n}.invalid/\r\n"
        )
    };
    let parts: String = (0..count).map(part).collect();
    format!(
        "From: ada@comune.example\r\nSubject: molti\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}{more}--b--\r\n"
    )
}

#[test]
fn of_more_than_are_looked_at_the_others_are_counted() {
    let mailbox = |count: usize| {
        let one = "From a@example.org Mon Nov 17 10:00:00 2025\nSubject: 1\n\nx\n\n";
        one.repeat(count)
    };
    for (bytes, left_out) in [
        (mailbox(27).into_bytes(), 7),
        (with_letters(33, "").into_bytes(), 13),
        (mailbox(20).into_bytes(), 0),
    ] {
        let found = letters(&bytes, 20, None);
        assert_eq!((found.each.len(), found.left_out), (20, left_out));
    }
    let packed = sample("mail_message", "packed.zip");
    let one = letters(&packed, 1, None);
    assert_eq!((one.each.len(), one.left_out), (1, 1));
    // With something else in it the letter is looked at as it is.
    let other = "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4\r\n";
    let whole = with_letters(12, other);
    assert_eq!(letters(whole.as_bytes(), 20, None).each.len(), 1);
    assert_eq!(named(&read(whole.as_bytes()), Obstacle::TooMany), 4);
}

#[test]
fn links_beyond_the_limit_are_counted() {
    let links: String = (0..620).map(|n| format!("https://a.example/{n} ")).collect();
    let letter = format!("From: a@b.example\r\nSubject: s\r\n\r\n{links}");
    let evidence = read(letter.as_bytes());
    assert_eq!((evidence.links.len(), named(&evidence, Obstacle::TooMany)), (500, 120));
}

#[test]
fn parts_beyond_those_named_are_counted() {
    let part = |n: usize| {
        format!(
            "--b\r\nContent-Type: application/octet-stream; name=a{n}.7z\r\n\r\n7z\u{bc}{n}\r\n"
        )
    };
    let parts: String = (0..50).map(part).collect();
    let letter = format!(
        "From: a@b.example\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    );
    let letter: Vec<u8> = letter.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let letter: Vec<u8> =
        letter.split(|byte| *byte == 0xbc).collect::<Vec<_>>().join(&b"\xbc\xaf\x27\x1c"[..]);
    let evidence = read(&letter);
    let all: usize = evidence.unread.iter().map(|it| it.count).sum();
    assert!(evidence.unread.len() <= 21 && all == 50, "{all} {:?}", evidence.unread.len());
}

/// A clock that is over after so many looks.
fn over_after(looks: usize) -> Deadline {
    let left = Arc::new(AtomicUsize::new(looks));
    let take = |left: usize| left.checked_sub(1);
    Deadline::new(move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err())
}

#[test]
fn what_takes_too_long_ends_and_says_so() {
    let harmless = "--b\r\nContent-Type: text/plain\r\n\r\nBuongiorno, ecco il verbale della riunione di ieri.\r\n";
    let whole = with_letters(0, harmless);
    for looks in 0..12 {
        let limits = Limits { deadline: over_after(looks), ..Limits::default() };
        let evidence = Evidence::read(whole.as_bytes(), &limits);
        let desk = Desk { limits, ..Desk::shipped() };
        let late = named(&evidence, Obstacle::TooLong) > 0;
        let (_, opinion) = evidence.judged(&desk);
        assert!(!late || opinion.verdict == Verdict::Undetermined, "{looks}");
        assert!(looks > 0 || late);
    }
    let (evidence, opinion) = read(whole.as_bytes()).judged(&Desk::shipped());
    assert_eq!((evidence.unread, opinion.verdict), (Vec::new(), Verdict::ProbablyLegitimate));
}

#[test]
fn what_was_found_before_time_was_over_counts() {
    let program =
        "--b\r\nContent-Type: application/octet-stream; name=\"fattura.pdf.exe\"\r\n\r\nMZ\0\0\r\n";
    let many: String =
        "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4\r\n".repeat(60);
    let letter = with_letters(0, &format!("{program}{many}"));
    let limits = Limits { deadline: over_after(150), ..Limits::default() };
    let evidence = Evidence::read(letter.as_bytes(), &limits);
    assert!(named(&evidence, Obstacle::TooLong) > 0);
    let (_, opinion) = evidence.judged(&Desk::shipped());
    assert!(opinion.verdict <= Verdict::Suspicious, "{:?}", opinion.verdict);
}
