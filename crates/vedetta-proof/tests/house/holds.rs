//! Investigative holds are known to the operations room, and to nobody else.

use vedetta_model::hold::HoldScope;
use vedetta_model::{Category, Handling, OrganisationId, Pap, Tlp};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use super::room::hold;

fn perugia() -> OrganisationId {
    OrganisationId::new("perugia").unwrap()
}

#[test]
fn outsiders_preview_and_receive_receipts_as_if_nothing_were_held() {
    let test = TestHouse::small();
    let handling = std::sync::Arc::new(Handling {
        producer: perugia(),
        category: Category::Indicator,
        tlp: Tlp::Amber,
        pap: Pap::Green,
        victims: [].into(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    });
    let told = |test: &TestHouse| {
        let preview = test.house.preview(&test.person("perugia"), &handling).unwrap();
        serde_json::to_string(&preview).unwrap()
    };
    let before = told(&test);
    let audience =
        test.bring("perugia", &[TestItem::indicator(1).tlp("AMBER")]).accepted[0].audience;
    let order = hold("order-7", HoldScope::Producer(perugia()));
    test.house.place_hold(&test.administrator(), &order).unwrap();
    assert_eq!(told(&test), before);
    let held = TestItem::indicator(2).tlp("AMBER");
    assert_eq!(test.bring("perugia", &[held.clone()]).accepted[0].audience, audience);
    assert!(!test.reads("terni", &held.id()), "it is held all the same");
    let room = test.house.preview(&test.administrator(), &handling).unwrap();
    assert!(serde_json::to_string(&room).unwrap().contains("order-7"));
}

#[test]
fn a_party_is_told_that_it_is_not_released_now_and_no_more() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let order = hold("order-7", HoldScope::Item(item.id()));
    test.house.place_hold(&test.administrator(), &order).unwrap();
    let terni = OrganisationId::new("terni").unwrap();
    let asked = test.house.explain(&test.person("terni"), &item.id(), &terni);
    let told = format!("{asked:?}");
    assert!(!told.contains("order-7") && !told.contains("Procura"), "{told}");
    let room = test.house.explain(&test.administrator(), &item.id(), &terni).unwrap();
    assert!(room.reason_en.contains("order-7"), "the room knows: {}", room.reason_en);
}
