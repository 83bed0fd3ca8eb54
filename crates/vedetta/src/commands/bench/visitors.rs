//! The other side of `vedetta bench console`: people with a page open each, who note when what was
//! reported appears on it, and open others.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use vedetta_client::Node;
use vedetta_client::crowd::{Crowd, Shown, Someone};
use vedetta_model::Clock;

use super::beside::CONNECTED;
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;

/// Open the pages of a file, until told to stop on standard input.
#[derive(Args)]
pub(crate) struct Visitors {
    /// Where the node is.
    #[arg(long)]
    address: SocketAddr,
    /// The certificate to trust.
    #[arg(long)]
    authority: PathBuf,
    /// A file with a person a line, as JSON.
    #[arg(long)]
    people: PathBuf,
    /// Pages opened a second, besides.
    #[arg(long)]
    pages: u32,
}

impl Visitors {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .map_err(|error| Failure::input(path.display().to_string(), error))
        };
        let node = Node::at(self.address, &read(&self.authority)?)
            .map_err(|error| Failure::system("trusting the node", error))?;
        let people = read(&self.people)?;
        let people: Result<Vec<Someone>, _> = people.lines().map(serde_json::from_str).collect();
        let people =
            people.map_err(|error| Failure::input(self.people.display().to_string(), error))?;
        let shown = runtime()?.block_on(visit(&node, people, self.pages))?;
        let text = serde_json::to_string(&shown)
            .map_err(|error| Failure::system("writing JSON", error))?;
        println!("{text}");
        Ok(Outcome::Done)
    }
}

async fn visit(node: &Node, people: Vec<Someone>, pages: u32) -> Result<Shown, Failure> {
    let crowd = Crowd::open(node, people, || SystemClock.now().micros()).await;
    let crowd = crowd.map_err(|error| Failure::system("opening a page", error))?;
    println!("{CONNECTED}");
    std::io::stdout().flush().map_err(|error| Failure::system("standard output", error))?;
    let told =
        tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new()));
    tokio::select! {
        () = crowd.browse(pages) => {}
        _told = told => {}
    }
    Ok(crowd.leave().await)
}
