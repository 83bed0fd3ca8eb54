//! The facts of an entry of the ledger, as people read them.

use serde_json::{Map, Value};
use vedetta_words::Words;

/// What has one of few values, which have names of their own.
const NAMED_VALUES: &[&str] = &[
    "record", "deed", "said", "stage", "stands", "state", "roles", "scope", "door", "form", "kind",
    "category", "purpose",
];

/// In a line: `producer: comune-054039 · version: 2026-…`.
#[must_use]
pub fn in_line(w: Words, facts: &Map<String, Value>) -> String {
    let pairs = facts.iter().map(|(name, value)| pair(w, name, value));
    pairs.collect::<Vec<_>>().join(" · ")
}

/// Each by its name, with what it says: of several a line each.
#[must_use]
pub fn by_name(w: Words, facts: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let lines = |name: &str, value: &Value| match value {
        Value::Object(inner) => inner.iter().map(|(name, value)| pair(w, name, value)).collect(),
        Value::Array(all) => all
            .iter()
            .map(|value| match value {
                Value::Object(inner) => in_line(w, inner),
                value => word(w, is_named(name), value),
            })
            .collect(),
        value => vec![word(w, is_named(name), value)],
    };
    facts.iter().map(|(name, value)| (called(w, name), lines(name, value))).collect()
}

/// Whether the values of a fact are called something.
#[derive(Clone, Copy)]
enum Values {
    Named,
    AsTheyAre,
}

fn is_named(name: &str) -> Values {
    if NAMED_VALUES.contains(&name) { Values::Named } else { Values::AsTheyAre }
}

fn called(w: Words, name: &str) -> String {
    w.ledger(name).map_or_else(|| name.replace('_', " "), str::to_owned)
}

fn pair(w: Words, name: &str, value: &Value) -> String {
    format!("{}: {}", called(w, name), word(w, is_named(name), value))
}

fn word(w: Words, values: Values, value: &Value) -> String {
    match (value, values) {
        (Value::String(text), Values::Named) => {
            w.ledger(text).map_or_else(|| text.clone(), str::to_owned)
        }
        (Value::String(text), Values::AsTheyAre) => text.clone(),
        (Value::Object(inner), _) => format!("({})", in_line(w, inner)),
        (Value::Array(all), _) => {
            all.iter().map(|it| word(w, values, it)).collect::<Vec<_>>().join(", ")
        }
        (other, _) => other.to_string(),
    }
}
