//! Alarms: for the room, and for those who are called.

use serde::Serialize;
use vedetta_desk::Sight;
use vedetta_desk::escalation::{Alarm, Stands};
use vedetta_model::{Actor, Role};
use vedetta_store::Sequence;

use crate::actions::escalate::{open, read_alarm};
use crate::error::WatchError;
use crate::watch::{OFFICERS, Watch};

/// An alarm.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmView {
    /// Its identifier.
    pub id: String,
    /// Its version.
    pub version: Sequence,
    /// What it is about, whom it called, and how it stands.
    #[serde(flatten)]
    pub alarm: Alarm,
    /// Whether the actor is called by it.
    pub calls_you: bool,
    /// Whether the actor may answer it.
    pub may_answer: bool,
    /// On how many steps nobody could be called.
    pub gaps: usize,
}

impl Watch {
    /// The alarms that are not over, those that call the actor first, then the soonest due.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn alarms(&self, by: &Actor) -> Result<Vec<AlarmView>, WatchError> {
        let found = self.house().read(|reader| {
            let mut found = Vec::new();
            for id in open(reader)? {
                if let Some((version, alarm)) = read_alarm(reader, &id)? {
                    found.push((id, version, alarm));
                }
            }
            Ok(found)
        })?;
        let seen = found.into_iter().filter(|(_, _, alarm)| self.sees_alarm(by, alarm));
        let mut views: Vec<_> = seen.map(|it| self.view_of(by, it)).collect();
        views.sort_by_key(|it| {
            let answered = it.alarm.stands != Stands::Calling;
            (!it.calls_you, answered, it.alarm.about.due)
        });
        Ok(views)
    }

    /// An alarm.
    ///
    /// # Errors
    /// Unknown, or of a case that the actor may not see: the answer is the same.
    pub fn alarm(&self, by: &Actor, id: &str) -> Result<AlarmView, WatchError> {
        let found = self.alarm_of(id)?.filter(|(_, alarm)| self.sees_alarm(by, alarm));
        let (version, alarm) = found.ok_or_else(|| WatchError::unknown("alarm", id))?;
        Ok(self.view_of(by, (id.to_owned(), version, alarm)))
    }

    fn view_of(&self, by: &Actor, (id, version, alarm): (String, Sequence, Alarm)) -> AlarmView {
        let calls_you = alarm.calls(&by.account);
        let room = match alarm.about.number {
            Some(number) => {
                self.access_of(number).is_some_and(|access| access.is_led_by(self.viewer(by)))
            }
            None => self.house().is_of_the_room(by, OFFICERS),
        };
        let may_answer = alarm.stands == Stands::Calling && (calls_you || room);
        let gaps = alarm.gaps().count();
        AlarmView { id, version, alarm, calls_you, may_answer, gaps }
    }

    fn sees_alarm(&self, by: &Actor, alarm: &Alarm) -> bool {
        const ROOM: &[Role] = &[Role::DutyOfficer, Role::Analyst, Role::Auditor];
        let room = self.house().is_of_the_room(by, ROOM);
        // What is owed is raised of what the room may read alone.
        let whole = match alarm.about.number {
            Some(number) => {
                let access = self.access_of(number);
                access.is_some_and(|it| it.sight(self.viewer(by)) == Some(Sight::Whole))
            }
            None => room,
        };
        whole
            || alarm
                .steps
                .iter()
                .any(|step| step.calls.iter().any(|call| call.person == by.account))
    }
}
