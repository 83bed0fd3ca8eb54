//! Deliveries and acknowledgements.

use rusqlite::{OptionalExtension as _, Row, params};
use vedetta_model::places::PlacesError;
use vedetta_model::{Audience, Instant, Places};
use vedetta_store::fork::{fork, forks};
use vedetta_store::{
    Acknowledgement, DeliveryBatch, DeliveryRow, Digest, Door, Draft, EntryKind, Sequence, Stamp,
    written,
};

use crate::entries::{self, count, int};
use crate::fault::{Fault, Told};
use crate::session::Session;

/// Rows of `delivery` as [`read`] reads them.
macro_rules! rows {
    ($which:literal) => {
        concat!(
            "SELECT e.seq, e.at, d.door, d.at, d.audience, d.releases, d.ordinal ",
            "FROM delivery d JOIN entry e ON e.seq = d.seq WHERE ",
            $which
        )
    };
}

/// Releases this near one another are looked up together.
const NEAR: u64 = 32;

/// Deliveries of a release.
pub(crate) fn of(session: &mut Session, release: Sequence) -> Told<Vec<DeliveryRow>> {
    let end = entries::head(session)?.map_or(0, |(stamp, _)| stamp.seq.0);
    let mut found = Vec::new();
    for node in forks(release.0, end) {
        let sql = if node <= release.0 {
            rows!("d.fork = ?1 AND d.last >= ?2")
        } else {
            rows!("d.fork = ?1 AND d.first <= ?2")
        };
        let mut statement = session.conn.prepare_cached(sql)?;
        let mut rows = statement.query([int(Sequence(node)), int(release)])?;
        while let Some(row) = rows.next()? {
            let delivery = read(row)?;
            if delivery.batch.releases.contains(release.0) {
                found.push((delivery.recorded.seq, row.get::<_, i64>(6)?, delivery));
            }
        }
    }
    found.sort_unstable_by_key(|(seq, ordinal, _)| (*seq, *ordinal));
    Ok(found.into_iter().map(|(_, _, delivery)| delivery).collect())
}

/// Deliveries recorded after a place, whole entries only.
pub(crate) fn after(
    session: &mut Session,
    recorded: Sequence,
    limit: usize,
) -> Told<Vec<DeliveryRow>> {
    let sql = rows!("d.seq > ?1 ORDER BY d.seq, d.ordinal");
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([int(recorded)])?;
    let mut deliveries: Vec<DeliveryRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let delivery = read(row)?;
        let last = deliveries.last().map(|last| last.recorded);
        if deliveries.len() >= limit && last != Some(delivery.recorded) {
            break;
        }
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

/// Records deliveries.
pub(crate) fn deliver(session: &mut Session, batches: &[DeliveryBatch]) -> Told<Option<Stamp>> {
    let batches = batches.iter().filter_map(|batch| Some((batch, batch.span()?)));
    let (batches, spans): (Vec<_>, Vec<_>) = batches.unzip();
    if batches.is_empty() {
        return Ok(None);
    }
    for batch in &batches {
        require_all(session, &batch.releases)?;
    }
    let body = written::delivered_body(&batches);
    let draft = Draft {
        kind: EntryKind::Delivered,
        actor: written::LEDGER,
        subject: "",
        facts: "{}",
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    let sql = "INSERT INTO delivery (seq, ordinal, fork, first, last, releases, door, at, audience) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut statement = session.conn.prepare_cached(sql)?;
    for (ordinal, (batch, (first, last))) in batches.iter().zip(spans).enumerate() {
        statement.execute(params![
            int(stamp.seq),
            ordinal,
            int(Sequence(fork(first, last))),
            int(Sequence(first)),
            int(Sequence(last)),
            batch.releases.to_string(),
            batch.door.code(),
            batch.at.micros(),
            batch.audience.to_bytes(),
        ])?;
    }
    Ok(Some(stamp))
}

/// Acknowledgements of a release.
pub(crate) fn acknowledgements(
    session: &mut Session,
    release: Sequence,
) -> Told<Vec<Acknowledgement>> {
    let sql = "SELECT e.seq, e.at, e.body FROM acknowledgement a JOIN entry e ON e.seq = a.seq \
               WHERE a.release = ?1 ORDER BY a.seq";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([int(release)])?;
    let mut acknowledgements = Vec::new();
    while let Some(row) = rows.next()? {
        acknowledgements.push(read_acknowledgement(row)?.1);
    }
    Ok(acknowledgements)
}

/// Acknowledgements recorded after a place.
pub(crate) fn acknowledgements_after(
    session: &mut Session,
    recorded: Sequence,
    limit: usize,
) -> Told<Vec<(Stamp, Acknowledgement)>> {
    let sql = "SELECT e.seq, e.at, e.body FROM acknowledgement a JOIN entry e ON e.seq = a.seq \
               WHERE a.seq > ?1 ORDER BY a.seq LIMIT ?2";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([int(recorded), count(limit)])?;
    let mut acknowledgements = Vec::new();
    while let Some(row) = rows.next()? {
        acknowledgements.push(read_acknowledgement(row)?);
    }
    Ok(acknowledgements)
}

/// Records an acknowledgement.
pub(crate) fn acknowledge(session: &mut Session, ack: &Acknowledgement) -> Told<Option<Stamp>> {
    let id = require(session, ack.release)?;
    let known = "SELECT 1 FROM acknowledgement WHERE release = ?1 AND organisation = ?2";
    let key = params![int(ack.release), ack.organisation.0];
    if session.conn.prepare_cached(known)?.exists(key)? {
        return Ok(None);
    }
    let body = written::json(ack);
    let draft = Draft {
        kind: EntryKind::Acknowledged,
        actor: ack.by.as_str(),
        subject: &id,
        facts: "{}",
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    let sql = "INSERT INTO acknowledgement (release, organisation, seq) VALUES (?1, ?2, ?3)";
    let row = params![int(ack.release), ack.organisation.0, int(stamp.seq)];
    session.conn.prepare_cached(sql)?.execute(row)?;
    Ok(Some(stamp))
}

/// The item of a release; refused when there is no such release.
fn require(session: &Session, release: Sequence) -> Told<String> {
    let sql = "SELECT e.subject FROM item i JOIN entry e ON e.seq = i.seq WHERE i.seq = ?1";
    let id = session.conn.prepare_cached(sql)?.query_row([int(release)], |row| row.get(0));
    id.optional()?.ok_or_else(|| Fault::Refused(format!("release {release} is unknown")))
}

/// Refused when a place is no release.
fn require_all(session: &Session, releases: &Places) -> Told<()> {
    let near = |a: &(u64, u64), b: &(u64, u64)| b.0 - a.1 < NEAR;
    let mut known = Places::none();
    for together in releases.runs().chunk_by(near) {
        match together {
            [(first, last)] if are_all(session, *first, *last)? => {
                known.absorb(&Places::between(*first, *last));
            }
            [(first, _), .., (_, last)] | [(first, last)] => {
                known.absorb(&among(session, *first, *last)?);
            }
            [] => {}
        }
    }
    match releases.difference(&known).first() {
        None => Ok(()),
        Some(unknown) => Err(Fault::Refused(format!("release {unknown} is unknown"))),
    }
}

/// Whether all places from one to another are releases: counting them is quicker than naming them.
fn are_all(session: &Session, first: u64, last: u64) -> Told<bool> {
    let sql = "SELECT count(*) FROM item WHERE seq BETWEEN ?1 AND ?2";
    let ends = [int(Sequence(first)), int(Sequence(last))];
    let count: u64 = session.conn.prepare_cached(sql)?.query_row(ends, |row| row.get(0))?;
    Ok(count.checked_sub(1) == Some(last - first))
}

/// The releases from one place to another.
fn among(session: &Session, first: u64, last: u64) -> Told<Places> {
    let sql = "SELECT seq FROM item WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([int(Sequence(first)), int(Sequence(last))])?;
    let mut releases = Places::none();
    while let Some(row) = rows.next()? {
        releases.insert(entries::seq(row, 0)?.0);
    }
    Ok(releases)
}

fn read(row: &Row<'_>) -> Told<DeliveryRow> {
    let recorded = entries::stamp(row)?;
    let damaged = |why: &dyn ToString| {
        Fault::damaged(format!("a delivery that entry {} records", recorded.seq), why.to_string())
    };
    let door = Door::ALL.get(row.get::<_, usize>(2)?).copied();
    let audience = Audience::from_bytes(row.get_ref(4)?.as_blob().unwrap_or_default());
    let releases = row.get_ref(5)?.as_str().unwrap_or("?").parse();
    let batch = DeliveryBatch {
        releases: releases.map_err(|e: PlacesError| damaged(&e))?,
        door: door.ok_or_else(|| damaged(&"its door is unknown"))?,
        at: Instant::from_micros(row.get(3)?),
        audience: audience.map_err(|e| damaged(&e))?,
    };
    Ok(DeliveryRow { batch, recorded })
}

fn read_acknowledgement(row: &Row<'_>) -> Told<(Stamp, Acknowledgement)> {
    let stamp = entries::stamp(row)?;
    let ack = serde_json::from_slice(row.get_ref(2)?.as_blob().unwrap_or_default())
        .map_err(|e| Fault::damaged(format!("entry {}", stamp.seq), e))?;
    Ok((stamp, ack))
}
