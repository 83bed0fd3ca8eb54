//! Letters without case.

use super::value::{Value, unescape_into};

/// Writes text in lower case, letter by letter; the long s becomes an s, as in regular expressions.
pub fn fold_into(text: &str, out: &mut String) {
    let start = out.len();
    out.push_str(text);
    refold(out, start);
}

/// Text in lower case, as [`fold_into`] writes it.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// Writes a value in lower case; whether it has any text.
pub fn fold_value(value: Value<'_>, out: &mut String) -> bool {
    let start = out.len();
    match value {
        Value::Text(text) | Value::Number(text) => out.push_str(text),
        Value::Escaped(text) => unescape_into(text, out),
        Value::Boolean(true) => out.push_str("true"),
        Value::Boolean(false) => out.push_str("false"),
        Value::Null => return false,
    }
    refold(out, start);
    true
}

fn refold(out: &mut String, start: usize) {
    if let Some(tail) = out.get_mut(start..) {
        if tail.is_ascii() {
            tail.make_ascii_lowercase();
            return;
        }
        let folded: String = tail.chars().flat_map(letter).collect();
        out.truncate(start);
        out.push_str(&folded);
    }
}

fn letter(c: char) -> std::char::ToLowercase {
    if c == 'ſ' { 's'.to_lowercase() } else { c.to_lowercase() }
}
