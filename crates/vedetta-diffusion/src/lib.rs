//! Doors out, a file each. They accept only [`vedetta_policy::Cleared`] values and open them only
//! for the reader they serve; what was not cleared they cannot see.

pub mod feed;
pub mod receipts;
pub mod stream;
pub mod webhook;

pub use receipts::{Receipt, Receipts};
pub use stream::{Follower, Format, Frame, Hub, Taken};
