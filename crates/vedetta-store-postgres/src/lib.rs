//! The ledger on PostgreSQL 15 or later: one schema, one writer, a few readers.
//!
//! `entry` is the ledger itself and only grows; every other table follows from it (but for
//! secrets, cursors and jobs, which are not history). An item's body is in its entry only.
//!
//! Whoever appends holds the single row of `head` from the first write until the commit: the
//! ledger's order is commit order whatever the number of processes, so no reader ever skips an
//! entry that commits late. Two nodes on one ledger are a mistake all the same, and a lock that the
//! session holds tells the second. Entries and releases are sent by binary `COPY`.
//!
//! When the connection is lost, the call at hand answers `Unreachable` and the next one connects
//! anew; when it is lost in the very commit, the engine is asked what became of it. What leaves this
//! machine goes over TLS. A pooler between must pool sessions, not transactions.

mod address;
mod blocking;
mod clearances;
mod copy;
mod deliveries;
mod engine;
mod entries;
mod fault;
mod items;
mod jobs;
mod placing;
mod records;
mod schema;
mod security;
mod session;
mod store;
mod tls;

pub use store::{DEFAULT_SCHEMA, PostgresStore};
