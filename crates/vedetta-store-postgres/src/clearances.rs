//! Clearances: interned, and how many releases each has.

use vedetta_store::written::{self, ClearanceFacts};
use vedetta_store::{ClearanceId, Digest, Draft, EntryKind, NewClearance, StoredClearance};

use crate::entries::{self, int, natural, small, whole};
use crate::fault::{Fault, Told};
use crate::session::Session;

const AFTER: &str = "-- name: clearances_after
SELECT e.seq, e.at, c.id, e.body FROM clearance c JOIN entry e ON e.seq = c.seq
WHERE c.id > $1 ORDER BY c.id";

const KNOWN: &str = "-- name: known_clearance
SELECT id FROM clearance WHERE key = $1";

const INTERN: &str = "-- name: intern
INSERT INTO clearance (id, seq, key, served) VALUES ($1, $2, $3, 0)";

const HIGHEST: &str = "-- name: highest_clearance
SELECT coalesce(max(id), 0) FROM clearance";

const SERVED: &str = "-- name: served
SELECT id, served FROM clearance WHERE served > 0 ORDER BY id";

const WRITE_SERVED: &str = "-- name: write_served
UPDATE clearance c SET served = c.served + n.change
FROM unnest($1::integer[], $2::bigint[]) n (id, change) WHERE c.id = n.id";

/// All clearances after a number.
pub(crate) fn after(
    session: &mut Session,
    after: Option<ClearanceId>,
) -> Told<Vec<StoredClearance>> {
    let after = after.map_or(0, |id| small(id.0));
    let mut clearances = Vec::new();
    for row in session.sql()?.rows(AFTER, &[&after])? {
        let (stamp, id) = (entries::stamp(&row)?, ClearanceId(natural(&row, 2)?));
        let clearance = written::read_clearance(id, stamp, row.try_get(3)?)
            .map_err(|reason| Fault::damaged(format!("entry {}", stamp.seq), reason))?;
        clearances.push(clearance);
    }
    Ok(clearances)
}

/// Interns a clearance.
pub(crate) fn intern(session: &mut Session, clearance: &NewClearance<'_>) -> Told<ClearanceId> {
    let key = written::clearance_key(clearance).0;
    if let Some(row) = session.engine.row(KNOWN, &[&key.as_slice()])? {
        return natural(&row, 0).map(ClearanceId);
    }
    entries::pen(session)?;
    let id = ClearanceId(highest(session)? + 1);
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
    session.engine.run(INTERN, &[&small(id.0), &int(stamp.seq), &key.as_slice()])?;
    session.unit.clearances = Some(id.0);
    Ok(id)
}

/// How many releases each clearance has.
pub(crate) fn served(session: &mut Session) -> Told<Vec<(ClearanceId, u64)>> {
    write_served(session)?;
    let rows = session.engine.rows(SERVED, &[])?;
    rows.iter().map(|row| Ok((ClearanceId(natural(row, 0)?), whole(row, 1)?))).collect()
}

/// Writes what the unit of work has counted so far.
pub(crate) fn write_served(session: &mut Session) -> Told<()> {
    if session.unit.served.is_empty() {
        return Ok(());
    }
    let served = std::mem::take(&mut session.unit.served);
    let (ids, changes): (Vec<i32>, Vec<i64>) =
        served.into_iter().map(|(id, change)| (small(id.0), change)).unzip();
    let written = session.engine.run(WRITE_SERVED, &[&ids, &changes])?;
    if written == ids.len() as u64 {
        return Ok(());
    }
    Err(Fault::damaged("table clearance", format!("{written} rows of {} are there", ids.len())))
}

/// Refuses a clearance that was never interned.
pub(crate) fn require(session: &mut Session, id: ClearanceId) -> Told<()> {
    if (1..=highest(session)?).contains(&id.0) {
        Ok(())
    } else {
        Err(Fault::Refused(format!("clearance {} is unknown", id.0)))
    }
}

fn highest(session: &mut Session) -> Told<u32> {
    if let Some(highest) = session.unit.clearances {
        return Ok(highest);
    }
    let highest = natural(&session.engine.always(HIGHEST, &[])?, 0)?;
    session.unit.clearances = Some(highest);
    Ok(highest)
}
