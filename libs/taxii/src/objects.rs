//! The objects of a collection: §5.4 (read), §5.5 (add); the envelope: §3.7.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::endpoint::{Endpoint, Filter, Verb};

/// The request to read.
pub const GET: Endpoint =
    Endpoint { verb: Verb::Get, path: "/collections/{collection}/objects/", filters: &Filter::ALL };

/// The request to add; answered with a [`Status`](crate::Status) and 202.
pub const POST: Endpoint =
    Endpoint { verb: Verb::Post, path: "/collections/{collection}/objects/", filters: &[] };

/// A page of objects. `O` is how the side at hand holds an object, e.g. a `&RawValue`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope<O> {
    /// Whether more follows.
    #[serde(default)]
    pub more: bool,
    /// Where to go on; present only with `more`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The objects, in order of addition; absent when there are none.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<O>,
}

/// Writes an envelope of objects that are JSON texts already, byte for byte.
#[must_use]
pub fn write<'a>(next: Option<&str>, objects: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let size: usize = objects.clone().map(|object| object.len() + 1).sum();
    let mut body = Vec::with_capacity(size + 160);
    match next {
        // A `next` is made of plain letters and digits, so it needs no escaping.
        Some(next) => body.extend(format!("{{\"more\":true,\"next\":{next:?}").bytes()),
        None => body.extend(b"{\"more\":false"),
    }
    let mut some = false;
    for object in objects {
        body.extend(if std::mem::replace(&mut some, true) {
            b",".as_slice()
        } else {
            b",\"objects\":["
        });
        body.extend(object);
    }
    body.extend(if some { b"]}".as_slice() } else { b"}" });
    body
}

/// The objects of a body sent to [`POST`], each byte for byte as sent.
#[derive(Debug)]
pub struct Submission<'a> {
    /// The objects, in order.
    pub objects: Vec<&'a RawValue>,
}

/// Why a body is no envelope (HTTP 400, 413 or 422).
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or not an envelope.
    #[error("the body is not a TAXII envelope: {0}; send {{\"objects\": [ … ]}}")]
    Json(#[from] serde_json::Error),
    /// Nothing in it.
    #[error("the envelope has no objects: send {{\"objects\": [ … ]}} with one at least")]
    Empty,
    /// More than are taken at once.
    #[error("the envelope has more than {0} objects: send them in several requests")]
    TooMany(usize),
}

impl<'a> Submission<'a> {
    /// Reads a body of at most `most` objects. Properties other than `objects` are passed over.
    ///
    /// # Errors
    /// [`EnvelopeError`], with line and column where it is not JSON.
    pub fn read(body: &'a [u8], most: usize) -> Result<Self, EnvelopeError> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let objects = reader.deserialize_map(Root { most, lifetime: PhantomData })?;
        reader.end()?;
        match objects {
            Found::TooMany => Err(EnvelopeError::TooMany(most)),
            Found::Objects(objects) if objects.is_empty() => Err(EnvelopeError::Empty),
            Found::Objects(objects) => Ok(Self { objects }),
        }
    }
}

/// What the visitors found. Past the limit they read on without keeping anything.
enum Found<'a> {
    Objects(Vec<&'a RawValue>),
    TooMany,
}

#[derive(Clone, Copy)]
struct Root<'a> {
    most: usize,
    lifetime: PhantomData<&'a ()>,
}

struct List<'a>(Root<'a>);

impl<'de> Visitor<'de> for Root<'de> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Found<'de>, M::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name != "objects" {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value_seed(List(self))?).is_some() {
                return Err(serde::de::Error::duplicate_field("objects"));
            }
        }
        Ok(found.unwrap_or(Found::Objects(Vec::new())))
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for List<'de> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Found<'de>, D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'de> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Found<'de>, S::Error> {
        let mut objects = Vec::new();
        while let Some(object) = list.next_element::<&'de RawValue>()? {
            if objects.len() == self.0.most {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Found::TooMany);
            }
            objects.push(object);
        }
        Ok(Found::Objects(objects))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn objects_are_kept_byte_for_byte() {
        let body = br#"{"more":false,"objects":[{"a" : 1.0},{"b":[1e2]}],"x":{"objects":[]}}"#;
        let read = Submission::read(body, 10).unwrap();
        let texts: Vec<&str> = read.objects.iter().map(|object| object.get()).collect();
        assert_eq!(texts, [r#"{"a" : 1.0}"#, r#"{"b":[1e2]}"#]);
    }

    #[test]
    fn an_empty_envelope_is_an_empty_object() {
        let empty: Envelope<&RawValue> = Envelope { more: false, next: None, objects: vec![] };
        assert_eq!(serde_json::to_string(&empty).unwrap(), r#"{"more":false}"#);
        assert!(matches!(Submission::read(b"{}", 10), Err(EnvelopeError::Empty)));
    }

    #[test]
    fn written_as_it_is_read() {
        for (next, objects) in [(None, vec![]), (Some("00ff"), vec!["{\"a\":1}", "[2]"])] {
            let body = write(next, objects.iter().map(|object| object.as_bytes()));
            let envelope: Envelope<Box<RawValue>> = serde_json::from_slice(&body).unwrap();
            assert_eq!((envelope.more, envelope.next.as_deref()), (next.is_some(), next));
            let texts: Vec<&str> = envelope.objects.iter().map(|object| object.get()).collect();
            assert_eq!(texts, objects);
        }
    }

    #[test]
    fn bounded_and_clear() {
        let many = Submission::read(br#"{"objects":[1,2,3]}"#, 2).unwrap_err();
        assert!(matches!(many, EnvelopeError::TooMany(2)));
        for wrong in ["", "[]", "{\"objects\":3}", "{\"objects\":[1}", "{} {}", "nul"] {
            let error = Submission::read(wrong.as_bytes(), 2).unwrap_err().to_string();
            assert!(error.contains("line"), "{error}");
        }
        let twice = Submission::read(br#"{"objects":[1],"objects":[2]}"#, 2).unwrap_err();
        assert!(twice.to_string().contains("duplicate"));
        let deep = format!("{{\"objects\":[{}", "[".repeat(1_000_000));
        assert!(Submission::read(deep.as_bytes(), 2).is_err());
    }

    proptest! {
        #[test]
        fn no_body_panics(body in "[\\[\\]{}\",:a-z0-9 ]{0,60}") {
            let _ = Submission::read(body.as_bytes(), 3);
        }
    }
}
