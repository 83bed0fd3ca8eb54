//! How much anyone may ask: token buckets per address and per account. Time is a parameter.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vedetta_model::Instant;

/// A token bucket's size and refill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Requests at once.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub every: Duration,
}

/// Buckets of one rate by key. Memory is bounded: when there are too many keys, buckets that are
/// full again are forgotten, which changes nothing, and then the fuller half. So whoever floods it
/// with keys forgets its own, drawn on once; to have one forgotten that is nearly empty, it must draw
/// as much on each of as many others.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    most: usize,
    buckets: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Limiter<K> {
    /// With a rate, for at most so many keys.
    #[must_use]
    pub fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, buckets: Mutex::default() }
    }

    /// Whether a token could be taken at `now`, without taking it.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub fn look(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.get(key).copied().unwrap_or(now);
        self.owed(full_at, now).map(drop)
    }

    /// Takes one token at `now`.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(&key) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() > self.most / 2 {
                forget_fuller_half(&mut buckets);
            }
        }
        let full_at = buckets.entry(key).or_insert(now);
        *full_at = self.owed(*full_at, now)?;
        Ok(())
    }

    /// Gives back a token that was taken.
    pub fn give_back(&self, key: &K) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(key) {
            let every = i64::try_from(self.rate.every.as_micros()).unwrap_or(i64::MAX);
            *full_at = Instant::from_micros(full_at.micros().saturating_sub(every));
        }
    }

    /// The next state of a bucket, which is the moment at which it is full again (the generic
    /// cell rate algorithm).
    fn owed(&self, full_at: Instant, now: Instant) -> Result<Instant, Duration> {
        let depth = self.rate.every.saturating_mul(self.rate.burst);
        // No bucket is emptier than empty: one that seems so is of before the clock was set back.
        let full_at = if full_at > now.after(depth) { now } else { full_at.max(now) };
        let next = full_at.after(self.rate.every);
        let owed = next.since(now);
        if owed > depth { Err(owed - depth) } else { Ok(next) }
    }
}

/// Forgets the half of the buckets that are full again first, or more: once for as many new keys, so that
/// a flood costs no more than its own requests.
fn forget_fuller_half<K: Hash + Eq>(buckets: &mut HashMap<K, Instant>) {
    let mut moments: Vec<Instant> = buckets.values().copied().collect();
    let middle = moments.len() / 2;
    if middle < moments.len() {
        let (_, middle, _) = moments.select_nth_unstable(middle);
        buckets.retain(|_, full_at| *full_at > *middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(10) };

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_burst_then_one_by_one() {
        let limiter = Limiter::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
        }
        assert_eq!(limiter.look(&"a", at(4)), Err(Duration::from_secs(6)));
        assert_eq!(limiter.take("a", at(4)), Err(Duration::from_secs(6)));
        assert_eq!(limiter.take("b", at(4)), Ok(()));
        assert_eq!(limiter.take("a", at(10)), Ok(()));
        assert!(limiter.take("a", at(10)).is_err());
        assert_eq!(limiter.take("a", at(1_000)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let limiter = Limiter::new(RATE, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", at(1_000_000)), Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", at(0)), Err(Duration::from_secs(10)));
        assert_eq!(limiter.take("a", at(10)), Ok(()));
    }

    #[test]
    fn a_flood_of_keys_gives_nobody_another_try() {
        let limiter = Limiter::new(RATE, 8);
        for _ in 0..3 {
            assert_eq!(limiter.take(u32::MAX, at(0)), Ok(()));
        }
        for key in 0..1_000 {
            assert_eq!(limiter.take(key, at(1)), Ok(()));
            assert!(limiter.take(u32::MAX, at(1)).is_err(), "after {key} others");
        }
        assert!(limiter.buckets.lock().unwrap().len() <= 8);
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate(mut moments in proptest::collection::vec(0i64..300, 1..200)) {
            moments.sort_unstable();
            let limiter = Limiter::new(RATE, 10);
            let allowed: Vec<i64> =
                moments.into_iter().filter(|&moment| limiter.take(0, at(moment)).is_ok()).collect();
            for (index, &first) in allowed.iter().enumerate() {
                for (count, &last) in (1i64..).zip(&allowed[index..]) {
                    prop_assert!(count <= 3 + (last - first) / 10);
                }
            }
        }

        #[test]
        fn keys_are_bounded(keys in proptest::collection::vec(any::<u32>(), 0..100)) {
            let limiter = Limiter::new(RATE, 8);
            for key in keys {
                let _ = limiter.take(key, at(0));
                prop_assert!(limiter.buckets.lock().unwrap().len() <= 8);
            }
        }
    }
}
