//! Work that was given up: looked at, taken up again, discarded.

use vedetta_model::Actor;
use vedetta_store::{Job, JobId, StoreError, UnitOfWork};

use crate::actions::manage_accounts::note;
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

    /// How much work was given up, counted up to a thousand, for the figures of the node.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn given_up(&self) -> Result<usize, FlowError> {
        Ok(self.read(|reader| reader.dead_jobs(LISTED))?.len())
    }

    /// Takes up again, now, what was given up.
    ///
    /// # Errors
    /// Forbidden, or nothing of that number was given up.
    pub fn retry_work(&self, by: &Actor, id: JobId) -> Result<(), FlowError> {
        self.require_room(by, ROOM, "take work up again")?;
        let now = self.now();
        self.settle(by, id, "retried", move |unit| unit.requeue(id, now))
    }

    /// Takes off the list for good what was given up.
    ///
    /// # Errors
    /// As for [`House::retry_work`].
    pub fn discard_work(&self, by: &Actor, id: JobId) -> Result<(), FlowError> {
        self.require_room(by, ROOM, "discard work")?;
        self.settle(by, id, "discarded", move |unit| unit.discard(id))
    }

    fn settle(
        &self,
        by: &Actor,
        id: JobId,
        deed: &'static str,
        mut how: impl FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), FlowError> {
        let (actor, subject) = (by.account.to_string(), format!("job {}", id.0));
        let settled = self.write(move |unit| match how(unit) {
            Err(StoreError::Refused(_)) => Ok(false),
            other => {
                other?;
                note(unit, &actor, &subject, deed)?;
                Ok(true)
            }
        })?;
        if settled { Ok(()) } else { Err(FlowError::unknown("dead letter", id.0)) }
    }
}
