//! Who is in the network, what they own, and whom a piece of information concerns.
//!
//! A room: bytes and values in, values out; no I/O and no clock. [`Directory`] is the immutable
//! snapshot that others ask, [`Relevance`] says whom an [`Observable`] concerns, [`seed`] is the
//! Italian network ready to load.

pub mod columns;
pub mod cpe;
pub mod directory;
pub mod domain;
pub mod export;
pub mod name;
pub mod network;
pub mod observable;
pub mod plan;
pub mod relevance;
pub mod seed;

pub use columns::{Format, Noun};
pub use directory::{Directory, DirectoryError};
pub use export::{ExportError, export};
pub use observable::Observable;
pub use plan::{Change, ChangeKind, Changes, Fault, Faults, Plan, Record, plan};
pub use relevance::{Concerned, Refused, Relevance};
