//! How long many like things took.

use std::hint::black_box;
use std::time::Duration;

use crate::stopwatch::Stopwatch;

/// The times of many like things.
#[derive(Default, Debug)]
pub struct Times {
    taken: Vec<Duration>,
    sorted: usize,
}

impl Times {
    /// Does it, and notes how long it took.
    pub fn measure<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let watch = Stopwatch::start();
        let made = black_box(run());
        self.note(watch.read());
        made
    }

    /// Notes how long something took.
    pub fn note(&mut self, took: Duration) {
        self.taken.push(took);
    }

    /// How many were noted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.taken.len()
    }

    /// The time within which so many of a hundred were done, in microseconds; zero of nothing.
    pub fn micros(&mut self, hundredth: usize) -> f64 {
        if self.sorted < self.taken.len() {
            self.taken.sort_unstable();
            self.sorted = self.taken.len();
        }
        let rank = (self.taken.len() * hundredth).div_ceil(100).saturating_sub(1);
        rounded(self.taken.get(rank).map_or(0.0, Duration::as_secs_f64) * 1e6)
    }

    /// The same in milliseconds.
    pub fn millis(&mut self, hundredth: usize) -> f64 {
        rounded(self.micros(hundredth) / 1e3)
    }
}

/// A duration in milliseconds.
#[must_use]
pub fn millis(took: Duration) -> f64 {
    rounded(took.as_secs_f64() * 1e3)
}

/// A figure with two decimals.
#[must_use]
pub fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_of_what_was_noted() {
        let mut times = Times::default();
        assert_eq!(times.micros(99), 0.0);
        (1..=200).rev().for_each(|micros| times.note(Duration::from_micros(micros)));
        assert_eq!((times.micros(50), times.micros(99), times.micros(100)), (100.0, 198.0, 200.0));
        times.note(Duration::from_micros(1));
        assert_eq!(times.micros(0), 1.0);
    }
}
