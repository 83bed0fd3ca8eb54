//! Alarms: who is called when a clock presses, and who answers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{DeliveryBatch, Door};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::account::AccountState;
use vedetta_model::contact::{Channel, Contact};
use vedetta_model::{
    Account, AccountId, Agreement, Audience, ContactId, Instant, Language, Places, Role,
};
use vedetta_testkit::items::TestItem;
use vedetta_watch::desk::Change;
use vedetta_watch::desk::escalation::{CallState, Ladder, Means, SilentSensor, Stands};
use vedetta_watch::desk::handover::LineKind;
use vedetta_watch::{Looked, Unheard};

use crate::room::{
    Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation, person,
};
use crate::shifts::roster;

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

/// `sala` by day and `turno` by night; `sala` has a mailbox and a telephone.
fn staffed() -> Room {
    let room = Room::new();
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    let contact = Contact {
        id: ContactId::new("sala").unwrap(),
        organisation: organisation("cnaipic"),
        role: "turno".into(),
        name: "Sala".into(),
        substitute: None,
        phone_24h: None,
        channels: vec![
            Channel::Email("sala@example.org".into()),
            Channel::Phone("+390000000000".into()),
        ],
        keys: Vec::new(),
        account: Some(account("sala")),
        last_verified: None,
    };
    let admin = person("admin", "cnaipic", Role::Administrator);
    let records = Records { contacts: vec![contact], ..Records::default() };
    room.house().put_records(&admin, records).unwrap();
    room
}

/// A case whose first aim is missed by now.
fn pressing(room: &Room) -> String {
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    room.clock.advance(Duration::from_secs(9 * 3_600));
    number
}

#[test]
fn a_missed_aim_calls_who_is_on_duty_once_and_survives_a_restart() {
    let room = staffed();
    let number = pressing(&room);
    let looked = room.watch.look_at_clocks().unwrap();
    assert_eq!((looked.raised, looked.calls), (1, 2), "browser and mail");
    assert_eq!(room.watch.look_at_clocks().unwrap().calls, 0, "not again");
    // Another process, with nothing remembered.
    let again = room.reopened();
    assert_eq!(again.look_at_clocks().unwrap().raised, 0);
    let due = again.due_calls(9).unwrap();
    let mail = due.iter().find(|it| it.by == Means::Email).unwrap();
    assert_eq!(mail.to, "sala@example.org");
    assert!(mail.subject.contains(&number) && mail.subject.contains("SCADUTO"), "{mail:?}");
    assert!(!mail.text.contains("Sportelli"), "what it is about is not told outside");
    assert!(again.due_calls(9).unwrap().is_empty());
    for it in due {
        again.end_call(it, Ok(())).unwrap();
    }
    let alarms = again.alarms(&officer()).unwrap();
    assert!(alarms[0].calls_you && alarms[0].may_answer);
    let states = |by| {
        let calls = again.alarms(&officer()).unwrap().remove(0).alarm.steps.remove(0).calls;
        calls.into_iter().find(|call| call.by == by).unwrap().state
    };
    assert!(matches!(states(Means::Email), CallState::Made { .. }));
    assert!(matches!(states(Means::Browser), CallState::Offered { .. }), "nobody saw it yet");
    let shown = again.calls_to(&officer().account).unwrap();
    assert_eq!(&shown[..], std::slice::from_ref(&alarms[0].id));
    assert_eq!(again.shown_alarms(&liaison("terni"), &shown).unwrap(), 0);
    assert_eq!(again.shown_alarms(&officer(), &["another".into()]).unwrap(), 0);
    assert!(matches!(states(Means::Browser), CallState::Offered { .. }), "it showed another");
    assert_eq!(again.shown_alarms(&officer(), &shown).unwrap(), 1);
    assert!(matches!(states(Means::Browser), CallState::Made { .. }), "a page says it was shown");
    assert_eq!(again.shown_alarms(&officer(), &shown).unwrap(), 0, "once");
    assert!(room.watch.alarms(&liaison("terni")).unwrap().is_empty());
}

#[test]
fn who_has_no_open_page_is_called_by_the_next_rung() {
    let room = Room::new();
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    pressing(&room);
    room.watch.look_at_clocks().unwrap();
    for due in room.watch.due_calls(9).unwrap() {
        assert_eq!(due.by, Means::Browser, "there is nothing else");
        room.watch.end_call(due, Ok(())).unwrap();
    }
    room.clock.advance(Duration::from_secs(59));
    assert_eq!(room.watch.look_at_clocks().unwrap().calls, 0, "a page has a minute to show it");
    room.clock.advance(Duration::from_secs(2));
    assert!(room.watch.look_at_clocks().unwrap().calls > 0);
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0).alarm;
    assert!(matches!(alarm.steps[0].calls[0].state, CallState::Failed { .. }), "{alarm:?}");
    assert!(alarm.steps.len() > 1, "{alarm:?}");
}

#[test]
fn a_call_that_broke_off_is_not_made_again_and_the_next_rung_begins() {
    let room = staffed();
    pressing(&room);
    room.watch.look_at_clocks().unwrap();
    assert_eq!(room.watch.due_calls(9).unwrap().len(), 2);
    // The process dies while it calls; its leases end.
    room.clock.advance(Duration::from_secs(180));
    let again = room.reopened();
    assert!(again.due_calls(9).unwrap().is_empty(), "nobody is called twice");
    let alarm = again.alarms(&officer()).unwrap().remove(0);
    let lost = |state: &CallState| matches!(state, CallState::Unknown { .. });
    assert!(alarm.alarm.steps[0].calls.iter().all(|call| lost(&call.state)));
    let ladder = Ladder { again_minutes: 5, ..Ladder::default() };
    let admin = person("admin", "cnaipic", Role::Administrator);
    assert!(is_forbidden(again.put_ladder(&officer(), ladder.clone())));
    again.put_ladder(&admin, ladder).unwrap();
    room.clock.advance(Duration::from_secs(180));
    let again = room.reopened();
    assert!(again.look_at_clocks().unwrap().calls > 0);
}

#[test]
fn who_answers_ends_it_and_nobody_else_is_called() {
    let room = staffed();
    pressing(&room);
    room.watch.look_at_clocks().unwrap();
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0);
    assert!(is_unknown(room.watch.answer_alarm(&liaison("terni"), &alarm.id)));
    let auditor = person("revisore", "cnaipic", Role::Auditor);
    assert!(is_forbidden(room.watch.answer_alarm(&auditor, &alarm.id)));
    let colleague = person("turno", "cnaipic", Role::DutyOfficer);
    let answered = room.watch.answer_alarm(&colleague, &alarm.id).unwrap();
    assert!(matches!(answered.alarm.stands, Stands::Answered { .. }));
    assert!(is_conflict(room.watch.answer_alarm(&officer(), &alarm.id)));
    assert!(room.watch.due_calls(9).unwrap().is_empty(), "those that waited are dropped");
    room.clock.advance(Duration::from_secs(86_400));
    assert_eq!(room.watch.look_at_clocks().unwrap().calls, 0);
}

#[test]
fn what_is_over_calls_nobody() {
    let room = staffed();
    let number = pressing(&room);
    room.watch.look_at_clocks().unwrap();
    room.change(&officer(), &number, Change::Dismiss { reason: "prova".into() }).unwrap();
    assert_eq!(room.watch.look_at_clocks().unwrap().over, 1);
    assert!(room.watch.alarms(&officer()).unwrap().is_empty());
    assert!(room.watch.due_calls(9).unwrap().is_empty());
}

#[test]
fn where_nobody_is_on_duty_the_gap_is_shown_and_the_room_called() {
    let room = Room::new();
    pressing(&room);
    let ladder = room.watch.ladder(&officer()).unwrap();
    let rungs: Vec<_> = ladder
        .rungs
        .into_iter()
        .map(|it| vedetta_watch::desk::escalation::Rung { category: 6, ..it })
        .collect();
    let admin = person("admin", "cnaipic", Role::Administrator);
    room.watch.put_ladder(&admin, Ladder { rungs, ..Ladder::default() }).unwrap();
    room.watch.look_at_clocks().unwrap();
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0);
    assert_eq!(alarm.gaps, 2, "two rungs for who is on duty");
    let called = &alarm.alarm.steps[2].calls;
    assert!(called.iter().any(|call| call.person == account("turno")));
}

#[test]
fn who_is_on_duty_at_the_centre_to_which_it_was_routed_is_called_and_answers() {
    let room = staffed();
    let admin = person("admin", "cnaipic", Role::Administrator);
    let turno = person("turno-cosc", "cosc-umbria", Role::DutyOfficer);
    let [sala, notte] = ["turno-cosc", "notte-cosc"].map(|id| Account {
        id: account(id),
        name: id.into(),
        organisation: organisation("cosc-umbria"),
        roles: BTreeSet::from([Role::DutyOfficer]),
        language: Language::It,
        state: AccountState::Active,
    });
    for account in [&sala, &notte] {
        room.house().put_account(&admin, account).unwrap();
    }
    let theirs = serde_json::to_string(&roster()).unwrap();
    let theirs = theirs.replace("cnaipic", "cosc-umbria").replace("sala", "turno-cosc");
    let theirs = theirs.replace("\"turno\"", "\"notte-cosc\"");
    room.watch.put_roster(&turno, serde_json::from_str(&theirs).unwrap(), None).unwrap();
    let number = pressing(&room);
    room.watch.look_at_clocks().unwrap();
    let alarm = room.watch.alarms(&turno).unwrap().remove(0);
    assert!(alarm.may_answer && alarm.alarm.about.number.unwrap().to_string() == number);
    let called = alarm.alarm.steps.iter().flat_map(|step| &step.calls);
    let called: BTreeSet<_> = called.map(|call| call.person.clone()).collect();
    assert!(!called.is_empty() && called.iter().all(|it| it.as_str().ends_with("cosc")));
    room.watch.answer_alarm(&turno, &alarm.id).unwrap();
    // What is another's to lead is not its to answer.
    let route = Change::Route { to: organisation("cnaipic"), reason: "tutta Italia".into() };
    room.change(&turno, &number, route).unwrap();
    assert!(is_unknown(room.watch.case(&turno, &number)));
}

#[test]
fn a_case_kept_to_a_few_calls_those_few() {
    let room = staffed();
    let number = pressing(&room);
    let people = BTreeSet::from([account("turno")]);
    let colleague = person("turno", "cnaipic", Role::DutyOfficer);
    room.change(&colleague, &number, Change::Enclose { people }).unwrap();
    room.watch.look_at_clocks().unwrap();
    assert!(room.watch.alarms(&officer()).unwrap().is_empty(), "not even that there is one");
    let alarm = room.watch.alarms(&colleague).unwrap().remove(0);
    let called: Vec<_> = alarm.alarm.steps.iter().flat_map(|step| &step.calls).collect();
    assert!(called.iter().all(|call| call.person == account("turno")), "{called:?}");
}

/// An indicator that Terni has, and is to acknowledge within an hour.
fn owed(room: &Room, n: u32) -> TestItem {
    let admin = person("admin", "cnaipic", Role::Administrator);
    let item = TestItem::indicator(n).tlp("GREEN").with("name", json!("Cavallo di Troia"));
    let text = item.json();
    let limits = stix_bundle::limits();
    let arrival = stix_bundle::read(DoorIn::Api, "t", text.as_bytes(), &limits);
    let house = room.house();
    let seq = house.accept(&admin, arrival).unwrap().accepted[0].stamp.seq.0;
    let terni = house.standing().directory.number(&organisation("terni")).unwrap();
    let (releases, at) = (Places::between(seq, seq), house.now());
    let audience = Audience::from_iter([terni]);
    let batch = DeliveryBatch { releases, door: Door::Stream, at, audience };
    house.record_deliveries(vec![batch]).unwrap();
    item
}

/// A staffed room with a duty to acknowledge within an hour.
fn with_a_duty() -> Room {
    let (room, admin) = (staffed(), person("admin", "cnaipic", Role::Administrator));
    let agreement = json!({
        "id": "hour", "title": "Within an hour",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
            { "name": "towns", "organisations": ["terni"], "receives": ["indicator"] },
        ],
        "duties": { "acknowledge_minutes": 60 },
    });
    let agreement: Agreement = serde_json::from_value(agreement).unwrap();
    room.house().put_draft(&admin, &agreement).unwrap();
    room.house().step_agreement(&admin, &agreement.id, &Step::PutInForce).unwrap();
    room
}

#[test]
fn an_acknowledgement_that_is_overdue_calls_once_and_survives_a_restart() {
    let room = with_a_duty();
    let (item, withdrawn) = (owed(&room, 1), owed(&room, 2));
    let admin = person("admin", "cnaipic", Role::Administrator);
    room.house().withdraw(&admin, &withdrawn.id(), "wrong").unwrap();
    room.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 0);
    room.clock.advance(Duration::from_secs(3 * 60));
    let looked = room.watch.look_at_clocks().unwrap();
    assert_eq!((looked.raised, looked.calls), (1, 2), "browser and mail, for one of them");
    let again = room.reopened();
    assert_eq!(again.look_at_clocks().unwrap(), Looked::default(), "not again");
    let due = again.due_calls(9).unwrap();
    let mail = due.iter().find(|it| it.by == Means::Email).unwrap();
    assert!(mail.subject.contains("presa visione di Comune di Terni"), "{mail:?}");
    assert!(!mail.text.contains("Troia"), "what it is about is not told outside");
    let alarm = again.alarms(&officer()).unwrap().remove(0);
    let about = alarm.alarm.about.owed.unwrap();
    assert_eq!((about.item, about.organisation), (item.id(), organisation("terni")));
    assert!(again.alarms(&liaison("terni")).unwrap().is_empty());
    let sheet = again.handover_sheet(&officer(), &organisation("cnaipic")).unwrap();
    let line = sheet.lines.iter().find(|line| line.kind == LineKind::Overdue).unwrap();
    assert_eq!(line.title, "Cavallo di Troia");
    again.house().acknowledge(&liaison("terni"), &item.id(), None).unwrap();
    room.clock.advance(Duration::from_secs(120));
    let once_more = room.reopened();
    let looked = once_more.look_at_clocks().unwrap();
    assert_eq!((looked.over, looked.raised), (1, 0), "acknowledged, it is over");
}

#[test]
fn while_the_agreement_is_suspended_nobody_is_called() {
    let (room, hour) = (with_a_duty(), vedetta_model::AgreementId::new("hour").unwrap());
    let admin = person("admin", "cnaipic", Role::Administrator);
    owed(&room, 1);
    let suspend = Step::Suspend { reason: "review".into() };
    room.house().step_agreement(&admin, &hour, &suspend).unwrap();
    room.clock.advance(Duration::from_secs(7_200));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 0);
    room.house().step_agreement(&admin, &hour, &Step::Resume).unwrap();
    room.clock.advance(Duration::from_secs(3_500));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 0, "the hour begins anew");
    room.clock.advance(Duration::from_secs(200));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 1);
}

#[test]
fn acknowledgements_never_fill_the_room_of_clocks() {
    let room = with_a_duty();
    for n in 1..=120 {
        owed(&room, n);
    }
    room.clock.advance(Duration::from_secs(3_700));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 100, "the longest held first");
    pressing(&room);
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 1, "the clock has room");
}

/// A sensor of Terni, silent since a moment.
fn unheard(since: Option<Instant>) -> [Unheard; 1] {
    let (sensor, organisation) = (account("terni.sensor-first"), organisation("terni"));
    [Unheard { sensor: SilentSensor { sensor, organisation }, name: "first".into(), since }]
}

/// Sensors of Terni, all silent since a moment.
fn many_unheard(many: u32, since: Instant) -> Vec<Unheard> {
    let one = |n| {
        let [it] = unheard(Some(since));
        let sensor = account(&format!("terni.sensor-{n}"));
        Unheard { sensor: SilentSensor { sensor, ..it.sensor }, ..it }
    };
    (0..many).map(one).collect()
}

#[test]
fn many_sensors_that_fall_silent_at_once_are_one_alarm_and_those_that_stay_so_one_each() {
    let (room, admin) = (staffed(), person("admin", "cnaipic", Role::Administrator));
    let contacts = vec![contact("ced")];
    room.house().put_records(&admin, Records { contacts, ..Records::default() }).unwrap();
    let silent = many_unheard(501, room.house().now());
    room.clock.advance(Duration::from_secs(400));
    assert_eq!(room.watch.look(&silent).unwrap().raised, 1);
    let open = || room.watch.alarms(&officer()).unwrap();
    let [one] = &open()[..] else { panic!("one") };
    assert!(one.alarm.owner.is_empty(), "it is the node that is cut off");
    assert_eq!(one.alarm.about.name.en, "silence of 501 sensors at once");
    pressing(&room);
    assert_eq!(room.watch.look(&silent).unwrap().raised, 1, "the clock has room");
    assert_eq!(room.watch.look(&silent[400..]).unwrap(), Looked::default(), "it goes on");
    let unknown: Vec<_> = silent.iter().map(|it| Unheard { since: None, ..it.clone() }).collect();
    let again = room.reopened();
    assert_eq!(again.look(&unknown).unwrap(), Looked::default(), "it is as it was");
    let left = room.watch.look(&silent[498..]).unwrap();
    assert_eq!((left.over, left.raised), (1, 3), "these stay silent: each is told");
    assert!(open().iter().filter(|it| it.alarm.about.sensor.is_some()).count() == 3);
}

#[test]
fn of_the_sensors_for_whom_there_is_no_room_one_alarm_tells() {
    let room = staffed();
    let begun = room.house().now();
    let apart = |(n, it): (u32, Unheard)| {
        let since = begun.after(Duration::from_secs(u64::from(n) * 90));
        Unheard { since: Some(since), ..it }
    };
    let silent: Vec<_> = (0..).zip(many_unheard(130, begun)).map(apart).collect();
    room.clock.advance(Duration::from_secs(20_000));
    assert_eq!(room.watch.look(&silent).unwrap().raised, 101);
    assert_eq!(room.watch.look(&silent).unwrap().raised, 0);
    let alarms = room.watch.alarms(&officer()).unwrap();
    let told = alarms.iter().find(|it| it.alarm.about.sensors == Some(30)).unwrap();
    assert_eq!(told.alarm.about.name.it, "silenzio di altri sensori: 30");
    assert_eq!(room.watch.look(&silent[..100]).unwrap().over, 1, "they are heard again");
}

#[test]
fn of_many_sensors_all_are_counted_and_the_alarm_grows_with_them() {
    let (room, second) = (staffed(), Duration::from_secs);
    let begun = room.house().now();
    let late = |(n, it): (u32, Unheard)| {
        let since = begun.after(second(if n < 10 { 0 } else { 30 }));
        Unheard { since: Some(since), ..it }
    };
    let silent: Vec<_> = (0..).zip(many_unheard(40, begun)).map(late).collect();
    room.clock.advance(second(310));
    let open = || room.watch.alarms(&officer()).unwrap();
    // Ten are silent for long; the others fell silent with them.
    let looked = room.watch.look(&silent[..25]).unwrap();
    assert_eq!((looked.raised, looked.calls), (1, 2));
    assert_eq!(open()[0].alarm.about.name.en, "silence of 25 sensors at once");
    let looked = room.watch.look(&silent).unwrap();
    assert_eq!(looked, Looked::default(), "it is the same alarm, and nobody is called again");
    let told = || {
        let alarms = open();
        let [one] = &alarms[..] else { panic!("one: {alarms:?}") };
        (one.alarm.about.sensors, one.alarm.about.name.it.clone())
    };
    assert_eq!(told(), (Some(40), "silenzio di 40 sensori insieme".to_owned()));
    room.clock.advance(second(60));
    assert_eq!(room.watch.look(&silent[..30]).unwrap(), Looked::default());
    assert_eq!(told().0, Some(40), "so many they were");
}

#[test]
fn a_sensor_called_as_the_alarms_of_many_are_is_not_one_of_them() {
    let room = staffed();
    let begun = room.house().now();
    let apart = |(n, it): (u32, Unheard)| {
        let since = begun.after(Duration::from_secs(u64::from(n) * 90));
        let sensor = account(&format!("rest-home.sensor-{n}"));
        Unheard { sensor: SilentSensor { sensor, ..it.sensor }, since: Some(since), ..it }
    };
    let silent: Vec<_> = (0..).zip(many_unheard(140, begun)).map(apart).collect();
    room.clock.advance(Duration::from_secs(20_000));
    assert_eq!(room.watch.look(&silent[..50]).unwrap().raised, 50);
    assert_eq!(room.watch.look(&silent[..130]).unwrap().raised, 51);
    let rest = || {
        let mut many = room.watch.alarms(&officer()).unwrap();
        many.retain(|it| it.alarm.about.sensors.is_some());
        many.into_iter().map(|it| it.alarm.about.name.en).collect::<Vec<_>>()
    };
    assert_eq!(rest(), ["silence of more sensors: 30"]);
    assert_eq!(room.watch.look(&silent).unwrap().raised, 0);
    assert_eq!(rest(), ["silence of more sensors: 40"]);
}

/// A contact of Terni, with a mailbox.
fn contact(id: &str) -> Contact {
    Contact {
        id: ContactId::new(id).unwrap(),
        organisation: organisation("terni"),
        role: "sistemi".into(),
        name: id.into(),
        substitute: None,
        phone_24h: None,
        channels: vec![Channel::Email(format!("{id}@terni.example"))],
        keys: Vec::new(),
        account: None,
        last_verified: None,
    }
}

#[test]
fn a_sensor_that_is_silent_calls_who_is_on_duty_and_tells_whose_it_is_as_agreed() {
    let (room, admin) = (staffed(), person("admin", "cnaipic", Role::Administrator));
    let contacts = vec![contact("ced"), contact("segreteria")];
    room.house().put_records(&admin, Records { contacts, ..Records::default() }).unwrap();
    let agreement = json!({
        "id": "logs", "title": "Sensors",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
            { "name": "towns", "organisations": ["terni"], "receives": ["indicator"], "contacts": ["ced"] },
        ],
    });
    let agreement: Agreement = serde_json::from_value(agreement).unwrap();
    room.house().put_draft(&admin, &agreement).unwrap();
    room.house().step_agreement(&admin, &agreement.id, &Step::PutInForce).unwrap();
    let since = room.house().now();
    room.clock.advance(Duration::from_secs(200));
    assert_eq!(
        room.watch.look(&unheard(Some(since))).unwrap(),
        Looked::default(),
        "it may start again"
    );
    room.clock.advance(Duration::from_secs(100));
    let looked = room.watch.look(&unheard(Some(since))).unwrap();
    assert_eq!((looked.raised, looked.calls), (1, 3), "browser, mail, and the mail of Terni");
    // The node starts again, and knows nothing yet.
    let again = room.reopened();
    assert_eq!(again.look(&unheard(None)).unwrap(), Looked::default(), "it is as it was");
    let later = Some(room.house().now());
    assert_eq!(again.look(&unheard(later)).unwrap(), Looked::default(), "not again");
    let due = again.due_calls(9).unwrap();
    let mails = due.iter().filter(|it| it.by == Means::Email);
    let mut mails: Vec<_> = mails.map(|it| (it.to.as_str(), it.subject.as_str())).collect();
    mails.sort_unstable();
    let [(owner, told), (duty, called)] = mails[..] else { panic!("two: {mails:?}") };
    assert_eq!((owner, duty), ("ced@terni.example", "sala@example.org"));
    assert!(told.contains("silence of the sensor first of Comune di Terni since"), "{told}");
    assert!(called.contains("silenzio del sensore first di Comune di Terni dal"), "{called}");
    for it in due {
        again.end_call(it, Ok(())).unwrap();
    }
    let alarm = again.alarms(&officer()).unwrap().remove(0);
    assert!(alarm.calls_you && alarm.may_answer);
    assert!(matches!(alarm.alarm.owner[0].state, CallState::Made { .. }));
    assert_eq!(again.look_at_clocks().unwrap().over, 0, "nothing was said of sensors");
    assert_eq!(again.look(&[]).unwrap().over, 1, "it is heard again");
    let next = Some(room.house().now());
    room.clock.advance(Duration::from_secs(400));
    let later = room.reopened();
    assert_eq!(later.look(&unheard(next)).unwrap().raised, 1, "another silence is another alarm");
}

#[test]
fn telling_whose_it_is_does_not_keep_the_room_from_being_called() {
    let (room, admin) = (Room::new(), person("admin", "cnaipic", Role::Administrator));
    let mut ced = contact("ced");
    ced.channels.insert(0, Channel::Phone("+390744000000".into()));
    let contacts = vec![ced];
    room.house().put_records(&admin, Records { contacts, ..Records::default() }).unwrap();
    let since = room.house().now();
    room.clock.advance(Duration::from_secs(300));
    room.watch.look(&unheard(Some(since))).unwrap();
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0);
    assert!(alarm.gaps > 0 && alarm.alarm.steps.iter().any(|it| !it.calls.is_empty()));
    let told: Vec<_> = alarm.alarm.owner.iter().map(|it| it.by).collect();
    assert_eq!(
        told,
        [Means::Email, Means::Sms],
        "whom the directory knows, where no agreement names one, by all that reaches him"
    );
}
