//! More than usual at this hour: floods (T1498) and data going out (T1048), by target and by service.
//! Each hour of the week has a mean and a deviation of its own, both moved a little at a time (EWMA);
//! until it was seen, that of the same hour of other days counts, and before that of all hours.

use serde_json::json;

use super::bounded::Bounded;
use super::kept::{Kept, kept};
use super::{DAY, HOUR, MINUTE, Settings, Told};
use crate::finding::{Finding, Severity};

/// How much of the news goes into the mean.
const NEWS: f32 = 0.05;
/// Hours of the week; after them stand the hours of any day, and after those all hours as one.
const HOURS: u8 = 168;
const ALL: u8 = HOURS + 24;
/// Minutes without which nothing is usual.
const LEAST_KNOWN: u8 = 30;
/// Minutes that are counted side by side: clocks may be so much ahead of each other, and lines come so
/// late. What comes later still is not counted.
const OPEN: i64 = 8;
/// So many spreads are far, once it is known what is usual.
const FAR: f64 = 8.0;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    Connections,
    /// Connections begun and never answered, or never finished: SYN.
    HalfOpen,
    Requests,
    Queries,
    BytesOut,
    /// As the server has to answer them.
    QueriesTaken,
}

/// So much of it, of whom; and of which of its services, when it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount<'a> {
    pub(super) what: What,
    pub(super) whom: &'a str,
    pub(super) service: Option<Service<'a>>,
    pub(super) many: f64,
}

/// A service of a target.
#[derive(Debug, Clone, Copy)]
pub(super) enum Service<'a> {
    Port(u16),
    /// One of the names that it is asked by.
    Name(&'a str),
}

#[derive(Debug, Default)]
pub(super) struct Watch {
    of: Bounded<(What, String), Volume>,
    /// Apart: who tries every port of a host has no target forgotten.
    services: Bounded<(What, String, String), Volume>,
}

#[derive(Debug, Default)]
struct Volume {
    since: Option<i64>,
    /// The newest that was heard of.
    minute: i64,
    /// What was counted in it and in those before it that are not over, each at its place in a ring; no
    /// number where it is not known.
    counts: [f32; OPEN as usize],
    /// What is usual, of those hours that were seen, in order.
    usual: Vec<Usual>,
    told: Option<i64>,
}

#[derive(Debug)]
struct Usual {
    /// Of the week, of any day, or all.
    hour: u8,
    /// Minutes, as far as they are counted.
    seen: u8,
    mean: f32,
    deviation: f32,
}

/// That it was more than usual.
struct Over {
    count: f64,
    usual: f64,
    away: f64,
}

kept!(Watch { of, services });
kept!(Volume { since, minute, counts, usual, told });
kept!(Usual { hour, seen, mean, deviation });

const KINDS: [What; 6] = [
    What::Connections,
    What::HalfOpen,
    What::Requests,
    What::Queries,
    What::BytesOut,
    What::QueriesTaken,
];

impl Kept for What {
    fn write(&self, out: &mut Vec<u8>) {
        let at = KINDS.iter().position(|it| it == self).unwrap_or(KINDS.len());
        out.push(u8::try_from(at).unwrap_or(u8::MAX));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        KINDS.get(usize::from(u8::read(from)?)).copied()
    }
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::HalfOpen => "half-open connections",
            Self::Requests => "requests",
            Self::Queries => "DNS queries",
            Self::BytesOut => "bytes out",
            Self::QueriesTaken => "DNS queries to answer",
        }
    }

    fn least(self, settings: &Settings) -> f64 {
        match self {
            Self::BytesOut => settings.least_bytes / 60.0,
            _ => settings.least_volume,
        }
    }
}

impl Watch {
    /// The clock was set back to now.
    pub(super) fn set_back(&mut self, now: i64) {
        self.of.set_back(now);
        self.of.iter_mut().for_each(|(_, volume)| volume.set_back(now));
        self.services.set_back(now);
        self.services.iter_mut().for_each(|(_, volume)| volume.set_back(now));
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        amount: Amount<'_>,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let known = (settings, amount.what.least(settings));
        let service = |it: Service<'_>| (amount.what, amount.whom.to_owned(), it.called());
        let target = || (amount.what, amount.whom.to_owned());
        // What is of one service is told of that.
        let by_service = amount
            .service
            .and_then(|it| self.services.at(service(it), at).add(amount.many, known, at));
        let told_of = by_service.as_ref().and(amount.service);
        let by_target = self.of.at(target(), at).add(amount.many, known, at);
        let Some(over) = by_service.or(by_target) else { return };
        let of_service = amount.service.map(|it| &mut self.services.at(service(it), at).told);
        let of_target = &mut self.of.at(target(), at).told;
        let told: Vec<_> = of_service.into_iter().chain([of_target]).collect();
        if told.iter().any(|it| it.is_some_and(|told| at < told + HOUR)) {
            return;
        }
        told.into_iter().for_each(|it| *it = Some(at));
        found.push(amount.told(&over, told_of, settings).finding(at));
    }
}

impl Service<'_> {
    fn called(self) -> String {
        match self {
            Self::Port(port) => format!("port {port}"),
            Self::Name(name) => format!("as {name}"),
        }
    }

    fn evidence(self) -> (&'static str, serde_json::Value) {
        match self {
            Self::Port(port) => ("port", json!(port)),
            Self::Name(name) => ("host", json!(name)),
        }
    }
}

impl Amount<'_> {
    fn told(&self, over: &Over, of: Option<Service<'_>>, settings: &Settings) -> Told<'_> {
        let (count, usual, away) = (over.count.round(), over.usual.round(), over.away.round());
        let (what, whom) = (self.what.name(), self.whom);
        let (id, technique) = match self.what {
            What::BytesOut => ("exfiltration", "T1048"),
            What::HalfOpen => ("flood", "T1498.001"),
            _ => ("flood", "T1498"),
        };
        let service = of.map_or_else(String::new, |it| format!(" {}", it.called()));
        let mut evidence = vec![
            ("what", json!(what)),
            ("in_a_minute", json!(count)),
            ("usual", json!(usual)),
            ("deviations", json!(away)),
        ];
        evidence.extend(of.map(Service::evidence));
        Told {
            id,
            title: format!(
                "{count} {what} in a minute for {whom}{service}; usual at this hour are {usual}, this is {away} deviations more"
            ),
            severity: Severity::Medium,
            confidence: if over.away > 4.0 * settings.deviations { 80 } else { 60 },
            technique: Some(technique),
            entity: whom,
            evidence,
        }
    }
}

impl Volume {
    /// Adds so much; and whether it is more than usual.
    fn add(&mut self, many: f64, (settings, least): (&Settings, f64), at: i64) -> Option<Over> {
        let minute = at / MINUTE;
        if self.since.is_none() {
            (self.since, self.minute) = (Some(at), minute);
        }
        let learning = self.since.is_some_and(|since| at - since < settings.learning);
        if minute > self.minute {
            self.close(minute, if learning { f64::INFINITY } else { FAR });
        }
        if minute <= self.minute - OPEN {
            return None;
        }
        let counted = &mut self.counts[place(minute)];
        // The greater of no number and a number is the number.
        *counted = counted.max(0.0) + many as f32;
        let count = f64::from(*counted);
        let usual = self.usual_at(minute)?;
        let (mean, spread) = usual.spread();
        let away = (count - mean) / spread;
        let over = !learning && count >= least && away >= settings.deviations;
        over.then_some(Over { count, usual: mean, away })
    }

    /// The clock was set back to now: what was counted later is of no minute, or nothing would be counted
    /// until then.
    fn set_back(&mut self, now: i64) {
        let minute = now / MINUTE;
        if self.minute < minute + OPEN {
            return;
        }
        (self.minute, self.counts, self.told) = (minute, [f32::NAN; OPEN as usize], None);
        self.since = self.since.map(|since| since.min(now));
    }

    /// What is usual in a minute, when enough was seen.
    fn usual_at(&self, minute: i64) -> Option<&Usual> {
        let known = |hour: u8| {
            let place = self.usual.binary_search_by_key(&hour, |it| it.hour).ok()?;
            self.usual.get(place).filter(|it| it.seen >= LEAST_KNOWN)
        };
        hours_of(minute).into_iter().find_map(known)
    }

    /// A newer minute has begun: those are over that are too far before it. Minutes without anything
    /// count as well, of a day at most.
    fn close(&mut self, minute: i64, far: f64) {
        let newest = std::mem::replace(&mut self.minute, minute);
        let counted = newest + 1..=minute.min(newest + OPEN);
        let empty = (newest + OPEN + 1).max(minute - DAY / MINUTE + 1)..=minute;
        for begun in counted.chain(empty) {
            // It takes the place of the one that is over.
            let count = std::mem::take(&mut self.counts[place(begun)]);
            self.is_over(begun - OPEN, count, far);
        }
    }

    /// A minute is over. A flood is not to become usual: what is off by more spreads than `far` moves the
    /// mean no further than that.
    fn is_over(&mut self, minute: i64, count: f32, far: f64) {
        if count.is_nan() || self.since.is_some_and(|since| minute < since / MINUTE) {
            return;
        }
        let most = self.usual_at(minute).map_or(f64::INFINITY, |usual| {
            let (mean, spread) = usual.spread();
            mean + far * spread
        });
        let count = f64::from(count).min(most) as f32;
        hours_of(minute).into_iter().for_each(|hour| self.learn(hour, count));
    }

    fn learn(&mut self, hour: u8, count: f32) {
        let place = self.usual.binary_search_by_key(&hour, |it| it.hour);
        let place = place.unwrap_or_else(|place| {
            self.usual.insert(place, Usual { hour, seen: 0, mean: 0.0, deviation: 0.0 });
            place
        });
        if let Some(usual) = self.usual.get_mut(place) {
            let away = count - usual.mean;
            usual.mean += if usual.seen == 0 { away } else { NEWS * away };
            usual.deviation += NEWS * (away.abs() * 1.25 - usual.deviation);
            usual.seen = usual.seen.saturating_add(1);
        }
    }
}

impl Usual {
    /// The mean, and how far from it is usual.
    fn spread(&self) -> (f64, f64) {
        let mean = f64::from(self.mean);
        (mean, f64::from(self.deviation).max(mean.sqrt()).max(1.0))
    }
}

/// The place of a minute in the ring.
fn place(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(OPEN)).unwrap_or(0)
}

/// The hour of the week of a minute, the hour of any day, and all.
fn hours_of(minute: i64) -> [u8; 3] {
    let hour = |of: u8| u8::try_from((minute / 60).rem_euclid(i64::from(of))).unwrap_or(0);
    [hour(HOURS), HOURS + hour(24), ALL]
}
