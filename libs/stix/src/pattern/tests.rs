//! The parser against our corpus, generated trees and arbitrary text.

mod evaluate;
mod generate;
mod oracle;
mod terms;

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn corpus(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/stix_pattern").join(kind);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "pattern")).collect();
    files.sort();
    assert!(files.len() > 10);
    files
}

fn canonical(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{error:#}")).to_string()
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    check(&parse(text).unwrap()).into_iter().map(|problem| problem.kind).collect()
}

#[test]
fn valid_corpus_round_trips_without_problems() {
    for path in corpus("valid") {
        let text = std::fs::read_to_string(&path).unwrap();
        let pattern = parse(&text).unwrap_or_else(|e| panic!("{}: {e:#}", path.display()));
        let printed = pattern.to_string();
        assert_eq!(parse(&printed).unwrap(), pattern, "{}", path.display());
        assert_eq!(canonical(&printed), printed);
        assert_eq!(check(&pattern), [], "{}", path.display());
    }
}

/// `NAME.error` holds what the user reads for `NAME.pattern`; set `UPDATE_GOLDEN` to rewrite it.
#[test]
fn hostile_corpus_is_refused_with_the_expected_words() {
    for path in corpus("hostile") {
        let text = std::fs::read_to_string(&path).unwrap();
        let shown = match parse(&text) {
            Ok(_) => panic!("{} was accepted", path.display()),
            Err(error) => format!("{error:#}\n"),
        };
        let golden = path.with_extension("error");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(shown, expected, "{}", path.display());
    }
}

#[test]
fn canonical_text_drops_what_says_nothing() {
    for (written, expected) in [
        ("[ a : b == 1 ]", "[a:b = 1]"),
        ("([a:'b'<>+1])", "[a:b != 1]"),
        ("[a:b = .50]", "[a:b = 0.5]"),
        ("[a:b = -3.0]", "[a:b = -3.0]"),
        ("[a:b = h'C0']", "[a:b = h'c0']"),
        ("[a:b = t'2026-01-01T00:00:00.500Z']", "[a:b = t'2026-01-01T00:00:00.5Z']"),
        ("[a:'IN'.'x-y'.z_[*] IN (1,2)]", "[a:'IN'.'x-y'.z_[*] IN (1, 2)]"),
        ("[(a:b = 1 AND a:c = 2) OR a:d = 3]", "[a:b = 1 AND a:c = 2 OR a:d = 3]"),
        ("[(a:b = 1 OR a:c = 2) AND a:d = 3]", "[(a:b = 1 OR a:c = 2) AND a:d = 3]"),
        ("([a:b=1] OR [a:b=2]) AND [a:b=3]", "([a:b = 1] OR [a:b = 2]) AND [a:b = 3]"),
        ("([a:b=1] AND [a:b=2]) OR [a:b=3]", "[a:b = 1] AND [a:b = 2] OR [a:b = 3]"),
        (
            "[a:b=1] FOLLOWEDBY ([a:b=2] FOLLOWEDBY [a:b=3])",
            "[a:b = 1] FOLLOWEDBY ([a:b = 2] FOLLOWEDBY [a:b = 3])",
        ),
        (
            "([a:b=1] WITHIN 5 SECONDS)REPEATS 2 TIMES",
            "([a:b = 1] WITHIN 5 SECONDS) REPEATS 2 TIMES",
        ),
    ] {
        assert_eq!(canonical(written), expected);
    }
}

#[test]
fn operators_bind_and_over_or_over_followedby() {
    let plain = parse("[a:b=1] FOLLOWEDBY [a:b=2] OR [a:b=3] AND [a:b=4]").unwrap();
    let explicit = parse("[a:b=1] FOLLOWEDBY ([a:b=2] OR ([a:b=3] AND [a:b=4]))").unwrap();
    assert_eq!(plain, explicit);
    let qualified = parse("[a:b=1] AND [a:b=2] WITHIN 5 SECONDS").unwrap();
    assert_eq!(qualified, parse("[a:b=1] AND ([a:b=2] WITHIN 5 SECONDS)").unwrap());
}

#[test]
fn bounds_are_enforced_without_overflow() {
    let nested = |depth: usize| format!("{}[a:b = 1]{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().kind, SyntaxErrorKind::TooDeep);
    assert_eq!(parse(&"(".repeat(MAX_BYTES)).unwrap_err().kind, SyntaxErrorKind::TooDeep);
    assert_eq!(parse(&" ".repeat(MAX_BYTES + 1)).unwrap_err().kind, SyntaxErrorKind::TooLong);
    let many = vec!["1"; MAX_CONSTANTS].join(",");
    let error = parse(&format!("[a:b IN ({many})]")).unwrap_err();
    assert_eq!(error.kind, SyntaxErrorKind::TooMany);
    let path = ".c".repeat(MAX_STEPS);
    assert_eq!(parse(&format!("[a:b{path} = 1]")).unwrap_err().kind, SyntaxErrorKind::LongPath);
    let wide = ["[a:b=1]"; 10_000].join(" OR ");
    assert!(parse(&wide).is_ok());
}

#[test]
fn spans_point_into_the_text() {
    let text = "[a:b = 1] OR\n[url:value = 'é' AND url:x = 2] WITHIN 0 SECONDS";
    let pattern = parse(text).unwrap();
    let mut tests = Vec::new();
    pattern.for_each_test(&mut |test| tests.push(&text[test.span.start..test.span.end]));
    assert_eq!(tests, ["a:b = 1", "url:value = 'é'", "url:x = 2"]);
    let problem = &check(&pattern)[0];
    assert_eq!(&text[problem.span.start..problem.span.end], "WITHIN 0 SECONDS");
    assert_eq!(problem.span.locate(text), (2, 33));
}

#[test]
fn problems_beyond_the_grammar_are_named() {
    use ProblemKind::*;
    let at = "t'2026-01-01T00:00:00Z'";
    assert_eq!(kinds(&format!("[a:b=1] START {at} STOP {at}")), [EmptyInterval]);
    assert_eq!(kinds("[a:b=1] WITHIN 0.0 SECONDS REPEATS 0 TIMES"), [WithinZero, RepeatsZero]);
    assert_eq!(kinds("[a:b=1] REPEATS 2 TIMES REPEATS 3 TIMES"), [DuplicateQualifier]);
    assert_eq!(kinds("([a:b=1] REPEATS 2 TIMES) REPEATS 3 TIMES"), []);
    assert_eq!(kinds("[a:b = 1 AND c:d = 2]"), [MixedObjectTypes]);
    assert_eq!(kinds("[(a:b = 1 OR c:d = 2) AND c:e = 3]"), []);
    assert_eq!(kinds("[(a:b = 1 OR c:d = 2) AND e:e = 3 OR a:b = 5]"), [MixedObjectTypes]);
    assert_eq!(kinds("[a:b IN (1, 2.5)]"), []);
    assert_eq!(kinds("[a:b IN (1, '2')]"), [MixedSet]);
    assert_eq!(kinds("[a:b ISSUBSET '192.0.2.0/33']"), [NotNetwork("192.0.2.0/33".into())]);
    assert_eq!(kinds("[a:b ISSUPERSET '2001:db8::/+8']"), [NotNetwork("2001:db8::/+8".into())]);
    assert!(matches!(kinds("[a:b MATCHES '(']")[..], [Regex(_)]));
    assert!(matches!(kinds("[a:b MATCHES '(?=x)']")[..], [Regex(_)]));
    assert!(matches!(kinds("[a:b MATCHES '(a{1000}){1000}']")[..], [Regex(_)]));
    assert!(matches!(kinds("[file:hashes.MD5 IN ('aa')]")[..], [NotHash { algorithm: "MD5", .. }]));
}

#[test]
fn values_hold_every_constant_and_key() {
    let text = "[x:a.'k-1' = 'v1' AND x:b IN ('v2', 7) AND x:c LIKE 'v3%' AND x:d MATCHES 'v4' AND \
                x:e = b'djU=' AND x:f = h'7636' AND x:g ISSUBSET '192.0.2.0/24' AND EXISTS x:h.k9]";
    let pattern = parse(text).unwrap();
    let values = values(&pattern);
    for wanted in ["k-1", "v1", "v2", "7", "v3%", "v4", "v5", "v6", "192.0.2.0/24", "k9"] {
        assert!(values.iter().any(|value| value == wanted), "{wanted}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}") {
        if let Err(error) = parse(&text) {
            let _ = format!("{error:#}");
        }
    }

    #[test]
    fn text_of_tokens_never_panics(text in generate::tokens()) {
        match parse(&text) {
            Ok(pattern) => {
                prop_assert_eq!(&parse(&pattern.to_string()).unwrap(), &pattern);
                let _ = (check(&pattern), terms(&pattern), values(&pattern));
            }
            Err(error) => prop_assert!(error.span.start <= text.len()),
        }
    }

    #[test]
    fn printing_then_parsing_gives_the_same_tree(pattern in generate::pattern()) {
        let printed = pattern.to_string();
        let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}\n{error:#}"));
        prop_assert_eq!(&again, &pattern);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn constants_survive_unchanged(text in any::<String>(), key in "\\PC{0,12}") {
        let path = ObjectPath {
            object_type: "x-a".into(),
            steps: vec![Step::Key(key)],
            span: Span::default(),
        };
        let test = Test {
            path,
            negated: false,
            predicate: Predicate::Like(text),
            span: Span::default(),
        };
        let pattern = Pattern { root: Observation::Single(Comparison::Test(test)) };
        prop_assert_eq!(parse(&pattern.to_string()).unwrap(), pattern);
    }
}
