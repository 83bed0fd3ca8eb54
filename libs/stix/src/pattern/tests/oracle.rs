//! A slow and simple second opinion: every binding of every expression, written out.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::super::*;

/// An observation, `count` times between two seconds, of an object with some of three marks.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: usize,
    marks: Vec<i64>,
}

/// The observation and which of its times.
type Instance = (usize, usize);

impl Seen {
    pub(super) fn object(&self) -> Value {
        json!({"type": "x", "id": "x", "marks": self.marks})
    }
}

pub(super) fn seen() -> impl Strategy<Value = Seen> {
    let length = select(vec![0, 0, 0, 2, 9]);
    let count = select(vec![1usize, 1, 1, 2]);
    (0..12i64, length, count, vec(0..3i64, 1..4)).prop_map(|(first, length, count, marks)| Seen {
        first,
        last: first + length,
        count,
        marks,
    })
}

/// Expressions of a few observations of one mark each.
pub(super) fn expression() -> impl Strategy<Value = Observation> {
    let single = (0..3i64).prop_map(|mark| parse(&format!("[x:marks[*] = {mark}]")).unwrap().root);
    single.prop_recursive(3, 5, 2, |inner| {
        let op = select(vec![ObservationOp::And, ObservationOp::Or, ObservationOp::FollowedBy]);
        prop_oneof![
            (op, vec(inner.clone(), 2..=2)).prop_map(|(op, all)| Observation::Joined(op, all)),
            (inner, vec(qualifier(), 1..3))
                .prop_map(|(inner, all)| Observation::Qualified(Box::new(inner), all)),
        ]
    })
}

fn qualifier() -> impl Strategy<Value = Qualifier> {
    let at = |second: i64| super::super::Timestamp::from_second(1_800_000_000 + second).unwrap();
    let kind = prop_oneof![
        (0..12i64, 1..15i64).prop_map(move |(start, length)| QualifierKind::StartStop {
            start: at(start),
            stop: at(start + length),
        }),
        (1..8i64).prop_map(|seconds| QualifierKind::Within(Number::Integer(seconds))),
        (1..4u64).prop_map(QualifierKind::Repeats),
    ];
    kind.prop_map(|kind| Qualifier { kind, span: Span::default() })
}

pub(super) fn matches(root: &Observation, seen: &[Seen], zero: Timestamp) -> bool {
    !bindings(root, seen, zero).is_empty()
}

fn bindings(expression: &Observation, seen: &[Seen], zero: Timestamp) -> Vec<Vec<Instance>> {
    match expression {
        Observation::Single(comparison) => {
            let Comparison::Test(Test { predicate, .. }) = comparison else { return Vec::new() };
            let places = 0..seen.len();
            let having = places.filter(|place| has(&seen[*place], predicate));
            having.flat_map(|place| (0..seen[place].count).map(move |n| vec![(place, n)])).collect()
        }
        Observation::Joined(op, operands) => {
            let mut all = operands.iter().map(|operand| bindings(operand, seen, zero));
            let first = all.next().unwrap_or_default();
            all.fold(first, |left, right| match op {
                ObservationOp::Or => [left, right].concat(),
                ObservationOp::And => pairs(&left, &right, |_, _| true),
                ObservationOp::FollowedBy => pairs(&left, &right, |before, after| {
                    let latest = before.iter().map(|(place, _)| seen[*place].first).max();
                    let earliest = after.iter().map(|(place, _)| seen[*place].last).min();
                    latest <= earliest
                }),
            })
        }
        Observation::Qualified(inner, qualifiers) => {
            qualifiers.iter().fold(bindings(inner, seen, zero), |found, one| {
                qualified(found, &one.kind, seen, zero)
            })
        }
    }
}

fn has(one: &Seen, predicate: &Predicate) -> bool {
    let Predicate::Compare(_, Literal::Number(Number::Integer(mark))) = predicate else {
        return false;
    };
    one.marks.contains(mark)
}

fn pairs(
    left: &[Vec<Instance>],
    right: &[Vec<Instance>],
    fits: impl Fn(&[Instance], &[Instance]) -> bool,
) -> Vec<Vec<Instance>> {
    let mut joined = Vec::new();
    for before in left {
        for after in right {
            if !before.iter().any(|one| after.contains(one)) && fits(before, after) {
                joined.push([before.as_slice(), after].concat());
            }
        }
    }
    joined.iter_mut().for_each(|binding| binding.sort_unstable());
    joined.sort_unstable();
    joined.dedup();
    joined
}

fn qualified(
    found: Vec<Vec<Instance>>,
    kind: &QualifierKind,
    seen: &[Seen],
    zero: Timestamp,
) -> Vec<Vec<Instance>> {
    let keep = |fits: &dyn Fn(&[Instance]) -> bool| {
        found.iter().filter(|binding| fits(binding)).cloned().collect()
    };
    match kind {
        QualifierKind::Repeats(times) => {
            (1..*times).fold(found.clone(), |many, _| pairs(&many, &found, |_, _| true))
        }
        QualifierKind::Within(seconds) => keep(&|binding| {
            let lasts = binding.iter().map(|(place, _)| seen[*place].last);
            let firsts = binding.iter().map(|(place, _)| seen[*place].first);
            let apart = firsts.max().unwrap_or(0) - lasts.min().unwrap_or(0);
            f64::from(i32::try_from(apart).unwrap_or(i32::MAX)) <= seconds.as_f64()
        }),
        QualifierKind::StartStop { start, stop } => keep(&|binding| {
            binding.iter().all(|(place, _)| {
                let (first, last) = (seen[*place].first, seen[*place].last);
                first < stop.as_second() - zero.as_second()
                    && last >= start.as_second() - zero.as_second()
            })
        }),
    }
}
