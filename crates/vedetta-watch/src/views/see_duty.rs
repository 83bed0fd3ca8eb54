//! Who is on duty: now, in every room, for all who may call; and the roster of one room.

use serde::Serialize;
use vedetta_desk::{Gap, OnDuty, Roster, Turn};
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};
use vedetta_store::{RecordKind, Sequence};

use crate::actions::keep_rosters::damaged;
use crate::error::WatchError;
use crate::watch::Watch;

/// Who is on duty in a room.
#[derive(Clone, Debug, Serialize)]
pub struct DutyNow {
    /// The room.
    pub organisation: OrganisationId,
    /// What it is called.
    pub name: String,
    /// Who can be called.
    pub on_duty: OnDuty,
    /// The people of it, by name.
    pub people: Vec<Person>,
    /// The telephone that is answered around the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// When who is on duty changes; absent when nobody is foreseen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_change: Option<Instant>,
}

/// A person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Person {
    /// The account.
    pub account: AccountId,
    /// The name.
    pub name: String,
}

/// The roster of a room over a time.
#[derive(Clone, Debug, Serialize)]
pub struct RosterView {
    /// The roster.
    pub roster: Roster,
    /// Its version, to be given back with a change.
    pub version: Sequence,
    /// Every turn that touches the time.
    pub turns: Vec<Turn>,
    /// Every time in it without anybody.
    pub gaps: Vec<Gap>,
}

impl Watch {
    /// Who is on duty in every room that has a roster, by the room's identifier.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn on_duty(&self, _by: &Actor) -> Result<Vec<DutyNow>, WatchError> {
        let now = self.house().now();
        let records = self.house().read(|reader| reader.records(RecordKind::Roster))?;
        let rosters = records.into_iter().map(|record| {
            serde_json::from_slice::<Roster>(&record.body)
                .map_err(|error| damaged(&record.id, &error))
        });
        rosters.map(|roster| Ok(self.duty(&roster?, now))).collect()
    }

    /// The roster of a room, with its turns and gaps over a time.
    ///
    /// # Errors
    /// Forbidden to other rooms; unknown when it has none.
    pub fn roster(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        (from, until): (Instant, Instant),
    ) -> Result<RosterView, WatchError> {
        let own = by.organisation == *organisation;
        if !own && !self.house().is_of_the_room(by, crate::watch::OFFICERS) {
            return Err(WatchError::unknown("roster of", organisation));
        }
        let (version, roster) = self.roster_of(organisation)?;
        let (turns, gaps) = (roster.turns(from, until), roster.gaps(from, until));
        Ok(RosterView { roster, version, turns, gaps })
    }

    fn duty(&self, roster: &Roster, now: Instant) -> DutyNow {
        let on_duty = roster.on_duty(now);
        let standing = self.house().standing();
        let named = |account: &AccountId| Person {
            account: account.clone(),
            name: standing
                .directory
                .account(account)
                .map_or_else(|| account.to_string(), |it| it.name.clone()),
        };
        let (people, until) = match &on_duty {
            OnDuty::People { people, until } => (people.iter().map(named).collect(), *until),
            OnDuty::Covered { until, .. } | OnDuty::Nobody { until } => (Vec::new(), *until),
        };
        let called = match &on_duty {
            OnDuty::Covered { by, .. } => by,
            OnDuty::People { .. } | OnDuty::Nobody { .. } => &roster.organisation,
        };
        let contacts = standing.directory.contacts_of(called);
        DutyNow {
            organisation: roster.organisation.clone(),
            name: self.name_of(&roster.organisation),
            telephone: contacts.iter().find_map(|contact| contact.phone_24h.clone()),
            people,
            on_duty,
            next_change: (until != Instant::FAR).then_some(until),
        }
    }
}
