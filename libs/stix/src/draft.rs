//! Objects that we make ourselves: drafts by type, and new versions of what exists.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::identifier::Identifier;
use crate::json::Node;
use crate::marking::Tlp;
use crate::object::Object;
use crate::observable::deterministic_id;
use crate::problem::Problem;
use crate::schema::Class;
use crate::timestamp::Timestamp;

/// An object in the making. Each constructor takes what its type requires; ids and times are the
/// caller's.
///
/// ```
/// use stix::{Draft, Timestamp, Tlp};
/// let at = Timestamp::parse("2026-02-03T09:15:00.000Z")?;
/// let uuid = uuid::Uuid::from_u128(0x8e2e2d2b_17d4_4cbf_938f_98ee46b3cd3f);
/// let indicator = Draft::indicator(uuid, at, "[domain-name:value = 'login.example.org']", at)
///     .name("Phishing site")
///     .confidence(80)
///     .marked(Tlp::Amber)
///     .build()
///     .map_err(|problems| problems[0].to_string())?;
/// assert_eq!(indicator.tlp(), Some(Tlp::Amber));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a draft becomes an object when it is built"]
pub struct Draft(Map<String, Value>);

/// Why there is no new version of an object.
#[derive(Debug, thiserror::Error)]
pub enum ReviseError {
    /// Observables and marking-definitions are never modified.
    #[error("an object of type {0} has one version only; make a new object")]
    Unversioned(String),
    /// The new version must be later than the one it follows.
    #[error("the new version ({at}) is not later than the last ({last})")]
    NotLater {
        /// The instant of the new version.
        at: Timestamp,
        /// The instant of the last one.
        last: Timestamp,
    },
    /// Nothing follows a revocation (3.6.3).
    #[error("it is revoked: a revoked object has no later versions; make a new object")]
    Revoked,
    /// The changes break a rule.
    #[error("the changes break a rule: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Invalid(Vec<Problem>),
}

impl Draft {
    fn of(object_type: &str, uuid: Uuid, at: Timestamp) -> Self {
        let mut map = Map::new();
        map.insert("type".into(), object_type.into());
        map.insert("spec_version".into(), "2.1".into());
        map.insert("id".into(), Identifier::of_type(object_type, uuid).as_str().into());
        map.insert("created".into(), at.to_string().into());
        map.insert("modified".into(), at.to_string().into());
        Self(map)
    }

    /// An identity (4.5); the class is of `identity-class-ov`, as `organization`.
    pub fn identity(uuid: Uuid, at: Timestamp, name: &str, class: &str) -> Self {
        Self::of("identity", uuid, at).with("name", name).with("identity_class", class)
    }

    /// An indicator (4.7) with a STIX pattern.
    pub fn indicator(uuid: Uuid, at: Timestamp, pattern: &str, valid_from: Timestamp) -> Self {
        Self::of("indicator", uuid, at)
            .with("pattern", pattern)
            .with("pattern_type", "stix")
            .with("pattern_version", "2.1")
            .with("valid_from", valid_from.to_string())
    }

    /// A sighting (5.2) of an object.
    pub fn sighting(uuid: Uuid, at: Timestamp, of: &Identifier) -> Self {
        Self::of("sighting", uuid, at).with("sighting_of_ref", of.as_str())
    }

    /// A note (4.13) about objects, at least one.
    pub fn note(uuid: Uuid, at: Timestamp, content: &str, about: &[Identifier]) -> Self {
        Self::of("note", uuid, at).with("content", content).with("object_refs", json!(about))
    }

    /// A report (4.16), published at an instant, about objects, at least one.
    pub fn report(
        uuid: Uuid,
        at: Timestamp,
        name: &str,
        published: Timestamp,
        about: &[Identifier],
    ) -> Self {
        Self::of("report", uuid, at)
            .with("name", name)
            .with("published", published.to_string())
            .with("object_refs", json!(about))
    }

    /// A relationship (5.1): `source` `kind` `target`, as indicator indicates malware.
    pub fn relationship(
        uuid: Uuid,
        at: Timestamp,
        source: &Identifier,
        kind: &str,
        target: &Identifier,
    ) -> Self {
        Self::of("relationship", uuid, at)
            .with("relationship_type", kind)
            .with("source_ref", source.as_str())
            .with("target_ref", target.as_str())
    }

    /// An observable (6) with these properties, under its deterministic identifier; under the UUID
    /// if the properties give none.
    pub fn observable(object_type: &str, properties: Map<String, Value>, otherwise: Uuid) -> Self {
        let computed = deterministic_id(object_type, &properties);
        let id = computed.unwrap_or_else(|| Identifier::of_type(object_type, otherwise));
        let mut map = Map::new();
        map.insert("type".into(), object_type.into());
        map.insert("spec_version".into(), "2.1".into());
        map.insert("id".into(), id.as_str().into());
        map.extend(properties);
        Self(map)
    }

    /// Sets any property.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets `name`.
    pub fn name(self, name: &str) -> Self {
        self.with("name", name)
    }

    /// Sets `description`.
    pub fn description(self, description: &str) -> Self {
        self.with("description", description)
    }

    /// Sets `created_by_ref`.
    pub fn created_by(self, identity: &Identifier) -> Self {
        self.with("created_by_ref", identity.as_str())
    }

    /// Sets `confidence`, 0 to 100.
    pub fn confidence(self, confidence: u8) -> Self {
        self.with("confidence", confidence.min(100))
    }

    /// Adds a TLP 2.0 marking.
    pub fn marked(self, tlp: Tlp) -> Self {
        self.push("object_marking_refs", tlp.marking_id().as_str().into())
    }

    /// Adds a reference to a marking-definition.
    pub fn marking_ref(self, marking: &Identifier) -> Self {
        self.push("object_marking_refs", marking.as_str().into())
    }

    /// Adds a label.
    pub fn label(self, label: &str) -> Self {
        self.push("labels", label.into())
    }

    /// Adds an external reference by the source's own id.
    pub fn external_reference(self, source: &str, id: &str) -> Self {
        self.push("external_references", json!({"source_name": source, "external_id": id}))
    }

    fn push(mut self, name: &str, value: Value) -> Self {
        let list = self.0.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list
            && !items.contains(&value)
        {
            items.push(value);
        }
        self
    }

    /// The object.
    ///
    /// # Errors
    /// The problems, if what was set breaks a rule: an empty list of references, a property set by
    /// [`Draft::with`] that does not fit.
    pub fn build(self) -> Result<Object, Vec<Problem>> {
        Object::from_value(&Value::Object(self.0)).map(|(object, _)| object)
    }
}

impl Object {
    /// A new version (3.6): the same object at a later instant, with these properties set, or left
    /// out where the value is nothing. All others stay, their numbers digit by digit.
    ///
    /// # Errors
    /// [`ReviseError`] if the object can have no such version.
    pub fn revised(
        &self,
        at: Timestamp,
        changes: &[(&str, Option<Value>)],
    ) -> Result<Self, ReviseError> {
        let versioned = self.modified().is_some() && self.class() != Class::Observable;
        if !versioned {
            return Err(ReviseError::Unversioned(self.object_type().to_owned()));
        }
        if self.revoked() {
            return Err(ReviseError::Revoked);
        }
        if at <= self.version() {
            return Err(ReviseError::NotLater { at, last: self.version() });
        }
        let modified = [("modified", Some(Value::from(at.to_string())))];
        let changes = || modified.iter().chain(changes);
        let set = |name: &str| changes().rfind(|(changed, _)| *changed == name);
        let kept = self.with(|node| {
            let members = node.members()?.iter();
            Some(members.map(|m| (m.name.to_string(), printed(&m.node))).collect::<Vec<_>>())
        });
        let mut members = Vec::new();
        let mut names = std::collections::HashSet::new();
        for (name, text) in kept.unwrap_or_default() {
            match set(&name) {
                Some((_, Some(value))) => members.push((name.clone(), value.to_string())),
                Some((_, None)) => {}
                None => members.push((name.clone(), text)),
            }
            names.insert(name);
        }
        for (name, value) in changes().filter(|(name, _)| !names.contains(*name)) {
            members.extend(value.as_ref().map(|value| ((*name).to_owned(), value.to_string())));
        }
        let members: Vec<_> =
            members.iter().map(|(name, text)| format!("{}:{text}", Value::from(&**name))).collect();
        let json = format!("{{{}}}", members.join(","));
        Self::parse(&json).map(|(object, _)| object).map_err(ReviseError::Invalid)
    }

    /// The last version (3.6.3): revoked at an instant.
    ///
    /// # Errors
    /// [`ReviseError`] if the object can have no later version.
    pub fn revoked_at(&self, at: Timestamp) -> Result<Self, ReviseError> {
        self.revised(at, &[("revoked", Some(true.into()))])
    }
}

/// The JSON of a value, its numbers as they were written.
fn printed(node: &Node<'_>) -> String {
    let mut out = String::new();
    node.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: Uuid = Uuid::from_u128(0x8e2e2d2b_17d4_4cbf_938f_98ee46b3cd3f);

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn drafts_are_valid_without_warnings() {
        let identity = Identifier::of_type("identity", UUID);
        let indicator = Identifier::of_type("indicator", UUID);
        let value = Map::from_iter([("value".to_owned(), Value::from("198.51.100.3"))]);
        let about = [indicator.clone()];
        let drafts = [
            Draft::identity(UUID, at(0), "Comune", "organization").description("x"),
            Draft::indicator(UUID, at(0), "[url:value = 'x:y']", at(1)).label("a").label("a"),
            Draft::sighting(UUID, at(0), &indicator).with("count", 3),
            Draft::note(UUID, at(0), "visto", &about).external_reference("mail", "7"),
            Draft::report(UUID, at(0), "Settimana", at(0), &about).confidence(200),
            Draft::relationship(UUID, at(0), &indicator, "derived-from", &identity),
        ];
        for draft in drafts {
            let draft = draft.created_by(&identity).marked(Tlp::Green).marked(Tlp::Green);
            let (object, warnings) = Object::from_value(&Value::Object(draft.0)).unwrap();
            assert!(warnings.is_empty(), "{warnings:?}");
            assert_eq!(object.marking_refs().len(), 1);
        }
        let address = Draft::observable("ipv4-addr", value, UUID).build().unwrap();
        assert_eq!(address.id().as_str(), "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
        let process =
            Draft::observable("process", Map::from_iter([("pid".into(), 1.into())]), UUID);
        assert_eq!(process.build().unwrap().id().uuid(), UUID);
    }

    #[test]
    fn a_draft_without_references_is_no_note() {
        let problems = Draft::note(UUID, at(0), "visto", &[]).build().unwrap_err();
        assert_eq!(problems[0].path, "object_refs");
    }

    #[test]
    fn versions_follow_each_other_and_keep_every_digit() {
        let first = Object::restore(include_str!("../tests/objects/indicator.json")).unwrap();
        let last = first.version();
        let later = at(last.as_micros() + 1);
        let changes =
            [("name", Some("Altro nome".into())), ("lang", None), ("x_new", Some(1.into()))];
        let second = first.revised(later, &changes).unwrap();
        assert_eq!((second.id(), second.version()), (first.id(), later));
        assert_eq!(second.text("name").as_deref(), Some("Altro nome"));
        assert!(second.property("lang").is_none() && second.property("x_new").is_some());
        assert!(second.json().contains("\"weight\":1.50"), "{}", second.json());
        assert!(second.json().contains("tenere 1.50 così com'è"));
        let third = second.revoked_at(at(later.as_micros() + 1)).unwrap();
        assert!(third.revoked());
        assert!(matches!(third.revoked_at(Timestamp::MAX), Err(ReviseError::Revoked)));
        let not_later = first.revised(last, &[]);
        assert!(matches!(not_later, Err(ReviseError::NotLater { .. })));
        let invalid = first.revised(later, &[("pattern", None)]);
        assert!(matches!(invalid, Err(ReviseError::Invalid(_))));
    }

    #[test]
    fn observables_have_one_version() {
        let address = Object::restore(include_str!("../tests/objects/ipv4-addr.json")).unwrap();
        let unversioned = address.revoked_at(Timestamp::MAX);
        assert!(matches!(unversioned, Err(ReviseError::Unversioned(_))));
    }
}
