//! Records: the node's small, whole-in-memory state (directory, agreements, holds, subscriptions).
//!
//! A record's body lives in its ledger entry only; the state is the pointer to the latest.

use serde::{Deserialize, Serialize};

use crate::entry::Stamp;

/// The kinds of record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// [`vedetta_model::Organisation`].
    Organisation,
    /// [`vedetta_model::Asset`].
    Asset,
    /// [`vedetta_model::Contact`].
    Contact,
    /// [`vedetta_model::Account`].
    Account,
    /// [`vedetta_model::Agreement`].
    Agreement,
    /// [`vedetta_model::Hold`].
    Hold,
    /// A webhook.
    Webhook,
    /// A false-positive list.
    WarningList,
    /// A token, without its secret.
    Token,
    /// A certificate of a machine.
    Certificate,
    /// A setting of the node.
    Setting,
    /// A node that this one exchanges with.
    Peer,
    /// The public identity of a node.
    Card,
    /// A sensor at an organisation.
    Sensor = 24,
}

/// A record as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its kind.
    pub kind: RecordKind,
    /// Its identifier.
    pub id: String,
    /// Its latest change.
    pub stamp: Stamp,
    /// Its body, as JSON.
    pub body: Vec<u8>,
}

/// Secrets: beside the ledger, never in it, so that they can be erased.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// Argon2id string of an account's password.
    Password,
    /// TOTP seed of an account.
    Totp,
    /// SHA-256 of a token, keyed by the token's identifier.
    Token,
    /// Signing secret of a webhook.
    Webhook,
    /// Keys of the node itself.
    Node,
}

impl RecordKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 14] = [
        Self::Organisation,
        Self::Asset,
        Self::Contact,
        Self::Account,
        Self::Agreement,
        Self::Hold,
        Self::Webhook,
        Self::WarningList,
        Self::Token,
        Self::Certificate,
        Self::Setting,
        Self::Peer,
        Self::Card,
        Self::Sensor,
    ];

    /// The code under which backends store it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl SecretKind {
    /// The code under which backends store it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
