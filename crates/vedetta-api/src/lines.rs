//! Whose line of an item something is, told to who keeps them apart: a number that tells nobody whose.

use sha2::{Digest as _, Sha256};
use vedetta_flow::{FlowError, House};
use vedetta_model::{ItemId, OrganisationNumber};

/// The numbers of lines, as this node gives them.
pub(crate) struct Lines {
    key: Vec<u8>,
}

impl Lines {
    /// # Errors
    /// What the ledger said.
    pub(crate) fn of(house: &House) -> Result<Self, FlowError> {
        // The key is there since the ledger is: nothing is written for who only reads.
        Ok(Self { key: house.node_secret("redaction")? })
    }

    /// The number of what an organisation brought of an item: the same whenever it is asked, and no two
    /// items have one in common. 0 and 1 are of nobody's.
    pub(crate) fn number(&self, item: &ItemId, producer: OrganisationNumber) -> u32 {
        let mut hash = Sha256::new_with_prefix(b"the line of an item\0");
        hash.update(&self.key);
        hash.update(producer.0.to_be_bytes());
        hash.update(item.as_str());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        u32::from_be_bytes([a, b, c, d]).max(2)
    }
}
