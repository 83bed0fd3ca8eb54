//! The store: a writer, a few readers, and the lock that keeps a second node out.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

use crate::address::Address;
use crate::blocking::blocking;
use crate::engine::Engine;
use crate::entries::get;
use crate::fault;
use crate::schema;
use crate::session::{Session, Unit};

/// The schema of a ledger whose schema is not named.
pub const DEFAULT_SCHEMA: &str = "vedetta";

/// At most so many readings at a time; others wait.
const READERS: usize = 4;

const BEGIN_WORK: &str = "-- name: begin_work
BEGIN ISOLATION LEVEL READ COMMITTED";

const COMMIT_WORK: &str = "-- name: commit_work
COMMIT";

const ABANDON_WORK: &str = "-- name: abandon_work
ROLLBACK";

const BEGIN_READING: &str = "-- name: begin_reading
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const END_READING: &str = "-- name: end_reading
COMMIT";

/// Held as long as the session lives.
const LOCK_LEDGER: &str = "-- name: lock_ledger
SELECT pg_advisory_lock(hashtextextended('vedetta ' || $1::text, 0))::text";

const OUTCOME: &str = "-- name: outcome
SELECT pg_xact_status($1::text::xid8)";

/// A ledger on PostgreSQL.
pub struct PostgresStore {
    address: Address,
    /// The session that writes; none for a reader, or after it was lost until the next unit of work.
    writer: Option<Mutex<Option<Session>>>,
    readers: Readers,
}

/// Connections that read, opened when needed and kept.
#[derive(Default)]
struct Readers {
    state: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Default)]
struct Pool {
    free: Vec<Session>,
    busy: usize,
}

/// A place among the readers, given up when it goes.
struct Turn<'a>(&'a Readers);

impl PostgresStore {
    /// Opens the ledger, for this process alone, and makes its schema or brings it up to date.
    /// `url` is a connection string of PostgreSQL, of either form; without a schema it is
    /// [`DEFAULT_SCHEMA`].
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the address, the schema's name or the server does not fit,
    /// [`StoreError::Unreachable`], [`StoreError::Locked`] when another process has it,
    /// [`StoreError::Newer`] when a later version made it, and whatever else the server says.
    pub fn open(url: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        Self::open_with(Address::read(url, schema.unwrap_or(DEFAULT_SCHEMA))?, |_, _| Ok(()))
    }

    /// Opens the ledger that is there, as [`PostgresStore::open`] does, and makes none: where it was
    /// lost, nothing is put in its place.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], and [`StoreError::Missing`] when its tables are not there.
    pub fn open_made(url: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        let address = Address::read(url, schema.unwrap_or(DEFAULT_SCHEMA))?;
        Self::open_with(address, schema::must_be_made)
    }

    fn open_with(
        address: Address,
        check: fn(&mut Engine, &Address) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let session = blocking(|| {
            let mut session = occupy(&address)?;
            check(&mut session.engine, &address)?;
            schema::migrate(&mut session.engine, &address)?;
            Ok::<_, StoreError>(session)
        })?;
        let writer = Some(Mutex::new(Some(session)));
        Ok(Self { address, writer, readers: Readers::default() })
    }

    /// Opens the ledger for reading only, also beside a running node. Writing to it answers
    /// [`StoreError::ReadOnly`].
    ///
    /// # Errors
    /// As [`PostgresStore::open`], and [`StoreError::Missing`] when there is no ledger.
    pub fn open_read_only(url: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        let address = Address::read(url, schema.unwrap_or(DEFAULT_SCHEMA))?;
        blocking(|| schema::check(&mut Engine::connect(&address)?, &address))?;
        Ok(Self { address, writer: None, readers: Readers::default() })
    }

    /// Where a ledger is, for people: server, database and schema, and no password.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the address or the schema's name does not fit.
    pub fn place_of(url: &str, schema: Option<&str>) -> Result<String, StoreError> {
        Ok(Address::read(url, schema.unwrap_or(DEFAULT_SCHEMA))?.place().to_owned())
    }

    /// Begins in the session at hand, or in a new one when that was lost.
    fn begin(&self, session: Option<Session>) -> Result<Session, StoreError> {
        if let Some(mut session) = session
            && session.engine.script(BEGIN_WORK).is_ok()
        {
            return Ok(session);
        }
        let mut session = occupy(&self.address)?;
        session.ask(|me| me.engine.script(BEGIN_WORK))?;
        Ok(session)
    }

    /// Commits; the session, when it goes on.
    fn commit(&self, mut session: Session) -> Result<Session, StoreError> {
        let Err(error) = session.ask(|me| me.engine.script(COMMIT_WORK)) else {
            return Ok(session);
        };
        match session.unit.pen.take() {
            Some(pen) if fault::is_loss(&error) => {
                drop(session);
                self.settle(&pen.transaction, &error)
            }
            _ => Err(error),
        }
    }

    /// What became of a commit whose answer was lost: a session when it is in the ledger.
    fn settle(&self, transaction: &str, lost: &StoreError) -> Result<Session, StoreError> {
        let untold = |why: &dyn ToString| StoreError::Unreachable {
            place: self.address.place().to_owned(),
            reason: format!(
                "the connection was lost in a commit, and whether it is in the ledger cannot be \
                 told yet: {}; {lost}",
                why.to_string()
            ),
        };
        // The ledger's lock comes free when the lost session is over.
        let mut session = occupy(&self.address).map_err(|error| untold(&error))?;
        let status = session.ask(|me| {
            let row = me.engine.always(OUTCOME, &[&transaction])?;
            get::<Option<String>>(&row, 0)
        });
        match status.map_err(|error| untold(&error))?.as_deref() {
            Some("committed") => Ok(session),
            Some("aborted") => {
                let reason = "the connection was lost in a commit; nothing of it was kept".into();
                Err(StoreError::Unreachable { place: self.address.place().to_owned(), reason })
            }
            status => Err(untold(&status.unwrap_or("its state is forgotten"))),
        }
    }
}

impl PostgresStore {
    fn write_blocking(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else {
            let reason = "it was opened for reading".into();
            return Err(StoreError::ReadOnly { place: self.address.place().to_owned(), reason });
        };
        // The session is out of its place meanwhile: a work that panics drops it, and with it the
        // transaction.
        let mut place = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = self.begin(place.take())?;
        session.unit = Unit::new(now);
        let worked = work(&mut session).and_then(|()| session.close());
        if let Err(error) = worked {
            if session.engine.script(ABANDON_WORK).is_ok() {
                *place = Some(session);
            }
            return Err(error);
        }
        *place = Some(self.commit(session)?);
        Ok(())
    }

    fn read_blocking(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (turn, session) = self.readers.turn();
        let mut session = turn.begin(session, &self.address)?;
        session.unit = Unit::new(Instant::default());
        let outcome = reading(&mut session);
        if session.engine.script(END_READING).is_ok() {
            turn.0.lock().free.push(session);
        }
        outcome
    }
}

impl Store for PostgresStore {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        blocking(|| self.write_blocking(now, work))
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        blocking(|| self.read_blocking(reading))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // A connection says goodbye.
        let writer =
            self.writer.take().map(|it| it.into_inner().unwrap_or_else(PoisonError::into_inner));
        let readers = std::mem::take(&mut self.readers.lock().free);
        blocking(|| drop((writer, readers)));
    }
}

impl Readers {
    /// Waits for a turn; with a session when one is free.
    fn turn(&self) -> (Turn<'_>, Option<Session>) {
        let waited = self.freed.wait_while(self.lock(), |pool| pool.busy >= READERS);
        let mut pool = waited.unwrap_or_else(PoisonError::into_inner);
        pool.busy += 1;
        let session = pool.free.pop();
        (Turn(self), session)
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    fn begin(&self, session: Option<Session>, at: &Address) -> Result<Session, StoreError> {
        if let Some(mut session) = session
            && session.engine.script(BEGIN_READING).is_ok()
        {
            return Ok(session);
        }
        let mut session = Session::new(Engine::connect(at)?, at.place());
        session.ask(|me| me.engine.script(BEGIN_READING))?;
        Ok(session)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.freed.notify_one();
    }
}

/// A session that has the ledger for itself.
fn occupy(address: &Address) -> Result<Session, StoreError> {
    let mut session = Session::new(Engine::connect(address)?, address.place());
    session.ask(|me| me.engine.always(LOCK_LEDGER, &[&address.schema()]).map(|_| ()))?;
    Ok(session)
}
