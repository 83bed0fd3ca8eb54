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
    Organisation = 0,
    /// [`vedetta_model::Asset`].
    Asset = 1,
    /// [`vedetta_model::Contact`].
    Contact = 2,
    /// [`vedetta_model::Account`].
    Account = 3,
    /// [`vedetta_model::Agreement`].
    Agreement = 4,
    /// [`vedetta_model::Hold`].
    Hold = 5,
    /// A webhook.
    Webhook = 6,
    /// A false-positive list.
    WarningList = 7,
    /// A token, without its secret.
    Token = 8,
    /// A certificate of a machine.
    Certificate = 9,
    /// A setting of the node.
    Setting = 10,
    /// A node that this one exchanges with.
    Peer = 11,
    /// The public identity of a node.
    Card = 12,
    /// A case of the desk.
    Incident = 13,
    /// A procedure.
    Playbook = 15,
    /// Who is on duty, when.
    Roster = 16,
    /// What one shift handed to the next.
    Handover = 17,
    /// An early warning.
    Warning = 18,
    /// A procedure being followed.
    Run = 19,
    /// Advice of the library.
    Recommendation = 20,
    /// A message reported to the mail desk: what was found, never the message.
    MailReport = 21,
    /// A wave of messages of the mail desk.
    Campaign = 22,
    /// What a person keeps for themselves: the views that they saved.
    Preference = 23,
    /// A sensor at an organisation.
    Sensor = 24,
    /// A clock that presses, and who is called for it.
    Alarm = 25,
    /// A passkey: its public key, whose it is, and how often it was used.
    Passkey = 27,
    /// An identity at a provider, as a keyed digest, and whose it is.
    Identity = 28,
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
    Password = 0,
    /// TOTP seed of an account.
    Totp = 1,
    /// SHA-256 of a token, keyed by the token's identifier.
    Token = 2,
    /// Signing secret of a webhook.
    Webhook = 3,
    /// Keys of the node itself.
    Node = 4,
    /// The key of a message reported to the mail desk, sealed: erased, the message is gone.
    MailKey = 5,
}

impl RecordKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 27] = [
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
        Self::Incident,
        Self::Playbook,
        Self::Roster,
        Self::Handover,
        Self::Warning,
        Self::Run,
        Self::Recommendation,
        Self::MailReport,
        Self::Campaign,
        Self::Preference,
        Self::Sensor,
        Self::Alarm,
        Self::Passkey,
        Self::Identity,
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
