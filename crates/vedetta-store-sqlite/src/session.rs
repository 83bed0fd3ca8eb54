//! One connection and what a unit of work holds beside it. Each verb is in the file of its noun.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rusqlite::Connection;
use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryBatch, DeliveryRow, Digest, Draft, Entry, ItemDraft,
    ItemPage, ItemQuery, Job, JobId, Lease, NewClearance, NewJob, Placement, Reader, Record,
    RecordKind, SecretKind, Sequence, Stamp, StoreError, StoredClearance, StoredItem, UnitOfWork,
};

use crate::fault::{Fault, Told};
use crate::items::Spread;
use crate::lookup::Recent;
use crate::schema::PATIENCE;
use crate::{clearances, deliveries, entries, items, jobs, placing, records, setting_aside};

/// A connection in use: a reader, or the writer within its unit of work.
pub(crate) struct Session {
    pub(crate) conn: Connection,
    pub(crate) place: String,
    /// How the releases spread over the clearances, some time ago.
    pub(crate) spread: Option<Spread>,
    /// The latest part of the index over items.
    pub(crate) recent: Recent,
    pub(crate) unit: Unit,
    /// The log has what was erased since; it is still to be folded into the file.
    unfolded: Option<Unfolded>,
}

/// A log that is to be folded.
#[derive(Clone, Copy, Default)]
struct Unfolded {
    /// When that was last tried in vain: each time costs as much as a unit of work.
    tried: Option<Instant>,
    /// Whether it was tried since when nobody read any more.
    at_rest: bool,
    /// How often.
    #[cfg(test)]
    tries: u32,
}

/// How long to wait before it is tried again to fold the log.
const AGAIN: Duration = Duration::from_secs(5);

/// What the unit of work knows; meaningless for a reader.
#[derive(Default)]
pub(crate) struct Unit {
    /// The earliest moment of its entries.
    pub(crate) now: Instant,
    /// The last entry.
    pub(crate) head: Option<(Stamp, Digest)>,
    /// Changes of the releases served, by clearance, not written yet.
    pub(crate) served: BTreeMap<ClearanceId, i64>,
    /// The codes of STIX types.
    pub(crate) kinds: HashMap<String, i64>,
    /// The highest clearance.
    pub(crate) clearances: u32,
    /// Whether it erased a secret.
    pub(crate) erased: bool,
    /// The error after which nothing of it may be kept.
    lost: Option<String>,
}

impl Session {
    /// Over an open connection.
    pub(crate) fn new(conn: Connection, place: &str) -> Self {
        Self {
            conn,
            place: place.to_owned(),
            spread: None,
            recent: Recent::default(),
            unit: Unit::default(),
            unfolded: None,
        }
    }

    /// Runs a reading over one snapshot.
    pub(crate) fn reading(
        &mut self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ask(|me| Ok(me.conn.execute_batch("BEGIN")?))?;
        let open = Open(self);
        reading(open.0)
    }

    /// Runs a unit of work: all of it or nothing.
    pub(crate) fn working(
        &mut self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ask(|me| Ok(me.conn.execute_batch("BEGIN IMMEDIATE")?))?;
        let open = Open(self);
        open.0.unit = open.0.ask(|me| Unit::begin(me, now))?;
        work(open.0)?;
        if let Some(reason) = open.0.unit.lost.take() {
            return Err(StoreError::Engine { place: open.0.place.clone(), reason });
        }
        open.0.ask(|me| {
            clearances::write_served(me)?;
            me.recent.settle(&me.conn)?;
            me.conn.execute_batch("COMMIT")?;
            me.recent.keep();
            if me.unit.erased {
                me.unfolded.get_or_insert_default().at_rest = false;
            }
            Ok(())
        })?;
        if let Some(unfolded) = open.0.unfolded.filter(|it| it.is_due(now)) {
            let folded = open.0.fold().unwrap_or(false);
            open.0.unfolded = (!folded).then_some(unfolded.again(now));
        }
        Ok(())
    }

    /// Folds the log after the last reading, if a unit of work could not: before a quiet night there is
    /// no later one. Once only, since another process may be reading.
    pub(crate) fn fold_at_rest(&mut self) {
        if let Some(unfolded) = self.unfolded.filter(|it| !it.at_rest) {
            let folded = self.fold().unwrap_or(false);
            self.unfolded = (!folded).then_some(Unfolded { at_rest: true, ..unfolded });
        }
    }

    /// Folds the log into the file and empties it, unless somebody reads what is older: then when nobody
    /// does any more, or after a later unit.
    fn fold(&mut self) -> rusqlite::Result<bool> {
        self.conn.busy_timeout(Duration::ZERO)?;
        let busy = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.conn.busy_timeout(PATIENCE)?;
        busy.map(|busy: i64| busy == 0)
    }

    /// Asks a verb, and puts its error in the words of the store.
    fn ask<T>(&mut self, verb: impl FnOnce(&mut Self) -> Told<T>) -> Result<T, StoreError> {
        // The engine may have rolled back by itself: what follows must not be kept on its own.
        if let (Some(reason), true) = (&self.unit.lost, self.conn.is_autocommit()) {
            return Err(StoreError::Engine { place: self.place.clone(), reason: reason.clone() });
        }
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
    fn begin(session: &mut Session, now: Instant) -> Told<Self> {
        Ok(Self {
            now,
            head: entries::head(session)?,
            clearances: clearances::highest(session)?,
            ..Self::default()
        })
    }
}

impl Unfolded {
    /// Whether it is time to try, also when the clock was set back.
    fn is_due(&self, now: Instant) -> bool {
        self.tried.is_none_or(|tried| now < tried || now.since(tried) >= AGAIN)
    }

    fn again(mut self, now: Instant) -> Self {
        (self.tried, self.at_rest) = (Some(now), false);
        #[cfg(test)]
        {
            self.tries += 1;
        }
        self
    }
}

/// A transaction that is rolled back unless it was committed, even when the work panics.
struct Open<'a>(&'a mut Session);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.0.conn.is_autocommit() {
            // When this fails too, the connection is broken, and the next BEGIN says so.
            let _ = self.0.conn.execute_batch("ROLLBACK");
        }
        self.0.recent.forget();
        self.0.unit = Unit::default();
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

    fn acknowledgements(&mut self, release: Sequence) -> Result<Vec<Acknowledgement>, StoreError> {
        self.ask(|me| deliveries::acknowledgements(me, release))
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
        self.ask(|me| setting_aside::set_aside(me, origins, actor, reason))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{self, Purpose};

    #[test]
    fn while_somebody_reads_it_is_seldom_tried_to_fold_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ledger.db");
        let mut conn = schema::connect(&file, Purpose::Write).unwrap();
        schema::migrate(&mut conn, "here").unwrap();
        let mut session = Session::new(conn, "here");
        let write = |session: &mut Session, millis: u64, erase: bool| {
            let now = Instant::from_micros(0).after(Duration::from_millis(millis));
            session.working(now, &mut |unit| match erase {
                true => unit.erase_secret(SecretKind::MailKey, "M1"),
                false => unit.put_secret(SecretKind::MailKey, "M1", &millis.to_le_bytes()),
            })
        };
        write(&mut session, 0, false).unwrap();
        let reader = schema::connect(&file, Purpose::Read).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").unwrap();
        write(&mut session, 1, true).unwrap();
        for unit in 1..=100 {
            write(&mut session, unit * 100, false).unwrap();
        }
        let tries = session.unfolded.map(|it| it.tries);
        assert_eq!(tries, Some(2), "at once, and after five seconds of the ten");
        reader.execute_batch("COMMIT").unwrap();
        let log = || std::fs::metadata(directory.path().join("ledger.db-wal")).unwrap().len();
        write(&mut session, 10_050, false).unwrap();
        assert!(log() > 0);
        write(&mut session, 10_100, false).unwrap();
        assert_eq!((log(), session.unfolded.is_none()), (0, true), "and then it is done");
    }
}
