//! Percent-encoding of URLs (RFC 3986, sections 2 and 6.2.2).

use std::fmt::Write as _;

/// What the path of a URL never has unescaped, besides controls and what is not ASCII.
const PATH: &[u8] = b" \"#<>?`{}|^\\";
/// The same for the query.
const QUERY: &[u8] = b" \"#<>'`{}|^\\";

/// The path in one spelling: escapes in upper case, none for what needs none, no `.` and `..`.
pub(crate) fn path(text: &str) -> String {
    let mut segments: Vec<String> = Vec::new();
    let mut open = true;
    for segment in text.strip_prefix('/').unwrap_or(text).split('/') {
        let segment = spell(segment, PATH);
        open = matches!(segment.as_str(), "." | "..");
        match segment.as_str() {
            "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let mut path = String::new();
    segments.iter().for_each(|segment| path.extend(["/", segment]));
    if open || path.is_empty() {
        path.push('/');
    }
    path
}

/// The query in one spelling.
pub(crate) fn query(text: &str) -> String {
    spell(text, QUERY)
}

fn spell(text: &str, escaped: &[u8]) -> String {
    let bytes = text.as_bytes();
    let mut spelled = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let decoded = if byte == b'%' { decode(bytes.get(at + 1..at + 3)) } else { None };
        match decoded {
            Some(plain) if is_unreserved(plain) => spelled.push(char::from(plain)),
            Some(other) => escape(&mut spelled, other),
            None if byte.is_ascii_graphic() && !escaped.contains(&byte) => {
                spelled.push(char::from(byte));
            }
            None => escape(&mut spelled, byte),
        }
        at += if decoded.is_some() { 3 } else { 1 };
    }
    spelled
}

fn decode(digits: Option<&[u8]>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match digits {
        Some(&[high, low]) => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape(spelled: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(spelled, "%{byte:02X}");
}
