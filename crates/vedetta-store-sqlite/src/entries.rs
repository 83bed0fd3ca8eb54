//! Entries: appended, read in order, found by moment.

use rusqlite::{OptionalExtension as _, Row, params};
use vedetta_model::Instant;
use vedetta_store::{Digest, Draft, Entry, EntryKind, Sequence, Stamp, link};

use crate::fault::{Fault, Told};
use crate::session::Session;

/// A page stops at about so many bytes of bodies.
pub(crate) const PAGE_BYTES: usize = 32 << 20;

/// The last entry's stamp and link.
pub(crate) fn head(session: &mut Session) -> Told<Option<(Stamp, Digest)>> {
    let sql = "SELECT seq, at, hash FROM entry ORDER BY seq DESC LIMIT 1";
    let mut statement = session.conn.prepare_cached(sql)?;
    let head = statement.query_row([], |row| Ok((stamp(row)?, digest(row, 2)?)));
    Ok(head.optional()?)
}

/// Entries after a place.
pub(crate) fn after(session: &mut Session, after: Sequence, limit: usize) -> Told<Vec<Entry>> {
    let sql = "SELECT seq, at, kind, actor, subject, facts, hash, body FROM entry \
               WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![int(after), count(limit)])?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let entry = read(row)?;
        bytes += entry.body.len() + entry.facts.len();
        entries.push(entry);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(entries)
}

/// The last place at or before a moment: moments rise with places, and places have no gaps.
pub(crate) fn place_at(session: &mut Session, moment: Instant) -> Told<Sequence> {
    let (mut low, mut high) = (0, head(session)?.map_or(0, |(stamp, _)| stamp.seq.0));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if at(session, Sequence(middle))? <= moment {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(Sequence(low))
}

/// The moment of an entry.
pub(crate) fn at(session: &Session, seq: Sequence) -> Told<Instant> {
    let mut statement = session.conn.prepare_cached("SELECT at FROM entry WHERE seq = ?1")?;
    let at = statement.query_row([int(seq)], |row| row.get(0)).optional()?;
    at.map(Instant::from_micros).ok_or_else(|| missing(seq))
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
    let previous = session.unit.head.map_or_else(Digest::default, |(_, hash)| hash);
    let stamp = next(session);
    let hash = link(&previous, stamp, draft, body);
    let sql = "INSERT INTO entry (seq, at, kind, actor, subject, facts, digest, hash, body) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    session.conn.prepare_cached(sql)?.execute(params![
        int(stamp.seq),
        stamp.at.micros(),
        draft.kind.code(),
        draft.actor,
        draft.subject,
        draft.facts,
        body.0,
        hash.0,
        draft.body,
    ])?;
    session.unit.head = Some((stamp, hash));
    Ok(stamp)
}

/// The stamp of the entry that is appended next.
pub(crate) fn next(session: &Session) -> Stamp {
    let last = session.unit.head.map_or(FIRST, |(last, _)| last);
    let earliest = Instant::from_micros(last.at.micros().saturating_add(1));
    Stamp { seq: Sequence(last.seq.0 + 1), at: session.unit.now.max(earliest) }
}

/// Before the first entry.
const FIRST: Stamp = Stamp { seq: Sequence::START, at: Instant::from_micros(i64::MIN) };

/// A place as SQLite counts; beyond its range is beyond every entry.
pub(crate) fn int(seq: Sequence) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// A limit as SQLite counts.
pub(crate) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A place as stored.
pub(crate) fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Sequence> {
    row.get(column).map(Sequence)
}

/// A digest as stored.
pub(crate) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get(column).map(Digest)
}

/// The stamp in the first two columns.
pub(crate) fn stamp(row: &Row<'_>) -> rusqlite::Result<Stamp> {
    Ok(Stamp { seq: seq(row, 0)?, at: Instant::from_micros(row.get(1)?) })
}

/// An entry that the state names and the ledger lacks.
pub(crate) fn missing(seq: Sequence) -> Fault {
    Fault::damaged(format!("entry {seq}"), "it is missing")
}

fn read(row: &Row<'_>) -> Told<Entry> {
    let stamp = stamp(row)?;
    let kind = EntryKind::of_code(row.get(2)?)
        .ok_or_else(|| Fault::damaged(format!("entry {}", stamp.seq), "its kind is unknown"))?;
    Ok(Entry {
        stamp,
        kind,
        actor: row.get(3)?,
        subject: row.get(4)?,
        facts: row.get(5)?,
        hash: digest(row, 6)?,
        body: row.get(7)?,
    })
}
