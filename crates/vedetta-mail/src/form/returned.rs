//! A message that a mail system sends back within the text of its notice, as those do that write no
//! report (RFC 3464): its source stands below a line that says so.

const MARKS: &[&str] = &[
    "copy of the message",
    "copy of your message",
    "original message",
    "message headers follow",
    "headers of the message",
    "returned message",
    "unsent message",
    "messaggio originale",
    "copia del messaggio",
];

/// Fields that people's programs leave out when they quote: with one of them it is a source.
const OF_SYSTEMS: &[&str] =
    &["received", "return-path", "message-id", "mime-version", "dkim-signature", "delivered-to"];

/// Where the notice ends, and where the source below it begins, in bytes of the text. A header alone
/// is no message.
pub(crate) fn returned(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(200) {
        let (start, said) = (at, line.to_lowercase());
        at += line.len();
        let rest = text.get(at..)?;
        let below = rest.trim_start();
        if line.len() < 120 && MARKS.iter().any(|mark| said.contains(mark)) && is_source(below) {
            return Some((start, at + rest.len() - below.len()));
        }
    }
    None
}

/// Whether a text begins with a header as it travels, and goes on.
fn is_source(text: &str) -> bool {
    let Some((_, body)) = text.split_once("\n\n") else { return false };
    if body.trim().is_empty() {
        return false;
    }
    let lines = text.lines().take(60).take_while(|line| !line.trim().is_empty());
    let fields = lines.filter(|line| !line.starts_with([' ', '\t']));
    let names: Option<Vec<String>> = fields
        .map(|line| Some(line.split_once(':')?.0.to_lowercase()))
        .map(|name| name.filter(|name| !name.contains(char::is_whitespace)))
        .collect();
    names.is_some_and(|names| {
        let of_systems = names.iter().any(|name| OF_SYSTEMS.contains(&name.as_str()));
        of_systems && names.len() > 2 && names.iter().any(|name| name == "from")
    })
}

#[cfg(test)]
mod tests {
    use super::returned;

    #[test]
    fn a_source_is_told_from_a_quotation() {
        let notice = "It failed.\n\n--- Below this line is a copy of the message.\n\n";
        let source = "Return-Path: <a@b.example>\nReceived: by x;\n\t1 Jan\nFrom: a@b.example\n\nx";
        let text = format!("{notice}{source}");
        assert_eq!(returned(&text), Some((12, notice.len())));
        assert_eq!(returned(text.trim_end_matches("x")), None, "a header alone");
        let quoted = "-----Original Message-----\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nx";
        assert_eq!(returned(quoted), None);
        assert_eq!(returned("a copy of the message\n\nWhat follows: is text\nFrom: us\n"), None);
    }
}
