//! Strategies for trees and for text that looks like a pattern.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::*;

/// Tokens in any order, most of them making no sense.
pub(super) fn tokens() -> impl Strategy<Value = String> {
    let words = select(vec![
        "[",
        "]",
        "(",
        ")",
        "[a:b = 1]",
        "a:b",
        ":",
        ".",
        "*",
        "=",
        "!=",
        "NOT",
        "EXISTS",
        "AND",
        "OR",
        "FOLLOWEDBY",
        "IN",
        "LIKE",
        "MATCHES",
        "'x'",
        "'\\'",
        "5",
        "-0.5",
        "true",
        "h'ff'",
        "b'YQ=='",
        "t'2026-01-01T00:00:00Z'",
        "WITHIN 5 SECONDS",
        "REPEATS",
        "TIMES",
        "START",
        "STOP",
        ",",
        "é",
    ]);
    vec(words, 0..14).prop_map(|words| words.join(" "))
}

/// Any pattern that parsing can produce.
pub(super) fn pattern() -> impl Strategy<Value = Pattern> {
    let single = comparison().prop_map(Observation::Single);
    let root = single.prop_recursive(4, 24, 4, |inner| {
        let op = select(vec![ObservationOp::And, ObservationOp::Or, ObservationOp::FollowedBy]);
        prop_oneof![
            (op, vec(inner.clone(), 2..4))
                .prop_map(|(op, operands)| Observation::Joined(op, operands)),
            (inner, vec(qualifier(), 1..3))
                .prop_map(|(inner, all)| Observation::Qualified(Box::new(inner), all)),
        ]
    });
    root.prop_map(|root| Pattern { root })
}

fn qualifier() -> impl Strategy<Value = Qualifier> {
    let kind = prop_oneof![
        (timestamp(), timestamp())
            .prop_map(|(start, stop)| QualifierKind::StartStop { start, stop }),
        (0i64..).prop_map(|n| QualifierKind::Within(Number::Integer(n))),
        (0.0..1e18f64).prop_map(|n| QualifierKind::Within(Number::Float(n))),
        (0..=i64::MAX as u64).prop_map(QualifierKind::Repeats),
    ];
    kind.prop_map(|kind| Qualifier { kind, span: Span::default() })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    test().prop_map(Comparison::Test).prop_recursive(3, 8, 3, |inner| {
        let op = select(vec![ComparisonOp::And, ComparisonOp::Or]);
        (op, vec(inner, 2..4)).prop_map(|(op, operands)| Comparison::Joined(op, operands))
    })
}

fn test() -> impl Strategy<Value = Test> {
    (path(), any::<bool>(), predicate()).prop_map(|(path, negated, predicate)| Test {
        path,
        negated,
        predicate,
        span: Span::default(),
    })
}

fn path() -> impl Strategy<Value = ObjectPath> {
    let key = prop_oneof!["[a-z_]{1,8}", "[A-Z]{2,3}", "\\PC{0,6}"];
    let step = prop_oneof![
        key.clone().prop_map(Step::Key),
        any::<u32>().prop_map(Step::Index),
        Just(Step::Any),
    ];
    ("[a-z]{1,5}(-[a-z]{2,4})?", key, vec(step, 0..4)).prop_map(|(object_type, first, rest)| {
        let steps = std::iter::once(Step::Key(first)).chain(rest).collect();
        ObjectPath { object_type, steps, span: Span::default() }
    })
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let text = || any::<String>();
    prop_oneof![
        (compare_op(), ordered()).prop_map(|(op, literal)| Predicate::Compare(op, literal)),
        any::<bool>().prop_map(|b| Predicate::Compare(CompareOp::NotEqual, Literal::Boolean(b))),
        vec(ordered(), 0..4).prop_map(Predicate::In),
        text().prop_map(Predicate::Like),
        text().prop_map(Predicate::Matches),
        text().prop_map(Predicate::IsSubset),
        text().prop_map(Predicate::IsSuperset),
        Just(Predicate::Exists),
    ]
}

fn compare_op() -> impl Strategy<Value = CompareOp> {
    select(vec![
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::LessOrEqual,
        CompareOp::Greater,
        CompareOp::GreaterOrEqual,
    ])
}

fn ordered() -> impl Strategy<Value = Literal> {
    let float = any::<f64>().prop_filter("finite", |n| n.is_finite());
    prop_oneof![
        any::<i64>().prop_map(|n| Literal::Number(Number::Integer(n))),
        float.prop_map(|n| Literal::Number(Number::Float(n))),
        any::<String>().prop_map(Literal::String),
        timestamp().prop_map(Literal::Timestamp),
        vec(any::<u8>(), 0..9).prop_map(Literal::Hex),
        vec(any::<u8>(), 1..9).prop_map(Literal::Binary),
    ]
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    // Years 0000 to 9999, which four digits can write.
    (-62_167_219_200i64..253_402_207_200, 0..1_000_000_000i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}
