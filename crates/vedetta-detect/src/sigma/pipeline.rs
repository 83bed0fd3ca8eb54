//! Sigma processing pipelines: how rules are rewritten for events that name things otherwise
//! ([as pySigma reads them](https://sigmahq-pysigma.readthedocs.io/en/latest/Processing_Pipelines.html)).
//!
//! What usual sources call their fields is built in ([`crate::source`]); a pipeline says it for others.
//! What a pipeline asks that is not known here is refused with its name and line, never passed over.

mod condition;
mod rewrite;
mod step;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};

use rsigma_parser::SigmaRule;
use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use self::condition::{Conditions, FieldCondition, ItemCondition, RuleCondition, value};
use self::step::What;
use super::correlation::Wanted;

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// What it is called.
    pub name: String,
    /// Those with less go first.
    pub priority: i64,
    /// What placeholders stand for.
    vars: Vars,
    steps: Vec<Item>,
}

/// A text that is no pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAPipeline(String);

/// A pipeline as it is written.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    name: String,
    #[serde(default)]
    priority: i64,
    #[serde(default)]
    vars: Vars,
    #[serde(default)]
    transformations: Vec<Value>,
    postprocessing: Option<Value>,
    finalizers: Option<Value>,
}

type Vars = BTreeMap<String, OneOrMore<Value>>;

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
struct Item {
    id: Option<String>,
    what: What,
    rules: Conditions<RuleCondition>,
    items: Conditions<ItemCondition>,
    fields: Conditions<FieldCondition>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    // First: one may be anything, a list too.
    More(Vec<T>),
    One(T),
}

/// What a step is asked to rewrite. A correlation is of the log source of each of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rule,
    Correlation,
}

/// What is known of a rule while it goes through.
#[derive(Default)]
struct State {
    set: HashMap<String, Value>,
    applied: HashSet<String>,
    /// Fields that have their names from steps, and of which steps those are.
    fields: HashMap<String, HashSet<String>>,
    added: usize,
}

/// Largest text of a pipeline, in bytes.
const LARGEST: usize = 4 << 20;

impl<T> OneOrMore<T> {
    fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

impl Pipeline {
    /// Reads a pipeline in YAML.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self, NotAPipeline> {
        if text.len() > LARGEST {
            return Err(NotAPipeline("larger than 4 MiB".into()));
        }
        let read: Written =
            yaml_serde::from_str(text).map_err(|error| NotAPipeline(error.to_string()))?;
        for (key, said) in
            [("postprocessing", &read.postprocessing), ("finalizers", &read.finalizers)]
        {
            if said.is_some() {
                let line = line_of(text, key, 0);
                let why = "it is about queries, and rules are matched on events here: leave it out";
                return Err(NotAPipeline(format!("line {line}: {key} cannot be done: {why}")));
            }
        }
        let steps = read.transformations.into_iter().enumerate().map(|(at, it)| {
            Item::read(it).map_err(|(id, what)| {
                let line = line_of(text, "transformations", at + 1);
                let unnamed = format!("transformation {}", at + 1);
                NotAPipeline(format!("line {line}: {}: {what}", id.unwrap_or(unnamed)))
            })
        });
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(Self { name: read.name, priority: read.priority, vars: read.vars, steps })
    }

    /// What its placeholders stand for.
    pub(crate) fn placeholders(&self) -> Vec<(String, Vec<String>)> {
        rewrite::placeholders(&self.vars)
    }

    /// Rewrites a rule, and what correlations ask of its events.
    ///
    /// # Errors
    /// Why the rule cannot be used after it.
    pub(crate) fn apply(&self, rule: &mut SigmaRule, wanted: &mut [Wanted]) -> Result<(), String> {
        let both = [Kind::Rule, Kind::Correlation];
        apply(&self.steps, (rule, wanted), &both, (&mut State::default(), &self.vars))
    }
}

/// Does one step after the other to what of a rule and its correlations is concerned.
fn apply(
    steps: &[Item],
    (rule, wanted): (&mut SigmaRule, &mut [Wanted]),
    concerned: &[Kind],
    (state, vars): (&mut State, &Vars),
) -> Result<(), String> {
    for item in steps {
        let is_of = |kind: &Kind| item.rules.hold(&|it| it.holds((&*rule, *kind), state));
        let concerned: Vec<Kind> = concerned.iter().copied().filter(is_of).collect();
        if let What::Nest { items } = &item.what {
            if !concerned.is_empty() {
                apply(items, (&mut *rule, &mut *wanted), &concerned, (&mut *state, vars))?;
            }
        } else {
            if concerned.contains(&Kind::Correlation) {
                wanted.iter_mut().for_each(|it| item.rewrite(it, state));
            }
            if concerned.contains(&Kind::Rule) {
                item.apply(rule, (&mut *state, vars))?;
            }
        }
        if concerned.contains(&Kind::Rule) {
            state.applied.extend(item.id.clone());
        }
    }
    Ok(())
}

impl TryFrom<Value> for Item {
    type Error = String;

    fn try_from(written: Value) -> Result<Self, String> {
        Self::read(written).map_err(|(id, what)| match id {
            Some(id) => format!("{id}: {what}"),
            None => what,
        })
    }
}

impl Item {
    /// Reads a step; what is wrong with it, and what it calls itself.
    fn read(written: Value) -> Result<Self, (Option<String>, String)> {
        let mut rest: Mapping = value(written).map_err(|what| (None, what))?;
        let id = rest.remove("id").map(value::<String>).transpose().map_err(|it| (None, it))?;
        Self::of(id.clone(), rest).map_err(|what| (id, what))
    }

    fn of(id: Option<String>, mut rest: Mapping) -> Result<Self, String> {
        let name = rest.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(refused) = step::refusal(name) {
            return Err(refused);
        }
        let rules: Conditions<RuleCondition> = Conditions::take("rule", &mut rest)?;
        let items = Conditions::take("detection_item", &mut rest)?;
        let fields = Conditions::take("field_name", &mut rest)?;
        let what: What = value(Value::Mapping(rest))?;
        rules.each().try_for_each(RuleCondition::check)?;
        what.check()?;
        Ok(Self { id, what, rules, items, fields })
    }
}

impl State {
    /// A step gives a field other names.
    fn renames(&mut self, name: &str, names: &[String], step: Option<&String>) {
        let mut steps = self.fields.get(name).cloned().unwrap_or_default();
        steps.extend(step.cloned());
        for it in names {
            self.fields.entry(it.clone()).or_default().extend(steps.iter().cloned());
        }
    }
}

/// The line, from 1, of a key, or of the entry of its list that has this place, from 1.
fn line_of(text: &str, key: &str, entry: usize) -> usize {
    let mut lines = text.lines().enumerate();
    let is_key = |line: &str| line.strip_prefix(key).is_some_and(|it| it.starts_with(':'));
    let Some((at, _)) = lines.find(|(_, line)| is_key(line)) else { return 1 };
    let is_entry = |line: &str| line.trim_start().starts_with("- ") || line.trim() == "-";
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut outermost = None;
    let entries = lines.filter(|(_, line)| {
        is_entry(line) && *outermost.get_or_insert(indent(line)) == indent(line)
    });
    let found = entry.checked_sub(1).and_then(|nth| entries.into_iter().nth(nth));
    found.map_or(at, |(line, _)| line) + 1
}

#[cfg(test)]
mod tests;
