//! Seen for the first time, or seldom: a program on a source, an address that an account logs in from.
//! Bloom filters of 32 KiB each remember what was ever seen, what was seen in two weeks running, and what
//! in this week and the one before. What comes back after a week or more without it, and never was
//! seen in two weeks running, is seldom. Nothing is told while it learns.

use serde_json::json;

use super::bounded::Bounded;
use super::fact::Outcome;
use super::kept::{Kept, kept, read_bits, write_bits};
use super::{DAY, Fact, Settings, Told};
use crate::event::Name;
use crate::finding::{Finding, Severity};

const BITS: usize = 1 << 18;
const WEEK: i64 = 7 * DAY;

#[derive(Debug, Default)]
pub(super) struct Watch {
    programs: Bounded<String, Memory>,
    logins: Bounded<String, Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    since: Option<i64>,
    /// The week of `this_week`.
    week: i64,
    ever: Bloom,
    /// In two weeks running.
    often: Bloom,
    this_week: Bloom,
    last_week: Bloom,
}

#[derive(Debug)]
struct Bloom {
    words: Vec<u64>,
}

/// How a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Never,
    Seldom,
    Well,
}

kept!(Watch { programs, logins });
kept!(Memory { since, week, ever, often, this_week, last_week });

impl Kept for Bloom {
    fn write(&self, out: &mut Vec<u8>) {
        write_bits(&self.words, out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut bloom = Self::default();
        read_bits(&mut bloom.words, from)?;
        Some(bloom)
    }
}

impl Default for Bloom {
    fn default() -> Self {
        Self { words: vec![0; BITS / 64] }
    }
}

impl Bloom {
    fn places(value: &str) -> [(usize, u64); 2] {
        let hash = Name::of(value).0;
        let places = [hash, hash.rotate_left(21).wrapping_mul(0x9e37_79b9_7f4a_7c15)];
        places.map(|place| {
            let at = (place >> 20) as usize % BITS;
            (at / 64, 1 << (at % 64))
        })
    }

    /// Remembers a value; whether it is new for certain.
    fn add(&mut self, value: &str) -> bool {
        let mut new = false;
        for (word, bit) in Self::places(value) {
            new |= self.words[word] & bit == 0;
            self.words[word] |= bit;
        }
        new
    }

    fn has(&self, value: &str) -> bool {
        Self::places(value).into_iter().all(|(word, bit)| self.words[word] & bit != 0)
    }
}

impl Memory {
    /// Remembers a value; how it was known until now.
    fn add(&mut self, value: &str, at: i64) -> Known {
        let week = at.div_euclid(WEEK);
        if week > self.week {
            let before = std::mem::take(&mut self.this_week);
            self.last_week = if week == self.week + 1 { before } else { Bloom::default() };
            self.week = week;
        }
        let lately = self.last_week.has(value);
        // What comes late is of a week that is over.
        let again = week == self.week && self.this_week.add(value);
        let never = self.ever.add(value);
        if again && lately {
            self.often.add(value);
        }
        if never {
            return Known::Never;
        }
        let seldom = again && !lately && !self.often.has(value);
        if seldom { Known::Seldom } else { Known::Well }
    }
}

impl Watch {
    /// The clock was set back to now.
    pub(super) fn set_back(&mut self, now: i64) {
        for seen in [&mut self.programs, &mut self.logins] {
            seen.set_back(now);
            for (_, memory) in seen.iter_mut() {
                memory.since = memory.since.map(|since| since.min(now));
                memory.week = memory.week.min(now.div_euclid(WEEK));
            }
        }
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        source: &str,
        fact: &Fact,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let (seen, kind, value, entity) = match fact {
            Fact::Process { host, image } => (&mut self.programs, "program", image.clone(), host),
            Fact::Login { user, from, outcome: Outcome::Success } => {
                (&mut self.logins, "login", format!("{user}\u{1f}{from}"), user)
            }
            _ => return,
        };
        let memory = seen.at(source.to_owned(), at);
        let listened = at - *memory.since.get_or_insert(at);
        let known = memory.add(&value, at);
        let (id, how, confidence, quiet) = match known {
            Known::Well => return,
            Known::Never => ("first-seen", "for the first time", 30, settings.learning),
            // Two weeks running must have been heard first.
            Known::Seldom => (
                "rare",
                "after a week or more, as it seldom does",
                20,
                settings.learning.max(3 * WEEK),
            ),
        };
        if listened < quiet {
            return;
        }
        let title = match fact {
            Fact::Login { user, from, .. } => format!("{user} logs in from {from} {how}"),
            _ => format!("{value} runs {how}, on {entity}"),
        };
        let value = json!(value.replace('\u{1f}', " "));
        let told = Told {
            id,
            title,
            severity: Severity::Low,
            confidence,
            technique: None,
            entity,
            evidence: vec![("kind", json!(kind)), ("value", value)],
        };
        found.push(told.finding(at));
    }
}
