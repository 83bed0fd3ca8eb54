//! A peer that was let in and lies: what it says is heard by a whole house, and gains it nothing.

use std::time::Duration;

use serde_json::json;
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Acknowledgement, Envelope, Item, Removal, What, Withdrawal};
use vedetta_federation::exchange::{Signer, dispatch, take};
use vedetta_federation::frame::Batch;
use vedetta_federation::link::Taking;
use vedetta_federation::shelf::{Lane, Parcel};
use vedetta_model::{Handling, Instant, ItemId, Tlp};
use vedetta_policy::{Form, Passage};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// The country with a peer that lies: the national centre, Umbria, and an agency's node.
fn country() -> [Node; 3] {
    let [national, umbria, liar] =
        ["cnaipic", "cosc-umbria", "poli-cert"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    pair(&national, &liar);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liar)]);
    [national, umbria, liar]
}

/// Has a node say something to another, honestly sealed, whatever it says; what became of it: an
/// outcome, or the name of the refusal.
fn say(from: &Node, to: &Node, envelope: Envelope, passages: Vec<Passage>) -> String {
    say_marked(from, to, envelope, (passages, None))
}

fn say_marked(
    from: &Node,
    to: &Node,
    envelope: Envelope,
    (passages, tlp): (Vec<Passage>, Option<Tlp>),
) -> String {
    let (mesh, peer, now) = (from.house.mesh().unwrap(), id(to.name), from.house.now());
    let signer = Signer { node: &mesh.me, key: &mesh.key };
    let parcel = Parcel::Onward { envelope: Box::new(envelope), passages, tlp };
    let envelopes = dispatch(signer, &peer, vec![parcel], now);
    let batch = Batch {
        number: 1,
        lane: Lane::Live,
        span: Span { after: 0, upto: 1 },
        hash: digest(&[b"anything"]),
        envelopes,
    };
    let taking = Taking { batch: Box::new(batch), bookmark: Bookmark::default() };
    let trust = to.house.mesh().unwrap().trust.clone();
    let taken = take(&to.house, &trust, &id(from.name), taking, to.house.now()).unwrap();
    match (taken.refused.first(), taken.outcomes.first()) {
        (Some(refused), _) => refused.why.clone(),
        (None, outcome) => format!("{:?}", outcome.unwrap()).to_lowercase(),
    }
}

fn own(node: &Node, place: u64, what: What) -> Envelope {
    Envelope::unsealed(id(node.name), node.house.now(), place, what)
}

/// An item as a node brings it.
fn item(producer: &str, item: &TestItem, tlp: &str) -> Item {
    let conditions: Handling = serde_json::from_value(json!({
        "producer": producer, "category": "indicator", "tlp": tlp, "pap": "GREEN" }))
    .unwrap();
    let object = Object::new(item.json()).unwrap();
    Item { object, conditions, form: Form::Full, derived: None }
}

fn bring(from: &Node, to: &Node, brought: Item) -> String {
    say(from, to, own(from, 900, What::Item(Box::new(brought))), vec![])
}

fn withdraw(from: &Node, to: &Node, item: &ItemId) -> String {
    let withdrawal = Withdrawal { item: item.clone(), reason: "because".into() };
    say(from, to, own(from, 901, What::Withdrawal(withdrawal)), vec![])
}

fn clear(n: u32) -> TestItem {
    TestItem::indicator(n).tlp("CLEAR")
}

#[test]
fn a_derived_form_that_is_anothers_item_is_not_withdrawn_with_it() {
    let [national, umbria, liar] = country();
    let (local, theirs) = (clear(1), clear(2));
    national.bring("cnaipic", &[local.clone()]);
    umbria.bring("cosc-umbria", &[theirs.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    for (n, victim) in [(10, &local), (11, &theirs)] {
        let mut bait = item("poli-cert", &clear(n), "CLEAR");
        bait.derived = Some(victim.id());
        assert_eq!(bring(&liar, &national, bait), "new");
        assert_eq!(withdraw(&liar, &national, &clear(n).id()), "new");
        assert!(national.reads("terni", &victim.id()), "{}", victim.id());
    }
    let mut itself = item("poli-cert", &clear(12), "CLEAR");
    itself.derived = Some(clear(12).id());
    assert_eq!(bring(&liar, &national, itself), "not-redacted");
}

#[test]
fn a_redacted_form_is_handled_as_its_own_origin_says() {
    let [national, umbria, liar] = country();
    let derived = clear(3);
    let mut bait = item("poli-cert", &clear(10), "CLEAR");
    bait.derived = Some(derived.id());
    assert_eq!(bring(&liar, &national, bait), "new");
    let mut redacted = item("cosc-umbria", &TestItem::indicator(3).tlp("AMBER"), "AMBER");
    redacted.form = Form::Redacted;
    let by = json!({ "giver": "cosc-umbria", "right": "any", "under": "pro-c2si",
                     "root": "pro-c2si", "gives": "lineage" });
    let passages = vec![serde_json::from_value(by).unwrap()];
    let envelope = own(&umbria, 900, What::Item(Box::new(redacted)));
    assert_eq!(say(&umbria, &national, envelope, passages), "new");
    assert!(national.reads("cnaipic", &derived.id()));
    assert!(!national.reads("poli-cert", &derived.id()), "it is AMBER, not CLEAR");
}

#[test]
fn a_redacted_form_that_a_hop_marked_is_not_everyones() {
    let [national, umbria, _] = country();
    let mut redacted = item("cosc-umbria", &clear(4), "CLEAR");
    redacted.form = Form::Redacted;
    let envelope = own(&umbria, 900, What::Item(Box::new(redacted)));
    say_marked(&umbria, &national, envelope, (vec![], Some(Tlp::Red)));
    assert!(!national.reads("terni", &clear(4).id()));
}

#[test]
fn nobody_withdraws_what_another_brought_too() {
    let [national, umbria, liar] = country();
    let (before, after, local) = (clear(5), clear(6), clear(7));
    umbria.bring("cosc-umbria", &[before.clone()]);
    national.bring("cnaipic", &[local.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    bring(&liar, &national, item("poli-cert", &before, "CLEAR"));
    bring(&liar, &national, item("poli-cert", &local, "CLEAR"));
    // The liar is first with what it has read elsewhere.
    assert_eq!(bring(&liar, &national, item("poli-cert", &after, "CLEAR")), "new");
    umbria.bring("cosc-umbria", &[after.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    for item in [&before, &after, &local] {
        assert_eq!(withdraw(&liar, &national, &item.id()), "idle");
        assert!(national.reads("terni", &item.id()), "{}", item.id());
    }
    // And of what it brought alone it withdraws what it likes.
    assert_eq!(bring(&liar, &national, item("poli-cert", &clear(8), "CLEAR")), "new");
    assert_eq!(withdraw(&liar, &national, &clear(8).id()), "new");
    assert!(!national.reads("terni", &clear(8).id()));
}

#[test]
fn what_gave_way_withdraws_nothing() {
    let [national, umbria, liar] = country();
    let (ours, other) = (clear(9), clear(9).with("name", json!("something else")));
    umbria.bring("cosc-umbria", &[ours.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(bring(&liar, &national, item("poli-cert", &other, "CLEAR")), "lost");
    assert_eq!(withdraw(&liar, &national, &ours.id()), "idle");
    assert!(national.reads("terni", &ours.id()));
}

#[test]
fn nobody_takes_over_what_another_made() {
    let [national, umbria, liar] = country();
    let creator = |name: &str| json!(id(name).identity().as_str());
    let (local, theirs) = (clear(20), clear(21).with("created_by_ref", creator("terni")));
    national.bring("cnaipic", &[local.clone()]);
    umbria.bring("cosc-umbria", &[theirs.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let later = |it: &TestItem| it.clone().modified("2026-03-05T00:00:00.000Z");
    let revoked = |it: &TestItem| later(it).with("revoked", json!(true));
    let mine = |it: &TestItem| it.clone().with("created_by_ref", creator("poli-cert"));
    let lies = [
        mine(&local),
        mine(&later(&local)),
        mine(&revoked(&local)),
        later(&local),
        revoked(&local),
        mine(&theirs),
        mine(&later(&theirs)),
        mine(&revoked(&theirs)),
    ];
    for lie in &lies {
        assert_eq!(bring(&liar, &national, item("poli-cert", lie, "CLEAR")), "lost", "{lie:?}");
    }
    for (kept, name) in [(&local, "scanner 20"), (&theirs, "scanner 21")] {
        let read = national.house.item(&national.person("terni"), &kept.id()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&read.body).unwrap();
        assert_eq!((&value["name"], value.get("revoked")), (&json!(name), None));
    }
    let alarms = national.deeds().iter().filter(|deed| deed["why"].is_string()).count();
    assert_eq!(alarms, lies.len(), "each is kept in the history, with the reason");
}

#[test]
fn an_old_removal_removes_nobody_who_was_entered_anew() {
    let [national, umbria, _] = country();
    let removal = || What::Removal(Removal { organisation: id("terni") });
    let (old, first) = (own(&umbria, 900, removal()), own(&umbria, 901, removal()));
    let there = |node: &Node| node.house.standing().directory.organisation(&id("terni")).is_some();
    let terni = national.house.standing().directory.organisation(&id("terni")).unwrap().clone();
    assert_eq!(say(&umbria, &national, first, vec![]), "new");
    assert!(!there(&national));
    for node in [&national, &umbria] {
        node.clock.advance(Duration::from_secs(60));
    }
    let records = vedetta_directory::directory::Records {
        organisations: vec![vedetta_model::Organisation::clone(&terni)],
        ..vedetta_directory::directory::Records::default()
    };
    national.house.put_records(&national.administrator(), records).unwrap();
    assert_eq!(say(&umbria, &national, old, vec![]), "known");
    assert!(there(&national));
    umbria.clock.advance(Duration::from_secs(60));
    national.clock.advance(Duration::from_secs(60));
    let again = own(&umbria, 902, removal());
    assert_eq!(say(&umbria, &national, again, vec![]), "new");
    assert!(!there(&national));
}

#[test]
fn only_who_may_have_it_acknowledges_and_not_in_the_future() {
    let [national, umbria, liar] = country();
    let ours = TestItem::indicator(30).tlp("AMBER");
    national.bring("cnaipic", &[ours.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let seen = |organisation: &str, seen: Instant| {
        What::Acknowledgement(Acknowledgement {
            item: ours.id(),
            version: "2026-03-01T00:00:00.000Z".into(),
            organisation: id(organisation),
            seen,
            note: None,
        })
    };
    let now = national.house.now();
    let by = |node: &Node, at| say(node, &national, own(node, 900, seen(node.name, at)), vec![]);
    assert_eq!(by(&liar, now), "idle", "it was never cleared for it");
    assert_eq!(by(&umbria, "2099-01-01T00:00:00Z".parse().unwrap()), "idle");
    assert_eq!(by(&umbria, "2001-01-01T00:00:00Z".parse().unwrap()), "idle");
    assert_eq!(by(&umbria, now), "new");
}
