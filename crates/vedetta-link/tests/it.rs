//! The door between nodes, over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "it/certified.rs"]
mod certified;
#[path = "it/corpus.rs"]
mod corpus;
#[path = "it/echo.rs"]
mod echo;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/links.rs"]
mod links;
