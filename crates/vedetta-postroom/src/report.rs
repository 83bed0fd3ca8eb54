//! A report as the ledger remembers it: what was found, never the message, nor who in person sent
//! it in by mail.

use serde::{Deserialize, Serialize};
use vedetta_mail::{Form, Indicator, Traces, Verdict};
use vedetta_model::{AccountId, Instant, Language, OrganisationId};

use crate::overrule::Reach;

/// One report.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The number of the case.
    pub case: String,
    /// When it was taken in.
    pub at: Instant,
    /// By which door.
    pub door: Door,
    /// Of which organisation, if it is in the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// By which account, when it signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What the reporter is to the directory.
    pub standing: Standing,
    /// A name for the reporter that tells two apart and says nothing else.
    pub reporter: String,
    /// A name for the handing-in: equal when the same comes again, and says nothing else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub handing: String,
    /// The reporter's language.
    pub language: Language,
    /// How the message was handed on, outermost first.
    pub forms: Vec<Form>,
    /// What the room said.
    pub verdict: Verdict,
    /// What its reporter was told, when an analyst had spoken of its campaign before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Verdict>,
    /// How probable it is that it is not legitimate.
    pub probability: f32,
    /// The checks that weighed.
    pub reasons: Vec<Weighed>,
    /// How many parts could not be read.
    pub unread: usize,
    /// How many messages came with it and were not looked at.
    #[serde(default, skip_serializing_if = "is_none_of_them")]
    pub left_out: usize,
    /// Which model weighed.
    pub model: String,
    /// The campaign.
    pub campaign: String,
    /// By what it is recognised, under names of this node.
    pub traces: Traces,
    /// What it teaches, without what tells the recipient.
    pub indicators: Vec<Indicator>,
    /// What an analyst said instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
    /// That its reporter disagrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<Contest>,
    /// Whether the message is still here.
    pub keeping: Keeping,
}

/// The doors of the desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// By mail.
    Mail,
    /// Uploaded.
    Api,
}

/// What a reporter is to the directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Known, and proven: is answered.
    Enrolled,
    /// A known mailbox that nothing proves: is taken in, and not answered.
    Unproven,
    /// Nobody known: is taken in within limits, and not answered.
    Stranger,
}

/// A check that weighed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Weighed {
    /// The check.
    pub check: String,
    /// Its weight in log-odds.
    pub weight: f32,
}

/// What an analyst said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ruling {
    /// The verdict that holds instead.
    pub verdict: Verdict,
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// Why, for colleagues.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Of what.
    #[serde(default)]
    pub of: Reach,
}

/// That a reporter answered our answer. What they say is beside the ledger, and goes with the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contest {
    /// When they last did.
    pub at: Instant,
}

/// Whether a message is still here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Keeping {
    /// It is, until then.
    Kept {
        /// When it goes.
        until: Instant,
    },
    /// It was deleted.
    Deleted {
        /// When.
        at: Instant,
        /// By whom.
        by: String,
    },
}

pub(crate) const fn is_none_of_them(count: &usize) -> bool {
    *count == 0
}

impl Report {
    /// The verdict that holds: the analyst's, else the room's.
    #[must_use]
    pub fn holds(&self) -> Verdict {
        self.ruling.as_ref().map_or(self.verdict, |ruling| ruling.verdict)
    }

    /// The verdict that its reporter was told, when an analyst changed it since.
    #[must_use]
    pub fn changed_from(&self) -> Option<Verdict> {
        let ruled = self.ruling.as_ref()?;
        let told = self.told.unwrap_or(self.verdict);
        (told != ruled.verdict).then_some(told)
    }

    /// Whether its reporter disagrees, and no analyst ruled since.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        let ruled = self.ruling.as_ref().map(|ruling| ruling.at);
        self.contest.is_some_and(|contest| ruled.is_none_or(|ruled| ruled < contest.at))
    }

    /// When something last happened to it that an analyst should see.
    #[must_use]
    pub fn moved(&self) -> Instant {
        self.contest.map_or(self.at, |contest| contest.at.max(self.at))
    }

    /// Whether the message is still here.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        matches!(self.keeping, Keeping::Kept { .. })
    }
}
