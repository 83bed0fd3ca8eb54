//! Pairs as `key=value key="value with spaces"`, as many logs have them.

use crate::event::Tape;

/// Most pairs that are read.
const MOST: usize = 1_024;

/// The pairs of a text; what is no pair is passed over.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',', '\u{1d}']);
            let equals = rest.find('=')?;
            let before = rest.get(..equals)?;
            let key = before.rsplit([' ', '\t']).next().unwrap_or_default();
            let after = rest.get(equals + 1..)?;
            let (value, left) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inside = after.get(1..)?;
                    let end = inside.find(quote).unwrap_or(inside.len());
                    (inside.get(..end)?, inside.get(end + 1..).unwrap_or_default())
                }
                _ => {
                    let end = after.find([' ', '\t', '\u{1d}']).unwrap_or(after.len());
                    (after.get(..end)?, after.get(end..).unwrap_or_default())
                }
            };
            rest = left;
            if !key.is_empty() {
                return Some((key, value));
            }
        }
    })
    .take(MOST)
}

/// Says the pairs of a text.
pub(super) fn say(text: &str, tape: &mut Tape) -> usize {
    let mut count = 0;
    for (key, value) in pairs(text) {
        tape.say(key, value);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn quoted_and_not() {
        let of = |text| pairs(text).collect::<Vec<_>>();
        assert_eq!(of("a=1 b=\"2 3\" noise c='x'"), [("a", "1"), ("b", "2 3"), ("c", "x")]);
        assert_eq!(of("a= b=\"open"), [("a", ""), ("b", "open")]);
        assert_eq!(of("=x ==="), [("", ""); 0]);
    }
}
