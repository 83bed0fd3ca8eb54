//! The machine doors over a house in memory.

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "api/access.rs"]
mod access;
#[path = "api/door.rs"]
mod door;
#[path = "api/exercise.rs"]
mod exercise;
#[path = "api/feeds.rs"]
mod feeds;
#[path = "api/incidents.rs"]
mod incidents;
#[path = "api/items.rs"]
mod items;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/mail.rs"]
mod mail;
#[path = "api/network.rs"]
mod network;
#[path = "api/parameters.rs"]
mod parameters;
#[path = "api/playbooks.rs"]
mod playbooks;
#[path = "api/receivers.rs"]
mod receivers;
#[path = "api/stream.rs"]
mod stream;
#[path = "api/taxii.rs"]
mod taxii;
#[path = "api/warnings.rs"]
mod warnings;
#[path = "api/webhooks.rs"]
mod webhooks;
#[path = "api/wire.rs"]
mod wire;
#[path = "api/withdrawals.rs"]
mod withdrawals;
