//! A campaign as the ledger remembers it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_mail::Indicator;
use vedetta_model::{AccountId, Instant, ItemId};

use crate::bundle;
use crate::overrule::is_harmless;
use crate::report::Ruling;

/// A wave of messages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Its identifier: `campaign--` and a UUID, as in the items made of it.
    pub id: ItemId,
    /// When the first of it was reported.
    pub since: Instant,
    /// The case whose message, redacted, shows it. How it shows is beside the ledger, and goes when
    /// that message goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_of: Option<String>,
    /// What it teaches.
    pub indicators: BTreeSet<Indicator>,
    /// What was made of it, and is out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemId>,
    /// How often what was made of it was withdrawn: what is made then has other names, since what was
    /// withdrawn is served no more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub withdrawn: u32,
    /// What was made of it and is of it no longer: it is withdrawn alone, and nothing is called so again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub retired: BTreeSet<ItemId>,
    /// What an analyst said of all of it; holds for reports that come, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// What became of it.
    pub stage: Stage,
}

/// Indicators of one campaign.
const MOST_INDICATORS: usize = 500;

impl Campaign {
    /// A campaign that begins.
    pub(crate) fn begun(id: ItemId, since: Instant) -> Self {
        Self {
            id,
            since,
            sample_of: None,
            indicators: BTreeSet::new(),
            items: Vec::new(),
            withdrawn: 0,
            retired: BTreeSet::new(),
            ruling: None,
            stage: Stage::Open,
        }
    }

    /// Whether it is out, and an analyst says it is harmless.
    pub(crate) fn is_refuted(&self) -> bool {
        let harmless = self.ruling.as_ref().is_some_and(|ruling| is_harmless(ruling.verdict));
        harmless && !self.items.is_empty()
    }

    /// Retires what is out and would not be made of it now; answers whether there is any.
    pub(crate) fn retire(&mut self) -> bool {
        let names: BTreeSet<ItemId> = bundle::names(self).collect();
        let stale = self.items.iter().filter(|item| !names.contains(item)).cloned();
        self.retired.extend(stale);
        self.is_partly_retired()
    }

    /// Whether something is out that is retired.
    pub(crate) fn is_partly_retired(&self) -> bool {
        self.items.iter().any(|item| self.retired.contains(item))
    }

    /// Takes in what one of its messages teaches, unless it is full.
    pub(crate) fn learn(&mut self, indicators: &[Indicator]) {
        if self.indicators.len() < MOST_INDICATORS {
            self.indicators.extend(indicators.iter().cloned());
        }
    }
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
    /// It was withdrawn: an analyst said that it is harmless.
    Withdrawn {
        /// When.
        at: Instant,
        /// By whom.
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

const fn is_zero(count: &u32) -> bool {
    *count == 0
}
