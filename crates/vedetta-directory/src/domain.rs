//! Domain names in one spelling (UTS 46, RFC 5890), and where registration begins.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::verify_dns_length;

/// A domain name: lower case, punycode, no trailing dot, two labels at least.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(Box<str>);

/// Why a text is not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// IDNA refuses it, a label is longer than 63 bytes or empty, or the whole is over 253.
    #[error("not a domain name; write it as www.comune.example")]
    Shape,
    /// One label only.
    #[error("a single label; write the full name, as www.comune.example")]
    SingleLabel,
    /// It ends in a number, as addresses do.
    #[error("an address rather than a domain name; give it as a network")]
    Numeric,
}

impl DomainName {
    /// Reads a name, Unicode or punycode, in any case, with or without a trailing dot.
    ///
    /// # Errors
    /// [`DomainError`] when it is not one.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        if bare.len() > 1_000 {
            return Err(DomainError::Shape);
        }
        let ascii = idna::domain_to_ascii_cow(bare.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| DomainError::Shape)?;
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        if !verify_dns_length(ascii, false) {
            return Err(DomainError::Shape);
        }
        let (_, last) = ascii.rsplit_once('.').ok_or(DomainError::SingleLabel)?;
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DomainError::Numeric);
        }
        Ok(Self(ascii.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part that somebody registered: one label more than the public suffix. `None` when the
    /// whole name is a public suffix.
    #[must_use]
    pub fn registrable(&self) -> Option<&str> {
        psl::domain_str(&self.0)
    }

    /// The name and every domain above it, the longest first, down to two labels.
    pub fn and_above(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |name| {
            name.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
        })
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let name = |text| DomainName::new(text).map(|name| name.as_str().to_owned());
        assert_eq!(name("WWW.Città.Example."), Ok("www.xn--citt-3na.example".into()));
        assert_eq!(name("_dmarc.comune.example"), Ok("_dmarc.comune.example".into()));
        assert_eq!(name("comune"), Err(DomainError::SingleLabel));
        assert_eq!(name("192.0.2.1"), Err(DomainError::Numeric));
        for bad in ["", ".", "a..example", "a b.example", "xn--a.example", "a/b.example"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(name(&format!("{}.example", "a".repeat(64))).is_err());
    }

    #[test]
    fn registration_begins_after_the_public_suffix() {
        let of = |text: &str| DomainName::new(text).unwrap().registrable().map(str::to_owned);
        assert_eq!(of("www.comune.terni.it"), Some("comune.terni.it".into()));
        assert_eq!(of("terni.it"), None);
        assert_eq!(of("a.b.example"), Some("b.example".into()));
    }
}
