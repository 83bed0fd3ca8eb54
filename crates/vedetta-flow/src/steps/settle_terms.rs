//! Agreements whose term is over are marked as expired. They released nothing since it ended.

use vedetta_model::Agreement;
use vedetta_store::RecordKind;

use crate::error::FlowError;
use crate::house::House;

/// The name of this step in the ledger.
pub(crate) const ACTOR: &str = "settle_terms";

impl House {
    /// Marks what expired; returns how many agreements.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn settle_terms(&self) -> Result<usize, FlowError> {
        let _one_at_a_time = self.change();
        let (standing, now) = (self.standing(), self.now());
        let mut settled = 0;
        for agreement in &standing.agreements {
            let after = vedetta_policy::settle(Agreement::clone(agreement), now);
            if after.stage != agreement.stage {
                let id = agreement.id.as_str();
                self.put_by(ACTOR, RecordKind::Agreement, id, &after)?;
                settled += 1;
            }
        }
        Ok(settled)
    }
}
