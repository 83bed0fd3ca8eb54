//! A small network at a node that is a process of the real program.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use vedetta_client::Node;

/// How long to wait for what does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Who bring.
pub(crate) const TOWNS: [&str; 2] = ["town-a", "town-b"];
/// Who receives, without the victims.
pub(crate) const READER: &str = "agency";
/// Who receives nothing.
pub(crate) const OUTSIDER: &str = "outsider";
/// JSON's media type.
pub(crate) const JSON: &str = "application/json";

/// A node, and the tokens of a machine of each of its organisations.
pub(crate) struct Town {
    data: TempDir,
    tokens: HashMap<&'static str, String>,
    starts: u64,
    /// What it says is kept open, so that it may go on.
    running: Option<(Child, BufReader<ChildStdout>)>,
}

/// Where it is since its last start.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) start: u64,
    pub(crate) node: Node,
}

/// A connection, one request at a time.
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    token: String,
}

impl Town {
    /// Makes it, and starts it.
    pub(crate) async fn found(ledger: &str) -> (Self, Place) {
        let data = TempDir::new().unwrap();
        let mut town = Self { data, tokens: HashMap::new(), starts: 0, running: None };
        town.command(&["init", "--organisation", "centre", "--ledger", ledger]);
        let place = town.start();
        let mut operator = Line::at_the_machine(&town).await;
        for (id, kind) in TOWNS
            .map(|it| (it, "municipality"))
            .into_iter()
            .chain([(READER, "agency"), (OUTSIDER, "agency")])
        {
            let organisation = json!({ "id": id, "name": format!("Ente {id}"), "kind": kind });
            operator.put(&format!("/api/v1/organisations/{id}"), &organisation).await;
            let account = json!({ "id": format!("{id}.siem"), "name": "SIEM", "organisation": id,
                "roles": ["machine"] });
            operator.put(&format!("/api/v1/accounts/{id}.siem"), &account).await;
            let wish = json!({ "account": format!("{id}.siem"), "purpose": "test", "days": 9 });
            let issued = operator.post("/api/v1/tokens", &wish).await;
            town.tokens.insert(id, issued["token"].as_str().unwrap().into());
        }
        operator.put("/api/v1/agreements/pact", &pact()).await;
        operator.post("/api/v1/agreements/pact/steps", &json!({ "step": "put-in-force" })).await;
        (town, place)
    }

    /// Starts it; returns when its doors are open.
    pub(crate) fn start(&mut self) -> Place {
        let log = File::options().create(true).append(true).open(self.data.path().join("log"));
        let mut process = self
            .program(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("listening on https://") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended: {}", self.log());
        }
        self.running = Some((process, said));
        self.starts += 1;
        let address = line.trim().trim_start_matches("listening on https://").parse().unwrap();
        let authority = std::fs::read_to_string(self.data.path().join("ca.pem")).unwrap();
        Place { start: self.starts, node: Node::at(address, &authority).unwrap() }
    }

    /// Kills it: it has no moment to put anything in order.
    pub(crate) fn kill(&mut self) {
        let (mut process, _) = self.running.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        // It says that it closed: who hears must be there until then.
        let (mut process, _said) = self.running.take().unwrap();
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(process.wait().unwrap().success());
    }

    /// Whether its ledger is whole, and nothing was told in the log as a fault of the program.
    pub(crate) fn is_sound(&self) {
        let proof = self.command(&["verify", "--json"]);
        let proof: Value = serde_json::from_slice(&proof.stdout).unwrap();
        assert_eq!(proof["sound"], true, "{proof}");
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }

    pub(crate) fn token(&self, organisation: &str) -> String {
        self.tokens[organisation].clone()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap()
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
        command.args(words).env("VEDETTA_DATA", self.data.path()).env("RUST_LOG", "warn");
        command
    }

    fn command(&self, words: &[&str]) -> Output {
        let output = self.program(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        output
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some((process, _)) = &mut self.running {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// By which the agency has what the towns bring, without who is hit.
fn pact() -> Value {
    let what = json!(["indicator", "incident"]);
    json!({
        "id": "pact", "title": "Patto", "term": { "from": "2000-01-01", "until": "2999-12-31" },
        "party": [
            { "name": "towns", "organisations": TOWNS, "gives": what },
            { "name": "agencies", "organisations": [READER], "receives": what },
        ],
    })
}

impl Line {
    /// To the node's machine doors, with a token.
    pub(crate) async fn to(place: &Place, token: &str) -> io::Result<Self> {
        Self::over(place.node.connect().await?, token).await
    }

    async fn at_the_machine(town: &Town) -> Self {
        let socket = UnixStream::connect(town.data.path().join("node.sock")).await.unwrap();
        Self::over(socket, "").await.unwrap()
    }

    async fn over<S>(stream: S, token: &str) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connected = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connected.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self { sender, token: token.into() })
    }

    /// Asks; the status and the whole answer, or that the node is gone.
    pub(crate) async fn ask(
        &mut self,
        (method, path): (Method, &str),
        (media, body): (&str, Vec<u8>),
    ) -> io::Result<(u16, Bytes)> {
        let mut request = Request::builder().method(method).uri(path).header("host", "node");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if !body.is_empty() {
            request = request.header("content-type", media);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        self.sender.ready().await.map_err(io::Error::other)?;
        let answer = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(io::Error::other)?;
        Ok((status, body.to_bytes()))
    }

    /// What it gives.
    pub(crate) async fn get(&mut self, path: &str) -> Bytes {
        let (status, body) = self.ask((Method::GET, path), (JSON, Vec::new())).await.unwrap();
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        body
    }

    async fn put(&mut self, path: &str, body: &Value) {
        self.told(Method::PUT, path, body).await;
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.told(Method::POST, path, body).await
    }

    async fn told(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let body = (JSON, body.to_string().into_bytes());
        let (status, answer) = self.ask((method, path), body).await.unwrap();
        assert!(status < 300, "{path}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap_or_default()
    }
}
