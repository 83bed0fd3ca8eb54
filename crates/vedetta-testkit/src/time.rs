//! Time and chance under the test's control.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use vedetta_model::{Clock, Entropy, Instant};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct MockClock(AtomicI64);

/// Randomness that repeats from its seed (a splitmix64 sequence).
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl MockClock {
    /// A clock at a moment, e.g. `2026-03-02T08:00:00Z`.
    #[must_use]
    pub fn at(moment: &str) -> Self {
        Self(AtomicI64::new(moment.parse::<Instant>().unwrap().micros()))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Moves it to a moment.
    pub fn set(&self, moment: &str) {
        self.0.store(moment.parse::<Instant>().unwrap().micros(), Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl SeededEntropy {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut mixed = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
