//! What a link asks of the house: whom to let in, whom to dial, and who speaks.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use vedetta_flow::Sequence;
use vedetta_model::OrganisationId;

use crate::line::Dialled;
use crate::reason::Reason;
use crate::tls::Tls;
use vedetta_federation::key::PublicKey;

/// The house's side of the door. Calls may block: they are made on threads that may wait.
pub trait Doorkeeper: Send + Sync + 'static {
    /// Whose key it is, when that peer may have a link now. `card` is what it showed besides: a
    /// peer that has a new key proves with it that the old one gave it.
    ///
    /// # Errors
    /// [`Unwelcome`], in words for the log and for the other side.
    fn admit(&self, key: PublicKey, card: Option<&[u8]>) -> Result<OrganisationId, Unwelcome>;

    /// The keys with which a link may be had now.
    fn keys(&self) -> Vec<PublicKey> {
        Vec::new()
    }

    /// Whether a peer that has a link may keep it.
    fn keeps(&self, peer: &OrganisationId) -> bool;

    /// The peers to dial.
    fn callees(&self) -> Vec<Callee>;

    /// Who this node is now.
    ///
    /// # Errors
    /// When its key makes no certificate.
    fn tls(&self) -> Result<Tls, Unwelcome>;

    /// What this node shows besides its key.
    fn card(&self) -> Vec<u8>;

    /// Who speaks over a link with a peer.
    fn speaker(&self, peer: &OrganisationId, dialled: Dialled) -> Box<dyn Speaker>;

    /// Rings whenever the ledger grew.
    fn bell(&self) -> watch::Receiver<Sequence>;

    /// Answers one who holds an invitation.
    ///
    /// # Errors
    /// [`Unwelcome`].
    fn pair(&self, key: PublicKey, message: &[u8]) -> Result<Vec<u8>, Unwelcome>;
}

/// A peer to dial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Callee {
    /// Who it is.
    pub peer: OrganisationId,
    /// Where, as `host:port`.
    pub address: String,
}

/// Why somebody gets no link.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unwelcome(pub String);

/// One side of a conversation over one link. Its methods may block: they are called on the link's
/// own thread.
pub trait Speaker: Send {
    /// Takes in what happened.
    ///
    /// # Errors
    /// Why the link must end. What [`Speaker::say`] still has is sent before.
    fn hear(&mut self, input: Input) -> Result<(), Reason>;

    /// The next frame to send, whole with its length, when the link has room for one.
    ///
    /// # Errors
    /// Why the link must end.
    fn say(&mut self) -> Result<Option<Bytes>, Reason>;

    /// Rings when there is work again that came from elsewhere.
    fn ring(&self) -> Option<Arc<Notify>> {
        None
    }

    /// Whether something is left to be done that takes long: it waits for what comes in and goes out.
    fn is_busy(&self) -> bool {
        false
    }

    /// Does a piece of it, of some milliseconds.
    ///
    /// # Errors
    /// Why the link must end.
    fn work(&mut self) -> Result<(), Reason> {
        Ok(())
    }

    /// How the link does.
    fn report(&self) -> Report;
}

/// What happens on a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A frame came, without its length.
    Frame(Bytes),
    /// A part of a frame came: the peer is there.
    Part,
    /// The ledger grew.
    Grown,
    /// Some time passed.
    Tick,
    /// This side ends the link: say farewell.
    Leave(Leave),
}

/// Why this side ends a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// The node stops.
    Stops,
    /// A newer link took its place.
    Replaced,
    /// It is to be made again: this node has a new key, or other terms.
    Again,
    /// The peer may have none: it is suspended or over, or its key was revoked.
    Barred,
}

/// How a link does, in the words of the one who speaks over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How far the peer's clock is ahead of ours, in milliseconds, once known.
    pub skew_ms: Option<i64>,
    /// Entries of our ledger that the peer has not confirmed yet.
    pub lag: u64,
    /// Entries of the peer's ledger that were not taken in here yet, once it said how many there are.
    pub behind: Option<u64>,
    /// Envelopes sent.
    pub sent: u64,
    /// Envelopes taken in.
    pub taken: u64,
    /// What would have been sent and has been through as many nodes as it may, or fits no frame with its
    /// trail.
    pub too_far: u64,
    /// Envelopes refused.
    pub refused: u64,
    /// Whether the peer waits because it brought as much as it may in a day, or the disk is nearly full.
    pub over_quota: bool,
}
