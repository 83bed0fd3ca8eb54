//! Drops the insignificant spaces of JSON.

use std::borrow::Cow;

/// The text without spaces between its tokens; the text itself if there are none.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    let mut spaces = spaces(json);
    let Some(first) = spaces.next() else { return Cow::Borrowed(json) };
    let mut out = String::with_capacity(json.len());
    let mut from = 0;
    for at in std::iter::once(first).chain(spaces) {
        out.push_str(&json[from..at]);
        from = at + 1;
    }
    out.push_str(&json[from..]);
    Cow::Owned(out)
}

/// The offsets of white space outside strings.
fn spaces(json: &str) -> impl Iterator<Item = usize> {
    let (mut quoted, mut escaped) = (false, false);
    json.bytes().enumerate().filter_map(move |(at, byte)| {
        if escaped {
            escaped = false;
        } else if quoted {
            escaped = byte == b'\\';
            quoted = byte != b'"';
        } else if byte == b'"' {
            quoted = true;
        } else {
            return byte.is_ascii_whitespace().then_some(at);
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spaces_between_tokens_go() {
        let json = "{ \"a b\" :\n[1, \"c\\\" d\\\\\" ,2]\t}";
        assert_eq!(compact(json), "{\"a b\":[1,\"c\\\" d\\\\\",2]}");
        assert!(matches!(compact("{\"a b\":1}"), Cow::Borrowed(_)));
    }
}
