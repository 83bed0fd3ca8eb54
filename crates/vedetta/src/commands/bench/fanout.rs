//! `vedetta bench fanout`: from accepted to received, by thousands of organisations at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;
use vedetta_flow::House;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, Clock, Instant, ItemId};
use vedetta_store_sqlite::SqliteStore;

use super::beside::Beside;
use super::{Style, scene};
use crate::certificates::write_secret;
use crate::commands::init::italy;
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::system::{SystemClock, SystemEntropy};
use vedetta_client::Seen;

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

/// What became of what was brought.
#[derive(Default)]
struct Load {
    /// When each item was accepted, by its place.
    accepted: BTreeMap<u64, i64>,
    /// How many were not.
    refused: u64,
}

/// How long followers may take for what is under way when the load ends.
const GRACE: Duration = Duration::from_secs(30);

impl Fanout {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let given = [("--subscribers", self.subscribers), ("--rate", self.rate as usize)];
        if let Some((none, _)) = given.iter().find(|(_, count)| *count == 0) {
            return Err(Failure::Usage(format!(
                "{none} 0: nothing would be measured; give 1 or more"
            )));
        }
        let data = super::scratch("fanout")?;
        let report = self.measure(data.path());
        drop(data);
        let report = report?;
        super::print(&report, Style::of(&self.json));
        Ok(if self.is_whole(&report) { Outcome::Done } else { Outcome::Partly })
    }

    /// How many are brought.
    const fn items(&self) -> u32 {
        self.rate.saturating_mul(self.seconds)
    }

    /// Whether everything was brought, and reached everybody once.
    fn is_whole(&self, report: &Value) -> bool {
        let none = ["refused", "lost", "duplicated"].iter().all(|it| report[*it] == 0);
        none && report["items"] == self.items()
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
            let doors = scene::doors_for_many(Arc::clone(&house), data).await?;
            let given =
                [("--authority", authority_file.as_os_str()), ("--tokens", token_file.as_os_str())];
            let mut followers = Beside::start(&doors, "followers", &given)?;
            let load = self.load(&house, &keeper).await;
            self.drained(&house, &keeper).await;
            let seen: Seen = followers.end()?;
            doors.close().await;
            Ok(self.report(&load, &seen))
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
        let enrolled =
            vedetta_outpost::enrol_machines(house, keeper, &organisations, ("bench", day))?;
        Ok(enrolled.into_iter().map(|it| it.token.reveal().to_owned()).collect())
    }

    /// Brings one item at a time, at the rate, without waiting for the one before.
    async fn load(&self, house: &Arc<House>, keeper: &Actor) -> Load {
        let load = Arc::new(Mutex::new(Load::default()));
        let mut tick = tokio::time::interval(Duration::from_secs(1) / self.rate.max(1));
        let mut tasks = tokio::task::JoinSet::new();
        let progress = Progress::things(u64::from(self.items()));
        progress.step("bringing items");
        for n in 0..self.items() {
            tick.tick().await;
            progress.more(1);
            let (house, keeper) = (Arc::clone(house), keeper.clone());
            let load = Arc::clone(&load);
            tasks.spawn_blocking(move || {
                let text = indicator(n, SystemClock.now());
                let limits = stix_bundle::limits();
                let arrival = stix_bundle::read(DoorIn::Api, "bench", text.as_bytes(), &limits);
                let accepted = house.accept(&keeper, arrival).map(|it| it.accepted);
                let mut load = load.lock().unwrap_or_else(PoisonError::into_inner);
                match accepted.as_deref().unwrap_or_default() {
                    [] => load.refused += 1,
                    accepted => load.accepted.extend(
                        accepted.iter().map(|it| (it.stamp.seq.0, it.stamp.at.micros() / 1000)),
                    ),
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        std::mem::take(&mut *load.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until the ledger says that everyone had the last item, or the grace is over.
    async fn drained(&self, house: &Arc<House>, keeper: &Actor) {
        let last = item(self.items().saturating_sub(1));
        let waiting = async {
            loop {
                let (house, keeper, last) = (Arc::clone(house), keeper.clone(), last.clone());
                let asked = tokio::task::spawn_blocking(move || {
                    house.deliveries(&keeper, &house.item(&keeper, &last)?)
                });
                if asked.await.is_ok_and(|it| it.is_ok_and(|it| it.len() >= self.subscribers)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let _in_time = tokio::time::timeout(GRACE, waiting).await.is_ok();
    }

    fn report(&self, load: &Load, seen: &Seen) -> Value {
        let mut latencies: BTreeMap<i64, u64> = BTreeMap::new();
        let mut received = 0;
        for (place, at) in &load.accepted {
            let Some((first, counts)) = seen.events.get(place) else { continue };
            for (after, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
                *latencies.entry((first + after - at).max(0)).or_default() += u64::from(*count);
                received += u64::from(*count);
            }
        }
        let expected = load.accepted.len() as u64 * self.subscribers as u64;
        json!({
            "subscribers": self.subscribers,
            "rate": self.rate,
            "seconds": self.seconds,
            "items": load.accepted.len(),
            "refused": load.refused,
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

#[cfg(test)]
mod tests {
    use vedetta_model::Role;

    use super::*;

    #[test]
    fn what_is_refused_is_counted_and_no_success() {
        let fanout = Fanout { subscribers: 0, rate: 10, seconds: 1, json: true };
        let data = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(data.path()).unwrap());
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let house = Arc::new(House::open(store, clock, entropy).unwrap());
        house.found(italy().unwrap().0, vec![scene::everyone().unwrap()]).unwrap();
        let keeper = scene::keeper(&house).unwrap();
        let auditor = Actor { roles: [Role::Auditor].into(), ..keeper.clone() };
        let runtime = runtime().unwrap();
        for (by, refused) in [(&auditor, 10), (&keeper, 0)] {
            let load = runtime.block_on(fanout.load(&house, by));
            assert_eq!((load.accepted.len() as u64, load.refused), (10 - refused, refused));
            let report = fanout.report(&load, &Seen::default());
            assert_eq!(fanout.is_whole(&report), refused == 0, "{report}");
        }
        assert!(!fanout.is_whole(&fanout.report(&Load::default(), &Seen::default())), "none came");
    }
}
