//! Whether the steps lead somewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::checks::is_variable;
use crate::field::Found;
use crate::playbook::{Playbook, Step, StepKind};

pub(crate) fn check(playbook: &Playbook, found: &mut Found) {
    let steps: BTreeMap<&str, &Step> =
        playbook.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    if !steps.contains_key(playbook.start.as_str()) {
        found.fault("playbook", "workflow_start", "is not among the steps of the workflow");
    }
    if playbook.exception.as_ref().is_some_and(|it| !steps.contains_key(it.as_str())) {
        found.fault("playbook", "workflow_exception", "is not among the steps of the workflow");
    }
    let acts =
        |step: &Step| matches!(step.kind, StepKind::Action { .. } | StepKind::Playbook { .. });
    if !playbook.steps.iter().any(acts) {
        found.fault("playbook", "workflow", "has no action; write one at least");
    }
    if !playbook.steps.iter().any(|step| matches!(step.kind, StepKind::End)) {
        found.fault("playbook", "workflow", "has no end; write one at least");
    }
    for step in &playbook.steps {
        one(playbook, step, &steps, found);
    }
    unreached(playbook, &steps, found);
}

fn one(playbook: &Playbook, step: &Step, steps: &BTreeMap<&str, &Step>, found: &mut Found) {
    for (property, next) in step.leads_to() {
        match steps.get(next.as_str()) {
            None => {
                let what = format!("names {next}, which is not among the steps");
                found.fault(&step.id, &property, what);
            }
            Some(next) if matches!(next.kind, StepKind::Start) => {
                found.fault(&step.id, &property, "leads back to the start");
            }
            Some(_) => {}
        }
    }
    if let StepKind::Action { agent, targets, .. } = &step.kind {
        if !playbook.agents.contains_key(agent) {
            found.fault(&step.id, "agent", "is not among the agent_definitions");
        }
        if targets.iter().any(|target| !playbook.agents.contains_key(target)) {
            found.fault(&step.id, "targets", "names one that is not among the target_definitions");
        }
    }
    for (property, name) in variables_of(step) {
        let known = step.variables.contains_key(name) || playbook.variables.contains_key(name);
        if !is_variable(name) || !known {
            found.fault(&step.id, property, format!("names {name}, which is no variable of it"));
        }
    }
}

fn variables_of(step: &Step) -> Vec<(&'static str, &str)> {
    match &step.kind {
        StepKind::Action { out_args, .. } => {
            out_args.iter().map(|name| ("out_args", name.as_str())).collect()
        }
        StepKind::If { condition, .. } | StepKind::While { condition, .. } => {
            condition.variables().into_iter().map(|name| ("condition", name)).collect()
        }
        StepKind::Switch { on, .. } => vec![("switch", on)],
        _ => Vec::new(),
    }
}

fn unreached(playbook: &Playbook, steps: &BTreeMap<&str, &Step>, found: &mut Found) {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![&playbook.start];
    open.extend(playbook.exception.as_deref());
    while let Some(id) = open.pop() {
        if let (true, Some(step)) = (reached.insert(id), steps.get(id)) {
            open.extend(step.leads_to().into_iter().map(|(_, next)| next.as_str()));
        }
    }
    for step in playbook.steps.iter().filter(|step| !reached.contains(step.id.as_str())) {
        found.remark(&step.id, "workflow", "is never reached");
    }
}
