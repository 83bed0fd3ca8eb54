//! Rosters, who is on duty, and the handover.

use std::collections::{BTreeMap, BTreeSet};

use vedetta_model::{AccountId, Role};
use vedetta_watch::desk::roster::{Absence, Cover, Roster, Shift, Swap};
use vedetta_watch::desk::{Change, OnDuty};
use vedetta_watch::{Give, RosterChange, Take};

use crate::room::{
    Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation, person,
};

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

/// Two people of the national centre, twelve hours each.
pub(crate) fn roster() -> Roster {
    let shift =
        |from: &str, to: &str| Shift { from: from.parse().unwrap(), to: to.parse().unwrap() };
    Roster {
        organisation: organisation("cnaipic"),
        zone: "Europe/Rome".into(),
        shifts: BTreeMap::from([
            ("giorno".to_owned(), shift("08:00", "20:00")),
            ("notte".to_owned(), shift("20:00", "08:00")),
        ]),
        teams: vec![BTreeSet::from([account("sala")]), BTreeSet::from([account("turno")])],
        cycle: vec!["giorno".into(), "notte".into()],
        stagger: 1,
        start: "2026-03-02".parse().unwrap(),
        absences: Vec::new(),
        swaps: Vec::new(),
        covers: Vec::new(),
    }
}

fn colleague() -> vedetta_model::Actor {
    person("turno", "cnaipic", Role::DutyOfficer)
}

#[test]
fn who_is_on_duty_is_seen_by_all_who_may_call() {
    let room = Room::new();
    assert!(room.watch.on_duty(&liaison("terni")).unwrap().is_empty());
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    // Nine in Rome: the first team, until eight in the evening.
    let duty = room.watch.on_duty(&liaison("terni")).unwrap();
    assert_eq!(duty[0].people[0].account, account("sala"));
    assert_eq!(duty[0].next_change.unwrap().to_string(), "2026-03-02T19:00:00.000000Z");
    room.clock.set("2026-03-02T20:00:00Z");
    let duty = room.watch.on_duty(&liaison("terni")).unwrap();
    assert_eq!(duty[0].people[0].account, account("turno"));
}

#[test]
fn the_roster_says_how_many_are_on_duty_here_and_until_when() {
    let room = Room::new();
    assert_eq!(room.watch.duty_here().unwrap(), None);
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    let said = |room: &Room| {
        let (count, until) = room.watch.duty_here().unwrap().unwrap();
        (count, until.to_string())
    };
    assert_eq!(said(&room), (1, "2026-03-02T19:00:00.000000Z".into()));
    room.clock.set("2026-03-02T20:00:00Z");
    assert_eq!(said(&room), (1, "2026-03-03T07:00:00.000000Z".into()));
}

#[test]
fn a_roster_is_its_rooms_and_changed_as_it_was_read() {
    let room = Room::new();
    for other in [liaison("terni"), person("cosc", "cosc-umbria", Role::DutyOfficer)] {
        assert!(is_forbidden(room.watch.put_roster(&other, roster(), None)));
    }
    let stranger = Roster { teams: vec![BTreeSet::from([account("terni")])], ..roster() };
    assert!(is_unknown(room.watch.put_roster(&officer(), stranger, None)));
    let version = room.watch.put_roster(&officer(), roster(), None).unwrap();
    assert!(is_conflict(room.watch.put_roster(&officer(), roster(), None)));
    let cnaipic = organisation("cnaipic");
    let change = |version, change| room.watch.change_roster(&officer(), &cnaipic, version, change);
    let day = "2026-03-03".parse().unwrap();
    let absence = Absence { person: account("sala"), from: day, until: day };
    let next = change(version, RosterChange::Absent { absence }).unwrap();
    let swap = Swap { day, shift: "notte".into(), from: account("sala"), to: account("turno") };
    assert!(is_conflict(change(version, RosterChange::Swap { swap: swap.clone() })));
    let span = ("2026-03-03T06:00:00Z".parse().unwrap(), "2026-03-04T07:00:00Z".parse().unwrap());
    let gaps = room.watch.roster(&officer(), &cnaipic, span).unwrap().gaps;
    assert_eq!(gaps.len(), 1, "the night of the third has nobody: {gaps:?}");
    let next = change(next, RosterChange::Swap { swap }).unwrap();
    assert!(room.watch.roster(&officer(), &cnaipic, span).unwrap().gaps.is_empty());
    let cover = Cover {
        by: organisation("cosc-umbria"),
        from: "2026-03-05T00:00:00Z".parse().unwrap(),
        until: "2026-03-06T00:00:00Z".parse().unwrap(),
    };
    change(next, RosterChange::Cover { cover }).unwrap();
    assert!(is_unknown(room.watch.roster(&liaison("terni"), &cnaipic, span)));
    let again = room.reopened();
    assert!(matches!(again.on_duty(&officer()).unwrap()[0].on_duty, OnDuty::People { .. }));
}

#[test]
fn a_handover_lists_what_is_open_and_is_signed_by_both() {
    let room = Room::new();
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let enclosed = room.report(&liaison("perugia"), "Riservato", "x");
    room.change(&officer(), &enclosed, Change::Enclose { people: BTreeSet::new() }).unwrap();
    let cnaipic = organisation("cnaipic");
    let early = room.watch.handover_sheet(&officer(), &cnaipic).unwrap();
    assert_eq!(early.ends, None, "the shift lasts ten hours yet");
    let give = |digest: &str| Give { digest: digest.into(), remarks: "richiamare Terni".into() };
    assert!(is_conflict(room.watch.give_handover(&officer(), &cnaipic, give(&early.digest))));
    room.clock.set("2026-03-02T18:30:00Z");
    let sheet = room.watch.handover_sheet(&officer(), &cnaipic).unwrap();
    assert_eq!(sheet.ends.unwrap().to_string(), "2026-03-02T19:00:00.000000Z");
    let keys: BTreeSet<String> = sheet.lines.iter().map(|it| it.key.clone()).collect();
    assert!(keys.contains(&format!("case/{number}")), "{keys:?}");
    assert!(keys.iter().any(|it| it.starts_with("clock/")), "{keys:?}");
    assert!(!keys.contains(&format!("case/{enclosed}")), "{keys:?}");
    // Something happens between reading and signing.
    room.report(&liaison("terni"), "Altro", "y");
    assert!(is_conflict(room.watch.give_handover(&officer(), &cnaipic, give(&sheet.digest))));
    let sheet = room.watch.handover_sheet(&officer(), &cnaipic).unwrap();
    let given = room.watch.give_handover(&officer(), &cnaipic, give(&sheet.digest)).unwrap();
    let seen: BTreeSet<String> = sheet.lines.iter().map(|it| it.key.clone()).collect();
    let take = |seen: &BTreeSet<String>| Take { seen: seen.clone() };
    assert!(is_conflict(room.watch.take_handover(&officer(), &given.id, &take(&seen))));
    assert!(is_conflict(room.watch.take_handover(
        &colleague(),
        &given.id,
        &take(&BTreeSet::new())
    )));
    let elsewhere = person("cosc", "cosc-umbria", Role::DutyOfficer);
    assert!(is_unknown(room.watch.take_handover(&elsewhere, &given.id, &take(&seen))));
    let taken = room.watch.take_handover(&colleague(), &given.id, &take(&seen)).unwrap();
    assert_eq!(taken.handover.taken.unwrap().by, account("turno"));
    assert!(is_conflict(room.watch.take_handover(&colleague(), &given.id, &take(&seen))));
    let kept = room.reopened().handovers(&officer(), &cnaipic, 9).unwrap();
    assert_eq!((kept.len(), kept[0].handover.remarks.as_str()), (1, "richiamare Terni"));
}

#[test]
fn a_handover_that_was_passed_over_comes_first() {
    let room = Room::new();
    room.watch.put_roster(&officer(), roster(), None).unwrap();
    room.clock.set("2026-03-03T08:00:00Z");
    let cnaipic = organisation("cnaipic");
    let sheet = room.watch.handover_sheet(&officer(), &cnaipic).unwrap();
    assert_eq!(sheet.owed.len(), 2);
    assert_eq!(sheet.ends, Some(sheet.owed[0]));
    let give = Give { digest: sheet.digest, remarks: String::new() };
    let given = room.watch.give_handover(&officer(), &cnaipic, give).unwrap();
    let seen = sheet.lines.iter().map(|it| it.key.clone()).collect();
    // Given and not taken, it is still owed.
    assert_eq!(room.watch.handover_sheet(&officer(), &cnaipic).unwrap().owed.len(), 2);
    room.watch.take_handover(&colleague(), &given.id, &Take { seen }).unwrap();
    assert_eq!(room.watch.handover_sheet(&officer(), &cnaipic).unwrap().owed.len(), 1);
}
