//! What is usual, kept on disk: a restart does not begin the learning anew.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vedetta_detect::baseline::{LARGEST, Learned};
use vedetta_model::{Clock, Instant};

use crate::aside::Aside;
use crate::error::SensorError;
use crate::kept;
use crate::watch::Watch;

/// The file, and when it was written.
pub(crate) struct Usual {
    path: PathBuf,
    kept: Instant,
    /// How long it took to write it down, without check number and disk.
    keeping: Duration,
    pub(crate) writes: Writes,
}

/// Whether it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    Now,
    No,
}

/// How often it is kept; less often when that takes long.
const OFTEN: Duration = Duration::from_secs(300);

impl Usual {
    pub(crate) fn new(directory: &Path, now: Instant) -> Self {
        let path = directory.join("baselines");
        Self { path, kept: now, keeping: Duration::ZERO, writes: Writes::No }
    }

    /// Takes up what was kept. What cannot be read is told, and learned anew.
    pub(crate) fn take_up(&self, watch: &mut Watch, now: Instant) {
        let reason = match self.read() {
            Ok(None) => return,
            Ok(Some(octets)) => watch.take_up_usual(&octets, now).map_err(|it| it.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = reason {
            let file = self.path.display();
            tracing::warn!(%file, reason, "what is usual cannot be taken up; it is learned anew");
        }
    }

    fn read(&self) -> std::io::Result<Option<Vec<u8>>> {
        let file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut octets = Vec::new();
        file.take(LARGEST as u64 + 1).read_to_end(&mut octets)?;
        Ok(Some(octets))
    }

    /// Keeps it, when it is time, beside the watching. To be called after how far was read is kept: what
    /// is read twice must not be learned twice.
    pub(crate) fn keep(&mut self, watch: &Watch, aside: &Aside, clock: &dyn Clock) {
        let begun = clock.now();
        let wait = OFTEN.max(self.keeping * 20);
        if self.writes == Writes::Now || (begun >= self.kept && begun.since(self.kept) < wait) {
            return;
        }
        self.kept = begun;
        if let Some(usual) = watch.usual() {
            self.writes = Writes::Now;
            self.keeping = clock.now().since(begun);
            aside.keep(self.path.clone(), usual);
        }
    }

    /// It was written, or not.
    pub(crate) fn was_kept(&mut self, outcome: Result<(), SensorError>) {
        self.writes = Writes::No;
        if let Err(error) = outcome {
            tracing::warn!(%error, "what is usual cannot be kept; trying again");
        }
    }

    /// Keeps it before the end.
    pub(crate) fn keep_at_last(&self, watch: &Watch) -> Result<(), SensorError> {
        watch.usual().map_or(Ok(()), |usual| write(&self.path, usual))
    }
}

/// Writes it, unless it could not be taken up again.
pub(crate) fn write(path: &Path, usual: Learned) -> Result<(), SensorError> {
    if let Some(octets) = usual.sealed() {
        return kept::replace(path, &octets);
    }
    let file = path.display();
    tracing::warn!(%file, LARGEST, "what is usual is too large to keep; what was kept before stays");
    Ok(())
}
