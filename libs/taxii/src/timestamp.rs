//! Timestamps: RFC 3339 in UTC with six decimals (§2, §3.2).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

/// A text that is not a timestamp in UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a timestamp in UTC: write it as 2026-01-31T08:00:00.000000Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// From microseconds since 1970-01-01 UTC; brought into the years 1 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        const FIRST: i64 = -62_135_596_800_000_000;
        const LAST: i64 = 253_402_207_199_999_999;
        let micros = if micros < FIRST { FIRST } else { micros };
        Self(if micros > LAST { LAST } else { micros })
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let refused = || TimestampError(text.chars().take(64).collect());
        let shaped = (20..=40).contains(&text.len())
            && text.as_bytes().get(10) == Some(&b'T')
            && text.ends_with('Z')
            && text.starts_with(|first: char| first.is_ascii_digit());
        if !shaped {
            return Err(refused());
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| refused())?;
        // Rounded down, also before 1970, so that what is excluded stays excluded.
        let micros = moment.as_nanosecond().div_euclid(1_000);
        i64::try_from(micros).map(Self::from_micros).map_err(|_| refused())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{moment:.6}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utc_only_with_six_decimals() {
        let moment: Timestamp = "2026-03-29T01:30:00.00025Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-03-29T01:30:00.000250Z");
        for wrong in
            ["2026-03-29T01:30:00+02:00", "2026-03-29 01:30:00Z", "2026-03-29", "yesterday"]
        {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn digits_beyond_microseconds_are_cut_off() {
        let moment: Timestamp = "2026-03-29T01:30:00.123456789Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-03-29T01:30:00.123456Z");
    }

    proptest! {
        #[test]
        fn written_and_read_again(micros: i64) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn no_text_panics(text in ".{0,48}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
