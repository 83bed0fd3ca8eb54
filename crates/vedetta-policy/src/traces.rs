//! Where a text lets a victim be recognised, however it is spelt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use serde_json::Value;

use crate::addresses::Addresses;
use crate::redaction::LONGEST_NAME;
use crate::spelling::{key, readings, squash, undisguised, without_spelt_signs};
use crate::stix_rules::{PropertyKind, property_kind};
use crate::victim::Victim;

/// What to look for, compiled from what is known of the victims.
#[derive(Clone)]
pub(crate) struct Traces {
    known: Arc<Known>,
    /// The unique part of one identifier besides.
    id: String,
}

/// What is looked for in every object.
#[derive(Default)]
struct Known {
    keys: Vec<Key>,
    /// All keys, by their places; without it, everything tells.
    automaton: Option<AhoCorasick>,
    addresses: Addresses,
    asns: BTreeSet<u32>,
    codes: BTreeSet<u64>,
}

/// What is looked for, being gathered.
#[derive(Default)]
struct Gathered(BTreeMap<String, Ends>);

struct Key {
    ends: Ends,
    /// Whether a digit after it makes another number of it.
    number: bool,
}

/// Whether letters may touch what is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ends {
    Free,
    /// Nor digits, where a digit ends it.
    Bounded,
    /// Digits may not, letters may.
    Number,
}

/// Keys with fewer characters are looked for as whole words.
const SHORT: usize = 5;

/// Short names with fewer characters are looked for as whole words.
const SHORT_NAME: usize = 6;

/// Encoded runs shorter than this cannot hold a name: `VGVybmk` is Terni.
const ENCODED: usize = 7;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The URL-safe alphabet is turned into this one before.
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

impl Traces {
    pub(crate) fn of(victims: &[Victim]) -> Self {
        let (mut gathered, mut known) = (Gathered::default(), Known::default());
        for victim in victims {
            gathered.take(victim);
            known.addresses.add(&victim.networks);
            known.asns.extend(&victim.asns);
            known.codes.extend(victim.codes.iter().filter_map(|it| it.parse::<u64>().ok()));
        }
        known.automaton = AhoCorasick::new(gathered.0.keys()).ok();
        known.keys = gathered
            .0
            .into_iter()
            .map(|(text, ends)| Key { ends, number: text.ends_with(|c: char| c.is_ascii_digit()) })
            .collect();
        Self { known: Arc::new(known), id: String::new() }
    }

    /// The same, and the unique part of an identifier.
    pub(crate) fn and_id(&self, id: &str) -> Self {
        Self { known: Arc::clone(&self.known), id: unique(id) }
    }

    /// Whether a text tells a victim.
    pub(crate) fn in_text(&self, text: &str) -> bool {
        self.told_by(text, 2)
    }

    /// Whether a number is one of the autonomous systems.
    fn is_asn(&self, number: u64) -> bool {
        u32::try_from(number).is_ok_and(|number| self.known.asns.contains(&number))
    }

    /// Whether a number is an IPv4 address of theirs.
    fn is_address(&self, number: u64) -> bool {
        u32::try_from(number).is_ok_and(|number| self.known.addresses.is_number(number))
    }

    /// Whether anything in a value of an object of some type, under some name, tells a victim.
    pub(crate) fn in_value(&self, kind: &str, name: &str, value: &Value) -> bool {
        match value {
            Value::String(text) => self.in_text(text),
            Value::Number(number) => number.as_u64().is_some_and(|number| {
                let asn = || kind == "autonomous-system" || name.contains("as");
                let code = !name.ends_with("_port") && self.known.codes.contains(&number);
                (self.is_asn(number) && asn()) || code || self.is_address(number)
            }),
            Value::Array(all) => all.iter().any(|one| self.in_value(kind, name, one)),
            Value::Object(fields) => fields.iter().any(|(name, value)| {
                let payload = property_kind(name) == PropertyKind::Payload;
                self.in_name(name) || payload || self.in_value(kind, name, value)
            }),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Whether the name of a property tells a victim, or may.
    pub(crate) fn in_name(&self, name: &str) -> bool {
        name.len() > LONGEST_NAME || self.in_text(name)
    }

    fn told_by(&self, text: &str, depth: u8) -> bool {
        readings(text).iter().any(|reading| {
            let unspelt = without_spelt_signs(reading);
            self.in_reading(reading)
                || (unspelt.len() < reading.len() && self.in_reading(&unspelt))
                || undisguised(reading).is_some_and(|it| self.names(&it, Some(reading)))
        }) || (depth > 0 && self.encoded(text, depth - 1))
    }

    fn in_reading(&self, reading: &[char]) -> bool {
        self.names(reading, None) || self.known.addresses.are_in(reading)
    }

    /// Whether a reading names anybody. Of one that was undone from figures for letters, only names
    /// of letters count that were mostly letters.
    fn names(&self, reading: &[char], written: Option<&[char]>) -> bool {
        let squashed = squash(reading);
        if written.is_none() && !self.id.is_empty() && squashed.text.contains(&self.id) {
            return true;
        }
        let is = |at: Option<usize>, kind: fn(char) -> bool| {
            at.and_then(|at| reading.get(at)).is_some_and(|c| kind(*c))
        };
        let Some(automaton) = &self.known.automaton else { return true };
        automaton.find_overlapping_iter(&squashed.text).any(|found| {
            let key = self.known.keys.get(found.pattern().as_usize());
            let (Some(key), Some(at)) = (key, squashed.place(found.range())) else { return true };
            let (before, after) = (at.start.checked_sub(1), Some(at.end));
            let touched = |kind: fn(char) -> bool| is(before, kind) || is(after, kind);
            let figure = |c: char| c.is_ascii_digit();
            let ends = match key.ends {
                Ends::Free => true,
                Ends::Bounded => {
                    !(touched(char::is_alphabetic) || (key.number && is(after, figure)))
                }
                Ends::Number => !touched(figure),
            };
            let lettered = written.and_then(|it| it.get(at)).is_none_or(|part| {
                let letters = part.iter().filter(|c| c.is_alphabetic()).count();
                !key.number && letters * 2 >= part.len()
            });
            ends && lettered
        })
    }

    /// Whether runs of base64, base32 or hexadecimal tell a victim when decoded.
    fn encoded(&self, text: &str, depth: u8) -> bool {
        let alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
        let mut runs = text.split(|c| !alphabet(c)).filter(|run| run.len() >= ENCODED);
        runs.any(|run| self.decoded(run, depth))
    }

    fn decoded(&self, run: &str, depth: u8) -> bool {
        let standard = run.replace('-', "+").replace('_', "/");
        let base64 = (0..4).filter_map(|from| standard.get(from..)).map(|part| {
            let dangling = usize::from(part.len() % 4 == 1);
            BASE64.decode(&part[..part.len() - dangling]).ok()
        });
        let hex = (0..2).filter_map(|from| run.get(from..)).map(hex_bytes);
        let base32 = std::iter::once(base32_bytes(run));
        base64.chain(hex).chain(base32).flatten().any(|bytes| self.in_bytes(&bytes, depth))
    }

    fn in_bytes(&self, bytes: &[u8], depth: u8) -> bool {
        let wide: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        [String::from_utf8_lossy(bytes).into_owned(), String::from_utf16_lossy(&wide)]
            .into_iter()
            .filter(|text| is_readable(text))
            .any(|text| self.told_by(&text, depth))
    }
}

impl Gathered {
    fn take(&mut self, victim: &Victim) {
        for word in victim.words.iter().chain(&victim.phones) {
            self.add(&key(word), SHORT);
        }
        for identity in &victim.identities {
            self.add(&unique(identity.as_str()), 0);
        }
        for name in &victim.short_names {
            self.add(&key(name), SHORT_NAME);
        }
        for domain in &victim.domains {
            self.add(&key(domain), SHORT);
            let backwards: Vec<_> = domain.split('.').rev().collect();
            self.add(&key(&backwards.join(".")), SHORT);
            let ascii = idna::domain_to_ascii(domain).unwrap_or_default();
            self.add(&key(&ascii), SHORT);
            self.add(&key(&idna::domain_to_unicode(domain).0), SHORT);
        }
        for code in &victim.codes {
            self.0.entry(code.clone()).or_insert(Ends::Number);
        }
        for asn in &victim.asns {
            self.add(&format!("as{asn}"), usize::MAX);
            self.add(&format!("asn{asn}"), usize::MAX);
        }
    }

    fn add(&mut self, text: &str, bounded_below: usize) {
        if text.len() < 2 {
            return;
        }
        let bounded = text.chars().count() < bounded_below;
        let ends = if bounded { Ends::Bounded } else { Ends::Free };
        let known = self.0.entry(text.to_owned()).or_insert(ends);
        *known = (*known).min(ends);
    }
}

/// The unique part of an identifier, as a key.
fn unique(id: &str) -> String {
    key(id.split_once("--").map_or(id, |(_, uuid)| uuid))
}

fn hex_bytes(run: &str) -> Option<Vec<u8>> {
    run.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    let even = run.get(..run.len() - run.len() % 2)?;
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    even.as_bytes().chunks_exact(2).map(byte).collect()
}

/// RFC 4648 base32, in either case, without its padding.
fn base32_bytes(run: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(run.len() * 5 / 8);
    let (mut bits, mut held) = (0_u16, 0);
    for c in run.bytes() {
        let five = match c {
            b'a'..=b'z' => c - b'a',
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u16::from(five);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Whether most of a decoded text is text.
fn is_readable(text: &str) -> bool {
    let plain = |c: &char| c.is_alphanumeric() || c.is_ascii_graphic() || c.is_whitespace();
    let all = text.chars().count();
    text.chars().filter(plain).count() * 10 >= all * 8
}
