//! The system's clock and randomness: the only place that asks for them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vedetta_model::{Clock, Entropy, Instant, Pace};
pub(crate) use vedetta_offline::stopwatch::Stopwatch;

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

/// The system's clock as the ledger is written by: one that leaps ahead is not believed.
#[derive(Debug)]
pub(crate) struct LedgerClock {
    began: Stopwatch,
    /// For how long the machine had been up then, its sleep counted.
    up: Option<Duration>,
    pace: Mutex<Paced>,
}

/// How the clock goes.
#[derive(Debug)]
struct Paced {
    pace: Pace,
    /// How long the machine has slept since.
    slept: Duration,
    doubted: bool,
}

/// The system's randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemEntropy;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is where the house's clock is made")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl LedgerClock {
    /// Begins with what the system says now.
    pub(crate) fn start() -> Self {
        let pace = Pace::new(SystemClock.now(), Duration::ZERO);
        let paced = Paced { pace, slept: Duration::ZERO, doubted: false };
        Self { began: Stopwatch::start(), up: uptime(), pace: Mutex::new(paced) }
    }

    /// By how much it leapt ahead.
    fn leap(&self, paced: &mut Paced) -> Result<(), Duration> {
        let (said, awake) = (SystemClock.now(), self.began.read());
        if paced.pace.look(said, awake + paced.slept).is_ok() {
            return Ok(());
        }
        // It may have slept meanwhile.
        let up = uptime().zip(self.up).map(|(now, then)| now.saturating_sub(then));
        paced.slept = up.unwrap_or_default().saturating_sub(awake).max(paced.slept);
        paced.pace.look(said, awake + paced.slept)
    }
}

/// For how long the machine has been up, its sleep counted; unknown where the system does not say.
fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

impl Clock for LedgerClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn doubt(&self) -> Option<String> {
        let mut paced = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let leap = self.leap(&mut paced);
        let before = std::mem::replace(&mut paced.doubted, leap.is_err());
        let minutes = leap.err()?.as_secs() / 60;
        let says = format!(
            "it leapt {minutes} minutes ahead, to {}, and nothing is written until that is settled: set \
             it right, and the node goes on; or restart the node if it is right, as after a machine \
             was paused",
            SystemClock.now()
        );
        if !before {
            tracing::error!(minutes, "ALARM: the system clock leapt ahead: {says}");
        }
        Some(says)
    }
}

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness is had")]
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // Without randomness no key is safe: there is nothing to go on with.
            eprintln!("vedetta: the system gives no randomness ({error}); stopping");
            std::process::abort();
        }
    }
}
