//! What every door delivered, on its way into the ledger.
//!
//! It is gathered in memory and written each second, or sooner when it is much. While the ledger
//! refuses, it is kept and tried again; when no more can be kept, the doors wait. So it is neither
//! lost nor without bound, as long as the process lives.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use vedetta_diffusion::Receipt;
use vedetta_flow::{DeliveryBatch, Door, FlowError, Sequence};

use crate::api::Api;
use crate::problem::{Kind, Problem};

/// How often what was delivered is written.
const RECORDING: Duration = Duration::from_secs(1);
/// Octets that wait at most; then the doors do.
const MOST: usize = 32 << 20;
/// Octets after which it is written at once.
const MUCH: usize = 4 << 20;
/// How long a door waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// Runs of places in one batch.
const RUNS: usize = 4_096;
/// Octets written in one unit of work, about.
const TOGETHER: usize = 1 << 20;

/// What is to be written.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    owed: Mutex<Owed>,
    owed_weight: AtomicUsize,
    unrecorded: AtomicU64,
    much: Notify,
    written: watch::Sender<()>,
}

/// What waits to be written, and since when the first of it was read.
#[derive(Debug, Default)]
struct Owed {
    batches: VecDeque<DeliveryBatch>,
    since: Option<Sequence>,
}

/// Writes what was delivered until stopped. What is being written then is written to the end: cut
/// short, it would be written twice.
pub(crate) async fn run(api: &Api, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let mut refused = false;
    loop {
        let much = async {
            match refused {
                true => std::future::pending().await,
                false => api.recorder().much.notified().await,
            }
        };
        tokio::select! {
            _much = tokio::time::timeout(RECORDING, much) => {}
            () = &mut stop => return,
        }
        refused = record(api).await.is_err();
    }
}

/// Writes what was delivered since the last time, and what was refused before.
///
/// # Errors
/// What the ledger said; what is not written is kept.
pub(crate) async fn record(api: &Api) -> Result<(), FlowError> {
    let recorder = api.recorder();
    let mut owed = recorder.owed.lock().await;
    let Owed { batches: owed, since } = &mut *owed;
    let (read, began) = api.reads().drain();
    *since = since.iter().copied().chain(began).min();
    let followed = api.hub().receipts().drain().into_iter().map(|receipt| (Door::Stream, receipt));
    owed.extend(
        read.into_iter().chain(followed).flat_map(|(door, receipt)| batches(door, receipt)),
    );
    recorder.owed_weight.store(owed.iter().map(weight).sum(), Ordering::Relaxed);
    while !owed.is_empty() {
        let part = together(owed);
        let (taken, written) = (part.len(), part.iter().map(weight).sum());
        match write(api, part, since.unwrap_or(Sequence(u64::MAX))).await {
            Ok(0) => {}
            Ok(refused) => drop(recorder.unrecorded.fetch_add(refused, Ordering::Relaxed)),
            Err(error) => {
                tracing::error!(%error, waiting = owed.len(), "deliveries wait to be recorded");
                return Err(error);
            }
        }
        owed.drain(..taken);
        recorder.owed_weight.fetch_sub(written, Ordering::Relaxed);
        recorder.written.send_replace(());
    }
    *since = None;
    Ok(())
}

/// Writes for the last time; what the ledger does not take now is lost with the process.
pub(crate) async fn finish(api: &Api) {
    if record(api).await.is_ok() {
        return;
    }
    let lost = api.recorder().owed.lock().await.batches.iter().map(DeliveryBatch::count).sum();
    api.recorder().unrecorded.fetch_add(lost, Ordering::Relaxed);
    tracing::error!(lost, "deliveries are not recorded: the ledger refused them to the end");
}

/// Waits until what a door delivers can be kept.
///
/// # Errors
/// That it cannot, for long, or that the node is stopping.
pub(crate) async fn room(api: &Api) -> Result<(), Problem> {
    let recorder = api.recorder();
    let waiting = recorder.waiting(api);
    if waiting >= MUCH {
        recorder.much.notify_one();
    }
    if waiting < MOST {
        return Ok(());
    }
    let mut written = recorder.written.subscribe();
    let roomy = async { while recorder.waiting(api) >= MOST && written.changed().await.is_ok() {} };
    let waited = tokio::select! {
        waited = tokio::time::timeout(PATIENCE, roomy) => waited.is_ok(),
        () = api.closed() => false,
    };
    let sentence = "the node cannot record what it delivers, and delivers no more; try again in a \
                    minute, and tell its operator";
    if waited { Ok(()) } else { Err(Problem::new(Kind::Unavailable, sentence)) }
}

impl Recorder {
    /// About how much memory waits, in octets.
    pub(crate) fn waiting(&self, api: &Api) -> usize {
        let owed = self.owed_weight.load(Ordering::Relaxed);
        owed + api.reads().weight() + api.hub().receipts().weight()
    }

    /// Deliveries that the ledger refused for good.
    pub(crate) fn unrecorded(&self) -> u64 {
        self.unrecorded.load(Ordering::Relaxed)
    }
}

fn batches(door: Door, receipt: Receipt) -> Vec<DeliveryBatch> {
    let Receipt { places, at, audience } = receipt;
    let batch = |releases| DeliveryBatch { releases, door, at, audience: audience.clone() };
    places.parts(RUNS).map(batch).collect()
}

fn weight(batch: &DeliveryBatch) -> usize {
    size_of_val(batch.releases.runs()) + batch.audience.size() + size_of::<DeliveryBatch>()
}

/// The first of them, as many as are written together.
fn together(owed: &VecDeque<DeliveryBatch>) -> Vec<DeliveryBatch> {
    let mut room = TOGETHER;
    let fits = |batch: &&DeliveryBatch| {
        let first = room == TOGETHER;
        let left = room.checked_sub(weight(batch));
        room = left.unwrap_or(0);
        first || left.is_some()
    };
    owed.iter().take_while(fits).cloned().collect()
}

async fn write(api: &Api, batches: Vec<DeliveryBatch>, since: Sequence) -> Result<u64, FlowError> {
    let house = Arc::clone(api.house());
    let writing = move || house.record_read(batches, since);
    tokio::task::spawn_blocking(writing).await.unwrap_or_else(|error| {
        Err(FlowError::Conflict(format!("the writing thread ended: {error}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use vedetta_flow::Sequence;
    use vedetta_model::{Actor, OrganisationNumber, Places};
    use vedetta_testkit::items::TestItem;
    use vedetta_testkit::{Disk, TestHouse};

    use crate::api::Settings;

    fn api() -> (Api, Arc<Disk>, Actor) {
        let small = TestHouse::small();
        small.bring("perugia", &[TestItem::indicator(1)]);
        let disk = Disk::under(small.store);
        let test = TestHouse::over(disk.clone());
        let room = test.administrator();
        (Api::new(Arc::new(test.house), Settings::default(), [7; 32]), disk, room)
    }

    fn follow(api: &Api, number: u32, places: Places) {
        let receipts = api.hub().receipts();
        receipts.note(&Arc::new(places), OrganisationNumber(number), api.house().now());
    }

    #[tokio::test]
    async fn what_the_ledger_cannot_take_is_kept_until_it_can() {
        let (api, disk, room) = api();
        let releases = api.house().releases(Sequence::START, 1).unwrap();
        let reader = api.house().reader_of(&room).unwrap();
        let release = releases.items[0].open(&reader).unwrap().stamp.seq.0;
        disk.fill();
        follow(&api, 1, Places::between(release, release));
        assert!(record(&api).await.is_err());
        follow(&api, 2, Places::between(release, release));
        assert!(record(&api).await.is_err());
        let before = api.house().bell().last();
        disk.clear();
        record(&api).await.unwrap();
        assert_eq!(api.recorder().waiting(&api), 0);
        assert_eq!(api.recorder().unrecorded(), 0);
        assert_eq!(api.house().bell().last().0, before.0 + 1);
        let read = api.house().item(&room, &TestItem::indicator(1).id()).unwrap();
        let had = api.house().deliveries(&room, &read).unwrap();
        assert_eq!(had.len(), 2, "{had:?}");
    }

    #[tokio::test]
    async fn doors_wait_while_too_much_waits_and_what_is_refused_is_counted() {
        let (api, disk, _) = api();
        disk.fill();
        // Of releases that the ledger does not have.
        let scattered: Places = (0..RUNS as u64).map(|n| 1_000_000 + 2 * n).collect();
        let mut number = 0;
        while api.recorder().waiting(&api) < MOST {
            number += 1;
            let more = Places::between(9_000_000, 9_000_000 + u64::from(number));
            let mut places = scattered.clone();
            places.absorb(&more);
            follow(&api, number, places);
        }
        let mut waiting = std::pin::pin!(room(&api));
        tokio::select! {
            biased;
            _ = waiting.as_mut() => panic!("there is no room left"),
            () = std::future::ready(()) => {}
        }
        disk.clear();
        let (told, waited) = tokio::join!(record(&api), waiting);
        assert!(told.is_ok() && waited.is_ok());
        assert!(api.recorder().unrecorded() > u64::from(number) * RUNS as u64);
        assert!(api.recorder().waiting(&api) < MUCH);
    }
}
