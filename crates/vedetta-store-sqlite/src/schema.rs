//! The tables, and how a connection is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use vedetta_store::StoreError;

use crate::fault::{Fault, Told};

/// "Vdtt": says in the file's header whose it is.
const APPLICATION: i32 = 0x5664_7474;

/// What brings the schema from each version to the next.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// Octets of the log that a checkpoint copies at once: the length of the pause (a few hundred
/// milliseconds) against copying a page of an index twice.
const LOG: i64 = 64 << 20;

/// How long a connection waits for others.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Writing so that it survives a power cut.
    Write,
    /// Writing what may be lost with the process.
    WritePassing,
    /// Reading.
    Read,
    /// Reading what a node that was killed left, with its log, and changing none of it.
    ReadLeft,
    /// Reading a file that nobody changes: a backup, or on a medium that cannot be written.
    ReadFrozen,
}

/// Opens a connection to a file that is ours, or still empty.
pub(crate) fn connect(file: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    let place = file.display().to_string();
    let told = |fault: Fault| fault.at(&place);
    let conn = open(file, purpose).map_err(told)?;
    let version = check(&conn, &place)?;
    let writes = matches!(purpose, Purpose::Write | Purpose::WritePassing);
    if version == 0 && !writes {
        let reason = "it is empty: there was never a ledger in it, or it was cut to nothing".into();
        return Err(StoreError::Damaged { place, what: "the file".into(), reason });
    }
    if version < MIGRATIONS.len() && !writes {
        let reason = "there is no ledger of this version; start the node once".into();
        return Err(StoreError::Unreachable { place, reason });
    }
    prepare(&conn, purpose).map_err(|error| told(error.into()))?;
    Ok(conn)
}

/// Sets up a connection to a file that is ours.
fn prepare(conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
    conn.execute_batch(pragmas(purpose))?;
    if purpose == Purpose::Write {
        // A file that is there already keeps the pages that it was made with.
        let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
        conn.pragma_update(None, "wal_autocheckpoint", LOG / page)?;
    }
    Ok(())
}

/// Creates the tables or brings them up to date.
pub(crate) fn migrate(conn: &mut Connection, place: &str) -> Result<(), StoreError> {
    let told = |error: rusqlite::Error| Fault::from(error).at(place);
    let found = check(conn, place)?;
    if found == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = conn.transaction().map_err(told)?;
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration).map_err(told)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(told)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(told)?;
    transaction.commit().map_err(told)
}

/// Whether a file has tables of ours.
pub(crate) fn is_made(file: &Path) -> Result<bool, StoreError> {
    let place = file.display().to_string();
    let conn = open(file, Purpose::Write).map_err(|fault| fault.at(&place))?;
    Ok(check(&conn, &place)? > 0)
}

/// The version of the schema, 0 when the file is empty. Neither another program's file nor a newer
/// program's is touched.
fn check(conn: &Connection, place: &str) -> Result<usize, StoreError> {
    let number = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || {
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        Ok((tables, number("PRAGMA application_id")?, number("PRAGMA user_version")?))
    };
    let (tables, application, version) =
        read().map_err(|error: rusqlite::Error| Fault::from(error).at(place))?;
    if application != i64::from(APPLICATION) && tables > 0 {
        let reason = "it is a database of another program".into();
        return Err(StoreError::Damaged { place: place.into(), what: "the file".into(), reason });
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(StoreError::Newer {
            place: place.into(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            known: u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX),
        }),
    }
}

fn open(file: &Path, purpose: Purpose) -> Told<Connection> {
    let access = match purpose {
        Purpose::Write | Purpose::WritePassing => {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        }
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Purpose::ReadLeft | Purpose::ReadFrozen => {
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI
        }
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match purpose {
        Purpose::ReadFrozen => Connection::open_with_flags(uri(file, "immutable=1"), flags)?,
        Purpose::ReadLeft => Connection::open_with_flags(uri(file, "readonly_shm=1"), flags)?,
        _ => Connection::open_with_flags(file, flags)?,
    };
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(96);
    // Plans that look at bound values are made again at every call.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// A page holds several entries, so that less is written and read of it in vain (decision 105). No memory
/// mapping: a failing disk would kill the process instead of answering an error. What is erased is
/// written over: deleted is gone, not only out of sight.
fn pragmas(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Write => {
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 134217728;
             PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA mmap_size = 0;
             PRAGMA secure_delete = ON;"
        }
        Purpose::WritePassing => {
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
             PRAGMA cache_size = -16384;
             PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
        }
        Purpose::Read | Purpose::ReadLeft | Purpose::ReadFrozen => {
            "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0;"
        }
    }
}

fn uri(file: &Path, how: &str) -> String {
    let mut uri = String::from("file:");
    for byte in file.to_string_lossy().bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?" + how
}
