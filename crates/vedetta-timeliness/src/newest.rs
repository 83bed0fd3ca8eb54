//! The newest deliveries and acknowledgements, so many of them, and what they were of.

use std::collections::{HashMap, VecDeque};

use vedetta_flow::corridor::derived_from;
use vedetta_model::{Instant, ItemId, OrganisationNumber, Places};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryBatch, ItemQuery, Reader, Sequence, StoreError,
    StoredItem, VersionFilter,
};

/// What was looked up of releases.
#[derive(Default)]
pub(crate) struct Releases {
    looked_up: Places,
    released: HashMap<u64, Released>,
}

/// When a release was made, and how it was cleared.
pub(crate) struct Released {
    pub(crate) at: Instant,
    pub(crate) id: ItemId,
    pub(crate) version: Instant,
    pub(crate) producer: OrganisationNumber,
    pub(crate) clearance: ClearanceId,
    /// The item of which it is the form without the victim.
    pub(crate) derived_from: Option<ItemId>,
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

impl Released {
    fn of(item: StoredItem) -> Self {
        let StoredItem { stamp, id, version, producer, clearance, facts, .. } = item;
        Self { at: stamp.at, derived_from: derived_from(&facts), id, version, producer, clearance }
    }
}

impl Releases {
    /// Learns of releases when they were made and how they were cleared.
    pub(crate) fn look_up(
        &mut self,
        reader: &mut dyn Reader,
        wanted: &Places,
    ) -> Result<(), StoreError> {
        let unknown = wanted.difference(&self.looked_up);
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
                        self.released.insert(seq, Released::of(item));
                    }
                }
                next = page.next;
            }
        }
        self.looked_up.absorb(&unknown);
        Ok(())
    }

    pub(crate) fn get(&self, place: u64) -> Option<&Released> {
        self.released.get(&place)
    }
}

/// The newest acknowledgements recorded after a place.
pub(crate) fn newest_acknowledgements(
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
pub(crate) fn walk_newest(
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
        without: &[],
        limit: ROWS,
        clearances: None,
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    }
}
