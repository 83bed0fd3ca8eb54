//! Patterns against observed data (STIX 2.1, 9.4 to 9.7).
//!
//! A pattern matches when a different observation can be bound to each `[ … ]` that it needs, so
//! that operators and qualifiers hold. An observation that was made several times
//! (`number_observed`) can be bound so many times. Where an observation has an interval, each
//! constraint on time asks whether some instant in the interval can satisfy it.
//!
//! References are followed only inside one observation. Work is counted: what would take more
//! than the allowed steps ends with an error instead of a verdict.

mod condition;
mod constant;
mod search;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use self::condition::Condition;
use super::lexer::timestamp;
use super::{
    Number, Observation, ObservationOp, Pattern, Problem, ProblemKind, Qualifier, QualifierKind,
    Span,
};

/// Steps allowed when the caller has no opinion: well under a second of work.
pub const DEFAULT_STEPS: u64 = 5_000_000;
/// Most observation expressions that one match may need together, with their qualifiers;
/// repetitions of a single `[ … ]` count once.
pub const MAX_JOINED: usize = 256;

/// What was observed together, when, and how often: an observed-data object with its graph.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    first: Timestamp,
    last: Timestamp,
    count: u64,
    objects: Vec<&'a Value>,
    by_id: HashMap<&'a str, &'a Value>,
}

/// Why an observed-data object cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObservedError {
    /// `first_observed` is missing or no timestamp.
    #[error("first_observed is not a timestamp")]
    First,
    /// `last_observed` is missing or no timestamp.
    #[error("last_observed is not a timestamp")]
    Last,
    /// `last_observed` is before `first_observed`.
    #[error("last_observed is before first_observed")]
    Order,
    /// `number_observed` is missing or not a whole number above 0.
    #[error("number_observed is not a whole number above 0")]
    Count,
    /// Neither `object_refs` nor `objects` is there.
    #[error("object_refs is not a list")]
    Objects,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// The pattern cannot be evaluated.
    #[error(transparent)]
    Pattern(#[from] Problem),
    /// The pattern joins more than [`MAX_JOINED`] observation expressions.
    #[error("the pattern joins more than {MAX_JOINED} observation expressions")]
    TooComplex,
    /// The allowed steps were used up.
    #[error("no verdict within the allowed {0} steps: evaluate fewer observations at a time")]
    TooMuchWork(u64),
}

/// A pattern made ready for evaluation.
#[derive(Debug, Clone)]
pub struct Matcher {
    root: Node,
    conditions: Vec<Condition>,
}

/// An observation expression over numbered conditions.
#[derive(Debug, Clone)]
enum Node {
    /// So many different observations that satisfy one condition.
    Pick { condition: usize, times: u64 },
    /// Operands under one operator.
    Joined(ObservationOp, Vec<Node>),
    /// So many disjoint matches of the inner expression.
    Repeated(Box<Node>, u64),
    /// Every observation of the inner expression under one constraint on time.
    Timed(Box<Node>, Rule),
}

/// A constraint on the time of observations, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// All within this duration of each other.
    Within(i128),
    /// Each from the first instant (included) to the second (excluded).
    Interval(i128, i128),
    /// Each at or after this instant.
    After(i128),
}

/// Steps left to do.
#[derive(Debug)]
struct Budget {
    left: u64,
    allowed: u64,
}

/// A moment in microseconds since 1970; the nearest that can be told.
#[must_use]
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Finds a match of a pattern: the places in `observed` of the observations bound, in order.
///
/// # Errors
/// The pattern cannot be evaluated, or the work exceeds `steps`.
pub fn evaluate(
    pattern: &Pattern,
    observed: &[Observed<'_>],
    steps: u64,
) -> Result<Option<Vec<usize>>, EvaluateError> {
    Matcher::new(pattern)?.find(observed, steps)
}

impl<'a> Observed<'a> {
    /// Objects seen together `count` times between two instants.
    #[must_use]
    pub fn new(
        (from, to): (Timestamp, Timestamp),
        count: u64,
        objects: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        let objects: Vec<_> = objects.into_iter().collect();
        let id = |object: &&'a Value| object.get("id").and_then(Value::as_str);
        let by_id = objects.iter().filter_map(|object| Some((id(object)?, *object))).collect();
        Self { first: from.min(to), last: from.max(to), count, objects, by_id }
    }

    /// Reads an observed-data object; `find` gives the object of an id, where it is known.
    ///
    /// The embedded `objects` of STIX 2.0, deprecated in 2.1, are understood too.
    ///
    /// # Errors
    /// A property that is needed is missing or malformed.
    pub fn read(
        observed_data: &'a Value,
        find: &dyn Fn(&str) -> Option<&'a Value>,
    ) -> Result<Self, ObservedError> {
        let instant = |name| observed_data.get(name).and_then(Value::as_str).and_then(timestamp);
        let first = instant("first_observed").ok_or(ObservedError::First)?;
        let last = instant("last_observed").ok_or(ObservedError::Last)?;
        if last < first {
            return Err(ObservedError::Order);
        }
        let count = observed_data.get("number_observed").and_then(Value::as_u64);
        let count = count.filter(|count| *count > 0).ok_or(ObservedError::Count)?;
        if let Some(Value::Array(refs)) = observed_data.get("object_refs") {
            let known = refs.iter().filter_map(Value::as_str).filter_map(find);
            return Ok(Self::new((first, last), count, known));
        }
        let Some(Value::Object(embedded)) = observed_data.get("objects") else {
            return Err(ObservedError::Objects);
        };
        let mut observed = Self::new((first, last), count, embedded.values());
        observed.by_id.extend(embedded.iter().map(|(key, object)| (key.as_str(), object)));
        Ok(observed)
    }
}

impl Matcher {
    /// Makes a pattern ready: compiles its expressions, works out its networks.
    ///
    /// # Errors
    /// An operand cannot be evaluated ([`EvaluateError::Pattern`]) or the pattern is too complex.
    pub fn new(pattern: &Pattern) -> Result<Self, EvaluateError> {
        let mut conditions = Vec::new();
        let root = lower(&pattern.root, &mut conditions)?;
        if root.depth() > MAX_JOINED {
            return Err(EvaluateError::TooComplex);
        }
        Ok(Self { root, conditions })
    }

    /// Whether any `[ … ]` of the pattern holds in an observation.
    ///
    /// # Errors
    /// [`EvaluateError::TooMuchWork`] when more than `steps` are needed.
    pub fn touches(&self, observed: &Observed<'_>, steps: u64) -> Result<bool, EvaluateError> {
        let mut budget = Budget { left: steps, allowed: steps };
        for condition in &self.conditions {
            if condition.holds_in(observed, &mut budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds a match: the places in `observed` of the observations bound, in order.
    ///
    /// # Errors
    /// [`EvaluateError::TooMuchWork`] when more than `steps` are needed.
    pub fn find(
        &self,
        observed: &[Observed<'_>],
        steps: u64,
    ) -> Result<Option<Vec<usize>>, EvaluateError> {
        let mut budget = Budget { left: steps, allowed: steps };
        let mut candidates = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let mut satisfied = Vec::new();
            for (place, one) in observed.iter().enumerate() {
                budget.spend(1)?;
                if condition.holds_in(one, &mut budget)? {
                    satisfied.push(place);
                }
            }
            candidates.push(satisfied);
        }
        search::find(&self.root, candidates, observed, budget)
    }
}

impl Budget {
    fn spend(&mut self, steps: usize) -> Result<(), EvaluateError> {
        self.left = self.left.checked_sub(steps as u64).ok_or_else(|| self.exhausted())?;
        Ok(())
    }

    fn exhausted(&self) -> EvaluateError {
        EvaluateError::TooMuchWork(self.allowed)
    }
}

impl Node {
    /// How deep the search recurses for it at most.
    fn depth(&self) -> usize {
        match self {
            Self::Pick { .. } => 1,
            Self::Joined(ObservationOp::Or, operands) => {
                operands.iter().map(Self::depth).max().unwrap_or(0).saturating_add(1)
            }
            Self::Joined(_, operands) => {
                operands.iter().map(Self::depth).fold(1, usize::saturating_add)
            }
            Self::Repeated(inner, times) => {
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                inner.depth().saturating_add(1).saturating_mul(times)
            }
            Self::Timed(inner, _) => inner.depth().saturating_add(1),
        }
    }
}

fn lower(expression: &Observation, conditions: &mut Vec<Condition>) -> Result<Node, EvaluateError> {
    Ok(match expression {
        Observation::Single(comparison) => {
            conditions.push(Condition::new(comparison)?);
            Node::Pick { condition: conditions.len() - 1, times: 1 }
        }
        Observation::Joined(op, operands) => {
            let nodes: Result<_, _> = operands.iter().map(|o| lower(o, conditions)).collect();
            Node::Joined(*op, nodes?)
        }
        Observation::Qualified(inner, qualifiers) => {
            let inner = lower(inner, conditions)?;
            qualifiers.iter().try_fold(inner, qualify)?
        }
    })
}

fn qualify(inner: Node, qualifier: &Qualifier) -> Result<Node, EvaluateError> {
    Ok(match (&qualifier.kind, inner) {
        (QualifierKind::Repeats(0), _) => {
            return Err(problem(ProblemKind::RepeatsZero, qualifier.span));
        }
        (QualifierKind::Repeats(times), inner) => repeat(inner, *times),
        (QualifierKind::Within(seconds), inner) => {
            let nanoseconds = nanoseconds(*seconds);
            if nanoseconds <= 0 {
                return Err(problem(ProblemKind::WithinZero, qualifier.span));
            }
            match inner {
                // One observation is always within any time of itself.
                Node::Pick { times: 1, .. } => inner,
                _ => Node::Timed(Box::new(inner), Rule::Within(nanoseconds)),
            }
        }
        (QualifierKind::StartStop { start, stop }, inner) => {
            let rule = Rule::Interval(start.as_nanosecond(), stop.as_nanosecond());
            Node::Timed(Box::new(inner), rule)
        }
    })
}

/// Repetitions of a single condition become picks, which need no recursion.
fn repeat(inner: Node, times: u64) -> Node {
    match inner {
        _ if times == 1 => inner,
        Node::Pick { condition, times: before } => {
            Node::Pick { condition, times: before.saturating_mul(times) }
        }
        // An interval binds each observation by itself.
        Node::Timed(inner, rule @ Rule::Interval(..)) => {
            Node::Timed(Box::new(repeat(*inner, times)), rule)
        }
        inner => Node::Repeated(Box::new(inner), times),
    }
}

fn problem(kind: ProblemKind, span: Span) -> EvaluateError {
    EvaluateError::Pattern(Problem { kind, span })
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, which is long enough")]
fn nanoseconds(seconds: Number) -> i128 {
    match seconds {
        Number::Integer(seconds) => i128::from(seconds) * 1_000_000_000,
        Number::Float(seconds) if seconds > 0.0 => (seconds * 1e9).clamp(1.0, 1e30).round() as i128,
        Number::Float(_) => 0,
    }
}
