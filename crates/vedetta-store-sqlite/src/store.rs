//! The store: a writer, a few readers, and the directory they have for themselves.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

use crate::directory::{LEDGER_FILE, Occupied, is_occupied};
use crate::readers::Readers;
use crate::schema::{self, Purpose};
use crate::session::Session;

/// A ledger on SQLite.
pub struct SqliteStore {
    // Closed in this order: the writer last, so that it folds the log into the file, and then the
    // directory is free for others.
    readers: Readers,
    writer: Option<Mutex<Session>>,
    file: PathBuf,
    /// How the file was when it was taken to be one that nobody changes.
    frozen: Option<Look>,
    _directory: Option<Occupied>,
}

/// By what one sees from outside that a file was written.
type Look = Option<(u64, SystemTime)>;

impl SqliteStore {
    /// Opens the ledger in a data directory, both made if need be, for this process alone.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Newer`] when a later
    /// version made it, and what the system says about the directory, the disk or the file.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::occupy(Occupied::enter(directory)?, Purpose::Write)
    }

    /// Opens the ledger that is in a data directory, as [`SqliteStore::open`] does, and makes none:
    /// where it was lost, nothing is put in its place.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and [`StoreError::Missing`] when there is no file, or nothing in it.
    pub fn open_made(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join(LEDGER_FILE);
        let missing = || StoreError::Missing { place: file.display().to_string() };
        let empty = match std::fs::metadata(&file) {
            Ok(found) => found.len() == 0,
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if empty {
            return Err(missing());
        }
        let directory = Occupied::enter(directory)?;
        if !schema::is_made(&file)? {
            return Err(missing());
        }
        Self::occupy(directory, Purpose::Write)
    }

    /// Opens the ledger in a data directory for reading only, also beside a running node. Where no
    /// node runs, no file is changed or made by it. Writing to it answers [`StoreError::ReadOnly`].
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and [`StoreError::Missing`] when there is no ledger.
    pub fn open_read_only(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join(LEDGER_FILE);
        if std::fs::metadata(&file).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(StoreError::Missing { place: file.display().to_string() });
        }
        let beside = |what| directory.join(format!("{LEDGER_FILE}-{what}"));
        let log_is_empty = std::fs::metadata(beside("wal")).map_or(true, |log| log.len() == 0);
        let purpose = if is_occupied(directory) || !file.is_file() {
            Purpose::Read
        } else if log_is_empty {
            Purpose::ReadFrozen
        } else if beside("shm").is_file() {
            Purpose::ReadLeft
        } else {
            Purpose::Read
        };
        let frozen = look(&file);
        let readers = match Readers::open(&file, purpose) {
            // A medium that cannot be written has no room for the log's index, nor needs it.
            Err(StoreError::Unreachable { .. } | StoreError::ReadOnly { .. })
                if purpose == Purpose::Read && file.is_file() && log_is_empty =>
            {
                Readers::open(&file, Purpose::ReadFrozen)?
            }
            told => told?,
        };
        let frozen = (readers.purpose() == Purpose::ReadFrozen).then_some(frozen);
        Ok(Self { readers, writer: None, file, frozen, _directory: None })
    }

    /// A ledger that goes with this value, for tests.
    ///
    /// # Errors
    /// What the system says about its temporary directory.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::occupy(Occupied::passing()?, Purpose::WritePassing)
    }

    fn occupy(directory: Occupied, purpose: Purpose) -> Result<Self, StoreError> {
        let file = directory.ledger();
        let place = file.display().to_string();
        let mut conn = schema::connect(&file, purpose)?;
        schema::migrate(&mut conn, &place)?;
        let writer = Some(Mutex::new(Session::new(conn, &place)));
        let readers = Readers::open(&file, Purpose::Read)?;
        Ok(Self { readers, writer, file, frozen: None, _directory: Some(directory) })
    }
}

impl Store for SqliteStore {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else {
            let place = self.file.display().to_string();
            return Err(StoreError::ReadOnly { place, reason: "opened for reading only".into() });
        };
        // A work that panicked was rolled back: the connection is as good as before.
        writer.lock().unwrap_or_else(PoisonError::into_inner).working(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let told = self.readers.lend(|session| session.reading(reading));
        // Who is within a unit of work folds after it.
        if self.readers.rest()
            && let Some(Ok(mut writer)) = self.writer.as_ref().map(Mutex::try_lock)
        {
            writer.fold_at_rest();
        }
        match &self.frozen {
            // A node began to work here: what was read of the file may be of two moments.
            Some(before) if *before != look(&self.file) => Err(StoreError::Engine {
                place: self.file.display().to_string(),
                reason: "a node wrote to it while it was read; run the command again".into(),
            }),
            _ => told,
        }
    }
}

fn look(file: &Path) -> Look {
    let file = std::fs::metadata(file).ok()?;
    Some((file.len(), file.modified().ok()?))
}
