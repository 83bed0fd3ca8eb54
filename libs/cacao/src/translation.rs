//! The words of a playbook in other languages: an extension of ours (section 8), since CACAO 2.0
//! has none. Below `playbook_extensions`, by its identifier:
//!
//! ```json
//! { "translations": { "it": { "name": "…", "description": "…",
//!     "steps": { "action--…": { "name": "…", "description": "…", "commands": ["…"] } },
//!     "variables": { "__name__": "…" } } } }
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

use crate::field::{Found, Object, kind};
use crate::playbook::Step;

/// The identifier of the extension.
pub const EXTENSION: &str = "extension-definition--5c0f8f0e-6a1d-4f6b-9d0c-3a5e8a3f1b27";

/// The words of a playbook in a language.
#[derive(Clone, Default, Debug)]
pub struct Words {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The words of its steps.
    pub steps: BTreeMap<String, StepWords>,
    /// What its variables are.
    pub variables: BTreeMap<String, String>,
}

/// The words of a step in a language.
#[derive(Clone, Default, Debug)]
pub struct StepWords {
    /// What it is called.
    pub name: String,
    /// What is done in it.
    pub description: String,
    /// Its commands, each in its place.
    pub commands: Vec<String>,
}

/// Reads the translations of a playbook with these steps.
pub(crate) fn translations(
    playbook: &Object<'_>,
    found: &mut Found,
    steps: &[Step],
) -> BTreeMap<String, Words> {
    let mut all = BTreeMap::new();
    let property = format!("playbook_extensions.{EXTENSION}");
    let extension = playbook.get("playbook_extensions").and_then(|it| it.get(EXTENSION));
    let Some(Value::Object(map)) = extension else { return all };
    let it = Object { id: playbook.id, within: &property, map };
    for (language, value) in it.dictionary(found, "translations").into_iter().flatten() {
        let within = format!("{property}.translations.{language}");
        match value {
            Value::Object(map) => {
                let it = Object { id: playbook.id, within: &within, map };
                all.insert(language.clone(), words(&it, found, steps));
            }
            other => playbook.fault(found, &within, format!("is {}; write an object", kind(other))),
        }
    }
    all
}

fn words(it: &Object<'_>, found: &mut Found, steps: &[Step]) -> Words {
    let mut words = Words {
        name: it.text(found, "name").unwrap_or_default(),
        description: it.text(found, "description").unwrap_or_default(),
        ..Words::default()
    };
    for (id, value) in it.dictionary(found, "steps").into_iter().flatten() {
        let place = format!("steps.{id}");
        let (true, Value::Object(map)) = (steps.iter().any(|step| step.id == *id), value) else {
            it.fault(found, &place, "is no step of the workflow with its words");
            continue;
        };
        let within = it.place(&place);
        let step = Object { id: it.id, within: &within, map };
        let own = StepWords {
            name: step.text(found, "name").unwrap_or_default(),
            description: step.text(found, "description").unwrap_or_default(),
            commands: step.texts(found, "commands"),
        };
        words.steps.insert(id.clone(), own);
    }
    for (name, value) in it.dictionary(found, "variables").into_iter().flatten() {
        match value {
            Value::String(text) => {
                words.variables.insert(name.clone(), text.clone());
            }
            other => {
                let place = format!("variables.{name}");
                it.fault(found, &place, format!("is {}; write text", kind(other)));
            }
        }
    }
    words
}
