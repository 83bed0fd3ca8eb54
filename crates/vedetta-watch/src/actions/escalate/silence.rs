//! Sensors that are silent: an alarm each, one for many that fell silent at once, and one for those for
//! whom there is no room.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use vedetta_desk::escalation::{About, Alarm, SilentSensor};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant};
use vedetta_store::Sequence;

use super::{LIGHT, Pressing, Unheard};
use crate::watch::Watch;

/// Of the alarms that are open, those of one sensor each.
const MOST_SILENT: usize = 100;
/// When more sensors than this fall silent within a minute, it is the node that nobody reaches, or the
/// network: it is one alarm, and their owners need not look.
const CUT_OFF: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// Silence of a sensor for so long calls somebody: many start again within less.
const QUIET: Duration = Duration::from_secs(300);
/// How the alarms of many are called.
const MANY: &str = "silent.many";
const REST: &str = "silent.rest";

/// The alarms that are not over.
type Open = BTreeMap<String, (Option<Sequence>, Alarm)>;

impl Watch {
    /// Every sensor that is silent, by the identifier of its alarm: one for each time it falls silent. One
    /// of which the node knows nothing since it was started is as it was.
    pub(super) fn every_silent(&self, unheard: &[Unheard], open: &Open, now: Instant) -> Pressing {
        let Some(own) = self.house().standing().own.clone() else { return Pressing::new() };
        let mut pressing: BTreeMap<String, About> = BTreeMap::new();
        let of_sensor = |(id, (_, alarm)): (&String, &(_, Alarm))| {
            Some((alarm.about.sensor.as_ref()?.sensor.clone(), (id.clone(), alarm.about.clone())))
        };
        let known: HashMap<AccountId, _> = open.iter().filter_map(of_sensor).collect();
        let (mut fresh, mut is_known) = (Vec::new(), true);
        for it in unheard {
            match (known.get(&it.sensor.sensor), it.since) {
                (Some((id, about)), _) => _ = pressing.insert(id.clone(), about.clone()),
                (None, Some(since)) if now.since(since) >= QUIET => fresh.push((since, it)),
                (None, Some(_)) => {}
                (None, None) => is_known = false,
            }
        }
        if !is_known {
            let many = open.iter().filter(|(_, (_, alarm))| alarm.about.sensors.is_some());
            pressing.extend(many.map(|(id, (_, alarm))| (id.clone(), alarm.about.clone())));
        }
        fresh.sort_by_key(|(since, it)| (*since, it.sensor.sensor.clone()));
        let (together, mut alone) = apart(fresh, unheard);
        for (since, those) in together {
            let same = |due: Instant| those.iter().any(|it| is_near(*it, due));
            let (id, about) = of_many((MANY, since, those.len()), open, &same);
            pressing.insert(id, about);
        }
        let room = MOST_SILENT.saturating_sub(pressing.len());
        let rest = alone.split_off(room.min(alone.len()));
        if let Some((since, _)) = rest.first() {
            let (id, about) = of_many((REST, *since, rest.len()), open, &|_| true);
            pressing.insert(id, about);
        }
        pressing.extend(alone.into_iter().map(|(since, it)| self.of_one(it, since)));
        pressing.into_iter().map(|(id, about)| (id, (about, own.clone()))).collect()
    }

    fn of_one(&self, it: &Unheard, since: Instant) -> (String, About) {
        let SilentSensor { sensor, organisation } = &it.sensor;
        let (name, whose) = (&it.name, self.name_of(organisation));
        let name = Bilingual::new(
            format!("silenzio del sensore {name} di {whose}"),
            format!("silence of the sensor {name} of {whose}"),
        );
        let about = About { sensor: Some(it.sensor.clone()), ..silence(name, since) };
        (format!("silent.{sensor}.{}", since.micros()), about)
    }
}

/// The first who is silent for long, and when each of those fell silent who did so with it.
type Together = (Instant, Vec<Instant>);

/// When all those fell silent who did so together, after the first of them who is silent for long; and
/// who is silent for long alone.
fn apart<'u>(
    fresh: Vec<(Instant, &'u Unheard)>,
    unheard: &[Unheard],
) -> (Vec<Together>, Vec<(Instant, &'u Unheard)>) {
    let mut all: Vec<Instant> = unheard.iter().filter_map(|it| it.since).collect();
    all.sort_unstable();
    let is_cut_off = |since: Instant| {
        let before = all.partition_point(|it| *it < since && !is_near(*it, since));
        let upto = all.partition_point(|it| *it <= since || is_near(*it, since));
        upto - before > CUT_OFF
    };
    let mut together: Vec<Vec<Instant>> = Vec::new();
    for since in all.iter().copied().filter(|it| is_cut_off(*it)) {
        match together.last_mut() {
            Some(those) if those.last().is_some_and(|last| is_near(*last, since)) => {
                those.push(since);
            }
            _ => together.push(vec![since]),
        }
    }
    let (cut_off, alone): (Vec<_>, Vec<_>) =
        fresh.into_iter().partition(|(since, _)| is_cut_off(*since));
    let told = together.into_iter().filter_map(|those| {
        let (since, _) = cut_off.iter().find(|(since, _)| those.binary_search(since).is_ok())?;
        Some((*since, those))
    });
    (told.collect(), alone)
}

fn is_near(one: Instant, other: Instant) -> bool {
    one.since(other).max(other.since(one)) < MINUTE
}

/// The alarm of many: the one that is open, grown to as many as they are, or another.
fn of_many(
    (called, since, many): (&str, Instant, usize),
    open: &Open,
    same: &dyn Fn(Instant) -> bool,
) -> (String, About) {
    let name = if called == MANY {
        Bilingual::new(
            format!("silenzio di {many} sensori insieme"),
            format!("silence of {many} sensors at once"),
        )
    } else {
        Bilingual::new(
            format!("silenzio di altri sensori: {many}"),
            format!("silence of more sensors: {many}"),
        )
    };
    // A sensor may be called as these alarms are.
    let mut known = open.iter().filter(|(id, (_, it))| {
        it.about.sensors.is_some() && id.starts_with(called) && same(it.about.due)
    });
    let Some((id, (_, alarm))) = known.next() else {
        let about = About { sensors: Some(many), ..silence(name, since) };
        return (format!("{called}.{}", since.micros()), about);
    };
    let mut about = alarm.about.clone();
    if about.sensors < Some(many) {
        (about.sensors, about.name) = (Some(many), name);
    }
    (id.clone(), about)
}

const fn silence(name: Bilingual, due: Instant) -> About {
    About::of(name, due, LIGHT)
}
