//! Reminding of a warning: each organisation that has neither acted nor said that it is not concerned
//! is told once more, by whatever reaches its contacts; what became of it is kept beside the warning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_desk::escalation::{CallState, Means, OwnerCall};
use vedetta_desk::warning::{Acted, Nudge, Reaction, Warning, WarningStage};
use vedetta_flow::FlowError;
use vedetta_flow::steps::call_webhooks::{Reminder, queue_reminders};
use vedetta_model::part::OPERATOR;
use vedetta_model::{Actor, Instant, OrganisationId};
use vedetta_store::{Lease, NewJob, Reader, RecordKind, StoreError, UnitOfWork};
use vedetta_timeliness::Timeliness;

use crate::actions::escalate::{FURTHER, address_at};
use crate::actions::keep_playbooks::spoilt;
use crate::actions::warn::{WatchWhy, reaction_prefix, told};
use crate::error::WatchError;
use crate::views::see_warnings::WarningView;
use crate::watch::{OFFICERS, Watch};

/// A reminder that is to be given now: it is in the ledger that it is being given.
#[derive(Clone, Debug)]
pub struct DueReminder {
    /// By what.
    pub by: Means,
    /// Where to.
    pub to: String,
    /// What to say in a line.
    pub subject: String,
    /// What to say.
    pub text: String,
    /// The warning.
    pub warning: String,
    lease: Lease,
    task: Task,
}

/// A job: one telling of one organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Task {
    warning: String,
    organisation: OrganisationId,
    /// When it was reminded: a later reminder makes its own.
    at: Instant,
    call: usize,
}

/// A job: a reminder whose organisations are still to be written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Whole {
    warning: String,
    at: Instant,
}

/// The steps of the ledger's jobs.
const STEP: &str = "desk/remind";
const WHOLE: &str = "desk/remind-all";
/// Between two reminders people have so long to answer.
const LEAST: Duration = Duration::from_secs(1_800);
/// How long one telling may take.
const TERM: Duration = Duration::from_secs(120);
/// Organisations written down together.
const TOGETHER: usize = 500;
/// A warning is reminded of no more often.
const MOST: usize = 100;

impl Watch {
    /// Reminds those who have neither acted nor said that they are not concerned: their contacts are
    /// told by mail and web address, and the page of what concerns them says so.
    ///
    /// # Errors
    /// Forbidden, unknown, not sent, reminded of a moment ago, or nobody is left to remind.
    pub fn remind_warning(&self, by: &Actor, id: &str) -> Result<WarningView, WatchError> {
        self.house().require_room(by, OFFICERS, "remind of warnings")?;
        let (version, mut warning) = self.kept_warning(id)?;
        let WarningStage::Sent { .. } = warning.stage else {
            let reason = "it is not sent; there is nobody to remind".into();
            return Err(told(reason, "non è diffusa: non c'è nessuno da sollecitare"));
        };
        if warning.reminded.len() >= MOST {
            return Err(WatchError::conflict(
                "it was reminded of 100 times; call those who are left",
            ));
        }
        let at = self.house().now();
        if warning.reminded.last().is_some_and(|last| at.since(*last) < LEAST) {
            let reason = "it was reminded of less than 30 minutes ago; leave people time to answer";
            let italian = "è stata sollecitata da meno di 30 minuti: lascia il tempo di rispondere";
            return Err(told(reason.into(), italian));
        }
        if self.owing(by, id)?.is_empty() {
            let reason = "everybody whom it reached has acted; there is nobody to remind".into();
            return Err(told(reason, "tutti hanno già agito: non c'è nessuno da sollecitare"));
        }
        warning.reminded.push(at);
        let body = serde_json::to_vec(&warning).map_err(|error| spoilt(id, &error))?;
        let (name, actor) = (id.to_owned(), by.account.clone());
        let kept = self.house().write(move |unit| {
            // Who presses twice at once is told that it changed.
            let known = unit.record(RecordKind::Warning, &name)?;
            if known.is_none_or(|known| known.stamp.seq != version) {
                return Ok(false);
            }
            unit.put_record(RecordKind::Warning, &name, &body, actor.as_str())?;
            let whole = Whole { warning: name.clone(), at };
            let task = serde_json::to_string(&whole).map_err(|error| spoilt(&name, &error))?;
            let key = format!("{name}/{}", at.micros());
            unit.enqueue(&NewJob { step: WHOLE, key: &key, task: &task, due: at })?;
            Ok(true)
        })?;
        if !kept {
            return Err(WatchWhy::Stale(id.into()).error());
        }
        self.spread_reminders()?;
        self.warning(by, id)
    }

    /// Those whom a warning reaches and who have neither acted nor said that they are not concerned.
    fn owing(&self, by: &Actor, id: &str) -> Result<Vec<OrganisationId>, WatchError> {
        let mut reach = self.warning(by, id)?.reach;
        reach.retain(|it| {
            let acted = it.reaction.as_ref().is_some_and(has_acted);
            !acted && it.organisation != by.organisation
        });
        Ok(reach.into_iter().map(|it| it.organisation).collect())
    }

    /// Writes down how each is told of the reminders that were asked for. One that breaks off goes on
    /// where it was.
    fn spread_reminders(&self) -> Result<(), WatchError> {
        let now = self.house().now();
        let leased = self.house().write(move |unit| unit.lease(WHOLE, now, TERM, 1))?;
        for lease in leased {
            let Whole { warning: id, at } = serde_json::from_str(&lease.job.task)
                .map_err(|error| spoilt(&lease.job.key, &error))?;
            let owing = match self.room_itself() {
                Some(room) => match self.owing(&room, &id) {
                    // Taken back meanwhile.
                    Err(WatchError::Flow(FlowError::Unknown { .. })) => Vec::new(),
                    owing => owing?,
                },
                None => Vec::new(),
            };
            let told = self.kept_warning(&id)?.1.told(&id, at);
            for some in owing.chunks(TOGETHER) {
                let nudges: Vec<_> = some.iter().map(|it| self.nudge(it, at)).collect();
                let (id, told) = (id.clone(), told.clone());
                let reminded = self.house().write(move |unit| {
                    let mut reminded = Vec::new();
                    for it in &nudges {
                        if begin(unit, (&id, OPERATOR), it, at)? {
                            reminded.push(Reminder(it.organisation.clone(), told.clone()));
                        }
                    }
                    queue_reminders(unit, (&format!("{id}/{}", at.micros()), now), &reminded)?;
                    Ok(reminded)
                })?;
                self.reminders.give(reminded, now);
            }
            self.house().write(move |unit| finish(unit, &lease))?;
        }
        Ok(())
    }

    /// How an organisation is told: each of its contacts by all that reaches them.
    fn nudge(&self, organisation: &OrganisationId, at: Instant) -> Nudge {
        let contacts = Timeliness::of(self.house()).contacts_at(organisation);
        let calls = contacts.into_iter().flat_map(|contact| {
            let there = FURTHER
                .into_iter()
                .filter(|by| *by != Means::Sms && address_at(&contact.channels, *by).is_some());
            let call =
                |by| OwnerCall { contact: contact.id.clone(), by, state: CallState::Waiting };
            there.map(call).collect::<Vec<_>>()
        });
        Nudge { organisation: organisation.clone(), at, calls: calls.collect() }
    }

    /// Leases reminders that are due, and writes that they are being given: one whose giving broke off
    /// is not given again.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn due_reminders(&self, limit: usize) -> Result<Vec<DueReminder>, WatchError> {
        self.spread_reminders()?;
        let now = self.house().now();
        let leased = self.house().write(move |unit| unit.lease(STEP, now, TERM, limit))?;
        let tasks: Vec<(Lease, Task)> = leased
            .into_iter()
            .map(|lease| match serde_json::from_str(&lease.job.task) {
                Ok(task) => Ok((lease, task)),
                Err(error) => Err(spoilt(&lease.job.key, &error)),
            })
            .collect::<Result<_, _>>()?;
        // Before any is taken up: what cannot be found out now is given later.
        let still = self.still_reached(&tasks)?;
        let taken = self.house().write(move |unit| {
            let mut due = Vec::new();
            for ((lease, task), still) in tasks.iter().zip(&still) {
                match take_up(unit, (task, *still), now)? {
                    Some((call, warning)) => {
                        due.push((lease.clone(), task.clone(), call, warning));
                    }
                    None => finish(unit, lease)?,
                }
            }
            Ok(due)
        })?;
        let standing = self.house().standing();
        let due = taken.into_iter().map(|(lease, task, call, warning)| {
            let contact = standing.directory.contact(&call.contact);
            let to = contact.and_then(|it| address_at(&it.channels, call.by)).unwrap_or_default();
            let (subject, text) = warning.reminder(&task.warning);
            let (by, warning) = (call.by, task.warning.clone());
            DueReminder { by, to, subject, text, warning, lease, task }
        });
        Ok(due.collect())
    }

    /// Of each telling whether its warning still reaches whom it is for.
    fn still_reached(&self, tasks: &[(Lease, Task)]) -> Result<Vec<bool>, WatchError> {
        let mut reached: BTreeMap<&str, BTreeSet<OrganisationId>> = BTreeMap::new();
        let Some(room) = self.room_itself() else { return Ok(vec![true; tasks.len()]) };
        for (_, task) in tasks {
            if !reached.contains_key(&*task.warning) {
                let reach = match self.warning(&room, &task.warning) {
                    Err(WatchError::Flow(FlowError::Unknown { .. })) => Vec::new(),
                    warning => warning?.reach,
                };
                let reach = reach.into_iter().map(|it| it.organisation).collect();
                reached.insert(&task.warning, reach);
            }
        }
        let is_reached = |task: &Task| {
            reached.get(&*task.warning).is_some_and(|it| it.contains(&task.organisation))
        };
        Ok(tasks.iter().map(|(_, task)| is_reached(task)).collect())
    }

    /// Writes what came of a reminder.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn end_reminder(
        &self,
        due: DueReminder,
        outcome: Result<(), String>,
    ) -> Result<(), WatchError> {
        let (now, DueReminder { lease, task, .. }) = (self.house().now(), due);
        self.house().write(move |unit| {
            let state = match &outcome {
                Ok(()) => CallState::Made { at: now },
                Err(reason) => {
                    CallState::Failed { at: now, reason: reason.chars().take(300).collect() }
                }
            };
            match unit.finish(&lease) {
                // Taken for lost meanwhile, it stays so: its lease is another's.
                Err(StoreError::Refused(_)) => Ok(()),
                told => told.and_then(|()| set_state(unit, &task, state.clone())),
            }
        })?;
        Ok(())
    }
}

fn has_acted(reaction: &Reaction) -> bool {
    reaction.did != Acted::Read
}

fn set_state(unit: &mut dyn UnitOfWork, task: &Task, state: CallState) -> Result<(), StoreError> {
    let Some(mut nudge) = read(unit, task)? else { return Ok(()) };
    if let Some(call) = nudge.calls.get_mut(task.call) {
        call.state = state;
        put(unit, (&task.warning, OPERATOR), &nudge)?;
    }
    Ok(())
}

/// Writes down how an organisation is told, and queues it; once. Whether it was not yet.
fn begin(
    unit: &mut dyn UnitOfWork,
    (id, actor): (&str, &str),
    nudge: &Nudge,
    at: Instant,
) -> Result<bool, StoreError> {
    let (warning, organisation) = (id.to_owned(), nudge.organisation.clone());
    if read(unit, &Task { warning, organisation, at, call: 0 })?.is_some() {
        return Ok(false);
    }
    put(unit, (id, actor), nudge)?;
    for call in 0..nudge.calls.len() {
        let (warning, organisation) = (id.to_owned(), nudge.organisation.clone());
        let task = Task { warning, organisation, at, call };
        let text = serde_json::to_string(&task).map_err(|error| spoilt(id, &error))?;
        let key = format!("{}/{}/{call}", nudge_name(id, &nudge.organisation), at.micros());
        unit.enqueue(&NewJob { step: STEP, key: &key, task: &text, due: at })?;
    }
    Ok(true)
}

/// Ends a job, unless another that was faster has it.
fn finish(unit: &mut dyn UnitOfWork, lease: &Lease) -> Result<(), StoreError> {
    match unit.finish(lease) {
        Err(StoreError::Refused(_)) => Ok(()),
        told => told,
    }
}

/// Takes a telling up if it is still to be made: of a warning that holds and still reaches who has not
/// acted since.
fn take_up(
    unit: &mut dyn UnitOfWork,
    (task, still): (&Task, bool),
    now: Instant,
) -> Result<Option<(OwnerCall, Warning)>, StoreError> {
    let kept = unit.record(RecordKind::Warning, &task.warning)?;
    let warning = kept.and_then(|it| serde_json::from_slice::<Warning>(&it.body).ok());
    let (Some(mut nudge), Some(warning)) = (read(unit, task)?, warning) else { return Ok(None) };
    let name = format!("{}{}", reaction_prefix(&task.warning), task.organisation);
    let reaction = unit.record(RecordKind::Warning, &name)?;
    let reaction = reaction.and_then(|it| serde_json::from_slice::<Reaction>(&it.body).ok());
    let acted = reaction.as_ref().is_some_and(has_acted);
    let holds = matches!(warning.stage, WarningStage::Sent { .. }) && !acted && still;
    let Some(call) = nudge.calls.get_mut(task.call) else { return Ok(None) };
    let (state, goes) = match (&call.state, holds) {
        (CallState::Waiting, true) => (CallState::Making { at: now }, true),
        (CallState::Waiting, false) => (CallState::Dropped, false),
        (CallState::Making { .. }, _) => (CallState::Unknown { at: now }, false),
        _ => return Ok(None),
    };
    call.state = state;
    let told = call.clone();
    put(unit, (&task.warning, OPERATOR), &nudge)?;
    Ok(goes.then_some((told, warning)))
}

/// How an organisation was told by the reminder of a task; nothing when a later one took its place.
fn read(reader: &mut (impl Reader + ?Sized), task: &Task) -> Result<Option<Nudge>, StoreError> {
    let name = nudge_name(&task.warning, &task.organisation);
    let Some(record) = reader.record(RecordKind::Warning, &name)? else { return Ok(None) };
    let nudge: Nudge =
        serde_json::from_slice(&record.body).map_err(|error| spoilt(&name, &error))?;
    Ok(Some(nudge).filter(|it| it.at == task.at))
}

fn put(
    unit: &mut dyn UnitOfWork,
    (id, actor): (&str, &str),
    nudge: &Nudge,
) -> Result<(), StoreError> {
    let name = nudge_name(id, &nudge.organisation);
    let body = serde_json::to_vec(nudge).map_err(|error| spoilt(&name, &error))?;
    unit.put_record(RecordKind::Warning, &name, &body, actor).map(drop)
}

/// Where the last reminder of an organisation is kept: below its warning, after all reactions, which no
/// organisation's identifier reaches.
pub(crate) fn nudge_name(id: &str, organisation: &OrganisationId) -> String {
    format!("{}{organisation}", nudge_prefix(id))
}

/// Where the reminders of a warning begin.
pub(crate) fn nudge_prefix(id: &str) -> String {
    format!("{id}/~")
}
