//! What one party does at once or in one day, counted: none has the room of all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vedetta_model::{Instant, OrganisationId};

/// How many seats each key has taken.
#[derive(Debug)]
pub(crate) struct Seats<K>(Arc<Mutex<HashMap<K, usize>>>);

/// A seat, until dropped.
#[derive(Debug)]
pub struct Seat<K: Hash + Eq> {
    seats: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

/// Octets that each organisation brought today (UTC). A restart begins anew.
#[derive(Debug, Default)]
pub(crate) struct Today(Mutex<(i64, HashMap<OrganisationId, u64>)>);

const DAY: i64 = 86_400_000_000;

impl<K> Default for Seats<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone> Seats<K> {
    /// A seat for a key that has fewer than so many.
    pub(crate) fn take(&self, key: &K, most: usize) -> Option<Seat<K>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { seats: Arc::clone(&self.0), key: key.clone() })
    }
}

impl<K: Hash + Eq> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

impl Today {
    /// Counts octets against a day's share.
    ///
    /// # Errors
    /// How long until the next day, when they are more than what is left; nothing is counted then.
    pub(crate) fn add(
        &self,
        organisation: &OrganisationId,
        octets: u64,
        most: u64,
        now: Instant,
    ) -> Result<(), Duration> {
        let (day, past) = (now.micros().div_euclid(DAY), now.micros().rem_euclid(DAY));
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if today.0 != day {
            *today = (day, HashMap::new());
        }
        let brought = today.1.get(organisation).copied().unwrap_or(0).saturating_add(octets);
        if brought > most {
            return Err(Duration::from_micros(u64::try_from(DAY - past).unwrap_or(0)));
        }
        today.1.insert(organisation.clone(), brought);
        Ok(())
    }

    /// What each brought.
    pub(crate) fn all(&self, now: Instant) -> Vec<(OrganisationId, u64)> {
        let today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_today = today.0 == now.micros().div_euclid(DAY);
        let all = today.1.iter().filter(|_| is_today).map(|(id, octets)| (id.clone(), *octets));
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_dropped() {
        let seats = Seats::default();
        let held: Vec<_> = (0..2).filter_map(|_| seats.take(&"a", 2)).collect();
        assert!(seats.take(&"a", 2).is_none());
        assert!(seats.take(&"b", 2).is_some());
        drop(held);
        assert!(seats.take(&"a", 2).is_some());
        assert!(seats.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_day_has_an_end() {
        let (today, perugia) = (Today::default(), OrganisationId::new("perugia").unwrap());
        let at = |hours: i64| Instant::from_micros(hours * DAY / 24);
        assert_eq!(today.add(&perugia, 60, 100, at(22)), Ok(()));
        assert_eq!(today.add(&perugia, 60, 100, at(22)), Err(Duration::from_hours(2)));
        assert_eq!(today.add(&perugia, 40, 100, at(23)), Ok(()));
        assert_eq!(today.all(at(23)), [(perugia.clone(), 100)]);
        assert_eq!(today.all(at(24)), []);
        assert_eq!(today.add(&perugia, 100, 100, at(24)), Ok(()));
    }
}
