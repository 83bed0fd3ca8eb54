//! How long to wait before dialling again: doubling, with full jitter above half, so that nodes
//! that lost the same peer do not come back together.

use std::time::Duration;

use vedetta_model::Entropy;

/// The waits between attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    failed: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::between(Duration::from_millis(250), Duration::from_secs(10))
    }
}

impl Backoff {
    /// Waits from the shortest to the longest.
    #[must_use]
    pub const fn between(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failed: 0 }
    }

    /// After an attempt that succeeded, the next wait is the shortest.
    pub fn succeeded(&mut self) {
        self.failed = 0;
    }

    /// How long to wait before the next attempt: between half of the present wait and all of it.
    pub fn next(&mut self, entropy: &dyn Entropy) -> Duration {
        let doubled = self.shortest.saturating_mul(1 << self.failed.min(16));
        let wait = doubled.min(self.longest);
        self.failed = self.failed.saturating_add(1);
        let mut chance = [0; 4];
        entropy.fill(&mut chance);
        let share = f64::from(u32::from_le_bytes(chance)) / f64::from(u32::MAX);
        wait.mul_f64(0.5 + share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_start_again_after_success() {
        let mut backoff = Backoff::between(Duration::from_secs(1), Duration::from_secs(5));
        let mut waits = || backoff.next(&Always(255)).as_secs();
        assert_eq!([waits(), waits(), waits(), waits(), waits()], [1, 2, 4, 5, 5]);
        backoff.succeeded();
        assert_eq!(backoff.next(&Always(255)).as_secs(), 1);
    }

    #[test]
    fn two_nodes_do_not_wait_alike() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.clone().next(&Always(0)), Duration::from_millis(125));
        assert_eq!(backoff.next(&Always(255)), Duration::from_millis(250));
    }
}
