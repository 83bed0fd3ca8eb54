//! `vedetta bench detect`: Sigma rules over recorded events, on one core.

mod peers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vedetta_commands::{Ended, Fault};
use vedetta_detect::{Decoder, Engine, Event, Format};
use vedetta_intake::events::{self, Place, Tally};

use super::Style;
use crate::Stopped;
use crate::detect::rules;
use crate::stopwatch::Stopwatch;

/// Sigma rules over recorded events: read, recognised and matched on one core.
///
/// The events are read several times: first to let the engine prepare for the origins that come, then to
/// measure; told is the best of three.
#[derive(Args)]
pub struct Detect {
    /// Sigma rules: files, and directories with all below them.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Events, as `vedetta detect` reads them.
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Compare so many events with an engine without any arrangement of the rules.
    #[arg(long, default_value_t = 0)]
    compare: u64,
    /// Measure another engine beside this one: our own without any arrangement of the rules, or rsigma.
    #[arg(long, value_parser = ["unrouted", "rsigma"])]
    peer: Option<String>,
    /// The program of the other engine.
    #[arg(long, value_name = "FILE", default_value = "rsigma")]
    peer_program: PathBuf,
    /// The first so many events are for both when there is a peer.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    peer_events: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Detect {
    /// Measures, and prints the report.
    ///
    /// # Errors
    /// What could not be measured.
    pub fn run(self) -> Result<Ended, Fault> {
        let report = self.measure(&self.events)?;
        super::print(&report, Style::of(&self.json));
        let same = self.peer.as_ref().is_none_or(|it| report[it]["same"] == json!(true));
        Ok(if same { Ended::Whole } else { Ended::Partly })
    }

    fn measure(&self, file: &Path) -> Result<Value, Fault> {
        let loading = Stopwatch::start();
        let rules =
            rules::load(&self.rules, Vec::new(), vedetta_detect::sigma::Placeholders::new())?;
        let loaded = loading.read();
        let failed = rules.refused().len();
        let mut engine = Engine::new(Arc::new(rules));
        let (mut compared, mut different) = (0, 0);
        pass(file, &mut |event| {
            let found = engine.matches(event).to_vec();
            if compared < self.compare {
                compared += 1;
                different += u64::from(found != engine.unrouted(event));
            }
        })?;
        let (mut findings, mut events) = (0, 0);
        let took = best(&mut || {
            findings = 0;
            events = pass(file, &mut |event| findings += engine.matches(event).len() as u64)?;
            Ok(())
        })?;
        let read = best(&mut || pass(file, &mut |_| {}).map(drop))?;
        let mut report = json!({
            "rules_loaded": engine.rules().len(),
            "rules_failed": failed,
            "rules_load_ms": super::millis(loaded),
            "events": events,
            "events_per_s_core": (events as f64 / took).round(),
            "events_read_per_s_core": (events as f64 / read).round(),
            "findings": findings,
            "bytes_each": std::fs::metadata(file).map_or(0, |it| it.len()) / events.max(1),
            "compared": compared,
            "different": different,
            "rss_mib": super::peak_mib(),
        });
        if let Some(peer) = &self.peer {
            let lines = peers::lines(file, self.peer_events)?;
            report[peer] = match peer.as_str() {
                "unrouted" => peers::unrouted(&mut engine, &lines)?,
                _ => peers::rsigma(&mut engine, &lines, (&self.peer_program, &self.rules))?,
            };
        }
        Ok(report)
    }
}

/// The seconds that the best of three turns took.
fn best(turn: &mut dyn FnMut() -> Result<(), Fault>) -> Result<f64, Fault> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let watch = Stopwatch::start();
        turn()?;
        best = best.min(watch.read().as_secs_f64());
    }
    Ok(best)
}

/// Reads all events of a file; how many there were.
fn pass(file: &Path, ask: &mut dyn FnMut(&Event<'_>)) -> Result<u64, Fault> {
    let mut tally = Tally::default();
    let mut each = |event: &Event<'_>, _: &Place<'_>| {
        ask(event);
        Ok::<_, Stopped>(())
    };
    events::each(file, Decoder::new(Format::Any), &mut tally, &mut each)?;
    Ok(tally.events)
}
