//! The ledger on SQLite: one file in the node's data directory, one writer, a few readers.
//!
//! `entry` is the ledger itself and only grows; every other table follows from it (but for
//! secrets, cursors and jobs, which are not history). An item's body is in its entry only.

mod beside;
mod clearances;
mod deliveries;
mod directory;
mod entries;
mod fault;
mod items;
mod jobs;
mod lookup;
mod placing;
mod readers;
mod records;
mod schema;
mod session;
mod setting_aside;
mod store;

pub use store::SqliteStore;
