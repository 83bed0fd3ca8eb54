//! Who would have items, before they are brought.

use serde_json::{Value, json};
use vedetta_directory::directory::Records;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{ItemsPreview, Sequence, VersionFilter, Wish};
use vedetta_intake::{Arrival, DoorIn, stix_bundle};
use vedetta_model::agreement::{Stage, VictimVisibility};
use vedetta_model::asset::AssetValue;
use vedetta_model::{Actor, AgreementId, Asset, AssetId, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::house::act;
use vedetta_testkit::items::TestItem;

/// A house in which the stranger receives what Perugia brings, without its victim. Terni has a domain.
fn house() -> TestHouse {
    let test = TestHouse::small();
    let mut hiding = act();
    hiding.id = AgreementId::new("hiding").unwrap();
    hiding.stage = Stage::Draft;
    hiding.handling.victim = VictimVisibility::Hidden;
    hiding.parties[0].organisations = [OrganisationId::new("stranger").unwrap()].into();
    hiding.parties[1].organisations = ["perugia", "terni"].map(id).into();
    let admin = test.administrator();
    test.house.put_draft(&admin, &hiding).unwrap();
    test.house.step_agreement(&admin, &hiding.id, &Step::PutInForce).unwrap();
    let asset = Asset {
        id: AssetId::new("terni-domain").unwrap(),
        organisation: id("terni"),
        what: AssetValue::Domain("acque.example".into()),
        note: None,
    };
    let assets = Records { assets: vec![asset], ..Records::default() };
    test.house.put_records(&admin, assets).unwrap();
    test
}

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn told_of(victim: &str, item: TestItem) -> TestItem {
    let victim = id(victim).identity();
    item.tlp("AMBER").handled("victim_refs", json!([victim])).handled("category", json!("incident"))
}

fn domain(n: u32, domain: &str) -> TestItem {
    let pattern = format!("[domain-name:value = '{domain}']");
    TestItem::indicator(n).tlp("AMBER").with("pattern", json!(pattern))
}

fn edge(n: u32, from: &TestItem, to: &TestItem) -> TestItem {
    TestItem::incident(n, "")
        .without(&["name"])
        .with("type", json!("relationship"))
        .with("id", json!(format!("relationship--00000000-0000-4000-8000-{n:012x}")))
        .with("relationship_type", json!("related-to"))
        .with("source_ref", json!(from.id()))
        .with("target_ref", json!(to.id()))
}

fn arrival(items: &[TestItem]) -> Arrival {
    let items: Vec<_> = items.iter().map(TestItem::json).collect();
    let text = format!("[{}]", items.join(","));
    stix_bundle::read(DoorIn::Api, "test", text.as_bytes(), &stix_bundle::limits())
}

fn previewed(test: &TestHouse, by: &Actor, items: &[TestItem]) -> Vec<ItemsPreview> {
    let previews = test.house.preview_arrival(by, arrival(items)).unwrap();
    assert!(previews.rejected.is_empty(), "{previews:?}");
    previews.previews
}

/// What is told but for the items' names.
fn answer(previews: &[ItemsPreview]) -> Value {
    let mut answer = serde_json::to_value(previews).unwrap();
    answer.as_array_mut().unwrap().iter_mut().for_each(|it| it["items"] = Value::Null);
    answer
}

#[test]
fn who_may_not_know_the_victim_has_nothing_of_what_cannot_be_told_without_it() {
    let test = house();
    let incident = told_of("perugia", TestItem::incident(1, "attack"));
    let identity = told_of("perugia", TestItem::indicator(2))
        .with("type", json!("identity"))
        .with("id", json!("identity--00000000-0000-4000-8000-000000000002"))
        .with("name", json!("Someone at the town"))
        .without(&["pattern", "pattern_type", "valid_from"]);
    let items = [incident.clone(), identity.clone()];
    let perugia = test.person("perugia");
    let previews = previewed(&test, &perugia, &items);
    let [with_form, without] = &previews[..] else { panic!("{previews:?}") };
    assert_eq!((&with_form.items, &without.items), (&vec![incident.id()], &vec![identity.id()]));
    assert_eq!(with_form.handling, without.handling);
    // The stranger, and Perugia's client.
    assert_eq!((with_form.preview.redacted, without.preview.redacted), (2, 0));
    assert_eq!(without.preview.nobody, with_form.preview.nobody + 2);
    let groups = &without.preview.groups;
    let of = groups.iter().find(|it| it.organisations.contains(&id("stranger"))).unwrap();
    assert!(of.form.is_none() && of.reason_en.contains("without the victim"), "{of:?}");
    // As it then is.
    test.house.accept(&perugia, arrival(&items)).unwrap();
    let read = test
        .house
        .page(&test.person("stranger"), &Wish::all(Sequence::START, VersionFilter::Last))
        .unwrap();
    assert_eq!(read.items.len(), 1, "{read:?}");
}

#[test]
fn whose_a_value_is_cannot_be_asked_without_bringing_it() {
    let test = house();
    let told = told_of("terni", TestItem::incident(1, "attack"));
    let (guessed, other) = (domain(2, "www.acque.example"), domain(3, "www.other.example"));
    let nobodys = domain(4, "a.example").handled("victim_refs", json!([]));
    let items = [told, guessed.clone(), other.clone(), nobodys.clone()];
    let with = |previews: &[ItemsPreview], item: &TestItem| {
        previews.iter().position(|it| it.items.contains(&item.id())).unwrap()
    };
    let previews = previewed(&test, &test.person("perugia"), &items);
    assert_eq!(with(&previews, &guessed), with(&previews, &other), "{previews:?}");
    let open = &previews[with(&previews, &other)];
    assert_eq!(open.handling.victims, [id("terni")].into(), "as telling what the load states");
    assert!(previews[with(&previews, &nobodys)].handling.victims.is_empty());
    // The room sees whom each tells, and so does whose it is.
    for who in [test.administrator(), test.person("terni")] {
        let previews = previewed(&test, &who, &items);
        let [guessed, other] = [&guessed, &other].map(|it| &previews[with(&previews, it)].handling);
        assert_eq!(guessed.victims, [id("terni")].into());
        assert!(other.victims.is_empty());
    }
}

#[test]
fn what_would_be_withheld_is_foretold_of_ones_own_misfortune_alone() {
    let test = house();
    let guesses = ["www.acque.example", "www.other.example"];
    let asked = |who: &str| {
        guesses.map(|guess| {
            let item = told_of("terni", domain(1, guess));
            let previews = previewed(&test, &test.person(who), &[item.clone()]);
            let [preview] = &previews[..] else { panic!("{previews:?}") };
            let alone = test.house.preview_object(
                &test.person(who),
                &preview.handling,
                item.json().as_bytes(),
            );
            let alone = alone.unwrap();
            assert_eq!(
                (alone.redacted, alone.withheld),
                (preview.preview.redacted, preview.preview.withheld)
            );
            (answer(&previews), preview.preview.withheld)
        })
    };
    let [guessed, other] = asked("perugia");
    assert_eq!(guessed, other, "whose it is");
    assert_eq!(guessed.0[0]["may_be_withheld"], true);
    let [own, other] = asked("terni").map(|(_, withheld)| withheld);
    assert!(own > 0 && other == 0, "{own} {other}");
    // Who brings it is told, and it is written down.
    let receipt = test.bring("perugia", &[told_of("terni", domain(1, guesses[0]))]);
    assert!(receipt.accepted[0].withheld > 0, "{receipt:?}");
}

#[test]
fn whether_somebody_brought_an_item_is_told_to_nobody_who_may_not_read_it() {
    let test = house();
    let (address, own) = (TestItem::address(7), domain(2, "a.example"));
    test.bring("perugia", &[own.clone()]);
    let edge = told_of("perugia", edge(3, &address, &own));
    let asked = || answer(&previewed(&test, &test.person("perugia"), &[edge.clone()]));
    let before = asked();
    assert!(before[0]["withheld"].as_u64().unwrap() > 0, "nobody brought it: {before}");
    test.bring("stranger", &[address.clone().tlp("RED").handled("named", json!(["stranger"]))]);
    assert!(!test.reads("perugia", &address.id()));
    assert_eq!(asked(), before);
    test.house.withdraw(&test.person("stranger"), &address.id(), "mistake").unwrap();
    assert_eq!(asked(), before);
    // What everyone may read is known.
    test.bring("foligno", &[address.tlp("CLEAR")]);
    assert_eq!(asked()[0]["withheld"], Value::Null);
}
