//! What a peer has us note is noted seldom, with how often it was: it says how often it happens.

use std::time::Duration;

use vedetta_model::Instant;

/// How long after one note the next of its kind is written.
const QUIET: Duration = Duration::from_secs(3_600);

/// How often something happened since it was noted last.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    count: usize,
    noted: Option<Instant>,
}

impl Tally {
    /// So many more; how many there were, when it is time to note them.
    pub(crate) fn add(&mut self, some: usize, now: Instant) -> Option<usize> {
        self.count += some;
        if self.noted.is_some_and(|noted| now < noted.after(QUIET)) {
            return None;
        }
        self.noted = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_noted_and_then_all_of_an_hour_together() {
        let mut tally = Tally::default();
        let at = |second| Instant::default().after(Duration::from_secs(second));
        assert_eq!(tally.add(2, at(0)), Some(2));
        for second in 1..3_600 {
            assert_eq!(tally.add(100, at(second)), None);
        }
        assert_eq!(tally.add(1, at(3_600)), Some(359_901));
        assert_eq!(tally.add(1, at(3_601)), None);
    }
}
