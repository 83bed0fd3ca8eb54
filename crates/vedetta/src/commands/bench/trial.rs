//! `vedetta bench trial`: five nodes under load, killed and cut off at random moments.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use vedetta_client::Wire;
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
/// All bring indicators, which are for everyone, and incidents, which are for few. Meanwhile nodes are killed (`SIGKILL`) and started again, and links cut and mended. At
/// the end every node must have what is for it, once, and nothing else, and its ledger must be whole.
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
/// Of so many items one is an incident.
const INCIDENTS: u64 = 10;
/// TLP:AMBER of TLP 2.0.
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// The five at work.
struct Country {
    nodes: Vec<Resident>,
    ways: Ways,
    chance: Chance,
    kills: u32,
    cuts: u32,
}

/// How they are connected.
enum Ways {
    /// A wire for each link.
    Wires(Vec<Wire>),
    /// A namespace for each node.
    Switch(Switch),
}

/// Chance that can be played again (SplitMix64).
struct Chance(u64);

/// What was brought: by identifier, at which node.
type Brought = HashMap<String, usize>;
/// Someone who brings them.
type Bringing = JoinHandle<Result<Brought, Failure>>;
/// What is alike for the agreements.
type Kind = (bool, usize);
/// What is for which node.
type Entitled = HashSet<(Kind, usize)>;

impl Trial {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("trial")?;
        let report = runtime()?.block_on(self.hold(data.path()))?;
        super::print(&report, Style::of(&self.json));
        let failed = ["lost", "surplus", "duplicated", "damaged"].iter().any(|it| report[it] != 0);
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
        let bringing =
            |place: usize| tokio::spawn(bring(country.nodes[place].asker(), place, count, each));
        let bringing: Vec<Bringing> = (0..NODES.len()).map(bringing).collect();
        country.harass(&bringing, &progress).await?;
        let mut brought = Brought::new();
        for task in bringing {
            let ended = task.await.map_err(|error| Failure::system("bringing items", error))?;
            brought.extend(ended?);
        }
        progress.step(format!(
            "{} items brought; waiting until all is where it belongs",
            brought.len()
        ));
        let mended = SystemClock.now();
        let entitled = country.entitled(&brought).await?;
        let mut missing = country.settle(&brought, &entitled).await?;
        let converged = SystemClock.now().since(mended);
        country.nodes.iter_mut().for_each(Resident::stop);
        country.lying(&brought, &entitled, &mut missing)?;
        let whole = |node: &&Resident| node.command(&["verify"]).is_err();
        let damaged = country.nodes.iter().filter(whole).count();
        Ok(json!({
            "seconds": self.seconds, "seed": seed, "processes": NODES.len(),
            "namespaces": matches!(country.ways, Ways::Switch(_)),
            "kills": country.kills, "cuts": country.cuts, "items": brought.len(),
            "lost": missing.lost, "surplus": missing.surplus, "duplicated": missing.duplicated,
            "where": missing.places(), "damaged": damaged, "converged_ms": u64::try_from(converged.as_millis()).unwrap_or(0),
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
        Ok(Country { nodes, ways, chance: Chance(seed), kills: 0, cuts: 0 })
    }
}

/// What is wrong at the end.
#[derive(Default, PartialEq, Eq)]
struct Missing {
    lost: usize,
    surplus: usize,
    duplicated: usize,
    /// How much of what was brought at the second node is wrong at the first.
    wrong: BTreeMap<(usize, usize), usize>,
}

impl Missing {
    /// Where something is wrong, by name: at which node, of whose, how much.
    fn places(&self) -> Vec<String> {
        let name = |(&(at, origin), count): (&(usize, usize), &usize)| {
            format!("{}: {count} of {}", NODES[at], NODES[origin])
        };
        self.wrong.iter().map(name).collect()
    }
}

impl Country {
    /// Kills nodes and cuts links until all is brought; then all run and all is mended.
    async fn harass(&mut self, bringing: &[Bringing], shown: &Progress) -> Result<(), Failure> {
        let mut down: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut cut: BTreeMap<usize, Instant> = BTreeMap::new();
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
            if over {
                return Ok(());
            }
            let until = now.after(Duration::from_millis(200 + self.chance.below(LONGEST)));
            match self.chance.below(2) {
                0 => {
                    let node = self.chance.one_of(NODES.len());
                    if let Entry::Vacant(place) = down.entry(node) {
                        self.nodes[node].kill();
                        self.kills += 1;
                        place.insert(until);
                    }
                }
                _ => {
                    let link = self.chance.one_of(LINKS.len());
                    if let Entry::Vacant(place) = cut.entry(link) {
                        self.cut(link)?;
                        self.cuts += 1;
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

    /// Who is to have what, as the node says at which it was brought: of each kind one is asked for.
    async fn entitled(&self, brought: &Brought) -> Result<Entitled, Failure> {
        let (mut asked, mut entitled) = (HashSet::new(), Entitled::new());
        for (id, origin) in brought {
            let kind = kind_of(id, *origin);
            if !asked.insert(kind) {
                continue;
            }
            for (place, organisation) in NODES.iter().enumerate() {
                let path = format!("/api/v1/items/{id}/explanation?organisation={organisation}");
                let answer = self.nodes[*origin].get(&path).await?;
                if place == *origin || answer["allowed"] == json!(true) {
                    entitled.insert((kind, place));
                }
            }
        }
        Ok(entitled)
    }

    /// Waits until every node has what is for it; what is wrong when patience ends.
    async fn settle(&self, brought: &Brought, entitled: &Entitled) -> Result<Missing, Failure> {
        let end = SystemClock.now().after(PATIENCE);
        loop {
            let mut missing = Missing::default();
            for (place, node) in self.nodes.iter().enumerate() {
                let there = items(&node.asker()).await?;
                compare(brought, &there, place, entitled, &mut missing);
            }
            if missing == Missing::default() || SystemClock.now() >= end {
                return Ok(missing);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Country {
    /// Adds what lies in the ledgers of nodes for which it is not, though they show it to nobody.
    fn lying(
        &self,
        brought: &Brought,
        entitled: &Entitled,
        missing: &mut Missing,
    ) -> Result<(), Failure> {
        for (place, node) in self.nodes.iter().enumerate() {
            let store = NodeArgs { data: node.data.clone() }.store(Use::Read)?;
            let others = brought
                .iter()
                .filter(|(id, origin)| !entitled.contains(&(kind_of(id, **origin), place)));
            for (id, origin) in others {
                let id = ItemId::new(id).map_err(vedetta_flow::FlowError::from)?;
                let mut lies = false;
                store.read(&mut |reader| {
                    lies = !reader.releases(&id)?.is_empty();
                    Ok(())
                })?;
                if lies {
                    missing.surplus += 1;
                    *missing.wrong.entry((place, *origin)).or_default() += 1;
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

/// Compares what a node has with what is for it.
fn compare(
    brought: &Brought,
    there: &HashMap<String, usize>,
    place: usize,
    entitled: &Entitled,
    missing: &mut Missing,
) {
    for (id, origin) in brought {
        let is_for_it = entitled.contains(&(kind_of(id, *origin), place));
        match (there.get(id).copied().unwrap_or(0), is_for_it) {
            (0, false) | (1, true) => continue,
            (0, true) => missing.lost += 1,
            (_, false) => missing.surplus += 1,
            (_, true) => missing.duplicated += 1,
        }
        *missing.wrong.entry((place, *origin)).or_default() += 1;
    }
}

/// What is alike for the agreements: whether it is an incident, and where it was brought.
fn kind_of(id: &str, origin: usize) -> Kind {
    (id.starts_with("incident"), origin)
}

/// The items that a node shows its own organisation: how often each.
async fn items(node: &Asker) -> Result<HashMap<String, usize>, Failure> {
    let mut found = HashMap::new();
    let mut next = String::new();
    loop {
        let path = "/api/v1/items?kind=indicator,incident&versions=all&limit=1000";
        let page = node.get(&format!("{path}{next}")).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            let id = item["object"]["id"].as_str().unwrap_or_default();
            *found.entry(id.to_owned()).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => return Ok(found),
        }
    }
}

/// Brings so many items at a node, each until the node says that it has it.
async fn bring(node: Asker, place: usize, count: u64, each: Duration) -> Result<Brought, Failure> {
    let mut brought = Brought::new();
    for number in 0..count {
        let (id, text) = item(number);
        let arrival = stix_bundle::read(DoorIn::Api, "trial", &text, &stix_bundle::limits());
        let body = serde_json::to_vec(&arrival)
            .map_err(|error| Failure::system("writing an arrival", error))?;
        loop {
            match node.post("/control/arrivals", body.clone()).await {
                Ok(receipt) if receipt["rejected"].as_array().is_none_or(Vec::is_empty) => break,
                Ok(receipt) => return Err(Failure::refused(receipt["rejected"].to_string())),
                // It was killed, and is started again; or it was before it answered.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        brought.insert(id, place);
        tokio::time::sleep(each).await;
    }
    Ok(brought)
}

fn item(number: u64) -> (String, Vec<u8>) {
    let mut octets = [0; 16];
    SystemEntropy.fill(&mut octets);
    let uuid = uuid::Builder::from_random_bytes(octets).into_uuid();
    let moment = SystemClock.now();
    let (kind, what) = match number % INCIDENTS {
        0 => ("incident", json!({ "name": "Intrusion into a mail server" })),
        _ => (
            "indicator",
            json!({ "pattern": format!("[domain-name:value = 'host-{uuid}.example']"),
                "pattern_type": "stix", "valid_from": moment, "indicator_types": ["malicious-activity"] }),
        ),
    };
    let id = format!("{kind}--{uuid}");
    let mut object = json!({ "type": kind, "spec_version": "2.1", "id": id, "created": moment,
        "modified": moment, "object_marking_refs": [AMBER] });
    if let (Some(object), Some(what)) = (object.as_object_mut(), what.as_object()) {
        object.extend(what.clone());
    }
    (id, json!({ "objects": [object] }).to_string().into_bytes())
}

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }

    fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }
}
