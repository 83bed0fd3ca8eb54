//! Who bring without end, and count what they are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::load::{Load, Outcome};
use crate::node::{JSON, Line, PATIENCE, Place};

/// By which door.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The JSON interface. What was not answered is brought again.
    Json,
    /// TAXII 2.1. What was not answered is left.
    Taxii,
}

/// One of them.
pub(crate) struct Submitter {
    pub(crate) producer: &'static str,
    pub(crate) door: Door,
    pub(crate) token: String,
    pub(crate) tally: Arc<Tally>,
}

/// What all of them have done.
#[derive(Default)]
pub(crate) struct Tally {
    requests: watch::Sender<u64>,
    answers: watch::Sender<u64>,
    stopped: AtomicBool,
}

impl Tally {
    /// Waits until so many more were answered.
    pub(crate) async fn answers(&self, more: u64) {
        until(&self.answers, more).await;
    }

    /// Waits until so many more are on their way.
    pub(crate) async fn requests(&self, more: u64) {
        until(&self.requests, more).await;
    }

    /// Has them end with what they have begun.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

async fn until(count: &watch::Sender<u64>, more: u64) {
    let mut count = count.subscribe();
    let enough = *count.borrow() + more;
    let waited = timeout(PATIENCE, count.wait_for(|count| *count >= enough)).await;
    waited.expect("nobody is answered any more").unwrap();
}

impl Submitter {
    /// Brings one load after the other, wherever the node is, until it is stopped.
    pub(crate) async fn bring(self, mut place: watch::Receiver<Place>) -> Vec<Load> {
        let (mut brought, mut again, mut number) = (Vec::new(), None, 0);
        while again.is_some() || !self.tally.stopped() {
            let here = place.borrow().clone();
            if let Ok(mut line) = Line::to(&here, &self.token).await {
                while again.is_some() || !self.tally.stopped() {
                    let mut load = again.take().unwrap_or_else(|| {
                        number += 1;
                        Load::new(self.producer, self.door, number)
                    });
                    let answered = self.send(&mut line, &mut load).await;
                    if !answered && self.door == Door::Json {
                        again = Some(load);
                    } else {
                        brought.push(load);
                    }
                    if !answered {
                        break;
                    }
                }
            }
            // The node is gone: the next start tells where it is.
            if again.is_some() || !self.tally.stopped() {
                place.wait_for(|it| it.start > here.start).await.unwrap();
            }
        }
        brought
    }

    /// Brings a load; whether it was answered. What is refused is nobody's to lose.
    async fn send(&self, line: &mut Line, load: &mut Load) -> bool {
        let (path, media) = match self.door {
            Door::Json => ("/api/v1/items", JSON),
            Door::Taxii => ("/taxii2/root/collections/submit/objects/", taxii::TAXII),
        };
        self.tally.requests.send_modify(|count| *count += 1);
        let Ok((status, body)) = line.ask((Method::POST, path), (media, load.body())).await else {
            return false;
        };
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        let places: Vec<_> = list("accepted")
            .iter()
            .map(|it| (it["id"].as_str().unwrap().to_owned(), it["stamp"]["seq"].as_u64().unwrap()))
            .collect();
        let taken = match self.door {
            Door::Json => places.len() + list("duplicates").len(),
            Door::Taxii => usize::try_from(answer["success_count"].as_u64().unwrap()).unwrap(),
        };
        assert!(status < 300 && taken == load.objects.len(), "{status} {answer}");
        load.outcome = Outcome::Acknowledged(places);
        self.tally.answers.send_modify(|count| *count += 1);
        true
    }
}

impl Door {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Taxii];
}
