//! What agreements say of handling where an item says nothing, and the exchange policies that bind
//! whoever receives under them.

use serde_json::{Value, json};
use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{FlowError, Form, ReadItem};
use vedetta_model::{Agreement, AgreementId, Pap, Tlp};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

/// Puts an agreement in force by which the national centre gives to Terni, handled so.
fn put(test: &TestHouse, id: &str, handling: &Value) {
    draft(test, id, handling).unwrap();
    step(test, id, &Step::PutInForce);
}

fn draft(test: &TestHouse, id: &str, handling: &Value) -> Result<(), FlowError> {
    let what = json!(["indicator", "incident"]);
    let agreement: Agreement = serde_json::from_value(json!({
        "id": id, "title": id, "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centres", "organisations": ["cnaipic", "perugia"], "gives": what },
            { "name": "towns", "organisations": ["terni"], "receives": what },
        ],
        "handling": handling,
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &agreement)
}

fn step(test: &TestHouse, id: &str, step: &Step) {
    let id = AgreementId::new(id).unwrap();
    test.house.step_agreement(&test.administrator(), &id, step).unwrap();
}

/// How an item is handled, as an organisation reads it.
fn read(test: &TestHouse, who: &str, item: &TestItem) -> ReadItem {
    test.house.item(&test.person(who), &item.id()).unwrap()
}

fn iep(id: &str, says: Value) -> Value {
    let mut iep = json!({ "id": id, "name": format!("Policy {id}") });
    iep.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
    json!({ "iep": iep })
}

#[test]
fn what_says_nothing_has_the_strictest_default_of_the_agreements_under_which_it_is_given() {
    let test = TestHouse::small();
    let brought = |n, item: TestItem| {
        test.bring("cnaipic", &[item.clone()]);
        let read = read(&test, "terni", &TestItem::indicator(n));
        (read.tlp, read.pap)
    };
    assert_eq!(brought(1, TestItem::indicator(1)), (Tlp::Amber, Pap::Green), "the act's");
    put(&test, "strict", &json!({ "default_tlp": "AMBER+STRICT" }));
    put(&test, "wide", &json!({ "default_tlp": "GREEN" }));
    assert_eq!(brought(2, TestItem::indicator(2)), (Tlp::AmberStrict, Pap::Green));
    let says = TestItem::indicator(3).tlp("GREEN").handled("pap", "AMBER".into());
    assert_eq!(brought(3, says), (Tlp::Green, Pap::Amber), "what it says goes before");
    step(&test, "strict", &Step::Suspend { reason: "review".into() });
    assert_eq!(brought(4, TestItem::indicator(4)).0, Tlp::Amber, "only while it binds");
    assert_eq!(read(&test, "terni", &TestItem::indicator(2)).tlp, Tlp::AmberStrict, "as decided");
}

#[test]
fn a_policy_binds_what_comes_under_its_agreement_and_only_narrows() {
    let test = TestHouse::small();
    let says = json!({ "permitted_actions": "Internally visible actions", "attribution": "must",
        "unmodified_resale": "must not" });
    put(&test, "bound", &iep("one", says));
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("cnaipic", &[item.clone()]);
    let seen = read(&test, "terni", &item);
    let obliged = serde_json::to_value(&*seen.obligations.unwrap()).unwrap();
    let expected = json!({ "permitted_actions": "internally visible actions",
        "attribution": "must", "unmodified_resale": "must not",
        "policies": [{ "id": "one", "name": "Policy one" }] });
    assert_eq!((obliged, seen.pap), (expected, Pap::Red));
    // A second one makes it stricter where it is, and nowhere wider.
    let says = json!({ "permitted_actions": "externally visible direct actions",
        "attribution": "must not", "encrypt_in_transit": "must" });
    put(&test, "again", &iep("two", says));
    let both = TestItem::indicator(2).tlp("GREEN");
    test.bring("cnaipic", &[both.clone()]);
    let seen = read(&test, "terni", &both);
    let obliged = seen.obligations.unwrap();
    assert_eq!(obliged.permitted_actions, Some("internally visible actions"));
    assert_eq!(obliged.attribution, Some("must not"));
    assert_eq!((obliged.encrypt_in_transit, seen.pap), (Some("must"), Pap::Red));
    assert_eq!(seen.body.as_ref(), both.json().as_bytes(), "its bytes are its producer's");
    for id in ["bound", "again"] {
        step(&test, id, &Step::Suspend { reason: "review".into() });
    }
    let seen = read(&test, "terni", &both);
    assert_eq!((seen.obligations, seen.pap), (None, Pap::Green), "it comes under the act alone");
}

#[test]
fn who_may_not_know_the_victim_is_not_told_the_name_of_a_policy() {
    let test = TestHouse::small();
    // The act names victims: without it, the agreement with the policy hides them.
    step(&test, "act", &Step::Suspend { reason: "review".into() });
    let says = json!({ "affected_party_notifications": "must not" });
    let mut handling = iep("perugia-1", says);
    handling["victim"] = json!("hidden");
    put(&test, "bound", &handling);
    test.bring("perugia", &[TestItem::incident(1, "Porta aperta").tlp("AMBER")]);
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::Last);
    let page = test.house.page(&test.person("terni"), &wish).unwrap();
    let obliged = page.items[0].obligations.as_ref().unwrap();
    assert_eq!(page.items[0].form, Form::Redacted);
    assert_eq!(obliged.affected_party_notifications, Some("must not"));
    assert!(obliged.policies.is_empty());
}

#[test]
fn a_policy_binds_within_its_dates_and_says_what_the_standard_knows() {
    let test = TestHouse::small();
    let later = json!({ "start_date": "2026-06-01T00:00:00Z", "attribution": "must not" });
    put(&test, "later", &iep("later", later));
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("cnaipic", &[item.clone()]);
    assert!(read(&test, "terni", &item).obligations.is_none(), "not yet");
    test.clock.set("2026-06-02T00:00:00Z");
    assert!(read(&test, "terni", &item).obligations.is_some());
    let wrong = draft(&test, "wrong", &iep("x", json!({ "attribution": "perhaps" })));
    let said = wrong.unwrap_err().to_string();
    assert!(said.contains("handling.iep.attribution") && said.contains("perhaps"), "{said}");
}
