//! Where an organisation wants to be called when something is released to it.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, OrganisationId};
use crate::item::Category;

/// One webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its identifier within its organisation.
    pub id: String,
    /// For whom.
    pub organisation: OrganisationId,
    /// Where to.
    pub url: String,
    /// Only these STIX types; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Only these categories; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
    /// Whether it is told of reminders too: of early warnings that wait for an answer, and of deadlines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminders: bool,
    /// Whether it is called.
    #[serde(default)]
    pub state: WebhookState,
    /// Who put it.
    pub by: AccountId,
    /// Why the node paused it, where nobody else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_because: Option<String>,
}

/// Whether a webhook is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookState {
    /// It is.
    #[default]
    Active,
    /// Not for now; it goes on where it paused.
    Paused,
}

impl Webhook {
    /// Its name among all of the node's: two organisations may choose the same identifier, and
    /// neither learns of the other's.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.organisation, &self.id)
    }
}

/// The name of an organisation's webhook among all of the node's.
#[must_use]
pub fn key(organisation: &OrganisationId, id: &str) -> String {
    format!("{organisation}/{id}")
}
