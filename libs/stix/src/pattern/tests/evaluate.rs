//! Evaluation against our scenario, an independent oracle, and hostile work.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::evaluate::{DEFAULT_STEPS, ObservedError};
use super::super::*;
use super::oracle;

fn corpus(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matching");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn read(objects: &[Value]) -> Vec<Observed<'_>> {
    let find = |id: &str| objects.iter().find(|object| object["id"] == id);
    let seen = objects.iter().filter(|object| object["type"] == "observed-data");
    seen.map(|one| Observed::read(one, &find).unwrap()).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// Single observations of the same object, at these seconds.
fn series<'a>(object: &'a Value, seconds: &[i64]) -> Vec<Observed<'a>> {
    let moments = seconds.iter().map(|second| (at(*second), at(*second)));
    moments.map(|moment| Observed::new(moment, 1, [object])).collect()
}

fn verdict(text: &str, observed: &[Observed<'_>]) -> Result<Option<Vec<usize>>, EvaluateError> {
    evaluate(&parse(text).unwrap_or_else(|e| panic!("{e:#}")), observed, DEFAULT_STEPS)
}

#[test]
fn scenario_has_the_expected_outcomes() {
    let bundle: Value = serde_json::from_str(&corpus("scenario.json")).unwrap();
    let observed = read(bundle["objects"].as_array().unwrap());
    let outcomes = corpus("outcomes.txt");
    let mut rows = 0;
    for row in outcomes.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let (expected, text) = row.split_once(" | ").unwrap();
        let found = verdict(text, &observed).unwrap_or_else(|error| panic!("{row}: {error}"));
        let shown = found.map_or("-".to_owned(), |places| {
            places.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown, expected, "{text}");
        rows += 1;
    }
    assert!(rows > 70);
}

#[test]
fn embedded_objects_of_the_older_form_are_read() {
    let old = json!({
        "type": "observed-data", "number_observed": 1,
        "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z",
        "objects": {
            "0": {"type": "ipv4-addr", "value": "192.0.2.1"},
            "1": {"type": "network-traffic", "dst_ref": "0"}
        }
    });
    let observed = [Observed::read(&old, &|_| None).unwrap()];
    let found = verdict("[network-traffic:dst_ref.value = '192.0.2.1']", &observed);
    assert_eq!(found, Ok(Some(vec![0])));
}

#[test]
fn malformed_observed_data_is_named() {
    let good = json!({
        "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z",
        "number_observed": 1, "object_refs": []
    });
    assert!(Observed::read(&good, &|_| None).is_ok());
    for (property, value, expected) in [
        ("first_observed", json!("yesterday"), ObservedError::First),
        ("last_observed", json!(5), ObservedError::Last),
        ("last_observed", json!("2025-01-01T00:00:00Z"), ObservedError::Order),
        ("number_observed", json!(0), ObservedError::Count),
        ("object_refs", json!("x"), ObservedError::Objects),
    ] {
        let mut bad = good.clone();
        bad[property] = value;
        assert_eq!(Observed::read(&bad, &|_| None).err(), Some(expected));
    }
}

#[test]
fn thousands_of_log_ins_are_searched_by_window() {
    let login = json!({"type": "user-account", "id": "u", "account_login": "root"});
    let mut seconds: Vec<_> = (0..10_000).map(|n| n * 10).collect();
    let burst = "[user-account:account_login = 'root'] REPEATS 100 TIMES WITHIN 60 SECONDS";
    assert_eq!(verdict(burst, &series(&login, &seconds)), Ok(None));
    seconds.extend((0..94).map(|n| 50_000 + n % 60));
    let found = verdict(burst, &series(&login, &seconds)).unwrap().unwrap();
    assert_eq!(found.len(), 100);
}

#[test]
fn too_much_work_is_an_error_and_not_a_verdict() {
    let object = json!({"type": "x", "id": "x", "k": 1});
    let seconds: Vec<_> = (0..200).collect();
    let observed = series(&object, &seconds);
    // Forty pairs take eighty seconds at least; only trying everything shows that.
    let text = "(([x:k = 1] FOLLOWEDBY [x:k = 1]) REPEATS 40 TIMES) WITHIN 70 SECONDS";
    assert_eq!(verdict(text, &observed), Err(EvaluateError::TooMuchWork(DEFAULT_STEPS)));
    let joined = ["[x:k = 1]"; 10_000].join(" AND ");
    assert_eq!(verdict(&joined, &observed), Err(EvaluateError::TooComplex));
    let nested = "([x:k = 1] AND [x:k = 1]) REPEATS 9000000000000000000 TIMES";
    assert_eq!(verdict(nested, &observed), Err(EvaluateError::TooComplex));
    // Each more than can be counted.
    let both = format!("({nested}) AND ({nested})");
    assert_eq!(verdict(&both, &observed), Err(EvaluateError::TooComplex));
    let many = "[x:k = 1] REPEATS 9000000000000000000 TIMES";
    assert_eq!(verdict(many, &observed), Ok(None));
}

#[test]
fn the_deepest_search_fits_a_small_stack() {
    let work = || {
        let object = json!({"type": "x", "id": "x", "k": 1});
        let seconds: Vec<_> = (0..400).collect();
        let text = ["[x:k = 1]"; evaluate::MAX_JOINED - 1].join(" FOLLOWEDBY ");
        verdict(&text, &series(&object, &seconds)).unwrap().unwrap().len()
    };
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(work).unwrap();
    assert_eq!(thread.join().unwrap(), evaluate::MAX_JOINED - 1);
}

#[test]
fn references_in_a_circle_end() {
    let object = json!({"type": "x", "id": "x", "x_refs": vec!["x"; 1_000]});
    let path = "x_refs[*].".repeat(20);
    let found = verdict(&format!("[x:{path}k = 1]"), &series(&object, &[0]));
    assert_eq!(found, Err(EvaluateError::TooMuchWork(DEFAULT_STEPS)));
}

#[test]
fn operands_that_cannot_be_evaluated_are_refused() {
    for text in [
        "[x:k MATCHES '(?=a)']",
        "[x:k ISSUBSET 'here']",
        "[x:k = 1] REPEATS 0 TIMES",
        "[x:k = 1] WITHIN 0 SECONDS",
    ] {
        assert!(matches!(verdict(text, &[]), Err(EvaluateError::Pattern(_))), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_search_agrees_with_the_oracle(
        root in oracle::expression(),
        seen in proptest::collection::vec(oracle::seen(), 0..6),
    ) {
        let objects: Vec<_> = seen.iter().map(oracle::Seen::object).collect();
        let observed: Vec<_> = seen
            .iter()
            .zip(&objects)
            .map(|(one, object)| {
                Observed::new((at(one.first), at(one.last)), one.count as u64, [object])
            })
            .collect();
        let pattern = Pattern { root };
        let found = evaluate(&pattern, &observed, DEFAULT_STEPS);
        let expected = oracle::matches(&pattern.root, &seen, at(0));
        match found {
            Err(EvaluateError::TooComplex | EvaluateError::TooMuchWork(_)) => {}
            found => prop_assert_eq!(found.unwrap().is_some(), expected, "{}", pattern),
        }
    }

    #[test]
    fn evaluating_any_pattern_never_panics(pattern in super::generate::pattern()) {
        let object = json!({"type": "a", "id": "a", "b": [1, "x", {"c": null}], "b_ref": "a"});
        let _ = evaluate(&pattern, &series(&object, &[0, 1, 2]), 10_000);
    }
}
