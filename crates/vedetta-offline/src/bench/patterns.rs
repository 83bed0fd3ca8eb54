//! `vedetta bench patterns`: STIX patterns on what was observed, on one core.

mod stix2_matcher;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use stix::pattern::evaluate::DEFAULT_STEPS;
use stix::pattern::{Matcher, Observed, parse};
use vedetta_commands::{Ended, Fault};

use super::Style;
use crate::pattern::observations;
use crate::stopwatch::ProcessorTime;
use crate::unable;

/// STIX patterns on what was observed: prepared once, asked again and again on one core.
///
/// An equality, a disjunction with a set, a conjunction over a file, and two observations joined by
/// FOLLOWEDBY; each asked of every observation together with the one after it.
#[derive(Args)]
pub struct PatternsBench {
    /// Observations.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    observations: u32,
    /// For how many seconds of processor time.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Measure another matcher beside this one.
    #[arg(long, value_parser = ["stix2-matcher"])]
    peer: Option<String>,
    /// The Python that has the other matcher.
    #[arg(long, value_name = "FILE", default_value = "python3")]
    peer_python: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

const PATTERNS: [&str; 4] = [
    "[ipv4-addr:value = '198.51.100.7']",
    "[url:value = 'http://example.org/p7' OR domain-name:value IN ('c.example.org', 'h.example.org')]",
    "[file:name = 'a7.exe' AND file:size > 1000 AND file:hashes.MD5 = '00000000000000000000000000000007']",
    "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [domain-name:value = 'h.example.org']",
];

/// What was asked, and what came out.
struct Measured {
    /// For each pattern, the asks that it matched.
    matched: Vec<Vec<usize>>,
    evaluations: u64,
    rate: f64,
}

impl PatternsBench {
    /// Measures, and prints the report.
    ///
    /// # Errors
    /// What could not be measured.
    pub fn run(self) -> Result<Ended, Fault> {
        // One more: each is asked with the one after it.
        let bundles: Vec<Value> = (0..=self.observations).map(bundle).collect();
        let ours = measure(&bundles, Duration::from_secs(self.seconds))?;
        let mut report = json!({
            "patterns": PATTERNS.len(),
            "observations": self.observations,
            "evaluations": ours.evaluations,
            "evaluations_per_cpu_s": ours.rate.round(),
            "matched": ours.matched.iter().map(Vec::len).sum::<usize>(),
        });
        let mut outcome = Ended::Whole;
        if let Some(peer) = &self.peer {
            let theirs = stix2_matcher::measure(&self.peer_python, &bundles, self.seconds)
                .map_err(|error| unable(peer.as_str(), error))?;
            let same = theirs.matched == ours.matched;
            report[peer] = json!({
                "evaluations": theirs.evaluations,
                "evaluations_per_cpu_s": theirs.rate.round(),
                "ratio": super::rounded(ours.rate / theirs.rate),
                "same": same,
            });
            outcome = if same { Ended::Whole } else { Ended::Partly };
        }
        super::print(&report, Style::of(&self.json));
        Ok(outcome)
    }
}

fn measure(bundles: &[Value], for_so_long: Duration) -> Result<Measured, Fault> {
    let wrong = |reason: &dyn std::fmt::Display| unable("the measurement", reason);
    let objects: Vec<Value> =
        bundles.iter().filter_map(|it| it["objects"].as_array().cloned()).flatten().collect();
    let objects = Value::Array(objects);
    let (_, observed) = observations(&objects).map_err(|error| wrong(&error))?;
    let mut matchers = Vec::new();
    for text in PATTERNS {
        let parsed = parse(text).map_err(|error| wrong(&error))?;
        matchers.push(Matcher::new(&parsed).map_err(|error| wrong(&error))?);
    }
    let finds = |matcher: &Matcher, pair: &[Observed<'_>]| matcher.find(pair, DEFAULT_STEPS);
    let mut matched = Vec::new();
    for matcher in &matchers {
        let mut of = Vec::new();
        for (at, pair) in observed.windows(2).enumerate() {
            if finds(matcher, pair).map_err(|error| wrong(&error))?.is_some() {
                of.push(at);
            }
        }
        matched.push(of);
    }
    let (time, mut evaluations) = (ProcessorTime::start(), 0);
    while time.read() < for_so_long {
        for matcher in &matchers {
            for pair in observed.windows(2) {
                std::hint::black_box(finds(matcher, pair).ok());
                evaluations += 1;
            }
        }
    }
    let rate = evaluations as f64 / time.read().as_secs_f64();
    Ok(Measured { matched, evaluations, rate })
}

/// What was observed once: an address, a name, a file or a URL.
fn bundle(at: u32) -> Value {
    let (number, id) = (at / 4 % 50, format!("00000000-0000-4000-8000-{at:012}"));
    let letter = char::from_u32(u32::from('a') + at / 4 % 26).unwrap_or('a');
    let mut object = match at % 4 {
        0 => json!({"type": "ipv4-addr", "value": format!("198.51.100.{number}")}),
        1 => json!({"type": "domain-name", "value": format!("{letter}.example.org")}),
        2 => json!({
            "type": "file", "name": format!("a{number}.exe"), "size": 1_000 + number,
            "hashes": {"MD5": format!("{number:032x}")},
        }),
        _ => json!({"type": "url", "value": format!("http://example.org/p{number}")}),
    };
    let reference = format!("{}--{id}", object["type"].as_str().unwrap_or_default());
    object["id"] = reference.clone().into();
    object["spec_version"] = "2.1".into();
    let moment =
        format!("2026-01-{:02}T00:{:02}:{:02}Z", 1 + at / 3_600 % 28, at / 60 % 60, at % 60);
    let observed = json!({
        "type": "observed-data", "spec_version": "2.1", "id": format!("observed-data--{id}"),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "first_observed": moment, "last_observed": moment, "number_observed": 1,
        "object_refs": [reference],
    });
    json!({"type": "bundle", "id": format!("bundle--{id}"), "objects": [observed, object]})
}
