//! `vedetta bench trial`: five nodes under load, killed and cut off at random moments.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use vedetta_client::Wire;
use vedetta_client::trial::{Chance, Entitled, Missing, Next, Piece, Shown};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Clock, Entropy, Instant, ItemId};

use super::Style;
use crate::doors::runtime;
use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::system::{SystemClock, SystemEntropy};
use crate::town::netns::Switch;
use crate::town::{self, Asker, Bond, Door, NOWHERE, Resident, free_address};

/// Five nodes under load, each a process, killed and cut off at random moments.
///
/// Two regional centres and the national one are a ring, each regional one has a section below it.
/// All bring indicators, which are for everyone, and incidents, which are for few, bring later versions of
/// some and take others back. Meanwhile nodes are killed (`SIGKILL`) and started again, links cut and
/// mended, and the agreement suspended and resumed. At the end every node must have what is for it, once,
/// in its newest version, and nothing else; nobody shows what was taken back; every ledger is whole. Then
/// the agreement is suspended once more, and what rests on it must be shown nowhere until it is resumed.
#[derive(Args)]
pub(crate) struct Trial {
    /// Items for so many seconds; it takes longer where nodes are down when theirs are due.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Items a second, at all nodes together.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Of the moments at which something happens; chosen and told without it.
    #[arg(long)]
    seed: Option<u64>,
    /// Each node in a network namespace, where a cut is told to nobody; without it on loopback,
    /// where it breaks the connection. Wants root and iproute2: elsewhere it says so and goes on.
    #[arg(long)]
    namespaces: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// The nodes.
const NODES: [&str; 5] = ["cnaipic", "cosc-umbria", "cosc-liguria", "sosc-tr", "sosc-sv"];
/// The links: who invites, for whom it speaks, who accepts, for whom that speaks.
const LINKS: [(u8, &str, u8, &str); 5] = [
    (0, "everything", 1, "region:Umbria,below:cosc-umbria"),
    (0, "everything", 2, "region:Liguria,below:cosc-liguria"),
    (1, "region:Umbria,below:cosc-umbria", 2, "region:Liguria,below:cosc-liguria"),
    (1, "everything", 3, "below:sosc-tr"),
    (2, "everything", 4, "below:sosc-sv"),
];
const AGREEMENT: &str = "polizia-postale";
/// How long what is missing may still come once all is mended.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a node may be down, and a link cut, at most.
const LONGEST: u64 = 4_000;

/// The five at work.
struct Country {
    nodes: Vec<Resident>,
    ways: Ways,
    chance: Chance,
    kills: u32,
    cuts: u32,
    suspensions: u32,
}

/// How they are connected.
enum Ways {
    /// A wire for each link.
    Wires(Vec<Wire>),
    /// A namespace for each node.
    Switch(Switch),
}

/// Someone who brings them.
type Bringing = JoinHandle<Result<Vec<Piece>, Failure>>;
impl Trial {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("trial")?;
        let report = runtime()?.block_on(self.hold(data.path()))?;
        super::print(&report, Style::of(&self.json));
        let faults = ["lost", "stale", "kept", "surplus", "duplicated", "damaged"];
        let failed = faults.iter().any(|it| report[it] != 0);
        if failed {
            let reason = "nodes do not have what is for them; play it again with the same seed";
            return Err(Failure::refused(reason));
        }
        Ok(Outcome::Done)
    }

    async fn hold(&self, data: &Path) -> Result<Value, Failure> {
        let seed = self.seed.unwrap_or_else(|| {
            let mut seed = [0; 8];
            SystemEntropy.fill(&mut seed);
            u64::from_le_bytes(seed) >> 32
        });
        let progress = Progress::steps();
        progress.step("founding five nodes");
        let mut country = self.found(data, seed).await?;
        let rate = self.rate.max(1);
        let each = Duration::from_secs(NODES.len() as u64) / rate;
        let count = u64::from(self.seconds) * u64::from(rate) / NODES.len() as u64;
        let bringing = |place: usize| {
            let chance = Chance(seed ^ (place as u64 + 1) << 32);
            tokio::spawn(bring(country.nodes[place].asker(), (place, chance), count, each))
        };
        let bringing: Vec<Bringing> = (0..NODES.len()).map(bringing).collect();
        country.harass(&bringing, &progress).await?;
        let mut brought = Vec::new();
        for task in bringing {
            let ended = task.await.map_err(|error| Failure::system("bringing items", error))?;
            brought.extend(ended?);
        }
        progress.step(format!(
            "{} items brought; waiting until all is where it belongs",
            brought.len()
        ));
        let mended = SystemClock.now();
        let (mut missing, entitled) = country.settle(&brought, None).await?;
        let converged = SystemClock.now().since(mended);
        let mut suspended = Duration::ZERO;
        if missing == Missing::default() {
            progress.step("suspending the agreement once more, and resuming it");
            (missing, suspended) = country.suspend_for_all(&brought, &entitled).await?;
        }
        country.nodes.iter_mut().for_each(Resident::stop);
        country.lying(&brought, &entitled, &mut missing)?;
        let whole = |node: &&Resident| node.command(&["verify"]).is_err();
        let damaged = country.nodes.iter().filter(whole).count();
        Ok(json!({
            "seconds": self.seconds, "seed": seed, "processes": NODES.len(),
            "namespaces": matches!(country.ways, Ways::Switch(_)),
            "kills": country.kills, "cuts": country.cuts, "suspensions": country.suspensions,
            "items": brought.len(),
            "revisions": brought.iter().map(|it| it.versions.len() - 1).sum::<usize>(),
            "withdrawals": brought.iter().filter(|it| it.withdrawn).count(),
            "lost": missing.lost, "stale": missing.stale, "kept": missing.kept,
            "surplus": missing.surplus, "duplicated": missing.duplicated,
            "where": missing.places(&NODES), "damaged": damaged,
            "converged_ms": millis(converged), "suspended_ms": millis(suspended),
        }))
    }

    /// Makes, starts and pairs the nodes.
    async fn found(&self, data: &Path, seed: u64) -> Result<Country, Failure> {
        let switch = match self.namespaces.then(|| Switch::make(NODES.len() as u8)) {
            Some(Err(error)) => {
                eprintln!("skipped: network namespaces ({error}); links are cut on loopback");
                None
            }
            made => made.transpose()?,
        };
        let mut nodes = Vec::new();
        for (number, id) in (0..).zip(NODES) {
            let mut node = Resident::found(data, id, Door::Open)?;
            if let Some(switch) = &switch {
                node.move_to(switch.space(number), switch.address(number))?;
            }
            nodes.push(node);
        }
        let mut wires = Vec::new();
        for (host, _, guest, _) in LINKS.iter().filter(|_| switch.is_none()) {
            let (from, to) = (free_address()?, nodes[usize::from(*host)].door()?);
            wires.push(town::wire(from, to).await?);
            nodes[usize::from(*guest)].dial(NODES[usize::from(*host)], from)?;
            // Only the guest dials: another way around the wire would be one that is never cut.
            nodes[usize::from(*host)].dial(NODES[usize::from(*guest)], NOWHERE)?;
        }
        nodes.iter_mut().try_for_each(Resident::start)?;
        for (host, theirs, guest, ours) in LINKS {
            let (host, guest) = (&nodes[usize::from(host)], &nodes[usize::from(guest)]);
            let (inviting, accepting) = ((host, ours), (guest, theirs));
            let address = host.door()?;
            Bond { inviting, accepting, agreement: AGREEMENT, address }.make().await?;
        }
        let ways = switch.map_or(Ways::Wires(wires), Ways::Switch);
        let (kills, cuts, suspensions) = (0, 0, 0);
        Ok(Country { nodes, ways, chance: Chance(seed), kills, cuts, suspensions })
    }
}

impl Country {
    /// Kills nodes and cuts links until all is brought; then all run and all is mended.
    async fn harass(&mut self, bringing: &[Bringing], shown: &Progress) -> Result<(), Failure> {
        let mut down: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut cut: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut suspended: BTreeMap<usize, Instant> = BTreeMap::new();
        loop {
            shown.step(format!("bringing items; {} kills, {} cuts", self.kills, self.cuts));
            let now = SystemClock.now();
            let over = bringing.iter().all(JoinHandle::is_finished);
            let by = if over { Instant::FAR } else { now };
            for node in due(&mut down, by) {
                self.nodes[node].start()?;
            }
            for link in due(&mut cut, by) {
                self.mend(link)?;
            }
            for node in due(&mut suspended, by) {
                if !self.resumed(node).await? {
                    suspended.insert(node, now);
                }
            }
            if over && suspended.is_empty() {
                return Ok(());
            } else if over {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            let until = now.after(Duration::from_millis(200 + self.chance.below(LONGEST)));
            match self.chance.below(5) {
                0 | 1 => {
                    let node = self.chance.one_of(NODES.len());
                    if let Entry::Vacant(place) = down.entry(node) {
                        self.nodes[node].kill();
                        self.kills += 1;
                        place.insert(until);
                    }
                }
                2 | 3 => {
                    let link = self.chance.one_of(LINKS.len());
                    if let Entry::Vacant(place) = cut.entry(link) {
                        self.cut(link)?;
                        self.cuts += 1;
                        place.insert(until);
                    }
                }
                _ => {
                    let node = self.chance.one_of(NODES.len());
                    if let Entry::Vacant(place) = suspended.entry(node) {
                        // One that is down says nothing, or said it and fell before it answered.
                        let said = self.nodes[node].asker().step("suspend").await;
                        self.suspensions += u32::from(said.is_ok());
                        place.insert(until);
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(100 + self.chance.below(1_000))).await;
        }
    }

    fn cut(&self, link: usize) -> Result<(), Failure> {
        match &self.ways {
            Ways::Wires(wires) => wires[link].cut(),
            Ways::Switch(switch) => switch.cut(LINKS[link].0, LINKS[link].2)?,
        }
        Ok(())
    }

    fn mend(&self, link: usize) -> Result<(), Failure> {
        match &self.ways {
            Ways::Wires(wires) => wires[link].mend(),
            Ways::Switch(switch) => switch.mend(LINKS[link].0, LINKS[link].2)?,
        }
        Ok(())
    }

    /// Whether the agreement binds again as far as a node says.
    async fn resumed(&self, node: usize) -> Result<bool, Failure> {
        let asker = self.nodes[node].asker();
        match asker.step("resume").await {
            Ok(_) => Ok(true),
            // It was resumed, or never suspended.
            Err(Failure::Refused(_)) => {
                let told = asker.get(&format!("/api/v1/agreements/{AGREEMENT}")).await;
                Ok(told.is_ok_and(|it| it["stage"]["is"] == json!("in-force")))
            }
            Err(_) => Ok(false),
        }
    }

    /// Suspends the agreement at the first node until nobody is shown what rests on it, and resumes it;
    /// what is wrong then or there, and how long the suspension took.
    async fn suspend_for_all(
        &mut self,
        brought: &[Piece],
        entitled: &Entitled,
    ) -> Result<(Missing, Duration), Failure> {
        let began = SystemClock.now();
        self.nodes[0].asker().step("suspend").await?;
        self.suspensions += 1;
        let fewer = |now: &Entitled| {
            let of = |all: &Entitled, origin| all.iter().filter(|it| it.0.1 == origin).count();
            (0..NODES.len()).all(|origin| of(now, origin) < of(entitled, origin))
        };
        loop {
            let now = self.entitled(brought).await?;
            let missing = self.missing(brought, &now).await?;
            if missing == Missing::default() && fewer(&now) {
                break;
            }
            if SystemClock.now() >= began.after(PATIENCE) {
                return Err(Failure::refused(format!(
                    "suspended, {missing:?} is shown all the same"
                )));
            }
        }
        let took = SystemClock.now().since(began);
        self.nodes[0].asker().step("resume").await?;
        Ok((self.settle(brought, Some(entitled)).await?.0, took))
    }

    /// Who is to have what, as the node says at which it was brought: of each kind one is asked for.
    async fn entitled(&self, brought: &[Piece]) -> Result<Entitled, Failure> {
        let (mut asked, mut entitled) = (HashSet::new(), Entitled::new());
        for piece in brought.iter().filter(|it| !it.withdrawn) {
            let (id, origin, kind) = (&piece.id, piece.origin, piece.kind());
            if !asked.insert(kind) {
                continue;
            }
            for (place, organisation) in NODES.iter().enumerate() {
                let path = format!("/api/v1/items/{id}/explanation?organisation={organisation}");
                let answer = self.nodes[origin].get(&path).await?;
                if place == origin || answer["allowed"] == json!(true) {
                    entitled.insert((kind, place));
                }
            }
        }
        Ok(entitled)
    }

    /// Waits until every node has what is for it, and that is what it was before, if that is known; what
    /// is wrong when patience ends. What is for whom changes until each has heard who resumed what.
    async fn settle(
        &self,
        brought: &[Piece],
        before: Option<&Entitled>,
    ) -> Result<(Missing, Entitled), Failure> {
        let end = SystemClock.now().after(PATIENCE);
        loop {
            let entitled = self.entitled(brought).await?;
            let missing = self.missing(brought, &entitled).await?;
            let whole = missing == Missing::default();
            let again = before.is_none_or(|it| *it == entitled);
            if again && whole || SystemClock.now() >= end {
                return match whole && !again {
                    true => Err(Failure::refused("resumed, it does not bind everywhere again")),
                    false => Ok((missing, entitled)),
                };
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// What is wrong now.
    async fn missing(&self, brought: &[Piece], entitled: &Entitled) -> Result<Missing, Failure> {
        let mut missing = Missing::default();
        for (place, node) in self.nodes.iter().enumerate() {
            let there = items(&node.asker()).await?;
            missing.compare(brought, &there, place, entitled);
        }
        Ok(missing)
    }
}

impl Country {
    /// Adds what lies in the ledgers of nodes for which it is not, though they show it to nobody.
    fn lying(
        &self,
        brought: &[Piece],
        entitled: &Entitled,
        missing: &mut Missing,
    ) -> Result<(), Failure> {
        for (place, node) in self.nodes.iter().enumerate() {
            let store = NodeArgs { data: node.data.clone() }.store(Use::Read)?;
            let others = brought.iter().filter(|it| !entitled.contains(&(it.kind(), place)));
            for piece in others {
                let id = ItemId::new(&piece.id).map_err(vedetta_flow::FlowError::from)?;
                let mut lies = false;
                store.read(&mut |reader| {
                    lies = !reader.releases(&id)?.is_empty();
                    Ok(())
                })?;
                if lies {
                    missing.surplus += 1;
                    missing.at(place, piece.origin);
                }
            }
        }
        Ok(())
    }
}

/// Takes out what is due by then.
fn due(all: &mut BTreeMap<usize, Instant>, by: Instant) -> Vec<usize> {
    let due: Vec<_> = all.iter().filter(|it| *it.1 <= by).map(|it| *it.0).collect();
    all.retain(|place, _| !due.contains(place));
    due
}

/// The versions that a node shows its own organisation.
async fn items(node: &Asker) -> Result<Shown, Failure> {
    let mut found = Shown::new();
    let mut next = String::new();
    loop {
        let path = "/api/v1/items?kind=indicator,incident&versions=all&limit=1000";
        let page = node.get(&format!("{path}{next}")).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            let word = |name: &str| item["object"][name].as_str().unwrap_or_default().to_owned();
            *found.entry((word("id"), word("modified"))).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => return Ok(found),
        }
    }
}

/// Brings so many items at a node, later versions of some, and takes others back.
async fn bring(
    node: Asker,
    (place, mut chance): (usize, Chance),
    count: u64,
    each: Duration,
) -> Result<Vec<Piece>, Failure> {
    let mut brought: Vec<Piece> = Vec::new();
    for number in 0..count {
        let mut octets = [0; 16];
        SystemEntropy.fill(&mut octets);
        let uuid = uuid::Builder::from_random_bytes(octets).into_uuid().to_string();
        let piece = Piece::new(number, &uuid, place, &SystemClock.now().to_string());
        node.brings(&piece).await?;
        brought.push(piece);
        match chance.next(&brought) {
            Some(Next::Revise(at)) => {
                brought[at].versions.push(SystemClock.now().to_string());
                node.brings(&brought[at]).await?;
            }
            Some(Next::Withdraw(at)) => {
                node.takes_back(&brought[at].id).await?;
                brought[at].withdrawn = true;
            }
            None => {}
        }
        tokio::time::sleep(each).await;
    }
    Ok(brought)
}

impl Asker {
    /// Brings the newest version of an item, until the node says that it has it.
    async fn brings(&self, piece: &Piece) -> Result<(), Failure> {
        let text = piece.bundle();
        let arrival = stix_bundle::read(DoorIn::Api, "trial", &text, &stix_bundle::limits());
        let body = serde_json::to_vec(&arrival)
            .map_err(|error| Failure::system("writing an arrival", error))?;
        loop {
            match self.post("/control/arrivals", body.clone()).await {
                Ok(receipt) if receipt["rejected"].as_array().is_none_or(Vec::is_empty) => {
                    return Ok(());
                }
                Ok(receipt) => return Err(Failure::refused(receipt["rejected"].to_string())),
                // It was killed, and is started again; or it was before it answered.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Takes an item back, until the node says that it is.
    async fn takes_back(&self, id: &str) -> Result<(), Failure> {
        loop {
            let path = format!("/api/v1/items/{id}?reason=mistaken");
            let done = self.ask(Method::DELETE, &path, Vec::new()).await.is_ok();
            let told = self.get(&format!("/api/v1/items/{id}/holders")).await;
            if done || told.is_ok_and(|it| it["withdrawn"].is_object()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Takes a step with the agreement.
    async fn step(&self, step: &str) -> Result<Value, Failure> {
        let step = match step {
            "suspend" => json!({ "step": step, "reason": "review" }),
            _ => json!({ "step": step }),
        };
        let path = format!("/api/v1/agreements/{AGREEMENT}/steps");
        self.post(&path, step.to_string().into_bytes()).await
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
