//! Reports of the same wave, gathered as they arrive.
//!
//! Two messages belong together when they share at least two kinds of evidence and what they share
//! is rare enough. Joining on any shared link domain makes one blob: a value that many unrelated
//! messages have weighs next to nothing (inverse frequency, after Spärck Jones 1972).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::brands::Brands;
use crate::evidence::Evidence;
use crate::hosting;

/// A kind of evidence that messages of one wave share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trace {
    /// The sender's address or domain.
    Sender,
    /// The subject without its numbers and names.
    Subject,
    /// Where a link leads: host, and the shape of its path.
    Link,
    /// A file, by its hash, or by what it has in common with those that differ in little.
    File,
    /// Where money goes, and whom to call.
    Account,
    /// The words, nearly.
    Text,
}

/// What a message can be recognised by: values of each kind.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Traces(BTreeSet<(Trace, String)>);

const MOST_LINKS: usize = 20;
/// Bands of the text's signature: two texts that are four fifths alike share one nearly always.
const BANDS: usize = 8;
const ROWS: usize = 4;

impl Traces {
    /// What a message can be recognised by. Everybody's hosts and free mailboxes' domains are none.
    #[must_use]
    pub fn of(evidence: &Evidence, brands: &Brands) -> Self {
        let mut traces = BTreeSet::new();
        let mut add = |trace, value: String| {
            if value.len() > 2 {
                traces.insert((trace, value));
            }
        };
        if let Some(sender) = evidence.sender() {
            add(Trace::Sender, sender.address.clone());
            if hosting::of(sender.domain()).is_none() && brands.owner(sender.domain()).is_none() {
                add(Trace::Sender, sender.domain().into());
            }
        }
        add(Trace::Subject, template(&evidence.subject));
        for link in evidence.clickable().take(MOST_LINKS) {
            if hosting::of(&link.target.host).is_none() && brands.owner(&link.target.host).is_none()
            {
                add(Trace::Link, link.target.host.clone());
            }
            let shape = shape(&link.target.rest);
            if shape.len() > 4 {
                add(Trace::Link, shape);
            }
        }
        for file in evidence.attachments.iter().filter(|file| file.size > 0) {
            add(Trace::File, file.sha256.clone());
            for band in alike(file) {
                add(Trace::File, band);
            }
        }
        for account in evidence.accounts.ibans.iter().chain(&evidence.accounts.wallets) {
            add(Trace::Account, account.clone());
        }
        for phone in &evidence.accounts.phones {
            add(Trace::Account, format!("tel:{phone}"));
        }
        for band in bands(&evidence.text) {
            add(Trace::Text, band);
        }
        Self(traces)
    }

    /// The same, each value under another name: who holds equal names knows that they are equal,
    /// and not what they are.
    #[must_use]
    pub fn named(&self, name: impl Fn(&str) -> String) -> Self {
        Self(self.0.iter().map(|(trace, value)| (*trace, name(value))).collect())
    }

    /// The values, by kind.
    pub fn iter(&self) -> impl Iterator<Item = (Trace, &str)> {
        self.0.iter().map(|(trace, value)| (*trace, value.as_str()))
    }
}

/// The quarters of a file's TLSH, of whom two files that differ in little share one nearly always.
/// Equal names can be compared where the values themselves are not kept.
fn alike(file: &Attachment) -> Vec<String> {
    // Version, checksum, length and ratios come first: eight digits that small changes change.
    let Some(body) = file.tlsh.as_deref().and_then(|tlsh| tlsh.get(tlsh.len().checked_sub(64)?..))
    else {
        return Vec::new();
    };
    let quarters = (0..4).filter_map(|at| body.get(at * 16..at * 16 + 16));
    (0..).zip(quarters).map(|(number, quarter)| format!("tlsh{number}:{quarter}")).collect()
}

/// A subject as a template: numbers and what stands in quotes fall away.
fn template(subject: &str) -> String {
    let words = subject.split_whitespace().map(|word| {
        if word.chars().any(|c| c.is_ascii_digit()) || word.contains('@') {
            "0".into()
        } else {
            word.to_lowercase()
        }
    });
    let words: Vec<String> = words.collect();
    if words.iter().filter(|word| *word != "0").count() < 2 {
        String::new()
    } else {
        words.join(" ")
    }
}

/// A path as a shape: letters stay where they are words, the rest is `0`.
fn shape(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let pieces = path.split('/').filter(|piece| !piece.is_empty()).take(6).map(|piece| {
        let word = piece.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '.' | '-' | '_'))
            && !hosting::is_random(piece);
        if word { piece.to_lowercase() } else { "0".into() }
    });
    let pieces: Vec<String> = pieces.collect();
    if pieces.iter().filter(|piece| *piece != "0").count() < 2 {
        String::new()
    } else {
        pieces.join("/")
    }
}

/// The bands of a MinHash over runs of three words.
fn bands(text: &str) -> Vec<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 2)
        .take(600)
        .map(str::to_lowercase)
        .collect();
    if words.len() < 20 {
        return Vec::new();
    }
    let mut least = [u64::MAX; BANDS * ROWS];
    for run in words.windows(3) {
        let hash = run
            .iter()
            .flat_map(|word| word.bytes().chain([0]))
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        for (row, least) in (1_u64..).zip(&mut least) {
            let mixed = (hash ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15))
                .wrapping_mul(0xff51_afd7_ed55_8ccd);
            *least = (*least).min(mixed ^ mixed >> 33);
        }
    }
    let band = |(number, rows): (usize, &[u64])| {
        let joined = rows.iter().fold(number as u64, |sum, row| sum.rotate_left(13) ^ row);
        format!("{number}:{joined:016x}")
    };
    least.chunks(ROWS).enumerate().map(band).collect()
}

/// The waves known so far. Reports are numbered by whoever keeps them; waves too.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Waves {
    reports: u64,
    /// Of each value: how many reports had it, and the waves it was seen in.
    seen: BTreeMap<Trace, BTreeMap<String, Seen>>,
    sizes: Vec<u64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Seen {
    reports: u64,
    waves: BTreeSet<usize>,
}

/// What a report joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    /// The wave's number.
    pub wave: usize,
    /// How many others reported it before.
    pub others: u64,
    /// The kinds of evidence that it shares; empty when it begins a wave.
    pub shared: BTreeSet<Trace>,
}

/// What the shared evidence must weigh, in bits.
const ENOUGH: f64 = 9.0;
/// What one kind can weigh.
const MOST_PER_KIND: f64 = 7.0;

impl Waves {
    /// Puts a report into the wave that it belongs to, or begins one.
    pub fn join(&mut self, traces: &Traces) -> Joined {
        let found = self.nearest(traces);
        let (wave, shared) = found.unwrap_or_else(|| (self.begin(), BTreeSet::new()));
        let others = self.put(traces, wave);
        Joined { wave, others, shared }
    }

    /// Begins a wave, as yet without reports.
    pub fn begin(&mut self) -> usize {
        self.sizes.push(0);
        self.sizes.len() - 1
    }

    /// Puts a report into a wave, and tells how many were in it before.
    pub fn put(&mut self, traces: &Traces, wave: usize) -> u64 {
        self.reports += 1;
        for (trace, value) in traces.iter() {
            let seen = self.seen.entry(trace).or_default().entry(value.into()).or_default();
            seen.reports += 1;
            seen.waves.insert(wave);
        }
        let size = self.sizes.get_mut(wave);
        let others = size.as_deref().copied().unwrap_or(0);
        if let Some(size) = size {
            *size += 1;
        }
        others
    }

    /// The wave that a report belongs to, and what they share.
    #[must_use]
    pub fn nearest(&self, traces: &Traces) -> Option<(usize, BTreeSet<Trace>)> {
        let mut weights: BTreeMap<usize, BTreeMap<Trace, f64>> = BTreeMap::new();
        for (trace, value) in traces.iter() {
            let Some(seen) = self.seen.get(&trace).and_then(|values| values.get(value)) else {
                continue;
            };
            let weight = self.rarity(seen);
            for wave in &seen.waves {
                let kind = weights.entry(*wave).or_default().entry(trace).or_default();
                *kind = (*kind + weight).min(MOST_PER_KIND);
            }
        }
        let sum = |kinds: &BTreeMap<Trace, f64>| kinds.values().sum::<f64>();
        let enough = weights
            .into_iter()
            .filter(|(_, kinds)| kinds.values().filter(|w| **w > 1.0).count() > 1);
        let best = enough
            .filter(|(_, kinds)| sum(kinds) >= ENOUGH)
            .max_by(|a, b| sum(&a.1).total_cmp(&sum(&b.1)));
        best.map(|(wave, kinds)| (wave, kinds.into_keys().collect()))
    }

    /// How much a value tells waves apart: in how few of them it was seen. A wave's own size does not
    /// make its values common.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn rarity(&self, seen: &Seen) -> f64 {
        let waves = (self.sizes.len() + 30) as f64;
        (waves / seen.waves.len().max(1) as f64).log2()
    }
}

#[cfg(test)]
mod tests {
    use super::{Traces, Waves};
    use crate::brands::Brands;
    use crate::budget::Limits;
    use crate::evidence::Evidence;

    fn traces(number: usize, host: &str, text: &str) -> Traces {
        let letter = format!(
            "From: Poste <a{number}@s{number}.invalid>\nSubject: Pacco {number}\n\n{text} https://{host}/track/pacco{number}"
        );
        Traces::of(&Evidence::read(letter.as_bytes(), &Limits::default()), Brands::shipped())
    }

    const LURE: &str = "Gentile cliente, il suo pacco è in giacenza presso il nostro deposito perché mancano le spese di \
                        spedizione. La preghiamo di saldare il piccolo importo entro domani per ricevere la consegna a casa.";

    #[test]
    fn a_wave_is_joined_by_text_and_link() {
        let mut waves = Waves::default();
        let first = waves.join(&traces(1, "pacchi.invalid", LURE));
        let second = waves.join(&traces(2, "pacchi.invalid", LURE));
        let third = waves.join(&traces(3, "pacchi.invalid", &LURE.replace("domani", "stasera")));
        assert_eq!((first.others, second.others, third.others), (0, 1, 2));
        assert_eq!(first.wave, third.wave);
        assert!(second.shared.len() > 1);
    }

    #[test]
    fn files_that_differ_in_little_and_a_number_to_call_join() {
        let of = |number: usize, bank: &str| {
            let line = |n: usize| format!("riga {n} {:x} del modello {}\n", n * 7919 % 4093, n * n);
            let file: String = (0..400).map(line).collect();
            let file = file.replace("riga 200 ", &format!("riga {bank} "));
            let letter = format!(
                "From: a{number}@s{number}.invalid\nSubject: {number}\nContent-Type: multipart/mixed; boundary=b\n\n\
                 --b\n\nChiami subito lo 06 5550 {number}{number}0\n--b\n\
                 Content-Type: application/octet-stream; name=a.xyz\n\n{file}\n--b--\n"
            );
            let letter = letter.replace(&format!("5550 {number}{number}0"), "5550 1234");
            Traces::of(&Evidence::read(letter.as_bytes(), &Limits::default()), Brands::shipped())
        };
        let mut waves = Waves::default();
        let first = waves.join(&of(1, "ABC"));
        let second = waves.join(&of(2, "XYZ"));
        assert_eq!((first.wave, second.others), (second.wave, 1));
        assert!(
            second.shared.contains(&super::Trace::File)
                && second.shared.contains(&super::Trace::Account)
        );
    }

    #[test]
    fn one_shared_domain_joins_nothing() {
        let mut waves = Waves::default();
        for number in 0..50 {
            let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
            let word =
                |n: usize| format!("{}{}{}ola ", letter(number), letter(number / 26), letter(n));
            let words: String = (0..26).map(word).collect();
            let joined = waves.join(&traces(
                number,
                "comune-a-tutti.invalid",
                &format!("testo diverso {words}"),
            ));
            assert_eq!(joined.others, 0, "{number}");
        }
        let other = waves.join(&traces(99, "comune-a-tutti.invalid", "Ci vediamo domani"));
        assert_eq!(other.others, 0);
    }
}
