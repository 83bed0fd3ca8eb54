//! The sensor: it follows logs where they are, matches them against what the node cleared for its
//! organisation, and tells the node what it finds. Logs never leave the house.
//!
//! One thread watches: it reads lines, asks rules, indicators and watches of the usual, and keeps how far
//! it read together with what it found, so that after a crash nothing is lost and nothing told twice. The
//! other speaks with the node and listens to the network.

mod aside;
mod error;
mod event_log;
mod history;
mod identity;
mod inputs;
mod journal;
mod kept;
mod known;
mod lines;
mod link;
mod listen;
mod measures;
mod nats;
mod node;
mod outbox;
mod proof;
mod run;
mod settings;
mod spool;
mod status;
mod stream_in;
mod tail;
mod telling;
mod usual;
mod watch;

pub use error::SensorError;
pub use identity::{Identity, enrol};
pub use known::{Change, Known, Mine};
pub use listen::Frames;
pub use nats::NatsLine;
pub use run::{Start, Stdin, Until, run};
pub use settings::{Input, Settings};
pub use status::{InputStatus, Leaves, Status};
