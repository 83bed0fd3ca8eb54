//! The mail desk over a house in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod kept;
mod letters;
mod rules;
mod rulings;
mod said_back;
mod several;
mod twice;
