//! Entries: appended, read in order, found by moment.

use std::ops::ControlFlow;

use postgres::Row;
use postgres::types::FromSqlOwned;
use vedetta_model::Instant;
use vedetta_store::{Digest, Draft, Entry, EntryKind, Sequence, Stamp, link};

use crate::fault::{Fault, Told};
use crate::session::Session;

/// A page stops at about so many bytes of bodies.
const PAGE_BYTES: usize = 32 << 20;

/// So many bytes wait at most before they are sent.
pub(crate) const WAITING_BYTES: usize = 4 << 20;

/// How many columns [`COPY`] fills.
pub(crate) const COLUMNS: i16 = 9;

/// Sends entries.
pub(crate) const COPY: &str = "-- name: copy_entries
COPY entry (seq, at, kind, actor, subject, facts, digest, hash, body) FROM STDIN BINARY";

const LOCK_HEAD: &str = "-- name: lock_head
SELECT seq, at, hash, pg_current_xact_id()::text FROM head FOR UPDATE";

const MOVE_HEAD: &str = "-- name: move_head
UPDATE head SET seq = $1, at = $2, hash = $3";

const HEAD: &str = "-- name: head
SELECT seq, at, hash FROM head";

const AFTER: &str = "-- name: entries_after
SELECT seq, at, kind, actor, subject, facts, hash, body FROM entry
WHERE seq > $1 ORDER BY seq LIMIT $2";

const PLACE_AT: &str = "-- name: place_at
WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, seq FROM head
    UNION ALL
    SELECT CASE WHEN e.at <= $1 THEN m.middle ELSE s.low END,
        CASE WHEN e.at <= $1 THEN s.high ELSE m.middle - 1 END
    FROM search s
    CROSS JOIN LATERAL (SELECT (s.low + s.high + 1) / 2 AS middle) m
    JOIN entry e ON e.seq = m.middle
    WHERE s.low < s.high)
SELECT low FROM search WHERE low = high";

/// The right to append: the locked end of the ledger.
pub(crate) struct Pen {
    stamp: Stamp,
    hash: Digest,
    /// What the transaction is called, to ask what became of it.
    pub(crate) transaction: String,
}

/// The last entry's stamp and link.
pub(crate) fn head(session: &mut Session) -> Told<Option<(Stamp, Digest)>> {
    let (stamp, hash) = match &session.unit.pen {
        Some(pen) => (pen.stamp, pen.hash),
        None => {
            let row = session.engine.always(HEAD, &[])?;
            (stamp(&row)?, digest(&row, 2)?)
        }
    };
    Ok((stamp.seq > Sequence::START).then_some((stamp, hash)))
}

/// Entries after a place.
pub(crate) fn after(session: &mut Session, after: Sequence, limit: usize) -> Told<Vec<Entry>> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    session.sql()?.each(AFTER, &[&int(after), &count(limit)], &mut |row| {
        let entry = read(row)?;
        bytes += entry.body.len() + entry.facts.len();
        entries.push(entry);
        Ok(room_after(bytes))
    })?;
    Ok(entries)
}

/// The last place at or before a moment: moments rise with places, and places have no gaps.
pub(crate) fn place_at(session: &mut Session, moment: Instant) -> Told<Sequence> {
    // The head is moved last, and the search begins there.
    if session.unit.pen.is_some() {
        move_head(session)?;
    }
    match session.sql()?.row(PLACE_AT, &[&moment.micros()])? {
        Some(row) => seq(&row, 0),
        None => Err(Fault::damaged("the ledger", "an entry is missing")),
    }
}

/// Appends what only a person or machine can say.
pub(crate) fn append_deed(session: &mut Session, draft: &Draft<'_>) -> Told<Stamp> {
    if draft.kind != EntryKind::Deed {
        let why = format!("an entry of kind {:?} is written by its own verb", draft.kind);
        return Err(Fault::Refused(why));
    }
    append(session, draft, &Digest::of(draft.body))
}

/// Appends an entry whose body has that digest.
pub(crate) fn append(session: &mut Session, draft: &Draft<'_>, body: &Digest) -> Told<Stamp> {
    for text in [draft.actor, draft.subject, draft.facts] {
        plain(text)?;
    }
    let stamp = next(session)?;
    let pen = pen(session)?;
    let hash = link(&pen.hash, stamp, draft, body);
    (pen.stamp, pen.hash) = (stamp, hash);
    let entries = &mut session.unit.entries;
    entries.row().long(int(stamp.seq)).long(stamp.at.micros()).short(draft.kind.code().into());
    entries.bytes(draft.actor.as_bytes()).bytes(draft.subject.as_bytes());
    entries.bytes(draft.facts.as_bytes()).bytes(&body.0).bytes(&hash.0).bytes(draft.body);
    if entries.len() > WAITING_BYTES {
        session.sql()?;
    }
    Ok(stamp)
}

/// The stamp of the entry that is appended next.
pub(crate) fn next(session: &mut Session) -> Told<Stamp> {
    let now = session.unit.now;
    let last = pen(session)?.stamp;
    let earliest = Instant::from_micros(last.at.micros().saturating_add(1));
    Ok(Stamp { seq: Sequence(last.seq.0 + 1), at: now.max(earliest) })
}

/// The pen, taken now if this unit of work has not yet.
pub(crate) fn pen(session: &mut Session) -> Told<&mut Pen> {
    let pen = match session.unit.pen.take() {
        Some(pen) => pen,
        None => {
            let row = session.engine.always(LOCK_HEAD, &[])?;
            let (stamp, hash) = (stamp(&row)?, digest(&row, 2)?);
            Pen { stamp, hash, transaction: get(&row, 3)? }
        }
    };
    Ok(session.unit.pen.insert(pen))
}

/// Sends what waits, and moves the head behind it.
pub(crate) fn move_head(session: &mut Session) -> Told<()> {
    session.sql()?;
    let Some(pen) = &session.unit.pen else { return Ok(()) };
    let (seq, at) = (int(pen.stamp.seq), pen.stamp.at.micros());
    match session.engine.run(MOVE_HEAD, &[&seq, &at, &pen.hash.0.as_slice()])? {
        1 => Ok(()),
        rows => Err(Fault::damaged("table head", format!("it has {rows} rows"))),
    }
}

/// Refuses what PostgreSQL cannot keep in a text, before the transaction suffers from it.
pub(crate) fn plain(text: &str) -> Told<()> {
    if text.contains('\0') {
        return Err(Fault::Refused(format!("{text:?} has a NUL character; take it out")));
    }
    Ok(())
}

/// A place as PostgreSQL counts; beyond its range is beyond every entry.
pub(crate) fn int(seq: Sequence) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// A limit as PostgreSQL counts.
pub(crate) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number as PostgreSQL counts; there are never so many clearances or organisations.
pub(crate) fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Whether a page goes on after so many bytes.
pub(crate) const fn room_after(bytes: usize) -> ControlFlow<()> {
    if bytes >= PAGE_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// A column.
pub(crate) fn get<T: FromSqlOwned>(row: &Row, column: usize) -> Told<T> {
    Ok(row.try_get(column)?)
}

/// A `bigint` that is never negative.
pub(crate) fn whole(row: &Row, column: usize) -> Told<u64> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|_| Fault::damaged("a row", "a number is negative"))
}

/// An `integer` that is never negative.
pub(crate) fn natural(row: &Row, column: usize) -> Told<u32> {
    let number: i32 = get(row, column)?;
    u32::try_from(number).map_err(|_| Fault::damaged("a row", "a number is negative"))
}

/// A place as stored.
pub(crate) fn seq(row: &Row, column: usize) -> Told<Sequence> {
    whole(row, column).map(Sequence)
}

/// A moment as stored.
pub(crate) fn moment(row: &Row, column: usize) -> Told<Instant> {
    get(row, column).map(Instant::from_micros)
}

/// A digest as stored.
pub(crate) fn digest(row: &Row, column: usize) -> Told<Digest> {
    let bytes: &[u8] = row.try_get(column)?;
    let bytes = bytes.try_into().map_err(|_| Fault::damaged("a digest", "its length is wrong"))?;
    Ok(Digest(bytes))
}

/// The stamp in the first two columns.
pub(crate) fn stamp(row: &Row) -> Told<Stamp> {
    Ok(Stamp { seq: seq(row, 0)?, at: moment(row, 1)? })
}

fn read(row: &Row) -> Told<Entry> {
    let stamp = stamp(row)?;
    let code: i16 = get(row, 2)?;
    let kind = u8::try_from(code).ok().and_then(EntryKind::of_code);
    let unknown = || Fault::damaged(format!("entry {}", stamp.seq), "its kind is unknown");
    Ok(Entry {
        stamp,
        kind: kind.ok_or_else(unknown)?,
        actor: get(row, 3)?,
        subject: get(row, 4)?,
        facts: get(row, 5)?,
        hash: digest(row, 6)?,
        body: get(row, 7)?,
    })
}
