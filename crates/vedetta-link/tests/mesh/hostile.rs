//! A peer that was let in and lies: what it says is heard by a whole house, and gains it nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::cards::GRACE;
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{
    Acknowledgement, Envelope, Item, Presence, Removal, SignedAgreement, StandingNotice, Stands,
    What, Withdrawal,
};
use vedetta_federation::exchange::{Signer, dispatch, take, take_waiting};
use vedetta_federation::frame::Batch;
use vedetta_federation::key::SecretKey;
use vedetta_federation::limits::{CHANGE, CHANGES};
use vedetta_federation::link::{Taken, Taking};
use vedetta_federation::shelf::{Lane, Outcome, Parcel, Shelf as _};
use vedetta_federation::waiting::{MOST_WAITING, PATIENCE};
use vedetta_mesh::OldKey;
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, Handling, Instant, ItemId, Role, Tlp};
use vedetta_policy::{Form, Passage};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, id, party};
use super::wire::{Wire, pair, settle};

/// The country with a peer that lies: the national centre, Umbria, and an agency's node.
pub(super) fn country() -> [Node; 3] {
    of(agreements)
}

fn of(held: impl Fn() -> Vec<Agreement>) -> [Node; 3] {
    let [national, umbria, liar] =
        ["cnaipic", "cosc-umbria", "poli-cert"].map(|name| Node::new(name, held()));
    pair(&national, &umbria);
    pair(&national, &liar);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liar)]);
    [national, umbria, liar]
}

/// Has a node say something to another, honestly sealed, whatever it says; what became of it: an
/// outcome, or the name of the refusal.
pub(super) fn say(from: &Node, to: &Node, envelope: Envelope, passages: Vec<Passage>) -> String {
    say_marked(from, to, envelope, (passages, None))
}

/// The same at the moment that it is there, though something was said at that already.
pub(super) fn say_at(from: &Node, to: &Node, envelope: Envelope) -> String {
    told(&taken_at(from, to, vec![envelope], (vec![], None)))
}

fn told(taken: &Taken) -> String {
    match (taken.refused.first(), taken.outcomes.first()) {
        (Some(refused), _) => refused.why.clone(),
        (None, outcome) => format!("{:?}", outcome.unwrap()).to_lowercase(),
    }
}

fn say_marked(
    from: &Node,
    to: &Node,
    envelope: Envelope,
    (passages, tlp): (Vec<Passage>, Option<Tlp>),
) -> String {
    told(&taken(from, to, vec![envelope], (passages, tlp)))
}

/// Each time at another moment: who sends again seals again.
pub(super) fn taken(
    from: &Node,
    to: &Node,
    envelopes: Vec<Envelope>,
    given: (Vec<Passage>, Option<Tlp>),
) -> Taken {
    from.clock.advance(Duration::from_micros(1));
    taken_at(from, to, envelopes, given)
}

fn taken_at(
    from: &Node,
    to: &Node,
    envelopes: Vec<Envelope>,
    (passages, tlp): (Vec<Passage>, Option<Tlp>),
) -> Taken {
    let (mesh, peer, now) = (from.house.mesh().unwrap(), id(to.name), from.house.now());
    let signer = Signer { node: &mesh.me, key: &mesh.key };
    let parcel = |it| {
        let (envelope, passages) = (Box::new(it), passages.clone().into());
        Parcel::Onward { envelope, passages, tlp }
    };
    let parcels = envelopes.into_iter().map(parcel).collect();
    let envelopes = dispatch(signer, &peer, parcels, now);
    let batch = Batch {
        number: 1,
        lane: Lane::Live,
        span: Span { after: 0, upto: 1 },
        hash: digest(&[b"anything"]),
        envelopes,
    };
    let taking = Taking { batch: Box::new(batch), bookmark: Bookmark::default() };
    let trust = to.house.mesh().unwrap().trust.clone();
    take(&to.nodes, &trust, &id(from.name), taking, to.house.now()).unwrap()
}

pub(super) fn own(node: &Node, place: u64, what: What) -> Envelope {
    Envelope::unsealed(id(node.name), node.house.now(), place, what)
}

/// An item as a node brings it.
pub(super) fn item(producer: &str, item: &TestItem, tlp: &str) -> Item {
    let conditions: Handling = serde_json::from_value(json!({
        "producer": producer, "category": "indicator", "tlp": tlp, "pap": "GREEN" }))
    .unwrap();
    let object = Object::new(item.json()).unwrap();
    Item { object, conditions, form: Form::Full, derived: None }
}

pub(super) fn bring(from: &Node, to: &Node, brought: Item) -> String {
    say(from, to, own(from, 900, What::Item(Box::new(brought))), vec![])
}

pub(super) fn withdraw(from: &Node, to: &Node, item: &ItemId) -> String {
    withdraw_of(from, to, (item, None))
}

pub(super) fn withdraw_of(
    from: &Node,
    to: &Node,
    (item, producer): (&ItemId, Option<&str>),
) -> String {
    let (item, producer) = (item.clone(), producer.map(id));
    let withdrawal = Withdrawal { item, producer, reason: "because".into() };
    say(from, to, own(from, 901, What::Withdrawal(withdrawal)), vec![])
}

pub(super) fn clear(n: u32) -> TestItem {
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
        let mut bait = item("poli-cert", &clear(n + 10), "CLEAR");
        bait.derived = Some(victim.id());
        assert_eq!(bring(&liar, &national, bait), "new");
        let officer = Actor { roles: [Role::DutyOfficer].into(), ..national.administrator() };
        national.house.withdraw(&officer, &clear(n + 10).id(), "a lie").unwrap();
        assert!(national.reads("terni", &victim.id()), "{}", victim.id());
    }
    let mut itself = item("poli-cert", &clear(12), "CLEAR");
    itself.derived = Some(clear(12).id());
    assert_eq!(bring(&liar, &national, itself), "not-redacted");
}

#[test]
fn nobody_gets_as_a_derived_form_what_is_anothers() {
    let agencies = json!([party("centre", &["cnaipic"]), party("agencies", &["poli-cert"])]);
    let agencies = agreement("agencies", None, ("hidden", "none"), &agencies);
    let held = || [agreements(), vec![agencies.clone()]].concat();
    let [national, umbria, liar] = of(held);
    // The liar has the form of one of them, and may give it to nobody.
    let about = TestItem::incident(1, "an intrusion")
        .tlp("AMBER+STRICT")
        .handled("victim_refs", json!([id("perugia").identity()]))
        .handled("only_under", json!(["agencies"]));
    let red = TestItem::indicator(2).tlp("RED").with("name", json!("for the room alone"));
    let amber = TestItem::indicator(3).tlp("AMBER");
    national.bring("cnaipic", &[about, red.clone(), amber.clone()]);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let read = national.read_by("poli-cert");
    let form = read.iter().find(|body| body.contains("an intrusion")).unwrap();
    let form: serde_json::Value = serde_json::from_str(form).unwrap();
    let form = ItemId::new(form["id"].as_str().unwrap()).unwrap();
    let baits: Vec<_> = (10..).zip([form, red.id(), amber.id()]).collect();
    for (n, named) in &baits {
        let mut bait = item("poli-cert", &clear(*n), "CLEAR");
        bait.conditions.victims = [id("poli-cert")].into();
        bait.derived = Some(named.clone());
        assert_eq!(bring(&liar, &national, bait), "new");
    }
    national.house.clear_newcomers().unwrap();
    settle(&mut wires);
    for (_, named) in &baits[..2] {
        assert!(!national.reads("terni", named), "{named}");
    }
    let told = ["an intrusion", "for the room alone"];
    assert!(!wires[0].seen.iter().any(|frame| told.iter().any(|it| frame.contains(it))));
    let (last, officer) = (clear(12).id(), national.administrator());
    assert!(national.reads("cosc-umbria", &amber.id()));
    assert!(!national.house.explain_any(&last, &id("cosc-umbria")).unwrap().allowed);
    assert_eq!(national.house.holders_of(&officer, &last).unwrap().holders, []);
}

#[test]
fn nothing_is_the_derived_form_of_what_another_brought() {
    let [national, _, liar] = country();
    let ours = TestItem::indicator(3).tlp("AMBER");
    national.bring("cnaipic", &[ours.clone()]);
    let mut full = item("poli-cert", &TestItem::indicator(3).tlp("RED"), "RED");
    full.derived = Some(clear(4).id());
    let mut form = item("poli-cert", &TestItem::indicator(4).tlp("RED"), "RED");
    form.form = Form::Redacted;
    let both = [full, form].map(|it| own(&liar, 900, What::Item(Box::new(it))));
    assert!(taken(&liar, &national, both.into(), (vec![], None)).refused.is_empty());
    let umbria = id("cosc-umbria");
    assert!(national.house.explain_any(&ours.id(), &umbria).unwrap().allowed);
    let of_form = national.house.explain_any(&clear(4).id(), &umbria);
    assert!(!of_form.is_ok_and(|it| it.allowed), "who reads ours reads none of theirs");
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

/// How many envelopes of a peer wait.
fn waiting(node: &Node, peer: &str) -> usize {
    let peers = node.nodes.peers(&node.administrator()).unwrap();
    peers.iter().find(|it| it.organisation == id(peer)).unwrap().waiting
}

#[test]
fn what_may_pass_later_waits_and_holds_up_nothing() {
    let [national, umbria, _] = country();
    let brought = |n, producer| {
        let what = What::Item(Box::new(item(producer, &clear(n), "CLEAR")));
        own(&umbria, u64::from(n), what)
    };
    let span = Span { after: 0, upto: 1 };
    for n in 40..45 {
        let taken = taken(&umbria, &national, vec![brought(n, "genova")], (vec![], None));
        assert_eq!(taken.refused[0].why, "not-speaking");
        assert!(taken.bookmark.has(span), "it is entered all the same");
    }
    let waiting = || waiting(&national, "cosc-umbria");
    let retry = || {
        let (trust, now) = (national.house.mesh().unwrap().trust.clone(), national.house.now());
        take_waiting(&national.nodes, &trust, &id("cosc-umbria"), now).unwrap()
    };
    assert_eq!((waiting(), retry()), (5, None));
    assert!(!national.reads("terni", &clear(40).id()));
    // What comes after it is read meanwhile, and it is itself once its producer is accepted.
    assert_eq!(say(&umbria, &national, brought(46, "perugia"), vec![]), "new");
    let mut terms = umbria.terms();
    terms.serves.organisations = [id("genova")].into();
    national.nodes.set_link_terms(&national.administrator(), &id("cosc-umbria"), &terms).unwrap();
    assert_eq!(retry().unwrap().outcomes.len(), 5);
    assert!(national.reads("terni", &clear(44).id()) && waiting() == 0);
    // What never passes is given up.
    assert_eq!(say(&umbria, &national, brought(47, "poli-cert"), vec![]), "not-speaking");
    national.clock.advance(PATIENCE);
    assert_eq!(retry().unwrap().refused[0].why, "not-speaking");
    assert_eq!(waiting(), 0);
}

#[test]
fn the_room_to_wait_is_bounded_and_what_finds_none_comes_again() {
    let [national, umbria, _] = country();
    let brought = |n| {
        let what = What::Item(Box::new(item("genova", &clear(n), "CLEAR")));
        own(&umbria, u64::from(n), what)
    };
    let many = (0..u32::try_from(MOST_WAITING).unwrap()).map(brought).collect();
    let span = Span { after: 0, upto: 1 };
    assert!(taken(&umbria, &national, many, (vec![], None)).bookmark.has(span));
    let bookmark = || national.nodes.bookmark(&id("cosc-umbria")).unwrap();
    let retry = || {
        let (trust, now) = (national.house.mesh().unwrap().trust.clone(), national.house.now());
        take_waiting(&national.nodes, &trust, &id("cosc-umbria"), now).unwrap()
    };
    let waiting = waiting(&national, "cosc-umbria");
    assert!(waiting < MOST_WAITING / 2 && retry().is_none() && bookmark().has(span));
    // Its producer is accepted: what waited is read, and the rest is asked for again.
    let mut terms = umbria.terms();
    terms.serves.organisations = [id("genova")].into();
    national.nodes.set_link_terms(&national.administrator(), &id("cosc-umbria"), &terms).unwrap();
    let retried = retry().unwrap();
    assert!(retried.opened && retried.outcomes.len() == waiting && !bookmark().has(span));
}

#[test]
fn a_room_full_of_items_keeps_no_notice_out() {
    let [national, umbria, _] = country();
    let brought = |n| {
        let what = What::Item(Box::new(item("genova", &clear(n), "CLEAR")));
        own(&umbria, u64::from(n), what)
    };
    let many = (0..u32::try_from(MOST_WAITING).unwrap()).map(brought).collect();
    taken(&umbria, &national, many, (vec![], None));
    // What tells how things stand waits beside them, and so does what only came too soon.
    let presence = Presence {
        organisation: id("genova"),
        on_duty: 1,
        until: national.house.now().after(Duration::from_secs(60)),
    };
    let said = own(&umbria, 9_000, What::Presence(presence));
    let before = waiting(&national, "cosc-umbria");
    taken(&umbria, &national, vec![said], (vec![], None));
    assert_eq!(waiting(&national, "cosc-umbria"), before + 1);
    for revision in 1..=CHANGES + 2 {
        let now = if revision % 2 == 1 { Stands::Suspended } else { Stands::InForce };
        let word = vec![word(&umbria, "umbria", revision, now)];
        taken(&umbria, &national, word, (vec![], None));
    }
    assert_eq!(waiting(&national, "cosc-umbria"), before + 2, "the last word");
}

#[test]
fn what_is_small_compiles_nothing_anew() {
    let [national, umbria, _] = country();
    let items = [clear(5), clear(6)];
    umbria.bring("cosc-umbria", &items);
    settle(&mut [Wire::between(&national, &umbria)]);
    let before = national.house.standing();
    let until = national.house.now().after(Duration::from_secs(60));
    let presence = Presence { organisation: id("cosc-umbria"), on_duty: 1, until };
    say(&umbria, &national, own(&umbria, 900, What::Presence(presence)), vec![]);
    assert_eq!(withdraw(&umbria, &national, &items[0].id()), "new");
    let after = national.house.standing();
    assert_eq!(after.compiled, before.compiled, "who may receive what is the same");
    assert!(Arc::ptr_eq(&after.network, &before.network));
    // How an agreement stands is compiled; who is in the network is not read again.
    let suspended = word(&umbria, "umbria", 1, Stands::Suspended);
    assert_eq!(taken(&umbria, &national, vec![suspended], (vec![], None)).outcomes, [Outcome::New]);
    let after = national.house.standing();
    assert!(after.compiled > before.compiled && Arc::ptr_eq(&after.directory, &before.directory));
}

#[test]
fn how_fast_the_agreements_share_is_not_how_long_a_link_was_down() {
    let [national, umbria, _] = country();
    let by = national.administrator();
    let count = || {
        let all = national.nodes.arriving(&by).unwrap();
        all.iter().map(|it| it.share.count).sum::<u64>()
    };
    umbria.bring("cosc-umbria", &[clear(5).tlp("AMBER")]);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert_eq!(count(), 0, "it was missed while there was no link");
    umbria.bring("cosc-umbria", &[clear(6).tlp("AMBER")]);
    settle(&mut wires);
    assert_eq!(count(), 1);
    drop(wires);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(count(), 1, "nothing is counted twice");
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
        assert_eq!(withdraw(&liar, &national, &item.id()), "new", "others hear of it");
        assert!(national.reads("terni", &item.id()), "{}", item.id());
    }
    // And of what it brought alone it withdraws what it likes.
    assert_eq!(bring(&liar, &national, item("poli-cert", &clear(8), "CLEAR")), "new");
    assert_eq!(withdraw(&liar, &national, &clear(8).id()), "new");
    assert!(!national.reads("terni", &clear(8).id()));
}

#[test]
fn who_brings_the_same_identifier_withdraws_nothing_of_anothers() {
    let [national, umbria, liar] = country();
    let (ours, other) = (clear(9), clear(9).with("name", json!("something else")));
    umbria.bring("cosc-umbria", &[ours.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(bring(&liar, &national, item("poli-cert", &other, "CLEAR")), "new");
    assert_eq!(withdraw(&liar, &national, &ours.id()), "new", "others hear of it");
    assert_eq!(withdraw(&liar, &national, &ours.id()), "idle", "once");
    assert!(national.reads("terni", &ours.id()));
}

#[test]
fn nobody_takes_over_what_another_names_as_its_own() {
    let [national, umbria, liar] = country();
    let creator = |name: &str| json!(id(name).identity().as_str());
    let theirs = clear(21).with("created_by_ref", creator("terni"));
    umbria.bring("terni", &[theirs.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let later = |it: &TestItem, n| it.clone().modified(&format!("2026-03-0{n}T00:00:00.000Z"));
    let lie = |it: TestItem| it.with("name", json!("a lie"));
    let mine = |it: TestItem| it.with("created_by_ref", creator("poli-cert"));
    let revoked = |it: TestItem| it.with("revoked", json!(true));
    let given = || {
        let start = vedetta_flow::Sequence::START;
        let wish = vedetta_flow::Wish::all(start, vedetta_flow::VersionFilter::Last);
        let page = national.house.page(&national.person("genova"), &wish).unwrap();
        let name = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap();
        page.items.iter().map(|it| name(&it.body)["name"].take()).collect::<Vec<_>>()
    };
    let one = || {
        let read = national.house.item(&national.person("genova"), &theirs.id()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&read.body).unwrap()["name"].take()
    };
    let lies = [lie(theirs.clone()), lie(later(&theirs, 3)), revoked(lie(later(&theirs, 4)))];
    for lie in &lies {
        assert_eq!(bring(&liar, &national, item("poli-cert", lie, "CLEAR")), "new", "{lie:?}");
        assert_eq!(given(), ["scanner 21", "a lie"], "it is given beside, and hides nothing");
        assert_eq!(one(), "scanner 21");
    }
    // So is who calls himself its creator too: who asks for one is shown his, until it revokes itself.
    let own = mine(lie(later(&theirs, 5)));
    assert_eq!(bring(&liar, &national, item("poli-cert", &own, "CLEAR")), "new");
    assert_eq!(given(), ["scanner 21", "a lie"]);
    assert_eq!(one(), "a lie");
    let over = mine(revoked(lie(later(&theirs, 6))));
    assert_eq!(bring(&liar, &national, item("poli-cert", &over, "CLEAR")), "new");
    assert_eq!(given(), ["scanner 21", "a lie"], "it revokes its own");
    assert_eq!(one(), "scanner 21", "what says something");
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
            producer: None,
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
pub(super) fn forged(liar: &Node, revision: u32, parties: serde_json::Value) -> SignedAgreement {
    let mut text = super::network::agreement("forged", None, ("named", "any"), &parties);
    text.stage = Stage::Draft;
    let mut signed = SignedAgreement { text: text.into(), revision, signatures: vec![] };
    let mesh = liar.house.mesh().unwrap();
    let digest = signed.digest();
    signed.signatures.push((mesh.me.clone(), mesh.key.sign(digest.octets())));
    signed
}

pub(super) fn propose(from: &Node, to: &Node, signed: &SignedAgreement) -> String {
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
    let needed = vedetta_mesh::signatories(&national.house.mesh().unwrap(), &text.text);
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
    let known = |node: &Node| node.nodes.signed_agreement(&by, &honest.text.id).unwrap();
    assert_eq!(propose(&liar, &national, &forged(&liar, 2, two("poli-cert", "cnaipic"))), "idle");
    let far = forged(&umbria, u32::MAX, two("cosc-umbria", "cnaipic"));
    assert_eq!(propose(&umbria, &national, &far), "idle");
    assert_eq!(known(&national), honest);
    national.nodes.accept_agreement(&by, &honest.text.id, &honest.digest()).unwrap();
    let in_force = known(&national);
    let later = forged(&umbria, 2, two("cosc-umbria", "terni"));
    assert_eq!(propose(&umbria, &national, &later), "known");
    assert_eq!(known(&national), in_force, "what binds is the text that was signed");
    // A draft that an administrator here is still writing.
    let mut mine = Agreement::clone(&forged(&umbria, 1, two("cnaipic", "cosc-umbria")).text);
    mine.id = "mine".parse().unwrap();
    national.house.put_draft(&by, &mine).unwrap();
    let mut theirs = forged(&umbria, 1, two("cosc-umbria", "cnaipic"));
    theirs.text = Agreement { id: mine.id.clone(), ..Agreement::clone(&theirs.text) }.into();
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

/// The word of a node on an agreement.
pub(super) fn word(node: &Node, agreement: &str, revision: u64, now: Stands) -> Envelope {
    let (agreement, since) = (agreement.parse().unwrap(), node.house.now());
    let notice = StandingNotice { agreement, revision, now, since, reason: None };
    own(node, 950 + revision.min(10), What::Standing(notice))
}

/// The national centre without the text of Umbria's act, Umbria, and a liar that is no party to it.
pub(super) fn without_the_text() -> [Node; 3] {
    let held = |some: &[&str]| {
        agreements().into_iter().filter(|it| some.contains(&it.id.as_str())).collect()
    };
    let national = Node::new("cnaipic", held(&["pro-c2si"]));
    let umbria = Node::new("cosc-umbria", held(&["pro-c2si", "umbria"]));
    let liar = Node::new("poli-cert", held(&["pro-c2si"]));
    pair(&national, &umbria);
    pair(&national, &liar);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liar)]);
    [national, umbria, liar]
}

#[test]
fn of_an_unknown_agreement_those_are_heard_who_gave_what_rests_on_it() {
    let [national, umbria, liar] = without_the_text();
    let item = TestItem::indicator(60).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
    for now in [Stands::Suspended, Stands::Expired] {
        for revision in [1, 1_000, u64::MAX] {
            national.clock.advance(Duration::from_secs(CHANGE));
            let said = say(&liar, &national, word(&liar, "umbria", revision, now), vec![]);
            assert_eq!(said, "idle");
            assert!(national.reads("cnaipic", &item.id()));
        }
    }
    let theirs =
        |revision, now| say(&umbria, &national, word(&umbria, "umbria", revision, now), vec![]);
    assert_eq!(theirs(1, Stands::Suspended), "new");
    assert!(!national.reads("cnaipic", &item.id()));
    assert_eq!(say(&liar, &national, word(&liar, "umbria", 2, Stands::InForce), vec![]), "idle");
    assert!(!national.reads("cnaipic", &item.id()), "only who suspended it resumes it");
    assert_eq!(theirs(u64::MAX, Stands::InForce), "idle", "nobody skips ahead");
    assert_eq!(theirs(2, Stands::InForce), "new");
    assert!(national.reads("cnaipic", &item.id()));
}

#[test]
fn a_word_that_comes_before_what_rests_on_its_agreement_counts_for_it() {
    let [national, umbria, liar] = without_the_text();
    let early =
        |node: &Node| say(node, &national, word(node, "umbria", 1, Stands::Suspended), vec![]);
    assert_eq!([early(&umbria), early(&liar)], ["idle", "idle"]);
    let bring = |n: u32, act: &str| {
        let brought = TestItem::indicator(n).tlp("AMBER");
        let by = json!({ "giver": "cosc-umbria", "right": { "lineages": ["pro-c2si"] },
            "under": "pro-c2si", "root": "pro-c2si", "gives": "lineage", "on": [act] });
        let what = What::Item(Box::new(item("perugia", &brought, "AMBER")));
        let passages = vec![serde_json::from_value(by).unwrap()];
        assert_eq!(say(&umbria, &national, own(&umbria, 900, what), passages), "new");
        national.reads("cnaipic", &brought.id())
    };
    assert!(bring(61, "another"), "what rests on something else is read");
    assert!(!bring(62, "umbria"));
    let resumed = word(&umbria, "umbria", 2, Stands::InForce);
    assert_eq!(say(&umbria, &national, resumed, vec![]), "new");
    assert!(national.reads("cnaipic", &TestItem::indicator(62).id()));
}

#[test]
fn who_changes_the_same_without_end_is_slowed_down_and_its_last_word_counts() {
    let [national, umbria, _] = country();
    let stage = || {
        let standing = national.house.standing();
        let agreement = standing.network.agreement(&"umbria".parse().unwrap()).cloned();
        (agreement.unwrap().stage.name().to_owned(), standing.generation)
    };
    let say = |revision: u64| {
        let now = if revision % 2 == 1 { Stands::Suspended } else { Stands::InForce };
        let word = vec![word(&umbria, "umbria", revision, now)];
        taken(&umbria, &national, word, (vec![], None))
    };
    for revision in 1..=CHANGES {
        assert_eq!(say(revision).outcomes, [Outcome::New]);
    }
    let before = stage();
    for revision in CHANGES + 1..=CHANGES + 101 {
        umbria.clock.advance(Duration::from_millis(1));
        let taken = say(revision);
        assert!(taken.outcomes.is_empty() && taken.refused.is_empty() && !taken.opened);
    }
    assert_eq!(stage(), before, "nothing is compiled anew for it");
    national.clock.advance(Duration::from_secs(CHANGE));
    let (trust, now) = (national.house.mesh().unwrap().trust.clone(), national.house.now());
    let retried = take_waiting(&national.nodes, &trust, &id("cosc-umbria"), now).unwrap();
    assert_eq!(retried.unwrap().outcomes, [Outcome::New]);
    assert_eq!(stage().0, "suspended");
}

#[test]
fn noise_does_not_hide_what_is_refused_after_it() {
    let [national, _, liar] = country();
    let lowered = |n: u32| {
        let it = item("poli-cert", &TestItem::indicator(n).tlp("AMBER"), "CLEAR");
        own(&liar, u64::from(n), What::Item(Box::new(it)))
    };
    for _ in 0..3 {
        taken(&liar, &national, (0..900).map(lowered).collect(), (vec![], None));
    }
    let mut named = item("poli-cert", &clear(1), "CLEAR");
    named.conditions.only_under = (0..65).map(|n| format!("act-{n}").parse().unwrap()).collect();
    let many = own(&liar, 990, What::Item(Box::new(named)));
    assert_eq!(say(&liar, &national, many, vec![]), "too-many");
    let written = || {
        let deeds = national.deeds();
        let refused = deeds.iter().filter(|deed| deed["deed"] == "refused");
        refused.map(|deed| deed["count"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(written(), [1, 1], "one entry an hour for each reason");
    national.clock.advance(Duration::from_secs(3_600));
    taken(&liar, &national, vec![lowered(1)], (vec![], None));
    assert_eq!(written(), [1, 1, 2_700]);
    let peers = national.nodes.peers(&national.administrator()).unwrap();
    let view = peers.iter().find(|it| it.organisation == id("poli-cert")).unwrap();
    assert!(view.refusals.iter().any(|it| it.why == "too-many"));
    assert_eq!(view.refused, 2_702);
}

#[test]
fn nobody_is_on_duty_for_who_is_unknown() {
    let [national, _, liar] = country();
    let until = national.house.now().after(Duration::from_secs(60));
    let organisation = id("nobody-knows-it");
    let presence = Presence { organisation: organisation.clone(), on_duty: 1, until };
    let said = say(&liar, &national, own(&liar, 900, What::Presence(presence)), vec![]);
    assert_eq!((said.as_str(), national.nodes.presence(&organisation).unwrap()), ("idle", None));
}

#[test]
fn a_person_of_the_same_name_elsewhere_is_another() {
    let [national, umbria, _] = country();
    let red = |n: u32, named: &str| {
        let mut it = item("cosc-umbria", &TestItem::indicator(n).tlp("RED"), "RED");
        it.conditions.named = [named.parse().unwrap()].into();
        let by = json!({ "giver": "cosc-umbria", "right": "any", "under": "pro-c2si",
                         "root": "pro-c2si", "gives": "lineage" });
        let passages = vec![serde_json::from_value(by).unwrap()];
        let what = What::Item(Box::new(it));
        assert_eq!(say(&umbria, &national, own(&umbria, 900, what), passages), "new");
        let mut reader = national.person("cnaipic");
        reader.account = "anna".parse().unwrap();
        national.house.item(&reader, &TestItem::indicator(n).id()).is_ok()
    };
    assert!(red(80, "anna@cnaipic"));
    assert!(!red(81, "anna@cosc-umbria"), "she is not the Anna who is named");
}

#[test]
fn a_key_that_was_changed_seals_no_more_after_a_week() {
    let [national, umbria, _] = country();
    let (old, me) = (umbria.house.mesh().unwrap(), id("cosc-umbria"));
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Good).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    let bring = |n: u32, key: &SecretKey| {
        let what = What::Item(Box::new(item("cosc-umbria", &clear(n), "CLEAR")));
        let envelope = Box::new(own(&umbria, 900, what));
        let parcel = Parcel::Onward { envelope, passages: vec![].into(), tlp: None };
        let signer = Signer { node: &me, key };
        let sent = dispatch(signer, &id("cnaipic"), vec![parcel], umbria.house.now()).remove(0);
        let trust = national.house.mesh().unwrap().trust.clone();
        trust.check(&me, sent, national.house.now()).map_err(|it| it.why.name()).map(drop)
    };
    assert_eq!(bring(90, &old.key), Ok(()), "what was on its way is taken");
    for node in [&national, &umbria] {
        node.clock.advance(GRACE + Duration::from_secs(1));
    }
    assert_eq!(bring(91, &old.key), Err("ended-key"));
    assert_eq!(bring(92, &umbria.house.mesh().unwrap().key), Ok(()));
}
