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
        (
            "transformations:\n  - type: alchemy\n",
            "line 2: transformation 1: unknown variant `alchemy`",
        ),
        (
            "name: a\ntransformations:\n  - type: nest\n    items:\n      - type: drop_detection_item\n  - id: b\n    type: nest\n    items:\n      - {id: c, type: replace_string, regex: '(', replacement: b}\n",
            "line 6: b: c: regular expression",
        ),
        ("transformations: [", "line"),
        (
            "transformations:\n  - type: drop_detection_item\n    detection_item_conditions: [{type: match_string, cond: any, pattern: '['}]\n",
            "line 2: transformation 1: regular expression \"[\"",
        ),
        (
            "transformations:\n  - type: replace_string\n    regex: a\n    replacement: b\n    skip_specials: true\n",
            "unknown field `skip_specials`",
        ),
        (
            "transformations:\n  - type: drop_detection_item\n    rule_cond_expr: a and not b\n    rule_conditions: {a: {type: is_sigma_rule}}\n",
            "no condition is called b",
        ),
        (
            "transformations:\n\n  - type: value_placeholders\n  - type: query_expression_placeholders\n    expression: '{field} in {id}'\n",
            "line 4: transformation 2: query_expression_placeholders cannot be done: it writes into a query",
        ),
        (
            "name: a\nfinalizers:\n  - type: concat\n",
            "line 2: finalizers cannot be done: it is about queries",
        ),
        (
            "transformations:\n  - type: drop_detection_item\n    rule_conditions: [{type: rule_attribute, attribute: level, value: severe, op: gte}]\n",
            "\"severe\") is no level",
        ),
        (
            "transformations: [{type: extract_fields, regex: 'a(b)'}]\n",
            "line 1: transformation 1: extract_fields: the regular expression names no group",
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

/// Whether a detection after a step holds for a line; or why its rule is refused.
fn after(step: &str, detection: &str, line: &str) -> Result<bool, String> {
    let rule = format!(
        "title: R\nid: 8f1bd2c0-3d52-4a0f-9d2f-0b8a5b1f3c11\nlevel: high\nstatus: test\n\
         date: 2026-02-01\ntags: [x.y]\ncolour: red\nlogsource: {{product: windows}}\n\
         detection:\n  s:\n    {detection}\n  condition: s\n"
    );
    holds(&rule, &[&format!("transformations:\n  - {step}\n")], line)
}

/// The lines of a table, in their columns, and whether the first says yes.
fn table<const N: usize>(text: &str) -> impl Iterator<Item = (bool, [&str; N])> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (expected, rest) = line.split_once(" | ").unwrap();
        let columns: Vec<&str> = rest.split(" | ").collect();
        (expected == "yes", columns.try_into().unwrap())
    })
}

#[test]
fn every_step() {
    for (expected, [step, detection, line]) in table(include_str!("tests/steps.txt")) {
        assert_eq!(after(step, detection, line), Ok(expected), "{step} {detection} {line}");
    }
    let refused = after("{type: convert_type, target_type: num}", "x: a", "{}").unwrap_err();
    assert!(refused.contains("\"a\" is not a number"), "{refused}");
    let hashes = "{type: hashes_fields, valid_hash_algos: [SHA256]}";
    let refused = after(hashes, "Hashes: 'MD5=987b'", "{}").unwrap_err();
    assert!(refused.contains("no value is of SHA256"), "{refused}");
}

#[test]
fn names_are_all_mapped_where_that_is_asked() {
    let unmapped = "{type: strict_field_mapping_failure}\n  - {type: drop_detection_item}";
    let refused = after(unmapped, "x: a", "{}").unwrap_err();
    assert!(refused.contains("no step maps the fields x"), "{refused}");
    let strict =
        "{type: field_name_mapping, mapping: {x: y}}\n  - {type: strict_field_mapping_failure}";
    assert_eq!(after(strict, "x: a", r#"{"y":"a"}"#), Ok(true));
    let words = "title: R\nlogsource: {}\ndetection:\n  s: [one, two]\n  condition: s\n";
    let mapped = "transformations: [{type: field_name_mapping, mapping: {null: message}}]";
    assert_eq!(holds(words, &[mapped], r#"{"message":"not one"}"#), Ok(true));
    assert_eq!(holds(words, &[mapped], r#"{"other":"not one"}"#), Ok(false));
    let replaced = "transformations: [{type: map_string, mapping: {one: three}}]";
    assert_eq!(holds(words, &[replaced], r#"{"other":"it is three"}"#), Ok(true));
}

#[test]
fn conditions_of_every_sort() {
    let renamed = |conditions: &str| {
        let step = format!("{{type: field_name_prefix, prefix: p., {conditions}}}");
        after(&step, "x: ['a*', b]", r#"{"p":{"x":"b"}}"#).unwrap()
    };
    for (expected, [conditions]) in table(include_str!("tests/conditions.txt")) {
        assert_eq!(renamed(conditions), expected, "{conditions}");
    }
}

#[test]
fn what_steps_before_did_is_known() {
    let both = |conditions: &str| {
        let steps = format!(
            "{{id: first, type: field_name_mapping, mapping: {{x: y}}}}\n  \
             - {{type: set_state, key: n, val: 2}}\n  \
             - {{type: set_custom_attribute, attribute: house, value: brick}}\n  \
             - {{type: add_field, field: z}}\n  \
             - {{type: field_name_suffix, suffix: _s, {conditions}}}"
        );
        after(&steps, "x: a", r#"{"y_s":"a"}"#).unwrap()
    };
    for (conditions, expected) in [
        (
            "field_name_conditions: [{type: processing_item_applied, processing_item_id: first}]",
            true,
        ),
        (
            "field_name_conditions: [{type: processing_item_applied, processing_item_id: other}]",
            false,
        ),
        ("field_name_conditions: [{type: processing_state, key: n, val: 1, op: gt}]", true),
        ("detection_item_conditions: [{type: processing_state, key: n, val: 3, op: gte}]", false),
        ("rule_conditions: [{type: processing_state, key: n, val: 2}]", true),
        ("rule_conditions: [{type: rule_attribute, attribute: house, value: brick}]", true),
        ("rule_conditions: [{type: rule_attribute, attribute: fields, value: z, op: in}]", true),
    ] {
        assert_eq!(both(conditions), expected, "{conditions}");
    }
    let nested = "{type: nest, rule_conditions: [{type: tag, tag: x.y}], items: [\
        {type: field_name_prefix, prefix: a.}, {type: field_name_suffix, suffix: b}]}";
    assert_eq!(after(nested, "x: a", r#"{"a":{"xb":"a"}}"#), Ok(true));
    let other = nested.replace("x.y", "x.z");
    assert_eq!(after(&other, "x: a", r#"{"x":"a"}"#), Ok(true));
}

#[test]
fn a_condition_may_be_added_as_a_template_and_with_modifiers() {
    let step = "{type: add_condition, name: of_product, template: true, \
                conditions: {index: 'logs-$product', host|endswith: .example.org}}";
    let line = r#"{"x":"a","index":"logs-windows","host":"pc.example.org"}"#;
    assert_eq!(after(step, "x: a", line), Ok(true));
    assert_eq!(after(step, "x: a", &line.replace("windows", "linux")), Ok(false));
    assert_eq!(after(step, "x: a", &line.replace(".org", ".com")), Ok(false));
}

#[test]
fn some_placeholders_may_be_left() {
    let rule = "title: R\nlogsource: {}\ndetection:\n  s:\n    x|expand: 'a%any%b%some%'\n  condition: s\n";
    let of =
        |which: &str| format!("transformations:\n  - {{type: wildcard_placeholders, {which}}}\n");
    assert_eq!(holds(rule, &[&of("include: [any, some]")], r#"{"x":"a-b-"}"#), Ok(true));
    assert_eq!(holds(rule, &[&of("exclude: [some]")], r#"{"x":"a-b-"}"#), Ok(false));
    let wrong = Pipeline::read(&of("include: [any], exclude: [some]")).unwrap_err().to_string();
    assert!(wrong.contains("exclude each other"), "{wrong}");
}
