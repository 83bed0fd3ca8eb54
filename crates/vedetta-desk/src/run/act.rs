//! What a person does in a run.

use std::collections::BTreeMap;

use cacao::{Next, Playbook, Step, StepKind};
use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Instant};

use super::{Deed, Did, Move, Run, RunError, Stands, follow, line, sentence};
use crate::incident::ChangeError;

/// What a person does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// Has done a step, or failed to.
    Finish {
        /// Which.
        node: u32,
        /// How it went.
        #[serde(default)]
        outcome: Outcome,
        /// What was found out, by variable.
        #[serde(default)]
        found: BTreeMap<String, String>,
        /// In a few words.
        #[serde(default)]
        note: String,
    },
    /// Answers what a condition asks: `true` or `false`, or one of its cases.
    Judge {
        /// Which.
        node: u32,
        /// How.
        answer: String,
        /// In a few words.
        #[serde(default)]
        note: String,
    },
    /// Leaves a step out.
    LeaveOut {
        /// Which.
        node: u32,
        /// Why.
        reason: String,
    },
    /// Gives the whole run up.
    GiveUp {
        /// Why.
        reason: String,
    },
}

/// How a step went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Well.
    #[default]
    Done,
    /// It failed.
    Failed,
}

impl Run {
    /// The run after what a person did.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn act(
        mut self,
        playbook: &Playbook,
        act: Act,
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        if !self.is_going() {
            return Err(RunError::Over);
        }
        let (step, did, note, moves) = match act {
            Act::Finish { node, outcome, found, note } => {
                self.finish(playbook, node, outcome, (found, note))?
            }
            Act::Judge { node, answer, note } => self.judge(playbook, node, answer, note)?,
            Act::LeaveOut { node, reason } => {
                sentence("the reason", &reason)?;
                let step = self.waiting(playbook, node)?;
                let within = self.open.remove(&node).and_then(|open| open.within);
                (step, Did::LeftOut, reason, vec![follow(step, Outcome::Done, within)])
            }
            Act::GiveUp { reason } => return self.give_up(playbook, reason, (by, at)),
        };
        let step = step.id.clone();
        self.deeds.push(Deed { step, at, by: Some(by.clone()), did, note });
        self.go_on(playbook, moves, at)?;
        Ok(self)
    }

    /// Notes that a request of a step is being made, before it is: so that it is never made twice
    /// without anybody knowing.
    ///
    /// # Errors
    /// The step is not open.
    pub fn calling(
        mut self,
        playbook: &Playbook,
        (node, command, to): (u32, usize, String),
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        let step = self.waiting(playbook, node)?.id.clone();
        let did = Did::Calling { command, to };
        self.deeds.push(Deed { step, at, by: Some(by.clone()), did, note: String::new() });
        Ok(self)
    }

    /// Notes what came of a request, even when the step was finished meanwhile.
    ///
    /// # Errors
    /// No such request is being made.
    pub fn called(
        mut self,
        (node, command, answer): (u32, usize, String),
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        let made = self.deeds.iter().rev().find(
            |deed| matches!(&deed.did, Did::Calling { command: made, .. } if *made == command),
        );
        let step = made.map(|deed| deed.step.clone()).ok_or(RunError::Closed(node))?;
        let did = Did::Called { command, answer };
        self.deeds.push(Deed { step, at, by: Some(by.clone()), did, note: String::new() });
        Ok(self)
    }

    /// Notes that another run is followed for a step.
    ///
    /// # Errors
    /// The step is not open, is no other playbook, or is followed already.
    pub fn followed(
        mut self,
        playbook: &Playbook,
        (node, run): (u32, u32),
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        let step = self.waiting(playbook, node)?;
        let (kind, advice) = (step.type_name(), "it is done here");
        if !matches!(step.kind, StepKind::Playbook { .. }) {
            return Err(RunError::Otherwise { kind, advice });
        }
        let step = step.id.clone();
        let open = self.open.get_mut(&node).filter(|open| open.run.is_none());
        let open = open.ok_or(RunError::Otherwise { kind, advice: "it is followed already" })?;
        open.run = Some(run);
        let did = Did::Followed { run };
        self.deeds.push(Deed { step, at, by: Some(by.clone()), did, note: String::new() });
        Ok(self)
    }

    /// A step that waits for a person.
    pub(super) fn waiting<'a>(
        &self,
        playbook: &'a Playbook,
        node: u32,
    ) -> Result<&'a Step, RunError> {
        let open = self.open.get(&node).filter(|open| open.branches == 0);
        let step = open.and_then(|open| playbook.step(&open.step));
        step.ok_or(RunError::Closed(node))
    }

    fn finish<'a>(
        &mut self,
        playbook: &'a Playbook,
        node: u32,
        outcome: Outcome,
        (found, note): (BTreeMap<String, String>, String),
    ) -> Result<(&'a Step, Did, String, Vec<Move>), RunError> {
        let step = self.waiting(playbook, node)?;
        let kind = step.type_name();
        if !matches!(step.kind, StepKind::Action { .. } | StepKind::Playbook { .. }) {
            return Err(RunError::Otherwise { kind, advice: "answer what it asks" });
        }
        short(&note)?;
        for (name, value) in found.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            self.learn(playbook, step, name, value)?;
        }
        let within = self.open.remove(&node).and_then(|open| open.within);
        let handled = !matches!(&step.next, Next::Nothing | Next::Either { failure: None, .. });
        let did = match outcome {
            Outcome::Done => Did::Done,
            Outcome::Failed => Did::Failed,
        };
        let moves = match (&playbook.exception, outcome) {
            (Some(exception), Outcome::Failed) if !handled => {
                // What was under way is over: the exception's step begins alone.
                self.open.clear();
                vec![Move::Enter { step: exception.clone(), within: None }]
            }
            _ => vec![follow(step, outcome, within)],
        };
        Ok((step, did, note, moves))
    }

    fn judge<'a>(
        &mut self,
        playbook: &'a Playbook,
        node: u32,
        answer: String,
        note: String,
    ) -> Result<(&'a Step, Did, String, Vec<Move>), RunError> {
        let step = self.waiting(playbook, node)?;
        short(&note)?;
        let answers: Vec<&str> = match &step.kind {
            StepKind::If { .. } | StepKind::While { .. } => vec!["true", "false"],
            StepKind::Switch { cases, .. } => cases.iter().map(|(case, _)| case.as_str()).collect(),
            _ => {
                let kind = step.type_name();
                return Err(RunError::Otherwise { kind, advice: "finish it, or leave it out" });
            }
        };
        if !answers.contains(&answer.as_str()) {
            return Err(RunError::Answer(answer, answers.join(", ")));
        }
        let mut moves = Vec::new();
        self.branch(step, node, &answer, &mut moves);
        Ok((step, Did::Judged { answer }, note, moves))
    }

    fn give_up(
        mut self,
        playbook: &Playbook,
        reason: String,
        (by, at): (&AccountId, Instant),
    ) -> Result<Self, RunError> {
        sentence("the reason", &reason)?;
        self.open.clear();
        self.stands = Stands::GivenUp { at, reason: reason.clone() };
        let (step, by) = (playbook.start.clone(), Some(by.clone()));
        self.deeds.push(Deed { step, at, by, did: Did::GivenUp, note: reason });
        Ok(self)
    }

    /// Takes in the value of a variable that a step finds out.
    fn learn(
        &mut self,
        playbook: &Playbook,
        step: &Step,
        name: String,
        value: String,
    ) -> Result<(), RunError> {
        let variable = step.variables.get(&name).or_else(|| playbook.variables.get(&name));
        let wrong = |what| RunError::Value { name: name.clone(), what };
        let variable = variable.ok_or_else(|| wrong("it is no variable of this playbook"))?;
        if variable.constant {
            return Err(wrong("it is a constant"));
        }
        let value = value.trim().to_owned();
        line("the value", &value)?;
        let fits = match variable.kind.as_str() {
            "bool" => matches!(value.as_str(), "true" | "false"),
            "integer" | "long" => value.parse::<i64>().is_ok(),
            "float" => value.parse::<f64>().is_ok_and(f64::is_finite),
            "ipv4-addr" => value.parse::<std::net::Ipv4Addr>().is_ok(),
            "ipv6-addr" => value.parse::<std::net::Ipv6Addr>().is_ok(),
            _ => true,
        };
        if !fits {
            return Err(wrong(match variable.kind.as_str() {
                "bool" => "answer true or false",
                "integer" | "long" | "float" => "write a number",
                _ => "write an address",
            }));
        }
        self.found.insert(name, value);
        Ok(())
    }
}

/// A note may be empty, and is no novel.
fn short(note: &str) -> Result<(), ChangeError> {
    if note.is_empty() { Ok(()) } else { sentence("the note", note) }
}
