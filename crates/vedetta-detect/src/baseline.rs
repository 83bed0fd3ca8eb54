//! What is usual, and what departs from it, told in words and numbers. No rule says what to look
//! for: each watch learns what its source does, in little memory, and says when that changes.
//!
//! Everything is bounded: sketches count distinct values, and of keys there are so many; who was
//! not heard of for longest is forgotten first.

mod beacon;
mod bounded;
mod fact;
mod generated_name;
mod kept;
mod login;
mod rare;
mod scan;
mod silence;
mod sketch;
mod volume;

use std::collections::BTreeMap;

use serde_json::Value;
use vedetta_model::Instant;

pub use self::fact::{Fact, Handshake, Outcome, facts};
use self::kept::Kept;
pub use self::kept::{LARGEST, Learned, Unreadable};
use self::volume::{Amount, Service, What};
use crate::finding::{By, Finding, Severity};

/// When to speak. Times in microseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// For how long a source is only listened to.
    pub learning: i64,
    /// Failed logins within [`Self::login_window`] that are too many.
    pub failures: u32,
    /// Accounts failed for within [`Self::login_window`] that are too many.
    pub accounts: u32,
    /// The time in which logins are counted.
    pub login_window: i64,
    /// Ports of one host, or hosts, within [`Self::scan_window`] that are too many.
    pub ports: f64,
    /// See [`Self::ports`].
    pub hosts: f64,
    /// The time in which ports and hosts are counted.
    pub scan_window: i64,
    /// Connections from which a rhythm can be told.
    pub beats: usize,
    /// How far from the usual, in deviations, a volume may be.
    pub deviations: f64,
    /// Volumes below this many a minute are never told.
    pub least_volume: f64,
    /// Bytes out an hour below this are never told.
    pub least_bytes: f64,
    /// Names that look made by a machine, by one client in an hour, that are too many.
    pub generated_names: u32,
    /// A gap so many times the usual one is silence; never less than [`Self::least_gap`].
    pub gap: f64,
    /// See [`Self::gap`].
    pub least_gap: i64,
}

/// All watches.
#[derive(Debug)]
pub struct Baselines {
    settings: Settings,
    login: login::Watch,
    scan: scan::Watch,
    beacon: beacon::Watch,
    volume: volume::Watch,
    rare: rare::Watch,
    names: generated_name::Watch,
    silence: silence::Watch,
    /// The latest that the clock said.
    now: i64,
}

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How far ahead of the clock what is told may be.
const AHEAD: i64 = 5 * MINUTE;

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning: 7 * DAY,
            failures: 20,
            accounts: 10,
            login_window: 10 * MINUTE,
            ports: 100.0,
            hosts: 60.0,
            scan_window: 5 * MINUTE,
            beats: 12,
            deviations: 6.0,
            least_volume: 300.0,
            least_bytes: 100e6,
            generated_names: 10,
            gap: 10.0,
            least_gap: 15 * MINUTE,
        }
    }
}

impl Baselines {
    /// Watches that know nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            login: login::Watch::default(),
            scan: scan::Watch::default(),
            beacon: beacon::Watch::default(),
            volume: volume::Watch::default(),
            rare: rare::Watch::default(),
            names: generated_name::Watch::default(),
            silence: silence::Watch::default(),
            now: i64::MIN,
            settings,
        }
    }

    /// Everything learned, to be kept.
    #[must_use]
    pub fn written(&self) -> Learned {
        Learned::new(|out| {
            self.login.write(out);
            self.scan.write(out);
            self.beacon.write(out);
            self.volume.write(out);
            self.rare.write(out);
            self.names.write(out);
            self.silence.write(out);
        })
    }

    /// Takes up what was kept: the learning goes on where it was. For as long as nobody listened no
    /// source was silent.
    ///
    /// # Errors
    /// Why it cannot be: then nothing is changed.
    pub fn take_up(&mut self, octets: &[u8], now: Instant) -> Result<(), Unreadable> {
        let mut from = kept::opened(octets)?;
        let settings = self.settings.clone();
        let read = || {
            Some(Self {
                settings,
                login: Kept::read(&mut from)?,
                scan: Kept::read(&mut from)?,
                beacon: Kept::read(&mut from)?,
                volume: Kept::read(&mut from)?,
                rare: Kept::read(&mut from)?,
                names: Kept::read(&mut from)?,
                silence: Kept::read(&mut from)?,
                now: now.micros(),
            })
        };
        let mut whole = read().ok_or(Unreadable::Torn)?;
        whole.set_back(now.micros());
        whole.silence.begin_anew(now.micros());
        *self = whole;
        Ok(())
    }

    /// A clock that was ahead and is set right leaves nothing behind in the future; one that was behind, as
    /// where a machine starts without the time, makes nobody silent.
    fn notice(&mut self, now: Instant) {
        let now = now.micros();
        if now > self.now.saturating_add(HOUR) {
            self.silence.begin_anew(now);
        }
        if now < self.now.saturating_sub(MINUTE) {
            self.set_back(now);
            self.now = now;
        }
        self.now = self.now.max(now);
    }

    fn set_back(&mut self, now: i64) {
        // Those who are heard may be a little ahead.
        let latest = now + AHEAD;
        self.login.set_back(latest);
        self.scan.set_back(latest);
        self.beacon.set_back(latest);
        self.volume.set_back(now);
        self.rare.set_back(now);
        self.names.set_back(latest);
        self.silence.set_back(now);
    }

    /// A source was heard now, of something that happened at another moment.
    pub fn hear(&mut self, source: &str, at: Instant, now: Instant) {
        self.notice(now);
        self.silence.see(source, at.micros(), now.micros());
    }

    /// Something happened at a source.
    pub fn see(&mut self, source: &str, fact: &Fact, at: Instant, found: &mut Vec<Finding>) {
        let at = at.micros();
        let settings = &self.settings;
        self.rare.see(settings, source, fact, at, found);
        match fact {
            Fact::Login { .. } => self.login.see(settings, fact, at, found),
            Fact::Connection { from, to, port, bytes, handshake } => {
                self.scan.see(settings, (from, to, *port), at, found);
                self.beacon.see(settings, (from, to, *port), at, found);
                let service = Some(Service::Port(*port));
                let one = |what| Amount { what, whom: to, service, many: 1.0 };
                if *handshake == Handshake::Unfinished {
                    self.volume.see(settings, one(What::HalfOpen), at, found);
                }
                self.volume.see(settings, one(What::Connections), at, found);
                if *bytes > 0.0 {
                    let out =
                        Amount { what: What::BytesOut, whom: from, service: None, many: *bytes };
                    self.volume.see(settings, out, at, found);
                }
            }
            Fact::Request { to, port, host, .. } => {
                // By the name that is asked for, too; but not only: who asks chooses it.
                let name = host.as_deref().map(Service::Name);
                let service = name.or(port.map(Service::Port));
                let whom = to.as_deref().unwrap_or(source);
                let one = Amount { what: What::Requests, whom, service, many: 1.0 };
                self.volume.see(settings, one, at, found);
            }
            Fact::Query { from, name, to, port } => {
                let one = Amount { what: What::Queries, whom: from, service: None, many: 1.0 };
                self.volume.see(settings, one, at, found);
                let (whom, service) = (to.as_deref().unwrap_or(source), port.map(Service::Port));
                let one = Amount { what: What::QueriesTaken, whom, service, many: 1.0 };
                self.volume.see(settings, one, at, found);
                self.names.see(settings, from, name, at, found);
            }
            Fact::Process { .. } => {}
        }
    }

    /// Time passes: who was to be heard of by now?
    pub fn settle(&mut self, now: Instant, found: &mut Vec<Finding>) {
        self.notice(now);
        self.silence.settle(&self.settings, now.micros(), found);
    }
}

/// A finding of a watch.
struct Told<'t> {
    id: &'t str,
    title: String,
    severity: Severity,
    confidence: u8,
    technique: Option<&'t str>,
    entity: &'t str,
    evidence: Vec<(&'t str, Value)>,
}

impl Told<'_> {
    fn finding(self, at: i64) -> Finding {
        let evidence = self.evidence.into_iter().map(|(name, value)| (name.to_owned(), value));
        Finding {
            by: By::Baseline,
            id: self.id.to_owned(),
            title: self.title,
            severity: self.severity,
            confidence: self.confidence,
            techniques: self.technique.map(str::to_owned).into_iter().collect(),
            entity: self.entity.to_owned(),
            evidence: evidence.collect::<BTreeMap<_, _>>(),
            at: Instant::from_micros(at),
        }
    }
}

#[cfg(test)]
mod tests;
