//! What an organisation owns or depends on, by which information concerns it.

use serde::{Deserialize, Serialize};

use crate::id::{AssetId, OrganisationId};

/// One asset of one organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Its identifier.
    pub id: AssetId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What it is.
    #[serde(flatten)]
    pub what: AssetValue,
    /// A remark for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The kinds of asset, written as `{"kind": "domain", "value": "comune.example"}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum AssetValue {
    /// A domain with all its subdomains.
    Domain(String),
    /// A network in CIDR notation, or one address.
    Network(String),
    /// An autonomous system number.
    Asn(u32),
    /// The domain of its mailboxes.
    MailDomain(String),
    /// A product in use, as CPE 2.3.
    Product(String),
    /// A service that it offers, by name or URL.
    Service(String),
    /// A supplier that it depends on, by name.
    Supplier(String),
}
