//! The clock of those who write no year and no zone (RFC 3164): read by where they are, and about when
//! it is.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use vedetta_model::Instant;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// How far ahead of ours such a clock may be; further ahead, it is of the year before.
const AHEAD: i64 = 86_400;
/// Years gone through for a day that not every year has.
const YEARS: i16 = 9;

/// Where the clock of lines stands, and about when it is.
#[derive(Debug, Clone)]
pub struct Local {
    zone: TimeZone,
    now: Timestamp,
}

impl Local {
    /// The zone of a name (`Europe/Rome`), or this machine's when none is given, at a moment.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn new(zone: Option<&str>, now: Instant) -> Result<Self, String> {
        let zone = match zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(name)
                .map_err(|_| format!("{name:?} is no time zone; write it as \"Europe/Rome\""))?,
        };
        let mut local = Self { zone, now: Timestamp::UNIX_EPOCH };
        local.at(now);
        Ok(local)
    }

    /// Time has passed.
    pub(super) fn at(&mut self, now: Instant) {
        self.now = Timestamp::from_microsecond(now.micros()).unwrap_or(self.now);
    }

    /// Reads `Oct 19 10:00:00`, with a year after the day or not, with a fraction or not.
    pub(super) fn read(&self, text: &str) -> Option<Timestamp> {
        let Written { month, day, year, time } = written(text)?;
        let on = |year: i16| {
            let date = jiff::civil::Date::new(year, month, day).ok()?;
            self.zone.to_timestamp(DateTime::from_parts(date, time)).ok()
        };
        if let Some(year) = year {
            return on(year);
        }
        let next = self.zone.to_datetime(self.now).year() + 1;
        let past = |at: &Timestamp| at.as_second() <= self.now.as_second() + AHEAD;
        (0..YEARS).filter_map(|ago| on(next - ago)).find(past)
    }
}

/// A moment in words that says its year, in UTC.
pub(crate) fn with_year(text: &str) -> Option<Timestamp> {
    let Written { month, day, year, time } = written(text)?;
    let date = jiff::civil::Date::new(year?, month, day).ok()?;
    TimeZone::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

struct Written {
    month: i8,
    day: i8,
    year: Option<i16>,
    time: jiff::civil::Time,
}

fn written(text: &str) -> Option<Written> {
    let mut words = text.trim_end_matches(':').split_ascii_whitespace();
    let month = words.next().filter(|it| it.len() == 3)?;
    let month = MONTHS.iter().position(|it| *it == month)? + 1;
    let day = words.next()?.parse().ok()?;
    let mut word = words.next()?;
    let mut year = None;
    if !word.contains(':') {
        year = Some(word.parse::<i16>().ok().filter(|it| (1970..=9999).contains(it))?);
        word = words.next()?;
    }
    if words.next().is_some_and(|zone| !["UTC", "GMT", "Z"].contains(&zone)) {
        return None;
    }
    Some(Written { month: i8::try_from(month).ok()?, day, year, time: word.parse().ok()? })
}

/// Whether a text begins with the name of a month.
pub(super) fn begins(text: &str) -> bool {
    text.get(..3).is_some_and(|it| MONTHS.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_last_in_which_it_was_so() {
        let at =
            |text: &str| Instant::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond());
        let rome = Local::new(Some("Europe/Rome"), at("2026-10-19T09:00:00Z")).unwrap();
        for (text, wanted) in [
            ("Oct 19 10:00:00", "2026-10-19T08:00:00Z"),
            ("Oct  9 10:00:00.25", "2026-10-09T08:00:00.25Z"),
            ("Jan 19 10:00:00", "2026-01-19T09:00:00Z"),
            ("Dec 31 23:59:59", "2025-12-31T22:59:59Z"),
            ("Feb 29 12:00:00", "2024-02-29T11:00:00Z"),
            ("Oct 19 2020 10:00:00:", "2020-10-19T08:00:00Z"),
        ] {
            assert_eq!(rome.read(text).unwrap().to_string(), wanted, "{text}");
        }
        let turn = Local::new(Some("UTC"), at("2026-12-31T23:59:00Z")).unwrap();
        assert_eq!(turn.read("Jan  1 00:00:30").unwrap().to_string(), "2027-01-01T00:00:30Z");
        for text in ["", "Oct", "Oct 19", "Oct 32 10:00:00", "Okt 19 10:00:00", "Oct 19 1 10:00:00"]
        {
            assert_eq!(rome.read(text), None, "{text}");
        }
        assert!(Local::new(Some("Middle/Earth"), at("2026-10-19T09:00:00Z")).is_err());
    }
}
