//! The check after redaction. Written apart from it on purpose: it shares no code with the
//! redactor but the facts about the victim, is simple rather than quick, and rather sees too much.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::victim::{Networks, Victim};

/// Shorter secrets, in characters, tell only as whole words.
const SHORT: usize = 6;
/// Shorter secrets, in characters, are not put together from several texts.
const SPLIT: usize = 10;

/// The place of the first text in a value, or of the first property name, that tells a victim;
/// none when nothing does.
///
/// # Examples
/// ```
/// # use vedetta_policy::{Victim, reveals};
/// let mut victim = Victim::default();
/// victim.domains.insert("comune.example".into());
/// let told = serde_json::json!({ "name": "from WWW[.]comune[.]example" });
/// assert_eq!(reveals(&told, &victim).as_deref(), Some("/name"));
/// ```
#[must_use]
pub fn reveals(value: &Value, victim: &Victim) -> Option<String> {
    Lookout::of([victim]).look(value).at
}

/// Looks for several victims at once, however many they are. Made once, it looks through many
/// objects.
pub struct Lookout {
    secrets: Vec<Secret>,
    /// All but the short secrets, by their places; without it, everything tells everybody.
    long: Option<AhoCorasick>,
    short: HashMap<String, Vec<usize>>,
    asns: HashMap<u32, Vec<usize>>,
    codes: HashMap<String, Vec<usize>>,
    networks: Networks,
    victims: usize,
}

/// What tells some victims.
struct Secret {
    text: String,
    whose: Vec<usize>,
}

/// What a look found: the first place that tells, and whom all of it tells.
#[derive(Default)]
struct Look {
    at: Option<String>,
    whom: BTreeSet<usize>,
}

impl Lookout {
    /// Looks for these.
    pub fn of<'a>(victims: impl IntoIterator<Item = &'a Victim>) -> Self {
        let mut whose: HashMap<String, Vec<usize>> = HashMap::new();
        let mut asns: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut codes: HashMap<String, Vec<usize>> = HashMap::new();
        let (mut networks, mut many) = (Networks::default(), 0);
        for (place, victim) in victims.into_iter().enumerate() {
            for secret in secrets(victim) {
                whose.entry(secret).or_default().push(place);
            }
            for code in &victim.codes {
                codes.entry(code.clone()).or_default().push(place);
            }
            for asn in &victim.asns {
                asns.entry(*asn).or_default().push(place);
            }
            victim.networks.iter().for_each(|it| networks.add(it, place));
            many = place + 1;
        }
        let is_short = |text: &String| text.chars().count() < SHORT;
        let (short, long): (HashMap<_, _>, Vec<_>) = {
            let (short, long): (Vec<_>, Vec<_>) =
                whose.into_iter().partition(|(text, _)| is_short(text));
            (short.into_iter().collect(), long)
        };
        let secrets: Vec<_> =
            long.into_iter().map(|(text, whose)| Secret { text, whose }).collect();
        let long = AhoCorasick::new(secrets.iter().map(|it| &it.text)).ok();
        Self { secrets, long, short, asns, codes, networks, victims: many }
    }

    /// Whether a value tells any of them.
    #[must_use]
    pub fn tells(&self, value: &Value) -> bool {
        self.look(value).at.is_some()
    }

    /// Whom a value tells, by their places among those looked for.
    #[must_use]
    pub fn told_by(&self, value: &Value) -> BTreeSet<usize> {
        self.look(value).whom
    }

    fn look(&self, value: &Value) -> Look {
        let mut walk = Walk {
            lookout: self,
            path: String::new(),
            whole: String::new(),
            found: Look::default(),
        };
        walk.goes(value, Numbers::OfAnything);
        let Walk { whole, mut found, .. } = walk;
        self.find(&whole, &mut |secret| {
            if secret.text.chars().count() >= SPLIT {
                found.at.get_or_insert_with(|| "/".to_owned());
                found.whom.extend(&secret.whose);
            }
        });
        if self.long.is_none() {
            found = Look { at: Some("/".to_owned()), whom: (0..self.victims).collect() };
        }
        found
    }

    /// Shows every long secret inside a plain text.
    fn find<'a>(&'a self, text: &str, show: &mut dyn FnMut(&'a Secret)) {
        let found = self.long.iter().flat_map(|long| long.find_overlapping_iter(text));
        found.filter_map(|it| self.secrets.get(it.pattern().as_usize())).for_each(show);
    }

    /// Adds whom a text tells.
    fn hear(&self, text: &str, whom: &mut BTreeSet<usize>) {
        let mut spellings = vec![text.to_owned()];
        if text.contains('%') {
            spellings.extend([percent_decoded(text), percent_decoded(&percent_decoded(text))]);
        }
        spellings.extend(from_base64(text));
        for spelling in spellings {
            let lower = spelling.to_lowercase();
            let undone = without_signs(&lower);
            self.find_names(&lower, &undone, whom);
            self.find_addresses(&undone, whom);
        }
    }

    fn find_names(&self, lower: &str, undone: &str, whom: &mut BTreeSet<usize>) {
        if !self.short.is_empty() {
            for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
                whom.extend(self.short.get(&plain(word)).into_iter().flatten());
            }
        }
        let numbers: HashSet<&str> = undone.split(|c: char| !c.is_ascii_digit()).collect();
        if !self.codes.is_empty() {
            whom.extend(numbers.iter().filter_map(|it| self.codes.get(*it)).flatten());
        }
        let mut show = |secret: &Secret| {
            // An AS number inside a longer number tells nobody.
            let digits = secret.text.strip_prefix("as").filter(|it| it.parse::<u32>().is_ok());
            if digits.is_none_or(|digits| numbers.contains(digits)) {
                whom.extend(&secret.whose);
            }
        };
        self.find(&plain(lower), &mut show);
        if undone != lower {
            self.find(&plain(undone), &mut show);
        }
    }
}

/// What the numbers at a place may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    OfAnything,
    /// Of an autonomous system, by the name of the property itself.
    Direct,
    /// Of autonomous systems, by a name above.
    OfSystems,
}

/// A walk through a value.
struct Walk<'a> {
    lookout: &'a Lookout,
    path: String,
    /// All texts so far, plain.
    whole: String,
    found: Look,
}

impl Walk<'_> {
    fn goes(&mut self, value: &Value, numbers: Numbers) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.hears(&number.to_string(), numbers),
            Value::String(text) => self.hears(text, numbers),
            Value::Array(all) => {
                let inner = if numbers == Numbers::Direct { Numbers::OfAnything } else { numbers };
                for (place, one) in all.iter().enumerate() {
                    self.below(&place.to_string(), |walk| walk.goes(one, inner));
                }
            }
            Value::Object(fields) => {
                for (name, one) in fields {
                    let inner = match name.as_str() {
                        _ if numbers == Numbers::OfSystems => Numbers::OfSystems,
                        name if name.to_lowercase().contains("asn") => Numbers::OfSystems,
                        "number" => Numbers::Direct,
                        _ => Numbers::OfAnything,
                    };
                    self.below(name, |walk| {
                        walk.hears(name, inner);
                        walk.goes(one, inner);
                    });
                }
            }
        }
    }

    /// Goes down one step, and back up.
    fn below(&mut self, step: &str, look: impl FnOnce(&mut Self)) {
        let here = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        look(self);
        self.path.truncate(here);
    }

    fn hears(&mut self, text: &str, numbers: Numbers) {
        self.whole.push_str(&plain(text));
        let mut whom = BTreeSet::new();
        self.lookout.hear(text, &mut whom);
        if numbers != Numbers::OfAnything
            && let Ok(number) = text.parse::<u32>()
        {
            whom.extend(self.lookout.asns.get(&number).into_iter().flatten());
        }
        if !whom.is_empty() {
            self.found.at.get_or_insert_with(|| self.path.clone());
            self.found.whom.extend(whom);
        }
    }
}

/// Everything that must not be there, as letters and digits.
fn secrets(victim: &Victim) -> BTreeSet<String> {
    let ids = victim.identities.iter().map(|id| id.as_str().to_owned());
    let asns = victim.asns.iter().map(|asn| format!("AS{asn}"));
    let words = victim.words.iter().chain(&victim.short_names).chain(&victim.domains);
    let all = words.chain(&victim.phones).cloned().chain(ids).chain(asns);
    all.map(|secret| plain(&secret)).filter(|secret| secret.len() >= 2).collect()
}

/// Lower-case letters without accents, and digits.
fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    }
    let letters = text.nfkd().flat_map(char::to_lowercase).nfkd();
    letters.filter(|c| c.is_alphanumeric() && c.nfkd().eq([*c])).collect()
}

/// Without the words that stand for a dot or an at sign, where they are set apart.
fn without_signs(lower: &str) -> String {
    let mut undone = lower.to_owned();
    for sign in ["dot", "at", "punto", "chiocciola"].iter().filter(|it| lower.contains(**it)) {
        for (open, close) in [('[', ']'), ('(', ')'), ('{', '}'), ('<', '>'), (' ', ' ')] {
            undone = undone.replace(&format!("{open}{sign}{close}"), "");
        }
    }
    undone
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match code.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn from_base64(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/-_".contains(c)));
    let decoded = runs
        .filter(|run| run.len() >= 16)
        .flat_map(|run| [BASE64_STANDARD_NO_PAD.decode(run), BASE64_URL_SAFE_NO_PAD.decode(run)]);
    decoded.flatten().filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
}

impl Lookout {
    /// Adds those of whom an address is written anywhere: dotted with anything for dots, or with
    /// colons.
    fn find_addresses(&self, text: &str, whom: &mut BTreeSet<usize>) {
        if self.networks.is_empty() {
            return;
        }
        let mut add = |address: IpAddr| {
            let plain = match address {
                IpAddr::V6(v6) => v6.to_ipv4_mapped().map(IpAddr::V4),
                IpAddr::V4(_) => None,
            };
            for address in [Some(address), plain].into_iter().flatten() {
                whom.extend(self.networks.holding(address).flat_map(|(_, whose)| whose));
            }
        };
        let numbers = text.split(|c: char| !c.is_ascii_alphanumeric());
        let numbers: Vec<_> = numbers.filter(|part| !part.is_empty()).map(octet).collect();
        for four in numbers.windows(4) {
            if let [Some(a), Some(b), Some(c), Some(d)] = *four {
                add(IpAddr::from([a, b, c, d]));
            }
        }
        let bare: String = text.chars().filter(|c| !"[](){}".contains(*c)).collect();
        for text in [text, bare.as_str()] {
            text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'))
                .filter(|part| part.matches(':').count() >= 2)
                .for_each(|part| {
                    let trimmed = part.trim_matches('.');
                    let shorter = trimmed.rsplit_once(':').map_or(trimmed, |(address, _)| address);
                    [trimmed, shorter].iter().filter_map(|it| it.parse().ok()).for_each(&mut add);
                });
        }
    }
}

fn octet(part: &str) -> Option<u8> {
    match part.trim_start_matches('0') {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}
