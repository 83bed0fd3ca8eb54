//! Findings on the standard output.

use std::io::{BufWriter, StdoutLock, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;
use vedetta_commands::Fault;
use vedetta_detect::event::moment;
use vedetta_detect::finding::{self, By, Grouped, Grouping, Groups, Severity};
use vedetta_detect::indicators::{Hit, Id};
use vedetta_detect::patterns::PatternHit;
use vedetta_detect::sigma::{Fired, Match};
use vedetta_detect::{Engine, Event};
use vedetta_intake::events::Place;
use vedetta_model::{Clock, Instant};

use crate::unable;

pub(super) struct Printer<'a> {
    out: BufWriter<StdoutLock<'static>>,
    style: Style,
    groups: Option<Groups>,
    clock: &'a dyn Clock,
    findings: u64,
}

/// How findings are printed.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// For people.
    Words,
    /// JSON, a finding a line.
    Json,
}

impl Style {
    /// As the `--json` flag says.
    pub(super) fn of(json: &bool) -> Self {
        if *json { Self::Json } else { Self::Words }
    }
}

/// A finding, but for the event.
#[derive(Serialize)]
struct Finding<'f> {
    rule_id: &'f str,
    title: &'f str,
    level: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
    tags: &'f [String],
    why: &'f [Match],
    file: &'f str,
    line: u64,
}

/// A finding and its event.
#[derive(Serialize)]
struct With<'f, E: Serialize> {
    #[serde(flatten)]
    finding: &'f Finding<'f>,
    event: E,
}

impl<'a> Printer<'a> {
    pub(super) fn new(style: Style, clock: &'a dyn Clock) -> Self {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        Self { out, style, groups: None, clock, findings: 0 }
    }

    /// Puts equal findings together.
    pub(super) fn grouping(self) -> Self {
        Self { groups: Some(Groups::new(Grouping::default())), ..self }
    }

    pub(super) fn findings(&self) -> u64 {
        self.findings
    }

    /// A rule that matched.
    pub(super) fn rule(
        &mut self,
        engine: &Engine,
        number: usize,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        let Some(rule) = engine.rules().get(number) else { return Ok(()) };
        let finding = Finding {
            rule_id: &rule.id,
            title: &rule.title,
            level: if rule.level.is_empty() { "medium" } else { rule.level },
            confidence: None,
            tags: &rule.tags,
            why: &engine.reasons(event, number),
            file: place.file,
            line: place.line,
        };
        self.finding(&finding, event)
    }

    /// A correlation that holds, told at the event that made it hold.
    pub(super) fn correlation(
        &mut self,
        fired: &Fired,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        let why = |(field, value): &(String, String)| Match {
            field: Some(field.as_str().into()),
            value: value.clone().into(),
        };
        let mut why: Vec<Match> = fired.group.iter().map(why).collect();
        why.push(Match { field: Some("count".into()), value: fired.count.into() });
        let finding = Finding {
            rule_id: &fired.id,
            title: &fired.title,
            level: if fired.level.is_empty() { "medium" } else { fired.level },
            confidence: None,
            tags: &fired.tags,
            why: &why,
            file: place.file,
            line: place.line,
        };
        self.finding(&finding, event)
    }

    /// An indicator that was seen.
    pub(super) fn hit(
        &mut self,
        hit: &Hit,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        let why = Match { field: Some(hit.field.as_str().into()), value: hit.value.clone().into() };
        let finding = Finding {
            rule_id: &written(hit.indicator),
            title: &format!("Indicator: {} {}", hit.kind, hit.value),
            level: level(hit.score),
            confidence: Some(hit.score),
            tags: &[],
            why: &[why],
            file: place.file,
            line: place.line,
        };
        self.finding(&finding, event)
    }

    /// A pattern that holds, told at the event that made it hold.
    pub(super) fn pattern(
        &mut self,
        hit: &PatternHit,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        let why =
            |field: &str, value: serde_json::Value| Match { field: Some(field.into()), value };
        let finding = Finding {
            rule_id: &written(hit.indicator),
            title: "Indicator: a pattern of several values",
            level: level(hit.score),
            confidence: Some(hit.score),
            tags: &[],
            why: &[
                why("pattern", hit.pattern.as_str().into()),
                why("observations", hit.observations.into()),
            ],
            file: place.file,
            line: place.line,
        };
        self.finding(&finding, event)
    }

    fn finding(&mut self, finding: &Finding<'_>, event: &Event<'_>) -> Result<(), Fault> {
        if self.groups.is_some() {
            return self.together(grouped(finding, event, self.clock));
        }
        self.findings += 1;
        let written = match self.style {
            Style::Words => {
                let why: Vec<String> = finding.why.iter().map(in_words).collect();
                let Finding { file, line, level, title, .. } = finding;
                writeln!(self.out, "{file}:{line}: {level}: {title}: {}", why.join(", "))
            }
            Style::Json => self.json(finding, event),
        };
        written.map_err(|error| unable("writing a finding", error))
    }

    fn json(&mut self, finding: &Finding<'_>, event: &Event<'_>) -> std::io::Result<()> {
        let raw = event.line().trim_start().starts_with('{');
        match raw.then(|| serde_json::from_str::<&RawValue>(event.line())) {
            Some(Ok(event)) => serde_json::to_writer(&mut self.out, &With { finding, event })?,
            _ => serde_json::to_writer(&mut self.out, &With { finding, event: event.json() })?,
        }
        self.out.write_all(b"\n")
    }

    /// A departure from what is usual.
    pub(super) fn baseline(
        &mut self,
        found: finding::Finding,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        if self.groups.is_some() {
            return self.together(found);
        }
        let why: Vec<Match> = found
            .evidence
            .iter()
            .map(|(field, value)| Match {
                field: Some(field.as_str().into()),
                value: value.clone(),
            })
            .collect();
        let level = serde_json::to_value(found.severity).unwrap_or_default();
        let tags: Vec<String> = found
            .techniques
            .iter()
            .map(|it| format!("attack.{}", it.to_ascii_lowercase()))
            .collect();
        let finding = Finding {
            rule_id: &found.id,
            title: &found.title,
            level: level.as_str().unwrap_or_default(),
            confidence: Some(found.confidence),
            tags: &tags,
            why: &why,
            file: place.file,
            line: place.line,
        };
        self.finding(&finding, event)
    }

    fn together(&mut self, found: finding::Finding) -> Result<(), Fault> {
        let complete = self.groups.as_mut().map(|it| it.add(found)).unwrap_or_default();
        self.print_grouped(&complete)
    }

    fn print_grouped(&mut self, complete: &[Grouped]) -> Result<(), Fault> {
        for it in complete {
            self.findings += 1;
            let (found, count) = (&it.finding, it.count);
            let written = match self.style {
                Style::Json => serde_json::to_writer(&mut self.out, it)
                    .map_err(std::io::Error::from)
                    .and_then(|()| self.out.write_all(b"\n")),
                Style::Words => {
                    let (entity, title) = (&found.entity, &found.title);
                    writeln!(self.out, "{count} times, {entity}: {:?}: {title}", found.severity)
                }
            };
            written.map_err(|error| unable("writing a finding", error))?;
        }
        Ok(())
    }

    pub(super) fn done(&mut self) -> Result<(), Fault> {
        let rest = self.groups.as_mut().map(Groups::finish).unwrap_or_default();
        self.print_grouped(&rest)?;
        self.out.flush().map_err(|error| unable("writing the findings", error))
    }
}

/// A finding as it is put together with others.
fn grouped(told: &Finding<'_>, event: &Event<'_>, clock: &dyn Clock) -> finding::Finding {
    let at = moment::of(event).map_or_else(|| clock.now(), Instant::from_micros);
    let named = |it: &Match| (it.field.as_deref().unwrap_or("text").to_owned(), it.value.clone());
    finding::Finding {
        by: if told.rule_id.starts_with("indicator--") { By::Indicator } else { By::Rule },
        id: told.rule_id.to_owned(),
        title: told.title.to_owned(),
        severity: Severity::of_level(told.level),
        confidence: told.confidence.unwrap_or(70),
        techniques: finding::techniques(told.tags),
        entity: finding::entity(event),
        evidence: told.why.iter().map(named).collect(),
        at,
    }
}

/// The identifier as STIX writes it.
fn written([id @ .., _, _, _, _]: Id) -> String {
    format!("indicator--{}", Uuid::from_bytes(id))
}

/// The level of an indicator by what is left of its worth.
fn level(score: u8) -> &'static str {
    match score {
        75.. => "high",
        40..75 => "medium",
        _ => "low",
    }
}

fn in_words(it: &Match) -> String {
    let value = it.value.as_str().map_or_else(|| it.value.to_string(), str::to_owned);
    match &it.field {
        Some(field) => format!("{field}={value}"),
        None => value,
    }
}
