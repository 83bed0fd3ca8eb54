//! What a peer refused, as its giver sees it.

use std::time::Duration;

use vedetta_mesh::{Nodes, RefusedThere};
use vedetta_model::ItemId;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// What Umbria refused of an item, as the national centre's operations room sees it.
fn seen(national: &Node, item: &ItemId) -> Vec<RefusedThere> {
    let by = national.administrator();
    let mut all = national.nodes.refused_by(&by, item).unwrap();
    all.remove(&id("cosc-umbria")).unwrap_or_default()
}

/// Two nodes of which the national one's clock runs an hour ahead, and an item that it has just brought.
fn ahead() -> ([Node; 2], ItemId) {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    national.clock.advance(Duration::from_secs(3_600));
    let item = TestItem::indicator(1).tlp("AMBER");
    national.bring("cnaipic", std::slice::from_ref(&item));
    ([national, umbria], item.id())
}

#[test]
fn an_item_that_was_refused_says_by_whom_and_why_to_the_room_alone() {
    let ([national, umbria], item) = ahead();
    Wire::between(&national, &umbria).carry();
    let refused = seen(&national, &item);
    assert_eq!(refused.iter().map(|it| it.why.as_str()).collect::<Vec<_>>(), ["future"]);
    assert!(!refused[0].says.is_empty() && refused[0].version.is_some(), "{refused:?}");
    let town = national.person("perugia");
    assert!(national.nodes.refused_by(&town, &item).unwrap().is_empty());
    let peer = national.nodes.peers(&national.administrator()).unwrap().remove(0);
    assert_eq!(peer.refusals_there, refused);
    // It is known after the node was started anew too.
    let anew = Nodes::new(national.house.clone());
    let peer = anew.peers(&national.administrator()).unwrap().remove(0);
    assert_eq!((peer.refused_there, peer.refusals_there), (0, refused));
}

#[test]
fn what_is_told_on_the_next_connection_is_known_by_its_leaf() {
    let ([national, umbria], item) = ahead();
    let mut wire = Wire::between(&national, &umbria);
    wire.carry_until(0, "Batch");
    drop(wire);
    assert!(seen(&national, &item).is_empty(), "the notice was lost");
    Wire::between(&national, &umbria).carry();
    let refused = seen(&national, &item);
    assert_eq!(refused.iter().map(|it| it.why.as_str()).collect::<Vec<_>>(), ["future"]);
}
