//! The number by which people call a case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A case's number, `2026-000123`: the year in Rome, and how many cases it had seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CaseNumber {
    /// The year.
    pub year: u16,
    /// The place within the year, from 1.
    pub serial: u32,
}

/// A text that is no number of a case.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no number of a case: write it as 2026-000123")]
pub struct NoNumber(String);

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:06}", self.year, self.serial)
    }
}

impl FromStr for CaseNumber {
    type Err = NoNumber;
    fn from_str(text: &str) -> Result<Self, NoNumber> {
        let read = || {
            let (year, serial) = text.split_once('-')?;
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            // One case has one spelling: six digits, more only when they are needed.
            let fits = year.len() == 4 && digits(year) && digits(serial);
            let plain = serial.len() == 6 || (serial.len() > 6 && !serial.starts_with('0'));
            let serial = serial.parse().ok().filter(|serial| *serial > 0 && fits && plain)?;
            Some(Self { year: year.parse().ok()?, serial })
        };
        read().ok_or_else(|| NoNumber(text.chars().take(40).collect()))
    }
}

impl Serialize for CaseNumber {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CaseNumber {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_one_spelling() {
        for good in ["2026-000001", "2026-999999", "2026-1000000"] {
            assert_eq!(good.parse::<CaseNumber>().unwrap().to_string(), good);
        }
        for bad in ["", "2026", "2026-1", "2026-000000", "26-000001", "2026-0000001", "2026-00000x"]
        {
            assert!(bad.parse::<CaseNumber>().is_err(), "{bad}");
        }
    }
}
