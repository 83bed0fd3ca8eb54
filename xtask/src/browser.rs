//! `cargo xtask test --browser`: a node with the demonstration's data, and people at its pages in
//! headless Chromium.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{cargo, root, show, target_directory};
use crate::{Failure, assets, prerequisites};

/// A node that ends with the test.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself, which the browser has noticed.
        let _ended = self.0.kill().and_then(|()| self.0.wait()).is_ok();
    }
}

/// Runs it; a word is the folder for the pictures of the documents.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    prerequisites::for_browser()?;
    let web = assets::installed()?;
    show(cargo().args(["build", "--package", "vedetta"]))?;
    let program = target_directory()?.join("debug").join("vedetta");
    let data = target_directory()?.join("browser-test");
    let _node = start(&program, &data)?;
    let mut command = Command::new("node");
    command.current_dir(web).args(["browser/run.mjs", &base(&data)?]);
    command.arg(data.join("demo-accounts.json"));
    command.args(words.iter().map(|word| root().join(word)));
    Ok(show(&mut command)?)
}

/// Where the node listens, as it was told.
fn base(data: &Path) -> Result<String, String> {
    let port = std::fs::read_to_string(data.join("browser-port"));
    port.map(|port| format!("https://127.0.0.1:{port}")).map_err(|error| error.to_string())
}

fn start(program: &PathBuf, data: &Path) -> Result<Node, String> {
    let said = |error: std::io::Error| format!("{}: {error}", data.display());
    if data.exists() {
        std::fs::remove_dir_all(data).map_err(said)?;
    }
    std::fs::create_dir_all(data).map_err(said)?;
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).map_err(said)?.port();
    std::fs::write(data.join("browser-port"), port.to_string()).map_err(said)?;
    let log = std::fs::File::create(data.join("node.log")).map_err(said)?;
    let mut command = Command::new(program);
    command.args(["demo", "--listen", &format!("127.0.0.1:{port}")]).arg("--data").arg(data);
    command.stdin(Stdio::null()).stderr(log.try_clone().map_err(said)?).stdout(log);
    command.spawn().map(Node).map_err(|error| format!("{}: {error}", program.display()))
}
