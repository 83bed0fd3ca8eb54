//! What reached whom, when, by which door, and who acknowledged it.

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Audience, Instant, OrganisationNumber, Places};

use crate::entry::{Sequence, Stamp};

/// The doors out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// TAXII 2.1.
    Taxii,
    /// The live stream.
    Stream,
    /// A feed file.
    Feed,
    /// A webhook.
    Webhook,
    /// The JSON interface.
    Api,
    /// Another node.
    Peer,
    /// A person's page.
    Console,
}

/// Deliveries by one door within a short time: each of the audience had each of the releases by
/// `at`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryBatch {
    /// The releases, by their places in the ledger.
    pub releases: Places,
    /// The door.
    pub door: Door,
    /// When the last of them had the last of it.
    pub at: Instant,
    /// Who had it.
    pub audience: Audience,
}

/// One stored batch of deliveries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryRow {
    /// The batch.
    pub batch: DeliveryBatch,
    /// The ledger entry that recorded it.
    pub recorded: Stamp,
}

/// An acknowledgement of one release by one organisation; the first one counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The release.
    pub release: Sequence,
    /// For whom.
    pub organisation: OrganisationNumber,
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// What the contact wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl DeliveryBatch {
    /// The first and the last of the releases; `None` when it says nothing: of no release, or that
    /// nobody had it.
    #[must_use]
    pub fn span(&self) -> Option<(u64, u64)> {
        let ends = self.releases.first().zip(self.releases.last());
        ends.filter(|_| !self.audience.is_empty())
    }

    /// How many deliveries it tells of.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.releases.len().saturating_mul(self.audience.len() as u64)
    }
}

impl Door {
    /// Every door, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Taxii,
        Self::Stream,
        Self::Feed,
        Self::Webhook,
        Self::Api,
        Self::Peer,
        Self::Console,
    ];

    /// The code under which backends store it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
