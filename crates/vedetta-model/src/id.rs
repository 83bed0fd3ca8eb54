//! One newtype per identifier, all registered here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::item::is_observable;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, longer than 96 bytes, or with a character outside `a-z 0-9 . _ -`.
    #[error(
        "{0:?} is not an identifier: use 1 to 96 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
    )]
    Slug(String),
    /// Not `type--uuid`.
    #[error(
        "{0:?} is not a STIX identifier: write type--uuid, e.g. indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
    )]
    Stix(String),
}

macro_rules! slug_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text: 1 to 96 of `a-z 0-9 . _ -`, beginning with a letter or digit.
            ///
            /// # Errors
            /// [`IdError::Slug`] when the text breaks that rule.
            pub fn new(text: &str) -> Result<Self, IdError> {
                if is_slug(text) { Ok(Self(text.into())) } else { Err(IdError::Slug(text.into())) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

slug_id! {
    /// A party of the network, e.g. `cnaipic`, `cosc-umbria`, `comune-054039`.
    OrganisationId;
    /// A signed agreement, e.g. `pro-c2si-umbria`.
    AgreementId;
    /// Something an organisation owns or depends on.
    AssetId;
    /// An operational contact.
    ContactId;
    /// A person's or a machine's account.
    AccountId;
    /// An investigative hold.
    HoldId;
}

/// The permanent number of an organisation in this node: its place in every [`crate::Audience`].
/// Given once, never given again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganisationNumber(pub u32);

/// The identifier of an item: a STIX identifier, `type--uuid`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ItemId(Arc<str>);

impl ItemId {
    /// Checks the shape `type--uuid` (the language's own rules are `stix`'s business).
    ///
    /// # Errors
    /// [`IdError::Stix`] when it has another shape.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let fits = text.split_once("--").is_some_and(|(kind, uuid)| {
            !kind.is_empty()
                && kind.len() <= 250
                && uuid.len() == 36
                && uuid::Uuid::try_parse(uuid).is_ok()
        });
        if fits { Ok(Self(text.into())) } else { Err(IdError::Stix(text.into())) }
    }

    /// Puts a type and a UUID together.
    #[must_use]
    pub fn of(kind: &str, uuid: uuid::Uuid) -> Self {
        Self(format!("{kind}--{uuid}").into())
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The STIX type, the part before `--`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once("--").map_or(&self.0, |(kind, _)| kind)
    }

    /// Whether it follows from the value of what it names: an observable with a UUID of version 5
    /// (STIX 2.1, 2.9). Everybody can compute it, so it is nobody's in particular.
    #[must_use]
    pub fn follows_from_value(&self) -> bool {
        let version = self.0.len().checked_sub(22).and_then(|place| self.0.as_bytes().get(place));
        version == Some(&b'5') && is_observable(self.kind())
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ItemId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

fn is_slug(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=96).contains(&text.len())
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_plain() {
        assert!(OrganisationId::new("comune-054039").is_ok());
        for bad in ["", "-a", "A", "a b", "a/b", "è", &"a".repeat(97)] {
            assert!(OrganisationId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_item_id_is_a_stix_identifier() {
        let id = ItemId::new("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f").unwrap();
        assert_eq!(id.kind(), "indicator");
        for bad in ["indicator", "--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "a--b"] {
            assert!(ItemId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_observables_identifier_follows_from_its_value() {
        let follows = |text: &str| ItemId::new(text).unwrap().follows_from_value();
        assert!(follows("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"));
        assert!(!follows("ipv4-addr--28bb3599-77cd-4a82-a950-b5bc3caf07c4"), "a random one");
        assert!(!follows("malware--28bb3599-77cd-5a82-a950-b5bc3caf07c4"), "it has versions");
    }
}
