use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{CommandKind, Condition, EXTENSION, LONGEST_FILLING, Next, StepKind, fill, read};

fn id(kind: &str, number: u8) -> String {
    format!("{kind}--{number:08}-0000-4000-8000-000000000000")
}

fn sample() -> Value {
    let (start, first, asks, end) =
        (id("start", 1), id("action", 2), id("if-condition", 3), id("end", 4));
    let (agent, branch, over) = (id("organization", 5), id("action", 6), id("end", 7));
    json!({
        "type": "playbook", "spec_version": "cacao-2.0", "id": id("playbook", 9),
        "name": "Prova", "created_by": id("identity", 8),
        "created": "2026-01-15T08:00:00.000Z", "modified": "2026-01-15T08:00:00.000Z",
        "playbook_types": ["mitigation"], "x_of_others": { "kept": true },
        "playbook_variables": { "__found__": { "type": "bool", "description": "Found?" } },
        "workflow_start": start,
        "workflow": {
            start: { "type": "start", "on_completion": first },
            first: { "type": "action", "name": "Look", "agent": agent, "out_args": ["__found__"],
                "commands": [{ "type": "manual", "command": "Look for it." },
                    { "type": "bash", "command": "ls" },
                    { "type": "http-api", "command": "POST /x HTTP/1.1",
                      "headers": { "Accept": ["a", "b"] }, "content_b64": "aGk=" }],
                "on_completion": asks, "timeout": 60000 },
            asks: { "type": "if-condition", "condition": "__found__:value = 'true'",
                "on_true": branch, "on_completion": end },
            branch: { "type": "action", "name": "Tell", "agent": agent,
                "commands": [{ "type": "manual", "command_b64": "VGVsbCB0aGVtLg==" }],
                "on_success": over, "on_failure": over },
            over: { "type": "end" },
            end: { "type": "end" }
        },
        "agent_definitions": { agent: { "type": "organization", "name": "Room" } },
        "extension_definitions": { EXTENSION: {} },
        "playbook_extensions": { EXTENSION: { "translations": { "it": {
            "name": "Prova", "steps": { (id("action", 2)): { "name": "Guarda", "commands": ["Cerca."] } } } } } }
    })
}

fn faults(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = sample();
    change(&mut value);
    let reading = read(value.to_string().as_bytes());
    assert_eq!(reading.playbook.is_none(), !reading.faults.is_empty());
    reading.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_playbook_is_read_whole_and_kept_as_it_was() {
    let text = sample().to_string();
    let playbook = read(text.as_bytes()).playbook.unwrap();
    assert_eq!(playbook.source.to_string(), text);
    let look = &playbook.steps[1];
    let StepKind::Action { commands, .. } = &look.kind else { panic!() };
    let CommandKind::Http(http) = &commands[2].kind else { panic!() };
    assert_eq!((http.content.as_slice(), http.headers.len()), (&b"hi"[..], 2));
    assert!(matches!(&commands[1].kind, CommandKind::Other(kind, _) if kind == "bash"));
    assert_eq!(look.timeout, Some(std::time::Duration::from_secs(60)));
    let tell = playbook.step(&id("action", 6)).unwrap();
    assert!(matches!(&tell.next, Next::Either { failure: Some(_), .. }));
    let StepKind::Action { commands, .. } = &tell.kind else { panic!() };
    assert!(matches!(&commands[0].kind, CommandKind::Manual(text) if text == "Tell them."));
    assert_eq!(playbook.translations["it"].steps[&id("action", 2)].commands, ["Cerca."]);
}

#[test]
fn each_fault_names_object_and_property() {
    let action = id("action", 2);
    let step = |name: &'static str, value: Value| {
        let action = action.clone();
        move |it: &mut Value| it["workflow"][&action][name] = value
    };
    let told = |faults: Vec<String>, wanted: &str| {
        assert!(faults.iter().any(|it| it.starts_with(wanted)), "{wanted}: {faults:?}");
    };
    told(faults(|it| it["spec_version"] = json!("1.1")), "playbook: spec_version: is \"1.1\"");
    told(
        faults(|it| it["modified"] = json!("2025-01-01T00:00:00Z")),
        "playbook: modified: is before",
    );
    told(faults(|it| it["created"] = json!("yesterday")), "playbook: created: is \"yesterday\"");
    told(
        faults(|it| it["workflow_start"] = json!(id("start", 99))),
        "playbook: workflow_start: is not",
    );
    told(faults(step("agent", json!(id("organization", 99)))), &format!("{action}: agent: is not"));
    told(
        faults(step("on_completion", json!(id("end", 99)))),
        &format!("{action}: on_completion: names"),
    );
    told(faults(step("commands", json!([]))), &format!("{action}: commands: has no"));
    told(
        faults(step("commands", json!([{ "type": "http-api", "command": "FETCH" }]))),
        &format!("{action}: commands[0].command: is \"FETCH\""),
    );
    told(faults(step("out_args", json!(["__other__"]))), &format!("{action}: out_args: names"));
    told(faults(step("type", json!("end"))), &format!("{action}: type: is \"end\""));
    told(faults(step("timeout", json!("soon"))), &format!("{action}: timeout: is no"));
    told(
        faults(|it| it["playbook_variables"] = json!({ "found": 1 })),
        "playbook: playbook_variables.found",
    );
    told(faults(|it| it["extension_definitions"] = json!({})), "playbook: playbook_extensions.");
    told(read(b"[").faults.iter().map(ToString::to_string).collect(), "playbook: : it is no JSON");
}

#[test]
fn conditions_are_computed_once_all_is_known() {
    let holds = |text: &str, known: &[(&str, &str)]| {
        let known: BTreeMap<_, _> = known.iter().copied().collect();
        Condition::new(text.into()).holds(&|name| known.get(name).map(|it| (*it).to_owned()))
    };
    let a = [("__a__", "true"), ("__n__", "10")];
    assert_eq!(holds("__a__:value = 'true'", &a), Some(true));
    assert_eq!(holds("[__a__:value == TRUE AND __n__:value >= 9]", &a), Some(true));
    assert_eq!(holds("__n__:value < 9.5", &a), Some(false));
    assert_eq!(holds("NOT (__a__:value = 'true' OR __x__:value = 'y')", &a), Some(false));
    assert_eq!(holds("__x__:value = 'y' AND __a__:value = 'true'", &a), None);
    assert_eq!(holds("__x__:value = 'y' AND __a__:value = 'false'", &a), Some(false));
    for odd in ["ipv4-addr:value = '192.0.2.1'", "__a__", "", "__a__:value = ", "(((", "x = 'y'"] {
        assert!(!Condition::new(odd.into()).is_computable(), "{odd}");
    }
}

#[test]
fn variables_are_filled_in_and_unknown_ones_left() {
    let value = |name: &str| (name == "__ip__").then(|| "192.0.2.1".to_owned());
    assert_eq!(fill("block __ip__:value now", &value), "block 192.0.2.1 now");
    assert_eq!(fill("x____ip__:value/__b__:value", &value), "x__192.0.2.1/__b__:value");
    assert_eq!(fill("__:value __ip__", &value), "__:value __ip__");
    assert_eq!(fill("è __ip__:value è__ip__:value", &value), "è 192.0.2.1 è192.0.2.1");
    assert_eq!(fill("__ip x__ip__:value", &value), "__ip x192.0.2.1");
}

#[test]
fn a_text_of_many_marks_is_filled_at_once() {
    // What copies the rest for each of them has some two hundred thousand million octets to copy.
    let text = format!("{}__:value", "__ ".repeat(350_000));
    assert_eq!(fill(&text, &|_| Some("x".into())), text);
    let text = "_".repeat(1 << 20) + "__:value";
    assert!(fill(&text, &|_| Some("x".into())).ends_with("_x"));
}

#[test]
fn what_is_found_out_makes_a_text_no_longer_than_it_may() {
    let text = "__a__:value ".repeat(2_000);
    let filled = fill(&text, &|_| Some("x".repeat(10_000)));
    assert!(filled.len() <= text.len() + LONGEST_FILLING);
    assert!(filled.starts_with("xxx") && filled.ends_with("__a__:value "));
}

proptest! {
    #[test]
    fn nothing_is_read_that_leads_nowhere(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let reading = read(&octets);
        prop_assert!(reading.playbook.is_none() && !reading.faults.is_empty());
    }

    #[test]
    fn a_broken_playbook_is_told_and_never_half_taken(at in 0usize..2_000, by in any::<u8>()) {
        let mut text = sample().to_string().into_bytes();
        let at = at % text.len();
        text[at] = by;
        let reading = read(&text);
        prop_assert_eq!(reading.playbook.is_some(), reading.faults.is_empty());
    }

    #[test]
    fn any_text_is_a_condition_that_computes_or_does_not(text in ".{0,200}") {
        let condition = Condition::new(text);
        prop_assert!(condition.is_computable() || condition.holds(&|_| Some("true".into())).is_none());
    }
}
