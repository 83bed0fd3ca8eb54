//! A house in memory, a mock clock, and the shortest ways to say what a test is about.

// A test that cannot be set up should stop at once and say where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod authenticator;
pub mod between;
pub mod disk;
pub mod house;
pub mod items;
pub mod ledgers;
pub mod time;
pub mod watched;

pub use authenticator::Authenticator;
pub use between::Between;
pub use disk::Disk;
pub use house::{TestHouse, bring, session, session_for};
pub use ledgers::ledgers;
pub use time::{MockClock, SeededEntropy};
pub use watched::Watched;
