//! Who may know the victim, and what a hold keeps back.

use vedetta_model::hold::HoldScope;
use vedetta_model::{Hold, HoldId, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

#[test]
fn a_held_item_stays_with_its_producer_and_the_authority() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Encrypted file server").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    assert!(test.reads("terni", &item.id()) || test.reads("cosc-umbria", &item.id()));
    let hold = Hold {
        id: HoldId::new("hold-1").unwrap(),
        authority: "Procura".into(),
        organisation: OrganisationId::new("cnaipic").unwrap(),
        scope: HoldScope::Item(item.id()),
        reason: "order 1".into(),
        from: "2026-03-02T00:00:00Z".parse().unwrap(),
        until: None,
    };
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    let readers = ["cnaipic", "cosc-umbria", "perugia", "terni", "client"];
    let who: Vec<_> = readers.into_iter().filter(|who| test.reads(who, &item.id())).collect();
    assert_eq!(who, ["cnaipic", "perugia"]);
    test.house.lift_hold(&test.administrator(), &hold.id).unwrap();
    assert!(test.reads("cosc-umbria", &item.id()));
}
