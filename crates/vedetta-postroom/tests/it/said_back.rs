//! Who answers our answer, and who hands in by way of a list.

use vedetta_mail::Verdict;
use vedetta_postroom::{Handed, Overruling, QueueWish, Reach, Received, Reporter, Standing};

use super::desk::{ADA, Desk, SITE, analyst, desk, everything, proven};
use super::letters::{handing_on, lure};

const LUCA: &str = "luca@comune.terni.example";

/// A letter of words alone, with a field besides.
fn words(from: &str, field: &str, text: &str) -> Vec<u8> {
    format!(
        "Authentication-Results: {}\r\nFrom: <{from}>\r\nTo: segnalazioni@vedetta.example\r\n{field}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        proven(from)
    )
    .into_bytes()
}

fn take(desk: &Desk, from: &str, bytes: &[u8]) -> Received {
    let by = Reporter::Mailbox(Some(from.into()));
    desk.room.take(&Handed { bytes, by }).unwrap()
}

fn contested(desk: &Desk) -> Vec<String> {
    let wish = QueueWish { contested: true, ..everything() };
    let queue = desk.room.queue(&analyst(), &wish).unwrap();
    queue.items.iter().map(|it| it.case.clone()).collect()
}

#[test]
fn a_reporter_who_disagrees_comes_before_an_analyst() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.clock.advance(std::time::Duration::from_mins(5));
    let second = desk.report(LUCA, &lure(2, SITE));
    desk.sent();
    desk.clock.advance(std::time::Duration::from_mins(5));
    let reply = format!(
        "Subject: Re: La segnalazione\r\nIn-Reply-To: <{}.a@vedetta.example>\r\nMessage-ID: <5@comune.example>",
        first.case
    );
    let bytes = words(ADA, &reply, "Ma io ho pagato!\r\n\r\n> Il messaggio è SOSPETTO");
    let heard = take(&desk, ADA, &bytes);
    assert!(matches!(&heard, Received::Contested(case) if *case == first.case), "{heard:?}");
    assert_eq!(contested(&desk), std::slice::from_ref(&first.case));
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    assert_eq!(queue.items[0].case, first.case, "it comes first");
    let shown = desk.room.dissect(&analyst(), &first.case).unwrap();
    assert!(shown.contest.unwrap().contains("Ma io ho pagato"));
    let sent = desk.sent();
    assert_eq!((sent.len(), sent[0].0.as_str()), (1, ADA));
    assert!(sent[0].1.contains("la leggerà una persona"), "{}", sent[0].1);
    let again = take(&desk, ADA, &bytes);
    assert!(matches!(again, Received::Contested(_)) && desk.sent().is_empty(), "told once");
    desk.clock.advance(std::time::Duration::from_mins(5));
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Report };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    assert!(contested(&desk).is_empty(), "an analyst's word answers it");
    // By its number in the subject, too; and somebody else's case is not theirs to contest.
    let cites = format!("Subject: [{}] non sono d'accordo\r\nX: y", second.case);
    assert!(matches!(take(&desk, ADA, &words(ADA, &cites, "no")), Received::Empty));
    assert!(matches!(take(&desk, LUCA, &words(LUCA, &cites, "no")), Received::Contested(_)));
    desk.room.delete_message(&analyst(), &second.case, "asked").unwrap();
    assert_eq!(desk.room.dissect(&analyst(), &second.case).unwrap().contest, None);
}

#[test]
fn a_long_letter_erases_nothing_that_was_said_before() {
    let desk = desk();
    let case = desk.report(ADA, &lure(1, SITE)).case;
    let cites = format!("Subject: [{case}]\r\nX: y");
    for text in ["Ho pagato 900 euro".to_owned(), "parola ".repeat(5_000)] {
        let heard = take(&desk, ADA, &words(ADA, &cites, &text));
        assert!(matches!(heard, Received::Contested(_)), "{heard:?}");
    }
    let kept = desk.room.dissect(&analyst(), &case).unwrap().contest.unwrap();
    assert!(kept.starts_with("parola") && kept.contains("Ho pagato 900 euro"));
    assert!(kept.chars().count() < 20_010);
}

#[test]
fn a_contest_of_several_paragraphs_that_comes_again_is_one() {
    let desk = desk();
    let case = desk.report(ADA, &lure(1, SITE)).case;
    desk.sent();
    let cites = format!("Subject: [{case}]\r\nX: y");
    let text = "Ho pagato.\r\n\r\nE ho scritto la password.";
    for (said, answers) in [(text, 1), ("Ho richiamato.", 1), (text, 0), (text, 0)] {
        let heard = take(&desk, ADA, &words(ADA, &cites, said));
        assert!(matches!(heard, Received::Contested(_)), "{heard:?}");
        assert_eq!(desk.sent().len(), answers, "{said}");
    }
    let kept = desk.room.dissect(&analyst(), &case).unwrap().contest.unwrap();
    assert_eq!(kept.matches("scritto la password").count(), 1, "{kept}");
}

#[test]
fn who_contests_without_end_waits_and_nothing_is_lost() {
    let desk = desk();
    let case = desk.report(ADA, &lure(1, SITE)).case;
    let cites = format!("Subject: [{case}]\r\nX: y");
    let say = |n: usize| take(&desk, ADA, &words(ADA, &cites, &format!("motivo numero {n}.")));
    for n in 0..20 {
        assert!(matches!(say(n), Received::Contested(_)), "{n}");
    }
    assert!(matches!(say(20), Received::Limited), "the sender's system keeps it");
    assert!(matches!(say(3), Received::Contested(_)), "what came before is not counted again");
    desk.clock.advance(std::time::Duration::from_hours(1));
    assert!(matches!(say(20), Received::Contested(_)));
    let kept = desk.room.dissect(&analyst(), &case).unwrap().contest.unwrap();
    assert!(kept.contains("numero 0.") && kept.contains("numero 20."), "{kept}");
}

#[test]
fn a_report_with_a_number_in_its_subject_is_a_report() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    let letter = String::from_utf8(handing_on(ADA, &proven(ADA), &lure(2, SITE))).unwrap();
    let letter = letter.replace("Guardate questa", &format!("Anche questa [{}]", first.case));
    assert!(matches!(take(&desk, ADA, letter.as_bytes()), Received::Taken(_)));
}

#[test]
fn what_comes_through_a_list_is_taken_in_and_not_answered() {
    let desk = desk();
    let through = |fields: &str| {
        let letter = String::from_utf8(handing_on(ADA, &proven(ADA), &lure(1, SITE))).unwrap();
        let letter = letter.replace("From: Chi", &format!("{fields}\r\nFrom: Chi"));
        take(&desk, ADA, letter.as_bytes())
    };
    let list = "List-Id: <sicurezza.comune.perugia.example>\r\nPrecedence: list";
    assert!(matches!(through(list), Received::Taken(_)));
    assert!(matches!(through("Precedence: bulk"), Received::Passed), "a program's");
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    assert_eq!(queue.items[0].standing, Standing::Unproven);
    assert_eq!(queue.items[0].organisation.as_ref().unwrap().as_str(), "perugia");
    assert!(desk.sent().is_empty());
}
