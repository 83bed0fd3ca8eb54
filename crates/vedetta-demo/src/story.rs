//! The story: a phishing wave against municipalities, told by those who live it. Documentation
//! addresses and domains only.

use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Instant, ItemId};

use crate::organisation;

/// One thing that happens.
pub struct Scene {
    /// When, in hundredths of the story.
    pub at: u32,
    /// Who brings it.
    pub who: &'static str,
    /// What it is called.
    pub what: &'static str,
    /// Its marking, and that as STIX names it.
    pub tlp: (&'static str, &'static str),
    /// What is brought.
    pub object: fn() -> Value,
}

const GREEN: (&str, &str) = ("TLP:GREEN", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb");
const AMBER: (&str, &str) = ("TLP:AMBER", "55d920b0-5e8b-4f79-9ee9-91f868d9b421");
const STRICT: (&str, &str) = ("TLP:AMBER+STRICT", "939a9414-2ddd-4d32-a0cd-375ea402b003");

/// Namespace of the identifiers of what the story tells.
const STORIES: Uuid = Uuid::from_u128(0x5d0c_9a3e_71b4_5e6f_9a27_c0de_0fca_11ed);
/// When its objects were first made.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// The story, in order.
pub const SCENES: [Scene; 7] = [
    Scene {
        at: 2,
        who: "comune-055032",
        what: "Ondata di phishing agli sportelli di Terni",
        tlp: AMBER,
        object: || {
            json!({ "type": "incident", "description":
            "Trenta caselle del Comune di Terni hanno ricevuto una falsa fattura; due persone hanno \
             scritto la password su accesso-sportello.example." })
        },
    },
    Scene {
        at: 14,
        who: "comune-055032",
        what: "Dominio usato contro il Comune di Terni",
        tlp: AMBER,
        object: || {
            indicator("[domain-name:value = 'accesso-sportello.example']", Some("comune-055032"))
        },
    },
    Scene {
        at: 30,
        who: "cosc-umbria",
        what: "Server che raccoglie le credenziali",
        tlp: AMBER,
        object: || indicator("[ipv4-addr:value = '203.0.113.77']", None),
    },
    Scene {
        at: 38,
        who: "cosc-umbria",
        what: "Allegato: fattura con macro",
        tlp: STRICT,
        object: || {
            indicator(
                "[file:hashes.'SHA-256' = 'a3f5c1d2e4b60718293a4b5c6d7e8f90112233445566778899aabbccddeeff00']",
                None,
            )
        },
    },
    Scene {
        at: 52,
        who: "cnaipic",
        what: "Allerta: falsa fattura ai Comuni",
        tlp: GREEN,
        object: || {
            json!({
                "type": "report", "report_types": ["campaign"], "published": "2026-01-01T00:00:00Z",
                "object_refs": [organisation("cnaipic").ok().map(|it| it.identity())],
                "description": "Bloccate accesso-sportello.example e 203.0.113.77. Chi ha scritto la \
                    password la cambi subito e avvisi il centro regionale.",
                "extensions": { HANDLING_EXTENSION: {
                    "extension_type": "property-extension", "category": "early-warning" } },
            })
        },
    },
    Scene {
        at: 70,
        who: "cosc-liguria",
        what: "Variante vista in Liguria",
        tlp: AMBER,
        object: || indicator("[url:value = 'https://accesso-sportello.example/liguria']", None),
    },
    Scene {
        at: 84,
        who: "ipzs",
        what: "Mittente dei messaggi, dal Poli-CERT",
        tlp: AMBER,
        object: || indicator("[email-addr:value = 'fatture@accesso-sportello.example']", None),
    },
];

impl Scene {
    /// The object with what all objects have, as of a moment: told again, it is a new version.
    #[must_use]
    pub fn text(&self, now: Instant) -> (ItemId, String) {
        let mut object = (self.object)();
        let kind = object["type"].as_str().unwrap_or("note").to_owned();
        let uuid = Uuid::new_v5(&STORIES, format!("{}/{}", self.who, self.what).as_bytes());
        let id = ItemId::of(&kind, uuid);
        object["spec_version"] = json!("2.1");
        object["id"] = json!(id.as_str());
        object["created"] = json!(CREATED);
        object["modified"] = json!(now);
        object["name"] = json!(self.what);
        object["object_marking_refs"] = json!([format!("marking-definition--{}", self.tlp.1)]);
        if kind == "indicator" {
            object["valid_from"] = json!(now);
        }
        (id, object.to_string())
    }
}

fn indicator(pattern: &str, victim: Option<&str>) -> Value {
    let mut object = json!({
        "type": "indicator", "pattern_type": "stix", "pattern": pattern,
        "indicator_types": ["malicious-activity"], "confidence": 85,
    });
    if let Some(victim) = victim.and_then(|id| organisation(id).ok()) {
        object["extensions"] = json!({ HANDLING_EXTENSION: {
            "extension_type": "property-extension", "victim_refs": [victim.identity()] } });
    }
    object
}
