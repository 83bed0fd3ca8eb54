//! The doors out, as those outside see them.

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod feed;
mod hostile;
mod outside;
mod webhook;
mod world;
