//! Who answers for an organisation, day and night.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ContactId, OrganisationId};

/// An operational contact named by an agreement or by the organisation itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Its identifier.
    pub id: ContactId,
    /// The organisation it answers for.
    pub organisation: OrganisationId,
    /// What it is called for, e.g. `incident response`.
    pub role: String,
    /// Name of the person or of the desk.
    pub name: String,
    /// Who answers when this contact does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitute: Option<ContactId>,
    /// Telephone answered around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_24h: Option<String>,
    /// Channels in order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Public keys (OpenPGP fingerprints, S/MIME or age recipients).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The account with which the contact acknowledges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The day somebody last checked that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified: Option<Date>,
}

/// A way to reach a contact, written as `{"by": "pec", "at": "..."}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", content = "at", rename_all = "kebab-case")]
pub enum Channel {
    /// Electronic mail.
    Email(String),
    /// Certified mail (PEC).
    Pec(String),
    /// Telephone.
    Phone(String),
    /// A web address that accepts messages.
    Web(String),
}
