//! `vedetta detect`: rules, indicators and events in, findings out.

mod printed;
pub(crate) mod reading;
pub(crate) mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use vedetta_detect::{Engine, Event, Format};

use self::printed::{Printer, Style};
use self::reading::Tally;
use crate::outcome::{Failure, Outcome};

/// Match recorded events against Sigma rules.
///
/// Events are read line by line: JSON (Suricata EVE, Zeek, ECS, OCSF, IDEA, the journal, Windows and
/// cloud events), syslog, CEF, LEEF, the audit log of Linux, logs of web servers, proxies and DNS,
/// CSV and W3C. Lines that cannot be read are counted
/// by reason. Each finding is printed as it is made; how it went is told at the end, on the error
/// output.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta detect --rules ./sigma --events events.json --json\n  vedetta detect --rules ./sigma --events access.log\n  tail -F eve.json | vedetta detect --rules ./sigma --events -"
)]
pub(crate) struct Detect {
    /// Sigma rules: files, and directories with all below them.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    rules: Vec<PathBuf>,
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
    /// A finding a line, in JSON.
    #[arg(long)]
    json: bool,
}

impl Detect {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut stand_for: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.placeholder {
            stand_for.entry(name.clone()).or_default().push(value.clone());
        }
        let rules = rules::load(&self.rules, stand_for)?;
        let refused = rules.refused().len();
        for it in rules.refused() {
            eprintln!("{}:{}: {}", it.file, it.line, it.reason);
        }
        let mut engine = Engine::new(Arc::new(rules));
        let mut printer = Printer::new(Style::of(&self.json));
        let mut tally = Tally::default();
        let columns: BTreeMap<String, String> = self.column.iter().cloned().collect();
        for file in &self.events {
            let decoder = vedetta_detect::Decoder::with_columns(self.format, columns.clone());
            let mut asked = |event: &Event<'_>, place: &reading::Place<'_>| {
                let found = engine.matches(event).to_vec();
                for rule in found {
                    printer.finding(&engine, rule, event, place)?;
                }
                Ok(())
            };
            reading::each(file, decoder, &mut tally, &mut asked)?;
        }
        printer.done()?;
        let loaded = engine.rules().len();
        eprintln!("{loaded} rules, {refused} refused; {tally}; {} findings", printer.findings());
        let whole = refused == 0 && tally.faults() == 0;
        Ok(if whole { Outcome::Done } else { Outcome::Partly })
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
