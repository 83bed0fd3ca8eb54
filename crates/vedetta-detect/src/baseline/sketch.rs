//! How many different values, in 256 bytes (linear counting: K.-Y. Whang, B. T. Vander-Zanden,
//! H. M. Taylor, "A linear-time probabilistic counting algorithm", 1990). Good to a few percent up
//! to about 5,000; beyond, it says "many".

use crate::event::Name;

const BITS: usize = 2_048;

#[derive(Debug, Clone)]
pub(super) struct Distinct {
    words: [u64; BITS / 64],
}

impl Default for Distinct {
    fn default() -> Self {
        Self { words: [0; BITS / 64] }
    }
}

impl Distinct {
    /// Adds a value; whether it may be new.
    pub(super) fn add(&mut self, value: &str) -> bool {
        let hash = Name::of(value).0 as usize % BITS;
        let (word, bit) = (hash / 64, 1 << (hash % 64));
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    pub(super) fn count(&self) -> f64 {
        let zeros: u32 = self.words.iter().map(|it| it.count_zeros()).sum();
        let bits = BITS as f64;
        -bits * (f64::from(zeros.max(1)) / bits).ln()
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    pub(super) fn clear(&mut self) {
        self.words = [0; BITS / 64];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_the_truth() {
        for truth in [0, 1, 10, 100, 1_000, 3_000] {
            let mut sketch = Distinct::default();
            (0..truth).for_each(|it| {
                sketch.add(&format!("192.0.2.{it}"));
                sketch.add(&format!("192.0.2.{it}"));
            });
            let truth = f64::from(truth);
            assert!(
                (sketch.count() - truth).abs() <= truth * 0.1 + 0.5,
                "{truth}: {}",
                sketch.count()
            );
        }
    }
}
