//! A rhythm that people do not have: connections of one address to another at equal times
//! (T1071). Told by the median of the times between, and how far they are from it (median absolute
//! deviation); destinations that many talk to are passed over.

use std::collections::VecDeque;

use serde_json::json;

use super::bounded::Bounded;
use super::kept::kept;
use super::sketch::Distinct;
use super::{DAY, Settings, Told};
use crate::finding::{Finding, Severity};

/// Most times between that are kept.
const KEPT: usize = 64;
/// A rhythm faster than this is a transfer, in microseconds.
const FASTEST: i64 = 5_000_000;
/// How far from the median the times may be.
const JITTER: f64 = 0.12;
/// Destinations of more clients than this are services.
const POPULAR: f64 = 8.0;

#[derive(Debug, Default)]
pub(super) struct Watch {
    pairs: Bounded<(String, String, u16), Rhythm>,
    clients: Bounded<String, Distinct>,
}

#[derive(Debug, Default)]
struct Rhythm {
    last: Option<i64>,
    between: VecDeque<i64>,
    told: Option<i64>,
}

kept!(Watch { pairs, clients });
kept!(Rhythm { last, between, told });

impl Watch {
    /// The clock was set back to now: what is later is of no use.
    pub(super) fn set_back(&mut self, now: i64) {
        self.pairs.forget_after(now);
        self.clients.forget_after(now);
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        (from, to, port): (&str, &str, u16),
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let clients = self.clients.at(to.to_owned(), at);
        clients.add(from);
        let popular = clients.count() > POPULAR;
        let rhythm = self.pairs.at((from.to_owned(), to.to_owned(), port), at);
        let Some(last) = rhythm.last.replace(rhythm.last.map_or(at, |last| last.max(at))) else {
            return;
        };
        if at <= last {
            return;
        }
        rhythm.between.push_back(at - last);
        if rhythm.between.len() > KEPT {
            rhythm.between.pop_front();
        }
        let told = rhythm.told.is_some_and(|told| at < told + DAY);
        if popular || told || rhythm.between.len() < settings.beats {
            return;
        }
        let usual = median(rhythm.between.iter().copied());
        let away = median(rhythm.between.iter().map(|it| (it - usual).abs()));
        let jitter = away as f64 / usual.max(1) as f64;
        if usual < FASTEST || jitter > JITTER {
            return;
        }
        rhythm.told = Some(at);
        let (count, seconds) = (rhythm.between.len() + 1, usual as f64 / 1e6);
        let percent = (jitter * 100.0).round();
        let told = Told {
            id: "beacon",
            title: format!(
                "{from} calls {to} port {port} every {seconds:.0} seconds, {count} times, {percent}% off at most half the time"
            ),
            severity: Severity::Medium,
            confidence: if jitter < JITTER / 4.0 { 75 } else { 55 },
            technique: Some("T1071"),
            entity: from,
            evidence: vec![
                ("to", json!(to)),
                ("port", json!(port)),
                ("every_s", json!(seconds.round())),
                ("times", json!(count)),
                ("jitter", json!((jitter * 1e3).round() / 1e3)),
            ],
        };
        found.push(told.finding(at));
    }
}

fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
