//! What stands now: directory, agreements and holds as one immutable snapshot, compiled.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use vedetta_directory::directory::{Owned, Records};
use vedetta_directory::{Directory, Relevance};
use vedetta_intake::Claim;
use vedetta_model::account::AccountState;
use vedetta_model::hold::HoldScope;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{
    Actor, Agreement, AgreementId, Audience, Category, Handling, Hold, Instant, ItemId, Naming,
    Organisation, OrganisationId, OrganisationNumber, Person,
};
use vedetta_policy::{Lapse, Lapses, Network, Roll};
use vedetta_store::{Reader, Record, RecordKind, StoreError};

/// One snapshot. Readers keep it for one request; a new one takes its place when a record changes
/// or a term begins or ends.
pub struct Standing {
    /// Grows with every snapshot.
    pub generation: u64,
    /// The generation with which who may receive what was compiled: what is taken back changes the
    /// one and not the other.
    pub compiled: u64,
    /// Whose node this is; unknown until it is set, when no organisation stands out.
    pub own: Option<OrganisationId>,
    /// Who is in the network.
    pub directory: Arc<Directory>,
    /// Every agreement, whatever its stage.
    pub agreements: Vec<Arc<Agreement>>,
    /// Every hold, past ones too.
    pub holds: Vec<Hold>,
    /// Who may receive what, now.
    pub network: Arc<Network>,
    /// Whom an address, domain or product concerns.
    pub relevance: Arc<Relevance>,
    identities: Arc<HashMap<ItemId, OrganisationId>>,
}

struct Known {
    own: Option<OrganisationId>,
    directory: Arc<Directory>,
    relevance: Arc<Relevance>,
    identities: Arc<HashMap<ItemId, OrganisationId>>,
}

/// The setting that says whose node it is.
pub(crate) const OWN: &str = "own-organisation";

impl Standing {
    /// Reads it whole.
    pub(crate) fn load(
        reader: &mut dyn Reader,
        generation: u64,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let records = Records {
            organisations: records(reader, RecordKind::Organisation)?,
            assets: records(reader, RecordKind::Asset)?,
            contacts: records(reader, RecordKind::Contact)?,
            accounts: records(reader, RecordKind::Account)?,
        };
        let records = without_strays(records);
        let numbers = reader.numbers()?.into_iter().collect();
        let directory = build(&numbers, records)?;
        let (relevance, refused) = directory.relevance();
        for asset in refused {
            tracing::warn!(?asset, "an asset concerns nothing until it is corrected");
        }
        let identities = Arc::new(identities(&directory));
        let own = own(reader, &directory)?;
        let (directory, relevance) = (Arc::new(directory), Arc::new(relevance));
        Self::over(Known { own, directory, relevance, identities }, reader, generation, now)
    }

    /// Nobody and nothing: what stands while what was written cannot be read back.
    pub(crate) fn nobody(generation: u64, now: Instant) -> Self {
        let directory = Directory::default();
        Self {
            generation,
            compiled: generation,
            own: None,
            network: compile((&directory, BTreeSet::new()), &[], &[], (now, &BTreeSet::new())),
            relevance: Arc::new(directory.relevance().0),
            directory: Arc::new(directory),
            agreements: Vec::new(),
            holds: Vec::new(),
            identities: Arc::default(),
        }
    }

    /// Reads agreements and holds again, over the same directory.
    pub(crate) fn renew(&self, reader: &mut dyn Reader, now: Instant) -> Result<Self, StoreError> {
        let known = Known {
            own: self.own.clone(),
            directory: Arc::clone(&self.directory),
            relevance: Arc::clone(&self.relevance),
            identities: Arc::clone(&self.identities),
        };
        Self::over(known, reader, self.generation + 1, now)
    }

    /// The same records at a later moment.
    pub(crate) fn at(&self, now: Instant) -> Self {
        let who = (&*self.directory, self.network.left().clone());
        Self {
            network: compile(who, &self.agreements, &self.holds, (now, self.network.lapsed())),
            compiled: self.generation + 1,
            ..self.again()
        }
    }

    /// The same, after something was taken back: whoever keeps what was released asks again.
    pub(crate) fn again(&self) -> Self {
        Self {
            generation: self.generation + 1,
            compiled: self.compiled,
            own: self.own.clone(),
            directory: Arc::clone(&self.directory),
            agreements: self.agreements.clone(),
            holds: self.holds.clone(),
            network: Arc::clone(&self.network),
            relevance: Arc::clone(&self.relevance),
            identities: Arc::clone(&self.identities),
        }
    }

    /// Whether an actor's account may still act for its organisation.
    #[must_use]
    pub fn admits(&self, actor: &Actor) -> bool {
        let account = self.directory.account(&actor.account);
        account.is_some_and(|account| {
            account.state == AccountState::Active && account.organisation == actor.organisation
        })
    }

    /// The organisation that an identity is of.
    pub(crate) fn known_by(&self, identity: &ItemId) -> Option<&OrganisationId> {
        self.identities.get(identity)
    }

    /// Whether a hold, past or present, narrows what is handled so.
    pub(crate) fn was_held(&self, handling: &Handling) -> bool {
        self.holds.iter().any(|hold| match &hold.scope {
            HoldScope::Item(_) => false,
            HoldScope::Victim(victim) => handling.victims.contains(victim),
            HoldScope::Producer(producer) => handling.producer == *producer,
        })
    }

    /// The network without some lapses.
    pub(crate) fn lifting(&self, lapses: impl Iterator<Item = Lapse>) -> Lapses {
        let organisations = organisations(&self.directory);
        let (agreements, holds) = (&self.agreements, &[]);
        let roll = Roll { organisations: &organisations, agreements, holds };
        Lapses::of(roll, &self.network, lapses)
    }

    /// The parties to an agreement, all together.
    #[must_use]
    pub fn members(&self, id: &AgreementId) -> Audience {
        let mut members = Audience::nobody();
        for party in self.network.agreement(id).iter().flat_map(|it| &it.parties) {
            members.absorb(&self.network.members(id, &party.name));
        }
        members
    }

    /// The persons that are named, each of its organisation: an account of this node may stand
    /// alone, and one that is unknown is of the producer's.
    #[must_use]
    pub fn persons(&self, named: &BTreeSet<Naming>, producer: &OrganisationId) -> BTreeSet<Person> {
        let person = |it: &Naming| {
            let known = || self.directory.account(&it.account).map(|it| it.organisation.clone());
            let organisation = it.organisation.clone().or_else(known);
            let organisation = organisation.unwrap_or_else(|| producer.clone());
            Person { organisation, account: it.account.clone() }
        };
        named.iter().map(person).collect()
    }

    /// Whose misfortune an item tells. An incident or sighting that does not say tells its
    /// producer's, unless that is a centre, an agency or an association; an identity that is
    /// nobody's here counts as the producer's, so that it is hidden rather than shown.
    pub(crate) fn victims(
        &self,
        claim: &Claim,
        kind: &str,
        producer: &OrganisationId,
    ) -> BTreeSet<OrganisationId> {
        if let Some(victims) = &claim.victims {
            let named = |id| self.identities.get(id).unwrap_or(producer).clone();
            return victims.iter().map(named).collect();
        }
        let tells = claim.category == Category::Incident || kind == "sighting";
        let watches = self.directory.organisation(producer).is_some_and(|it| watches(it.kind));
        if tells && !watches { BTreeSet::from([producer.clone()]) } else { BTreeSet::new() }
    }

    fn over(
        Known { own, directory, relevance, identities }: Known,
        reader: &mut dyn Reader,
        generation: u64,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let agreements = records::<Agreement>(reader, RecordKind::Agreement)?;
        let agreements: Vec<_> = agreements.into_iter().map(Arc::new).collect();
        let holds = records::<Hold>(reader, RecordKind::Hold)?;
        let lapsed = crate::mesh::lapsed(reader)?;
        // Whoever ever was in the directory has a number.
        let left = reader.numbers()?.into_iter().map(|(id, _)| id);
        let left = left.filter(|id| directory.organisation(id).is_none()).collect();
        let network = compile((&*directory, left), &agreements, &holds, (now, &lapsed));
        Ok(Self {
            generation,
            compiled: generation,
            own,
            directory,
            agreements,
            holds,
            network,
            relevance,
            identities,
        })
    }
}

fn compile(
    (directory, left): (&Directory, BTreeSet<OrganisationId>),
    agreements: &[Arc<Agreement>],
    holds: &[Hold],
    (now, lapsed): (Instant, &BTreeSet<AgreementId>),
) -> Arc<Network> {
    let organisations = organisations(directory);
    let roll = Roll { organisations: &organisations, agreements, holds };
    Arc::new(Network::compile(roll, now).with_lapsed(lapsed.clone()).with_left(left))
}

fn organisations(directory: &Directory) -> Vec<(OrganisationNumber, Arc<Organisation>)> {
    let members = directory.members().iter();
    members.map(|member| (member.number, Arc::clone(&member.organisation))).collect()
}

/// The identities of all organisations, by which items name victims.
fn identities(directory: &Directory) -> HashMap<ItemId, OrganisationId> {
    let members = directory.members().iter();
    members.map(|it| (it.organisation.id.identity(), it.organisation.id.clone())).collect()
}

/// The records without those of organisations that are gone, so that one stray does not keep the
/// node from starting.
fn without_strays(mut records: Records) -> Records {
    let known: HashSet<_> = records.organisations.iter().map(|it| it.id.clone()).collect();
    fn keep<T: Owned>(rows: &mut Vec<T>, known: &HashSet<OrganisationId>) {
        rows.retain(|row| {
            let (id, organisation) = (row.id(), row.organisation());
            let kept = known.contains(organisation);
            if !kept {
                tracing::error!(%id, %organisation, "left out: its organisation is gone; remove it");
            }
            kept
        });
    }
    keep(&mut records.assets, &known);
    keep(&mut records.contacts, &known);
    keep(&mut records.accounts, &known);
    records
}

/// Whose node it is: as set; before that the only national centre, or the only organisation.
fn own(
    reader: &mut dyn Reader,
    directory: &Directory,
) -> Result<Option<OrganisationId>, StoreError> {
    if let Some(record) = reader.record(RecordKind::Setting, OWN)? {
        let own = serde_json::from_slice(&record.body);
        return own.map(Some).map_err(|error| damaged(OWN, &error.to_string()));
    }
    let only = |centres: &[&OrganisationId]| match centres {
        [own] => Some(OrganisationId::clone(own)),
        _ => None,
    };
    let members = directory.members().iter().map(|member| &member.organisation);
    let centres = members.clone().filter(|it| it.kind == OrganisationKind::NationalCentre);
    let centres: Vec<_> = centres.map(|it| &it.id).collect();
    Ok(only(&centres).or_else(|| only(&members.map(|it| &it.id).collect::<Vec<_>>())))
}

fn build(
    numbers: &HashMap<OrganisationId, OrganisationNumber>,
    records: Records,
) -> Result<Directory, StoreError> {
    let unnumbered = records.organisations.iter().find(|it| !numbers.contains_key(&it.id));
    if let Some(organisation) = unnumbered {
        return Err(damaged(&format!("organisation {}", organisation.id), "it has no number"));
    }
    // Every one has a number: just checked.
    let number = |id: &OrganisationId| numbers.get(id).copied().unwrap_or(OrganisationNumber(0));
    Directory::build(records, number).map_err(|error| damaged("directory", &error.to_string()))
}

/// All records of a kind, read as what they are.
pub(crate) fn records<T: DeserializeOwned>(
    reader: &mut dyn Reader,
    kind: RecordKind,
) -> Result<Vec<T>, StoreError> {
    let read = |record: Record| {
        serde_json::from_slice(&record.body)
            .map_err(|error| damaged(&format!("record {}", record.id), &error.to_string()))
    };
    reader.records(kind)?.into_iter().map(read).collect()
}

/// Whether organisations of a kind report what happened to others.
fn watches(kind: OrganisationKind) -> bool {
    use OrganisationKind::{Agency, Association, NationalCentre, Partner, RegionalCentre, Section};
    matches!(kind, NationalCentre | RegionalCentre | Section | Agency | Association | Partner)
}

fn damaged(what: &str, reason: &str) -> StoreError {
    StoreError::Damaged { place: "ledger".into(), what: what.into(), reason: reason.into() }
}
