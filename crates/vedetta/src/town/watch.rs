//! Someone at a node who notes when items arrive there, by its live stream.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vedetta_api::control;
use vedetta_model::{Clock, Instant};

use crate::outcome::Failure;
use crate::system::SystemClock;
use vedetta_client::Following;

/// Who watches.
pub(crate) struct Watcher {
    seen: Arc<Seen>,
    watching: JoinHandle<()>,
}

/// What was seen: when each item came, each time it came; by its identifier, and by the moments of its
/// creation and of its version, which a derived form keeps.
struct Seen {
    arrivals: Mutex<HashMap<String, Vec<Instant>>>,
    news: watch::Sender<usize>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    created: Option<String>,
    modified: Option<String>,
}

impl Watcher {
    /// Watches the node of a data directory from now on.
    pub(crate) async fn at(data: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::system("watching a node", error);
        let stream = UnixStream::connect(data.join(control::SOCKET)).await.map_err(failed)?;
        let mut following = Following::over(stream, "node", None, None).await.map_err(failed)?;
        let seen = Arc::new(Seen { arrivals: Mutex::default(), news: watch::Sender::new(0) });
        let kept = Arc::clone(&seen);
        let watching = tokio::spawn(async move {
            loop {
                let mut items = Vec::new();
                let more = following.next(|_, object| {
                    items.extend(serde_json::from_slice::<Named>(object));
                });
                let more = more.await;
                kept.note(items);
                if !more.unwrap_or(false) {
                    return;
                }
            }
        });
        Ok(Self { seen, watching })
    }

    /// When an item came, each time; by its identifier or the moment of its creation or version.
    pub(crate) fn arrivals(&self, item: &str) -> Vec<Instant> {
        self.seen.all().get(item).cloned().unwrap_or_default()
    }

    /// Waits until an item has come; nothing when patience ends first.
    pub(crate) async fn until(&self, item: &str, patience: Duration) -> Option<Instant> {
        let mut news = self.seen.news.subscribe();
        let waiting = async {
            loop {
                if let Some(first) = self.arrivals(item).first() {
                    return Some(*first);
                }
                if news.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, waiting).await.ok().flatten()
    }

    /// Waits until so many have come, or until for so long nothing comes.
    pub(crate) async fn until_count(&self, count: usize, patience: Duration) {
        let mut news = self.seen.news.subscribe();
        while *news.borrow_and_update() < count {
            if tokio::time::timeout(patience, news.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Seen {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Instant>>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, items: Vec<Named>) {
        if items.is_empty() {
            return;
        }
        let (now, count) = (SystemClock.now(), items.len());
        let mut all = self.all();
        for Named { id, created, modified } in items {
            let names: BTreeSet<_> = created.into_iter().chain(modified).chain([id]).collect();
            names.into_iter().for_each(|name| all.entry(name).or_default().push(now));
        }
        drop(all);
        self.news.send_modify(|seen| *seen += count);
    }
}
