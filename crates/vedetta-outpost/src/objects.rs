//! What a finding becomes: STIX objects (STIX 2.1, sections 4.7 and 5.2) that travel like any other.

use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_detect::finding::{By, Severity};
use vedetta_detect::report::{Observable, Recalled, Told};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Instant, OrganisationId};

/// The namespace of the indicators that stand for rules and baselines (UUIDv5 of their identifier), the
/// same at every node, so that what different organisations see of one rule is seen together.
const RULES: Uuid = Uuid::from_u128(0x9d7e_0b6a_5c1f_5a3e_8b42_6f0c_2d91_7ae4);
/// The namespace of the indicators made of what was seen outside.
const OUTSIDE: Uuid = Uuid::from_u128(0x1f6b_93c0_7d25_5e88_a0c4_b7e2_4f18_9d03);
/// How long what was seen outside is looked for, in microseconds: addresses change hands.
const LOOKED_FOR: i64 = 7 * DAY;
const DAY: i64 = 86_400_000_000;

/// The identifier of what a finding is a sighting of: an indicator's own, or that of the indicator that
/// stands for a rule or a baseline.
#[must_use]
pub fn sighted(by: By, of: &str) -> String {
    let own = of.strip_prefix("indicator--").is_some_and(|uuid| Uuid::try_parse(uuid).is_ok());
    match by {
        By::Indicator | By::Rule | By::Correlation if own => of.to_owned(),
        By::Baseline => standing_for(&format!("baseline:{of}")),
        _ => standing_for(of),
    }
}

fn standing_for(of: &str) -> String {
    format!("indicator--{}", Uuid::new_v5(&RULES, of.as_bytes()))
}

/// The sighting that a finding becomes.
#[must_use]
pub fn sighting(told: &Told, by: &OrganisationId) -> Value {
    let identity = by.identity();
    let mut object = json!({
        "type": "sighting",
        "spec_version": "2.1",
        "id": format!("sighting--{}", told.id),
        "created_by_ref": identity,
        "created": written(told.created),
        "modified": written(told.told.max(told.created)),
        "confidence": told.confidence,
        "description": told.title,
        "first_seen": written(told.first),
        "last_seen": written(told.last),
        "count": told.count.min(999_999_999),
        "sighting_of_ref": sighted(told.by, &told.of),
        "where_sighted_refs": [identity],
        "x_vedetta_by": told.by,
        "x_vedetta_of": told.of,
        "x_vedetta_severity": told.severity,
    });
    let mut put = |name: &str, value: Value| {
        object[name] = value;
    };
    if !told.techniques.is_empty() {
        put("x_vedetta_techniques", json!(told.techniques));
    }
    if !told.entity.is_empty() {
        put("x_vedetta_entity", json!(told.entity));
    }
    if !told.evidence.is_empty() {
        put("x_vedetta_evidence", json!(told.evidence));
    }
    if told.recalled == Recalled::FromHistory {
        put("x_vedetta_recalled", json!(true));
    }
    object
}

/// The indicators that others look for, of a finding that is grave and was not an indicator's own. They
/// are not for blocking (PAP:AMBER): a machine made them, and a person decides.
#[must_use]
pub fn indicators(told: &Told, by: &OrganisationId) -> Vec<Value> {
    let grave = told.severity >= Severity::High && told.recalled == Recalled::Live;
    if !grave || told.by == By::Indicator {
        return Vec::new();
    }
    told.observables.iter().filter_map(|it| indicator(it, told, by)).collect()
}

fn indicator(seen: &Observable, told: &Told, by: &OrganisationId) -> Option<Value> {
    let Observable { kind, value } = seen;
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | ':' | '-' | '_');
    let known = matches!(kind.as_str(), "ipv4-addr" | "ipv6-addr" | "domain-name");
    if !known || value.is_empty() || value.len() > 253 || !value.chars().all(plain) {
        return None;
    }
    // One of an organisation for a value and a week, whatever saw it: seen on another day, it is the same
    // for longer.
    let start = |of: i64| Instant::from_micros(told.created.micros().div_euclid(of) * of);
    let (week, day) = (start(LOOKED_FOR), start(DAY));
    let named = format!("{by}\u{1f}{}\u{1f}{value}", week.micros());
    let id = Uuid::new_v5(&OUTSIDE, named.as_bytes());
    let identity = by.identity();
    let until = Instant::from_micros(day.micros().saturating_add(LOOKED_FOR + DAY));
    let from = written(told.first.min(day));
    Some(json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--{id}"),
        "created_by_ref": identity,
        "created": written(week),
        "modified": written(day),
        "name": told.title,
        "indicator_types": ["anomalous-activity"],
        "pattern": format!("[{kind}:value = '{value}']"),
        "pattern_type": "stix",
        "valid_from": from,
        "valid_until": written(until),
        "confidence": told.confidence,
        "extensions": {
            HANDLING_EXTENSION: {
                "extension_type": "property-extension",
                "pap": "AMBER",
                "victim_refs": [identity],
            },
        },
    }))
}

/// As STIX writes a moment, to the millisecond.
fn written(at: Instant) -> String {
    let at = Instant::from_micros(at.micros().div_euclid(1_000) * 1_000).to_string();
    at.strip_suffix("000Z").map_or_else(|| at.clone(), |short| format!("{short}Z"))
}
