//! A ledger at which one can look between a commit and what the house makes of it, or act between what
//! it reads and what it writes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

/// A ledger at which somebody looks after each commit, before the house knows of it, or acts before
/// the house reads or writes.
pub struct Between {
    store: Arc<dyn Store>,
    look: Mutex<Option<Look>>,
    before_reading: Mutex<VecDeque<Act>>,
    before_writing: Mutex<VecDeque<Work>>,
    readings: AtomicUsize,
}

type Look = Box<dyn FnMut() + Send>;
type Act = Box<dyn FnOnce() + Send>;
type Work = Box<dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send>;

impl Between {
    /// Over a ledger; nobody looks yet.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            store,
            look: Mutex::default(),
            before_reading: Mutex::default(),
            before_writing: Mutex::default(),
            readings: AtomicUsize::new(0),
        })
    }

    /// Has somebody look from now on. To write there would wait for ever.
    pub fn look(&self, look: impl FnMut() + Send + 'static) {
        *lock(&self.look) = Some(Box::new(look));
    }

    /// Has somebody act once, before the next reading; after others who act before one.
    pub fn before_reading(&self, act: impl FnOnce() + Send + 'static) {
        lock(&self.before_reading).push_back(Box::new(act));
    }

    /// Has something written once, before the next unit of work, of which the house does not know.
    pub fn before_writing(
        &self,
        work: impl FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send + 'static,
    ) {
        lock(&self.before_writing).push_back(Box::new(work));
    }

    /// How often it was read.
    #[must_use]
    pub fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Between {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let before = lock(&self.before_writing).pop_front();
        if let Some(mut before) = before {
            self.store.write(now, &mut *before)?;
        }
        self.store.write(now, work)?;
        if let Some(look) = &mut *lock(&self.look) {
            look();
        }
        Ok(())
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        let act = lock(&self.before_reading).pop_front();
        if let Some(act) = act {
            act();
        }
        self.store.read(reading)
    }
}
