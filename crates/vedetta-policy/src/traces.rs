//! Where a text lets a victim be recognised, however it is spelt.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::spelling::{Glyph, key, readings, squash, without_spelt_signs};
use crate::victim::{Subnet, Victim};

/// What to look for, compiled from what is known of the victims.
#[derive(Default)]
pub(crate) struct Traces {
    keys: BTreeSet<Key>,
    networks: Vec<Subnet>,
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
                let ascii = idna::domain_to_ascii(domain).unwrap_or_default();
                traces.add(&key(&ascii), SHORT);
                traces.add(&key(&idna::domain_to_unicode(domain).0), SHORT);
            }
            for asn in &victim.asns {
                traces.add(&format!("as{asn}"), usize::MAX);
                traces.add(&format!("asn{asn}"), usize::MAX);
            }
            traces.networks.extend(&victim.networks);
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
        u32::try_from(number).is_ok_and(|number| self.narrow(Ipv4Addr::from(number)))
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
        if !self.networks.is_empty() && reading.iter().any(|glyph| glyph.c.is_ascii_digit()) {
            self.addresses(reading, &mut found);
        }
        let source = |at: Range<usize>| {
            let part = reading.get(at)?;
            Some(part.first()?.source.start..part.last()?.source.end)
        };
        spans.extend(found.into_iter().filter_map(source));
    }

    fn addresses(&self, reading: &[Glyph], found: &mut Vec<Range<usize>>) {
        let words = words(reading, char::is_alphanumeric);
        let numbers = words_of_digits(reading);
        for four in words.windows(4).chain(numbers.windows(4)).filter(|four| near(four)) {
            self.dotted(four, found);
        }
        for three in numbers.windows(3).filter(|three| near(three)) {
            self.wildcard(three, reading, found);
        }
        for (word, at) in &words {
            if self.is_one_number(word) {
                found.push(at.clone());
            }
        }
        for nibbles in words.windows(32).filter(|them| them[0].0.len() == 1) {
            self.reversed_nibbles(nibbles, found);
        }
        self.with_colons(reading, found);
    }

    /// Four numbers, in either order (reverse zones are backwards).
    fn dotted(&self, four: &[(String, Range<usize>)], found: &mut Vec<Range<usize>>) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| octets(&four[at].0));
        for a in &a {
            for b in &b {
                for c in &c {
                    for d in &d {
                        let forward = Ipv4Addr::new(*a, *b, *c, *d);
                        let backward = Ipv4Addr::new(*d, *c, *b, *a);
                        if self.holds(forward.into()) || self.holds(backward.into()) {
                            found.push(four[0].1.start..four[3].1.end);
                        }
                    }
                }
            }
        }
    }

    /// `192.0.2.*` and `192.0.2.x`.
    fn wildcard(
        &self,
        three: &[(String, Range<usize>)],
        reading: &[Glyph],
        found: &mut Vec<Range<usize>>,
    ) {
        let [a, b, c] = [0, 1, 2].map(|at| octets(&three[at].0).first().copied());
        let (Some(a), Some(b), Some(c)) = (a, b, c) else { return };
        let after = reading.get(three[2].1.end..).unwrap_or_default();
        let mut after = after.iter().map(|glyph| glyph.c).filter(|c| !"[](){}".contains(*c));
        let dotted = after.next() == Some('.');
        let wild = after.next().is_none_or(|c| !c.is_ascii_digit());
        if dotted && wild && (0..=255).any(|d| self.holds(Ipv4Addr::new(a, b, c, d).into())) {
            found.push(three[0].1.start..three[2].1.end);
        }
    }

    /// An address as one number: decimal, or hexadecimal.
    fn is_one_number(&self, word: &str) -> bool {
        let hex = word.strip_prefix("0x").unwrap_or(word);
        let as_hex = (hex.len() == 8).then(|| u32::from_str_radix(hex, 16).ok()).flatten();
        let decimal = word.parse::<u32>().ok().filter(|number| *number > 0xff_ffff);
        let v6 = (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok()).flatten();
        [as_hex, decimal].into_iter().flatten().any(|number| self.narrow(number.into()))
            || v6.is_some_and(|number| self.holds(Ipv6Addr::from(number).into()))
    }

    fn reversed_nibbles(&self, nibbles: &[(String, Range<usize>)], found: &mut Vec<Range<usize>>) {
        if nibbles.iter().any(|(word, _)| word.len() != 1) {
            return;
        }
        let digits: String = nibbles.iter().rev().map(|(word, _)| word.as_str()).collect();
        let address = u128::from_str_radix(&digits, 16).map(Ipv6Addr::from);
        if let (Ok(address), [first, .., last]) = (address, nibbles)
            && self.holds(address.into())
        {
            found.push(first.1.start..last.1.end);
        }
    }

    /// IPv6 in its own notation, as written, without brackets, and with dashes for colons.
    fn with_colons(&self, reading: &[Glyph], found: &mut Vec<Range<usize>>) {
        let plain = |c: char| c;
        let dashed = |c: char| if c == '-' { ':' } else { c };
        let brackets = |glyph: &&(usize, char)| !"[](){}".contains(glyph.1);
        let written: Vec<_> = reading.iter().map(|glyph| glyph.c).enumerate().collect();
        let bare: Vec<_> = written.iter().filter(brackets).copied().collect();
        for (glyphs, mean) in
            [(&written, plain as fn(char) -> char), (&bare, plain), (&bare, dashed)]
        {
            let runs = glyphs.chunk_by(|one, two| fits_v6(mean(one.1)) && fits_v6(mean(two.1)));
            for run in runs.filter(|run| run.len() > 1) {
                let text: String = run.iter().map(|(_, c)| mean(*c)).collect();
                if let [first, .., last] = run
                    && self.in_colons(&text)
                {
                    found.push(first.0..last.0 + 1);
                }
            }
        }
    }

    /// Whether a run of hexadecimal digits, colons and dots holds an address: from any place in
    /// it to any other, since a port or a sentence may follow.
    fn in_colons(&self, run: &str) -> bool {
        if run.matches(':').count() < 2 {
            return false;
        }
        let groups: Vec<&str> = run.split(':').take(64).collect();
        (0..groups.len()).any(|from| {
            (from + 2..=groups.len().min(from + 10)).any(|to| {
                let part = groups[from..to].join(":");
                let part = part.trim_end_matches('.');
                let address = part.parse().or_else(|_| part.trim_end_matches(':').parse());
                address.is_ok_and(|address: Ipv6Addr| self.holds(address.into()))
            })
        })
    }

    /// Whether an address, or the IPv4 address inside it, is in a network of theirs.
    fn holds(&self, address: IpAddr) -> bool {
        let within = |address: IpAddr| self.networks.iter().any(|it| it.contains(address));
        let inside = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => embedded(v6),
        };
        within(address) || inside.is_some_and(|v4| within(v4.into()))
    }

    /// As a bare number only a network of 65,536 addresses at most counts, or every number would.
    fn narrow(&self, address: Ipv4Addr) -> bool {
        self.networks.iter().any(|it| it.prefix >= 16 && it.contains(address.into()))
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

/// The numbers of a reading: letters may touch them.
fn words_of_digits(reading: &[Glyph]) -> Vec<(String, Range<usize>)> {
    words(reading, |c| c.is_ascii_digit())
}

/// The words of a reading: runs of characters that belong to words.
fn words(reading: &[Glyph], belongs: fn(char) -> bool) -> Vec<(String, Range<usize>)> {
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    for (at, glyph) in reading.iter().enumerate().filter(|(_, glyph)| belongs(glyph.c)) {
        match words.last_mut() {
            Some((word, place)) if place.end == at => {
                word.push(glyph.c);
                place.end = at + 1;
            }
            _ => words.push((glyph.c.to_string(), at..at + 1)),
        }
    }
    words
}

/// Whether the words are not far from one another.
fn near(words: &[(String, Range<usize>)]) -> bool {
    words.windows(2).all(|pair| pair[1].1.start - pair[0].1.end <= 5)
}

/// What a word may mean as a part of an IPv4 address: decimal, octal or hexadecimal.
fn octets(word: &str) -> Vec<u8> {
    if word.len() > 10 {
        return Vec::new();
    }
    let decimal = word.parse::<u32>().ok();
    let octal = word.strip_prefix('0').and_then(|rest| u32::from_str_radix(rest, 8).ok());
    let hex = word.strip_prefix("0x").and_then(|rest| u32::from_str_radix(rest, 16).ok());
    let mut all: Vec<u8> = [decimal, octal, hex]
        .into_iter()
        .flatten()
        .filter_map(|it| u8::try_from(it).ok())
        .collect();
    all.dedup();
    all
}

const fn fits_v6(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, ':' | '.')
}

/// The IPv4 address inside a mapped, compatible, 6to4 or NAT64 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x64, 0xff9b, .., high, low] => Some(of(high, low)),
        _ => address.to_ipv4(),
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

/// Replaces the blank-delimited words that the spans touch.
fn replace(text: &str, spans: &[Range<usize>], instead: &str) -> String {
    let mut hit: Vec<Range<usize>> = spans.iter().map(|span| widen(text, span)).collect();
    hit.sort_by_key(|span| span.start);
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for span in hit {
        if span.start >= done {
            replaced += &text[done..span.start];
            replaced += instead;
        }
        done = done.max(span.end);
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
