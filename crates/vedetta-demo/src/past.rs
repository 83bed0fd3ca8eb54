//! The day behind the demonstration: what happened in it is written as of when it happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vedetta_model::{Clock, Instant};

/// A clock that can stand behind another, and only ever catches up with it.
pub struct Past {
    clock: Arc<dyn Clock>,
    /// By how many minutes.
    behind: AtomicU64,
}

/// How far back the demonstration begins, in minutes.
const BEGINNING: u64 = 30 * 60;

impl Past {
    /// As the other goes.
    #[must_use]
    pub fn over(clock: Arc<dyn Clock>) -> Self {
        Self { clock, behind: AtomicU64::new(0) }
    }

    /// Goes back to where the demonstration begins: for a ledger without an entry.
    #[must_use]
    pub fn from_the_beginning(self) -> Self {
        Self { behind: AtomicU64::new(BEGINNING), ..self }
    }

    /// So many minutes ago; earlier than it stands it cannot.
    pub(crate) fn minutes_ago(&self, minutes: u64) {
        self.behind.fetch_min(minutes, Ordering::Relaxed);
    }
}

impl Clock for Past {
    fn now(&self) -> Instant {
        self.clock.now().before(Duration::from_secs(60 * self.behind.load(Ordering::Relaxed)))
    }

    fn doubt(&self) -> Option<String> {
        self.clock.doubt()
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Clock, Instant, Past};

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Instant {
            Instant::from_micros(1_000_000_000_000)
        }
    }

    #[test]
    fn it_catches_up_and_never_goes_back() {
        let past = Past::over(Arc::new(Noon)).from_the_beginning();
        let behind = || (Noon.now().micros() - past.now().micros()) / 60_000_000;
        assert_eq!(behind(), 1_800);
        for (minutes, stands) in [(90, 90), (120, 90), (0, 0), (5, 0)] {
            past.minutes_ago(minutes);
            assert_eq!(behind(), stands, "{minutes}");
        }
    }
}
