//! What is taken back is told to each who had it: all of it, however much there is.

use std::time::Duration;

use serde_json::json;
use vedetta_flow::views::withdrawals::REMEMBERED;
use vedetta_flow::{DeliveryBatch, Door, Sequence};
use vedetta_model::{Actor, Audience, ItemId, OrganisationId, Places};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

fn told(test: &TestHouse, actor: &Actor, mut after: Sequence) -> Vec<ItemId> {
    let mut told = Vec::new();
    loop {
        let page = test.house.withdrawals(actor, after).unwrap();
        told.extend(page.notices.into_iter().map(|it| it.item));
        after = page.next;
        if !page.more {
            return told;
        }
    }
}

#[test]
fn none_is_passed_over_from_wherever_one_begins() {
    let test = TestHouse::small();
    let many = u32::try_from(REMEMBERED).unwrap() + 5;
    let items: Vec<_> = (1..=many).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    let ids: Vec<_> = items.iter().map(TestItem::id).collect();
    test.bring("perugia", &items);
    let (perugia, terni) = (test.person("perugia"), test.person("terni"));
    for (n, id) in ids.iter().enumerate() {
        test.house.withdraw(&perugia, id, "a mistake").unwrap();
        // What is remembered grows by one, and by many.
        if n == 10 || n > REMEMBERED {
            assert_eq!(told(&test, &terni, Sequence::START), ids[..=n]);
        }
    }
    let page = test.house.withdrawals(&terni, Sequence::START).unwrap();
    assert!(page.more, "one page does not hold them all");
    let seventh = page.notices[6].place;
    assert_eq!(told(&test, &terni, seventh), ids[7..]);
    assert_eq!(told(&test, &test.person("stranger"), Sequence::START), []);
    let again = TestHouse::over(std::sync::Arc::clone(&test.store));
    assert_eq!(told(&again, &terni, seventh), ids[7..], "another house over the same ledger");
}

/// Records that the last release of an item reached somebody.
fn delivered(test: &TestHouse, item: &ItemId, whom: &[&str]) {
    let mut audience = Audience::nobody();
    for organisation in whom {
        let organisation = OrganisationId::new(organisation).unwrap();
        audience.insert(test.house.standing().directory.number(&organisation).unwrap());
    }
    let mut place = 0;
    test.store
        .read(&mut |reader| {
            place = reader.releases(item)?.last().unwrap().stamp.seq.0;
            Ok(())
        })
        .unwrap();
    let (releases, at) = (Places::between(place, place), test.house.now());
    let batch = DeliveryBatch { releases, door: Door::Api, at, audience };
    assert_eq!(test.house.record_deliveries(vec![batch]).unwrap(), 0);
}

#[test]
fn whoever_fetched_just_before_it_is_told_too() {
    let test = TestHouse::small();
    let [one, other] = [1, 2].map(|n| TestItem::indicator(n).tlp("GREEN"));
    test.bring("perugia", &[one.clone(), other.clone()]);
    let [terni, foligno, client] = ["terni", "foligno", "client"].map(|it| test.person(it));
    test.clock.advance(Duration::from_secs(3_600));
    delivered(&test, &one.id(), &["foligno"]);
    for item in [&one, &other] {
        test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    }
    assert_eq!(told(&test, &terni, Sequence::START), []);
    assert_eq!(told(&test, &foligno, Sequence::START), [one.id()]);
    let before = test.house.withdrawals(&terni, Sequence::START).unwrap().next;
    for _ in 0..2 {
        delivered(&test, &one.id(), &["terni", "foligno"]);
        assert_eq!(told(&test, &terni, before), [one.id()], "once, after all it has heard");
        assert_eq!(told(&test, &foligno, before), [], "it was told");
    }
    let notice = test.house.withdrawals(&terni, before).unwrap().notices.remove(0);
    assert_eq!(notice.reason, "a mistake");
    let third = TestItem::indicator(3).tlp("GREEN");
    test.bring("perugia", &[third.clone()]);
    test.house.withdraw(&test.person("perugia"), &third.id(), "a mistake").unwrap();
    let again = TestHouse::over(std::sync::Arc::clone(&test.store));
    for test in [&test, &again] {
        assert_eq!(told(test, &terni, before), [one.id(), third.id()]);
        assert_eq!(told(test, &client, notice.place), [third.id()]);
    }
}

#[test]
fn whoever_had_it_before_it_became_red_is_told_and_so_is_whom_each_version_names() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    let red = |named: &str, day: u8| {
        let item = item.clone().tlp("RED").handled("named", json!([named]));
        item.modified(&format!("2026-03-0{day}T00:00:00.000Z"))
    };
    test.bring("cosc-umbria", &[item.clone()]);
    delivered(&test, &item.id(), &["foligno"]);
    test.bring("cosc-umbria", &[red("terni", 2)]);
    delivered(&test, &item.id(), &["terni"]);
    test.bring("cosc-umbria", &[red("perugia", 3)]);
    delivered(&test, &item.id(), &["perugia"]);
    test.clock.advance(Duration::from_secs(3_600));
    test.house.withdraw(&test.person("cosc-umbria"), &item.id(), "a mistake").unwrap();
    for organisation in ["foligno", "terni", "perugia"] {
        let told = told(&test, &test.person(organisation), Sequence::START);
        assert_eq!(told, [item.id()], "{organisation}");
    }
    let machine = |organisation| told(&test, &test.machine(organisation), Sequence::START);
    assert_eq!((machine("foligno").len(), machine("terni").len()), (1, 0));
    assert_eq!(told(&test, &test.person("client"), Sequence::START), []);
}

#[test]
fn however_many_versions_arrive_late_one_notice_tells_of_the_item() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    let versions =
        [1, 2, 3].map(|day| item.clone().modified(&format!("2026-03-0{day}T00:00:00.000Z")));
    test.bring("perugia", &versions);
    test.clock.advance(Duration::from_secs(3_600));
    let all = vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::All);
    let page = test.house.page(&test.person("terni"), &all).unwrap();
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let standing = test.house.standing();
    let number =
        |who| standing.directory.number(&OrganisationId::new(who).unwrap()).into_iter().collect();
    let batches = ["terni", "foligno"].map(|who| {
        let mut releases = Places::none();
        page.items.iter().for_each(|it| releases.insert(it.stamp.seq.0));
        DeliveryBatch { releases, door: Door::Taxii, at: test.house.now(), audience: number(who) }
    });
    test.house.record_deliveries(batches.to_vec()).unwrap();
    for who in ["terni", "foligno"] {
        assert_eq!(told(&test, &test.person(who), Sequence::START), [item.id()], "{who}");
    }
    let [first, _] = batches;
    test.house.record_deliveries(vec![first]).unwrap();
    assert_eq!(told(&test, &test.person("terni"), Sequence::START), [item.id()], "once");
}

#[test]
fn why_is_told_of_what_was_withdrawn_to_those_who_may_know_that_it_was_there() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER").handled("victim_refs", json!([]));
    test.bring("perugia", std::slice::from_ref(&item));
    test.clock.advance(Duration::from_secs(3_600));
    delivered(&test, &item.id(), &["terni"]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let ask = |by: &Actor, about: &str| {
        test.house.explain(by, &item.id(), &OrganisationId::new(about).unwrap())
    };
    let went = "Until then it went by this: Comune di Terni receives it";
    let never = "It would not go there in any case: Stranger does not receive it";
    for (who, about, by, before) in [
        ("admin", "terni", "perugia@perugia", went),
        ("admin", "stranger", "perugia@perugia", never),
        ("terni", "terni", "perugia", went),
        ("perugia", "perugia", "perugia@perugia", "Comune di Perugia"),
    ] {
        let actor = if who == "admin" { test.administrator() } else { test.person(who) };
        let answer = ask(&actor, about).unwrap();
        assert!(!answer.allowed && answer.form.is_none());
        let since = format!("withdrawn on 2026-03-02 by {by}: nobody has received it since.");
        assert!(answer.reason_en.contains(&since), "{answer:?}");
        assert!(answer.reason_en.contains(before), "{answer:?}");
        let since = format!("ritirata il 2/3/2026 da {by}: da allora nessuno la riceve.");
        assert!(answer.reason_it.contains(&since), "{answer:?}");
    }
    for who in ["foligno", "stranger"] {
        assert!(ask(&test.person(who), who).is_err(), "{who} never had it");
    }
}

/// The notices that somebody is given, by the versions that they name.
fn named(test: &TestHouse, who: &str) -> Vec<(Option<String>, bool)> {
    let told = test.house.withdrawals(&test.person(who), Sequence::START).unwrap().notices;
    told.into_iter().map(|it| (it.version.map(|it| it.to_string()), it.stands)).collect()
}

#[test]
fn a_notice_tells_nothing_of_what_its_reader_never_had() {
    let test = TestHouse::small();
    let (seen, item) = (TestItem::address(7), TestItem::indicator(1).tlp("GREEN"));
    test.bring("perugia", &[seen.clone().tlp("GREEN")]);
    test.bring("terni", &[seen.clone().with("x_seen_by", json!("terni")).tlp("RED")]);
    test.house.withdraw(&test.person("perugia"), &seen.id(), "a mistake").unwrap();
    assert_eq!(named(&test, "foligno"), [(None, false)], "nothing of a rival that it cannot read");

    let test = TestHouse::small();
    let day = |day: u8| item.clone().modified(&format!("2026-03-0{day}T00:00:00.000Z"));
    for who in ["perugia", "terni"] {
        assert_eq!(test.bring(who, std::slice::from_ref(&item)).accepted.len(), 1);
    }
    test.bring("perugia", &[day(2), day(3).tlp("RED")]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let told = named(&test, "foligno");
    let days: Vec<_> = told.iter().map(|it| (&it.0.as_ref().unwrap()[..10], it.1)).collect();
    assert_eq!(days, [("2026-03-01", true), ("2026-03-02", false)], "{told:?}");
}

#[test]
fn however_many_versions_another_withdraws_a_page_is_bounded() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    for who in ["perugia", "terni"] {
        test.bring(who, std::slice::from_ref(&item));
    }
    let versions: Vec<_> = (0..60)
        .map(|second| item.clone().modified(&format!("2026-03-02T00:00:{second:02}.000Z")))
        .collect();
    test.bring("perugia", &versions);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let told = named(&test, "foligno");
    assert_eq!(told.len(), 32);
    assert!(told.iter().all(|it| it.0.is_some() && !it.1), "{told:?}");
}

#[test]
fn what_its_reader_still_reads_is_not_taken_however_many_versions_there_are() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    for who in ["perugia", "terni"] {
        test.bring(who, std::slice::from_ref(&item));
    }
    let versions: Vec<_> = (0..40)
        .map(|second| item.clone().modified(&format!("2026-03-02T00:00:{second:02}.000Z")))
        .collect();
    test.bring("terni", &versions);
    test.bring("perugia", &versions[39..]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let told = named(&test, "foligno");
    assert!(told.len() == 2 && told.iter().all(|it| it.1), "both stand: {told:?}");

    // Nor by the name of the item, where it had none of those that are named.
    let test = TestHouse::small();
    for who in ["perugia", "terni"] {
        test.bring(who, std::slice::from_ref(&item));
    }
    let red: Vec<_> = versions.into_iter().map(|it| it.tlp("RED")).collect();
    test.bring("perugia", &red);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    assert_eq!(named(&test, "foligno"), [], "what it reads of Terni's stands");
}
