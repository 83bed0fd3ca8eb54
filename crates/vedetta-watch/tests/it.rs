//! The watch over a house in memory.

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "it/alarms.rs"]
mod alarms;
#[path = "it/cases.rs"]
mod cases;
#[path = "it/circle.rs"]
mod circle;
#[path = "it/clocks.rs"]
mod clocks;
#[path = "it/figures.rs"]
mod figures;
#[path = "it/files.rs"]
mod files;
#[path = "it/gather.rs"]
mod gather;
#[path = "it/playbooks.rs"]
mod playbooks;
#[path = "it/postures.rs"]
mod postures;
#[path = "it/queue.rs"]
mod queue;
#[path = "it/room.rs"]
mod room;
#[path = "it/shifts.rs"]
mod shifts;
#[path = "it/warnings.rs"]
mod warnings;
