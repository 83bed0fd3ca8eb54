//! How writing goes: since when the oldest write waits, and whether the ledger took the last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vedetta_model::Instant;
use vedetta_store::StoreError;

use crate::house::House;

/// Longer than a write waits when the disk and the scribe are well.
const LONGEST: Duration = Duration::from_secs(15);

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
pub(crate) struct Writing(Mutex<Known>);

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

    pub(crate) fn now(&self) -> Writes {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Writes { oldest: known.waiting.values().next().copied(), failing: known.failing }
    }
}

impl House {
    /// Whether the ledger takes what is written: when it could not take the last, it is tried anew.
    ///
    /// # Errors
    /// A clock that leapt ahead; a write that waits for too long; what the ledger said.
    pub fn writes_well(&self) -> Result<(), StoreError> {
        crate::scribe::believed(&*self.shared.clock)?;
        let writes = self.writes();
        let waited = writes.oldest.map_or(Duration::ZERO, |oldest| self.now().since(oldest));
        if waited > LONGEST {
            let waited = waited.as_secs();
            let reason = format!("a write waits for {waited} s; look at the ledger's disk");
            return Err(StoreError::Refused(reason));
        }
        if writes.failing {
            self.write(|unit| unit.set_bookmark("written", b"ready"))?;
        }
        Ok(())
    }
}
