//! Who may know the victim, and what a hold keeps back.

// Set-up that fails should stop the test at once; items are cheap to clone and read better so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

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

fn note(n: u32, content: &str) -> TestItem {
    let id = format!("note--00000000-0000-4000-8000-{n:012x}");
    TestItem::incident(n, "a note")
        .with("type", serde_json::json!("note"))
        .with("id", serde_json::json!(id))
        .with("content", serde_json::json!(content))
        .with("object_refs", serde_json::json!([TestItem::indicator(n).id()]))
        .tlp("AMBER")
}

#[test]
fn siblings_do_not_give_the_victim_away() {
    let test = with_hidden();
    let incident = TestItem::incident(1, "Ransomware").tlp("AMBER");
    let about = |n| note(n, "see there").with("object_refs", serde_json::json!([incident.id()]));
    let (on_it, later) = (about(2), about(7));
    let on_note = note(3, "more").with("object_refs", serde_json::json!([on_it.id()]));
    let naming = note(4, "It began at the Comune di Perugia.");
    let target = OrganisationId::new("perugia").unwrap().identity();
    let pointing = note(5, "who").with("object_refs", serde_json::json!([target]));
    let excepted =
        note(6, "Comune di Perugia agrees").handled("victim_refs", serde_json::json!([]));
    // References may come before what they refer to.
    let load = [&on_note, &on_it, &naming, &pointing, &excepted, &incident].map(TestItem::clone);
    assert_eq!(test.bring("perugia", &load).accepted.len(), load.len());
    assert_eq!(test.bring("perugia", &[later.clone()]).accepted.len(), 1);
    for item in [&incident, &on_it, &on_note, &naming, &pointing, &later] {
        assert!(test.reads("cnaipic", &item.id()));
        assert!(!test.reads("stranger", &item.id()), "{}", item.json());
    }
    assert!(test.reads("stranger", &excepted.id()), "it says that it tells nobody's misfortune");
}

#[test]
fn a_version_that_does_not_say_keeps_the_victims_of_those_before() {
    let test = with_hidden();
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    let named = item.clone().handled("victim_refs", serde_json::json!([victim]));
    test.bring("cosc-umbria", &[named]);
    let silent = item.modified("2026-03-02T00:00:00.000Z");
    assert_eq!(test.bring("cosc-umbria", &[silent.clone()]).accepted.len(), 1);
    assert!(test.reads("cnaipic", &silent.id()));
    assert!(!test.reads("stranger", &silent.id()));
}

#[test]
fn what_is_revoked_leaves_no_older_derived_form_behind() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert_eq!(test.house.page(&test.person("stranger"), &wish).unwrap().items.len(), 1);
    let revoked = item
        .modified("2026-03-02T00:00:00.000Z")
        .with("revoked", serde_json::json!(true))
        .handled("victim_refs", serde_json::json!([]));
    test.bring("perugia", &[revoked.clone()]);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    let ids: Vec<_> = page.items.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids, [revoked.id()]);
}

#[test]
fn an_old_version_of_what_was_withdrawn_has_no_derived_form() {
    let test = with_hidden();
    let nobodys =
        TestItem::incident(1, "Exercise").tlp("AMBER").modified("2026-03-02T00:00:00.000Z");
    let nobodys = nobodys.handled("victim_refs", serde_json::json!([]));
    test.bring("perugia", &[nobodys.clone()]);
    test.house.withdraw(&test.person("perugia"), &nobodys.id(), "mistake").unwrap();
    test.bring("perugia", &[TestItem::incident(1, "Ransomware").tlp("AMBER")]);
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert!(test.house.page(&test.person("stranger"), &wish).unwrap().items.is_empty());
}
