//! The steps of a playbook, as its page and the pages of its runs list them.

use vedetta_watch::desk::run::{Branch, State, Task};
use vedetta_words::Words;

/// One step.
pub(super) struct Step {
    pub(super) name: String,
    /// What it is, unless it is something to do.
    pub(super) kind: Option<&'static str>,
    /// What opens its branch.
    pub(super) when: Option<String>,
    /// How far in it is, as the style sheet knows it.
    pub(super) depth: usize,
    /// How it stands in a run, and how that looks.
    pub(super) state: Option<(&'static str, &'static str)>,
    pub(super) to_do: ToDo,
}

/// What is to be done in a step.
pub(super) struct ToDo {
    pub(super) description: String,
    pub(super) agent: String,
    pub(super) commands: Vec<Command>,
}

/// A command of a step.
pub(super) struct Command {
    pub(super) text: String,
    /// Whether a person does what it says; else it is a text for a program.
    pub(super) manual: bool,
    /// Whether the node can make it.
    pub(super) request: bool,
}

/// How far in a step is shown.
const DEEPEST: usize = 4;

impl Step {
    pub(super) fn of(w: Words, it: Branch) -> Self {
        Self {
            kind: match it.kind {
                "parallel" => Some(w.step_parallel()),
                "if-condition" | "switch-condition" => Some(w.step_choice()),
                "while-condition" => Some(w.step_loop()),
                "playbook-action" => Some(w.step_playbook()),
                _ => None,
            },
            when: it.when.map(|when| match when.as_str() {
                "true" => w.step_when_true().to_owned(),
                "false" => w.step_when_false().to_owned(),
                "failure" => w.step_when_failure().to_owned(),
                _ => w.answer(&when),
            }),
            depth: it.depth.min(DEEPEST),
            state: match it.state {
                State::Ahead => None,
                State::Open => Some((w.step_open(), "badge-warn")),
                State::Done => Some((w.step_done(), "badge-good")),
                State::Failed => Some((w.step_failed(), "badge-bad")),
                State::LeftOut => Some((w.step_left_out(), "badge-quiet")),
            },
            name: it.name,
            to_do: ToDo::of(it.task),
        }
    }
}

impl ToDo {
    pub(super) fn of(task: Task) -> Self {
        let commands = task.commands.into_iter().map(|it| Command {
            manual: it.kind == "manual",
            request: it.kind == "http-api",
            text: it.text,
        });
        Self { description: task.description, agent: task.agent, commands: commands.collect() }
    }
}
