//! What no person reports comes to the same queue: once, counted, within bounds.

use std::time::Duration;

use serde_json::json;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, ItemId, OrganisationNumber, Role};
use vedetta_store::item::{Claim, ItemDraft, ItemState};
use vedetta_store::{RecordKind, UnitOfWork};
use vedetta_testkit::items::TestItem;
use vedetta_watch::desk::Change;
use vedetta_watch::desk::incident::{Channel, Source};
use vedetta_watch::{Queue, QueueWish, Watch};

use crate::room::{Room, liaison, officer, organisation, person};

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

/// The words of those that wait.
fn titles(watch: &Watch) -> Vec<String> {
    queue(watch).waiting.iter().map(|it| it.case.title.to_string()).collect()
}

impl Room {
    /// What a sensor of an organisation found.
    fn found(&self, of: &str, items: &[TestItem]) {
        let sensor = person(&format!("{of}.sensor-porta"), of, Role::Machine);
        let id = sensor.account.to_string();
        let put = move |unit: &mut dyn UnitOfWork| {
            unit.put_record(RecordKind::Sensor, &id, b"{}", "admin").map(drop)
        };
        self.house().write(put).unwrap();
        self.brought(&sensor, items);
    }

    pub(crate) fn brought(&self, by: &Actor, items: &[TestItem]) {
        let objects: Vec<_> = items.iter().map(TestItem::json).collect();
        let text = format!("[{}]", objects.join(","));
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Api, "sensor", text.as_bytes(), &limits);
        let receipt = self.house().accept(by, arrival).unwrap();
        assert!(receipt.rejected.is_empty(), "{:?}", receipt.rejected);
    }

    /// What the peer of a region tells of an organisation.
    fn told(&self, of: &str, items: &[TestItem]) {
        let template = TestItem::incident(9_999, "detto qui");
        self.brought(&liaison("cosc-umbria"), std::slice::from_ref(&template));
        let producer = self.house().number_of(&organisation(of)).unwrap();
        self.beside((&template, producer), "2026-03-01T00:00:00Z", items);
    }

    /// What a peer brings as an organisation's, cleared as something else was.
    pub(crate) fn beside(
        &self,
        (template, producer): (&TestItem, OrganisationNumber),
        version: &str,
        items: &[TestItem],
    ) {
        let (template, version) = (template.id(), version.parse().unwrap());
        let told: Vec<(ItemId, String)> = items.iter().map(|it| (it.id(), it.json())).collect();
        self.house()
            .write(move |unit| {
                let clearance = unit.releases(&template)?[0].clearance;
                let drafts = told.iter().map(|(id, body)| ItemDraft {
                    id,
                    version,
                    producer,
                    claim: Claim::Own,
                    clearance,
                    state: ItemState::Live,
                    actor: "peer:cosc-umbria",
                    facts: "{}",
                    body: body.as_bytes(),
                });
                unit.place_items(&drafts.collect::<Vec<_>>()).map(drop)
            })
            .unwrap();
    }

    /// A message as the mail desk puts it, with what it says besides.
    fn mail(&self, of: &str, case: &str, more: &serde_json::Value) {
        let mut report = json!({
            "case": case, "at": "2026-03-01T00:00:00Z", "organisation": of,
            "standing": "enrolled", "reporter": of, "verdict": "malicious", "campaign": "onda",
            "keeping": { "is": "kept", "until": "2027-03-01T00:00:00Z" },
        });
        report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (id, body) = (case.to_owned(), report.to_string());
        let put = move |unit: &mut dyn UnitOfWork| {
            unit.put_record(RecordKind::MailReport, &id, body.as_bytes(), "mail").map(drop)
        };
        self.house().write(put).unwrap();
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
    let from = organisation("cosc-umbria");
    room.told("cosc-umbria", &[told]);
    room.watch.gather().unwrap();
    let waiting = queue(&room.watch).waiting;
    let [one] = &waiting[..] else { panic!("what was brought here is no peer's: {waiting:?}") };
    assert_eq!((one.case.channel, &one.case.organisation), (Channel::Peer, &from));
    assert_eq!((&*one.case.title, one.words.as_str()), ("Riscatto a un ospedale", "cifrato"));
    let drill = TestItem::incident(8, "Prova generale").with("labels", json!(["exercise"]));
    room.told("cosc-umbria", &[drill]);
    room.watch.gather().unwrap();
    let marked = "ESERCITAZIONE / EXERCISE · Prova generale";
    assert!(titles(&room.watch).iter().any(|it| it == marked), "{:?}", titles(&room.watch));
}

#[test]
fn what_a_peer_tells_is_judged_by_what_it_said_and_not_by_what_another_says_under_its_name() {
    let room = Room::new();
    let told = TestItem::incident(7, "Riscatto a un ospedale");
    room.told("cosc-umbria", std::slice::from_ref(&told));
    let creator = organisation("terni").identity();
    let lie = told
        .with("name", json!("Nulla di grave"))
        .with("created_by_ref", json!(creator.as_str()))
        .modified("2026-03-02T00:00:00.000Z");
    let template = TestItem::incident(9_998, "altro");
    room.brought(&liaison("cosc-umbria"), std::slice::from_ref(&template));
    let terni = room.house().number_of(&organisation("terni")).unwrap();
    room.beside((&template, terni), "2026-03-02T00:00:00Z", &[lie]);
    room.watch.gather().unwrap();
    let titles = titles(&room.watch);
    assert!(titles.iter().any(|it| it == "Riscatto a un ospedale"), "{titles:?}");
}

#[test]
fn who_tells_of_anothers_incident_first_keeps_it_from_no_queue_and_each_version_counts() {
    let room = Room::new();
    let template = TestItem::incident(9_998, "altro");
    room.brought(&liaison("cosc-umbria"), std::slice::from_ref(&template));
    let tells = |of: &str, day: u32, name: &str| {
        let it = TestItem::incident(7, name).modified(&format!("2026-03-{day:02}T00:00:00.000Z"));
        let creator = organisation(of).identity();
        let it = it.with("created_by_ref", json!(creator.as_str()));
        let producer = room.house().number_of(&organisation(of)).unwrap();
        room.beside((&template, producer), &format!("2026-03-{day:02}T00:00:00Z"), &[it]);
        room.watch.gather().unwrap();
    };
    tells("terni", 1, "Nulla di grave");
    let lie = queue(&room.watch).waiting[0].case.number.to_string();
    room.change(&officer(), &lie, Change::Dismiss { reason: "nulla".into() }).unwrap();
    tells("perugia", 1, "Riscatto a un ospedale");
    assert_eq!(titles(&room.watch), ["Riscatto a un ospedale"]);
    room.clock.advance(Duration::from_secs(301));
    tells("perugia", 2, "Riscatto a tre ospedali");
    assert_eq!(queue(&room.watch).waiting[0].case.gathered, Some(2));
}

#[test]
fn a_finding_without_a_name_comes_all_the_same_and_stops_nothing() {
    let room = Room::new();
    let long = "x".repeat(10_000);
    let nameless = |n, of| finding(n, of, "high", 1).without(&["description"]);
    room.found("perugia", &[nameless(1, ""), nameless(2, "  "), nameless(3, &long)]);
    room.found("perugia", &[finding(4, "y", "high", 1).with("description", json!(long))]);
    assert_eq!(room.watch.gather().unwrap(), 4);
    room.found("perugia", &[finding(5, "ssh", "high", 1)]);
    assert_eq!(room.watch.gather().unwrap(), 1, "what comes after is heard");
    let titles = titles(&room.watch);
    let id = finding(1, "", "high", 1).id().to_string();
    assert!(titles.contains(&id), "{titles:?}");
    assert!(titles.iter().all(|it| it.chars().count() <= 200));
}

#[test]
fn what_only_looks_like_a_sensors_finding_is_none() {
    let room = Room::new();
    room.brought(&liaison("perugia"), &[finding(1, "ssh", "critical", 1)]);
    assert_eq!(room.watch.gather().unwrap(), 0);
    assert!(queue(&room.watch).waiting.is_empty());
}

#[test]
fn what_finds_no_room_is_never_quiet_and_what_is_critical_finds_some() {
    let room = Room::new();
    let many: Vec<_> = (1..=51).map(|n| finding(n, &format!("regola-{n}"), "high", 1)).collect();
    room.found("perugia", &many);
    room.watch.gather().unwrap();
    let further = || {
        let waiting = queue(&room.watch).waiting;
        let found = waiting.iter().find(|it| it.case.title.starts_with("Altro da"));
        found.map(|it| it.case.number.to_string())
    };
    let first = further().expect("it has a name of its own");
    room.change(&officer(), &first, Change::Dismiss { reason: "rumore".into() }).unwrap();
    room.found("perugia", &[finding(60, "regola-60", "high", 1)]);
    assert_eq!(room.watch.gather().unwrap(), 1);
    assert_ne!(further().expect("dismissed, it comes again"), first);
    room.found("perugia", &[finding(61, "regola-61", "critical", 1)]);
    room.watch.gather().unwrap();
    let waiting = queue(&room.watch);
    assert_eq!(waiting.total, 52);
    assert!(waiting.waiting.iter().any(|it| it.words.contains("gravità critica")));
}

#[test]
fn a_peer_that_tells_of_many_organisations_is_one_source() {
    let room = Room::new();
    for (from, of) in [(100, "perugia"), (200, "terni"), (300, "foligno")] {
        let told: Vec<_> = (from..from + 20).map(|n| TestItem::incident(n, "Riscatto")).collect();
        room.told(of, &told);
        room.reopened().gather().unwrap();
    }
    let waiting = queue(&room.reopened());
    assert_eq!(waiting.total, 51, "fifty, and one for the rest");
    let further = waiting.waiting.iter().find(|it| it.case.title.starts_with("Altro da")).unwrap();
    assert_eq!(further.case.organisation, organisation("cosc-umbria"), "of no single town");
}

#[test]
fn a_message_is_heard_however_late_once_and_each_sees_its_own() {
    let room = Room::new();
    room.mail("perugia", "M-1", &json!({}));
    assert_eq!(room.watch.gather().unwrap(), 1, "long after it came");
    let number = queue(&room.watch).waiting[0].case.number.to_string();
    room.mail("perugia", "M-1", &json!({ "contest": { "at": "2026-03-01T00:00:00Z" } }));
    room.mail("terni", "M-2", &json!({}));
    let deleted =
        json!({ "keeping": { "is": "deleted", "at": "2026-03-01T00:00:00Z", "by": "x" } });
    room.mail("foligno", "M-3", &deleted);
    room.clock.advance(Duration::from_secs(301));
    assert_eq!(room.watch.gather().unwrap(), 1);
    let seen = room.watch.case(&liaison("perugia"), &number).unwrap().incident.gathered.unwrap();
    assert_eq!(seen.count, 2, "a contest is no further report, nor is a message that went");
    let own = Source::Campaign { campaign: "onda".into(), message: "M-1".into() };
    assert_eq!(seen.source, own, "no message of another");
}

#[test]
fn what_waits_when_a_case_closes_is_counted_in_it() {
    let room = Room::new();
    room.found("perugia", &[finding(1, "ssh", "high", 1)]);
    room.watch.gather().unwrap();
    room.found("perugia", &[finding(2, "ssh", "high", 4)]);
    assert_eq!(room.watch.gather().unwrap(), 0, "not yet");
    let number = queue(&room.watch).waiting[0].case.number.to_string();
    for change in [
        Change::Triage,
        Change::Confirm { evidence: "registri".into() },
        Change::Contain { measures: "filtro".into() },
        Change::Recover { checked: "provato".into() },
        Change::Close { cause: "password debole".into(), lesson: "due fattori".into() },
    ] {
        room.change(&officer(), &number, change).unwrap();
    }
    assert_eq!(room.watch.gather().unwrap(), 1);
    let closed = room.watch.case(&officer(), &number).unwrap().incident;
    assert_eq!(closed.gathered.unwrap().count, 5);
}
