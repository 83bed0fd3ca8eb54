//! The story: a phishing wave against municipalities, told by those who live it. Documentation
//! addresses and domains only.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_flow::{House, Sequence};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Clock, Instant, ItemId};

use crate::outcome::Failure;
use crate::system::SystemClock;

use super::audience::Audience;
use super::organisation;
use super::table::{self, Row};

/// One thing that happens.
pub(super) struct Scene {
    /// When, in hundredths of the story.
    pub(super) at: u32,
    /// Who brings it.
    pub(super) who: &'static str,
    /// What it is called.
    pub(super) what: &'static str,
    /// Its marking, and that as STIX names it.
    pub(super) tlp: (&'static str, &'static str),
    /// What is brought.
    pub(super) object: fn() -> Value,
}

const GREEN: (&str, &str) = ("TLP:GREEN", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb");
const AMBER: (&str, &str) = ("TLP:AMBER", "55d920b0-5e8b-4f79-9ee9-91f868d9b421");
const STRICT: (&str, &str) = ("TLP:AMBER+STRICT", "939a9414-2ddd-4d32-a0cd-375ea402b003");

/// Namespace of the identifiers of what the story tells.
const STORIES: Uuid = Uuid::from_u128(0x5d0c_9a3e_71b4_5e6f_9a27_c0de_0fca_11ed);
/// When its objects were first made.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// The story, in order.
pub(super) const SCENES: [Scene; 7] = [
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

/// Plays the story over some time.
pub(super) async fn play(
    house: &Arc<House>,
    audience: &Audience,
    length: Duration,
) -> Result<(), Failure> {
    let began = SystemClock.now();
    table::head();
    let mut warning = None;
    for scene in &SCENES {
        let due = began.after(length * scene.at / 100);
        tokio::time::sleep(due.since(SystemClock.now())).await;
        let item = show(house, audience, scene, began).await?;
        if scene.who == "cosc-umbria" && warning.is_none() {
            warning = Some(item);
        }
    }
    acknowledge(house, audience)?;
    if let Some(item) = warning {
        println!("\nwhy did they get it, and they did not?  ({item})");
        for id in ["comune-054039", "comune-010025", "comune-054052", "europol"] {
            let answer = house.explain_any(&item, &organisation(id)?)?;
            println!(
                "  {id:<14} {:<3} {}",
                if answer.allowed { "yes" } else { "no" },
                answer.reason_en
            );
        }
    }
    Ok(())
}

async fn show(
    house: &Arc<House>,
    audience: &Audience,
    scene: &Scene,
    began: Instant,
) -> Result<ItemId, Failure> {
    let actor = audience.actor(scene.who)?;
    let (id, text) = scene.text(SystemClock.now());
    let arrival = stix_bundle::read(DoorIn::Api, "demo", text.as_bytes(), &stix_bundle::limits());
    let receipt = house.accept(actor, arrival)?;
    let Some(accepted) = receipt.accepted.first() else {
        let reason = receipt.rejected.first().map(|fault| fault.reason.clone());
        return Err(Failure::Usage(format!("{}: {}", scene.what, reason.unwrap_or_default())));
    };
    let standing = house.standing();
    let who = standing.directory.organisation(&actor.organisation);
    // The item itself, and behind it its derived form where there is one.
    let releases = house.releases(Sequence(accepted.stamp.seq.0 - 1), 8)?.items;
    for release in &releases {
        let live: Vec<_> = release
            .audience()
            .iter()
            .filter(|number| audience.numbers().contains(number))
            .collect();
        let Some(read) =
            live.first().and_then(|number| release.open(&vedetta_policy::Reader::machine(*number)))
        else {
            continue;
        };
        let arrivals = audience.arrivals(read.stamp.seq.0, live.len()).await;
        let derived = read.form == vedetta_policy::Form::Redacted;
        let what = if derived { "   ↳ without the victim" } else { scene.what };
        Row {
            at: SystemClock.now().since(began).as_secs(),
            who: who.map_or("", |it| if derived { "" } else { it.name.as_str() }),
            what,
            tlp: scene.tlp.0,
            cleared: release.audience().len(),
            connected: live.len(),
            accepted: read.stamp.at,
            arrivals: &arrivals,
        }
        .print();
    }
    Ok(id)
}

/// People of the centre and of one municipality acknowledge what their organisation had last.
fn acknowledge(house: &House, audience: &Audience) -> Result<(), Failure> {
    for id in ["cnaipic", "comune-054039"] {
        let actor = audience.actor(id)?;
        let wish = vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::Last);
        let newest = house.page(actor, &wish)?.items.into_iter().next_back();
        if let Some(item) = newest {
            let person = house.keeper(&actor.organisation);
            let person =
                person.ok_or_else(|| Failure::Usage(format!("the network has no {id}")))?;
            house.acknowledge(&person, &item.id, Some("ricevuto".into()))?;
        }
    }
    Ok(())
}

impl Scene {
    /// The object with what all objects have, as of a moment: told again, it is a new version.
    pub(super) fn text(&self, now: Instant) -> (ItemId, String) {
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
