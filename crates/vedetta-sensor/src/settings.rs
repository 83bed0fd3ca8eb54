//! What the owner says: `sensor.toml` in the sensor's directory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vedetta_detect::Format;
use vedetta_detect::decode::Local;
use vedetta_model::Instant;

use crate::error::SensorError;

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Sigma rules of one's own: files, and directories with all below them.
    pub rules: Vec<PathBuf>,
    /// Sigma processing pipelines: how rules are rewritten for events that name things otherwise.
    pub pipelines: Vec<PathBuf>,
    /// Warning lists in MISP's format, files and directories: indicators of what is on them are not
    /// looked for.
    pub warning_lists: Vec<PathBuf>,
    /// For how many days the watches of what is usual only learn; none are kept without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baselines: Option<u16>,
    /// What it reads.
    #[serde(rename = "input")]
    pub inputs: Vec<Input>,
    /// What leaves the house.
    pub share: Share,
    /// How much room it may take.
    pub limits: Limits,
}

/// Something to read: exactly one of `file`, `udp`, `tcp`, `https`, `nats` and `journal`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// A file to follow across rotation; an event log of Windows (`.evtx`) is read when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Where to take syslog datagrams (RFC 5426).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp: Option<SocketAddr>,
    /// Where to take syslog streams (RFC 6587; RFC 5425 with `certificate` and `key`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<SocketAddr>,
    /// Where partners that prove themselves by a certificate send lines over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<SocketAddr>,
    /// Who may send by `https`, or by `tcp` over TLS: the authorities of their certificates, a file in
    /// PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<PathBuf>,
    /// A server of NATS, as `nats://user:password@host:4222`; over TLS with `tls://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats: Option<String>,
    /// Whom to believe that it is the server of `tls://`: authorities, a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorities: Option<PathBuf>,
    /// The subject to follow there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The stream of JetStream that keeps the subject: then nothing of it is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The journal of systemd: these units of it, or all when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Vec<String>>,
    /// The certificate chain for `tcp` and `https`, or for `nats` over TLS; a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Its key, a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// How lines are written, as `vedetta detect --format`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The time zone of lines that do not say theirs (`Europe/Rome`); the machine's own without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What the columns of a table are to be called, by what its header calls them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

/// What leaves the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    /// The fields of events that may leave as evidence; `["*"]` is every field that made a finding.
    pub evidence: Vec<String>,
    /// Whether hosts and accounts are named, or stand as a word that `vedetta sensor status` explains.
    pub names: Names,
    /// Whether addresses and names outside that were part of a grave finding may be looked for by
    /// others.
    pub observables: Leave,
    /// The organisation's own addresses and networks outside: they are hidden as those inside are.
    pub own: Vec<String>,
}

/// Whether hosts and accounts are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// As a word that stands for them.
    #[default]
    Hidden,
    /// As they are.
    Shown,
}

/// Whether something may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leave {
    /// It may.
    #[default]
    Shared,
    /// It may not.
    Kept,
}

/// How much room it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Events that wait to be read, in MiB on disk for each listener.
    pub buffer_mib: u64,
    /// Findings that wait to be sent.
    pub findings: usize,
    /// Days for which it remembers what was seen.
    pub history_days: u16,
    /// Octets that the memory of what was seen may take on disk, in MiB.
    pub history_mib: u64,
}

impl Default for Share {
    fn default() -> Self {
        let evidence = ["from", "to", "port", "every_s", "failures", "accounts", "count", "query"];
        let seen = ["QueryName", "DestinationIp", "DestinationHostname", "src_ip", "dest_ip"];
        // What the watches of the usual reckoned: without it nobody can tell how far off it was.
        let reckoned = ["what", "kind", "in_a_minute", "usual", "deviations", "ports", "hosts"];
        let times = ["minutes", "usual_s", "times", "jitter", "weeks", "names"];
        let fields = evidence.into_iter().chain(seen).chain(reckoned).chain(times);
        let fields = fields.map(str::to_owned).collect();
        let (names, observables) = (Names::default(), Leave::default());
        Self { evidence: fields, names, observables, own: Vec::new() }
    }
}

impl Share {
    /// Whether a value is an address of the organisation's own.
    pub(crate) fn owns(&self, value: &str) -> bool {
        let Ok(address) = value.parse::<IpAddr>() else { return false };
        self.own.iter().filter_map(|it| network(it)).any(|it| is_in(address, it))
    }
}

/// An address, or a network as `192.0.2.0/24`.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = if bits.is_empty() { most } else { bits.parse().ok()? };
    (bits <= most).then_some((address, bits))
}

fn is_in(address: IpAddr, (network, bits): (IpAddr, u32)) -> bool {
    let wide = |it: IpAddr| match it {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    };
    address.is_ipv4() == network.is_ipv4()
        && (wide(address) ^ wide(network)).checked_shr(128 - bits).unwrap_or(0) == 0
}

impl Default for Limits {
    fn default() -> Self {
        Self { buffer_mib: 256, findings: 20_000, history_days: 30, history_mib: 1_024 }
    }
}

/// The least buffer, in MiB: some lines of the greatest length, so that one can be read while another is
/// written.
const LEAST_BUFFER: u64 = 4;

impl Settings {
    /// The name of the file.
    pub const FILE: &str = "sensor.toml";

    /// Reads those of a directory; without a file, nothing is read and everything is as usual.
    ///
    /// # Errors
    /// [`SensorError::Settings`] says what is wrong, and where.
    pub fn read(directory: &Path) -> Result<Self, SensorError> {
        let path = directory.join(Self::FILE);
        let wrong = |reason: String| SensorError::Settings { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let settings: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for (at, input) in settings.inputs.iter().enumerate() {
            input.check().map_err(|reason| wrong(format!("input {}: {reason}", at + 1)))?;
        }
        settings.check().map_err(wrong)?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        if self.limits.buffer_mib < LEAST_BUFFER {
            return Err(format!("limits: `buffer_mib` is at least {LEAST_BUFFER}"));
        }
        if let Some(wrong) = self.share.own.iter().find(|it| network(it).is_none()) {
            return Err(format!("share: `own`: {wrong:?} is neither an address nor a network"));
        }
        let mut names = BTreeSet::new();
        match self.inputs.iter().map(Input::name).find(|it| !names.insert(it.clone())) {
            None => Ok(()),
            Some(twice) => Err(format!("{twice} is read twice; give each input once")),
        }
    }
}

impl Input {
    fn check(&self) -> Result<(), String> {
        let files = [self.file.is_some(), self.journal.is_some()];
        let network = [self.udp, self.tcp, self.https].map(|it| it.is_some());
        let given = files.into_iter().chain(network).chain([self.nats.is_some()]);
        if given.filter(|it| *it).count() != 1 {
            let one = "give exactly one of `file`, `udp`, `tcp`, `https`, `nats` and `journal`";
            return Err(one.into());
        }
        if self.certificate.is_some() != self.key.is_some()
            || (self.key.is_some()
                && self.tcp.is_none()
                && self.https.is_none()
                && self.authorities.is_none())
        {
            return Err(
                "`certificate` and `key` go together, and with `tcp`, `https` or `tls://`".into()
            );
        }
        if self.https.is_some() && (self.clients.is_none() || self.key.is_none()) {
            return Err("`https` needs `certificate`, `key` and `clients`".into());
        }
        if self.clients.is_some()
            && ((self.https.is_none() && self.tcp.is_none()) || self.key.is_none())
        {
            return Err("`clients` goes with `https`, or `tcp` with `certificate` and `key`".into());
        }
        let over_tls = self.nats.as_ref().is_some_and(|it| it.starts_with("tls://"));
        if over_tls != self.authorities.is_some() {
            return Err("`tls://` of `nats` needs `authorities`, and nothing else does".into());
        }
        if self.nats.is_some() != self.subject.is_some()
            || (self.stream.is_some() && self.nats.is_none())
        {
            return Err("`nats` needs a `subject`; `stream` goes with them".into());
        }
        let plain = |it: &String| {
            !it.is_empty() && it.bytes().all(|b| b.is_ascii_graphic() && !b"$ ".contains(&b))
        };
        if ![&self.subject, &self.stream].into_iter().flatten().all(plain) {
            return Err("`subject` and `stream` have no spaces, and no `$`".into());
        }
        Local::new(self.zone.as_deref(), Instant::default())?;
        let format = self.format()?;
        if !self.columns.is_empty() && !matches!(format, Format::Csv | Format::Table) {
            return Err("`columns` goes with `format = \"csv\"` or `\"table\"`".into());
        }
        Ok(())
    }

    /// Whether its lines may be of many who do not know each other.
    #[must_use]
    pub fn is_for_many(&self) -> bool {
        self.udp.is_some() || self.tcp.is_some() || self.https.is_some() || self.nats.is_some()
    }

    /// How its lines are written.
    ///
    /// # Errors
    /// A name that is none.
    pub fn format(&self) -> Result<Format, String> {
        let name = self.format.as_deref().unwrap_or("any");
        Format::named(name).ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
            format!("{name:?} is no format; use one of {}", names.join(", "))
        })
    }

    /// What to call it.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.file, self.udp, self.tcp) {
            (Some(file), ..) => file.display().to_string(),
            (_, Some(udp), _) => format!("udp {udp}"),
            (_, _, Some(tcp)) => format!("tcp {tcp}"),
            _ => match (self.https, &self.subject, &self.journal) {
                (Some(https), ..) => format!("https {https}"),
                (_, Some(subject), _) => {
                    let stream = self.stream.as_deref().map(|it| format!(" in {it}"));
                    format!("nats {subject}{}", stream.unwrap_or_default())
                }
                (_, _, Some(_)) => "journal".into(),
                _ => "standard input".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(Settings::FILE), text).unwrap();
        Settings::read(directory.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_of_the_manual_is_read() {
        let manual = include_str!("../../../docs/sensor.md");
        let sample = manual.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let settings = read(sample).unwrap();
        assert_eq!(settings.inputs.len(), 2);
        assert_eq!(settings.share.names, Names::Hidden);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("[[input]]\n", "input 1: give exactly one"),
            ("[[input]]\nfile = \"/a\"\nudp = \"127.0.0.1:514\"\n", "exactly one"),
            ("[[input]]\nfile = \"/a\"\nformat = \"xml\"\n", "is no format"),
            ("[[input]]\nfile = \"/a\"\nzone = \"Roma\"\n", "is no time zone"),
            ("[[input]]\nfile = \"/a\"\n[input.columns]\na = \"b\"\n", "`columns` goes with"),
            ("[[input]]\nfile = \"/a\"\nkey = \"/k\"\n", "go together"),
            ("[[input]]\nhttps = \"127.0.0.1:9\"\n", "needs `certificate`"),
            ("[[input]]\ntcp = \"127.0.0.1:9\"\nclients = \"/c\"\n", "`clients` goes with"),
            ("[[input]]\nnats = \"tls://n\"\nsubject = \"a\"\n", "needs `authorities`"),
            (
                "[[input]]\nnats = \"n\"\nsubject = \"a\"\nauthorities = \"/a\"\n",
                "needs `authorities`",
            ),
            ("[[input]]\nnats = \"nats://127.0.0.1\"\n", "needs a `subject`"),
            ("[[input]]\nnats = \"n\"\nsubject = \"a b\"\n", "no spaces"),
            ("[[input]]\njournal = []\nfile = \"/a\"\n", "exactly one"),
            ("[[input]]\njournal = []\n[[input]]\njournal = [\"ssh\"]\n", "journal is read twice"),
            ("[share]\nown = [\"198.51.100.0/33\"]\n", "neither an address"),
            ("[limits]\nbuffer_mib = 1\n", "at least 4"),
            ("colour = 1\n", "unknown field"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
