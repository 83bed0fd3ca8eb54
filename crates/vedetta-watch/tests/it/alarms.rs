//! Alarms: who is called when a clock presses, and who answers.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_model::contact::{Channel, Contact};
use vedetta_model::{AccountId, ContactId, Role};
use vedetta_watch::desk::Change;
use vedetta_watch::desk::escalation::{CallState, Ladder, Means, Stands};

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
    let made = |state: &CallState| matches!(state, CallState::Made { .. });
    assert!(alarms[0].alarm.steps[0].calls.iter().all(|call| made(&call.state)));
    assert!(room.watch.alarms(&liaison("terni")).unwrap().is_empty());
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
    let ladder = Ladder { rungs: Ladder::default().rungs, again_minutes: 5 };
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
    room.watch.put_ladder(&admin, Ladder { rungs, again_minutes: 60 }).unwrap();
    room.watch.look_at_clocks().unwrap();
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0);
    assert_eq!(alarm.gaps, 2, "two rungs for who is on duty");
    let called = &alarm.alarm.steps[2].calls;
    assert!(called.iter().any(|call| call.person == account("turno")));
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
