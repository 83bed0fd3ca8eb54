//! A ledger whose disk is full while one says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

/// A ledger on a disk that may be full.
pub struct Disk {
    store: Arc<dyn Store>,
    full: AtomicBool,
}

impl Disk {
    /// With room, under a ledger.
    #[must_use]
    pub fn under(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, full: AtomicBool::new(false) })
    }

    /// Nothing can be written from now on.
    pub fn fill(&self) {
        self.full.store(true, Ordering::Relaxed);
    }

    /// There is room again.
    pub fn clear(&self) {
        self.full.store(false, Ordering::Relaxed);
    }
}

impl Store for Disk {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.full.load(Ordering::Relaxed) {
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
