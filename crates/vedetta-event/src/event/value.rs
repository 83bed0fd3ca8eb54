//! A value of an event, looked at only when asked.

use std::borrow::Cow;

/// A value where it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// Text as it is.
    Text(&'a str),
    /// The inside of a JSON string with escapes in it.
    Escaped(&'a str),
    /// A JSON number.
    Number(&'a str),
    /// True or false.
    Boolean(bool),
    /// Nothing, but said.
    Null,
}

impl<'a> Value<'a> {
    /// As text: numbers as written, booleans as words; nothing for null.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Text(text) | Self::Number(text) => Cow::Borrowed(text),
            Self::Escaped(text) => unescaped(text),
            Self::Boolean(true) => Cow::Borrowed("true"),
            Self::Boolean(false) => Cow::Borrowed("false"),
            Self::Null => return None,
        })
    }

    /// As a number, when it is one or text that is one.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Text(text) | Self::Number(text) => {
                text.trim().parse().ok().filter(|it: &f64| it.is_finite())
            }
            _ => None,
        }
    }

    /// As a whole number, when it is one or text that is one.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Text(text) | Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(self) -> serde_json::Value {
        match self {
            Self::Text(_) | Self::Escaped(_) => self.text().unwrap_or_default().into_owned().into(),
            Self::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Self::Boolean(it) => it.into(),
            Self::Null => serde_json::Value::Null,
        }
    }
}

/// The inside of a JSON string, its escapes resolved; what is no escape becomes U+FFFD.
#[must_use]
pub fn unescaped(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    unescape_from(text, first, &mut out);
    Cow::Owned(out)
}

/// As [`unescaped`], into a buffer.
pub(crate) fn unescape_into(text: &str, out: &mut String) {
    match memchr::memchr(b'\\', text.as_bytes()) {
        Some(first) => unescape_from(text, first, out),
        None => out.push_str(text),
    }
}

fn unescape_from(text: &str, first: usize, out: &mut String) {
    let (mut rest, mut at) = (text, first);
    loop {
        out.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.as_bytes().get(at + 1).copied();
        let mut used = at + 2;
        match escape {
            Some(b'u') => used = at + 2 + unicode(rest.get(at + 2..).unwrap_or_default(), out),
            Some(it) => out.push(simple(it)),
            None => {
                out.push('\u{fffd}');
                return;
            }
        }
        rest = rest.get(used..).unwrap_or_default();
        match memchr::memchr(b'\\', rest.as_bytes()) {
            Some(next) => at = next,
            None => {
                out.push_str(rest);
                return;
            }
        }
    }
}

fn simple(escape: u8) -> char {
    match escape {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => '\u{fffd}',
    }
}

/// Reads what follows `\u`; how many bytes of it were used.
fn unicode(rest: &str, out: &mut String) -> usize {
    let unit = |at: usize| rest.get(at..at + 4).and_then(|it| u32::from_str_radix(it, 16).ok());
    let Some(high) = unit(0) else {
        out.push('\u{fffd}');
        return 0;
    };
    if (0xd800..0xdc00).contains(&high)
        && rest.get(4..6) == Some("\\u")
        && let Some(low @ 0xdc00..0xe000) = unit(6)
    {
        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        return 10;
    }
    out.push(char::from_u32(high).unwrap_or('\u{fffd}'));
    4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_escaped_comes_back(text in "\\PC*[\\\\\"\\t\\n😀]{0,3}\\PC*") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescaped(&json[1..json.len() - 1]), text);
        }

        #[test]
        fn nothing_is_too_broken(text in "[\\\\u0-9dDcC😀]{0,24}") {
            prop_assert!(unescaped(&text).len() <= 3 * text.len());
        }
    }

    #[test]
    fn pairs_and_halves() {
        assert_eq!(unescaped(r"\ud83d\ude00 \ud83d \u0041"), "😀 \u{fffd} A");
    }
}
