//! Telling the other nodes who is on duty here, as the roster says.

use std::time::Duration;

use vedetta_desk::{OnDuty, Roster};
use vedetta_model::{Instant, OrganisationId};
use vedetta_store::RecordKind;

use crate::actions::keep_rosters::damaged;
use crate::error::WatchError;
use crate::watch::Watch;

/// For so long it counts that nobody is foreseen.
const DAY: Duration = Duration::from_secs(86_400);

impl Watch {
    /// Tells the other nodes how many are on duty in this node's room, when that has changed.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn tell_duty(&self) -> Result<(), WatchError> {
        match self.duty_here()? {
            Some((on_duty, until)) => Ok(self.nodes().tell_duty(on_duty, until)?),
            None => Ok(()),
        }
    }

    /// How many are on duty in this node's room, or in the one that covers for it, and until when that
    /// is so; nothing where no roster says it.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn duty_here(&self) -> Result<Option<(u16, Instant)>, WatchError> {
        let (now, own) = (self.house().now(), self.house().standing().own.clone());
        let Some(own) = own else { return Ok(None) };
        let mut until = Instant::FAR;
        let mut room = own.clone();
        // Whoever covers is at home, or covers for nobody.
        for _ in 0..2 {
            let Some(roster) = self.roster_in(&room)? else { return Ok(None) };
            let (people, change) = match roster.on_duty(now) {
                OnDuty::People { people, until } => (people.len(), until),
                OnDuty::Nobody { until } => (0, until),
                OnDuty::Covered { by, until: change } if room == own => {
                    (room, until) = (by, change);
                    continue;
                }
                OnDuty::Covered { until, .. } => (0, until),
            };
            let until = match until.min(change) {
                Instant::FAR => end_of_day(now),
                until => until,
            };
            return Ok(Some((u16::try_from(people).unwrap_or(u16::MAX), until)));
        }
        Ok(None)
    }

    fn roster_in(&self, room: &OrganisationId) -> Result<Option<Roster>, WatchError> {
        let found = self.house().read(|reader| reader.record(RecordKind::Roster, room.as_str()))?;
        let read = |it: vedetta_store::Record| {
            serde_json::from_slice(&it.body).map_err(|error| damaged(room, &error))
        };
        found.map(read).transpose()
    }
}

/// The end of the day (UTC): the same moment however often it is asked on one day.
fn end_of_day(now: Instant) -> Instant {
    let into_day = now.since(Instant::default()).as_secs() % DAY.as_secs();
    now.before(Duration::from_secs(into_day)).after(DAY)
}
