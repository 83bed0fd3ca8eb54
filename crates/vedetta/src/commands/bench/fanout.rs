//! `vedetta bench fanout`: from accepted to received, by thousands of organisations at once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_api::{Rate, Settings};
use vedetta_flow::House;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, Clock, Instant, ItemId};
use vedetta_store_sqlite::SqliteStore;

use super::followers::Seen;
use super::{Style, scene};
use crate::certificates::write_secret;
use crate::commands::init::italy;
use crate::doors::{Doors, Opening, runtime};
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::system::{SystemClock, SystemEntropy};

/// One node, many organisations connected live over TLS.
///
/// Items are accepted at a rate, each durable before it counts; followers in another process note
/// when each arrives. The node's memory is its peak resident set.
#[derive(Args)]
pub(crate) struct Fanout {
    /// Organisations connected.
    #[arg(long, default_value_t = 8000)]
    subscribers: usize,
    /// Items accepted a second.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// When each item was accepted, by its place.
type AcceptedAt = BTreeMap<u64, i64>;

/// How long followers may take for what is under way when the load ends.
const GRACE: Duration = Duration::from_secs(30);

impl Fanout {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("fanout")?;
        let report = self.measure(data.path());
        drop(data);
        let report = report?;
        super::print(&report, Style::of(&self.json));
        let whole = report["lost"] == 0 && report["duplicated"] == 0;
        Ok(if whole { Outcome::Done } else { Outcome::Partly })
    }

    fn measure(&self, data: &Path) -> Result<Value, Failure> {
        let store = Arc::new(SqliteStore::open(data)?);
        let house = Arc::new(House::open(store, Arc::new(SystemClock), Arc::new(SystemEntropy))?);
        let (records, _) = italy()?;
        house.found(records, vec![scene::everyone()?])?;
        let keeper = scene::keeper(&house)?;
        house.set_own(&keeper.organisation)?;
        let tokens = self.tokens(&house, &keeper)?;
        let (token_file, authority_file) = (data.join("tokens"), data.join("ca.pem"));
        write_secret(&token_file, &tokens.join("\n"))?;
        runtime()?.block_on(async {
            let settings = Settings {
                per_address: Rate { burst: 1_000_000, every: Duration::from_micros(1) },
                ..Settings::default()
            };
            let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
            let listen = ([127, 0, 0, 1], 0).into();
            let opening = Opening {
                data,
                listen,
                names: &names,
                settings,
                meeting: None,
                mail: Default::default(),
            };
            let doors = Doors::open(Arc::clone(&house), opening).await?;
            let mut followers = Process::start(&doors, &authority_file, &token_file)?;
            let accepted = self.load(&house, &keeper).await;
            self.drained(&house, &keeper).await;
            let seen = followers.end()?;
            doors.close().await;
            Ok(self.report(&accepted, &seen))
        })
    }

    fn tokens(&self, house: &House, keeper: &Actor) -> Result<Vec<String>, Failure> {
        let standing = house.standing();
        let members = standing.directory.members().iter();
        let organisations: Vec<_> =
            members.map(|it| it.organisation.id.clone()).take(self.subscribers).collect();
        if organisations.len() < self.subscribers {
            let reason = format!("the network has {} organisations", organisations.len());
            return Err(Failure::Usage(reason));
        }
        let day = Duration::from_secs(86_400);
        let enrolled = house.enrol_machines(keeper, &organisations, "bench", day)?;
        Ok(enrolled.into_iter().map(|it| it.token.reveal().to_owned()).collect())
    }

    /// Brings one item at a time, at the rate, without waiting for the one before.
    async fn load(&self, house: &Arc<House>, keeper: &Actor) -> AcceptedAt {
        let accepted = Arc::new(Mutex::new(AcceptedAt::new()));
        let mut tick = tokio::time::interval(Duration::from_secs(1) / self.rate.max(1));
        let mut tasks = tokio::task::JoinSet::new();
        let progress = Progress::things(u64::from(self.rate * self.seconds));
        progress.step("bringing items");
        for n in 0..self.rate * self.seconds {
            tick.tick().await;
            progress.more(1);
            let (house, keeper) = (Arc::clone(house), keeper.clone());
            let accepted = Arc::clone(&accepted);
            tasks.spawn_blocking(move || {
                let text = indicator(n, SystemClock.now());
                let limits = stix_bundle::limits();
                let arrival = stix_bundle::read(DoorIn::Api, "bench", text.as_bytes(), &limits);
                if let Ok(receipt) = house.accept(&keeper, arrival) {
                    let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                    accepted.extend(
                        receipt
                            .accepted
                            .iter()
                            .map(|it| (it.stamp.seq.0, it.stamp.at.micros() / 1000)),
                    );
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        std::mem::take(&mut *accepted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until the ledger says that everyone had the last item, or the grace is over.
    async fn drained(&self, house: &Arc<House>, keeper: &Actor) {
        let last = item(self.rate * self.seconds - 1);
        let waiting = async {
            loop {
                let (house, keeper, last) = (Arc::clone(house), keeper.clone(), last.clone());
                let asked = tokio::task::spawn_blocking(move || house.deliveries(&keeper, &last));
                if asked.await.is_ok_and(|it| it.is_ok_and(|it| it.len() >= self.subscribers)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let _in_time = tokio::time::timeout(GRACE, waiting).await.is_ok();
    }

    fn report(&self, accepted: &AcceptedAt, seen: &Seen) -> Value {
        let mut latencies: BTreeMap<i64, u64> = BTreeMap::new();
        let mut received = 0;
        for (place, at) in accepted {
            let Some((first, counts)) = seen.events.get(place) else { continue };
            for (after, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
                *latencies.entry((first + after - at).max(0)).or_default() += u64::from(*count);
                received += u64::from(*count);
            }
        }
        let expected = accepted.len() as u64 * self.subscribers as u64;
        json!({
            "subscribers": self.subscribers,
            "rate": self.rate,
            "seconds": self.seconds,
            "items": accepted.len(),
            "deliveries_expected": expected,
            "deliveries_received": received,
            "lost": expected.saturating_sub(received),
            "duplicated": seen.duplicated,
            "broken": seen.broken,
            "p50_ms": quantile(&latencies, received, 50),
            "p99_ms": quantile(&latencies, received, 99),
            "rss_mib": super::peak_mib(),
        })
    }
}

/// The followers' process.
struct Process {
    child: Child,
    answer: BufReader<ChildStdout>,
}

impl Process {
    fn start(doors: &Doors, authority: &Path, tokens: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::system("starting the followers", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["bench", "followers", "--address", &doors.address.to_string(), "--authority"])
            .arg(authority)
            .arg("--tokens")
            .arg(tokens)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let answer =
            child.stdout.take().ok_or_else(|| failed(std::io::Error::other("no output")))?;
        let mut answer = BufReader::new(answer);
        let mut line = String::new();
        answer.read_line(&mut line).map_err(failed)?;
        if line.trim() != "connected" {
            return Err(failed(std::io::Error::other("the followers did not connect")));
        }
        Ok(Self { child, answer })
    }

    fn end(&mut self) -> Result<Seen, Failure> {
        let failed = |error: std::io::Error| Failure::system("ending the followers", error);
        if let Some(mut input) = self.child.stdin.take() {
            input.write_all(b"stop\n").map_err(failed)?;
        }
        let mut line = String::new();
        self.answer.read_line(&mut line).map_err(failed)?;
        self.child.wait().map_err(failed)?;
        serde_json::from_str(&line).map_err(|error| failed(error.into()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended, or there is nobody left to answer.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn quantile(latencies: &BTreeMap<i64, u64>, count: u64, hundredth: u64) -> i64 {
    let rank = (count * hundredth).div_ceil(100);
    let mut seen = 0;
    let reached = latencies.iter().find(|(_, count)| {
        seen += *count;
        seen >= rank
    });
    reached.map_or(0, |(millis, _)| *millis)
}

fn item(n: u32) -> ItemId {
    ItemId::of("indicator", Uuid::from_u128(0x4000_8000_0000_0000_0000 | u128::from(n)))
}

fn indicator(n: u32, now: Instant) -> String {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": item(n),
        "created": now, "modified": now, "valid_from": now, "pattern_type": "stix",
        "pattern": format!("[ipv6-addr:value = '2001:db8::{:x}:{:x}']", n >> 16, n & 0xffff),
        "indicator_types": ["malicious-activity"], "name": format!("scanner {n}"),
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    })
    .to_string()
}
