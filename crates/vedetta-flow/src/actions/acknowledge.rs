//! A contact acknowledges an item for its organisation.

use vedetta_model::{Actor, ItemId};
use vedetta_store::{Acknowledgement, Stamp};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;

impl House {
    /// Acknowledges the newest release of an item that the actor may read. The first
    /// acknowledgement of an organisation counts; `None` when there was one.
    ///
    /// # Errors
    /// Forbidden, or unknown to the actor.
    pub fn acknowledge(
        &self,
        by: &Actor,
        item: &ItemId,
        note: Option<String>,
    ) -> Result<Option<Stamp>, FlowError> {
        require(by, PRODUCERS, "acknowledge items")?;
        let read = self.item(by, item)?;
        let acknowledgement = Acknowledgement {
            release: read.stamp.seq,
            organisation: self.number_of(&by.organisation)?,
            by: by.account.clone(),
            at: self.now(),
            note: note.filter(|note| !note.is_empty()),
        };
        Ok(self.write(move |unit| unit.acknowledge(&acknowledgement))?)
    }
}
