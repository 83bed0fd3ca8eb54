//! Rosters: who is on duty when, kept by each room for itself, changed on the version that was read.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vedetta_desk::Roster;
use vedetta_desk::refusal::Refusal as _;
use vedetta_desk::roster::{Absence, Cover, Swap};
use vedetta_flow::FlowError;
use vedetta_model::{AccountId, Actor, OrganisationId, Role};
use vedetta_store::{RecordKind, Sequence, StoreError, UnitOfWork};

use crate::error::WatchError;
use crate::watch::Watch;

/// A change of a roster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RosterChange {
    /// Somebody takes another's turn.
    Swap {
        /// Which.
        swap: Swap,
    },
    /// Somebody is away.
    Absent {
        /// When.
        absence: Absence,
    },
    /// Somebody comes back: the absence that begins on that day is taken away.
    Back {
        /// Who.
        person: AccountId,
        /// On which day it began.
        from: Date,
    },
    /// Another room stands in.
    Cover {
        /// When, and which.
        cover: Cover,
    },
}

/// Absences, swaps and covers of one roster; past ones are dropped first.
const MOST: usize = 2_000;

impl Watch {
    /// Puts the roster of a room: a new one, or on the version that was read.
    ///
    /// # Errors
    /// Forbidden, changed meanwhile, people who are not the room's, or a roster that does not stand.
    pub fn put_roster(
        &self,
        by: &Actor,
        roster: Roster,
        version: Option<Sequence>,
    ) -> Result<Sequence, WatchError> {
        self.may_keep(by, &roster.organisation)?;
        self.check_roster(&roster)?;
        let id = roster.organisation.clone();
        let actor = by.account.clone();
        self.write_roster(&id, move |unit| {
            let known = unit.record(RecordKind::Roster, roster.organisation.as_str())?;
            if known.map(|it| it.stamp.seq) != version {
                return Ok(None);
            }
            put(unit, &roster, &actor).map(Some)
        })
    }

    /// Changes the roster of a room on the version that was read.
    ///
    /// # Errors
    /// As [`Watch::put_roster`]; unknown when the room has none.
    pub fn change_roster(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        version: Sequence,
        change: RosterChange,
    ) -> Result<Sequence, WatchError> {
        self.may_keep(by, organisation)?;
        let (at, mut roster) = self.roster_of(organisation)?;
        if at != version {
            return Err(stale(organisation));
        }
        let today = self.house().now().day();
        roster.absences.retain(|it| it.until >= today);
        roster.swaps.retain(|it| it.day >= today.yesterday().unwrap_or(today));
        roster.covers.retain(|it| it.until > self.house().now());
        match change {
            RosterChange::Swap { swap } => {
                self.check_person(&roster.organisation, &swap.to)?;
                roster.swaps.push(swap);
            }
            RosterChange::Absent { absence } => roster.absences.push(absence),
            RosterChange::Back { person, from } => {
                let before = roster.absences.len();
                roster.absences.retain(|it| it.person != person || it.from != from);
                if roster.absences.len() == before {
                    return Err(WatchError::unknown("absence", format!("{person} {from}")));
                }
            }
            RosterChange::Cover { cover } => {
                self.house().number_of(&cover.by).map(drop)?;
                roster.covers.push(cover);
            }
        }
        self.put_roster(by, roster, Some(version))
    }

    /// A roster and its version.
    pub(crate) fn roster_of(
        &self,
        organisation: &OrganisationId,
    ) -> Result<(Sequence, Roster), WatchError> {
        let found =
            self.house().read(|reader| reader.record(RecordKind::Roster, organisation.as_str()))?;
        let record = found.ok_or_else(|| WatchError::unknown("roster of", organisation))?;
        let roster =
            serde_json::from_slice(&record.body).map_err(|error| damaged(organisation, &error))?;
        Ok((record.stamp.seq, roster))
    }

    /// A room keeps its own roster; the node's administrators keep every one.
    pub(crate) fn may_keep(&self, by: &Actor, of: &OrganisationId) -> Result<(), WatchError> {
        const KEEPERS: &[Role] = &[Role::Administrator, Role::DutyOfficer];
        self.house().number_of(of).map(drop)?;
        let own = by.organisation == *of && KEEPERS.iter().any(|role| by.is(*role));
        if own || self.house().is_of_the_room(by, &[]) {
            return Ok(());
        }
        Err(FlowError::Forbidden {
            who: by.account.to_string(),
            what: "keep this roster",
            advice: "a duty officer of that room may, or an administrator of the node",
        }
        .into())
    }

    fn check_roster(&self, roster: &Roster) -> Result<(), WatchError> {
        roster.check().map_err(|error| {
            let italian = error.italian();
            WatchError::refused(FlowError::invalid("roster", error), italian)
        })?;
        let many = roster.absences.len() + roster.swaps.len() + roster.covers.len();
        let sizes = [many, roster.teams.len() * 10, roster.cycle.len(), roster.shifts.len() * 10];
        if sizes.into_iter().any(|size| size > MOST) {
            let reason = format!("it holds more than {MOST} entries; leave past ones out");
            return Err(WatchError::invalid("roster", reason));
        }
        let people = roster.teams.iter().flatten();
        people
            .chain(roster.swaps.iter().map(|it| &it.to))
            .try_for_each(|person| self.check_person(&roster.organisation, person))
    }

    fn check_person(&self, of: &OrganisationId, person: &AccountId) -> Result<(), WatchError> {
        let standing = self.house().standing();
        let known = standing.directory.account(person);
        let own = known.is_some_and(|account| account.organisation == *of);
        own.then_some(()).ok_or_else(|| WatchError::unknown("account of the room", person))
    }

    fn write_roster(
        &self,
        organisation: &OrganisationId,
        work: impl FnMut(&mut dyn UnitOfWork) -> Result<Option<Sequence>, StoreError> + Send + 'static,
    ) -> Result<Sequence, WatchError> {
        self.house().write(work)?.ok_or_else(|| stale(organisation))
    }
}

fn put(
    unit: &mut dyn UnitOfWork,
    roster: &Roster,
    actor: &AccountId,
) -> Result<Sequence, StoreError> {
    let body = serde_json::to_vec(roster)
        .map_err(|error| StoreError::Refused(format!("{}: {error}", roster.organisation)))?;
    let id = roster.organisation.as_str();
    Ok(unit.put_record(RecordKind::Roster, id, &body, actor.as_str())?.seq)
}

fn stale(organisation: &OrganisationId) -> WatchError {
    let reason = format!(
        "the roster of {organisation} was changed since you read it; read it again and repeat"
    );
    let italian = "i turni sono cambiati da quando li hai aperti: guarda come sono adesso e ripeti";
    WatchError::refused(FlowError::Conflict(reason), italian)
}

pub(crate) fn damaged(what: &dyn std::fmt::Display, error: &serde_json::Error) -> WatchError {
    let (place, what, reason) = ("ledger".into(), what.to_string(), error.to_string());
    StoreError::Damaged { place, what, reason }.into()
}
