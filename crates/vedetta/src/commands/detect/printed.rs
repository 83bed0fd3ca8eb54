//! Findings on the standard output.

use std::io::{BufWriter, StdoutLock, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use vedetta_detect::sigma::Match;
use vedetta_detect::{Engine, Event};

use super::reading::Place;
use crate::outcome::Failure;

pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    style: Style,
    findings: u64,
}

/// How findings are printed.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    /// For people.
    Words,
    /// JSON, a finding a line.
    Json,
}

impl Style {
    /// As the `--json` flag says.
    pub(crate) fn of(json: &bool) -> Self {
        if *json { Self::Json } else { Self::Words }
    }
}

/// A finding, as printed.
#[derive(Serialize)]
struct Finding<'f> {
    rule_id: &'f str,
    title: &'f str,
    level: &'f str,
    tags: &'f [String],
    why: &'f [Match],
    file: &'f str,
    line: u64,
    event: serde_json::Value,
}

/// The same, where the event is JSON already.
#[derive(Serialize)]
struct RawFinding<'f> {
    rule_id: &'f str,
    title: &'f str,
    level: &'f str,
    tags: &'f [String],
    why: &'f [Match],
    file: &'f str,
    line: u64,
    event: &'f RawValue,
}

impl Printer {
    pub(crate) fn new(style: Style) -> Self {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        Self { out, style, findings: 0 }
    }

    pub(crate) fn findings(&self) -> u64 {
        self.findings
    }

    pub(crate) fn finding(
        &mut self,
        engine: &Engine,
        number: usize,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Failure> {
        let Some(rule) = engine.rules().get(number) else { return Ok(()) };
        let why = engine.reasons(event, number);
        self.findings += 1;
        let written = match self.style {
            Style::Words => {
                let level = if rule.level.is_empty() { "unrated" } else { rule.level };
                let why: Vec<String> = why.iter().map(in_words).collect();
                let Place { file, line } = place;
                writeln!(self.out, "{file}:{line}: {level}: {}: {}", rule.title, why.join(", "))
            }
            Style::Json => self.json(rule, &why, event, place),
        };
        written.map_err(|error| Failure::system("writing a finding", error))
    }

    fn json(
        &mut self,
        rule: &vedetta_detect::sigma::Rule,
        why: &[Match],
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> std::io::Result<()> {
        let (rule_id, title, level, tags) = (&*rule.id, &*rule.title, rule.level, &*rule.tags);
        let (file, line) = (place.file, place.line);
        let raw = event.line().trim_start().starts_with('{');
        match raw.then(|| serde_json::from_str::<&RawValue>(event.line())) {
            Some(Ok(event)) => {
                let it = RawFinding { rule_id, title, level, tags, why, file, line, event };
                serde_json::to_writer(&mut self.out, &it)?;
            }
            _ => {
                let event = event.json();
                let it = Finding { rule_id, title, level, tags, why, file, line, event };
                serde_json::to_writer(&mut self.out, &it)?;
            }
        }
        self.out.write_all(b"\n")
    }

    pub(crate) fn done(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::system("writing the findings", error))
    }
}

fn in_words(it: &Match) -> String {
    let value = it.value.as_str().map_or_else(|| it.value.to_string(), str::to_owned);
    match &it.field {
        Some(field) => format!("{field}={value}"),
        None => value,
    }
}
