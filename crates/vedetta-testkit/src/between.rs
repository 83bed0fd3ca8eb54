//! A ledger at which one can look between a commit and what the house makes of it.

use std::sync::{Arc, Mutex, PoisonError};

use vedetta_model::Instant;
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};

/// A ledger at which somebody looks after each commit, before the house knows of it.
pub struct Between {
    store: Arc<dyn Store>,
    look: Mutex<Option<Look>>,
}

type Look = Box<dyn FnMut() + Send>;

impl Between {
    /// Over a ledger; nobody looks yet.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, look: Mutex::new(None) })
    }

    /// Has somebody look from now on. To write there would wait for ever.
    pub fn look(&self, look: impl FnMut() + Send + 'static) {
        *self.look.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(look));
    }
}

impl Store for Between {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.write(now, work)?;
        if let Some(look) = &mut *self.look.lock().unwrap_or_else(PoisonError::into_inner) {
            look();
        }
        Ok(())
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.read(reading)
    }
}
