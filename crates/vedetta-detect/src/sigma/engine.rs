//! Events in, the rules that match out.

use std::sync::Arc;

use super::bucket::Bucket;
use super::rules::{Rule, Rules};
use super::test::Field;
use crate::event::{Event, Value};
use crate::source::{Dialect, Source};

/// The rules, asked of one event after the other. One for each core: what it learns is its own.
pub struct Engine {
    rules: Arc<Rules>,
    /// By origin and dialect; made when first needed.
    buckets: Vec<Option<Box<Bucket>>>,
    found: Vec<usize>,
}

/// What made a rule match: the values that passed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Match {
    /// The field as the rule names it; nothing for a text found anywhere.
    pub field: Option<Box<str>>,
    /// The value, shortened.
    pub value: serde_json::Value,
}

/// Longest value shown in evidence, in characters.
const SHOWN: usize = 1_000;

impl Engine {
    /// An engine over rules that are ready.
    #[must_use]
    pub fn new(rules: Arc<Rules>) -> Self {
        let mut buckets = Vec::new();
        buckets.resize_with(Source::count() * Dialect::COUNT, || None);
        Self { rules, buckets, found: Vec::new() }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        self.rules.all()
    }

    /// The numbers of the rules that match, ascending.
    pub fn matches(&mut self, event: &Event<'_>) -> &[usize] {
        let (source, dialect) = (event.source(), event.dialect());
        let rules = &self.rules;
        let slot = self.buckets.get_mut(source.number * Dialect::COUNT + dialect as usize);
        self.found.clear();
        if let Some(slot) = slot {
            let bucket = slot.get_or_insert_with(|| {
                Box::new(Bucket::new(rules, &admitted(rules, source), dialect))
            });
            bucket.matches(rules, event, &mut self.found);
        }
        self.found.sort_unstable();
        &self.found
    }

    /// What [`Self::matches`] must find, worked out rule by rule without any arrangement.
    #[must_use]
    pub fn unrouted(&self, event: &Event<'_>) -> Vec<usize> {
        let passes = |number: u32| self.rules.tests.all[number as usize].passes(event);
        let rules = self.rules.all().iter().enumerate();
        rules
            .filter(|(_, rule)| admits(rule, event.source()))
            .filter(|(_, rule)| rule.expression.holds(&mut { passes }))
            .map(|(number, _)| number)
            .collect()
    }

    /// The values for which a rule matches.
    #[must_use]
    pub fn reasons(&self, event: &Event<'_>, rule: usize) -> Vec<Match> {
        let Some(rule) = self.rules.all().get(rule) else { return Vec::new() };
        let tests = &self.rules.tests.all;
        let mut passed = Vec::new();
        let mut passes = |number: u32| tests[number as usize].passes(event);
        rule.expression.reasons(&mut passes, &mut passed);
        let mut reasons: Vec<Match> = Vec::new();
        for test in passed.into_iter().filter_map(|number| tests.get(number as usize)) {
            let (field, value) = match &test.field {
                Field::Named(name, text) => {
                    let value = event.all(*name).find(|it| test.ask.holds(*it, event));
                    (Some(text.clone()), value.unwrap_or(Value::Null))
                }
                Field::Everywhere => {
                    let mut values = (0..event.len()).map(|at| event.value(at));
                    (None, values.find(|it| test.ask.holds(*it, event)).unwrap_or(Value::Null))
                }
            };
            let reason = Match { field, value: shortened(value) };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }
}

fn shortened(value: Value<'_>) -> serde_json::Value {
    match value.json() {
        serde_json::Value::String(text) if text.len() > SHOWN => {
            let mut short: String = text.chars().take(SHOWN).collect();
            short.push('…');
            short.into()
        }
        other => other,
    }
}

fn admits(rule: &Rule, source: &Source) -> bool {
    let asked = &rule.logsource;
    source.admits(&asked.product, &asked.service, &asked.category)
}

fn admitted(rules: &Rules, source: &Source) -> Vec<usize> {
    let rules = rules.all().iter().enumerate();
    rules.filter(|(_, rule)| admits(rule, source)).map(|(number, _)| number).collect()
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let made = self.buckets.iter().flatten().count();
        write!(f, "an engine of {} rules, {made} origins seen", self.rules.all().len())
    }
}
