//! Agreements as written: the corpora replayed, and the published schema held to what is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vedetta_model::Agreement;
use vedetta_policy::{
    Known, LONGEST_AGREEMENT, Notation, ReadError, check, read_agreement, write_agreement,
};

fn corpus(kind: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/agreement_toml");
    let files = std::fs::read_dir(folder.join(kind)).unwrap().map(|file| file.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    texts.map(|path| (path.clone(), read(&path))).collect()
}

/// Compares with the file beside it; writes it when VEDETTA_BLESS is set.
fn expect(beside: &Path, extension: &str, found: &str) {
    let path = beside.with_extension(extension);
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{} (VEDETTA_BLESS=1 rewrites it)", path.display());
}

fn schema() -> Value {
    let path = "../../docs/reference/agreement.schema.json";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn what_is_valid_is_read_and_written_back() {
    let valid = corpus("valid");
    assert!(valid.len() >= 4);
    for (path, text) in valid {
        let name = path.display();
        let agreement =
            read_agreement(&text, Notation::Toml).unwrap_or_else(|e| panic!("{name}: {e}"));
        let again = write_agreement(&agreement).unwrap();
        assert_eq!(read_agreement(&again, Notation::Toml).as_ref(), Ok(&agreement), "{name}");
        let json = serde_json::to_string_pretty(&agreement).unwrap();
        assert_eq!(read_agreement(&json, Notation::Json).as_ref(), Ok(&agreement), "{name}");
        let value = serde_json::to_value(&agreement).unwrap();
        let schema = schema();
        conforms(&schema, &schema, &value).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn what_is_hostile_is_refused_with_its_place() {
    let hostile = corpus("hostile");
    assert!(hostile.len() >= 20);
    for (path, text) in hostile {
        let error = read_agreement(&text, Notation::Toml).unwrap_err();
        expect(&path, "error", &format!("{error}\n"));
        assert!(read_agreement(&text, Notation::Json).is_err());
    }
    let deep = "[".repeat(LONGEST_AGREEMENT);
    for notation in [Notation::Json, Notation::Toml] {
        assert!(matches!(read_agreement(&deep, notation), Err(ReadError::Wrong { .. })));
        let long = " ".repeat(LONGEST_AGREEMENT + 1);
        assert!(matches!(read_agreement(&long, notation), Err(ReadError::TooLong { .. })));
    }
}

#[test]
fn an_error_in_json_has_its_place_too() {
    let error = read_agreement("{\n  \"id\": 3\n}", Notation::Json).unwrap_err();
    assert!(matches!(error, ReadError::Wrong { line: 2, .. }), "{error}");
}

#[test]
fn every_fault_is_found_and_named() {
    let faulty = corpus("faulty");
    assert!(faulty.len() >= 3);
    let (organisations, agreements) = directory();
    let contacts = ["cosc-umbria-room", "comune-054039-it"].map(|id| id.parse().unwrap());
    let known = Known::of(&organisations, &agreements).with_contacts(&contacts);
    for (path, text) in faulty {
        let agreement = read_agreement(&text, Notation::Toml).unwrap();
        let faults: String =
            check(&agreement, &known).iter().map(|fault| format!("{fault}\n")).collect();
        expect(&path, "faults", &faults);
    }
    for agreement in &agreements {
        assert_eq!(check(agreement, &known), [], "{}", agreement.id);
    }
}

type Directory = (
    Vec<(vedetta_model::OrganisationNumber, std::sync::Arc<vedetta_model::Organisation>)>,
    Vec<std::sync::Arc<Agreement>>,
);

/// Four organisations, and agreements among them without a fault.
fn directory() -> Directory {
    let organisations = [
        r#"{"id": "cosc-umbria", "name": "COSC Umbria", "kind": "regional-centre"}"#,
        r#"{"id": "comune-054039", "name": "Perugia", "kind": "municipality", "region": "Umbria",
            "province": "PG", "population": 162000, "sector": "public-administration",
            "criticality": "regional"}"#,
        r#"{"id": "small", "name": "Small", "kind": "municipality", "region": "Umbria"}"#,
        r#"{"id": "operator", "name": "Operator", "kind": "operator"}"#,
    ];
    let organisations = organisations.iter().zip(0..).map(|(text, number)| {
        let organisation = serde_json::from_str(text).unwrap();
        (vedetta_model::OrganisationNumber(number), std::sync::Arc::new(organisation))
    });
    let read = |name: &str| {
        let texts = corpus("valid");
        let (_, text) = texts.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        std::sync::Arc::new(read_agreement(text, Notation::Toml).unwrap())
    };
    let framework = r#"
        id = "framework"
        title = "Framework"
        term = { from = 2023-01-01, until = 2026-12-31 }
        party = [
          { name = "centre", organisations = ["cosc-umbria"], gives = ["indicator"] },
          { name = "operator", organisations = ["operator"], receives = ["indicator"] },
        ]"#;
    let framework: Agreement = read_agreement(framework, Notation::Toml).unwrap();
    let before = Agreement { id: "umbria-act-2020".parse().unwrap(), ..framework.clone() };
    let agreements = vec![
        std::sync::Arc::new(framework),
        std::sync::Arc::new(before),
        read("every_field.toml"),
        read("adhesion.toml"),
    ];
    (organisations.collect(), agreements)
}

/// The part of JSON Schema that ours uses.
fn conforms(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/$defs/").unwrap();
        conforms(root, &root["$defs"][name], value)?;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|it| conforms(root, it, value).is_ok()).count();
        if fitting != 1 {
            return Err(format!("{value} fits {fitting} of the choices"));
        }
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        return Err(format!("{value} is none of {choices:?}"));
    }
    if schema.get("const").is_some_and(|constant| constant != value) {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !fits {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    for item in value.as_array().into_iter().flatten().filter(|_| schema["type"] == "array") {
        conforms(root, &schema["items"], item)?;
    }
    for (name, item) in
        value.as_object().into_iter().flatten().filter(|_| schema["type"] == "object")
    {
        let Some(property) = schema["properties"].get(name) else {
            return Err(format!("{name} is not in the schema"));
        };
        conforms(root, property, item).map_err(|why| format!("{name}: {why}"))?;
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        value.get(name).ok_or(format!("{name} is missing"))?;
    }
    Ok(())
}

/// The schema is refused as stale when it has a property that the reader does not know, or lacks
/// one, or when the two have different choices for a property.
#[test]
fn the_schema_is_what_the_reader_reads() {
    let texts = corpus("valid");
    let (_, text) = texts.iter().find(|(path, _)| path.ends_with("every_field.toml")).unwrap();
    let mut value = serde_json::to_value(read_agreement(text, Notation::Toml).unwrap()).unwrap();
    value["adhesion"] = serde_json::json!({ "party": "x", "organisation": "y" });
    let schema = schema();
    let mut compared = 0;
    same(&schema, &schema, &value, "", &value, &mut compared);
    assert!(compared >= 12, "{compared} lists of choices were compared");
}

fn same(root: &Value, schema: &Value, value: &Value, at: &str, whole: &Value, seen: &mut usize) {
    let schema = match schema["$ref"].as_str() {
        Some(target) => &root["$defs"][target.strip_prefix("#/$defs/").unwrap()],
        None => schema,
    };
    if let Some(choices) = schema["enum"].as_array() {
        let mut wrong = whole.clone();
        *wrong.pointer_mut(at).unwrap() = "nonsense".into();
        let error = serde_json::from_value::<Agreement>(wrong).unwrap_err().to_string();
        let read: BTreeSet<_> = error.split('`').skip(3).step_by(2).collect();
        let written: BTreeSet<_> = choices.iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(read, written, "{at}: {error}");
        *seen += 1;
    }
    if let Some(properties) = schema["properties"].as_object() {
        let written: BTreeSet<_> = properties.keys().collect();
        let read: BTreeSet<_> = value.as_object().unwrap().keys().collect();
        let mut wrong = whole.clone();
        wrong.pointer_mut(at).unwrap()["nonsense"] = 1.into();
        assert!(serde_json::from_value::<Agreement>(wrong).is_err(), "{at} takes anything");
        if written.len() > 1 || at.is_empty() {
            assert_eq!(read, written, "{at}");
        }
        for (name, property) in properties {
            same(root, property, &value[name], &format!("{at}/{name}"), whole, seen);
        }
    }
    if let Some(item) = schema.get("items") {
        let items = value.as_array().unwrap();
        for (place, one) in items.iter().enumerate().skip(items.len() - 1) {
            same(root, item, one, &format!("{at}/{place}"), whole, seen);
        }
    }
}
