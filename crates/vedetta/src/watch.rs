//! A watched directory: what appears in it is taken in, and put away with a report.
//!
//! A file is complete when it is the same at two looks. It goes to `done/`, or to `refused/` when
//! nothing of it could be taken, and `NAME.report.json` beside it names each fault. A file that was
//! taken in but not yet put away when the node stopped is simply taken in again, which changes
//! nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch::Receiver;
use tokio::time::MissedTickBehavior;
use vedetta_flow::{FlowError, House};
use vedetta_intake::Arrival;
use vedetta_model::{Clock as _, Instant};

use crate::commands::import::{Tally, bring_stix, bring_table, is_table};
use crate::outcome::Failure;
use crate::progress::Progress;
use crate::system::SystemClock;

/// A directory that is watched.
pub(crate) struct Watched {
    directory: PathBuf,
    house: Arc<House>,
    /// What was there at the last look.
    seen: BTreeMap<PathBuf, Sight>,
    /// What could not be put away: left alone until it changes.
    stuck: BTreeMap<PathBuf, Sight>,
}

/// By what a file is seen to be the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sight {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

/// What became of a file.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    at: Instant,
    /// Why nothing of it, or not all of it, could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    tally: Tally,
}

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Files seen at one look at most; the others are seen when these are put away.
const MOST: usize = 10_000;
/// Where files go.
const DONE: &str = "done";
const REFUSED: &str = "refused";

impl Watched {
    /// Makes ready to watch a directory for a node.
    pub(crate) fn new(directory: &Path, house: Arc<House>) -> Result<Self, Failure> {
        for place in [DONE, REFUSED] {
            let place = directory.join(place);
            let made = if place.is_dir() { Ok(()) } else { fs::create_dir(&place) };
            made.map_err(|error| {
                Failure::Usage(format!(
                    "{}: {error}; --watch wants a directory that the node may write into",
                    place.display()
                ))
            })?;
        }
        let directory = directory.to_owned();
        Ok(Self { directory, house, seen: BTreeMap::new(), stuck: BTreeMap::new() })
    }

    /// Watches until closed. A file under way is then left for the next start.
    pub(crate) async fn run(mut self, mut closed: Receiver<bool>) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = closed.wait_for(|closed| *closed) => return,
                _ = looks.tick() => {}
            }
            let stop = closed.clone();
            let looked = tokio::task::spawn_blocking(move || {
                self.look(&stop);
                self
            });
            match looked.await {
                Ok(again) => self = again,
                Err(error) => {
                    tracing::error!(%error, "the directory is not watched any more");
                    return;
                }
            }
        }
    }

    fn look(&mut self, stop: &Receiver<bool>) {
        let found = match self.files() {
            Ok(found) => found,
            Err(error) => {
                let directory = self.directory.display();
                tracing::error!(%directory, %error, "the watched directory cannot be read");
                return;
            }
        };
        self.stuck.retain(|path, sight| found.get(path) == Some(sight));
        let before = std::mem::replace(&mut self.seen, found.clone());
        for (path, sight) in found {
            let complete = before.get(&path) == Some(&sight) && !self.stuck.contains_key(&path);
            if !complete || *stop.borrow() {
                continue;
            }
            if let Err(error) = self.take(&path, sight, stop) {
                tracing::error!(file = %path.display(), %error, "not put away");
                self.stuck.insert(path, sight);
            }
        }
    }

    /// The files that are to be taken in: JSON and CSV, neither hidden nor linked from elsewhere.
    fn files(&self) -> io::Result<BTreeMap<PathBuf, Sight>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            let extension = path.extension().map(|it| it.to_ascii_lowercase());
            let known = extension.is_some_and(|it| it == "json" || it == "csv");
            // One that went away meanwhile is no longer to be taken in.
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            if known && !hidden && about.is_file() && files.len() < MOST {
                files.insert(path, Sight::of(&about));
            }
        }
        Ok(files)
    }

    /// Takes a file in and puts it away, unless the node stops or the ledger cannot.
    fn take(&self, path: &Path, sight: Sight, stop: &Receiver<bool>) -> io::Result<()> {
        let mut tally = Tally::default();
        let reason = match self.bring(path, &mut tally, stop) {
            Ok(()) => None,
            Err(_) if *stop.borrow() => return Ok(()),
            Err(Failure::Input { place, reason }) => Some(format!("{place}: {reason}")),
            Err(error) => {
                let file = path.display();
                tracing::error!(%file, %error, "not taken in; trying again");
                return Ok(());
            }
        };
        if fs::symlink_metadata(path).map(|about| Sight::of(&about)).ok() != Some(sight) {
            // It was written on meanwhile: the next looks see it whole.
            return Ok(());
        }
        self.put_away(path, reason, tally)
    }

    fn bring(&self, path: &Path, tally: &mut Tally, stop: &Receiver<bool>) -> Result<(), Failure> {
        let keeper = self.house.operator()?;
        let name = path.display().to_string();
        let mut accept = |arrival: Arrival| {
            if *stop.borrow() {
                return Err(FlowError::Conflict("the node is stopping".into()).into());
            }
            tally.add(&name, self.house.accept(&keeper, arrival)?);
            Ok(())
        };
        match is_table(path) {
            true => bring_table(&keeper.organisation, path, &Progress::hidden(), &mut accept),
            false => bring_stix(path, &Progress::hidden(), |arrival| arrival, &mut accept),
        }
    }

    fn put_away(&self, path: &Path, reason: Option<String>, tally: Tally) -> io::Result<()> {
        let refused = tally.is_nothing() && (reason.is_some() || tally.is_refused());
        let place = self.directory.join(if refused { REFUSED } else { DONE });
        let target = free(&place, path);
        let file = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let counts = tally.to_string();
        let report = Report { file: &file, at: SystemClock.now(), reason, tally };
        let text = serde_json::to_vec_pretty(&report).map_err(io::Error::other)?;
        fs::write(place.join(format!("{}.report.json", short(&file))), text)?;
        fs::rename(path, target)?;
        tracing::info!(file, place = %place.display(), counts, "taken in");
        Ok(())
    }
}

impl Sight {
    fn of(about: &fs::Metadata) -> Self {
        let modified = (about.mtime(), about.mtime_nsec());
        Self { inode: about.ino(), length: about.len(), modified }
    }
}

/// A name in a place that nothing has yet: the file's own, or with a number before it.
fn free(place: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let mut target = place.join(name);
    for number in 2_u64.. {
        if !target.exists() {
            break;
        }
        let mut numbered = std::ffi::OsString::from(format!("{number}-"));
        numbered.push(name);
        target = place.join(numbered);
    }
    target
}

/// A name that leaves room for an ending.
fn short(name: &str) -> &str {
    const ROOM: usize = 200;
    let end = (0..=ROOM.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}
