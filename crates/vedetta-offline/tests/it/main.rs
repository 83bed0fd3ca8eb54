//! What is looked at without a node.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod mail_checks;
