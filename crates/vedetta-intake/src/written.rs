//! What somebody writes here, as an object of STIX 2.1.

use serde_json::{Value, json};
use vedetta_model::item::{EXERCISE_LABEL, HANDLING_EXTENSION};
use vedetta_model::{Handling, Instant, ItemId, Tlp};

/// A report, an incident or an indicator as written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Its identifier, and so its type.
    pub id: &'a ItemId,
    /// When.
    pub at: Instant,
    /// What it is called.
    pub title: &'a str,
    /// What it says; nothing when empty.
    pub text: &'a str,
    /// What an indicator looks for.
    pub pattern: Option<&'a str>,
    /// How it is handled; its producer is its bringer.
    pub handling: &'a Handling,
}

impl Written<'_> {
    /// As an object. A report refers to its producer, since it must refer to something; where it
    /// tells a victim also to itself, since nobody is named in what is derived from it.
    #[must_use]
    pub fn object(&self) -> Value {
        let Self { id, at, handling, .. } = self;
        let mut object = json!({
            "type": id.kind(),
            "spec_version": "2.1",
            "id": id.as_str(),
            "created": at,
            "modified": at,
            "name": self.title,
            "object_marking_refs": [marking(handling.tlp)],
            "extensions": { HANDLING_EXTENSION: self.extension() },
        });
        if !self.text.is_empty() {
            object["description"] = json!(self.text);
        }
        if handling.exercise.is_some() {
            object["labels"] = json!([EXERCISE_LABEL]);
        }
        if let Some(pattern) = self.pattern {
            object["pattern"] = json!(pattern);
            object["pattern_type"] = json!("stix");
            object["valid_from"] = json!(at);
        }
        if id.kind() == "report" {
            let mut refs = vec![handling.producer.identity()];
            refs.extend((!handling.victims.is_empty()).then(|| (*id).clone()));
            object["published"] = json!(at);
            object["object_refs"] = json!(refs);
        }
        object
    }

    fn extension(&self) -> Value {
        let handling = self.handling;
        let mut extension = json!({
            "extension_type": "property-extension",
            "category": handling.category,
            "pap": handling.pap.label(),
        });
        if !handling.victims.is_empty() {
            extension["victim_refs"] =
                handling.victims.iter().map(|it| json!(it.identity())).collect();
        }
        if !handling.only_under.is_empty() {
            extension["only_under"] = json!(handling.only_under);
        }
        if let Some(exercise) = &handling.exercise {
            extension["exercise"] = json!(exercise);
        }
        extension
    }
}

/// The marking-definition of a label.
#[must_use]
pub fn marking(tlp: Tlp) -> String {
    let tlp = match tlp {
        Tlp::Clear => stix::Tlp::Clear,
        Tlp::Green => stix::Tlp::Green,
        Tlp::Amber => stix::Tlp::Amber,
        Tlp::AmberStrict => stix::Tlp::AmberStrict,
        Tlp::Red => stix::Tlp::Red,
    };
    tlp.marking_id().to_string()
}
