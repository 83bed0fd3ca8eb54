//! A paired node that turns hostile, against the running program: it speaks the protocol wrongly,
//! floods, stalls and lies about cursors. What is false is refused by name, an operator sees it, and
//! the node goes on serving others in bounded memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::card::Card;
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::frame::{Batch, Beat, Credit, Frame, Hello, Rewind, VERSIONS};
use vedetta_federation::key::SecretKey;
use vedetta_federation::shelf::{Lane, Parcel};
use vedetta_flow::House;
use vedetta_link::frames::Frames;
use vedetta_link::{Bounds, Dialler, Identity, Tls};
use vedetta_model::{Handling, Instant, OrganisationId, Tlp};
use vedetta_policy::Form;
use vedetta_store_sqlite::SqliteStore;
use vedetta_testkit::{MockClock, SeededEntropy};

const NODE: &str = "cnaipic";
const HOSTILE: &str = "cosc-umbria";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
/// Nothing that a peer does may make the node hold more.
const MOST_MIB: u64 = 600;

/// The node, running.
struct Node {
    data: PathBuf,
    process: Child,
    _said: BufReader<std::process::ChildStdout>,
}

/// The hostile peer: all that an honest one has.
struct Peer {
    key: Arc<SecretKey>,
    card: Card,
    address: String,
}

/// One of its links.
struct Line {
    frames: Frames<Incoming>,
    outgoing: mpsc::Sender<Bytes>,
    _held: oneshot::Sender<()>,
}

fn vedetta(data: &Path, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    let output = command.args(words).env("VEDETTA_DATA", data).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// A node that runs, and one that it trusts and that is about to abuse that.
fn town(data: &TempDir) -> (Node, Peer) {
    let (node, hostile) = (data.path().join(NODE), data.path().join(HOSTILE));
    for (place, organisation) in [(&node, NODE), (&hostile, HOSTILE)] {
        vedetta(place, &["init", "--network", "italy", "--organisation", organisation]);
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let file = node.join("vedetta.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let settings = settings.replace("127.0.0.1:8443", "127.0.0.1:0");
    std::fs::write(&file, format!("{settings}peer_listen = \"{free}\"\npeer_quota = 64\n"))
        .unwrap();
    let running = Node::start(node);
    let terms = ["--agreement", "polizia-postale", "--serves", "below:cosc-umbria", "--json"];
    let invited = vedetta(&running.data, &[&["peer", "invite"], &terms[..]].concat());
    let code =
        serde_json::from_str::<Value>(&invited).unwrap()["code"].as_str().unwrap().to_owned();
    vedetta(&hostile, &["peer", "accept", &code, "--serves", "everything"]);
    let store = Arc::new(SqliteStore::open(&hostile).unwrap());
    let clock = Arc::new(MockClock::at("2026-03-02T08:00:00Z"));
    let house = House::open(store, clock, Arc::new(SeededEntropy::new(1))).unwrap();
    let mesh = house.mesh().unwrap();
    let peer =
        Peer { key: Arc::clone(&mesh.key), card: mesh.card().unwrap().clone(), address: free };
    (running, peer)
}

impl Node {
    fn start(data: PathBuf) -> Self {
        let log = std::fs::File::create(data.join("node.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
        command.arg("serve").env("VEDETTA_DATA", &data).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("listening") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended: see node.log");
        }
        Self { data, process, _said: said }
    }

    /// What an operator sees of the hostile peer.
    fn sees(&self) -> Value {
        let peers: Value =
            serde_json::from_str(&vedetta(&self.data, &["peer", "list", "--json"])).unwrap();
        peers["peers"][0].clone()
    }

    /// Waits until an operator sees what is wanted.
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let seen = self.sees();
            if wanted(&seen) {
                return seen;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{what}: {}", self.sees());
    }

    /// Takes in an item of its own, and shows it: it serves.
    fn serves(&self, number: u32) {
        let id = format!("indicator--8e2e2d2b-17d4-4cbf-938f-{number:012x}");
        let object = json!({ "type": "indicator", "spec_version": "2.1", "id": id,
            "created": "2026-03-02T07:00:00Z", "modified": "2026-03-02T07:00:00Z",
            "pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix",
            "valid_from": "2026-03-02T07:00:00Z", "object_marking_refs": [GREEN] });
        let file = self.data.join("brought.json");
        let bundle = json!({ "type": "bundle", "id": "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "objects": [object] });
        std::fs::write(&file, bundle.to_string()).unwrap();
        vedetta(&self.data, &["import", file.to_str().unwrap()]);
        let explained = ["explain", "--item", &id, "--organisation", NODE, "--json"];
        let answer: Value = serde_json::from_str(&vedetta(&self.data, &explained)).unwrap();
        assert_eq!(answer["allowed"], true, "{answer}");
        assert!(self.memory_mib() < MOST_MIB, "{} MiB", self.memory_mib());
    }

    fn memory_mib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    fn dialler(&self, key: &SecretKey) -> Dialler {
        let identity = Identity::new(key, HOSTILE).unwrap();
        Dialler::new(Tls::new(&identity, None).unwrap(), Bounds::default())
    }

    /// A link on which nothing was said yet.
    async fn dial(&self) -> Line {
        let card = serde_json::to_vec(&self.card).unwrap();
        for _ in 0..100 {
            match self.dialler(&self.key).line(&self.address, &card).await {
                Ok(line) => {
                    let (incoming, outgoing, held) = line.into_parts();
                    return Line { frames: Frames::of(incoming, 1 << 20), outgoing, _held: held };
                }
                // The one before is still being cleared away.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("no link any more");
    }

    fn hello(&self) -> Hello {
        Hello {
            versions: VERSIONS,
            card: self.card.clone(),
            to: id(NODE),
            edition: "hostile".into(),
            head: Mark { place: 1 << 40, ..Mark::default() },
            now: now(),
            resume: Bookmark::default(),
            credit: 4,
        }
    }

    /// A link on which both have greeted each other.
    async fn greet(&self) -> Line {
        let mut line = self.dial().await;
        line.say(&Frame::Hello(Box::new(self.hello()))).await;
        line
    }

    /// An honest envelope with an item of its own.
    fn envelope(&self, number: u32) -> Envelope {
        let object = format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--9e2e2d2b-17d4-4cbf-938f-{number:012x}","created":"2026-03-02T07:00:00.000Z","modified":"2026-03-02T07:00:00.000Z","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix","valid_from":"2026-03-02T07:00:00Z","object_marking_refs":["{GREEN}"]}}"#
        );
        let conditions: Handling = serde_json::from_value(json!(
            { "producer": HOSTILE, "category": "indicator", "tlp": "GREEN", "pap": "GREEN" }))
        .unwrap();
        let object = Object::new(object).unwrap();
        let item = Item { object, conditions, form: Form::Full, derived: None };
        Envelope::unsealed(id(HOSTILE), now(), number.into(), What::Item(Box::new(item)))
    }

    fn sealed(&self, envelope: Envelope) -> Envelope {
        self.sealed_for(envelope, NODE, &self.key)
    }

    fn sealed_for(&self, envelope: Envelope, to: &str, key: &SecretKey) -> Envelope {
        let node = id(HOSTILE);
        let signer = Signer { node: &node, key };
        let envelope = Box::new(envelope);
        let parcel = Parcel::Onward { envelope, passages: Vec::new(), tlp: None };
        dispatch(signer, &id(to), vec![parcel], now()).remove(0)
    }

    /// Every false envelope, by the name of its refusal.
    fn false_envelopes(&self) -> Vec<(&'static str, Envelope)> {
        let other = SecretKey::from_seed([77; 32]).unwrap();
        let item = |envelope: &mut Envelope, change: &dyn Fn(&mut Item)| match &mut envelope.what {
            What::Item(item) => change(item),
            other => panic!("{other:?}"),
        };
        let before = |change: &dyn Fn(&mut Item)| {
            let mut envelope = self.envelope(1);
            item(&mut envelope, change);
            self.sealed(envelope)
        };
        let after = |change: &dyn Fn(&mut Envelope)| {
            let mut envelope = self.sealed(self.envelope(1));
            change(&mut envelope);
            envelope
        };
        let raw = Object::new(r#"{"type":"indicator"}"#.into()).unwrap();
        let future = Envelope { at: now().after(Duration::from_secs(900)), ..self.envelope(1) };
        let stranger = Envelope { origin: id("cosc-liguria"), ..self.envelope(1) };
        let mut twice = self.sealed(self.envelope(1));
        let hop = twice.hops[0].clone();
        twice.hops.push(hop);
        vec![
            ("unknown-key", self.sealed_for(self.envelope(1), NODE, &other)),
            ("broken-seal", after(&|it| it.place = 99)),
            ("unsealed", after(&|it| it.seal = None)),
            ("lowered-marking", before(&|it| it.conditions.tlp = Tlp::Clear)),
            ("not-speaking", before(&|it| it.conditions.producer = id("cosc-liguria"))),
            ("no-identifier", before(&|it| it.object = raw.clone())),
            (
                "not-redacted",
                before(&|it| {
                    it.form = Form::Redacted;
                    it.conditions.victims = [id("comune-055032")].into();
                }),
            ),
            ("not-for-us", self.sealed_for(self.envelope(1), "cosc-liguria", &self.key)),
            ("not-for-us", stranger),
            ("broken-trail", twice),
            ("future", self.sealed(future)),
            ("version", after(&|it| it.v = 9)),
            ("too-many", after(&|it| it.hops = vec![it.hops[0].clone(); 17])),
        ]
    }
}

impl Line {
    async fn say(&mut self, frame: &Frame) {
        self.raw(frame.encode().unwrap().into()).await;
    }

    /// Whether it was taken shows in what the node does.
    async fn raw(&mut self, octets: Bytes) {
        let _taken = self.outgoing.send(octets).await;
    }

    async fn batch(&mut self, number: u64, envelopes: Vec<Envelope>) {
        let span = Span { after: number - 1, upto: number };
        let hash = vedetta_federation::digest::digest(&[&number.to_be_bytes()]);
        let batch = Batch { number, lane: Lane::Live, span, hash, envelopes };
        self.say(&Frame::Batch(Box::new(batch))).await;
    }

    /// The next frame that the node says; nothing when it has hung up.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut octets = self.frames.next().await.ok()?;
            let kind = octets.get_u8();
            match Frame::decode(kind, &octets).unwrap() {
                Some(Frame::Batch(_) | Frame::Cards(_) | Frame::Beat(_)) | None => {}
                Some(frame) => return Some(frame),
            }
        }
    }

    /// What the node refused of the next batch.
    async fn refused(&mut self) -> Vec<String> {
        let mut refused = Vec::new();
        loop {
            match self.next().await {
                Some(Frame::Notice(notice)) => {
                    refused.extend(notice.refusals.into_iter().map(|it| it.why));
                }
                Some(Frame::Credit(_)) | None => return refused,
                Some(_) => {}
            }
        }
    }

    /// With which farewell the node ends the link.
    async fn farewell(mut self) -> String {
        loop {
            match self.next().await {
                Some(Frame::Bye(bye)) => {
                    return serde_json::to_value(bye.reason).unwrap().as_str().unwrap().into();
                }
                Some(_) => {}
                None => return "hung up".into(),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_false_is_refused_by_name_and_an_operator_sees_it() {
    let data = TempDir::new().unwrap();
    let (node, peer) = town(&data);
    let mut line = peer.greet().await;
    let (mut number, mut refusals) = (0, 0);
    for (why, envelope) in peer.false_envelopes() {
        number += 1;
        refusals += 1;
        line.batch(number, vec![envelope]).await;
        assert_eq!(line.refused().await, [why]);
        let seen = node.until(why, |seen| seen["refused"] == refusals);
        assert_eq!(seen["refusals"].as_array().unwrap().last().unwrap()["why"], why, "{seen}");
    }
    // What is true is taken in all the same; and what is brought again is there once.
    let honest = peer.sealed(peer.envelope(500));
    for _ in 0..3 {
        number += 1;
        line.batch(number, vec![honest.clone(), honest.clone()]).await;
        assert_eq!(line.refused().await, Vec::<String>::new());
    }
    let entries = vedetta(
        &node.data,
        &[
            "explain",
            "--item",
            "indicator--9e2e2d2b-17d4-4cbf-938f-0000000001f4",
            "--organisation",
            NODE,
            "--json",
        ],
    );
    assert_eq!(serde_json::from_str::<Value>(&entries).unwrap()["allowed"], true);
    // A key that nobody knows gets no link at all.
    let stranger = SecretKey::from_seed([78; 32]).unwrap();
    let refused = peer.dialler(&stranger).line(&peer.address, b"").await;
    assert!(refused.unwrap_err().to_string().contains("403"));
    node.serves(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_breaks_the_protocol_is_told_so_and_may_come_back() {
    let data = TempDir::new().unwrap();
    let (node, peer) = town(&data);
    let credit = |taken| Frame::Credit(Credit { batches: u32::MAX, taken });
    let beat = || Frame::Beat(Beat { now: now(), head: 1, heard: None });
    // Before the greeting, twice, to another, in a language that nobody speaks.
    let mut line = peer.dial().await;
    line.say(&beat()).await;
    assert_eq!(line.farewell().await, "protocol");
    let mut line = peer.greet().await;
    line.say(&Frame::Hello(Box::new(peer.hello()))).await;
    assert_eq!(line.farewell().await, "protocol");
    for (hello, farewell) in [
        (Hello { to: id("cosc-liguria"), ..peer.hello() }, "stranger"),
        (Hello { versions: (7, 9), ..peer.hello() }, "version"),
    ] {
        let mut line = peer.dial().await;
        line.say(&Frame::Hello(Box::new(hello))).await;
        assert_eq!(line.farewell().await, farewell);
    }
    // Lies about cursors: what was never sent is confirmed, batches with gaps, a rewind in the
    // middle, more batches than credit.
    let mut line = peer.greet().await;
    line.say(&credit(1 << 40)).await;
    assert_eq!(line.farewell().await, "protocol");
    let mut line = peer.greet().await;
    line.batch(7, Vec::new()).await;
    assert_eq!(line.farewell().await, "protocol");
    let mut line = peer.greet().await;
    line.batch(1, Vec::new()).await;
    line.say(&Frame::Rewind(Rewind { to: 3 })).await;
    assert_eq!(line.farewell().await, "protocol");
    // A bookmark from another world: the node rewinds, and goes on.
    let hash = vedetta_federation::digest::digest(&[b"elsewhere"]);
    let place = 1 << 50;
    let resume = Bookmark {
        spans: vec![Span { after: 0, upto: place }],
        marks: vec![Mark { place, hash }],
        ..Bookmark::default()
    };
    let mut line = peer.dial().await;
    line.say(&Frame::Hello(Box::new(Hello { resume, ..peer.hello() }))).await;
    line.batch(1, vec![peer.sealed(peer.envelope(600))]).await;
    assert!(line.refused().await.is_empty());
    drop(line);
    // Octets that are no frames: too long, no Zstandard, a bomb, no JSON, nothing.
    let bomb = zstd_of(&vec![b' '; 64 << 20]);
    for octets in [
        vec![0xff; 64],
        framed(3, b"not zstd"),
        framed(3, &bomb),
        framed(3, &zstd_of(b"{}")),
        vec![0; 4],
    ] {
        let mut line = peer.greet().await;
        line.raw(octets.into()).await;
        let farewell = line.farewell().await;
        assert!(["protocol", "hung up"].contains(&farewell.as_str()), "{farewell}");
    }
    node.until("the link ended", |seen| seen["link"]["reason"].is_string());
    node.serves(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_and_silence_cost_only_the_peer() {
    let data = TempDir::new().unwrap();
    let (node, peer) = town(&data);
    // Frames without end.
    let mut line = peer.greet().await;
    let beat: Bytes =
        Frame::Beat(Beat { now: now(), head: 1, heard: None }).encode().unwrap().into();
    let many: Bytes = beat.repeat(200).into();
    let (sender, flood) = (line.outgoing.clone(), many.clone());
    let flooding = tokio::spawn(async move { while sender.send(flood.clone()).await.is_ok() {} });
    while line.next().await.is_some() {}
    node.serves(3);
    flooding.abort();
    // It never reads, and asks for ever more; meanwhile its half-open connections wait.
    let quiet = peer.greet().await;
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(tokio::net::TcpStream::connect(&peer.address).await.unwrap());
    }
    node.serves(4);
    drop((quiet, open));
    // It brings more than a day's quota, all of it valid: what is over waits, and the disk with it.
    let mut line = peer.greet().await;
    let (sent, mut number) = (Arc::new(std::sync::atomic::AtomicU64::new(0)), 0);
    let filling = async {
        loop {
            number += 1;
            let first = u32::try_from(number).unwrap() * 1_000;
            let some = (first..first + 300).map(|it| peer.sealed(padded(&peer, it)));
            line.batch(number, some.collect()).await;
            line.refused().await;
            sent.store(number, std::sync::atomic::Ordering::SeqCst);
        }
    };
    let stopped = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let seen = tokio::task::block_in_place(|| node.sees());
            if seen["link"]["over_quota"] == true {
                return;
            }
        }
    };
    tokio::select! {
        () = filling => {}
        () = stopped => {}
    }
    assert!(sent.load(std::sync::atomic::Ordering::SeqCst) > 1);
    let disk: u64 = std::fs::read_dir(&node.data)
        .unwrap()
        .map(|it| it.unwrap().metadata().unwrap().len())
        .sum();
    assert!(disk < 600 << 20, "{disk}");
    node.serves(5);
}

/// An item of some kilobytes.
fn padded(peer: &Peer, number: u32) -> Envelope {
    let mut envelope = peer.envelope(number);
    if let What::Item(item) = &mut envelope.what {
        let text = item.object.text();
        let padding = format!("{number:08}").repeat(250);
        let text = format!("{},\"name\":\"{padding}\"}}", text.strip_suffix('}').unwrap());
        item.object = Object::new(text).unwrap();
    }
    envelope
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[kind], payload].concat()
}

fn zstd_of(octets: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(octets, 1).unwrap()
}
