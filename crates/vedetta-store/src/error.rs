//! What can go wrong with memory.

/// Why the store did not do it. Nothing of the unit of work remains.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("{place}: the disk is full; free some space, nothing of this write was kept")]
    Full {
        /// The file or database.
        place: String,
    },
    /// The disk or file may not be written.
    #[error("{place}: cannot be written ({reason}); check its permissions and its mount")]
    ReadOnly {
        /// The file or database.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// Another process has it.
    #[error(
        "{place}: in use by another process; stop the other node, or give this one its own data directory"
    )]
    Locked {
        /// The file or database.
        place: String,
    },
    /// There is none, or nothing in it, where there must be one.
    #[error(
        "{place}: the ledger is missing or empty, and none is made in its stead; restore a backup as \
         docs/operators/keep.md says, or, where `vedetta init` was interrupted, remove the directory and \
         begin anew"
    )]
    Missing {
        /// The file or database.
        place: String,
    },
    /// Made by a later version.
    #[error(
        "{place}: its schema is version {found}, this program knows up to {known}; install the newer program"
    )]
    Newer {
        /// The file or database.
        place: String,
        /// The version found.
        found: u32,
        /// The version known.
        known: u32,
    },
    /// What is stored does not read back.
    #[error(
        "{place}: {what} does not read back ({reason}); run `vedetta verify`, then restore a backup"
    )]
    Damaged {
        /// The file or database.
        place: String,
        /// Which row or entry.
        what: String,
        /// Why.
        reason: String,
    },
    /// The engine cannot be reached.
    #[error("{place}: cannot be reached ({reason})")]
    Unreachable {
        /// The file or database.
        place: String,
        /// What the engine said.
        reason: String,
    },
    /// A unit of work asked for something contradictory.
    #[error("refused: {0}")]
    Refused(String),
    /// Anything else that the engine said.
    #[error("{place}: {reason}")]
    Engine {
        /// The file or database.
        place: String,
        /// What the engine said.
        reason: String,
    },
}
