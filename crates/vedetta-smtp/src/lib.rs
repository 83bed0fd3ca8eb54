//! The door for mail, both ways: [`Listener`] takes letters by SMTP (RFC 5321) or LMTP (RFC 2033),
//! with STARTTLS (RFC 3207), and hands each to a [`Reception`]; [`Courier`] gives letters to one
//! relay. It understands envelopes, never what is in them.

mod courier;
mod listener;
mod session;
mod sources;

pub use courier::{Courier, Refusal, Relay, Secure};
pub use listener::{Bounds, ListenError, Listener};
pub use session::{Act, Protocol, Session, Step, Terms};

use std::net::SocketAddr;

/// A letter as it was handed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// The address that failures go to; `None` for the empty one, to which nobody answers.
    pub from: Option<String>,
    /// The addresses it is for, in lower case: some of [`Terms::mailboxes`].
    pub to: Vec<String>,
    /// The message, dots and line ends as they were meant.
    pub bytes: Vec<u8>,
    /// Who handed it in.
    pub peer: SocketAddr,
}

/// What became of a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is kept, durably.
    Kept,
    /// Not now; the sender's system tries again. In a few ASCII words.
    Later(String),
    /// Not ever. In a few ASCII words.
    Refused(String),
}

/// Who takes letters in.
pub trait Reception: Send + Sync + 'static {
    /// Takes a letter, and returns when what it answers is durable. May block.
    fn take(&self, letter: Letter) -> Taken;
}
