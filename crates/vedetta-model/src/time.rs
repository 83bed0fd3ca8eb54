//! Time as a parameter: an instant in microseconds, and the clock that only the binary makes.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, in microseconds since 1970-01-01, written as RFC 3339 with six decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

/// A text that is not an RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a moment: write it as 2026-01-31T08:00:00Z")]
pub struct InstantError(String);

/// Where the time comes from. The binary gives the system's, tests give their own.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Why what it says is not to be believed, and what to do; nothing when it is. What is written
    /// with a moment far ahead stays there: the ledger never goes back.
    fn doubt(&self) -> Option<String> {
        None
    }
}

/// Tells a clock that leapt ahead from one that goes on: by how long the machine has run since it was
/// looked at last.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    said: Instant,
    ran: Duration,
}

impl Pace {
    /// A clock may gain so much between two looks: what a correction of its drift is.
    pub const TOLERANCE: Duration = Duration::from_secs(3_600);

    /// Begins with what the clock says now, which is believed.
    #[must_use]
    pub const fn new(said: Instant, ran: Duration) -> Self {
        Self { said, ran }
    }

    /// Looks again. A clock that leapt is believed again when it is set back.
    ///
    /// # Errors
    /// By how much it leapt ahead, when that is too much.
    pub fn look(&mut self, said: Instant, ran: Duration) -> Result<(), Duration> {
        let expected = self.said.after(ran.saturating_sub(self.ran));
        let ahead = said.since(expected);
        if ahead > Self::TOLERANCE {
            return Err(ahead);
        }
        *self = Self { said, ran };
        Ok(())
    }
}

impl Instant {
    /// The last moment that can be written and read again: 9999-12-30T22:00:00Z.
    pub const FAR: Self = Self(253_402_207_200_000_000);

    /// From microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The first moment of a civil day in Rome.
    #[must_use]
    pub fn start_of_day(day: Date) -> Self {
        let rome = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
        let start = day.to_zoned(rome).map(|zoned| zoned.timestamp().as_microsecond());
        Self(start.unwrap_or(0))
    }

    /// The civil day in Rome.
    #[must_use]
    pub fn day(self) -> Date {
        let rome = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
        jiff::Timestamp::from_microsecond(self.0)
            .map_or(Date::MAX, |moment| moment.to_zoned(rome).date())
    }

    /// This moment plus a duration, at most [`Instant::FAR`].
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(Self::FAR.0))
    }

    /// This moment minus a duration.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Time elapsed since an earlier moment; zero when it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(f, "{moment:.6}"),
            Err(_) => f.write_str("9999-12-30T22:00:00.000000Z"),
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Instant {
    type Err = InstantError;
    fn from_str(text: &str) -> Result<Self, InstantError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| InstantError(text.into()))?;
        Ok(Self(moment.as_microsecond()))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_again() {
        let moment: Instant = "2026-03-29T01:30:00.000250Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-03-29T01:30:00.000250Z");
        assert_eq!(moment.after(Duration::from_secs(1)).since(moment), Duration::from_secs(1));
    }

    #[test]
    fn the_last_moment_reads_back() {
        let far = Instant::FAR.after(Duration::from_secs(1));
        assert_eq!(far.to_string().parse(), Ok(far));
        assert_eq!(Instant::from_micros(i64::MAX).to_string().parse(), Ok(Instant::FAR));
    }

    #[test]
    fn a_day_begins_in_rome() {
        let summer = Instant::start_of_day(jiff::civil::date(2026, 7, 1));
        assert_eq!(summer.to_string(), "2026-06-30T22:00:00.000000Z");
        assert_eq!(summer.day(), jiff::civil::date(2026, 7, 1));
    }
}
