//! The commands that ask no node: they read what they are given, and say what they make of it.
//!
//! Events and rules in, findings out ([`detect`]); what a message is ([`mail_check`]); patterns tried
//! ([`pattern`]); what is due by when ([`clocks`]); and how fast these are on one core ([`bench`]). What
//! cannot be done is a [`Fault`]; the moment is told by a clock that is given.
//!
//! **To add a command:** a file here with its arguments and an example for each · a line in the binary's
//! `commands.rs` · a test of the binary in its `tests/` · its line in `docs/reference/commands.md`.

pub mod bench;
pub mod clocks;
pub mod detect;
pub mod mail_check;
pub mod pattern;
pub mod stopwatch;

use std::fmt::Display;

use vedetta_commands::Fault;
use vedetta_intake::events::Unread;

/// Why the reading of a file ended early.
struct Stopped(Fault);

impl From<Unread> for Stopped {
    fn from(Unread { place, reason }: Unread) -> Self {
        Self(unread(place, reason))
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<Stopped> for Fault {
    fn from(Stopped(fault): Stopped) -> Self {
        fault
    }
}

/// A file that cannot be read.
fn unread(place: impl Display, reason: impl Display) -> Fault {
    Fault::Unread { place: place.to_string(), reason: reason.to_string() }
}

/// What the system did not let be done.
fn unable(what: impl Into<String>, reason: impl Display) -> Fault {
    Fault::System { what: what.into(), reason: reason.to_string() }
}
