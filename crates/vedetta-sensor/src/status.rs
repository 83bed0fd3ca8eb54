//! How a sensor does, and what it sends, for those who ask on its machine.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use vedetta_detect::report::{Heartbeat, Told};
use vedetta_model::Instant;

use crate::error::SensorError;
use crate::kept;
use crate::outbox::Outbox;

/// How a sensor does; written by it every few seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was written.
    pub at: Instant,
    /// What it tells the node every twenty seconds.
    pub beat: Heartbeat,
    /// When the node last took anything.
    pub heard: Option<Instant>,
    /// What was last wrong with the link, if it is.
    pub trouble: Option<String>,
    /// What it reads.
    pub inputs: Vec<InputStatus>,
    /// The words that stand for hosts and accounts in what was told lately.
    pub words: BTreeMap<String, String>,
}

/// How one input does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputStatus {
    /// Its name.
    pub name: String,
    /// Lines read since the start.
    pub lines: u64,
    /// Octets that wait.
    pub backlog: u64,
    /// Times that it was not found where it was left.
    pub gaps: u64,
    /// Why it cannot be read, if it cannot.
    pub trouble: Option<String>,
}

/// What has left the house, and what is about to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Leaves {
    /// The last sign of life.
    pub beat: Heartbeat,
    /// Findings that wait to be sent.
    pub waiting: Vec<Told>,
    /// Reports sent, each byte for byte, newest last.
    pub sent: Vec<String>,
}

const STATUS: &str = "status.json";
const SENT: &str = "sent.jsonl";
const SENT_BEFORE: &str = "sent.before.jsonl";
/// Octets of reports that are kept before the older half goes.
const LARGEST: u64 = 1 << 20;

impl Status {
    /// Reads that of a directory; nothing when no sensor ran there.
    ///
    /// # Errors
    /// What the system said.
    pub fn read(directory: &Path) -> Result<Option<Self>, SensorError> {
        kept::get(&directory.join(STATUS))
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), SensorError> {
        kept::put(&directory.join(STATUS), self)
    }
}

impl Leaves {
    /// Reads it from a directory.
    ///
    /// # Errors
    /// What the system said.
    pub fn read(directory: &Path) -> Result<Self, SensorError> {
        let beat = Status::read(directory)?.unwrap_or_default().beat;
        let waiting = Outbox::read(&directory.join(crate::run::OUTBOX))?;
        let text = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap_or_default();
        let sent = text(SENT_BEFORE) + &text(SENT);
        Ok(Self { beat, waiting, sent: sent.lines().map(str::to_owned).collect() })
    }
}

/// Notes what is sent, before it is.
pub(crate) fn note_sent(directory: &Path, body: &[u8]) -> Result<(), SensorError> {
    let path = directory.join(SENT);
    let note = || {
        let mut file = kept::append(&path)?;
        if file.metadata()?.len() > LARGEST / 2 {
            std::fs::rename(&path, directory.join(SENT_BEFORE))?;
            file = kept::append(&path)?;
        }
        file.write_all(&[body, b"\n"].concat())
    };
    note().map_err(|error: std::io::Error| SensorError::file(&path, error))
}
