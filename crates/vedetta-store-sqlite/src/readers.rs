//! A few connections that read, opened when needed, kept, and lent to one reading each.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use vedetta_store::StoreError;

use crate::schema::{self, Purpose};
use crate::session::Session;

/// At most so many readings at a time, others wait: each keeps up to 8 MiB of pages, and 20 MiB of the
/// index over items.
const MOST: usize = 4;

/// The connections that read.
pub(crate) struct Readers {
    file: PathBuf,
    purpose: Purpose,
    shelf: Mutex<Shelf>,
    returned: Condvar,
}

/// A connection lent; it goes back by itself, even when the reading panics.
struct Lent<'a> {
    readers: &'a Readers,
    session: Option<Session>,
}

struct Shelf {
    idle: Vec<Session>,
    lent: usize,
}

impl Readers {
    /// Opens the first of them, to see whether there is something to read.
    pub(crate) fn open(file: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        let shelf = Mutex::new(Shelf { idle: Vec::new(), lent: 0 });
        let readers = Self { file: file.to_owned(), purpose, shelf, returned: Condvar::new() };
        let first = readers.connect()?;
        readers.shelf().idle.push(first);
        Ok(readers)
    }

    /// For what they were opened.
    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Lends a connection for a reading, when one is free.
    pub(crate) fn lend(
        &self,
        reading: impl FnOnce(&mut Session) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let full = |shelf: &mut Shelf| shelf.lent >= MOST;
        let waited = self.returned.wait_while(self.shelf(), full);
        let mut shelf = waited.unwrap_or_else(PoisonError::into_inner);
        shelf.lent += 1;
        let idle = shelf.idle.pop();
        drop(shelf);
        let mut lent = Lent { readers: self, session: None };
        let session = match idle {
            Some(idle) => idle,
            None => self.connect()?,
        };
        reading(lent.session.insert(session))
    }

    /// Whether nobody reads.
    pub(crate) fn rest(&self) -> bool {
        self.shelf().lent == 0
    }

    fn connect(&self) -> Result<Session, StoreError> {
        let place = self.file.display().to_string();
        let conn = schema::connect(&self.file, self.purpose)?;
        Ok(Session::new(conn, &place))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut shelf = self.readers.shelf();
        shelf.lent -= 1;
        shelf.idle.extend(self.session.take());
        drop(shelf);
        self.readers.returned.notify_one();
    }
}
