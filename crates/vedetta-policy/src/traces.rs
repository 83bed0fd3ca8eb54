//! Where a text lets a victim be recognised, however it is spelt.

use std::collections::BTreeSet;
use std::ops::Range;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::addresses::Addresses;
use crate::spelling::{Glyph, key, readings, squash, without_spelt_signs};
use crate::victim::Victim;

/// What to look for, compiled from what is known of the victims.
#[derive(Default)]
pub(crate) struct Traces {
    keys: BTreeSet<Key>,
    addresses: Addresses,
    asns: BTreeSet<u32>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    text: String,
    ends: Ends,
}

/// Whether letters may touch what is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ends {
    Free,
    Bounded,
}

/// Keys with fewer characters are looked for as whole words.
const SHORT: usize = 5;

/// Short names with fewer characters are looked for as whole words.
const SHORT_NAME: usize = 6;

/// Encoded runs shorter than this cannot hold a name.
const ENCODED: usize = 12;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The URL-safe alphabet is turned into this one before.
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

impl Traces {
    pub(crate) fn of(victims: &[Victim]) -> Self {
        let mut traces = Self::default();
        for victim in victims {
            for word in victim.words.iter().chain(&victim.phones) {
                traces.add(&key(word), SHORT);
            }
            for identity in &victim.identities {
                traces.add_id(identity.as_str());
            }
            for name in &victim.short_names {
                traces.add(&key(name), SHORT_NAME);
            }
            for domain in &victim.domains {
                traces.add(&key(domain), SHORT);
                let backwards: Vec<_> = domain.split('.').rev().collect();
                traces.add(&key(&backwards.join(".")), SHORT);
                let ascii = idna::domain_to_ascii(domain).unwrap_or_default();
                traces.add(&key(&ascii), SHORT);
                traces.add(&key(&idna::domain_to_unicode(domain).0), SHORT);
            }
            for asn in &victim.asns {
                traces.add(&format!("as{asn}"), usize::MAX);
                traces.add(&format!("asn{asn}"), usize::MAX);
            }
            traces.addresses.add(&victim.networks);
            traces.asns.extend(&victim.asns);
        }
        traces
    }

    /// Looks for the unique part of an identifier too.
    pub(crate) fn add_id(&mut self, id: &str) {
        self.add(&key(id.split_once("--").map_or(id, |(_, uuid)| uuid)), 0);
    }

    fn add(&mut self, text: &str, bounded_below: usize) {
        if text.len() >= 2 {
            let bounded = text.chars().count() < bounded_below;
            let ends = if bounded { Ends::Bounded } else { Ends::Free };
            self.keys.insert(Key { text: text.to_owned(), ends });
        }
    }

    /// Whether a text tells a victim.
    pub(crate) fn in_text(&self, text: &str) -> bool {
        !self.spans(text, 2).is_empty()
    }

    /// Whether a number is one of the autonomous systems.
    pub(crate) fn is_asn(&self, number: u64) -> bool {
        u32::try_from(number).is_ok_and(|number| self.asns.contains(&number))
    }

    /// Whether a number is an IPv4 address of theirs.
    pub(crate) fn is_address(&self, number: u64) -> bool {
        u32::try_from(number).is_ok_and(|number| self.addresses.is_number(number))
    }

    /// The text with every word that tells a victim replaced.
    pub(crate) fn cut_out(&self, text: &str, instead: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..8 {
            let spans = self.spans(&text, 2);
            if spans.is_empty() {
                return text;
            }
            text = replace(&text, &spans, instead);
        }
        instead.to_owned()
    }

    /// The parts of a text that tell a victim, in no order.
    fn spans(&self, text: &str, depth: u8) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        for reading in readings(text) {
            self.in_reading(&reading, &mut spans);
            let unspelt = without_spelt_signs(&reading);
            if unspelt.len() < reading.len() {
                self.in_reading(&unspelt, &mut spans);
            }
        }
        if depth > 0 {
            spans.extend(self.encoded(text, depth - 1));
        }
        spans
    }

    fn in_reading(&self, reading: &[Glyph], spans: &mut Vec<Range<usize>>) {
        let squashed = squash(reading);
        let lettered = |at: Option<usize>| {
            at.and_then(|at| reading.get(at)).is_some_and(|glyph| glyph.c.is_alphabetic())
        };
        let mut found: Vec<Range<usize>> = Vec::new();
        for key in &self.keys {
            let all = squashed.occurrences(&key.text);
            found.extend(all.filter(|at| {
                let digits = key.text.ends_with(|c: char| c.is_ascii_digit());
                let longer = digits
                    && key.ends == Ends::Bounded
                    && reading.get(at.end).is_some_and(|glyph| glyph.c.is_ascii_digit());
                let touched = lettered(at.start.checked_sub(1)) || lettered(Some(at.end));
                key.ends == Ends::Free || !(touched || longer)
            }));
        }
        self.addresses.find(reading, &mut found);
        let source = |at: Range<usize>| {
            let part = reading.get(at)?;
            Some(part.first()?.source.start..part.last()?.source.end)
        };
        spans.extend(found.into_iter().filter_map(source));
    }

    /// Runs of base64 or hexadecimal that say something when decoded.
    fn encoded(&self, text: &str, depth: u8) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
        let mut at = 0;
        for run in text.split(|c| !alphabet(c)) {
            if run.len() >= ENCODED && self.decoded(run, depth) {
                spans.push(at..at + run.len());
            }
            at += run.len();
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
        spans
    }

    fn decoded(&self, run: &str, depth: u8) -> bool {
        let standard = run.replace('-', "+").replace('_', "/");
        let base64 = (0..4).filter_map(|from| standard.get(from..)).map(|part| {
            let dangling = usize::from(part.len() % 4 == 1);
            BASE64.decode(&part[..part.len() - dangling])
        });
        let hex = (0..2).filter_map(|from| run.get(from..)).map(hex_bytes);
        base64.flatten().chain(hex.flatten()).any(|bytes| self.in_bytes(&bytes, depth))
    }

    fn in_bytes(&self, bytes: &[u8], depth: u8) -> bool {
        let wide: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        [String::from_utf8_lossy(bytes).into_owned(), String::from_utf16_lossy(&wide)]
            .into_iter()
            .filter(|text| is_readable(text))
            .any(|text| !self.spans(&text, depth).is_empty())
    }
}

fn hex_bytes(run: &str) -> Option<Vec<u8>> {
    run.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    let even = run.get(..run.len() - run.len() % 2)?;
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    even.as_bytes().chunks_exact(2).map(byte).collect()
}

/// Whether most of a decoded text is text.
fn is_readable(text: &str) -> bool {
    let plain = |c: &char| c.is_alphanumeric() || c.is_ascii_graphic() || c.is_whitespace();
    let all = text.chars().count();
    text.chars().filter(plain).count() * 10 >= all * 8
}

/// Replaces the blank-delimited words that the spans touch. A span inside a word that is gone
/// already is passed over, so no part of the text is gone through twice.
fn replace(text: &str, spans: &[Range<usize>], instead: &str) -> String {
    let mut hit = spans.to_vec();
    hit.sort_by_key(|span| span.start);
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for span in hit.iter().filter(|span| !span.is_empty()) {
        if span.end <= done {
            continue;
        }
        let word = widen(text, &(span.start.max(done)..span.end));
        if word.start >= done {
            replaced += &text[done..word.start];
            replaced += instead;
        }
        done = word.end;
    }
    replaced + &text[done.min(text.len())..]
}

fn widen(text: &str, span: &Range<usize>) -> Range<usize> {
    let before = &text[..span.start];
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let after = &text[span.end..];
    let end = after.find(char::is_whitespace).map_or(text.len(), |at| span.end + at);
    start..end
}
