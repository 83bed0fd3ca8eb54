//! What is brought together, and what came of it.

use serde_json::json;

use crate::submitter::Door;

/// TLP:AMBER of TLP 2.0.
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// One to four objects that are brought in one request.
pub(crate) struct Load {
    pub(crate) producer: &'static str,
    pub(crate) objects: Vec<Object>,
    pub(crate) outcome: Outcome,
}

/// One of them.
pub(crate) struct Object {
    pub(crate) id: String,
    /// It stays in every form.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What its bringer knows of it.
pub(crate) enum Outcome {
    /// Nothing: the node was killed before it answered.
    Unanswered,
    /// It is accepted, at these places where the answer said them.
    Acknowledged(Vec<(String, u64)>),
}

impl Load {
    pub(crate) fn new(producer: &'static str, door: Door, number: u64) -> Self {
        let objects = (0..=number % 4).map(|place| Object::new((producer, door), number, place));
        Self { producer, objects: objects.collect(), outcome: Outcome::Unanswered }
    }

    /// As it goes over the wire: a TAXII envelope, which the JSON interface takes too.
    pub(crate) fn body(&self) -> Vec<u8> {
        let objects: Vec<_> = self.objects.iter().map(|it| it.text.as_str()).collect();
        format!("{{\"objects\":[{}]}}", objects.join(",")).into_bytes()
    }
}

impl Object {
    /// Every third one is an incident, which hits its producer and goes to others without saying so.
    fn new((producer, door): (&str, Door), number: u64, place: u64) -> Self {
        let kind = if place % 3 == 2 { "incident" } else { "indicator" };
        let who = u128::from(producer.ends_with('b')) << 1 | u128::from(door == Door::Taxii);
        let octets = (who << 64 | u128::from(number * 4 + place)).to_be_bytes();
        let id = format!("{kind}--{}", uuid::Builder::from_random_bytes(octets).into_uuid());
        let name = format!("{who}/{number}/{place}");
        let at = "2026-04-06T20:03:48.000Z";
        let mut object = json!({ "type": kind, "spec_version": "2.1", "id": id, "created": at,
            "modified": at, "name": name, "object_marking_refs": [AMBER] });
        if kind == "indicator" {
            let domain = format!("host-{who}-{number}-{place}.example.org");
            object["pattern"] = json!(format!("[domain-name:value = '{domain}']"));
            object["pattern_type"] = json!("stix");
            object["valid_from"] = json!(at);
        }
        Self { id, name, text: object.to_string() }
    }
}
