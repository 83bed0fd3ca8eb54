//! Reminding of a warning: each organisation that has neither acted nor said that it is not concerned
//! is told once more, by whatever reaches its contacts; what became of it is kept beside the warning.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_desk::escalation::{CallState, Means, OwnerCall};
use vedetta_desk::notice::rome;
use vedetta_desk::warning::{Acted, Nudge, Warning, WarningStage};
use vedetta_model::part::OPERATOR;
use vedetta_model::{Actor, Instant, Language, OrganisationId};
use vedetta_store::{Lease, NewJob, Reader, RecordKind, StoreError, UnitOfWork};
use vedetta_timeliness::Timeliness;

use crate::actions::escalate::{FURTHER, address_at};
use crate::actions::keep_playbooks::spoilt;
use crate::actions::warn::told;
use crate::error::WatchError;
use crate::views::see_warnings::{Reached, WarningView};
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

/// The step of the ledger's jobs.
const STEP: &str = "desk/remind";
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
    /// Forbidden, unknown, not sent, or nobody is left to remind.
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
        let view = self.warning(by, id)?;
        let owes = |it: &&Reached| {
            let acted = it.reaction.as_ref().is_some_and(|it| it.did != Acted::Read);
            !acted && it.organisation != by.organisation
        };
        let owing: Vec<_> =
            view.reach.iter().filter(owes).map(|it| it.organisation.clone()).collect();
        if owing.is_empty() {
            let reason = "everybody whom it reached has acted; there is nobody to remind".into();
            return Err(told(reason, "tutti hanno già agito: non c'è nessuno da sollecitare"));
        }
        let at = self.house().now();
        warning.reminded.push(at);
        // First that it was: who presses twice at once is told that it changed.
        self.put_kept(by, id, (version, warning))?;
        for some in owing.chunks(TOGETHER) {
            let nudges: Vec<_> = some.iter().map(|it| self.nudge(it, at)).collect();
            let (id, actor) = (id.to_owned(), by.account.clone());
            self.house().write(move |unit| {
                nudges.iter().try_for_each(|it| begin(unit, (&id, actor.as_str()), it, at))
            })?;
        }
        self.warning(by, id)
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
        let now = self.house().now();
        let leased = self.house().write(move |unit| {
            let mut due = Vec::new();
            for lease in unit.lease(STEP, now, TERM, limit)? {
                let task: Task = serde_json::from_str(&lease.job.task)
                    .map_err(|error| spoilt(&lease.job.key, &error))?;
                match take_up(unit, &task, now)? {
                    Some((call, warning)) => due.push((lease, task, call, warning)),
                    None => unit.finish(&lease)?,
                }
            }
            Ok(due)
        })?;
        let standing = self.house().standing();
        let due = leased.into_iter().map(|(lease, task, call, warning)| {
            let contact = standing.directory.contact(&call.contact);
            let to = contact.and_then(|it| address_at(&it.channels, call.by)).unwrap_or_default();
            let (subject, text) = say(&warning, &task.warning);
            let (by, warning) = (call.by, task.warning.clone());
            DueReminder { by, to, subject, text, warning, lease, task }
        });
        Ok(due.collect())
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
            // Taken for lost meanwhile, it stays so: its lease is another's.
            if unit.finish(&lease).is_err() {
                return Ok(());
            }
            let Some(mut nudge) = read(unit, &task)? else { return Ok(()) };
            if let Some(call) = nudge.calls.get_mut(task.call) {
                call.state = state;
                put(unit, (&task.warning, OPERATOR), &nudge)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes down how an organisation is told, and queues it.
fn begin(
    unit: &mut dyn UnitOfWork,
    (id, actor): (&str, &str),
    nudge: &Nudge,
    at: Instant,
) -> Result<(), StoreError> {
    put(unit, (id, actor), nudge)?;
    for call in 0..nudge.calls.len() {
        let (warning, organisation) = (id.to_owned(), nudge.organisation.clone());
        let task = Task { warning, organisation, at, call };
        let text = serde_json::to_string(&task).map_err(|error| spoilt(id, &error))?;
        let key = format!("{}/{}/{call}", nudge_name(id, &nudge.organisation), at.micros());
        unit.enqueue(&NewJob { step: STEP, key: &key, task: &text, due: at })?;
    }
    Ok(())
}

/// Takes a telling up if it is still to be made: of a warning that holds.
fn take_up(
    unit: &mut dyn UnitOfWork,
    task: &Task,
    now: Instant,
) -> Result<Option<(OwnerCall, Warning)>, StoreError> {
    let kept = unit.record(RecordKind::Warning, &task.warning)?;
    let warning = kept.and_then(|it| serde_json::from_slice::<Warning>(&it.body).ok());
    let (Some(mut nudge), Some(warning)) = (read(unit, task)?, warning) else { return Ok(None) };
    let holds = matches!(warning.stage, WarningStage::Sent { .. });
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

/// What a reminder says: the number of the warning, in both languages; of what it is about nothing, since
/// a mailbox is read by whoever opens it.
fn say(warning: &Warning, id: &str) -> (String, String) {
    let sent = |language| match warning.stage {
        WarningStage::Sent { at, .. } => rome(at, language),
        _ => String::new(),
    };
    let subject =
        format!("Vedetta: allerta precoce {id} da leggere / early warning {id} to be read");
    let text = format!(
        "L'allerta precoce {id} del {} aspetta una risposta della vostra organizzazione: apritela in «Ci riguarda», leggete che cosa fare e rispondete con il pulsante.\n\nThe early warning {id} of {} waits for an answer of your organisation: open it under “Concerns us”, read what to do, and answer with the button.",
        sent(Language::It),
        sent(Language::En)
    );
    (subject, text)
}
