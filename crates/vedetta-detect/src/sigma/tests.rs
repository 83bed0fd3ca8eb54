use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::decode::{Decoder, Format};

fn rules(texts: &[&str]) -> Rules {
    let stand_for = [("admins".to_owned(), vec!["anna".to_owned(), "bruno".to_owned()])];
    let mut rules = Rules::new(stand_for.into());
    texts.iter().enumerate().for_each(|(at, text)| rules.take(&format!("{at}.yml"), text));
    rules.ready();
    rules
}

fn rule(detection: &str) -> String {
    let indented: String = detection.lines().map(|it| format!("    {it}\n")).collect();
    format!("title: T\nid: t\nlogsource:\n    category: test\ndetection:\n{indented}level: high\n")
}

/// Whether a rule with this detection matches an event of unknown origin.
fn matches(detection: &str, event: &str) -> bool {
    let rules = rules(&[&rule(detection)]);
    assert_eq!(rules.refused(), [], "{detection}");
    let mut engine = Engine::new(Arc::new(rules));
    let mut decoder = Decoder::new(Format::Json);
    let event = decoder.read(event.as_bytes()).unwrap().unwrap();
    let found = engine.matches(&event).to_vec();
    assert_eq!(found, engine.unrouted(&event), "{detection}");
    !found.is_empty()
}

fn item(item: &str, event: &str) -> bool {
    matches(&format!("s:\n    {item}\ncondition: s"), event)
}

#[test]
fn values_and_wildcards() {
    for (asked, event, expected) in [
        ("a: Foo", r#"{"a":"fOO"}"#, true),
        ("a: foo", r#"{"a":"foo2"}"#, false),
        ("a: 'f*o?'", r#"{"a":"fxxoy"}"#, true),
        (r"a: 'f\*'", r#"{"a":"f*"}"#, true),
        (r"a: 'f\*'", r#"{"a":"fx"}"#, false),
        (r"a: 'C:\Windows\*'", r#"{"a":"c:\\windows*"}"#, true),
        (r"a: 'C:\Windows\\*'", r#"{"a":"c:\\windows\\x"}"#, true),
        ("a: ''", r#"{"a":""}"#, true),
        ("a: ''", r#"{"a":null}"#, false),
        ("a: ''", r#"{}"#, false),
        ("a: null", r#"{"a":null}"#, true),
        ("a: null", r#"{}"#, true),
        ("a: null", r#"{"a":""}"#, false),
        ("a: 5", r#"{"a":5}"#, true),
        ("a: 5", r#"{"a":"5"}"#, true),
        ("a: 5", r#"{"a":5.0}"#, true),
        ("a: 5", r#"{"a":55}"#, false),
        ("a: '5'", r#"{"a":5}"#, true),
        ("a: true", r#"{"a":"True"}"#, true),
        ("a: true", r#"{"a":false}"#, false),
        ("a.b: x", r#"{"a":{"b":"x"}}"#, true),
        ("a.b: x", r#"{"a.b":"x"}"#, true),
        ("a.b: x", r#"{"a":[{"b":"y"},{"b":"x"}]}"#, true),
        ("a: Straße", r#"{"a":"STRASSE"}"#, false),
        ("a: città", r#"{"a":"CITTÀ"}"#, true),
        ("a: x", r#"{"A":"x"}"#, false),
    ] {
        assert_eq!(item(asked, event), expected, "{asked} {event}");
    }
}

#[test]
fn modifiers_of_text() {
    for (asked, event, expected) in [
        ("a|contains: oo", r#"{"a":"fOOl"}"#, true),
        ("a|contains: 'f*l'", r#"{"a":"a fool!"}"#, true),
        ("a|startswith: 'f?o'", r#"{"a":"foo!"}"#, true),
        ("a|startswith: 'f?o'", r#"{"a":"!foo"}"#, false),
        ("a|endswith: 'f?o'", r#"{"a":"!foo"}"#, true),
        ("a|endswith: 'f?o'", r#"{"a":"foo!"}"#, false),
        ("a|contains|all: [x, y]", r#"{"a":"yx"}"#, true),
        ("a|contains|all: [x, y]", r#"{"a":"xx"}"#, false),
        ("a|cased: Foo", r#"{"a":"foo"}"#, false),
        ("a|contains|cased: Foo", r#"{"a":"a Foo"}"#, true),
        (r"a|re: 'f.{2}\d'", r#"{"a":"xfoo1"}"#, true),
        (r"a|re: 'F.{2}\d'", r#"{"a":"xfoo1"}"#, false),
        (r"a|re|i: 'F.{2}\d'", r#"{"a":"xfoo1"}"#, true),
        ("a|re|m: '^b$'", r#"{"a":"a\nb"}"#, true),
        ("a|re|s: 'a.b'", r#"{"a":"a\nb"}"#, true),
        ("a|windash|contains: ' -enc'", r#"{"a":"x /enc"}"#, true),
        ("a|windash|contains: ' -enc'", r#"{"a":"x —enc"}"#, true),
        ("a|base64: foobar", r#"{"a":"Zm9vYmFy"}"#, true),
        ("a|base64offset|contains: foobar", r#"{"a":"eGZvb2Jhcg=="}"#, true),
        ("a|wide|base64offset|contains: ping", r#"{"a":"eABwAGkAbgBnAA=="}"#, true),
        ("a|expand: 'CORP-%admins%'", r#"{"a":"corp-bruno"}"#, true),
        ("a|expand: '%nobody%'", r#"{"a":"bruno"}"#, false),
    ] {
        assert_eq!(item(asked, event), expected, "{asked} {event}");
    }
}

#[test]
fn modifiers_of_numbers_networks_and_fields() {
    for (asked, event, expected) in [
        ("a|gt: 5", r#"{"a":6}"#, true),
        ("a|gte: 5", r#"{"a":"5"}"#, true),
        ("a|lt: 5.5", r#"{"a":5.4}"#, true),
        ("a|lte: 5", r#"{"a":"x"}"#, false),
        ("a|neq: 5", r#"{"a":6}"#, true),
        ("a|neq: [5, 6]", r#"{"a":6}"#, false),
        ("a|cidr: 192.0.2.0/25", r#"{"a":"192.0.2.127"}"#, true),
        ("a|cidr: 192.0.2.0/25", r#"{"a":"192.0.2.128"}"#, false),
        ("a|cidr: '2001:db8::/32'", r#"{"a":"2001:db8:1::1"}"#, true),
        ("a|cidr: 192.0.2.0/25", r#"{"a":"::ffff:192.0.2.1"}"#, true),
        ("a|exists: true", r#"{"a":null}"#, true),
        ("a|exists: false", r#"{"b":1}"#, true),
        ("a|exists: false", r#"{"a":1}"#, false),
        ("a|fieldref: b", r#"{"a":"X","b":"x"}"#, true),
        ("a|fieldref|startswith: b", r#"{"a":"Xy","b":"x"}"#, true),
        ("a|fieldref: b", r#"{"a":"x"}"#, false),
        ("a|hour: 10", r#"{"a":"2026-10-19T10:00:00Z"}"#, true),
        ("a|month: 1", r#"{"a":"2026-10-19T10:00:00Z"}"#, false),
    ] {
        assert_eq!(item(asked, event), expected, "{asked} {event}");
    }
}

#[test]
fn conditions() {
    let detections = "s_1:\n    a: 1\ns_2:\n    b: 2\nfilter:\n    c: 3\n_hidden:\n    d: 4\n";
    for (condition, event, expected) in [
        ("s_1 and not filter", r#"{"a":1}"#, true),
        ("s_1 and not filter", r#"{"a":1,"c":3}"#, false),
        ("1 of s_*", r#"{"b":2}"#, true),
        ("all of s_*", r#"{"b":2}"#, false),
        ("all of s_*", r#"{"a":1,"b":2}"#, true),
        ("2 of them", r#"{"a":1,"d":4}"#, false),
        ("2 of them", r#"{"a":1,"c":3}"#, true),
        ("not 1 of them", r#"{"d":4}"#, true),
        ("(s_1 or s_2) and filter", r#"{"b":2,"c":3}"#, true),
    ] {
        let text = format!("{detections}condition: {condition}");
        assert_eq!(matches(&text, event), expected, "{condition} {event}");
    }
    let many = format!("{detections}condition:\n    - s_1 and s_2\n    - filter");
    assert!(matches(&many, r#"{"c":3}"#));
}

#[test]
fn keywords_are_looked_for_everywhere() {
    let any = "k:\n    - evil\n    - 'b?d'\ncondition: k";
    assert!(matches(any, r#"{"x":{"y":"so EVIL"}}"#));
    assert!(matches(any, r#"{"x":["fine","very bad"]}"#));
    assert!(!matches(any, r#"{"evil":"x"}"#));
    let all = "k:\n    '|all':\n        - one\n        - two\ncondition: k";
    assert!(matches(all, r#"{"x":"one","y":"two"}"#));
    assert!(!matches(all, r#"{"x":"one"}"#));
    assert!(matches("k:\n    - 4711\ncondition: k", r#"{"x":"a 4711 b"}"#));
}

#[test]
fn filters_narrow_the_rules_they_name() {
    let filter = "title: F\nlogsource:\n    category: test\nfilter:\n    rules:\n        - t\n    s:\n        b: 1\n    condition: not s\n";
    let mut engine = Engine::new(Arc::new(rules(&[&rule("s:\n    a: 1\ncondition: s"), filter])));
    let mut decoder = Decoder::default();
    let event = decoder.read(br#"{"a":1}"#).unwrap().unwrap();
    assert_eq!(engine.matches(&event).len(), 1);
    let event = decoder.read(br#"{"a":1,"b":1}"#).unwrap().unwrap();
    assert_eq!(engine.matches(&event).len(), 0);
}

#[test]
fn a_bad_rule_is_refused_with_its_line() {
    for (detection, line, word) in [
        ("s:\n    a|re: '('\ncondition: s", 7, "unclosed"),
        ("s:\n    a|re: '(?=x)'\ncondition: s", 7, "look-around"),
        ("s:\n    a|cidr: x\ncondition: s", 7, "network"),
        ("s:\n    a: 1\ncondition: t", 8, "names"),
        ("s:\n    a: 1\ncondition: 1 of t*", 8, "nothing is called so"),
        ("s:\n    a|gt: x\ncondition: s", 7, "number"),
    ] {
        let rules = rules(&[&rule(detection)]);
        let [refused] = rules.refused() else { panic!("{detection}: {:?}", rules.refused()) };
        assert_eq!(refused.line, line, "{detection}: {refused:?}");
        assert!(refused.reason.contains(word), "{refused:?}");
        assert_eq!(rules.all().len(), 0);
    }
    let broken = rules(&["title: [\n"]);
    assert_eq!(broken.refused().len(), 1);
}

#[test]
fn the_reasons_of_a_match() {
    let text = rule("s:\n    a|contains: [x, y]\nf:\n    b: 1\ncondition: s and not f");
    let mut engine = Engine::new(Arc::new(rules(&[&text])));
    let mut decoder = Decoder::default();
    let event = decoder.read(br#"{"a":"has x","c":1}"#).unwrap().unwrap();
    assert_eq!(engine.matches(&event), [0]);
    let reasons = engine.reasons(&event, 0);
    assert_eq!(serde_json::to_string(&reasons).unwrap(), r#"[{"field":"a","value":"has x"}]"#);
}

fn value() -> BoxedStrategy<String> {
    let word = "(a|b|ab|ba|aab|ſ|S|İ){1,4}";
    prop_oneof![word.prop_map(|it| format!("'{it}'")), (0..4u32).prop_map(|it| it.to_string())]
        .boxed()
}

fn detection() -> impl Strategy<Value = String> {
    let item = (
        "[ab]",
        prop::sample::select(vec![
            "",
            "|contains",
            "|startswith",
            "|endswith",
            "|cased",
            "|re|i",
            "|contains|all",
        ]),
        prop::collection::vec(value(), 1..3),
    );
    let items = prop::collection::vec(item, 1..3).boxed();
    let conditions = vec![
        "s0",
        "s0 and s1",
        "s0 or s1",
        "s0 and not s1",
        "not s0",
        "1 of s*",
        "2 of s*",
        "all of s*",
    ];
    (items.clone(), items, prop::sample::select(conditions)).prop_map(|(one, two, condition)| {
        let mut text = String::new();
        for (name, items) in ["s0", "s1"].iter().zip([one, two]) {
            text.push_str(&format!("{name}:\n"));
            for (field, modifier, values) in items {
                text.push_str(&format!("    - {field}{modifier}: [{}]\n", values.join(", ")));
            }
        }
        text + &format!("condition: {condition}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn arranged_or_not_the_same_is_found(
        detections in prop::collection::vec(detection(), 1..12),
        events in prop::collection::vec(("[abSſKİ]{0,6}", prop::option::of("[ab]{0,3}|[0-3]")), 1..20),
    ) {
        let texts: Vec<String> = detections.iter().map(|it| rule(it)).collect();
        let rules = rules(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(rules.refused(), &[]);
        let mut engine = Engine::new(Arc::new(rules));
        let mut decoder = Decoder::default();
        for (a, b) in events {
            let mut event = serde_json::Map::new();
            event.insert("a".into(), a.into());
            event.extend(b.map(|b| ("b".to_owned(), b.into())));
            let line = serde_json::Value::from(event).to_string();
            let event = decoder.read(line.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(engine.matches(&event).to_vec(), engine.unrouted(&event), "{}", line);
        }
    }
}

fn base(name: &str, value: u32) -> String {
    format!(
        "title: {name}\nname: {name}\nlogsource:\n    category: test\ndetection:\n    s:\n        a: {value}\n    condition: s\n"
    )
}

fn correlation(kind: &str, rules: &str, rest: &str) -> String {
    format!(
        "title: C\nid: c\nname: c\ncorrelation:\n    type: {kind}\n    rules: [{rules}]\n    timespan: 60s\n{rest}level: high\n"
    )
}

/// At which of the events a correlation fires. Events: second, `a`, user.
fn fires(correlations: &[String], events: &[(i64, u32, &str)]) -> Vec<(usize, String)> {
    let mut texts = vec![base("one", 1), base("two", 2)];
    texts.extend_from_slice(correlations);
    let rules = rules(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(rules.refused(), []);
    let (mut correlator, refused) = Correlator::new(&rules);
    assert_eq!(refused, []);
    let mut engine = Engine::new(Arc::new(rules));
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for (nth, (second, a, user)) in events.iter().enumerate() {
        let line = format!(r#"{{"a":{a},"u":"{user}","n":{second}}}"#);
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        let mut fired = Vec::new();
        for rule in engine.matches(&event).to_vec() {
            let id = (*second as u64) << 32 | u64::from(*a) << 16 | user.len() as u64;
            correlator.see(rule, &event, (second * 1_000_000, id), &mut fired);
        }
        // What was seen survives a restart at any moment.
        let written = correlator.written().unwrap();
        assert_eq!(correlator.take_up(&written).unwrap(), 0);
        all.extend(fired.into_iter().map(|it| (nth, it.id)));
    }
    all
}

#[test]
fn counts_of_events_and_of_values() {
    let c = || vec![(2, "c".to_owned())];
    let three = [correlation("event_count", "one", "    group-by: [u]\n    condition: {gte: 3}\n")];
    assert_eq!(fires(&three, &[(0, 1, "x"), (30, 1, "x"), (59, 1, "x"), (60, 1, "x")]), c());
    assert_eq!(fires(&three, &[(0, 1, "x"), (30, 1, "yy"), (59, 1, "x")]), []);
    assert_eq!(fires(&three, &[(0, 1, "x"), (30, 1, "x"), (61, 1, "x")]), []);
    assert_eq!(fires(&three, &[(0, 1, "x"), (0, 1, "x"), (1, 1, "x")]), [], "one came twice");
    assert_eq!(fires(&three, &[(50, 1, "x"), (59, 1, "x"), (10, 1, "x")]), c(), "one came late");
    let values = [correlation("value_count", "one", "    condition: {gte: 3, field: u}\n")];
    assert_eq!(fires(&values, &[(0, 1, "x"), (1, 1, "yy"), (2, 1, "zzz")]), c());
    assert_eq!(fires(&values, &[(0, 1, "x"), (1, 1, "yy"), (2, 1, "x")]), []);
    let sum = [correlation("value_sum", "one", "    condition: {gte: 30, field: n}\n")];
    assert_eq!(fires(&sum, &[(9, 1, "x"), (10, 1, "x"), (11, 1, "x")]), c());
}

#[test]
fn rules_together_in_order_and_in_chains() {
    let both = [correlation("temporal", "one, two", "    group-by: [u]\n")];
    assert_eq!(fires(&both, &[(0, 2, "x"), (5, 1, "x")]), [(1, "c".to_owned())]);
    assert_eq!(fires(&both, &[(0, 2, "x"), (5, 1, "yy")]), []);
    assert_eq!(fires(&both, &[(0, 2, "x"), (65, 1, "x")]), []);
    let ordered = [correlation("temporal_ordered", "one, two", "    group-by: [u]\n")];
    assert_eq!(fires(&ordered, &[(0, 2, "x"), (5, 1, "x")]), []);
    assert_eq!(fires(&ordered, &[(0, 1, "x"), (5, 2, "x")]), [(1, "c".to_owned())]);
    let counted = correlation("event_count", "one", "    group-by: [u]\n    condition: {gte: 2}\n");
    let chained = correlation("temporal_ordered", "c, two", "    group-by: [u]\n")
        .replace("id: c\nname: c", "id: d\nname: d")
        .replace("title: C", "title: D");
    let found = fires(&[counted, chained], &[(0, 1, "x"), (1, 1, "x"), (2, 2, "x")]);
    assert_eq!(found, [(1, "c".to_owned()), (2, "d".to_owned())]);
}

#[test]
fn what_an_event_lacks_is_not_counted() {
    let counted = |correlation: &str, events: &[&str]| {
        let one = rule("s:\n    a: 1\ncondition: s").replace("id: t", "id: one");
        let rules = rules(&[&one, correlation]);
        let (mut correlator, refused) = Correlator::new(&rules);
        assert_eq!(refused, []);
        let (mut decoder, mut fired) = (Decoder::new(Format::Json), Vec::new());
        for (id, event) in (0..).zip(events) {
            let event = decoder.read(event.as_bytes()).unwrap().unwrap();
            correlator.see(0, &event, (1_000_000, id), &mut fired);
        }
        fired.last().map(|it| it.count)
    };
    let values = correlation("value_count", "one", "    condition: {gte: 2, field: u}\n");
    assert_eq!(counted(&values, &[r#"{"a":1,"u":"x"}"#, r#"{"a":1}"#]), None);
    let mean = correlation("value_avg", "one", "    condition: {gte: 10, field: n}\n");
    assert_eq!(counted(&mean, &[r#"{"a":1}"#, r#"{"a":1}"#, r#"{"a":1,"n":10}"#]), Some(10.0));
    let several = correlation("value_count", "one", "    condition: {gte: 2, field: [u, v]}\n");
    let pairs = [r#"{"a":1,"u":"x","v":"y"}"#, r#"{"a":1,"u":"x","v":"z"}"#];
    assert_eq!(counted(&several, &pairs), Some(2.0), "values together");
    assert_eq!(counted(&several, &[pairs[0], pairs[0], r#"{"a":1,"u":"z"}"#]), None);
    let sums = several.replace("value_count", "value_sum");
    let one = rule("s:\n    a: 1\ncondition: s").replace("id: t", "id: one");
    let (_, refused) = Correlator::new(&rules(&[&one, &sums]));
    assert!(refused[0].reason.contains("several fields"), "{refused:?}");
}

#[test]
fn a_condition_over_rules_may_count_them() {
    let fires = |condition: &str, events: &[(i64, u32, &str)]| {
        let rest = format!("    condition: {condition}\n");
        !fires(&[correlation("temporal", "one, two", &rest)], events).is_empty()
    };
    let (one, both) = ([(0, 1, "x")], [(0, 1, "x"), (5, 2, "x")]);
    assert!(fires("1 of them", &one) && fires("1 of t*", &both) && fires("all of them", &both));
    assert!(!fires("all of them", &one) && !fires("1 of t*", &one) && !fires("2 of them", &one));
    let unknown = correlation("temporal", "one, two", "    condition: one and three\n");
    let (_, refused) = Correlator::new(&rules(&[&base("one", 1), &base("two", 2), &unknown]));
    assert!(refused[0].reason.contains("asks for three, which is none"), "{refused:?}");
}

#[test]
fn correlations_that_come_or_go_erase_nothing_of_the_others() {
    let named = |id: &str, rest: &str| {
        correlation("event_count", "one", rest)
            .replace("id: c\nname: c", &format!("id: {id}\nname: {id}"))
    };
    let three = "    group-by: [u]\n    condition: {gte: 3}\n";
    let of = |texts: &[String]| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Correlator::new(&rules(&[&[&*base("one", 1)], &texts[..]].concat())).0
    };
    let mut decoder = Decoder::default();
    let mut see = |correlator: &mut Correlator, id: u64| {
        let (event, mut fired) =
            (decoder.read(br#"{"a":1,"u":"x"}"#).unwrap().unwrap(), Vec::new());
        correlator.see(0, &event, (id as i64, id), &mut fired);
        fired.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let mut before = of(&[named("gone", three), named("stays", three), named("changed", three)]);
    see(&mut before, 1);
    see(&mut before, 2);
    let written = before.written().unwrap();
    let otherwise = "    group-by: [a, u]\n    condition: {gte: 3}\n";
    let after = [named("new", three), named("changed", otherwise), named("stays", three)];
    let mut restarted = of(&after);
    assert_eq!(restarted.take_up(&written).unwrap(), 2, "of the one that is gone, and the other");
    assert_eq!(see(&mut restarted, 3), ["stays"]);
    let mut changed = of(&after);
    assert_eq!(changed.inherit(before), 2);
    assert_eq!(see(&mut changed, 3), ["stays"]);
}

#[test]
fn a_placeholder_that_stands_for_nothing_is_named() {
    let rules = rules(&[&rule("s:\n    a|expand: 'x%nobody%'\ncondition: s")]);
    assert_eq!((rules.refused().len(), rules.all().len()), (0, 1), "it is used");
    let [unfilled] = rules.unfilled() else { panic!("one") };
    assert!(unfilled.reason.contains("nothing says what x%nobody% stands for"), "{unfilled:?}");
}

#[test]
fn more_groups_than_there_is_room_for_are_let_go_a_block_at_a_time() {
    let one = rule("s:\n    a: 1\ncondition: s").replace("id: t", "id: one");
    let text = correlation("event_count", "one", "    group-by: [u]\n    condition: {gte: 2}\n");
    let (mut correlator, _) = Correlator::new(&rules(&[&one, &text]));
    let (mut decoder, mut fired) = (Decoder::new(Format::Json), Vec::new());
    for at in 0..110_000i64 {
        let line = format!(r#"{{"a":1,"u":"{at}"}}"#);
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        correlator.see(0, &event, (at, at as u64), &mut fired);
    }
    assert!((6_000..20_000).contains(&correlator.evicted()), "{}", correlator.evicted());
    let event = decoder.read(br#"{"a":1,"u":"109999"}"#).unwrap().unwrap();
    correlator.see(0, &event, (110_000, 110_000), &mut fired);
    assert_eq!(fired.len(), 1, "the newest are kept");
}

#[test]
fn a_correlation_of_unknown_rules_is_refused() {
    let text = correlation("event_count", "nobody", "    condition: {gte: 3}\n");
    let (_, refused) = Correlator::new(&rules(&[&text]));
    assert!(refused[0].reason.contains("nobody"), "{refused:?}");
}

#[test]
fn rules_arranged_elsewhere_make_no_event_wait_and_find_the_same() {
    let texts = [rule("s:\n    a: 1\ncondition: s"), rule("s:\n    a: 2\ncondition: s")];
    let rules = || Arc::new(rules(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut decoder = Decoder::new(Format::Json);
    let event = decoder.read(br#"{"a":2}"#).unwrap().unwrap();
    let mut engine = Engine::arranged_elsewhere(rules());
    assert!(engine.to_arrange().is_empty(), "no event yet");
    assert_eq!(engine.matches(&event), [1], "nobody has arranged them");
    let mut wanted = engine.to_arrange();
    assert_eq!(wanted.len(), 1);
    assert_eq!(engine.matches(&event), [1]);
    assert!(engine.to_arrange().is_empty(), "it is asked for once");
    let arranged = wanted.remove(0).arrange();
    let mut other = Engine::arranged_elsewhere(rules());
    other.expect(&engine.origins());
    let mut of_other = other.to_arrange();
    assert_eq!(of_other.len(), 1, "what the engine before knew is arranged at once");
    other.take(arranged);
    assert_eq!(other.matches(&event), [1], "rules of another engine are let go");
    other.take(of_other.remove(0).arrange());
    assert_eq!(other.matches(&event), [1]);
    assert!(other.to_arrange().is_empty());
}
