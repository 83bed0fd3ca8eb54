//! The waiting room of a link: what was refused and may pass later.
//!
//! An envelope that comes before the card of its origin, or from a clock that runs ahead, is kept
//! here and tried again, so that it holds up nothing that comes after it. The room is bounded: of what
//! finds no place it is remembered where in the peer's ledger it was, and when others of its origin
//! pass, or none waits any more, and the room is half free, the peer is asked for it again: ever more
//! seldom, when it finds no place again.

mod left;

use std::fmt;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use crate::bookmark::{Bookmark, Span};
use crate::check::{Refusal, Refused, Trust, Verified};
use crate::digest::Digest;
use crate::envelope::{Envelope, What};
use crate::hop::Hop;
use crate::limits::{Beside, CHANGE, subject};
use crate::waiting::left::LeftOut;

/// So many envelopes of one peer wait.
pub const MOST_WAITING: usize = 1_000;

/// So many octets of one peer wait.
pub const MOST_OCTETS: usize = 1 << 20;

/// What came too soon passes in a moment, and has a room of its own, a quarter of this size.
const SOON: usize = 4;
/// Of four places items take three: what tells how things stand finds one though many items wait.
const ITEMS: (usize, usize) = (3, 4);
/// And of four the items of one origin that wait for a card take one, and its notices one, unless it
/// is the first: a node of which no card comes fills the room for nobody else.
const OF_ONE: (usize, usize) = (1, 4);

/// Of so many origins it is remembered where something was left out.
pub const MOST_LEFT: usize = 256;

/// What waited so long is given up.
pub const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// What waits is tried again so often, and soon when it is another whom the node believes.
pub const EVERY: Duration = Duration::from_secs(60);

/// But never sooner than this.
pub const SOONEST: Duration = Duration::from_secs(5);

/// What waits of one peer. Kept durably, written in the same unit of work as the bookmark.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Waiting {
    guests: Vec<Guest>,
    #[serde(skip_serializing_if = "LeftOut::is_unused")]
    left: LeftOut,
}

/// A room as it is kept. Once it was its guests alone.
struct Kept;

#[derive(Deserialize)]
struct KeptRoom {
    guests: Vec<Guest>,
    #[serde(default)]
    left: LeftOut,
}

impl<'de> Deserialize<'de> for Waiting {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Kept)
    }
}

impl<'de> Visitor<'de> for Kept {
    type Value = Waiting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a room, or its guests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, guests: A) -> Result<Waiting, A::Error> {
        let guests = Vec::deserialize(SeqAccessDeserializer::new(guests))?;
        Ok(Waiting { guests, left: LeftOut::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, room: A) -> Result<Waiting, A::Error> {
        let KeptRoom { guests, left } = KeptRoom::deserialize(MapAccessDeserializer::new(room))?;
        Ok(Waiting { guests, left })
    }
}

/// What became of what waited.
#[derive(Debug, Default)]
pub struct Retried {
    /// What passes now.
    pub passed: Vec<Verified>,
    /// What is given up, with the reason.
    pub given_up: Vec<Refused>,
}

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
    /// Whether it waits for a card.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unproven: bool,
    envelope: Box<Envelope>,
}

impl Guest {
    fn weight(&self) -> usize {
        match self.octets {
            0 => self.envelope.weight(),
            octets => octets,
        }
    }

    const fn is_item(&self) -> bool {
        matches!(self.envelope.what, What::Item(_))
    }

    /// Whether only one of two is to wait: one thing on one way, or two words on one subject.
    fn is_like(&self, other: &Self) -> bool {
        let from = |hop: &Hop| hop.from.clone();
        let (mine, theirs) = (&self.envelope.hops, &other.envelope.hops);
        let same = self.leaf == other.leaf && mine.iter().map(from).eq(theirs.iter().map(from));
        let subject = other.subject.is_some() && self.subject == other.subject;
        same || (subject && self.envelope.origin == other.envelope.origin)
    }

    /// Whether it says something else than the one that waits, and later. What is only sent again is
    /// sealed anew, and says the same.
    fn replaces(&self, before: &Self) -> bool {
        if self.leaf != before.leaf {
            return before.envelope.at < self.envelope.at;
        }
        let (mine, theirs) = (&self.envelope.hops, &before.envelope.hops);
        let said = |hop: &Hop| (hop.from.clone(), hop.passages.clone(), hop.tlp);
        let at = |hops: &[Hop]| hops.last().map(|hop| hop.at);
        !mine.iter().map(said).eq(theirs.iter().map(said)) && at(mine) > at(theirs)
    }
}

/// Whether there was room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// It waits from now on.
    Kept,
    /// It waited, or a later word does: nothing changed.
    Known,
    /// There was none: it stays with the peer.
    Full,
    /// It never passes.
    None,
}

impl Waiting {
    /// How many wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.guests.len()
    }

    /// Whether nothing waits, and nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.guests.is_empty() && self.left.is_empty()
    }

    /// A connection begins: the batches that were not entered come again from their first part on.
    pub fn begin(&mut self) {
        self.left.forget_parts();
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
        let (octets, unproven) = (envelope.weight(), refused.why.unproven().is_some());
        let mut guest = Guest { since: now, leaf, subject, octets, unproven, envelope };
        let Some(place) = self.guests.iter().position(|it| it.is_like(&guest)) else {
            let room = self.room_for(&guest);
            if room == Room::Kept {
                self.guests.push(guest);
            }
            return room;
        };
        if !guest.replaces(&self.guests[place]) {
            return Room::Known;
        }
        let before = self.guests.remove(place);
        guest.since = before.since;
        let room = self.room_for(&guest);
        self.guests.insert(place, if room == Room::Kept { guest } else { before });
        room
    }

    /// Whether there is a place for one more.
    fn room_for(&self, guest: &Guest) -> Room {
        let fits = |is: &dyn Fn(&Guest) -> bool, (part, of): (usize, usize)| {
            let taken = self.guests.iter().filter(|it| is(it)).map(Guest::weight);
            let (count, octets) =
                taken.fold((0, guest.octets), |(count, octets), it| (count + 1, octets + it));
            count < MOST_WAITING * part / of && octets <= MOST_OCTETS * part / of
        };
        let place = if guest.subject.is_some() {
            fits(&|it| it.subject.is_some(), (1, SOON))
        } else {
            let theirs = |it: &Guest| {
                let alike = it.unproven && it.is_item() == guest.is_item();
                alike && it.envelope.origin == guest.envelope.origin
            };
            let first = || !self.guests.iter().any(theirs);
            fits(&|it| it.subject.is_none(), (1, 1))
                && (!guest.is_item() || fits(&Guest::is_item, ITEMS))
                && (!guest.unproven || first() || fits(&theirs, OF_ONE))
        };
        if place { Room::Kept } else { Room::Full }
    }

    /// How many octets wait.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.guests.iter().map(Guest::weight).sum()
    }

    /// Remembers where something was left out, as the part of the peer's ledger in which it came; says
    /// whether that is news. A part of a batch that does not say how far it goes is told later, by
    /// [`Waiting::close`].
    pub fn leave_out(&mut self, refused: &Refused, span: Span, now: Instant) -> bool {
        let left = match refused.is_item {
            true => &mut self.left.items,
            false => &mut self.left.notices,
        };
        left.add(&refused.origin, span, now)
    }

    /// The parts of a batch that began after this place go so far; says whether something was left out
    /// of them.
    pub fn close(&mut self, span: Span) -> bool {
        self.left.close(span)
    }

    /// Whether half of the room is free.
    fn is_half_free(&self) -> bool {
        self.guests.len() <= MOST_WAITING / 2 && self.octets() <= MOST_OCTETS / 2
    }

    /// Takes out of what the node has of the peer's ledger where something was left out that may find
    /// its place now: some of its origin passed, or none waits, or a day has gone by. Says whether
    /// there was any. What the node does not have yet comes anyway, and may be left out again.
    pub fn open(&mut self, bookmark: &mut Bookmark, passed: &[Verified], now: Instant) -> bool {
        if !self.is_half_free() {
            return false;
        }
        let (guests, mut opened) = (&self.guests, Vec::new());
        for (left, items) in [(&mut self.left.items, true), (&mut self.left.notices, false)] {
            for (origin, left) in left.iter_mut() {
                let after = left.span.after;
                let first = Span { after, upto: after.saturating_add(1) };
                let passes = || passed.iter().any(|it| it.envelope().origin == *origin);
                let waits = |it: &Guest| it.is_item() == items && it.envelope.origin == *origin;
                let may = || passes() || left.is_overdue(now) || !guests.iter().any(waits);
                if !left.span.is_empty() && bookmark.has(first) && may() {
                    opened.extend(left.open(now));
                }
            }
        }
        opened.iter().for_each(|span| bookmark.open(*span));
        !opened.is_empty()
    }

    /// After how long what waits is to be tried again, when the same are believed as at the last
    /// time.
    #[must_use]
    pub fn due(&self) -> Duration {
        let soon = self.guests.iter().any(|guest| guest.subject.is_some());
        if soon { Duration::from_secs(CHANGE) } else { EVERY }
    }

    /// Tries again everything that waits.
    pub fn retry(&mut self, trust: &Trust, peer: &OrganisationId, now: Instant) -> Retried {
        let mut retried = Retried::default();
        let mut beside = Beside::default();
        for Guest { since, leaf, subject, octets, unproven, envelope } in
            std::mem::take(&mut self.guests)
        {
            let mut refused = match trust.check_beside(peer, *envelope, &mut beside, now) {
                Ok(verified) => {
                    if unproven {
                        self.left.begin_anew(&verified.envelope().origin, now);
                    }
                    retried.passed.push(verified.late());
                    continue;
                }
                Err(refused) => *refused,
            };
            match refused.later.take().filter(|_| now < since.after(PATIENCE)) {
                Some(envelope) => {
                    self.guests.push(Guest { since, leaf, subject, octets, unproven, envelope });
                }
                None => retried.given_up.push(refused),
            }
        }
        retried
    }
}
