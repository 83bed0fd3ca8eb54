//! Seen for the first time: a program on a source, an address that an account logs in from. A
//! Bloom filter of 32 KiB each remembers what was seen; nothing is told while it learns.

use serde_json::json;

use super::bounded::Bounded;
use super::fact::Outcome;
use super::kept::{Kept, kept, read_bits, write_bits};
use super::{Fact, Settings, Told};
use crate::event::Name;
use crate::finding::{Finding, Severity};

const BITS: usize = 1 << 18;

#[derive(Debug, Default)]
pub(super) struct Watch {
    programs: Bounded<String, Memory>,
    logins: Bounded<String, Memory>,
}

#[derive(Debug)]
struct Memory {
    since: Option<i64>,
    words: Vec<u64>,
}

kept!(Watch { programs, logins });

impl Kept for Memory {
    fn write(&self, out: &mut Vec<u8>) {
        self.since.write(out);
        write_bits(&self.words, out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut memory = Self { since: Kept::read(from)?, ..Self::default() };
        read_bits(&mut memory.words, from)?;
        Some(memory)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self { since: None, words: vec![0; BITS / 64] }
    }
}

impl Memory {
    /// Remembers a value; whether it is new for certain.
    fn add(&mut self, value: &str) -> bool {
        let hash = Name::of(value).0;
        let places = [hash, hash.rotate_left(21).wrapping_mul(0x9e37_79b9_7f4a_7c15)];
        let mut new = false;
        for place in places {
            let at = (place >> 20) as usize % BITS;
            let (word, bit) = (at / 64, 1 << (at % 64));
            new |= self.words[word] & bit == 0;
            self.words[word] |= bit;
        }
        new
    }
}

impl Watch {
    pub(super) fn see(
        &mut self,
        settings: &Settings,
        source: &str,
        fact: &Fact,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let (seen, kind, value, entity, title) = match fact {
            Fact::Process { host, image } => {
                let title = format!("{image} runs for the first time, on {host}");
                (&mut self.programs, "program", image.clone(), host, title)
            }
            Fact::Login { user, from, outcome: Outcome::Success } => {
                let title = format!("{user} logs in from {from} for the first time");
                (&mut self.logins, "login", format!("{user}\u{1f}{from}"), user, title)
            }
            _ => return,
        };
        let memory = seen.at(source.to_owned(), at);
        let since = *memory.since.get_or_insert(at);
        if memory.add(&value) && at - since >= settings.learning {
            let told = Told {
                id: "first-seen",
                title,
                severity: Severity::Low,
                confidence: 30,
                technique: None,
                entity,
                evidence: vec![
                    ("kind", json!(kind)),
                    ("value", json!(value.replace('\u{1f}', " "))),
                ],
            };
            found.push(told.finding(at));
        }
    }
}
