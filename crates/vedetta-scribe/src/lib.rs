//! The one who writes: many small submissions, one durable unit of work.
//!
//! A commit with a full sync costs milliseconds whatever it holds, so the scribe takes all that
//! wait, writes them together, and answers each. When one of them is refused, the others are
//! written again without it. Beside it hangs the [`Bell`] that tells who reads that there is more.

mod bell;
mod writing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use vedetta_model::Clock;
use vedetta_store::{Store, StoreError, UnitOfWork};

pub use bell::Bell;
pub use writing::{Writes, Writing};

/// Submissions that may wait before callers are held back.
const WAITING: usize = 1024;
/// Submissions written together at most.
const TOGETHER: usize = 256;

/// The writing thread. Dropping it finishes what waits.
pub struct Scribe {
    /// How writing goes.
    pub writing: Writing,
    clock: Arc<dyn Clock>,
    desk: Option<SyncSender<Submission>>,
    thread: Option<JoinHandle<()>>,
}

/// Told around every commit, before anyone is answered.
pub trait AfterCommit: Send + Sync {
    /// Whether all that was written before is in effect, so that more may be decided upon it.
    ///
    /// # Errors
    /// Why it is not.
    fn ready(&self) -> Result<(), StoreError>;
    /// The unit of work is durable; puts it into effect.
    ///
    /// # Errors
    /// Why it could not be.
    fn committed(&self) -> Result<(), StoreError>;
}

type Work = Box<dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send>;

/// One submission. `work` may run more than once; only its last run is kept.
struct Submission {
    work: Work,
    answer: SyncSender<Result<(), StoreError>>,
}

impl Scribe {
    /// Starts the thread.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        after: Arc<dyn AfterCommit>,
    ) -> std::io::Result<Self> {
        let (desk, waiting) = sync_channel(WAITING);
        let theirs = Arc::clone(&clock);
        let thread = std::thread::Builder::new()
            .name("scribe".into())
            .spawn(move || write_all(&waiting, &*store, &*theirs, &*after))?;
        let writing = Writing::default();
        Ok(Self { writing, clock, desk: Some(desk), thread: Some(thread) })
    }

    /// Writes, and returns when it is durable. `work` may run more than once and must give the
    /// same answer from the same state; only its last run is kept.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn UnitOfWork) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::new(Mutex::new(None));
        let inner = Arc::clone(&slot);
        let work = Box::new(move |unit: &mut dyn UnitOfWork| {
            let value = work(unit)?;
            *inner.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        });
        let begun = self.writing.begins(self.clock.now());
        let outcome = self.submit(work);
        self.writing.ends(begun, &outcome);
        outcome?;
        slot.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(closing)
    }

    fn submit(&self, work: Work) -> Result<(), StoreError> {
        let (answer, answered) = sync_channel(1);
        let desk = self.desk.as_ref().ok_or_else(closing)?;
        desk.send(Submission { work, answer }).map_err(|_| closing())?;
        answered.recv().map_err(|_| closing())?
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        self.desk = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported by the thread.
            let _reported = thread.join();
        }
    }
}

fn closing() -> StoreError {
    StoreError::Refused("the node is closing".into())
}

fn write_all(
    waiting: &Receiver<Submission>,
    store: &dyn Store,
    clock: &dyn Clock,
    after: &dyn AfterCommit,
) {
    while let Ok(first) = waiting.recv() {
        let mut together = vec![first];
        together.extend(waiting.try_iter().take(TOGETHER - 1));
        let outcome = after.ready().and_then(|()| write_together(store, clock, &mut together));
        let seen = after.committed();
        match (outcome, together.len()) {
            (Ok(()), _) => {
                together.into_iter().for_each(|submission| submission.answer(in_effect(&seen)));
            }
            (error, 1) => {
                if let Some(submission) = together.pop() {
                    submission.answer(error);
                }
            }
            _ => {
                for mut submission in together {
                    let alone = std::slice::from_mut(&mut submission);
                    let alone = after.ready().and_then(|()| write_together(store, clock, alone));
                    let seen = after.committed();
                    submission.answer(alone.and_then(|()| in_effect(&seen)));
                }
            }
        }
    }
}

fn write_together(
    store: &dyn Store,
    clock: &dyn Clock,
    together: &mut [Submission],
) -> Result<(), StoreError> {
    believed(clock)?;
    let mut work =
        |unit: &mut dyn UnitOfWork| together.iter_mut().try_for_each(|it| (it.work)(unit));
    // The ledger rolls back what breaks off, and works keep no state between their runs.
    let written = catch_unwind(AssertUnwindSafe(|| store.write(clock.now(), &mut work)));
    written.unwrap_or_else(|_reported| {
        let reason = "the writing broke off by a fault of the program, told in the log";
        Err(StoreError::Refused(reason.into()))
    })
}

/// Refuses to write by a clock that is not to be believed.
///
/// # Errors
/// Why it is not.
pub fn believed(clock: &dyn Clock) -> Result<(), StoreError> {
    match clock.doubt() {
        None => Ok(()),
        Some(reason) => Err(StoreError::Engine { place: "the system clock".into(), reason }),
    }
}

/// What to answer about what is durable.
fn in_effect(seen: &Result<(), StoreError>) -> Result<(), StoreError> {
    seen.as_ref().copied().map_err(not_in_effect)
}

impl Submission {
    fn answer(self, outcome: Result<(), StoreError>) {
        // Whoever asked may have gone away; what is written stays written.
        let _gone = self.answer.send(outcome);
    }
}

/// What to answer while what is durable does not stand yet.
#[must_use]
pub fn not_in_effect(error: impl std::fmt::Display) -> StoreError {
    let reason =
        format!("it is written, but not yet in effect, since it does not read back: {error}");
    StoreError::Engine { place: "ledger".into(), reason }
}
