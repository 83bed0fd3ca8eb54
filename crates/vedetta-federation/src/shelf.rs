//! What the room asks of a node's memory. Blocking: the host calls it where waiting is allowed.

use serde::{Deserialize, Serialize};
use vedetta_model::{OrganisationId, Tlp};

use crate::bookmark::{Bookmark, Mark, Span};
use crate::check::{Refused, Verified};
use crate::digest::Digest;
use crate::envelope::{Envelope, What};
use crate::frame::MOST_ENVELOPES;
use crate::link::CREDIT;
use crate::passages::Passages;
use crate::waiting::Waiting;

/// A node's ledger and what it shares of it, as its links see it.
///
/// **What a peer may have comes up.** Whatever a peer becomes entitled to after its place was read
/// must come up again at a later place: a new path that widens, an agreement that binds again, a
/// hold that was lifted. Places are read once, in the light of the day on which they are read.
///
/// **What was taken in is durable** when [`Shelf::take_in`] returns, together with the bookmark.
pub trait Shelf {
    /// Why it cannot answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The last place, with its hash.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn head(&self) -> Result<Mark, Self::Error>;

    /// The hash of the chain at a place; nothing beyond the head.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn hash_at(&self, place: u64) -> Result<Option<Digest>, Self::Error>;

    /// Under which name everything is offered to a peer. It changes when everything must be offered
    /// again: another ledger, a wider scope. At most 64 octets.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn edition(&self, peer: &OrganisationId) -> Result<String, Self::Error>;

    /// What this node has of a peer's ledger.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn bookmark(&self, peer: &OrganisationId) -> Result<Bookmark, Self::Error>;

    /// What waits of a peer.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn waiting(&self, peer: &OrganisationId) -> Result<Waiting, Self::Error>;

    /// What a span of the ledger has for a peer, from its beginning until the limits are reached.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn page(&self, peer: &OrganisationId, ask: &Ask) -> Result<Page, Self::Error>;

    /// Takes in what a peer brought, with what was refused of it, and remembers the bookmark and
    /// what waits: one unit of work. One outcome for each envelope, in order.
    ///
    /// # Errors
    /// When it could not be written; then nothing was.
    fn take_in(&self, peer: &OrganisationId, arrival: Arrival)
    -> Result<Vec<Outcome>, Self::Error>;

    /// Remembers a bookmark by itself, durably.
    ///
    /// # Errors
    /// When it could not be written.
    fn set_bookmark(&self, peer: &OrganisationId, bookmark: &Bookmark) -> Result<(), Self::Error>;

    /// Notes what a peer has confirmed to have taken in. May be lost.
    ///
    /// # Errors
    /// When it could not be written.
    fn confirmed(&self, peer: &OrganisationId, span: Span) -> Result<(), Self::Error>;
}

/// Which part of the ledger is on its way: each is read in order by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Out of the backlog, ahead of it: early warnings, and what takes something back or says how
    /// agreements stand. It is met again there, as duplicates.
    Urgent,
    /// What happens from the moment of the connection on.
    Live,
    /// What the peer missed.
    Backlog,
}

/// A question for a part of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// For which lane; for [`Lane::Urgent`] only early warnings, revocations, withdrawals, removals,
    /// and texts and standings of agreements are wanted.
    pub lane: Lane,
    /// Of which places.
    pub span: Span,
    /// At most so many envelopes, unless one place alone has more.
    pub envelopes: usize,
    /// At most so many octets of objects, unless one place alone has more.
    pub octets: usize,
    /// Up to this place the peer gets back also what came from it, as [`Parcel::Back`].
    pub echo: u64,
}

/// What a part of the ledger has for a peer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// What is to be sent, in order.
    pub parcels: Vec<Parcel>,
    /// The last place that was read, with its hash: the end of the span unless a limit was reached.
    pub upto: Mark,
}

/// Something to be sent to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parcel {
    /// Of this node or from another: it gets this node's hop, and its seal when it has none.
    Onward {
        /// The envelope, with the trail on which it came.
        envelope: Box<Envelope>,
        /// By whose right it passes.
        passages: Passages,
        /// A stricter marking than it has.
        tlp: Option<Tlp>,
    },
    /// The peer's own, or what came through it: goes back as it was when it was there.
    /// [`Envelope::back_to`] makes it.
    Back(Box<Envelope>),
}

impl Parcel {
    /// The nodes that sealed it, or signed it.
    pub fn sealed_by(&self) -> impl Iterator<Item = &OrganisationId> {
        let (Self::Onward { envelope, .. } | Self::Back(envelope)) = self;
        let signed = match &envelope.what {
            What::Agreement(signed) => &signed.signatures[..],
            _ => &[][..],
        };
        let trail = envelope.hops.iter().map(|hop| &hop.from).chain([&envelope.origin]);
        trail.chain(signed.iter().map(|(node, _)| node))
    }
}

/// So many refusals are kept until it is known that the peer heard of them: all of the batches that it
/// may have sent without hearing, and of what waited. Who sends one more has heard of the first.
pub const MOST_UNTOLD: usize = (CREDIT as usize + 1) * MOST_ENVELOPES;

/// What a peer brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// What was verified, in order.
    pub verified: Vec<Verified>,
    /// What was refused, and why.
    pub refused: Vec<Refused>,
    /// What the node has of the peer's ledger with this.
    pub bookmark: Bookmark,
    /// What waits from now on; nothing when that is the same as before.
    pub waiting: Option<Waiting>,
}

/// What became of an envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was new.
    New,
    /// It was known, and came by another path.
    Path,
    /// It was known, by this path: also what a peer sends a second time, which changes nothing.
    Known,
    /// Another form of the same object prevails; it is in the history only.
    Lost,
    /// It concerns nothing here, or who brought it had no say in it.
    Idle,
    /// The peer has brought what more producers made of the item than are told apart.
    Crowded,
}
