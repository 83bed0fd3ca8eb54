//! `vedetta detect`: rules, indicators and events in, findings out.

mod printed;
pub mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use vedetta_commands::progress::{Progress, length};
use vedetta_commands::{Ended, Fault};
use vedetta_detect::baseline::{Settings, facts};
use vedetta_detect::decode::Local;
use vedetta_detect::event::moment;
use vedetta_detect::indicators::{Scratch, When};
use vedetta_detect::sigma::Correlator;
use vedetta_detect::{Baselines, Decoder, Engine, Event, Format, Indicators, Patterns, Rules};
use vedetta_intake::events::{self, Place, Tally};
use vedetta_intake::indicator_files;
use vedetta_model::{Clock, Instant};

use self::printed::{Printer, Style};
use crate::{Stopped, unread};

/// Match recorded events against Sigma rules, indicators and what is usual.
///
/// Events are read line by line: JSON (Suricata EVE, Zeek, ECS, OCSF, IDEA, the journal, Windows and
/// cloud events), syslog, CEF, LEEF, the audit log of Linux, logs of web servers, proxies and DNS,
/// CSV and W3C. Lines that cannot be read are counted
/// by reason. Each finding is printed as it is made; how it went is told at the end, on the error
/// output.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta detect --rules ./sigma --events events.json --json\n  vedetta detect --rules ./sigma --indicators report.json --events eve.json\n  tail -F eve.json | vedetta detect --rules ./sigma --events -"
)]
pub struct Detect {
    /// Sigma rules: files, and directories with all below them.
    #[arg(long, num_args = 1.., value_name = "DIR", required_unless_present_any = ["indicators", "baselines"])]
    rules: Vec<PathBuf>,
    /// Sigma processing pipelines: how rules are rewritten for events that name things otherwise.
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "rules")]
    pipeline: Vec<PathBuf>,
    /// Indicators: STIX bundles, and tables (.csv) as `vedetta import` reads them.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    indicators: Vec<PathBuf>,
    /// MISP warning lists, files or directories: indicators for what is on them are left out.
    #[arg(long, num_args = 1.., value_name = "DIR", requires = "indicators")]
    warning_lists: Vec<PathBuf>,
    /// Events: files, or - for the standard input.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    events: Vec<PathBuf>,
    /// How the events are written: any, json, syslog, cef, leef, audit, web, squid, dns, csv, table
    /// or journal.
    #[arg(long, default_value = "any", value_name = "FORMAT", value_parser = format)]
    format: Format,
    /// What a column of a table is to be called, as COLUMN=NAME.
    #[arg(long, num_args = 1.., value_name = "COLUMN=NAME", value_parser = pair)]
    column: Vec<(String, String)>,
    /// What a placeholder of the rules stands for, as NAME=VALUE.
    #[arg(long, num_args = 1.., value_name = "NAME=VALUE", value_parser = pair)]
    placeholder: Vec<(String, String)>,
    /// Tell, too, what departs from the usual: floods, guessed passwords, scans, rhythms, first
    /// sights. The number is for how many days it only learns.
    #[arg(long, value_name = "DAYS")]
    baselines: Option<u16>,
    /// The time zone of lines that do not say theirs, as Europe/Rome; this machine's without it.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Put equal findings of one host within an hour together, with a count and a range of time.
    #[arg(long)]
    grouped: bool,
    /// A finding a line, in JSON.
    #[arg(long)]
    json: bool,
}

impl Detect {
    /// Reads the events and prints what is found.
    ///
    /// # Errors
    /// A file that cannot be read, or findings that cannot be written.
    pub fn run(self, clock: &dyn Clock) -> Result<Ended, Fault> {
        let mut stand_for: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.placeholder {
            stand_for.entry(name.clone()).or_default().push(value.clone());
        }
        let rules = rules::load(&self.rules, rules::pipelines(&self.pipeline)?, stand_for)?;
        let (correlator, unusable) = Correlator::new(&rules);
        let refused = rules.refused().len() + unusable.len();
        for it in rules.refused().iter().chain(&unusable).chain(rules.unfilled()) {
            eprintln!("{it}");
        }
        let of_all = of_all_events(&rules);
        let now = clock.now();
        let known = indicator_files::load(&self.indicators, &self.warning_lists, now);
        let mut known = known.map_err(Stopped::from)?;
        known.left_out.iter().for_each(|it| eprintln!("{it}"));
        let engine = Engine::new(Arc::new(rules));
        let nothing = engine.rules().is_empty() && refused == 0 && self.indicators.is_empty();
        if let Some(place) = self.rules.first().filter(|_| nothing && self.baselines.is_none()) {
            let reason = "there is no rule in it; give files that end in .yml or .yaml";
            return Err(unread(place.display(), reason));
        }
        let printer = Printer::new(Style::of(&self.json), clock);
        let printer = if self.grouped { printer.grouping() } else { printer };
        let baselines = self.baselines.map(|days| {
            let learning = i64::from(days) * 86_400_000_000;
            Baselines::new(Settings { learning, ..Settings::default() })
        });
        let loaded = engine.rules().len();
        let scratch = Scratch::default();
        let mut asking = Asking {
            engine,
            correlator,
            known: &known.set,
            patterns: std::mem::take(&mut known.patterns),
            printer,
            scratch,
            baselines,
            clock,
            events: 0,
        };
        let mut tally = Tally::default();
        let columns: BTreeMap<String, String> = self.column.iter().cloned().collect();
        let local = Local::new(self.zone.as_deref(), now).map_err(Fault::Usage)?;
        let sizes = self.events.iter().map(|file| length(file));
        let progress = Progress::octets(sizes.sum()).beside_output();
        for file in &self.events {
            let decoder = Decoder::with_columns(self.format, columns.clone());
            let decoder = decoder.with_local(local.clone());
            let reading = progress.part(file.display().to_string(), length(file));
            events::each(file, decoder, &mut tally, &mut |event, place| {
                reading.at(place.read);
                asking.ask(event, place).map_err(Stopped::from)
            })?;
        }
        drop(progress);
        asking.printer.done()?;
        let (findings, out) = (asking.printer.findings(), asking.scratch.out_of_time);
        let (values, patterns) = (known.set.len(), asking.patterns.len());
        let watched =
            if patterns > 0 { format!(" and {patterns} patterns") } else { String::new() };
        let past =
            if out > 0 { format!(", {out} sightings out of their time") } else { String::new() };
        eprintln!(
            "{loaded} rules, {refused} refused{of_all}; {values} indicators{watched}; {tally}; {findings} findings{past}"
        );
        let whole = refused == 0 && tally.faults() == 0 && known.left_out.is_empty();
        Ok(if whole { Ended::Whole } else { Ended::Partly })
    }
}

/// Names the rules that match every event of their log source; answers what the summary says of them.
fn of_all_events(rules: &Rules) -> String {
    let mut many = 0;
    for it in rules.of_all_events() {
        eprintln!("{}: {}: it matches every event of its log source", it.file, it.title);
        many += 1;
    }
    match many {
        0 => String::new(),
        many => format!(", {many} that match every event"),
    }
}

/// Everything that is asked of an event.
struct Asking<'a> {
    engine: Engine,
    correlator: Correlator,
    known: &'a Indicators,
    patterns: Patterns,
    printer: Printer<'a>,
    scratch: Scratch,
    baselines: Option<Baselines>,
    clock: &'a dyn Clock,
    events: u64,
}

impl Asking<'_> {
    fn ask(&mut self, event: &Event<'_>, place: &Place<'_>) -> Result<(), Fault> {
        self.events += 1;
        let mut fired = Vec::new();
        if !self.engine.rules().is_empty() {
            for rule in self.engine.matches(event).to_vec() {
                if let (true, Some(at)) = (self.correlator.waits_for(rule), moment::of(event)) {
                    self.correlator.see(rule, event, (at, self.events), &mut fired);
                }
                if !self.correlator.silences(rule) {
                    self.printer.rule(&self.engine, rule, event, place)?;
                }
            }
        }
        for it in &fired {
            self.printer.correlation(it, event, place)?;
        }
        if !self.known.is_empty() {
            let now = self.clock.now();
            let seen = moment::of(event).map_or(now, Instant::from_micros);
            let mut hits = Vec::new();
            self.known.matches(event, When { seen, now }, &mut self.scratch, &mut hits);
            for hit in &hits {
                self.printer.hit(hit, event, place)?;
            }
        }
        if !self.patterns.is_empty() {
            let (now, mut hits) = (self.clock.now(), Vec::new());
            let at = moment::of(event).map_or(now, Instant::from_micros);
            self.patterns.see(event, at, now, &mut hits);
            for hit in &hits {
                self.printer.pattern(hit, event, place)?;
            }
        }
        let mut found = Vec::new();
        if let (Some(baselines), Some(at)) = (&mut self.baselines, moment::of(event)) {
            for fact in facts(event) {
                baselines.see(place.file, &fact, Instant::from_micros(at), &mut found);
            }
        }
        for it in found {
            self.printer.baseline(it, event, place)?;
        }
        Ok(())
    }
}

fn format(text: &str) -> Result<Format, String> {
    Format::named(text).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

fn pair(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
