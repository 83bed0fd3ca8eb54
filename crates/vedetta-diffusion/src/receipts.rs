//! Who had what, when: collected in memory at the speed of the doors, drained into the ledger.
//!
//! What is kept grows with how differently things were read, not with how much: the pages of one
//! reader become one receipt, and so do the followers of one run of releases.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vedetta_model::{Audience, Instant, OrganisationNumber, Places};

/// Receipts of some releases within one grain of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The places of the releases in the ledger.
    pub places: Places,
    /// When the last of them had the last of it.
    pub at: Instant,
    /// Who had each of them.
    pub audience: Audience,
}

/// Receipts that wait to be recorded.
#[derive(Debug, Default)]
pub struct Receipts {
    open: Mutex<HashMap<(Arc<Places>, Grain), Had>>,
    weight: AtomicUsize,
}

/// What is of one stretch of this length is put together, under the moment of the last of it: where one
/// organisation had it, that is its own, to the microsecond.
pub const GRAIN: Duration = Duration::from_millis(100);

/// Which stretch of [`GRAIN`] since 1970.
type Grain = i64;

/// Who had some releases in one stretch, and when the last of them.
#[derive(Debug)]
struct Had {
    audience: Audience,
    at: Instant,
}

impl Receipt {
    /// About how much memory it takes, in octets.
    #[must_use]
    pub fn weight(&self) -> usize {
        weight(&self.places, &self.audience)
    }
}

impl Receipts {
    /// Notes that an organisation had some releases.
    pub fn note(&self, places: &Arc<Places>, organisation: OrganisationNumber, at: Instant) {
        if places.is_empty() {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut added = 0;
        let had = open.entry((Arc::clone(places), grain(at))).or_insert_with(|| {
            added = weight(places, &Audience::nobody());
            Had { audience: Audience::nobody(), at }
        });
        let before = had.audience.size();
        had.audience.insert(organisation);
        had.at = had.at.max(at);
        self.weight.fetch_add(added + had.audience.size() - before, Ordering::Relaxed);
    }

    /// About how much memory waits, in octets.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }

    /// Takes all that wait, by moment and place.
    #[must_use]
    pub fn drain(&self) -> Vec<Receipt> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut *open);
        self.weight.store(0, Ordering::Relaxed);
        drop(open);
        let mut stretches: BTreeMap<Grain, Vec<(Arc<Places>, Had)>> = BTreeMap::new();
        for ((places, grain), had) in waiting {
            stretches.entry(grain).or_default().push((places, had));
        }
        stretches.into_values().flat_map(|had| of_one_stretch(&had)).collect()
    }
}

/// As few receipts as there are sets of releases, or releases, or audiences.
fn of_one_stretch(had: &[(Arc<Places>, Had)]) -> Vec<Receipt> {
    let mut all = Places::none();
    had.iter().for_each(|(places, _)| all.absorb(places));
    let mut by_audience: HashMap<Audience, (Places, Instant)> = HashMap::new();
    let mut had_alike = |audience: Audience, places: &Places, at: Instant| {
        let (known, last) = by_audience.entry(audience).or_insert_with(|| (Places::none(), at));
        known.absorb(places);
        *last = at.max(*last);
    };
    if had.len() as u64 <= all.len() {
        had.iter().for_each(|(places, had)| had_alike(had.audience.clone(), places, had.at));
    } else {
        let mut by_place: BTreeMap<u64, (Audience, Instant)> = BTreeMap::new();
        for (places, Had { audience, at }) in had {
            for place in places.iter() {
                let (known, last) =
                    by_place.entry(place).or_insert_with(|| (Audience::nobody(), *at));
                known.absorb(audience);
                *last = *at.max(last);
            }
        }
        for (place, (audience, at)) in by_place {
            had_alike(audience, &Places::between(place, place), at);
        }
    }
    let receipt = |(audience, (places, at))| Receipt { places, at, audience };
    let mut receipts: Vec<_> = by_audience.into_iter().map(receipt).collect();
    receipts.sort_unstable_by_key(|receipt| {
        (receipt.places.first(), receipt.places.last(), receipt.audience.iter().next())
    });
    receipts
}

fn weight(places: &Places, audience: &Audience) -> usize {
    const APART: usize = 160;
    APART + size_of_val(places.runs()) + audience.size()
}

fn grain(at: Instant) -> Grain {
    at.micros().div_euclid(i64::try_from(GRAIN.as_micros()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(places: impl IntoIterator<Item = u64>) -> Arc<Places> {
        Arc::new(places.into_iter().collect())
    }

    /// Who had what in which stretch, one by one.
    fn spread(receipts: &[Receipt]) -> BTreeSet<(Grain, u64, u32)> {
        let mut all = BTreeSet::new();
        for Receipt { places, at, audience } in receipts {
            for place in places.iter() {
                all.extend(audience.iter().map(|number| (grain(*at), place, number.0)));
            }
        }
        all
    }

    proptest! {
        /// Nothing that was not noted, and all that was.
        #[test]
        fn tell_exactly_what_was_noted(
            notes in proptest::collection::vec(
                (proptest::collection::vec(0u64..12, 0..6), 0u32..6, 0i64..300_000), 0..60,
            ),
        ) {
            let (receipts, mut expected) = (Receipts::default(), BTreeSet::new());
            for (places, number, at) in notes {
                let at = Instant::from_micros(at);
                receipts.note(&set(places.clone()), OrganisationNumber(number), at);
                expected.extend(places.into_iter().map(|place| (grain(at), place, number)));
            }
            prop_assert_eq!(receipts.weight() == 0, expected.is_empty());
            prop_assert_eq!(spread(&receipts.drain()), expected);
            prop_assert_eq!(receipts.weight(), 0);
            prop_assert!(receipts.drain().is_empty());
        }
    }

    #[test]
    fn what_one_had_keeps_its_moment_and_what_many_had_that_of_the_last() {
        let (receipts, at) =
            (Receipts::default(), |micros: i64| Instant::from_micros(7_000_000 + micros));
        receipts.note(&set([1]), OrganisationNumber(1), at(12_345));
        receipts.note(&set([2]), OrganisationNumber(2), at(50_001));
        receipts.note(&set([2]), OrganisationNumber(3), at(40_002));
        receipts.note(&set([1]), OrganisationNumber(1), at(112_345));
        let moments: Vec<_> = receipts.drain().iter().map(|it| it.at).collect();
        assert_eq!(moments, [at(12_345), at(50_001), at(112_345)]);
    }

    #[test]
    fn the_pages_of_one_reader_are_one_receipt() {
        let (receipts, at) = (Receipts::default(), Instant::from_micros(10));
        for page in 0..100 {
            receipts.note(&set(page * 10..page * 10 + 10), OrganisationNumber(1), at);
        }
        let [receipt] = &receipts.drain()[..] else { panic!("not one") };
        assert_eq!(receipt.places, Places::between(0, 999));
    }

    #[test]
    fn many_readers_of_few_releases_are_a_receipt_for_each_release_at_most() {
        let (receipts, at) = (Receipts::default(), Instant::from_micros(10));
        for number in 0..256 {
            let mine = (0..8).filter(|bit| number >> bit & 1 == 1);
            receipts.note(&set(mine), OrganisationNumber(number), at);
        }
        assert_eq!(receipts.drain().len(), 8);
    }
}
