//! The other side of `vedetta bench fanout`: followers that note when each event arrived.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use tokio::sync::{Semaphore, watch};
use vedetta_model::Clock;

use super::beside::CONNECTED;
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;
use vedetta_client::{Node, Seen};

/// Follow with every token of a file, until told to stop on standard input.
#[derive(Args)]
pub(crate) struct Followers {
    /// Where the node is.
    #[arg(long)]
    address: SocketAddr,
    /// The certificate to trust.
    #[arg(long)]
    authority: PathBuf,
    /// A file with a token a line.
    #[arg(long)]
    tokens: PathBuf,
}

/// TLS handshakes at once.
const AT_ONCE: usize = 64;

impl Followers {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .map_err(|error| Failure::input(path.display().to_string(), error))
        };
        let node = Node::at(self.address, &read(&self.authority)?)
            .map_err(|error| Failure::system("trusting the node", error))?;
        let tokens: Vec<String> = read(&self.tokens)?.lines().map(str::to_owned).collect();
        let seen = runtime()?.block_on(follow_all(node, tokens))?;
        let text =
            serde_json::to_string(&seen).map_err(|error| Failure::system("writing JSON", error))?;
        println!("{text}");
        Ok(Outcome::Done)
    }
}

async fn follow_all(node: Node, tokens: Vec<String>) -> Result<Seen, Failure> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (stop, stopped) = watch::channel(false);
    let (connected, mut connections) = watch::channel(0usize);
    let connected = Arc::new(connected);
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let count = tokens.len();
    let mut tasks = tokio::task::JoinSet::new();
    for token in tokens {
        let (node, seen, gate) = (node.clone(), Arc::clone(&seen), Arc::clone(&gate));
        let (mut stopped, connected) = (stopped.clone(), Arc::clone(&connected));
        tasks.spawn(async move {
            let following = {
                let _turn = gate.acquire().await;
                node.follow(&token, None).await
            };
            let mut following = match following {
                Ok(following) => following,
                Err(error) => return Err(error),
            };
            connected.send_modify(|count| *count += 1);
            let mut last = 0;
            loop {
                let mut batch = Vec::new();
                let more = tokio::select! {
                    more = following.next(|id, _| batch.push(id)) => more?,
                    _ = stopped.wait_for(|stop| *stop) => return Ok(()),
                };
                let now = SystemClock.now().micros() / 1000;
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.note(now, &batch, &mut last);
                if !more {
                    seen.broken += 1;
                    return Ok(());
                }
            }
        });
    }
    let failed = tokio::select! {
        _ = connections.wait_for(|connected| *connected == count) => None,
        Some(Ok(Err(error))) = tasks.join_next() => Some(error),
    };
    if let Some(error) = failed {
        return Err(Failure::system("connecting a follower", error));
    }
    println!("{CONNECTED}");
    std::io::stdout().flush().map_err(|error| Failure::system("standard output", error))?;
    let told =
        tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new()));
    let _told = told.await;
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *seen))
}
