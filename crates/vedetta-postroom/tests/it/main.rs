//! The mail desk over a house in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod letters;
mod rulings;
