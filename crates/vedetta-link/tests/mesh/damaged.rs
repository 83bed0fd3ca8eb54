//! What a node remembers of a peer does not read any more: nothing is lost by it.

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
