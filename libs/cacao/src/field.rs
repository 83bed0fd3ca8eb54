//! Properties of an object, taken one by one, with what is wrong said of each.

use serde::Serialize;
use serde_json::{Map, Value};

/// What is wrong with a playbook, and where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[error("{object}: {property}: {what}")]
pub struct Fault {
    /// The identifier of the object; `playbook` for the playbook itself.
    pub object: String,
    /// The property.
    pub property: String,
    /// What is wrong, and what to write.
    pub what: String,
}

/// Faults are told up to so many.
pub(crate) const TOLD: usize = 100;

/// What was found while reading.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) faults: Vec<Fault>,
    pub(crate) remarks: Vec<Fault>,
}

/// An object under examination.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    /// Its identifier, or that of the object it is a part of.
    pub(crate) id: &'a str,
    /// Where in that object it is; empty for the object itself.
    pub(crate) within: &'a str,
    pub(crate) map: &'a Map<String, Value>,
}

impl Found {
    pub(crate) fn fault(&mut self, object: &str, property: &str, what: impl Into<String>) {
        push(&mut self.faults, object, property, what.into());
    }

    pub(crate) fn remark(&mut self, object: &str, property: &str, what: impl Into<String>) {
        push(&mut self.remarks, object, property, what.into());
    }
}

fn push(list: &mut Vec<Fault>, object: &str, property: &str, what: String) {
    if list.len() < TOLD {
        list.push(Fault { object: object.into(), property: property.into(), what });
    }
}

impl<'a> Object<'a> {
    /// The name of a property as a person finds it.
    pub(crate) fn place(&self, name: &str) -> String {
        if self.within.is_empty() { name.into() } else { format!("{}.{name}", self.within) }
    }

    pub(crate) fn fault(&self, found: &mut Found, name: &str, what: impl Into<String>) {
        found.fault(self.id, &self.place(name), what);
    }

    /// A property that is not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, found: &mut Found, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.fault(found, name, format!("is {}; write text", kind(other)));
                None
            }
        }
    }

    /// A text that must be there and say something.
    pub(crate) fn required(&self, found: &mut Found, name: &str) -> String {
        let there = self.get(name).is_some();
        match self.text(found, name) {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) => {
                self.fault(found, name, "is empty; write it");
                String::new()
            }
            None => {
                if !there {
                    self.fault(found, name, "is missing; write it");
                }
                String::new()
            }
        }
    }

    pub(crate) fn texts(&self, found: &mut Found, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for value in self.list(found, name) {
            match value {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    self.fault(found, name, format!("holds {}; write texts", kind(other)));
                }
            }
        }
        texts
    }

    pub(crate) fn list(&self, found: &mut Found, name: &str) -> &'a [Value] {
        match self.get(name) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.fault(found, name, format!("is {}; write a list", kind(other)));
                &[]
            }
        }
    }

    pub(crate) fn dictionary(
        &self,
        found: &mut Found,
        name: &str,
    ) -> Option<&'a Map<String, Value>> {
        match self.get(name)? {
            Value::Object(map) => Some(map),
            other => {
                self.fault(found, name, format!("is {}; write an object", kind(other)));
                None
            }
        }
    }

    pub(crate) fn flag(&self, found: &mut Found, name: &str) -> bool {
        match self.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.fault(found, name, format!("is {}; write true or false", kind(other)));
                false
            }
        }
    }
}

/// What a value is, in words.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
