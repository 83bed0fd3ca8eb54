//! Where a case stands, and what leads from there to the next.

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Instant};

use super::change::{Change, ChangeError, sentence};
use crate::number::CaseNumber;

/// Where a case stands. Each variant carries what brought it there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// Somebody said so.
    Reported,
    /// Somebody looked at it and took it on.
    Triaged {
        /// Who leads it.
        lead: AccountId,
    },
    /// It is real.
    Confirmed {
        /// Who leads it.
        lead: AccountId,
        /// What shows it.
        evidence: String,
    },
    /// It spreads no further.
    Contained {
        /// Who leads it.
        lead: AccountId,
        /// What was done.
        measures: String,
    },
    /// The services work again.
    Recovered {
        /// Who leads it.
        lead: AccountId,
        /// How that was checked.
        checked: String,
    },
    /// It is over.
    Closed {
        /// When.
        at: Instant,
        /// What was behind it.
        cause: String,
        /// What is done so that it does not happen again.
        lesson: String,
    },
    /// It was none.
    Dismissed {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
    /// Another case is about the same.
    Merged {
        /// When.
        at: Instant,
        /// Which; absent for those who may not see that one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        into: Option<CaseNumber>,
        /// Why.
        reason: String,
        /// Where it stood before.
        before: Box<Self>,
    },
}

/// A stage by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// [`Stage::Reported`].
    Reported,
    /// [`Stage::Triaged`].
    Triaged,
    /// [`Stage::Confirmed`].
    Confirmed,
    /// [`Stage::Contained`].
    Contained,
    /// [`Stage::Recovered`].
    Recovered,
    /// [`Stage::Closed`].
    Closed,
    /// [`Stage::Dismissed`].
    Dismissed,
    /// [`Stage::Merged`].
    Merged,
}

impl StageName {
    /// Every stage, in their order.
    pub const ALL: [Self; 8] = [
        Self::Reported,
        Self::Triaged,
        Self::Confirmed,
        Self::Contained,
        Self::Recovered,
        Self::Closed,
        Self::Dismissed,
        Self::Merged,
    ];

    /// As written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Triaged => "triaged",
            Self::Confirmed => "confirmed",
            Self::Contained => "contained",
            Self::Recovered => "recovered",
            Self::Closed => "closed",
            Self::Dismissed => "dismissed",
            Self::Merged => "merged",
        }
    }

    /// Whether somebody still works on it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Dismissed | Self::Merged)
    }
}

impl Stage {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StageName {
        match self {
            Self::Reported => StageName::Reported,
            Self::Triaged { .. } => StageName::Triaged,
            Self::Confirmed { .. } => StageName::Confirmed,
            Self::Contained { .. } => StageName::Contained,
            Self::Recovered { .. } => StageName::Recovered,
            Self::Closed { .. } => StageName::Closed,
            Self::Dismissed { .. } => StageName::Dismissed,
            Self::Merged { .. } => StageName::Merged,
        }
    }

    /// Whether somebody still works on it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.name().is_open()
    }

    /// When it was closed, dismissed or merged.
    #[must_use]
    pub const fn closed(&self) -> Option<Instant> {
        match self {
            Self::Closed { at, .. } | Self::Dismissed { at, .. } | Self::Merged { at, .. } => {
                Some(*at)
            }
            _ => None,
        }
    }

    /// Who leads it.
    #[must_use]
    pub const fn lead(&self) -> Option<&AccountId> {
        match self {
            Self::Triaged { lead }
            | Self::Confirmed { lead, .. }
            | Self::Contained { lead, .. }
            | Self::Recovered { lead, .. } => Some(lead),
            _ => None,
        }
    }

    /// The stage after a change that leads to another.
    pub(super) fn next(
        self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        let lead = || self.lead().unwrap_or(by).clone();
        match (self.clone(), change) {
            (Self::Reported, Change::Triage) => Ok(Self::Triaged { lead: by.clone() }),
            (Self::Triaged { .. }, Change::Confirm { evidence }) => {
                sentence("the evidence", &evidence)?;
                Ok(Self::Confirmed { lead: lead(), evidence })
            }
            (Self::Confirmed { .. }, Change::Contain { measures }) => {
                sentence("what was done", &measures)?;
                Ok(Self::Contained { lead: lead(), measures })
            }
            (Self::Contained { .. }, Change::Recover { checked }) => {
                sentence("how it was checked", &checked)?;
                Ok(Self::Recovered { lead: lead(), checked })
            }
            (Self::Recovered { .. }, Change::Close { cause, lesson }) => {
                sentence("the cause", &cause)?;
                sentence("the lesson", &lesson)?;
                Ok(Self::Closed { at, cause, lesson })
            }
            (stage, Change::Dismiss { reason }) if stage.is_open() => {
                sentence("the reason", &reason)?;
                Ok(Self::Dismissed { at, reason })
            }
            (stage, Change::Merge { into, reason }) if stage.is_open() => {
                sentence("the reason", &reason)?;
                Ok(Self::Merged { at, into: Some(into), reason, before: Box::new(stage) })
            }
            (Self::Merged { before, .. }, Change::Split { reason }) => {
                sentence("the reason", &reason)?;
                Ok(*before)
            }
            (Self::Closed { .. } | Self::Dismissed { .. }, Change::Reopen { reason }) => {
                sentence("the reason", &reason)?;
                Ok(Self::Triaged { lead: by.clone() })
            }
            (stage, Change::Assign { lead }) if stage.lead().is_some() => Ok(stage.led_by(lead)),
            (stage, change) => Err(stage.refuse(&change)),
        }
    }

    fn led_by(mut self, new: AccountId) -> Self {
        if let Self::Triaged { lead }
        | Self::Confirmed { lead, .. }
        | Self::Contained { lead, .. }
        | Self::Recovered { lead, .. } = &mut self
        {
            *lead = new;
        }
        self
    }

    fn refuse(&self, change: &Change) -> ChangeError {
        let (wanted, remedy) = match change {
            Change::Triage => ("triaged", "only what was just reported is"),
            Change::Confirm { .. } => ("confirmed", "triage it first"),
            Change::Contain { .. } => ("contained", "confirm it first"),
            Change::Recover { .. } => ("recovered", "contain it first"),
            Change::Close { .. } => ("closed", "recover it first, or dismiss it"),
            Change::Dismiss { .. } => ("dismissed", "it is over already"),
            Change::Merge { .. } => ("merged", "it is over already"),
            Change::Split { .. } => ("split off", "it was not merged into another"),
            Change::Reopen { .. } if self.is_open() => ("reopened", "it is open"),
            Change::Reopen { .. } => ("reopened", "split it off the case it was merged into"),
            _ => ("assigned", "nobody leads it: triage it, or reopen it"),
        };
        ChangeError::Stage { stage: self.name().as_str(), wanted, remedy }
    }
}
