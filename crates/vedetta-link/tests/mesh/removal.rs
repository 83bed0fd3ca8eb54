//! An organisation that leaves the network where others are below it, or are its clients.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_federation::cards::Vouches;
use vedetta_federation::envelope::{Envelope, Removal, What};
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::Outcome;
use vedetta_flow::Sequence;
use vedetta_flow::corridor::Kept;
use vedetta_flow::views::lapses::Cause;
use vedetta_mesh::Terms;
use vedetta_model::{Contact, Organisation};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use super::hostile::{country, own, say, taken};
use super::network::{Node, agreement, agreements, id, party};
use super::wire::{Wire, pair, pair_on, settle};

fn organisation(id: &str, parent: &str, client_of: &[&str]) -> Organisation {
    let it = json!({ "id": id, "name": id, "kind": "agency", "parent": parent,
                     "client_of": client_of });
    serde_json::from_value(it).unwrap()
}

fn enter(node: &Node, organisations: Vec<Organisation>) {
    let records = Records { organisations, ..Records::default() };
    node.house.put_records(&node.administrator(), records).unwrap();
}

fn found(node: &Node, name: &str) -> Option<Organisation> {
    let standing = node.house.standing();
    standing.directory.organisation(&id(name)).cloned()
}

fn removal(node: &Node, place: u64, name: &str) -> Envelope {
    own(node, place, What::Removal(Removal { organisation: id(name) }))
}

#[test]
fn who_is_below_one_that_leaves_is_below_the_one_above_and_nobody_is_its_client() {
    let [national, umbria, _] = country();
    let below = organisation("quartiere", "terni", &[]);
    let client = organisation("ditta", "cosc-liguria", &["terni", "genova"]);
    enter(&national, vec![below, client]);
    let leaves = removal(&umbria, 900, "quartiere");
    for node in [&national, &umbria] {
        node.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(say(&umbria, &national, removal(&umbria, 901, "terni"), vec![]), "new");
    assert_eq!(found(&national, "terni"), None);
    let parent = found(&national, "quartiere").unwrap().parent;
    assert_eq!(parent, Some(id("cosc-umbria")));
    assert_eq!(found(&national, "ditta").unwrap().client_of, [id("genova")]);
    // That it stands elsewhere in the tree does not say that it was entered anew.
    assert_eq!(say(&umbria, &national, leaves, vec![]), "new");
    assert_eq!(found(&national, "quartiere"), None);
}

#[test]
fn a_whole_branch_that_leaves_at_once_leaves_nothing_behind() {
    for order in [["terni", "quartiere"], ["quartiere", "terni"]] {
        let [national, umbria, _] = country();
        enter(&national, vec![organisation("quartiere", "terni", &[])]);
        enter(&national, vec![organisation("isolato", "quartiere", &[])]);
        let both = order.iter().zip(900..).map(|(it, place)| removal(&umbria, place, it));
        let taken = taken(&umbria, &national, both.collect(), (vec![], None));
        assert_eq!(taken.outcomes, [Outcome::New, Outcome::New], "{order:?}");
        assert!(order.iter().all(|it| found(&national, it).is_none()), "{order:?}");
        assert_eq!(found(&national, "isolato").unwrap().parent, Some(id("cosc-umbria")));
    }
}

#[test]
fn a_contact_of_one_that_leaves_in_the_same_batch_is_nobodys() {
    let contact = |node: &Node| {
        let it = json!({ "id": "desk-terni", "organisation": "terni", "role": "soc",
                         "name": "The desk" });
        let contact: Contact = serde_json::from_value(it).unwrap();
        own(node, 901, What::Contact(Box::new(contact)))
    };
    for last in [true, false] {
        let [national, umbria, _] = country();
        let mut both = vec![removal(&umbria, 900, "terni"), contact(&umbria)];
        if !last {
            both.reverse();
        }
        let outcomes = taken(&umbria, &national, both, (vec![], None)).outcomes;
        let contact = if last { outcomes[1] } else { outcomes[0] };
        assert_eq!(contact, if last { Outcome::Idle } else { Outcome::New });
        // What stands reads back, and all others are where they were.
        assert!(found(&national, "terni").is_none() && found(&national, "perugia").is_some());
        let contacts = national.house.standing().directory.contacts().len();
        assert_eq!(contacts, 0);
    }
}

#[test]
fn whoever_runs_a_node_is_removed_by_the_administrator_alone() {
    let [national, umbria, _] = country();
    let leaves = removal(&umbria, 900, "cosc-umbria");
    assert_eq!(say(&umbria, &national, leaves, vec![]), "idle");
    assert!(found(&national, "cosc-umbria").is_some());
    assert_eq!(found(&national, "terni").unwrap().parent, Some(id("cosc-umbria")));
}

#[test]
fn one_below_whom_a_node_was_accepted_is_removed_by_the_administrator_alone() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    let below = BTreeSet::from([id("cosc-umbria"), id("terni")]);
    let serves = Scope { below, ..Scope::default() };
    pair_on(&umbria, &national, &Terms { serves, vouches: Vouches::Below });
    settle(&mut [Wire::between(&national, &umbria)]);
    enter(&national, vec![organisation("quartiere", "terni", &[])]);
    assert_eq!(say(&umbria, &national, removal(&umbria, 900, "terni"), vec![]), "idle");
    assert_eq!(found(&national, "quartiere").unwrap().parent, Some(id("terni")));
    assert_eq!(say(&umbria, &national, removal(&umbria, 901, "perugia"), vec![]), "new");
    assert_eq!(found(&national, "perugia"), None);
}

#[test]
fn a_removal_takes_nobody_from_the_node_that_speaks_for_him() {
    let [national, umbria, _] = country();
    // So deep that the last is below nobody whom a node speaks for, until one above it goes.
    let name = |depth: usize| format!("quartiere-{depth}");
    enter(&national, vec![organisation(&name(0), "terni", &[])]);
    for depth in 1..=30 {
        enter(&national, vec![organisation(&name(depth), &name(depth - 1), &[])]);
    }
    let speaker = |depth| {
        let mesh = national.house.mesh().unwrap();
        mesh.trust.territory().speaker(&id(&name(depth))).cloned()
    };
    let speakers = (Some(id("cosc-umbria")), Some(id("cnaipic")));
    assert_eq!((speaker(29), speaker(30)), speakers);
    let leaves = removal(&umbria, 900, "terni");
    for _ in 0..3 {
        assert_eq!(say(&umbria, &national, leaves.clone(), vec![]), "idle");
        assert!(found(&national, "terni").is_some());
        assert_eq!((speaker(29), speaker(30)), speakers);
    }
    // Once the administrator has seen to it, the same counts when it is said again.
    enter(&national, vec![organisation(&name(30), "cnaipic", &[])]);
    assert_eq!(say(&umbria, &national, leaves, vec![]), "new");
    assert_eq!(found(&national, "terni"), None);
    assert_eq!(found(&national, &name(0)).unwrap().parent, Some(id("cosc-umbria")));
}

/// Umbria, the national centre and Liguria in a row. What Perugia brings gets to the centre of Umbria
/// through one of these.
fn row(between: &[&str]) -> [Node; 3] {
    let act = |id: &str, one: &[&str], other: &[&str]| {
        let parties = json!([party("one", one), party("other", other)]);
        agreement(id, Some("pro-c2si"), ("hidden", "lineage"), &parties)
    };
    let held = |which: &str| {
        let mut held = agreements();
        held.retain(|it| ["pro-c2si", which].contains(&it.id.as_str()));
        held
    };
    let mut own = held("none");
    own.push(act("first", &["perugia"], between));
    own.push(act("second", between, &["cosc-umbria"]));
    let nodes = [
        Node::new("cosc-umbria", own),
        Node::new("cnaipic", held("none")),
        Node::new("cosc-liguria", held("liguria")),
    ];
    pair(&nodes[1], &nodes[0]);
    pair(&nodes[1], &nodes[2]);
    nodes
}

/// Has Perugia bring something and Terni leave; who reads it before and after.
fn without_terni(nodes: &[Node; 3]) -> [Vec<bool>; 2] {
    let [umbria, national, liguria] = nodes;
    let mut wires = [Wire::between(national, umbria), Wire::between(national, liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    let readers = [(umbria, "cosc-umbria"), (national, "cnaipic"), (liguria, "genova")];
    let read = || readers.iter().map(|(node, reader)| node.reads(reader, &item.id())).collect();
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    let before = read();
    // What is said anew is said later.
    nodes.iter().for_each(|node| node.clock.advance(Duration::from_secs(60)));
    umbria.house.remove_organisation(&umbria.administrator(), &id("terni")).unwrap();
    settle(&mut wires);
    [before, read()]
}

#[test]
fn what_came_through_one_that_left_is_read_nowhere() {
    let nodes = row(&["terni"]);
    assert_eq!(without_terni(&nodes), [vec![true; 3], vec![false; 3]]);
    // Whoever holds it is told at its own node, and not through whom it had come.
    for (node, reader) in nodes.iter().zip(["cosc-umbria", "cnaipic", "genova"]) {
        let again = TestHouse::over(std::sync::Arc::clone(&node.store));
        again.house.tell_lapses().unwrap();
        let page = again.house.withdrawals(&node.person(reader), Sequence::START).unwrap();
        let causes: Vec<_> = page.lapses.into_iter().map(|it| it.cause).collect();
        assert_eq!(causes, [Cause::Organisation(id(reader))], "at {}", node.name);
    }
}

#[test]
fn what_another_may_give_instead_of_one_that_left_is_read_on() {
    let nodes = row(&["terni", "poli-cert"]);
    assert_eq!(without_terni(&nodes), [vec![true; 3], vec![true; 3]]);
}

/// What a node has offered again, by the agreement on which it rests.
fn offered_again(node: &Node) -> Vec<String> {
    while node.house.offer_again().unwrap() {}
    let read = |entry: &vedetta_store::Entry| match serde_json::from_str(&entry.facts) {
        Ok(Kept::OfferedAgain { under, .. }) => Some(under.to_string()),
        _ => None,
    };
    let entries = node.house.read(|reader| reader.entries(Sequence::START, 10_000)).unwrap();
    entries.iter().filter_map(read).collect()
}

#[test]
fn only_what_went_through_one_that_leaves_is_offered_again() {
    // Terni stood between at Umbria, and among those further on.
    let nodes = row(&["terni", "poli-cert"]);
    without_terni(&nodes);
    assert!(!offered_again(&nodes[0]).is_empty() && !offered_again(&nodes[1]).is_empty());
    // Of two that may give alike the one that did not give leaves, and one that gave nothing on.
    for gone in ["poli-cert", "genova"] {
        let nodes = row(&["terni", "poli-cert"]);
        let [umbria, national, liguria] = &nodes;
        let mut wires = [Wire::between(national, umbria), Wire::between(national, liguria)];
        umbria.bring("perugia", &[TestItem::indicator(1).tlp("AMBER")]);
        settle(&mut wires);
        nodes.iter().for_each(|node| node.clock.advance(Duration::from_secs(60)));
        umbria.house.remove_organisation(&umbria.administrator(), &id(gone)).unwrap();
        settle(&mut wires);
        for node in &nodes {
            assert_eq!(offered_again(node), [""; 0], "{gone} at {}", node.name);
        }
    }
}
