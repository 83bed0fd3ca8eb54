//! Calls made many at once, and few at a time to each webhook: whoever is slow keeps nobody else
//! waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::{LOOK, TO_ONE, Worker};

/// The calls under way, and whose come next.
pub(super) struct Round {
    worker: Worker,
    calls: JoinSet<()>,
    under_way: HashMap<Id, String>,
    queue: VecDeque<String>,
    queued: HashSet<String>,
}

/// Calls under way at once.
const AT_ONCE: usize = 256;
/// Webhooks looked at in one unit of work.
const TOGETHER: usize = 64;
/// How long calls under way may take to end when the node closes; later ones are made again.
const CLOSING: Duration = Duration::from_secs(5);

impl Round {
    pub(super) fn new(worker: Worker) -> Self {
        let (under_way, queue, queued) = (HashMap::new(), VecDeque::new(), HashSet::new());
        Self { worker, calls: JoinSet::new(), under_way, queue, queued }
    }

    /// Makes the calls of webhooks that are told, and of every webhook now and then: calls that
    /// failed come due.
    pub(super) async fn go_on(&mut self, told: &mut mpsc::Receiver<Vec<String>>) {
        let mut looking = tokio::time::interval(LOOK);
        looking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(ended) = self.calls.join_next_with_id() => self.ended(ended),
                Some(webhooks) = told.recv() => self.line_up(webhooks),
                _ = looking.tick() => match self.worker.active().await {
                    Ok(webhooks) => self.line_up(webhooks),
                    Err(error) => tracing::error!(%error, "webhooks wait: the ledger cannot be read"),
                },
            }
            while self.take().await {}
        }
    }

    /// Lets the calls under way end.
    pub(super) async fn close(mut self) {
        let ending = async { while self.calls.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSING, ending).await.is_err() {
            tracing::info!("receivers that did not answer yet are called again after a restart");
        }
    }

    fn line_up(&mut self, webhooks: Vec<String>) {
        for webhook in webhooks {
            if self.queued.insert(webhook.clone()) {
                self.queue.push_back(webhook);
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        if let Some(webhook) = self.under_way.remove(&id) {
            self.line_up(vec![webhook]);
        }
    }

    /// Takes the calls of those first in the queue; whether there may be more to take.
    async fn take(&mut self) -> bool {
        let mut free = AT_ONCE.saturating_sub(self.under_way.len());
        let mut wanted = Vec::new();
        while free > 0 && wanted.len() < TOGETHER {
            let Some(webhook) = self.queue.pop_front() else { break };
            self.queued.remove(&webhook);
            let busy = self.under_way.values().filter(|it| **it == webhook).count();
            // One that has as many as it may comes again when a call of it ends.
            let mine = TO_ONE.saturating_sub(busy).min(free);
            if mine > 0 {
                free -= mine;
                wanted.push((webhook, mine));
            }
        }
        if wanted.is_empty() {
            return false;
        }
        match self.worker.ask(move |house| house.due_webhook_calls(&wanted)).await {
            Ok(calls) => {
                for due in calls {
                    let (webhook, worker) = (due.webhook.key(), self.worker.clone());
                    let call = self.calls.spawn(async move { worker.one(due).await });
                    self.under_way.insert(call.id(), webhook);
                }
            }
            Err(error) => tracing::error!(%error, "webhooks wait: the ledger cannot be used"),
        }
        true
    }
}
