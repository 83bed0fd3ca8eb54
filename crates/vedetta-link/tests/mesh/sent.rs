//! When a peer had what went to it.

use std::time::Duration;

use vedetta_mesh::Nodes;
use vedetta_model::{Instant, ItemId};
use vedetta_store::Door;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// An item is on its way from the national centre to Umbria for forty seconds, and noted as such.
fn on_its_way<'a>(national: &'a Node, umbria: &'a Node) -> (ItemId, Wire<'a>) {
    pair(national, umbria);
    settle(&mut [Wire::between(national, umbria)]);
    let item = TestItem::indicator(1).tlp("AMBER");
    national.bring("cnaipic", &[item.clone()]);
    let mut wire = Wire::between(national, umbria);
    wire.carry_until(0, "Batch");
    national.clock.advance(Duration::from_secs(40));
    umbria.clock.advance(Duration::from_secs(40));
    national.nodes.record_sent(&id("cosc-umbria")).unwrap();
    assert_eq!(had(national, &item.id()), None, "nobody said that it is there");
    (item.id(), wire)
}

/// When a peer had an item, as the node knows that sent it.
fn had(national: &Node, item: &ItemId) -> Option<Instant> {
    let all = national.deliveries(&national.person("cnaipic"), item);
    let had = all.into_iter().filter(|it| it.door == Some(Door::Peer));
    had.filter(|it| it.organisation == id("cosc-umbria")).find_map(|it| it.at)
}

#[test]
fn a_peer_had_it_when_it_said_so() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    let (item, mut wire) = on_its_way(&national, &umbria);
    let now = national.house.now();
    wire.carry();
    assert!(had(&national, &item).is_some_and(|at| at >= now));
}

#[test]
fn what_is_given_up_with_its_connection_counts_as_had_and_is_not_forgotten() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    let (item, wire) = on_its_way(&national, &umbria);
    let now = national.house.now();
    drop(wire);
    assert!(had(&national, &item).is_some_and(|at| at >= now));
}

#[test]
fn what_a_newer_connection_carries_is_not_given_up_with_the_older() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    let older = Wire::between(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    national.bring("cnaipic", &[item.clone()]);
    let mut newer = Wire::between(&national, &umbria);
    newer.carry_until(0, "Batch");
    drop(older);
    national.nodes.record_sent(&id("cosc-umbria")).unwrap();
    assert_eq!(had(&national, &item.id()), None, "it is still on its way");
    newer.carry();
    assert!(had(&national, &item.id()).is_some());
}

#[test]
fn what_was_on_its_way_when_the_node_fell_counts_as_had() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    let (item, wire) = on_its_way(&national, &umbria);
    // As after a fall: of what was in memory nothing is left.
    let nodes = Nodes::new(national.house.clone());
    nodes.recover_sent(&id("cosc-umbria")).unwrap();
    assert!(had(&national, &item).is_some());
    drop(wire);
}

#[test]
fn a_peers_clock_that_is_behind_makes_it_no_slower() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    national.clock.advance(Duration::from_secs(120));
    national.nodes.note_skew(&id("cosc-umbria"), -120_000_000);
    umbria.bring("cosc-umbria", &[TestItem::indicator(5).tlp("AMBER")]);
    settle(&mut wires);
    let all = national.nodes.arriving(&national.administrator()).unwrap();
    assert_eq!(all.iter().map(|it| it.share.count).sum::<u64>(), 1);
    assert!(all.iter().all(|it| it.share.p99_ms < 1_000), "{all:?}");
}
