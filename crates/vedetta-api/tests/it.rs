//! The machine doors over a house in memory.

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "it/access.rs"]
mod access;
#[path = "it/door.rs"]
mod door;
#[path = "it/feeds.rs"]
mod feeds;
#[path = "it/incidents.rs"]
mod incidents;
#[path = "it/items.rs"]
mod items;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/mail.rs"]
mod mail;
#[path = "it/network.rs"]
mod network;
#[path = "it/playbooks.rs"]
mod playbooks;
#[path = "it/receivers.rs"]
mod receivers;
#[path = "it/stream.rs"]
mod stream;
#[path = "it/taxii.rs"]
mod taxii;
#[path = "it/webhooks.rs"]
mod webhooks;
