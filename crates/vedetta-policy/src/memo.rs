//! Decisions remembered by handling, for as long as the network they were made on.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use vedetta_model::Handling;

use crate::decision::Decision;

const SHARDS: usize = 16;

/// Decisions kept per shard; a full shard forgets everything and begins again.
const SHARD_ROOM: usize = 512;

/// A bounded memory of decisions.
#[derive(Default)]
pub(crate) struct Memo {
    shards: [RwLock<HashMap<Arc<Handling>, Arc<Decision>>>; SHARDS],
    hasher: RandomState,
}

impl Memo {
    /// The decision remembered for a handling, or the one made now.
    pub(crate) fn recall(
        &self,
        handling: &Arc<Handling>,
        decide: impl FnOnce() -> Decision,
    ) -> Arc<Decision> {
        let hash = self.hasher.hash_one(handling);
        let shard = &self.shards[usize::try_from(hash).unwrap_or_default() % SHARDS];
        let known = shard.read().unwrap_or_else(PoisonError::into_inner).get(handling).cloned();
        known.unwrap_or_else(|| {
            let decision = Arc::new(decide());
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            if shard.len() >= SHARD_ROOM {
                shard.clear();
            }
            shard.insert(Arc::clone(handling), Arc::clone(&decision));
            decision
        })
    }
}
