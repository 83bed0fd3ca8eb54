//! Messages and files as the world sends them, and as it should not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod alone;
mod corpus;
mod files;
mod messages;
