//! `cargo xtask bench`: the product's own measurements, side by side in a table.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::postgres::{self, Server, Writes};
use crate::process::{capture, heading, target_directory};
use crate::{Failure, demo};

const NAMES: [&str; 7] =
    ["fanout", "clearance", "taxii", "import", "relevance", "indicators", "patterns"];

/// Measures one or all, prints a Markdown table, and keeps it beside the build.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let split = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
    let (names, rest) = arguments.split_at(split);
    let names = chosen(names).map_err(Failure::Usage)?;
    let program = demo::build()?;
    let rest = rest.get(1..).unwrap_or_default();
    let server = wants_postgres(rest).then(|| Server::find(Writes::Durable));
    if let Some(Server::Absent(reason)) = &server {
        return Err(format!("no PostgreSQL to measure with: {reason}").into());
    }
    let connection = server.as_ref().and_then(Server::connection);
    let mut table = String::from("| measurement | figure | value |\n|---|---|---:|\n");
    let mut broken = Vec::new();
    for name in names {
        heading(name);
        let mut bench = Command::new(&program);
        bench.args(["bench", name, "--json"]).args(rest).stderr(Stdio::inherit());
        bench.envs(connection.iter().map(|it| (postgres::VARIABLE, it)));
        match capture(&mut bench).and_then(|text| rows(name, &text)) {
            Ok(rows) => table.push_str(&rows),
            Err(reason) => broken.push(reason),
        }
    }
    let file = target_directory()?.join("bench.md");
    std::fs::write(&file, &table).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\n{table}\nKept in {}", file.display());
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

/// Whether a measurement asks for PostgreSQL, and does not say which.
fn wants_postgres(rest: &[String]) -> bool {
    let store = rest.windows(2).any(|pair| pair[0] == "--store" && pair[1] == "postgres");
    let store = store || rest.iter().any(|word| word == "--store=postgres");
    store && !rest.iter().any(|word| word.starts_with("--postgres"))
}

fn chosen(names: &[String]) -> Result<Vec<&str>, String> {
    let unknown = names.iter().find(|name| !NAMES.contains(&name.as_str()));
    match unknown {
        Some(name) => Err(format!("no measurement `{name}`; there are {}", NAMES.join(", "))),
        None if names.is_empty() => Ok(NAMES.to_vec()),
        None => Ok(names.iter().map(String::as_str).collect()),
    }
}

/// One row per field; what a measurement repeats (a curve) has its place in the row's name.
pub(crate) fn rows(name: &str, text: &str) -> Result<String, String> {
    let value = serde_json::from_str(text).map_err(|error| format!("{name}: no JSON: {error}"))?;
    let mut rows = String::new();
    write_rows(&mut rows, name, "", &value);
    Ok(rows)
}

fn write_rows(rows: &mut String, name: &str, field: &str, value: &Value) {
    let inner = |key: &str| if field.is_empty() { key.into() } else { format!("{field}.{key}") };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| write_rows(rows, name, &inner(key), value));
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                write_rows(rows, name, &inner(&at.to_string()), value);
            }
        }
        Value::String(text) => {
            writeln!(rows, "| {name} | {field} | {text} |").ok();
        }
        plain => {
            writeln!(rows, "| {name} | {field} | {plain} |").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{chosen, rows, wants_postgres};

    #[test]
    fn a_result_becomes_rows() {
        let text = r#"{"lost":0,"curve":[{"p99_ms":12.5}]}"#;
        let expected = "| fanout | lost | 0 |\n| fanout | curve.0.p99_ms | 12.5 |\n";
        assert_eq!(rows("fanout", text), Ok(expected.into()));
        assert!(rows("fanout", "oops").is_err());
    }

    #[test]
    fn a_server_is_looked_for_only_where_one_is_wanted() {
        let wants =
            |text: &str| wants_postgres(&text.split(' ').map(String::from).collect::<Vec<_>>());
        assert!(wants("--store postgres") && wants("--objects 9 --store=postgres"));
        assert!(!wants("--store sqlite") && !wants("--objects 9"));
        assert!(!wants("--store postgres --postgres host=db.example"));
    }

    #[test]
    fn an_unknown_measurement_is_refused() {
        assert!(chosen(&["speed".into()]).is_err());
        assert_eq!(chosen(&[]).map(|names| names.len()), Ok(7));
    }
}
