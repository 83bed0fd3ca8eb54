//! `vedetta bench relevance`: whom an address, domain, product or supplier concerns.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use vedetta_commands::{Ended, Fault};
use vedetta_directory::Directory;
use vedetta_directory::seed::grown;
use vedetta_model::OrganisationNumber;

use super::{Style, Times};
use crate::stopwatch::Stopwatch;
use crate::unable;

/// Whom an address, domain, product or supplier concerns: look-ups on one core.
#[derive(Args)]
pub struct Relevance {
    /// Assets of the network.
    #[arg(long, default_value_t = 100_000)]
    assets: u32,
    /// For how long.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Different things looked up.
const WANTED: u32 = 10_000;

impl Relevance {
    /// Measures, and prints the report.
    ///
    /// # Errors
    /// What could not be measured.
    pub fn run(self) -> Result<Ended, Fault> {
        super::print(&self.measure()?, Style::of(&self.json));
        Ok(Ended::Whole)
    }

    fn measure(&self) -> Result<Value, Fault> {
        let network = |error: &dyn std::fmt::Display| unable("the network", error);
        let records = grown::grown(self.assets).map_err(|error| network(&error))?;
        let (organisations, assets) = (records.organisations.len(), records.assets.len());
        let mut next = 0;
        let directory = Directory::build(records, |_| {
            next += 1;
            OrganisationNumber(next)
        });
        let directory = directory.map_err(|error| network(&error))?;
        let building = Stopwatch::start();
        let (relevance, _) = directory.relevance();
        let built = building.read();
        let wanted = grown::observables(WANTED, self.assets).map_err(|error| network(&error))?;
        let (watch, mut looked, mut concerned) = (Stopwatch::start(), 0, 0);
        while watch.read() < Duration::from_secs(self.seconds.max(1)) {
            for observable in &wanted {
                concerned += relevance.concerned(observable).map(<[_]>::len).sum::<usize>();
            }
            looked += wanted.len();
        }
        let took = watch.read().as_secs_f64();
        let mut times = Times::default();
        for observable in wanted.iter().cycle().take(100 * wanted.len()) {
            times.measure(|| relevance.concerned(observable).count());
        }
        Ok(json!({
            "organisations": organisations,
            "assets": assets,
            "lookups_per_s": (looked as f64 / took).round(),
            "concerned_each": super::rounded(concerned as f64 / looked as f64),
            "p50_us": times.micros(50),
            "p99_us": times.micros(99),
            "built_ms": super::millis(built),
        }))
    }
}
