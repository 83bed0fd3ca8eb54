//! What reached whom, when, by which door, who acknowledged it, and how fast both were.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;
use vedetta_model::agreement::Stage;
pub use vedetta_model::quantiles::{Quantiles, quantiles};
use vedetta_model::{
    AccountId, Actor, AgreementId, Audience, Instant, ItemId, OrganisationId, OrganisationNumber,
    Places,
};
use vedetta_policy::Clearance;
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryBatch, DeliveryRow, Door, ItemQuery, Reader, Sequence,
    StoreError, StoredItem, VersionFilter,
};

use crate::authority::{MEASURERS, ROOM_AND_AUDITORS};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;
use crate::steps::tell_lapses::firsts;
use crate::views::duties::Kept;
use crate::views::read_items::derived_from;
use crate::views::withdrawals::tell_late;

/// That an item reached an organisation, or that it was acknowledged for one: which may be written
/// before the delivery is, and without a delivery by any door of the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Delivery {
    /// Who had it.
    pub organisation: OrganisationId,
    /// By which door first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// When first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// That it was acknowledged.
    #[serde(flatten)]
    pub acknowledged: Option<Acknowledged>,
}

/// When an organisation first acknowledged an item, and by whom: for itself, the operations room and
/// the producer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Acknowledged {
    /// When.
    #[serde(rename = "acknowledged")]
    pub at: Instant,
    /// By which account, or which node told of it.
    pub by: AccountId,
    /// Whose account that is among the organisation's contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Answering>,
}

/// A contact, in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answering {
    /// What it is called for.
    pub role: String,
    /// Name of the person or of the desk.
    pub name: String,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.contact {
            Some(Answering { role, name }) => write!(f, "{name} ({role})"),
            None => self.by.fmt(f),
        }
    }
}

/// How fast one agreement works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pace {
    /// The agreement.
    pub agreement: AgreementId,
    /// From accepted to received.
    pub share: Quantiles,
    /// From received to acknowledged.
    pub acknowledge: Quantiles,
    /// How its duty to acknowledge is kept, if it has one and is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duty: Option<Kept>,
}

impl House {
    /// Who had the newest version of an item, when and by which door, and who acknowledged it. The
    /// operations room and the producer see everyone, others their own organisation.
    ///
    /// # Errors
    /// Unknown to the actor.
    pub fn deliveries(&self, by: &Actor, item: &ItemId) -> Result<Vec<Delivery>, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let read = self.item(by, item)?;
        let own = self.number_of(&by.organisation)?;
        let producer = own == read.producer;
        let standing = self.standing();
        let mut had: BTreeMap<_, (First, Option<Acknowledgement>)> = BTreeMap::new();
        self.read(|reader| {
            had.clear();
            // Whom later agreements brought in had it by another release.
            let releases = reader.releases(&read.id)?;
            for release in releases.iter().filter(|it| it.version == read.version) {
                for DeliveryRow { batch, .. } in reader.deliveries(release.stamp.seq)? {
                    let this = (batch.at, batch.door);
                    for number in batch.audience.iter() {
                        let first = &mut had.entry(number).or_default().0;
                        *first = Some(first.map_or(this, |first| first.min(this)));
                    }
                }
                for it in reader.acknowledgements(release.stamp.seq)? {
                    keep_first(&mut had.entry(it.organisation).or_default().1, it);
                }
            }
            Ok(())
        })?;
        let visible = had.into_iter().filter(|(number, _)| room || producer || *number == own);
        let deliveries = visible.filter_map(|(number, (first, acknowledged))| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            let acknowledged =
                acknowledged.map(|it| Acknowledged::of(it, &organisation, &standing));
            let (at, door) = first.unzip();
            Some(Delivery { organisation, door, at, acknowledged })
        });
        Ok(deliveries.collect())
    }

    /// Records what the doors out confirmed; answers how many deliveries the ledger refused for
    /// good, as of releases that it does not have.
    ///
    /// # Errors
    /// What the ledger said; then the same batches are to be recorded again.
    pub fn record_deliveries(&self, batches: Vec<DeliveryBatch>) -> Result<u64, FlowError> {
        self.record_read(batches, Sequence(u64::MAX))
    }

    /// The same of what was read since a place ([`House::reading_since`]): who reads so slowly that much
    /// is withdrawn meanwhile is told of it too.
    ///
    /// # Errors
    /// The same.
    pub fn record_read(
        &self,
        batches: Vec<DeliveryBatch>,
        since: Sequence,
    ) -> Result<u64, FlowError> {
        if batches.is_empty() {
            return Ok(0);
        }
        let (shared, withdrawn) = (Arc::clone(&self.shared), self.lately_withdrawn(since)?);
        let firsts = firsts(&batches);
        let recorded = self.write(move |unit| {
            tell_late(unit, (&shared, &withdrawn), &batches)?;
            let reason = match unit.deliver(&batches) {
                Err(StoreError::Refused(reason)) => reason,
                told => return told.map(|_| 0),
            };
            tracing::error!(reason, "deliveries are refused: those that are not are recorded");
            let mut refused = 0;
            for batch in &batches {
                match unit.deliver(std::slice::from_ref(batch)) {
                    Err(StoreError::Refused(_)) => refused += batch.count(),
                    told => drop(told?),
                }
            }
            Ok(refused)
        })?;
        self.had_late(firsts);
        Ok(recorded)
    }

    /// How fast each agreement works: from accepted to received, and from received to acknowledged,
    /// over what was recorded after a place: of more than 200,000 deliveries the newest.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn pace(&self, by: &Actor, after: Sequence) -> Result<Vec<Pace>, FlowError> {
        self.require_room(by, MEASURERS, "see how fast the agreements work")?;
        let (mut measured, mut kept) =
            self.read(|reader| Ok((self.measure(reader, after)?, self.kept(reader, after)?)))?;
        for agreement in kept.keys() {
            measured.entry(agreement.clone()).or_default();
        }
        let paces = measured.into_iter().map(|(agreement, (mut share, mut acknowledge))| Pace {
            share: quantiles(&mut share),
            acknowledge: quantiles(&mut acknowledge),
            duty: kept.remove(&agreement),
            agreement,
        });
        Ok(paces.collect())
    }

    fn measure(&self, reader: &mut dyn Reader, after: Sequence) -> Result<Measured, StoreError> {
        let (mut measured, mut releases) = (Measured::new(), Releases::default());
        let parties = Parties::of_standing(self.standing());
        let acknowledgements = newest_acknowledgements(reader, after)?;
        // Of each release that was acknowledged: by whom, and when each first had it.
        let mut received: BTreeMap<_, HashMap<_, Option<Instant>>> = BTreeMap::new();
        for it in &acknowledgements {
            received.entry(it.release.0).or_default().insert(it.organisation, None);
        }
        walk_newest(reader, after, |reader, DeliveryBatch { releases: had, at, audience, .. }| {
            self.look_up(reader, had, &mut releases)?;
            for (first, last) in had.runs() {
                for (_, by) in received.range_mut(first..=last) {
                    for (_, had) in by.iter_mut().filter(|(number, _)| audience.contains(**number))
                    {
                        *had = Some(had.map_or(*at, |had| had.min(*at)));
                    }
                }
            }
            let mut counts = HashMap::new();
            for place in had.iter() {
                let Some(release) = releases.get(place) else { continue };
                let began = parties.began(release.at);
                let reached = counts
                    .entry((release.clearance, began))
                    .or_insert_with(|| self.reached(&parties, release, audience));
                for (agreement, count) in reached.iter() {
                    let pace = measured.entry(agreement.clone()).or_default();
                    pace.0.push((millis(release.at, *at), *count));
                }
            }
            Ok(())
        })?;
        for it in &acknowledgements {
            let place = it.release.0;
            let had = received.get(&place).and_then(|by| *by.get(&it.organisation)?);
            self.look_up(reader, &Places::between(place, place), &mut releases)?;
            let (Some(had), Some(release)) = (had, releases.get(place)) else { continue };
            let one = Audience::from_iter([it.organisation]);
            for (agreement, _) in self.reached(&parties, release, &one) {
                let pace = measured.entry(agreement).or_default();
                pace.1.push((millis(had, it.at), 1));
            }
        }
        Ok(measured)
    }

    /// How many of an audience each agreement brought a release to: the last of each one's chain
    /// as things stand, or all that it was released under where none stands any more, or none did yet.
    fn reached(
        &self,
        parties: &Parties,
        release: &Released,
        audience: &Audience,
    ) -> Vec<(AgreementId, u64)> {
        let clearance = release.clearance;
        let Some(cleared) = self.shared.book.get(clearance) else { return Vec::new() };
        let brought = parties.brought(clearance, &cleared);
        let producer = parties.standing.directory.number(&cleared.handling.producer);
        let mut rest = audience.difference(&producer.into_iter().collect());
        let under = self.shared.book.under(clearance);
        let rested = |agreement| under.as_ref().is_some_and(|under| under.contains(agreement));
        let mut reached = BTreeMap::new();
        for (agreement, to) in brought.iter() {
            // It began since: by another the release was made.
            if !rested(agreement) && !parties.bound(agreement, release.at) {
                continue;
            }
            let had = rest.intersection(to);
            rest = rest.difference(&had);
            *reached.entry(agreement.clone()).or_default() += had.len() as u64;
        }
        let under = under.filter(|_| !rest.is_empty());
        for agreement in under.iter().flat_map(|under| under.iter()) {
            let had = parties.of(agreement).common(&rest).count() as u64;
            *reached.entry(agreement.clone()).or_default() += had;
        }
        reached.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Learns of releases when they were made and how they were cleared.
    pub(super) fn look_up(
        &self,
        reader: &mut dyn Reader,
        wanted: &Places,
        known: &mut Releases,
    ) -> Result<(), StoreError> {
        let unknown = wanted.difference(&known.looked_up);
        let near = |a: &(u64, u64), b: &(u64, u64)| b.0 - a.1 < NEAR;
        for together in unknown.runs().chunk_by(near) {
            let (Some((first, _)), Some((_, last))) = (together.first(), together.last()) else {
                break;
            };
            let mut next = Some(Sequence(first.saturating_sub(1)));
            while let Some(after) = next {
                let page = reader.items(&released(after, Sequence(*last)))?;
                for item in page.items {
                    let seq = item.stamp.seq.0;
                    if wanted.contains(seq) {
                        known.released.insert(seq, Released::of(item));
                    }
                }
                next = page.next;
            }
        }
        known.looked_up.absorb(&unknown);
        Ok(())
    }
}

impl Acknowledged {
    pub(super) fn of(it: Acknowledgement, whose: &OrganisationId, standing: &Standing) -> Self {
        let mut contacts = standing.directory.contacts_of(whose).iter();
        let contact = contacts.find(|contact| contact.account.as_ref() == Some(&it.by));
        let contact = contact.map(|it| Answering { role: it.role.clone(), name: it.name.clone() });
        Self { at: it.at, by: it.by, contact }
    }
}

/// Keeps an acknowledgement if there is none before it.
pub(super) fn keep_first(first: &mut Option<Acknowledgement>, it: Acknowledgement) {
    if first.as_ref().is_none_or(|first| it.at < first.at) {
        *first = Some(it);
    }
}

/// What was looked up of releases.
#[derive(Default)]
pub(super) struct Releases {
    looked_up: Places,
    released: HashMap<u64, Released>,
}

/// When a release was made, and how it was cleared.
pub(super) struct Released {
    at: Instant,
    pub(super) id: ItemId,
    pub(super) version: Instant,
    pub(super) producer: OrganisationNumber,
    pub(super) clearance: ClearanceId,
    /// The item of which it is the form without the victim.
    pub(super) derived_from: Option<ItemId>,
}

/// The parties to agreements, and whom each brings what is cleared alike, gathered once.
struct Parties {
    standing: Arc<Standing>,
    /// Since when each is in force without a break.
    since: BTreeMap<AgreementId, Instant>,
    /// The same moments, in order.
    begins: Vec<Instant>,
    known: RefCell<HashMap<AgreementId, Rc<Audience>>>,
    brought: RefCell<HashMap<ClearanceId, Rc<Brought>>>,
}

impl Released {
    fn of(item: StoredItem) -> Self {
        let StoredItem { stamp, id, version, producer, clearance, facts, .. } = item;
        Self { at: stamp.at, derived_from: derived_from(&facts), id, version, producer, clearance }
    }
}

type Brought = Vec<(AgreementId, Audience)>;

impl Parties {
    fn of_standing(standing: Arc<Standing>) -> Self {
        let since = standing.agreements.iter().filter_map(|it| match it.stage {
            Stage::InForce { since, .. } => Some((it.id.clone(), since)),
            _ => None,
        });
        let since: BTreeMap<_, _> = since.collect();
        let mut begins: Vec<_> = since.values().copied().collect();
        begins.sort_unstable();
        let (known, brought) = (RefCell::default(), RefCell::default());
        Self { standing, since, begins, known, brought }
    }

    /// How many of those in force were so at a moment: between two beginnings all stays alike.
    fn began(&self, at: Instant) -> usize {
        self.begins.partition_point(|since| *since <= at)
    }

    /// Whether an agreement was in force at a moment, without a break since.
    fn bound(&self, agreement: &AgreementId, at: Instant) -> bool {
        self.since.get(agreement).is_some_and(|since| *since <= at)
    }

    fn of(&self, agreement: &AgreementId) -> Rc<Audience> {
        let mut known = self.known.borrow_mut();
        let gather = || Rc::new(self.standing.members(agreement));
        Rc::clone(known.entry(agreement.clone()).or_insert_with(gather))
    }

    fn brought(&self, id: ClearanceId, clearance: &Clearance) -> Rc<Brought> {
        let mut brought = self.brought.borrow_mut();
        let gather = || Rc::new(self.standing.network.bringing(&clearance.handling));
        Rc::clone(brought.entry(id).or_insert_with(gather))
    }
}

impl Releases {
    pub(super) fn get(&self, place: u64) -> Option<&Released> {
        self.released.get(&place)
    }
}

/// Releases this near one another are looked up together.
const NEAR: u64 = 32;
/// Acknowledgements measured at most.
const ACKNOWLEDGEMENTS: usize = 100_000;
/// Deliveries of releases measured, after which no older batch is.
const DELIVERIES: u64 = 200_000;
/// Entries of the ledger in one stretch.
const STRETCH: u64 = 5_000;
/// Rows read at once.
const ROWS: usize = 1_000;

/// When first, and by which door.
type First = Option<(Instant, Door)>;

/// Milliseconds and how many took them: of sharing, and of acknowledging.
type Measured = BTreeMap<AgreementId, (Vec<(u64, u64)>, Vec<(u64, u64)>)>;

/// The newest acknowledgements recorded after a place.
pub(super) fn newest_acknowledgements(
    reader: &mut dyn Reader,
    mut after: Sequence,
) -> Result<VecDeque<Acknowledgement>, StoreError> {
    let mut newest = VecDeque::new();
    loop {
        let rows = reader.acknowledgements_after(after, ROWS)?;
        let Some((last, _)) = rows.last() else { return Ok(newest) };
        after = last.seq;
        newest.extend(rows.into_iter().map(|(_, it)| it));
        newest.drain(..newest.len().saturating_sub(ACKNOWLEDGEMENTS));
    }
}

/// Walks the batches of deliveries recorded after a place, the newest first, until there are enough.
pub(super) fn walk_newest(
    reader: &mut dyn Reader,
    after: Sequence,
    mut each: impl FnMut(&mut dyn Reader, &DeliveryBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut end = reader.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
    let mut walked = 0;
    while end > after {
        let start = Sequence(end.0.saturating_sub(STRETCH)).max(after);
        for batch in newest_deliveries(reader, start, end)?.into_iter().rev() {
            if walked >= DELIVERIES {
                return Ok(());
            }
            walked += batch.releases.len();
            each(reader, &batch)?;
        }
        end = start;
    }
    Ok(())
}

/// The batches recorded after a place, up to another; of more than enough the newest.
fn newest_deliveries(
    reader: &mut dyn Reader,
    mut place: Sequence,
    end: Sequence,
) -> Result<VecDeque<DeliveryBatch>, StoreError> {
    let (mut newest, mut held) = (VecDeque::<DeliveryBatch>::new(), 0);
    while place < end {
        let rows = reader.deliveries_after(place, ROWS)?;
        let Some(last) = rows.last() else { break };
        place = last.recorded.seq;
        for row in rows.into_iter().take_while(|row| row.recorded.seq <= end) {
            held += row.batch.releases.len();
            newest.push_back(row.batch);
            while let Some(oldest) = newest.front().map(|batch| batch.releases.len()) {
                if held - oldest < DELIVERIES {
                    break;
                }
                held -= oldest;
                newest.pop_front();
            }
        }
    }
    Ok(newest)
}

/// The releases after a place, up to another.
fn released(after: Sequence, until: Sequence) -> ItemQuery<'static> {
    ItemQuery {
        after,
        until: Some(until),
        as_of: None,
        limit: ROWS,
        clearances: None,
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}
