//! The parts of a playbook.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::condition::Condition;
use crate::translation::Words;

/// A playbook (section 3).
#[derive(Clone, Debug)]
pub struct Playbook {
    /// As it was written, unknown properties included.
    pub source: Value,
    /// Its identifier, `playbook--UUID`; the same for all its versions.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Of which kinds it is, e.g. `mitigation`.
    pub types: Vec<String>,
    /// When it was first made.
    pub created: Timestamp,
    /// When this version was made: what tells versions apart.
    pub modified: Timestamp,
    /// Whether its maker took it back.
    pub revoked: bool,
    /// Since when it is valid.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// Labels.
    pub labels: Vec<String>,
    /// Its variables, by name with the underscores.
    pub variables: BTreeMap<String, Variable>,
    /// Its first step.
    pub start: StepName,
    /// The step that follows a failure for which none is named.
    pub exception: Option<StepName>,
    /// Its steps, in the order in which they are written.
    pub steps: Vec<Step>,
    /// Who does the steps, and on what, by identifier.
    pub agents: BTreeMap<String, Agent>,
    /// Its words in other languages, by language tag.
    pub translations: BTreeMap<String, Words>,
}

/// The identifier of a step, e.g. `action--UUID`.
pub type StepName = String;

/// A step (section 4).
#[derive(Clone, Debug)]
pub struct Step {
    /// Its identifier.
    pub id: StepName,
    /// What it is called.
    pub name: String,
    /// What is done in it.
    pub description: String,
    /// What it is.
    pub kind: StepKind,
    /// What follows it.
    pub next: Next,
    /// After how long it counts as failed.
    pub timeout: Option<std::time::Duration>,
    /// Its own variables.
    pub variables: BTreeMap<String, Variable>,
}

/// What a step is.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// The beginning.
    Start,
    /// The end of the playbook or of a branch.
    End,
    /// Commands.
    Action {
        /// What is done, in order.
        commands: Vec<Command>,
        /// By whom.
        agent: String,
        /// On what.
        targets: Vec<String>,
        /// The variables that it finds out.
        out_args: Vec<String>,
    },
    /// Another playbook.
    Playbook {
        /// Which.
        playbook: String,
        /// Which version, by its `modified`; the newest without it.
        version: Option<String>,
    },
    /// Branches that are all gone through.
    Parallel {
        /// Where each begins.
        branches: Vec<StepName>,
    },
    /// One branch or the other.
    If {
        /// What decides.
        condition: Condition,
        /// Where it goes when that holds.
        on_true: StepName,
        /// Where when it does not.
        on_false: Option<StepName>,
    },
    /// A branch as long as a condition holds.
    While {
        /// What decides.
        condition: Condition,
        /// Where the branch begins.
        on_true: StepName,
    },
    /// One of several branches.
    Switch {
        /// The variable that decides, with its underscores.
        on: String,
        /// Its values, and where each goes; `default` is for all others.
        cases: Vec<(String, StepName)>,
    },
}

/// What follows a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing: the branch is over.
    Nothing,
    /// A step, however it went.
    Then(StepName),
    /// Depending on how it went.
    Either {
        /// When it went well.
        success: Option<StepName>,
        /// When it failed.
        failure: Option<StepName>,
    },
}

/// A command (section 5).
#[derive(Clone, Debug)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// What it is for.
    pub description: String,
}

/// What a command is.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// For a person.
    Manual(String),
    /// A request to a web interface.
    Http(Http),
    /// Of another type, which is kept and shown: the type, and what is written.
    Other(String, String),
}

/// A request to a web interface (section 5.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path, or a whole address; variables stand in it.
    pub target: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Vec<u8>,
}

/// Who does a step, or what it is done to (section 7).
#[derive(Clone, Debug)]
pub struct Agent {
    /// Its type, e.g. `organization`, `http-api`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where it is: the first address of an `http-api`, with its port.
    pub address: Option<String>,
}

/// A variable (section 10.18).
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its type, e.g. `bool`.
    pub kind: String,
    /// What it is.
    pub description: String,
    /// Its value; unknown without one.
    pub value: Option<String>,
    /// Whether it never changes.
    pub constant: bool,
}

impl Playbook {
    /// A step.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

impl Step {
    /// Its type as it is written.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self.kind {
            StepKind::Start => "start",
            StepKind::End => "end",
            StepKind::Action { .. } => "action",
            StepKind::Playbook { .. } => "playbook-action",
            StepKind::Parallel { .. } => "parallel",
            StepKind::If { .. } => "if-condition",
            StepKind::While { .. } => "while-condition",
            StepKind::Switch { .. } => "switch-condition",
        }
    }

    /// Every step that it names, with the property that does.
    #[must_use]
    pub fn leads_to(&self) -> Vec<(String, &StepName)> {
        let mut found = self.branches();
        match &self.next {
            Next::Nothing => {}
            Next::Then(next) => found.push(("on_completion".into(), next)),
            Next::Either { success, failure } => {
                found.extend(success.iter().map(|it| ("on_success".into(), it)));
                found.extend(failure.iter().map(|it| ("on_failure".into(), it)));
            }
        }
        found
    }

    /// Where its branches begin, with the property that says so.
    #[must_use]
    pub fn branches(&self) -> Vec<(String, &StepName)> {
        match &self.kind {
            StepKind::Parallel { branches } => {
                let named = branches.iter().enumerate();
                named.map(|(place, id)| (format!("next_steps[{place}]"), id)).collect()
            }
            StepKind::If { on_true, on_false, .. } => {
                let mut found = vec![("on_true".to_owned(), on_true)];
                found.extend(on_false.iter().map(|it| ("on_false".to_owned(), it)));
                found
            }
            StepKind::While { on_true, .. } => vec![("on_true".to_owned(), on_true)],
            StepKind::Switch { cases, .. } => {
                cases.iter().map(|(case, id)| (format!("cases.{case}"), id)).collect()
            }
            _ => Vec::new(),
        }
    }
}
