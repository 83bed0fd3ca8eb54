//! Taking a report in: who reports, what the message is, where it belongs; written once.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vedetta_flow::FlowError;
use vedetta_mail::{
    Deadline, Desk, Evidence, Form, Letters, Limits, Model, Opinion, Outer, Reply, Traces, Verdict,
    letters,
};
use vedetta_model::chance::uuid;
use vedetta_model::{Instant, ItemId};
use vedetta_store::{NewJob, RecordKind, StoreError, UnitOfWork};

use crate::acquainted::Knowing;
use crate::contest::Heard;
use crate::enter::Origin;
use crate::outbox::{STEP, Task};
use crate::postroom::{Postroom, Surroundings};
use crate::report::{Standing, is_none_of_them};
use crate::reporter::{Acquainted, Reporter};
use crate::sealing::Cover;

/// A message as it was handed in, or several.
pub struct Handed<'a> {
    /// The octets.
    pub bytes: &'a [u8],
    /// Who.
    pub by: Reporter,
}

/// What became of what was handed in.
#[derive(Debug)]
pub enum Received {
    /// It is taken in, a case for each message.
    Taken(Vec<Answer>),
    /// It is no report: an automatic answer, a failure, or our own letter. Nothing is kept.
    Passed,
    /// It is what its reporter says of a case: that comes back to the queue.
    Contested(String),
    /// There was no message in it; who wrote is told how to hand one on, if they may be.
    Empty,
    /// More came from its sender's domain, or from all, than is taken of who does not prove who they
    /// are, or more contests of one reporter than in an hour; later, perhaps.
    Limited,
}

/// What the reporter is told of one message.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The number of the case.
    pub case: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Its word in the reporter's language.
    pub word: String,
    /// How probable it is that the message is not legitimate.
    pub probability: f32,
    /// The answer for people: what was noticed, what to do now.
    pub text: String,
    /// When it was first known, when others reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_since: Option<Instant>,
    /// How many others reported it.
    pub others: usize,
    /// How many messages came with it and were not looked at.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub left_out: usize,
}

/// What the room found in one message.
pub(crate) struct Found {
    pub(crate) evidence: Evidence,
    pub(crate) opinion: Opinion,
    pub(crate) traces: Traces,
}

/// As many domains at their limit as are taken from in an hour, together.
const DOMAINS: usize = 20;
/// Messages of one hand-over; of more the answer says how many were not looked at.
const MOST_AT_ONCE: usize = 20;
/// How long one message may take: beyond it what was not read is named.
const PATIENCE: Duration = Duration::from_secs(10);

impl Postroom {
    /// Takes in what was handed in, and asks the room. When this returns, reports are durable, and
    /// answers by mail wait to be sent. What comes again has the same answer again.
    ///
    /// # Errors
    /// What the ledger said: nothing of it was kept.
    pub fn take(&self, handed: &Handed<'_>) -> Result<Received, FlowError> {
        let outer = Outer::read(handed.bytes);
        if self.is_no_report(&handed.by, &outer) {
            return Ok(Received::Passed);
        }
        let around = self.around();
        let who = Acquainted::of(&handed.by, &outer, &around.mailboxes, &self.settings);
        let (at, handing) = (self.house.now(), self.handing(handed.bytes, &who, &outer));
        let origin = Origin { who: &who, outer: &outer, handing, left_out: 0, at };
        let before = self.state().handed(&origin.handing);
        if let Some(before) = before {
            return Ok(Received::Taken(self.again(&before, &who)?));
        }
        if who.standing != Standing::Enrolled && !self.has_room_for(&who.mailbox, at) {
            return Ok(Received::Limited);
        }
        let Letters { each, left_out } = letters(handed.bytes, MOST_AT_ONCE, Some(&who.mailbox));
        let origin = Origin { left_out, ..origin };
        let (mut found, mut note) = (Vec::new(), String::new());
        for letter in &each {
            let looked = self.look_at(letter, &who, &around);
            match is_only_a_note(&looked.evidence, &who) {
                false => found.push((letter.as_ref(), looked)),
                true => note = looked.evidence.text,
            }
        }
        if found.is_empty() {
            return match self.cited(&origin) {
                Some(report) => Ok(match self.contest(&report, &note, &origin)? {
                    Heard::Kept => Received::Contested(report.case.clone()),
                    Heard::TooOften => Received::Limited,
                }),
                None => self.explain_how(&origin).map(|()| Received::Empty),
            };
        }
        Ok(Received::Taken(self.enter(found, &origin)?))
    }

    /// Letters that nobody waits for an answer to, and our own that come back (RFC 3834 §2).
    fn is_no_report(&self, by: &Reporter, outer: &Outer) -> bool {
        let Reporter::Mailbox(envelope) = by else { return false };
        self.comes_back(envelope.as_deref(), outer) || outer.automatic
    }

    /// A failure, which has no sender, or our own letter.
    pub(crate) fn comes_back(&self, envelope: Option<&str>, outer: &Outer) -> bool {
        let own = |address: &str| address.eq_ignore_ascii_case(&self.settings.mailbox);
        envelope.is_none_or(own) || outer.from.iter().any(|from| own(&from.address))
    }

    /// One limit for all who do not prove who they are, in the directory or not: what is answered
    /// tells nobody who is in it.
    fn has_room_for(&self, mailbox: &str, now: Instant) -> bool {
        let domain = mailbox.rsplit('@').next().unwrap_or_default();
        let (most, mut state) = (self.settings.strangers, self.state());
        // A domain is not charged for what all of them have no room for.
        let of_all = most.saturating_mul(DOMAINS);
        state.has_room("all domains", of_all, now)
            && state.within(&format!("domain {domain}"), most, now)
            && state.within("all domains", of_all, now)
    }

    pub(crate) fn look_at(&self, letter: &[u8], who: &Acquainted, around: &Surroundings) -> Found {
        let own = own_domains(who, around);
        let known = Knowing::of(self);
        let desk = Desk {
            brands: &around.brands,
            own_domains: &own,
            receivers: &self.settings.receivers,
            known: &known,
            model: Model::shipped(),
            limits: self.limits(),
        };
        let read = Evidence::read_with(letter, &desk.limits, self.published());
        let (evidence, opinion) = read.judged(&desk);
        let traces = Traces::of(&evidence, &around.brands).named(|value| self.named(value));
        Found { evidence, opinion, traces }
    }

    /// What one message may cost from now on, time included.
    pub(crate) fn limits(&self) -> Limits {
        let house = Arc::clone(&self.house);
        let until = house.now().after(PATIENCE);
        Limits { deadline: Deadline::new(move || house.now() > until), ..Limits::default() }
    }

    /// Whoever wrote without a message in it is told how to hand one on.
    fn explain_how(&self, origin: &Origin<'_>) -> Result<(), FlowError> {
        let Origin { who, outer, at, .. } = *origin;
        if who.standing != Standing::Enrolled || who.mailbox.is_empty() {
            return Ok(());
        }
        let mut state = self.state();
        let answered = state.within(&format!("note {}", origin.handing), 1, at)
            && state.within(&self.named(&who.name()), self.settings.answers, at);
        drop(state);
        if !answered {
            return Ok(());
        }
        let case = self.number(at);
        let cover = Cover { mailbox: who.mailbox.clone(), message_id: outer.message_id.clone() };
        let sealed = self.sealed(&case, (&cover, b""))?;
        let task = Task::explanation(&case, &Reply::nothing_in_it(who.language));
        self.house.write(move |unit| {
            sealed.keep(unit, &case)?;
            task.enqueue(unit, at)
        })?;
        Ok(())
    }

    /// A number that nobody has: the day, and four letters at random.
    pub(crate) fn number(&self, now: Instant) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let day = now.day();
        loop {
            let mut chance = [0; 5];
            self.house.entropy().fill(&mut chance);
            let letters = chance.iter().map(|octet| LETTERS.get(usize::from(octet % 32)));
            let letters: String = letters.flatten().map(|letter| char::from(*letter)).collect();
            let (year, month, date) = (day.year() % 100, day.month(), day.day());
            let number = format!("M{year:02}{month:02}{date:02}-{letters}");
            if self.state().report(&number).is_none() {
                return number;
            }
        }
    }

    pub(crate) fn fresh_campaign(&self) -> String {
        ItemId::of("campaign", uuid(self.house.entropy())).to_string()
    }
}

/// The mail domains of the reporter's organisation.
pub(crate) fn own_domains(who: &Acquainted, around: &Surroundings) -> Vec<String> {
    let own = who.organisation.as_ref().map(|own| around.mailboxes.domains_of(own));
    own.unwrap_or_default()
}

/// Whether what came by mail is what the reporter wrote, with no message in it.
fn is_only_a_note(evidence: &Evidence, who: &Acquainted) -> bool {
    let own = |address: &str| address.eq_ignore_ascii_case(&who.mailbox);
    who.account.is_none()
        && evidence.form() == Form::Direct
        && evidence.layers.is_empty()
        && evidence.sender().is_some_and(|sender| own(&sender.address))
}

/// Puts a record as JSON.
pub(crate) fn put<T: Serialize>(
    unit: &mut dyn UnitOfWork,
    kind: RecordKind,
    id: &str,
    value: &T,
    actor: &str,
) -> Result<(), StoreError> {
    let body = serde_json::to_vec(value).map_err(|it| StoreError::Refused(it.to_string()))?;
    unit.put_record(kind, id, &body, actor).map(drop)
}

impl Task {
    /// Queues it, once a case and kind.
    pub(crate) fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        due: Instant,
    ) -> Result<(), StoreError> {
        let task = serde_json::to_string(self).map_err(|it| StoreError::Refused(it.to_string()))?;
        unit.enqueue(&NewJob { step: STEP, key: &self.key(), task: &task, due })
    }
}
