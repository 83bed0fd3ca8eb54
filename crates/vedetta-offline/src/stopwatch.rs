//! How long something takes, and how much of the processor.

use std::time::Duration;

/// Measures how long something takes, to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "what is measured is the machine")]
        Self(std::time::Instant::now())
    }

    /// How long it has run.
    #[must_use]
    pub fn read(self) -> Duration {
        self.0.elapsed()
    }
}

/// Measures how much of the processor this thread takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessorTime(Duration);

impl ProcessorTime {
    /// Starts.
    pub(crate) fn start() -> Self {
        Self(Self::taken())
    }

    /// How much it took since.
    pub(crate) fn read(self) -> Duration {
        Self::taken().saturating_sub(self.0)
    }

    fn taken() -> Duration {
        let taken = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let part = u32::try_from(taken.tv_nsec).unwrap_or_default();
        Duration::new(taken.tv_sec.unsigned_abs(), part)
    }
}
