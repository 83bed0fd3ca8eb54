//! Comparison expressions made ready, and the values that object paths select.

use std::borrow::Cow;
use std::net::IpAddr;

use regex::bytes::Regex;
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::constant::{Seen, compare, seen};
use super::{Budget, EvaluateError, Observed, problem};
use crate::pattern::check::{compile, compile_bytes, network};
use crate::pattern::{
    CompareOp, Comparison, ComparisonOp, Literal, ObjectPath, Predicate, ProblemKind, Step, Test,
};

/// A comparison expression: holds in an observation when one object satisfies all of it.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Test(Box<Ready>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// A test with its operand worked out.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    path: ObjectPath,
    negated: bool,
    check: Check,
}

#[derive(Debug, Clone)]
enum Check {
    Exists,
    Compare(CompareOp, Literal),
    In(Vec<Literal>),
    /// `LIKE` and `MATCHES`; the second form is for values that are bytes.
    Text(Regex, Option<Regex>),
    Inside((IpAddr, u8)),
    Around((IpAddr, u8)),
}

impl Condition {
    pub(super) fn new(comparison: &Comparison) -> Result<Self, EvaluateError> {
        Ok(match comparison {
            Comparison::Test(test) => Self::Test(Box::new(Ready::new(test)?)),
            Comparison::Joined(op, operands) => {
                let operands = operands.iter().map(Self::new).collect::<Result<_, _>>()?;
                match op {
                    ComparisonOp::And => Self::All(operands),
                    ComparisonOp::Or => Self::Any(operands),
                }
            }
        })
    }

    /// Whether some object of the observation satisfies the condition.
    pub(super) fn holds_in(
        &self,
        observed: &Observed<'_>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateError> {
        any(&observed.objects, |object| self.holds(object, observed, budget))
    }

    fn holds(
        &self,
        object: &Value,
        observed: &Observed<'_>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateError> {
        match self {
            Self::Test(ready) => ready.holds(object, observed, budget),
            Self::Any(operands) => any(operands, |one| one.holds(object, observed, budget)),
            Self::All(operands) => {
                any(operands, |one| one.holds(object, observed, budget).map(|held| !held))
                    .map(|failed| !failed)
            }
        }
    }
}

impl Ready {
    fn new(test: &Test) -> Result<Self, EvaluateError> {
        let refuse = |kind| problem(kind, test.span);
        let place = |text: &str| {
            network(text).ok_or_else(|| refuse(ProblemKind::NotNetwork(text.to_owned())))
        };
        let check = match &test.predicate {
            Predicate::Exists => Check::Exists,
            Predicate::Compare(op, literal) => Check::Compare(*op, literal.clone()),
            Predicate::In(members) => Check::In(members.clone()),
            Predicate::Like(wildcards) => {
                Check::Text(compile(&expression(&normal(wildcards))).map_err(refuse)?, None)
            }
            Predicate::Matches(text) => {
                let text = normal(text);
                let bytes = binary_key(&test.path).then(|| compile_bytes(&text)).transpose();
                Check::Text(compile(&text).map_err(refuse)?, bytes.map_err(refuse)?)
            }
            Predicate::IsSubset(text) => Check::Inside(place(text)?),
            Predicate::IsSuperset(text) => Check::Around(place(text)?),
        };
        Ok(Self { path: test.path.clone(), negated: test.negated, check })
    }

    fn holds(
        &self,
        object: &Value,
        observed: &Observed<'_>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluateError> {
        budget.spend(1)?;
        let object_type = object.get("type").and_then(Value::as_str);
        if object_type != Some(&self.path.object_type) {
            return Ok(false);
        }
        let mut walk = Walk { ready: self, observed, budget };
        let selected = walk.selects(&self.path.steps, object, "")?;
        // `NOT EXISTS` denies the selection; every other `NOT` denies the predicate.
        Ok(selected != (self.negated && matches!(self.check, Check::Exists)))
    }

    fn accepts(&self, value: &Seen<'_>) -> bool {
        let held = match &self.check {
            Check::Exists => return true,
            Check::Compare(op, literal) => match (compare(value, literal), op) {
                (order, CompareOp::Equal) => order.is_some_and(|o| o.is_eq()),
                (order, CompareOp::NotEqual) => order.is_none_or(|o| o.is_ne()),
                // What has no order is neither below nor above, denied or not.
                (None, _) => return false,
                (Some(order), CompareOp::Less) => order.is_lt(),
                (Some(order), CompareOp::LessOrEqual) => order.is_le(),
                (Some(order), CompareOp::Greater) => order.is_gt(),
                (Some(order), CompareOp::GreaterOrEqual) => order.is_ge(),
            },
            Check::In(members) => {
                members.iter().any(|member| compare(value, member).is_some_and(|o| o.is_eq()))
            }
            Check::Text(text, bytes) => match value {
                Seen::Json(Value::String(seen)) => text.is_match(normal(seen).as_bytes()),
                Seen::Bytes(seen) => bytes.as_ref().unwrap_or(text).is_match(seen),
                Seen::Json(_) => false,
            },
            Check::Inside(outer) => value_network(value).is_some_and(|one| contains(*outer, one)),
            Check::Around(inner) => value_network(value).is_some_and(|one| contains(one, *inner)),
        };
        held != self.negated
    }
}

/// A path being walked through one observation.
struct Walk<'w, 'o> {
    ready: &'w Ready,
    observed: &'w Observed<'o>,
    budget: &'w mut Budget,
}

impl Walk<'_, '_> {
    /// Whether the steps from `value`, the value of property `key`, reach one that is accepted.
    fn selects(&mut self, steps: &[Step], value: &Value, key: &str) -> Result<bool, EvaluateError> {
        self.budget.spend(1)?;
        let Some((step, rest)) = steps.split_first() else {
            let members =
                if let Check::In(members) = &self.ready.check { members.len() } else { 0 };
            let length = value.as_str().map_or(0, str::len);
            self.budget.spend(members / 8 + length / 64)?;
            return Ok(self.ready.accepts(&seen(key, value)));
        };
        match step {
            Step::Key(next) => {
                let reference = key.ends_with("_ref") || key.ends_with("_refs");
                let owner = match value {
                    Value::String(id) if reference => self.observed.by_id.get(id.as_str()).copied(),
                    _ => Some(value),
                };
                owner
                    .and_then(|owner| owner.get(next))
                    .map_or(Ok(false), |inner| self.selects(rest, inner, next))
            }
            Step::Index(index) => {
                let index = usize::try_from(*index).unwrap_or(usize::MAX);
                let element = value.as_array().and_then(|list| list.get(index));
                element.map_or(Ok(false), |element| self.selects(rest, element, key))
            }
            Step::Any => {
                let list = value.as_array().map_or(&[][..], Vec::as_slice);
                any(list, |element| self.selects(rest, element, key))
            }
        }
    }
}

/// Whether one of the items passes; stops at the first, or at an error.
fn any<T>(
    items: &[T],
    mut passes: impl FnMut(&T) -> Result<bool, EvaluateError>,
) -> Result<bool, EvaluateError> {
    for item in items {
        if passes(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn binary_key(path: &ObjectPath) -> bool {
    let key = path.steps.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key),
        Step::Index(_) | Step::Any => None,
    });
    key.is_some_and(|key| key.ends_with("_hex") || key.ends_with("_bin"))
}

/// Text in Unicode normal form C, in which texts are compared with wildcards and expressions.
fn normal(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// The regular expression that a `LIKE` operand stands for.
fn expression(wildcards: &str) -> String {
    let mut expression = String::from(r"(?s)\A");
    for part in wildcards.split_inclusive(['%', '_']) {
        let (literal, wildcard) = match part.as_bytes().last() {
            Some(b'%') => (&part[..part.len() - 1], ".*"),
            Some(b'_') => (&part[..part.len() - 1], "."),
            _ => (part, ""),
        };
        expression.push_str(&regex::escape(literal));
        expression.push_str(wildcard);
    }
    expression + r"\z"
}

fn value_network(value: &Seen<'_>) -> Option<(IpAddr, u8)> {
    match value {
        Seen::Json(Value::String(text)) => network(text),
        _ => None,
    }
}

fn contains((outer, length): (IpAddr, u8), (inner, inner_length): (IpAddr, u8)) -> bool {
    // Both left-aligned in 128 bits, so that one shift compares either family.
    let bits = |address| match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    };
    outer.is_ipv4() == inner.is_ipv4()
        && length <= inner_length
        && (bits(outer) ^ bits(inner)).checked_shr(128 - u32::from(length)).unwrap_or(0) == 0
}
