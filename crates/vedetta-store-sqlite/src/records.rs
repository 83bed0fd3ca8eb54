//! Records, secrets, organisation numbers and cursors.

use rusqlite::{OptionalExtension as _, Row, params};
use vedetta_model::{OrganisationId, OrganisationNumber};
use vedetta_store::written::{self, NumberFacts, RecordFacts};
use vedetta_store::{Digest, Draft, EntryKind, Record, RecordKind, SecretKind, Sequence, Stamp};

use crate::entries::{self, int};
use crate::fault::{Fault, Told};
use crate::session::Session;

/// All records of a kind.
pub(crate) fn all(session: &mut Session, kind: RecordKind) -> Told<Vec<Record>> {
    let sql = "SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq \
               WHERE r.kind = ?1 ORDER BY r.id";
    let mut statement = session.conn.prepare_cached(sql)?;
    let records = statement.query_map([kind.code()], |row| read(row, kind))?;
    Ok(records.collect::<Result<_, _>>()?)
}

/// Records of a kind after an identifier.
pub(crate) fn after(
    session: &mut Session,
    kind: RecordKind,
    after: &str,
    limit: usize,
) -> Told<Vec<Record>> {
    let sql = "SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq \
               WHERE r.kind = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3";
    let mut statement = session.conn.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let records = statement.query_map(params![kind.code(), after, limit], |row| read(row, kind))?;
    Ok(records.collect::<Result<_, _>>()?)
}

/// One record.
pub(crate) fn one(session: &mut Session, kind: RecordKind, id: &str) -> Told<Option<Record>> {
    let sql = "SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq \
               WHERE r.kind = ?1 AND r.id = ?2";
    let mut statement = session.conn.prepare_cached(sql)?;
    Ok(statement.query_row(params![kind.code(), id], |row| read(row, kind)).optional()?)
}

/// Puts a record.
pub(crate) fn put(
    session: &mut Session,
    kind: RecordKind,
    id: &str,
    body: &[u8],
    actor: &str,
) -> Told<Stamp> {
    let facts = written::json(&RecordFacts { record: kind });
    let draft = Draft { kind: EntryKind::Put, actor, subject: id, facts: &facts, body };
    let stamp = entries::append(session, &draft, &Digest::of(body))?;
    let sql = "INSERT INTO record (kind, id, seq) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET seq = excluded.seq";
    session.conn.prepare_cached(sql)?.execute(params![kind.code(), id, int(stamp.seq)])?;
    Ok(stamp)
}

/// Removes a record.
pub(crate) fn remove(
    session: &mut Session,
    kind: RecordKind,
    id: &str,
    actor: &str,
) -> Told<Option<Stamp>> {
    let sql = "DELETE FROM record WHERE kind = ?1 AND id = ?2";
    if session.conn.prepare_cached(sql)?.execute(params![kind.code(), id])? == 0 {
        return Ok(None);
    }
    let facts = written::json(&RecordFacts { record: kind });
    let draft = Draft { kind: EntryKind::Removed, actor, subject: id, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b"")).map(Some)
}

/// The numbers of all organisations.
pub(crate) fn numbers(session: &mut Session) -> Told<Vec<(OrganisationId, OrganisationNumber)>> {
    let sql = "SELECT id, number FROM organisation ORDER BY number";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        let number = OrganisationNumber(row.get(1)?);
        let id = OrganisationId::new(row.get_ref(0)?.as_str().unwrap_or_default())
            .map_err(|e| Fault::damaged(format!("organisation number {}", number.0), e))?;
        numbers.push((id, number));
    }
    Ok(numbers)
}

/// The number of an organisation, given now if it had none.
pub(crate) fn number(session: &mut Session, id: &OrganisationId) -> Told<OrganisationNumber> {
    let known = "SELECT number FROM organisation WHERE id = ?1";
    let known = session.conn.prepare_cached(known)?.query_row([id.as_str()], |row| row.get(0));
    if let Some(number) = known.optional()? {
        return Ok(OrganisationNumber(number));
    }
    let next = "SELECT coalesce(max(number), 0) + 1 FROM organisation";
    let next = session.conn.prepare_cached(next)?.query_row([], |row| row.get(0))?;
    let number = OrganisationNumber(next);
    let sql = "INSERT INTO organisation (number, id) VALUES (?1, ?2)";
    session.conn.prepare_cached(sql)?.execute(params![next, id.as_str()])?;
    let facts = written::json(&NumberFacts { number });
    let (actor, subject) = (written::LEDGER, id.as_str());
    let draft = Draft { kind: EntryKind::Numbered, actor, subject, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b""))?;
    Ok(number)
}

/// A secret.
pub(crate) fn secret(session: &mut Session, kind: SecretKind, id: &str) -> Told<Option<Vec<u8>>> {
    let sql = "SELECT secret FROM secret WHERE kind = ?1 AND id = ?2";
    let mut statement = session.conn.prepare_cached(sql)?;
    Ok(statement.query_row(params![kind.code(), id], |row| row.get(0)).optional()?)
}

/// Puts a secret.
pub(crate) fn put_secret(
    session: &mut Session,
    kind: SecretKind,
    id: &str,
    secret: &[u8],
) -> Told<()> {
    let sql = "INSERT INTO secret (kind, id, secret) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET secret = excluded.secret";
    session.conn.prepare_cached(sql)?.execute(params![kind.code(), id, secret])?;
    Ok(())
}

/// Erases a secret.
pub(crate) fn erase_secret(session: &mut Session, kind: SecretKind, id: &str) -> Told<()> {
    let sql = "DELETE FROM secret WHERE kind = ?1 AND id = ?2";
    session.conn.prepare_cached(sql)?.execute(params![kind.code(), id])?;
    session.unit.erased = true;
    Ok(())
}

/// The cursor of a reader.
pub(crate) fn cursor(session: &mut Session, name: &str) -> Told<Sequence> {
    let mut statement = session.conn.prepare_cached("SELECT seq FROM cursor WHERE name = ?1")?;
    let place = statement.query_row([name], |row| entries::seq(row, 0)).optional()?;
    Ok(place.unwrap_or(Sequence::START))
}

/// Moves the cursor of a reader.
pub(crate) fn set_cursor(session: &mut Session, name: &str, place: Sequence) -> Told<()> {
    let sql = "INSERT INTO cursor (name, seq) VALUES (?1, ?2) \
               ON CONFLICT DO UPDATE SET seq = excluded.seq";
    session.conn.prepare_cached(sql)?.execute(params![name, int(place)])?;
    Ok(())
}

/// What is kept under a name.
pub(crate) fn bookmark(session: &mut Session, name: &str) -> Told<Option<Vec<u8>>> {
    let mut statement = session.conn.prepare_cached("SELECT body FROM bookmark WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Keeps bytes under a name.
pub(crate) fn set_bookmark(session: &mut Session, name: &str, bytes: &[u8]) -> Told<()> {
    let sql = "INSERT INTO bookmark (name, body) VALUES (?1, ?2) \
               ON CONFLICT DO UPDATE SET body = excluded.body";
    session.conn.prepare_cached(sql)?.execute(params![name, bytes])?;
    Ok(())
}

fn read(row: &Row<'_>, kind: RecordKind) -> rusqlite::Result<Record> {
    Ok(Record { kind, id: row.get(2)?, stamp: entries::stamp(row)?, body: row.get(3)? })
}
