//! A ledger that says how much of it was read, and that can be shut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryRow, Digest, Entry, ItemPage, ItemQuery, Job, Reader,
    Record, RecordKind, SecretKind, Sequence, Stamp, Store, StoreError, StoredClearance,
    StoredItem, UnitOfWork,
};

/// A ledger whose readings are watched.
pub struct Watched {
    ledger: Arc<dyn Store>,
    /// Whether nothing can be read.
    pub shut: AtomicBool,
    /// What its readings were answered with.
    pub told: Told,
}

/// How many of what readings were answered with.
#[derive(Default, Debug)]
pub struct Told {
    /// Releases in pages.
    pub items: AtomicUsize,
    /// Releases of one item, without bodies.
    pub releases: AtomicUsize,
}

/// A reader whose answers are counted.
pub struct Counting<'a> {
    reader: &'a mut dyn Reader,
    told: &'a Told,
}

impl Watched {
    /// The ledger, watched from now on.
    #[must_use]
    pub fn new(ledger: Arc<dyn Store>) -> Self {
        Self { ledger, shut: AtomicBool::new(false), told: Told::default() }
    }
}

impl Told {
    /// Releases in all answers.
    #[must_use]
    pub fn all(&self) -> usize {
        self.items.load(Ordering::SeqCst) + self.releases.load(Ordering::SeqCst)
    }
}

impl<'a> Counting<'a> {
    /// The reader, whose answers are counted.
    #[must_use]
    pub fn new(reader: &'a mut dyn Reader, told: &'a Told) -> Self {
        Self { reader, told }
    }
}

impl Store for Watched {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ledger.write(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.shut.load(Ordering::SeqCst) {
            let (place, reason) = ("ledger".into(), "shut".into());
            return Err(StoreError::Unreachable { place, reason });
        }
        self.ledger.read(&mut |reader| reading(&mut Counting::new(reader, &self.told)))
    }
}

/// Verbs that are passed on as they are.
macro_rules! pass {
    ($($verb:ident($($name:ident: $kind:ty),*) -> $told:ty;)*) => {
        $(fn $verb(&mut self, $($name: $kind),*) -> Result<$told, StoreError> {
            self.reader.$verb($($name),*)
        })*
    };
}

impl Reader for Counting<'_> {
    fn items(&mut self, query: &ItemQuery<'_>) -> Result<ItemPage, StoreError> {
        let page = self.reader.items(query)?;
        self.told.items.fetch_add(page.items.len(), Ordering::SeqCst);
        Ok(page)
    }

    fn releases(&mut self, id: &ItemId) -> Result<Vec<StoredItem>, StoreError> {
        let releases = self.reader.releases(id)?;
        self.told.releases.fetch_add(releases.len(), Ordering::SeqCst);
        Ok(releases)
    }

    pass! {
        head() -> Option<(Stamp, Digest)>;
        entries(after: Sequence, limit: usize) -> Vec<Entry>;
        place_at(moment: Instant) -> Sequence;
        releases_from(origin: Sequence) -> Vec<StoredItem>;
        releases_per_clearance() -> Vec<(ClearanceId, u64)>;
        records(kind: RecordKind) -> Vec<Record>;
        records_after(kind: RecordKind, after: &str, limit: usize) -> Vec<Record>;
        record(kind: RecordKind, id: &str) -> Option<Record>;
        numbers() -> Vec<(OrganisationId, OrganisationNumber)>;
        clearances(after: Option<ClearanceId>) -> Vec<StoredClearance>;
        secret(kind: SecretKind, id: &str) -> Option<Vec<u8>>;
        cursor(name: &str) -> Sequence;
        bookmark(name: &str) -> Option<Vec<u8>>;
        deliveries(release: Sequence) -> Vec<DeliveryRow>;
        deliveries_after(recorded: Sequence, limit: usize) -> Vec<DeliveryRow>;
        acknowledgements_after(recorded: Sequence, limit: usize) -> Vec<(Stamp, Acknowledgement)>;
        acknowledgements(release: Sequence) -> Vec<Acknowledgement>;
        waiting_jobs(step: &str, most: usize) -> usize;
        dead_jobs(limit: usize) -> Vec<Job>;
    }
}
