//! A run as a person follows it: what is open now, and all steps in order, in their language.

use cacao::{Command, CommandKind, Playbook, Step, StepKind, fill};
use serde::Serialize;
use vedetta_model::Instant;
use vedetta_model::language::Language;

use super::{Did, Run};

/// A playbook in a person's language; where it has no words in it, as it is written.
#[derive(Clone, Copy)]
pub struct Tongue<'a> {
    /// The playbook.
    pub playbook: &'a Playbook,
    /// The language.
    pub language: Language,
}

/// A step in the list of all.
#[derive(Clone, Debug, Serialize)]
pub struct Branch {
    /// Its identifier.
    pub id: String,
    /// Its type.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// How it stands in a run.
    pub state: State,
    /// How deep it is inside branches.
    pub depth: usize,
    /// What opens its branch: `true`, `false`, or a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What is to be done in it.
    pub task: Task,
}

/// How a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not reached.
    Ahead,
    /// Open.
    Open,
    /// Done, or judged.
    Done,
    /// Failed.
    Failed,
    /// Left out.
    LeftOut,
}

/// What is to be done in a step.
#[derive(Clone, Debug, Serialize)]
pub struct Task {
    /// More about it.
    pub description: String,
    /// Who does it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// What is to be done, in order.
    pub commands: Vec<Asked>,
}

/// A command.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// Its type: `manual`, `http-api`, or another, which is only shown.
    pub kind: String,
    /// What it says, with what was found out filled in.
    pub text: String,
}

/// A step that is open.
#[derive(Clone, Debug, Serialize)]
pub struct Current {
    /// Its number, to be given back.
    pub node: u32,
    /// Its identifier.
    pub step: String,
    /// Its type.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// Since when it is open.
    pub since: Instant,
    /// Until when it should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// What is to be done.
    pub task: Task,
    /// What it asks.
    pub questions: Vec<Question>,
    /// The playbook that is to be followed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
    /// The run in which that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
}

/// Something to be found out or judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Question {
    /// The variable; empty for what decides a branch.
    pub name: String,
    /// In words.
    pub words: String,
    /// What answers there are; any when empty.
    pub answers: Vec<String>,
}

impl<'a> Tongue<'a> {
    fn words(&self) -> Option<&'a cacao::Words> {
        let tag = match self.language {
            Language::It => "it",
            Language::En => "en",
        };
        self.playbook.translations.get(tag)
    }

    /// What the playbook is called.
    #[must_use]
    pub fn name(&self) -> &'a str {
        said(self.words().map(|it| it.name.as_str()), &self.playbook.name)
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &'a str {
        said(self.words().map(|it| it.description.as_str()), &self.playbook.description)
    }

    /// What a step is called.
    #[must_use]
    pub fn step_name(&self, step: &'a Step) -> &'a str {
        let own = self.words().and_then(|it| it.steps.get(&step.id));
        said(own.map(|it| it.name.as_str()), &step.name)
    }

    /// Who does it: CACAO does not translate agents, and ours are called by both names.
    fn named(&self, name: &'a str) -> &'a str {
        match (name.split_once(" / "), self.language) {
            (Some((italian, _)), Language::It) => italian,
            (Some((_, english)), Language::En) => english,
            (None, _) => name,
        }
    }

    fn variable(&self, name: &str) -> String {
        let own = self.words().and_then(|it| it.variables.get(name)).map(String::as_str);
        let written = self.playbook.variables.get(name).map_or("", |it| &it.description);
        let words = said(own, written);
        if words.is_empty() { name.trim_matches('_').replace('_', " ") } else { words.into() }
    }

    fn task(&self, step: &Step, found: &dyn Fn(&str) -> Option<String>) -> Task {
        let own = self.words().and_then(|it| it.steps.get(&step.id));
        let description = said(own.map(|it| it.description.as_str()), &step.description);
        let (agent, commands): (_, &[Command]) = match &step.kind {
            StepKind::Action { commands, agent, .. } => {
                let agent = self.playbook.agents.get(agent);
                (agent.map_or("", |it| self.named(&it.name)), commands)
            }
            _ => ("", &[]),
        };
        let asked = commands.iter().enumerate().map(|(place, command)| {
            let own = own.and_then(|it| it.commands.get(place)).map(String::as_str);
            asked(command, own, found)
        });
        Task {
            description: fill(description, found),
            agent: agent.into(),
            commands: asked.collect(),
        }
    }

    /// What a variable may be where a step chooses by it.
    fn cases_of(&self, name: &str) -> Vec<String> {
        let chosen = self.playbook.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Switch { on, cases } if on == name => Some(cases),
            _ => None,
        });
        let cases = chosen.flatten().map(|(case, _)| case.clone());
        cases.filter(|case| case != "default").collect()
    }

    fn questions(&self, step: &Step) -> Vec<Question> {
        let flag = || vec!["true".to_owned(), "false".to_owned()];
        match &step.kind {
            StepKind::Action { out_args, .. } => {
                let of = |name: &String| {
                    let variable =
                        step.variables.get(name).or_else(|| self.playbook.variables.get(name));
                    let is_flag = variable.is_some_and(|it| it.kind == "bool");
                    let answers = if is_flag { flag() } else { self.cases_of(name) };
                    Question { name: name.clone(), words: self.variable(name), answers }
                };
                out_args.iter().map(of).collect()
            }
            StepKind::If { condition, .. } | StepKind::While { condition, .. } => {
                let words = match condition.variables().as_slice() {
                    [one] => self.variable(one),
                    _ => condition.text.clone(),
                };
                vec![Question { name: String::new(), words, answers: flag() }]
            }
            StepKind::Switch { on, cases } => {
                let answers = cases.iter().map(|(case, _)| case.clone()).collect();
                vec![Question { name: String::new(), words: self.variable(on), answers }]
            }
            _ => Vec::new(),
        }
    }
}

fn asked(command: &Command, own: Option<&str>, found: &dyn Fn(&str) -> Option<String>) -> Asked {
    let (kind, text) = match &command.kind {
        CommandKind::Manual(text) => ("manual", said(own, text).to_owned()),
        CommandKind::Http(http) => ("http-api", format!("{} {}", http.method, http.target)),
        CommandKind::Other(kind, text) => (kind.as_str(), text.clone()),
    };
    Asked { kind: kind.into(), text: fill(&text, found) }
}

fn said<'a>(own: Option<&'a str>, written: &'a str) -> &'a str {
    own.filter(|own| !own.is_empty()).unwrap_or(written)
}

impl Run {
    /// What waits for a person.
    #[must_use]
    pub fn current(&self, tongue: Tongue<'_>) -> Vec<Current> {
        let waiting = self.open.iter().filter(|(_, open)| open.branches == 0);
        let current = waiting.filter_map(|(node, open)| {
            let step = tongue.playbook.step(&open.step)?;
            Some(Current {
                node: *node,
                step: step.id.clone(),
                kind: step.type_name(),
                name: tongue.step_name(step).to_owned(),
                since: open.since,
                until: step.timeout.map(|length| open.since.after(length)),
                task: tongue.task(step, &|name| self.value(name)),
                questions: tongue.questions(step),
                playbook: match &step.kind {
                    StepKind::Playbook { playbook, .. } => Some(playbook.clone()),
                    _ => None,
                },
                run: open.run,
            })
        });
        current.collect()
    }

    fn state(&self, step: &str) -> State {
        if self.open.values().any(|open| open.step == step) {
            return State::Open;
        }
        let last = self.deeds.iter().rev().filter(|deed| deed.step == step);
        let mut last = last.filter_map(|deed| match deed.did {
            Did::Done | Did::Judged { .. } => Some(State::Done),
            Did::Failed => Some(State::Failed),
            Did::LeftOut => Some(State::LeftOut),
            _ => None,
        });
        last.next().unwrap_or(State::Ahead)
    }
}

/// All steps that a person sees, in the order in which they are met, with how they stand in a run.
#[must_use]
pub fn outline(tongue: Tongue<'_>, run: Option<&Run>) -> Vec<Branch> {
    let mut lines = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![(tongue.playbook.start.as_str(), 0, None)];
    while let Some((id, depth, when)) = open.pop() {
        let Some(step) = tongue.playbook.step(id).filter(|_| seen.insert(id)) else { continue };
        // What follows comes after what is inside.
        let inside = step.branches();
        let after = step.leads_to();
        let after = after.iter().filter(|(property, _)| {
            property.starts_with("on_c") || property.starts_with("on_s") || property == "on_failure"
        });
        for (property, next) in after.rev() {
            let when = (property == "on_failure").then(|| "failure".to_owned());
            open.push((next.as_str(), depth, when));
        }
        for (property, next) in inside.iter().rev() {
            let when = match property.as_str() {
                "on_true" => Some("true".to_owned()),
                "on_false" => Some("false".to_owned()),
                case => case.strip_prefix("cases.").map(str::to_owned),
            };
            open.push((next.as_str(), depth + 1, when));
        }
        if matches!(step.kind, StepKind::Start | StepKind::End) {
            continue;
        }
        lines.push(Branch {
            id: step.id.clone(),
            kind: step.type_name(),
            name: tongue.step_name(step).to_owned(),
            state: run.map_or(State::Ahead, |run| run.state(&step.id)),
            depth,
            when,
            task: tongue.task(step, &|name| run.and_then(|run| run.value(name))),
        });
    }
    lines
}
