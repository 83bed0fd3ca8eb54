//! Whether the house can write.

use std::time::Duration;

use vedetta_scribe::believed;
use vedetta_store::StoreError;

use crate::house::House;

/// Longer than a write waits when the disk and the scribe are well.
const LONGEST: Duration = Duration::from_secs(15);

impl House {
    /// Whether the ledger takes what is written: when it could not take the last, it is tried anew.
    ///
    /// # Errors
    /// A clock that leapt ahead; a write that waits for too long; what the ledger said.
    pub fn writes_well(&self) -> Result<(), StoreError> {
        believed(&*self.shared.clock)?;
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
