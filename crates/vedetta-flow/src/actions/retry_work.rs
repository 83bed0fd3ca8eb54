//! Work that was given up: looked at, and taken up again.

use vedetta_model::Actor;
use vedetta_store::{Job, JobId, StoreError};

use crate::authority::ROOM;
use crate::error::FlowError;
use crate::house::House;

/// Dead letters listed at most.
const LISTED: usize = 1_000;

impl House {
    /// Work that was given up, oldest first, at most a thousand.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn dead_letters(&self, by: &Actor) -> Result<Vec<Job>, FlowError> {
        self.require_room(by, ROOM, "see the work that was given up")?;
        Ok(self.read(|reader| reader.dead_jobs(LISTED))?)
    }

    /// Takes up again, now, what was given up.
    ///
    /// # Errors
    /// Forbidden, or nothing of that number was given up.
    pub fn retry_work(&self, by: &Actor, id: JobId) -> Result<(), FlowError> {
        self.require_room(by, ROOM, "take work up again")?;
        let now = self.now();
        let outcome = self.write(move |unit| match unit.requeue(id, now) {
            Err(StoreError::Refused(_)) => Ok(None),
            other => other.map(Some),
        })?;
        outcome.ok_or_else(|| FlowError::unknown("dead letter", id.0))?;
        self.note_deed(
            by.account.as_str(),
            &format!("job {}", id.0),
            r#"{"deed":"retried"}"#.into(),
        )?;
        Ok(())
    }
}
