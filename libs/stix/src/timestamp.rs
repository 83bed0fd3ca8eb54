//! Timestamps (specification 3.16): RFC 3339 in UTC with a literal `Z`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// An instant in microseconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999.
///
/// Finer digits are cut off on reading; the object's own text keeps them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a text is not a STIX timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not of the form `2026-01-31T08:30:00.000Z`.
    #[error("is not of the form 2026-01-31T08:30:00.000Z")]
    Form,
    /// An offset or nothing in place of the `Z`.
    #[error("does not end in Z: STIX timestamps are in UTC")]
    Zone,
    /// A month, day, hour, minute or second that does not exist.
    #[error("names a day or an hour that does not exist")]
    Calendar,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(days_from_civil(0, 1, 1) * MICROS_PER_DAY);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(days_from_civil(10_000, 1, 1) * MICROS_PER_DAY - 1);

    /// From microseconds since 1970, clamped to [`Timestamp::MIN`]..=[`Timestamp::MAX`].
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads a timestamp. A leap second counts as the first instant of the next minute.
    ///
    /// # Errors
    /// [`TimestampError`] if the text is not RFC 3339 with upper-case `T` and `Z`.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let bytes = text.as_bytes();
        let (date, rest) = bytes.split_at_checked(19).ok_or(TimestampError::Form)?;
        let shape = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if shape.iter().any(|&(at, wanted)| date[at] != wanted) {
            return Err(TimestampError::Form);
        }
        let year = digits(&date[..4])?;
        let (month, day) = (digits(&date[5..7])?, digits(&date[8..10])?);
        let (hour, minute) = (digits(&date[11..13])?, digits(&date[14..16])?);
        let second = digits(&date[17..])?;
        let micros = fraction(rest)?;
        let day_exists = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        let leap = second == 60 && hour == 23 && minute == 59;
        if !day_exists || hour > 23 || minute > 59 || (second > 59 && !leap) {
            return Err(TimestampError::Calendar);
        }
        let seconds = (hour * 60 + minute) * 60 + second;
        let days = days_from_civil(year, month, day);
        Ok(Self::from_micros(days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + micros))
    }
}

/// The number that a run of ASCII digits spells.
fn digits(bytes: &[u8]) -> Result<i64, TimestampError> {
    bytes.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Ok(number * 10 + i64::from(byte - b'0')),
        _ => Err(TimestampError::Form),
    })
}

/// The microseconds of what follows the seconds: `Z`, or a dot, digits and `Z`.
fn fraction(rest: &[u8]) -> Result<i64, TimestampError> {
    let Some((b'Z', body)) = rest.split_last() else { return Err(TimestampError::Zone) };
    let Some((dot, places)) = body.split_first() else { return Ok(0) };
    if *dot != b'.' || places.is_empty() || !places.iter().all(u8::is_ascii_digit) {
        return Err(TimestampError::Form);
    }
    let kept = &places[..places.len().min(6)];
    let scale = 10_i64.pow(6 - u32::try_from(kept.len()).unwrap_or(6));
    Ok(digits(kept)? * scale)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a proleptic Gregorian date; years counted from March, in eras of 400.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970: the inverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + days.div_euclid(146_097) * 400 + (month <= 2) as i64;
    (year, month, day)
}

/// Prints milliseconds, or microseconds where there are any: `2026-01-31T08:30:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MICROS_PER_DAY));
        let of_day = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, micros) = (of_day / MICROS_PER_SECOND, of_day % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.")?;
        if micros % 1000 == 0 {
            write!(out, "{:03}Z", micros / 1000)
        } else {
            write!(out, "{micros:06}Z")
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.5Z", 500_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
            ("2022-10-01T00:00:00.000Z", 1_664_582_400_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
        ];
        for (text, micros) in cases {
            assert_eq!(Timestamp::parse(text).map(Timestamp::as_micros), Ok(micros), "{text}");
        }
    }

    #[test]
    fn printing_is_read_back() {
        for micros in [0, 1, -1, 1_234_567_890_123_456, Timestamp::MIN.0, Timestamp::MAX.0] {
            let stamp = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::parse(&stamp.to_string()), Ok(stamp));
        }
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_micros(1).to_string(), "1970-01-01T00:00:00.000001Z");
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn every_day_of_four_centuries_is_itself() {
        for days in days_from_civil(1800, 1, 1)..days_from_civil(2200, 1, 1) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn refusals_say_why() {
        use TimestampError::{Calendar, Form, Zone};
        let cases = [
            ("", Form),
            ("2026-01-31", Form),
            ("2026-01-31 08:30:00Z", Form),
            ("2026-01-31t08:30:00Z", Form),
            ("2026-01-31T08:30:00.Z", Form),
            ("2026-01-31T08:30:00,5Z", Form),
            ("+026-01-31T08:30:00Z", Form),
            ("2026-01-31T08:30:00", Zone),
            ("2026-01-31T08:30:00z", Zone),
            ("2026-01-31T08:30:00+02:00", Zone),
            ("2026-02-29T08:30:00Z", Calendar),
            ("2026-13-01T08:30:00Z", Calendar),
            ("2026-00-01T08:30:00Z", Calendar),
            ("2026-01-31T24:00:00Z", Calendar),
            ("2026-01-31T08:30:60Z", Calendar),
        ];
        for (text, why) in cases {
            assert_eq!(Timestamp::parse(text), Err(why), "{text}");
        }
    }
}
