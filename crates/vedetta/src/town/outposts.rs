//! Sensors as processes of this program beside a node, their logs written here: for the demonstration
//! and for measurements.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vedetta_api::control;
use vedetta_model::{Clock, Instant, OrganisationId};

use super::{Resident, command, program};
use crate::node::Configuration;
use crate::outcome::Failure;
use crate::system::{Stopwatch, SystemClock};
use vedetta_client::Following;

/// A sensor.
pub(crate) struct Outpost {
    /// Whose.
    pub(crate) organisation: String,
    /// Its directory.
    pub(crate) directory: PathBuf,
    log: File,
    process: Option<Child>,
}

/// Someone at the node who notes what sensors find.
pub(crate) struct Lookout {
    noted: Arc<Noted>,
    watching: JoinHandle<()>,
}

#[derive(Default)]
struct All {
    /// Every sighting: by whom, in words, and when it was released.
    sightings: Vec<(String, String, Instant)>,
    /// When an indicator was first released, by its pattern.
    indicators: HashMap<String, Instant>,
}

struct Noted {
    all: Mutex<All>,
    news: watch::Sender<usize>,
}

/// What is read of an object.
#[derive(Deserialize)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    created_by_ref: Option<String>,
    description: Option<String>,
    pattern: Option<String>,
}

impl Outpost {
    /// Enrols the sensor of an organisation, or finds it enrolled. Its log begins anew.
    pub(crate) fn found(
        node: &Resident,
        directory: &Path,
        organisation: &str,
        rule: Option<&str>,
    ) -> Result<Self, Failure> {
        let directory = directory.join(format!("sensor-{organisation}"));
        let failed =
            |error: std::io::Error| Failure::system(directory.display().to_string(), error);
        if !directory.join("identity.json").exists() {
            let address = Configuration::read(&node.data)?.listen;
            let words = ["sensor", "code", "--organisation", organisation, "--address", &address];
            let code = command(&node.data, &words)?;
            let enrolling = Command::new(program()?)
                .args(["sensor", "enrol", code.trim(), "--dir"])
                .arg(&directory)
                .output()
                .map_err(failed)?;
            if !enrolling.status.success() {
                let said = String::from_utf8_lossy(&enrolling.stderr).trim().to_owned();
                return Err(Failure::system("enrolling a sensor", said));
            }
        }
        let log = directory.join("events.log");
        let own = directory.join("rule.yml");
        let rules = match rule {
            None => String::new(),
            Some(rule) => {
                std::fs::write(&own, rule).map_err(failed)?;
                format!("rules = [{own:?}]\n")
            }
        };
        let settings = format!("{rules}baselines = 0\n\n[[input]]\nfile = {log:?}\n");
        std::fs::write(directory.join("sensor.toml"), settings).map_err(failed)?;
        File::create(&log).map_err(failed)?;
        let log = File::options().append(true).open(&log).map_err(failed)?;
        Ok(Self { organisation: organisation.into(), directory, log, process: None })
    }

    /// Runs it.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::system("starting a sensor", error);
        let said = File::options().create(true).append(true).open(self.directory.join("run.log"));
        let process = Command::new(program()?)
            .args(["sensor", "run", "--dir"])
            .arg(&self.directory)
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        self.process = Some(process);
        Ok(())
    }

    /// Writes lines of events, each with its end.
    pub(crate) fn write(&mut self, lines: &str) -> Result<(), Failure> {
        self.log
            .write_all(lines.as_bytes())
            .map_err(|error| Failure::system("writing a log", error))
    }

    /// Its log, to be written by somebody else too.
    pub(crate) fn log(&self) -> Result<File, Failure> {
        self.log.try_clone().map_err(|error| Failure::system("opening a log", error))
    }

    /// Octets of memory that it holds now, in MiB, and the time of processors that it has taken.
    pub(crate) fn costs(&self) -> (u64, Duration) {
        const TICK: u64 = 10;
        let Some(process) = &self.process else { return (0, Duration::ZERO) };
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", process.id())).unwrap_or_default()
        };
        let status = read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        // After the name, which may hold anything: fields 14 and 15 are hundredths of a second.
        let stat = read("stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
        (kib.unwrap_or(0) / 1024, Duration::from_millis(ticks * TICK))
    }

    /// What it said of itself last.
    pub(crate) fn status(&self) -> Option<vedetta_sensor::Status> {
        vedetta_sensor::Status::read(&self.directory).ok().flatten()
    }

    /// The identity under which it brings sightings.
    pub(crate) fn identity(&self) -> Result<String, Failure> {
        let id = OrganisationId::new(&self.organisation).map_err(vedetta_flow::FlowError::from)?;
        Ok(id.identity().to_string())
    }
}

impl Drop for Outpost {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _killed = process.kill();
            let _ended = process.wait();
        }
    }
}

impl Lookout {
    /// Watches the node of a data directory from now on.
    pub(crate) async fn at(data: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::system("watching a node", error);
        let stream = UnixStream::connect(data.join(control::SOCKET)).await.map_err(failed)?;
        let mut following = Following::over(stream, "node", None, None).await.map_err(failed)?;
        let noted = Arc::new(Noted { all: Mutex::default(), news: watch::Sender::new(0) });
        let kept = Arc::clone(&noted);
        let watching = tokio::spawn(async move {
            loop {
                let mut objects = Vec::new();
                let more = following.next(|_, object| {
                    objects.extend(serde_json::from_slice::<Object>(object));
                });
                let more = more.await;
                kept.note(objects);
                if !more.unwrap_or(false) {
                    return;
                }
            }
        });
        Ok(Self { noted, watching })
    }

    /// When an indicator with a pattern was released; nothing when patience ends first.
    pub(crate) async fn indicator(&self, pattern: &str, patience: Duration) -> Option<Instant> {
        self.noted.until(patience, |all| all.indicators.get(pattern).copied()).await
    }

    /// When a sighting by somebody that tells of something was released, and in which words.
    pub(crate) async fn sighting(
        &self,
        (by, of): (&str, &str),
        patience: Duration,
    ) -> Option<(Instant, String)> {
        let find = |all: &All| {
            let mut all = all.sightings.iter();
            let found = all.find(|(who, words, _)| who == by && words.contains(of));
            found.map(|(_, words, at)| (*at, words.clone()))
        };
        self.noted.until(patience, find).await
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Noted {
    fn note(&self, objects: Vec<Object>) {
        let (now, count) = (SystemClock.now(), objects.len());
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for object in objects {
            match (object.kind.as_str(), object.created_by_ref, object.description) {
                ("sighting", Some(by), Some(words)) => all.sightings.push((by, words, now)),
                ("indicator", ..) => {
                    all.indicators.entry(object.pattern.unwrap_or_default()).or_insert(now);
                }
                _ => {}
            }
        }
        drop(all);
        self.news.send_modify(|seen| *seen += count);
    }

    async fn until<T>(&self, patience: Duration, find: impl Fn(&All) -> Option<T>) -> Option<T> {
        let mut news = self.news.subscribe();
        let waiting = async {
            loop {
                let found = find(&self.all.lock().unwrap_or_else(PoisonError::into_inner));
                if found.is_some() {
                    return found;
                }
                if news.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, waiting).await.ok().flatten()
    }
}

/// Ordinary traffic.
pub(crate) struct Traffic {
    logs: Mutex<Vec<File>>,
    rate: u32,
    sent: AtomicU64,
}

/// How often lines are written.
const TICK: Duration = Duration::from_millis(20);

impl Traffic {
    /// Into logs, so many events a second in each.
    pub(crate) fn new(logs: Vec<File>, rate: u32) -> Self {
        Self { logs: Mutex::new(logs), rate, sent: AtomicU64::new(0) }
    }

    /// Events written into each.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Writes for ever.
    pub(crate) async fn pour(&self) -> Result<(), Failure> {
        let began = Stopwatch::start();
        loop {
            let before = self.sent();
            let due = (began.read().as_secs_f64() * f64::from(self.rate)) as u64;
            let lines = ordinary(before, due.saturating_sub(before));
            for log in self.logs.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                log.write_all(lines.as_bytes())
                    .map_err(|error| Failure::system("writing a log", error))?;
            }
            self.sent.store(due.max(before), Ordering::Relaxed);
            tokio::time::sleep(TICK).await;
        }
    }
}

/// So many lines of ordinary traffic, from a number on.
fn ordinary(from: u64, count: u64) -> String {
    let now = SystemClock.now();
    let mut lines = String::new();
    for n in from..from + count {
        let (client, server) = (n % 200, n % 5_000);
        let _written = match n % 3 {
            0 => writeln!(
                lines,
                r#"{{"timestamp":"{now}","event_type":"flow","src_ip":"10.1.0.{client}","src_port":{},"dest_ip":"198.51.100.{}","dest_port":443,"proto":"TCP","flow":{{"bytes_toserver":{},"bytes_toclient":4100}}}}"#,
                20_000 + n % 40_000,
                n % 250,
                900 + n % 700
            ),
            1 => writeln!(
                lines,
                r#"{{"timestamp":"{now}","event_type":"dns","src_ip":"10.1.0.{client}","dest_ip":"10.1.0.53","dns":{{"type":"query","rrname":"www{server}.example.org","rrtype":"A"}}}}"#
            ),
            _ => writeln!(
                lines,
                r#"{{"timestamp":"{now}","event_type":"tls","src_ip":"10.1.0.{client}","dest_ip":"192.0.2.{}","tls":{{"sni":"cdn{server}.example.org","version":"TLS 1.3"}}}}"#,
                n % 250
            ),
        };
    }
    lines
}

/// A line: somebody asks for a name.
pub(crate) fn query(name: &str, at: Instant) -> String {
    format!(
        "{{\"timestamp\":\"{at}\",\"event_type\":\"dns\",\"src_ip\":\"10.1.0.7\",\"dest_ip\":\"10.1.0.53\",\
         \"dns\":{{\"type\":\"query\",\"rrname\":\"{name}\",\"rrtype\":\"A\"}}}}\n"
    )
}

/// A line: somebody logs in over SSH, or fails to.
pub(crate) fn login(from: &str, what: &str, at: Instant) -> String {
    format!("<38>1 {at} srv-1 sshd 7 - - {what} from {from} port 40022 ssh2\n")
}
