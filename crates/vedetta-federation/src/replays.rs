//! What a peer has brought before, exactly as it was: who sends again seals again.
//!
//! What is known changes nothing when it comes again, after a cut or on the urgent lane; but then its
//! last hop has another moment, and another seal. The same seal once more is a copy of what was said.

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
    /// Whether a peer has brought this before, seal and all; remembers it. What is urgent comes by itself
    /// too, perhaps in the same moment. What is given back is as it was when it was here first, however
    /// often that is wanted.
    pub(crate) fn came_before(
        &self,
        peer: &OrganisationId,
        verified: &Verified,
        lane: Lane,
    ) -> bool {
        let Some(hop) = verified.envelope().hops.last() else { return false };
        if verified.way() == Way::Back {
            return false;
        }
        let seal = &hop.seal;
        let urgent = lane == Lane::Urgent;
        let said = (verified.leaf(), hop.at, seal.index, seal.signature, urgent);
        let said = self.hasher.hash_one(said);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        !peers.entry(peer.clone()).or_default().is_new(said)
    }
}

impl Seen {
    /// Whether it was not seen lately; remembers it.
    fn is_new(&mut self, said: u64) -> bool {
        if !self.all.insert(said) {
            return false;
        }
        self.order.push_back(said);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered_and_no_more() {
        let mut seen = Seen::default();
        let many = 3 * REMEMBERED as u64;
        assert!((0..many).all(|said| seen.is_new(said)));
        assert_eq!((seen.all.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!seen.is_new(many - 1) && !seen.is_new(many - REMEMBERED as u64));
        assert!(seen.is_new(0), "what is that long ago is forgotten");
    }
}
