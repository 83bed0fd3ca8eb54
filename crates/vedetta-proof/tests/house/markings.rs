//! Markings that somebody made up.

use serde_json::json;
use vedetta_model::{Pap, Tlp};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

const HOUSE_RULE: &str = "marking-definition--00000000-0000-4000-8000-0000000000aa";

fn marked(n: u32) -> TestItem {
    TestItem::indicator(n).with("object_marking_refs", json!([HOUSE_RULE]))
}

fn definition() -> TestItem {
    TestItem::indicator(0)
        .with("type", json!("marking-definition"))
        .with("id", json!(HOUSE_RULE))
        .with("name", json!("House rule"))
        .with("definition_type", json!("statement"))
        .with("definition", json!({ "statement": "Ask before you print it." }))
        .without(&["modified", "pattern", "pattern_type", "valid_from"])
}

#[test]
fn a_marking_that_nobody_defined_is_refused_by_name() {
    let test = TestHouse::small();
    let receipt = test.bring("perugia", &[TestItem::indicator(1), marked(2)]);
    assert_eq!(receipt.accepted.len(), 1);
    let [fault] = &receipt.rejected[..] else { panic!("{receipt:?}") };
    assert_eq!(fault.place, "objects[1].object_marking_refs[0]");
    assert_eq!(fault.rule, "unknown-marking");
    assert!(fault.reason.contains(HOUSE_RULE) && fault.reason.contains("send the"), "{fault:?}");
    assert!(!test.reads("perugia", &marked(2).id()), "nothing of it is kept");

    let part = json!([{ "selectors": ["name"], "marking_ref": HOUSE_RULE }]);
    let receipt = test.bring("perugia", &[TestItem::indicator(3).with("granular_markings", part)]);
    assert_eq!(receipt.rejected[0].place, "objects[0].granular_markings[0].marking_ref");
}

#[test]
fn a_marking_that_comes_along_or_came_before_is_understood() {
    let test = TestHouse::small();
    let receipt = test.bring("perugia", &[marked(1), definition()]);
    assert_eq!((receipt.accepted.len(), receipt.rejected.len()), (2, 0), "{receipt:?}");
    assert_eq!(test.bring("perugia", &[marked(2)]).accepted.len(), 1);
    // What an organisation may not read is as unknown to it as what nobody brought.
    assert_eq!(test.bring("stranger", &[marked(3)]).rejected.len(), 1);
}

#[test]
fn who_may_not_have_a_part_may_not_have_the_whole() {
    let test = TestHouse::small();
    let red = stix::Tlp::Red.marking_id().to_string();
    let part = json!([{ "selectors": ["name"], "marking_ref": red }]);
    let item = TestItem::indicator(1).tlp("GREEN").with("granular_markings", part);
    test.bring("perugia", &[item.clone()]);
    let kept = test.house.item(&test.person("perugia"), &item.id()).unwrap();
    assert_eq!(kept.tlp, Tlp::Red);
    assert!(!test.reads("cosc-umbria", &item.id()));
}

#[test]
fn a_pap_in_a_marking_definition_binds_what_refers_to_it() {
    let test = TestHouse::small();
    let stating = definition().with("definition", json!({ "statement": "PAP:RED" }));
    let lax = json!(["PAP:GREEN"]);
    test.bring("perugia", &[marked(1).with("labels", lax), stating]);
    // Whether it comes along or came before.
    test.bring("perugia", &[marked(2)]);
    for item in [marked(1), marked(2)] {
        let kept = test.house.item(&test.person("perugia"), &item.id()).unwrap();
        assert_eq!(kept.pap, Pap::Red);
    }
    let stating = "marking-definition--00000000-0000-4000-8000-0000000000bb";
    let definition = definition().with("id", json!(stating)).with("name", json!("TLP:RED"));
    let item = TestItem::indicator(3).tlp("GREEN");
    let green = stix::Tlp::Green.marking_id().to_string();
    let item = item.with("object_marking_refs", json!([green, stating]));
    test.bring("perugia", &[definition, item.clone()]);
    let kept = test.house.item(&test.person("perugia"), &item.id()).unwrap();
    assert_eq!(kept.tlp, Tlp::Red);
}
