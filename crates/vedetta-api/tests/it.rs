//! The machine doors over a house in memory.

#[path = "it/access.rs"]
mod access;
#[path = "it/door.rs"]
mod door;
#[path = "it/items.rs"]
mod items;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/network.rs"]
mod network;
#[path = "it/stream.rs"]
mod stream;
#[path = "it/taxii.rs"]
mod taxii;
