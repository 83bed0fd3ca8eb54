//! What a question costs grows with what it is about, and no faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vedetta_flow::Digest;
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryRow, Entry, ItemPage, ItemQuery, Job, Reader, Record,
    RecordKind, SecretKind, Sequence, Stamp, Store, StoreError, StoredClearance, StoredItem,
    UnitOfWork,
};

use super::*;

/// A ledger that counts the releases that its readings answer with.
struct Counted {
    store: Arc<dyn Store>,
    releases: AtomicUsize,
}

struct Counting<'a>(&'a mut dyn Reader, &'a AtomicUsize);

impl Store for Counted {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.write(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.read(&mut |reader| reading(&mut Counting(reader, &self.releases)))
    }
}

/// Verbs that are passed on as they are.
macro_rules! pass {
    ($($verb:ident($($name:ident: $kind:ty),*) -> $told:ty;)*) => {
        $(fn $verb(&mut self, $($name: $kind),*) -> Result<$told, StoreError> {
            self.0.$verb($($name),*)
        })*
    };
}

impl Reader for Counting<'_> {
    fn releases(&mut self, id: &ItemId) -> Result<Vec<StoredItem>, StoreError> {
        let releases = self.0.releases(id)?;
        self.1.fetch_add(releases.len(), Ordering::Relaxed);
        Ok(releases)
    }

    pass! {
        head() -> Option<(Stamp, Digest)>;
        entries(after: Sequence, limit: usize) -> Vec<Entry>;
        place_at(moment: Instant) -> Sequence;
        items(query: &ItemQuery<'_>) -> ItemPage;
        item(id: &ItemId) -> Vec<StoredItem>;
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

#[test]
fn what_is_left_of_an_item_with_many_versions_is_read_once_for_all_of_them() {
    let many = 50;
    let store = TestHouse::ledger();
    let counted = Arc::new(Counted { store, releases: AtomicUsize::new(0) });
    let test = TestHouse::over(Arc::clone(&counted) as _).with_small_network();
    hide(&test, "none");
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let item = TestItem::incident(6, "Ransomware").tlp("AMBER");
    let item = item.handled("victim_refs", json!([victim]));
    for n in 0..many {
        let version = item.clone().modified(&format!("2026-03-02T00:00:{n:02}.000Z"));
        assert_eq!(test.bring("cosc-umbria", &[version]).accepted.len(), 1);
    }
    assert_eq!(read_by(&test, "stranger").len(), many);
    let (bringer, room) = (test.person("cosc-umbria"), test.administrator());
    test.house.withdraw(&bringer, &item.id(), "a mistake").unwrap();
    let read = |ask: &dyn Fn()| {
        let before = counted.releases.load(Ordering::Relaxed);
        ask();
        counted.releases.load(Ordering::Relaxed) - before
    };
    let told = read(&|| assert!(test.house.tombstone(&bringer, &item.id()).unwrap().is_some()));
    let held = read(&|| drop(test.house.holders_of(&room, &item.id()).unwrap()));
    let (twice, thrice) = (many * 2, many * 3);
    assert!(told >= twice && told < thrice, "with its forms, {told} for {many} versions");
    assert!(held >= twice && held < thrice, "with its forms, {held} for {many} versions");
}
