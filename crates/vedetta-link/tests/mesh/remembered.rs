//! What a node remembers of a peer durably: what that cost, and what becomes of it where it is damaged.

use vedetta_federation::limits::KINDS_FOR_GOOD;
use vedetta_federation::shelf::Shelf as _;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

#[test]
fn of_a_room_that_is_damaged_all_is_asked_for_again() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    umbria.bring("cosc-umbria", &[TestItem::indicator(1).tlp("AMBER")]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let (peer, nodes) = (id("cosc-umbria"), &national.nodes);
    let before = nodes.bookmark(&peer).unwrap();
    assert!(!before.spans.is_empty());
    // Among what waited may be what is nowhere else here.
    let damage = |unit: &mut dyn vedetta_store::UnitOfWork| {
        unit.set_bookmark("waiting/cosc-umbria", br#"{"guests":[{"#)
    };
    national.house.write(damage).unwrap();
    assert_eq!(nodes.waiting(&peer).unwrap().len(), 0);
    let open = nodes.bookmark(&peer).unwrap();
    assert!(open.spans.is_empty() && open.edition == before.edition, "{open:?}");
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(nodes.bookmark(&peer).unwrap().last() >= before.last());
}

#[test]
fn what_a_peer_brought_counts_though_the_node_is_started_anew() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let peer = id("cosc-umbria");
    national.nodes.make_room(&peer, 900, 1_000).unwrap();
    let [first, alike, other] =
        [(1, "AMBER"), (2, "AMBER"), (3, "GREEN")].map(|(n, tlp)| TestItem::indicator(n).tlp(tlp));
    umbria.bring("cosc-umbria", &[first.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &first.id()));
    let mut kinds = None;
    let counted = national.house.read(|reader| {
        kinds = reader.bookmark("kinds/cosc-umbria")?;
        Ok(())
    });
    counted.unwrap();
    let kinds: u64 = serde_json::from_slice(&kinds.unwrap()).unwrap();
    assert!((1_536..4_096).contains(&kinds), "{kinds}");
    // As if it had brought as many as it ever may.
    let all = |unit: &mut dyn vedetta_store::UnitOfWork| {
        unit.set_bookmark("kinds/cosc-umbria", KINDS_FOR_GOOD.to_string().as_bytes())
    };
    national.house.write(all).unwrap();
    let national = national.opened_anew();
    umbria.bring("cosc-umbria", &[alike.clone(), other.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &alike.id()), "what is handled as something here passes");
    assert!(!national.reads("cnaipic", &other.id()), "and nothing else");
    assert!(national.nodes.make_room(&peer, 200, 1_000).is_err(), "its day is not over");
}
