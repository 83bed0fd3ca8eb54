//! How writing goes: since when the oldest write waits, and whether the ledger took the last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use vedetta_model::Instant;
use vedetta_store::StoreError;

/// How writing goes now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    /// Since when the oldest waits.
    pub oldest: Option<Instant>,
    /// Whether the ledger could not take the last.
    pub failing: bool,
}

/// The writes that wait, and the outcome of the last.
#[derive(Default)]
pub struct Writing(Mutex<Known>);

#[derive(Default)]
struct Known {
    begun: u64,
    waiting: BTreeMap<u64, Instant>,
    failing: bool,
}

impl Writing {
    pub(crate) fn begins(&self, now: Instant) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.begun += 1;
        let begun = known.begun;
        known.waiting.insert(begun, now);
        begun
    }

    /// What was refused for what it is says nothing of the ledger.
    pub(crate) fn ends(&self, begun: u64, outcome: &Result<(), StoreError>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.waiting.remove(&begun);
        match outcome {
            Err(StoreError::Refused(_)) => {}
            outcome => known.failing = outcome.is_err(),
        }
    }

    /// How writing goes now.
    #[must_use]
    pub fn now(&self) -> Writes {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Writes { oldest: known.waiting.values().next().copied(), failing: known.failing }
    }
}
