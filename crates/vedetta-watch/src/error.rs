//! Why the watch did not do what was asked.

use serde::Serialize;
use vedetta_desk::refusal::Refusal as _;
use vedetta_desk::{CaseNumber, ChangeError};
use vedetta_flow::FlowError;
use vedetta_store::StoreError;

use crate::views::see_case::Moment;

/// Why it was not done. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// As the house says it.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// Somebody changed it meanwhile.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// Refused by a rule of the desk, told in both languages.
    #[error("{error}")]
    Refused {
        /// As the house says it.
        error: FlowError,
        /// The same in Italian.
        italian: Box<str>,
    },
}

/// A case that was changed since it was read.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Stale {
    /// Which case.
    pub number: CaseNumber,
    /// What was done since, the newest first, as far as who asks may see it.
    pub changes: Vec<Moment>,
}

impl Stale {
    fn sentence(&self) -> String {
        let done = |it: &Moment| format!("{} at {}: {}", it.by, it.at, it.did.words().en);
        let done: Vec<_> = self.changes.iter().take(5).map(done).collect();
        let done = if done.is_empty() { String::new() } else { format!(" ({})", done.join(", ")) };
        let number = self.number;
        format!("case {number} was changed since you read it{done}; read it again and repeat")
    }
}

impl From<StoreError> for WatchError {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

impl From<ChangeError> for WatchError {
    fn from(error: ChangeError) -> Self {
        let told = match &error {
            ChangeError::Stage { .. } | ChangeError::Held { .. } | ChangeError::Many { .. } => {
                FlowError::Conflict(error.to_string())
            }
            _ => FlowError::invalid("change", &error),
        };
        Self::refused(told, error.italian())
    }
}

impl WatchError {
    pub(crate) fn unknown(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Flow(FlowError::unknown(what, id))
    }

    pub(crate) fn invalid(place: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Flow(FlowError::invalid(place, reason))
    }

    /// With what people read in Italian.
    pub(crate) fn refused(error: FlowError, italian: impl Into<String>) -> Self {
        Self::Refused { error, italian: italian.into().into() }
    }

    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self::Flow(FlowError::Conflict(reason.into()))
    }
}
