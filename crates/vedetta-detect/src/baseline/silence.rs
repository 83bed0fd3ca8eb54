//! A source of which nothing is heard, although it used to speak (T1562).

use serde_json::json;

use super::bounded::Bounded;
use super::kept::{Kept, kept};
use super::{MINUTE, Settings, Told};
use crate::finding::{Finding, Severity};

/// After so many events it is known how often a source speaks.
const KNOWN: u64 = 50;
const NEWS: f64 = 0.05;

#[derive(Debug, Default)]
pub(super) struct Watch {
    sources: Bounded<String, Voice>,
}

#[derive(Debug, Default)]
struct Voice {
    events: u64,
    /// When its newest event happened.
    last: i64,
    /// When anything was last heard of it: what it says may be of long ago.
    heard: i64,
    /// Time between, usually; the longer ones weigh more.
    usual: f64,
    told: Said,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Said {
    #[default]
    No,
    Yes,
}

kept!(Watch { sources });
kept!(Voice { events, last, heard, usual, told });

impl Kept for Said {
    fn write(&self, out: &mut Vec<u8>) {
        (*self == Self::Yes).write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(from)? { Self::Yes } else { Self::No })
    }
}

impl Watch {
    /// Nobody listened until now: that is no silence, and no time between that is usual.
    pub(super) fn begin_anew(&mut self, now: i64) {
        for (_, voice) in self.sources.iter_mut() {
            (voice.last, voice.heard) = (voice.last.max(now), voice.heard.max(now));
        }
    }

    /// The clock was set back to now.
    pub(super) fn set_back(&mut self, now: i64) {
        self.sources.set_back(now);
        for (_, voice) in self.sources.iter_mut() {
            (voice.last, voice.heard) = (voice.last.min(now), voice.heard.min(now));
        }
    }

    pub(super) fn see(&mut self, source: &str, at: i64, now: i64) {
        let voice = self.sources.at(source.to_owned(), now);
        if voice.events > 0 && at > voice.last {
            let between = (at - voice.last) as f64;
            let news = if between > voice.usual { 4.0 * NEWS } else { NEWS };
            voice.usual += news * (between - voice.usual);
        }
        voice.events += 1;
        voice.last = voice.last.max(at);
        voice.heard = voice.heard.max(now);
        voice.told = Said::No;
    }

    pub(super) fn settle(&mut self, settings: &Settings, now: i64, found: &mut Vec<Finding>) {
        for (source, voice) in self.sources.iter_mut() {
            let gap = now - voice.heard;
            let long = (voice.usual * settings.gap).max(settings.least_gap as f64);
            if voice.events < KNOWN || voice.told == Said::Yes || (gap as f64) < long {
                continue;
            }
            voice.told = Said::Yes;
            let (minutes, usual) = (gap / MINUTE, voice.usual / 1e6);
            let told = Told {
                id: "silent-source",
                title: format!(
                    "nothing heard of {source} for {minutes} minutes; it used to speak every {usual:.1} seconds"
                ),
                severity: Severity::Medium,
                confidence: 70,
                technique: Some("T1562"),
                entity: source,
                evidence: vec![("minutes", json!(minutes)), ("usual_s", json!(usual.round()))],
            };
            found.push(told.finding(now));
        }
    }
}
