//! The schemas of the bodies of the machine interface, held to the types they describe by tests that
//! check what the types write.

use serde_json::{Map, Value, json};

mod agreement;
mod alarms;
mod check;
mod desk;
mod directory;
mod exchange;
mod mail;
mod parameter;
mod peers;
mod playbooks;
mod sensors;
mod watch;

pub use check::breaks;
pub use parameter::{Parameter, Shape};

/// Every schema by name.
#[must_use]
pub fn schemas() -> Value {
    let all = directory::all().into_iter().chain(agreement::all()).chain(exchange::all());
    let all = all.chain(peers::all()).chain(sensors::all()).chain(mail::all());
    let all =
        all.chain(desk::all()).chain(watch::all()).chain(playbooks::all()).chain(alarms::all());
    Value::Object(all.map(|(name, schema)| (name.to_owned(), schema)).collect())
}

/// One schema with all that it refers to, for publishing it alone (the agreement's, for editors).
#[must_use]
pub fn schema(name: &str) -> Option<Value> {
    let all = schemas();
    let mut one = all.get(name)?.clone();
    one["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    one["components"] = json!({ "schemas": all });
    Some(one)
}

/// An object: properties that must be there, and those that may be; no others.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut schema = open(required, optional);
    schema["additionalProperties"] = json!(false);
    schema
}

/// An object that may have further properties.
fn open(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = required
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn set(of: Value) -> Value {
    json!({ "type": "array", "items": of, "uniqueItems": true })
}

/// A page of a list.
fn page(of: Value) -> Value {
    object(&[("items", list(of))], &[("next", text())])
}

fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn one_of(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn moment() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn day() -> Value {
    json!({ "type": "string", "format": "date" })
}

fn maybe(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An identifier of ours.
fn slug() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,95}$" })
}

/// A STIX identifier.
fn item_id() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9-]+--[0-9a-fA-F-]{36}$" })
}

#[cfg(test)]
mod tests;
