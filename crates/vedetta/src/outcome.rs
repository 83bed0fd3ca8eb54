//! How a command ends: exit codes in one place.

use std::process::ExitCode;

use vedetta_flow::FlowError;
use vedetta_intake::events::Unread;
use vedetta_sensor::SensorError;
use vedetta_store::StoreError;

/// How a command that ran ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// All of it was done.
    Done,
    /// Some of it was not; the output says what.
    Partly,
}

/// Why a command did not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line or the configuration.
    #[error("{0}")]
    Usage(String),
    /// The input.
    #[error("{place}: cannot be read ({reason})")]
    Input {
        /// The file.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The corridor.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The sensor.
    #[error(transparent)]
    Sensor(#[from] SensorError),
    /// The node refused.
    #[error("{0}")]
    Refused(String),
    /// The node could not.
    #[error("{0}")]
    Unable(String),
    /// Anything of the system's.
    #[error("{what}: {reason}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: String,
    },
}

impl From<Unread> for Failure {
    fn from(Unread { place, reason }: Unread) -> Self {
        Self::Input { place, reason }
    }
}

impl Failure {
    pub(crate) fn system(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::System { what: what.into(), reason: reason.to_string() }
    }

    pub(crate) fn input(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Input { place: place.into(), reason: reason.to_string() }
    }

    pub(crate) fn exit(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_)
            | Self::Sensor(SensorError::Settings { .. } | SensorError::NotEnrolled(_)) => 2,
            Self::Input { .. } => 3,
            Self::Store(_)
            | Self::Flow(FlowError::Store(_))
            | Self::Unable(_)
            | Self::Sensor(
                SensorError::File { .. } | SensorError::InUse(_) | SensorError::Node { .. },
            )
            | Self::System { .. } => 4,
            Self::Flow(_) | Self::Refused(_) | Self::Sensor(SensorError::Refused(_)) => 5,
        })
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Partly => Self::from(1),
        }
    }
}
