//! More than usual at this hour of the week: floods (T1498) and data going out (T1048). Each of
//! the 168 hours has its own mean and deviation, both moved a little at a time (EWMA); until an hour
//! was seen, that of the whole week counts.

use serde_json::json;

use super::bounded::Bounded;
use super::{DAY, HOUR, MINUTE, Settings, Told};
use crate::finding::{Finding, Severity};

/// How much of the news goes into the mean.
const NEWS: f32 = 0.05;
const HOURS: usize = 168;
/// Minutes without which nothing is usual.
const LEAST_KNOWN: u32 = 30;

#[derive(Debug, Default)]
pub(super) struct Watch {
    of: Bounded<(&'static str, String), Volume>,
}

#[derive(Debug)]
struct Volume {
    since: i64,
    minute: i64,
    count: f64,
    /// Mean and deviation by hour of the week; the last is of all.
    usual: Box<[(f32, f32); HOURS + 1]>,
    seen: [u8; HOURS],
    told: Option<i64>,
}

impl Default for Volume {
    fn default() -> Self {
        let usual = Box::new([(0.0, 0.0); HOURS + 1]);
        Self { since: i64::MIN, minute: 0, count: 0.0, usual, seen: [0; HOURS], told: None }
    }
}

impl Watch {
    pub(super) fn see(
        &mut self,
        settings: &Settings,
        (what, whom): (&'static str, &str),
        amount: f64,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let volume = self.of.at((what, whom.to_owned()), at);
        if volume.since == i64::MIN {
            (volume.since, volume.minute) = (at, at / MINUTE);
        }
        let minute = at / MINUTE;
        if minute > volume.minute {
            volume.close(minute);
        }
        volume.count += amount;
        let hour = usize::try_from(at.rem_euclid(7 * DAY) / HOUR).unwrap_or(0) % HOURS;
        let place = if volume.seen[hour] >= 30 { hour } else { HOURS };
        let (mean, deviation) = volume.usual[place];
        let least =
            if what == "bytes out" { settings.least_bytes / 60.0 } else { settings.least_volume };
        let spread = f64::from(deviation).max(f64::from(mean).sqrt()).max(1.0);
        let away = (volume.count - f64::from(mean)) / spread;
        let known = volume.seen.iter().map(|it| u32::from(*it)).sum::<u32>() >= LEAST_KNOWN;
        let learning = !known || at - volume.since < settings.learning;
        let told = volume.told.is_some_and(|told| at < told + HOUR);
        if learning || told || volume.count < least || away < settings.deviations {
            return;
        }
        volume.told = Some(at);
        let (count, usual) = (volume.count.round(), f64::from(mean).round());
        let (id, technique) =
            if what == "bytes out" { ("exfiltration", "T1048") } else { ("flood", "T1498") };
        let told = Told {
            id,
            title: format!(
                "{count} {what} in a minute for {whom}; usual at this hour are {usual}, this is {away:.0} deviations more"
            ),
            severity: Severity::Medium,
            confidence: if away > 4.0 * settings.deviations { 80 } else { 60 },
            technique: Some(technique),
            entity: whom,
            evidence: vec![
                ("what", json!(what)),
                ("in_a_minute", json!(count)),
                ("usual", json!(usual)),
                ("deviations", json!(away.round())),
            ],
        };
        found.push(told.finding(at));
    }
}

impl Volume {
    /// The minutes up to this one are over; those without anything count as well.
    fn close(&mut self, minute: i64) {
        let missed = (minute - self.minute).min(24 * 60);
        for nth in 0..missed {
            let at = minute - missed + nth;
            let hour = usize::try_from((at / 60).rem_euclid(168)).unwrap_or(0) % HOURS;
            // A flood is not to become usual: what is far off moves the mean no further than this.
            let (mean, deviation) = self.usual[HOURS];
            let most = f64::from(mean + 8.0 * deviation.max(mean.sqrt()).max(1.0));
            let first = self.seen.iter().all(|it| *it == 0);
            let count = if first { self.count } else { self.count.min(most) } as f32;
            for place in [hour, HOURS] {
                let (mean, deviation) = &mut self.usual[place];
                let news =
                    if first || (place == hour && self.seen[hour] == 0) { 1.0 } else { NEWS };
                let away = count - *mean;
                *mean += news * away;
                *deviation += NEWS * (away.abs() * 1.25 - *deviation);
            }
            self.seen[hour] = self.seen[hour].saturating_add(1);
            self.count = 0.0;
        }
        self.minute = minute;
    }
}
