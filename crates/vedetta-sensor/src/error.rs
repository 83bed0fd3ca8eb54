//! Why a sensor does not run.

use std::path::{Path, PathBuf};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// The settings.
    #[error("{}: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of the sensor's own.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It was not enrolled.
    #[error("{}: no sensor was enrolled here; run `vedetta sensor enrol CODE` first", .0.display())]
    NotEnrolled(PathBuf),
    /// Another runs in the same directory.
    #[error("{}: another sensor runs here; stop it, or use another directory", .0.display())]
    InUse(PathBuf),
    /// The node cannot be reached, or is another one.
    #[error("{address}: {reason}")]
    Node {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The node refused.
    #[error("the node refused: {0}")]
    Refused(String),
}

impl SensorError {
    pub(crate) fn file(path: &Path, error: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }
}
