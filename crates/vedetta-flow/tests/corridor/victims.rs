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

/// The small network with a second agreement that hides victims: the centre to the company.
fn with_hidden() -> TestHouse {
    let test = TestHouse::small();
    let text = r#"{
      "id": "hidden", "title": "Operators", "parent": "act",
      "term": { "from": "2026-01-01", "until": "2028-12-31" },
      "party": [
        { "name": "centre", "organisations": ["cnaipic"], "gives": ["incident"] },
        { "name": "operators", "organisations": ["stranger"], "receives": ["incident"] }
      ],
      "handling": { "highest_tlp": "AMBER+STRICT", "victim": "hidden" }
    }"#;
    let draft: vedetta_model::Agreement = serde_json::from_str(text).unwrap();
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    let step = vedetta_flow::actions::change_agreement::Step::PutInForce;
    test.house.step_agreement(&test.administrator(), &draft.id, &step).unwrap();
    test
}

#[test]
fn who_may_not_know_the_victim_gets_the_item_without_it() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER").with(
        "description",
        serde_json::json!("The file server of the Comune di Perugia was encrypted at night."),
    );
    test.bring("perugia", &[item.clone()]);
    assert!(test.reads("cnaipic", &item.id()));
    assert!(!test.reads("stranger", &item.id()), "the original is not for it");
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::Last);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    assert_eq!(page.items.len(), 1);
    let body = String::from_utf8(page.items[0].body.to_vec()).unwrap();
    assert!(body.contains("encrypted at night"), "{body}");
    for told in ["erugia", item.id().as_str(), "comune"] {
        assert!(!body.contains(told), "{told} in {body}");
    }
    let answer =
        test.house.explain_any(&item.id(), &OrganisationId::new("stranger").unwrap()).unwrap();
    assert!(answer.allowed && answer.form == Some(vedetta_policy::Form::Redacted));
}

#[test]
fn a_withdrawn_item_takes_its_derived_form_with_it() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "mistake").unwrap();
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert!(test.house.page(&test.person("stranger"), &wish).unwrap().items.is_empty());
}
