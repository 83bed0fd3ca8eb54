//! The others: SpamAssassin's daemon and rspamd, with their local rules, on this machine.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Judged;
use crate::outcome::Failure;
use crate::system::Stopwatch;

/// Starts an engine.
pub(super) type Start = fn() -> Result<Peer, String>;

/// An engine that runs until dropped.
pub(super) struct Peer {
    pub(super) name: &'static str,
    child: Child,
    at: SocketAddr,
    /// The request for a message, and the score in the answer.
    ask: fn(&[u8]) -> Vec<u8>,
    score: fn(&str) -> Option<f64>,
    _folder: tempfile::TempDir,
}

const PATIENCE: u32 = 600;

impl Drop for Peer {
    fn drop(&mut self) {
        // Asked, not killed: it ends the processes that it started.
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().ok();
        self.child.wait().ok();
    }
}

impl Peer {
    /// Judges each message; without an answer to every one there are no figures to compare.
    pub(super) fn judge(&self, letters: &[Vec<u8>]) -> Result<Judged, Failure> {
        let mut judged = Judged::default();
        for (number, letter) in letters.iter().enumerate() {
            let watch = Stopwatch::start();
            let answer = self.one(letter);
            judged.took.push(watch.read().as_secs_f64() * 1000.0);
            // A busy machine is no reason to leave a message out: each has a second try.
            let answer = answer.ok().as_deref().and_then(self.score).map_or_else(
                || {
                    self.one(letter)
                        .map_err(|error| error.to_string())
                        .and_then(|it| self.read(&it))
                },
                Ok,
            );
            let score = answer.map_err(|reason| {
                let what = format!("message {number} ({} bytes)", letter.len());
                Failure::system(self.name, format!("no score for {what}: {reason}"))
            })?;
            judged.scores.push(score);
        }
        Ok(judged)
    }

    fn read(&self, answer: &str) -> Result<f64, String> {
        let told = || answer.chars().take(200).collect::<String>();
        (self.score)(answer).ok_or_else(told)
    }

    fn one(&self, letter: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.at)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(&(self.ask)(letter))?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Waits until it answers: each try ends when the other side does.
    fn ready(mut self) -> Result<Self, String> {
        for _ in 0..PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended: {status}", self.name));
            }
            if self.one(b"Subject: x\r\n\r\nx\r\n").is_ok_and(|answer| self.read(&answer).is_ok()) {
                return Ok(self);
            }
            Command::new("sleep").arg("0.1").status().ok();
        }
        Err(format!("{} does not answer", self.name))
    }
}

fn free() -> Result<SocketAddr, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.to_string())
}

fn folder() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|error| error.to_string())
}

fn start(mut command: Command) -> Result<Child, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))
}

/// `spamd` with local tests only.
pub(super) fn spamassassin() -> Result<Peer, String> {
    let (at, folder) = (free()?, folder()?);
    let mut command = Command::new("spamd");
    command
        .args(["-L", "-x", "-m", "1", "--listen", "127.0.0.1", "--port"])
        .arg(at.port().to_string());
    command.arg("--helper-home-dir").arg(folder.path());
    let ask = |letter: &[u8]| {
        let head = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", letter.len());
        [head.as_bytes(), letter].concat()
    };
    let score = |answer: &str| {
        let (_, rest) = answer.split_once("Spam: ")?;
        rest.split([';', '/']).nth(1)?.trim().parse().ok()
    };
    Peer { name: "spamassassin", child: start(command)?, at, ask, score, _folder: folder }.ready()
}

/// `rspamd` without network tests: its resolver leads nowhere.
pub(super) fn rspamd() -> Result<Peer, String> {
    let (at, control, folder) = (free()?, free()?, folder()?);
    let local = folder.path().join("local.d");
    std::fs::create_dir_all(&local).map_err(|error| error.to_string())?;
    let files = [
        ("worker-normal.inc", format!("bind_socket = \"{at}\"; count = 1;")),
        ("worker-controller.inc", format!("bind_socket = \"{control}\";")),
        ("worker-proxy.inc", "enabled = false;".to_owned()),
        (
            "options.inc",
            "dns { nameserver = [\"127.0.0.1:1\"]; timeout = 0.01s; retransmits = 1; }".to_owned(),
        ),
        ("logging.inc", "level = \"error\";".to_owned()),
    ];
    for (name, text) in files {
        std::fs::write(local.join(name), text).map_err(|error| error.to_string())?;
    }
    let mut command = Command::new("rspamd");
    command.args(["--no-fork", "--insecure"]);
    for variable in ["LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR"] {
        command.arg(format!("--var={variable}={}", folder.path().display()));
    }
    let ask = |letter: &[u8]| {
        let head = format!("POST /checkv2 HTTP/1.0\r\nContent-Length: {}\r\n\r\n", letter.len());
        [head.as_bytes(), letter].concat()
    };
    let score = |answer: &str| {
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str::<serde_json::Value>(body).ok()?.get("score")?.as_f64()
    };
    Peer { name: "rspamd", child: start(command)?, at, ask, score, _folder: folder }.ready()
}
