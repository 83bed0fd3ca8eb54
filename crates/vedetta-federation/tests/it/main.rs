//! A peer that speaks the protocol wrongly in every way, and one that speaks it well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod believed;
mod corpus;
mod document;
mod forged;
mod hostile;
mod room;
mod scene;
mod wellbred;
