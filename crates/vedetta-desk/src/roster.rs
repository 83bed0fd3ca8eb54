//! Who is on duty: a rotation of teams over the shifts of the day, what was changed in it, and who
//! covers when nobody is there.
//!
//! Shifts are civil times of the roster's zone. One that ends when the next begins leaves no gap
//! when the clocks change, whatever hour it loses or gains.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Instant, OrganisationId};

/// The roster of one operations room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Whose room.
    pub organisation: OrganisationId,
    /// In which zone its times are, e.g. `Europe/Rome`.
    pub zone: String,
    /// The shifts by name.
    pub shifts: BTreeMap<String, Shift>,
    /// Who works together; the first team is at the beginning of the cycle on `start`.
    pub teams: Vec<BTreeSet<AccountId>>,
    /// The shift of each day of the cycle; an empty name is rest. Each team is a stagger behind the
    /// team before it.
    pub cycle: Vec<String>,
    /// By how many days a team follows the one before.
    #[serde(default = "one")]
    pub stagger: u16,
    /// The day on which the first team begins the cycle.
    pub start: Date,
    /// Absences.
    #[serde(default)]
    pub absences: Vec<Absence>,
    /// Turns taken over.
    #[serde(default)]
    pub swaps: Vec<Swap>,
    /// Other rooms that stand in.
    #[serde(default)]
    pub covers: Vec<Cover>,
}

/// One shift of the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// When it begins.
    pub from: Time,
    /// When it ends: on the next day unless that is later than the beginning.
    pub to: Time,
}

/// Somebody is away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// Who.
    pub person: AccountId,
    /// The first day; shifts that begin on it are missed.
    pub from: Date,
    /// The last day.
    pub until: Date,
}

/// Somebody takes another's turn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// The day on which the shift begins.
    pub day: Date,
    /// Which shift.
    pub shift: String,
    /// Whose turn it was.
    pub from: AccountId,
    /// Who takes it.
    pub to: AccountId,
}

/// Another room stands in while nobody of ours is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cover {
    /// Which room.
    pub by: OrganisationId,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
}

/// A turn of duty: who is there from when until when.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Turn {
    /// From this moment.
    pub from: Instant,
    /// Until before this one.
    pub until: Instant,
    /// The shift.
    pub shift: String,
    /// Who is there; nobody when all are away.
    pub people: BTreeSet<AccountId>,
}

/// Who can be called at a moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDuty {
    /// These people of the room, until then.
    People {
        /// Who.
        people: BTreeSet<AccountId>,
        /// When the first of them is relieved.
        until: Instant,
    },
    /// Another room, until then.
    Covered {
        /// Which.
        by: OrganisationId,
        /// Until when.
        until: Instant,
    },
    /// Nobody, until then; [`Instant::FAR`] when nobody is foreseen.
    Nobody {
        /// When somebody comes.
        until: Instant,
    },
}

/// A time without anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Gap {
    /// From this moment.
    pub from: Instant,
    /// Until before this one.
    pub until: Instant,
}

/// What is wrong with a roster.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RosterError {
    /// No such zone.
    #[error("zone {0:?} is unknown: write it as Europe/Rome")]
    Zone(String),
    /// Nobody works.
    #[error("it has no {0}: give one at least")]
    Empty(&'static str),
    /// A shift that is not there.
    #[error("{place} names the shift {name:?}, which is not among the shifts")]
    Shift {
        /// Where.
        place: String,
        /// The name.
        name: String,
    },
    /// Ends before it begins.
    #[error("{0} ends before it begins")]
    Backwards(String),
}

/// A roster looks at most so many days ahead at once.
pub const HORIZON: i32 = 400;

const DAY: Duration = Duration::from_secs(86_400);

const fn one() -> u16 {
    1
}

impl Roster {
    /// Whether it stands.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), RosterError> {
        if TimeZone::get(&self.zone).is_err() {
            return Err(RosterError::Zone(self.zone.clone()));
        }
        for (what, empty) in [
            ("team", self.teams.is_empty()),
            ("day in its cycle", self.cycle.is_empty()),
            ("shift", self.shifts.is_empty()),
        ] {
            if empty {
                return Err(RosterError::Empty(what));
            }
        }
        let days = self.cycle.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let days = days.map(|(day, name)| (format!("day {} of the cycle", day + 1), name));
        let swaps = self.swaps.iter().map(|it| (format!("the swap of {}", it.day), &it.shift));
        for (place, name) in days.chain(swaps) {
            if !self.shifts.contains_key(name) {
                return Err(RosterError::Shift { place, name: name.clone() });
            }
        }
        let absences = self.absences.iter().filter(|it| it.until < it.from);
        let absences = absences.map(|it| format!("the absence of {}", it.person));
        let covers = self.covers.iter().filter(|it| it.until <= it.from);
        let covers = covers.map(|it| format!("the cover by {}", it.by));
        absences.chain(covers).next().map_or(Ok(()), |what| Err(RosterError::Backwards(what)))
    }

    /// Every turn that touches a time, by its beginning. Looks [`HORIZON`] days ahead at most.
    #[must_use]
    pub fn turns(&self, from: Instant, until: Instant) -> Vec<Turn> {
        let Ok(zone) = TimeZone::get(&self.zone) else { return Vec::new() };
        let (Some(first), Some(last)) = (day(from, &zone), day(until, &zone)) else {
            return Vec::new();
        };
        // A shift that began on the day before may last into this one.
        let mut today = first.saturating_sub(1.day());
        let last = last.min(first.saturating_add(HORIZON.days()));
        let mut turns = Vec::new();
        while today <= last {
            turns.extend(self.turns_of(today, &zone));
            let Ok(tomorrow) = today.tomorrow() else { break };
            today = tomorrow;
        }
        turns.retain(|turn| turn.until > from && turn.from < until);
        turns.sort();
        turns
    }

    /// Who can be called.
    #[must_use]
    pub fn on_duty(&self, at: Instant) -> OnDuty {
        let instant = Duration::from_micros(1);
        let mut now = self.turns(at, at.after(instant));
        now.retain(|turn| !turn.people.is_empty());
        if let Some(until) = now.iter().map(|turn| turn.until).min() {
            let people = now.into_iter().flat_map(|turn| turn.people).collect();
            return OnDuty::People { people, until };
        }
        let ahead = self.turns(at, at.after(DAY * HORIZON.unsigned_abs()));
        let next = ahead.iter().filter(|turn| turn.from > at && !turn.people.is_empty());
        let next = next.map(|turn| turn.from).min();
        if let Some(cover) = self.covers.iter().find(|it| it.from <= at && at < it.until) {
            let until = next.map_or(cover.until, |next| next.min(cover.until));
            return OnDuty::Covered { by: cover.by.clone(), until };
        }
        let cover = self.covers.iter().map(|it| it.from).filter(|from| *from > at).min();
        OnDuty::Nobody { until: next.into_iter().chain(cover).min().unwrap_or(Instant::FAR) }
    }

    /// Every time within a span in which nobody can be called.
    #[must_use]
    pub fn gaps(&self, from: Instant, until: Instant) -> Vec<Gap> {
        let turns = self.turns(from, until).into_iter().filter(|turn| !turn.people.is_empty());
        let turns = turns.map(|turn| (turn.from, turn.until));
        let covers = self.covers.iter().map(|it| (it.from, it.until));
        let mut manned: Vec<_> = turns.chain(covers).filter(|it| it.1 > from).collect();
        manned.sort_unstable();
        let (mut gaps, mut reached) = (Vec::new(), from);
        for (begins, ends) in manned {
            if begins >= until {
                break;
            }
            if begins > reached {
                gaps.push(Gap { from: reached, until: begins });
            }
            reached = reached.max(ends);
        }
        if reached < until {
            gaps.push(Gap { from: reached, until });
        }
        gaps
    }

    /// When one turn ends and who comes then must have taken over, within a span.
    #[must_use]
    pub fn handovers(&self, from: Instant, until: Instant) -> BTreeSet<Instant> {
        // One that ends as the span begins is over, but not handed over yet.
        let turns = self.turns(from.before(Duration::from_micros(1)), until).into_iter();
        turns.map(|turn| turn.until).filter(|at| from <= *at && *at < until).collect()
    }

    fn turns_of(&self, day: Date, zone: &TimeZone) -> Vec<Turn> {
        let mut people: BTreeMap<&String, BTreeSet<AccountId>> = BTreeMap::new();
        for (place, team) in self.teams.iter().enumerate() {
            let Some(shift) = self.shift_of(place, day) else { continue };
            let there = team.iter().filter(|person| !self.is_away(person, day)).cloned();
            people.entry(shift).or_default().extend(there);
        }
        for swap in self.swaps.iter().filter(|swap| swap.day == day) {
            let there = people.entry(&swap.shift).or_default();
            there.remove(&swap.from);
            there.insert(swap.to.clone());
        }
        let turns = people.into_iter().filter_map(|(name, people)| {
            let shift = self.shifts.get(name)?;
            let ends = if shift.to > shift.from { day } else { day.tomorrow().ok()? };
            let from = moment(day.to_datetime(shift.from), zone)?;
            let until = moment(ends.to_datetime(shift.to), zone)?;
            Some(Turn { from, until, shift: name.clone(), people })
        });
        turns.collect()
    }

    fn shift_of(&self, team: usize, day: Date) -> Option<&String> {
        let length = i64::try_from(self.cycle.len()).ok()?;
        let behind = i64::try_from(team).ok()? * i64::from(self.stagger);
        let days = i64::from(self.start.until(day).ok()?.get_days());
        let place = usize::try_from((days - behind).rem_euclid(length)).ok()?;
        self.cycle.get(place).filter(|name| !name.is_empty())
    }

    fn is_away(&self, person: &AccountId, day: Date) -> bool {
        self.absences.iter().any(|it| it.person == *person && it.from <= day && day <= it.until)
    }
}

fn day(at: Instant, zone: &TimeZone) -> Option<Date> {
    let moment = Timestamp::from_microsecond(at.micros()).ok()?;
    Some(moment.to_zoned(zone.clone()).date())
}

fn moment(at: DateTime, zone: &TimeZone) -> Option<Instant> {
    let zoned = at.to_zoned(zone.clone()).ok()?;
    Some(Instant::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests;
