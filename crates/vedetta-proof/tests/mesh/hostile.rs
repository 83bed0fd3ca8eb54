//! A peer that was let in and lies: what it says is heard by a whole house, and gains it nothing.

use std::time::Duration;

use serde_json::json;
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{
    Acknowledgement, Envelope, Item, Removal, SignedAgreement, StandingNotice, Stands, What,
    Withdrawal,
};
use vedetta_federation::exchange::{Signer, dispatch, take};
use vedetta_federation::frame::Batch;
use vedetta_federation::link::Taking;
use vedetta_federation::shelf::{Lane, Parcel};
use vedetta_model::agreement::Stage;
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
    let passages = passages.into();
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

/// A text that selects the regional centres, between two nodes of the liar's.
fn forged(liar: &Node, revision: u32, parties: serde_json::Value) -> SignedAgreement {
    let mut text = super::network::agreement("forged", None, ("named", "any"), &parties);
    text.stage = Stage::Draft;
    let mut signed = SignedAgreement { text, revision, signatures: vec![] };
    let mesh = liar.house.mesh().unwrap();
    let digest = signed.digest();
    signed.signatures.push((mesh.me.clone(), mesh.key.sign(digest.octets())));
    signed
}

fn propose(from: &Node, to: &Node, signed: &SignedAgreement) -> String {
    say(from, to, own(from, 900, What::Agreement(Box::new(signed.clone()))), vec![])
}

#[test]
fn a_text_that_selects_others_binds_nobody_until_their_nodes_have_signed_it() {
    let [national, umbria, liar] = country();
    let secret = TestItem::indicator(40).tlp("AMBER");
    umbria.bring("cosc-umbria", &[secret.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let all = json!(["indicator", "incident", "early-warning"]);
    let kinds = ["regional-centre", "national-centre"];
    let selects = json!({ "kinds": kinds, "adhesion": "not-needed" });
    let parties = json!([
        { "name": "us", "organisations": ["poli-cert"], "gives": all, "receives": all },
        { "name": "them", "select": selects, "gives": all,
          "receives": all },
    ]);
    let text = forged(&liar, 1, parties);
    assert_eq!(propose(&liar, &national, &text), "new");
    let stage = |node: &Node| {
        let standing = node.house.standing();
        standing.network.agreement(&text.text.id).map(|it| it.stage.name().to_owned())
    };
    assert_eq!(stage(&national).as_deref(), Some("draft"));
    let needed = national.house.mesh().unwrap().signatories(&text.text);
    assert_eq!(needed, ["cnaipic", "cosc-umbria", "poli-cert"].map(id).into());
    national.house.clear_newcomers().unwrap();
    assert!(!national.reads("poli-cert", &secret.id()));
}

#[test]
fn a_text_is_written_anew_by_its_parties_alone_and_never_what_was_written_here() {
    let [national, umbria, liar] = country();
    let two = |one: &str, other: &str| {
        json!([
            { "name": "one", "organisations": [one], "gives": ["awareness"] },
            { "name": "two", "organisations": [other], "receives": ["awareness"] },
        ])
    };
    let honest = forged(&umbria, 1, two("cosc-umbria", "cnaipic"));
    assert_eq!(propose(&umbria, &national, &honest), "new");
    let by = national.administrator();
    let known = |node: &Node| node.house.signed_agreement(&by, &honest.text.id).unwrap();
    assert_eq!(propose(&liar, &national, &forged(&liar, 2, two("poli-cert", "cnaipic"))), "idle");
    let far = forged(&umbria, u32::MAX, two("cosc-umbria", "cnaipic"));
    assert_eq!(propose(&umbria, &national, &far), "idle");
    assert_eq!(known(&national), honest);
    national.house.accept_agreement(&by, &honest.text.id, &honest.digest()).unwrap();
    let in_force = known(&national);
    let later = forged(&umbria, 2, two("cosc-umbria", "terni"));
    assert_eq!(propose(&umbria, &national, &later), "known");
    assert_eq!(known(&national), in_force, "what binds is the text that was signed");
    // A draft that an administrator here is still writing.
    let mut mine = forged(&umbria, 1, two("cnaipic", "cosc-umbria")).text;
    mine.id = "mine".parse().unwrap();
    national.house.put_draft(&by, &mine).unwrap();
    let mut theirs = forged(&umbria, 1, two("cosc-umbria", "cnaipic"));
    theirs.text.id = "mine".parse().unwrap();
    theirs.signatures.clear();
    let mesh = umbria.house.mesh().unwrap();
    theirs.signatures.push((mesh.me.clone(), mesh.key.sign(theirs.digest().octets())));
    assert_eq!(propose(&umbria, &national, &theirs), "known");
    let standing = national.house.standing();
    assert_eq!(standing.network.agreement(&mine.id).unwrap().parties, mine.parties);
}

#[test]
fn nobody_has_the_last_word_on_an_agreement_by_a_revision_that_none_reaches() {
    let [national, umbria, _] = country();
    let standing = |revision, now| {
        What::Standing(StandingNotice {
            agreement: "pro-c2si".parse().unwrap(),
            revision,
            now,
            since: umbria.house.now(),
            reason: None,
        })
    };
    let says = |what| say(&umbria, &national, own(&umbria, 900, what), vec![]);
    assert_eq!(says(standing(u64::MAX, Stands::InForce)), "idle");
    let suspend = vedetta_flow::Step::Suspend { reason: "review".into() };
    let (by, act) = (national.administrator(), "pro-c2si".parse().unwrap());
    national.house.step_agreement(&by, &act, &suspend).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    let stage = umbria.house.standing().network.agreement(&act).unwrap().stage.name().to_owned();
    assert_eq!(stage, "suspended");
}
