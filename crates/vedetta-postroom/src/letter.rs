//! An answer as a letter (RFC 5322): for one reader, automatic and saying so (RFC 3834), signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vedetta_mail::{KeyFault, Reply};
use vedetta_model::Instant;

use crate::settings::Settings;

/// Writes the letter. `name` makes its number, the same however often it is tried.
///
/// # Errors
/// It cannot be signed, as the settings say it must be.
pub(crate) fn write(
    settings: &Settings,
    (to, answers): (&str, &str),
    (name, reply): (&str, &Reply),
    at: Instant,
) -> Result<Vec<u8>, KeyFault> {
    let domain = settings.domain();
    let mut head = format!(
        "From: {} <{}>\r\nTo: <{to}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{name}@{domain}>\r\n",
        encoded(&settings.name),
        settings.mailbox,
        encoded(&reply.subject),
        date(at)
    );
    if is_number(answers) {
        head.push_str(&format!("In-Reply-To: {answers}\r\nReferences: {answers}\r\n"));
    }
    head.push_str(
        "Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    let text = reply.text.replace('\n', "\r\n");
    let letter = format!("{head}{}", lines(&STANDARD.encode(text)));
    let seconds = at.micros() / 1_000_000;
    let Some(signer) = &settings.signer else { return Ok(letter.into_bytes()) };
    let field = signer.field(letter.as_bytes(), seconds)?;
    Ok(format!("{field}{letter}").into_bytes())
}

/// Whether a number of a letter can stand in a header as it is.
fn is_number(text: &str) -> bool {
    let inside = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inside.is_some_and(|inside| {
        inside.len() < 400 && inside.contains('@') && inside.chars().all(|c| c.is_ascii_graphic())
    })
}

/// Words of a header in any letters (RFC 2047), a piece at most 75 octets.
fn encoded(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
    if text.chars().all(plain) && text.len() < 60 {
        return text.to_owned();
    }
    let mut pieces = vec![String::new()];
    for letter in text.chars().filter(|c| !c.is_control()) {
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
            if piece.len() > 40 {
                pieces.push(String::new());
            }
        }
    }
    let pieces = pieces.iter().filter(|piece| !piece.is_empty());
    let pieces: Vec<String> =
        pieces.map(|piece| format!("=?utf-8?B?{}?=", STANDARD.encode(piece))).collect();
    pieces.join("\r\n ")
}

fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 36);
    for (number, letter) in text.chars().enumerate() {
        if number > 0 && number % 76 == 0 {
            out.push_str("\r\n");
        }
        out.push(letter);
    }
    out + "\r\n"
}

fn date(at: Instant) -> String {
    let rome = jiff::tz::TimeZone::get("Europe/Rome").unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default().to_zoned(rome);
    jiff::fmt::rfc2822::to_string(&moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_breaks_out_of_its_line() {
        let reply = Reply { subject: "perché\r\nBcc: x@y".into(), text: "È così.\n".into() };
        let settings = Settings { mailbox: "s@v.example".into(), ..Settings::default() };
        let at = Instant::from_micros(1_700_000_000_000_000);
        let answers = "<1@x>\r\nBcc: z@y";
        let letter =
            write(&settings, ("ada@comune.example", answers), ("M1.1", &reply), at).unwrap();
        let text = String::from_utf8(letter).unwrap();
        assert!(!text.contains("Bcc") && !text.contains("In-Reply-To"), "{text}");
        assert!(text.contains("Date: Tue, 14 Nov 2023 23:13:20 +0100\r\n"), "{text}");
        assert!(text.contains("Message-ID: <M1.1@v.example>\r\n"));
        assert!(text.contains("Auto-Submitted: auto-replied\r\n"));
        assert!(text.lines().all(|line| line.is_ascii() && line.len() < 78));
        let read = vedetta_mail::Evidence::read(text.as_bytes(), &vedetta_mail::Limits::default());
        assert_eq!((read.text.trim(), read.from.len()), ("È così.", 1));
    }
}
