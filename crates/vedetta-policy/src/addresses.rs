//! Addresses of a victim's networks, however they are written.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use crate::victim::{Networks, Subnet};

/// The networks whose addresses are looked for.
#[derive(Default)]
pub(crate) struct Addresses {
    networks: Networks,
}

/// A word of a reading, and its place in the reading.
type Word = (String, Range<usize>);

impl Addresses {
    pub(crate) fn add(&mut self, networks: &BTreeSet<Subnet>) {
        networks.iter().for_each(|it| self.networks.add(it, 0));
    }

    /// Whether an address of theirs stands in a reading.
    pub(crate) fn are_in(&self, reading: &[char]) -> bool {
        let mut found = Vec::new();
        self.find(reading, &mut found);
        !found.is_empty()
    }

    /// Adds the places of a reading, as ranges, where an address of theirs stands.
    fn find(&self, reading: &[char], found: &mut Vec<Range<usize>>) {
        if self.networks.is_empty() || !reading.iter().any(char::is_ascii_digit) {
            return;
        }
        let words = words(reading, char::is_alphanumeric);
        let numbers = words_of_digits(reading);
        for four in words.windows(4).chain(numbers.windows(4)).filter(|four| near(four)) {
            self.dotted(four, found);
        }
        for three in numbers.windows(3).filter(|three| near(three)) {
            self.wildcard(three, reading, found);
            self.shortened(three, found);
        }
        for two in numbers.windows(2).filter(|two| near(two)) {
            self.shortened(two, found);
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
    fn dotted(&self, four: &[Word], found: &mut Vec<Range<usize>>) {
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
    fn wildcard(&self, three: &[Word], reading: &[char], found: &mut Vec<Range<usize>>) {
        let [a, b, c] = [0, 1, 2].map(|at| octets(&three[at].0).first().copied());
        let (Some(a), Some(b), Some(c)) = (a, b, c) else { return };
        let after = reading.get(three[2].1.end..).unwrap_or_default();
        let mut after = after.iter().copied().filter(|c| !"[](){}".contains(*c));
        let dotted = after.next() == Some('.');
        let wild = after.next().is_none_or(|c| !c.is_ascii_digit());
        if dotted && wild && (0..=255).any(|d| self.holds(Ipv4Addr::new(a, b, c, d).into())) {
            found.push(three[0].1.start..three[2].1.end);
        }
    }

    /// `192.0.513` and `192.513`: the last number is all the rest of the address.
    fn shortened(&self, parts: &[Word], found: &mut Vec<Range<usize>>) {
        let Some(((last, at), leading)) = parts.split_last() else { return };
        let bits = 32 - 8 * leading.len();
        let rest = last.parse::<u32>().ok().filter(|rest| rest.checked_shr(8) > Some(0));
        let Some(rest) = rest.filter(|rest| u64::from(*rest) < 1 << bits) else { return };
        let octets: Vec<u8> = leading.iter().filter_map(|(word, _)| word.parse().ok()).collect();
        let first = octets.iter().fold(0, |high, octet| high << 8 | u32::from(*octet)) << bits;
        let all = octets.len() == leading.len();
        if let (true, Some((_, start))) = (all && self.is_number(first | rest), leading.first()) {
            found.push(start.start..at.end);
        }
    }

    /// An address as one number: decimal, or hexadecimal.
    fn is_one_number(&self, word: &str) -> bool {
        let hex = word.strip_prefix("0x").unwrap_or(word);
        let as_hex = (hex.len() == 8).then(|| u32::from_str_radix(hex, 16).ok()).flatten();
        let decimal = word.parse::<u32>().ok().filter(|number| *number > 0xff_ffff);
        let v6 = (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok()).flatten();
        [as_hex, decimal].into_iter().flatten().any(|number| self.is_number(number))
            || v6.is_some_and(|number| self.holds(Ipv6Addr::from(number).into()))
    }

    fn reversed_nibbles(&self, nibbles: &[Word], found: &mut Vec<Range<usize>>) {
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
    fn with_colons(&self, reading: &[char], found: &mut Vec<Range<usize>>) {
        let plain = |c: char| c;
        let dashed = |c: char| if c == '-' { ':' } else { c };
        let brackets = |(_, c): &&(usize, char)| !"[](){}".contains(*c);
        let written: Vec<_> = reading.iter().copied().enumerate().collect();
        let bare: Vec<_> = written.iter().filter(brackets).copied().collect();
        for (chars, mean) in
            [(&written, plain as fn(char) -> char), (&bare, plain), (&bare, dashed)]
        {
            let runs = chars.chunk_by(|one, two| fits_v6(mean(one.1)) && fits_v6(mean(two.1)));
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
        let short = |group| str::get(group, ..64).unwrap_or(group);
        let groups: Vec<&str> = run.split(':').take(64).map(short).collect();
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
        let within = |address: IpAddr| self.networks.holding(address).next().is_some();
        let inside = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => embedded(v6),
        };
        within(address) || inside.is_some_and(|v4| within(v4.into()))
    }

    /// Whether a bare number is an address of theirs: only networks of 65,536 addresses at most
    /// count, or every number would.
    pub(crate) fn is_number(&self, number: u32) -> bool {
        let address = IpAddr::from(Ipv4Addr::from(number));
        self.networks.holding(address).any(|(prefix, _)| prefix >= 16)
    }
}

/// The numbers of a reading: letters may touch them.
fn words_of_digits(reading: &[char]) -> Vec<Word> {
    words(reading, |c| c.is_ascii_digit())
}

/// The words of a reading: runs of characters that belong to words.
fn words(reading: &[char], belongs: fn(char) -> bool) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, c) in reading.iter().enumerate().filter(|(_, c)| belongs(**c)) {
        match words.last_mut() {
            Some((word, place)) if place.end == at => {
                word.push(*c);
                place.end = at + 1;
            }
            _ => words.push((c.to_string(), at..at + 1)),
        }
    }
    words
}

/// Whether the words are not far from one another.
fn near(words: &[Word]) -> bool {
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
