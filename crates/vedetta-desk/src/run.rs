//! A playbook being followed: which steps are open, what was done, what was found out.
//!
//! [`Run::begin`] opens what the start leads to; [`Run::act`] takes what a person did and opens what
//! follows. A branch of an `if`, `while`, `switch` or `parallel` step is over at its `end`, and then
//! the step that opened it goes on. A condition whose variables are known is computed, any other is
//! asked. Nothing is called from here: an `http-api` command is prepared by [`crate::http_call`],
//! and what came of it is recorded.

use std::collections::BTreeMap;

use cacao::{Next, Playbook, Step, StepKind};
use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant};

use crate::incident::{ChangeError, line, sentence};

mod act;
mod present;

pub use act::{Act, Outcome};
pub use present::{Asked, Branch, Current, Question, State, Task, Tongue, outline};

/// A playbook being followed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The playbook's identifier.
    pub playbook: String,
    /// The place in the ledger of the version that is followed.
    pub edition: u64,
    /// What it is called.
    pub name: String,
    /// Who began it.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// The run and step for which it is followed, where it is part of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<(u32, u32)>,
    /// How it stands.
    pub stands: Stands,
    /// The steps that are open, by number.
    pub open: BTreeMap<u32, Open>,
    /// What was found out.
    #[serde(default)]
    pub found: BTreeMap<String, String>,
    /// What was done, the oldest first.
    pub deeds: Vec<Deed>,
    /// The number of the next step that opens.
    pub next: u32,
}

/// How a run stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Stands {
    /// Somebody follows it.
    Going,
    /// It came to its end.
    Ended {
        /// When.
        at: Instant,
    },
    /// It was given up.
    GivenUp {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
}

/// A step that is open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Which.
    pub step: String,
    /// The open step whose branch it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<u32>,
    /// How many of its branches are under way; none while it waits for a person.
    #[serde(default)]
    pub branches: usize,
    /// Since when.
    pub since: Instant,
    /// The run by which it is done, for a step that is another playbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
}

/// What was done at a moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// The step.
    pub step: String,
    /// When.
    pub at: Instant,
    /// Who; nobody where it was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
    /// What.
    pub did: Did,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What was done with a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Did {
    /// It went well.
    Done,
    /// It failed.
    Failed,
    /// It was left out.
    LeftOut,
    /// A condition was judged, or computed.
    Judged {
        /// How.
        answer: String,
    },
    /// A request is being made.
    Calling {
        /// Which command of the step, from 0.
        command: usize,
        /// Where to.
        to: String,
    },
    /// A request was made.
    Called {
        /// Which command of the step, from 0.
        command: usize,
        /// What came back.
        answer: String,
    },
    /// Another playbook is followed for it.
    Followed {
        /// In which run.
        run: u32,
    },
    /// The whole run was given up.
    GivenUp,
    /// The whole run came to its end.
    Ended,
}

impl Did {
    /// In a few words.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        let (it, en) = match self {
            Self::Done => ("fatto".into(), "done".into()),
            Self::Failed => ("non riuscito".into(), "failed".into()),
            Self::LeftOut => ("tralasciato".into(), "left out".into()),
            Self::Judged { answer } => match answer.as_str() {
                "true" => ("sì".into(), "yes".into()),
                "false" => ("no".into(), "no".into()),
                other => (other.to_owned(), other.to_owned()),
            },
            Self::Calling { to, .. } => (format!("si chiama {to}"), format!("calling {to}")),
            Self::Called { answer, .. } => {
                (format!("risposta: {answer}"), format!("answer: {answer}"))
            }
            Self::Followed { run } => {
                (format!("si segue nel percorso {run}"), format!("followed in run {run}"))
            }
            Self::GivenUp => ("procedura abbandonata".into(), "run given up".into()),
            Self::Ended => ("procedura conclusa".into(), "run ended".into()),
        };
        Bilingual { it, en }
    }
}

/// Why something was not done in a run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// It is over.
    #[error("this run is over; begin the playbook again")]
    Over,
    /// That step is not open.
    #[error("step {0} is not open; look at the run again")]
    Closed(u32),
    /// Something else is wanted of that step.
    #[error("that is not done with a step of type {kind}; {advice}")]
    Otherwise {
        /// The type.
        kind: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// An answer that is not among those asked for.
    #[error("{0:?} is no answer to it; answer one of {1}")]
    Answer(String, String),
    /// A value that does not fit.
    #[error("{name}: {what}")]
    Value {
        /// The variable.
        name: String,
        /// What to write.
        what: &'static str,
    },
    /// Text that says nothing or too much.
    #[error(transparent)]
    Text(#[from] ChangeError),
    /// It goes round without end.
    #[error("the playbook goes round without a person; mend it, then begin it again")]
    Endless,
    /// Too much was done.
    #[error("this run has {MOST} deeds; give it up, and begin the playbook again")]
    Many,
}

/// The most deeds of one run.
const MOST: usize = 2_000;
/// The most steps open at once.
const MOST_OPEN: usize = 500;
/// Steps gone through without a person.
const ALONE: usize = 5_000;

/// What is to be gone on with.
enum Move {
    Enter { step: String, within: Option<u32> },
    Decide(u32),
    Over(Option<u32>),
    Leave(u32),
}

impl Run {
    /// A run that begins.
    ///
    /// # Errors
    /// A playbook that goes round without end.
    pub fn begin(
        playbook: &Playbook,
        edition: u64,
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        let given = playbook.variables.iter();
        let found = given.filter_map(|(name, it)| Some((name.clone(), it.value.clone()?)));
        let mut run = Self {
            playbook: playbook.id.clone(),
            edition,
            name: playbook.name.clone(),
            by: by.clone(),
            at,
            within: None,
            stands: Stands::Going,
            open: BTreeMap::new(),
            found: found.collect(),
            deeds: Vec::new(),
            next: 1,
        };
        let first = Move::Enter { step: playbook.start.clone(), within: None };
        run.go_on(playbook, vec![first], at)?;
        Ok(run)
    }

    /// Whether somebody follows it.
    #[must_use]
    pub fn is_going(&self) -> bool {
        self.stands == Stands::Going
    }

    /// What is known of a variable.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.found.get(name).cloned()
    }

    fn go_on(
        &mut self,
        playbook: &Playbook,
        mut moves: Vec<Move>,
        at: Instant,
    ) -> Result<(), RunError> {
        let mut gone = 0;
        while let Some(step) = moves.pop() {
            gone += 1;
            if gone > ALONE || self.open.len() > MOST_OPEN {
                return Err(RunError::Endless);
            }
            match step {
                Move::Enter { step, within } => {
                    self.enter(playbook, &step, within, at, &mut moves);
                }
                Move::Decide(node) => self.decide(playbook, node, at, &mut moves),
                Move::Over(None) => {}
                Move::Over(Some(node)) => self.branch_over(playbook, node, &mut moves),
                Move::Leave(node) => self.leave(playbook, node, &mut moves),
            }
        }
        if self.open.is_empty() && self.is_going() {
            self.stands = Stands::Ended { at };
            let step = playbook.start.clone();
            self.deeds.push(Deed { step, at, by: None, did: Did::Ended, note: String::new() });
        }
        if self.deeds.len() > MOST { Err(RunError::Many) } else { Ok(()) }
    }

    fn enter(
        &mut self,
        playbook: &Playbook,
        id: &str,
        within: Option<u32>,
        at: Instant,
        moves: &mut Vec<Move>,
    ) {
        let Some(step) = playbook.step(id) else { return moves.push(Move::Over(within)) };
        match &step.kind {
            StepKind::Start => moves.push(follow(step, Outcome::Done, within)),
            StepKind::End => moves.push(Move::Over(within)),
            StepKind::Action { .. } | StepKind::Playbook { .. } => {
                self.opens(id, within, 0, at);
            }
            StepKind::Parallel { branches } => {
                let node = self.opens(id, within, branches.len(), at);
                // The last pushed is entered first.
                moves.extend(
                    branches
                        .iter()
                        .rev()
                        .map(|step| Move::Enter { step: step.clone(), within: Some(node) }),
                );
            }
            StepKind::If { .. } | StepKind::While { .. } | StepKind::Switch { .. } => {
                let node = self.opens(id, within, 0, at);
                moves.push(Move::Decide(node));
            }
        }
    }

    fn opens(&mut self, step: &str, within: Option<u32>, branches: usize, at: Instant) -> u32 {
        let node = self.next;
        self.next += 1;
        let open = Open { step: step.into(), within, branches, since: at, run: None };
        self.open.insert(node, open);
        node
    }

    /// Goes into a branch when what decides is known.
    fn decide(&mut self, playbook: &Playbook, node: u32, at: Instant, moves: &mut Vec<Move>) {
        let Some(step) = self.step_of(playbook, node) else { return };
        let value = |name: &str| self.value(name);
        let answer = match &step.kind {
            StepKind::If { condition, .. } | StepKind::While { condition, .. } => {
                condition.holds(&value).map(|holds| holds.to_string())
            }
            StepKind::Switch { on, .. } => value(on),
            _ => None,
        };
        let Some(answer) = answer else { return };
        let did = Did::Judged { answer: answer.clone() };
        self.deeds.push(Deed { step: step.id.clone(), at, by: None, did, note: String::new() });
        self.branch(step, node, &answer, moves);
    }

    /// Goes into the branch of an answer, or on where it has none.
    fn branch(&mut self, step: &Step, node: u32, answer: &str, moves: &mut Vec<Move>) {
        let goes = match &step.kind {
            StepKind::If { on_true, on_false, .. } => match answer {
                "true" => Some(on_true),
                _ => on_false.as_ref(),
            },
            StepKind::While { on_true, .. } => (answer == "true").then_some(on_true),
            StepKind::Switch { cases, .. } => {
                let case = |name: &str| cases.iter().find(|(case, _)| case == name);
                case(answer).or_else(|| case("default")).map(|(_, step)| step)
            }
            _ => None,
        };
        match (goes, self.open.get_mut(&node)) {
            (Some(step), Some(open)) => {
                open.branches = 1;
                moves.push(Move::Enter { step: step.clone(), within: Some(node) });
            }
            _ => moves.push(Move::Leave(node)),
        }
    }

    fn branch_over(&mut self, playbook: &Playbook, node: u32, moves: &mut Vec<Move>) {
        let repeats = self
            .step_of(playbook, node)
            .is_some_and(|step| matches!(step.kind, StepKind::While { .. }));
        let Some(open) = self.open.get_mut(&node) else { return };
        open.branches = open.branches.saturating_sub(1);
        if open.branches == 0 {
            moves.push(if repeats { Move::Decide(node) } else { Move::Leave(node) });
        }
    }

    fn leave(&mut self, playbook: &Playbook, node: u32, moves: &mut Vec<Move>) {
        let step = self.step_of(playbook, node);
        let within = self.open.remove(&node).and_then(|open| open.within);
        match step {
            Some(step) => moves.push(follow(step, Outcome::Done, within)),
            None => moves.push(Move::Over(within)),
        }
    }

    fn step_of<'a>(&self, playbook: &'a Playbook, node: u32) -> Option<&'a Step> {
        playbook.step(&self.open.get(&node)?.step)
    }
}

/// What follows a step that was done or failed.
fn follow(step: &Step, outcome: Outcome, within: Option<u32>) -> Move {
    let next = match (&step.next, outcome) {
        (Next::Then(next), _) => Some(next),
        (Next::Either { success, .. }, Outcome::Done) => success.as_ref(),
        (Next::Either { failure, .. }, Outcome::Failed) => failure.as_ref(),
        (Next::Nothing, _) => None,
    };
    match next {
        Some(next) => Move::Enter { step: next.clone(), within },
        None => Move::Over(within),
    }
}

#[cfg(test)]
mod tests;
