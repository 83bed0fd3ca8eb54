//! Clearances: interned, and how many releases each has.

use rusqlite::{OptionalExtension as _, params};
use vedetta_store::written::{self, ClearanceFacts};
use vedetta_store::{ClearanceId, Digest, Draft, EntryKind, NewClearance, StoredClearance};

use crate::entries::{self, int};
use crate::fault::{Fault, Told};
use crate::session::Session;

/// All clearances after a number.
pub(crate) fn after(
    session: &mut Session,
    after: Option<ClearanceId>,
) -> Told<Vec<StoredClearance>> {
    let sql = "SELECT e.seq, e.at, c.id, e.body FROM clearance c JOIN entry e ON e.seq = c.seq \
               WHERE c.id > ?1 ORDER BY c.id";
    let mut statement = session.conn.prepare_cached(sql)?;
    let mut rows = statement.query([after.map_or(0, |id| id.0)])?;
    let mut clearances = Vec::new();
    while let Some(row) = rows.next()? {
        let (stamp, id) = (entries::stamp(row)?, ClearanceId(row.get(2)?));
        let body = row.get_ref(3)?.as_blob().unwrap_or_default();
        let clearance = written::read_clearance(id, stamp, body)
            .map_err(|reason| Fault::damaged(format!("entry {}", stamp.seq), reason))?;
        clearances.push(clearance);
    }
    Ok(clearances)
}

/// Interns a clearance.
pub(crate) fn intern(session: &mut Session, clearance: &NewClearance<'_>) -> Told<ClearanceId> {
    let key = written::clearance_key(clearance);
    let known = "SELECT id FROM clearance WHERE key = ?1";
    let known = session.conn.prepare_cached(known)?.query_row([key.0], |row| row.get(0));
    if let Some(id) = known.optional()? {
        return Ok(ClearanceId(id));
    }
    let id = ClearanceId(session.unit.clearances + 1);
    let facts = written::json(&ClearanceFacts { clearance: id });
    let body = written::clearance_body(clearance);
    let draft = Draft {
        kind: EntryKind::Clearance,
        actor: clearance.actor,
        subject: clearance.handling.producer.as_str(),
        facts: &facts,
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    let sql = "INSERT INTO clearance (id, seq, key, served) VALUES (?1, ?2, ?3, 0)";
    session.conn.prepare_cached(sql)?.execute(params![id.0, int(stamp.seq), key.0])?;
    session.unit.clearances = id.0;
    Ok(id)
}

/// The highest clearance.
pub(crate) fn highest(session: &mut Session) -> Told<u32> {
    let sql = "SELECT coalesce(max(id), 0) FROM clearance";
    Ok(session.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// How many releases each clearance has.
pub(crate) fn served(session: &mut Session) -> Told<Vec<(ClearanceId, u64)>> {
    write_served(session)?;
    let sql = "SELECT id, served FROM clearance WHERE served > 0 ORDER BY id";
    let mut statement = session.conn.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((ClearanceId(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes what the unit of work has counted so far.
pub(crate) fn write_served(session: &mut Session) -> Told<()> {
    let sql = "UPDATE clearance SET served = served + ?2 WHERE id = ?1";
    for (id, change) in std::mem::take(&mut session.unit.served) {
        session.conn.prepare_cached(sql)?.execute(params![id.0, change])?;
    }
    Ok(())
}

/// Refuses a clearance that was never interned.
pub(crate) fn require(session: &Session, id: ClearanceId) -> Told<()> {
    if (1..=session.unit.clearances).contains(&id.0) {
        Ok(())
    } else {
        Err(Fault::Refused(format!("clearance {} is unknown", id.0)))
    }
}
