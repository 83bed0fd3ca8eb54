//! Where what was checked is written, while the next is checked: a commit that waits for the disk
//! leaves a processor idle. What has come meanwhile is written together.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::Notify;
use vedetta_federation::bookmark::Bookmark;
use vedetta_federation::envelope::What;
use vedetta_federation::exchange::Checked;
use vedetta_federation::frame::Batch;
use vedetta_federation::link::{CREDIT, Taken};
use vedetta_federation::shelf::{Arrival, Outcome, Shelf as _};
use vedetta_mesh::Nodes;
use vedetta_model::OrganisationId;

/// The desk of one link. What was given is written to the end before it is gone.
pub(crate) struct Desk {
    jobs: Option<SyncSender<Job>>,
    done: Receiver<Result<Taken, String>>,
    thread: Option<JoinHandle<()>>,
    /// How many are under way.
    under_way: usize,
    /// The bookmark with all that are under way.
    bookmark: Option<Bookmark>,
    /// Whether one of them may change who is believed.
    unsettled: bool,
}

/// A batch that was checked, with what is to be written of it.
type Job = (Checked, Arrival);

/// About so many envelopes are written in one unit of work: with more, what is live would wait.
const UNIT: usize = 1_000;

impl Desk {
    /// Opens it; `rung` whenever something was written.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn open(
        nodes: Arc<Nodes>,
        peer: OrganisationId,
        rung: Arc<Notify>,
    ) -> Result<Self, String> {
        // As many as can be under way: neither side ever waits for the other to fetch its own.
        let (jobs, waiting) = sync_channel::<Job>(CREDIT as usize);
        let (written, done) = sync_channel(2 * CREDIT as usize);
        let thread = std::thread::Builder::new().name("link desk".into());
        let thread = thread.spawn(move || {
            while let Some((checked, arrival)) = gather(&waiting) {
                let outcomes = nodes.take_in(&peer, arrival);
                let told: Vec<Result<Taken, String>> = match outcomes {
                    Ok(outcomes) => divide(checked, &outcomes).map(Ok).collect(),
                    Err(error) => vec![Err(format!("the ledger refused: {error}"))],
                };
                for taken in told {
                    let failed = taken.is_err();
                    // What comes after what was not written must not be.
                    if written.send(taken).is_err() || failed {
                        rung.notify_one();
                        return;
                    }
                }
                rung.notify_one();
            }
            rung.notify_one();
        });
        let thread = thread.map_err(|error| format!("no thread to write with: {error}"))?;
        let (jobs, thread) = (Some(jobs), Some(thread));
        Ok(Self { jobs, done, thread, under_way: 0, bookmark: None, unsettled: false })
    }

    /// The bookmark from which the next batch goes on, when it is not the durable one.
    pub(crate) const fn bookmark(&self) -> Option<&Bookmark> {
        self.bookmark.as_ref()
    }

    /// Whether the next batch can be checked as things stand: what is no item counts for those that
    /// come after, and for none before.
    pub(crate) fn takes(&self, batch: &Batch) -> bool {
        let items = || batch.envelopes.iter().all(|it| matches!(it.what, What::Item(_)));
        self.is_idle() || (!self.unsettled && items())
    }

    /// Whether nothing is under way.
    pub(crate) const fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// Has something written.
    ///
    /// # Errors
    /// When what was given before could not be.
    pub(crate) fn give(&mut self, checked: Checked, arrival: Arrival) -> Result<(), String> {
        self.bookmark = Some(checked.bookmark().clone());
        self.unsettled |= arrival.verified.iter().any(|it| !it.is_item());
        self.under_way += 1;
        let broke = || "the ledger refused what came before".to_owned();
        self.jobs.as_ref().ok_or_else(broke)?.send((checked, arrival)).map_err(|_| broke())
    }

    /// What became of the next that was given, once it is written.
    ///
    /// # Errors
    /// Why it was not.
    pub(crate) fn written(&mut self) -> Result<Option<Taken>, String> {
        let taken = match self.done.try_recv() {
            Ok(taken) => taken?,
            Err(TryRecvError::Empty) => return Ok(None),
            Err(TryRecvError::Disconnected) if self.under_way == 0 => return Ok(None),
            Err(TryRecvError::Disconnected) => return Err("the writing thread ended".into()),
        };
        self.under_way -= 1;
        if self.under_way == 0 {
            (self.bookmark, self.unsettled) = (None, false);
        }
        Ok(Some(taken))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported by the thread.
            let _reported = thread.join();
        }
    }
}

/// What waits, as one arrival; each batch with how many of its envelopes are in it.
fn gather(waiting: &Receiver<Job>) -> Option<(Vec<(Checked, usize)>, Arrival)> {
    let (checked, mut all) = waiting.recv().ok()?;
    let mut batches = vec![(checked, all.verified.len())];
    while all.verified.len() < UNIT
        && let Ok((checked, arrival)) = waiting.try_recv()
    {
        let Arrival { verified, refused, bookmark, waiting } = arrival;
        batches.push((checked, verified.len()));
        all.verified.extend(verified);
        all.refused.extend(refused);
        all.bookmark = bookmark;
        all.waiting = waiting.or(all.waiting);
    }
    Some((batches, all))
}

/// What became of each batch.
fn divide(
    batches: Vec<(Checked, usize)>,
    outcomes: &[Outcome],
) -> impl Iterator<Item = Taken> + '_ {
    let mut rest = outcomes;
    batches.into_iter().map(move |(checked, count)| {
        let (its, others) = rest.split_at(count.min(rest.len()));
        rest = others;
        checked.taken(its.to_vec())
    })
}
