//! A JSON object that travels: its text kept as it was written, and read once.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;
use serde_json::value::RawValue;
use vedetta_model::{Instant, ItemId, Tlp};

use crate::digest::{Digest, digest};
use crate::strict::{Node, read};

/// A JSON object, its text kept as it was written.
#[derive(Clone)]
pub struct Object(Arc<Read>);

/// What was read of an object: its value is asked for at every step of every item, and reading it
/// anew each time would cost more than all else.
struct Read {
    text: Box<RawValue>,
    /// SHA-256 of the text.
    digest: Digest,
    outline: Outline,
}

/// What of a STIX object is asked for again and again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outline {
    /// `id`, when it is an identifier.
    pub id: Option<ItemId>,
    /// `modified`, or `created` where there is none, when it is a moment.
    pub version: Option<Instant>,
    /// `revoked`.
    pub revoked: bool,
    /// `created_by_ref`.
    pub creator: Option<String>,
    /// The strictest TLP among `object_marking_refs`.
    pub tlp: Option<Tlp>,
}

/// An object has at most so many octets: as many as any door takes.
pub const LARGEST_OBJECT: usize = 8 << 20;

impl Object {
    /// Reads an object.
    ///
    /// # Errors
    /// When it is no object, has a name twice, nests deeper than 64, or is larger than may be.
    pub fn new(text: String) -> Result<Self, serde_json::Error> {
        Self::of(RawValue::from_string(text)?)
    }

    fn of(text: Box<RawValue>) -> Result<Self, serde_json::Error> {
        if text.get().len() > LARGEST_OBJECT {
            return Err(Error::custom("larger than an object may be"));
        }
        let value = read(text.get())?;
        let Node::Object(members) = &value else { return Err(Error::custom("not an object")) };
        let outline = Outline::of(members);
        drop(value);
        let digest = digest(&[text.get().as_bytes()]);
        Ok(Self(Arc::new(Read { text, digest, outline })))
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text.get()
    }

    /// SHA-256 of its text: what its origin seals of it, so that it is the same octets everywhere.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What of it is asked for most.
    #[must_use]
    pub fn outline(&self) -> &Outline {
        &self.0.outline
    }

    /// Its value, read anew.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

impl Outline {
    fn of(members: &[(Cow<'_, str>, Node<'_>)]) -> Self {
        let mut outline = Self::default();
        let (mut created, mut modified) = (None, None);
        for (name, value) in members {
            match name.as_ref() {
                "id" => outline.id = value.text().and_then(|id| ItemId::new(id).ok()),
                "created" => created = value.text(),
                "modified" => modified = value.text(),
                "revoked" => outline.revoked = matches!(value, Node::Bool(true)),
                "created_by_ref" => outline.creator = value.text().map(str::to_owned),
                "object_marking_refs" => outline.tlp = strictest(value),
                _ => {}
            }
        }
        outline.version = modified.or(created).and_then(|at| at.parse().ok());
        outline
    }
}

fn strictest(references: &Node<'_>) -> Option<Tlp> {
    let Node::List(references) = references else { return None };
    let markings = references.iter().filter_map(Node::text);
    markings.filter_map(stix::Tlp::from_marking).max().map(|tlp| match tlp {
        stix::Tlp::Clear => Tlp::Clear,
        stix::Tlp::Green => Tlp::Green,
        stix::Tlp::Amber => Tlp::Amber,
        stix::Tlp::AmberStrict => Tlp::AmberStrict,
        stix::Tlp::Red => Tlp::Red,
    })
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Object {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl serde::Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(output)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::of(Box::deserialize(input)?).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_means_one_thing() {
        let text = r#"{"b": 1.50, "a": [{}, null, "è"]}"#;
        let object: Object = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), text, "every octet is kept");
        assert_eq!(object.value(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(object.digest(), digest(&[text.as_bytes()]));
        let spaced = Object::new(text.replace(": ", ":")).unwrap();
        assert_ne!(spaced.digest(), object.digest(), "the same value in other octets");
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(65), "]".repeat(65));
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, "[]", "1", &deep] {
            assert!(serde_json::from_str::<Object>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_outline_is_what_the_object_says() {
        let outline = |text: &str| Object::new(text.into()).unwrap().outline().clone();
        let id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        let said = outline(&format!(
            r#"{{"id":"{id}","created":"2026-06-01T11:00:00Z","modified":"2026-06-02T11:00:00.5Z",
                "revoked":true,"created_by_ref":"identity--1","object_marking_refs":["{}","{}"]}}"#,
            stix::Tlp::Green.marking_id(),
            stix::Tlp::Amber.marking_id(),
        ));
        assert_eq!(said.id.unwrap().as_str(), id);
        assert_eq!(said.version, "2026-06-02T11:00:00.5Z".parse().ok());
        assert_eq!((said.revoked, said.creator.as_deref()), (true, Some("identity--1")));
        assert_eq!(said.tlp, Some(Tlp::Amber));
        assert_eq!(
            outline(r#"{"created":"2026-06-01T11:00:00Z"}"#).version,
            "2026-06-01T11:00:00Z".parse().ok()
        );
        assert_eq!(outline(r#"{"id":7,"modified":"soon","revoked":"yes"}"#), Outline::default());
    }
}
