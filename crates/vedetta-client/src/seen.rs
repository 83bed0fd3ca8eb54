//! What many followers of one node saw, counted as it comes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What all followers saw.
#[derive(Default, Serialize, Deserialize)]
pub struct Seen {
    /// For every event: the first millisecond (since 1970) in which anyone had it, and how many had
    /// it in each millisecond from then on.
    pub events: BTreeMap<u64, (i64, Vec<u32>)>,
    /// Events that came again, or out of order.
    pub duplicated: u64,
    /// Streams that ended before they were told to.
    pub broken: u64,
}

impl Seen {
    /// Notes that events came to one follower in a millisecond, whose last one before is kept by it.
    pub fn note(&mut self, now: i64, events: &[u64], last: &mut u64) {
        for event in events {
            if *event <= *last {
                self.duplicated += 1;
                continue;
            }
            *last = *event;
            let (first, counts) = self.events.entry(*event).or_insert((now, Vec::new()));
            let at = usize::try_from(now - *first).unwrap_or(0);
            if counts.len() <= at {
                counts.resize(at + 1, 0);
            }
            counts[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_is_counted_apart() {
        let (mut seen, mut one, mut other) = (Seen::default(), 0, 0);
        seen.note(1_000, &[1, 2], &mut one);
        seen.note(1_002, &[1, 1], &mut other);
        assert_eq!(seen.events[&1], (1_000, vec![1, 0, 1]));
        assert_eq!((seen.events[&2].0, seen.duplicated), (1_000, 1));
    }
}
