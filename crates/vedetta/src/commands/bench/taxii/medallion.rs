//! The other server: medallion, the reference server of OASIS, with its memory backend.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::client::{self, Both, Collection};

/// Its only collection, of our making.
const COLLECTION: &str = "40c83a8d-7879-4864-b4b5-d2ac54439151";
/// How long it may take to start, in tenths of a second.
const PATIENCE: u32 = 300;

/// The process, ended with this value.
struct Server(Child);

/// Adds so many objects to it in one submission, and reads them back.
pub(super) async fn measure(python: &Path, data: &Path, objects: u64) -> io::Result<Both> {
    let (content, configuration) = (data.join("medallion.json"), data.join("medallion.conf"));
    std::fs::write(&content, empty().to_string())?;
    std::fs::write(&configuration, settings(&content, objects).to_string())?;
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let _server = Server::start(python, &configuration, address)?;
    listening(address).await?;
    let authorization = format!("Basic {}", STANDARD.encode("bench:bench"));
    let path = format!("/oasis/collections/{COLLECTION}/objects/");
    let collection = Collection::plain(address, &authorization, &path);
    client::both(&collection, &collection, objects).await
}

impl Server {
    fn start(python: &Path, configuration: &Path, at: SocketAddr) -> io::Result<Self> {
        let mut command = Command::new(python);
        command.args(["-m", "medallion.scripts.run", "--log-level", "CRITICAL", "--host"]);
        command.args([at.ip().to_string(), "--port".into(), at.port().to_string()]);
        command.arg(configuration).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, or there is nobody left to answer.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

async fn listening(address: SocketAddr) -> io::Result<()> {
    for _ in 0..PATIENCE {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(io::Error::other(
        "medallion did not start: pip install medallion, and name its Python with --peer-python",
    ))
}

fn settings(content: &Path, page: u64) -> Value {
    json!({
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": content,
        },
        "users": { "bench": "bench" },
        "taxii": { "max_page_size": page },
    })
}

fn empty() -> Value {
    let media = "application/stix+json;version=2.1";
    json!({
        "/discovery": { "title": "Bench", "default": "/oasis/", "api_roots": ["/oasis/"] },
        "oasis": {
            "information": {
                "title": "Bench", "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 104_857_600,
            },
            "status": [],
            "collections": [{
                "id": COLLECTION, "title": "Bench", "can_read": true, "can_write": true,
                "media_types": [media], "objects": [], "manifest": [],
            }],
        },
    })
}
