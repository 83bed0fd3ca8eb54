//! Identifiers (specification 2.9): `type--UUID`, and the names of types.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const UUID_LENGTH: usize = 36;
/// What follows the type's name: two hyphens and a UUID.
const TAIL_LENGTH: usize = UUID_LENGTH + 2;
const TYPE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=250;

/// The name of an object for ever: its type and a UUID. Cheap to clone.
///
/// The UUID is kept in lower case, so that two spellings of one UUID are one identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Arc<str>);

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Not of the form `type--UUID`.
    #[error("is not of the form type--UUID")]
    Form,
    /// What stands before the two hyphens cannot be the name of a type.
    #[error("does not begin with the name of a type (a–z, 0–9 and single hyphens)")]
    Type,
    /// What stands after the two hyphens is not a UUID.
    #[error("does not end in a UUID (8-4-4-4-12 hexadecimal digits)")]
    Uuid,
}

impl Identifier {
    /// An identifier of this type and UUID.
    ///
    /// # Errors
    /// [`IdentifierError::Type`] if no type can be called so.
    pub fn new(object_type: &str, uuid: Uuid) -> Result<Self, IdentifierError> {
        if !is_type_name(object_type) {
            return Err(IdentifierError::Type);
        }
        Ok(Self::of_type(object_type, uuid))
    }

    /// As [`Identifier::new`], for a type known to be well named.
    pub(crate) fn of_type(object_type: &str, uuid: Uuid) -> Self {
        Self(format!("{object_type}--{}", uuid.hyphenated()).into())
    }

    /// Reads an identifier.
    ///
    /// # Errors
    /// [`IdentifierError`] if the text is not an identifier.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let object_type = check(text)?;
        let uuid = &text[object_type.len() + 2..];
        if uuid.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(format!("{object_type}--{}", uuid.to_ascii_lowercase()).into()));
        }
        Ok(Self(text.into()))
    }

    /// The whole identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the object's type.
    pub fn object_type(&self) -> &str {
        &self.0[..self.0.len() - TAIL_LENGTH]
    }

    /// The UUID.
    pub fn uuid(&self) -> Uuid {
        Uuid::try_parse(&self.0[self.0.len() - UUID_LENGTH..]).unwrap_or_default()
    }
}

/// Checks an identifier without keeping it; returns its type.
pub(crate) fn check(text: &str) -> Result<&str, IdentifierError> {
    let split = text.len().checked_sub(TAIL_LENGTH).ok_or(IdentifierError::Form)?;
    let (object_type, tail) = text.split_at_checked(split).ok_or(IdentifierError::Form)?;
    let Some(uuid) = tail.strip_prefix("--") else {
        return Err(if text.contains("--") {
            IdentifierError::Uuid
        } else {
            IdentifierError::Form
        });
    };
    let in_place = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if !uuid.bytes().enumerate().all(in_place) {
        return Err(IdentifierError::Uuid);
    }
    if is_type_name(object_type) { Ok(object_type) } else { Err(IdentifierError::Type) }
}

/// Whether a checked identifier's UUID is of a version and the variant of RFC 4122 or 9562.
pub(crate) fn has_standard_uuid(text: &str) -> bool {
    let tail = &text.as_bytes()[text.len() - UUID_LENGTH..];
    matches!(tail[14], b'1'..=b'8') && matches!(tail[19], b'8' | b'9' | b'a'..=b'b' | b'A'..=b'B')
}

/// Whether a type may be called so (specification 3.1): 3 to 250 of `a–z 0–9 -`, beginning
/// with a letter, no two hyphens together and none at the end.
pub fn is_type_name(name: &str) -> bool {
    TYPE_LENGTHS.contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.contains("--")
        && !name.ends_with('-')
}

impl fmt::Display for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl AsRef<str> for Identifier {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

    #[test]
    fn parts_of_an_identifier() {
        let id = Identifier::parse(&format!("x-acme-thing--{UUID}")).unwrap();
        assert_eq!(id.object_type(), "x-acme-thing");
        assert_eq!(id.uuid().to_string(), UUID);
        assert_eq!(Identifier::new("x-acme-thing", id.uuid()), Ok(id));
    }

    #[test]
    fn two_spellings_of_a_uuid_are_one_identifier() {
        let upper = format!("indicator--{}", UUID.to_uppercase());
        assert_eq!(Identifier::parse(&upper), Identifier::parse(&format!("indicator--{UUID}")));
    }

    #[test]
    fn refusals_say_why() {
        use IdentifierError::{Form, Type, Uuid};
        let cases = [
            (String::new(), Form),
            ("indicator".into(), Form),
            (UUID.into(), Form),
            (format!("indicator-{UUID}"), Form),
            (format!("Indicator--{UUID}"), Type),
            (format!("a--{UUID}"), Type),
            (format!("x--y--{UUID}"), Type),
            (format!("x-y---{UUID}"), Type),
            (format!("indicator--{}", UUID.replace('-', "")), Uuid),
            (format!("indicator--{}", UUID.replace('8', "g")), Uuid),
            (format!("indicätor--{}é", &UUID[..34]), Uuid),
        ];
        for (text, why) in cases {
            assert_eq!(Identifier::parse(&text), Err(why), "{text}");
        }
    }
}
