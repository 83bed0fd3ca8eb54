//! The waiting room of a link: what was refused and may pass later.
//!
//! An envelope that comes before the card of its origin, or from a clock that runs ahead, is kept
//! here and tried again, so that it holds up nothing that comes after it. The room is bounded: what
//! finds no place stays with the peer, and comes again with a later connection.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use crate::check::{Refusal, Refused, Trust, Verified};
use crate::digest::Digest;
use crate::envelope::{Envelope, What};
use crate::limits::{Beside, CHANGE, subject};

/// So many envelopes of one peer wait.
pub const MOST_WAITING: usize = 1_000;

/// So many octets of one peer wait.
pub const MOST_OCTETS: usize = 1 << 20;

/// What came too soon passes in a moment, and has a room of its own, a quarter of this size.
const SOON: usize = 4;
/// Of four places items take three: what tells how things stand finds one though many items wait.
const ITEMS: (usize, usize) = (3, 4);

/// What waited so long is given up.
pub const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// What waits is tried again so often, and soon when it is another whom the node believes.
pub const EVERY: Duration = Duration::from_secs(60);

/// But never sooner than this.
pub const SOONEST: Duration = Duration::from_secs(5);

/// What waits of one peer. Kept durably, written in the same unit of work as the bookmark.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waiting(Vec<Guest>);

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    since: Instant,
    leaf: Digest,
    /// What it changes, when that was changed too often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Its weight; not there in rooms written before it was kept.
    #[serde(default)]
    octets: usize,
    envelope: Box<Envelope>,
}

impl Guest {
    fn weight(&self) -> usize {
        match self.octets {
            0 => self.envelope.weight(),
            octets => octets,
        }
    }
}

/// Whether there was room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// It waits.
    Kept,
    /// It stays with the peer.
    Full,
    /// It never passes.
    None,
}

impl Waiting {
    /// How many wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps an envelope, once for each way on which it comes. Of what was changed too often the
    /// origin's last word alone.
    pub fn keep(&mut self, refused: &mut Refused, now: Instant) -> Room {
        let (leaf, Some(envelope)) = (refused.leaf, refused.later.take()) else {
            return Room::None;
        };
        let subject = match refused.why {
            Refusal::TooSoon(_) => subject(&envelope.what),
            _ => None,
        };
        let way = |it: &Envelope| it.hops.iter().map(|hop| hop.from.clone()).collect::<Vec<_>>();
        let mine = way(&envelope);
        for guest in &mut self.0 {
            if guest.leaf == leaf && way(&guest.envelope) == mine {
                return Room::Kept;
            }
            if subject.is_some()
                && guest.subject == subject
                && guest.envelope.origin == envelope.origin
            {
                if guest.envelope.at < envelope.at {
                    let (since, octets) = (guest.since, envelope.weight());
                    *guest = Guest { since, leaf, subject, octets, envelope };
                }
                return Room::Kept;
            }
        }
        let octets = envelope.weight();
        if !self.has_place((&envelope, octets), subject.as_ref()) {
            return Room::Full;
        }
        self.0.push(Guest { since: now, leaf, subject, octets, envelope });
        Room::Kept
    }

    /// Whether there is a place for one more.
    fn has_place(&self, (envelope, octets): (&Envelope, usize), subject: Option<&String>) -> bool {
        let fits = |is: &dyn Fn(&Guest) -> bool, (part, of): (usize, usize)| {
            let alike = self.0.iter().filter(|guest| is(guest));
            let taken = alike.map(Guest::weight);
            let (count, octets) =
                taken.fold((0, octets), |(count, octets), weight| (count + 1, octets + weight));
            count < MOST_WAITING * part / of && octets <= MOST_OCTETS * part / of
        };
        if subject.is_some() {
            return fits(&|guest| guest.subject.is_some(), (1, SOON));
        }
        let item = |it: &Envelope| matches!(it.what, What::Item(_));
        fits(&|guest| guest.subject.is_none(), (1, 1))
            && (!item(envelope) || fits(&|guest| item(&guest.envelope), ITEMS))
    }

    /// How many octets wait.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.0.iter().map(Guest::weight).sum()
    }

    /// Whether half of the room is free, so that what found no place may come again.
    #[must_use]
    pub fn is_half_free(&self) -> bool {
        self.0.len() <= MOST_WAITING / 2 && self.octets() <= MOST_OCTETS / 2
    }

    /// After how long what waits is to be tried again, when the same are believed as at the last
    /// time.
    #[must_use]
    pub fn due(&self) -> Duration {
        let soon = self.0.iter().any(|guest| guest.subject.is_some());
        if soon { Duration::from_secs(CHANGE) } else { EVERY }
    }

    /// Tries again everything that waits: what passes now, and what is given up, with the reason.
    pub fn retry(
        &mut self,
        trust: &Trust,
        peer: &OrganisationId,
        now: Instant,
    ) -> (Vec<Verified>, Vec<Refused>) {
        let (mut passed, mut given_up) = (Vec::new(), Vec::new());
        let mut beside = Beside::default();
        for Guest { since, leaf, subject, octets, envelope } in std::mem::take(&mut self.0) {
            let mut refused = match trust.check_beside(peer, *envelope, &mut beside, now) {
                Ok(verified) => {
                    passed.push(verified.late());
                    continue;
                }
                Err(refused) => *refused,
            };
            match refused.later.take().filter(|_| now < since.after(PATIENCE)) {
                Some(envelope) => self.0.push(Guest { since, leaf, subject, octets, envelope }),
                None => given_up.push(refused),
            }
        }
        (passed, given_up)
    }
}
