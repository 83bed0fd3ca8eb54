//! Full domain names, and where registration begins.

use std::fmt;

use vedetta_model::domain::canonical;

pub use vedetta_model::domain::DomainError;

/// A domain name: lower case, punycode, no trailing dot, two labels at least.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(Box<str>);

impl DomainName {
    /// Reads a name, Unicode or punycode, in any case, with or without a trailing dot.
    ///
    /// # Errors
    /// [`DomainError`] when it is not one.
    pub fn new(text: &str) -> Result<Self, DomainError> {
        let name = canonical(text)?;
        if name.contains('.') { Ok(Self(name.into())) } else { Err(DomainError::SingleLabel) }
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
        assert_eq!(name("comune"), Err(DomainError::SingleLabel));
        assert_eq!(name("192.0.2.1"), Err(DomainError::Numeric));
        assert_eq!(name("a/b.example"), Err(DomainError::Shape));
    }

    #[test]
    fn registration_begins_after_the_public_suffix() {
        let of = |text: &str| DomainName::new(text).unwrap().registrable().map(str::to_owned);
        assert_eq!(of("www.comune.terni.it"), Some("comune.terni.it".into()));
        assert_eq!(of("terni.it"), None);
        assert_eq!(of("a.b.example"), Some("b.example".into()));
    }
}
