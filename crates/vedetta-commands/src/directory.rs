//! `vedetta directory`.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_directory::columns::Noun;
use vedetta_directory::plan::LONGEST;

use crate::node::{Fault, Node, Request, Verb, file, read};
use crate::table::{counted, each, word};
use crate::{Answer, At, Command, Ended, Told, Use};

/// The directory as files: organisations, assets, contacts and accounts, imported and exported.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Directory {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta directory import ./assets.csv --of assets --dry-run
  vedetta directory import ./assets.csv --of assets --data ./node
  vedetta directory export ./directory.json --data ./node
  vedetta directory export --of contacts --csv > ./contacts.csv";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Import a file, all of it or nothing: one row that is wrong changes nothing.
    ///
    /// A file that ends in .csv holds one noun; JSON holds one, or all of them. Each row that is wrong is
    /// named by line, field and reason. Records that the file does not mention stay.
    #[command(
        after_help = "Examples:\n  vedetta directory import ./assets.csv --of assets --dry-run\n  vedetta directory import ./directory.json --data ./node --json"
    )]
    Import(Import),
    /// Export a noun, or everything as JSON, to a file or the standard output.
    #[command(
        after_help = "Examples:\n  vedetta directory export ./directory.json --data ./node\n  vedetta directory export ./contacts.csv --of contacts\n  vedetta directory export --of assets --csv > ./assets.csv"
    )]
    Export(Export),
}

/// What is imported.
#[derive(Args)]
struct Import {
    /// The file.
    file: PathBuf,
    /// What it holds: organisations, assets, contacts or accounts. Without it what the file is called
    /// after, or everything for JSON.
    #[arg(long, value_name = "NOUN", value_parser = noun)]
    of: Option<Noun>,
    /// Say what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What is exported.
#[derive(Args)]
struct Export {
    /// The file; its ending says how it is written. The standard output without it.
    file: Option<PathBuf>,
    /// Only organisations, assets, contacts or accounts; everything without it.
    #[arg(long, value_name = "NOUN", value_parser = noun)]
    of: Option<Noun>,
    /// As CSV, which holds one noun.
    #[arg(long, requires = "of", conflicts_with = "json")]
    csv: bool,
}

const CSV: &str = "text/csv";

impl Command for Directory {
    fn at(&self) -> &At {
        &self.at
    }

    // An export is a deed in the ledger.
    fn needs(&self) -> Use {
        Use::Write
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        match &self.what {
            What::Import(import) => import.ask(node),
            What::Export(export) => export.ask(node),
        }
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::Import(import) => import.lines(told),
            What::Export(_) => {
                format!("{}: {} octets\n", word(told, "file"), told["octets"])
            }
        }
    }
}

impl Import {
    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let place = self.file.display().to_string();
        let (of, is_table) = (self.of.or_else(|| named(&self.file)), is_table(&self.file));
        if is_table && of.is_none() {
            let sentence = "a CSV file holds one noun; say which with --of organisations, assets, \
                contacts or accounts";
            return Err(Fault::Invalid { place, sentence: sentence.into() }.into());
        }
        node.working(&format!("importing {place}"), (0, 1));
        let octets = file(&self.file, LONGEST)?;
        let mut path = format!("/api/v1/imports?dry_run={}", self.dry_run);
        path.extend(of.iter().map(|noun| format!("&of={}", noun.name())));
        let request = Request::new(Verb::Post, &path).with(octets);
        let request = if is_table { request.of(CSV) } else { request };
        let body = node.send(request).map_err(|failure| N::about(failure, &place))?;
        let told = read(&body)?;
        let whole = told["fault_count"] == json!(0);
        Ok(if whole { Answer::whole(told) } else { Answer::partly(told) })
    }

    fn lines(&self, told: &Value) -> String {
        let place = self.file.display();
        let faults = each(told, "faults").map(fault);
        let mut text: String = faults.map(|fault| format!("{place}: {fault}\n")).collect();
        let count = |name: &str| told[name].as_u64().unwrap_or(0);
        let shown = told["faults"].as_array().map_or(0, Vec::len) as u64;
        if count("fault_count") > shown {
            let _ = writeln!(text, "… the first {shown} of {} faults", count("fault_count"));
        }
        let would = if self.dry_run { "would be " } else { "" };
        let _ = writeln!(
            text,
            "{} {would}added, {} {would}changed, {} unchanged{}",
            count("added"),
            count("changed"),
            count("unchanged"),
            match (self.dry_run, count("fault_count")) {
                (false, _) => String::new(),
                (true, 0) => "; nothing was changed".into(),
                (true, faults) => {
                    let faults = counted(usize::try_from(faults).unwrap_or(0), "fault", "faults");
                    format!("; {faults}: it would be refused")
                }
            }
        );
        text
    }
}

impl Export {
    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let of = self.of.or_else(|| named(self.file.as_deref()?));
        let is_table = self.csv || self.file.as_deref().is_some_and(is_table);
        if is_table && of.is_none() {
            let sentence = "CSV holds one noun; say which with --of, or export everything as JSON";
            return Err(Fault::Usage(sentence.into()).into());
        }
        let is_known = |it: &Path| is_table || it.extension().is_some_and(is_json);
        if let Some(file) = self.file.as_deref().filter(|it| !is_known(it)) {
            let file = file.display();
            let sentence = format!("{file}: its ending says how it is written; use .csv or .json");
            return Err(Fault::Usage(sentence).into());
        }
        let name = of.map_or("directory", Noun::name);
        let ending = if is_table { "csv" } else { "json" };
        let path = format!("/api/v1/exports/{name}.{ending}");
        let octets = node.send(Request::new(Verb::Get, &path))?;
        let Some(file) = &self.file else {
            return Ok(Answer { told: Told::File(octets), ended: Ended::Whole });
        };
        write(file, &octets)?;
        let (place, many) = (file.display().to_string(), octets.len());
        Ok(Answer::whole(json!({ "file": place, "of": name, "octets": many })))
    }
}

/// Writes a file that only this user may read: it says whom to call at night.
fn write(path: &Path, octets: &[u8]) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(octets));
    written.map_err(|error| Fault::System {
        what: path.display().to_string(),
        reason: error.to_string(),
    })
}

/// A fault of a row in a line: where, what, what to do.
#[must_use]
pub fn fault(fault: &Value) -> String {
    let (field, value) = (word(fault, "field"), word(fault, "value"));
    let line = match fault["line"].as_u64() {
        Some(0) | None => "the file".to_owned(),
        Some(line) => format!("line {line}"),
    };
    let what = match (field.is_empty(), value.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(" {field}:"),
        (false, false) => format!(" {field} {value:?}:"),
    };
    format!("{line}:{what} {}; {}", word(fault, "reason"), word(fault, "remedy"))
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"))
}

fn is_json(ending: &OsStr) -> bool {
    ending.eq_ignore_ascii_case("json")
}

/// The noun that a file is called after.
fn named(path: &Path) -> Option<Noun> {
    let stem = path.file_stem()?.to_str()?;
    Noun::SINGLE.into_iter().find(|noun| noun.name() == stem)
}

fn noun(text: &str) -> Result<Noun, String> {
    let found = Noun::SINGLE.into_iter().find(|noun| noun.name() == text);
    let all = Noun::SINGLE.map(Noun::name).join(", ");
    found.ok_or_else(|| format!("there is no such noun; use one of {all}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Refused, Scripted, parsed};

    fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    }

    #[test]
    fn a_dry_run_names_each_row_and_ends_in_part() {
        let (_folder, path) = file("mine.csv", "id,organisation,kind,value\n");
        let import: Directory = parsed(&format!("import {path} --of assets --dry-run"));
        let answer = json!({ "applied": false, "added": 1, "changed": 0, "unchanged": 2,
            "fault_count": 1, "faults": [{ "line": 3, "field": "kind", "value": "castle",
                "reason": "unknown", "remedy": "use one of network, domain" }] });
        let mut node = Scripted::new().gives(&answer);
        let told = import.ask(&mut node).unwrap();
        assert_eq!(told.ended, Ended::Partly);
        assert_eq!(node.asked[0].path, "/api/v1/imports?dry_run=true&of=assets");
        assert_eq!(node.asked[0].media, "text/csv");
        assert_eq!(node.shown, [format!("importing {path}: 0 of 1")]);
        let lines = import.lines(&answer);
        let row = "mine.csv: line 3: kind \"castle\": unknown; use one of network, domain\n";
        assert!(lines.contains(row), "{lines}");
        assert!(
            lines.contains("1 would be added, 0 would be changed, 2 unchanged; 1 fault"),
            "{lines}"
        );
    }

    #[test]
    fn a_refusal_names_the_file_and_a_file_names_its_noun() {
        let (_folder, path) = file("contacts.csv", "id\n");
        let import: Directory = parsed(&format!("import {path}"));
        let mut node = Scripted::new().refuses(json!({ "code": "invalid" }));
        let Err(Refused::Node(_, place)) = import.ask(&mut node) else { panic!("imported") };
        assert_eq!(place.as_deref(), Some(path.as_str()));
        assert_eq!(node.asked[0].path, "/api/v1/imports?dry_run=false&of=contacts");
        let (_folder, path) = file("rows.csv", "id\n");
        let import: Directory = parsed(&format!("import {path}"));
        let Err(Refused::Command(fault)) = import.ask(&mut node) else { panic!("imported") };
        assert!(fault.to_string().contains("--of"), "{fault}");
    }

    #[test]
    fn a_table_is_no_json() {
        let refused = crate::scripted::refused::<Directory>("export --of assets --csv --json");
        assert!(refused.contains("cannot be used with"), "{refused}");
    }

    #[test]
    fn an_export_is_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contacts.csv");
        let export: Directory = parsed(&format!("export {}", path.display()));
        let mut node = Scripted::new().gives(&json!("id,name"));
        let told = export.ask(&mut node).unwrap();
        assert_eq!(node.asked[0].path, "/api/v1/exports/contacts.csv");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"id,name\"");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(told.told, Told::Value(it) if it["octets"] == 9));
        let out: Directory = parsed("export");
        let mut node = Scripted::new().gives(&json!([]));
        assert_eq!(out.ask(&mut node).unwrap().told, Told::File(b"[]".to_vec()));
        assert_eq!(node.asked[0].path, "/api/v1/exports/directory.json");
    }
}
