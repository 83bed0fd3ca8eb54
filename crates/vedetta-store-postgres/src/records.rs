//! Records, secrets, organisation numbers and cursors.

use postgres::Row;
use vedetta_model::{OrganisationId, OrganisationNumber};
use vedetta_store::written::{self, NumberFacts, RecordFacts};
use vedetta_store::{Digest, Draft, EntryKind, Record, RecordKind, SecretKind, Sequence, Stamp};

use crate::entries::{self, get, int, natural, plain};
use crate::fault::{Fault, Told};
use crate::session::Session;

const ALL: &str = "-- name: records
SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq
WHERE r.kind = $1 ORDER BY r.id";

const AFTER: &str = "-- name: records_after
SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq
WHERE r.kind = $1 AND r.id > $2 ORDER BY r.id LIMIT $3";

const ONE: &str = "-- name: record
SELECT e.seq, e.at, r.id, e.body FROM record r JOIN entry e ON e.seq = r.seq
WHERE r.kind = $1 AND r.id = $2";

const PUT: &str = "-- name: put_record
INSERT INTO record (kind, id, seq) VALUES ($1, $2, $3)
ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq";

const REMOVE: &str = "-- name: remove_record
DELETE FROM record WHERE kind = $1 AND id = $2";

const NUMBERS: &str = "-- name: numbers
SELECT id, number FROM organisation ORDER BY number";

const NUMBER: &str = "-- name: number
SELECT number FROM organisation WHERE id = $1";

const GIVE_NUMBER: &str = "-- name: give_number
INSERT INTO organisation (number, id)
SELECT coalesce(max(number), 0) + 1, $1 FROM organisation RETURNING number";

const SECRET: &str = "-- name: secret
SELECT secret FROM secret WHERE kind = $1 AND id = $2";

const PUT_SECRET: &str = "-- name: put_secret
INSERT INTO secret (kind, id, secret) VALUES ($1, $2, $3)
ON CONFLICT (kind, id) DO UPDATE SET secret = excluded.secret";

const ERASE_SECRET: &str = "-- name: erase_secret
DELETE FROM secret WHERE kind = $1 AND id = $2";

const CURSOR: &str = "-- name: cursor
SELECT seq FROM cursor WHERE name = $1";

const SET_CURSOR: &str = "-- name: set_cursor
INSERT INTO cursor (name, seq) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET seq = excluded.seq";

const BOOKMARK: &str = "-- name: bookmark
SELECT body FROM bookmark WHERE name = $1";

const SET_BOOKMARK: &str = "-- name: set_bookmark
INSERT INTO bookmark (name, body) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET body = excluded.body";

/// All records of a kind.
pub(crate) fn all(session: &mut Session, kind: RecordKind) -> Told<Vec<Record>> {
    let rows = session.sql()?.rows(ALL, &[&i16::from(kind.code())])?;
    rows.iter().map(|row| read(row, kind)).collect()
}

/// Records of a kind after an identifier.
pub(crate) fn after(
    session: &mut Session,
    kind: RecordKind,
    after: &str,
    limit: usize,
) -> Told<Vec<Record>> {
    plain(after)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session.sql()?.rows(AFTER, &[&i16::from(kind.code()), &after, &limit])?;
    rows.iter().map(|row| read(row, kind)).collect()
}

/// One record.
pub(crate) fn one(session: &mut Session, kind: RecordKind, id: &str) -> Told<Option<Record>> {
    plain(id)?;
    let row = session.sql()?.row(ONE, &[&i16::from(kind.code()), &id])?;
    row.map(|row| read(&row, kind)).transpose()
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
    session.engine.run(PUT, &[&i16::from(kind.code()), &id, &int(stamp.seq)])?;
    Ok(stamp)
}

/// Removes a record.
pub(crate) fn remove(
    session: &mut Session,
    kind: RecordKind,
    id: &str,
    actor: &str,
) -> Told<Option<Stamp>> {
    plain(id)?;
    plain(actor)?;
    if session.writing()?.run(REMOVE, &[&i16::from(kind.code()), &id])? == 0 {
        return Ok(None);
    }
    let facts = written::json(&RecordFacts { record: kind });
    let draft = Draft { kind: EntryKind::Removed, actor, subject: id, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b"")).map(Some)
}

/// The numbers of all organisations.
pub(crate) fn numbers(session: &mut Session) -> Told<Vec<(OrganisationId, OrganisationNumber)>> {
    let read = |row: &Row| {
        let number = natural(row, 1)?;
        let id = OrganisationId::new(row.try_get(0)?)
            .map_err(|e| Fault::damaged(format!("organisation number {number}"), e))?;
        Ok((id, OrganisationNumber(number)))
    };
    session.sql()?.rows(NUMBERS, &[])?.iter().map(read).collect()
}

/// The number of an organisation, given now if it had none.
pub(crate) fn number(session: &mut Session, id: &OrganisationId) -> Told<OrganisationNumber> {
    if let Some(row) = session.engine.row(NUMBER, &[&id.as_str()])? {
        return natural(&row, 0).map(OrganisationNumber);
    }
    entries::pen(session)?;
    let row = session.engine.always(GIVE_NUMBER, &[&id.as_str()])?;
    let number = OrganisationNumber(natural(&row, 0)?);
    let facts = written::json(&NumberFacts { number });
    let (actor, subject) = (written::LEDGER, id.as_str());
    let draft = Draft { kind: EntryKind::Numbered, actor, subject, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b""))?;
    Ok(number)
}

/// A secret.
pub(crate) fn secret(session: &mut Session, kind: SecretKind, id: &str) -> Told<Option<Vec<u8>>> {
    plain(id)?;
    let row = session.engine.row(SECRET, &[&i16::from(kind.code()), &id])?;
    row.map(|row| get(&row, 0)).transpose()
}

/// Puts a secret.
pub(crate) fn put_secret(
    session: &mut Session,
    kind: SecretKind,
    id: &str,
    secret: &[u8],
) -> Told<()> {
    plain(id)?;
    session.writing()?.run(PUT_SECRET, &[&i16::from(kind.code()), &id, &secret]).map(|_| ())
}

/// Erases a secret.
pub(crate) fn erase_secret(session: &mut Session, kind: SecretKind, id: &str) -> Told<()> {
    plain(id)?;
    session.writing()?.run(ERASE_SECRET, &[&i16::from(kind.code()), &id]).map(|_| ())
}

/// The cursor of a reader.
pub(crate) fn cursor(session: &mut Session, name: &str) -> Told<Sequence> {
    plain(name)?;
    let row = session.engine.row(CURSOR, &[&name])?;
    row.map_or(Ok(Sequence::START), |row| entries::seq(&row, 0))
}

/// Moves the cursor of a reader.
pub(crate) fn set_cursor(session: &mut Session, name: &str, place: Sequence) -> Told<()> {
    plain(name)?;
    session.writing()?.run(SET_CURSOR, &[&name, &int(place)]).map(|_| ())
}

/// What is kept under a name.
pub(crate) fn bookmark(session: &mut Session, name: &str) -> Told<Option<Vec<u8>>> {
    plain(name)?;
    let row = session.engine.row(BOOKMARK, &[&name])?;
    row.map(|row| get(&row, 0)).transpose()
}

/// Keeps bytes under a name.
pub(crate) fn set_bookmark(session: &mut Session, name: &str, bytes: &[u8]) -> Told<()> {
    plain(name)?;
    session.writing()?.run(SET_BOOKMARK, &[&name, &bytes]).map(|_| ())
}

fn read(row: &Row, kind: RecordKind) -> Told<Record> {
    Ok(Record { kind, id: get(row, 2)?, stamp: entries::stamp(row)?, body: get(row, 3)? })
}
