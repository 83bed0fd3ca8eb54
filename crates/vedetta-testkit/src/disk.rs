//! A ledger whose disk is full while one says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

/// A ledger on a disk that may be full.
pub struct Disk {
    store: Arc<dyn Store>,
    /// How many units of work it still takes.
    room: AtomicUsize,
}

impl Disk {
    /// With room, under a ledger.
    #[must_use]
    pub fn under(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, room: AtomicUsize::new(usize::MAX) })
    }

    /// Nothing can be written from now on.
    pub fn fill(&self) {
        self.fill_after(0);
    }

    /// So many units of work can be written from now on.
    pub fn fill_after(&self, units: usize) {
        self.room.store(units, Ordering::Relaxed);
    }

    /// There is room again.
    pub fn clear(&self) {
        self.room.store(usize::MAX, Ordering::Relaxed);
    }
}

impl Store for Disk {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let taken =
            self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| match room {
                usize::MAX => Some(room),
                room => room.checked_sub(1),
            });
        if taken.is_err() {
            return Err(StoreError::Full { place: "the test's disk".into() });
        }
        self.store.write(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.read(reading)
    }
}
