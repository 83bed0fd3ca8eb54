//! What organisations were reminded of lately, for those who follow: a ring in memory. What must not be
//! lost is in the ledger, and a webhook is called for it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use vedetta_flow::steps::call_webhooks::Reminder;
use vedetta_model::{Instant, OrganisationId};

/// The ring.
#[derive(Debug, Default)]
pub struct Reminders(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    /// The number of the last that was given.
    last: u64,
    given: VecDeque<(u64, Instant, Reminder)>,
}

/// So many are kept: some for every organisation of a country.
const KEPT: usize = 20_000;

impl Reminders {
    /// Adds what was given at a moment.
    pub fn give(&self, reminders: Vec<Reminder>, now: Instant) {
        let mut ring = self.ring();
        for reminder in reminders {
            ring.last += 1;
            let number = ring.last;
            ring.given.push_back((number, now, reminder));
        }
        let beyond = ring.given.len().saturating_sub(KEPT);
        ring.given.drain(..beyond);
    }

    /// The number of the last that was given.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.ring().last
    }

    /// What an organisation was reminded of after a number and not before a moment; and the number of
    /// the last.
    #[must_use]
    pub fn after(
        &self,
        (number, since): (u64, Instant),
        organisation: &OrganisationId,
    ) -> (Vec<Value>, u64) {
        let ring = self.ring();
        let new = ring.given.iter().rev().take_while(|(given, ..)| *given > number);
        let own = new.filter(|(_, at, of)| *at >= since && of.0 == *organisation);
        let mut told: Vec<_> = own.map(|(.., of)| of.1.clone()).collect();
        told.reverse();
        (told, ring.last)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_its_own_once_in_order() {
        let of = |id: &str| OrganisationId::new(id).unwrap();
        let (ring, at) = (Reminders::default(), Instant::from_micros);
        let given = |id: &str, what: i64| Reminder(of(id), Value::from(what));
        ring.give(vec![given("terni", 1), given("perugia", 2), given("terni", 3)], at(5));
        let all = (0, Instant::default());
        assert_eq!(ring.after(all, &of("terni")), (vec![Value::from(1), Value::from(3)], 3));
        assert_eq!(ring.after((3, at(0)), &of("terni")), (Vec::new(), 3));
        assert_eq!(ring.after((0, at(6)), &of("terni")).0, Vec::<Value>::new());
        ring.give((0..30_000).map(|it| given("foligno", it)).collect(), at(7));
        assert_eq!(ring.after(all, &of("foligno")).0.len(), KEPT);
        assert_eq!((ring.after(all, &of("terni")).0.len(), ring.last()), (0, 30_003));
    }
}
