//! Chance that repeats from its seed.

use vedetta_model::Entropy as _;
use vedetta_testkit::SeededEntropy;

pub(crate) struct Dice(SeededEntropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1)))
    }

    /// From 0 to one less than `many`.
    pub(crate) fn below(&mut self, many: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) >> 16).unwrap() % many
    }

    /// Yes in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.below(from.len())])
    }

    /// One of several that are there.
    pub(crate) fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Each with so many of a hundred cases.
    pub(crate) fn some<T: Clone, C: FromIterator<T>>(&mut self, from: &[T], percent: usize) -> C {
        from.iter().filter(|_| self.chance(percent)).cloned().collect()
    }
}
