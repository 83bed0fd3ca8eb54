//! By how many organisations something was seen, without showing by whom to those not entitled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use vedetta_flow::{FlowError, House, Sequence, VersionFilter};
use vedetta_model::{Actor, Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::Form;
use vedetta_store::{ClearanceId, ItemQuery, StoredItem};

use crate::Outposts;
use crate::alerts::Recent;

/// Who has seen something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenBy {
    /// How many organisations.
    pub organisations: usize,
    /// In how many regions; organisations of none are not counted.
    pub regions: usize,
    /// How often, together.
    pub count: u64,
    /// When first.
    pub since: Instant,
    /// When last.
    pub last: Instant,
    /// Whether one's own organisation is among them.
    pub own: bool,
    /// Those whose names one is entitled to.
    pub named: Vec<OrganisationId>,
}

/// Every sighting of the ledger, by what was sighted.
#[derive(Default)]
pub(crate) struct Sightings {
    place: Sequence,
    /// What was withdrawn up to here is forgotten.
    forgotten: Sequence,
    /// What was served when it was last looked for what gave way.
    generation: u64,
    /// By item and clearance: a sighting is told in many versions, and may be in two forms.
    of: HashMap<ItemId, HashMap<(ItemId, ClearanceId), Sighting>>,
    pub(crate) whole: Wholes,
    pub(crate) recent: Recent,
}

/// Of an item, that from which it was derived, or itself.
#[derive(Default)]
pub(crate) struct Wholes(HashMap<ItemId, ItemId>);

/// The newest release of a sighting in one form.
struct Sighting {
    version: Instant,
    /// Where that version came.
    origin: Sequence,
    producer: OrganisationNumber,
    clearance: ClearanceId,
    count: u64,
    first: Instant,
    last: Instant,
    /// When that was released.
    told: Instant,
}

/// When something was last seen, and when that was told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LastSeen {
    /// When it was seen, as far as that is past.
    pub seen: Instant,
    /// When it was told.
    pub told: Instant,
}

/// When what an actor reads was last seen, as far as the sightings go that it may read.
pub struct Lately {
    outposts: Arc<Outposts>,
    readable: Arc<Vec<ClearanceId>>,
    now: Instant,
}

/// What is read of a sighting.
#[derive(Deserialize)]
struct Written {
    sighting_of_ref: ItemId,
    first_seen: Option<Instant>,
    last_seen: Option<Instant>,
    created: Instant,
    count: Option<u64>,
    #[serde(default)]
    revoked: bool,
}

/// Where what came lately came: each producer's versions by themselves.
type Came = BTreeMap<(ItemId, OrganisationNumber, Instant), Sequence>;

/// The type of sightings.
const KIND: &str = "sighting";
/// Sightings read at once.
const PAGE: usize = 1_000;

impl Outposts {
    /// By whom an item was seen, as far as the sightings go that the actor may read in any form.
    ///
    /// # Errors
    /// Unknown: the item is not known to the actor, and no sighting of it is.
    pub fn seen_by(&self, by: &Actor, item: &ItemId) -> Result<Option<SeenBy>, FlowError> {
        let readable = self.house.entitled(by)?;
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        sightings.catch_up(&self.house)?;
        let visible = sightings.visible(&self.house, &readable, item)?;
        if visible.is_empty() {
            // Unknown and not cleared are the same answer.
            return self.house.item(by, item).map(|_| None);
        }
        Ok(Some(self.sum(by, &visible)))
    }

    /// As [`Self::seen_by`], of many: of those of which the actor may know a sighting.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn seen_by_each(
        &self,
        by: &Actor,
        items: &BTreeSet<ItemId>,
    ) -> Result<HashMap<ItemId, SeenBy>, FlowError> {
        let readable = self.house.entitled(by)?;
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        sightings.catch_up(&self.house)?;
        let mut seen = HashMap::new();
        for item in items {
            let visible = sightings.visible(&self.house, &readable, item)?;
            if !visible.is_empty() {
                seen.insert(item.clone(), self.sum(by, &visible));
            }
        }
        Ok(seen)
    }

    /// When what an actor reads was last seen, now.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn lately(self: &Arc<Self>, by: &Actor) -> Result<Lately, FlowError> {
        let readable = self.house.entitled(by)?;
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        sightings.catch_up(&self.house)?;
        Ok(Lately { outposts: Arc::clone(self), readable, now: self.house.now() })
    }

    fn sum(&self, by: &Actor, visible: &[&Sighting]) -> SeenBy {
        let standing = self.house.standing();
        let (mut who, mut regions) = (BTreeSet::new(), BTreeSet::new());
        let mut named = BTreeSet::new();
        // In whatever forms one reads it, it counts once.
        let mut counts: HashMap<(OrganisationNumber, Instant), u64> = HashMap::new();
        let (mut since, mut last) = (Instant::FAR, Instant::default());
        for sighting in visible {
            who.insert(sighting.producer);
            since = since.min(sighting.first);
            last = last.max(sighting.last);
            let count = counts.entry((sighting.producer, sighting.first)).or_default();
            *count = (*count).max(sighting.count);
            let Some(organisation) = standing.directory.numbered(sighting.producer) else {
                continue;
            };
            regions.extend(organisation.region.as_deref());
            let full = self.house.form_of(sighting.clearance) == Some(Form::Full);
            if full || organisation.id == by.organisation {
                named.insert(organisation.id.clone());
            }
        }
        SeenBy {
            organisations: who.len(),
            regions: regions.len(),
            count: counts.values().sum(),
            since,
            last,
            own: named.contains(&by.organisation),
            named: named.into_iter().collect(),
        }
    }
}

impl Lately {
    /// Of an item in the form in which it is read. That something was looked for and not seen is no
    /// sighting.
    #[must_use]
    pub fn of(&self, item: &ItemId, form: Form) -> Option<LastSeen> {
        let mut sightings = self.outposts.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = match form {
            Form::Full => None,
            Form::Redacted => Some(sightings.whole.of(&self.outposts.house, item).ok()?),
        };
        let known = sightings.of.get(whole.as_ref().unwrap_or(item))?.values();
        let known =
            known.filter(|it| it.count > 0 && self.readable.binary_search(&it.clearance).is_ok());
        known.map(|it| LastSeen { seen: it.last.min(self.now), told: it.told }).max()
    }
}

impl Sightings {
    /// The sightings of an item that may be read in any form.
    fn visible(
        &mut self,
        house: &House,
        readable: &[ClearanceId],
        item: &ItemId,
    ) -> Result<Vec<&Sighting>, FlowError> {
        let whole = self.whole.of(house, item)?;
        let all = self.of.get(&whole).into_iter().flat_map(HashMap::values);
        let may = |it: &&Sighting| readable.binary_search(&it.clearance).is_ok();
        Ok(all.filter(may).collect())
    }

    /// Reads the sightings that came since, and forgets those that were taken back.
    pub(crate) fn catch_up(&mut self, house: &House) -> Result<(), FlowError> {
        let kinds = [KIND.to_owned()];
        // Before the end: what is set aside while this is read is looked for again.
        let generation = house.standing().generation;
        let (end, mut came) = (house.bell().last(), BTreeMap::new());
        let first = self.place == Sequence::START;
        if first {
            self.forgotten = end;
        }
        while self.place < end {
            let after = self.place;
            let page = house.read(|reader| {
                reader.items(&ItemQuery {
                    after,
                    until: Some(end),
                    as_of: None,
                    without: &[],
                    limit: PAGE,
                    clearances: None,
                    producer: None,
                    ids: &[],
                    kinds: &kinds,
                    versions: VersionFilter::All,
                })
            })?;
            page.items.iter().try_for_each(|item| self.note(house, item))?;
            let brought = page.items.iter().filter(|it| !first && it.origin == it.stamp.seq);
            came.extend(brought.map(|it| ((it.id.clone(), it.producer, it.version), it.origin)));
            self.place = page.next.unwrap_or(end);
        }
        if house.standing().generation != self.generation {
            self.count_again(house, &came)?;
        }
        self.generation = generation;
        let (withdrawn, upto) = house.withdrawn_after(self.forgotten)?;
        let withdrawn = withdrawn.into_iter().filter(|it| it.kind() == KIND);
        self.renew(house, &withdrawn.collect())?;
        self.forgotten = upto;
        Ok(())
    }

    /// Counts the sightings anew of which a version gave way to what another node brought: of one
    /// producer's version only one is served.
    fn count_again(&mut self, house: &House, came: &Came) -> Result<(), FlowError> {
        let all = self.of.values().flatten();
        let gave_way = all.filter(|((id, _), old)| {
            let this = (id.clone(), old.producer, old.version);
            came.get(&this).is_some_and(|origin| old.origin != *origin)
        });
        let gave_way = gave_way.map(|((id, _), _)| id.clone()).collect();
        self.renew(house, &gave_way)
    }

    /// Forgets sightings, and reads again what is served under their identifiers.
    fn renew(&mut self, house: &House, ids: &BTreeSet<ItemId>) -> Result<(), FlowError> {
        self.forget(ids);
        for id in ids {
            let mut after = Some(Sequence::START);
            while let Some(place) = after {
                let page = house.read(|reader| reader.items(&ItemQuery::of(id, place, PAGE)))?;
                page.items.iter().try_for_each(|item| self.note(house, item))?;
                after = page.next;
            }
        }
        Ok(())
    }

    fn forget(&mut self, withdrawn: &BTreeSet<ItemId>) {
        if withdrawn.is_empty() {
            return;
        }
        for known in self.of.values_mut() {
            known.retain(|(id, _), _| !withdrawn.contains(id));
        }
        self.recent.forget(withdrawn);
    }

    fn note(&mut self, house: &House, item: &StoredItem) -> Result<(), FlowError> {
        self.recent.note(item);
        let Ok(written) = serde_json::from_slice::<Written>(&item.body) else { return Ok(()) };
        let Written { sighting_of_ref, first_seen, last_seen, created, count, revoked } = written;
        let whole = self.whole.of(house, &sighting_of_ref)?;
        let known = self.of.entry(whole).or_default();
        if revoked {
            known.retain(|(id, _), it| *id != item.id || it.producer != item.producer);
            return Ok(());
        }
        let sighting = Sighting {
            version: item.version,
            origin: item.origin,
            producer: item.producer,
            clearance: item.clearance,
            count: count.unwrap_or(1),
            first: first_seen.unwrap_or(created),
            last: last_seen.or(first_seen).unwrap_or(created),
            told: item.stamp.at,
        };
        let newest = known.get(&(item.id.clone(), item.clearance));
        if newest.is_none_or(|newest| newest.version <= sighting.version) {
            known.insert((item.id.clone(), item.clearance), sighting);
        }
        Ok(())
    }
}

impl Wholes {
    /// The item that others know under another identifier, without its victim: what is seen of either
    /// is seen of both.
    pub(crate) fn of(&mut self, house: &House, item: &ItemId) -> Result<ItemId, FlowError> {
        #[derive(Deserialize)]
        struct Facts {
            derived_from: ItemId,
        }
        if let Some(whole) = self.0.get(item) {
            return Ok(whole.clone());
        }
        let releases = house.read(|reader| reader.releases(item))?;
        let Some(first) = releases.first() else { return Ok(item.clone()) };
        let facts = serde_json::from_str::<Facts>(&first.facts);
        let whole = facts.map_or_else(|_| item.clone(), |facts| facts.derived_from);
        self.0.insert(item.clone(), whole.clone());
        Ok(whole)
    }
}
