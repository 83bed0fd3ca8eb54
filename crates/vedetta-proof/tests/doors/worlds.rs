//! Random small networks in which much is exchanged.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::date;
use vedetta_model::account::AccountState;
use vedetta_model::agreement::*;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::*;

use crate::dice::Dice;

/// What the oracle looks at.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) organisations: Vec<(OrganisationNumber, Arc<Organisation>)>,
    pub(crate) agreements: Vec<Arc<Agreement>>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) holds: Vec<Hold>,
}

/// In these worlds nobody leaves.
pub(crate) fn left() -> BTreeSet<OrganisationId> {
    BTreeSet::new()
}

/// Names that no other word contains.
const NAMES: [&str; 7] =
    ["centrale", "quarnesca", "bruventa", "zefirola", "mondrusio", "valpendra", "castrilla"];
const REGIONS: [&str; 2] = ["Umbria", "Liguria"];

impl World {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let size = 4 + dice.below(4);
        let mut world = Self {
            organisations: Vec::new(),
            agreements: Vec::new(),
            accounts: Vec::new(),
            holds: Vec::new(),
        };
        for place in 0..size {
            let organisation = world.organisation(place, dice);
            let number = OrganisationNumber(u32::try_from(place).unwrap() + 1);
            world.organisations.push((number, Arc::new(organisation)));
            for role in [Role::Liaison, Role::Machine] {
                world.accounts.push(account(place, role));
            }
        }
        for _ in 0..3 + dice.below(4) {
            let agreement = world.agreement(dice);
            world.agreements.push(Arc::new(agreement));
        }
        world
    }

    pub(crate) fn ids(&self) -> Vec<OrganisationId> {
        self.organisations.iter().map(|(_, it)| it.id.clone()).collect()
    }

    pub(crate) fn find(&self, id: &OrganisationId) -> Option<&Arc<Organisation>> {
        self.organisations.iter().map(|(_, it)| it).find(|it| it.id == *id)
    }

    fn organisation(&self, place: usize, dice: &mut Dice) -> Organisation {
        use OrganisationKind::{Municipality, NationalCentre, Operator, RegionalCentre};
        let kind = match place {
            0 => NationalCentre,
            _ => dice.one(&[Municipality, Municipality, RegionalCentre, Operator]),
        };
        Organisation {
            id: OrganisationId::new(NAMES[place]).unwrap(),
            name: format!("Comune di {}", title(NAMES[place])),
            aliases: Vec::new(),
            kind,
            parent: None,
            region: Some(dice.one(&REGIONS).to_owned()),
            province: None,
            population: dice.chance(80).then(|| u32::try_from(dice.below(40_000)).unwrap()),
            sector: None,
            criticality: Criticality::None,
            client_of: dice.some(&self.ids(), 20),
        }
    }

    /// Another agreement, in force unless it is an adhesion to come.
    pub(crate) fn agreement(&self, dice: &mut Dice) -> Agreement {
        let above: Vec<_> =
            self.agreements.iter().filter(|it| it.adhesion.is_none()).cloned().collect();
        let parent = if dice.chance(60) { dice.pick(&above).cloned() } else { None };
        let adhesion = parent.as_ref().and_then(|parent| self.adhesion(parent, dice));
        let parties = match adhesion {
            Some(_) => Vec::new(),
            None => (0..2 + dice.below(2)).map(|place| self.party(place, dice)).collect(),
        };
        let by = AccountId::new("p0").unwrap();
        Agreement {
            id: AgreementId::new(&format!("act-{}", self.agreements.len())).unwrap(),
            title: format!("Act {}", self.agreements.len()),
            parent: parent.map(|it| it.id.clone()),
            succeeds: None,
            stage: Stage::InForce { since: Instant::from_micros(0), by },
            term: term(dice),
            adhesion,
            parties,
            handling: terms(dice),
            duties: Duties::default(),
            raci: Vec::new(),
            systems: Vec::new(),
            mail: None,
        }
    }

    /// The adhesion of somebody whom a party selects.
    fn adhesion(&self, parent: &Agreement, dice: &mut Dice) -> Option<Adhesion> {
        let wanting = parent.parties.iter().filter(|party| {
            party.select.as_ref().is_some_and(|it| it.adhesion == AdhesionRule::Required)
        });
        let wanting: Vec<_> = wanting.collect();
        let party = dice.pick(&wanting)?;
        let selector = party.select.as_ref()?;
        let fits = |it: &&(_, Arc<Organisation>)| vedetta_policy::selects(selector, &it.1);
        let fitting: Vec<_> = self.organisations.iter().filter(fits).collect();
        let (_, organisation) = dice.pick(&fitting)?;
        Some(Adhesion { party: party.name.clone(), organisation: organisation.id.clone() })
    }

    fn party(&self, place: usize, dice: &mut Dice) -> Party {
        let selected = dice.chance(40);
        let select = selected.then(|| Selector {
            kinds: dice.some(&[OrganisationKind::Municipality, OrganisationKind::Operator], 60),
            regions: dice.some(&REGIONS.map(str::to_owned), 50),
            population_above: dice.chance(20).then_some(15_000),
            adhesion: if dice.chance(50) {
                AdhesionRule::Required
            } else {
                AdhesionRule::NotNeeded
            },
            ..Selector::default()
        });
        let mut organisations: BTreeSet<_> = dice.some(&self.ids(), 40);
        if select.is_none() && organisations.is_empty() {
            organisations.extend(dice.pick(&self.ids()).cloned());
        }
        Party {
            name: format!("side-{place}"),
            organisations,
            select,
            gives: categories(dice),
            receives: categories(dice),
            within: if dice.chance(30) { Within::Together } else { Within::Apart },
            contacts: Vec::new(),
        }
    }
}

/// The first letter large.
fn title(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

pub(crate) fn person(place: usize) -> AccountId {
    AccountId::new(&format!("p{place}")).unwrap()
}

fn account(place: usize, role: Role) -> Account {
    let id = match role {
        Role::Machine => AccountId::new(&format!("m{place}")).unwrap(),
        _ => person(place),
    };
    Account {
        name: id.to_string(),
        id,
        organisation: OrganisationId::new(NAMES[place]).unwrap(),
        roles: BTreeSet::from([role]),
        language: Language::It,
        state: AccountState::Active,
    }
}

fn categories(dice: &mut Dice) -> BTreeSet<Category> {
    if dice.chance(75) {
        Category::ALL.into_iter().collect()
    } else {
        dice.some(&Category::ALL, 40)
    }
}

fn term(dice: &mut Dice) -> Term {
    let zero = date(2026, 3, 2);
    let day = |days: usize| i64::try_from(days).unwrap();
    let from = zero.checked_add((day(dice.below(14)) - 10).days()).unwrap();
    let until = zero.checked_add((day(dice.below(40)) + 4).days()).unwrap();
    let renewal = dice.one(&[Renewal::None, Renewal::Explicit, Renewal::Tacit]);
    Term { signed: None, from, until, renewal }
}

fn terms(dice: &mut Dice) -> HandlingTerms {
    use Redistribution as R;
    let history = [History::None, History::Days(3), History::SinceAgreement, History::All];
    HandlingTerms {
        highest_tlp: dice.one(&[Tlp::Red, Tlp::Red, Tlp::AmberStrict, Tlp::Amber, Tlp::Green]),
        default_tlp: dice.one(&Tlp::ALL),
        iep: None,
        victim: dice.one(&[VictimVisibility::Named, VictimVisibility::Hidden]),
        history: dice.one(&history),
        redistribution: dice.one(&[R::None, R::Lineage, R::Lineage, R::Any]),
    }
}
