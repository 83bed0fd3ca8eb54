//! The page after the one just answered, read while the client takes that one.
//!
//! It is given only where reading it anew would give the same: nothing was released, withdrawn or
//! decided since, and its reader may read what it might then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use vedetta_flow::{ClearanceId, FlowError, House, ReadPage, Sequence};
use vedetta_model::{Actor, Instant};

use super::paging::Question;
use crate::api::Api;

/// Pages kept at most, of all readers.
const PAGES: usize = 16;
/// Octets of objects in a page that is kept at most.
const OCTETS: usize = 2 << 20;
/// How long a page is kept for who asked for the one before.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages being read, or read, before they are asked for.
#[derive(Default)]
pub(crate) struct Ahead(Mutex<VecDeque<Reading>>);

struct Reading {
    question: Question,
    since: Instant,
    page: JoinHandle<Option<Read>>,
}

/// A page as it was read.
pub(super) struct Read {
    under: Under,
    page: ReadPage,
}

/// All that what is read depends on.
#[derive(PartialEq, Eq)]
struct Under {
    place: Sequence,
    generation: u64,
    clearances: Arc<Vec<ClearanceId>>,
}

impl Ahead {
    /// Begins to read the page that answers a question.
    pub(super) fn read(&self, api: &Api, question: &Question) {
        let (of, asked) = (api.clone(), question.clone());
        let read = move |house: &House| {
            let under = Under::now(house, &asked.actor)?;
            let page = asked.ask(house)?;
            let octets: usize = page.items.iter().map(|item| item.body.len()).sum();
            Ok((octets <= OCTETS).then_some(Read { under, page }))
        };
        let page = tokio::spawn(async move { of.ask(read).await.ok().flatten() });
        let since = api.house().now();
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readings.retain(|reading| since.since(reading.since) <= PATIENCE);
        readings.truncate(PAGES - 1);
        readings.push_front(Reading { question: question.clone(), since, page });
    }

    /// The page that answers a question, if it is being read.
    pub(super) async fn take(&self, question: &Question) -> Option<Read> {
        let reading = {
            let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = readings.iter().position(|reading| reading.question == *question)?;
            readings.remove(place)?
        };
        reading.page.await.ok().flatten()
    }
}

impl Read {
    /// The page, if its reader would read the same now.
    pub(super) fn still(self, house: &House, actor: &Actor) -> Option<ReadPage> {
        (Under::now(house, actor).ok()? == self.under).then_some(self.page)
    }
}

impl Under {
    fn now(house: &House, actor: &Actor) -> Result<Self, FlowError> {
        // What has come into effect first: whatever is asked after it is no older.
        let place = house.bell().last();
        let (generation, clearances) = (house.standing().generation, house.entitled(actor)?);
        Ok(Self { place, generation, clearances })
    }
}
