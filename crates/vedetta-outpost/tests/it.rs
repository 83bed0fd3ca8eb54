//! Sensors at a house: enrolled once, heard, and what they find goes where agreements let it go.

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use vedetta_detect::finding::{By, Severity};
use vedetta_detect::report::{
    Code, Enrolled, Enrolment, Heartbeat, Observable, Recalled, Report, Told, hex,
};
use vedetta_flow::{FlowError, Sequence, VersionFilter, Wish};
use vedetta_indicator::DecayTable;
use vedetta_model::{Actor, Instant, ItemId, Language, OrganisationId, Role};
use vedetta_outpost::alerts::AlertWish;
use vedetta_outpost::enrol::NewSensor;
use vedetta_outpost::judge::{Judgement, Reach, Verdict};
use vedetta_outpost::{Outposts, objects, pulse};
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{MockClock, TestHouse};

struct Node {
    outposts: Outposts,
    house: Arc<vedetta_flow::House>,
    clock: Arc<MockClock>,
    admin: Actor,
}

/// The centre gives a company what it knows, without victims.
const HIDDEN: &str = r#"{
  "id": "hidden", "title": "Operators", "parent": "act",
  "term": { "from": "2026-01-01", "until": "2028-12-31" },
  "party": [
    { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
    { "name": "operators", "organisations": ["stranger"], "receives": ["indicator"] }
  ],
  "handling": { "highest_tlp": "AMBER+STRICT", "victim": "hidden" }
}"#;

fn node() -> Node {
    let test = TestHouse::small();
    test.house.set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    let draft: vedetta_model::Agreement = serde_json::from_str(HIDDEN).unwrap();
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    let step = vedetta_flow::Step::PutInForce;
    test.house.step_agreement(&test.administrator(), &draft.id, &step).unwrap();
    test.bring("cosc-umbria", &[TestItem::indicator(7)]);
    let admin = test.administrator();
    let (house, clock) = (Arc::new(test.house), test.clock);
    Node { outposts: Outposts::new(Arc::clone(&house)), house, clock, admin }
}

impl Node {
    fn code(&self, organisation: &str) -> Code {
        let new = NewSensor {
            organisation: OrganisationId::new(organisation).unwrap(),
            name: "first".into(),
            address: "node.example.org:8443".into(),
            authority: hex(&[7; 32]),
        };
        self.outposts.invite(&self.admin, &new).unwrap()
    }

    fn use_code(&self, code: &Code) -> Result<Enrolled, FlowError> {
        let secret = hex(&code.secret);
        self.outposts.enrol(&Enrolment { secret, version: "1".into() })
    }

    fn sensor(&self, organisation: &str) -> Actor {
        let enrolled = self.use_code(&self.code(organisation)).unwrap();
        let actor = self.house.actor_by_token(&enrolled.token).unwrap();
        assert_eq!(actor.account, enrolled.account);
        actor
    }

    fn person(organisation: &str) -> Actor {
        Actor {
            account: vedetta_model::AccountId::new(organisation).unwrap(),
            organisation: OrganisationId::new(organisation).unwrap(),
            roles: BTreeSet::from([Role::Liaison]),
            language: Language::default(),
            way: vedetta_model::Way::InPerson,
        }
    }

    fn readable(&self, organisation: &str, kind: &str) -> Vec<String> {
        let wish =
            Wish { kinds: vec![kind.into()], ..Wish::all(Sequence::START, VersionFilter::Last) };
        let page = self.house.page(&Self::person(organisation), &wish).unwrap();
        page.items.iter().map(|it| String::from_utf8_lossy(&it.body).into_owned()).collect()
    }
}

fn told(n: u128, by: By, of: &str, count: u64, at: Instant) -> Told {
    Told {
        id: Uuid::from_u128(n),
        by,
        of: of.into(),
        title: "Something".into(),
        severity: Severity::High,
        confidence: 80,
        techniques: vec!["T1110".into()],
        entity: "host-0001".into(),
        evidence: [].into(),
        observables: Vec::new(),
        count,
        first: at,
        last: at.after(Duration::from_secs(count)),
        created: at,
        told: at.after(Duration::from_millis(count)),
        recalled: Recalled::Live,
    }
}

fn one(told: Told) -> Report {
    Report { findings: vec![told] }
}

#[test]
fn a_code_is_good_once_and_for_a_day() {
    let node = node();
    let code = node.code("perugia");
    assert!(node.use_code(&code).is_ok());
    assert!(matches!(node.use_code(&code), Err(FlowError::Unproven(_))));
    let late = node.code("terni");
    node.clock.advance(Duration::from_hours(25));
    assert!(matches!(node.use_code(&late), Err(FlowError::Unproven(_))));
    let (first, second) = (node.code("foligno"), node.code("foligno"));
    assert!(node.use_code(&first).is_err(), "a newer code voids it");
    let old = node.use_code(&second).unwrap();
    // Who has the old token is heard no more once a new code was used.
    let third = node.code("foligno");
    assert!(node.house.actor_by_token(&old.token).is_ok(), "not before");
    let new = node.use_code(&third).unwrap();
    assert!(node.house.actor_by_token(&old.token).is_err());
    assert!(node.house.actor_by_token(&new.token).is_ok());
    let stranger = Node::person("perugia");
    let new = NewSensor {
        organisation: OrganisationId::new("terni").unwrap(),
        name: "first".into(),
        address: "node.example.org:8443".into(),
        authority: hex(&[7; 32]),
    };
    assert!(matches!(node.outposts.invite(&stranger, &new), Err(FlowError::Forbidden { .. })));
}

#[test]
fn a_new_code_does_not_quiet_the_alarm() {
    let node = node();
    let sensor = node.sensor("perugia");
    node.outposts.hear(&sensor, Heartbeat::default()).unwrap();
    node.code("perugia");
    node.clock.advance(pulse::SILENCE + Duration::from_secs(1));
    assert_eq!(node.outposts.watch().unwrap(), [sensor.account]);
}

#[test]
fn a_finding_told_again_is_one_and_a_later_word_goes_before() {
    let node = node();
    let (sensor, now) = (node.sensor("perugia"), node.house.now());
    let first = told(1, By::Rule, "rule-1", 1, now);
    let taken = node.outposts.take(&sensor, one(first.clone())).unwrap();
    assert_eq!((taken.taken, taken.known), (1, 0));
    let taken = node.outposts.take(&sensor, one(first.clone())).unwrap();
    assert_eq!((taken.taken, taken.known), (0, 1));
    let more = told(1, By::Rule, "rule-1", 40, now);
    assert_eq!(node.outposts.take(&sensor, one(more)).unwrap().taken, 1);
    // The link was slow: an older word comes after the newer.
    node.outposts.take(&sensor, one(told(1, By::Rule, "rule-1", 3, now))).unwrap();
    let [seen] = &node.readable("perugia", "sighting")[..] else { panic!("one") };
    assert!(seen.contains("\"count\":40"), "{seen}");
}

#[test]
fn a_bad_finding_is_refused_and_the_rest_is_taken() {
    let node = node();
    let (sensor, now) = (node.sensor("perugia"), node.house.now());
    let bad = Told { title: "x".repeat(5_000), ..told(1, By::Rule, "r", 1, now) };
    let findings = vec![bad, told(2, By::Rule, "r", 1, now)];
    let taken = node.outposts.take(&sensor, Report { findings }).unwrap();
    assert_eq!((taken.taken, taken.refused.len()), (1, 1));
    assert_eq!(taken.refused[0].id, Uuid::from_u128(1));
    let far = Instant::FAR;
    let ahead = told(3, By::Rule, "r", 1, far);
    assert_eq!(node.outposts.take(&sensor, one(ahead)).unwrap().taken, 1);
    let seen = node.readable("perugia", "sighting").join("");
    assert!(!seen.contains("9999-"), "a clock that is ahead is not believed: {seen}");
    let machine = Node::person("perugia");
    let refused = node.outposts.take(&machine, Report { findings: Vec::new() });
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })));
}

#[test]
fn seen_by_so_many_without_showing_who() {
    let node = node();
    let indicator = "indicator--00000000-0000-4000-8000-000000000007";
    let id = ItemId::new(indicator).unwrap();
    assert_eq!(node.outposts.seen_by(&Node::person("foligno"), &id).unwrap(), None);
    let now = node.house.now();
    for (n, organisation) in ["perugia", "terni"].into_iter().enumerate() {
        let sensor = node.sensor(organisation);
        let n = u128::try_from(n).unwrap();
        for count in [1, 5] {
            let report = one(told(n, By::Indicator, indicator, count, now));
            node.outposts.take(&sensor, report).unwrap();
        }
    }
    let seen = |who: &str| node.outposts.seen_by(&Node::person(who), &id);
    let centre = seen("cosc-umbria").unwrap().unwrap();
    assert_eq!((centre.organisations, centre.count, centre.since), (2, 10, now));
    assert_eq!(centre.named.len(), 2, "the centre is entitled to the names");
    let other = seen("stranger").unwrap().unwrap();
    assert_eq!((other.organisations, other.count, other.own), (2, 10, false));
    assert_eq!(other.named, [], "the company is not");
    let own = seen("perugia").unwrap().unwrap();
    assert!(own.own);
    let unknown = ItemId::new("indicator--00000000-0000-4000-8000-000000000099").unwrap();
    let seen = node.outposts.seen_by(&Node::person("perugia"), &unknown);
    assert!(matches!(seen, Err(FlowError::Unknown { .. })));
}

#[test]
fn a_sighting_that_was_withdrawn_counts_as_after_a_restart() {
    let node = node();
    let id = TestItem::indicator(7).id();
    for (n, organisation) in [(1, "perugia"), (2, "terni")] {
        let sensor = node.sensor(organisation);
        let report = one(told(n, By::Indicator, id.as_str(), 5, node.house.now()));
        node.outposts.take(&sensor, report).unwrap();
        node.clock.advance(Duration::from_hours(1));
    }
    let (centre, stranger) = (Node::person("cosc-umbria"), Node::person("stranger"));
    let opened = || Arc::new(Outposts::new(Arc::clone(&node.house)));
    let told = |outposts: &Arc<Outposts>| {
        let wish = AlertWish { least: Severity::Informational, limit: 10 };
        [&centre, &stranger].map(|reader| {
            let last = outposts.lately(reader).unwrap().of(&id, vedetta_flow::Form::Full);
            let seen = outposts.seen_by(reader, &id).unwrap().map(|it| (it.organisations, it.last));
            (last, seen, outposts.alerts(reader, &wish).unwrap())
        })
    };
    let outposts = opened();
    let before = told(&outposts);
    let [(_, _, alerts), _] = &before;
    let terni = Node::person("terni");
    node.house.withdraw(&terni, &alerts[0].sighting, "a drill").unwrap();
    let after = told(&outposts);
    assert_eq!(after, told(&opened()));
    for (before, after) in before.into_iter().zip(after) {
        assert!(after.0.is_some() && after.0 < before.0, "{before:?} {after:?}");
        assert_eq!((after.1.unwrap().0, after.2.len()), (1, 1));
    }
}

#[test]
fn what_is_grave_and_outside_is_looked_for_by_others() {
    let node = node();
    let (sensor, now) = (node.sensor("perugia"), node.house.now());
    let seen = |value: &str| Observable { kind: "ipv4-addr".into(), value: value.into() };
    let mut grave = told(1, By::Baseline, "brute-force", 30, now);
    grave.observables = vec![seen("203.0.113.66"), seen("x' OR '1")];
    node.outposts.take(&sensor, one(grave.clone())).unwrap();
    let mut mild = told(2, By::Baseline, "scan", 30, now);
    (mild.severity, mild.observables) = (Severity::Medium, vec![seen("203.0.113.67")]);
    node.outposts.take(&sensor, one(mild)).unwrap();
    let perugia = OrganisationId::new("perugia").unwrap().identity();
    for (who, named) in [("terni", true), ("stranger", false)] {
        let has = node.readable(who, "indicator").join("\n");
        assert!(has.contains("[ipv4-addr:value = '203.0.113.66']"), "{who}: {has}");
        assert!(!has.contains("203.0.113.67") && !has.contains("OR"), "{who}: {has}");
        assert_eq!(has.contains(perugia.as_str()), named, "{who}: {has}");
    }
    let [object] = &objects::indicators(&grave, &sensor.organisation)[..] else { panic!("one") };
    let (_, problems) = stix_problems(&object.to_string());
    assert_eq!(problems, 0);
    let again = Told { id: Uuid::from_u128(9), ..grave };
    let [same] = &objects::indicators(&again, &sensor.organisation)[..] else { panic!("one") };
    assert_eq!(same["id"], object["id"], "one of an organisation for an address");
}

#[test]
fn nobody_hunts_what_is_the_networks_own_or_on_a_warning_list() {
    let node = node();
    let asset: vedetta_model::Asset = serde_json::from_value(serde_json::json!({
        "id": "terni-net", "organisation": "terni",
        "kind": "network", "value": "198.51.100.0/24",
    }))
    .unwrap();
    let records = vedetta_directory::directory::Records {
        assets: vec![asset],
        ..vedetta_directory::directory::Records::default()
    };
    node.house.put_records(&node.admin, records).unwrap();
    let list = br#"{"name":"Resolvers","version":1,"description":"","type":"cidr",
        "matching_attributes":["ip-dst"],"list":["203.0.113.53"]}"#;
    let kept = vedetta_flow::actions::keep_warning_lists::KeptList {
        id: "resolvers".into(),
        text: list.to_vec(),
    };
    node.house.put_warning_list(&node.admin, kept).unwrap();
    node.outposts.forget_lists();
    let (sensor, now) = (node.sensor("perugia"), node.house.now());
    let seen = |value: &str| Observable { kind: "ipv4-addr".into(), value: value.into() };
    let mut grave = told(1, By::Baseline, "brute-force", 30, now);
    grave.observables = vec![seen("198.51.100.7"), seen("203.0.113.53"), seen("203.0.113.66")];
    assert_eq!(node.outposts.take(&sensor, one(grave)).unwrap().taken, 1);
    let has = node.readable("terni", "indicator").join("\n");
    assert!(has.contains("203.0.113.66"), "{has}");
    assert!(!has.contains("198.51.100.7") && !has.contains("203.0.113.53"), "{has}");
}

#[test]
fn the_desk_sees_alerts_and_its_word_quiets_their_like() {
    let node = node();
    let (sensor, other) = (node.sensor("perugia"), node.sensor("terni"));
    let now = node.house.now();
    for count in [1, 9] {
        let report = one(told(1, By::Rule, "rule-1", count, now));
        node.outposts.take(&sensor, report).unwrap();
    }
    let mild = Told { severity: Severity::Low, ..told(2, By::Baseline, "scan", 1, now) };
    node.outposts.take(&other, one(mild)).unwrap();
    let alerts = |who: &Actor, least| {
        let wish = AlertWish { least, limit: 10 };
        node.outposts.alerts(who, &wish).unwrap()
    };
    let centre = Node::person("cosc-umbria");
    let all = alerts(&centre, Severity::Informational);
    assert_eq!(all.len(), 2, "told twice, it is one");
    let [grave] = &alerts(&centre, Severity::High)[..] else { panic!("one") };
    assert_eq!((grave.of.as_str(), grave.count, grave.judged.is_none()), ("rule-1", 9, true));
    assert_eq!(grave.organisation, Some(OrganisationId::new("perugia").unwrap()));
    let judgement = |reason: &str| Judgement {
        verdict: Verdict::Harmless,
        reason: reason.into(),
        reach: Reach::default(),
        days: 7,
    };
    let (sighting, perugia) = (grave.sighting.clone(), Node::person("perugia"));
    let refused = node.outposts.judge(&centre, &sighting, judgement("a drill"));
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "not its own, nor its node");
    let unread = node.outposts.judge(&Node::person("stranger"), &sighting, judgement("a drill"));
    assert!(unread.is_err());
    assert!(node.outposts.judge(&perugia, &sighting, judgement(" ")).is_err());
    let auditor = Actor { roles: BTreeSet::from([Role::Auditor]), ..perugia.clone() };
    let refused = node.outposts.judge(&auditor, &sighting, judgement("a drill"));
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "who audits decides nothing");
    node.outposts.judge(&perugia, &sighting, judgement("a drill")).unwrap();
    let judged = alerts(&centre, Severity::High)[0].judged.clone().unwrap();
    assert_eq!((judged.verdict, judged.reason.as_str()), (Verdict::Harmless, "a drill"));
    let orders = |sensor: &Actor| node.outposts.hear(sensor, Heartbeat::default()).unwrap().quiet;
    let [quiet] = &orders(&sensor)[..] else { panic!("one") };
    assert_eq!((quiet.of.as_str(), quiet.entity.as_deref()), ("rule-1", Some("host-0001")));
    assert_eq!(orders(&other), [], "the sensors of others do not hear of it");
    node.clock.advance(Duration::from_hours(24 * 8));
    assert_eq!(orders(&sensor), []);
}

#[test]
fn what_is_grave_is_not_hidden_by_what_came_after_it() {
    let node = node();
    let (sensor, perugia) = (node.sensor("perugia"), Node::person("perugia"));
    let now = node.house.now();
    let grave = Told { severity: Severity::Critical, ..told(1, By::Rule, "rule-1", 1, now) };
    node.outposts.take(&sensor, one(grave)).unwrap();
    node.clock.advance(Duration::from_secs(60));
    for n in 2..=4 {
        let mild = Told { severity: Severity::Low, ..told(n, By::Rule, "rule-2", 1, now) };
        node.outposts.take(&sensor, one(mild)).unwrap();
    }
    let wish = AlertWish { least: Severity::Informational, limit: 2 };
    let found = node.outposts.alerts_to_judge(&perugia, &wish).unwrap();
    assert_eq!((found.len(), found[0].of.as_str()), (2, "rule-1"));
}

#[test]
fn who_reads_a_finding_without_the_victim_sees_no_judgement() {
    let node = node();
    let (sensor, perugia) = (node.sensor("perugia"), Node::person("perugia"));
    let (id, now) = (TestItem::indicator(7).id(), node.house.now());
    node.outposts.take(&sensor, one(told(1, By::Indicator, id.as_str(), 1, now))).unwrap();
    let wish = AlertWish { least: Severity::Informational, limit: 10 };
    let sighting = node.outposts.alerts(&perugia, &wish).unwrap()[0].sighting.clone();
    let (verdict, reach) = (Verdict::Harmless, Reach::default());
    let judgement = Judgement { verdict, reason: "a drill".into(), reach, days: 7 };
    node.outposts.judge(&perugia, &sighting, judgement).unwrap();
    assert!(node.outposts.alerts(&perugia, &wish).unwrap()[0].judged.is_some());
    let [seen] = &node.outposts.alerts(&Node::person("stranger"), &wish).unwrap()[..] else {
        panic!("one")
    };
    assert_eq!((&seen.organisation, &seen.judged), (&None, &None));
    let said = serde_json::to_string(seen).unwrap();
    assert!(!said.contains("drill") && !said.contains("perugia"), "{said}");
}

fn stix_problems(text: &str) -> (String, usize) {
    let limits = vedetta_intake::stix_bundle::limits();
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000001","objects":[{text}]}}"#
    );
    let arrival = vedetta_intake::stix_bundle::read(
        vedetta_intake::DoorIn::Api,
        "test",
        bundle.as_bytes(),
        &limits,
    );
    (format!("{:?}", arrival.faults), arrival.faults.iter().filter(|it| it.refused).count())
}

#[test]
fn a_sensor_that_falls_silent_is_an_alarm_once() {
    let node = node();
    let sensor = node.sensor("perugia");
    node.outposts.hear(&sensor, Heartbeat::default()).unwrap();
    node.clock.advance(pulse::SILENCE);
    assert_eq!(node.outposts.watch().unwrap(), []);
    node.clock.advance(Duration::from_secs(1));
    assert_eq!(node.outposts.watch().unwrap(), std::slice::from_ref(&sensor.account));
    assert_eq!(node.outposts.watch().unwrap(), []);
    let [state] = &node.outposts.states(&node.admin).unwrap()[..] else { panic!("one") };
    assert!(state.silent_since.is_some());
    node.outposts.hear(&sensor, Heartbeat::default()).unwrap();
    assert_eq!(node.outposts.watch().unwrap(), []);
    let [state] = &node.outposts.states(&Node::person("perugia")).unwrap()[..] else {
        panic!("its own organisation sees it")
    };
    assert!(state.silent_since.is_none() && state.said.is_some());
    assert!(node.outposts.states(&Node::person("terni")).unwrap().is_empty());
    node.outposts.retire(&node.admin, &sensor.account).unwrap();
    let refused = node.outposts.hear(&sensor, Heartbeat::default());
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })));
    node.clock.advance(pulse::SILENCE * 2);
    assert_eq!(node.outposts.watch().unwrap(), [], "nobody waits for it");
}

#[test]
fn a_sighting_that_gave_way_to_another_nodes_counts_as_after_a_restart() {
    gives_way(&[]);
    gives_way(&["perugia"]);
}

/// Terni's gives way to what another node brought; others bring one of the same name beside it.
fn gives_way(beside: &[&str]) {
    let node = node();
    let (id, other) = (TestItem::indicator(7).id(), TestItem::indicator(8).id());
    for (n, organisation) in [(1, "perugia"), (2, "terni")] {
        let sensor = node.sensor(organisation);
        let report = one(told(n, By::Indicator, id.as_str(), 5, node.house.now()));
        node.outposts.take(&sensor, report).unwrap();
        node.clock.advance(Duration::from_hours(1));
    }
    let centre = Node::person("cosc-umbria");
    let opened = || Arc::new(Outposts::new(Arc::clone(&node.house)));
    let told = |outposts: &Arc<Outposts>| {
        let wish = AlertWish { least: Severity::Informational, limit: 10 };
        let last = outposts.lately(&centre).unwrap().of(&id, vedetta_flow::Form::Full);
        let seen = [&id, &other].map(|it| {
            let seen = outposts.seen_by(&centre, it);
            seen.ok().flatten().map(|it| (it.organisations, it.last))
        });
        (last, seen, outposts.alerts(&centre, &wish).unwrap())
    };
    let outposts = opened();
    let before = told(&outposts);
    assert_eq!(before.1[0].unwrap().0, 2);
    let sighting = before.2[0].sighting.clone();
    let shared = Arc::clone(node.house.shared());
    let instead = other.clone();
    let standing = node.house.standing();
    let number = |it: &&str| standing.directory.number(&Node::person(it).organisation).unwrap();
    let beside: Vec<_> = beside.iter().map(number).collect();
    let written = node.house.write(move |unit| {
        shared.touch_served();
        let mut releases = unit.releases(&sighting)?;
        releases.retain(|it| it.origin == it.stamp.seq);
        let origins: Vec<_> = releases.iter().map(|it| it.origin).collect();
        unit.set_aside(&origins, "peer", "another node brought what prevails")?;
        let told = unit.entries(vedetta_store::Sequence(origins[0].0 - 1), 1)?.remove(0);
        let mut value: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
        value["sighting_of_ref"] = instead.as_str().into();
        let body = value.to_string();
        let draft = |producer| vedetta_store::ItemDraft {
            id: &sighting,
            version: releases[0].version,
            producer,
            claim: vedetta_store::Claim::Own,
            clearance: releases[0].clearance,
            state: vedetta_store::ItemState::Live,
            actor: "peer",
            facts: "{}",
            body: body.as_bytes(),
        };
        let drafts = [releases[0].producer].into_iter().chain(beside.iter().copied()).map(draft);
        unit.place_items(&drafts.collect::<Vec<_>>())
    });
    let added = |it: &vedetta_store::Placement| matches!(it, vedetta_store::Placement::Added(_));
    assert!(written.unwrap().iter().all(added));
    let after = told(&outposts);
    assert_eq!(after, told(&opened()));
    assert_eq!(after.1.map(|it| it.map(|it| it.0)), [Some(1), Some(1)]);
    assert!(after.0 < before.0, "{before:?} {after:?}");
}

#[test]
fn a_sensor_hears_once_by_what_its_node_judges() {
    let node = node();
    let sensor = node.sensor("perugia");
    let hear = |has: &str| {
        let beat = Heartbeat { measures: has.into(), ..Heartbeat::default() };
        let orders = node.outposts.hear(&sensor, beat).unwrap();
        let said = serde_json::to_value(&orders).unwrap();
        assert_eq!(vedetta_schema::breaks("SensorOrders", &said), Vec::<String>::new());
        orders.measures
    };
    let first = hear("").unwrap();
    assert!(first.lists.is_empty() && first.decay == DecayTable::default());
    assert_eq!(hear(""), None, "it is taking them in");
    node.clock.advance(Duration::from_mins(10));
    assert_eq!(hear("").as_ref(), Some(&first), "the answer was lost");
    assert_eq!(hear(&first.digest), None);
    let list = br#"{"name":"Resolvers","version":1,"description":"","type":"cidr","list":["203.0.113.53"]}"#;
    let kept = vedetta_flow::actions::keep_warning_lists::KeptList {
        id: "resolvers".into(),
        text: list.to_vec(),
    };
    node.house.put_warning_list(&node.admin, kept).unwrap();
    node.outposts.forget_lists();
    let second = hear(&first.digest).unwrap();
    assert_eq!(second.lists, [std::str::from_utf8(list).unwrap()]);
    assert_eq!(hear(&second.digest), None);
}
