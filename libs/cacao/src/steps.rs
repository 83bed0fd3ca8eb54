//! Reading steps and their commands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::checks::is_identifier;
use crate::condition::Condition;
use crate::field::{Found, Object, kind};
use crate::playbook::{Command, CommandKind, Http, Next, Step, StepKind};
use crate::read::MOST_STEPS;
use crate::variable::variables;

pub(crate) fn steps(playbook: &Object<'_>, found: &mut Found) -> Vec<Step> {
    let Some(workflow) = playbook.dictionary(found, "workflow") else {
        playbook.fault(found, "workflow", "is missing; write the steps");
        return Vec::new();
    };
    if workflow.len() > MOST_STEPS {
        let what = format!("has {} steps; {MOST_STEPS} are the most", workflow.len());
        playbook.fault(found, "workflow", what);
        return Vec::new();
    }
    let read = workflow.iter().filter_map(|(id, value)| match value {
        Value::Object(map) => step(&Object { id, within: "", map }, found),
        other => {
            found.fault(id, "workflow", format!("is {}; write an object", kind(other)));
            None
        }
    });
    read.collect()
}

fn step(it: &Object<'_>, found: &mut Found) -> Option<Step> {
    let type_name = it.required(found, "type");
    if !is_identifier(it.id, Some(&type_name)) {
        let what = format!("is {type_name:?}; its identifier must be {type_name}--UUID");
        it.fault(found, "type", what);
    }
    let kind = step_kind(it, found, &type_name)?;
    let next = next(it, found, &kind);
    let timeout = it.get("timeout").map(|value| value.as_u64());
    if timeout == Some(None) {
        it.fault(found, "timeout", "is no whole number of milliseconds");
    }
    Some(Step {
        id: it.id.to_owned(),
        name: it.text(found, "name").unwrap_or_default(),
        description: it.text(found, "description").unwrap_or_default(),
        kind,
        next,
        timeout: timeout.flatten().map(std::time::Duration::from_millis),
        variables: variables(it, found, "step_variables"),
    })
}

fn step_kind(it: &Object<'_>, found: &mut Found, type_name: &str) -> Option<StepKind> {
    Some(match type_name {
        "start" => StepKind::Start,
        "end" => StepKind::End,
        "action" => action(it, found),
        "playbook-action" => StepKind::Playbook {
            playbook: needed(it, found, "playbook_id", Some("playbook")),
            version: it.text(found, "playbook_version"),
        },
        "parallel" => {
            let branches = it.texts(found, "next_steps");
            if branches.len() < 2 {
                it.fault(found, "next_steps", "has fewer than two branches");
            }
            StepKind::Parallel { branches }
        }
        "if-condition" => StepKind::If {
            condition: condition(it, found),
            on_true: needed(it, found, "on_true", None),
            on_false: it.identifier(found, "on_false", None),
        },
        "while-condition" => StepKind::While {
            condition: condition(it, found),
            on_true: needed(it, found, "on_true", None),
        },
        "switch-condition" => switch(it, found),
        "" => return None,
        other => {
            let what = format!(
                "is {other:?}; write start, end, action, playbook-action, parallel, if-condition, \
                 while-condition or switch-condition"
            );
            it.fault(found, "type", what);
            return None;
        }
    })
}

fn needed(it: &Object<'_>, found: &mut Found, name: &str, kind: Option<&str>) -> String {
    if it.get(name).is_none() {
        it.fault(found, name, "is missing; write an identifier");
    }
    it.identifier(found, name, kind).unwrap_or_default()
}

fn condition(it: &Object<'_>, found: &mut Found) -> Condition {
    let condition = Condition::new(it.required(found, "condition"));
    if !condition.text.is_empty() && !condition.is_computable() {
        let what = "cannot be computed here: a person judges it; for a computed one write \
                    __name__:value = 'text', joined by AND, OR and NOT";
        found.remark(it.id, "condition", what);
    }
    condition
}

fn switch(it: &Object<'_>, found: &mut Found) -> StepKind {
    let on = it.required(found, "switch");
    let on = on.strip_suffix(":value").map(str::to_owned).unwrap_or(on);
    let mut cases = Vec::new();
    for (case, value) in it.dictionary(found, "cases").into_iter().flatten() {
        match value.as_str() {
            Some(id) => cases.push((case.clone(), id.to_owned())),
            None => it.fault(found, &format!("cases.{case}"), "is no identifier of a step"),
        }
    }
    if cases.is_empty() {
        it.fault(found, "cases", "has no case; write one at least");
    }
    StepKind::Switch { on, cases }
}

fn next(it: &Object<'_>, found: &mut Found, kind: &StepKind) -> Next {
    let completion = it.identifier(found, "on_completion", None);
    let success = it.identifier(found, "on_success", None);
    let failure = it.identifier(found, "on_failure", None);
    let either = success.is_some() || failure.is_some();
    if matches!(kind, StepKind::End) && (either || completion.is_some()) {
        it.fault(found, "on_completion", "follows an end; take it away");
    }
    if matches!(kind, StepKind::Start) && either {
        it.fault(found, "on_success", "a start has on_completion alone");
    }
    match completion {
        Some(_) if either => {
            it.fault(found, "on_completion", "stands beside on_success or on_failure; keep one");
            Next::Nothing
        }
        Some(next) => Next::Then(next),
        None if either => Next::Either { success, failure },
        None => {
            if !matches!(kind, StepKind::End) {
                it.fault(found, "on_completion", "is missing; write what follows, or an end step");
            }
            Next::Nothing
        }
    }
}

fn action(it: &Object<'_>, found: &mut Found) -> StepKind {
    let mut commands = Vec::new();
    for (place, value) in it.list(found, "commands").iter().enumerate() {
        let within = format!("commands[{place}]");
        match value {
            Value::Object(map) => {
                commands.extend(command(&Object { id: it.id, within: &within, map }, found));
            }
            other => it.fault(found, &within, format!("is {}; write an object", kind(other))),
        }
    }
    if it.list(found, "commands").is_empty() {
        it.fault(found, "commands", "has no command; write one at least");
    }
    StepKind::Action {
        commands,
        agent: needed(it, found, "agent", None),
        targets: it.texts(found, "targets"),
        out_args: it.texts(found, "out_args"),
    }
}

fn command(it: &Object<'_>, found: &mut Found) -> Option<Command> {
    let type_name = it.required(found, "type");
    let description = it.text(found, "description").unwrap_or_default();
    let text = written(it, found, "command");
    let kind = match type_name.as_str() {
        "" => return None,
        "http-api" => CommandKind::Http(http(it, found, text.as_deref().unwrap_or_default())?),
        "manual" => {
            if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
                it.fault(found, "command", "is missing; say what is to be done");
            }
            CommandKind::Manual(text.unwrap_or_default())
        }
        _ => CommandKind::Other(type_name, text.unwrap_or_default()),
    };
    Some(Command { kind, description })
}

/// A text as it is, or in base64 in the property beside it.
fn written(it: &Object<'_>, found: &mut Found, name: &str) -> Option<String> {
    if let Some(text) = it.text(found, name) {
        return Some(text);
    }
    let octets = encoded(it, found, &format!("{name}_b64"))?;
    String::from_utf8(octets).ok()
}

fn encoded(it: &Object<'_>, found: &mut Found, name: &str) -> Option<Vec<u8>> {
    let text = it.text(found, name)?;
    let octets = STANDARD.decode(text).ok();
    if octets.is_none() {
        it.fault(found, name, "is no base64");
    }
    octets
}

fn http(it: &Object<'_>, found: &mut Found, line: &str) -> Option<Http> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let (method, target) = match parts.as_slice() {
        [method, target, version] if version.starts_with("HTTP/") => (*method, *target),
        _ => {
            let what = format!("is {line:?}; write a start line as \"POST /path HTTP/1.1\"");
            it.fault(found, "command", what);
            return None;
        }
    };
    let mut headers = Vec::new();
    for (name, value) in it.dictionary(found, "headers").into_iter().flatten() {
        match value {
            Value::Array(list) => headers.extend(
                list.iter().filter_map(Value::as_str).map(|it| (name.clone(), it.to_owned())),
            ),
            other => {
                let what = format!("is {}; write a list of texts", kind(other));
                it.fault(found, &format!("headers.{name}"), what);
            }
        }
    }
    let content = match it.text(found, "content") {
        Some(text) => text.into_bytes(),
        None => encoded(it, found, "content_b64").unwrap_or_default(),
    };
    Some(Http { method: method.into(), target: target.into(), headers, content })
}
