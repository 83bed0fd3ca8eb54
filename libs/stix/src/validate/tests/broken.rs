//! For each rule of the specification, an object that breaks it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{golden, problems};
use crate::problem::Rule;

/// A golden object, a merge patch (RFC 7396) that breaks it, the rule and the path it is found at.
type Case = (Rule, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    (Rule::MissingProperty, "indicator", r#"{"pattern":null}"#, "pattern"),
    (Rule::MissingProperty, "indicator", r#"{"type":null}"#, "type"),
    (Rule::MissingProperty, "indicator", r#"{"id":null}"#, "id"),
    (Rule::MissingProperty, "tool", r#"{"modified":null}"#, "modified"),
    (Rule::MissingProperty, "x-acme-badge", r#"{"id":null}"#, "id"),
    (
        Rule::MissingProperty,
        "tool",
        r#"{"kill_chain_phases":[{"phase_name":"x"}]}"#,
        "kill_chain_phases[0].kill_chain_name",
    ),
    (
        Rule::MissingProperty,
        "file",
        r#"{"extensions":{"windows-pebinary-ext":{"pe_type":null}}}"#,
        "extensions.windows-pebinary-ext.pe_type",
    ),
    (
        Rule::MissingProperty,
        "marking-definition",
        r#"{"definition":{"statement":null,"x":1}}"#,
        "definition.statement",
    ),
    (
        Rule::MissingProperty,
        "observed-data-objects",
        r#"{"objects":{"0":{"type":null}}}"#,
        "objects.0.type",
    ),
    (Rule::WrongType, "indicator", r#"{"type":5}"#, "type"),
    (Rule::WrongType, "indicator", r#"{"id":5}"#, "id"),
    (Rule::WrongType, "indicator", r#"{"name":5}"#, "name"),
    (Rule::WrongType, "indicator", r#"{"revoked":"no"}"#, "revoked"),
    (Rule::WrongType, "indicator", r#"{"confidence":75.5}"#, "confidence"),
    (Rule::WrongType, "indicator", r#"{"labels":"prova"}"#, "labels"),
    (Rule::WrongType, "indicator", r#"{"labels":["a",1]}"#, "labels[1]"),
    (Rule::WrongType, "indicator", r#"{"extensions":[]}"#, "extensions"),
    (Rule::WrongType, "location", r#"{"latitude":"43"}"#, "latitude"),
    (Rule::WrongType, "file", r#"{"hashes":{"MD5":5}}"#, "hashes.MD5"),
    (Rule::EmptyList, "indicator", r#"{"labels":[]}"#, "labels"),
    (Rule::EmptyList, "indicator", r#"{"object_marking_refs":[]}"#, "object_marking_refs"),
    (
        Rule::EmptyObject,
        "file",
        r#"{"extensions":{"pdf-ext":{"version":null,"is_optimized":null,"document_info_dict":null,"pdfid0":null,"pdfid1":null}}}"#,
        "extensions.pdf-ext",
    ),
    (Rule::OutOfRange, "indicator", r#"{"confidence":101}"#, "confidence"),
    (Rule::OutOfRange, "observed-data", r#"{"number_observed":0}"#, "number_observed"),
    (Rule::OutOfRange, "observed-data", r#"{"number_observed":1000000000}"#, "number_observed"),
    (Rule::OutOfRange, "location", r#"{"latitude":90.1}"#, "latitude"),
    (Rule::OutOfRange, "network-traffic", r#"{"dst_port":65536}"#, "dst_port"),
    (Rule::OutOfRange, "process", r#"{"pid":9007199254740993}"#, "pid"),
    (Rule::BadTimestamp, "indicator", r#"{"valid_from":"2026-02-30T00:00:00Z"}"#, "valid_from"),
    (Rule::BadTimestamp, "indicator", r#"{"created":"2026-02-03T09:15:00+01:00"}"#, "created"),
    (
        Rule::TimestampPrecision,
        "indicator",
        r#"{"modified":"2026-02-04T10:20:30.1234567Z"}"#,
        "modified",
    ),
    (Rule::BadIdentifier, "indicator", r#"{"id":"indicator--1"}"#, "id"),
    (Rule::BadIdentifier, "indicator", r#"{"created_by_ref":"identity"}"#, "created_by_ref"),
    (
        Rule::BadIdentifier,
        "tool",
        r#"{"extensions":{"extension-definition--x":{"a":1}}}"#,
        "extensions.extension-definition--x",
    ),
    (Rule::IdType, "indicator", r#"{"id":"malware--00000001-5b1c-4d2e-8f3a-000000000001"}"#, "id"),
    (
        Rule::UuidVersion,
        "indicator",
        r#"{"id":"indicator--00000001-5b1c-0d2e-8f3a-000000000001"}"#,
        "id",
    ),
    (Rule::DeterministicId, "url", r#"{"value":"https://other.example.org/"}"#, "id"),
    (
        Rule::ReferenceType,
        "indicator",
        r#"{"created_by_ref":"indicator--00000001-5b1c-4d2e-8f3a-000000000001"}"#,
        "created_by_ref",
    ),
    (
        Rule::ReferenceType,
        "malware",
        r#"{"sample_refs":["url--00000001-5b1c-4d2e-8f3a-000000000001"]}"#,
        "sample_refs[0]",
    ),
    (
        Rule::ReferenceType,
        "sighting",
        r#"{"sighting_of_ref":"url--00000001-5b1c-4d2e-8f3a-000000000001"}"#,
        "sighting_of_ref",
    ),
    (
        Rule::ReferenceType,
        "observed-data",
        r#"{"object_refs":["tool--00000001-5b1c-4d2e-8f3a-000000000001"]}"#,
        "object_refs[0]",
    ),
    (
        Rule::ReferenceType,
        "relationship",
        r#"{"source_ref":"bundle--00000001-5b1c-4d2e-8f3a-000000000001"}"#,
        "source_ref",
    ),
    (
        Rule::ReferenceType,
        "relationship",
        r#"{"target_ref":"sighting--00000001-5b1c-4d2e-8f3a-000000000001"}"#,
        "target_ref",
    ),
    (Rule::BadBinary, "artifact", r#"{"payload_bin":"UEsDBA"}"#, "payload_bin"),
    (Rule::BadHex, "file", r#"{"magic_number_hex":"4d5"}"#, "magic_number_hex"),
    (Rule::BadHash, "file", r#"{"hashes":{"SHA-256":"0c0c"}}"#, "hashes.SHA-256"),
    (Rule::HashAlgorithm, "file", r#"{"hashes":{"SHA256":"0c0c"}}"#, "hashes.SHA256"),
    (Rule::BadLanguage, "indicator", r#"{"lang":"italian language"}"#, "lang"),
    (
        Rule::BadLanguage,
        "language-content",
        r#"{"contents":{"e n":{"name":"x"}}}"#,
        "contents[\"e n\"]",
    ),
    (Rule::Enumeration, "opinion", r#"{"opinion":"maybe"}"#, "opinion"),
    (
        Rule::Enumeration,
        "network-traffic",
        r#"{"extensions":{"socket-ext":{"socket_type":"SOCK"}}}"#,
        "extensions.socket-ext.socket_type",
    ),
    (
        Rule::Enumeration,
        "extension-definition",
        r#"{"extension_types":["toplevel-property-extension","x"]}"#,
        "extension_types[1]",
    ),
    (Rule::OpenVocabulary, "malware", r#"{"malware_types":["ransomwares"]}"#, "malware_types[0]"),
    (Rule::BadForm, "ipv4-addr", r#"{"value":"198.51.100.256"}"#, "value"),
    (Rule::BadForm, "mac-addr", r#"{"value":"00-00-5E-00-53-01"}"#, "value"),
    (Rule::TimeOrder, "indicator", r#"{"modified":"2026-02-03T09:14:59.999Z"}"#, "modified"),
    (Rule::TimeOrder, "indicator", r#"{"valid_until":"2026-02-03T09:15:00.000Z"}"#, "valid_until"),
    (Rule::TimeOrder, "relationship", r#"{"stop_time":"2026-02-03T09:15:00.000Z"}"#, "stop_time"),
    (Rule::TimeOrder, "campaign", r#"{"last_seen":"2026-02-03T09:14:00.000Z"}"#, "last_seen"),
    (
        Rule::TimeOrder,
        "observed-data",
        r#"{"last_observed":"2026-02-03T09:14:00.000Z"}"#,
        "last_observed",
    ),
    (Rule::TimeOrder, "network-traffic", r#"{"end":"2026-02-03T09:14:00.000Z"}"#, "end"),
    (Rule::AtLeastOne, "file", r#"{"hashes":null,"name":null}"#, ""),
    (Rule::AtLeastOne, "network-traffic", r#"{"src_ref":null,"dst_ref":null}"#, ""),
    (Rule::AtLeastOne, "malware-analysis", r#"{"result":null,"analysis_sco_refs":null}"#, ""),
    (Rule::AtLeastOne, "observed-data", r#"{"object_refs":null}"#, ""),
    (
        Rule::AtLeastOne,
        "indicator",
        r#"{"external_references":[{"source_name":"x"}]}"#,
        "external_references[0]",
    ),
    (
        Rule::AtLeastOne,
        "marking-definition",
        r#"{"definition":null,"definition_type":null,"extensions":null,"granular_markings":null}"#,
        "",
    ),
    (
        Rule::AtLeastOne,
        "indicator",
        r#"{"granular_markings":[{"selectors":["name"]}]}"#,
        "granular_markings[0]",
    ),
    (Rule::AtLeastOne, "windows-registry-key", r#"{"values":[{"x_a":1}]}"#, "values[0]"),
    (
        Rule::AtLeastOne,
        "mutex",
        r#"{"type":"user-account","id":"user-account--00000001-5b1c-4d2e-8f3a-000000000001","name":null}"#,
        "",
    ),
    (Rule::Exclusive, "observed-data", r#"{"objects":{"0":{"type":"url"}}}"#, ""),
    (Rule::Exclusive, "artifact", r#"{"url":"https://example.org/a"}"#, ""),
    (
        Rule::Exclusive,
        "indicator",
        r#"{"granular_markings":[{"lang":"it","marking_ref":"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb","selectors":["name"]}]}"#,
        "granular_markings[0]",
    ),
    (Rule::Dependency, "location", r#"{"longitude":null}"#, "latitude"),
    (Rule::Dependency, "location", r#"{"latitude":null,"longitude":null}"#, "precision"),
    (Rule::Dependency, "malware", r#"{"name":null}"#, "name"),
    (Rule::Dependency, "artifact", r#"{"encryption_algorithm":null}"#, "decryption_key"),
    (
        Rule::Dependency,
        "artifact",
        r#"{"payload_bin":null,"url":"https://example.org/a","hashes":null}"#,
        "url",
    ),
    (Rule::Dependency, "marking-definition", r#"{"definition_type":null}"#, "definition"),
    (Rule::Contradiction, "network-traffic", r#"{"is_active":true}"#, "end"),
    (Rule::Contradiction, "email-message", r#"{"is_multipart":false}"#, "body_multipart"),
    (Rule::Contradiction, "email-message", r#"{"body":"x"}"#, "body"),
    (
        Rule::Contradiction,
        "extension-definition",
        r#"{"extension_types":["new-sdo"]}"#,
        "extension_properties",
    ),
    (Rule::PropertyName, "tool", r#"{"x-own":1}"#, "x-own"),
    (Rule::PropertyName, "tool", r#"{"":1}"#, "[\"\"]"),
    (Rule::PropertyName, "tool", r#"{"ab":1}"#, "ab"),
    (Rule::PropertyName, "tool", r#"{"type":"x_tool"}"#, "type"),
    (
        Rule::DictionaryKey,
        "process",
        r#"{"environment_variables":{"a b":"c"}}"#,
        "environment_variables[\"a b\"]",
    ),
    (Rule::ReservedName, "tool", r#"{"severity":1}"#, "severity"),
    (Rule::ReservedName, "x-acme-badge", r#"{"type":"action"}"#, "type"),
    (Rule::UnknownProperty, "tool", r#"{"score":1}"#, "score"),
    (
        Rule::UnknownProperty,
        "windows-registry-key",
        r#"{"values":[{"name":"x","kind":1}]}"#,
        "values[0].kind",
    ),
    (
        Rule::UnknownProperty,
        "x-acme-badge",
        r#"{"type":"indicater","id":"indicater--00000001-5b1c-4d2e-8f3a-000000000001"}"#,
        "type",
    ),
    (
        Rule::BadExtension,
        "tool",
        r#"{"extensions":{"extension-definition--00000001-5b1c-4d2e-8f3a-000000000001":{"extension_type":"x"}}}"#,
        "extensions.extension-definition--00000001-5b1c-4d2e-8f3a-000000000001.extension_type",
    ),
    (
        Rule::UnknownExtension,
        "tool",
        r#"{"extensions":{"acme-ext":{"a":1}}}"#,
        "extensions.acme-ext",
    ),
    (
        Rule::UnknownExtension,
        "url",
        r#"{"extensions":{"pdf-ext":{"version":"1.7"}}}"#,
        "extensions.pdf-ext",
    ),
    (
        Rule::Selector,
        "indicator",
        r#"{"granular_markings":[{"lang":"it","selectors":["labels.[1]"]}]}"#,
        "granular_markings[0].selectors[0]",
    ),
    (
        Rule::Selector,
        "indicator",
        r#"{"granular_markings":[{"lang":"it","selectors":["name","labels.x"]}]}"#,
        "granular_markings[0].selectors[1]",
    ),
    (
        Rule::TlpMarking,
        "marking-definition",
        r#"{"definition_type":"tlp","definition":{"tlp":"amber"}}"#,
        "id",
    ),
    (
        Rule::TlpMarking,
        "marking-definition",
        r#"{"definition_type":null,"definition":null,"granular_markings":null,"extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"clear"}}}"#,
        "id",
    ),
    (
        Rule::TlpMarking,
        "marking-definition",
        r#"{"id":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9","definition_type":"tlp","definition":{"tlp":"red"}}"#,
        "id",
    ),
    (Rule::Stix20, "indicator", r#"{"spec_version":null}"#, "spec_version"),
    (Rule::Stix20, "indicator", r#"{"spec_version":"2.0"}"#, "spec_version"),
    (Rule::SpecVersion, "indicator", r#"{"spec_version":"3.0"}"#, "spec_version"),
    (Rule::SpecVersion, "indicator", r#"{"spec_version":2.1}"#, "spec_version"),
];

/// Broken on the level of the text: see the tests of reading.
const OF_READING: &[Rule] = &[
    Rule::Unreadable,
    Rule::InputTooLarge,
    Rule::TooManyObjects,
    Rule::ObjectTooLarge,
    Rule::StringTooLong,
    Rule::TooDeep,
    Rule::NotUtf8,
    Rule::NotJson,
    Rule::NotAContainer,
    Rule::NotAnObject,
    Rule::DuplicateKey,
    Rule::MoreProblems,
];

fn patch(target: &mut Value, with: &Value) {
    let Value::Object(with) = with else { return *target = with.clone() };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let target = target.as_object_mut().unwrap();
    for (name, value) in with {
        if value.is_null() {
            target.remove(name);
        } else {
            patch(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[test]
fn each_rule_names_itself_and_the_place() {
    let golden = golden();
    for (rule, name, with, path) in CASES {
        let mut value: Value = serde_json::from_str(&golden[*name]).unwrap();
        patch(&mut value, &serde_json::from_str(with).unwrap());
        let found = problems(&value);
        let named = found.iter().any(|problem| problem.rule == *rule && problem.path == *path);
        assert!(named, "{rule} at {path:?} in {name} with {with}: {found:#?}");
        let id = value["id"].as_str();
        assert!(found.iter().all(|p| p.id.as_deref() == id && p.place.is_some()), "{found:?}");
        // A broken rule does not set off others, but for a few that follow from it.
        assert!(found.len() <= 2, "{rule} in {name} with {with}: {found:#?}");
    }
}

#[test]
fn every_rule_is_broken_somewhere() {
    let broken: BTreeSet<Rule> =
        CASES.iter().map(|case| case.0).chain(OF_READING.iter().copied()).collect();
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !broken.contains(rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn double_properties_are_found_at_every_depth() {
    let texts = [
        (r#""name":"#, r#""name":"x","name":"#, "name"),
        (
            r#""source_name":"#,
            r#""source_name":"x","source_name":"#,
            "external_references[0].source_name",
        ),
        (
            r#""office":"#,
            r#""office":"x","office":"#,
            "extensions.extension-definition--2c1a7d0e-5b1c-4d2e-8f3a-0123456789ab.office",
        ),
        (r#""SHA-256":"#, r#""SHA-256":"x","SHA-256":"#, "external_references[0].hashes.SHA-256"),
        (r#""x_note":"#, r#""x_note":{"a":[{"b":1,"b":1}]},"x_own":"#, "x_note.a[0].b"),
    ];
    for (from, to, path) in texts {
        let text = golden_indicator().replacen(from, to, 1);
        let found = super::reading(&text).problems;
        let named = found.iter().any(|p| p.rule == Rule::DuplicateKey && p.path == path);
        assert!(named, "{path}: {found:#?}");
    }
    let many: Vec<_> = (0..200).map(|n| format!("\"x_{}\":1", n % 199)).collect();
    let text = golden_indicator().replacen('{', &format!("{{{},", many.join(",")), 1);
    let found = super::reading(&text).problems;
    assert_eq!((found.len(), found[0].path.as_str()), (1, "x_0"));
}

fn golden_indicator() -> String {
    golden()["indicator"].clone()
}

#[test]
fn bytes_that_are_not_utf_8_are_placed() {
    let mut bytes = golden_indicator().into_bytes();
    let at = bytes.windows(4).position(|window| window == b"Sito").unwrap();
    bytes[at] = 0xff;
    let reading = crate::read::read(&bytes, &crate::Limits::default());
    assert_eq!(reading.problems[0].rule, Rule::NotUtf8);
    assert_eq!(reading.problems[0].place.unwrap().offset, at as u64);
}
