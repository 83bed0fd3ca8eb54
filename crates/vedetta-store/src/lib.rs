//! What the house remembers: one ordered, append-only, hash-chained sequence per node, and the
//! state that follows from it, written in the same transaction.
//!
//! A backend implements [`Store`]; the `conformance` suite is the same for every backend.
//! There is one writer: [`Store::write`] runs a unit of work and makes it durable before it
//! returns, so whoever acknowledges afterwards acknowledges what survives `kill -9`. Many small
//! submissions are grouped into one unit of work by the corridor, not here.
//!
//! Sequence order is commit order: a reader that has seen sequence *n* will never be shown a new
//! entry below *n*. Moments are strictly increasing with the sequence, so `(moment, sequence)`
//! pagination and plain sequence pagination are the same order.

pub mod chain;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod delivery;
pub mod entry;
pub mod error;
pub mod fork;
pub mod item;
pub mod job;
pub mod line;
pub mod record;
pub mod store;
pub mod told;
pub mod verify;
pub mod written;

pub use chain::{Digest, link};
pub use delivery::{Acknowledgement, DeliveryBatch, DeliveryRow, Door};
pub use entry::{Draft, Entry, EntryKind, Sequence, Stamp};
pub use error::StoreError;
pub use item::{
    Claim, ClearanceId, Form, ItemDraft, ItemPage, ItemQuery, ItemState, NewClearance, Placement,
    StoredClearance, StoredItem, VersionFilter,
};
pub use job::{Job, JobId, Lease, NewJob};
pub use record::{Record, RecordKind, SecretKind};
pub use store::{Reader, Store, UnitOfWork, Verification};
pub use verify::{has_head, verify, verify_telling};
