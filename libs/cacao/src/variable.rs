//! Variables: how they are written, and how they are filled in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checks::is_variable;
use crate::field::{Found, Object, kind};
use crate::playbook::Variable;

/// Reads the variables of an object.
pub(crate) fn variables(
    object: &Object<'_>,
    found: &mut Found,
    property: &str,
) -> BTreeMap<String, Variable> {
    let mut variables = BTreeMap::new();
    for (name, value) in object.dictionary(found, property).into_iter().flatten() {
        let place = format!("{property}.{name}");
        if !is_variable(name) {
            object.fault(found, &place, "is no name of a variable; write __name__");
        }
        let Value::Object(map) = value else {
            object.fault(found, &place, format!("is {}; write an object", kind(value)));
            continue;
        };
        let within = object.place(&place);
        let it = Object { id: object.id, within: &within, map };
        let variable = Variable {
            kind: it.required(found, "type"),
            description: it.text(found, "description").unwrap_or_default(),
            value: it.get("value").map(plain),
            constant: it.flag(found, "constant"),
        };
        variables.insert(name.clone(), variable);
    }
    variables
}

/// A value as text: strings without their quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text with each `__name__:value` replaced; those that are not known stay as they are.
#[must_use]
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    const MARK: &str = "__:value";
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at + MARK.len());
        let head = before.strip_suffix(MARK).unwrap_or(before);
        // The nearest beginning that makes a name.
        let begins = head.rmatch_indices("__").map(|(at, _)| at);
        let name = begins
            .filter_map(|at| Some((at, format!("{}__", head.get(at..)?))))
            .find(|(_, name)| is_variable(name));
        match name.and_then(|(at, name)| Some((at, value(&name)?))) {
            Some((at, value)) => {
                filled.push_str(head.get(..at).unwrap_or_default());
                filled.push_str(&value);
            }
            None => filled.push_str(before),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}
