//! Who sees what of a case, by every view: the matrix, and along chance histories.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vedetta_model::{AccountId, Actor, Role};
use vedetta_watch::desk::incident::{Affected, ServiceStatus};
use vedetta_watch::desk::{Audience, Change, Sight, StageName};
use vedetta_watch::{CaseWish, NewFile, NewReport};

use crate::room::{Room, is_unknown, liaison, officer, organisation, person, report};

/// Everybody there is.
fn world() -> Vec<Actor> {
    let room = [
        ("sala", Role::DutyOfficer),
        ("analista", Role::Analyst),
        ("admin", Role::Administrator),
        ("revisore", Role::Auditor),
    ];
    let mut world: Vec<_> = room.map(|(id, role)| person(id, "cnaipic", role)).into();
    world.extend(["perugia", "terni", "foligno", "cosc-umbria", "stranger"].map(liaison));
    world.push(person("revisore-terni", "terni", Role::Auditor));
    world.push(person("terni.bot", "terni", Role::Machine));
    world.push(person("turno-cosc", "cosc-umbria", Role::DutyOfficer));
    world.push(person("revisore-cosc", "cosc-umbria", Role::Auditor));
    world.push(person("turno-terni", "terni", Role::DutyOfficer));
    world
}

fn may_lead(actor: &Actor) -> bool {
    [Role::Administrator, Role::DutyOfficer, Role::Analyst].iter().any(|role| actor.is(*role))
}

/// What an actor sees of a case; every view must say the same.
fn sees(room: &Room, actor: &Actor, number: &str) -> Option<Sight> {
    let seen = room.watch.case(actor, number);
    let wish = CaseWish { stages: StageName::ALL.into(), limit: 99, ..CaseWish::default() };
    let page = room.watch.cases(actor, &wish).unwrap();
    let listed = page.cases.iter().any(|row| row.number.to_string() == number);
    let timeline = room.watch.timeline(actor, number, None, 99);
    let counted: usize = room.watch.counts(actor).unwrap().stages.values().sum();
    let queue = room.watch.queue(actor, &vedetta_watch::QueueWish { centre: None, limit: 99 });
    let queued = queue.is_ok_and(|it| !it.waiting.is_empty());
    let who = &actor.account;
    match seen {
        Ok(view) => {
            assert!(listed && timeline.is_ok() && counted == 1, "{who}");
            assert!(!queued || view.sight == Sight::Whole, "{who}");
            assert_eq!(view.may.contains("rename"), may_lead(actor) && view.sight == Sight::Whole);
            Some(view.sight)
        }
        Err(error) => {
            assert!(is_unknown::<()>(Err(error)) && is_unknown(timeline), "{who}");
            assert!(!listed && counted == 0 && page.total == 0 && !queued, "{who}");
            None
        }
    }
}

#[test]
fn the_matrix_of_who_sees_a_case() {
    let room = Room::new();
    let number = room.report(&liaison("perugia"), "Sportelli", "fermi");
    let all = |room: &Room| world().iter().map(|it| sees(room, it, &number)).collect::<Vec<_>>();
    const N: Option<Sight> = None;
    let (part, whole) = (Some(Sight::Part), Some(Sight::Whole));
    // sala, analista, admin, revisore; perugia, terni, foligno, cosc-umbria, stranger;
    // revisore-terni, terni.bot; turno-cosc, revisore-cosc; turno-terni
    let room_and_centre = |towns: [Option<Sight>; 8]| {
        let mut all = vec![whole; 4];
        all.extend(&towns[..7]);
        all.extend([whole, whole, towns[7]]);
        all
    };
    assert_eq!(all(&room), room_and_centre([part, N, N, N, N, N, N, N]));
    room.change(&officer(), &number, Change::Admit { organisation: organisation("terni") })
        .unwrap();
    assert_eq!(all(&room), room_and_centre([part, part, N, N, N, part, part, part]));
    let people = BTreeSet::from([AccountId::new("terni").unwrap()]);
    room.change(&officer(), &number, Change::Enclose { people }).unwrap();
    assert_eq!(all(&room), [whole, N, N, N, part, part, N, N, N, N, N, N, N, N]);
    // The same from the ledger alone.
    let reopened =
        Room { watch: room.reopened(), clock: room.clock.clone(), store: room.store.clone() };
    assert_eq!(all(&reopened), all(&room));
}

#[test]
fn the_centre_leads_what_was_routed_to_it_until_it_hands_it_on() {
    let room = Room::new();
    let report = NewReport { contact: Some("0744 5550100".into()), ..report("Riscatto", "fermi") };
    let number = room.watch.report(&liaison("terni"), report).unwrap().number.to_string();
    let (turno, liguria) = (
        person("turno-cosc", "cosc-umbria", Role::DutyOfficer),
        person("turno-perugia", "perugia", Role::DutyOfficer),
    );
    let wish = vedetta_watch::QueueWish { centre: None, limit: 9 };
    let queue = room.watch.queue(&turno, &wish).unwrap();
    assert_eq!((queue.total, queue.waiting[0].words.as_str()), (1, "fermi"));
    assert_eq!(room.watch.queue(&liguria, &wish).unwrap().total, 0, "not routed to it");
    let view = room.watch.case(&turno, &number).unwrap();
    assert_eq!(view.incident.reported.contact.as_deref(), Some("0744 5550100"));
    // Messages of the mail desk are the node's own room's to link.
    assert!(view.may.contains("link") && !view.may.contains("cite"), "{:?}", view.may);
    assert!(room.watch.case(&officer(), &number).unwrap().may.contains("cite"));
    room.change(&turno, &number, Change::Triage).unwrap();
    let note = Change::Note { text: "sala e centro".into(), audience: Audience::Room };
    let view = room.change(&turno, &number, note).unwrap();
    room.watch.undo_case(&turno, &number, view.version).unwrap();
    // Only a centre is handed a case, and who hands it on has its answer and sees no more.
    let route = |to: &str| Change::Route { to: organisation(to), reason: "non nostro".into() };
    assert!(room.change(&turno, &number, route("perugia")).is_err());
    let left = room.change(&turno, &number, route("cnaipic")).unwrap();
    assert!(left.may.is_empty() && left.incident.reported.contact.is_none(), "{left:?}");
    assert!(is_unknown(room.watch.case(&turno, &number)));
    let back = room.change(&officer(), &number, route("cosc-umbria"));
    assert!(back.is_ok() && room.watch.case(&turno, &number).is_ok());
}

#[test]
fn a_participant_is_told_nothing_of_the_others() {
    let room = Room::new();
    let number = room.report(&liaison("perugia"), "Sportelli", "fermi");
    let down = || Affected { services: BTreeSet::new(), status: ServiceStatus::Down };
    for it in ["terni", "foligno"] {
        let organisation = organisation(it);
        let affect = Change::Affect { organisation: organisation.clone(), affected: down() };
        room.change(&officer(), &number, affect).unwrap();
        room.change(&officer(), &number, Change::Admit { organisation }).unwrap();
    }
    let note = Change::Note { text: "solo per la sala".into(), audience: Audience::Room };
    room.change(&officer(), &number, note).unwrap();
    let version = room.watch.case(&officer(), &number).unwrap().version;
    let octets = b"appunti della sala".to_vec();
    let file = NewFile { version, name: "appunti.txt".into(), octets, audience: Audience::Room };
    let view = room.watch.attach(&officer(), &number, file).unwrap();
    let sha256 = view.incident.files[0].sha256.clone();
    let terni = liaison("terni");
    assert!(is_unknown(room.watch.file(&terni, &number, &sha256)));
    let view = room.watch.case(&terni, &number).unwrap();
    let timeline = room.watch.timeline(&terni, &number, None, 99).unwrap();
    let list = room.watch.cases(&terni, &CaseWish { limit: 9, ..CaseWish::default() }).unwrap();
    let told = format!("{view:?} {timeline:?} {list:?}");
    for secret in ["foligno", "solo per la sala", "appunti"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    // What it does is seen by the room, and by itself.
    let own = Change::Affect { organisation: organisation("terni"), affected: down() };
    assert!(room.change(&terni, &number, own).is_ok());
    let other = Change::Affect { organisation: organisation("foligno"), affected: down() };
    assert!(room.change(&terni, &number, other).is_err());
}

fn any_change() -> impl Strategy<Value = Change> {
    let org = || prop::sample::select(vec!["perugia", "terni", "foligno"]).prop_map(organisation);
    let centres = prop::sample::select(vec!["cnaipic", "cosc-umbria"]).prop_map(organisation);
    let names = world().into_iter().map(|it| it.account).collect::<Vec<_>>();
    let people = prop::collection::btree_set(prop::sample::select(names), 0..3);
    prop_oneof![
        Just(Change::Triage),
        org().prop_map(|organisation| Change::Admit { organisation }),
        org().prop_map(|organisation| Change::Exclude { organisation }),
        people.prop_map(|people| Change::Enclose { people }),
        centres.prop_map(|to| Change::Route { to, reason: "x".into() }),
        Just(Change::Disclose { reason: "x".into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Followed by a naive book of who was let in, by every view, with undo.
    #[test]
    fn it_is_never_visible_to_those_outside(
        steps in prop::collection::vec((any_change(), any::<bool>()), 1..8),
    ) {
        let room = Room::new();
        let number = room.report(&liaison("perugia"), "Sportelli", "fermi");
        let routed = organisation("cosc-umbria");
        let mut books = vec![(BTreeSet::new(), None::<BTreeSet<AccountId>>, routed)];
        for (change, undo) in steps {
            let Ok(view) = room.change(&officer(), &number, change.clone()) else { continue };
            let (mut admitted, mut circle, mut centre) = books.last().cloned().unwrap();
            match change {
                Change::Admit { organisation } => drop(admitted.insert(organisation)),
                Change::Exclude { organisation } => drop(admitted.remove(&organisation)),
                Change::Enclose { mut people } => {
                    people.insert(officer().account);
                    circle = Some(people);
                }
                Change::Disclose { .. } => circle = None,
                Change::Route { to, .. } => centre = to,
                _ => {}
            }
            books.push((admitted, circle, centre));
            if undo {
                room.watch.undo_case(&officer(), &number, view.version).unwrap();
                books.pop();
            }
        }
        let (admitted, circle, centre) = books.pop().unwrap();
        for actor in world() {
            let routed = actor.organisation == centre;
            let leads = routed && (may_lead(&actor) || actor.is(Role::Auditor));
            let of_the_room = actor.organisation.as_str() == "cnaipic" || leads;
            let inside = match &circle {
                Some(people) => {
                    people.contains(&actor.account) || actor.account.as_str() == "perugia"
                }
                None => {
                    of_the_room
                        || actor.organisation.as_str() == "perugia"
                        || admitted.contains(&actor.organisation)
                }
            };
            let sight = sees(&room, &actor, &number);
            prop_assert_eq!(sight.is_some(), inside, "{:?}", actor.account);
            prop_assert!(sight != Some(Sight::Whole) || of_the_room, "{:?}", actor.account);
        }
    }
}
