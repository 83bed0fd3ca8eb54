//! The verbs of every backend.

use std::time::Duration;

use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};

use crate::chain::Digest;
use crate::delivery::{Acknowledgement, DeliveryBatch, DeliveryRow};
use crate::entry::{Draft, Entry, Sequence, Stamp};
use crate::error::StoreError;
use crate::item::{
    ClearanceId, ItemDraft, ItemPage, ItemQuery, NewClearance, Placement, StoredClearance,
    StoredItem,
};
use crate::job::{Job, JobId, Lease, NewJob};
use crate::record::{Record, RecordKind, SecretKind};

/// A ledger on some engine. Calls block: never make them on an asynchronous thread.
pub trait Store: Send + Sync + 'static {
    /// Runs a unit of work and makes it durable, or keeps nothing of it. `now` is the earliest
    /// moment its entries may carry. Calls wait for each other: never call it from within a work.
    ///
    /// # Errors
    /// Whatever the work returned, or what the engine said when committing.
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Runs a reading over one consistent snapshot. Never call it from within a reading.
    ///
    /// # Errors
    /// Whatever the reading returned, or what the engine said.
    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;
}

/// What can be read. All answers are of one snapshot.
pub trait Reader {
    /// The last entry's stamp and link; `None` when the ledger is empty.
    fn head(&mut self) -> Result<Option<(Stamp, Digest)>, StoreError>;
    /// Entries after a place, in order, at most `limit`; fewer when bodies are big, none only at
    /// the end.
    fn entries(&mut self, after: Sequence, limit: usize) -> Result<Vec<Entry>, StoreError>;
    /// The last place at or before a moment.
    fn place_at(&mut self, moment: Instant) -> Result<Sequence, StoreError>;
    /// A page of items.
    fn items(&mut self, query: &ItemQuery<'_>) -> Result<ItemPage, StoreError>;
    /// All releases of all versions of an item, withdrawn and revoked ones included (for the house),
    /// without their bodies, which are left empty: of an item with many versions they are more than
    /// what asks for them wants to hold.
    fn releases(&mut self, id: &ItemId) -> Result<Vec<StoredItem>, StoreError>;
    /// The releases of one version, the first of which is at a place, in order and without the body;
    /// none when no first release is there. Others of the same item cost nothing.
    fn releases_from(&mut self, origin: Sequence) -> Result<Vec<StoredItem>, StoreError>;
    /// How many releases each clearance has (for counts and for choosing how to scan), those that
    /// are no longer served not counted, by clearance; without those that have none.
    fn releases_per_clearance(&mut self) -> Result<Vec<(ClearanceId, u64)>, StoreError>;
    /// All records of a kind, by identifier.
    fn records(&mut self, kind: RecordKind) -> Result<Vec<Record>, StoreError>;
    /// Records of a kind whose identifier comes after one, in the order of their octets, at most
    /// `limit`.
    fn records_after(
        &mut self,
        kind: RecordKind,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError>;
    /// One record.
    fn record(&mut self, kind: RecordKind, id: &str) -> Result<Option<Record>, StoreError>;
    /// The numbers of all organisations ever known, by number.
    fn numbers(&mut self) -> Result<Vec<(OrganisationId, OrganisationNumber)>, StoreError>;
    /// All clearances after a number, by number.
    fn clearances(
        &mut self,
        after: Option<ClearanceId>,
    ) -> Result<Vec<StoredClearance>, StoreError>;
    /// A secret.
    fn secret(&mut self, kind: SecretKind, id: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// The durable cursor of a reader; [`Sequence::START`] when it has none.
    fn cursor(&mut self, name: &str) -> Result<Sequence, StoreError>;
    /// What is kept beside the ledger under a name, e.g. how far another node's ledger was taken in.
    fn bookmark(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Deliveries of a release, in order of recording: each with all the releases it is of.
    fn deliveries(&mut self, release: Sequence) -> Result<Vec<DeliveryRow>, StoreError>;
    /// Deliveries recorded after a place of the ledger, in order, at most `limit` rows, whole
    /// entries only (so it may return a few more).
    fn deliveries_after(
        &mut self,
        recorded: Sequence,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, StoreError>;
    /// Acknowledgements recorded after a place of the ledger, in order, at most `limit`.
    fn acknowledgements_after(
        &mut self,
        recorded: Sequence,
        limit: usize,
    ) -> Result<Vec<(Stamp, Acknowledgement)>, StoreError>;
    /// Acknowledgements of a release, in order of recording.
    fn acknowledgements(&mut self, release: Sequence) -> Result<Vec<Acknowledgement>, StoreError>;
    /// How many jobs of a step wait or are leased, counted up to `most`.
    fn waiting_jobs(&mut self, step: &str, most: usize) -> Result<usize, StoreError>;
    /// Jobs that were given up, oldest first, at most `limit`.
    fn dead_jobs(&mut self, limit: usize) -> Result<Vec<Job>, StoreError>;
}

/// What can be written, all of it or nothing. A unit of work reads its own writes. A verb that
/// answers [`StoreError::Refused`] did nothing, and the unit may go on; after any other error the
/// unit is lost, even if it returns `Ok`.
pub trait UnitOfWork: Reader {
    /// Appends an entry of kind `Deed`; the other kinds are refused, their verbs write them.
    fn append(&mut self, draft: &Draft<'_>) -> Result<Stamp, StoreError>;
    /// Places item versions, in order, each with its entry of kind `Item`. Idempotent by
    /// (id, producer, version); where the identifier follows from a value, by (id, producer): then each
    /// is a version of its own, that of the moment when it was placed. A version older than its
    /// producer's newest is placed and never served as the last; one older than its producer's
    /// revocation, or of what was withdrawn, is placed and never served; of the latter that is told.
    /// Refused when a clearance is unknown.
    fn place_items(&mut self, drafts: &[ItemDraft<'_>]) -> Result<Vec<Placement>, StoreError>;
    /// Clears item versions accepted before to more organisations: a release and an entry of kind
    /// `Rerelease` each, in order. Idempotent by (origin, clearance), the first release included:
    /// answers the stamp of the release that is there. Refused when an origin is no first release
    /// or a clearance is unknown.
    fn rerelease(
        &mut self,
        releases: &[(Sequence, ClearanceId)],
        actor: &str,
    ) -> Result<Vec<Stamp>, StoreError>;
    /// Withdraws what a producer brought of an item: its releases cease to be served. `None` when it
    /// is unknown or already withdrawn.
    fn withdraw(
        &mut self,
        id: &ItemId,
        producer: OrganisationNumber,
        actor: &str,
        facts: &str,
    ) -> Result<Option<Stamp>, StoreError>;
    /// Sets aside item versions that gave way to another: their releases cease to be served, and
    /// they stand in the way of no other version. An entry of kind `SetAside` each, in order; none for
    /// one that was set aside before. Refused when an origin is no first release, or what its producer
    /// brought of the item is withdrawn.
    fn set_aside(
        &mut self,
        origins: &[Sequence],
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError>;
    /// Interns a clearance, with an entry of kind `Clearance` when it is new. The first grounds
    /// stay.
    fn intern(&mut self, clearance: &NewClearance<'_>) -> Result<ClearanceId, StoreError>;
    /// Puts a record, with an entry of kind `Put`.
    fn put_record(
        &mut self,
        kind: RecordKind,
        id: &str,
        body: &[u8],
        actor: &str,
    ) -> Result<Stamp, StoreError>;
    /// Removes a record, with an entry of kind `Removed`. `None` when there was none.
    fn remove_record(
        &mut self,
        kind: RecordKind,
        id: &str,
        actor: &str,
    ) -> Result<Option<Stamp>, StoreError>;
    /// The permanent number of an organisation, given now if it had none (the next after the
    /// highest, from 1), with an entry of kind `Numbered`.
    fn number(&mut self, id: &OrganisationId) -> Result<OrganisationNumber, StoreError>;
    /// Puts a secret.
    fn put_secret(&mut self, kind: SecretKind, id: &str, secret: &[u8]) -> Result<(), StoreError>;
    /// Erases a secret.
    fn erase_secret(&mut self, kind: SecretKind, id: &str) -> Result<(), StoreError>;
    /// Moves the durable cursor of a reader.
    fn set_cursor(&mut self, name: &str, place: Sequence) -> Result<(), StoreError>;
    /// Keeps bytes beside the ledger under a name, in the place of those that were there.
    fn set_bookmark(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// Records deliveries: one entry of kind `Delivered` for all of them that reached anyone with
    /// anything; `None` when none did. Refused when a release is unknown.
    fn deliver(&mut self, batches: &[DeliveryBatch]) -> Result<Option<Stamp>, StoreError>;
    /// Records an acknowledgement, with its entry. `None` when that organisation had acknowledged.
    /// Refused when the release is unknown.
    fn acknowledge(&mut self, ack: &Acknowledgement) -> Result<Option<Stamp>, StoreError>;
    /// Enqueues a job.
    fn enqueue(&mut self, job: &NewJob<'_>) -> Result<(), StoreError>;
    /// Leases jobs of a step that are due and not leased (or whose lease ended), oldest due first.
    fn lease(
        &mut self,
        step: &str,
        now: Instant,
        term: Duration,
        limit: usize,
    ) -> Result<Vec<Lease>, StoreError>;
    /// Ends a job that was done. Refused when the lease is no longer the latest, or was given back.
    fn finish(&mut self, lease: &Lease) -> Result<(), StoreError>;
    /// Gives a job back after a failure: due again at `Some(moment)`, or dead with `None`. Refused
    /// as [`UnitOfWork::finish`] is.
    fn give_back(
        &mut self,
        lease: &Lease,
        error: &str,
        again: Option<Instant>,
        now: Instant,
    ) -> Result<(), StoreError>;
    /// Drops all jobs of a step: those that wait, are leased or were given up.
    fn drop_jobs(&mut self, step: &str) -> Result<(), StoreError>;
    /// Takes a dead job up again, its attempts counted on. Refused when it is not dead.
    fn requeue(&mut self, id: JobId, due: Instant) -> Result<(), StoreError>;
    /// Takes a dead job off the list for good. Refused when it is not dead.
    fn discard(&mut self, id: JobId) -> Result<(), StoreError>;
}

/// What a walk along the whole chain found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verification {
    /// Every link holds.
    Sound {
        /// How many entries.
        entries: u64,
        /// The last link.
        head: Digest,
    },
    /// The first entry that does not hold.
    Broken {
        /// Its place.
        seq: Sequence,
        /// What is wrong with it.
        reason: String,
    },
}
