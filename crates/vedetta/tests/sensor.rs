//! Sensors as processes beside a node: what one finds, the others look for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.env("RUST_LOG", "info");
    command
}

fn said(words: &[&str]) -> String {
    let output = program().args(words).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Node {
    data: TempDir,
    _process: Process,
}

impl Node {
    fn start() -> Self {
        let data = TempDir::new().unwrap();
        let at = data.path().to_str().unwrap();
        said(&["init", "--network", "italy", "--data", at]);
        let mut process = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--data", at])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("https://"), "{line}");
        Self { data, _process: Process(process) }
    }

    fn data(&self) -> &str {
        self.data.path().to_str().unwrap()
    }

    /// It says where the node really listens: its settings say 8443.
    fn code(&self, organisation: &str) -> String {
        let words = ["sensor", "code", "--organisation", organisation];
        said(&[&words[..], &["--data", self.data()]].concat()).trim().to_owned()
    }
}

struct Sensor {
    directory: TempDir,
    log: PathBuf,
    process: Option<(Process, BufReader<ChildStderr>)>,
}

impl Sensor {
    fn enrol(node: &Node, organisation: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let log = directory.path().join("auth.log");
        let sensor = Self { directory, log, process: None };
        said(&["sensor", "enrol", &node.code(organisation), "--dir", sensor.at()]);
        let settings = format!("baselines = 0\n[[input]]\nfile = {:?}\n", sensor.log);
        std::fs::write(sensor.directory.path().join("sensor.toml"), settings).unwrap();
        sensor
    }

    fn at(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    fn start(&mut self) {
        let mut process = program()
            .args(["sensor", "run", "--dir", self.at()])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(process.stderr.take().unwrap());
        self.process = Some((Process(process), told));
    }

    /// Writes failed logins of an address.
    fn log(&self, from: &str, times: usize) {
        for port in 0..times {
            let port = 40_000 + port;
            self.line(&format!("Failed password for root from {from} port {port} ssh2"));
        }
    }

    fn line(&self, line: &str) {
        let mut file = std::fs::File::options().append(true).create(true).open(&self.log).unwrap();
        writeln!(file, "<38>Nov 29 10:00:00 srv-1 sshd[7]: {line}").unwrap();
    }

    /// Waits until the sensor's own log tells something.
    fn until(&mut self, wanted: &[&str]) -> String {
        let (_, told) = self.process.as_mut().unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it ended before it told {wanted:?}");
            if wanted.iter().all(|it| line.contains(it)) {
                return line;
            }
        }
    }

    fn leaves(&self) -> Value {
        serde_json::from_str(&said(&["sensor", "what-leaves", "--json", "--dir", self.at()]))
            .unwrap()
    }
}

fn reports(leaves: &Value) -> Vec<Value> {
    let sent = leaves["sent"].as_array().unwrap().iter();
    let sent = sent.map(|it| serde_json::from_str::<Value>(it.as_str().unwrap()).unwrap());
    sent.flat_map(|it| it["findings"].as_array().unwrap().clone()).collect()
}

#[test]
fn what_one_finds_the_others_look_for_in_the_present_and_in_the_past() {
    let node = Node::start();
    let mut perugia = Sensor::enrol(&node, "comune-054039");
    let mut terni = Sensor::enrol(&node, "comune-055032");
    // Terni saw the address before anybody knew of it.
    terni.log("203.0.113.66", 1);
    terni.start();
    terni.until(&["reading", "auth.log"]);
    perugia.start();
    perugia.until(&["auth.log", "there is no such file yet"]);
    perugia.log("203.0.113.66", 30);
    perugia.until(&["found", "Many failed logins"]);
    perugia.line("Accepted password for root from 203.0.113.66 port 40100 ssh2");
    perugia.until(&["found", "A login after many failures"]);
    terni.until(&["found", "Seen before it was known", "203.0.113.66"]);
    terni.log("203.0.113.66", 1);
    terni.until(&["found", "Indicator", "203.0.113.66"]);
    terni.until(&["sent"]);

    let list: Value =
        serde_json::from_str(&said(&["sensor", "list", "--json", "--data", node.data()])).unwrap();
    assert_eq!(list["sensors"].as_array().unwrap().len(), 2);
    assert!(list["sensors"][0]["heard"].is_string(), "{list}");
    let sent = reports(&perugia.leaves());
    assert!(sent.iter().all(|it| it["evidence"].get("user").is_none()), "{sent:?}");
}

#[test]
fn killed_it_goes_on_and_tells_nothing_twice() {
    let node = Node::start();
    let mut sensor = Sensor::enrol(&node, "comune-054039");
    sensor.start();
    sensor.log("203.0.113.7", 30);
    sensor.until(&["sent"]);
    sensor.process = None;
    sensor.log("203.0.113.8", 30);
    sensor.start();
    sensor.until(&["found", "203.0.113.8"]);
    sensor.until(&["sent"]);
    let ids = |of: &str| {
        let sent = reports(&sensor.leaves());
        let of = sent.into_iter().filter(|it| it["entity"] == of);
        let mut ids: Vec<_> = of.map(|it| it["id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        ids.len()
    };
    assert_eq!((ids("203.0.113.7"), ids("203.0.113.8")), (1, 1));
    let another = program().args(["sensor", "run", "--dir", sensor.at()]).output().unwrap();
    assert_eq!(another.status.code(), Some(4), "one at a time");
}

#[test]
fn a_code_of_another_node_or_used_twice_enrols_nobody() {
    let node = Node::start();
    let code = node.code("comune-054039");
    let enrol = |code: &str, dir: &Path| {
        let dir = dir.to_str().unwrap();
        program().args(["sensor", "enrol", code, "--dir", dir]).output().unwrap()
    };
    let directory = TempDir::new().unwrap();
    let mut parts: Vec<String> = code.split('/').map(str::to_owned).collect();
    parts[2] = "00".repeat(32);
    let other = enrol(&parts.join("/"), &directory.path().join("a"));
    assert_eq!(other.status.code(), Some(4), "{}", String::from_utf8_lossy(&other.stderr));
    assert!(enrol(&code, &directory.path().join("b")).status.success());
    let again = enrol(&code, &directory.path().join("c"));
    assert_eq!(again.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&again.stderr).contains("ask for a new one"));
    assert!(!directory.path().join("c/identity.json").exists());
}

const RULE: &str = "\
title: Shadow copies deleted
id: 28bb3599-77cd-5a82-a950-b5bc3caf07c4
logsource: {product: windows, category: process_creation}
detection:
  selection:
    CommandLine|contains|all: [delete, shadows]
  condition: selection
level: high
";

#[test]
fn exported_logs_are_read_once_and_the_desk_judges_what_was_found() {
    const CHUNK: &[u8] = include_bytes!("../../vedetta-intake/tests/corpus/evtx/three-records");
    let node = Node::start();
    let sensor = Sensor::enrol(&node, "comune-054039");
    let (log, rule) =
        (sensor.log.with_file_name("Security.evtx"), sensor.log.with_file_name("r.yml"));
    let mut bytes = vec![0; 4_096 + 65_536];
    bytes[..8].copy_from_slice(b"ElfFile\0");
    bytes[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
    bytes[120] = 4;
    bytes[4_096..4_096 + CHUNK.len()].copy_from_slice(CHUNK);
    std::fs::write(&log, bytes).unwrap();
    std::fs::write(&rule, RULE).unwrap();
    let settings = format!("rules = [{rule:?}]\n[[input]]\nfile = {log:?}\n");
    std::fs::write(sensor.directory.path().join("sensor.toml"), settings).unwrap();
    said(&["sensor", "run", "--once", "--dir", sensor.at()]);
    let status =
        |words: &[&str]| said(&[&["sensor", "status", "--dir", sensor.at()][..], words].concat());
    let told: Value = serde_json::from_str(&status(&["--json"])).unwrap();
    let (beat, input) = (&told["beat"], &told["inputs"][0]);
    assert_eq!((&beat["events"], &beat["rules"], &beat["lost"]), (&3.into(), &1.into(), &0.into()));
    assert_eq!((&input["name"], &input["lines"]), (&log.to_str().into(), &3.into()), "{told}");
    assert!(status(&[]).contains("3 events, "), "{}", status(&[]));
    said(&["sensor", "run", "--once", "--dir", sensor.at()]);
    assert_eq!(reports(&sensor.leaves()).len(), 1, "read twice, told once");
    let alerts = || -> Value {
        let words = ["sensor", "alerts", "--severity", "high", "--json", "--data", node.data()];
        serde_json::from_str(&said(&words)).unwrap()
    };
    let found = alerts();
    let [alert] = &found["alerts"].as_array().unwrap()[..] else { panic!("one: {found}") };
    assert_eq!(alert["title"], "Shadow copies deleted");
    let sighting = alert["sighting"].as_str().unwrap();
    let judging =
        ["sensor", "judge", sighting, "harmless", "--reason", "a drill", "--data", node.data()];
    assert!(said(&judging).starts_with("harmless until "));
    assert_eq!(alerts()["alerts"][0]["judged"]["reason"], "a drill");
}
