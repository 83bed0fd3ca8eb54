//! A message quoted within the text of another, as the usual clients do in Italian and English.

use crate::header::Headers;

/// Where the quoted message begins and what is known of its header.
pub(crate) struct Quoted {
    pub(crate) headers: Headers,
    /// Where what is known of its header begins, in bytes of the whole.
    pub(crate) start: usize,
    /// Where its text begins.
    pub(crate) body: usize,
}

/// Labels of the quoted header, in the languages of the clients.
const LABELS: &[(&str, &[&str])] = &[
    ("from", &["da", "from", "mittente", "von", "de"]),
    ("date", &["inviato", "sent", "data", "date", "inviato il", "gesendet", "datum", "envoyé"]),
    ("to", &["a", "to", "per", "an", "à", "destinatario"]),
    ("cc", &["cc", "c.c."]),
    ("subject", &["oggetto", "subject", "betreff", "objet"]),
    ("reply-to", &["rispondi a", "reply-to", "rispondere a"]),
];

const MARKS: &[&str] = &[
    "forwarded message",
    "messaggio inoltrato",
    "messaggio originale",
    "original message",
    "begin forwarded message",
    "inizio messaggio inoltrato",
    "messaggio in originale",
    "weitergeleitete nachricht",
];

const PREFIXES: &[&str] =
    &["fwd:", "fw:", "i:", "inoltro:", "inoltra:", "tr:", "wg:", "r: i:", "rif:", "fwd :", "[fwd:"];

/// How much may stand above the quoted message when the subject does not say that it is a forward.
const SHORT_NOTE: usize = 600;

/// Finds the message that `text` hands on; `subject` is the outer one.
pub(crate) fn quoted(subject: &str, text: &str) -> Option<Quoted> {
    let lower = subject.trim().to_lowercase();
    let says_so = PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    let answers = lower.starts_with("re:") || lower.starts_with("r:");
    let mut at = 0;
    let mut marked = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 400 || at > 40_000 {
            break;
        }
        let plain = unquoted(line).to_lowercase();
        let is_mark = MARKS.iter().any(|mark| plain.contains(mark)) && plain.len() < 90;
        let short = at < SHORT_NOTE && !answers;
        if (says_so || short && (marked || is_mark))
            && let Some(found) = block(text, at)
        {
            return Some(found);
        }
        marked |= is_mark;
        at += line.len();
    }
    None
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', '|', ' ', '\t', '*', '_']).trim_end()
}

/// A header block that begins at `from`: three of its labels or more, within a few lines.
fn block(text: &str, from: usize) -> Option<Quoted> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut at = from;
    let mut blank = 0;
    for line in text.get(from..)?.split_inclusive('\n').take(30) {
        let plain = unquoted(line);
        if plain.is_empty() {
            blank += 1;
            if blank > 1 && !fields.is_empty() || fields.len() >= 3 {
                break;
            }
            at += line.len();
            continue;
        }
        match label(plain) {
            Some((name, value)) if !fields.iter().any(|(known, _)| known == name) => {
                fields.push((name.into(), value.into()));
                blank = 0;
            }
            Some(_) => break,
            None if fields.is_empty() => return None,
            // Labels alone on their line, values on the next (some HTML tables).
            None if fields.last().is_some_and(|(_, value)| value.is_empty()) => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(plain);
                }
            }
            None if fields.len() < 3 && blank == 0 => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(plain);
                }
            }
            None => break,
        }
        at += line.len();
    }
    let has = |name: &str| fields.iter().any(|(known, _)| known == name);
    let whole = has("from") && fields.len() >= 3 && (has("subject") || has("date"));
    whole.then(|| Quoted { headers: Headers::of(addressed(fields)), start: from, body: at })
}

/// `Da: X <a@b>` as clients write it; the label may be bold, starred, or followed by a tab.
fn label(line: &str) -> Option<(&'static str, &str)> {
    let (name, value) = line.split_once(':')?;
    if name.len() > 24 {
        return None;
    }
    let name = name.trim_matches(['*', '_', ' ', '\t']).to_lowercase();
    let (canonical, _) = LABELS.iter().find(|(_, words)| words.contains(&name.as_str()))?;
    Some((canonical, value.trim_start_matches(['*', '_', ' ', '\t']).trim()))
}

/// `Name [mailto:a@b]` and `Name a@b` become what a header would say.
fn addressed(fields: Vec<(String, String)>) -> Vec<(String, String)> {
    let fix = |(name, value): (String, String)| {
        let value = if name == "from" || name == "reply-to" {
            let value =
                value.replace("[mailto:", "<").replace("(mailto:", "<").replace("<mailto:", "<");
            let address = crate::text::addresses(&value).last();
            match address {
                Some(address) => {
                    let end = value.find(['<', '[', '(']).unwrap_or(value.len());
                    let shown = value.get(..end).unwrap_or_default().trim().trim_matches('"');
                    let named = if shown.eq_ignore_ascii_case(&address) { "" } else { shown };
                    format!("\"{}\" <{address}>", named.replace('"', ""))
                }
                None => format!("\"{}\"", value.replace('"', "")),
            }
        } else {
            value
        };
        (name, value)
    };
    fields.into_iter().map(fix).collect()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    fn inner(subject: &str, text: &str) -> Option<(String, String, String)> {
        let found = quoted(subject, text)?;
        let get = |name: &str| found.headers.raw(name).unwrap_or_default().to_owned();
        Some((
            get("from"),
            get("subject"),
            text.get(found.body..)?.trim_matches(['>', ' ', '\n']).to_owned(),
        ))
    }

    fn expect(subject: &str, text: &str) {
        let found = inner(subject, text);
        let from = "\"Poste\" <x@evil.example>".to_owned();
        assert_eq!(found, Some((from, "Pacco".into(), "Corpo\nfine".into())), "{text}");
    }

    #[test]
    fn the_usual_clients_are_understood() {
        expect(
            "I: Pacco",
            "Guarda\n\nDa: Poste <x@evil.example>\nInviato: lunedì\nA: me\nOggetto: Pacco\n\nCorpo\nfine",
        );
        expect(
            "Fwd: Pacco",
            "---------- Forwarded message ---------\nDa: Poste <x@evil.example>\nDate: lun\nSubject: Pacco\nTo: <me@comune.example>\n\n\nCorpo\nfine",
        );
        expect(
            "Pacco",
            "-------- Messaggio inoltrato --------\nOggetto: Pacco\nData: Mon\nMittente: Poste <x@evil.example>\nA: me\n\nCorpo\nfine",
        );
        expect(
            "Fwd: Pacco",
            "----- Messaggio inoltrato -----\nDa: \"Poste\" <x@evil.example>\nA: \"me\" <me@comune.example>\nInviato: Lunedì\nOggetto: Pacco\n\nCorpo\nfine",
        );
        expect(
            "Fwd: Pacco",
            "Inizio messaggio inoltrato:\n\nDa: Poste <x@evil.example>\nOggetto: Pacco\nData: 1 gennaio\nA: me\n\nCorpo\nfine",
        );
        expect(
            "FW: Pacco",
            "From: Poste [mailto:x@evil.example]\nSent: Monday\nTo: me\nSubject: Pacco\n\nCorpo\nfine",
        );
        // Gmail, Thunderbird, Zimbra, Roundcube, Apple Mail and Outlook in the other language.
        for (mark, head) in [
            (
                "---------- Forwarded message ---------",
                "From: Poste <x@evil.example>\nDate: Mon, 17 Nov 2025\nSubject: Pacco\nTo: <me@comune.example>\n\n",
            ),
            (
                "-------- Forwarded Message --------",
                "Subject: \tPacco\nDate: \tMon, 17 Nov 2025\nFrom: \tPoste <x@evil.example>\nTo: \tme@comune.example\n\n",
            ),
            (
                "----- Forwarded Message -----",
                "From: \"Poste\" <x@evil.example>\nTo: \"me\" <me@comune.example>\nSent: Monday\nSubject: Pacco\n",
            ),
            (
                "-------- Original Message --------",
                "Subject: Pacco\nDate: 2025-11-17 10:00\nFrom: Poste <x@evil.example>\nTo: me@comune.example\n",
            ),
            (
                "-------- Messaggio originale --------",
                "Oggetto: Pacco\nData: 17-11-2025 10:00\nMittente: Poste <x@evil.example>\nDestinatario: me@comune.example\n",
            ),
            (
                "Begin forwarded message:",
                "\nFrom: Poste <x@evil.example>\nSubject: Pacco\nDate: 17 November 2025\nTo: me@comune.example\n",
            ),
            (
                "________________________________",
                "From: Poste <x@evil.example>\nSent: Monday, November 17, 2025\nTo: me\nCc: you\nSubject: Pacco\n",
            ),
        ] {
            expect("Fwd: Pacco", &format!("FYI\n\n{mark}\n{head}\nCorpo\nfine"));
        }
        expect("Fwd: Pacco", "> Begin forwarded message:\n> \n> From: Poste <x@evil.example>\n> Subject: Pacco\n> Date: today\n> \n> Corpo\n> fine".replace("> Corpo\n> fine", "Corpo\nfine").as_str());
    }

    #[test]
    fn an_answer_is_no_forward() {
        let text = "Grazie.\n\nDa: Poste <x@evil.example>\nInviato: lunedì\nA: me\nOggetto: Pacco\n\nCorpo";
        assert_eq!(inner("R: Pacco", text), None);
        assert_eq!(inner("Riunione", "Da: domani\nnon so"), None);
    }
}
