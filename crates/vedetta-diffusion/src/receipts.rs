//! Who had what, when: collected in memory at the speed of the doors, drained into the ledger.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vedetta_model::{Audience, Instant, OrganisationNumber};

/// Receipts of one release within one grain of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The place of the release in the ledger.
    pub place: u64,
    /// When the last of them had it, rounded up to [`GRAIN`].
    pub at: Instant,
    /// Who had it.
    pub audience: Audience,
}

/// Receipts that wait to be recorded.
#[derive(Debug, Default)]
pub struct Receipts(Mutex<HashMap<Key, Open>>);

/// How exactly the moment of a delivery is kept: many receipts of one moment are one row.
pub const GRAIN: Duration = Duration::from_millis(100);

type Key = (u64, u64, Instant);

#[derive(Debug)]
struct Open {
    places: Arc<[u64]>,
    audience: Audience,
}

impl Receipts {
    /// Notes that an organisation had some releases, in ascending order of place.
    pub fn note(&self, places: &Arc<[u64]>, organisation: OrganisationNumber, at: Instant) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (*first, *last << 16 | places.len() as u64 & 0xffff, round_up(at));
        let entry = open
            .entry(key)
            .or_insert_with(|| Open { places: Arc::clone(places), audience: Audience::nobody() });
        if Arc::ptr_eq(&entry.places, places) || entry.places == *places {
            entry.audience.insert(organisation);
            return;
        }
        for place in places.iter() {
            let alone: Arc<[u64]> = Arc::from([*place]);
            let key = (*place, *place << 16 | 1, round_up(at));
            let entry = open
                .entry(key)
                .or_insert_with(|| Open { places: alone, audience: Audience::nobody() });
            entry.audience.insert(organisation);
        }
    }

    /// Takes all that wait, by place and moment.
    #[must_use]
    pub fn drain(&self) -> Vec<Receipt> {
        let open = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut by_release: HashMap<(u64, Instant), Audience> = HashMap::new();
        for ((_, _, at), entry) in open {
            for place in entry.places.iter() {
                by_release.entry((*place, at)).or_default().absorb(&entry.audience);
            }
        }
        let mut receipts: Vec<_> = by_release
            .into_iter()
            .map(|((place, at), audience)| Receipt { place, at, audience })
            .collect();
        receipts.sort_unstable_by_key(|receipt| (receipt.place, receipt.at));
        receipts
    }
}

fn round_up(at: Instant) -> Instant {
    let grain = i64::try_from(GRAIN.as_micros()).unwrap_or(1);
    Instant::from_micros((at.micros() + grain - 1).div_euclid(grain) * grain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> OrganisationNumber {
        OrganisationNumber(number)
    }

    #[test]
    fn one_row_a_release_and_a_grain() {
        let (receipts, all) = (Receipts::default(), Arc::from([1, 2, 3]));
        receipts.note(&all, number(1), Instant::from_micros(10));
        receipts.note(&all, number(2), Instant::from_micros(99_000));
        receipts.note(&Arc::from([1, 3]), number(3), Instant::from_micros(50));
        receipts.note(&all, number(4), Instant::from_micros(100_001));
        let rows = receipts.drain();
        let had = |place, at| {
            let row = rows.iter().find(|row| row.place == place && row.at.micros() == at).unwrap();
            row.audience.iter().map(|n| n.0).collect::<Vec<_>>()
        };
        assert_eq!(rows.len(), 6);
        assert_eq!(had(1, 100_000), [1, 2, 3]);
        assert_eq!(had(2, 100_000), [1, 2]);
        assert_eq!(had(3, 100_000), [1, 2, 3]);
        assert_eq!(had(2, 200_000), [4]);
        assert!(receipts.drain().is_empty());
    }

    #[test]
    fn runs_that_share_ends_and_length_are_kept_apart() {
        let receipts = Receipts::default();
        receipts.note(&Arc::from([1, 2, 4]), number(1), Instant::from_micros(10));
        receipts.note(&Arc::from([1, 3, 4]), number(2), Instant::from_micros(10));
        let rows = receipts.drain();
        let of = |place: u64| rows.iter().find(|row| row.place == place).unwrap().audience.len();
        assert_eq!([of(1), of(2), of(3), of(4)], [2, 1, 1, 2]);
    }
}
