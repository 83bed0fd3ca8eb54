//! What reached whom, when, by which door, who acknowledged it, and how fast both were.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;
use vedetta_model::{Actor, AgreementId, Instant, ItemId, OrganisationId};
use vedetta_store::{
    Acknowledgement, DeliveryBatch, Door, ItemQuery, Reader, Sequence, StoreError, VersionFilter,
};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;

/// That an item reached an organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Delivery {
    /// Who had it.
    pub organisation: OrganisationId,
    /// By which door first.
    pub door: Door,
    /// When first.
    pub at: Instant,
    /// When it was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Instant>,
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
}

/// Quantiles in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Half were at most this.
    pub p50_ms: u64,
    /// 95 of 100.
    pub p95_ms: u64,
    /// 99 of 100.
    pub p99_ms: u64,
}

impl House {
    /// Who had an item, when and by which door. The operations room sees everyone, others their
    /// own organisation.
    ///
    /// # Errors
    /// Unknown to the actor.
    pub fn deliveries(&self, by: &Actor, item: &ItemId) -> Result<Vec<Delivery>, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let read = self.item(by, item)?;
        let own = self.number_of(&by.organisation)?;
        let producer = own == read.producer;
        let standing = self.standing();
        let (rows, acknowledgements) = self.read(|reader| {
            let release = read.stamp.seq;
            Ok((reader.deliveries(release)?, reader.acknowledgements(release)?))
        })?;
        let mut first: BTreeMap<_, (Instant, Door)> = BTreeMap::new();
        for row in rows {
            for number in row.batch.audience.iter() {
                let had = (row.batch.at, row.batch.door);
                first.entry(number).and_modify(|it| *it = had.min(*it)).or_insert(had);
            }
        }
        let acknowledged: HashMap<_, _> =
            acknowledgements.iter().map(|it| (it.organisation, it.at)).collect();
        let visible = first.into_iter().filter(|(number, _)| room || producer || *number == own);
        let deliveries = visible.filter_map(|(number, (at, door))| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            Some(Delivery {
                organisation,
                door,
                at,
                acknowledged: acknowledged.get(&number).copied(),
            })
        });
        Ok(deliveries.collect())
    }

    /// Records what the doors out confirmed.
    ///
    /// # Errors
    /// What the ledger said; then the same batches may be recorded again.
    pub fn record_deliveries(&self, batches: Vec<DeliveryBatch>) -> Result<(), FlowError> {
        if batches.is_empty() {
            return Ok(());
        }
        self.write(move |unit| unit.deliver(&batches))?;
        Ok(())
    }

    /// How fast each agreement works: from accepted to received, and from received to acknowledged,
    /// over what was recorded after a place: of more than 200,000 deliveries the newest.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn pace(&self, by: &Actor, after: Sequence) -> Result<Vec<Pace>, FlowError> {
        self.require_room(by, ROOM_AND_AUDITORS, "see how fast the agreements work")?;
        let measured = self.read(|reader| self.measure(reader, after))?;
        Ok(measured
            .into_iter()
            .map(|(agreement, (mut share, mut acknowledge))| Pace {
                agreement,
                share: quantiles(&mut share),
                acknowledge: quantiles(&mut acknowledge),
            })
            .collect())
    }

    fn measure(&self, reader: &mut dyn Reader, after: Sequence) -> Result<Measured, StoreError> {
        let standing = self.standing();
        let (mut measured, mut releases) = (Measured::new(), HashMap::new());
        let acknowledgements = newest_acknowledgements(reader, after)?;
        // Of each release that was acknowledged: by whom, and when each first had it.
        let mut received: HashMap<_, HashMap<_, Option<Instant>>> = HashMap::new();
        for it in &acknowledgements {
            received.entry(it.release).or_default().insert(it.organisation, None);
        }
        walk_newest(reader, after, |reader, DeliveryBatch { release, at, audience, .. }| {
            let known = self.released(reader, *release, &mut releases)?;
            let Some(Released { at: released, under }) = known else { return Ok(()) };
            for (number, had) in received.get_mut(release).into_iter().flatten() {
                if audience.contains(*number) {
                    *had = Some(had.map_or(*at, |had| had.min(*at)));
                }
            }
            for agreement in under.iter() {
                let count = standing.recipients(agreement, audience) as u64;
                if count > 0 {
                    let pace = measured.entry(agreement.clone()).or_default();
                    pace.0.push((millis(*released, *at), count));
                }
            }
            Ok(())
        })?;
        for it in &acknowledgements {
            let had = received.get(&it.release).and_then(|by| *by.get(&it.organisation)?);
            let known = self.released(reader, it.release, &mut releases)?;
            let (Some(had), Some(Released { under, .. })) = (had, known) else { continue };
            for agreement in under.iter() {
                let pace = measured.entry(agreement.clone()).or_default();
                pace.1.push((millis(had, it.at), 1));
            }
        }
        Ok(measured)
    }

    /// When a release was made and under which agreements.
    fn released<'a>(
        &self,
        reader: &mut dyn Reader,
        release: Sequence,
        known: &'a mut HashMap<Sequence, Option<Released>>,
    ) -> Result<Option<&'a Released>, StoreError> {
        if let std::collections::hash_map::Entry::Vacant(vacant) = known.entry(release) {
            let query = ItemQuery {
                after: Sequence(release.0.saturating_sub(1)),
                until: Some(release),
                limit: 1,
                clearances: None,
                producer: None,
                ids: &[],
                kinds: &[],
                versions: VersionFilter::All,
            };
            let item = reader.items(&query)?.items.into_iter().next();
            vacant.insert(item.and_then(|item| {
                let under = self.shared.book.under(item.clearance)?;
                Some(Released { at: item.stamp.at, under })
            }));
        }
        Ok(known.get(&release).and_then(Option::as_ref))
    }
}

/// When a release was made and under which agreements.
struct Released {
    at: Instant,
    under: std::sync::Arc<[AgreementId]>,
}

/// Acknowledgements measured at most.
const ACKNOWLEDGEMENTS: usize = 100_000;
/// Deliveries measured, after which none of an older stretch of the ledger are.
const DELIVERIES: usize = 200_000;
/// Entries of the ledger in one stretch.
const STRETCH: u64 = 20_000;
/// Rows read at once.
const ROWS: usize = 10_000;

/// Milliseconds and how many took them: of sharing, and of acknowledging.
type Measured = BTreeMap<AgreementId, (Vec<(u64, u64)>, Vec<(u64, u64)>)>;

/// The newest acknowledgements recorded after a place.
fn newest_acknowledgements(
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

/// Walks the deliveries recorded after a place by stretches of the ledger, the newest first, until
/// there are enough.
fn walk_newest(
    reader: &mut dyn Reader,
    after: Sequence,
    mut each: impl FnMut(&mut dyn Reader, &DeliveryBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut end = reader.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
    let mut walked = 0;
    while end > after && walked < DELIVERIES {
        let start = Sequence(end.0.saturating_sub(STRETCH)).max(after);
        let mut place = start;
        while place < end {
            let rows = reader.deliveries_after(place, ROWS)?;
            let Some(last) = rows.last() else { break };
            place = last.recorded.seq;
            for row in rows.iter().take_while(|row| row.recorded.seq <= end) {
                walked += 1;
                each(reader, &row.batch)?;
            }
        }
        end = start;
    }
    Ok(())
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

fn quantiles(measured: &mut [(u64, u64)]) -> Quantiles {
    measured.sort_unstable();
    let count: u64 = measured.iter().map(|(_, count)| count).sum();
    let at = |hundredth: u64| {
        let rank = (count * hundredth).div_ceil(100);
        let mut seen = 0;
        let reached = measured.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map_or(0, |(millis, _)| *millis)
    };
    Quantiles { count, p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_weigh_by_count() {
        let mut measured = vec![(900, 1), (10, 98), (50, 1)];
        let quantiles = quantiles(&mut measured);
        assert_eq!(quantiles, Quantiles { count: 100, p50_ms: 10, p95_ms: 10, p99_ms: 50 });
        assert_eq!(super::quantiles(&mut []), Quantiles::default());
    }
}
