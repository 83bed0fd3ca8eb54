//! What the grammar accepts and the specification forbids, or no evaluator could honour.

use std::collections::BTreeSet;
use std::net::IpAddr;

use regex::bytes::{Regex, RegexBuilder};

use super::term::{HashAlgorithm, last_hash_key};
use super::{
    CompareOp, Comparison, ComparisonOp, Literal, Observation, Pattern, Predicate, Qualifier,
    QualifierKind, Span, Test,
};

/// Largest compiled regular expression, in bytes.
const REGEX_BYTES: usize = 1 << 20;
/// Deepest nesting of a regular expression.
const REGEX_DEPTH: u32 = 64;

/// Something wrong with a pattern that parsed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Where it was written.
    pub span: Span,
}

/// What is wrong with a pattern that parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// 9.4.1: an interval that holds no instant.
    #[error("STOP must be later than START")]
    EmptyInterval,
    /// 9.4.1: `WITHIN 0 SECONDS`.
    #[error("WITHIN needs more than 0 seconds")]
    WithinZero,
    /// 9.4.1: `REPEATS 0 TIMES`.
    #[error("REPEATS needs at least 1 time")]
    RepeatsZero,
    /// 9.4.1: the same kind of qualifier twice on one `[ … ]`.
    #[error("the qualifier is given twice for the same observation expression")]
    DuplicateQualifier,
    /// 9.6: comparisons joined by `AND` can never be of one object.
    #[error("comparisons joined by AND must be of the same object type")]
    MixedObjectTypes,
    /// 9.6.1: a set of constants of several types.
    #[error("the members of a set must be of one type")]
    MixedSet,
    /// 9.6.1: the operand of `ISSUBSET` or `ISSUPERSET` is no address or network.
    #[error("{0:?} is not an IP address or a network in CIDR notation")]
    NotNetwork(String),
    /// The regular expression is malformed, too large, or uses look-around or back-references,
    /// which are not evaluated.
    #[error("regular expression: {0}")]
    Regex(String),
    /// The value cannot be a hash of the named algorithm.
    #[error("{value:?} is not a {algorithm} hash")]
    NotHash {
        /// The algorithm that the path names.
        algorithm: &'static str,
        /// The value.
        value: String,
    },
}

impl ProblemKind {
    /// Whether it says what we do not evaluate, and not that something is written wrongly:
    /// look-around and back-references, which the specification allows (PCRE), and size.
    #[must_use]
    pub fn is_beyond_us(&self) -> bool {
        let Self::Regex(reason) = self else { return false };
        ["look-around", "backreferences", "size limit"].iter().any(|it| reason.contains(it))
    }
}

/// Everything wrong with a pattern, in the order written; empty for a sound one.
#[must_use]
pub fn check(pattern: &Pattern) -> Vec<Problem> {
    let mut problems = Vec::new();
    observation(&pattern.root, &mut problems);
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

/// Compiles an expression for text, within bounds.
pub(super) fn compile(expression: &str) -> Result<Regex, ProblemKind> {
    build(RegexBuilder::new(expression).unicode(true))
}

/// Compiles an expression for bytes of no known encoding, within bounds.
pub(super) fn compile_bytes(expression: &str) -> Result<Regex, ProblemKind> {
    build(RegexBuilder::new(expression).unicode(false))
}

fn build(builder: &mut RegexBuilder) -> Result<Regex, ProblemKind> {
    builder
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(REGEX_DEPTH)
        .build()
        .map_err(|error| ProblemKind::Regex(last_line(&error.to_string())))
}

/// An address or network as its first address and prefix length.
pub(super) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(digits) if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|prefix| *prefix <= longest)?
        }
        Some(_) => return None,
        None => longest,
    };
    Some((address, prefix))
}

fn last_line(message: &str) -> String {
    let line = message.lines().next_back().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn observation(expression: &Observation, problems: &mut Vec<Problem>) {
    match expression {
        Observation::Single(inner) => {
            object_types(inner, problems);
        }
        Observation::Joined(_, operands) => {
            operands.iter().for_each(|operand| observation(operand, problems));
        }
        Observation::Qualified(inner, qualifiers) => {
            observation(inner, problems);
            let twice = matches!(**inner, Observation::Single(_));
            for (nth, one) in qualifiers.iter().enumerate() {
                let same = |other: &Qualifier| {
                    std::mem::discriminant(&other.kind) == std::mem::discriminant(&one.kind)
                };
                if twice && qualifiers[..nth].iter().any(same) {
                    let kind = ProblemKind::DuplicateQualifier;
                    problems.push(Problem { kind, span: one.span });
                }
                problems.extend(qualifier(one));
            }
        }
    }
}

fn qualifier(one: &Qualifier) -> Option<Problem> {
    let kind = match &one.kind {
        QualifierKind::StartStop { start, stop } if start >= stop => ProblemKind::EmptyInterval,
        QualifierKind::Within(seconds) if seconds.as_f64() <= 0.0 => ProblemKind::WithinZero,
        QualifierKind::Repeats(0) => ProblemKind::RepeatsZero,
        _ => return None,
    };
    Some(Problem { kind, span: one.span })
}

/// The object types of which one object can satisfy the comparison. Checks each test on the way.
fn object_types<'a>(comparison: &'a Comparison, problems: &mut Vec<Problem>) -> BTreeSet<&'a str> {
    match comparison {
        Comparison::Test(one) => {
            test(one, problems);
            BTreeSet::from([one.path.object_type.as_str()])
        }
        Comparison::Joined(ComparisonOp::Or, operands) => {
            operands.iter().flat_map(|operand| object_types(operand, problems)).collect()
        }
        Comparison::Joined(ComparisonOp::And, operands) => {
            let mut common: Option<BTreeSet<&str>> = None;
            for operand in operands {
                let types = object_types(operand, problems);
                let kept = match common {
                    Some(before) => &before & &types,
                    None => types.clone(),
                };
                if kept.is_empty() && !types.is_empty() {
                    let span = first_span(operand);
                    problems.push(Problem { kind: ProblemKind::MixedObjectTypes, span });
                    return BTreeSet::new();
                }
                common = Some(kept);
            }
            common.unwrap_or_default()
        }
    }
}

fn first_span(comparison: &Comparison) -> Span {
    match comparison {
        Comparison::Test(test) => test.span,
        Comparison::Joined(_, operands) => operands.first().map(first_span).unwrap_or_default(),
    }
}

fn test(one: &Test, problems: &mut Vec<Problem>) {
    let mut report = |kind| problems.push(Problem { kind, span: one.span });
    match &one.predicate {
        Predicate::IsSubset(text) | Predicate::IsSuperset(text) if network(text).is_none() => {
            report(ProblemKind::NotNetwork(text.clone()));
        }
        Predicate::Matches(expression) => {
            if let Err(kind) = compile(expression) {
                report(kind);
            }
        }
        Predicate::In(members) => {
            let kind = |member: &Literal| std::mem::discriminant(member);
            if members.windows(2).any(|pair| kind(&pair[0]) != kind(&pair[1])) {
                report(ProblemKind::MixedSet);
            }
            members.iter().filter_map(|member| hash(one, member)).for_each(report);
        }
        Predicate::Compare(CompareOp::Equal | CompareOp::NotEqual, literal) => {
            hash(one, literal).into_iter().for_each(report);
        }
        _ => {}
    }
}

fn hash(one: &Test, literal: &Literal) -> Option<ProblemKind> {
    let algorithm = HashAlgorithm::from_name(last_hash_key(&one.path)?)?;
    match literal {
        Literal::String(value) if algorithm.admits(value) => None,
        Literal::String(value) => {
            Some(ProblemKind::NotHash { algorithm: algorithm.name(), value: value.clone() })
        }
        _ => None,
    }
}
