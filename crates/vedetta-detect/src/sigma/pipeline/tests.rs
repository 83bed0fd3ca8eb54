use std::sync::Arc;

use super::*;
use crate::decode::Decoder;
use crate::sigma::{Correlator, Engine, Placeholders, Rules};

const RULE: &str = "\
title: R
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\\\vssadmin.exe'
    CommandLine|contains: delete
  filter:
    User|expand: '%admins%'
  condition: selection and not filter
tags: [attack.t1490]
";

/// Whether the rule holds for a line after the pipelines; or why it is refused.
fn holds(rule: &str, pipelines: &[&str], line: &str) -> Result<bool, String> {
    let pipelines = pipelines.iter().map(|it| Pipeline::read(it).unwrap()).collect();
    let mut rules = Rules::with_pipelines(Placeholders::new(), pipelines);
    rules.take("r.yml", rule);
    rules.ready();
    if let Some(refused) = rules.refused().first() {
        return Err(refused.reason.clone());
    }
    let mut engine = Engine::new(Arc::new(rules));
    let mut decoder = Decoder::default();
    let event = decoder.read(line.as_bytes()).unwrap().unwrap();
    Ok(!engine.matches(&event).is_empty())
}

const OWN: &str =
    r#"{"proc":{"path":"C:\\vssadmin.exe","cmd":"vssadmin delete shadows"},"who":"anna"}"#;
const MAPPING: &str = "\
name: own
vars: {admins: [root]}
transformations:
  - id: names
    type: field_name_mapping
    mapping: {Image: [proc.exe, proc.path], CommandLine: proc.cmd, User: who}
    rule_conditions:
      - {type: logsource, product: windows}
  - type: change_logsource
    product: own
    rule_conditions:
      - {type: processing_item_applied, processing_item_id: names}
";

#[test]
fn fields_have_other_names() {
    assert_eq!(holds(RULE, &[], OWN), Ok(false));
    assert_eq!(holds(RULE, &[MAPPING], OWN), Ok(true));
    assert_eq!(holds(RULE, &[MAPPING], &OWN.replace("anna", "root")), Ok(false));
    let other = RULE.replace("product: windows", "product: linux");
    assert_eq!(holds(&other, &[MAPPING], OWN), Ok(false), "it is of other rules");
}

#[test]
fn every_step() {
    for (step, line, expected) in [
        ("type: field_name_prefix\n    prefix: a.", r#"{"a":{"x":"1","y":"2"}}"#, true),
        (
            "type: field_name_suffix\n    suffix: _s\n    field_name_conditions: [{type: include_fields, fields: [x]}]",
            r#"{"x_s":"1","y":"2"}"#,
            true,
        ),
        (
            "type: field_name_suffix\n    suffix: _s\n    field_name_conditions: [{type: exclude_fields, fields: ['^y'], mode: re}]",
            r#"{"x_s":"1","y":"2"}"#,
            true,
        ),
        (
            "type: field_name_prefix_mapping\n    mapping: {x: box.x}",
            r#"{"box":{"x":"1"},"y":"2"}"#,
            true,
        ),
        (
            "type: drop_detection_item\n    field_name_conditions: [{type: include_fields, fields: [y]}]",
            r#"{"x":"1"}"#,
            true,
        ),
        ("type: add_condition\n    conditions: {index: [a, b]}", r#"{"x":"1","y":"2"}"#, false),
        (
            "type: add_condition\n    conditions: {index: [a, b]}",
            r#"{"x":"1","y":"2","index":"b"}"#,
            true,
        ),
        (
            "type: add_condition\n    conditions: {index: a}\n    negated: true",
            r#"{"x":"1","y":"2","index":"a"}"#,
            false,
        ),
        (
            "type: replace_string\n    regex: '^(\\d)$'\n    replacement: 'n\\1'",
            r#"{"x":"n1","y":"n2"}"#,
            true,
        ),
        (
            "type: field_name_prefix\n    prefix: a.\n    rule_conditions: [{type: tag, tag: x.y}]\n    rule_cond_not: true",
            r#"{"a":{"x":"1","y":"2"}}"#,
            true,
        ),
    ] {
        let rule =
            "title: R\nlogsource: {}\ndetection:\n  s:\n    x: '1'\n    y: '2'\n  condition: s\n";
        let pipeline = format!("transformations:\n  - {step}\n");
        assert_eq!(holds(rule, &[&pipeline], line), Ok(expected), "{step} {line}");
    }
}

#[test]
fn placeholders_may_become_wildcards() {
    let rule =
        "title: R\nlogsource: {}\ndetection:\n  s:\n    x|expand: 'a%any%b'\n  condition: s\n";
    let pipeline = "transformations:\n  - type: wildcard_placeholders\n";
    assert_eq!(holds(rule, &[], r#"{"x":"a-b"}"#), Ok(false));
    assert_eq!(holds(rule, &[pipeline], r#"{"x":"a-b"}"#), Ok(true));
}

#[test]
fn what_cannot_be_done_is_said() {
    let rule = "title: R\nlogsource: {}\ndetection:\n  s:\n    x: '1'\n  condition: s\n";
    let dropped = "transformations:\n  - type: drop_detection_item\n";
    assert!(holds(rule, &[dropped], "{}").unwrap_err().contains("nothing is left"));
    let failure = "transformations:\n  - type: rule_failure\n    message: not for us\n";
    assert!(holds(rule, &[failure], "{}").unwrap_err().contains("not for us"));
    for (text, said) in [
        ("transformations:\n  - type: nest\n", "unknown variant `nest`"),
        (
            "transformations:\n  - id: a\n    type: replace_string\n    regex: '('\n    replacement: b\n",
            "a: regular expression",
        ),
        ("transformations: [", "line"),
        (
            "transformations:\n  - type: drop_detection_item\n    detection_item_conditions: [{type: match_string}]\n",
            "transformation 1: detection_item_conditions",
        ),
    ] {
        let told = Pipeline::read(text).unwrap_err().to_string();
        assert!(told.contains(said), "{text}: {told}");
    }
}

/// After which of the lines a correlation of the rules `one` and `two` holds; or why it is refused.
fn fires(correlation: &str, pipeline: &str, lines: &[&str]) -> Result<Vec<usize>, String> {
    let rule = |name: &str, product: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{product: {product}}}\ndetection:\n  s:\n    x: {name}\n  condition: s\n"
        )
    };
    let mut rules =
        Rules::with_pipelines(Placeholders::new(), vec![Pipeline::read(pipeline).unwrap()]);
    rules.take("c.yml", &format!("title: C\ncorrelation:\n  timespan: 60s\n{correlation}"));
    rules.take("one.yml", &rule("one", "windows"));
    rules.take("two.yml", &rule("two", "linux"));
    rules.ready();
    let (mut correlator, refused) = Correlator::new(&rules);
    if let Some(refused) = rules.refused().iter().chain(&refused).next() {
        return Err(refused.reason.clone());
    }
    let mut engine = Engine::new(Arc::new(rules));
    let (mut decoder, mut fired, mut after) = (Decoder::default(), Vec::new(), Vec::new());
    for (at, line) in (0..).zip(lines) {
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        for rule in engine.matches(&event).to_vec() {
            correlator.see(rule, &event, (1_000_000 * at, at.cast_unsigned()), &mut fired);
        }
        after.extend(fired.drain(..).map(|_| usize::try_from(at).unwrap()));
    }
    Ok(after)
}

#[test]
fn fields_of_correlations_have_the_other_names_too() {
    let mapping = "\
transformations:
  - {type: field_name_mapping, mapping: {user: [acct.name, acct.login], n: size}, rule_conditions: [{type: logsource, product: windows}]}
  - {type: field_name_prefix_mapping, mapping: {user: who}, rule_conditions: [{type: logsource, product: linux}]}
";
    let together = "  type: temporal\n  rules: [one, two]\n  group-by: [user]\n";
    let one = |acct: &str| format!(r#"{{"x":"one","acct":{{"login":"{acct}"}},"size":3}}"#);
    let two = r#"{"x":"two","who":"anna"}"#;
    assert_eq!(fires(together, mapping, &[&one("anna"), two]), Ok(vec![1]));
    assert_eq!(fires(together, mapping, &[&one("bruno"), two]), Ok(vec![]));
    let counted =
        "  type: value_sum\n  rules: [one]\n  group-by: [user]\n  condition: {gte: 5, field: n}\n";
    assert_eq!(fires(counted, mapping, &[&one("a"), &one("b"), &one("a")]), Ok(vec![2]));
    let aliased = "  type: temporal\n  rules: [one, two]\n  group-by: [whom]\n  aliases:\n    \
                   whom: {one: user, two: user}\n";
    assert_eq!(fires(aliased, mapping, &[&one("anna"), two]), Ok(vec![1]));
}

#[test]
fn a_step_may_be_of_correlations_alone_or_of_rules_alone() {
    let counted =
        "  type: event_count\n  rules: [one]\n  group-by: [user]\n  condition: {gte: 2}\n";
    let of = |kind: &str, step: &str| {
        format!("transformations:\n  - type: {step}\n    rule_conditions: [{{type: {kind}}}]\n")
    };
    let renamed = "field_name_mapping\n    mapping: {user: who, x: y}";
    let line = r#"{"x":"one","who":"anna"}"#;
    let twice = [line, line];
    let alone = of("is_sigma_correlation_rule", renamed);
    assert_eq!(fires(counted, &alone, &twice), Ok(vec![1]), "the rule still asks for x");
    assert_eq!(fires(counted, &of("is_sigma_rule", renamed), &twice), Ok(vec![]));
    let refused = of("is_sigma_correlation_rule", "rule_failure\n    message: not for us");
    assert_eq!(fires(counted, &refused, &[]), Err("C: not for us".into()));
    let nothing = "transformations:\n  - {type: field_name_mapping, mapping: {user: []}}\n";
    assert!(fires(counted, nothing, &[]).unwrap_err().contains("no name for the field \"user\""));
}
