//! Sigma correlations: what several findings say together (sigma-specification 2.1, correlation
//! rules).
//!
//! Time is the events' own. A window slides: it ends with the newest event of its group, and an
//! event that comes late counts while it still falls into it. An event that comes twice counts once.
//! Groups and what they hold are bounded; what was let go for want of room is counted. The whole
//! state can be written down and taken up again.

mod group;
mod state;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rsigma_parser::{
    ConditionExpr, CorrelationCondition, CorrelationRule, CorrelationType, Quantifier, WindowMode,
};
use serde::Serialize;

use self::group::{Group, Occurrence};
use self::state::Groups;
use self::wanted::Wait;
pub(crate) use self::wanted::{Wanted, rewritten};
use super::rules::{Refused, Rules};
use crate::event::{Event, Name};

/// Most groups of one correlation.
const MOST_GROUPS: usize = 100_000;
/// Most events of all groups of all correlations together.
const MOST_HELD: usize = 500_000;
/// Deepest chain of correlations over correlations.
const DEEPEST: usize = 8;

/// All correlations, and what they have seen.
#[derive(Debug)]
pub struct Correlator {
    correlations: Vec<Correlation>,
    /// For each rule, the correlations that wait for it.
    by_rule: HashMap<usize, Arc<[Wait]>>,
    by_correlation: HashMap<usize, Arc<[Wait]>>,
    /// What each has seen.
    groups: Vec<Groups>,
    evicted: u64,
    /// How many events all groups hold.
    held: usize,
}

#[derive(Debug)]
struct Correlation {
    id: String,
    name: Option<String>,
    title: String,
    level: &'static str,
    tags: Vec<String>,
    kind: CorrelationType,
    /// Its rules as it calls them.
    rules: Vec<String>,
    condition: CorrelationCondition,
    /// In microseconds.
    window: i64,
    /// Whether its rules are told, too.
    rules_told: RulesTold,
    /// How it counts.
    shape: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RulesTold {
    Yes,
    No,
}

/// That a correlation holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fired {
    /// Its identifier; its title when it has none.
    pub id: String,
    /// Its title.
    pub title: String,
    /// As a rule's.
    pub level: &'static str,
    /// As a rule's.
    pub tags: Vec<String>,
    /// What the events have in common.
    pub group: Vec<(String, String)>,
    /// What was counted.
    pub count: f64,
    /// The first event of the window, in microseconds since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
}

/// One thing that correlations wait for.
struct Seen<'s> {
    at: i64,
    event: u64,
    text: &'s dyn Fn(&[Name]) -> Option<String>,
    number: &'s dyn Fn(&[Name]) -> Option<f64>,
}

impl Correlator {
    /// The correlations of the rules; and those that cannot be used.
    #[must_use]
    pub fn new(rules: &Rules) -> (Self, Vec<Refused>) {
        let mut refused = Vec::new();
        let (mut correlations, mut places) = (Vec::new(), Vec::new());
        for (at, (rule, place)) in rules.correlations.iter().enumerate() {
            let mut wanted = rules.wanted.iter().flatten().filter(|it| it.correlation == at);
            let unusable = wanted.find_map(|it| it.refused.clone());
            match unusable.map_or_else(|| Correlation::of(rule), Err) {
                Ok(it) => {
                    places.push(at);
                    correlations.push(it);
                }
                Err(what) => refused.push(refuse(rule, place, &what)),
            }
        }
        let mut known = HashSet::new();
        let mut by_rule: HashMap<usize, Vec<Wait>> = HashMap::new();
        for (rule, wanted) in rules.wanted.iter().enumerate() {
            for it in wanted {
                let Ok(number) = places.binary_search(&it.correlation) else { continue };
                known.insert((number, it.nth));
                by_rule.entry(rule).or_default().push(it.wait(number));
            }
        }
        let mut by_correlation: HashMap<usize, Vec<Wait>> = HashMap::new();
        for (number, at) in places.iter().enumerate() {
            let Some((rule, place)) = rules.correlations.get(*at) else { continue };
            for (nth, called) in rule.rules.iter().enumerate() {
                let mut is_known = known.contains(&(number, nth));
                for (other, it) in correlations.iter().enumerate() {
                    if other != number && it.is_called(called) {
                        let wait = Wanted::of(rule, (*at, nth)).wait(number);
                        by_correlation.entry(other).or_default().push(wait);
                        is_known = true;
                    }
                }
                if !is_known {
                    refused.push(refuse(rule, place, &format!("no rule is called {called:?}")));
                }
            }
        }
        let shared = |of: HashMap<usize, Vec<Wait>>| {
            of.into_iter().map(|(it, waiting)| (it, waiting.into())).collect()
        };
        let (by_rule, by_correlation) = (shared(by_rule), shared(by_correlation));
        let groups = correlations.iter().map(|_| Groups::new()).collect();
        let evicted = 0;
        (Self { correlations, by_rule, by_correlation, groups, evicted, held: 0 }, refused)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.correlations.is_empty()
    }

    /// Whether correlations wait for a rule.
    #[must_use]
    pub fn waits_for(&self, rule: usize) -> bool {
        self.by_rule.contains_key(&rule)
    }

    /// Whether a rule only serves correlations, and none of them wants it told by itself
    /// (`generate`).
    #[must_use]
    pub fn silences(&self, rule: usize) -> bool {
        let waiting = self.by_rule.get(&rule);
        waiting
            .is_some_and(|it| it.iter().all(|it| !self.correlations[it.correlation].tells_rules()))
    }

    /// Groups and events that were let go for want of room.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        let of = |groups: &Groups| groups.values().map(|it| it.evicted).sum::<u64>();
        self.evicted + self.groups.iter().map(of).sum::<u64>()
    }

    /// A rule matched an event, at a moment in microseconds. `id` tells the event from all others.
    pub fn see(
        &mut self,
        rule: usize,
        event: &Event<'_>,
        (at, id): (i64, u64),
        fired: &mut Vec<Fired>,
    ) {
        let Some(waiting) = self.by_rule.get(&rule).cloned() else { return };
        self.keep_within_room();
        let text = |names: &[Name]| {
            names.iter().find_map(|it| event.text(*it)).map(std::borrow::Cow::into_owned)
        };
        let number = |names: &[Name]| names.iter().find_map(|it| event.get(*it)?.number());
        let seen = Seen { at, event: id, text: &text, number: &number };
        for wait in waiting.iter() {
            self.count(wait, &seen, fired, 0);
        }
    }

    fn count(&mut self, wait: &Wait, seen: &Seen<'_>, fired: &mut Vec<Fired>, depth: usize) {
        let (number, nth) = (wait.correlation, wait.nth);
        let Some(correlation) = self.correlations.get(number) else { return };
        let Some(group) = wait.group(seen) else { return };
        let key: String = group.iter().map(|(_, value)| format!("{value}\u{1f}")).collect();
        let groups = &mut self.groups[number];
        let Some(value) = correlation.value(wait, seen) else { return };
        if groups.len() >= MOST_GROUPS && !groups.contains_key(&key) {
            self.evicted += make_room(groups);
        }
        let occurrence = Occurrence { at: seen.at, event: seen.event, rule: nth, value };
        let held = groups.entry(key).or_default();
        let before = held.len();
        if !held.add(occurrence, correlation.window) {
            return;
        }
        self.held = (self.held + held.len()).saturating_sub(before);
        let Some(count) = correlation.holds(held) else { return };
        if !held.fires(correlation.window) {
            return;
        }
        let (first, last) = held.range();
        let it = Fired {
            id: correlation.id.clone(),
            title: correlation.title.clone(),
            level: correlation.level,
            tags: correlation.tags.clone(),
            group,
            count,
            first,
            last,
        };
        if let (Some(chained), true) = (self.by_correlation.get(&number).cloned(), depth < DEEPEST)
        {
            let group = it.group.clone();
            let named = |names: &[Name]| {
                let found = group.iter().find(|(field, _)| names.contains(&Name::of(field)));
                found.map(|(_, value)| value.clone())
            };
            let parsed = |names: &[Name]| named(names).and_then(|it| it.parse().ok());
            let seen = Seen { at: last, event: seen.event, text: &named, number: &parsed };
            for wait in chained.iter() {
                self.count(wait, &seen, fired, depth + 1);
            }
        }
        fired.push(it);
    }
}

impl Correlator {
    /// When all hold too much, the one that holds most lets go.
    fn keep_within_room(&mut self) {
        while self.held > MOST_HELD {
            let Some(most) = self.groups.iter_mut().max_by_key(|it| held(it)) else { return };
            self.evicted += make_room(most);
            self.held = self.groups.iter().map(held).sum();
        }
    }
}

/// How many events the groups of a correlation hold.
fn held(groups: &Groups) -> usize {
    groups.values().map(Group::len).sum()
}

impl Correlation {
    fn of(rule: &CorrelationRule) -> Result<Self, String> {
        let seconds = i64::try_from(rule.timespan.seconds).ok();
        let window =
            seconds.and_then(|it| it.checked_mul(1_000_000)).ok_or("the time is too long")?;
        let named = match &rule.condition {
            CorrelationCondition::Threshold { field, .. } => field.as_ref().map_or(0, Vec::len),
            CorrelationCondition::Extended(_) => 0,
        };
        if named > 1 && rule.correlation_type != CorrelationType::ValueCount {
            return Err("the condition names several fields; only value_count takes them".into());
        }
        if let CorrelationCondition::Extended(expression) = &rule.condition {
            are_known(expression, &rule.rules)?;
        }
        let counts = matches!(rule.correlation_type, CorrelationType::EventCount)
            || is_temporal(rule.correlation_type);
        if named == 0 && !counts {
            return Err("the condition names no field to count".into());
        }
        if rule.window != WindowMode::Sliding {
            return Err(format!("there is no {} window; windows slide", rule.window.as_str()));
        }
        if rule.rules.is_empty() || rule.rules.len() > 64 {
            return Err("it takes 1 to 64 rules".into());
        }
        Ok(Self {
            id: rule.id.clone().unwrap_or_else(|| rule.title.clone()),
            name: rule.name.clone(),
            title: rule.title.clone(),
            level: rule.level.map_or("", |it| it.as_str()),
            tags: rule.tags.clone(),
            kind: rule.correlation_type,
            rules: rule.rules.clone(),
            condition: rule.condition.clone(),
            window,
            rules_told: if rule.generate { RulesTold::Yes } else { RulesTold::No },
            shape: state::shape(rule),
        })
    }

    fn tells_rules(&self) -> bool {
        self.rules_told == RulesTold::Yes
    }

    fn is_called(&self, called: &str) -> bool {
        self.id == called || self.name.as_deref() == Some(called)
    }

    /// What is counted of an event; nothing when it lacks it.
    fn value(&self, wait: &Wait, seen: &Seen<'_>) -> Option<(u64, f64)> {
        let Some(names) = wait.fields.first() else { return Some((0, 0.0)) };
        if self.kind == CorrelationType::ValueCount {
            let texts = wait.fields.iter().map(|names| (seen.text)(names));
            let texts = texts.collect::<Option<Vec<_>>>()?;
            return Some((Name::of(&texts.join("\u{1f}")).0, 0.0));
        }
        Some((0, (seen.number)(names)?))
    }

    /// What was counted, if it is what the condition asks.
    fn holds(&self, held: &Group) -> Option<f64> {
        let count = match self.kind {
            CorrelationType::EventCount => held.events(),
            CorrelationType::ValueCount => held.values(),
            CorrelationType::Temporal => held.rules().count_ones().into(),
            CorrelationType::TemporalOrdered => held.ordered(self.rules.len()),
            CorrelationType::ValueSum => held.numbers().iter().sum(),
            CorrelationType::ValueAvg => {
                held.numbers().iter().sum::<f64>() / held.numbers().len().max(1) as f64
            }
            CorrelationType::ValueMedian => held.percentile(50),
            CorrelationType::ValuePercentile => held.percentile(self.rank()),
        };
        let holds = match &self.condition {
            CorrelationCondition::Extended(expression) => self.says(expression, held.rules()),
            CorrelationCondition::Threshold { .. } if is_temporal(self.kind) => {
                count >= self.rules.len() as f64
            }
            CorrelationCondition::Threshold { predicates, .. } => {
                predicates.iter().all(|(order, wanted)| fits(*order, count, *wanted as f64))
            }
        };
        holds.then_some(count)
    }

    fn rank(&self) -> u64 {
        match &self.condition {
            CorrelationCondition::Threshold { percentile, .. } => percentile.unwrap_or(50).min(100),
            CorrelationCondition::Extended(_) => 50,
        }
    }

    fn says(&self, expression: &ConditionExpr, rules: u64) -> bool {
        match expression {
            ConditionExpr::And(of) => of.iter().all(|it| self.says(it, rules)),
            ConditionExpr::Or(of) => of.iter().any(|it| self.says(it, rules)),
            ConditionExpr::Not(of) => !self.says(of, rules),
            ConditionExpr::Identifier(called) => {
                let nth = self.rules.iter().position(|it| it == called);
                nth.is_some_and(|nth| rules & (1 << nth) != 0)
            }
            ConditionExpr::Selector { quantifier, pattern } => {
                let (mut meant, mut seen) = (0, 0);
                for (nth, called) in self.rules.iter().enumerate() {
                    if pattern.matches_detection_name(called) {
                        meant += 1;
                        seen += rules >> nth & 1;
                    }
                }
                match quantifier {
                    Quantifier::Any => seen > 0,
                    Quantifier::All => seen == meant,
                    Quantifier::Count(least) => seen >= *least,
                }
            }
        }
    }
}

impl Wait {
    /// What tells the group; nothing when the event lacks one of the fields.
    fn group(&self, seen: &Seen<'_>) -> Option<Vec<(String, String)>> {
        let fields = self.group.iter();
        fields.map(|(field, names)| Some((field.clone(), (seen.text)(names)?))).collect()
    }
}

/// Whether a condition asks for nothing but a correlation's own rules.
fn are_known(expression: &ConditionExpr, rules: &[String]) -> Result<(), String> {
    match expression {
        ConditionExpr::And(of) | ConditionExpr::Or(of) => {
            of.iter().try_for_each(|it| are_known(it, rules))
        }
        ConditionExpr::Not(of) => are_known(of, rules),
        ConditionExpr::Identifier(called) if rules.contains(called) => Ok(()),
        ConditionExpr::Selector { pattern, .. }
            if rules.iter().any(|it| pattern.matches_detection_name(it)) =>
        {
            Ok(())
        }
        other => Err(format!("the condition asks for {other}, which is none of its rules")),
    }
}

fn refuse(rule: &CorrelationRule, place: &(String, usize), what: &str) -> Refused {
    let reason = format!("{}: {what}", rule.title);
    Refused::at(place.0.clone(), place.1, reason)
}

/// Lets go the sixteenth of the groups that was not heard of for longest; answers how many those are.
/// So many at once, for to look for one takes as long.
fn make_room(groups: &mut Groups) -> u64 {
    let mut newest: Vec<_> = groups.values().map(Group::newest).collect();
    let (before, many) = (groups.len(), groups.len() / 16);
    if newest.is_empty() {
        return 0;
    }
    let limit = *newest.select_nth_unstable(many).1;
    let mut left = many + 1;
    groups.retain(|_, it| {
        let stays = left == 0 || it.newest() > limit;
        left -= usize::from(!stays);
        stays
    });
    (before - groups.len()) as u64
}

fn is_temporal(kind: CorrelationType) -> bool {
    matches!(kind, CorrelationType::Temporal | CorrelationType::TemporalOrdered)
}

fn fits(order: rsigma_parser::ConditionOperator, count: f64, wanted: f64) -> bool {
    use rsigma_parser::ConditionOperator::{Eq, Gt, Gte, Lt, Lte, Neq};
    match order {
        Lt => count < wanted,
        Lte => count <= wanted,
        Gt => count > wanted,
        Gte => count >= wanted,
        Eq => (count - wanted).abs() < f64::EPSILON,
        Neq => (count - wanted).abs() >= f64::EPSILON,
    }
}
