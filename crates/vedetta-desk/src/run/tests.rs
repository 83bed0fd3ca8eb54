use std::collections::BTreeSet;

use cacao::{Playbook, read};
use proptest::prelude::*;
use serde_json::{Value, json};
use vedetta_model::language::Language;

use super::*;
use crate::procedure::GIVEN;

fn id(kind: &str, number: u8) -> String {
    format!("{kind}--{number:08}-0000-4000-8000-000000000000")
}

fn playbook(workflow: Value, exception: Option<String>) -> Playbook {
    let mut text = json!({
        "type": "playbook", "spec_version": "cacao-2.0", "id": id("playbook", 90),
        "name": "Prova", "created_by": id("identity", 91),
        "created": "2026-01-15T08:00:00.000Z", "modified": "2026-01-15T08:00:00.000Z",
        "playbook_variables": { "__x__": { "type": "bool" }, "__n__": { "type": "integer" },
            "__c__": { "type": "string", "value": "9", "constant": true } },
        "workflow_start": id("start", 1), "workflow": workflow,
        "agent_definitions": { id("organization", 92): { "type": "organization", "name": "Sala" } },
    });
    if let Some(exception) = exception {
        text["workflow_exception"] = json!(exception);
    }
    let reading = read(text.to_string().as_bytes());
    assert_eq!(reading.faults, []);
    reading.playbook.unwrap()
}

fn action(next: Value) -> Value {
    let mut action = json!({ "type": "action", "agent": id("organization", 92), "name": "Fai",
        "commands": [{ "type": "manual", "command": "Fai" }], "out_args": ["__x__", "__n__"] });
    let Value::Object(next) = next else { panic!() };
    action.as_object_mut().unwrap().extend(next);
    action
}

fn now() -> Instant {
    "2026-03-02T03:00:00Z".parse().unwrap()
}

fn sala() -> AccountId {
    AccountId::new("sala").unwrap()
}

fn begin(playbook: &Playbook) -> Run {
    Run::begin(playbook, 7, (&sala(), now())).unwrap()
}

fn act(run: &Run, playbook: &Playbook, act: Act) -> Result<Run, RunError> {
    run.clone().act(playbook, act, (&sala(), now()))
}

fn finish(node: u32, outcome: Outcome, found: &[(&str, &str)]) -> Act {
    let found = found.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Act::Finish { node, outcome, found, note: String::new() }
}

fn waiting(run: &Run) -> Vec<(u32, &str)> {
    let waiting = run.open.iter().filter(|(_, open)| open.branches == 0);
    waiting.map(|(node, open)| (*node, open.step.as_str())).collect()
}

/// start → parallel(two actions) → while x (one action) → end.
fn loops() -> Playbook {
    playbook(
        json!({
            id("start", 1): { "type": "start", "on_completion": id("parallel", 2) },
            id("parallel", 2): { "type": "parallel", "next_steps": [id("action", 3), id("action", 4)],
                "on_completion": id("while-condition", 5) },
            id("action", 3): action(json!({ "on_completion": id("end", 13) })),
            id("action", 4): action(json!({ "on_completion": id("end", 14) })),
            id("while-condition", 5): { "type": "while-condition",
                "condition": "__x__:value = 'true'", "on_true": id("action", 6),
                "on_completion": id("end", 15) },
            id("action", 6): action(json!({ "on_completion": id("end", 16) })),
            id("end", 13): { "type": "end" }, id("end", 14): { "type": "end" },
            id("end", 15): { "type": "end" }, id("end", 16): { "type": "end" },
        }),
        None,
    )
}

#[test]
fn branches_join_and_a_loop_goes_round_until_it_is_over() {
    let playbook = loops();
    let run = begin(&playbook);
    assert_eq!(waiting(&run).len(), 2);
    let [(first, _), (second, _)] = waiting(&run)[..] else { panic!() };
    let run = act(&run, &playbook, finish(second, Outcome::Done, &[])).unwrap();
    assert_eq!(waiting(&run), [(first, id("action", 3).as_str())]);
    let run = act(&run, &playbook, finish(first, Outcome::Done, &[])).unwrap();
    // Nobody has found out: the loop asks.
    let (asks, step) = waiting(&run)[0];
    assert_eq!(step, id("while-condition", 5));
    let judge =
        |node, answer: &str| Act::Judge { node, answer: answer.into(), note: String::new() };
    assert!(matches!(act(&run, &playbook, judge(asks, "forse")), Err(RunError::Answer(..))));
    assert!(act(&run, &playbook, finish(asks, Outcome::Done, &[])).is_err());
    let run = act(&run, &playbook, judge(asks, "true")).unwrap();
    let (again, step) = waiting(&run)[0];
    assert_eq!(step, id("action", 6));
    let run = act(&run, &playbook, finish(again, Outcome::Done, &[("__x__", "true")])).unwrap();
    let (again, step) = waiting(&run)[0];
    assert_eq!(step, id("action", 6), "what was found out decides");
    let run = act(&run, &playbook, finish(again, Outcome::Done, &[("__x__", "false")])).unwrap();
    assert_eq!(run.stands, Stands::Ended { at: now() });
    assert!(matches!(act(&run, &playbook, judge(asks, "true")), Err(RunError::Over)));
}

#[test]
fn a_failure_goes_where_the_playbook_says() {
    let workflow = json!({
        id("start", 1): { "type": "start", "on_completion": id("action", 2) },
        id("action", 2): action(json!({ "on_success": id("action", 3), "on_failure": id("action", 4) })),
        id("action", 3): action(json!({ "on_success": id("end", 5) })),
        id("action", 4): action(json!({ "on_completion": id("end", 6) })),
        id("end", 5): { "type": "end" }, id("end", 6): { "type": "end" },
    });
    let playbook = playbook(workflow, Some(id("action", 4)));
    let run = begin(&playbook);
    let failed = act(&run, &playbook, finish(1, Outcome::Failed, &[])).unwrap();
    assert_eq!(waiting(&failed)[0].1, id("action", 4));
    let run = act(&run, &playbook, finish(1, Outcome::Done, &[])).unwrap();
    let (node, step) = waiting(&run)[0];
    assert_eq!(step, id("action", 3));
    // None is named for it: the playbook's own.
    let run = act(&run, &playbook, finish(node, Outcome::Failed, &[])).unwrap();
    assert_eq!(waiting(&run)[0].1, id("action", 4));
}

#[test]
fn what_is_found_out_must_fit() {
    let playbook = loops();
    let run = begin(&playbook);
    let node = waiting(&run)[0].0;
    for (name, value) in [("__x__", "yes"), ("__n__", "many"), ("__c__", "10"), ("__z__", "1")] {
        let refused = act(&run, &playbook, finish(node, Outcome::Done, &[(name, value)]));
        assert!(matches!(refused, Err(RunError::Value { .. })), "{name}");
    }
    let reason = String::new();
    assert!(act(&run, &playbook, Act::LeaveOut { node, reason: reason.clone() }).is_err());
    assert!(act(&run, &playbook, Act::GiveUp { reason }).is_err());
    let given = act(&run, &playbook, Act::GiveUp { reason: "prova".into() }).unwrap();
    assert!(!given.is_going() && given.open.is_empty());
}

#[test]
fn a_playbook_that_needs_nobody_and_never_ends_is_refused() {
    let workflow = json!({
        id("start", 1): { "type": "start", "on_completion": id("if-condition", 2) },
        id("if-condition", 2): { "type": "if-condition", "condition": "__c__:value = '9'",
            "on_true": id("if-condition", 3), "on_completion": id("end", 5) },
        id("if-condition", 3): { "type": "if-condition", "condition": "__c__:value = '9'",
            "on_true": id("if-condition", 2), "on_completion": id("action", 4) },
        id("action", 4): action(json!({ "on_completion": id("end", 5) })),
        id("end", 5): { "type": "end" },
    });
    let refused = Run::begin(&playbook(workflow, None), 1, (&sala(), now()));
    assert_eq!(refused, Err(RunError::Endless));
}

/// Follows a playbook with the answers of a list, and says which steps were met.
fn walk(playbook: &Playbook, answers: &[u8]) -> BTreeSet<String> {
    let (mut run, mut met) = (begin(playbook), BTreeSet::new());
    for place in 0..400 {
        let tongue = Tongue { playbook, language: Language::It };
        let current = run.current(tongue);
        let Some(step) = current.first() else { break };
        assert!(!step.name.is_empty(), "{}", step.step);
        met.insert(step.step.clone());
        let answer = answers[place % answers.len()] as usize;
        let choose = |answers: &[String]| answers[answer % answers.len()].clone();
        let did = if step.kind == "action" {
            let asked = step.questions.iter().filter(|it| !it.answers.is_empty());
            let found = asked.map(|it| (it.name.clone(), choose(&it.answers))).collect();
            Act::Finish { node: step.node, outcome: Outcome::Done, found, note: String::new() }
        } else {
            let answer = choose(&step.questions[0].answers);
            Act::Judge { node: step.node, answer, note: String::new() }
        };
        run = act(&run, playbook, did).unwrap();
    }
    assert!(matches!(run.stands, Stands::Ended { .. }), "{}: {:?}", playbook.name, run.open);
    met
}

#[test]
fn every_step_of_ours_is_met_by_some_answers() {
    for (name, text) in GIVEN {
        let playbook = read(text.as_bytes()).playbook.unwrap();
        let mut met = BTreeSet::new();
        for seed in 0u8..60 {
            let mut state = u16::from(seed) * 257 + 1;
            let answers = std::iter::repeat_with(|| {
                state = state.wrapping_mul(25_173).wrapping_add(13_849);
                state.to_be_bytes()[0]
            });
            let answers: Vec<u8> = answers.take(97).collect();
            met.extend(walk(&playbook, &answers));
        }
        let tongue = Tongue { playbook: &playbook, language: Language::En };
        let lines = outline(tongue, None);
        let actions = lines.iter().filter(|line| line.kind == "action");
        // `default` is for answers that the list does not offer.
        let missed: Vec<_> = actions
            .filter(|line| line.when.as_deref() != Some("default") && !met.contains(&line.id))
            .map(|line| &line.name)
            .collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

proptest! {
    #[test]
    fn a_run_of_ours_always_has_something_to_do_until_it_ends(
        which in 0usize..10,
        answers in proptest::collection::vec(any::<u8>(), 40),
    ) {
        let playbook = read(GIVEN[which].1.as_bytes()).playbook.unwrap();
        let mut run = begin(&playbook);
        for answer in answers {
            if !run.is_going() {
                prop_assert!(run.open.is_empty());
                break;
            }
            let current = run.current(Tongue { playbook: &playbook, language: Language::En });
            prop_assert!(!current.is_empty());
            let step = &current[answer as usize % current.len()];
            let did = match step.questions.first() {
                Some(question) if question.name.is_empty() => {
                    let answer = question.answers[answer as usize % question.answers.len()].clone();
                    Act::Judge { node: step.node, answer, note: String::new() }
                }
                _ if answer % 5 == 0 => Act::LeaveOut { node: step.node, reason: "no".into() },
                _ => finish(step.node, Outcome::Done, &[]),
            };
            run = act(&run, &playbook, did).unwrap();
        }
    }
}
