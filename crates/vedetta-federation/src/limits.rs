//! How much of what somebody brings is taken in how fast.
//!
//! What is handled in a new way costs memory for good, and what changes who is in the network or
//! what binds is compiled by everybody anew. Both are bounded for each origin, and new ways of
//! handling for each peer too; what is beyond waits ([`crate::waiting`]).

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use vedetta_model::{Instant, OrganisationId};

use crate::envelope::{Envelope, Item, What};
use crate::hop::agreements;
use crate::passages::Passages;

/// Octets of new ways of handling that an origin may bring at once, and in a day.
pub const KINDS: u64 = 16 << 20;
/// And all origins by one peer.
pub const KINDS_BY_PEER: u64 = 256 << 20;
/// So often one subject may change at once; then once in [`CHANGE`].
pub const CHANGES: u64 = 4;
/// See [`CHANGES`], in seconds.
pub const CHANGE: u64 = 10;
/// So many subjects of one origin may change at once; then one in a second.
pub const SUBJECTS: u64 = 1_000;

/// A way of handling is at least so many octets in memory, and a name in it so many.
const KIND: u64 = 256;
const NAME: u64 = 48;
/// Subjects remembered before those are forgotten that did not change lately.
const REMEMBERED: usize = 4_096;
const DAY: u64 = 86_400;

/// What origins and peers brought lately.
#[derive(Debug, Default)]
pub struct Limits {
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    origins: HashMap<OrganisationId, Origin>,
    peers: HashMap<OrganisationId, Bucket>,
}

#[derive(Debug, Default)]
struct Origin {
    kinds: HashSet<u64>,
    room: Bucket,
    subjects: HashMap<String, Bucket>,
    changes: Bucket,
}

/// What was taken out of a bucket that fills again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    taken: u64,
    at: Instant,
}

/// How large a bucket is, and how much comes back in so many seconds.
#[derive(Clone, Copy)]
struct Size {
    most: u64,
    back: (u64, u64),
}

impl Bucket {
    fn level(self, size: Size, now: Instant) -> u64 {
        let (back, seconds) = size.back;
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.taken.saturating_sub(millis.saturating_mul(back) / (seconds * 1000))
    }

    fn has(self, amount: u64, size: Size, now: Instant) -> bool {
        self.level(size, now).saturating_add(amount) <= size.most
    }

    fn take(&mut self, amount: u64, size: Size, now: Instant) {
        *self = Self { taken: self.level(size, now).saturating_add(amount), at: now };
    }
}

const fn daily(most: u64) -> Size {
    Size { most, back: (most, DAY) }
}

impl Limits {
    /// Whether an item may be taken in: it is handled as others of its origin were, or there is room
    /// for one more way.
    pub(crate) fn admits(
        &self,
        peer: &OrganisationId,
        (envelope, item): (&Envelope, &Item),
        now: Instant,
    ) -> bool {
        let passages = envelope.hops.last().map_or(Passages::none(), |hop| &hop.passages);
        let tlp = envelope.hops.iter().filter_map(|hop| hop.tlp).max();
        let kind = self.hasher.hash_one((&item.conditions, passages, tlp));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { origins, peers } = &mut *kept;
        let known = |origin: &Origin| origin.kinds.contains(&kind);
        if origins.get(&envelope.origin).is_some_and(known) {
            return true;
        }
        let conditions = &item.conditions;
        let sets = [conditions.victims.len(), conditions.named.len(), conditions.only_under.len()];
        let names = sets.iter().sum::<usize>() + passages.iter().map(agreements).sum::<usize>();
        let octets = KIND * (1 + passages.len() as u64) + NAME * names as u64;
        let origin = origins.entry(envelope.origin.clone()).or_default();
        let by_peer = peers.entry(peer.clone()).or_default();
        let (one, all) = (daily(KINDS), daily(KINDS_BY_PEER));
        if !origin.room.has(octets, one, now) || !by_peer.has(octets, all, now) {
            return false;
        }
        origin.room.take(octets, one, now);
        by_peer.take(octets, all, now);
        origin.kinds.insert(kind);
        true
    }

    /// Whether what changes a subject comes slowly enough.
    pub(crate) fn paces(&self, envelope: &Envelope, now: Instant) -> bool {
        let Some(subject) = subject(&envelope.what) else { return true };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = kept.origins.entry(envelope.origin.clone()).or_default();
        let one = Size { most: CHANGES, back: (1, CHANGE) };
        let all = Size { most: SUBJECTS, back: (1, 1) };
        let before = origin.subjects.get(&subject).copied().unwrap_or_default();
        if !before.has(1, one, now) || !origin.changes.has(1, all, now) {
            return false;
        }
        if origin.subjects.len() >= REMEMBERED {
            origin.subjects.retain(|_, bucket| bucket.level(one, now) > 0);
        }
        origin.subjects.entry(subject).or_default().take(1, one, now);
        origin.changes.take(1, all, now);
        true
    }
}

/// What an envelope changes, of which the last word of its origin alone counts.
pub(crate) fn subject(what: &What) -> Option<String> {
    Some(match what {
        What::Standing(it) => format!("standing/{}", it.agreement),
        What::Agreement(it) => format!("agreement/{}", it.text.id),
        What::Contact(it) => format!("contact/{}", it.id),
        What::Presence(it) => format!("presence/{}", it.organisation),
        What::Removal(it) => format!("removal/{}", it.organisation),
        What::Item(_) | What::Withdrawal(_) | What::Acknowledgement(_) => return None,
    })
}
