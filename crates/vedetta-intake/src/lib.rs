//! Doors in: bytes become bounded, parsed, stamped arrivals. Nothing is decided here.

pub mod arrival;
pub mod bulk;
pub mod claim;
pub mod events;
pub mod evtx;
pub mod indicator_csv;
pub mod indicator_files;
pub mod multipart;
pub mod stix_bundle;
pub mod urlencoded;
pub mod value;
pub mod written;

pub use arrival::{Arrival, Brought, DoorIn, Fault, refused_objects};
pub use claim::{Claim, Marking};
