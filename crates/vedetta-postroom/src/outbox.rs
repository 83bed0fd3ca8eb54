//! Answers that wait to be sent. A worker leases them, gives each to the relay, and ends it; one that
//! fails is tried again, and at last given up where an administrator sees it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_mail::Reply;
use vedetta_model::Instant;
use vedetta_store::{Lease, SecretKind, StoreError, UnitOfWork};

use crate::letter;
use crate::postroom::Postroom;
use crate::sealing::{Cover, Sealed, erase, place};

/// The name of this step, and the actor of what the desk does by itself.
pub(crate) const STEP: &str = "answer_report";
/// How long a worker may take for one answer.
const TERM: Duration = Duration::from_secs(180);
/// Tries before an answer is given up: about two days.
const TRIES: u32 = 16;

/// An answer to send now.
#[derive(Debug)]
pub struct DueAnswer {
    /// The right to send it.
    pub lease: Lease,
    /// To whom.
    pub to: String,
    /// The letter.
    pub letter: Vec<u8>,
}

/// What a job says: nothing of the message, and not to whom.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    case: String,
    kind: Kind,
    subject: String,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Answer,
    Changed(i64),
    Explanation,
}

impl Task {
    pub(crate) fn answer(case: &str, reply: &Reply) -> Self {
        Self::of(case, Kind::Answer, reply)
    }

    pub(crate) fn explanation(case: &str, reply: &Reply) -> Self {
        Self::of(case, Kind::Explanation, reply)
    }

    /// That the verdict changed at a moment.
    pub(crate) fn changed(case: &str, reply: &Reply, at: Instant) -> Self {
        Self::of(case, Kind::Changed(at.micros()), reply)
    }

    fn of(case: &str, kind: Kind, reply: &Reply) -> Self {
        let (subject, text) = (reply.subject.clone(), reply.text.clone());
        Self { case: case.to_owned(), kind, subject, text }
    }

    /// One a case and kind: however often it is queued, it is sent once.
    pub(crate) fn key(&self) -> String {
        match self.kind {
            Kind::Answer => format!("{}.a", self.case),
            Kind::Explanation => format!("{}.e", self.case),
            Kind::Changed(at) => format!("{}.c{at:x}", self.case),
        }
    }
}

impl Postroom {
    /// Takes answers that are due, for three minutes, at most `limit`.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn due_answers(&self, limit: usize) -> Result<Vec<DueAnswer>, FlowError> {
        let now = self.house.now();
        let leases = self.house.write(move |unit| unit.lease(STEP, now, TERM, limit))?;
        let mut due = Vec::with_capacity(leases.len());
        for lease in leases {
            match self.due_answer(&lease)? {
                Some(answer) => due.push(answer),
                // Who was to be told is not known any more: the message was deleted.
                None => self.end(move |unit| unit.finish(&lease))?,
            }
        }
        Ok(due)
    }

    fn due_answer(&self, lease: &Lease) -> Result<Option<DueAnswer>, FlowError> {
        let Ok(task) = serde_json::from_str::<Task>(&lease.job.task) else { return Ok(None) };
        let Some((cover, _)) = self.unsealed(&task.case)? else { return Ok(None) };
        if cover.mailbox.is_empty() {
            return Ok(None);
        }
        let reply = Reply { subject: task.subject.clone(), text: task.text.clone() };
        let answers = (cover.mailbox.as_str(), cover.message_id.as_str());
        let letter =
            letter::write(&self.settings, answers, (&task.key(), &reply), self.house.now());
        Ok(Some(DueAnswer { lease: lease.clone(), to: cover.mailbox, letter }))
    }

    /// A message that is still here, and its cover.
    pub(crate) fn unsealed(&self, case: &str) -> Result<Option<(Cover, Vec<u8>)>, FlowError> {
        let sealed = self.house.read(|reader| {
            let key = reader.secret(SecretKind::MailKey, case)?;
            let body = reader.bookmark(&place(case))?;
            Ok(key.zip(body).map(|(key, body)| Sealed { key, body }))
        })?;
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = sealed.open(&self.master, case);
        if opened.is_none() {
            tracing::error!(case, "a kept message does not open with this desk's key");
        }
        Ok(opened)
    }

    /// The relay has it. What was kept only for that goes.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn answer_sent(&self, lease: Lease) -> Result<(), FlowError> {
        let task = serde_json::from_str::<Task>(&lease.job.task);
        let passing = task.ok().filter(|task| task.kind == Kind::Explanation);
        self.end(move |unit| {
            unit.finish(&lease)?;
            passing.as_ref().map_or(Ok(()), |task| erase(unit, &task.case))
        })
    }

    /// The relay does not have it: tried again later, or given up.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn answer_failed(&self, lease: Lease, error: String, hope: Hope) -> Result<(), FlowError> {
        let now = self.house.now();
        let attempts = lease.job.attempts;
        let again = hope == Hope::Later && attempts < TRIES;
        let wait = Duration::from_secs(10 << attempts.min(11));
        let again = again.then(|| now.after(wait));
        self.end(move |unit| unit.give_back(&lease, &error, again, now))
    }

    /// Ends a lease; one that was taken over meanwhile is somebody else's now.
    fn end(
        &self,
        mut end: impl FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), FlowError> {
        self.house.write(move |unit| match end(unit) {
            Err(StoreError::Refused(reason)) => {
                tracing::info!(reason, "an answer was ended by another worker");
                Ok(())
            }
            other => other,
        })?;
        Ok(())
    }
}

/// Whether another try may help.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hope {
    /// It may.
    Later,
    /// It will not.
    None,
}
