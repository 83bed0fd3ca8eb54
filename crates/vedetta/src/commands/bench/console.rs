//! `vedetta bench console`: how soon what happens is on the pages that people have open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use vedetta_client::crowd::{CASE, ITEM, Shown, Someone};
use vedetta_client::{Node, Visitor};
use vedetta_flow::House;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, Clock, ItemId};
use vedetta_store_sqlite::SqliteStore;
use vedetta_watch::Watch;

use super::beside::Beside;
use super::people::{People, report};
use super::{Style, Times, scene};
use crate::certificates::write_secret;
use crate::doors::{Doors, runtime};
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::system::{Stopwatch, SystemClock};

/// Officers and liaisons with a live page each: how soon what happens is on it.
///
/// Everybody is signed in and has one page open, whose stream they follow: an officer the wall, the
/// incidents, the clocks or the first page, a liaison their incidents, the items or the first page. Cases and
/// items are reported in turn, and meanwhile pages are opened. From what was reported being durable until it is
/// on the page of each who may see it: as a line of the stream, or in the parts that the page asked for again.
/// People are another process; the memory is the node's, at its peak.
#[derive(Args)]
pub(crate) struct ConsoleBench {
    /// Officers of the operations room.
    #[arg(long, default_value_t = 200)]
    officers: usize,
    /// Liaisons, each of another organisation.
    #[arg(long, default_value_t = 2000)]
    liaisons: usize,
    /// Cases and items reported a second.
    #[arg(long, default_value_t = 2)]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Pages opened a second meanwhile.
    #[arg(long, default_value_t = 20)]
    pages: u32,
    /// Cases stored before; of fifty one is open.
    #[arg(long, default_value_t = 0)]
    incidents: u32,
    /// Over this SQLite ledger, made by `vedetta bench import --keep`: it is written to.
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What was reported, in order: when it was durable, in microseconds since 1970.
#[derive(Default)]
struct Load {
    cases: Vec<i64>,
    items: Vec<i64>,
    refused: u64,
}

/// How long what is under way may take when the load ends.
const GRACE: Duration = Duration::from_secs(3);
/// What officers have open, in turn.
const OFFICERS: [&str; 4] = ["/wall", "/incidents", "/clocks", "/"];
/// What liaisons have open, in turn.
const LIAISONS: [&str; 3] = ["/incidents", "/items", "/"];

impl ConsoleBench {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let given = [("--officers", self.officers), ("--liaisons", self.liaisons)];
        let given = given.into_iter().chain([("--rate", self.rate as usize)]);
        if let Some((none, _)) = given.into_iter().find(|(_, count)| *count == 0) {
            let reason = format!("{none} 0: nothing would be measured; give 1 or more");
            return Err(Failure::Usage(reason));
        }
        let data = super::scratch("console")?;
        let report = self.measure(data.path());
        drop(data);
        let report = report?;
        super::print(&report, Style::of(&self.json));
        let whole = ["lost", "refused", "broken"].iter().all(|it| report[*it] == 0);
        Ok(if whole { Outcome::Done } else { Outcome::Partly })
    }

    fn measure(&self, data: &Path) -> Result<Value, Failure> {
        let house = match &self.ledger {
            Some(ledger) => scene::open(Arc::new(SqliteStore::open(ledger)?))?,
            None => scene::found(Arc::new(SqliteStore::open(data)?))?,
        };
        let people = People::join(&house, self.officers, self.liaisons)?;
        runtime()?.block_on(async {
            if self.incidents > 0 {
                let doors = scene::doors_for_many(Arc::clone(&house), data).await?;
                people.store(doors.api.watch(), self.incidents).await?;
                doors.close().await;
            }
            // Doors that know nothing yet, as after a start.
            let doors = scene::doors_for_many(Arc::clone(&house), data).await?;
            let began = Stopwatch::start();
            let waited = waiting(doors.api.watch(), &people).await?;
            let cases_read_ms = super::millis(began.read());
            let wall_first_ms = first_wall(&doors, &people).await?;
            let mut visitors = self.visitors(&doors, data, &people)?;
            let load = self.load(&house, doors.api.watch(), &people).await;
            tokio::time::sleep(GRACE).await;
            let shown: Shown = visitors.end()?;
            doors.close().await;
            let mut report = self.report(&load, shown, waited);
            report["cases_read_ms"] = json!(cases_read_ms);
            report["wall_first_ms"] = json!(wall_first_ms);
            Ok(report)
        })
    }

    fn visitors(&self, doors: &Doors, data: &Path, people: &People) -> Result<Beside, Failure> {
        let someone = |(place, token): (usize, &String), pages: &[&str], opens: &[&str]| Someone {
            cookie: format!(
                "__Host-vedetta={token}; __Host-vedetta-language={}",
                ["it", "en"][place % 2]
            ),
            page: pages[place % pages.len()].to_owned(),
            opens: opens.iter().map(|it| (*it).to_owned()).collect(),
        };
        let officers = people.officers.iter().map(|(_, token)| token).enumerate().map(|it| {
            let opens =
                ["/", "/incidents", "/queue", "/clocks", "/items", "/warnings", "/duty", "/wall"];
            someone(it, &OFFICERS, &opens)
        });
        let liaisons = people.liaisons.iter().map(|(_, token)| token).enumerate().map(|it| {
            let opens = ["/", "/incidents", "/items", "/concerns", "/warnings", "/report"];
            someone(it, &LIAISONS, &opens)
        });
        let lines: Vec<_> = officers
            .chain(liaisons)
            .map(|it| serde_json::to_string(&it).unwrap_or_default())
            .collect();
        let (file, authority) = (data.join("people"), data.join("ca.pem"));
        write_secret(&file, &lines.join("\n"))?;
        let pages = OsString::from(self.pages.to_string());
        let given = [
            ("--authority", authority.as_os_str()),
            ("--people", file.as_os_str()),
            ("--pages", pages.as_os_str()),
        ];
        Beside::start(doors, "visitors", &given)
    }

    /// Reports one thing after the other, at the rate.
    async fn load(&self, house: &Arc<House>, watch: &Arc<Watch>, people: &People) -> Load {
        let count = self.rate.saturating_mul(self.seconds);
        let mut tick = tokio::time::interval(Duration::from_secs(1) / self.rate.max(1));
        let (mut load, progress) = (Load::default(), Progress::things(u64::from(count)));
        progress.step("reporting");
        for turn in 0..count {
            tick.tick().await;
            progress.more(1);
            let number = turn / 2;
            let done = match turn % 2 {
                0 => {
                    let by = self.reporter(people, number);
                    let watch = Arc::clone(watch);
                    tokio::task::spawn_blocking(move || case(&watch, &by, number)).await
                }
                _ => {
                    let house = Arc::clone(house);
                    tokio::task::spawn_blocking(move || item(&house, number)).await
                }
            };
            let into = if turn % 2 == 0 { &mut load.cases } else { &mut load.items };
            match done {
                Ok(Ok(())) => into.push(SystemClock.now().micros()),
                _ => load.refused += 1,
            }
        }
        load
    }

    /// Who reports a case: a liaison who has their incidents open.
    fn reporter(&self, people: &People, number: u32) -> Actor {
        let at = number as usize * LIAISONS.len() % people.liaisons.len();
        let at = at - at % LIAISONS.len();
        people.liaisons[at].0.clone()
    }

    /// How many have one of some pages open.
    fn with(&self, officers: &[&str], liaisons: &[&str]) -> usize {
        let count = |people: usize, pages: &[&str], wanted: &[&str]| {
            (0..people).filter(|place| wanted.contains(&pages[place % pages.len()])).count()
        };
        count(self.officers, &OFFICERS, officers) + count(self.liaisons, &LIAISONS, liaisons)
    }

    fn report(&self, load: &Load, shown: Shown, waited: usize) -> Value {
        let (mut times, mut received) = (Times::default(), 0);
        let mut note = |moments: Option<&Vec<i64>>, since: i64| {
            for at in moments.into_iter().flatten() {
                received += 1;
                times.note(Duration::from_micros(u64::try_from(at - since).unwrap_or(0)));
            }
        };
        for (number, at) in (0..).zip(&load.cases) {
            note(shown.cases.get(&number), *at);
            note(shown.waiting.get(&(waited as u64 + number + 1)), *at);
        }
        for (number, at) in (0..).zip(&load.items) {
            note(shown.items.get(&number), *at);
        }
        // A case is on every page with incidents of the room, on that of who reported it, and counted on the wall.
        let cases = load.cases.len() * (self.with(&["/incidents", "/wall"], &[]) + 1);
        let items = load.items.len() * self.with(&["/wall", "/"], &["/items", "/"]);
        let mut pages = Times::default();
        shown.pages.iter().for_each(|micros| pages.note(Duration::from_micros(*micros)));
        json!({
            "officers": self.officers,
            "liaisons": self.liaisons,
            "rate": self.rate,
            "seconds": self.seconds,
            "incidents": self.incidents,
            "cases": load.cases.len(),
            "items": load.items.len(),
            "page_p50_ms": pages.millis(50),
            "page_p95_ms": pages.millis(95),
            "page_p99_ms": pages.millis(99),
            "pages_per_s": super::rounded(pages.count() as f64 / f64::from(self.seconds.max(1))),
            "event_to_screen_p50_ms": times.millis(50),
            "event_to_screen_p95_ms": times.millis(95),
            "event_to_screen_p99_ms": times.millis(99),
            "shown": received,
            "lost": (cases + items).saturating_sub(received),
            "refused": load.refused + shown.refused,
            "broken": shown.broken,
            "asked_again": shown.asked_again,
            "rss_mib": super::peak_mib(),
        })
    }
}

/// How many cases wait before the load.
async fn waiting(watch: &Arc<Watch>, people: &People) -> Result<usize, Failure> {
    let (watch, officer) = (Arc::clone(watch), people.officers[0].0.clone());
    let asked = tokio::task::spawn_blocking(move || watch.counts(&officer));
    let counts = asked.await.map_err(|error| Failure::system("reading the cases", error))?;
    Ok(counts.map_err(|error| Failure::system("reading the cases", error))?.waiting)
}

/// How long the wall takes until it is there whole, from the connection on, in milliseconds.
async fn first_wall(doors: &Doors, people: &People) -> Result<f64, Failure> {
    let failed = |error: std::io::Error| Failure::system("opening the wall", error);
    let node = Node::at(doors.address, &doors.authority).map_err(failed)?;
    let cookie = format!("__Host-vedetta={}", people.officers[0].1);
    let began = Stopwatch::start();
    let mut visitor = Visitor::enter(&node, &cookie).await.map_err(failed)?;
    let wall = visitor.page("/wall", None).await.map_err(failed)?;
    wall.wanted(200).map_err(failed)?;
    Ok(super::millis(began.read()))
}

fn case(watch: &Watch, by: &Actor, number: u32) -> Result<(), Failure> {
    let new = report(format!("{CASE}{number:06}"), number, by.organisation.clone());
    watch.report(by, new).map(drop).map_err(|error| Failure::system("reporting a case", error))
}

fn item(house: &House, number: u32) -> Result<(), Failure> {
    let text = indicator(number);
    let arrival = stix_bundle::read(DoorIn::Api, "bench", text.as_bytes(), &stix_bundle::limits());
    let receipt = house.accept(&scene::keeper(house)?, arrival)?;
    match receipt.accepted.len() {
        1 => Ok(()),
        _ => Err(Failure::system("bringing an item", "it was refused")),
    }
}

fn indicator(number: u32) -> String {
    let now = SystemClock.now();
    // Of version 4, and another at each run.
    let run = u128::from(now.micros().unsigned_abs() / 1_000_000) << 96;
    let id = run | 0x4000_8000_0000_0000_0000 | u128::from(number);
    let id = ItemId::of("indicator", uuid::Uuid::from_u128(id));
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id,
        "created": now, "modified": now, "valid_from": now, "pattern_type": "stix",
        "pattern": format!("[ipv6-addr:value = '2001:db8::{:x}:{:x}']", number >> 16, number & 0xffff),
        "indicator_types": ["malicious-activity"], "name": format!("{ITEM}{number:06}"),
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_a_page_is_lost() {
        let bench = ConsoleBench {
            officers: 4,
            liaisons: 3,
            rate: 1,
            seconds: 2,
            pages: 0,
            incidents: 0,
            ledger: None,
            json: true,
        };
        let load = Load { cases: vec![1_000], items: vec![2_000], refused: 0 };
        // Incidents and wall of the room, and who reported; the wall and three pages with lines.
        let (cases, items) = ([(0, vec![2_000, 3_000])].into(), [(0, vec![4_000; 4])].into());
        let whole = Shown { cases, items, waiting: [(8, vec![9_000])].into(), ..Shown::default() };
        let report = bench.report(&load, whole, 7);
        assert_eq!((&report["shown"], &report["lost"]), (&json!(7), &json!(0)), "{report}");
        assert_eq!(report["event_to_screen_p99_ms"], 8.0);
        let report = bench.report(&load, Shown::default(), 7);
        assert_eq!((&report["shown"], &report["lost"]), (&json!(0), &json!(7)));
    }
}
