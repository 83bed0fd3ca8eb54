//! Alarms: for the room, and for those who are called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use vedetta_desk::escalation::{Alarm, Stands};
use vedetta_desk::{CaseNumber, Sight};
use vedetta_model::{AccountId, Actor, Role};
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
    /// The title of its case, for who sees that whole, or of its item, for who may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Which alarms call each person, as of a place in the ledger: every page of an officer asks.
#[derive(Default)]
pub(crate) struct Called(Mutex<Option<(Sequence, Calls)>>);

type Calls = Arc<BTreeMap<AccountId, Arc<[String]>>>;

impl Watch {
    /// The alarms that call somebody now.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn calls_to(&self, person: &AccountId) -> Result<Arc<[String]>, WatchError> {
        let last = self.house().bell().last();
        let known = self.called.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let called = match known.filter(|(at, _)| *at == last) {
            Some((_, called)) => called,
            None => {
                let called = Arc::new(self.called_now()?);
                let mut known = self.called.0.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((last, Arc::clone(&called)));
                called
            }
        };
        Ok(called.get(person).cloned().unwrap_or_default())
    }

    fn called_now(&self) -> Result<BTreeMap<AccountId, Arc<[String]>>, WatchError> {
        let mut called: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (id, _, alarm) in self.open_alarms()? {
            let calls = alarm.steps.iter().flat_map(|step| &step.calls);
            let people: BTreeSet<_> = calls.map(|call| call.person.clone()).collect();
            for person in people.into_iter().filter(|it| alarm.calls(it)) {
                called.entry(person).or_default().push(id.clone());
            }
        }
        Ok(called.into_iter().map(|(person, ids)| (person, ids.into())).collect())
    }

    pub(crate) fn open_alarms(&self) -> Result<Vec<(String, Sequence, Alarm)>, WatchError> {
        let found = self.house().read(|reader| {
            let mut found = Vec::new();
            for id in open(reader)? {
                if let Some((version, alarm)) = read_alarm(reader, &id)? {
                    found.push((id, version, alarm));
                }
            }
            Ok::<_, vedetta_store::StoreError>(found)
        })?;
        Ok(found)
    }

    /// The alarms that are not over, those that call the actor first, then the soonest due.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn alarms(&self, by: &Actor) -> Result<Vec<AlarmView>, WatchError> {
        let found = self.open_alarms()?;
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
        let title = match (alarm.about.number, &alarm.about.owed) {
            (Some(number), _) => self.title_seen(by, number),
            (None, owed) => owed
                .as_ref()
                .map(|it| (self.title_of(by, &it.item), &it.item))
                // Who may not read it is told its identifier: no name of anything.
                .and_then(|(title, item)| (title != item.as_str()).then_some(title)),
        };
        AlarmView { id, version, alarm, calls_you, may_answer, gaps, title }
    }

    fn title_seen(&self, by: &Actor, number: CaseNumber) -> Option<String> {
        let held = self.index().ok()?;
        let brief = held.get()?.all.get(&number)?;
        let whole = brief.access.sight(self.viewer(by)) == Some(Sight::Whole);
        whole.then(|| brief.row.title.to_string())
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
