//! One STIX object: its text, untouched, and what everybody asks of it.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::identifier::Identifier;
use crate::json::{Bounds, DEEPEST, Node, Value as Json};
use crate::marking::Tlp;
use crate::problem::{Origin, Path, Place, Problem, Report};
use crate::read::Limits;
use crate::schema::{Class, class};
use crate::timestamp::Timestamp;
use crate::validate;

mod compact;

/// A STIX 2.1 object. Cheap to clone.
///
/// The JSON text is kept byte for byte, so that what is printed has every custom property, every
/// number and every digit that was received. What is often asked is parsed once.
#[derive(Clone)]
pub struct Object(Arc<Parts>);

struct Parts {
    json: Box<str>,
    id: Identifier,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    revoked: bool,
    confidence: Option<u8>,
    created_by_ref: Option<Identifier>,
    /// First those of the whole object, then those of parts of it.
    markings: Box<[Identifier]>,
    whole: usize,
    labels: Box<[Box<str>]>,
}

/// Which version of which object: the key under which the network knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The object.
    pub id: Identifier,
    /// The instant of the version; see [`Object::version`].
    pub at: Timestamp,
}

impl Object {
    /// Reads and validates one object; returns it with the warnings.
    ///
    /// # Errors
    /// All problems, at least one of them an error, if the text is not a valid object.
    pub fn parse(json: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let place = |at| Some(Place::START.after(&json.as_bytes()[..at]));
        let bounds = Limits::default().bounds();
        match Node::parse(json, bounds) {
            Ok(node) => match Self::checked(&node, json, Origin::Whole, place) {
                (Some(object), warnings) => Ok((object, warnings)),
                (None, problems) => Err(problems),
            },
            Err(fault) => {
                let mut report = Report::new(Origin::Whole);
                report.note(fault.rule(), &Path::Root, fault.at, fault.what.to_string());
                Err(report.finish(place))
            }
        }
    }

    /// Takes an object out of its stored text without validating it again; nothing if the text is
    /// not an object with an `id`.
    pub fn restore(json: &str) -> Option<Self> {
        let bounds = Bounds { depth: DEEPEST, string: usize::MAX };
        Self::from_node(&Node::parse(json, bounds).ok()?, json)
    }

    /// Validates a value and keeps it as compact JSON.
    ///
    /// # Errors
    /// As [`Object::parse`].
    pub fn from_value(value: &Value) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        Self::parse(&value.to_string())
    }

    /// Checks a parsed object; returns it if no rule is broken that refuses it.
    pub(crate) fn checked(
        node: &Node<'_>,
        json: &str,
        origin: Origin,
        place: impl Fn(usize) -> Option<Place>,
    ) -> (Option<Self>, Vec<Problem>) {
        let mut report = Report::new(origin);
        validate::object(node, &mut report);
        let object = if report.refused() { None } else { Self::from_node(node, json) };
        (object, report.finish(place))
    }

    fn from_node(node: &Node<'_>, json: &str) -> Option<Self> {
        let mut parts = Parts {
            json: json.into(),
            id: Identifier::parse(node.get("id")?.text()?).ok()?,
            created: None,
            modified: None,
            valid_from: None,
            valid_until: None,
            revoked: false,
            confidence: None,
            created_by_ref: None,
            markings: Box::default(),
            whole: 0,
            labels: Box::default(),
        };
        let mut granular = None;
        for member in node.members()? {
            let node = &member.node;
            let time = || Timestamp::parse(node.text()?).ok();
            match &*member.name {
                "created" => parts.created = time(),
                "modified" => parts.modified = time(),
                "valid_from" => parts.valid_from = time(),
                "valid_until" => parts.valid_until = time(),
                "revoked" => parts.revoked = node.bool().unwrap_or(false),
                "confidence" => parts.confidence = small(node),
                "created_by_ref" => parts.created_by_ref = identifier(node),
                "object_marking_refs" => parts.markings = identifiers(node.items()),
                "granular_markings" => granular = node.items(),
                "labels" => {
                    let labels = node.items().unwrap_or_default().iter();
                    parts.labels = labels.filter_map(|l| Some(l.text()?.into())).collect();
                }
                _ => {}
            }
        }
        parts.whole = parts.markings.len();
        if let Some(granular) = granular {
            let refs = granular.iter().filter_map(|item| identifier(item.get("marking_ref")?));
            parts.markings = parts.markings.into_iter().chain(refs).collect();
        }
        Some(Self(Arc::new(parts)))
    }

    /// The JSON text as it was received.
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// The JSON text without insignificant spaces, on one line; values stay as they were written.
    pub fn compact_json(&self) -> std::borrow::Cow<'_, str> {
        compact::compact(&self.0.json)
    }

    /// The whole object for `serde_json`, parsed anew at each call.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0.json).unwrap_or_default()
    }

    /// One property, parsed anew at each call.
    pub fn property(&self, name: &str) -> Option<Value> {
        self.with(|node| node.get(name).map(Node::to_value))
    }

    /// One property that is a string, parsed anew at each call.
    pub fn text(&self, name: &str) -> Option<String> {
        self.with(|node| node.get(name)?.text().map(str::to_owned))
    }

    pub(crate) fn with<T>(&self, take: impl FnOnce(&Node<'_>) -> Option<T>) -> Option<T> {
        let bounds = Bounds { depth: DEEPEST, string: usize::MAX };
        take(&Node::parse(&self.0.json, bounds).ok()?)
    }

    /// The identifier.
    pub fn id(&self) -> &Identifier {
        &self.0.id
    }

    /// The name of the type, as `indicator`.
    pub fn object_type(&self) -> &str {
        self.0.id.object_type()
    }

    /// The family that the type belongs to.
    pub fn class(&self) -> Class {
        class(self.object_type())
    }

    /// The version of the specification: 2.1, since no other is read.
    pub fn spec_version(&self) -> &'static str {
        "2.1"
    }

    /// `created`; observables have none.
    pub fn created(&self) -> Option<Timestamp> {
        self.0.created
    }

    /// `modified`; observables and marking-definitions have none.
    pub fn modified(&self) -> Option<Timestamp> {
        self.0.modified
    }

    /// The instant that tells versions of one object apart: `modified`; for what is never modified,
    /// `created`; for observables, which have neither, [`Timestamp::EPOCH`]: they have one version.
    pub fn version(&self) -> Timestamp {
        self.0.modified.or(self.0.created).unwrap_or(Timestamp::EPOCH)
    }

    /// The identifier and [`Object::version`].
    pub fn key(&self) -> Version {
        Version { id: self.0.id.clone(), at: self.version() }
    }

    /// `revoked`, false where it is absent.
    pub fn revoked(&self) -> bool {
        self.0.revoked
    }

    /// `confidence`, 0 to 100.
    pub fn confidence(&self) -> Option<u8> {
        self.0.confidence
    }

    /// `created_by_ref`.
    pub fn created_by_ref(&self) -> Option<&Identifier> {
        self.0.created_by_ref.as_ref()
    }

    /// `valid_from`, of indicators.
    pub fn valid_from(&self) -> Option<Timestamp> {
        self.0.valid_from
    }

    /// `valid_until`, of indicators.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.0.valid_until
    }

    /// `labels`.
    pub fn labels(&self) -> &[Box<str>] {
        &self.0.labels
    }

    /// `object_marking_refs`.
    pub fn marking_refs(&self) -> std::slice::Iter<'_, Identifier> {
        self.0.markings[..self.0.whole].iter()
    }

    /// The `marking_ref` of each granular marking.
    pub fn granular_marking_refs(&self) -> std::slice::Iter<'_, Identifier> {
        self.0.markings[self.0.whole..].iter()
    }

    /// The TLP of the whole object: the strictest of its markings. Markings of other kinds do not
    /// count, and no marking is no TLP: what that means is for the reader to say.
    pub fn tlp(&self) -> Option<Tlp> {
        Tlp::strictest(self.marking_refs())
    }

    /// The strictest TLP on the object or on any part of it: who may not have the part may not have
    /// the object as it stands.
    pub fn effective_tlp(&self) -> Option<Tlp> {
        Tlp::strictest(&self.0.markings)
    }
}

fn small(node: &Node<'_>) -> Option<u8> {
    match node.value {
        Json::Number(number) => number.parse().ok(),
        _ => None,
    }
}

fn identifier(node: &Node<'_>) -> Option<Identifier> {
    Identifier::parse(node.text()?).ok()
}

fn identifiers(nodes: Option<&[Node<'_>]>) -> Box<[Identifier]> {
    nodes.unwrap_or_default().iter().filter_map(identifier).collect()
}

/// Two objects are equal if their texts are.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.json == other.0.json
    }
}

impl Eq for Object {}

impl fmt::Debug for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Object({} at {})", self.0.id, self.version())
    }
}

/// Prints the text as it was received.
impl fmt::Display for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.json)
    }
}

#[cfg(test)]
mod tests;
