//! The system's clock and randomness: the only place that asks for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vedetta_model::{Clock, Entropy, Instant};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

/// The system's randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemEntropy;

/// Measures how long something takes, to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "what is measured is the machine")]
        Self(std::time::Instant::now())
    }

    /// How long it has run.
    pub(crate) fn read(self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is where the house's clock is made")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // Without randomness no key is safe: there is nothing to go on with.
            eprintln!("vedetta: the system gives no randomness ({error}); stopping");
            std::process::abort();
        }
    }
}
