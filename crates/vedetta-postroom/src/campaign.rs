//! A campaign as the ledger remembers it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_mail::{Indicator, Sample};
use vedetta_model::{AccountId, Instant, ItemId};

use crate::report::Ruling;

/// A wave of messages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Its identifier: `campaign--` and a UUID, as in the items made of it.
    pub id: ItemId,
    /// When the first of it was reported.
    pub since: Instant,
    /// A redacted message of it, once it is worth showing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// What it teaches.
    pub indicators: BTreeSet<Indicator>,
    /// What was made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemId>,
    /// What an analyst said of all of it; holds for reports that come, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// What became of it.
    pub stage: Stage,
}

/// What became of a campaign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Stage {
    /// It is gathered.
    Open,
    /// It waits for an analyst to release or dismiss it.
    Proposed {
        /// Since when.
        at: Instant,
    },
    /// It became items.
    Released {
        /// When.
        at: Instant,
        /// By whom: an account, or the rule.
        by: String,
    },
    /// An analyst found nothing in it.
    Dismissed {
        /// When.
        at: Instant,
        /// Who.
        by: AccountId,
    },
}
