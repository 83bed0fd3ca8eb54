//! An event log of Windows (EVTX), as it is exported: read anew when it has changed, from the record
//! where it was left.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use vedetta_intake::evtx::{self, Damage, Record};

use crate::kept;
use crate::tail::More;

/// Where a log was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordPlace {
    /// The highest number of a record, when it was last gone through.
    last: u64,
    /// So many of the records after that were handed over since.
    #[serde(default)]
    passed: u64,
}

/// A log.
pub(crate) struct EventLog {
    path: PathBuf,
    place: RecordPlace,
    /// Its length and when it was written, as it was read.
    seen: Option<Known>,
    pass: Option<Pass>,
    /// Parts that could not be read.
    pub(crate) damaged: u64,
}

type Known = (u64, SystemTime);

/// One time through the log, on a thread of its own: to take records apart takes long.
struct Pass {
    known: Known,
    parts: Receiver<Part>,
}

/// What a pass comes by.
enum Part {
    Records(Vec<Record>),
    /// The end, or why it broke off.
    End(std::io::Result<Whole>),
}

/// A log that was gone through.
#[derive(Default)]
struct Whole {
    /// The highest number of a record.
    highest: u64,
    /// Parts that could not be read.
    damaged: u64,
    /// Records that were handed over before and were not there any more.
    missing: u64,
}

/// Octets of records that go together, and how many such wait at most.
const TOGETHER: usize = 256 << 10;
const WAITING: usize = 2;

/// Whether a file is such a log, by its name.
pub(crate) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("evtx"))
}

impl EventLog {
    pub(crate) fn new(path: &Path, left_at: Option<RecordPlace>) -> Self {
        let place = left_at.unwrap_or_default();
        Self { path: path.to_owned(), place, seen: None, pass: None, damaged: 0 }
    }

    /// Takes what there is of what is new, and calls `each` with every record and a number that tells
    /// it from all others of this file.
    pub(crate) fn read(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<More> {
        let pass = match self.pass.take() {
            Some(pass) => pass,
            None => {
                let known = match std::fs::metadata(&self.path) {
                    Ok(known) => (known.len(), known.modified()?),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        return Ok(More::Later);
                    }
                    Err(error) => return Err(error),
                };
                if self.seen == Some(known) {
                    return Ok(More::Later);
                }
                Pass::begin(&self.path, self.place, known)?
            }
        };
        match pass.parts.try_recv() {
            Ok(Part::Records(records)) => {
                self.place.passed += records.len() as u64;
                let name = self.path.as_os_str().as_encoded_bytes();
                for Record { number, json, .. } in records {
                    each(json.as_bytes(), kept::number(&[name, &number.to_le_bytes()]));
                }
                self.pass = Some(pass);
                Ok(More::Now)
            }
            Ok(Part::End(outcome)) => {
                let Whole { highest, damaged, missing } = outcome?;
                if highest < self.place.last || missing > 0 {
                    // Another log stands in its place.
                    self.place = RecordPlace::default();
                    return Ok(More::Now);
                }
                // Only now: records do not always stand in their order.
                self.place = RecordPlace { last: highest, passed: 0 };
                self.damaged += damaged;
                self.seen = Some(pass.known);
                Ok(More::Later)
            }
            Err(TryRecvError::Empty) => {
                self.pass = Some(pass);
                Ok(More::Soon)
            }
            Err(TryRecvError::Disconnected) => {
                Err(std::io::Error::other("the thread that read it was lost"))
            }
        }
    }

    /// How far it was read.
    pub(crate) fn place(&self) -> RecordPlace {
        self.place
    }
}

impl Pass {
    /// Begins to read what comes after a place.
    fn begin(path: &Path, place: RecordPlace, known: Known) -> std::io::Result<Self> {
        let (sender, parts) = sync_channel(WAITING);
        let path = path.to_owned();
        let read = move || {
            let outcome = go_through(&path, place, &sender);
            // Whoever waited may be gone.
            let _told = sender.send(Part::End(outcome));
        };
        std::thread::Builder::new().name("event-log".into()).spawn(read)?;
        Ok(Self { known, parts })
    }
}

/// Goes through a log, and hands over the records after a place.
fn go_through(path: &Path, place: RecordPlace, to: &SyncSender<Part>) -> std::io::Result<Whole> {
    let mut whole = Whole { missing: place.passed, ..Whole::default() };
    let (mut together, mut octets) = (Vec::new(), 0);
    let mut record = |record: Result<Record, Damage>| {
        match record {
            Ok(record) => {
                whole.highest = whole.highest.max(record.number);
                let is_new = record.number > place.last;
                if is_new && whole.missing > 0 {
                    whole.missing -= 1;
                } else if is_new {
                    octets += record.json.len();
                    together.push(record);
                }
            }
            Err(_) => whole.damaged += 1,
        }
        if octets >= TOGETHER {
            octets = 0;
            to.send(Part::Records(std::mem::take(&mut together)))
                .map_err(|_| "nobody waits for it any more")?;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    evtx::each(BufReader::new(File::open(path)?), &mut record).map_err(std::io::Error::other)?;
    if !together.is_empty() {
        // Whoever waited may be gone.
        let _told = to.send(Part::Records(together));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks again until it is there.
    fn wait<T>(mut ask: impl FnMut() -> Option<T>) -> T {
        for _ in 0..10_000 {
            if let Some(it) = ask() {
                return it;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
        panic!("it does not come");
    }

    const CHUNK: &[u8] = include_bytes!("../../vedetta-intake/tests/corpus/evtx/three-records");

    #[test]
    fn a_record_is_read_once_and_another_log_from_its_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Security.evtx");
        let mut log = vec![0; 4_096 + 65_536];
        log[..8].copy_from_slice(evtx::MAGIC);
        log[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
        log[120] = 4;
        log[4_096..4_096 + CHUNK.len()].copy_from_slice(CHUNK);
        std::fs::write(&path, &log).unwrap();
        assert!(is_one(&path) && !is_one(Path::new("auth.log")));
        let read = |log: &mut EventLog| {
            let mut numbers = Vec::new();
            wait(|| {
                let more = log.read(&mut |_, number| numbers.push(number)).unwrap();
                (more == More::Later).then_some(())
            });
            numbers
        };
        let mut first = EventLog::new(&path, None);
        let all = read(&mut first);
        assert_eq!((all.len(), first.place()), (3, RecordPlace { last: 43, passed: 0 }));
        assert_eq!(read(&mut first), [0_u64; 0], "nothing has changed");
        let after = |last| EventLog::new(&path, Some(RecordPlace { last, passed: 0 }));
        assert_eq!(read(&mut after(42)), all[2..], "the same record has the same number");
        assert_eq!(read(&mut after(1_000)), all, "it was cleared");
        let mut stopped = EventLog::new(&path, None);
        let mut numbers = Vec::new();
        wait(|| {
            stopped.read(&mut |_, number| numbers.push(number)).unwrap();
            (!numbers.is_empty()).then_some(())
        });
        let mut resumed = EventLog::new(&path, Some(stopped.place()));
        numbers.extend(read(&mut resumed));
        assert_eq!(numbers, all, "it was stopped in the middle, and hands over nothing twice");
        assert_eq!(resumed.place(), first.place());
        let mut other = EventLog::new(&path, Some(RecordPlace { last: 0, passed: 4 }));
        assert_eq!(read(&mut other), all, "another log stands there since it was stopped");
        let before: RecordPlace = serde_json::from_str(r#"{"last":42}"#).unwrap();
        assert_eq!(before, RecordPlace { last: 42, passed: 0 }, "as it was kept before");
    }

    #[test]
    fn who_takes_a_log_apart_makes_nobody_wait() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Security.evtx");
        // A log that cannot be read until somebody writes it.
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let mut log = EventLog::new(&path, None);
        let none = &mut |_: &[u8], _| panic!("no record");
        assert_eq!(log.read(none).unwrap(), More::Soon);
        assert_eq!(log.read(none).unwrap(), More::Soon);
        std::fs::write(&path, "no event log").unwrap();
        let outcome = wait(|| Some(log.read(none)).filter(|it| !matches!(it, Ok(More::Soon))));
        assert!(outcome.is_err(), "it is told");
    }
}
