//! Who would have items, before they are brought.

use serde_json::json;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{Sequence, VersionFilter, Wish};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::agreement::{Stage, VictimVisibility};
use vedetta_model::{AgreementId, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::house::act;
use vedetta_testkit::items::TestItem;

/// A house in which the stranger receives what Perugia brings, without its victim.
fn house() -> TestHouse {
    let test = TestHouse::small();
    let mut hiding = act();
    hiding.id = AgreementId::new("hiding").unwrap();
    hiding.stage = Stage::Draft;
    hiding.handling.victim = VictimVisibility::Hidden;
    hiding.parties[0].organisations = [OrganisationId::new("stranger").unwrap()].into();
    hiding.parties[1].organisations = [OrganisationId::new("perugia").unwrap()].into();
    let admin = test.administrator();
    test.house.put_draft(&admin, &hiding).unwrap();
    test.house.step_agreement(&admin, &hiding.id, &Step::PutInForce).unwrap();
    test
}

fn told(item: TestItem) -> TestItem {
    let terni = OrganisationId::new("terni").unwrap().identity();
    item.tlp("AMBER").handled("victim_refs", json!([terni])).handled("category", json!("incident"))
}

#[test]
fn who_may_not_know_the_victim_has_nothing_of_what_cannot_be_told_without_it() {
    let test = house();
    let incident = told(TestItem::incident(1, "attack"));
    let identity = told(TestItem::indicator(2))
        .with("type", json!("identity"))
        .with("id", json!("identity--00000000-0000-4000-8000-000000000002"))
        .with("name", json!("Someone at the town"))
        .without(&["pattern", "pattern_type", "valid_from"]);
    let text = format!("[{},{}]", incident.json(), identity.json());
    let limits = stix_bundle::limits();
    let arrival = || stix_bundle::read(DoorIn::Api, "test", text.as_bytes(), &limits);
    let perugia = test.person("perugia");
    let previews = test.house.preview_arrival(&perugia, arrival()).unwrap();
    assert!(previews.rejected.is_empty(), "{previews:?}");
    let [with_form, without] = &previews.previews[..] else { panic!("{previews:?}") };
    assert_eq!((&with_form.items, &without.items), (&vec![incident.id()], &vec![identity.id()]));
    assert_eq!(with_form.handling, without.handling);
    // The stranger, and Perugia's client.
    assert_eq!((with_form.preview.redacted, without.preview.redacted), (2, 0));
    assert_eq!(without.preview.nobody, with_form.preview.nobody + 2);
    let groups = &without.preview.groups;
    let stranger = OrganisationId::new("stranger").unwrap();
    let of = groups.iter().find(|it| it.organisations.contains(&stranger)).unwrap();
    assert!(of.form.is_none() && of.reason_en.contains("without the victim"), "{of:?}");
    // As it then is.
    test.house.accept(&perugia, arrival()).unwrap();
    let read = test
        .house
        .page(&test.person("stranger"), &Wish::all(Sequence::START, VersionFilter::Last))
        .unwrap();
    assert_eq!(read.items.len(), 1, "{read:?}");
}
