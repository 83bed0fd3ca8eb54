//! The network as it stands at a moment: the one thing that decisions are made on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::agreement::{Agreement, Redistribution};
use vedetta_model::hold::HoldScope;
use vedetta_model::{
    AgreementId, Audience, Category, Handling, Hold, Instant, ItemId, Organisation, OrganisationId,
    OrganisationNumber, Tlp,
};

use crate::group::Group;
use crate::memo::Memo;
use crate::pact::{Adhesions, Categories, Pact, Side, Sources};
use crate::selection::Index;
use crate::standing::{Standing, Standings};

/// Everything that the network is compiled from, borrowed.
#[derive(Clone, Copy)]
pub struct Roll<'a> {
    /// Every organisation with its permanent number.
    pub organisations: &'a [(OrganisationNumber, Arc<Organisation>)],
    /// Every agreement and adhesion, whatever its stage. Of two with one identifier the later counts.
    pub agreements: &'a [Arc<Agreement>],
    /// Every investigative hold.
    pub holds: &'a [Hold],
}

/// The network as it stands at a moment: organisations, clients, agreements in force, holds.
///
/// Immutable. When the roll changes, or time passes [`Network::valid_until`], compile another.
pub struct Network {
    pub(crate) now: Instant,
    pub(crate) everyone: Arc<Audience>,
    pub(crate) numbers: HashMap<OrganisationId, OrganisationNumber>,
    pub(crate) pacts: Vec<Pact>,
    /// The numbers of the frameworks at the top of the pacts.
    pub(crate) roots: HashMap<AgreementId, usize>,
    pub(crate) agreements: HashMap<AgreementId, Arc<Agreement>>,
    pub(crate) holds: Vec<BindingHold>,
    /// Agreements unknown here that another node says do not bind.
    pub(crate) lapsed: BTreeSet<AgreementId>,
    /// Organisations that left the network, as far as they are not there again.
    pub(crate) left: BTreeSet<OrganisationId>,
    pub(crate) memo: Memo,
    valid_until: Instant,
    organisations: HashMap<OrganisationNumber, Arc<Organisation>>,
    standings: Standings,
    providers: Audience,
    clients: HashMap<OrganisationNumber, Group>,
    pub(crate) adhesions: HashMap<(AgreementId, OrganisationNumber), AgreementId>,
    item_holds: HashMap<ItemId, Vec<usize>>,
}

/// A hold that binds now.
pub(crate) struct BindingHold {
    pub(crate) hold: Hold,
    pub(crate) organisation: Option<OrganisationNumber>,
}

impl Network {
    /// Compiles the roll as it stands at a moment.
    ///
    /// What names an unknown organisation or agreement counts for nothing; [`crate::check`] tells.
    #[must_use]
    pub fn compile(roll: Roll<'_>, now: Instant) -> Self {
        Self::lifting(roll, now, &BTreeSet::new())
    }

    /// The same, as if some agreements bound, whatever became of them.
    pub(crate) fn lifting(roll: Roll<'_>, now: Instant, lifted: &BTreeSet<AgreementId>) -> Self {
        let numbers: HashMap<_, _> =
            roll.organisations.iter().map(|(number, it)| (it.id.clone(), *number)).collect();
        let agreements: BTreeMap<_, _> = roll.agreements.iter().map(|it| (&it.id, it)).collect();
        let standings = Standings::at(&agreements, now, lifted);
        let valid_until = next_hold_change(roll.holds, now).min(standings.next_change);
        let held_by = |hold: &Hold| numbers.get(&hold.organisation).copied();
        let holds: Vec<_> = roll
            .holds
            .iter()
            .filter(|hold| hold.binds(now))
            .map(|hold| BindingHold { hold: hold.clone(), organisation: held_by(hold) })
            .collect();
        let (pacts, roots) = pacts(roll, &agreements, &numbers, &standings);
        let clients = clients(roll.organisations, &numbers);
        Self {
            now,
            valid_until,
            everyone: Arc::new(roll.organisations.iter().map(|(number, _)| *number).collect()),
            organisations: roll.organisations.iter().cloned().collect(),
            providers: clients.keys().copied().collect(),
            adhesions: adhesions(&agreements, &numbers),
            item_holds: item_holds(&holds),
            pacts,
            roots,
            agreements: agreements.into_iter().map(|(id, it)| (id.clone(), it.clone())).collect(),
            lapsed: BTreeSet::new(),
            left: BTreeSet::new(),
            memo: Memo::default(),
            numbers,
            standings,
            clients,
            holds,
        }
    }

    /// The same, knowing that agreements whose text is not known here do not bind at other nodes.
    #[must_use]
    pub fn with_lapsed(self, lapsed: BTreeSet<AgreementId>) -> Self {
        Self { lapsed, memo: Memo::default(), ..self }
    }

    /// The same, knowing who left the network: what came through one of them counts for nothing, unless it
    /// is there again.
    #[must_use]
    pub fn with_left(self, left: BTreeSet<OrganisationId>) -> Self {
        Self { left, memo: Memo::default(), ..self }
    }

    /// Agreements of which it was told that they do not bind elsewhere.
    #[must_use]
    pub const fn lapsed(&self) -> &BTreeSet<AgreementId> {
        &self.lapsed
    }

    /// Who left the network, as it was told.
    #[must_use]
    pub const fn left(&self) -> &BTreeSet<OrganisationId> {
        &self.left
    }

    /// The agreements in force under which an organisation may give what it was given: what goes on under
    /// them may have come through it. None when all that it receives ends with it.
    #[must_use]
    pub fn given_under(&self, id: &OrganisationId) -> BTreeSet<AgreementId> {
        let Some(number) = self.number(id) else { return BTreeSet::new() };
        let is_on = |pact: &Pact, way: fn(&Side) -> Categories| {
            let side = |it: &Side| it.members.contains(number) && !way(it).is_empty();
            pact.standing.is_in_force() && pact.sides.iter().any(side)
        };
        let lets_on = |it: &Pact| it.agreement.handling.redistribution != Redistribution::None;
        if !self.pacts.iter().any(|it| lets_on(it) && is_on(it, |side| side.receives)) {
            return BTreeSet::new();
        }
        let gives = self.pacts.iter().filter(|it| is_on(it, |side| side.gives));
        gives.map(|pact| pact.agreement.id.clone()).collect()
    }

    /// The next moment at which a term or a hold begins or ends: compile again then.
    #[must_use]
    pub const fn valid_until(&self) -> Instant {
        self.valid_until
    }

    /// As of when it was compiled.
    #[must_use]
    pub const fn compiled_at(&self) -> Instant {
        self.now
    }

    /// Every organisation.
    #[must_use]
    pub const fn everyone(&self) -> &Arc<Audience> {
        &self.everyone
    }

    /// The number of an organisation.
    #[must_use]
    pub fn number(&self, id: &OrganisationId) -> Option<OrganisationNumber> {
        self.numbers.get(id).copied()
    }

    /// An organisation by its number.
    #[must_use]
    pub fn organisation(&self, number: OrganisationNumber) -> Option<&Arc<Organisation>> {
        self.organisations.get(&number)
    }

    /// An agreement, whatever its stage.
    #[must_use]
    pub fn agreement(&self, id: &AgreementId) -> Option<&Arc<Agreement>> {
        self.agreements.get(id)
    }

    /// Whether an agreement binds now, and if not, why not.
    #[must_use]
    pub fn standing(&self, id: &AgreementId) -> Option<&Standing> {
        self.standings.of(id)
    }

    /// The members of a party now; nobody when there is no such party.
    #[must_use]
    pub fn members(&self, agreement: &AgreementId, party: &str) -> Audience {
        let pact = self.pacts.iter().find(|pact| pact.agreement.id == *agreement);
        let side = pact.and_then(|pact| {
            let place = pact.agreement.parties.iter().position(|it| it.name == party)?;
            pact.sides.get(place)
        });
        side.map(|side| side.members.all().clone()).unwrap_or_default()
    }

    /// The marking of what a producer gives without one: the strictest default among the
    /// agreements in force under which it gives the category, AMBER when there is none.
    #[must_use]
    pub fn default_tlp(&self, producer: OrganisationNumber, category: Category) -> Tlp {
        self.giving(producer, category)
            .map(|pact| pact.agreement.handling.default_tlp)
            .max()
            .unwrap_or(Tlp::Amber)
    }

    /// The adhesion, in whatever stage, that names an organisation for an agreement.
    pub(crate) fn adhesion(
        &self,
        agreement: &AgreementId,
        organisation: OrganisationNumber,
    ) -> Option<&AgreementId> {
        self.adhesions.get(&(agreement.clone(), organisation))
    }

    /// Those clients of the members of an audience, one level down.
    pub(crate) fn clients_of(&self, audience: &Audience) -> Audience {
        let mut all = Audience::nobody();
        for (_, clients) in self.providers_among(audience) {
            clients.pour_into(&mut all);
        }
        all
    }

    /// The members of an audience that have clients, with their clients.
    pub(crate) fn providers_among(
        &self,
        audience: &Audience,
    ) -> impl Iterator<Item = (OrganisationNumber, &Group)> {
        let providers: Vec<_> = self.providers.intersection(audience).iter().collect();
        providers.into_iter().filter_map(|provider| Some((provider, self.clients.get(&provider)?)))
    }

    /// The organisations of the persons that TLP:RED names.
    pub(crate) fn organisations_named(&self, handling: &Handling) -> Audience {
        handling.named.iter().filter_map(|person| self.number(&person.organisation)).collect()
    }

    /// The items on which a hold binds now.
    pub fn held_items(&self) -> impl Iterator<Item = &ItemId> {
        self.item_holds.keys()
    }

    /// The holds on one item that bind now.
    pub(crate) fn holds_on(&self, item: &ItemId) -> impl Iterator<Item = &BindingHold> {
        let places = self.item_holds.get(item).into_iter().flatten();
        places.filter_map(|&place| self.holds.get(place))
    }

    /// The holds on a victim or a producer that bind now.
    pub(crate) fn holds_for(&self, handling: &Handling) -> impl Iterator<Item = &BindingHold> {
        self.holds.iter().filter(|binding| match &binding.hold.scope {
            HoldScope::Item(_) => false,
            HoldScope::Victim(victim) => handling.victims.contains(victim),
            HoldScope::Producer(producer) => handling.producer == *producer,
        })
    }

    fn giving(
        &self,
        producer: OrganisationNumber,
        category: Category,
    ) -> impl Iterator<Item = &Pact> {
        self.pacts.iter().filter(move |pact| {
            pact.standing.is_in_force()
                && pact
                    .sides
                    .iter()
                    .any(|side| side.gives.pass(category) && side.members.contains(producer))
        })
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("now", &self.now)
            .field("valid_until", &self.valid_until)
            .field("organisations", &self.organisations.len())
            .field("agreements", &self.agreements.len())
            .field("holds", &self.holds.len())
            .finish_non_exhaustive()
    }
}

fn pacts(
    roll: Roll<'_>,
    agreements: &BTreeMap<&AgreementId, &Arc<Agreement>>,
    numbers: &HashMap<OrganisationId, OrganisationNumber>,
    standings: &Standings,
) -> (Vec<Pact>, HashMap<AgreementId, usize>) {
    let sources = Sources {
        agreements: agreements.clone(),
        numbers,
        organisations: roll.organisations.iter().map(|(n, it)| (*n, it.as_ref())).collect(),
        index: Index::of(roll.organisations),
    };
    let adhesions = Adhesions::of(agreements, standings);
    let mut pacts: Vec<_> = agreements
        .values()
        .filter(|agreement| agreement.adhesion.is_none())
        .map(|agreement| Pact::compile(agreement, &sources, standings, &adhesions))
        .collect();
    let mut roots: HashMap<AgreementId, usize> = HashMap::new();
    for pact in &mut pacts {
        let next = roots.len();
        pact.root = *roots.entry(pact.framework().clone()).or_insert(next);
    }
    (pacts, roots)
}

fn next_hold_change(holds: &[Hold], now: Instant) -> Instant {
    let boundaries = holds.iter().flat_map(|hold| [Some(hold.from), hold.until]).flatten();
    boundaries.filter(|at| *at > now).min().unwrap_or(Instant::FAR)
}

fn clients(
    organisations: &[(OrganisationNumber, Arc<Organisation>)],
    numbers: &HashMap<OrganisationId, OrganisationNumber>,
) -> HashMap<OrganisationNumber, Group> {
    let mut clients: HashMap<OrganisationNumber, Audience> = HashMap::new();
    for (client, organisation) in organisations {
        for provider in organisation.client_of.iter().filter_map(|id| numbers.get(id)) {
            clients.entry(*provider).or_default().insert(*client);
        }
    }
    clients.into_iter().map(|(provider, clients)| (provider, Group::of(clients))).collect()
}

fn adhesions(
    agreements: &BTreeMap<&AgreementId, &Arc<Agreement>>,
    numbers: &HashMap<OrganisationId, OrganisationNumber>,
) -> HashMap<(AgreementId, OrganisationNumber), AgreementId> {
    agreements
        .values()
        .filter_map(|agreement| {
            let adhesion = agreement.adhesion.as_ref()?;
            let organisation = *numbers.get(&adhesion.organisation)?;
            Some(((agreement.parent.clone()?, organisation), agreement.id.clone()))
        })
        .collect()
}

fn item_holds(holds: &[BindingHold]) -> HashMap<ItemId, Vec<usize>> {
    let mut by_item: HashMap<ItemId, Vec<usize>> = HashMap::new();
    for (place, binding) in holds.iter().enumerate() {
        if let HoldScope::Item(item) = &binding.hold.scope {
            by_item.entry(item.clone()).or_default().push(place);
        }
    }
    by_item
}
