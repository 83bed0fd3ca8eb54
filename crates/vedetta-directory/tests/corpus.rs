//! Files that were once difficult: each is accepted, or refused with the faults it has.

#![allow(clippy::expect_used, reason = "a test stops at what it does not expect")]

use std::fs;
use std::path::PathBuf;

use vedetta_directory::{Directory, Format, Noun, Observable, Plan, export, plan};
use vedetta_model::{OrganisationId, OrganisationNumber};

/// Number of faults, and what the first says; nothing for a file without.
const CSV: &[(&str, usize, &str)] = &[
    ("accounts-plain.csv", 0, ""),
    ("accounts-wrong.csv", 4, r#"line 2: roles "": empty; fill it in"#),
    ("assets-every-kind.csv", 0, ""),
    ("assets-wrong.csv", 13, r#"line 2: value "192.0.2.7/24": bits after the prefix are set; "#),
    ("contacts-plain.csv", 0, ""),
    ("contacts-wrong.csv", 7, r#"line 2: substitute "c-9": not among the contacts; "#),
    ("organisations-carriage-returns.csv", 0, ""),
    ("organisations-cells.csv", 2, "line 2: 2 cells, the header has 3; "),
    ("organisations-circle.csv", 2, r#"line 2: parent "a -> b -> c -> a": goes in a circle; "#),
    ("organisations-clients-circle.csv", 1, r#"line 2: client_of "anci -> operatore-a -> anci""#),
    ("organisations-empty.csv", 1, "line 1: no header; begin with id,name,"),
    ("organisations-formulas.csv", 0, ""),
    ("organisations-header-only.csv", 0, ""),
    ("organisations-itself.csv", 1, r#"line 2: parent "a -> a": goes in a circle; "#),
    ("organisations-long-cell.csv", 1, r#"line 2: name "xxxxxxx"#),
    ("organisations-missing-column.csv", 1, r#"line 1: kind "": the column is missing; "#),
    ("organisations-nul.csv", 1, r#"line 2: name "A\0B": has a line break or another control"#),
    ("organisations-plain.csv", 0, ""),
    ("organisations-semicolons.csv", 0, ""),
    ("organisations-twice.csv", 1, r#"line 4: id "a": there already in line 2; "#),
    ("organisations-unclosed-quote.csv", 1, "line 2: 2 cells, the header has 3; "),
    (
        "organisations-unknown-column.csv",
        1,
        "line 1: nome \"\": organisations have no such column; ",
    ),
    ("organisations-utf-16.csv", 1, "line 1: written in UTF-16; "),
    ("organisations-windows-1252.csv", 1, "line 2: name \"Forl\u{fffd}\": byte 0xEC is not UTF-8"),
    ("organisations-words.csv", 7, r#"line 2: id "A B": not an identifier; "#),
];

const JSON: &[(&str, usize, &str)] = &[
    ("everything-deep.json", 1, "line 1: recursion limit exceeded; "),
    ("everything-latin-1.json", 1, "line 2: byte 0xEC is not UTF-8"),
    ("everything-plain.json", 0, ""),
    ("everything-scalar.json", 1, "line 1: number out of range; "),
    ("everything-truncated.json", 1, "line 1: EOF while parsing"),
    ("everything-unknown-noun.json", 1, "line 1: unknown field `organisation`"),
    ("everything-wrong.json", 5, r#"line 3: parent "a -> b -> a": goes in a circle; "#),
];

#[test]
fn csv_files() {
    let known = known();
    replay("directory_csv", CSV, |name, bytes| {
        let noun = Noun::SINGLE.into_iter().find(|noun| name.starts_with(noun.name()));
        let noun = noun.expect("named after its noun");
        let planned = plan(bytes, Format::Csv, noun, &known);
        assert_comes_back(planned.clone(), &known, Format::Csv, noun);
        planned
    });
}

#[test]
fn json_files() {
    let known = Directory::default();
    replay("directory_json", JSON, |_, bytes| {
        let planned = plan(bytes, Format::Json, Noun::Everything, &known);
        assert_comes_back(planned.clone(), &known, Format::Json, Noun::Everything);
        planned
    });
}

#[test]
fn observables() {
    let files = corpus("observable");
    assert!(files.len() >= 15);
    for (name, bytes) in files {
        let text = String::from_utf8(bytes).expect("a text");
        match Observable::read(&text) {
            Ok(Observable::Cpe(cpe)) => {
                let again = Observable::read(cpe.as_str());
                assert_eq!(again, Ok(Observable::Cpe(cpe)), "{name}");
            }
            Ok(_) => {}
            Err(error) => assert!(!error.to_string().is_empty(), "{name}"),
        }
    }
}

fn replay(folder: &str, expected: &[(&str, usize, &str)], run: impl Fn(&str, &[u8]) -> Plan) {
    let corpus = corpus(folder);
    let names: Vec<&str> = corpus.iter().map(|(name, _)| name.as_str()).collect();
    let listed: Vec<&str> = expected.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, listed, "every file is expected to do something");
    for ((name, bytes), (_, count, first)) in corpus.iter().zip(expected) {
        let planned = run(name, bytes);
        let faults = planned.faults();
        assert_eq!(faults.len(), *count, "{name}: {faults}");
        assert!(faults.to_string().starts_with(first), "{name}: {faults}");
    }
}

/// What is accepted and loaded is the same when it is exported and read again.
fn assert_comes_back(planned: Plan, known: &Directory, format: Format, noun: Noun) {
    let Ok(changes) = planned.accept() else { return };
    let mut next = 1_000;
    let number = |_: &OrganisationId| {
        next += 1;
        OrganisationNumber(next)
    };
    let loaded = known.with(changes.into_records(), number).expect("an accepted plan loads");
    let bytes = export(&loaded, format, noun).expect("it can be written");
    let again = plan(&bytes, format, noun, &loaded);
    assert!(again.faults().is_empty(), "{}", again.faults());
    assert_eq!((again.tally().added, again.tally().changed), (0, 0));
}

/// The directory that the other files speak of.
fn known() -> Directory {
    let bytes = fs::read(root("directory_csv").join("organisations-plain.csv")).expect("is there");
    let planned = plan(&bytes, Format::Csv, Noun::Organisations, &Directory::default());
    let mut next = 0;
    let records = planned.accept().expect("without faults").into_records();
    Directory::build(records, |_| {
        next += 1;
        OrganisationNumber(next)
    })
    .expect("whole")
}

fn root(folder: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus")).join(folder)
}

fn corpus(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(root(folder)).expect("the corpus is there");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read(path).expect("readable"))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}
