//! Signatures that were verified, so that each is verified once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::digest::Digest;
use crate::key::{PublicKey, Signature};
use crate::seal::{Climb, Seal};

/// Of so many trees the latest way is remembered.
const CLIMBED: usize = 8;

/// Signed roots that were verified, so that each is verified once. Bounded.
pub struct Roots {
    room: usize,
    known: Mutex<HashSet<(PublicKey, Digest, Signature)>>,
    /// Of the latest trees the way of the latest leaf: the next has most of it in common.
    climbed: Mutex<Vec<(PublicKey, Signature, Climb)>>,
}

impl Roots {
    /// Remembers so many.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { room, known: Mutex::default(), climbed: Mutex::default() }
    }

    /// Whether a seal of this key holds for a leaf.
    pub(super) fn holds(&self, key: &PublicKey, seal: &Seal, leaf: Digest) -> bool {
        let climbed = || self.climbed.lock().unwrap_or_else(PoisonError::into_inner);
        for (by, signature, climb) in climbed().iter_mut() {
            if by == key
                && *signature == seal.signature
                && let Some(beside) = climb.beside(seal, leaf)
            {
                *climb = beside;
                return true;
            }
        }
        let Some(climb) = Climb::of(seal, leaf) else { return false };
        let holds = self.verify(key, climb.root(), &seal.signature);
        if holds {
            let mut climbed = climbed();
            climbed.truncate(CLIMBED - 1);
            climbed.insert(0, (*key, seal.signature, climb));
        }
        holds
    }

    fn verify(&self, key: &PublicKey, root: Digest, signature: &Signature) -> bool {
        let entry = (*key, root, *signature);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(&entry) {
            return true;
        }
        let holds = key.verify(root.octets(), signature).is_ok();
        if holds {
            let mut known = known();
            if known.len() >= self.room {
                known.clear();
            }
            known.insert(entry);
        }
        holds
    }
}
