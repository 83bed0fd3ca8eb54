//! What no person reports comes to the same queue: once, counted, within bounds.

use std::time::Duration;

use serde_json::json;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::ItemId;
use vedetta_store::item::{Claim, ItemDraft, ItemState};
use vedetta_testkit::items::TestItem;
use vedetta_watch::desk::Change;
use vedetta_watch::desk::incident::{Channel, Source};
use vedetta_watch::{Queue, QueueWish, Watch};

use crate::room::{Room, liaison, officer, organisation};

fn queue(watch: &Watch) -> Queue {
    watch.queue(&officer(), &QueueWish { centre: None, limit: 100 }).unwrap()
}

/// A finding as a sensor's becomes an item.
fn finding(n: u32, of: &str, severity: &str, count: u64) -> TestItem {
    TestItem::indicator(n)
        .without(&["pattern", "pattern_type", "valid_from", "name", "indicator_types"])
        .with("type", json!("sighting"))
        .with("id", json!(format!("sighting--00000000-0000-4000-8000-{n:012x}")))
        .with("description", json!("Accesso ripetuto a un server"))
        .with("sighting_of_ref", json!("indicator--00000000-0000-4000-8000-0000000000aa"))
        .with("first_seen", json!("2026-03-01T00:00:00Z"))
        .with("last_seen", json!("2026-03-01T00:10:00Z"))
        .with("count", json!(count))
        .with("x_vedetta_by", json!("rule"))
        .with("x_vedetta_of", json!(of))
        .with("x_vedetta_severity", json!(severity))
        .with("x_vedetta_evidence", json!({ "source.ip": "203.0.113.9" }))
        .modified(&format!("2026-03-01T00:00:{:02}.000Z", count.min(59)))
}

impl Room {
    fn found(&self, of: &str, items: &[TestItem]) {
        let objects: Vec<_> = items.iter().map(TestItem::json).collect();
        let text = format!("[{}]", objects.join(","));
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Api, "sensor", text.as_bytes(), &limits);
        let receipt = self.house().accept(&liaison(of), arrival).unwrap();
        assert!(receipt.rejected.is_empty(), "{:?}", receipt.rejected);
    }
}

#[test]
fn a_grave_finding_comes_to_the_queue_once_and_its_like_is_counted() {
    let room = Room::new();
    room.found("perugia", &[finding(1, "ssh", "high", 2), finding(2, "porta", "medium", 9)]);
    assert_eq!(room.watch.gather().unwrap(), 1);
    let waiting = queue(&room.watch).waiting;
    let [one] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!(
        (one.case.channel, &one.case.organisation),
        (Channel::Finding, &organisation("perugia"))
    );
    assert_eq!(one.case.gathered, Some(2));
    assert!(
        one.words.contains("203.0.113.9") && one.words.contains("gravità alta"),
        "{}",
        one.words
    );
    let sighting = finding(1, "", "", 0).id();
    let from = one.gathered.clone().unwrap().source;
    assert_eq!(from, Source::Finding { sighting: sighting.clone() });
    let number = one.case.number.to_string();
    assert!(room.watch.case(&officer(), &number).unwrap().incident.items.contains(&sighting));
    // Told again, and another of its kind: the same report, and after a restart too.
    room.found("perugia", &[finding(1, "ssh", "high", 5), finding(3, "ssh", "critical", 4)]);
    let again = room.reopened();
    again.gather().unwrap();
    room.clock.advance(Duration::from_secs(301));
    let again = room.reopened();
    assert_eq!((again.gather().unwrap(), again.gather().unwrap()), (1, 0));
    let waiting = queue(&again).waiting;
    assert_eq!((waiting.len(), waiting[0].case.gathered), (1, Some(9)));
    // Another town's is another report.
    room.found("terni", &[finding(4, "ssh", "high", 1)]);
    let again = room.reopened();
    again.gather().unwrap();
    assert_eq!(queue(&again).total, 2);
}

#[test]
fn what_a_person_dismissed_is_quiet_for_a_day_and_what_was_merged_counts_there() {
    let room = Room::new();
    room.found("perugia", &[finding(1, "ssh", "high", 1)]);
    room.watch.gather().unwrap();
    let number = queue(&room.watch).waiting[0].case.number.to_string();
    room.change(&officer(), &number, Change::Dismiss { reason: "prova".into() }).unwrap();
    room.found("perugia", &[finding(2, "ssh", "high", 1)]);
    assert_eq!(room.watch.gather().unwrap(), 0);
    room.clock.advance(Duration::from_secs(86_401));
    room.found("perugia", &[finding(3, "ssh", "high", 1)]);
    assert_eq!(room.watch.gather().unwrap(), 1, "a new report");
    let second = queue(&room.watch).waiting[0].case.number;
    let whole = room.report(&liaison("perugia"), "Server", "lento");
    let merge = Change::Merge { into: whole.parse().unwrap(), reason: "lo stesso".into() };
    room.change(&officer(), &second.to_string(), merge).unwrap();
    room.clock.advance(Duration::from_secs(3_601));
    room.found("perugia", &[finding(4, "ssh", "high", 6)]);
    assert_eq!(room.watch.gather().unwrap(), 1);
    let into = room.watch.case(&officer(), &whole).unwrap().incident;
    assert_eq!(into.gathered.unwrap().count, 6);
}

#[test]
fn a_flood_of_kinds_is_gathered_in_one_more() {
    let room = Room::new();
    let many: Vec<_> = (1..=80).map(|n| finding(n, &format!("regola-{n}"), "high", 1)).collect();
    room.found("perugia", &many);
    room.watch.gather().unwrap();
    room.clock.advance(Duration::from_secs(301));
    room.watch.gather().unwrap();
    let waiting = queue(&room.watch);
    assert_eq!(waiting.total, 51, "fifty, and one for the rest");
    let counted: u64 = waiting.waiting.iter().filter_map(|it| it.case.gathered).sum();
    assert_eq!(counted, 80, "none is lost");
}

#[test]
fn an_incident_that_another_node_tells_is_a_report_of_that_peer() {
    let room = Room::new();
    let told =
        TestItem::incident(7, "Riscatto a un ospedale").with("description", json!("cifrato"));
    room.found("cosc-umbria", &[TestItem::incident(8, "detto qui")]);
    let (template, from) = (TestItem::incident(8, "").id(), organisation("cosc-umbria"));
    let (id, body): (ItemId, String) = (told.id(), told.json());
    let producer = room.house().number_of(&from).unwrap();
    room.house()
        .write(move |unit| {
            let clearance = unit.releases(&template)?[0].clearance;
            let version = "2026-03-01T00:00:00Z".parse().unwrap();
            let draft = ItemDraft {
                id: &id,
                version,
                producer,
                claim: Claim::Own,
                clearance,
                state: ItemState::Live,
                actor: "peer:cosc-umbria",
                facts: "{}",
                body: body.as_bytes(),
            };
            unit.place_items(&[draft]).map(drop)
        })
        .unwrap();
    room.watch.gather().unwrap();
    let waiting = queue(&room.watch).waiting;
    let [one] = &waiting[..] else { panic!("what was brought here is no peer's: {waiting:?}") };
    assert_eq!((one.case.channel, &one.case.organisation), (Channel::Peer, &from));
    assert_eq!((&*one.case.title, one.words.as_str()), ("Riscatto a un ospedale", "cifrato"));
}
