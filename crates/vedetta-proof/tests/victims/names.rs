//! Under which names an item goes out without its victim, one after the other.

use vedetta_model::ItemId;
use vedetta_store::{Sequence, VersionFilter};

use super::*;

/// A version of an incident, of the so-many-th minute.
fn version(minute: u32) -> TestItem {
    let victim = OrganisationId::new("perugia").unwrap().identity();
    TestItem::incident(1, &format!("Ransomware, as of {minute}"))
        .tlp("AMBER")
        .modified(&format!("2026-03-02T00:{minute:02}:00.000Z"))
        .handled("victim_refs", json!([victim]))
}

/// One that is too long to be looked through, so that it has no form.
fn untold(minute: u32) -> TestItem {
    version(minute).with("description", json!("x".repeat(1 << 20)))
}

fn bring(test: &TestHouse, item: &TestItem) {
    assert_eq!(test.bring("perugia", std::slice::from_ref(item)).accepted.len(), 1);
}

/// What the stranger reads: of each object its name and title.
fn read(test: &TestHouse) -> Vec<(ItemId, String)> {
    let wish = vedetta_flow::Wish::all(Sequence::START, VersionFilter::All);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    let read = page.items.iter().map(|it| {
        let object: serde_json::Value = serde_json::from_slice(&it.body).unwrap();
        assert_eq!(object["id"], it.id.as_str());
        (it.id.clone(), object["name"].as_str().unwrap().to_owned())
    });
    read.collect()
}

/// Of which objects the stranger was told that they are withdrawn.
fn withdrawn(test: &TestHouse) -> Vec<ItemId> {
    let told = test.house.withdrawals(&test.person("stranger"), Sequence::START).unwrap();
    told.notices.into_iter().map(|it| it.item).collect()
}

#[test]
fn what_can_be_told_again_goes_out_under_another_name() {
    for ledger in vedetta_testkit::ledgers() {
        let mut test = TestHouse::over(ledger.store()).with_small_network();
        test.hide_victims("none");
        let mut names = Vec::new();
        for round in 0..5 {
            for minute in [3 * round, 3 * round + 1] {
                bring(&test, &version(minute));
                let (name, title) = read(&test).pop().unwrap();
                assert_eq!(title, format!("Ransomware, as of {minute}"));
                if !names.contains(&name) {
                    names.push(name);
                }
                assert_eq!(names.len(), round as usize + 1, "an update goes under the same");
                test = TestHouse::over(test.store);
            }
            assert_eq!(read(&test).len(), 2);
            bring(&test, &untold(3 * round + 2));
            assert_eq!((read(&test), withdrawn(&test)), (Vec::new(), names.clone()));
            test = TestHouse::over(test.store);
        }
        bring(&test, &version(40));
        let (last, _) = read(&test).pop().unwrap();
        test.house.withdraw(&test.person("perugia"), &version(40).id(), "a mistake").unwrap();
        assert_eq!(withdrawn(&test), [names, vec![last]].concat(), "with the item its last form");
        bring(&test, &version(41));
        assert_eq!(read(&test), Vec::new(), "what was withdrawn stays so");
    }
}

#[test]
fn what_is_older_than_a_version_that_has_no_form_has_none_either() {
    let test = with_hidden();
    bring(&test, &version(1));
    bring(&test, &untold(9));
    bring(&test, &version(5));
    assert_eq!(read(&test), Vec::new());
    bring(&test, &version(10));
    assert_eq!(read(&test).len(), 1);
    let name = read(&test).pop().unwrap().0;
    bring(&test, &untold(7));
    assert_eq!(read(&test).pop().unwrap().0, name, "nor is a newer one taken back with it");
}

#[test]
fn a_form_refers_to_another_by_the_name_that_it_goes_under() {
    let test = with_hidden();
    let about = |n| note(n, "see there").with("object_refs", json!([version(0).id()]));
    let leads_to = |test: &TestHouse| {
        let read = read_by(test, "stranger").pop().unwrap();
        let object: serde_json::Value = serde_json::from_str(&read).unwrap();
        ItemId::new(object["object_refs"][0].as_str().unwrap()).unwrap()
    };
    bring(&test, &version(1));
    let first = read(&test).pop().unwrap().0;
    bring(&test, &about(2));
    assert_eq!(leads_to(&test), first);
    bring(&test, &untold(3));
    bring(&test, &version(4));
    let next = read(&test).pop().unwrap().0;
    bring(&test, &about(5));
    assert_eq!(leads_to(&test), next);
    assert_ne!(first, next);
}

#[test]
fn a_name_that_is_spent_before_the_form_is_written_is_not_used() {
    let ledger = vedetta_testkit::Between::over(TestHouse::ledger());
    let test = TestHouse::over(ledger.clone()).with_small_network();
    test.hide_victims("none");
    bring(&test, &version(1));
    let first = read(&test).pop().unwrap().0;
    let producer = OrganisationId::new("perugia").unwrap();
    let producer = test.house.standing().directory.number(&producer).unwrap();
    let spent = first.clone();
    ledger.before_writing(move |unit| {
        let facts = json!({ "reason": "the item has no such form any more" }).to_string();
        let stamp = unit.withdraw(&spent, producer, "tester", &facts)?.unwrap();
        vedetta_flow::corridor::keep_withdrawal(unit, (&spent, producer), stamp, ("tester", ""))
    });
    bring(&test, &version(2));
    let read = read(&test);
    assert_eq!(read.len(), 1);
    assert_ne!(read[0].0, first);
}

#[test]
fn who_had_an_item_under_any_of_its_names_holds_it() {
    let test = with_hidden();
    bring(&test, &version(1));
    let wish = vedetta_flow::Wish::all(Sequence::START, VersionFilter::All);
    let had = test.house.page(&test.person("stranger"), &wish).unwrap().items.remove(0);
    let stranger = OrganisationId::new("stranger").unwrap();
    let number = test.house.standing().directory.number(&stranger).unwrap();
    let (place, at) = (had.stamp.seq.0, test.house.now());
    let batch = vedetta_flow::DeliveryBatch {
        releases: vedetta_model::Places::between(place, place),
        door: vedetta_flow::Door::Stream,
        at,
        audience: [number].into_iter().collect(),
    };
    test.house.record_deliveries(vec![batch]).unwrap();
    bring(&test, &untold(2));
    bring(&test, &version(3));
    test.house.withdraw(&test.person("perugia"), &version(1).id(), "a mistake").unwrap();
    let held = test.house.holders_of(&test.administrator(), &version(1).id()).unwrap();
    assert!(held.holders.iter().any(|it| it.organisation == stranger), "{held:?}");
}
