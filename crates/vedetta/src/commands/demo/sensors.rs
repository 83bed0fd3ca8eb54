//! Three sensors on generated traffic with an attack inside: what one finds, what the others then find,
//! and after how long.

use std::path::Path;
use std::time::Duration;

use vedetta_model::{Clock, Instant};

use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;
use crate::town::outposts::{Lookout, Outpost, Traffic, login, query};
use crate::town::{Door, Resident};

/// Whose the sensors are.
const TOWNS: [(&str, &str); 3] = [
    ("comune-054039", "Comune di Perugia"),
    ("comune-055032", "Comune di Terni"),
    ("cosc-umbria", "COSC Umbria"),
];
/// From where the attack comes.
const ATTACKER: &str = "203.0.113.66";
const PATIENCE: Duration = Duration::from_secs(60);
/// Events a second in each log.
const RATE: u32 = 500;

/// What was seen, one line after the other.
struct Story {
    began: Instant,
}

/// Plays it.
pub(super) fn run(directory: &Path) -> Result<Outcome, Failure> {
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::system(directory.display().to_string(), error))?;
    runtime()?.block_on(play(directory))
}

async fn play(directory: &Path) -> Result<Outcome, Failure> {
    println!("starting a node and three sensors in {} …", directory.display());
    let mut node = Resident::found(directory, "cnaipic", Door::Shut)?;
    node.start()?;
    let mut sensors = Vec::new();
    for (town, _) in TOWNS {
        let mut sensor = Outpost::found(&node, directory, town, None)?;
        sensor.start()?;
        sensors.push(sensor);
    }
    let lookout = Lookout::at(&node.data).await?;
    let logs = sensors.iter().map(Outpost::log).collect::<Result<Vec<_>, _>>()?;
    let traffic = Traffic::new(logs, RATE);
    tokio::select! {
        failed = traffic.pour() => failed?,
        told = tell(&node, &mut sensors, &lookout) => told?,
    }
    println!("\nwhat left Perugia's house, and nothing else:");
    println!("  vedetta sensor what-leaves --dir {}", at(&sensors).display());
    Ok(Outcome::Done)
}

async fn tell(node: &Resident, sensors: &mut [Outpost], lookout: &Lookout) -> Result<(), Failure> {
    let [perugia, terni, umbria] = sensors else { return Ok(()) };
    let story = Story { began: SystemClock.now() };
    story.say("", &format!("{RATE} events a second in each log"));
    terni.write(&login(ATTACKER, "Failed password for invalid user backup", SystemClock.now()))?;
    story.say("Terni", &format!("one failed login from {ATTACKER}: nothing to tell"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..30 {
        perugia.write(&login(ATTACKER, "Failed password for root", SystemClock.now()))?;
    }
    perugia.write(&login(ATTACKER, "Accepted password for root", SystemClock.now()))?;
    let written = SystemClock.now();
    story.say("Perugia", &format!("thirty failed logins from {ATTACKER}, then one that succeeds"));
    let found = lookout.sighting((&perugia.identity()?, "login after"), PATIENCE).await;
    let (at, words) = found.ok_or_else(|| late("Perugia's finding"))?;
    story.after("Perugia's finding is at the node", &words, at, written);
    let pattern = format!("[ipv4-addr:value = '{ATTACKER}']");
    let at = lookout.indicator(&pattern, PATIENCE).await.ok_or_else(|| late("the indicator"))?;
    story.after("released to those entitled", &pattern, at, written);
    let found = lookout.sighting((&terni.identity()?, "before it was known"), PATIENCE).await;
    let (at, words) = found.ok_or_else(|| late("Terni's finding"))?;
    story.after("Terni had seen it", &words, at, written);
    let written = SystemClock.now();
    umbria.write(&login(ATTACKER, "Failed password for root", written))?;
    story.say("COSC Umbria", &format!("one failed login from {ATTACKER}"));
    let found = lookout.sighting((&umbria.identity()?, "Indicator"), PATIENCE).await;
    let (at, words) = found.ok_or_else(|| late("COSC Umbria's finding"))?;
    story.after("COSC Umbria sees it at once", &words, at, written);
    umbria.write(&query("www.example.org", SystemClock.now()))?;
    print!("\n{}", node.command(&["sensor", "list"])?);
    Ok(())
}

impl Story {
    fn say(&self, who: &str, what: &str) {
        let since = SystemClock.now().since(self.began).as_secs_f64();
        println!("{since:6.2} s  {who:<12} {what}");
    }

    fn after(&self, what: &str, words: &str, at: Instant, written: Instant) {
        let took = at.since(written).as_millis();
        let since = at.since(self.began).as_secs_f64();
        println!("{since:6.2} s  {:<12} {took} ms after the line was written: {what}: {words}", "");
    }
}

fn at(sensors: &[Outpost]) -> &Path {
    sensors.first().map_or(Path::new("."), |sensor| &sensor.directory)
}

fn late(what: &str) -> Failure {
    Failure::system(what, "it did not come; see run.log of the sensor, and node.log")
}
