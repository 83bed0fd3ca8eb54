//! A node as a process of the real program.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long to wait for what does not come: far longer than any limit of the node, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);
/// How often it is asked for what does not come; each time is a command.
const TRIES: u32 = 200_000;
/// Where it keeps what it logs.
const LOG: &str = "node.log";

pub(crate) struct Node {
    pub(crate) data: TempDir,
    /// Where other nodes dial it; nothing when they cannot.
    pub(crate) meets: String,
    process: Child,
    said: BufReader<ChildStdout>,
}

fn vedetta(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.args(words).env("VEDETTA_DATA", data).output().unwrap()
}

/// Puts settings before what is there: it may end within a table.
fn configure(data: &Path, settings: &str) {
    let file = data.join("vedetta.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{settings}\n{before}")).unwrap();
}

impl Node {
    /// Makes and starts the node of an organisation of the Italian network.
    pub(crate) fn start(organisation: &str, settings: &str) -> Self {
        let data = TempDir::new().unwrap();
        let made =
            vedetta(data.path(), &["init", "--network", "italy", "--organisation", organisation]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        configure(data.path(), settings);
        Self::serve(data)
    }

    /// Ends it, and starts it again with a setting more.
    pub(crate) fn again(mut self, settings: &str) -> Self {
        self.end();
        let data = std::mem::replace(&mut self.data, TempDir::new().unwrap());
        configure(data.path(), settings);
        Self::serve(data)
    }

    fn serve(data: TempDir) -> Self {
        let log = File::create(data.path().join(LOG)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_vedetta"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("VEDETTA_DATA", data.path())
            .env("RUST_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut node = Self { data, meets: String::new(), process, said };
        let mut line = String::new();
        while node.said.read_line(&mut line).unwrap() > 0 {
            if let Some(address) = line.trim().strip_prefix("meeting other nodes on ") {
                node.meets = address.into();
            }
            if line.starts_with("listening on ") {
                return node;
            }
            line.clear();
        }
        panic!("it ended: {}", node.log());
    }

    /// Has it read its files again.
    pub(crate) fn hang_up(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// What one of its commands answers.
    pub(crate) fn ask(&self, words: &[&str]) -> Value {
        let output = vedetta(self.data.path(), words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// What it answers to who is at the machine.
    pub(crate) fn get(&self, path: &str) -> Value {
        let mut socket = UnixStream::connect(self.data.path().join("node.sock")).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// A code for another node.
    pub(crate) fn invite(&self, organisation: &str, serves: &str) -> String {
        let who = ["peer", "invite", "--organisation", organisation, "--serves", serves];
        let terms = ["--agreement", "polizia-postale", "--address", &self.meets, "--json"];
        self.ask(&[&who[..], &terms[..]].concat())["code"].as_str().unwrap().into()
    }

    /// What it shows of a peer.
    pub(crate) fn peer(&self, organisation: &str) -> Value {
        let all = self.ask(&["peer", "list", "--json"]);
        let all = all["peers"].as_array().unwrap().iter();
        all.clone().find(|it| it["organisation"] == organisation).unwrap().clone()
    }

    /// What it shows of a peer once that is so.
    pub(crate) fn peer_when(&self, organisation: &str, so: impl Fn(&Value) -> bool) -> Value {
        let mut shown = (0..TRIES).map(|_| self.peer(organisation));
        shown.find(so).unwrap_or_else(|| panic!("{}", self.log()))
    }

    /// Brings an indicator, as its own organisation's.
    pub(crate) fn bring(&self, organisation: &str, n: u8) {
        let file = self.data.path().join(format!("{n}.json"));
        std::fs::write(&file, json!([indicator(n, CLEAR)]).to_string()).unwrap();
        self.ask(&["import", file.to_str().unwrap(), "--as", organisation, "--json"]);
    }

    /// Waits until an organisation may read an indicator here.
    pub(crate) fn until_read(&self, organisation: &str, n: u8) {
        let id = indicator(n, CLEAR)["id"].as_str().unwrap().to_owned();
        let words = ["explain", "--item", &id, "--organisation", organisation, "--json"];
        let reads = |_| {
            let output = vedetta(self.data.path(), &words);
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            answer["allowed"] == true
        };
        assert!((0..TRIES).any(reads), "{id} did not come: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join(LOG)).unwrap()
    }

    /// The most memory that it ever held, in MiB.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// STIX's marking of TLP:CLEAR.
pub(crate) const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
/// STIX's marking of TLP:AMBER.
pub(crate) const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

pub(crate) fn indicator(n: u8, marking: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{n:02x}"),
        "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z",
        "pattern": format!("[ipv4-addr:value = '198.51.100.{n}']"), "pattern_type": "stix",
        "valid_from": "2026-04-06T20:03:48Z",
        "object_marking_refs": [marking],
    })
}
