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
    buckets: Vec<Slot>,
    arranging: Arranging,
    /// What is to be arranged elsewhere.
    wanted: Vec<Origin>,
    found: Vec<usize>,
}

enum Slot {
    Empty,
    /// It is being arranged elsewhere.
    Wanted(Origin),
    Ready(Origin, Box<Bucket>),
}

/// Who arranges the rules for an origin of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arranging {
    AtOnce,
    Elsewhere,
}

/// An origin of events, and how they name things.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    source: &'static Source,
    dialect: Dialect,
}

/// Rules that are to be arranged for an origin, on any thread.
#[derive(Debug)]
pub struct ToArrange {
    rules: Arc<Rules>,
    origin: Origin,
}

/// Rules arranged for an origin.
pub struct Arranged {
    of: ToArrange,
    bucket: Box<Bucket>,
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
        buckets.resize_with(Source::count() * Dialect::COUNT, || Slot::Empty);
        let (arranging, wanted, found) = (Arranging::AtOnce, Vec::new(), Vec::new());
        Self { rules, buckets, arranging, wanted, found }
    }

    /// An engine whose rules are arranged elsewhere ([`Self::to_arrange`]): until they are, an event
    /// of that origin is asked rule by rule, which finds the same and makes nobody wait.
    #[must_use]
    pub fn arranged_elsewhere(rules: Arc<Rules>) -> Self {
        Self { arranging: Arranging::Elsewhere, ..Self::new(rules) }
    }

    /// What is to be arranged elsewhere, once.
    pub fn to_arrange(&mut self) -> Vec<ToArrange> {
        let of = |origin| ToArrange { rules: Arc::clone(&self.rules), origin };
        std::mem::take(&mut self.wanted).into_iter().map(of).collect()
    }

    /// Takes what was arranged elsewhere; what is of other rules is let go.
    pub fn take(&mut self, arranged: Arranged) {
        let Arranged { of, bucket } = arranged;
        if Arc::ptr_eq(&of.rules, &self.rules)
            && let Some(slot) = self.buckets.get_mut(of.origin.place())
        {
            *slot = Slot::Ready(of.origin, bucket);
        }
    }

    /// The origins of the events so far.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        let of = |slot: &Slot| match slot {
            Slot::Empty => None,
            Slot::Wanted(origin) | Slot::Ready(origin, _) => Some(*origin),
        };
        self.buckets.iter().filter_map(of).collect()
    }

    /// Events of these origins are to come.
    pub fn expect(&mut self, origins: &[Origin]) {
        for origin in origins {
            if let Some(slot @ Slot::Empty) = self.buckets.get_mut(origin.place()) {
                *slot = Slot::Wanted(*origin);
                self.wanted.push(*origin);
            }
        }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        self.rules.all()
    }

    /// The numbers of the rules that match, ascending.
    pub fn matches(&mut self, event: &Event<'_>) -> &[usize] {
        let origin = Origin { source: event.source(), dialect: event.dialect() };
        self.found.clear();
        if let Some(slot) = self.buckets.get_mut(origin.place()) {
            if matches!(slot, Slot::Empty) {
                *slot = match self.arranging {
                    Arranging::AtOnce => Slot::Ready(origin, origin.arranged(&self.rules)),
                    Arranging::Elsewhere => {
                        self.wanted.push(origin);
                        Slot::Wanted(origin)
                    }
                };
            }
            match slot {
                Slot::Ready(_, bucket) => bucket.matches(&self.rules, event, &mut self.found),
                _ => self.found = self.unrouted(event),
            }
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

impl Origin {
    fn place(self) -> usize {
        self.source.number * Dialect::COUNT + self.dialect as usize
    }

    fn arranged(self, rules: &Rules) -> Box<Bucket> {
        Box::new(Bucket::new(rules, &admitted(rules, self.source), self.dialect))
    }
}

impl ToArrange {
    /// Arranges them; this takes time.
    #[must_use]
    pub fn arrange(self) -> Arranged {
        let bucket = self.origin.arranged(&self.rules);
        Arranged { of: self, bucket }
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
        let made = self.origins().len();
        write!(f, "an engine of {} rules, {made} origins seen", self.rules.all().len())
    }
}

impl std::fmt::Debug for Arranged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rules arranged for {:?}", self.of.origin)
    }
}
