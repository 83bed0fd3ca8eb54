//! What is due when, and how it stands.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use vedetta_model::Instant;

use crate::regime::{Case, Owes, Regime, Span, Step, StepName, Trigger};

/// What is known of an incident.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// When the organisation became aware.
    pub awareness: Option<Instant>,
    /// When the incident was evident to it.
    pub evidence: Option<Instant>,
    /// When it was closed.
    pub closed: Option<Instant>,
    /// What was sent, and when: each time.
    pub sent: BTreeMap<StepName, Vec<Instant>>,
    /// Of regimes that owe one step by the class of the incident: which, once that is recorded.
    pub classes: BTreeMap<String, String>,
}

/// A step that is owed, or was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Deadline {
    /// The step.
    pub step: StepName,
    /// When its clock started, or at the latest will.
    pub from: Option<Instant>,
    /// When it is due, or at the latest will be; absent while nothing has started any clock.
    pub due: Option<Instant>,
    /// How it stands.
    pub state: State,
    /// Whether it is only presumed: the soonest of several, of which one is owed by the class of the
    /// incident, while that is not recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
}

/// How a deadline stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum State {
    /// It is owed if the incident is of its class, which is not recorded, and another is due sooner.
    Possible,
    /// Its clock has not started. What is due then is the latest that it can be, should each step
    /// before it be sent at the last moment.
    Waiting,
    /// Its clock runs.
    Running,
    /// A tenth of its time is left, or less.
    Near,
    /// It was not sent in time.
    Missed,
    /// It was sent in time.
    Met {
        /// When.
        at: Instant,
    },
    /// It was sent, but too late.
    Late {
        /// When.
        at: Instant,
    },
    /// What another regime asks for has been sent in time, which discharges it.
    Discharged {
        /// When the last of it was sent.
        at: Instant,
    },
}

/// The clock of one step.
struct Run {
    from: Instant,
    due: Instant,
    started: Started,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Started {
    Yes,
    /// What it waits for may still be sent.
    NotYet,
}

/// What a regime asks for, in its order; a step that recurs appears once for each time.
///
/// Deadlines are kept to the microsecond in UTC; hours are elapsed hours, months are of the
/// calendar in Rome.
#[must_use]
pub fn deadlines(regime: &Regime, facts: &Facts, now: Instant) -> Vec<Deadline> {
    let mut deadlines: Vec<Deadline> = Vec::new();
    let class = facts.class(regime);
    for step in regime.steps.iter().filter(|step| class.is_none_or(|class| step.id == class)) {
        let name = regime.name(step);
        let Some(first) = first_run(regime, step, facts, &deadlines) else {
            let (state, presumed) = (State::Waiting, false);
            deadlines.push(Deadline { step: name, from: None, due: None, state, presumed });
            continue;
        };
        let sent = facts.sent.get(&name).map_or(&[][..], Vec::as_slice);
        match step.case {
            Case::Always => deadlines.push(stand(step, name, first, sent.first(), facts, now)),
            Case::OnceClosed => {
                let run = once_closed(step, first, facts);
                deadlines.push(stand(step, name, run, sent.first(), facts, now));
            }
            Case::WhileOpen => {
                let mut sent = sent.iter();
                for run in while_open(step, first, facts, now) {
                    deadlines.push(stand(step, name.clone(), run, sent.next(), facts, now));
                }
            }
        }
    }
    if regime.owes == Owes::OneByClass && class.is_none() {
        presume(&mut deadlines);
    }
    deadlines
}

/// Of several that are possible the soonest is presumed, so that none is missed unseen.
fn presume(deadlines: &mut [Deadline]) {
    let soonest = deadlines.iter().filter_map(|it| it.due).min();
    let mut taken = false;
    for deadline in deadlines.iter_mut().filter(|it| it.due.is_some()) {
        deadline.presumed = deadline.due == soonest && !taken;
        taken |= deadline.presumed;
        if !deadline.presumed {
            deadline.state = State::Possible;
        }
    }
}

impl Facts {
    /// The class of the incident for a regime that asks for it: as it was recorded, or as what was sent
    /// says it.
    fn class<'a>(&'a self, regime: &'a Regime) -> Option<&'a str> {
        if regime.owes == Owes::All {
            return None;
        }
        let recorded = self.classes.get(&regime.id).map(String::as_str);
        let recorded = recorded.filter(|class| regime.steps.iter().any(|step| step.id == *class));
        let sent =
            |step: &&Step| self.sent.get(&regime.name(step)).is_some_and(|it| !it.is_empty());
        recorded.or_else(|| regime.steps.iter().find(sent).map(|step| step.id.as_str()))
    }
}

/// The moment after a span.
#[must_use]
pub fn after(from: Instant, span: Span) -> Instant {
    match span {
        Span::Hours(hours) => from.after(Duration::from_secs(u64::from(hours) * 3600)),
        Span::Months(months) => {
            let rome = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
            let later = Timestamp::from_microsecond(from.micros())
                .and_then(|moment| moment.to_zoned(rome).checked_add(i32::from(months).months()));
            later.map_or(Instant::FAR, |it| {
                Instant::from_micros(it.timestamp().as_microsecond()).min(Instant::FAR)
            })
        }
    }
}

/// The first run of a step's clock; none while nothing is known that leads to it.
fn first_run(regime: &Regime, step: &Step, facts: &Facts, before: &[Deadline]) -> Option<Run> {
    let happened = |trigger: &Trigger| match trigger {
        Trigger::Awareness => facts.awareness,
        Trigger::Evidence => facts.evidence,
        Trigger::Sent(id) => {
            let name = StepName { regime: regime.id.clone(), step: id.clone() };
            facts.sent.get(&name).and_then(|sent| sent.first()).copied()
        }
    };
    if let Some(from) = step.from.iter().filter_map(happened).min() {
        return Some(Run { from, due: after(from, step.within), started: Started::Yes });
    }
    let latest = |trigger: &Trigger| match trigger {
        Trigger::Sent(id) => before.iter().find(|it| it.step.step == *id).and_then(|it| it.due),
        Trigger::Awareness | Trigger::Evidence => None,
    };
    let from = step.from.iter().filter_map(latest).min()?;
    Some(Run { from, due: after(from, step.within), started: Started::NotYet })
}

/// An incident that was still open when the first run ended is reported on after its closure.
fn once_closed(step: &Step, first: Run, facts: &Facts) -> Run {
    match facts.closed {
        Some(closed) if closed > first.due => {
            Run { from: closed, due: after(closed, step.within), started: Started::Yes }
        }
        _ => first,
    }
}

/// One run after the other until the incident is closed or the present is reached.
fn while_open(step: &Step, first: Run, facts: &Facts, now: Instant) -> Vec<Run> {
    let end = facts.closed.unwrap_or(now);
    let mut runs = Vec::new();
    let mut turn: u16 = 1;
    if first.started == Started::NotYet {
        return if facts.closed.is_some() { runs } else { vec![first] };
    }
    loop {
        // From the first start each time: months added one by one would wear the day down.
        let (Span::Hours(one) | Span::Months(one)) = step.within;
        let length = |turns: u16| match step.within {
            Span::Hours(_) => Span::Hours(one.saturating_mul(turns)),
            Span::Months(_) => Span::Months(one.saturating_mul(turns)),
        };
        let due = after(first.from, length(turn));
        let from = if turn == 1 { first.from } else { after(first.from, length(turn - 1)) };
        if facts.closed.is_some_and(|closed| due > closed) || turn == LONGEST {
            return runs;
        }
        runs.push(Run { from, due, started: Started::Yes });
        if due > end {
            return runs;
        }
        turn += 1;
    }
}

/// Nobody reports on one incident every month for so many.
const LONGEST: u16 = 600;

fn stand(
    step: &Step,
    name: StepName,
    run: Run,
    sent: Option<&Instant>,
    facts: &Facts,
    now: Instant,
) -> Deadline {
    let state = match (sent, discharged(step, facts)) {
        (Some(&at), _) if at <= run.due => State::Met { at },
        (_, Some(at)) if at <= run.due => State::Discharged { at },
        (Some(&at), _) => State::Late { at },
        _ if run.started == Started::NotYet => State::Waiting,
        _ if now > run.due => State::Missed,
        _ if run.due.since(now) * 10 <= run.due.since(run.from) => State::Near,
        _ => State::Running,
    };
    let (from, due) = (Some(run.from), Some(run.due));
    Deadline { step: name, from, due, state, presumed: false }
}

/// When all that discharges a step had been sent.
fn discharged(step: &Step, facts: &Facts) -> Option<Instant> {
    let first = |name: &StepName| facts.sent.get(name).and_then(|sent| sent.first()).copied();
    let moments: Option<Vec<Instant>> = step.satisfied_by.iter().map(first).collect();
    moments?.into_iter().max()
}

#[cfg(test)]
mod tests;
