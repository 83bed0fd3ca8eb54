//! Variables: how they are written, and how they are filled in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checks::{LONGEST_NAME, is_name, is_variable};
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

/// By how many octets values make a text longer at most.
pub const LONGEST_FILLING: usize = 1 << 20;

/// The text with each `__name__:value` replaced; those that are not known stay as they are, and so do those
/// whose values would be more than [`LONGEST_FILLING`] together.
#[must_use]
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    const MARK: &str = "__:value";
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    let mut room = LONGEST_FILLING;
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at + MARK.len());
        let head = before.strip_suffix(MARK).unwrap_or(before);
        let known = name_at_end(head).and_then(|(start, name)| {
            let value = value(&format!("__{name}__")).filter(|value| value.len() <= room)?;
            Some((head.get(..start)?, value))
        });
        match known {
            Some((start, value)) => {
                room -= value.len();
                filled.push_str(start);
                filled.push_str(&value);
            }
            None => filled.push_str(before),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The shortest name with which a text ends, and where it begins with its `__`. What is no name, or longer
/// than one, is not looked at: a text of many `__` is read once.
fn name_at_end(text: &str) -> Option<(usize, &str)> {
    let letter = |octet: &&u8| octet.is_ascii_alphanumeric() || b"_-".contains(octet);
    let letters = text.bytes().rev().take(2 + LONGEST_NAME).take_while(|it| letter(&it)).count();
    let end = text.get(text.len() - letters..)?;
    let begins = end.rmatch_indices("__");
    let mut names = begins.filter_map(|(at, _)| Some((at, end.get(at + 2..)?)));
    let (at, name) = names.find(|(_, name)| is_name(name))?;
    Some((text.len() - letters + at, name))
}
