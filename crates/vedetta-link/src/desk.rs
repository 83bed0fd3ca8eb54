//! Where what was checked is written, while the next is checked: a commit that waits for the disk
//! leaves a processor idle.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::Notify;
use vedetta_federation::bookmark::Bookmark;
use vedetta_federation::exchange::Checked;
use vedetta_federation::link::Taken;
use vedetta_federation::shelf::{Arrival, Shelf as _};
use vedetta_flow::House;
use vedetta_model::OrganisationId;

/// The desk of one link. What was given is written to the end before it is gone.
pub(crate) struct Desk {
    jobs: Option<SyncSender<(Checked, Arrival)>>,
    done: Receiver<Result<Taken, String>>,
    thread: Option<JoinHandle<()>>,
    /// How many are under way.
    under_way: usize,
    /// The bookmark with all that are under way.
    bookmark: Option<Bookmark>,
    /// Whether one of them may change who is believed.
    unsettled: bool,
}

impl Desk {
    /// Opens it; `rung` whenever something was written.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn open(
        house: Arc<House>,
        peer: OrganisationId,
        rung: Arc<Notify>,
    ) -> Result<Self, String> {
        let (jobs, waiting) = sync_channel::<(Checked, Arrival)>(1);
        let (written, done) = sync_channel(2);
        let thread = std::thread::Builder::new().name("link desk".into());
        let thread = thread.spawn(move || {
            for (checked, arrival) in waiting {
                let outcomes = house.take_in(&peer, arrival);
                let taken = outcomes.map(|outcomes| checked.taken(outcomes));
                let taken = taken.map_err(|error| format!("the ledger refused: {error}"));
                let failed = taken.is_err();
                // What comes after what was not written must not be.
                if written.send(taken).is_err() || failed {
                    break;
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

    /// Whether the next batch can be checked as things stand.
    pub(crate) const fn is_settled(&self) -> bool {
        !self.unsettled
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
