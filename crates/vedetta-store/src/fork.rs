//! Where intervals are kept so that those around a place are found without looking at the others:
//! a relational interval tree (Kriegel, Pötke, Seidl: Managing Intervals Efficiently in
//! Object-Relational Databases, VLDB 2000), rooted wherever it need be.
//!
//! Every number is a node, higher the more zeros it ends with in binary; an interval belongs to the
//! highest node within it. An interval around a place belongs to a node above the place, so there
//! are few to ask: of those before the place the intervals that end at or after it, of those after
//! the place the intervals that begin at or before it.

use std::ops::RangeInclusive;

/// The node of an interval, both ends included.
#[must_use]
pub const fn fork(first: u64, last: u64) -> u64 {
    match (first.wrapping_sub(1) ^ last).checked_ilog2() {
        Some(level) if first > 0 => last >> level << level,
        _ => 0,
    }
}

/// The nodes whose intervals may be around a place, up to the end of what is kept, ascending.
#[must_use]
pub fn forks(around: u64, end: u64) -> Vec<u64> {
    let levels: RangeInclusive<u32> = around.trailing_zeros()..=62;
    let node = |level: u32| around >> (level + 1) << (level + 1) | 1 << level;
    let mut nodes: Vec<_> = levels.map(node).filter(|node| *node <= end).collect();
    nodes.push(0);
    nodes.sort_unstable();
    nodes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_interval_is_found_around_each_of_its_places(
            first in 0u64..5_000, length in 0u64..3_000, other in 0u64..9_000,
        ) {
            let (last, node) = (first + length, fork(first, first + length));
            prop_assert!((first..=last).contains(&node));
            let asked = forks(other, 9_000);
            prop_assert!(asked.len() <= 15, "{} nodes", asked.len());
            if (first..=last).contains(&other) {
                prop_assert!(asked.contains(&node), "{node} is not among {asked:?}");
            }
        }
    }

    #[test]
    fn neighbours_are_kept_low() {
        assert_eq!([fork(5, 5), fork(5, 7), fork(7, 9), fork(1, 1000)], [5, 6, 8, 512]);
        assert_eq!([fork(0, 0), fork(0, 9)], [0, 0]);
        assert_eq!(forks(6, 20), [0, 4, 6, 8, 16]);
        assert!(forks(u64::MAX >> 1, u64::MAX).contains(&(u64::MAX >> 1)));
    }
}
