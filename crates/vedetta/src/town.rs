//! Nodes as processes of this program on loopback, for the demonstration and for measurements: made,
//! paired and asked with the real commands.

pub(crate) mod netns;
pub(crate) mod outposts;
pub(crate) mod watch;

use std::fs::{File, TryLockError};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde_json::Value;
use vedetta_client::Wire;
use vedetta_model::OrganisationId;

use crate::certificates::write_secret;
use crate::node::{Configuration, NodeArgs};
use crate::outcome::Failure;
use crate::reach::{running, send, told};

/// Where nobody listens (the discard port): for a peer that is not to be dialled.
pub(crate) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// Why a link ends of which one side knows nothing.
const HALF: &str = "Pairing was interrupted";

/// Where a node's first account is kept, for who is to sign in.
const FIRST: &str = "first-account.json";

/// One node.
pub(crate) struct Resident {
    /// Whose it is.
    pub(crate) id: String,
    /// Its data directory.
    pub(crate) data: PathBuf,
    /// Where other nodes dial it, if they can.
    pub(crate) meets_at: Option<SocketAddr>,
    /// The network namespace that it runs in, if not this program's.
    space: Option<String>,
    process: Option<Child>,
    /// What it says; kept open, so that it may go on.
    said: Option<BufReader<ChildStdout>>,
}

/// Whether other nodes can dial a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    /// They can.
    Open,
    /// It dials them: it is behind a router, say.
    Shut,
}

/// Someone who asks a node over its control socket.
pub(crate) struct Asker {
    id: String,
    data: PathBuf,
}

/// A link to be made: who invites, who accepts, under which agreement.
pub(crate) struct Bond<'a> {
    /// Who invites, and for whom the other speaks to it.
    pub(crate) inviting: (&'a Resident, &'a str),
    /// Who accepts, and for whom the other speaks to it.
    pub(crate) accepting: (&'a Resident, &'a str),
    /// The agreement.
    pub(crate) agreement: &'a str,
    /// Where the one that accepts dials.
    pub(crate) address: SocketAddr,
}

impl Resident {
    /// Makes the node of an organisation of the Italian network, or finds it made.
    pub(crate) fn found(directory: &Path, id: &str, door: Door) -> Result<Self, Failure> {
        let data = directory.join(id);
        if !data.join("vedetta.toml").exists() {
            make(directory, id, door)?;
        }
        let meets = Configuration::read(&data)?.peer_listen;
        let meets_at = meets.and_then(|meets| meets.parse().ok());
        Ok(Self { id: id.into(), data, meets_at, space: None, process: None, said: None })
    }

    /// The first account, and the password with which it was made.
    pub(crate) fn first_account(&self) -> Option<(String, String)> {
        let kept: Value =
            serde_json::from_slice(&std::fs::read(self.data.join(FIRST)).ok()?).ok()?;
        Some((kept["account"].as_str()?.into(), kept["password"].as_str()?.into()))
    }

    /// Where other nodes dial it.
    pub(crate) fn door(&self) -> Result<SocketAddr, Failure> {
        self.meets_at.ok_or_else(|| Failure::Usage(format!("{} cannot be dialled", self.id)))
    }

    /// Has it dial a peer somewhere else than that says, from its next start on.
    pub(crate) fn dial(&self, peer: &str, address: SocketAddr) -> Result<(), Failure> {
        let mut configuration = Configuration::read(&self.data)?;
        let peer = OrganisationId::new(peer).map_err(vedetta_flow::FlowError::from)?;
        configuration.peer_dial.insert(peer, address.to_string());
        configuration.write(&self.data)
    }

    /// Has it listen for people and machines at an address, from its next start on.
    pub(crate) fn listen(&self, address: SocketAddr) -> Result<(), Failure> {
        let listen = address.to_string();
        Configuration { listen, ..Configuration::read(&self.data)? }.write(&self.data)
    }

    /// Has it run in a network namespace, and meet others at an address there.
    pub(crate) fn move_to(&mut self, space: String, address: Ipv4Addr) -> Result<(), Failure> {
        let meets = SocketAddr::from((address, self.door()?.port()));
        let peer_listen = Some(meets.to_string());
        let configuration = Configuration { peer_listen, ..Configuration::read(&self.data)? };
        configuration.write(&self.data)?;
        (self.space, self.meets_at) = (Some(space), Some(meets));
        Ok(())
    }

    /// Kills it: it has no moment to put anything in order.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // One that ended by itself is as dead.
            let _killed = process.kill();
            let _ended = process.wait();
        }
    }

    /// Runs it, for as long as this program lives; returns when its doors are open.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        self.until_left();
        let failed =
            |error: std::io::Error| Failure::system(format!("the node of {}", self.id), error);
        let log = File::options().create(true).append(true).open(self.data.join("node.log"));
        let mut command = match &self.space {
            None => Command::new(program()?),
            Some(space) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", space]).arg(program()?);
                command
            }
        };
        let mut process = command
            .args(["serve", "--attended", "--data"])
            .arg(&self.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        let mut said = process.stdout.take().map(BufReader::new);
        self.process = Some(process);
        let mut line = String::new();
        while let Some(reader) = &mut said
            && reader.read_line(&mut line).map_err(failed)? > 0
        {
            if line.starts_with("listening") {
                self.said = said;
                return Ok(());
            }
            line.clear();
        }
        let log = self.data.join("node.log");
        Err(Failure::system(
            format!("the node of {}", self.id),
            format!("it ended; see {}", log.display()),
        ))
    }

    /// Waits while one still closes whose starter was killed.
    fn until_left(&self) {
        let is_there = || {
            let lock = File::open(self.data.join("node.lock"));
            lock.is_ok_and(|it| matches!(it.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        let mut patience = 300;
        while is_there() && patience > 0 {
            std::thread::park_timeout(Duration::from_millis(50));
            patience -= 1;
        }
    }

    /// Runs one of its commands; what it prints.
    pub(crate) fn command(&self, words: &[&str]) -> Result<String, Failure> {
        command(&self.data, words)
    }

    /// Someone who asks it.
    pub(crate) fn asker(&self) -> Asker {
        Asker { id: self.id.clone(), data: self.data.clone() }
    }

    /// Asks it over its control socket.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.asker().ask(Method::GET, path, Vec::new()).await
    }

    /// Sends it something over its control socket.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Value, Failure> {
        self.asker().post(path, body).await
    }

    /// Whether it has a link with another, which may be suspended.
    async fn has_peer(&self, other: &str) -> Result<bool, Failure> {
        let known = self.get("/api/v1/peers").await?;
        let mut peers = known["peers"].as_array().into_iter().flatten();
        let goes_on =
            |it: &Value| it["stage"]["is"] == "active" || it["stage"]["is"] == "suspended";
        Ok(peers.any(|it| it["organisation"] == other && goes_on(it)))
    }

    /// Octets of memory that it holds now, in MiB (Linux: `VmRSS`).
    pub(crate) fn memory_mib(&self) -> u64 {
        let Some(process) = &self.process else { return 0 };
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let id = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked = id.map(|id| rustix::process::kill_process(id, rustix::process::Signal::TERM));
        if !matches!(asked, Some(Ok(()))) {
            // It ended by itself, or cannot be asked.
            let _killed = process.kill();
        }
        let _ended = process.wait();
    }
}

impl Asker {
    /// Asks it.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// Sends it something over its control socket.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Value, Failure> {
        self.ask(Method::POST, path, body).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Value, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::system(format!("asking the node of {}", self.id), error)
        };
        let node = NodeArgs { data: self.data.clone() };
        let mut sender = running(&node).await?.ok_or_else(|| failed(&"it does not run"))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "node")
            .header(CONTENT_TYPE, "application/json");
        let request = request.body(Bytes::from(body)).map_err(|error| failed(&error))?;
        let (status, body) = send(&mut sender, request).await.map_err(|error| failed(&error))?;
        if !status.is_success() {
            return Err(told(status, &body));
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Bond<'_> {
    /// Makes it with the commands of both nodes, unless it is made. One that was interrupted, which one
    /// of them knows alone, is made anew.
    pub(crate) async fn make(&self) -> Result<(), Failure> {
        let ((host, theirs), (guest, ours)) = (self.inviting, self.accepting);
        match (host.has_peer(&guest.id).await?, guest.has_peer(&host.id).await?) {
            (true, true) => return Ok(()),
            (true, false) => drop(host.command(&["peer", "end", &guest.id, "--reason", HALF])?),
            (false, true) => drop(guest.command(&["peer", "end", &host.id, "--reason", HALF])?),
            (false, false) => {}
        }
        let address = self.address.to_string();
        let words = ["peer", "invite", "--organisation", guest.id.as_str()];
        let terms = ["--agreement", self.agreement, "--serves", theirs];
        let answer = ["--address", &address, "--json"];
        let invited = host.command(&[&words[..], &terms[..], &answer[..]].concat())?;
        let invited: Value = serde_json::from_str(&invited).unwrap_or_default();
        let code = invited["code"].as_str().unwrap_or_default();
        guest.command(&["peer", "accept", code, "--serves", ours])?;
        Ok(())
    }
}

/// Makes a node beside its place, to which it goes once it is whole: what was interrupted is not taken
/// for a node, and goes away with the next one.
fn make(directory: &Path, id: &str, door: Door) -> Result<(), Failure> {
    let unfinished = format!(".{id}.");
    remove(directory, &unfinished);
    let data = directory.join(format!("{unfinished}{}", std::process::id()));
    let made = command(&data, &["init", "--network", "italy", "--organisation", id, "--json"])?;
    write_secret(&data.join(FIRST), &made)?;
    let (listen, meets) = (free_address()?, free_address()?);
    let configuration = Configuration {
        listen: listen.to_string(),
        peer_listen: (door == Door::Open).then(|| meets.to_string()),
        ..Configuration::read(&data)?
    };
    configuration.write(&data)?;
    let place = directory.join(id);
    let moved = std::fs::rename(&data, &place);
    moved.map_err(|error| Failure::system(place.display().to_string(), error))?;
    // Whoever was still at it when this began is done by now.
    remove(directory, &unfinished);
    Ok(())
}

/// Removes what is called so, as far as that can be done.
fn remove(directory: &Path, beginning: &str) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(beginning)) {
            let _gone = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn command(data: &Path, words: &[&str]) -> Result<String, Failure> {
    let name = format!("vedetta {}", words.join(" "));
    let output = Command::new(program()?)
        .args(words)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::system(&name, error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::system(name, said));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::system("finding this program", error))
}

/// Lays a wire from one address to another.
pub(crate) async fn wire(from: SocketAddr, to: SocketAddr) -> Result<Wire, Failure> {
    let failed = |error| Failure::system(format!("a wire from {from}"), error);
    Wire::lay(from, to).await.map_err(failed)
}

/// An address on loopback that nobody has now.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.map_err(|error| Failure::system("a free port", error))
}
