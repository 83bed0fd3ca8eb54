//! Answers that wait to be sent. A worker leases them, gives each to the relay, and ends it; one that
//! fails is tried again, and at last given up where an administrator sees it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_mail::{Case, Desk, Evidence, Opinion, Reply, Verdict};
use vedetta_model::Instant;
use vedetta_store::{Lease, StoreError, UnitOfWork};

use crate::letter;
use crate::postroom::Postroom;
use crate::sealing::{Cover, Sealed, erase};

/// The name of this step, and the actor of what the desk does by itself.
pub(crate) const STEP: &str = vedetta_model::part::ANSWER_REPORT;
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
    #[serde(default, skip_serializing_if = "String::is_empty")]
    subject: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// The verdict that was told, and the one that holds: written out when it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<(Verdict, Verdict)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Answer,
    Changed(i64),
    Explanation,
    Heard(i64),
}

/// What is to be done with a job.
enum Ready {
    Send(Box<DueAnswer>),
    /// Who was to be told is not known any more: the message was deleted.
    Gone,
    /// It cannot be signed, and so does not go out.
    Unsigned(String),
}

impl Task {
    pub(crate) fn answer(case: &str, reply: &Reply) -> Self {
        Self::of(case, Kind::Answer, reply)
    }

    pub(crate) fn explanation(case: &str, reply: &Reply) -> Self {
        Self::of(case, Kind::Explanation, reply)
    }

    /// That the verdict changed at a moment: from one to another.
    pub(crate) fn changed(case: &str, change: (Verdict, Verdict), at: Instant) -> Self {
        let (kind, subject, text) = (Kind::Changed(at.micros()), String::new(), String::new());
        Self { case: case.to_owned(), kind, subject, text, change: Some(change) }
    }

    /// That what somebody answered came, at a moment.
    pub(crate) fn heard(case: &str, reply: &Reply, at: Instant) -> Self {
        Self::of(case, Kind::Heard(at.micros()), reply)
    }

    fn of(case: &str, kind: Kind, reply: &Reply) -> Self {
        let (subject, text) = (reply.subject.clone(), reply.text.clone());
        Self { case: case.to_owned(), kind, subject, text, change: None }
    }

    /// One a case and kind: however often it is queued, it is sent once.
    pub(crate) fn key(&self) -> String {
        match self.kind {
            Kind::Answer => format!("{}.a", self.case),
            Kind::Explanation => format!("{}.e", self.case),
            Kind::Changed(at) => format!("{}.c{at:x}", self.case),
            Kind::Heard(at) => format!("{}.h{at:x}", self.case),
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
                Ready::Send(answer) => due.push(*answer),
                Ready::Gone => self.end(move |unit| unit.finish(&lease))?,
                Ready::Unsigned(error) => self.hold(lease, error)?,
            }
        }
        Ok(due)
    }

    fn due_answer(&self, lease: &Lease) -> Result<Ready, FlowError> {
        let Ok(task) = serde_json::from_str::<Task>(&lease.job.task) else {
            return Ok(Ready::Gone);
        };
        let Some((cover, message)) = self.unsealed(&task.case)? else { return Ok(Ready::Gone) };
        let reply = match task.change {
            None => Some(Reply { subject: task.subject.clone(), text: task.text.clone() }),
            Some(change) => self.change_told(&task.case, change, &message),
        };
        let Some(reply) = reply.filter(|_| !cover.mailbox.is_empty()) else {
            return Ok(Ready::Gone);
        };
        let answers = (cover.mailbox.as_str(), cover.message_id.as_str());
        let letter =
            letter::write(&self.settings, answers, (&task.key(), &reply), self.house.now());
        self.note_signing(letter.as_ref().err());
        Ok(match letter {
            Ok(letter) => {
                Ready::Send(Box::new(DueAnswer { lease: lease.clone(), to: cover.mailbox, letter }))
            }
            Err(error) => Ready::Unsigned(error.to_string()),
        })
    }

    /// The letter that tells a reporter of a changed verdict.
    fn change_told(
        &self,
        case: &str,
        (before, now): (Verdict, Verdict),
        message: &[u8],
    ) -> Option<Reply> {
        let language = self.state().report(case)?.language;
        let around = self.around();
        let limits = self.limits();
        let desk = Desk { brands: &around.brands, limits, ..Desk::shipped() };
        let (evidence, opinion) = Evidence::read(message, &desk.limits).judged(&desk);
        let opinion = Opinion { verdict: now, ..opinion };
        let case = Case { number: case.to_owned(), before: Some(before), ..Case::default() };
        Some(Reply::new(&opinion, &evidence, language, &case))
    }

    /// An answer that cannot be signed waits until it can: unsigned it would teach people to believe
    /// what is not ours.
    fn hold(&self, lease: Lease, error: String) -> Result<(), FlowError> {
        tracing::error!(error, "answers wait: they cannot be signed");
        let now = self.house.now();
        let again = now.after(pause(lease.job.attempts));
        self.end(move |unit| unit.give_back(&lease, &error, Some(again), now))
    }

    /// A message that is still here, and its cover.
    pub(crate) fn unsealed(&self, case: &str) -> Result<Option<(Cover, Vec<u8>)>, FlowError> {
        let sealed = self.house.read(|reader| Sealed::kept(reader, case))?;
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
        let passing = passing(&lease);
        self.end(move |unit| {
            unit.finish(&lease)?;
            passing.as_ref().map_or(Ok(()), |case| erase(unit, case))
        })
    }

    /// The relay does not have it: tried again later, or given up; then what was kept only for that
    /// goes.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn answer_failed(&self, lease: Lease, error: String, hope: Hope) -> Result<(), FlowError> {
        let now = self.house.now();
        let attempts = lease.job.attempts;
        let again = hope == Hope::Later && attempts < TRIES;
        let again = again.then(|| now.after(pause(attempts)));
        let passing = passing(&lease).filter(|_| again.is_none());
        self.end(move |unit| {
            unit.give_back(&lease, &error, again, now)?;
            passing.as_ref().map_or(Ok(()), |case| erase(unit, case))
        })
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

/// The case that is kept only for the sake of this job.
fn passing(lease: &Lease) -> Option<String> {
    let task = serde_json::from_str::<Task>(&lease.job.task).ok()?;
    (task.kind == Kind::Explanation).then_some(task.case)
}

/// How long to wait before another try.
fn pause(attempts: u32) -> Duration {
    Duration::from_secs(10 << attempts.min(11))
}

/// Whether another try may help.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hope {
    /// It may.
    Later,
    /// It will not.
    None,
}
