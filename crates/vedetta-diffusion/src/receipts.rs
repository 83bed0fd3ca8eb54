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
    /// When the last of them had the last of it, rounded up to [`GRAIN`].
    pub at: Instant,
    /// Who had each of them.
    pub audience: Audience,
}

/// Receipts that wait to be recorded.
#[derive(Debug, Default)]
pub struct Receipts {
    open: Mutex<HashMap<(Arc<Places>, Instant), Audience>>,
    weight: AtomicUsize,
}

/// How exactly the moment of a delivery is kept: what is of one moment is put together.
pub const GRAIN: Duration = Duration::from_millis(100);

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
        let audience = open.entry((Arc::clone(places), round_up(at))).or_insert_with(|| {
            added = weight(places, &Audience::nobody());
            Audience::nobody()
        });
        let before = audience.size();
        audience.insert(organisation);
        self.weight.fetch_add(added + audience.size() - before, Ordering::Relaxed);
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
        let mut moments: BTreeMap<Instant, Vec<(Arc<Places>, Audience)>> = BTreeMap::new();
        for ((places, at), audience) in waiting {
            moments.entry(at).or_default().push((places, audience));
        }
        moments.into_iter().flat_map(|(at, had)| of_one_moment(at, &had)).collect()
    }
}

/// As few receipts as there are sets of releases, or releases, or audiences.
fn of_one_moment(at: Instant, had: &[(Arc<Places>, Audience)]) -> Vec<Receipt> {
    let mut all = Places::none();
    had.iter().for_each(|(places, _)| all.absorb(places));
    let mut by_audience: HashMap<Audience, Places> = HashMap::new();
    if had.len() as u64 <= all.len() {
        for (places, audience) in had {
            by_audience.entry(audience.clone()).or_default().absorb(places);
        }
    } else {
        let mut by_place: BTreeMap<u64, Audience> = BTreeMap::new();
        for (places, audience) in had {
            for place in places.iter() {
                by_place.entry(place).or_default().absorb(audience);
            }
        }
        for (place, audience) in by_place {
            by_audience.entry(audience).or_default().insert(place);
        }
    }
    let receipt = |(audience, places)| Receipt { places, at, audience };
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

fn round_up(at: Instant) -> Instant {
    let grain = i64::try_from(GRAIN.as_micros()).unwrap_or(1);
    Instant::from_micros((at.micros() + grain - 1).div_euclid(grain) * grain)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(places: impl IntoIterator<Item = u64>) -> Arc<Places> {
        Arc::new(places.into_iter().collect())
    }

    /// Who had what when, one by one.
    fn spread(receipts: &[Receipt]) -> BTreeSet<(i64, u64, u32)> {
        let mut all = BTreeSet::new();
        for Receipt { places, at, audience } in receipts {
            for place in places.iter() {
                all.extend(audience.iter().map(|number| (at.micros(), place, number.0)));
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
                let rounded = round_up(at).micros();
                expected.extend(places.into_iter().map(|place| (rounded, place, number)));
            }
            prop_assert_eq!(receipts.weight() == 0, expected.is_empty());
            prop_assert_eq!(spread(&receipts.drain()), expected);
            prop_assert_eq!(receipts.weight(), 0);
            prop_assert!(receipts.drain().is_empty());
        }
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
