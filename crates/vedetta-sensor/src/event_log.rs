//! An event log of Windows (EVTX), as it is exported: read anew when it has changed, from the record
//! where it was left.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use vedetta_intake::evtx::{self, Damage, Record};

use crate::kept;
use crate::tail::More;

/// The number of the last record that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordPlace {
    last: u64,
}

/// A log.
pub(crate) struct EventLog {
    path: PathBuf,
    place: RecordPlace,
    /// Its length and when it was written, as it was read.
    seen: Option<(u64, SystemTime)>,
    /// Parts that could not be read.
    pub(crate) damaged: u64,
}

/// Whether a file is such a log, by its name.
pub(crate) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("evtx"))
}

impl EventLog {
    pub(crate) fn new(path: &Path, left_at: Option<RecordPlace>) -> Self {
        let place = left_at.unwrap_or_default();
        Self { path: path.to_owned(), place, seen: None, damaged: 0 }
    }

    /// Reads what is new, and calls `each` with every record and a number that tells it from all others
    /// of this file.
    pub(crate) fn read(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<More> {
        let known = match std::fs::metadata(&self.path) {
            Ok(known) => (known.len(), known.modified()?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(More::Later),
            Err(error) => return Err(error),
        };
        if self.seen == Some(known) {
            return Ok(More::Later);
        }
        let highest = self.pass(each)?;
        if highest < self.place.last {
            // Another log stands in its place.
            self.place.last = 0;
            self.pass(each)?;
        }
        self.place.last = self.place.last.max(highest);
        self.seen = Some(known);
        Ok(More::Later)
    }

    /// How far it was read.
    pub(crate) fn place(&self) -> RecordPlace {
        self.place
    }

    /// Goes through the log; answers the highest number of a record.
    fn pass(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<u64> {
        let name = self.path.as_os_str().as_encoded_bytes();
        let (last, mut highest, mut damaged) = (self.place.last, 0, 0);
        let mut record = |record: Result<Record, Damage>| {
            match record {
                Ok(Record { number, json }) => {
                    highest = highest.max(number);
                    if number > last {
                        each(json.as_bytes(), kept::number(&[name, &number.to_le_bytes()]));
                    }
                }
                Err(_) => damaged += 1,
            }
            Ok::<_, Damage>(())
        };
        let file = BufReader::new(File::open(&self.path)?);
        evtx::each(file, &mut record).map_err(std::io::Error::other)?;
        self.damaged += damaged;
        Ok(highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(log.read(&mut |_, number| numbers.push(number)).unwrap(), More::Later);
            numbers
        };
        let mut first = EventLog::new(&path, None);
        let all = read(&mut first);
        assert_eq!((all.len(), first.place()), (3, RecordPlace { last: 43 }));
        assert_eq!(read(&mut first), [0_u64; 0], "nothing has changed");
        let after = |last| EventLog::new(&path, Some(RecordPlace { last }));
        assert_eq!(read(&mut after(42)), all[2..], "the same record has the same number");
        assert_eq!(read(&mut after(1_000)), all, "it was cleared");
    }
}
