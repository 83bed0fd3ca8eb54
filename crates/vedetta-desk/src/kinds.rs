//! What is remembered of each kind of thing that no person reports: its report, and what is not counted
//! in it yet.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, ItemId};

use crate::CaseNumber;
use crate::incident::Source;

/// What is remembered of a kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// Its report, once there is one.
    pub number: Option<CaseNumber>,
    /// When the report was last counted up.
    pub counted: Instant,
    /// What was not counted in it yet.
    pub more: u64,
    /// The latest of it.
    pub latest: Option<Latest>,
    /// How often each was seen by the last time.
    pub seen: BTreeMap<String, u64>,
    /// Who reported it, while it is no report yet.
    pub reporters: BTreeSet<String>,
}

/// The latest of a kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latest {
    /// What a person opens to see it.
    pub source: Source,
    /// The item, to be linked.
    pub item: Option<ItemId>,
    /// When it was.
    pub at: Instant,
}

/// Kinds that are kept together, by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kinds(BTreeMap<String, Known>);

/// Of one kind so many are told apart.
const APART: usize = 100;
/// So many kinds are kept together: who brings ever new ones has their own forgotten.
const TOGETHER: usize = 16;
/// So many who proved who they are make a kind a report, where one alone is not enough.
const REPORTERS: usize = 3;

impl Known {
    /// Counts something that was seen so often by now; says whether that is more than before.
    pub fn count(&mut self, (of, count): (&str, u64), latest: Latest) -> bool {
        let before = self.seen.get(of).copied();
        let more = match before {
            Some(before) => count.saturating_sub(before),
            None if self.seen.len() >= APART => 1,
            None => count,
        };
        if before.is_some() || self.seen.len() < APART {
            self.seen.insert(of.to_owned(), count);
        }
        self.more = self.more.saturating_add(more);
        self.latest = Some(latest);
        more > 0
    }

    /// Whether so many brought it that it comes to the queue; who brings it is named where one alone is not
    /// enough.
    pub fn is_enough(&mut self, reporter: Option<&str>) -> bool {
        let Some(reporter) = reporter else { return true };
        self.reporters.insert(reporter.to_owned());
        self.reporters.len() >= REPORTERS
    }
}

impl Kinds {
    /// What is remembered under a name.
    #[must_use]
    pub fn of(mut self, name: &str) -> Known {
        self.0.remove(name).unwrap_or_default()
    }

    /// Keeps a kind among the others; the one heard of longest ago makes room, of those that are counted.
    pub fn keep(&mut self, name: &str, known: &Known) {
        self.0.remove(name);
        while self.0.len() >= TOGETHER {
            let age = |known: &Known| (known.more > 0, known.latest.as_ref().map(|it| it.at));
            let oldest = self.0.iter().min_by_key(|(_, known)| age(known));
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            self.0.remove(&oldest);
        }
        self.0.insert(name.to_owned(), known.clone());
    }
}

/// What was seen, a line each.
#[must_use]
pub fn evidence(value: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| {
        value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    let lines: Vec<String> = match value {
        serde_json::Value::Object(fields) => {
            fields.iter().take(40).map(|(name, value)| format!("{name}: {}", text(value))).collect()
        }
        serde_json::Value::Array(values) => values.iter().take(40).map(text).collect(),
        _ => Vec::new(),
    };
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ever_new_kinds_the_latest_are_remembered_and_what_is_not_counted() {
        let known = |second: i64, more: u64| {
            let at = Instant::from_micros(second * 1_000_000);
            let source = Source::Campaign { campaign: "c".into(), message: "m".into() };
            Known { more, latest: Some(Latest { source, item: None, at }), ..Known::default() }
        };
        let mut kept = Kinds::default();
        kept.keep("uncounted", &known(0, 1));
        for second in 1..1_000 {
            kept.keep(&format!("kind {second}"), &known(second, 0));
            kept.keep(&format!("kind {second}"), &known(second, 0));
        }
        assert_eq!(kept.0.len(), TOGETHER);
        for name in ["uncounted", "kind 999", "kind 990"] {
            assert!(kept.0.contains_key(name), "{name}");
        }
    }
}
