//! What took something from each holder: the agreement without which it does not have it, named to
//! its parties; others hear of themselves alone.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_flow::Step;
use vedetta_flow::views::lapses::{Cause, Lapsed};
use vedetta_flow::{DeliveryBatch, Door};
use vedetta_model::{Actor, Agreement, AgreementId, Audience, Organisation, Places, Role};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use super::lapses::{had_all, id, listed, stages, suspend, told};

fn agreement(id: &str) -> AgreementId {
    AgreementId::new(id).unwrap()
}

/// Puts an agreement in force under which one gives indicators to some.
fn gives(test: &TestHouse, (id, passes_on): (&str, &str), giver: &str, to: &[&str]) {
    let draft: Agreement = serde_json::from_value(json!({
        "id": id, "title": id, "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "giver", "organisations": [giver], "gives": ["indicator"],
              "receives": ["indicator"] },
            { "name": "takers", "organisations": to, "gives": ["indicator"], "receives": ["indicator"] },
        ],
        "handling": { "highest_tlp": "RED", "history": "none", "redistribution": passes_on },
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    step(test, id, &Step::PutInForce);
}

fn step(test: &TestHouse, id: &str, step: &Step) {
    test.house.step_agreement(&test.administrator(), &agreement(id), step).unwrap();
    test.clock.advance(Duration::from_secs(3_600));
}

/// What somebody was told, in order: of what, and how that stood.
fn heard(test: &TestHouse, organisation: &str) -> Vec<(String, Lapsed)> {
    let name = |cause| match cause {
        Cause::Agreement(id) => id.to_string(),
        Cause::Organisation(id) => id.to_string(),
    };
    let told = told(test, &test.person(organisation)).into_iter();
    told.map(|it| (name(it.cause), it.now)).collect()
}

fn said(all: &[(&str, Lapsed)]) -> Vec<(String, Lapsed)> {
    all.iter().map(|(of, now)| ((*of).to_owned(), *now)).collect()
}

#[test]
fn an_agreement_is_told_to_whom_it_gave_the_item_alone() {
    let test = TestHouse::small();
    gives(&test, ("first", "none"), "stranger", &["terni"]);
    gives(&test, ("second", "none"), "stranger", &["foligno"]);
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("stranger", &[item.clone()]);
    had_all(&test, "terni", Door::Taxii);
    had_all(&test, "foligno", Door::Taxii);
    step(&test, "first", &Step::End);
    test.house.tell_lapses().unwrap();
    step(&test, "second", &suspend());
    test.house.tell_lapses().unwrap();
    step(&test, "second", &Step::Resume);
    test.house.tell_lapses().unwrap();
    assert_eq!(heard(&test, "terni"), said(&[("first", Lapsed::Ended)]));
    let expected = [("second", Lapsed::Suspended), ("second", Lapsed::Restored)];
    assert_eq!(heard(&test, "foligno"), said(&expected));
    // Nobody learns by asking on what something rests of which it was not told.
    let terni = test.person("terni");
    assert_eq!(listed(&test, &terni, Cause::Agreement(agreement("second")), None), []);
    assert_eq!(listed(&test, &terni, Cause::Agreement(agreement("first")), None), [item.id()]);
}

#[test]
fn what_nobody_was_told_of_lists_nothing() {
    let test = TestHouse::small();
    gives(&test, ("upstream", "any"), "stranger", &["perugia"]);
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("stranger", &[item.clone()]);
    had_all(&test, "terni", Door::Taxii);
    step(&test, "upstream", &suspend());
    let (terni, admin) = (test.person("terni"), test.administrator());
    let upstream = || Cause::Agreement(agreement("upstream"));
    assert_eq!(listed(&test, &terni, upstream(), None), [], "it was not told yet");
    test.house.tell_lapses().unwrap();
    // It is no party, so it hears of itself alone, without the reason.
    assert_eq!(heard(&test, "terni"), said(&[("terni", Lapsed::Excluded)]));
    assert_eq!(told(&test, &terni)[0].reason, None);
    let link = told(&test, &terni)[0].items.clone();
    assert_eq!(link.as_deref(), Some("/api/v1/lapses/items?organisation=terni"));
    assert_eq!(listed(&test, &terni, upstream(), None), []);
    assert_eq!(listed(&test, &terni, Cause::Organisation(id("stranger")), None), []);
    assert_eq!(listed(&test, &terni, Cause::Organisation(id("terni")), None), [item.id()]);
    assert_eq!(listed(&test, &admin, upstream(), Some("terni")), [item.id()], "the room sees it");
    step(&test, "upstream", &Step::Resume);
    test.house.tell_lapses().unwrap();
    let expected = [("terni", Lapsed::Excluded), ("terni", Lapsed::Restored)];
    assert_eq!(heard(&test, "terni"), said(&expected));
    assert_eq!(listed(&test, &terni, Cause::Organisation(id("terni")), None), []);
}

#[test]
fn what_ended_while_another_carried_on_did_not_take_it() {
    let test = TestHouse::small();
    gives(&test, ("old", "none"), "stranger", &["terni"]);
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("stranger", &[item.clone()]);
    had_all(&test, "terni", Door::Taxii);
    gives(&test, ("new", "none"), "stranger", &["terni"]);
    step(&test, "old", &Step::End);
    assert_eq!(test.house.tell_lapses().unwrap(), 0, "it took nothing");
    step(&test, "new", &suspend());
    test.house.tell_lapses().unwrap();
    assert_eq!(heard(&test, "terni"), said(&[("new", Lapsed::Suspended)]));
    let terni = test.person("terni");
    assert_eq!(listed(&test, &terni, Cause::Agreement(agreement("new")), None), [item.id()]);
    step(&test, "new", &Step::Resume);
    test.house.tell_lapses().unwrap();
    let expected = [("new", Lapsed::Suspended), ("new", Lapsed::Restored)];
    assert_eq!(heard(&test, "terni"), said(&expected));
}

#[test]
fn whoever_loses_something_later_is_told_later() {
    let test = TestHouse::small();
    gives(&test, ("first", "none"), "stranger", &["terni", "foligno"]);
    test.bring("stranger", &[TestItem::indicator(1).tlp("AMBER")]);
    had_all(&test, "terni", Door::Taxii);
    had_all(&test, "foligno", Door::Taxii);
    gives(&test, ("second", "none"), "stranger", &["foligno"]);
    step(&test, "first", &suspend());
    test.house.tell_lapses().unwrap();
    assert_eq!((stages(&test, "terni").len(), stages(&test, "foligno").len()), (1, 0));
    step(&test, "second", &Step::End);
    test.house.tell_lapses().unwrap();
    assert_eq!(heard(&test, "terni"), said(&[("first", Lapsed::Suspended)]), "once");
    let expected = [("first", Lapsed::Suspended), ("second", Lapsed::Ended)];
    assert_eq!(heard(&test, "foligno"), said(&expected));
    assert_eq!(test.house.tell_lapses().unwrap(), 0);
}

#[test]
fn two_that_must_both_bind_are_both_told() {
    let test = TestHouse::small();
    gives(&test, ("first", "any"), "stranger", &["perugia"]);
    gives(&test, ("second", "none"), "perugia", &["client"]);
    test.bring("stranger", &[TestItem::indicator(1).tlp("AMBER+STRICT")]);
    had_all(&test, "client", Door::Taxii);
    step(&test, "first", &Step::End);
    step(&test, "second", &Step::End);
    test.house.tell_lapses().unwrap();
    // Of the first it is no party.
    let expected = [("client", Lapsed::Excluded), ("second", Lapsed::Ended)];
    let mut heard = heard(&test, "client");
    heard.sort();
    assert_eq!(heard, said(&expected));
}

/// The clients of the small network's client: whose client it is.
fn client_of(test: &TestHouse, providers: &[&str]) {
    let client: Organisation = serde_json::from_value(json!({
        "id": "client", "name": "Servizi di Perugia", "kind": "operator", "client_of": providers,
    }))
    .unwrap();
    let records = Records { organisations: vec![client], ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    test.clock.advance(Duration::from_secs(3_600));
}

#[test]
fn whoever_is_excluded_is_told_each_time_whatever_lapsed_before() {
    let test = TestHouse::small();
    client_of(&test, &["perugia", "stranger"]);
    gives(&test, ("long-ended", "none"), "cosc-umbria", &["perugia"]);
    let [one, other] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    test.bring("cosc-umbria", &[one.clone()]);
    step(&test, "long-ended", &Step::End);
    gives(&test, ("second", "none"), "cnaipic", &["stranger"]);
    test.bring("cnaipic", &[other.clone()]);
    had_all(&test, "client", Door::Taxii);
    assert_eq!(test.house.tell_lapses().unwrap(), 0);
    client_of(&test, &["stranger"]);
    test.house.tell_lapses().unwrap();
    let excluded = ("client", Lapsed::Excluded);
    assert_eq!(heard(&test, "client"), said(&[excluded]));
    let own = || Cause::Organisation(id("client"));
    assert_eq!(listed(&test, &test.person("client"), own(), None), [one.id()]);
    client_of(&test, &[]);
    test.house.tell_lapses().unwrap();
    assert_eq!(heard(&test, "client"), said(&[excluded, excluded]));
    assert_eq!(listed(&test, &test.person("client"), own(), None), [one.id(), other.id()]);
    let again = TestHouse::over(Arc::clone(&test.store));
    again.clock.set("2026-03-09T08:00:00Z");
    assert_eq!(again.house.tell_lapses().unwrap(), 0, "it is kept what was told");
}

#[test]
fn a_receipt_that_comes_after_the_lapse_is_told_too() {
    let test = TestHouse::small();
    gives(&test, ("first", "none"), "stranger", &["terni"]);
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("stranger", &[item.clone()]);
    test.clock.advance(Duration::from_secs(3_600));
    let place = test.house.item(&test.person("terni"), &item.id()).unwrap().stamp.seq.0;
    step(&test, "first", &suspend());
    assert_eq!(test.house.tell_lapses().unwrap(), 0, "nobody holds it");
    assert!(!test.house.lapses_wait());
    let terni = test.house.standing().directory.number(&id("terni")).unwrap();
    let (audience, at) = (Audience::from_iter([terni]), test.house.now());
    let releases = Places::between(place, place);
    let batch = DeliveryBatch { releases, door: Door::Stream, at, audience };
    test.house.record_deliveries(vec![batch]).unwrap();
    assert!(test.house.lapses_wait(), "somebody is to be looked for");
    assert_eq!(test.house.tell_lapses().unwrap(), 1);
    assert_eq!(heard(&test, "terni"), said(&[("first", Lapsed::Suspended)]));
}

#[test]
fn what_is_for_named_persons_is_listed_to_no_other() {
    let test = TestHouse::small();
    gives(&test, ("first", "none"), "stranger", &["terni"]);
    let red = TestItem::indicator(1).tlp("RED").handled("named", json!(["terni"]));
    let amber = TestItem::indicator(2).tlp("AMBER");
    assert_eq!(test.bring("stranger", &[red.clone(), amber.clone()]).accepted.len(), 2);
    had_all(&test, "terni", Door::Taxii);
    step(&test, "first", &suspend());
    test.house.tell_lapses().unwrap();
    let cause = || Cause::Agreement(agreement("first"));
    assert_eq!(listed(&test, &test.person("terni"), cause(), None), [red.id(), amber.id()]);
    assert_eq!(listed(&test, &test.machine("terni"), cause(), None), [amber.id()]);
    let token = Actor { roles: [Role::Machine].into(), ..test.person("terni") };
    assert_eq!(
        listed(&test, &token, cause(), None),
        [amber.id()],
        "what the person gave a machine"
    );
    let room = test.administrator();
    assert_eq!(listed(&test, &room, cause(), Some("terni")), [amber.id()]);
}

#[test]
fn the_clients_of_an_adherent_are_told_once_whatever_else_lapses() {
    let test = TestHouse::small();
    let put = |draft: serde_json::Value| {
        let draft: Agreement = serde_json::from_value(draft).unwrap();
        test.house.put_draft(&test.administrator(), &draft).unwrap();
        step(&test, draft.id.as_str(), &Step::PutInForce);
    };
    let term = json!({ "from": "2026-01-01", "until": "2028-12-31" });
    put(json!({
        "id": "open", "title": "open", "term": term, "party": [
            { "name": "giver", "organisations": ["stranger"], "gives": ["indicator"] },
            { "name": "towns", "select": { "kinds": ["municipality"], "adhesion": "required" },
              "receives": ["indicator"] },
        ],
    }));
    put(json!({
        "id": "joined", "title": "joined", "term": term, "parent": "open",
        "adhesion": { "party": "towns", "organisation": "perugia" },
    }));
    gives(&test, ("other", "none"), "stranger", &["terni"]);
    test.bring("stranger", &[TestItem::indicator(1).tlp("AMBER")]);
    had_all(&test, "client", Door::Taxii);
    for (id, next) in [("joined", Step::End), ("other", suspend()), ("other", Step::Resume)] {
        step(&test, id, &next);
        test.house.tell_lapses().unwrap();
        assert_eq!(heard(&test, "client"), said(&[("client", Lapsed::Excluded)]), "{next:?}");
    }
}

#[test]
fn what_binds_again_is_owed_to_nobody_where_there_is_no_other_node() {
    let test = TestHouse::small();
    test.bring("perugia", &[TestItem::indicator(1).tlp("AMBER")]);
    step(&test, "act", &suspend());
    step(&test, "act", &Step::Resume);
    let before = test.house.bell().last();
    assert!(!test.house.offer_again().unwrap());
    assert_eq!(test.house.bell().last(), before, "nothing is written for nobody");
    assert_eq!(test.house.read(|reader| reader.bookmark("offered-again")).unwrap().unwrap(), b"[]");
}
