//! An early warning of a regional centre that its towns had hours ago, and that one of them has not
//! acknowledged as its act asks.

use serde_json::json;
use uuid::Uuid;
use vedetta_flow::{DeliveryBatch, Door, FlowError, House};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Audience, ItemId, Places};

use crate::organisation;
use crate::past::Past;
use crate::people::actor;

/// Which towns had it.
const TOWNS: [&str; 2] = ["comune-054039", "comune-055032"];
const ITEM: Uuid = Uuid::from_u128(0x5d0c_9a3e_71b4_4e6f_9a27_c0de_0000_0003);
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

/// Brings it, and has the other acknowledge.
pub(crate) fn ready(house: &House, past: &Past) -> Result<(), FlowError> {
    let (Some(officer), Some(town)) =
        (actor(house, "turno-cosc-umbria"), actor(house, "referente-comune-055032"))
    else {
        return Ok(());
    };
    past.minutes_ago(213);
    let id = ItemId::of("report", ITEM);
    let now = house.now();
    let object = json!({
        "type": "report", "spec_version": "2.1", "id": id.as_str(), "created": now, "modified": now,
        "name": "Falsi rimborsi della TARI ai cittadini umbri", "report_types": ["campaign"],
        "published": now, "object_refs": [organisation("cosc-umbria")?.identity()],
        "object_marking_refs": [GREEN],
        "description": "Messaggi a nome dei Comuni promettono un rimborso e chiedono la carta. Avvisate gli \
            sportelli, e pubblicate una nota sul sito.",
        "extensions": { HANDLING_EXTENSION: {
            "extension_type": "property-extension", "category": "early-warning" } },
    });
    let text = object.to_string();
    let arrival = stix_bundle::read(DoorIn::Api, "demo", text.as_bytes(), &stix_bundle::limits());
    let receipt = house.accept(&officer, arrival)?;
    let Some(accepted) = receipt.accepted.first() else { return Ok(()) };
    let mut audience = Audience::default();
    for town in TOWNS {
        audience.insert(house.number_of(&organisation(town)?)?);
    }
    let place = accepted.stamp.seq.0;
    let releases = Places::between(place, place);
    let batch = DeliveryBatch { releases, door: Door::Feed, at: house.now(), audience };
    house.record_deliveries(vec![batch])?;
    past.minutes_ago(201);
    house.acknowledge(&town, &id, Some("avvisati gli sportelli".into()))?;
    Ok(())
}
