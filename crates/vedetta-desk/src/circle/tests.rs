use std::collections::BTreeSet;

use proptest::prelude::*;
use vedetta_model::Instant;

use super::*;
use crate::incident::{Affected, Channel, Reported, ServiceStatus};

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

fn organisation(name: &str) -> OrganisationId {
    OrganisationId::new(name).unwrap()
}

fn at() -> Instant {
    "2026-03-10T10:00:00Z".parse().unwrap()
}

fn case() -> Incident {
    let reported = Reported {
        channel: Channel::Portal,
        organisation: organisation("perugia"),
        by: account("perugia"),
        at: at(),
        words: "gli sportelli non rispondono".into(),
        contact: Some("075 5550100".into()),
    };
    Incident::open("2026-000001".parse().unwrap(), "Sportelli".into(), reported).unwrap()
}

/// Everybody there is: an account, its organisation and where it stands.
const WORLD: [(&str, &str, Stands); 11] = [
    ("sala", "cnaipic", Stands::InTheRoom),
    ("analista", "cnaipic", Stands::InTheRoom),
    ("revisore", "cnaipic", Stands::BesideTheRoom),
    ("perugia", "perugia", Stands::Outside),
    ("perugia-2", "perugia", Stands::Outside),
    ("terni", "terni", Stands::Outside),
    ("terni-revisore", "terni", Stands::Onlooker),
    ("foligno", "foligno", Stands::Outside),
    ("turno-cosc", "cosc-umbria", Stands::Outside),
    ("revisore-cosc", "cosc-umbria", Stands::Onlooker),
    ("referente-cosc", "cosc-umbria", Stands::Outside),
];

/// Where somebody of [`WORLD`] stands to what was routed to their organisation.
fn as_centre(name: &str, stands: Stands) -> Stands {
    match name {
        "turno-cosc" => Stands::InTheRoom,
        "revisore-cosc" => Stands::BesideTheRoom,
        _ => stands,
    }
}

fn routed(to: &str) -> Change {
    Change::Route { to: organisation(to), reason: "di sua competenza".into() }
}

fn sights(case: &Incident) -> Vec<Option<Sight>> {
    let see = |(name, of, stands): &(&str, &str, Stands)| {
        let (account, organisation) = (account(name), organisation(of));
        let (stands, as_centre) = (*stands, as_centre(name, *stands));
        case.sight(Viewer { account: &account, organisation: &organisation, stands, as_centre })
    };
    WORLD.iter().map(see).collect()
}

fn change(case: Incident, change: Change) -> Incident {
    case.change(change, &account("sala"), at()).unwrap()
}

#[test]
fn the_room_sees_it_whole_and_those_admitted_a_part() {
    const N: Option<Sight> = None;
    let (part, whole) = (Some(Sight::Part), Some(Sight::Whole));
    assert_eq!(sights(&case()), [whole, whole, whole, part, part, N, N, N, N, N, N]);
    let hit = Affected { services: BTreeSet::new(), status: ServiceStatus::Down };
    let hit = Change::Affect { organisation: organisation("foligno"), affected: hit };
    let admitted =
        change(change(case(), hit), Change::Admit { organisation: organisation("terni") });
    // Being hit shows nothing by itself.
    assert_eq!(sights(&admitted), [whole, whole, whole, part, part, part, part, N, N, N, N]);
    let people = BTreeSet::from([account("terni"), account("analista")]);
    let enclosed = change(admitted.clone(), Change::Enclose { people });
    assert_eq!(sights(&enclosed), [whole, whole, N, part, N, part, N, N, N, N, N]);
    let again = change(enclosed, Change::Disclose { reason: "finito".into() });
    assert_eq!(sights(&again), sights(&admitted));
}

#[test]
fn the_centre_to_which_it_was_routed_leads_it_until_it_is_handed_on() {
    const N: Option<Sight> = None;
    let (part, whole) = (Some(Sight::Part), Some(Sight::Whole));
    let it = change(case(), routed("cosc-umbria"));
    assert_eq!(sights(&it), [whole, whole, whole, part, part, N, N, N, whole, whole, N]);
    let (turno, revisore) = (account("turno-cosc"), account("revisore-cosc"));
    let centre = organisation("cosc-umbria");
    let viewer =
        |account, stands, as_centre| Viewer { account, organisation: &centre, stands, as_centre };
    let officer = viewer(&turno, Stands::Outside, Stands::InTheRoom);
    assert!(it.allows(officer, &Change::Triage) && it.allows(officer, &routed("cnaipic")));
    let auditor = viewer(&revisore, Stands::Onlooker, Stands::BesideTheRoom);
    assert!(!it.allows(auditor, &Change::Triage));
    // Closed to named persons, it is closed to the centre too.
    let people = BTreeSet::from([account("analista")]);
    let enclosed = change(it.clone(), Change::Enclose { people });
    assert_eq!(sights(&enclosed)[8..], [N, N, N]);
    let people = BTreeSet::from([account("turno-cosc"), account("referente-cosc")]);
    let within = change(it.clone(), Change::Enclose { people });
    assert_eq!(sights(&within)[8..], [whole, N, part]);
    assert_eq!(sights(&change(it, routed("cosc-liguria"))), sights(&case()));
}

#[test]
fn a_part_tells_nothing_of_others() {
    let status = ServiceStatus::Down;
    let mut it = case();
    for name in ["perugia", "terni", "foligno"] {
        let affected = Affected { services: BTreeSet::from([format!("servizio {name}")]), status };
        it = change(it, Change::Affect { organisation: organisation(name), affected });
        it = change(it, Change::Admit { organisation: organisation(name) });
        let task = format!("compito {name}");
        let organisation = Some(organisation(name));
        it = change(it, Change::Task { text: task, organisation, assignee: None, due: None });
    }
    let text = serde_json::to_string(&it.clone().part_for(&organisation("terni"))).unwrap();
    assert!(text.contains("servizio terni") && text.contains("compito terni"));
    for other in ["foligno", "servizio perugia", "compito perugia", "075 5550100"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    // Its task keeps its number.
    let finish = |task| Change::Finish { task, note: String::new() };
    let (account, organisation) = (account("terni"), organisation("terni"));
    let (stands, as_centre) = (Stands::Outside, Stands::Outside);
    let terni = Viewer { account: &account, organisation: &organisation, stands, as_centre };
    assert_eq!(
        [1, 2, 3, 4].map(|task| it.allows(terni, &finish(task))),
        [false, true, false, false]
    );
}

#[test]
fn only_the_room_leads_and_nobody_who_looks_on_changes_anything() {
    let it = change(case(), Change::Admit { organisation: organisation("terni") });
    let it = change(it, routed("cosc-umbria"));
    let shared = Change::Note { text: "x".into(), audience: Audience::Participants };
    let kept = Change::Note { text: "x".into(), audience: Audience::Room };
    let expected = [
        (
            &Change::Triage,
            [true, true, false, false, false, false, false, false, true, false, false],
        ),
        (&shared, [true, true, false, true, true, true, false, false, true, false, false]),
        (&kept, [true, true, false, false, false, false, false, false, true, false, false]),
        (
            &Change::Know { awareness: Some(at()), evidence: None },
            [true, true, false, true, true, false, false, false, true, false, false],
        ),
    ];
    for (change, may) in expected {
        for ((name, of, stands), may) in WORLD.iter().zip(may) {
            let (account, organisation) = (account(name), organisation(of));
            let (stands, as_centre) = (*stands, as_centre(name, *stands));
            let viewer =
                Viewer { account: &account, organisation: &organisation, stands, as_centre };
            assert_eq!(it.allows(viewer, change), may, "{name} {}", change.name());
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let org = || prop::sample::select(vec!["perugia", "terni", "foligno"]).prop_map(organisation);
    let who = prop::sample::select(WORLD.map(|it| it.0).to_vec()).prop_map(account);
    prop_oneof![
        Just(Change::Triage),
        org().prop_map(|organisation| Change::Admit { organisation }),
        org().prop_map(|organisation| Change::Exclude { organisation }),
        prop::collection::btree_set(who.clone(), 0..3)
            .prop_map(|people| Change::Enclose { people }),
        Just(Change::Disclose { reason: "x".into() }),
        prop::sample::select(vec!["cosc-umbria", "cosc-liguria"]).prop_map(routed),
        who.prop_map(|lead| Change::Assign { lead }),
        org().prop_map(|organisation| Change::Affect {
            organisation,
            affected: Affected { services: BTreeSet::new(), status: ServiceStatus::Down },
        }),
    ]
}

proptest! {
    /// Said again from the changes alone, without the code that decides.
    #[test]
    fn it_is_never_visible_to_those_outside(changes in prop::collection::vec(any_change(), 0..12)) {
        let mut it = case();
        let mut admitted = BTreeSet::new();
        let mut circle: Option<BTreeSet<AccountId>> = None;
        let mut centre = None;
        for change in changes {
            let Ok(next) = it.clone().change(change.clone(), &account("sala"), at()) else { continue };
            match change {
                Change::Admit { organisation } => drop(admitted.insert(organisation)),
                Change::Exclude { organisation } => drop(admitted.remove(&organisation)),
                Change::Enclose { mut people } => {
                    people.insert(account("sala"));
                    people.extend(it.stage.lead().cloned());
                    circle = Some(people);
                }
                Change::Disclose { .. } => circle = None,
                Change::Route { to, .. } => centre = Some(to),
                Change::Assign { lead } => circle = circle.map(|mut it| { it.insert(lead); it }),
                _ => {}
            }
            it = next;
        }
        for ((name, of, stands), sight) in WORLD.iter().zip(sights(&it)) {
            let shift = ["turno-cosc", "revisore-cosc"].contains(name);
            let leads = shift && centre == Some(organisation("cosc-umbria"));
            let room = leads || matches!(stands, Stands::InTheRoom | Stands::BesideTheRoom);
            let inside = match &circle {
                Some(people) => people.contains(&account(name)) || *name == "perugia",
                None => room || *of == "perugia" || admitted.contains(&organisation(of)),
            };
            prop_assert_eq!(sight.is_some(), inside, "{}", name);
            prop_assert!(sight != Some(Sight::Whole) || room, "{}", name);
        }
    }
}
