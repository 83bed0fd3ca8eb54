//! What SQLite says, in the words of the store.

use rusqlite::ffi;
use rusqlite::{Error, ErrorCode};
use vedetta_store::StoreError;

/// What went wrong inside a verb, before the place is known.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite said it.
    Sql(Error),
    /// Something stored does not read back.
    Damaged {
        /// Which row or entry.
        what: String,
        /// Why.
        reason: String,
    },
    /// Contradictory.
    Refused(String),
}

/// What a verb answers.
pub(crate) type Told<T> = Result<T, Fault>;

impl Fault {
    /// Something stored that does not read back.
    pub(crate) fn damaged(what: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { what: what.to_string(), reason: reason.to_string() }
    }

    /// In the words of the store.
    pub(crate) fn at(self, place: &str) -> StoreError {
        let place = place.to_owned();
        match self {
            Self::Sql(error) => said(error, place),
            Self::Damaged { what, reason } => StoreError::Damaged { place, what, reason },
            Self::Refused(why) => StoreError::Refused(why),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::TooBig) => Self::Refused("a text or body is bigger than 1 GB".into()),
            _ => Self::Sql(error),
        }
    }
}

fn said(error: Error, place: String) -> StoreError {
    let reason = error.to_string();
    let Error::SqliteFailure(failure, _) = &error else {
        return StoreError::Damaged { place, what: "a row".into(), reason };
    };
    match (failure.code, failure.extended_code) {
        // The index of the write-ahead log could not grow.
        (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full { place },
        (ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _) => {
            StoreError::ReadOnly { place, reason }
        }
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Locked { place },
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)
        | (_, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS) => {
            StoreError::Damaged { place, what: "the file".into(), reason }
        }
        (ErrorCode::CannotOpen, _) => StoreError::Unreachable { place, reason },
        _ => StoreError::Engine { place, reason },
    }
}

/// What the system said about a file.
pub(crate) fn of_file(error: &std::io::Error, place: &str) -> StoreError {
    use std::io::ErrorKind;
    let (place, reason) = (place.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { place },
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { place, reason }
        }
        _ => StoreError::Unreachable { place, reason },
    }
}
