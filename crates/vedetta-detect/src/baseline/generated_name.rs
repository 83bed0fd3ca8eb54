//! Domain names that no person would choose, asked for by the dozen (T1568.002).

use serde_json::json;

use super::bounded::Bounded;
use super::kept::kept;
use super::sketch::Distinct;
use super::{HOUR, Settings, Told};
use crate::finding::{Finding, Severity};

#[derive(Debug, Default)]
pub(super) struct Watch {
    clients: Bounded<String, Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    names: Distinct,
    since: i64,
    told: Option<i64>,
}

kept!(Watch { clients });
kept!(Asked { names, since, told });

impl Watch {
    /// The clock was set back to now: what is later is of no use.
    pub(super) fn set_back(&mut self, now: i64) {
        self.clients.forget_after(now);
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        from: &str,
        name: &str,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let Some(label) = chosen(name).filter(|it| seems_generated(it)) else { return };
        let asked = self.clients.at(from.to_owned(), at);
        if at - asked.since > HOUR {
            asked.since = at;
            asked.names.clear();
        }
        asked.names.add(label);
        let count = asked.names.count().round();
        let told = asked.told.is_some_and(|told| at < told + HOUR);
        if told || count < f64::from(settings.generated_names) {
            return;
        }
        asked.told = Some(at);
        let told = Told {
            id: "generated-names",
            title: format!(
                "{from} asked for about {count} names that look made by a machine within an hour, the last {name}"
            ),
            severity: Severity::Medium,
            confidence: 60,
            technique: Some("T1568.002"),
            entity: from,
            evidence: vec![("names", json!(count)), ("last", json!(name))],
        };
        found.push(told.finding(at));
    }
}

/// The label that was chosen when the name was registered, as far as that can be told: the one
/// before the last, or before a short pair as `co.uk`.
fn chosen(name: &str) -> Option<&str> {
    let mut labels = name.trim_end_matches('.').rsplit('.');
    labels.next()?;
    let second = labels.next()?;
    if second.len() <= 3 { labels.next().or(Some(second)) } else { Some(second) }
}

/// Whether a label looks like letters drawn by lot: long, with few vowels or many digits between,
/// runs of consonants, and little that comes twice.
pub(super) fn seems_generated(label: &str) -> bool {
    let letters = label.as_bytes();
    if !(10..=40).contains(&letters.len()) || label.starts_with("xn--") || label.contains('-') {
        return false;
    }
    let lower = |it: &u8| it.to_ascii_lowercase();
    let is_vowel = |it: u8| matches!(it, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let (mut digits, mut vowels, mut changes, mut run, mut longest) = (0.0, 0.0, 0.0, 0, 0);
    let mut counts = [0u8; 256];
    let mut before: Option<u8> = None;
    for it in letters.iter().map(lower) {
        counts[usize::from(it)] = counts[usize::from(it)].saturating_add(1);
        digits += f64::from(u8::from(it.is_ascii_digit()));
        vowels += f64::from(u8::from(is_vowel(it)));
        run = if it.is_ascii_alphabetic() && !is_vowel(it) { run + 1 } else { 0 };
        longest = longest.max(run);
        if before.is_some_and(|before| before.is_ascii_digit() != it.is_ascii_digit()) {
            changes += 1.0;
        }
        before = Some(it);
    }
    let length = letters.len() as f64;
    let shares = counts.iter().filter(|it| **it > 0).map(|it| f64::from(*it) / length);
    let entropy: f64 = shares.map(|share| -share * share.log2()).sum();
    let mut points = 0;
    points += i32::from(entropy > 3.0) + i32::from(entropy > 3.5);
    points += i32::from(longest >= 4) + i32::from(longest >= 6);
    points += i32::from(vowels / length < 0.25) + i32::from(vowels / length < 0.15);
    points += 2 * i32::from(changes >= 4.0) + i32::from(digits / length > 0.3);
    points >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_and_of_machines() {
        for name in
            ["xkqjzvbtrwpl", "a1b2c3d4e5f6g7", "qzxvwtkjhgfd", "wjq8x2kz91vbt", "rvtqkzjxwmsd"]
        {
            assert!(seems_generated(name), "{name}");
        }
        for name in [
            "microsoftonline",
            "wikipedia",
            "agenziaentrate",
            "comunedimilano",
            "googleusercontent",
            "stackoverflow",
            "officecdn",
            "poliziadistato",
            "cloudfront",
            "akamaiedge",
        ] {
            assert!(!seems_generated(name), "{name}");
        }
        assert_eq!(chosen("a.b.example.co.uk"), Some("example"));
        assert_eq!(chosen("www.example.org."), Some("example"));
    }
}
