use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::problem::{Problem, Rule, Severity};
use crate::read::{Limits, Reading, read};
use crate::schema::{self, Kind, Shape};

mod broken;

/// The golden objects by file name.
fn golden() -> BTreeMap<String, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/objects");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    named.collect()
}

fn reading(text: &str) -> Reading {
    read(text.as_bytes(), &Limits::default())
}

#[test]
fn golden_objects_are_clean_and_come_back_byte_for_byte() {
    for (name, text) in golden() {
        let reading = reading(&text);
        assert!(reading.problems.is_empty(), "{name}: {:#?}", reading.problems);
        for object in &reading.objects {
            assert!(text.contains(object.json()), "{name}");
            assert_eq!(crate::Object::restore(object.json()).as_ref(), Some(object));
            let compact: Value = serde_json::from_str(&object.compact_json()).unwrap();
            assert_eq!(compact, object.value(), "{name}");
        }
        if reading.seen == 1 {
            assert_eq!(reading.objects[0].json(), text.trim_end());
        }
    }
}

#[test]
fn every_type_has_a_golden_object() {
    let golden = golden();
    let missing: Vec<_> =
        schema::known_types().filter(|name| !golden.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The golden objects use every property of the tables: a misspelt one would be seen.
#[test]
fn golden_objects_use_every_property() {
    let mut values: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for text in golden().values() {
        for object in reading(text).objects {
            values.entry(object.object_type().into()).or_default().push(object.value());
        }
    }
    let mut unused = BTreeSet::new();
    for name in schema::known_types() {
        let table = schema::table(name).unwrap();
        let objects: Vec<&Value> = values[name].iter().collect();
        let mut note = |path: String| unused.insert(path);
        uncovered(&table.shape, &objects, name, &mut note);
        for (extension, shape) in table.extensions {
            let parts: Vec<&Value> =
                objects.iter().filter_map(|o| o["extensions"].get(extension)).collect();
            uncovered(shape, &parts, extension, &mut note);
        }
    }
    // A message of one part only: the golden one has several.
    assert_eq!(unused.into_iter().collect::<Vec<_>>(), ["artifact.url", "email-message.body"]);
}

fn uncovered(shape: &Shape, values: &[&Value], path: &str, note: &mut impl FnMut(String) -> bool) {
    for property in shape.properties {
        let found: Vec<&Value> = values.iter().filter_map(|v| v.get(property.name)).collect();
        let path = format!("{path}.{}", property.name);
        match &property.kind {
            _ if found.is_empty() => drop(note(path)),
            Kind::Part(shape) => uncovered(shape, &found, &path, note),
            Kind::List(Kind::Part(shape)) => {
                let items: Vec<&Value> =
                    found.iter().filter_map(|v| v.as_array()).flatten().collect();
                uncovered(shape, &items, &path, note);
            }
            _ => {}
        }
    }
}

fn problems(value: &Value) -> Vec<Problem> {
    reading(&value.to_string()).problems
}

#[test]
fn optional_and_custom_properties_may_be_anything() {
    let golden = golden();
    let mut value: Value = serde_json::from_str(&golden["tool"]).unwrap();
    value["x_anything"] = serde_json::json!([null, {"Ünknown key": []}, 1e300]);
    assert!(problems(&value).is_empty());
    value["score"] = 7.into();
    let found = problems(&value);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule, found[0].severity), (Rule::UnknownProperty, Severity::Warning));
}

#[test]
fn a_misspelling_is_named() {
    let text = golden()["indicator"].replace("\"valid_until\"", "\"valid_untill\"");
    let found = reading(&text).problems;
    assert_eq!(found[0].message, "\"valid_untill\" is not known here; is valid_until meant?");
    assert_eq!(
        found[0].place.unwrap().line,
        1 + text[..text.find("valid_untill").unwrap()].matches('\n').count() as u64
    );
}

#[test]
fn objects_of_2_0_are_told_apart() {
    let mut value: Value = serde_json::from_str(&golden()["indicator"]).unwrap();
    value.as_object_mut().unwrap().remove("spec_version");
    let found = problems(&value);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].rule, Rule::Stix20);
    assert!(found[0].advice.contains("convert"));
    // Observables may leave it out.
    let mut value: Value = serde_json::from_str(&golden()["url"]).unwrap();
    value.as_object_mut().unwrap().remove("spec_version");
    assert!(problems(&value).is_empty());
}
