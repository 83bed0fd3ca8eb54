//! How a command ends: exit codes and refusals in one place.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Map, Value};
use vedetta_api::problem::Kind;
use vedetta_commands::{Ended, Fault, directory};
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
    #[error("{place}: {}", unreadable(reason))]
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
    Refused(Box<Refusal>),
    /// The node could not.
    #[error("{0}")]
    Unable(Box<Refusal>),
    /// Anything of the system's.
    #[error("{what}: {reason}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: String,
    },
}

/// What was wrong, where, and what to do; for programs after RFC 9457.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    /// Which kind: a kind of problem of the machine interface, or one of the command's own.
    pub(crate) code: String,
    /// What was wrong.
    pub(crate) detail: String,
    /// Where.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) what_to_do: Option<String>,
    /// What else the node said.
    #[serde(flatten)]
    pub(crate) members: Map<String, Value>,
}

impl Refusal {
    /// From a sentence in the house's way: what is wrong, then after a semicolon what to do.
    pub(crate) fn new(code: &str, sentence: &str) -> Self {
        let (detail, advice) =
            sentence.split_once("; ").map_or((sentence, None), |it| (it.0, Some(it.1.to_owned())));
        let (code, detail) = (code.to_owned(), detail.to_owned());
        Self { code, detail, place: None, what_to_do: advice, members: Map::new() }
    }

    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self { place: Some(place.to_string()), ..self }
    }

    /// Says, for people, each thing that was wrong, where there were several.
    pub(crate) fn explain(&self) {
        let faults = self.members.get("faults").and_then(Value::as_array).into_iter().flatten();
        faults.for_each(|it| eprintln!("  {}", directory::fault(it)));
    }

    /// Prints it where the answer would have been.
    pub(crate) fn print(&self, exit: u8) {
        let mut told = serde_json::to_value(self).unwrap_or_default();
        told["exit"] = exit.into();
        println!("{told}");
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{place}: ")?;
        }
        out.write_str(&self.detail)?;
        self.what_to_do.iter().try_for_each(|advice| write!(out, "; {advice}"))
    }
}

/// Why an input cannot be read, and what to do about it.
fn unreadable(reason: &str) -> String {
    let usual = "check the file, and that this user may read it";
    let (what, advice) = reason.split_once("; ").unwrap_or((reason, usual));
    format!("cannot be read ({what}); {advice}")
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Whole => Self::Done,
            Ended::Partly => Self::Partly,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let refused = |code, sentence: &str| Box::new(Refusal::new(code, sentence));
        match fault {
            Fault::Unread { place, reason } => Self::Input { place, reason },
            Fault::System { what, reason } => Self::System { what, reason },
            Fault::Invalid { place, sentence } => {
                Self::Refused(Box::new(Refusal::new("invalid", &sentence).at(place)))
            }
            Fault::Unknown(sentence) => Self::Refused(refused("unknown", &sentence)),
            Fault::Usage(sentence) => Self::Usage(sentence),
            Fault::Strange(reason) => {
                let reason = format!("{reason}; is it this version of the program that runs?");
                Self::System { what: "the node's answer".into(), reason }
            }
        }
    }
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

    pub(crate) fn input(place: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self::Input { place: place.to_string(), reason: reason.to_string() }
    }

    /// A refusal of the command's own: what it was given breaks a rule.
    pub(crate) fn refused(sentence: impl AsRef<str>) -> Self {
        Self::Refused(Box::new(Refusal::new("invalid", sentence.as_ref())))
    }

    /// As programs read it.
    pub(crate) fn refusal(&self) -> Refusal {
        let said = self.to_string();
        let (refusal, advice) = match self {
            Self::Refused(refusal) | Self::Unable(refusal) => {
                (Refusal::clone(refusal), "see its documentation, /api/v1/openapi.json")
            }
            Self::Usage(_) => (Refusal::new("usage", &said), "see --help"),
            Self::Input { place, reason } => {
                (Refusal::new("unreadable", &unreadable(reason)).at(place), "")
            }
            Self::Store(_) | Self::Flow(FlowError::Store(_)) => {
                (Refusal::new("ledger", &said), "see what the engine said, then try again")
            }
            Self::Flow(error) => {
                let kind = Kind::from(error);
                (Refusal::new(kind.face().0, &said), kind.advice())
            }
            Self::Sensor(SensorError::Node { .. }) => (
                Refusal::new("sensor", &said),
                "see that the node runs there and is reached from here; where it is elsewhere, ask for a code \
                 made with --address",
            ),
            Self::Sensor(_) => (Refusal::new("sensor", &said), "mend that, then try again"),
            Self::System { what, reason } => (
                Refusal::new("system", reason).at(what),
                "mend what the system says, then try again",
            ),
        };
        let what_to_do = refusal.what_to_do.or_else(|| Some(advice.to_owned()));
        Refusal { what_to_do, ..refusal }
    }

    pub(crate) fn exit(&self) -> u8 {
        match self {
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
        }
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
