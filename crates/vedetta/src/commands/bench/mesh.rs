//! `vedetta bench mesh`: nodes that exchange, each a process of its own on loopback.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use vedetta_client::Wire;
use vedetta_intake::{Arrival, DoorIn, stix_bundle};
use vedetta_model::{Clock, Instant, OrganisationId};

use super::scene::Indicators;
use super::{Style, Times};
use crate::doors::runtime;
use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::progress::{Part, Progress};
use crate::system::{Stopwatch, SystemClock};
use crate::town::watch::Watcher;
use crate::town::{self, Asker, Bond, Door, NOWHERE, Resident, free_address};

/// Items through four nodes, each a process of its own; or a backlog over one link.
///
/// Without `--backlog`: a section of the Polizia Postale brings items at its node; they go over its
/// regional centre and the national centre to another region. The time is from when an item was due
/// to be brought until the last node's live stream shows it. Before, the links are idle for a while,
/// and the octets on one are counted, TLS and all. With it: so many indicators wait at the national
/// centre for a region that was away; the time is from the link until the last is taken in, and
/// meanwhile ten more a second are brought, each timed until the region reads it.
#[derive(Args)]
pub(crate) struct Mesh {
    /// Items a second.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For so many seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Over so many seconds the idle link is watched.
    #[arg(long, default_value_t = 30)]
    idle: u32,
    /// Indicators that wait; instead of the above.
    #[arg(long, value_name = "N")]
    backlog: Option<u64>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// The agreement within the Polizia Postale.
const AGREEMENT: &str = "polizia-postale";
/// From where to where; each is above or below the next.
const ROAD: [&str; 4] = ["sosc-tr", "cosc-umbria", "cnaipic", "cosc-liguria"];
/// Those that others can dial.
const OPEN: [&str; 2] = ["cosc-umbria", "cnaipic"];
/// How long to wait for what does not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often something live is due while a backlog goes over the link.
const LIVE: Duration = Duration::from_millis(100);
/// Indicators written at once.
const AT_ONCE: u64 = 2_000;

impl Mesh {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("mesh")?;
        let report = runtime()?.block_on(async {
            match self.backlog {
                Some(count) => backlog(data.path(), count).await,
                None => self.hops(data.path()).await,
            }
        });
        super::print(&report?, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    async fn hops(&self, data: &Path) -> Result<Value, Failure> {
        let mut nodes = Vec::new();
        let wire_at = free_address()?;
        for id in ROAD {
            let door = if OPEN.contains(&id) { Door::Open } else { Door::Shut };
            let mut node = Resident::found(data, id, door)?;
            match id {
                "cosc-umbria" => node.dial("cnaipic", wire_at)?,
                // The link that is watched is the one over the wire.
                "cnaipic" => node.dial("cosc-umbria", NOWHERE)?,
                _ => {}
            }
            node.start()?;
            nodes.push(node);
        }
        let [section, region, nation, other] = nodes.as_slice() else {
            return Err(Failure::Usage("the road has four nodes".into()));
        };
        let wire = town::wire(wire_at, nation.door()?).await?;
        let bond = |above: &'static str, (host, theirs), guest, address| {
            let (inviting, accepting) = ((host, theirs), (guest, above));
            Bond { inviting, accepting, agreement: AGREEMENT, address }
        };
        bond("everything", (region, "below:sosc-tr"), section, region.door()?).make().await?;
        let umbria = "region:Umbria,below:cosc-umbria";
        bond("everything", (nation, umbria), region, wire_at).make().await?;
        let liguria = "region:Liguria,below:cosc-liguria";
        bond("everything", (nation, liguria), other, nation.door()?).make().await?;
        for node in &nodes {
            until_up(node).await?;
        }
        let idle = self.idle(&wire).await;
        let watcher = Watcher::at(&other.data).await?;
        let sent = self.bring(section).await?;
        watcher.until_count(sent.len(), PATIENCE).await;
        let (mut times, mut lost, mut duplicated) = (Times::default(), 0u64, 0u64);
        for (id, due) in &sent {
            let arrivals = watcher.arrivals(id);
            match arrivals.first() {
                Some(first) => times.note(first.since(*due)),
                None => lost += 1,
            }
            duplicated += arrivals.len().saturating_sub(1) as u64;
        }
        Ok(json!({
            "hops": ROAD.len() - 1, "processes": ROAD.len(), "rate": self.rate, "items": sent.len(),
            "p50_ms": times.millis(50), "p99_ms": times.millis(99), "max_ms": times.millis(100), "lost": lost, "duplicated": duplicated,
            "idle_octets_per_s": idle,
            "rss_mib": nodes.iter().map(Resident::memory_mib).collect::<Vec<_>>(),
        }))
    }

    /// Octets a second over an idle link.
    async fn idle(&self, wire: &Wire) -> u64 {
        // What was said when the link was made is not idle.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = wire.carried();
        tokio::time::sleep(Duration::from_secs(self.idle.into())).await;
        (wire.carried() - before) / u64::from(self.idle.max(1))
    }

    /// Brings items at the first node, one by one; each with when it was due.
    async fn bring(&self, section: &Resident) -> Result<Vec<(String, Instant)>, Failure> {
        let count = self.rate * self.seconds;
        let began = SystemClock.now();
        let (mut indicators, mut sent) = (Indicators::new(), Vec::new());
        let mut posts = JoinSet::new();
        let asker = Arc::new(section.asker());
        for n in 0..count {
            let due = began.after(Duration::from_secs(n.into()) / self.rate.max(1));
            let arrival = arrival(&indicators.list("", 1));
            let id = arrival.items.first().map(|item| item.id.to_string()).unwrap_or_default();
            let body = serde_json::to_vec(&arrival)
                .map_err(|error| Failure::system("writing an arrival", error))?;
            tokio::time::sleep(due.since(SystemClock.now())).await;
            let asker = Arc::clone(&asker);
            posts.spawn(async move { asker.post("/control/arrivals", body).await });
            while posts.len() > 32 {
                posts.join_next().await;
            }
            sent.push((id, due));
        }
        while let Some(posted) = posts.join_next().await {
            posted.map_err(|error| Failure::system("bringing an item", error))??;
        }
        Ok(sent)
    }
}

async fn backlog(data: &Path, count: u64) -> Result<Value, Failure> {
    let (mut nation, mut region) = (
        Resident::found(data, "cnaipic", Door::Open)?,
        Resident::found(data, "cosc-umbria", Door::Shut)?,
    );
    nation.start()?;
    region.start()?;
    let theirs = "region:Umbria,below:cosc-umbria";
    let bond = Bond {
        inviting: (&nation, theirs),
        accepting: (&region, "everything"),
        agreement: AGREEMENT,
        address: nation.door()?,
    };
    bond.make().await?;
    until_up(&region).await?;
    region.stop();
    nation.stop();
    let filling = Stopwatch::start();
    let progress = Progress::things(2 * count);
    fill(&nation, count, &progress.part("filling the ledger", count))?;
    let filled = filling.read();
    nation.start()?;
    region.start()?;
    until_up(&region).await?;
    let live = Live::default();
    let over = progress.part("over the link", count);
    let taking = async {
        let taking = take(&region, (count, &live.read), &over).await;
        live.over.store(true, Ordering::Relaxed);
        taking
    };
    let (taken, live) = tokio::join!(taking, live.bring(nation.asker(), region.asker()));
    let ((taken, took), (mut times, lost)) = (taken?, live?);
    Ok(json!({
        "backlog": count, "processes": 2, "taken": taken,
        "lost": count.saturating_sub(taken), "seconds": super::rounded(took.as_secs_f64()),
        "objects_per_s": (taken as f64 / took.as_secs_f64()).round(),
        "live": times.count(), "live_p50_ms": times.millis(50), "live_p99_ms": times.millis(99),
        "live_lost": lost, "filled_seconds": super::rounded(filled.as_secs_f64()),
        "rss_mib": [nation.memory_mib(), region.memory_mib()],
    }))
}

/// Waits until a node has taken in so many, those that are live apart, or none for long; how many
/// they are, and how long the last took.
async fn take(
    region: &Resident,
    (count, live): (u64, &AtomicU64),
    over: &Part<'_>,
) -> Result<(u64, Duration), Failure> {
    let taking = Stopwatch::start();
    let mut last = (0, taking.read());
    while last.0 < count && taking.read() - last.1 < PATIENCE {
        let taken = taken(region).await?.saturating_sub(live.load(Ordering::Relaxed)).min(count);
        if taken > last.0 {
            over.at(taken);
            last = (taken, taking.read());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(last)
}

/// What is brought while the backlog goes over the link.
#[derive(Default)]
struct Live {
    over: AtomicBool,
    /// How many the other node reads.
    read: AtomicU64,
}

impl Live {
    /// Brings an indicator whenever one is due, until it is over; how long each took from then until
    /// the other node read it, and how many it never did.
    async fn bring(&self, from: Asker, to: Asker) -> Result<(Times, u64), Failure> {
        let (mut indicators, mut times, mut lost) = (Indicators::new(), Times::default(), 0);
        let mut due = SystemClock.now();
        while !self.over.load(Ordering::Relaxed) || due < SystemClock.now() {
            tokio::time::sleep(due.since(SystemClock.now())).await;
            let arrival = arrival(&indicators.list("", 1));
            let id = arrival.items.first().map(|item| item.id.to_string()).unwrap_or_default();
            let body = serde_json::to_vec(&arrival)
                .map_err(|error| Failure::system("writing an arrival", error))?;
            from.post("/control/arrivals", body).await?;
            let path = format!("/api/v1/items/{id}");
            let reading = async {
                while to.get(&path).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            match tokio::time::timeout(PATIENCE, reading).await {
                Ok(()) => times.note(SystemClock.now().since(due)),
                Err(_) => lost += 1,
            }
            self.read.fetch_add(1, Ordering::Relaxed);
            due = due.after(LIVE);
        }
        Ok((times, lost))
    }
}

/// Writes indicators into the ledger of a node that is stopped.
fn fill(node: &Resident, count: u64, progress: &Part<'_>) -> Result<(), Failure> {
    let house = NodeArgs { data: node.data.clone() }.house(Use::Write)?;
    let own = OrganisationId::new(&node.id).map_err(vedetta_flow::FlowError::from)?;
    let unknown = || Failure::Usage(format!("the network has no {own}"));
    let keeper = house.keeper(&own).ok_or_else(unknown)?;
    let mut indicators = Indicators::new();
    let mut left = count;
    while left > 0 {
        let some = left.min(AT_ONCE);
        let receipt = house.accept(&keeper, arrival(&indicators.list("", some)))?;
        if let Some(fault) = receipt.rejected.first() {
            return Err(Failure::refused(&fault.reason));
        }
        left -= some;
        progress.at(count - left);
    }
    Ok(())
}

fn arrival(envelope: &[u8]) -> Arrival {
    stix_bundle::read(DoorIn::Taxii, "bench", envelope, &stix_bundle::limits())
}

/// Envelopes that a node has taken in over its links.
async fn taken(node: &Resident) -> Result<u64, Failure> {
    let answer = node.get("/api/v1/peers").await?;
    let peers = answer["peers"].as_array().cloned().unwrap_or_default();
    Ok(peers.iter().filter_map(|peer| peer["link"]["taken"].as_u64()).sum())
}

/// Waits until every link of a node is up.
async fn until_up(node: &Resident) -> Result<(), Failure> {
    let waiting = async {
        loop {
            let answer = node.get("/api/v1/peers").await?;
            let peers = answer["peers"].as_array().cloned().unwrap_or_default();
            if peers.iter().all(|peer| peer["link"]["up"] == json!(true)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let late = |_| Failure::system(format!("the links of {}", node.id), "not up in time");
    tokio::time::timeout(PATIENCE, waiting).await.map_err(late)?
}
