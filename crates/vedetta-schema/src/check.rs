//! Whether a value is as a schema says: enough of JSON Schema for ours.

use serde_json::{Value, json};

use crate::schemas;

/// What in a value breaks the schema of a name, each with its place; empty when it fits.
#[must_use]
pub fn breaks(name: &str, value: &Value) -> Vec<String> {
    let root = json!({ "components": { "schemas": schemas() } });
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut faults = Vec::new();
    check(&root, &schema, value, name, &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        match root.pointer(reference.trim_start_matches('#')) {
            Some(target) => check(root, target, value, at, faults),
            None => faults.push(format!("{at}: there is no {reference}")),
        }
        return;
    }
    for choices in ["oneOf", "anyOf"] {
        let Some(choices) = schema[choices].as_array() else { continue };
        let fits = |choice: &&Value| {
            let mut faults = Vec::new();
            check(root, choice, value, at, &mut faults);
            faults.is_empty()
        };
        if choices.iter().filter(fits).count() != 1 {
            faults.push(format!("{at}: {value} fits not one choice"));
        }
    }
    check_type(&schema["type"], value, at, faults);
    let allowed = schema["enum"].as_array();
    if allowed.is_some_and(|allowed| !allowed.contains(value)) {
        faults.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        faults.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        check(root, &schema["items"], element, &format!("{at}[{index}]"), faults);
    }
    check_members(root, schema, value, at, faults);
}

fn check_type(types: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let of_type = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    };
    let names = types.as_array().cloned().unwrap_or_else(|| vec![types.clone()]);
    if !types.is_null() && !names.iter().any(of_type) {
        faults.push(format!("{at}: {value} is no {types}"));
    }
}

fn check_members(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !members.contains_key(*name)) {
        faults.push(format!("{at}: no {name}"));
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(schema) => check(root, schema, member, &format!("{at}.{name}"), faults),
            None if schema["additionalProperties"] == false => {
                faults.push(format!("{at}: {name} is not in the schema"));
            }
            None => {}
        }
    }
}
