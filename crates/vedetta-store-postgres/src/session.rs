//! One connection and what a unit of work holds beside it. Each verb is in the file of its noun.

use std::collections::BTreeMap;
use std::time::Duration;

use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryBatch, DeliveryRow, Digest, Draft, Entry, ItemDraft,
    ItemPage, ItemQuery, Job, JobId, Lease, NewClearance, NewJob, Placement, Reader, Record,
    RecordKind, SecretKind, Sequence, Stamp, StoreError, StoredClearance, StoredItem, UnitOfWork,
};

use crate::copy::CopyBuffer;
use crate::engine::Engine;
use crate::entries::Pen;
use crate::fault::{Fault, Told};
use crate::{clearances, deliveries, entries, items, jobs, placing, records};

/// A connection in use: a reader, or the writer within its unit of work.
pub(crate) struct Session {
    pub(crate) engine: Engine,
    pub(crate) place: String,
    pub(crate) unit: Unit,
}

/// What the unit of work knows; nothing for a reader.
pub(crate) struct Unit {
    /// The earliest moment of its entries.
    pub(crate) now: Instant,
    /// The right to append, from the first write on.
    pub(crate) pen: Option<Pen>,
    /// Entries not sent yet.
    pub(crate) entries: CopyBuffer,
    /// Releases not sent yet.
    pub(crate) items: CopyBuffer,
    /// Changes of the releases served, by clearance, not written yet.
    pub(crate) served: BTreeMap<ClearanceId, i64>,
    /// The highest clearance, once it was asked for.
    pub(crate) clearances: Option<u32>,
    /// The error after which nothing of it may be kept.
    lost: Option<String>,
}

impl Session {
    /// Over a connection.
    pub(crate) fn new(engine: Engine, place: &str) -> Self {
        Self { engine, place: place.to_owned(), unit: Unit::new(Instant::default()) }
    }

    /// The connection, after sending what waits: a unit of work reads its own writes.
    pub(crate) fn sql(&mut self) -> Told<&mut Engine> {
        self.engine.copy(entries::COPY, &mut self.unit.entries)?;
        self.engine.copy(items::COPY, &mut self.unit.items)?;
        Ok(&mut self.engine)
    }

    /// The connection, to write with: from now on until the commit nobody else writes.
    pub(crate) fn writing(&mut self) -> Told<&mut Engine> {
        entries::pen(self)?;
        self.sql()
    }

    /// Writes what the unit of work still holds: the last step before the commit.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        if let Some(reason) = self.unit.lost.take() {
            return Err(StoreError::Engine { place: self.place.clone(), reason });
        }
        self.ask(|me| {
            clearances::write_served(me)?;
            entries::move_head(me)
        })
    }

    /// Asks a verb, and puts its error in the words of the store.
    pub(crate) fn ask<T>(
        &mut self,
        verb: impl FnOnce(&mut Self) -> Told<T>,
    ) -> Result<T, StoreError> {
        verb(self).map_err(|fault| {
            let refused = matches!(fault, Fault::Refused(_));
            let error = fault.at(&self.place);
            if !refused {
                self.unit.lost = Some(error.to_string());
            }
            error
        })
    }
}

impl Unit {
    /// Begins.
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            now,
            pen: None,
            entries: CopyBuffer::new(entries::COLUMNS),
            items: CopyBuffer::new(items::COLUMNS),
            served: BTreeMap::new(),
            clearances: None,
            lost: None,
        }
    }
}

impl Reader for Session {
    fn head(&mut self) -> Result<Option<(Stamp, Digest)>, StoreError> {
        self.ask(entries::head)
    }

    fn entries(&mut self, after: Sequence, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.ask(|me| entries::after(me, after, limit))
    }

    fn place_at(&mut self, moment: Instant) -> Result<Sequence, StoreError> {
        self.ask(|me| entries::place_at(me, moment))
    }

    fn items(&mut self, query: &ItemQuery<'_>) -> Result<ItemPage, StoreError> {
        self.ask(|me| items::page(me, query))
    }

    fn releases(&mut self, id: &ItemId) -> Result<Vec<StoredItem>, StoreError> {
        self.ask(|me| items::releases(me, id))
    }

    fn releases_from(&mut self, origin: Sequence) -> Result<Vec<StoredItem>, StoreError> {
        self.ask(|me| items::releases_from(me, origin))
    }

    fn releases_per_clearance(&mut self) -> Result<Vec<(ClearanceId, u64)>, StoreError> {
        self.ask(clearances::served)
    }

    fn records(&mut self, kind: RecordKind) -> Result<Vec<Record>, StoreError> {
        self.ask(|me| records::all(me, kind))
    }

    fn records_after(
        &mut self,
        kind: RecordKind,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.ask(|me| records::after(me, kind, after, limit))
    }

    fn record(&mut self, kind: RecordKind, id: &str) -> Result<Option<Record>, StoreError> {
        self.ask(|me| records::one(me, kind, id))
    }

    fn numbers(&mut self) -> Result<Vec<(OrganisationId, OrganisationNumber)>, StoreError> {
        self.ask(records::numbers)
    }

    fn clearances(
        &mut self,
        after: Option<ClearanceId>,
    ) -> Result<Vec<StoredClearance>, StoreError> {
        self.ask(|me| clearances::after(me, after))
    }

    fn secret(&mut self, kind: SecretKind, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|me| records::secret(me, kind, id))
    }

    fn cursor(&mut self, name: &str) -> Result<Sequence, StoreError> {
        self.ask(|me| records::cursor(me, name))
    }

    fn bookmark(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|me| records::bookmark(me, name))
    }

    fn deliveries(&mut self, release: Sequence) -> Result<Vec<DeliveryRow>, StoreError> {
        self.ask(|me| deliveries::of(me, release))
    }

    fn deliveries_after(
        &mut self,
        recorded: Sequence,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.ask(|me| deliveries::after(me, recorded, limit))
    }

    fn acknowledgements_after(
        &mut self,
        recorded: Sequence,
        limit: usize,
    ) -> Result<Vec<(Stamp, Acknowledgement)>, StoreError> {
        self.ask(|me| deliveries::acknowledgements_after(me, recorded, limit))
    }

    fn acknowledgements(&mut self, release: Sequence) -> Result<Vec<Acknowledgement>, StoreError> {
        self.ask(|me| deliveries::acknowledgements(me, release))
    }

    fn waiting_jobs(&mut self, step: &str, most: usize) -> Result<usize, StoreError> {
        self.ask(|me| jobs::waiting(me, step, most))
    }

    fn dead_jobs(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        self.ask(|me| jobs::dead(me, limit))
    }
}

impl UnitOfWork for Session {
    fn append(&mut self, draft: &Draft<'_>) -> Result<Stamp, StoreError> {
        self.ask(|me| entries::append_deed(me, draft))
    }

    fn place_items(&mut self, drafts: &[ItemDraft<'_>]) -> Result<Vec<Placement>, StoreError> {
        self.ask(|me| placing::place(me, drafts))
    }

    fn rerelease(
        &mut self,
        releases: &[(Sequence, ClearanceId)],
        actor: &str,
    ) -> Result<Vec<Stamp>, StoreError> {
        self.ask(|me| placing::rerelease(me, releases, actor))
    }

    fn withdraw(
        &mut self,
        id: &ItemId,
        producer: OrganisationNumber,
        actor: &str,
        facts: &str,
    ) -> Result<Option<Stamp>, StoreError> {
        self.ask(|me| placing::withdraw(me, (id, producer), actor, facts))
    }

    fn set_aside(
        &mut self,
        origins: &[Sequence],
        actor: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.ask(|me| placing::set_aside(me, origins, actor, reason))
    }

    fn intern(&mut self, clearance: &NewClearance<'_>) -> Result<ClearanceId, StoreError> {
        self.ask(|me| clearances::intern(me, clearance))
    }

    fn put_record(
        &mut self,
        kind: RecordKind,
        id: &str,
        body: &[u8],
        actor: &str,
    ) -> Result<Stamp, StoreError> {
        self.ask(|me| records::put(me, kind, id, body, actor))
    }

    fn remove_record(
        &mut self,
        kind: RecordKind,
        id: &str,
        actor: &str,
    ) -> Result<Option<Stamp>, StoreError> {
        self.ask(|me| records::remove(me, kind, id, actor))
    }

    fn number(&mut self, id: &OrganisationId) -> Result<OrganisationNumber, StoreError> {
        self.ask(|me| records::number(me, id))
    }

    fn put_secret(&mut self, kind: SecretKind, id: &str, secret: &[u8]) -> Result<(), StoreError> {
        self.ask(|me| records::put_secret(me, kind, id, secret))
    }

    fn erase_secret(&mut self, kind: SecretKind, id: &str) -> Result<(), StoreError> {
        self.ask(|me| records::erase_secret(me, kind, id))
    }

    fn set_cursor(&mut self, name: &str, place: Sequence) -> Result<(), StoreError> {
        self.ask(|me| records::set_cursor(me, name, place))
    }

    fn set_bookmark(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.ask(|me| records::set_bookmark(me, name, bytes))
    }

    fn deliver(&mut self, batches: &[DeliveryBatch]) -> Result<Option<Stamp>, StoreError> {
        self.ask(|me| deliveries::deliver(me, batches))
    }

    fn acknowledge(&mut self, ack: &Acknowledgement) -> Result<Option<Stamp>, StoreError> {
        self.ask(|me| deliveries::acknowledge(me, ack))
    }

    fn enqueue(&mut self, job: &NewJob<'_>) -> Result<(), StoreError> {
        self.ask(|me| jobs::enqueue(me, job))
    }

    fn lease(
        &mut self,
        step: &str,
        now: Instant,
        term: Duration,
        limit: usize,
    ) -> Result<Vec<Lease>, StoreError> {
        self.ask(|me| jobs::lease(me, step, (now, now.after(term)), limit))
    }

    fn finish(&mut self, lease: &Lease) -> Result<(), StoreError> {
        self.ask(|me| jobs::finish(me, lease))
    }

    fn give_back(
        &mut self,
        lease: &Lease,
        error: &str,
        again: Option<Instant>,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.ask(|me| jobs::give_back(me, lease, error, (again, now)))
    }

    fn drop_jobs(&mut self, step: &str) -> Result<(), StoreError> {
        self.ask(|me| jobs::drop_all(me, step))
    }

    fn requeue(&mut self, id: JobId, due: Instant) -> Result<(), StoreError> {
        self.ask(|me| jobs::requeue(me, id, due))
    }

    fn discard(&mut self, id: JobId) -> Result<(), StoreError> {
        self.ask(|me| jobs::discard(me, id))
    }
}
