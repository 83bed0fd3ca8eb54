//! Acknowledgements that an agreement asks for: when they are overdue, and how the duty is kept.

use std::time::Duration;

use serde_json::json;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{DeliveryBatch, Door, FlowError};
use vedetta_model::{Actor, Agreement, AgreementId, Contact, Instant, OrganisationId, Places};
use vedetta_store::Sequence;
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;
use vedetta_timeliness::{Kept, Overdue, OverdueWish, Timeliness};

const MINUTE: Duration = Duration::from_secs(60);

/// The small network with an agreement under which indicators of the national centre are to be
/// acknowledged within an hour. The other agreement brings them too, and asks for nothing.
fn asking() -> TestHouse {
    let test = with_contacts();
    put(&test, "hour", 60);
    test
}

/// The small network, and whom to call.
fn with_contacts() -> TestHouse {
    let test = TestHouse::small();
    let contact = |id: &str, organisation: &str| -> Contact {
        let role = "incident response";
        let contact = json!({ "id": id, "organisation": organisation, "role": role, "name": id,
            "account": organisation });
        serde_json::from_value(contact).unwrap()
    };
    let contacts = vec![contact("desk", "cnaipic"), contact("ced", "terni")];
    let records = vedetta_directory::directory::Records { contacts, ..Default::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    test
}

fn put(test: &TestHouse, id: &str, minutes: u32) {
    let parties = json!([
        { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator", "incident"],
          "contacts": ["desk"] },
        { "name": "towns", "organisations": ["perugia", "terni"],
          "receives": ["indicator", "incident"] },
    ]);
    put_between(test, (id, minutes), &parties);
}

fn put_between(test: &TestHouse, (id, minutes): (&str, u32), parties: &serde_json::Value) {
    let agreement: Agreement = serde_json::from_value(json!({
        "id": id, "title": "Within an hour",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": parties,
        "duties": { "acknowledge_minutes": minutes, "acknowledge": ["indicator"] },
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &agreement).unwrap();
    step(test, id, &Step::PutInForce);
}

fn step(test: &TestHouse, id: &str, step: &Step) {
    let id = AgreementId::new(id).unwrap();
    test.house.step_agreement(&test.administrator(), &id, step).unwrap();
}

/// Brings an item of the national centre, which all of them have at once.
fn delivered(test: &TestHouse, item: &TestItem, to: &[&str]) {
    test.bring("cnaipic", &[item.clone()]);
    let release = test.house.item(&test.person("terni"), &item.id()).unwrap().stamp;
    let standing = test.house.standing();
    let number = |id: &&str| standing.directory.number(&OrganisationId::new(id).unwrap());
    let batch = DeliveryBatch {
        releases: Places::between(release.seq.0, release.seq.0),
        door: Door::Stream,
        at: test.house.now(),
        audience: to.iter().filter_map(number).collect(),
    };
    test.house.record_deliveries(vec![batch]).unwrap();
}

fn overdue(test: &TestHouse, by: &Actor) -> Vec<Overdue> {
    Timeliness::of(&test.house)
        .overdue(by, &OverdueWish { limit: 100, ..OverdueWish::default() })
        .unwrap()
}

/// Whose are overdue, as the operations room sees it.
fn who(test: &TestHouse) -> Vec<String> {
    let all = overdue(test, &test.administrator());
    all.iter().map(|it| it.organisation.to_string()).collect()
}

fn kept(test: &TestHouse, id: &str) -> Option<Kept> {
    let paces = Timeliness::of(&test.house).pace(&test.administrator(), Sequence::START).unwrap();
    paces.into_iter().find(|it| it.agreement.as_str() == id)?.duty
}

#[test]
fn what_is_not_acknowledged_in_time_is_overdue_and_said_with_whom_to_call() {
    let test = asking();
    let item = TestItem::indicator(1).tlp("GREEN");
    let received = test.house.now();
    delivered(&test, &item, &["perugia", "terni", "foligno"]);
    test.clock.advance(59 * MINUTE);
    assert!(who(&test).is_empty(), "there is time yet");
    assert_eq!(kept(&test, "hour"), Some(Kept { open: 2, ..Kept::default() }));
    assert_eq!(kept(&test, "act"), None, "it asks for nothing");
    test.house.acknowledge(&test.person("perugia"), &item.id(), None).unwrap();
    test.clock.advance(2 * MINUTE);
    let all = overdue(&test, &test.administrator());
    let terni = all.first().unwrap();
    assert_eq!((all.len(), terni.organisation.as_str()), (1, "terni"), "foligno owes nothing");
    assert_eq!((&terni.item, terni.agreement.as_str()), (&item.id(), "hour"));
    assert!(terni.received >= received && terni.due == terni.received.after(60 * MINUTE));
    let sides = Timeliness::of(&test.house).sides(terni);
    let named =
        |contacts: &[Contact]| contacts.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (named(&sides.contacts), named(&sides.givers)),
        (vec!["ced".into()], vec!["desk".into()])
    );
    assert_eq!(overdue(&test, &test.person("terni")), all, "its own");
    assert!(overdue(&test, &test.person("perugia")).is_empty(), "and nobody else's");
    let kept_so_far = Kept { within: 1, overdue: 1, ..Kept::default() };
    assert_eq!(kept(&test, "hour"), Some(kept_so_far));
    test.house.acknowledge(&test.person("terni"), &item.id(), None).unwrap();
    assert!(who(&test).is_empty());
    assert_eq!(kept(&test, "hour"), Some(Kept { within: 1, late: 1, ..Kept::default() }));
}

#[test]
fn what_several_brought_is_acknowledged_to_each() {
    let test = with_contacts();
    let parties = json!([
        { "name": "centres", "organisations": ["cnaipic", "cosc-umbria"], "gives": ["indicator"] },
        { "name": "towns", "organisations": ["terni"], "receives": ["indicator"] },
    ]);
    put_between(&test, ("both", 60), &parties);
    let item = TestItem::indicator(1).tlp("GREEN");
    for by in ["cnaipic", "cosc-umbria"] {
        test.bring(by, &[item.clone()]);
    }
    let terni = test.person("terni");
    let wish = vedetta_flow::Wish {
        ids: vec![item.id()],
        ..vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::Last)
    };
    let lines = test.house.page(&terni, &wish).unwrap().items;
    assert_eq!(lines.len(), 2, "the very same bytes, brought by two");
    let audience: vedetta_model::Audience =
        test.house.number_of(&terni.organisation).into_iter().collect();
    let had = lines.iter().map(|line| DeliveryBatch {
        releases: Places::between(line.stamp.seq.0, line.stamp.seq.0),
        door: Door::Stream,
        at: test.house.now(),
        audience: audience.clone(),
    });
    test.house.record_deliveries(had.collect()).unwrap();
    test.clock.advance(61 * MINUTE);
    assert_eq!(who(&test), ["terni", "terni"], "it owes both");
    assert!(test.house.acknowledge(&terni, &item.id(), None).unwrap().is_some());
    assert!(who(&test).is_empty(), "and owes nobody anything");
    assert!(test.house.acknowledge(&terni, &item.id(), None).unwrap().is_none(), "once");
}

#[test]
fn a_person_acknowledges_and_is_named_to_those_whom_it_concerns() {
    let test = asking();
    let item = TestItem::indicator(1).tlp("GREEN");
    delivered(&test, &item, &["perugia", "terni"]);
    let refused = test.house.acknowledge(&test.machine("terni"), &item.id(), None);
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "{refused:?}");
    test.clock.advance(61 * MINUTE);
    assert_eq!(who(&test), ["perugia", "terni"], "what a program had, nobody knows of");
    for town in ["terni", "perugia"] {
        test.house.acknowledge(&test.person(town), &item.id(), None).unwrap();
    }
    assert!(who(&test).is_empty());
    let named = |by: &Actor| {
        let read = test.house.item(by, &item.id()).unwrap();
        let had = test.house.deliveries(by, &read).unwrap().into_iter();
        let said = |it: vedetta_flow::Acknowledged| (it.by.to_string(), it.to_string());
        had.filter_map(|it| it.acknowledged.map(said)).collect::<Vec<_>>()
    };
    let [perugia, terni] = [("perugia", "perugia"), ("terni", "ced (incident response)")]
        .map(|(by, contact)| (by.to_owned(), contact.to_owned()));
    let both = [perugia.clone(), terni.clone()];
    assert_eq!(named(&test.person("cnaipic")), both, "its producer");
    assert_eq!(named(&test.administrator()), both, "the room");
    assert_eq!(named(&test.person("terni")), [terni]);
    assert_eq!(named(&test.person("perugia")), [perugia], "and no other recipient");
    let holders = test.house.holders_of(&test.administrator(), &item.id()).unwrap().holders;
    assert!(
        holders.iter().any(|it| it.acknowledged.as_ref().is_some_and(|it| it.contact.is_some()))
    );
}

#[test]
fn time_without_the_agreement_does_not_count() {
    let test = asking();
    delivered(&test, &TestItem::indicator(1).tlp("GREEN"), &["terni"]);
    test.clock.advance(30 * MINUTE);
    step(&test, "hour", &Step::Suspend { reason: "review".into() });
    test.clock.advance(600 * MINUTE);
    assert!(
        who(&test).is_empty() && kept(&test, "hour").is_none(),
        "suspended, it asks for nothing"
    );
    let resumed = test.house.now();
    step(&test, "hour", &Step::Resume);
    test.clock.advance(59 * MINUTE);
    assert!(who(&test).is_empty(), "everybody has the whole time again");
    test.clock.advance(2 * MINUTE);
    let due = overdue(&test, &test.administrator()).first().unwrap().due;
    assert_eq!(who(&test), ["terni"]);
    assert!(due >= resumed.after(60 * MINUTE));
}

#[test]
fn what_is_withdrawn_or_replaced_is_owed_no_more() {
    let test = asking();
    let (gone, renewed) =
        (TestItem::indicator(1).tlp("GREEN"), TestItem::indicator(2).tlp("GREEN"));
    delivered(&test, &gone, &["terni"]);
    delivered(&test, &renewed, &["terni"]);
    delivered(&test, &TestItem::incident(3, "Porta aperta").tlp("GREEN"), &["terni"]);
    test.clock.advance(61 * MINUTE);
    assert_eq!(who(&test).len(), 2, "incidents need no acknowledgement");
    test.house.withdraw(&test.person("cnaipic"), &gone.id(), "wrong").unwrap();
    delivered(&test, &renewed.modified("2026-03-02T09:00:00.000Z"), &["terni"]);
    assert!(who(&test).is_empty());
    test.clock.advance(61 * MINUTE);
    assert_eq!(who(&test), ["terni"], "the new version is owed anew");
}

#[test]
fn a_version_that_reached_nobody_who_may_owe_takes_no_duty_away() {
    let test = asking();
    let item = TestItem::indicator(1).tlp("GREEN");
    delivered(&test, &item, &["terni"]);
    test.clock.advance(30 * MINUTE);
    delivered(&test, &item.clone().modified("2026-03-01T00:00:00Z"), &["foligno"]);
    test.clock.advance(31 * MINUTE);
    assert_eq!(who(&test), ["terni"], "foligno is under no agreement that asks");
}

#[test]
fn of_two_duties_the_shorter_counts_and_pages_leave_nothing_out() {
    let test = asking();
    put(&test, "quick", 10);
    for n in 1..=3 {
        delivered(&test, &TestItem::indicator(n).tlp("GREEN"), &["perugia", "terni"]);
        test.clock.advance(MINUTE);
    }
    test.clock.advance(20 * MINUTE);
    let all = overdue(&test, &test.administrator());
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|it| it.agreement.as_str() == "quick"));
    assert!(all.is_sorted_by_key(|it| it.received));
    let mut paged: Vec<Overdue> = Vec::new();
    let place = |it: &Overdue| (it.received, it.item.clone(), it.organisation.clone());
    loop {
        let after: Option<(Instant, _, _)> = paged.last().map(place);
        let wish = OverdueWish { after, limit: 1, ..OverdueWish::default() };
        let page = Timeliness::of(&test.house).overdue(&test.administrator(), &wish).unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let of = |wish: OverdueWish| {
        let wish = OverdueWish { limit: 100, ..wish };
        Timeliness::of(&test.house).overdue(&test.administrator(), &wish).unwrap().len()
    };
    let item = Some(TestItem::indicator(1).id());
    assert_eq!(of(OverdueWish { item, ..OverdueWish::default() }), 2);
    let organisation = Some(OrganisationId::new("terni").unwrap());
    assert_eq!(of(OverdueWish { organisation, ..OverdueWish::default() }), 3);
    let agreement = Some(AgreementId::new("hour").unwrap());
    assert_eq!(of(OverdueWish { agreement, ..OverdueWish::default() }), 0);
}

fn reached(test: &TestHouse, release: Sequence, to: &str) {
    let to = OrganisationId::new(to).unwrap();
    let batch = DeliveryBatch {
        releases: Places::between(release.0, release.0),
        door: Door::Stream,
        at: test.house.now(),
        audience: test.house.standing().directory.number(&to).into_iter().collect(),
    };
    test.house.record_deliveries(vec![batch]).unwrap();
}

#[test]
fn what_another_says_of_the_same_address_ends_nobodys_duty() {
    let test = asking();
    let seen = |who: &str| {
        let item = TestItem::address(7).tlp("GREEN").with("x_seen_by", json!(who));
        item.handled("category", json!("indicator"))
    };
    let release = |who: &str| test.bring(who, &[seen(who)]).accepted[0].stamp.seq;
    reached(&test, release("cnaipic"), "terni");
    test.clock.advance(30 * MINUTE);
    reached(&test, release("perugia"), "foligno");
    test.clock.advance(31 * MINUTE);
    assert_eq!(who(&test), ["terni"]);
    assert_eq!(overdue(&test, &test.person("terni")).len(), 1);
}

#[test]
fn who_owes_sees_it_though_it_was_released_to_others_since() {
    let test = asking();
    let item = TestItem::indicator(1).tlp("GREEN");
    delivered(&test, &item, &["terni"]);
    let late: Agreement = serde_json::from_value(json!({
        "id": "late", "title": "Late", "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
            { "name": "late", "organisations": ["stranger"], "receives": ["indicator"] },
        ],
        "handling": { "history": "all" },
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &late).unwrap();
    step(&test, "late", &Step::PutInForce);
    assert_eq!(test.house.clear_newcomers().unwrap(), 1);
    let again = test.house.item(&test.person("stranger"), &item.id()).unwrap().stamp.seq;
    test.clock.advance(MINUTE);
    reached(&test, again, "stranger");
    test.clock.advance(61 * MINUTE);
    assert_eq!(who(&test), ["terni"]);
    assert_eq!(overdue(&test, &test.person("terni")).len(), 1);
}

#[test]
fn nobody_but_the_room_finds_a_derived_form_by_what_it_was_made_of() {
    let test = TestHouse::small();
    let hidden: Agreement = serde_json::from_value(json!({
        "id": "hidden", "title": "Operators", "parent": "act",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["incident"] },
            { "name": "operators", "organisations": ["stranger"], "receives": ["incident"] },
        ],
        "handling": { "victim": "hidden" },
        "duties": { "acknowledge_minutes": 60, "acknowledge": ["incident"] },
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &hidden).unwrap();
    step(&test, "hidden", &Step::PutInForce);
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let all = vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::All);
    let form = test.house.page(&test.person("stranger"), &all).unwrap().items.remove(0);
    reached(&test, form.stamp.seq, "stranger");
    test.clock.advance(61 * MINUTE);
    let of = |by: &Actor, item: &vedetta_model::ItemId| {
        let item = Some(item.clone());
        let wish = OverdueWish { limit: 100, item, ..OverdueWish::default() };
        Timeliness::of(&test.house).overdue(by, &wish).unwrap().len()
    };
    let (stranger, room) = (test.person("stranger"), test.administrator());
    assert_eq!((of(&stranger, &form.id), of(&stranger, &item.id())), (1, 0));
    assert_eq!((of(&room, &form.id), of(&room, &item.id())), (1, 1));
}

#[test]
fn an_agreement_is_not_measured_by_what_went_before_it() {
    let test = with_contacts();
    let measured = |id: &str| {
        let paces =
            Timeliness::of(&test.house).pace(&test.administrator(), Sequence::START).unwrap();
        let pace = paces.into_iter().find(|it| it.agreement.as_str() == id);
        pace.map_or((0, 0), |pace| (pace.share.count, pace.acknowledge.count))
    };
    let item = TestItem::indicator(1);
    delivered(&test, &item, &["perugia", "terni"]);
    test.clock.advance(MINUTE);
    test.house.acknowledge(&test.person("terni"), &item.id(), None).unwrap();
    test.clock.advance(MINUTE);
    // Before the act in the order of their names, so that it is the nearest.
    put(&test, "aaa", 60);
    assert_eq!((measured("act"), measured("aaa")), ((2, 1), (0, 0)));
    test.clock.advance(MINUTE);
    delivered(&test, &TestItem::indicator(2), &["perugia", "terni"]);
    assert_eq!((measured("act"), measured("aaa")), ((2, 1), (2, 0)));
    // A break takes nothing from what an agreement brought before it.
    step(&test, "act", &Step::Suspend { reason: "for a while".into() });
    test.clock.advance(MINUTE);
    step(&test, "act", &Step::Resume);
    assert_eq!(measured("act"), (2, 1));
}
