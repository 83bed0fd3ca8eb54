//! What an authority holds goes to no other node, and comes there once the hold is over.

use std::sync::Arc;
use std::time::Duration;

use vedetta_link::courier::Courier;
use vedetta_link::{Allowance, Input, Speaker as _};
use vedetta_mesh::Nodes;
use vedetta_model::agreement::VictimVisibility;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Actor, Hold, Instant, Role};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::victims::incident;
use super::wire::{Wire, pair, settle};

fn officer(node: &Node) -> Actor {
    Actor { roles: [Role::DutyOfficer].into(), ..node.administrator() }
}

/// Holds something at a node, as an authority ordered that reads as the agency.
fn hold(node: &Node, scope: HoldScope) -> Hold {
    hold_for(node, ("order", "poli-cert"), scope, None)
}

fn hold_for(
    node: &Node,
    (order, organisation): (&str, &str),
    scope: HoldScope,
    until: Option<Instant>,
) -> Hold {
    let hold = Hold {
        id: order.parse().unwrap(),
        authority: "Procura della Repubblica".into(),
        organisation: id(organisation),
        scope,
        reason: "proc. 1/26".into(),
        from: node.house.now(),
        until,
    };
    node.house.place_hold(&officer(node), &hold).unwrap();
    hold
}

fn lift(node: &Node, hold: &Hold) {
    node.house.lift_hold(&officer(node), &hold.id).unwrap();
    node.house.clear_newcomers().unwrap();
}

/// Whether anything of an item went over a connection.
fn went(wires: &[Wire<'_>], of: &str) -> bool {
    wires.iter().flat_map(|wire| &wire.seen).any(|frame| frame.contains(of))
}

#[test]
fn a_held_item_goes_to_no_node_until_the_hold_is_over() {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria"];
    let [national, umbria, liguria] = names.map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    pair(&national, &liguria);
    let [item, other] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    umbria.bring("perugia", &[item.clone(), other.clone()]);
    // At the node that brought it, and at one that passes it on.
    let first = hold(&umbria, HoldScope::Item(item.id()));
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    assert!(liguria.reads("genova", &other.id()) && !national.reads("cnaipic", &item.id()));
    assert!(!went(&wires, item.id().as_str()));
    let second = hold(&national, HoldScope::Item(item.id()));
    lift(&umbria, &first);
    settle(&mut wires);
    assert!(umbria.reads("cosc-umbria", &item.id()) && !national.reads("cnaipic", &item.id()));
    assert!(!went(&wires[1..], item.id().as_str()));
    lift(&national, &second);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &item.id()) && liguria.reads("genova", &item.id()));
    let again = wires[0].seen.iter().filter(|it| it.contains(other.id().as_str()));
    assert_eq!(again.count(), 1, "what was not held does not come again");
}

#[test]
fn a_hold_that_ends_by_the_clock_is_over_for_other_nodes_though_nothing_is_written() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    let until = umbria.house.now().after(Duration::from_secs(600));
    hold_for(&umbria, ("order", "poli-cert"), HoldScope::Item(item.id()), Some(until));
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    [&umbria, &national].iter().for_each(|node| node.clock.set(&until.to_string()));
    let nodes = Arc::new(Nodes::new(Arc::clone(&umbria.house)));
    let mut courier = Courier::begin(nodes, id("cnaipic"), Allowance::default()).unwrap();
    let offered = || umbria.deeds().iter().filter(|deed| deed["deed"] == "read-again").count();
    assert_eq!(offered(), 0);
    courier.hear(Input::Tick).unwrap();
    assert_eq!(offered(), 1, "within a second");
    courier.hear(Input::Tick).unwrap();
    assert_eq!(offered(), 1, "once");
    settle(&mut wires);
    assert!(national.reads("cnaipic", &item.id()));
}

#[test]
fn what_is_derived_from_a_held_item_is_held_with_it() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    umbria.bring("perugia", &[incident()]);
    let hold = hold(&umbria, HoldScope::Item(incident().id()));
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(!went(&wires, "incident--") && national.read_by("cnaipic").is_empty());
    lift(&umbria, &hold);
    settle(&mut wires);
    assert_eq!(national.read_by("cnaipic").len(), 1);
}

#[test]
fn what_was_held_for_its_victim_or_its_producer_comes_once_that_is_over() {
    let held = || {
        let mut all = agreements();
        all.iter_mut().for_each(|it| it.handling.victim = VictimVisibility::Named);
        all
    };
    let (victim, producer) = (HoldScope::Victim(id("perugia")), HoldScope::Producer(id("perugia")));
    for of in [victim, producer] {
        let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, held()));
        pair(&national, &umbria);
        umbria.bring("perugia", &[incident()]);
        let hold = hold(&umbria, of.clone());
        let mut wires = [Wire::between(&national, &umbria)];
        settle(&mut wires);
        assert!(!national.reads("cnaipic", &incident().id()));
        lift(&umbria, &hold);
        settle(&mut wires);
        assert!(national.reads("cnaipic", &incident().id()), "{of:?}");
    }
}

#[test]
fn what_two_orders_held_goes_to_the_authority_of_the_one_that_is_left() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    let scope = HoldScope::Item(item.id());
    let other = hold(&umbria, scope.clone());
    hold_for(&umbria, ("second", "cnaipic"), scope, None);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(!national.reads("cnaipic", &item.id()));
    lift(&umbria, &other);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &item.id()), "it holds it alone");
}

#[test]
fn what_a_peer_had_before_it_was_held_does_not_come_again() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let [before, during] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    umbria.bring("perugia", &[before.clone()]);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(national.reads("cnaipic", &before.id()));
    let hold = hold(&umbria, HoldScope::Producer(id("perugia")));
    umbria.bring("perugia", &[during.clone()]);
    settle(&mut wires);
    assert!(!went(&wires, during.id().as_str()));
    lift(&umbria, &hold);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &during.id()));
    let again = wires[0].seen.iter().filter(|it| it.contains(before.id().as_str()));
    assert_eq!(again.count(), 1);
}

#[test]
fn what_was_read_again_while_it_was_held_comes_once_that_is_over() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    let hold = hold(&umbria, HoldScope::Producer(id("perugia")));
    // Noted when the peer had confirmed nothing yet.
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(!national.reads("cnaipic", &item.id()));
    lift(&umbria, &hold);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
}

#[test]
fn of_what_is_held_only_those_hear_that_it_was_withdrawn_who_had_it() {
    let [had, never] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    let words = "a word about it";
    for of in [HoldScope::Item(never.id()), HoldScope::Producer(id("perugia"))] {
        let [national, umbria] =
            ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
        pair(&national, &umbria);
        let mut wires = [Wire::between(&national, &umbria)];
        umbria.bring("perugia", &[had.clone()]);
        settle(&mut wires);
        let order = hold(&umbria, of.clone());
        umbria.bring("perugia", &[never.clone()]);
        settle(&mut wires);
        let withdraw = |item: &TestItem| {
            umbria.house.withdraw(&umbria.person("perugia"), &item.id(), words).unwrap();
        };
        withdraw(&never);
        settle(&mut wires);
        assert!(!went(&wires, never.id().as_str()), "{of:?}");
        if let HoldScope::Producer(_) = of {
            // Who had it hears of it, and of nothing more.
            withdraw(&had);
            settle(&mut wires);
            assert!(!national.reads("cnaipic", &had.id()) && !went(&wires, words));
        }
        lift(&umbria, &order);
        settle(&mut wires);
        // What was held of its producer was cleared for nobody there, ever.
        let heard = went(&wires, never.id().as_str());
        assert_eq!(heard, of == HoldScope::Item(never.id()), "{of:?}");
    }
}
