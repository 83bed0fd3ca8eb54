//! The two ways in which a message is brought into one form before it is signed (RFC 6376 §3.4).

use std::borrow::Cow;

/// How strictly what was signed must be as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// Octet by octet.
    Simple,
    /// White space and the case of names aside.
    Relaxed,
}

impl Rule {
    /// The rules of header and body, as `c=` says them.
    pub(super) fn both(text: &str) -> (Self, Self) {
        let of = |word: &str| if word.trim() == "relaxed" { Self::Relaxed } else { Self::Simple };
        let (head, body) = text.split_once('/').unwrap_or((text, "simple"));
        (of(head), of(body))
    }
}

/// A header field as written, its line ends with it.
#[derive(Clone)]
pub(super) struct Field<'m> {
    raw: Cow<'m, str>,
}

impl Field<'_> {
    fn name(&self) -> &str {
        self.raw.split(':').next().unwrap_or_default().trim_end()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    pub(super) fn value(&self) -> &str {
        self.raw.split_once(':').map_or("", |(_, value)| value)
    }

    /// The field with the value of its tag `b` left out.
    pub(super) fn without_signature(&self) -> Field<'static> {
        let (name, value) = self.raw.split_once(':').unwrap_or((&self.raw, ""));
        let mut out = format!("{name}:");
        for (number, tag) in value.split(';').enumerate() {
            if number > 0 {
                out.push(';');
            }
            match tag.split_once('=') {
                Some((name, _)) if name.trim() == "b" => {
                    out.push_str(name);
                    out.push('=');
                }
                _ => out.push_str(tag),
            }
        }
        Field { raw: Cow::Owned(out) }
    }
}

const MOST_FIELDS: usize = 1000;

/// The header fields of a message, in order, and its body. Line ends may be bare.
pub(super) fn divided(message: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let (mut at, mut start) = (0, 0);
    while let Some(line) = message.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
        let next = at + length;
        let whole = line.get(..length).unwrap_or_default();
        let blank = matches!(whole, b"\n" | b"\r\n");
        let goes_on = line.starts_with(b" ") || line.starts_with(b"\t");
        if at > start && !goes_on {
            let raw = message.get(start..at).unwrap_or_default();
            fields.push(Field { raw: String::from_utf8_lossy(raw) });
            start = at;
        }
        if blank || fields.len() >= MOST_FIELDS {
            return (fields, message.get(next..).unwrap_or_default());
        }
        at = next;
    }
    if at > start {
        let raw = message.get(start..at).unwrap_or_default();
        fields.push(Field { raw: String::from_utf8_lossy(raw) });
    }
    (fields, &[])
}

/// A field in its one form, with its line end.
pub(super) fn field(field: &Field<'_>, rule: Rule) -> Vec<u8> {
    let raw = field.raw.trim_end_matches(['\r', '\n']);
    if rule == Rule::Simple {
        let mut out = Vec::with_capacity(raw.len() + 2);
        for (number, line) in raw.split('\n').enumerate() {
            if number > 0 {
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(line.trim_end_matches('\r').as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        return out;
    }
    let (name, value) = raw.split_once(':').unwrap_or((raw, ""));
    let words: Vec<&str> =
        value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}\r\n", name.trim_end().to_ascii_lowercase(), words.join(" ")).into_bytes()
}

/// A body in its one form.
pub(super) fn body(text: &[u8], rule: Rule) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    let mut blank = 0_usize;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = match rule {
            Rule::Simple => Cow::Borrowed(line),
            Rule::Relaxed => Cow::Owned(reduced(line)),
        };
        if line.is_empty() {
            blank += 1;
            continue;
        }
        (0..blank).for_each(|_| out.extend_from_slice(b"\r\n"));
        blank = 0;
        out.extend_from_slice(&line);
        out.extend_from_slice(b"\r\n");
    }
    if out.is_empty() && rule == Rule::Simple {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// White space within a line as one space, none at its end.
fn reduced(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    for octet in line {
        let white = matches!(octet, b' ' | b'\t');
        if !white {
            out.push(*octet);
        } else if out.last() != Some(&b' ') {
            out.push(b' ');
        }
    }
    if out.last() == Some(&b' ') {
        out.pop();
    }
    out
}
