//! What an auditor asks for of the body of an entry: a few facts, never the whole.

use serde_json::{Map, Value};

/// Larger bodies of records are not looked into, in octets.
const LARGEST: usize = 64 << 10;
/// Of one value so many characters are told.
const LONGEST: usize = 300;

/// Of the body of a record, by its kind: what an auditor asks for, where it is, and under which name.
fn of_record(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "account" => &[("/roles", "roles"), ("/state", "state")],
        "agreement" => &[
            ("/title", "title"),
            ("/stage/is", "stage"),
            ("/stage/reason", "reason"),
            ("/term/until", "until"),
        ],
        "token" => &[("/purpose", "purpose"), ("/scope", "scope"), ("/expires", "until")],
        "asset" => &[("/organisation", "organisation"), ("/kind", "kind"), ("/value", "value")],
        "contact" => &[("/organisation", "organisation"), ("/role", "role")],
        "webhook" => &[("/organisation", "organisation"), ("/url", "url"), ("/state", "state")],
        "hold" => &[("/authority", "authority"), ("/reason", "reason"), ("/until", "until")],
        "setting" => &[("", "value")],
        _ => &[],
    }
}

/// Adds what is told of a record, as far as it can be told in a line.
pub fn record(body: &[u8], told: &mut Map<String, Value>) {
    let kind = told.get("record").and_then(Value::as_str).unwrap_or_default();
    let wanted = of_record(kind);
    if wanted.is_empty() || body.len() > LARGEST {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    for (place, name) in wanted {
        let Some(value) = body.pointer(place) else { continue };
        let value = match value {
            Value::Array(all) if all.is_empty() && *name == "scope" => "all".into(),
            Value::String(text) => text.chars().take(LONGEST).collect::<String>().into(),
            value if value.to_string().len() <= LONGEST => value.clone(),
            _ => continue,
        };
        told.insert((*name).to_owned(), value);
    }
}

/// Adds what a node said to others, as far as it is about an agreement; of the rest, what it was.
pub fn said(body: &[u8], told: &mut Map<String, Value>) {
    if body.len() > LARGEST {
        return;
    }
    let Ok(Value::Object(what)) = serde_json::from_slice::<Value>(body) else { return };
    let Some((kind, what)) = what.into_iter().next() else { return };
    if kind == "standing" {
        let of = [("/agreement", "agreement"), ("/now", "stands"), ("/reason", "reason")];
        for (place, name) in of {
            told.extend(what.pointer(place).map(|it| (name.to_owned(), it.clone())));
        }
    }
    told.insert("said".into(), kind.into());
}
