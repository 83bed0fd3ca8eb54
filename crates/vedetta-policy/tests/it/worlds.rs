//! Random small networks: organisations, clients, agreements, adhesions, holds, moments.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use vedetta_model::agreement::*;
use vedetta_model::hold::HoldScope;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::*;
use vedetta_policy::{Network, Roll};

/// A random network, and what may change its answers.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) organisations: Vec<(OrganisationNumber, Arc<Organisation>)>,
    pub(crate) agreements: Vec<Arc<Agreement>>,
    pub(crate) holds: Vec<Hold>,
}

impl World {
    pub(crate) fn network(&self, now: Instant) -> Network {
        let roll = Roll {
            organisations: &self.organisations,
            agreements: &self.agreements,
            holds: &self.holds,
        };
        Network::compile(roll, now).with_left(left())
    }
}

/// Who left: one that is nowhere any more, and one that may have been entered again.
pub(crate) fn left() -> BTreeSet<OrganisationId> {
    [organisation(1), organisation(GONE)].into()
}

/// The place of one that is in no world.
const GONE: usize = 50;

pub(crate) const DAY_ZERO: Date = date(2026, 3, 1);

pub(crate) fn organisation(place: usize) -> OrganisationId {
    OrganisationId::new(&format!("o{place}")).unwrap()
}

pub(crate) fn agreement(place: usize) -> AgreementId {
    AgreementId::new(&format!("a{place}")).unwrap()
}

pub(crate) fn account(place: usize) -> AccountId {
    AccountId::new(&format!("p{}", place % 3)).unwrap()
}

/// Accounts of one name are of several organisations.
pub(crate) fn person(place: usize) -> Person {
    Person { organisation: organisation(place), account: account(place) }
}

pub(crate) fn item(place: usize) -> ItemId {
    ItemId::new(&format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{place:02x}")).unwrap()
}

/// Not dense, so that numbers and places are not confused.
pub(crate) fn number(place: usize) -> OrganisationNumber {
    OrganisationNumber(u32::try_from(place * 13 + 2).unwrap())
}

/// A moment within the days in which things change.
pub(crate) fn moment() -> impl Strategy<Value = Instant> {
    (0i64..40, 0i64..86_400).prop_map(|(day, second)| {
        let start = Instant::start_of_day(DAY_ZERO.checked_add(day.days()).unwrap());
        Instant::from_micros(start.micros() + second * 1_000_000)
    })
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    (3usize..8).prop_flat_map(|size| {
        let organisations: Vec<_> = (0..size).map(|place| one_organisation(place, size)).collect();
        let agreements = (0usize..8).prop_flat_map(move |many| {
            (0..many).map(|place| one_agreement(place, many, size)).collect::<Vec<_>>()
        });
        let holds = prop_oneof![3 => Just(0usize), 2 => 1usize..5]
            .prop_flat_map(move |many| vec(one_hold(size), many));
        (organisations, agreements, holds).prop_map(|(organisations, agreements, holds)| World {
            organisations,
            agreements,
            holds,
        })
    })
}

pub(crate) fn handling(size: usize) -> impl Strategy<Value = Arc<Handling>> {
    (
        prop_oneof![20 => 0..size, 1 => Just(99usize)],
        select(&Category::ALL[..]),
        select(&Tlp::ALL[..]),
        prop_oneof![3 => Just(BTreeSet::new()), 2 => subset(size, organisation)],
        subset(size, person),
        prop_oneof![4 => Just(BTreeSet::new()), 1 => subset(8, agreement)],
        prop_oneof![2 => Just(Vec::new()), 1 => vec(giver(size), 1..4)],
        prop_oneof![4 => Just(None), 1 => subset(size, organisation).prop_map(Some)],
    )
        .prop_map(|(producer, category, tlp, victims, named, only_under, givers, inside)| {
            let producer = organisation(producer);
            let via = givers.into_iter().collect();
            let pap = Pap::Green;
            let practised = |participants| Exercise { name: "Ponte".into(), participants };
            let exercise = inside.map(practised);
            Arc::new(Handling {
                producer,
                category,
                tlp,
                pap,
                victims,
                named,
                only_under,
                exercise,
                via,
            })
        })
}

/// Who brought it from another node, by which right, and whether it may tell the victim.
fn giver(size: usize) -> impl Strategy<Value = Given> {
    let right = || prop_oneof![Just(Right::Any), subset(8, agreement).prop_map(Right::Lineages)];
    let on = prop_oneof![2 => Just(BTreeSet::new()), 1 => subset(8, agreement)];
    let gone = Just([organisation(GONE)].into());
    let through =
        prop_oneof![3 => Just(BTreeSet::new()), 2 => subset(size + 1, organisation), 1 => gone];
    let given = (0..size + 1, right(), weighted(0.5, right()), on, through);
    given.prop_map(|(place, right, naming, on, through)| {
        let naming = naming.map(|naming| naming.and(right.clone()));
        Given { giver: organisation(place), right, naming, on, through }
    })
}

/// A world and what to ask of it.
pub(crate) fn question() -> impl Strategy<Value = (World, Arc<Handling>, Instant)> {
    world().prop_flat_map(|world| {
        let size = world.organisations.len();
        (Just(world), handling(size), moment())
    })
}

pub(crate) fn subset<T: Ord + std::fmt::Debug>(
    size: usize,
    make: fn(usize) -> T,
) -> impl Strategy<Value = BTreeSet<T>> {
    vec(0..size, 0..4).prop_map(move |places| places.into_iter().map(make).collect())
}

fn one_organisation(
    place: usize,
    size: usize,
) -> impl Strategy<Value = (OrganisationNumber, Arc<Organisation>)> {
    let kinds = [OrganisationKind::Municipality, OrganisationKind::RegionalCentre];
    let clients = prop_oneof![2 => Just(BTreeSet::new()), 1 => subset(size + 1, organisation)];
    let fields = (
        select(kinds.to_vec()),
        select(&["Umbria", "Liguria"][..]),
        weighted(0.8, 0u32..40_000),
        clients,
    );
    fields.prop_map(move |(kind, region, population, client_of)| {
        let organisation = Organisation {
            id: organisation(place),
            name: format!("Organisation {place}"),
            aliases: Vec::new(),
            kind,
            parent: None,
            region: Some(region.to_owned()),
            province: None,
            population,
            sector: None,
            criticality: Criticality::None,
            client_of: client_of.into_iter().collect(),
        };
        (number(place), Arc::new(organisation))
    })
}

fn one_hold(size: usize) -> impl Strategy<Value = Hold> {
    let scope = prop_oneof![
        (0usize..2).prop_map(|place| HoldScope::Item(item(place))),
        (0..size).prop_map(|place| HoldScope::Victim(organisation(place))),
        (0..size).prop_map(|place| HoldScope::Producer(organisation(place))),
    ];
    (scope, 0..=size, moment(), weighted(0.7, moment())).prop_map(|(scope, by, from, until)| Hold {
        id: HoldId::new("h").unwrap(),
        authority: "Procura di Esempio".into(),
        organisation: organisation(by),
        scope,
        reason: "1/2026".into(),
        from,
        until,
    })
}

fn one_agreement(place: usize, many: usize, size: usize) -> impl Strategy<Value = Arc<Agreement>> {
    let parent = prop_oneof![
        3 => Just(None),
        6 => (0..place.max(1)).prop_map(move |parent| (parent < place).then_some(parent)),
        1 => (0..=many).prop_map(Some),
    ];
    let adhesion = weighted(0.3, (0usize..3, 0..size));
    let parties = vec(one_party(size), 2..4);
    (parent, adhesion, parties, stage(), term(), terms()).prop_map(
        move |(parent, adhesion, mut parties, stage, term, handling)| {
            let adhesion = adhesion.filter(|_| parent.is_some()).map(|(party, who)| Adhesion {
                party: format!("side{party}"),
                organisation: organisation(who),
            });
            for (place, party) in parties.iter_mut().enumerate() {
                party.name = format!("side{place}");
            }
            if adhesion.is_some() {
                parties.clear();
            }
            Arc::new(Agreement {
                id: agreement(place),
                title: format!("Agreement {place}"),
                parent: parent.map(agreement),
                succeeds: None,
                stage,
                term,
                adhesion,
                parties,
                handling,
                duties: Duties::default(),
                raci: Vec::new(),
                systems: Vec::new(),
                mail: None,
            })
        },
    )
}

fn categories() -> impl Strategy<Value = BTreeSet<Category>> {
    prop_oneof![
        4 => Just(Category::ALL.into_iter().collect::<BTreeSet<_>>()),
        1 => prop::sample::subsequence(&Category::ALL[..], 0..4)
            .prop_map(|some| some.into_iter().collect()),
    ]
}

fn one_party(size: usize) -> impl Strategy<Value = Party> {
    let selector = (
        prop::bool::ANY,
        weighted(0.5, select(&["Umbria", "Liguria", "Molise"][..])),
        weighted(0.3, 0u32..40_000),
        prop::bool::weighted(0.6),
    )
        .prop_map(|(municipalities, region, population_above, adhesion)| Selector {
            kinds: municipalities.then_some(OrganisationKind::Municipality).into_iter().collect(),
            regions: region.map(str::to_owned).into_iter().collect(),
            population_above,
            adhesion: if adhesion { AdhesionRule::Required } else { AdhesionRule::NotNeeded },
            ..Selector::default()
        });
    (
        subset(size + 1, organisation),
        weighted(0.4, selector),
        categories(),
        categories(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(organisations, select, gives, receives, together)| Party {
            name: String::new(),
            organisations,
            select,
            gives,
            receives,
            within: if together { Within::Together } else { Within::Apart },
            contacts: Vec::new(),
        })
}

fn stage() -> impl Strategy<Value = Stage> {
    let by = || account(0);
    prop_oneof![
        1 => Just(Stage::Draft),
        10 => Just(Stage::InForce { since: Instant::from_micros(0), by: by() }),
        1 => moment().prop_map(move |since| Stage::InForce { since, by: by() }),
        1 => moment().prop_map(move |since| {
            Stage::Suspended { since, by: by(), reason: "review".into() }
        }),
        1 => moment().prop_map(|since| Stage::Expired { since, by: None }),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let renewal = select(&[Renewal::None, Renewal::Explicit, Renewal::Tacit][..]);
    (-30i64..20, -2i64..90, renewal).prop_map(|(from, length, renewal)| {
        let from = DAY_ZERO.checked_add(from.days()).unwrap();
        let until = from.checked_add(length.days()).unwrap();
        Term { signed: None, from, until, renewal }
    })
}

fn terms() -> impl Strategy<Value = HandlingTerms> {
    use Redistribution as R;
    let history = [History::None, History::Days(7), History::SinceAgreement, History::All];
    (
        prop_oneof![select(&Tlp::ALL[..]), Just(Tlp::Red)],
        select(&Tlp::ALL[..]),
        prop::bool::ANY,
        select(history.to_vec()),
        select(&[R::None, R::Lineage, R::Lineage, R::Any][..]),
    )
        .prop_map(|(highest_tlp, default_tlp, named, history, redistribution)| HandlingTerms {
            highest_tlp,
            default_tlp,
            iep: None,
            victim: if named { VictimVisibility::Named } else { VictimVisibility::Hidden },
            history,
            redistribution,
        })
}
