//! The life of a case: reported, led, changed by several, undone, merged.

use std::collections::BTreeSet;

use vedetta_flow::Sequence;
use vedetta_model::Role;
use vedetta_watch::desk::{Change, Stage, StageName};
use vedetta_watch::{CaseWish, Did, Edit, Merge, WatchError};

use crate::room::{
    Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation, person, report,
    stage,
};

fn words(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_report_has_its_number_at_once_and_is_there_after_a_restart() {
    let room = Room::new();
    let first = room.report(&liaison("perugia"), "Sportelli fermi", "da stamattina");
    let second = room.report(&liaison("terni"), "Phishing", "mail false");
    assert_eq!([first.as_str(), &second], ["2026-000001", "2026-000002"]);
    let again = room.reopened();
    let view = again.case(&officer(), &first).unwrap();
    assert_eq!(
        (stage(&view), view.incident.reported.words.as_str()),
        ("reported", "da stamattina")
    );
    let page = again.cases(&officer(), &CaseWish { limit: 9, ..CaseWish::default() }).unwrap();
    let numbers: Vec<_> = page.cases.iter().map(|row| row.number.to_string()).collect();
    assert_eq!((numbers, page.total), (vec![second, first], 2));
    // Numbers go on where they were.
    let third = again.report(&liaison("terni"), report("Ancora", "altro")).unwrap();
    assert_eq!(third.number.to_string(), "2026-000003");
    let verified = room.house().verify(&person("admin", "cnaipic", Role::Administrator)).unwrap();
    assert!(matches!(verified, vedetta_flow::Verification::Sound { .. }), "{verified:?}");
}

#[test]
fn a_year_begins_in_rome() {
    let room = Room::new();
    room.clock.set("2026-12-31T22:59:59Z");
    assert_eq!(room.report(&liaison("terni"), "a", "b"), "2026-000001");
    room.clock.set("2026-12-31T23:00:00Z");
    assert_eq!(room.report(&liaison("terni"), "a", "b"), "2027-000001");
}

#[test]
fn sent_twice_it_is_one_report() {
    let room = Room::new();
    let keyed = |key: &str| vedetta_watch::NewReport { key: Some(key.into()), ..report("a", "b") };
    let first = room.watch.report(&liaison("terni"), keyed("k1")).unwrap();
    let second = room.watch.report(&liaison("terni"), keyed("k1")).unwrap();
    assert_eq!((first.number, second.repeated), (second.number, true));
    let other = room.watch.report(&liaison("terni"), keyed("k2")).unwrap();
    // A key is its organisation's own.
    let theirs = room.watch.report(&liaison("perugia"), keyed("k1")).unwrap();
    assert_eq!(BTreeSet::from([first.number, other.number, theirs.number]).len(), 3);
}

#[test]
fn a_report_says_something_and_for_oneself() {
    let room = Room::new();
    let bare = room.watch.report(&liaison("terni"), report("", "b"));
    assert!(bare.is_err_and(|error| error.to_string().contains("the title is empty")));
    let for_another = vedetta_watch::NewReport {
        organisation: Some(organisation("perugia")),
        ..report("a", "b")
    };
    assert!(is_unknown(room.watch.report(&liaison("terni"), for_another.clone())));
    let by_telephone = vedetta_watch::NewReport {
        channel: vedetta_watch::desk::incident::Channel::Telephone,
        ..for_another
    };
    assert!(room.watch.report(&liaison("terni"), by_telephone.clone()).is_err());
    let card = room.watch.report(&officer(), by_telephone).unwrap();
    let view = room.watch.case(&liaison("perugia"), &card.number.to_string()).unwrap();
    assert_eq!(view.incident.reported.by.as_str(), "sala");
    assert!(is_forbidden(
        room.watch.report(&person("revisore-terni", "terni", Role::Auditor), report("a", "b"))
    ));
    assert_eq!(room.watch.counts(&officer()).unwrap().waiting, 1);
}

#[test]
fn the_timeline_keeps_every_step() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli fermi", "da stamattina");
    let lead = officer();
    for change in [
        Change::Triage,
        Change::Confirm { evidence: words("traffico nei registri") },
        Change::Note { text: words("sentito il fornitore"), audience: Default::default() },
    ] {
        room.change(&lead, &number, change).unwrap();
    }
    let page = room.watch.timeline(&lead, &number, None, 3).unwrap();
    let names: Vec<_> = page.moments.iter().map(|it| it.did.change().unwrap().name()).collect();
    assert_eq!(names, ["note", "confirm", "triage"]);
    let rest = room.watch.timeline(&lead, &number, page.next, 3).unwrap();
    assert_eq!((rest.moments.len(), rest.next), (1, None));
    assert_eq!(rest.moments[0].did, Did::Opened);
    // Who reported it sees how it stands, not what the room noted for itself.
    let theirs = room.watch.timeline(&liaison("terni"), &number, None, 9).unwrap();
    assert_eq!(theirs.moments.len(), 3);
    assert!(!format!("{theirs:?}").contains("fornitore"));
}

#[test]
fn a_stale_edit_is_told_who_changed_what() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let read = room.watch.case(&officer(), &number).unwrap().version;
    let other = person("turno", "cnaipic", Role::DutyOfficer);
    room.change(&other, &number, Change::Triage).unwrap();
    let late = Edit { version: read, change: Change::Dismiss { reason: words("prova") } };
    let refused = room.watch.change_case(&officer(), &number, late);
    let Err(WatchError::Stale(stale)) = refused else { panic!("{refused:?}") };
    assert_eq!(stale.changes.len(), 1);
    assert_eq!(stale.changes[0].by.as_str(), "turno");
    assert_eq!(stale.changes[0].did, Did::Changed(Change::Triage));
    assert!(stale.to_string().contains("turno"), "{stale}");
    assert_eq!(stage(&room.watch.case(&officer(), &number).unwrap()), "triaged");
}

#[test]
fn of_many_who_edit_one_version_one_prevails() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let version = room.watch.case(&officer(), &number).unwrap().version;
    let done: Vec<bool> = std::thread::scope(|scope| {
        let edit = |text: String| {
            let change = Change::Note { text, audience: Default::default() };
            room.watch.change_case(&officer(), &number, Edit { version, change }).is_ok()
        };
        let edits: Vec<_> =
            (0..8).map(|it| scope.spawn(move || edit(format!("nota {it}")))).collect();
        edits.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert_eq!(room.watch.timeline(&officer(), &number, None, 99).unwrap().moments.len(), 2);
}

#[test]
fn the_last_change_is_taken_back_and_both_stay_in_the_timeline() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let taken = room.change(&officer(), &number, Change::Triage).unwrap();
    assert!(taken.undo.is_some() && taken.may.contains("undo"));
    assert!(is_forbidden(room.watch.undo_case(&liaison("terni"), &number, taken.version)));
    let back = room.watch.undo_case(&officer(), &number, taken.version).unwrap();
    assert_eq!((stage(&back), back.undo.is_none()), ("reported", true));
    assert_eq!(room.watch.counts(&officer()).unwrap().waiting, 1);
    let page = room.watch.timeline(&officer(), &number, None, 9).unwrap();
    let told: Vec<_> = page.moments.iter().map(|it| it.words.en.as_str()).collect();
    assert_eq!(told, ["undone: taken on", "taken on", "reported"]);
    assert!(is_conflict(room.watch.undo_case(&officer(), &number, back.version)));
}

#[test]
fn two_reports_of_one_thing_become_one_and_two_again() {
    let room = Room::new();
    let first = room.report(&liaison("perugia"), "Phishing", "a");
    let second = room.report(&liaison("terni"), "Phishing", "b");
    let version = room.watch.case(&officer(), &second).unwrap().version;
    let merge = |version: Sequence, into: &str| Merge {
        version,
        into: into.parse().unwrap(),
        reason: words("stessa ondata"),
    };
    assert!(is_forbidden(room.watch.merge_case(
        &liaison("terni"),
        &second,
        merge(version, &second)
    )));
    assert!(is_unknown(room.watch.merge_case(&officer(), &second, merge(version, "2026-000009"))));
    let merged = room.watch.merge_case(&officer(), &second, merge(version, &first)).unwrap();
    assert_eq!(stage(&merged), "merged");
    let whole = room.watch.case(&officer(), &first).unwrap();
    assert_eq!(whole.incident.absorbed, BTreeSet::from([second.parse().unwrap()]));
    // Who reported the second sees that it is handled with another, not with which.
    let theirs = room.watch.case(&liaison("terni"), &second).unwrap().incident;
    assert!(matches!(theirs.stage, Stage::Merged { into: None, .. }), "{:?}", theirs.stage);
    assert!(is_unknown(room.watch.case(&liaison("terni"), &first)));
    let split = room.watch.undo_case(&officer(), &second, merged.version).unwrap();
    assert_eq!(stage(&split), "reported");
    assert!(room.watch.case(&officer(), &first).unwrap().incident.absorbed.is_empty());
    assert_eq!(room.watch.counts(&officer()).unwrap().stages[&StageName::Reported], 2);
}

#[test]
fn a_part_belongs_to_a_whole_that_is_no_part() {
    let room = Room::new();
    let numbers: Vec<_> =
        (0..3).map(|it| room.report(&liaison("terni"), &format!("caso {it}"), "x")).collect();
    let join = |parent: &str| Change::Join { parent: Some(parent.parse().unwrap()) };
    room.change(&officer(), &numbers[1], join(&numbers[0])).unwrap();
    let whole = room.watch.case(&officer(), &numbers[0]).unwrap();
    assert_eq!(whole.children.len(), 1);
    assert!(is_conflict(room.change(&officer(), &numbers[2], join(&numbers[1]))));
    room.change(&officer(), &numbers[1], Change::Join { parent: None }).unwrap();
    assert!(room.watch.case(&officer(), &numbers[0]).unwrap().children.is_empty());
}

#[test]
fn what_a_change_names_must_be_there() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "caso", "x");
    for change in [
        Change::Admit { organisation: organisation("nobody") },
        Change::Apply { regime: words("nobody"), class: None, reason: words("x") },
        Change::Enclose {
            people: BTreeSet::from([vedetta_model::AccountId::new("nobody").unwrap()]),
        },
        Change::Link { item: "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".parse().unwrap() },
    ] {
        assert!(is_unknown(room.change(&officer(), &number, change.clone())), "{change:?}");
    }
    assert!(is_unknown(room.watch.case(&officer(), "2026-000099")));
    assert!(is_unknown(room.watch.case(&officer(), "' or 1=1")));
}

#[test]
fn a_list_is_filtered_and_paged() {
    let room = Room::new();
    for it in 0..5 {
        room.report(&liaison("terni"), &format!("Caso {it}"), "x");
    }
    room.report(&liaison("perugia"), "Altro", "x");
    room.change(&officer(), "2026-000002", Change::Dismiss { reason: words("prova") }).unwrap();
    let list = |wish: CaseWish| {
        let page = room.watch.cases(&officer(), &wish).unwrap();
        let numbers: Vec<_> = page.cases.iter().map(|it| it.number.serial).collect();
        (numbers, page.next.map(|it| it.serial), page.total)
    };
    let wish = |limit| CaseWish { limit, ..CaseWish::default() };
    assert_eq!(list(wish(2)), (vec![6, 5], Some(5), 5));
    let next = CaseWish { after: Some("2026-000005".into()), ..wish(9) };
    assert_eq!(list(next), (vec![4, 3, 1], None, 5));
    let text = CaseWish { text: Some("cASo".into()), ..wish(9) };
    assert_eq!(list(text).0, [5, 4, 3, 1]);
    let dismissed = BTreeSet::from([StageName::Dismissed]);
    assert_eq!(list(CaseWish { stages: dismissed, ..wish(9) }).0, [2]);
    let theirs = CaseWish { organisation: Some(organisation("perugia")), ..wish(9) };
    assert_eq!(list(theirs).0, [6]);
}
