//! What PostgreSQL says, in the words of the store.

use std::error::Error as _;

use postgres::Error;
use vedetta_store::StoreError;

/// What went wrong inside a verb, before the place is known.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL said it, or the way to it.
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
    /// Already in the words of the store.
    Said(StoreError),
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
            Self::Sql(error) => said(&error, place),
            Self::Damaged { what, reason } => StoreError::Damaged { place, what, reason },
            Self::Refused(why) => StoreError::Refused(why),
            Self::Said(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

/// Whether an error says that the connection is over, so that nothing more comes through it.
pub(crate) fn is_loss(error: &StoreError) -> bool {
    matches!(error, StoreError::Unreachable { .. })
}

/// Codes of PostgreSQL 15, appendix A.
fn said(error: &Error, place: String) -> StoreError {
    let Some(said) = error.as_db_error() else {
        return unsaid(error, place);
    };
    let reason = said.to_string();
    match said.code().code() {
        "53100" => StoreError::Full { place },
        "25006" | "42501" => StoreError::ReadOnly { place, reason },
        "55P03" => StoreError::Locked { place },
        "XX001" | "XX002" => {
            let what =
                said.table().map_or_else(|| "a page".into(), |table| format!("table {table}"));
            StoreError::Damaged { place, what, reason }
        }
        code if is_absence(code) => StoreError::Unreachable { place, reason },
        _ => StoreError::Engine { place, reason },
    }
}

/// Connection exceptions, refused sign-in, no such database, too many connections, shutting down
/// or starting up.
fn is_absence(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("28")
        || matches!(code, "3D000" | "53300" | "57P01" | "57P02" | "57P03" | "57P05")
}

/// What the client itself ran into: a value of another shape, or the way to the engine.
fn unsaid(error: &Error, place: String) -> StoreError {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        reason = format!("{reason}: {deeper}");
        cause = deeper.source();
    }
    if reason.starts_with("error deserializing") || reason.starts_with("invalid column") {
        StoreError::Damaged { place, what: "a row".into(), reason }
    } else if reason.starts_with("error serializing") {
        StoreError::Engine { place, reason }
    } else {
        StoreError::Unreachable { place, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_engine_is_told_from_a_complaint() {
        for absent in ["08006", "28P01", "3D000", "53300", "57P01", "57P03"] {
            assert!(is_absence(absent), "{absent}");
        }
        for complaint in ["53100", "25006", "23505", "57014"] {
            assert!(!is_absence(complaint), "{complaint}");
        }
    }
}
