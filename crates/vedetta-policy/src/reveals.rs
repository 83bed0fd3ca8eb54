//! The check after redaction. Written apart from it on purpose: it shares no code with the
//! redactor but the facts about the victim, is simple rather than quick, and rather sees too much.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::victim::Victim;

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
    let secrets = secrets(victim);
    let mut walk = Walk { secrets: &secrets, victim, path: String::new(), whole: String::new() };
    if walk.finds(value, Numbers::OfAnything) {
        return Some(walk.path);
    }
    let whole = walk.whole;
    let split = |secret: &&String| secret.chars().count() >= 10 && whole.contains(secret.as_str());
    secrets.iter().find(split).map(|_| "/".to_owned())
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

/// A walk through a value, that stays at the first place that tells.
struct Walk<'a> {
    secrets: &'a [String],
    victim: &'a Victim,
    path: String,
    /// All texts so far, plain.
    whole: String,
}

impl Walk<'_> {
    fn finds(&mut self, value: &Value, numbers: Numbers) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.tells(&number.to_string(), numbers),
            Value::String(text) => self.tells(text, numbers),
            Value::Array(all) => {
                let inner = if numbers == Numbers::Direct { Numbers::OfAnything } else { numbers };
                all.iter().enumerate().any(|(place, one)| {
                    let place = place.to_string();
                    self.below(&place, |walk| walk.finds(one, inner))
                })
            }
            Value::Object(fields) => fields.iter().any(|(name, one)| {
                let inner = match name.as_str() {
                    _ if numbers == Numbers::OfSystems => Numbers::OfSystems,
                    name if name.to_lowercase().contains("asn") => Numbers::OfSystems,
                    "number" => Numbers::Direct,
                    _ => Numbers::OfAnything,
                };
                self.below(name, |walk| walk.tells(name, inner) || walk.finds(one, inner))
            }),
        }
    }

    /// Goes down one step, and back up when nothing is found there.
    fn below(&mut self, step: &str, look: impl FnOnce(&mut Self) -> bool) -> bool {
        let here = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        let found = look(self);
        if !found {
            self.path.truncate(here);
        }
        found
    }

    fn tells(&mut self, text: &str, numbers: Numbers) -> bool {
        self.whole.push_str(&plain(text));
        let system = || text.parse().is_ok_and(|number: u32| self.victim.asns.contains(&number));
        tells(text, self.secrets, self.victim) || (numbers != Numbers::OfAnything && system())
    }
}

/// Everything that must not be there, as letters and digits.
fn secrets(victim: &Victim) -> Vec<String> {
    let ids = victim.identities.iter().map(|id| id.as_str().to_owned());
    let asns = victim.asns.iter().map(|asn| format!("AS{asn}"));
    let words = victim.words.iter().chain(&victim.short_names).chain(&victim.domains);
    let all = words.chain(&victim.phones).cloned().chain(ids).chain(asns);
    all.map(|secret| plain(&secret)).filter(|secret| secret.len() >= 2).collect()
}

/// Lower-case letters without accents, and digits.
fn plain(text: &str) -> String {
    let letters = text.nfkd().flat_map(char::to_lowercase).nfkd();
    letters.filter(|c| c.is_alphanumeric() && c.nfkd().eq([*c])).collect()
}

fn tells(text: &str, secrets: &[String], victim: &Victim) -> bool {
    let mut spellings = vec![text.to_owned()];
    if text.contains('%') {
        spellings.extend([percent_decoded(text), percent_decoded(&percent_decoded(text))]);
    }
    spellings.extend(from_base64(text));
    for spelling in spellings {
        let lower = spelling.to_lowercase();
        let mut undone = lower.clone();
        for sign in ["dot", "at", "punto", "chiocciola"].iter().filter(|it| lower.contains(**it)) {
            for (open, close) in [('[', ']'), ('(', ')'), ('{', '}'), ('<', '>'), (' ', ' ')] {
                undone = undone.replace(&format!("{open}{sign}{close}"), "");
            }
        }
        let words: Vec<String> = lower.split(|c: char| !c.is_alphabetic()).map(plain).collect();
        let (as_written, as_meant) = (plain(&lower), plain(&undone));
        let told = secrets.iter().any(|secret| {
            let short = secret.chars().count() < 6;
            let as_words = words.iter().any(|word| word == secret);
            let inside = as_written.contains(secret) || as_meant.contains(secret);
            if short { as_words } else { inside && !is_part_of_number(secret, &undone) }
        });
        if told || has_address(&undone, victim) {
            return true;
        }
    }
    false
}

/// An AS number inside a longer number tells nobody.
fn is_part_of_number(secret: &str, text: &str) -> bool {
    let Some(digits) = secret.strip_prefix("as").filter(|it| it.parse::<u32>().is_ok()) else {
        return false;
    };
    !text.split(|c: char| !c.is_ascii_digit()).any(|number| number == digits)
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

/// Whether an address of the victim is written anywhere: dotted with anything for dots, or with
/// colons.
fn has_address(text: &str, victim: &Victim) -> bool {
    let known = |address: IpAddr| {
        let plain = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        let both = [Some(address), plain];
        both.into_iter().flatten().any(|it| victim.networks.iter().any(|net| net.contains(it)))
    };
    let numbers: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let dotted = numbers.windows(4).any(|four| {
        let octets: Vec<u8> = four
            .iter()
            .map(|part| part.trim_start_matches('0'))
            .filter_map(|part| if part.is_empty() { Some(0) } else { part.parse().ok() })
            .collect();
        <[u8; 4]>::try_from(octets).is_ok_and(|octets| known(IpAddr::from(octets)))
    });
    let bare: String = text.chars().filter(|c| !"[](){}".contains(*c)).collect();
    let with_colons = [text, bare.as_str()].into_iter().any(|text| {
        text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'))
            .filter(|part| part.matches(':').count() >= 2)
            .any(|part| {
                let trimmed = part.trim_matches('.');
                let shorter = trimmed.rsplit_once(':').map_or(trimmed, |(address, _)| address);
                [trimmed, shorter].iter().any(|it| it.parse().is_ok_and(known))
            })
    });
    dotted || with_colons
}
