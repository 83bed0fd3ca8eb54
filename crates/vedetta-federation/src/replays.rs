//! What a peer has brought before, exactly as it was: who sends again seals again.
//!
//! What is known changes nothing when it comes again, after a cut or on the urgent lane; but then its
//! last hop has another moment, and another seal. The same seal once more is a copy of what was said.
//!
//! That alone is remembered which was taken in, and durably: what was lost on the way to the ledger may
//! come again as it is, and so may what was of no account when it came.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use vedetta_model::OrganisationId;

use crate::check::{Verified, Way};
use crate::shelf::Lane;

/// Of each peer so many are remembered, the newest.
const REMEMBERED: usize = 16_384;

/// What the peers have brought lately.
#[derive(Default)]
pub(crate) struct Replays {
    hasher: RandomState,
    peers: Mutex<HashMap<OrganisationId, Seen>>,
}

#[derive(Default)]
struct Seen {
    all: HashSet<u64>,
    /// The oldest first.
    order: VecDeque<u64>,
}

impl Replays {
    /// What tells this from all else that a peer brings, seal and all. What is urgent comes by itself
    /// too, perhaps in the same moment. Nothing of what is given back: that is as it was when it was
    /// here first, however often it is wanted.
    pub(crate) fn mark(&self, verified: &Verified, lane: Lane) -> Option<u64> {
        let hop = verified.envelope().hops.last()?;
        if verified.way() == Way::Back {
            return None;
        }
        let seal = &hop.seal;
        let urgent = lane == Lane::Urgent;
        let said = (verified.leaf(), hop.at, seal.index, seal.signature, urgent);
        Some(self.hasher.hash_one(said))
    }

    /// Whether what a peer brings was taken in before.
    pub(crate) fn took_before(&self, peer: &OrganisationId, mark: u64) -> bool {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.get(peer).is_some_and(|seen| seen.all.contains(&mark))
    }

    /// Remembers what was taken in of a peer.
    pub(crate) fn took(&self, peer: &OrganisationId, marks: impl Iterator<Item = u64>) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = peers.entry(peer.clone()).or_default();
        marks.for_each(|mark| seen.remember(mark));
    }
}

impl Seen {
    fn remember(&mut self, said: u64) {
        if !self.all.insert(said) {
            return;
        }
        self.order.push_back(said);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered_and_no_more() {
        let mut seen = Seen::default();
        let many = 3 * REMEMBERED as u64;
        (0..many).for_each(|said| seen.remember(said));
        seen.remember(many - 1);
        assert_eq!((seen.all.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        let oldest = many - REMEMBERED as u64;
        assert!(seen.all.contains(&(many - 1)) && seen.all.contains(&oldest));
        assert!(!seen.all.contains(&(oldest - 1)), "what is that long ago is forgotten");
    }
}
