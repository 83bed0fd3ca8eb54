//! What joins a link to a node's memory: reading what is to be sent, sealed; checking what came.

use std::collections::HashSet;
use std::sync::Arc;

use vedetta_model::{Instant, OrganisationId};

use crate::bookmark::Bookmark;
use crate::check::{Refusal, Refused, Trust, Verified};
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::frame::Told;
use crate::hop::{MOST_HOPS, Sending};
use crate::key::SecretKey;
use crate::limits::{Beside, Limits, subject};
use crate::link::{Fetched, Taken, Taking};
use crate::seal::{MOST_LEAVES, seal};
use crate::shelf::{Arrival, Ask, Lane, Outcome, Parcel, Shelf};
use crate::waiting::{Retried, Room, Waiting};

/// Who seals.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// This node.
    pub node: &'a OrganisationId,
    /// Its present key.
    pub key: &'a SecretKey,
}

/// Answers [`crate::link::Output::Fetch`]: reads a part of the ledger for a peer and seals it.
///
/// # Errors
/// Those of the shelf.
pub fn fetch<S: Shelf>(
    shelf: &S,
    signer: Signer<'_>,
    peer: &OrganisationId,
    ask: &Ask,
    now: Instant,
) -> Result<Fetched, S::Error> {
    let page = shelf.page(peer, ask)?;
    let envelopes = dispatch(signer, peer, page.parcels, now);
    Ok(Fetched { ask: ask.clone(), upto: page.upto, envelopes })
}

/// Answers [`crate::link::Output::Common`]: the last place that our ledger and a peer's marks in it
/// have in common.
///
/// # Errors
/// Those of the shelf.
pub fn common<S: Shelf>(shelf: &S, bookmark: &Bookmark) -> Result<u64, S::Error> {
    bookmark.common(|place| shelf.hash_at(place))
}

/// Answers [`crate::link::Output::Take`]: checks a batch and takes it in, with the bookmark.
///
/// # Errors
/// Those of the shelf; then nothing was taken in.
pub fn take<S: Shelf>(
    shelf: &S,
    trust: &Trust,
    peer: &OrganisationId,
    taking: Taking,
    now: Instant,
) -> Result<Taken, S::Error> {
    let (checked, arrival) = check(trust, peer, (taking, &mut shelf.waiting(peer)?), now);
    Ok(checked.taken(shelf.take_in(peer, arrival)?))
}

/// Tries again what waits of a peer, as durable; due as [`waiting`](crate::waiting) says.
///
/// # Errors
/// Those of the shelf; then nothing was taken in.
pub fn take_waiting<S: Shelf>(
    shelf: &S,
    trust: &Trust,
    peer: &OrganisationId,
    now: Instant,
) -> Result<Option<Taken>, S::Error> {
    let mut waiting = shelf.waiting(peer)?;
    if waiting.is_empty() {
        return Ok(None);
    }
    let checked = check_waiting(trust, peer, (shelf.bookmark(peer)?, &mut waiting), now);
    let Some((checked, arrival)) = checked else { return Ok(None) };
    Ok(Some(checked.taken(shelf.take_in(peer, arrival)?)))
}

/// A batch that was checked, without what is to be written.
#[derive(Clone, Debug)]
pub struct Checked {
    number: u64,
    bookmark: Bookmark,
    told: Vec<Told>,
    /// What each that was verified is known by.
    leaves: Vec<Digest>,
    /// Who brought it, and what tells each of them from what comes later.
    peer: OrganisationId,
    marks: Vec<Option<u64>>,
    /// Whether something is to come again.
    opened: bool,
    /// Changes of subjects, by their place among what was verified: those count that are news.
    changes: Vec<(usize, OrganisationId, String)>,
    limits: Arc<Limits>,
    at: Instant,
}

/// The first half of [`take`]: what may go on while the batch before is written. `taking` has the
/// bookmark of that one, `waiting` what waits with it.
#[must_use]
pub fn check(
    trust: &Trust,
    peer: &OrganisationId,
    (taking, waiting): (Taking, &mut Waiting),
    now: Instant,
) -> (Checked, Arrival) {
    let Taking { batch, mut bookmark } = taking;
    let (mut verified, mut refused) = (Vec::with_capacity(batch.envelopes.len()), Vec::new());
    let mut changed = false;
    let (mut beside, mut here) = (Beside::default(), HashSet::new());
    for envelope in batch.envelopes {
        let checked = trust.check_beside(peer, envelope, &mut beside, now);
        match checked.and_then(|it| first_time((trust, peer), it, (batch.lane, &mut here))) {
            Ok(it) => verified.push(if batch.lane == Lane::Live { it } else { it.late() }),
            Err(mut it) => {
                let room = waiting.keep(&mut it, now);
                changed |= room == Room::Kept;
                // What is urgent comes in the backlog too.
                let left_out = room == Room::Full && batch.lane != Lane::Urgent;
                changed |= left_out && waiting.leave_out(&it, batch.span, now);
                // What is only slowed down is no fault.
                if !(matches!(room, Room::Kept | Room::Known)
                    && matches!(it.why, Refusal::TooSoon(_)))
                {
                    refused.push(*it);
                }
            }
        }
    }
    if batch.lane != Lane::Urgent && !batch.span.is_empty() {
        bookmark.add(batch.span, batch.hash);
        changed |= waiting.close(batch.span);
    }
    let waiting = changed.then(|| waiting.clone());
    let arrival = Arrival { verified, refused, bookmark, waiting };
    (Checked::of((trust, now), (peer, batch.number, batch.lane), &arrival), arrival)
}

/// Refuses what was taken in of a peer before, seal and all, and what is twice in one batch. What was
/// checked and is not written yet is known once it is.
fn first_time(
    (trust, peer): (&Trust, &OrganisationId),
    verified: Verified,
    (lane, here): (Lane, &mut HashSet<u64>),
) -> Result<Verified, Box<Refused>> {
    let replays = trust.lately().replays();
    match replays.mark(&verified, lane) {
        Some(mark) if replays.took_before(peer, mark) || !here.insert(mark) => {
            Err(verified.replayed(peer))
        }
        _ => Ok(verified),
    }
}

/// The first half of [`take_waiting`]; nothing when everything waits on. No batch has its number,
/// which is zero.
#[must_use]
pub fn check_waiting(
    trust: &Trust,
    peer: &OrganisationId,
    (mut bookmark, waiting): (Bookmark, &mut Waiting),
    now: Instant,
) -> Option<(Checked, Arrival)> {
    let Retried { passed, given_up } = waiting.retry(trust, peer, now);
    let opened = waiting.open(&mut bookmark, &passed, now);
    if passed.is_empty() && given_up.is_empty() && !opened {
        return None;
    }
    let waiting = Some(waiting.clone());
    let mut arrival = Arrival { verified: passed, refused: given_up, bookmark, waiting };
    let checked = Checked::of((trust, now), (peer, 0, Lane::Backlog), &arrival);
    let checked = Checked { opened, ..checked };
    // What is given up was refused when it came: it counts once.
    arrival.refused.clear();
    Some((checked, arrival))
}

impl Checked {
    fn of(
        (trust, at): (&Trust, Instant),
        (peer, number, lane): (&OrganisationId, u64, Lane),
        arrival: &Arrival,
    ) -> Self {
        let mark = |it: &Verified| trust.lately().replays().mark(it, lane);
        let change = |(place, it): (usize, &Verified)| {
            let envelope = it.envelope();
            Some((place, envelope.origin.clone(), subject(&envelope.what)?))
        };
        let changes = arrival.verified.iter().enumerate().filter_map(change).collect();
        let told = arrival.refused.iter().map(|it| Told {
            leaf: it.leaf,
            why: it.why.name().into(),
            says: it.why.to_string(),
        });
        Self {
            number,
            bookmark: arrival.bookmark.clone(),
            told: told.collect(),
            leaves: arrival.verified.iter().map(Verified::leaf).collect(),
            peer: peer.clone(),
            marks: arrival.verified.iter().map(mark).collect(),
            opened: false,
            changes,
            limits: Arc::clone(trust.lately()),
            at,
        }
    }

    /// What the node has of the peer's ledger with it.
    #[must_use]
    pub const fn bookmark(&self) -> &Bookmark {
        &self.bookmark
    }

    /// What became of it, once it is written. From then on it is a replay when it comes again as it is,
    /// but for what was of no account: that may be of some later.
    #[must_use]
    pub fn taken(self, outcomes: Vec<Outcome>) -> Taken {
        let Self { number, bookmark, told, leaves, opened, changes, limits, at, .. } = self;
        let counts = |it: &Outcome| !matches!(it, Outcome::Idle | Outcome::Crowded);
        let marks = self.marks.into_iter().zip(&outcomes);
        let marks = marks.filter(|(_, it)| counts(it)).filter_map(|(mark, _)| mark);
        limits.replays().took(&self.peer, marks);
        let (mut gave_way, mut refused) = (Vec::new(), told);
        for (leaf, outcome) in leaves.into_iter().zip(&outcomes) {
            match outcome {
                Outcome::Lost => gave_way.push(leaf),
                Outcome::Crowded => refused.push(Told::crowded(leaf)),
                _ => {}
            }
        }
        for (place, origin, subject) in changes {
            if outcomes.get(place) == Some(&Outcome::New) {
                limits.changed(&origin, subject, at);
            }
        }
        Taken { number, bookmark, outcomes, refused, gave_way, opened }
    }
}

/// Seals what goes to a peer: what is our own and was never sealed, and our hop on everything that
/// goes onward. What would pass through the peer twice, or through too many nodes, stays.
#[must_use]
pub fn dispatch(
    signer: Signer<'_>,
    peer: &OrganisationId,
    parcels: Vec<Parcel>,
    now: Instant,
) -> Vec<Envelope> {
    let mut ready = Vec::with_capacity(parcels.len());
    let (mut own, mut hops) = (Vec::new(), Vec::new());
    for parcel in parcels {
        let place = ready.len();
        match parcel {
            Parcel::Back(envelope) => {
                if envelope.seal.is_some() {
                    ready.push(*envelope);
                }
            }
            Parcel::Onward { envelope, passages, tlp } => {
                if envelope.passed(peer) || envelope.hops.len() >= MOST_HOPS {
                    continue;
                }
                let leaf = envelope.leaf();
                if envelope.seal.is_none() {
                    own.push((place, leaf));
                }
                let before = envelope.hops.iter().fold(leaf, |before, hop| hop.leaf(before));
                let (from, to) = (signer.node.clone(), peer.clone());
                let sending = Sending { from, to, at: now, passages, tlp };
                hops.push((place, sending.leaf(before), sending));
                ready.push(*envelope);
            }
        }
    }
    for some in own.chunks(MOST_LEAVES) {
        let leaves: Vec<_> = some.iter().map(|(_, leaf)| *leaf).collect();
        for ((place, _), seal) in some.iter().zip(seal(signer.key, &leaves)) {
            ready[*place].seal = Some(seal);
        }
    }
    let mut hops = hops.into_iter();
    loop {
        let some: Vec<_> = hops.by_ref().take(MOST_LEAVES).collect();
        if some.is_empty() {
            return ready;
        }
        let leaves: Vec<_> = some.iter().map(|(_, leaf, _)| *leaf).collect();
        for ((place, _, sending), seal) in some.into_iter().zip(seal(signer.key, &leaves)) {
            ready[place].hops.push(sending.sealed(seal));
        }
    }
}
