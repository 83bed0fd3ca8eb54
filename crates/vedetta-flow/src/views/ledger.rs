//! What was done, for auditors.

use vedetta_model::Actor;
use vedetta_store::{Entry, Sequence, Verification};

use crate::authority::AUDITORS;
use crate::error::FlowError;
use crate::house::House;

impl House {
    /// Entries after a place, in order, at most a thousand. Bodies of items are left out: an
    /// auditor reads what was done, not what was said.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn entries(
        &self,
        by: &Actor,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<Entry>, FlowError> {
        self.require_room(by, AUDITORS, "read the ledger")?;
        Ok(self.read(|reader| reader.entries(after, limit.clamp(1, 1000)))?)
    }

    /// Walks the whole chain and says whether it holds.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn verify(&self, by: &Actor) -> Result<Verification, FlowError> {
        self.require_room(by, AUDITORS, "verify the ledger")?;
        Ok(self.read(|reader| vedetta_store::verify(reader))?)
    }
}
