//! One connection with a peer, as a machine without I/O: frames, answers and ticks go in, frames and
//! requests come out.
//!
//! The host connects, checks the peer's key against the pinned card, makes a [`Link`], and then only
//! carries: what comes over the wire goes in as [`Input::Frame`], what comes out as [`Output::Send`]
//! goes over the wire, [`Output::Fetch`] and [`Output::Take`] are answered by
//! [`crate::exchange::fetch`] and [`crate::exchange::take`] where blocking is allowed, and
//! [`Input::Tick`] comes once a second.

use std::time::Duration;

use vedetta_model::OrganisationId;

use crate::bookmark::{Bookmark, Mark, Span};
use crate::card::Card;
use crate::frame::{Batch, Farewell, Frame, Told};
use crate::shelf::{Ask, Lane, Outcome};

/// Nothing heard for so long: the connection is over.
pub const SILENCE: Duration = Duration::from_secs(30);

/// A sign of life goes out when nothing else did for so long.
pub const BEAT: Duration = Duration::from_secs(10);

/// So many batches may be on their way to a receiver.
pub const CREDIT: u32 = 4;

/// With what a connection begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// This node.
    pub me: OrganisationId,
    /// The peer, proven by the connection.
    pub peer: OrganisationId,
    /// Our newest card.
    pub card: Card,
    /// Under which name our ledger is offered to this peer.
    pub edition: String,
    /// Where our ledger ends.
    pub head: Mark,
    /// What we have of the peer's.
    pub bookmark: Bookmark,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A frame came.
    Frame(Frame),
    /// Our ledger goes on up to here.
    Advanced(Mark),
    /// What [`Output::Common`] asked.
    Common(u64),
    /// What [`Output::Fetch`] asked.
    Fetched(Fetched),
    /// What became of [`Output::Take`].
    Taken(Taken),
    /// The bookmark of [`Output::Remember`] is durable.
    Remembered,
    /// Cards to vouch for: the whole register at the beginning, and what is new.
    Vouch(Vec<Card>),
    /// Time passed: once a second.
    Tick,
    /// We end it.
    Stop(Farewell),
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this.
    Send(Frame),
    /// The peer has shown itself: its card is to be checked against the pinned one (and learnt, when
    /// it follows it) before anything else. Stop the link when it is another.
    Met(Box<Card>),
    /// Which of these marks is of our ledger? Answer with [`Input::Common`].
    Common(Bookmark),
    /// Read our ledger for the peer. Answer with [`Input::Fetched`].
    Fetch(Ask),
    /// Check and take in. Answer with [`Input::Taken`]. One at a time.
    Take(Taking),
    /// Make this bookmark durable. Answer with [`Input::Remembered`].
    Remember(Bookmark),
    /// The peer brought cards.
    Learn(Vec<Card>),
    /// Everything of this part of our ledger is durable at the peer.
    Confirmed(Span),
    /// The peer refused some of ours.
    Refused(Vec<Told>),
    /// How far the peer's clock is ahead of ours, in microseconds.
    Skew(i64),
    /// The connection is over: close it. The reason, and whether the peer gave it.
    Down(Farewell, By),
}

/// Who ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// This node.
    Us,
    /// The peer.
    Peer,
}

/// A part of our ledger, sealed and ready to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// For which lane.
    pub lane: Lane,
    /// Which places it covers.
    pub span: Span,
    /// The hash at its end.
    pub mark: Mark,
    /// What is there.
    pub envelopes: Vec<crate::envelope::Envelope>,
}

/// A batch to be taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taking {
    /// What came.
    pub batch: Box<Batch>,
    /// What we have without it.
    pub bookmark: Bookmark,
}

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Its number.
    pub number: u64,
    /// What we have now.
    pub bookmark: Bookmark,
    /// What became of each envelope that was not refused.
    pub outcomes: Vec<Outcome>,
    /// What was refused.
    pub refused: Vec<Told>,
}
