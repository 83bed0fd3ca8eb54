//! Text that stays on its line.

use std::fmt::Write as _;

/// On one line: controls, line separators and what changes the direction of writing become
/// spaces; at most so many characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if is_plain(c) { c } else { ' ' }).collect()
}

/// Whether a value can stand on a line by itself as it is.
pub(super) fn is_one_line(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('#') && value.chars().all(is_plain)
}

/// A strong entity tag from a digest.
pub(super) fn etag(digest: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in digest {
        // Writing to a string does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
