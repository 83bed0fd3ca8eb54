//! Cases in figures, and who hears that they changed.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use vedetta_model::{AccountId, Actor, Role};
use vedetta_watch::desk::{Category, Change};
use vedetta_watch::{CaseWish, Topic, Topics, Watch};

use crate::room::{Room, liaison, officer, organisation, person};

/// People who stand differently to a case.
fn people() -> [Actor; 5] {
    [
        officer(),
        person("turno", "cnaipic", Role::DutyOfficer),
        person("revisore", "cnaipic", Role::Auditor),
        liaison("terni"),
        liaison("perugia"),
    ]
}

/// What the figures of everybody are, written down.
fn told(watch: &Watch) -> Vec<String> {
    let each = |by: &Actor| {
        let picture = watch.picture(by, 5).unwrap();
        let grave: Vec<_> = picture.gravest.iter().map(|it| (it.number, it.category)).collect();
        let (hours, month) = (picture.hours, picture.month);
        assert_eq!(picture.counts, watch.counts(by).unwrap());
        format!("{:?} {grave:?} {:?} {hours:?} {month}", picture.counts, picture.organisations)
    };
    people().iter().map(each).collect()
}

#[test]
fn what_is_counted_is_what_each_may_see() {
    let room = Room::new();
    let first = room.report(&liaison("terni"), "Sportelli", "fermi");
    let second = room.report(&liaison("terni"), "Posta", "ferma");
    room.clock.advance(Duration::from_secs(3 * 3_600));
    let third = room.report(&liaison("perugia"), "Anagrafe", "ferma");
    let judged = |category: u8| Change::Override {
        category: Category::try_from(category).unwrap(),
        reason: "x".into(),
    };
    room.change(&officer(), &first, judged(2)).unwrap();
    room.change(&officer(), &third, judged(1)).unwrap();
    room.change(&officer(), &second, Change::Dismiss { reason: "prova".into() }).unwrap();
    let picture = room.watch.picture(&officer(), 1).unwrap();
    assert_eq!((picture.counts.open, picture.counts.unjudged), ([1, 1, 0, 0, 0, 0], 0));
    assert_eq!(picture.counts.waiting, 2);
    assert_eq!(picture.gravest.len(), 1, "no more than were asked for");
    assert_eq!(picture.gravest[0].number.to_string(), third, "the gravest, not the oldest");
    assert_eq!(picture.organisations[&organisation("terni")], (1, Some(2)));
    assert_eq!((picture.hours[0], picture.hours[3], picture.month), (1, 2, 3));
    // Four weeks later they are still open, and not of the month.
    room.clock.advance(Duration::from_secs(28 * 86_400));
    let later = room.watch.picture(&officer(), 5).unwrap();
    assert_eq!((later.hours.iter().sum::<usize>(), later.month), (0, 0));
    assert_eq!(later.counts, picture.counts);
    // Who reports counts their own; of a closed case nothing is counted for who is not in its circle.
    let people = BTreeSet::from([AccountId::new("sala").unwrap()]);
    room.change(&officer(), &third, Change::Enclose { people }).unwrap();
    let counted = |by: &Actor| room.watch.picture(by, 5).unwrap().counts.open;
    assert_eq!(counted(&officer())[0], 1);
    assert_eq!(counted(&person("turno", "cnaipic", Role::DutyOfficer))[0], 0);
    assert_eq!(room.watch.counts(&liaison("terni")).unwrap().stages.values().sum::<usize>(), 2);
    assert!(!room.watch.sees_as_others(&officer().account).unwrap());
    assert!(room.watch.sees_as_others(&AccountId::new("turno").unwrap()).unwrap());
}

fn changes() -> impl Strategy<Value = Change> {
    let people =
        prop::collection::btree_set(prop::sample::select(vec!["sala", "turno", "terni"]), 0..3);
    let people =
        people.prop_map(|all| all.into_iter().map(|it| AccountId::new(it).unwrap()).collect());
    prop_oneof![
        Just(Change::Triage),
        Just(Change::Dismiss { reason: "x".into() }),
        Just(Change::Reopen { reason: "x".into() }),
        Just(Change::Disclose { reason: "x".into() }),
        Just(Change::Admit { organisation: organisation("perugia") }),
        Just(Change::Exclude { organisation: organisation("perugia") }),
        people.prop_map(|people| Change::Enclose { people }),
        (1_u8..=6).prop_map(|it| Change::Override {
            category: Category::try_from(it).unwrap(),
            reason: "x".into(),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Kept as cases change, they are what is counted of the ledger; and a list has as many.
    #[test]
    fn figures_that_are_kept_are_those_of_the_ledger(
        made in prop::collection::vec((0_usize..3, changes()), 1..24),
    ) {
        let room = Room::new();
        let numbers: Vec<_> = ["terni", "perugia", "terni"]
            .iter()
            .map(|of| room.report(&liaison(of), "Sportelli", "fermi"))
            .collect();
        for (case, change) in made {
            // What is refused changes nothing.
            let _made = room.change(&officer(), &numbers[case], change).is_ok();
        }
        prop_assert_eq!(told(&room.watch), told(&room.reopened()));
        for by in people() {
            let counts = room.watch.counts(&by).unwrap();
            let listed = room.watch.cases(&by, &CaseWish { limit: 10, ..CaseWish::default() }).unwrap();
            prop_assert_eq!(listed.total, counts.open.iter().sum::<usize>() + counts.unjudged);
            prop_assert_eq!(listed.cases.len(), listed.total);
        }
    }
}

#[test]
fn a_case_is_heard_of_by_the_room_and_those_whom_it_concerns() {
    let room = Room::new();
    let cases = Topics::from(Topic::Cases);
    let first = room.report(&liaison("terni"), "Sportelli", "fermi");
    let place = room.house().bell().last();
    let second = room.report(&liaison("perugia"), "Anagrafe", "ferma");
    let news = room.watch.news(place).unwrap();
    let hears = |by: &Actor, case: Option<&str>| {
        let case = case.map(|it| it.parse().unwrap());
        news.to(&room.watch.listener(by).to_case(case)).meet(cases)
    };
    assert!(hears(&officer(), None) && hears(&liaison("perugia"), None));
    assert!(!hears(&liaison("terni"), None), "it is another's");
    assert!(hears(&officer(), Some(&second)) && !hears(&officer(), Some(&first)));
    assert!(room.watch.news(room.house().bell().last()).unwrap().is_empty());
    // Whoever no longer sees it hears it too.
    room.change(&officer(), &second, Change::Admit { organisation: organisation("terni") })
        .unwrap();
    let place = room.house().bell().last();
    let gone = Change::Exclude { organisation: organisation("terni") };
    room.change(&officer(), &second, gone).unwrap();
    let news = room.watch.news(place).unwrap();
    assert!(news.to(&room.watch.listener(&liaison("terni"))).meet(cases));
}

#[test]
fn of_very_much_everything_may_have_changed() {
    let room = Room::new();
    let place = room.house().bell().last();
    for turn in 0..501 {
        room.report(&liaison("terni"), &format!("Sportello {turn}"), "fermo");
    }
    let news = room.watch.news(place).unwrap();
    assert_eq!(news.to(&room.watch.listener(&liaison("perugia"))), Topics::ALL);
}
