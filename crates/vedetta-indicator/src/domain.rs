//! Domain names in one spelling (UTS 46, RFC 5890).

use std::borrow::Cow;

use idna::AsciiDenyList;

/// The longest text that is tried, in bytes: Unicode takes more room than what it becomes.
const LONGEST_WRITTEN: usize = 1_000;

/// A name of letters, digits, hyphens and underscores: lower case, punycode, no trailing dot, at
/// most 253 bytes, no label empty or over 63. A single label passes; what ends in a number is an
/// address, and does not.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    if bare.len() > LONGEST_WRITTEN {
        return None;
    }
    let ascii: Cow<'_, str> = if is_plain(bare) {
        Cow::Borrowed(bare)
    } else {
        idna::domain_to_ascii_cow(bare.as_bytes(), AsciiDenyList::URL).ok()?
    };
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let last = ascii.rsplit('.').next()?;
    let fits = ascii.len() <= 253
        && ascii.split('.').all(is_label)
        && !last.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| ascii.to_owned())
}

/// The part that somebody registered; nothing when the whole is a public suffix.
pub(crate) fn registrable(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

/// The name and each of those above it.
pub(crate) fn and_above(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above))
}

/// Already as it should be: no conversion can change it.
fn is_plain(text: &str) -> bool {
    !text.contains("xn--") && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let of = |text: &str| canonical(text);
        assert_eq!(of("WWW.Città.Example."), Some("www.xn--citt-3na.example".into()));
        assert_eq!(of("_dmarc.comune.example"), Some("_dmarc.comune.example".into()));
        assert_eq!(of("example"), Some("example".into()));
        for bad in
            ["", ".", "a..example", "*.example", "a b.example", "xn--a.example", "192.0.2.1", "a;b"]
        {
            assert_eq!(of(bad), None, "{bad:?}");
        }
        assert_eq!(of(&format!("{}.example", "a".repeat(64))), None);
        assert_eq!(of(&"a.".repeat(127)), Some("a.".repeat(127).trim_end_matches('.').into()));
        assert_eq!(of(&"a.".repeat(128)), None);
    }
}
