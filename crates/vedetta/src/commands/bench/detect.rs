//! `vedetta bench detect`: Sigma rules over recorded events, on one core.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vedetta_detect::{Decoder, Engine, Format};

use super::Style;
use crate::commands::detect::{reading, rules};
use crate::outcome::{Failure, Outcome};
use crate::system::Stopwatch;

/// Sigma rules over recorded events: read, recognised and matched on one core.
///
/// The events are read twice: first to let the engine prepare for the origins that come, then to
/// measure.
#[derive(Args)]
pub(crate) struct Detect {
    /// Sigma rules: files, and directories with all below them.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Events, as `vedetta detect` reads them.
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Compare so many events with an engine without any arrangement of the rules.
    #[arg(long, default_value_t = 0)]
    compare: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Detect {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        super::print(&self.measure()?, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    fn measure(&self) -> Result<Value, Failure> {
        let loading = Stopwatch::start();
        let rules =
            rules::load(&self.rules, Vec::new(), vedetta_detect::sigma::Placeholders::new())?;
        let loaded = loading.read();
        let failed = rules.refused().len();
        let mut engine = Engine::new(Arc::new(rules));
        let (mut compared, mut different) = (0, 0);
        self.pass(&mut |event| {
            let found = engine.matches(event).to_vec();
            if compared < self.compare {
                compared += 1;
                different += u64::from(found != engine.unrouted(event));
            }
        })?;
        let mut findings = 0;
        let matching = Stopwatch::start();
        let events = self.pass(&mut |event| findings += engine.matches(event).len() as u64)?;
        let took = matching.read().as_secs_f64();
        let reading = Stopwatch::start();
        self.pass(&mut |_| {})?;
        let read = reading.read().as_secs_f64();
        Ok(json!({
            "rules_loaded": engine.rules().len(),
            "rules_failed": failed,
            "rules_load_ms": super::millis(loaded),
            "events": events,
            "events_per_s_core": (events as f64 / took).round(),
            "events_read_per_s_core": (events as f64 / read).round(),
            "findings": findings,
            "compared": compared,
            "different": different,
            "rss_mib": super::peak_mib(),
        }))
    }

    /// Reads all events; how many there were.
    fn pass(&self, ask: &mut dyn FnMut(&vedetta_detect::Event<'_>)) -> Result<u64, Failure> {
        let mut tally = reading::Tally::default();
        let mut each = |event: &vedetta_detect::Event<'_>, _: &reading::Place<'_>| {
            ask(event);
            Ok(())
        };
        reading::each(&self.events, Decoder::new(Format::Any), &mut tally, &mut each)?;
        Ok(tally.events)
    }
}
