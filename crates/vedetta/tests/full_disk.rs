//! The real program on a disk that is full: it says so, loses nothing, and goes on when there is room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A small disk that nobody else sees: it goes with who holds it.
struct Disk {
    /// Where it is, for those who see it.
    at: TempDir,
    holder: Child,
}

/// A node on it.
struct Running {
    process: Child,
    _said: BufReader<ChildStdout>,
}

/// Whether `cargo xtask test` promised it: then nothing is skipped for want of it.
fn promised(what: &str) -> bool {
    let all = std::env::var("VEDETTA_TEST_PROMISED").unwrap_or_default();
    all.split(',').any(|it| it == what)
}

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let at = TempDir::new().unwrap();
        let script = "mount -t tmpfs -o size=$1,mode=0700 tmpfs $2 && echo mounted && exec cat";
        let mut holder = Command::new("unshare")
            .args(["-m", "sh", "-c", script, "sh", size, at.path().to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let disk = Self { at, holder };
        if said != "mounted\n" {
            assert!(!promised("mount"), "a disk of its own was promised");
            println!("skipped: a disk of its own needs the right to mount");
            return None;
        }
        Some(disk)
    }

    /// A file on it, for those who do not see it.
    fn file(&self, name: &str) -> PathBuf {
        let at = self.at.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(at).join(name)
    }

    /// Leaves no octet free.
    fn fill(&self) {
        let mut filler = File::create(self.file("filler")).unwrap();
        while filler.write_all(&[0; 4_096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.file("filler")).unwrap();
    }

    /// The program, where the disk is seen.
    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-m", "-t", &self.holder.id().to_string(), env!("CARGO_BIN_EXE_vedetta")]);
        command.args(words).env("VEDETTA_DATA", self.at.path());
        command
    }

    fn ask(&self, words: &[&str]) -> Output {
        self.program(words).output().unwrap()
    }

    fn start(&self) -> Running {
        let mut command = self.program(&["serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("listening on ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
        }
        Running { process, _said: said }
    }

    /// The status of an answer, and the whole of it.
    fn get(&self, path: &str) -> (u16, String) {
        let mut socket = UnixStream::connect(self.file("node.sock")).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    /// Brings an indicator; what is said of it.
    fn bring(&self, n: u8) -> Output {
        // Where both see it.
        let file = self.at.path().with_extension(format!("{n}.json"));
        std::fs::write(&file, json!([indicator(n)]).to_string()).unwrap();
        let told = self.ask(&["import", file.to_str().unwrap(), "--as", "centre", "--json"]);
        std::fs::remove_file(file).unwrap();
        told
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn indicator(n: u8) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{n:02x}"),
        "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z",
        "pattern": format!("[ipv4-addr:value = '198.51.100.{n}']"), "pattern_type": "stix",
        "valid_from": "2026-04-06T20:03:48Z",
    })
}

/// How many of what was brought was taken, and how many were there before.
fn tally(output: &Output) -> (u64, u64) {
    let tally: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |of: &str| tally[of].as_u64().unwrap_or_else(|| panic!("{tally}"));
    (count("accepted"), count("duplicates"))
}

#[test]
fn a_node_whose_disk_is_full_says_so_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::new("48m") else { return };
    let made = disk.ask(&["init", "--organisation", "centre"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let running = disk.start();
    assert_eq!(tally(&disk.bring(1)), (1, 0));
    assert_eq!(disk.get("/ready").0, 200);

    disk.fill();
    let refused = disk.bring(2);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("the disk is full"), "{said}");
    let (status, said) = disk.get("/ready");
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("the disk is full"), "{said}");
    assert_eq!(disk.get("/health").0, 200, "it lives");
    let item = indicator(1)["id"].as_str().unwrap().to_owned();
    assert_eq!(disk.get(&format!("/api/v1/items/{item}")).0, 200, "reading goes on");

    disk.free();
    assert_eq!(disk.get("/ready").0, 200, "it tries again by itself");
    assert_eq!(tally(&disk.bring(2)), (1, 0), "nothing of it was stored by halves");

    // It ends while the disk is full, without a moment to put anything in order.
    disk.fill();
    drop(running);
    disk.free();
    let _running = disk.start();
    for n in [1, 2] {
        assert_eq!(tally(&disk.bring(n)), (0, 1), "what was acknowledged is there");
    }
    let proof = disk.ask(&["verify", "--json"]);
    let proof: Value = serde_json::from_slice(&proof.stdout).unwrap();
    assert_eq!(proof["sound"], true, "{proof}");
}
