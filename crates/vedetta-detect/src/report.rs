//! What a sensor and its node say to each other: the code that enrols it, what it found, how it does.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use vedetta_indicator::DecayTable;
use vedetta_model::{AccountId, Instant, OrganisationId};

use crate::finding::{By, Severity};

/// Most findings of one report.
pub const MOST_FINDINGS: usize = 500;
/// Longest text of a finding, in bytes.
pub const LONGEST_TEXT: usize = 1_024;
/// Most values of a finding's evidence, and most observables of it.
pub const MOST_VALUES: usize = 32;
/// How often a sensor gives a sign of life, in seconds.
pub const BEAT: u64 = 20;

/// What enrols a sensor, once: where the node is, whom to trust there, and a secret. Written as
/// `vds1/node.example.org:8443/<64 hexadecimal digits>/<32 hexadecimal digits>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// Where the node's machine door is, as `host:port`.
    pub address: String,
    /// The SHA-256 of the certificate of the node's own authority, in DER.
    pub authority: [u8; 32],
    /// What nobody can guess.
    pub secret: [u8; 16],
}

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a sensor's code; copy the whole line that begins with vds1/")]
pub struct NotACode;

/// What a sensor sends to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The secret of the code, in hexadecimal.
    pub secret: String,
    /// The version of the program.
    pub version: String,
}

/// What an enrolled sensor is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Its name.
    pub sensor: String,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its account.
    pub account: AccountId,
    /// Its token.
    pub token: String,
    /// When the token ceases to work.
    pub expires: Instant,
}

/// What a sensor found since it last said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The findings, [`MOST_FINDINGS`] at most.
    pub findings: Vec<Told>,
}

/// Equal findings together, as they leave the house.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The same for the same finding, however often it is told.
    pub id: Uuid,
    /// What found it.
    pub by: By,
    /// The indicator's or rule's identifier, or the name of a baseline.
    pub of: String,
    /// In words.
    pub title: String,
    /// How grave.
    pub severity: Severity,
    /// How sure, 1 to 100.
    pub confidence: u8,
    /// Techniques of ATT&CK, as `T1059.001`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// About whom: a name, or a word that stands for it in this sensor's own list.
    pub entity: String,
    /// What of the event leaves the house.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, Value>,
    /// Addresses and names outside that others may look for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observables: Vec<Observable>,
    /// How many events.
    pub count: u64,
    /// When the first happened.
    pub first: Instant,
    /// When the last happened.
    pub last: Instant,
    /// When it was first told.
    pub created: Instant,
    /// When it was told so. Later words go before earlier ones.
    pub told: Instant,
    /// Whether it was remembered: seen before anybody knew that it mattered.
    #[serde(default)]
    pub recalled: Recalled,
}

/// Whether a finding was in the sensor's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recalled {
    /// It was seen as it happened.
    #[default]
    Live,
    /// It happened before what it is about was known.
    FromHistory,
}

/// A value that others may look for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observable {
    /// As STIX calls it: `ipv4-addr`, `ipv6-addr` or `domain-name`.
    pub kind: String,
    /// The value.
    pub value: String,
}

/// How a sensor does. What else it says is passed over: a sensor that is newer than its node must be
/// heard, or it would look dead, and no order would reach it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The version of the program.
    pub version: String,
    /// When it was started.
    pub started: Instant,
    /// Events a second, since the last sign of life.
    pub events_per_s: f64,
    /// Seconds between the newest event read and now; nothing when none was read.
    pub lag_s: Option<f64>,
    /// Events read since it was started.
    pub events: u64,
    /// Indicators that it looks for.
    pub indicators: usize,
    /// Rules in use.
    pub rules: usize,
    /// Rules that cannot be used.
    pub rules_refused: usize,
    /// How far it has followed the node's stream.
    pub place: u64,
    /// How far it has looked for what the stream brought in what it remembers.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub applied: u64,
    /// Findings that wait to be sent.
    pub waiting: usize,
    /// Octets of events that wait to be read.
    pub backlog: u64,
    /// Events and findings that were let go for want of room, since it was started.
    pub lost: u64,
    /// Lines that could not be read, by reason.
    pub faults: BTreeMap<String, u64>,
    /// The [`Measures`] that it has; empty when it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measures: String,
}

const fn is_nothing(place: &u64) -> bool {
    *place == 0
}

/// By what a node judges what indicators are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Tells these from all others.
    pub digest: String,
    /// How indicators decay.
    pub decay: DecayTable,
    /// Lists of what is harmless, as MISP writes them.
    pub lists: Vec<String>,
}

/// What a node says to a sensor that it hears.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// What was judged harmless.
    #[serde(default)]
    pub quiet: Vec<Quiet>,
    /// How far the node's ledger has come: who has followed the stream so far knows all there is.
    #[serde(default)]
    pub place: u64,
    /// Its measures, when the sensor has others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Arc<Measures>>,
}

/// Findings that are not told for a while: a person judged their like harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The indicator's or rule's identifier, or the name of a baseline.
    pub of: String,
    /// About whom, as the sensor told it; nobody is everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Until when.
    pub until: Instant,
}

/// What became of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Findings that are new, or told anew.
    pub taken: usize,
    /// Findings that were known so.
    pub known: usize,
    /// Those that cannot be used, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedFinding>,
}

/// A finding that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFinding {
    /// Which.
    pub id: Uuid,
    /// Why.
    pub reason: String,
}

impl Told {
    /// What is wrong with it, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let long = |text: &str| text.len() > LONGEST_TEXT;
        if [&self.of, &self.title, &self.entity].into_iter().any(|it| long(it)) {
            return Some(format!("a text is longer than {LONGEST_TEXT} bytes; shorten it"));
        }
        if self.of.is_empty() || self.title.is_empty() {
            return Some("`of` and `title` say what was found; fill both".into());
        }
        let many = [self.evidence.len(), self.observables.len(), self.techniques.len()];
        if many.into_iter().any(|it| it > MOST_VALUES) {
            return Some(format!("more than {MOST_VALUES} values; leave some out"));
        }
        if self.evidence.values().any(|it| long(&it.to_string())) {
            return Some(format!("a value is longer than {LONGEST_TEXT} bytes; shorten it"));
        }
        if !(1..=100).contains(&self.confidence) || self.count == 0 {
            return Some("`confidence` is from 1 to 100, `count` at least 1".into());
        }
        (self.first > self.last).then(|| "`first` is after `last`".into())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vds1/{}/{}/{}", self.address, hex(&self.authority), hex(&self.secret))
    }
}

/// Without the secret.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.address)
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        let parts: Vec<&str> = text.trim().split('/').collect();
        let ["vds1", address, authority, secret] = parts[..] else { return Err(NotACode) };
        let known = address.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && host.len() <= 255 && port.parse::<u16>().is_ok()
        });
        let authority = octets(authority).and_then(|it| it.try_into().ok());
        let secret = octets(secret).and_then(|it| it.try_into().ok());
        match (known, authority, secret) {
            (true, Some(authority), Some(secret)) => {
                Ok(Self { address: address.to_owned(), authority, secret })
            }
            _ => Err(NotACode),
        }
    }
}

/// Octets as hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Hexadecimal digits as octets.
#[must_use]
pub fn octets(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    let digit = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok());
    digits.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_nothing_else_is_one() {
        let code = Code {
            address: "node.example.org:8443".into(),
            authority: [0xa5; 32],
            secret: *b"0123456789abcdef",
        };
        assert_eq!(code.to_string().parse(), Ok(code.clone()));
        assert!(!format!("{code:?}").contains("3031"));
        let text = code.to_string();
        for wrong in [
            "",
            "vds1",
            &text[..text.len() - 1],
            &text.replace("vds1", "vds2"),
            &text.replace(":8443", ""),
            &text.replace("a5a5", "zz"),
            &format!("{text}/more"),
        ] {
            assert_eq!(wrong.parse::<Code>(), Err(NotACode), "{wrong}");
        }
    }

    #[test]
    fn a_sensor_newer_than_its_node_is_heard() {
        let beat = Heartbeat { version: "2.0.0".into(), events: 7, ..Heartbeat::default() };
        let mut said = serde_json::to_value(&beat).unwrap();
        said["added_later"] = serde_json::json!({ "of": 1 });
        assert_eq!(serde_json::from_value::<Heartbeat>(said).unwrap(), beat);
    }
}
