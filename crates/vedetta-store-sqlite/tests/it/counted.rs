//! What proving a ledger reads.

use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::conformance::scene::{self, Scene, Version};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryRow, Digest, Entry, ItemPage, ItemQuery, Job, Reader,
    Record, RecordKind, SecretKind, Sequence, Stamp, StoreError, StoredClearance, StoredItem,
    Verification, verify,
};

use crate::Directory;

/// A reader that counts the items that it answers with.
struct Counted<'a> {
    reader: &'a mut dyn Reader,
    items: usize,
}

/// Verbs that are passed on as they are.
macro_rules! pass {
    ($($verb:ident($($name:ident: $kind:ty),*) -> $told:ty;)*) => {
        $(fn $verb(&mut self, $($name: $kind),*) -> Result<$told, StoreError> {
            self.reader.$verb($($name),*)
        })*
    };
}

impl Reader for Counted<'_> {
    fn items(&mut self, query: &ItemQuery<'_>) -> Result<ItemPage, StoreError> {
        let page = self.reader.items(query)?;
        self.items += page.items.len();
        Ok(page)
    }

    fn releases(&mut self, id: &ItemId) -> Result<Vec<StoredItem>, StoreError> {
        let releases = self.reader.releases(id)?;
        self.items += releases.len();
        Ok(releases)
    }

    pass! {
        head() -> Option<(Stamp, Digest)>;
        entries(after: Sequence, limit: usize) -> Vec<Entry>;
        place_at(moment: Instant) -> Sequence;
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
fn an_item_with_many_versions_is_read_as_often_as_others() {
    let many = 12_000;
    let read = read_of(many, |_| {});
    assert!(read < 6 * 12_000, "{read} for {many} versions");
}

#[test]
fn an_item_with_many_versions_that_was_withdrawn_is_read_as_often_as_others() {
    let many = 3_000;
    let read = read_of(many, |scene| {
        let version = Version::of(1, scene.clearance(&[1]));
        scene.write(|unit| {
            let producer = OrganisationNumber(version.producer);
            unit.withdraw(&version.id, producer, "tester", "{}")
        });
    });
    assert!(read < 6 * 3_000, "{read} for {many} versions");
}

/// How many items are read to prove so many versions of one, of which then something becomes.
fn read_of(many: i64, then: impl Fn(&Scene)) -> usize {
    let scene = Scene::new(Box::new(Directory::new()));
    let clearance = scene.clearance(&[1]);
    for from in (0..many).step_by(1_000) {
        scene.write(|unit| {
            for version in from..from + 1_000_i64 {
                scene::place(unit, &Version::of(1, clearance).version(version + 1))?;
            }
            Ok(())
        });
    }
    then(&scene);
    scene.read(|reader| {
        let mut counted = Counted { reader, items: 0 };
        assert!(matches!(verify(&mut counted)?, Verification::Sound { .. }));
        Ok(counted.items)
    })
}
