//! Domain names in one spelling (UTS 46, RFC 5890).

use std::borrow::Cow;

use idna::AsciiDenyList;

/// Why a text is not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// IDNA refuses it, it has other characters than letters, digits, hyphens and underscores, a
    /// label is longer than 63 bytes or empty, or the whole is over 253.
    #[error("not a domain name; write it as www.comune.example")]
    Shape,
    /// One label only, where a full name is wanted.
    #[error("a single label; write the full name, as www.comune.example")]
    SingleLabel,
    /// It ends in a number, as addresses do.
    #[error("an address rather than a domain name; give it as a network")]
    Numeric,
}

/// The longest text that is tried, in bytes: Unicode takes more room than what it becomes.
const LONGEST_WRITTEN: usize = 1_000;

/// A name of letters, digits, hyphens and underscores: lower case, punycode, no trailing dot, at
/// most 253 bytes. It is read in Unicode or punycode, in any case, with or without a trailing dot. A
/// single label passes.
///
/// # Errors
/// [`DomainError::Shape`] and [`DomainError::Numeric`].
pub fn canonical(text: &str) -> Result<String, DomainError> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    if bare.len() > LONGEST_WRITTEN {
        return Err(DomainError::Shape);
    }
    let ascii: Cow<'_, str> = if is_plain(bare) {
        Cow::Borrowed(bare)
    } else {
        idna::domain_to_ascii_cow(bare.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| DomainError::Shape)?
    };
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ascii.len() > 253 || !ascii.split('.').all(is_label) {
        return Err(DomainError::Shape);
    }
    let last = ascii.rsplit('.').next().unwrap_or(ascii);
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DomainError::Numeric);
    }
    Ok(ascii.to_owned())
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
        assert_eq!(of("WWW.Città.Example."), Ok("www.xn--citt-3na.example".into()));
        assert_eq!(of("_dmarc.comune.example"), Ok("_dmarc.comune.example".into()));
        assert_eq!(of("example"), Ok("example".into()));
        assert_eq!(of("192.0.2.1"), Err(DomainError::Numeric));
        for bad in ["", ".", "a..example", "*.example", "a b.example", "xn--a.example", "a;b"] {
            assert_eq!(of(bad), Err(DomainError::Shape), "{bad:?}");
        }
        assert!(of(&format!("{}.example", "a".repeat(64))).is_err());
        assert_eq!(of(&"a.".repeat(127)), Ok("a.".repeat(127).trim_end_matches('.').into()));
        assert!(of(&"a.".repeat(128)).is_err());
    }
}
