//! `vedetta bench sensors`: from a line in one log to the hits of all other sensors.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use vedetta_model::Clock;

use super::{Style, Times, millis, rounded};
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::system::{Stopwatch, SystemClock};
use crate::town::outposts::{Lookout, Outpost, Traffic, query};
use crate::town::{Door, Resident};

/// From a line in one log to the hits of all other sensors.
///
/// A node and three sensors, each a process of its own, with generated traffic. The first has a rule;
/// again and again a line that it matches is written to its log, with a name that the others saw before.
/// Noted is when the finding is released at the node, when the indicator made of it is, and when the last
/// of the others has told that it saw the name. Afterwards the sensors rest, with so many indicators, and
/// what they cost is noted.
#[derive(Args)]
pub(crate) struct Sensors {
    /// Events a second, at each sensor.
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// How often the attack is made.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Indicators that the sensors look for.
    #[arg(long, default_value_t = 100_000)]
    indicators: u32,
    /// For so many seconds they rest.
    #[arg(long, default_value_t = 20)]
    rest: u32,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Whose the sensors are; all are parties of Umbria's act.
const TOWNS: [&str; 3] = ["comune-054039", "comune-055032", "cosc-umbria"];
/// What the first sensor's owner looks for.
const RULE: &str = "\
title: A name of the botnet is asked for
id: 5f0c6a3e-8d1b-4f7e-9c55-2a1d7e6b9f01
logsource:
    category: dns
detection:
    selection:
        query|endswith: '.botnet.invalid.example.org'
    condition: selection
level: high
tags:
    - attack.t1071.004
";
const PATIENCE: Duration = Duration::from_secs(30);
/// After so many attacks that were missed there is no point in going on.
const ENOUGH: u64 = 3;
/// How long between two attacks.
const BETWEEN: Duration = Duration::from_millis(200);

impl Sensors {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("sensors")?;
        let report = runtime()?.block_on(self.measure(data.path()))?;
        super::print(&report, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    async fn measure(&self, data: &Path) -> Result<Value, Failure> {
        let mut node = Resident::found(data, "cnaipic", Door::Shut)?;
        node.start()?;
        let table = data.join("indicators.csv");
        std::fs::write(&table, indicators(self.indicators))
            .map_err(|error| Failure::system("writing indicators", error))?;
        let table = table.to_string_lossy().into_owned();
        node.command(&["import", &table, "--as", "cosc-umbria"])?;
        let mut sensors = Vec::new();
        for (at, town) in TOWNS.into_iter().enumerate() {
            let mut sensor = Outpost::found(&node, data, town, (at == 0).then_some(RULE))?;
            sensor.start()?;
            sensors.push(sensor);
        }
        let known = self.indicators as usize;
        let synchronised = until_known(&sensors, known).await?;
        let lookout = Lookout::at(&node.data).await?;
        let mut found = Found::default();
        let began = Stopwatch::start();
        let logs = sensors.iter().map(Outpost::log).collect::<Result<Vec<_>, _>>()?;
        let traffic = Traffic::new(logs, self.rate);
        let attacks = async {
            for round in 0..self.rounds {
                tokio::time::sleep(BETWEEN).await;
                found.attack(round, &mut sensors, &lookout).await?;
                if found.missed >= ENOUGH {
                    break;
                }
            }
            Ok::<_, Failure>(())
        };
        tokio::select! {
            failed = traffic.pour() => failed?,
            outcome = attacks => outcome?,
        }
        let (seconds, sent) = (began.read().as_secs_f64(), traffic.sent());
        let read = until_read(&sensors, sent).await;
        let at_rest = rest(&sensors, Duration::from_secs(self.rest.into())).await;
        let mut report = found.report();
        report["sensors"] = json!(TOWNS.len());
        report["events_per_s_each"] = json!((sent as f64 / seconds).round());
        report["all_read"] = json!(read);
        report["indicators"] = json!(known);
        report["synchronised_s"] = json!(rounded(synchronised.as_secs_f64()));
        report["rest_mib"] = json!(at_rest.0);
        report["rest_core_percent"] = json!(rounded(at_rest.1));
        report["node_mib"] = json!(node.memory_mib());
        Ok(report)
    }
}

/// How long it took.
#[derive(Default)]
struct Found {
    released: Times,
    matched: Times,
    missed: u64,
}

impl Found {
    /// One attack: a line in the first log, with a name that the others have just seen.
    async fn attack(
        &mut self,
        round: u32,
        sensors: &mut [Outpost],
        lookout: &Lookout,
    ) -> Result<(), Failure> {
        let name = format!("n{round}.botnet.invalid.example.org");
        let Some((first, others)) = sensors.split_first_mut() else { return Ok(()) };
        for other in others.iter_mut() {
            other.write(&query(&name, SystemClock.now()))?;
        }
        let written = SystemClock.now();
        first.write(&query(&name, written))?;
        let pattern = format!("[domain-name:value = '{name}']");
        let Some(released) = lookout.indicator(&pattern, PATIENCE).await else {
            self.missed += 1;
            return Ok(());
        };
        self.released.note(released.since(written));
        let mut last = released;
        for other in others.iter() {
            match lookout.sighting((&other.identity()?, &name), PATIENCE).await {
                Some((at, _)) => last = last.max(at),
                None => {
                    self.missed += 1;
                    return Ok(());
                }
            }
        }
        self.matched.note(last.since(written));
        Ok(())
    }

    fn report(&mut self) -> Value {
        json!({
            "released_p50_ms": self.released.millis(50),
            "released_p99_ms": self.released.millis(99),
            "matched_p50_ms": self.matched.millis(50),
            "matched_p99_ms": self.matched.millis(99),
            "missed": self.missed,
        })
    }
}

/// Waits until all sensors look for so many.
async fn until_known(sensors: &[Outpost], count: usize) -> Result<Duration, Failure> {
    let watch = Stopwatch::start();
    let knows = |it: &Outpost| it.status().is_some_and(|it| it.beat.indicators >= count);
    while !sensors.iter().all(knows) {
        if watch.read() > 10 * PATIENCE {
            return Err(Failure::system("the sensors", "they did not take in the indicators"));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(watch.read())
}

/// Waits until all sensors have read so many events; whether they did.
async fn until_read(sensors: &[Outpost], count: u64) -> bool {
    let watch = Stopwatch::start();
    let has = |it: &Outpost| it.status().is_some_and(|it| it.beat.events >= count);
    while !sensors.iter().all(has) {
        if watch.read() > PATIENCE {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    true
}

/// The most memory of any sensor, and the most of a core in percent, over a while.
async fn rest(sensors: &[Outpost], length: Duration) -> (u64, f64) {
    let before: Vec<_> = sensors.iter().map(Outpost::costs).collect();
    tokio::time::sleep(length).await;
    let (mut memory, mut share) = (0, 0.0_f64);
    for (sensor, (_, then)) in sensors.iter().zip(before) {
        let (mib, now) = sensor.costs();
        memory = memory.max(mib);
        share = share.max(100.0 * millis(now.saturating_sub(then)) / millis(length).max(1.0));
    }
    (memory, share)
}

/// A table of indicators, a third each of addresses, names and digests.
fn indicators(count: u32) -> String {
    let mut table = String::from("type,value,tlp,confidence\n");
    for n in 0..count {
        let _written = match n % 3 {
            0 => writeln!(table, "ipv6,2001:db8:{:x}:{:x}::1,GREEN,80", n >> 16, n & 0xffff),
            1 => writeln!(table, "domain,h{n}.known.example.org,GREEN,80"),
            _ => writeln!(table, "sha256,{n:064x},GREEN,80"),
        };
    }
    table
}
