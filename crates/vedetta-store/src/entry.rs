//! The entries of the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};
use vedetta_model::Instant;

use crate::chain::Digest;

/// The place of an entry in the ledger: 1, 2, 3 … without gaps.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// An item version was accepted; the body is the object as received, the facts are
    /// [`crate::written::ItemFacts`].
    Item,
    /// An item version accepted before was cleared to more organisations.
    Rerelease,
    /// An item was withdrawn: no door serves any version of it any more.
    Withdrawn,
    /// A record was put; the body is the record.
    Put,
    /// A record was removed.
    Removed,
    /// A clearance was decided for the first time; the body is the decision.
    Clearance,
    /// Deliveries were confirmed by the doors out.
    Delivered,
    /// A contact acknowledged an item.
    Acknowledged,
    /// A person or machine did something that changes no record (signed in, exported, was refused).
    Deed,
    /// An organisation was given its permanent number.
    Numbered,
    /// An item version gave way to another: it is kept, and no door serves it any more. The facts
    /// are [`crate::written::SetAsideFacts`].
    SetAside,
}

/// An entry to be appended.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What happened.
    pub kind: EntryKind,
    /// Who did it: an account, or the name of a step.
    pub actor: &'a str,
    /// What it is about: an identifier.
    pub subject: &'a str,
    /// The facts beside the body, as JSON.
    pub facts: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Where and when an entry was placed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Stamp {
    /// Its place.
    pub seq: Sequence,
    /// Its moment: later than that of every entry before it.
    pub at: Instant,
}

/// An entry as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where and when.
    pub stamp: Stamp,
    /// What happened.
    pub kind: EntryKind,
    /// Who did it.
    pub actor: String,
    /// What it is about.
    pub subject: String,
    /// The facts beside the body, as JSON.
    pub facts: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The link of the chain: see [`crate::link`].
    pub hash: Digest,
}

impl EntryKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Item,
        Self::Rerelease,
        Self::Withdrawn,
        Self::Put,
        Self::Removed,
        Self::Clearance,
        Self::Delivered,
        Self::Acknowledged,
        Self::Deed,
        Self::Numbered,
        Self::SetAside,
    ];

    /// The code under which backends store it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Its name, as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Rerelease => "rerelease",
            Self::Withdrawn => "withdrawn",
            Self::Put => "put",
            Self::Removed => "removed",
            Self::Clearance => "clearance",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::Deed => "deed",
            Self::Numbered => "numbered",
            Self::SetAside => "set-aside",
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl Sequence {
    /// Before the first entry.
    pub const START: Self = Self(0);
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
