//! What a peer brings or says spoils nothing of what others have.

use std::time::Duration;

use serde_json::json;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, Stands, What};
use vedetta_federation::exchange::take;
use vedetta_federation::frame::Batch;
use vedetta_federation::link::Taking;
use vedetta_federation::seal::seal;
use vedetta_federation::shelf::{Lane, Outcome};
use vedetta_mesh::{LinkStep, OldKey};
use vedetta_model::Agreement;
use vedetta_policy::Passage;
use vedetta_testkit::items::TestItem;

use super::hostile::{
    bring, clear, country, forged, item, own, propose, say, taken, without_the_text, word,
};
use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

#[test]
fn what_goes_to_fewer_hides_nothing_from_anybody() {
    let [national, umbria, liar] = country();
    let bring = |node: &Node, it: &TestItem, tlp| {
        let brought = item(node.name, it, tlp);
        say(node, &national, own(node, 900, What::Item(Box::new(brought))), vec![])
    };
    let other = |n: u32| TestItem::indicator(n).tlp("RED").with("name", json!("something else"));
    assert_eq!(bring(&liar, &clear(25), "CLEAR"), "new");
    assert_eq!(bring(&umbria, &other(25), "RED"), "new");
    assert!(national.reads("terni", &clear(25).id()));
    let revoked = clear(28).modified("2026-03-05T00:00:00.000Z").with("revoked", json!(true));
    assert_eq!(bring(&liar, &clear(28), "CLEAR"), "new");
    assert_eq!(bring(&umbria, &revoked, "CLEAR"), "new");
    let read = national.house.item(&national.person("terni"), &clear(28).id()).unwrap();
    assert!(!String::from_utf8_lossy(&read.body).contains("revoked"));
}

#[test]
fn of_one_version_of_one_producer_the_same_body_prevails_whatever_came_first() {
    let name = |n: u32| clear(26).with("name", json!(format!("body {n}")));
    let digest = |n| vedetta_store::Digest::of(name(n).json().as_bytes());
    let least = (0..3).min_by_key(|n| digest(*n)).unwrap();
    for first in 0..3 {
        let [national, umbria, liar] = country();
        let mut told = Vec::new();
        for n in (0..3).map(|n| (n + first) % 3) {
            told.push(bring(&liar, &national, item("poli-cert", &name(n), "CLEAR")));
        }
        assert!(told.iter().all(|it| ["new", "lost"].contains(&it.as_str())), "{told:?}");
        settle(&mut [Wire::between(&national, &umbria)]);
        for (node, reader) in [(&national, "genova"), (&umbria, "terni")] {
            assert_eq!(node.read_by(reader), [name(least).json()], "at {}", node.name);
        }
    }
}

#[test]
fn what_comes_again_on_the_same_way_by_other_rights_is_read_by_these_too() {
    let [national, umbria, _] = without_the_text();
    let brought = TestItem::indicator(63).tlp("AMBER");
    let envelope = own(&umbria, 900, What::Item(Box::new(item("perugia", &brought, "AMBER"))));
    assert_eq!(say(&umbria, &national, envelope.clone(), vec![]), "new");
    assert!(!national.reads("cnaipic", &brought.id()));
    let by = json!({ "giver": "cosc-umbria", "right": { "lineages": ["pro-c2si"] },
        "under": "pro-c2si", "root": "pro-c2si", "gives": "lineage", "on": ["umbria"] });
    let passages: Vec<Passage> = vec![serde_json::from_value(by).unwrap()];
    umbria.clock.advance(Duration::from_secs(1));
    assert_eq!(say(&umbria, &national, envelope.clone(), passages.clone()), "path");
    assert!(national.reads("cnaipic", &brought.id()));
    umbria.clock.advance(Duration::from_secs(1));
    assert_eq!(say(&umbria, &national, envelope, passages), "known", "nothing new is said");
}

/// Versions of an item of somebody's, as envelopes of a node.
fn versions(
    (node, producer): (&Node, &str),
    brought: &TestItem,
    (many, tlp): (u64, &str),
) -> Vec<Envelope> {
    let version = |n: u64| {
        let at = format!("2026-03-02T{:02}:{:02}:{:02}.000Z", n / 3_600, n / 60 % 60, n % 60);
        let brought = item(producer, &brought.clone().modified(&at), tlp);
        own(node, 900 + n, What::Item(Box::new(brought)))
    };
    (0..many).map(version).collect()
}

#[test]
fn very_many_versions_stand_in_nobodys_way() {
    let [national, umbria, liar] = country();
    let mut envelopes = versions((&liar, liar.name), &clear(31), (1_200, "CLEAR"));
    while !envelopes.is_empty() {
        let rest = envelopes.split_off(envelopes.len().min(500));
        let taken = taken(&liar, &national, envelopes, (vec![], None));
        assert!(taken.refused.is_empty() && taken.outcomes.iter().all(|it| *it == Outcome::New));
        envelopes = rest;
    }
    let later = clear(31).modified("2026-03-03T00:00:00.000Z");
    let brought = item(umbria.name, &later, "CLEAR");
    let what = What::Item(Box::new(brought));
    assert_eq!(say(&umbria, &national, own(&umbria, 900, what), vec![]), "new");
    let read = national.house.item(&national.person("genova"), &later.id()).unwrap();
    assert_eq!(String::from_utf8_lossy(&read.body), later.json());
}

#[test]
fn another_way_of_the_latest_of_very_many_versions_is_passed_on() {
    let [national, umbria, _] = without_the_text();
    let liguria = Node::new("cosc-liguria", agreements());
    pair(&national, &liguria);
    let brought = TestItem::indicator(65).tlp("AMBER");
    let mut envelopes = versions((&umbria, "perugia"), &brought, (1_001, "AMBER"));
    let latest = envelopes.split_off(1_000).remove(0);
    let rest = envelopes.split_off(500);
    for some in [envelopes, rest] {
        assert!(taken(&umbria, &national, some, (vec![], None)).refused.is_empty());
    }
    assert_eq!(say(&umbria, &national, latest.clone(), vec![]), "new");
    let by = json!({ "giver": "cosc-umbria", "right": { "lineages": ["pro-c2si"] },
        "under": "pro-c2si", "root": "pro-c2si", "gives": "lineage", "on": ["umbria"] });
    umbria.clock.advance(Duration::from_secs(1));
    let passages = vec![serde_json::from_value(by).unwrap()];
    assert_eq!(say(&umbria, &national, latest, passages), "path");
    settle(&mut [Wire::between(&national, &liguria)]);
    assert!(liguria.reads("cosc-liguria", &brought.id()));
}

#[test]
fn beside_what_others_never_see_it_reaches_them() {
    let [national, umbria, liar] = country();
    let theirs = clear(30);
    national.bring("cnaipic", &[TestItem::indicator(30).tlp("RED")]);
    assert_eq!(bring(&liar, &national, item("poli-cert", &theirs, "CLEAR")), "new");
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(umbria.reads("terni", &theirs.id()), "nothing stands in its way there");
    assert!(national.reads("genova", &theirs.id()), "nor here");
}

#[test]
fn what_gave_way_in_a_ledger_that_does_not_say_on_which_ways_is_known() {
    let [national, _, liar] = country();
    let name = |n: u32| clear(33).with("name", json!(format!("body {n}")));
    let mut two = [name(1), name(2)];
    two.sort_by_key(|it| vedetta_store::Digest::of(it.json().as_bytes()));
    assert_eq!(bring(&liar, &national, item("poli-cert", &two[0], "CLEAR")), "new");
    let envelope = own(&liar, 900, What::Item(Box::new(item("poli-cert", &two[1], "CLEAR"))));
    assert_eq!(say(&liar, &national, envelope.clone(), vec![]), "lost");
    let name = format!("lost/{}", envelope.leaf());
    let before = |unit: &mut dyn vedetta_store::UnitOfWork| unit.set_bookmark(&name, b"1");
    national.store.write(national.house.now(), &mut |unit| before(unit)).unwrap();
    assert_eq!(say(&liar, &national, envelope, vec![]), "known");
}

#[test]
fn only_who_is_party_proposes_a_text_and_so_many_at_once() {
    let [national, umbria, liar] = country();
    let two = |one: &str, other: &str| {
        json!([
            { "name": "one", "organisations": [one], "gives": ["awareness"] },
            { "name": "two", "organisations": [other], "receives": ["awareness"] },
        ])
    };
    let named = |from: &Node, n: u32| {
        let mut signed = forged(from, 1, two("cosc-umbria", "cnaipic"));
        let id = format!("text-{n}").parse().unwrap();
        signed.text = Agreement { id, ..Agreement::clone(&signed.text) }.into();
        let (mesh, digest) = (from.house.mesh().unwrap(), signed.digest());
        signed.signatures = vec![(mesh.me.clone(), mesh.key.sign(digest.octets()))];
        signed
    };
    assert_eq!(propose(&liar, &national, &named(&liar, 0)), "idle");
    let taken: Vec<_> = (0..65).map(|n| propose(&umbria, &national, &named(&umbria, n))).collect();
    assert_eq!((taken[63].as_str(), taken[64].as_str()), ("new", "idle"), "{taken:?}");
    // What was discarded makes room, and its identifier is free for another text.
    let (by, first) = (national.administrator(), "text-0".parse().unwrap());
    national.house.discard_draft(&by, &first).unwrap();
    assert!(national.nodes.signed_agreement(&by, &first).is_err());
    assert_eq!(propose(&umbria, &national, &named(&umbria, 65)), "new");
    national.house.put_draft(&by, &named(&umbria, 0).text).unwrap();
}

#[test]
fn words_that_say_nothing_or_count_by_now_take_nobodys_room() {
    let [national, umbria, _] = without_the_text();
    let says =
        |agreement: &str, now| say(&umbria, &national, word(&umbria, agreement, 1, now), vec![]);
    for n in 0..300 {
        assert_eq!(says(&format!("text-{n}"), Stands::InForce), "idle");
    }
    assert_eq!(says("umbria", Stands::Suspended), "idle");
    let brought = TestItem::indicator(64).tlp("AMBER");
    let by = json!({ "giver": "cosc-umbria", "right": { "lineages": ["pro-c2si"] },
        "under": "pro-c2si", "root": "pro-c2si", "gives": "lineage", "on": ["umbria"] });
    let what = What::Item(Box::new(item("perugia", &brought, "AMBER")));
    let passages = vec![serde_json::from_value(by).unwrap()];
    assert_eq!(say(&umbria, &national, own(&umbria, 900, what), passages), "new");
    assert!(!national.reads("cnaipic", &brought.id()), "the one that matters was remembered");
}

#[test]
fn what_a_node_says_after_it_was_restored_is_not_undone_by_its_older_word() {
    let [national, umbria, _] = country();
    // Others know a word of Umbria's that its backup has not.
    let lost = word(&umbria, "umbria", 5, Stands::InForce);
    for node in [&national, &umbria] {
        node.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(say(&umbria, &national, lost.clone(), vec![]), "new");
    let (by, act) = (umbria.administrator(), "umbria".parse().unwrap());
    let suspend = vedetta_flow::Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&by, &act, &suspend).unwrap();
    let stage = |node: &Node| {
        node.house.standing().network.agreement(&act).unwrap().stage.name().to_owned()
    };
    // It comes back, as it was sealed.
    let mesh = umbria.house.mesh().unwrap();
    let seal = seal(&mesh.key, &[lost.leaf()]).remove(0);
    let batch = Batch {
        number: 1,
        lane: Lane::Backlog,
        span: Span { after: 0, upto: 1 },
        hash: digest(&[b"anything"]),
        envelopes: vec![Envelope { seal: Some(seal), ..lost }],
    };
    let taking = Taking { batch: Box::new(batch), bookmark: Bookmark::default() };
    let now = umbria.house.now();
    let taken = take(&umbria.nodes, &mesh.trust, &id("cnaipic"), taking, now).unwrap();
    assert_eq!(taken.outcomes, [Outcome::Known]);
    assert_eq!(stage(&umbria), "suspended");
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(stage(&national), "suspended", "and it is its last word elsewhere too");
}

#[test]
fn an_ended_link_takes_along_what_its_node_said_of_agreements() {
    let [national, umbria, _] = country();
    let stage = |act: &str| {
        let standing = national.house.standing();
        standing.network.agreement(&act.parse().unwrap()).unwrap().stage.name().to_owned()
    };
    let says = |act: &str, now| say(&umbria, &national, word(&umbria, act, 1, now), vec![]);
    assert_eq!(says("pro-c2si", Stands::Suspended), "new");
    assert_eq!(says("umbria", Stands::Expired), "new");
    assert_eq!([stage("pro-c2si"), stage("umbria")], ["suspended", "expired"]);
    let by = national.administrator();
    let end = |step| national.nodes.step_link(&by, &id("cosc-umbria"), &step).unwrap();
    end(LinkStep::Suspend { reason: "asked".into() });
    assert_eq!(stage("pro-c2si"), "suspended", "its word counts while the link rests");
    end(LinkStep::End { reason: "it holds up the country".into() });
    assert_eq!([stage("pro-c2si"), stage("umbria")], ["in-force", "in-force"]);
}

#[test]
fn who_brings_the_same_again_keeps_no_withdrawal_from_the_nodes_beyond() {
    let [national, umbria, liar] = country();
    let liguria = Node::new("cosc-liguria", agreements());
    pair(&national, &liguria);
    let (theirs, wires) =
        (clear(31), || [Wire::between(&national, &umbria), Wire::between(&national, &liguria)]);
    umbria.bring("terni", &[theirs.clone()]);
    settle(&mut wires());
    assert!(liguria.reads("genova", &theirs.id()));
    // For nobody else to read: all that it does is to be one more who brought it.
    assert_eq!(bring(&liar, &national, item("poli-cert", &theirs, "RED")), "new");
    umbria.house.withdraw(&umbria.person("terni"), &theirs.id(), "wrong").unwrap();
    settle(&mut wires());
    assert!(!liguria.reads("genova", &theirs.id()));
}

#[test]
fn cards_that_say_nothing_cost_nothing_and_a_node_has_so_many_new_ones() {
    let [national, umbria, _] = country();
    let (me, by) = (id("cosc-umbria"), umbria.administrator());
    let newest = || national.house.mesh().unwrap().cards.newest(&me).unwrap().says.serial;
    let first = newest();
    let cards: Vec<_> =
        (0..20).map(|_| umbria.nodes.rotate_key(&by, OldKey::Good).unwrap()).collect();
    let learn =
        || cards.iter().for_each(|it| national.nodes.learn_cards(&me, &[it.clone()]).unwrap());
    learn();
    assert_eq!(newest(), first + 16);
    let compiled = national.house.standing().compiled;
    for _ in 0..100 {
        national.nodes.learn_cards(&me, &cards[..16]).unwrap();
    }
    assert_eq!(national.house.standing().compiled, compiled);
    national.clock.advance(Duration::from_secs(4 * 60));
    learn();
    assert_eq!(newest(), first + 20, "what was too much is learnt when it comes again");
}

#[test]
fn who_pairs_anew_is_believed_for_what_its_earlier_key_sealed() {
    let [national, umbria, _] = country();
    let earlier = umbria.house.mesh().unwrap().key.public().id();
    for (node, other) in [(&national, "cosc-umbria"), (&umbria, "cnaipic")] {
        let end = LinkStep::End { reason: "moving".into() };
        node.nodes.step_link(&node.administrator(), &id(other), &end).unwrap();
    }
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Good).unwrap();
    pair(&national, &umbria);
    let mesh = national.house.mesh().unwrap();
    assert!(mesh.cards.with_key(&id("cosc-umbria"), &earlier).is_some());
    assert_eq!(mesh.cards.newest(&id("cosc-umbria")), umbria.house.mesh().unwrap().card());
}

#[test]
fn a_peer_begins_so_many_lines_of_one_item_beside_others() {
    let [national, umbria, liar] = country();
    let item_of = |n, name| item(name, &clear(n), "CLEAR");
    for n in [72, 73] {
        assert_eq!(bring(&umbria, &national, item_of(n, "cosc-umbria")), "new");
    }
    let begun = |many: u16| {
        let name = format!("lines/poli-cert/{}", clear(72).id());
        let many = serde_json::to_vec(&many).unwrap();
        national.house.write(move |unit| unit.set_bookmark(&name, &many)).unwrap();
    };
    begun(256);
    assert_eq!(bring(&liar, &national, item_of(72, "poli-cert")), "too-many");
    assert_eq!(bring(&liar, &national, item_of(73, "poli-cert")), "new", "of another item");
    let peers = national.nodes.peers(&national.administrator()).unwrap();
    let view = peers.into_iter().find(|it| it.organisation == id("poli-cert")).unwrap();
    assert!(view.refusals.iter().any(|it| it.why == "too-many"));
    begun(255);
    assert_eq!(bring(&liar, &national, item_of(72, "poli-cert")), "new");
}
