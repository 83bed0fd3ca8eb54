//! The attack told across five nodes, each a process of its own: what arrives where after how long,
//! what happens when a link is cut, and why one has it and another has not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use vedetta_client::Wire;
use vedetta_demo::story::{SCENES, Scene};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Clock, Instant};

use crate::doors::{asked_to_end, runtime};
use crate::node::Configuration;
use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;
use crate::town::watch::Watcher;
use crate::town::{self, Bond, Door, Resident, free_address};

use super::STORY;

/// The nodes, and the heads of their columns.
const NODES: [(&str, &str); 5] = [
    ("cnaipic", "CNAIPIC"),
    ("cosc-umbria", "Umbria"),
    ("cosc-liguria", "Liguria"),
    ("ipzs", "Poli-CERT"),
    ("carabinieri", "Carabinieri"),
];
/// Those that others can dial.
const OPEN: [&str; 2] = ["cnaipic", "ipzs"];
/// Who brings what where it has no node of its own.
const GUESTS: [(&str, &str); 1] = [("comune-055032", "cosc-umbria")];
/// When Umbria's link is cut and when it is mended, in hundredths of the story.
const CUT: (u32, u32) = (44, 78);
/// How long to wait for those who are to have an item.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Umbria does while nobody hears it.
const ALONE: Scene = Scene {
    at: 60,
    who: "cosc-umbria",
    what: "Secondo server, trovato a link interrotto",
    tlp: ("TLP:AMBER", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
    object: || {
        json!({ "type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.78']",
            "pattern_type": "stix", "indicator_types": ["malicious-activity"], "confidence": 80 })
    },
};

/// The five nodes at work.
struct Country {
    nodes: BTreeMap<&'static str, Resident>,
    watchers: BTreeMap<&'static str, Watcher>,
    wire: Wire,
    began: Instant,
}

/// An item on its way.
struct Told {
    id: String,
    version: String,
    at: &'static str,
    accepted: Instant,
    what: &'static str,
}

/// Plays it, the first node open for people at an address; ends after so long, or on Ctrl-C.
pub(super) fn run(
    directory: &Path,
    listen: Option<SocketAddr>,
    length: Option<Duration>,
) -> Result<Outcome, Failure> {
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::system(directory.display().to_string(), error))?;
    runtime()?.block_on(async {
        let told = async {
            let country = Country::found(directory, listen).await?;
            let time = async {
                match length {
                    Some(length) => tokio::time::sleep(length).await,
                    None => std::future::pending().await,
                }
            };
            let story = async {
                country.play(length.map_or(STORY, |length| length / 2)).await?;
                if length.is_none() {
                    println!("\nstill serving: Ctrl-C ends it");
                }
                Ok::<_, Failure>(())
            };
            let (told, ()) = tokio::join!(story, time);
            told.map(|()| country)
        };
        let outcome = tokio::select! {
            outcome = told => outcome.map(drop),
            () = asked_to_end() => Ok(()),
        };
        outcome?;
        println!("closed; start it again to resume");
        Ok(Outcome::Done)
    })
}

impl Country {
    /// Makes and pairs the nodes, or finds them as they were.
    async fn found(directory: &Path, listen: Option<SocketAddr>) -> Result<Self, Failure> {
        println!("starting five nodes in {} …", directory.display());
        let mut nodes = BTreeMap::new();
        let wire_at = wire_address(directory)?;
        for (id, _) in NODES {
            let mut node = Resident::found(
                directory,
                id,
                if OPEN.contains(&id) { Door::Open } else { Door::Shut },
            )?;
            if id == "cosc-umbria" {
                node.dial("cnaipic", wire_at)?;
            }
            // Port 0 is any that is free: it has one.
            if let Some(address) = listen.filter(|it| id == NODES[0].0 && it.port() != 0) {
                node.listen(address)?;
            }
            node.start()?;
            nodes.insert(id, node);
        }
        let wire = town::wire(wire_at, node(&nodes, "cnaipic")?.door()?).await?;
        let bonds = [
            ("cnaipic", "region:Umbria,below:cosc-umbria", "cosc-umbria", "everything", "pro-c2si"),
            (
                "cnaipic",
                "region:Liguria,below:cosc-liguria",
                "cosc-liguria",
                "everything",
                "pro-c2si",
            ),
            ("cnaipic", "below:ipzs", "ipzs", "everything", "cnaipic-operators"),
            ("ipzs", "below:carabinieri", "carabinieri", "below:ipzs", "ipzs-carabinieri"),
        ];
        for (host, theirs, guest, ours, agreement) in bonds {
            let (inviting, accepting) = (node(&nodes, host)?, node(&nodes, guest)?);
            let address = if guest == "cosc-umbria" { wire_at } else { inviting.door()? };
            let (inviting, accepting) = ((inviting, theirs), (accepting, ours));
            Bond { inviting, accepting, agreement, address }.make().await?;
        }
        for (id, peer) in [
            ("cosc-umbria", "cnaipic"),
            ("cosc-liguria", "cnaipic"),
            ("ipzs", "cnaipic"),
            ("carabinieri", "ipzs"),
        ] {
            until_up(node(&nodes, id)?, peer).await?;
        }
        let mut watchers = BTreeMap::new();
        for (id, _) in NODES {
            watchers.insert(id, Watcher::at(&node(&nodes, id)?.data).await?);
        }
        welcome(directory, &nodes);
        Ok(Self { nodes, watchers, wire, began: SystemClock.now() })
    }

    async fn play(&self, length: Duration) -> Result<(), Failure> {
        let began = SystemClock.now();
        let until = async |hundredths: u32| {
            let due = began.after(length * hundredths / 100);
            tokio::time::sleep(due.since(SystemClock.now())).await;
        };
        head();
        let mut scenes: Vec<&Scene> = SCENES.iter().chain([&ALONE]).collect();
        scenes.sort_by_key(|scene| scene.at);
        let mut told = Vec::new();
        for scene in scenes.iter().filter(|scene| scene.at < CUT.0) {
            until(scene.at).await;
            told.push(self.tell(scene, None).await?);
        }
        until(CUT.0).await;
        println!("-- Umbria's link is cut: each side works on");
        self.wire.cut();
        let mut missed = Vec::new();
        for scene in scenes.iter().filter(|scene| (CUT.0..CUT.1).contains(&scene.at)) {
            until(scene.at).await;
            missed.push(self.tell(scene, Some("cosc-umbria")).await?);
        }
        until(CUT.1).await;
        self.mend(&missed).await?;
        for scene in scenes.iter().filter(|scene| scene.at >= CUT.1) {
            until(scene.at).await;
            told.push(self.tell(scene, None).await?);
        }
        match told.iter().find(|told| told.at == "cosc-umbria" && told.what.starts_with("Server")) {
            Some(warning) => self.explain(warning).await,
            None => Ok(()),
        }
    }

    /// Has somebody bring something at their node, and shows where it arrives. `cut` is a node that
    /// nobody reaches now.
    async fn tell(&self, scene: &Scene, cut: Option<&str>) -> Result<Told, Failure> {
        let guest = GUESTS.iter().find(|(guest, _)| *guest == scene.who);
        let at = guest.map_or(scene.who, |(_, host)| host);
        let version = SystemClock.now();
        let (id, text) = scene.text(version);
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Api, "demo", text.as_bytes(), &limits);
        let body = serde_json::to_vec(&arrival)
            .map_err(|error| Failure::system("writing an arrival", error))?;
        let origin = node(&self.nodes, at)?;
        let accepted = SystemClock.now();
        let receipt = origin.post(&format!("/control/arrivals?as={}", scene.who), body).await?;
        if receipt["accepted"].as_array().is_none_or(Vec::is_empty) {
            return Err(Failure::refused(format!("{}: {}", scene.what, receipt["rejected"])));
        }
        let told = Told {
            id: id.to_string(),
            version: version.to_string(),
            at,
            accepted,
            what: scene.what,
        };
        let mut cells = Vec::new();
        for (id, _) in NODES {
            cells.push(self.cell(&told, id, cut).await?);
        }
        row(SystemClock.now().since(self.began), scene, &cells);
        Ok(told)
    }

    /// How long an item took to a node, when it is for the node's organisation.
    async fn cell(&self, told: &Told, id: &str, cut: Option<&str>) -> Result<String, Failure> {
        let path = format!("/api/v1/items/{}/explanation?organisation={id}", told.id);
        let answer = node(&self.nodes, told.at)?.get(&path).await?;
        if answer["allowed"] != json!(true) {
            return Ok("-".into());
        }
        if cut.is_some_and(|cut| (cut == id) != (cut == told.at)) {
            return Ok("cut off".into());
        }
        let arrived = match self.watchers.get(id) {
            Some(watcher) => watcher.until(&told.version, PATIENCE).await,
            None => None,
        };
        Ok(arrived
            .map_or("late".into(), |at| format!("{} ms", at.since(told.accepted).as_millis())))
    }

    /// Mends the link, and shows how soon both sides have what they missed.
    async fn mend(&self, missed: &[Told]) -> Result<(), Failure> {
        println!("-- Umbria's link is mended");
        self.wire.mend();
        let mended = SystemClock.now();
        for told in missed {
            for (id, name) in NODES {
                let path = format!("/api/v1/items/{}/explanation?organisation={id}", told.id);
                let answer = node(&self.nodes, told.at)?.get(&path).await?;
                let crosses = (id == "cosc-umbria") != (told.at == "cosc-umbria");
                let Some(watcher) = self.watchers.get(id) else { continue };
                if answer["allowed"] == json!(true) && crosses {
                    let arrived = watcher.until(&told.version, PATIENCE * 4).await;
                    let after = arrived.map_or("not yet".into(), |at| {
                        format!("after {} ms", at.since(mended).as_millis())
                    });
                    println!("   caught up: {name:<12} {:<44} {after}", told.what);
                }
            }
        }
        Ok(())
    }

    /// Why one organisation has it at its node, and another has not.
    async fn explain(&self, told: &Told) -> Result<(), Failure> {
        println!("\nwhy did they get it, and they did not?  ({})", told.id);
        let liguria = node(&self.nodes, "cosc-liguria")?;
        let list = "/api/v1/organisations?kind=municipality&region=Liguria&limit=200";
        let list = liguria.get(list).await?;
        let (mut has, mut has_not) = (None, None);
        for organisation in list["items"].as_array().into_iter().flatten() {
            let id = organisation["id"].as_str().unwrap_or_default();
            let answer = explanation(liguria, told, id).await?;
            let place = if answer["allowed"] == json!(true) { &mut has } else { &mut has_not };
            place.get_or_insert((id.to_owned(), answer));
            if has.is_some() && has_not.is_some() {
                break;
            }
        }
        for (id, answer) in has.into_iter().chain(has_not) {
            print_reason("Liguria", &id, &answer);
        }
        let origin = node(&self.nodes, told.at)?;
        print_reason("Umbria", "carabinieri", &explanation(origin, told, "carabinieri").await?);
        Ok(())
    }
}

async fn explanation(at: &Resident, told: &Told, organisation: &str) -> Result<Value, Failure> {
    at.get(&format!("/api/v1/items/{}/explanation?organisation={organisation}", told.id)).await
}

fn print_reason(node: &str, organisation: &str, answer: &Value) {
    let word = if answer["allowed"] == json!(true) { "yes" } else { "no" };
    let reason = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    println!("  at {node:<8} {organisation:<14} {word:<3} {}", reason("reason_it"));
    println!("  {:<11} {:<14} {:<3} {}", "", "", "", reason("reason_en"));
}

fn node<'a>(
    nodes: &'a BTreeMap<&'static str, Resident>,
    id: &str,
) -> Result<&'a Resident, Failure> {
    nodes.get(id).ok_or_else(|| Failure::Usage(format!("there is no node of {id} here")))
}

/// Waits until a node has a link.
async fn until_up(node: &Resident, peer: &str) -> Result<(), Failure> {
    let waiting = async {
        loop {
            let answer = node.get("/api/v1/peers").await?;
            let mut peers = answer["peers"].as_array().into_iter().flatten();
            if peers.any(|it| it["organisation"] == peer && it["link"]["up"] == json!(true)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let late =
        |_| Failure::system(format!("the link from {} to {peer}", node.id), "not up in time");
    tokio::time::timeout(PATIENCE * 3, waiting).await.map_err(late)?
}

/// Where Umbria dials, the same at every start.
fn wire_address(directory: &Path) -> Result<SocketAddr, Failure> {
    let file = directory.join("wire");
    if let Some(kept) = std::fs::read_to_string(&file).ok().and_then(|text| text.parse().ok()) {
        return Ok(kept);
    }
    let address = free_address()?;
    std::fs::write(&file, address.to_string())
        .map_err(|error| Failure::system(file.display().to_string(), error))?;
    Ok(address)
}

fn welcome(directory: &Path, nodes: &BTreeMap<&'static str, Resident>) {
    println!("\nVedetta: five nodes, each with its own keys and ledger");
    for (id, name) in NODES {
        if let Some(node) = nodes.get(id) {
            let door = node.meets_at.map_or("dials out".into(), |at| format!("listens on {at}"));
            println!("  {name:<12} {door:<28} {}", node.data.display());
        }
    }
    let open = nodes.get(NODES[0].0).and_then(|it| Configuration::read(&it.data).ok());
    if let Some(open) = open {
        println!("  open         https://{}, the pages of {}", open.listen, NODES[0].1);
        let first = nodes.get(NODES[0].0).and_then(Resident::first_account);
        if let Some((account, password)) = first {
            println!(
                "  sign in      {account}, with the password {password}; at first it enrols an authenticator"
            );
        }
    }
    println!("  try          vedetta peer list --data {}/cnaipic\n", directory.display());
}

fn head() {
    print!("{:>5}  {:<44} {:<17}", "time", "what", "TLP");
    NODES.iter().for_each(|(_, name)| print!(" {name:>11}"));
    println!();
}

fn row(time: Duration, scene: &Scene, cells: &[String]) {
    let seconds = time.as_secs();
    print!("{:>2}:{:02}  {:<44} {:<17}", seconds / 60, seconds % 60, scene.what, scene.tlp.0);
    cells.iter().for_each(|cell| print!(" {cell:>11}"));
    println!();
}
