//! `vedetta pattern`: STIX patterns, checked and tried on what was observed.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use stix::pattern::evaluate::DEFAULT_STEPS;
use stix::pattern::{self, Matcher, Observed, Span};
use vedetta_commands::{Ended, Fault};

use crate::unread;

/// STIX patterns, checked and tried on what was observed.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta pattern check patterns.txt\n  vedetta pattern match --pattern \"[ipv4-addr:value = '192.0.2.1']\" --observed seen.json --json"
)]
pub struct Pattern {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check patterns, one a line; name each problem by line and column.
    #[command(after_help = "Example:\n  vedetta pattern check patterns.txt")]
    Check(Check),
    /// Try a pattern on a bundle of observed data.
    #[command(
        after_help = "Example:\n  vedetta pattern match --pattern \"[ipv4-addr:value = '192.0.2.1']\" --observed seen.json"
    )]
    Match(Match),
}

/// Check patterns, one a line; name each problem by line and column.
///
/// Empty lines and lines that begin with # are passed over.
#[derive(Args)]
struct Check {
    /// The file, or - for the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A problem a line, in JSON.
    #[arg(long)]
    json: bool,
}

/// Try a pattern on a bundle of observed data.
#[derive(Args)]
struct Match {
    /// The pattern.
    #[arg(long)]
    pattern: String,
    /// A STIX bundle with observed-data objects and what they refer to.
    #[arg(long, value_name = "BUNDLE")]
    observed: PathBuf,
    /// Answer in JSON: whether it matched, and by which observations.
    #[arg(long)]
    json: bool,
}

/// Something wrong with a pattern.
struct Wrong {
    line: usize,
    column: usize,
    what: String,
}

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

impl Pattern {
    /// Checks, or tries.
    ///
    /// # Errors
    /// A file that does not read, or a pattern that is none.
    pub fn run(self) -> Result<Ended, Fault> {
        match self.what {
            What::Check(check) => check.run(),
            What::Match(ask) => ask.run(),
        }
    }
}

impl Check {
    fn run(&self) -> Result<Ended, Fault> {
        let name = self.file.display().to_string();
        let text = read(&self.file)?;
        let text = String::from_utf8_lossy(&text);
        let (mut patterns, mut bad) = (0, 0);
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            patterns += 1;
            let problems = problems(line, at + 1);
            bad += usize::from(!problems.is_empty());
            for Wrong { line, column, what } in problems {
                if self.json {
                    let it = json!({"file": name, "line": line, "column": column, "problem": what});
                    println!("{it}");
                } else {
                    println!("{name}:{line}:{column}: {what}");
                }
            }
        }
        eprintln!("{patterns} patterns, {bad} with problems");
        Ok(if bad == 0 { Ended::Whole } else { Ended::Partly })
    }
}

/// What is wrong with the pattern on a line.
fn problems(text: &str, line: usize) -> Vec<Wrong> {
    let wrong = |span: Span, what: String| {
        let (_, column) = span.locate(text);
        Wrong { line, column, what }
    };
    match pattern::parse(text) {
        Err(error) => vec![wrong(error.span, error.kind.to_string())],
        Ok(parsed) => {
            let found = pattern::check(&parsed);
            found.into_iter().map(|it| wrong(it.span, it.kind.to_string())).collect()
        }
    }
}

impl Match {
    fn run(&self) -> Result<Ended, Fault> {
        let parsed = pattern::parse(&self.pattern)
            .map_err(|error| Fault::Usage(format!("the pattern: {error:#}")))?;
        let matcher =
            Matcher::new(&parsed).map_err(|error| Fault::Usage(format!("the pattern: {error}")))?;
        let name = self.observed.display().to_string();
        let bundle: Value =
            serde_json::from_slice(&read(&self.observed)?).map_err(|error| unread(&name, error))?;
        let (ids, observed) = observations(&bundle).map_err(|reason| unread(&name, reason))?;
        let found = matcher
            .find(&observed, DEFAULT_STEPS)
            .map_err(|error| Fault::Usage(format!("the pattern: {error}")))?;
        let matched = found.is_some();
        let bound: Vec<&str> = found.iter().flatten().map(|at| ids[*at]).collect();
        if self.json {
            println!("{}", json!({"matched": matched, "observations": bound}));
        } else if matched {
            println!("matched by {}", bound.join(", "));
        } else {
            println!("not matched by {} observations", observed.len());
        }
        Ok(Ended::Whole)
    }
}

/// The observed-data objects of a bundle (or list), by identifier, with what they refer to.
///
/// # Errors
/// What is no bundle, in words.
pub fn observations(bundle: &Value) -> Result<(Vec<&str>, Vec<Observed<'_>>), String> {
    let objects = match bundle {
        Value::Array(list) => list,
        _ => bundle.get("objects").and_then(Value::as_array).ok_or("not a STIX bundle")?,
    };
    let id = |object: &'_ Value| object.get("id").and_then(Value::as_str).map(str::to_owned);
    let by_id: HashMap<String, &Value> =
        objects.iter().filter_map(|it| Some((id(it)?, it))).collect();
    let find = |id: &str| by_id.get(id).copied();
    let (mut ids, mut observed) = (Vec::new(), Vec::new());
    for object in objects {
        if object.get("type").and_then(Value::as_str) != Some("observed-data") {
            continue;
        }
        let id = object.get("id").and_then(Value::as_str).unwrap_or("observed-data without id");
        observed.push(Observed::read(object, &find).map_err(|error| format!("{id}: {error}"))?);
        ids.push(id);
    }
    Ok((ids, observed))
}

fn read(file: &std::path::Path) -> Result<Vec<u8>, Fault> {
    let name = file.display().to_string();
    let input = |error: std::io::Error| unread(&name, error);
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).map_err(input)?.take(LARGEST).read_to_end(&mut bytes)
    };
    read.map_err(input)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_have_their_place() {
        let at = |text: &str| {
            let all = problems(text, 3);
            all.iter().map(|it| (it.line, it.column)).collect::<Vec<_>>()
        };
        assert_eq!(at("[ipv4-addr:value = '192.0.2.1']"), []);
        assert_eq!(at("[ipv4-addr:value = ]"), [(3, 20)]);
        assert_eq!(at("[a:b = 1] REPEATS 0 TIMES"), [(3, 11)]);
    }

    #[test]
    fn what_was_observed_is_found_by_its_references() {
        let bundle = json!({"type": "bundle", "objects": [
            {"type": "observed-data", "id": "observed-data--1", "number_observed": 2,
             "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:01Z",
             "object_refs": ["ipv4-addr--1"]},
            {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.1"},
        ]});
        let (ids, observed) = observations(&bundle).unwrap();
        let find = |text: &str| {
            let matcher = Matcher::new(&pattern::parse(text).unwrap()).unwrap();
            matcher.find(&observed, DEFAULT_STEPS).unwrap()
        };
        assert_eq!(ids, ["observed-data--1"]);
        assert_eq!(find("[ipv4-addr:value = '192.0.2.1'] REPEATS 2 TIMES"), Some(vec![0]));
        assert_eq!(find("[ipv4-addr:value = '192.0.2.2']"), None);
    }
}
