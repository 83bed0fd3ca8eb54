//! Placing, releasing again and withdrawing items.

use rusqlite::{Connection, OptionalExtension as _, params};
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::written::{self, ItemFacts, RereleaseFacts};
use vedetta_store::{
    ClearanceId, Digest, Draft, EntryKind, ItemDraft, ItemState, Placement, Sequence, Stamp,
};

use crate::clearances;
use crate::entries::{self, int};
use crate::fault::{Fault, Told};
use crate::items::object;
use crate::session::Session;

/// `item.hidden`: served.
const SERVED: i64 = 0;
/// `item.hidden`: older than a revocation.
const REVOKED: i64 = 1;
/// `item.hidden`: withdrawn.
const WITHDRAWN: i64 = 2;

/// Rows of an item, whose identifier the entry has.
const OF_ITEM: &str = "FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
                       WHERE i.object = ?1 AND e.subject = ?2";

/// A row of `item` to be.
struct New {
    seq: Sequence,
    origin: i64,
    object: i64,
    version: i64,
    kind: i64,
    producer: OrganisationNumber,
    clearance: ClearanceId,
    state: i64,
    hidden: i64,
    older: i64,
    newer: i64,
}

/// What is there already of the item of a draft.
#[derive(Default)]
struct Kin {
    twin: Option<(Stamp, Digest)>,
    first: Option<(Stamp, OrganisationNumber)>,
    older: bool,
    newer: bool,
    hidden: i64,
}

/// Places item versions.
pub(crate) fn place(session: &mut Session, drafts: &[ItemDraft<'_>]) -> Told<Vec<Placement>> {
    for draft in drafts {
        clearances::require(session, draft.clearance)?;
    }
    drafts.iter().map(|draft| place_one(session, draft)).collect()
}

/// Releases item versions again.
pub(crate) fn rerelease(
    session: &mut Session,
    releases: &[(Sequence, ClearanceId)],
    actor: &str,
) -> Told<Vec<Stamp>> {
    let first = "SELECT 1 FROM item WHERE seq = ?1 AND origin = 0";
    for (origin, clearance) in releases {
        clearances::require(session, *clearance)?;
        if !session.conn.prepare_cached(first)?.exists([int(*origin)])? {
            return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
        }
    }
    releases.iter().map(|release| rerelease_one(session, *release, actor)).collect()
}

/// Withdraws an item.
pub(crate) fn withdraw(
    session: &mut Session,
    id: &ItemId,
    actor: &str,
    facts: &str,
) -> Told<Option<Stamp>> {
    let object = object(id);
    let sql = format!("SELECT i.hidden {OF_ITEM} LIMIT 1");
    let hidden = session
        .conn
        .prepare_cached(&sql)?
        .query_row(params![object, id.as_str()], |row| row.get::<_, i64>(0));
    if hidden.optional()?.is_none_or(|hidden| hidden == WITHDRAWN) {
        return Ok(None);
    }
    hide(session, (object, id), i64::MAX, WITHDRAWN)?;
    let (kind, subject) = (EntryKind::Withdrawn, id.as_str());
    let draft = Draft { kind, actor, subject, facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b"")).map(Some)
}

fn place_one(session: &mut Session, draft: &ItemDraft<'_>) -> Told<Placement> {
    let (object, version) = (object(draft.id), draft.version.micros());
    let digest = Digest::of(draft.body);
    let known = "SELECT 1 FROM item WHERE object = ?1";
    let known = session.conn.prepare_cached(known)?.exists([object])?;
    let kin = if known { kin(&session.conn, object, draft)? } else { Kin::default() };
    match kin.twin {
        Some((stamp, twin)) if twin == digest => return Ok(Placement::Duplicate(stamp)),
        Some((stamp, _)) => return Ok(Placement::Conflict(stamp)),
        None => {}
    }
    if let Some((stamp, first)) = kin.first
        && first != draft.producer
    {
        return Ok(Placement::Foreign(stamp));
    }
    let stamp = append(session, draft, &digest)?;
    let row = New {
        seq: stamp.seq,
        origin: 0,
        object,
        version,
        kind: kind(session, draft.id.kind())?,
        producer: draft.producer,
        clearance: draft.clearance,
        state: i64::from(draft.state == ItemState::Revoked),
        hidden: kin.hidden,
        older: i64::from(kin.older),
        newer: i64::from(kin.newer),
    };
    insert(session, &row)?;
    if known {
        mark_neighbours(&session.conn, object, version)?;
        if draft.state == ItemState::Revoked && kin.hidden == SERVED {
            hide(session, (object, draft.id), version, REVOKED)?;
        }
    }
    Ok(Placement::Added(stamp))
}

fn append(session: &mut Session, draft: &ItemDraft<'_>, digest: &Digest) -> Told<Stamp> {
    let &ItemDraft { version, producer, clearance, state, facts, .. } = draft;
    let facts = ItemFacts { version, producer, clearance, state, facts }.write();
    let entry = Draft {
        kind: EntryKind::Item,
        actor: draft.actor,
        subject: draft.id.as_str(),
        facts: &facts,
        body: draft.body,
    };
    entries::append(session, &entry, digest)
}

/// What is there of an item of which something, or of its hash's twin, is there.
fn kin(conn: &Connection, object: i64, draft: &ItemDraft<'_>) -> Told<Kin> {
    let (id, version) = (draft.id.as_str(), draft.version.micros());
    let twin = format!("SELECT e.seq, e.at, e.digest {OF_ITEM} AND i.version = ?3 LIMIT 1");
    let twin = conn.prepare_cached(&twin)?.query_row(params![object, id, version], |row| {
        Ok((entries::stamp(row)?, entries::digest(row, 2)?))
    });
    // All versions are of one producer: any of them tells which.
    let first = format!("SELECT e.seq, e.at, i.producer {OF_ITEM} AND i.origin = 0 LIMIT 1");
    let first = conn.prepare_cached(&first)?.query_row(params![object, id], |row| {
        Ok((entries::stamp(row)?, OrganisationNumber(row.get(2)?)))
    });
    let there = |condition: &str| -> Told<bool> {
        let sql = format!("SELECT 1 {OF_ITEM} AND {condition} LIMIT 1");
        Ok(conn.prepare_cached(&sql)?.exists(params![object, id, version])?)
    };
    let newer = there("i.version > ?3")?;
    let hidden = if there("i.hidden = 2 AND i.version <> ?3")? {
        WITHDRAWN
    } else if newer && there("i.version > ?3 AND i.state = 1")? {
        REVOKED
    } else {
        SERVED
    };
    let (twin, first) = (twin.optional()?, first.optional()?);
    Ok(Kin { twin, first, older: there("i.version < ?3")?, newer, hidden })
}

/// Tells the versions next to a new one that they have a neighbour; those farther know already.
fn mark_neighbours(conn: &Connection, object: i64, version: i64) -> Told<()> {
    let below = "UPDATE item SET newer = 1 WHERE object = ?1 AND newer = 0 AND version = \
                 (SELECT max(version) FROM item WHERE object = ?1 AND version < ?2)";
    conn.prepare_cached(below)?.execute([object, version])?;
    let above = "UPDATE item SET older = 1 WHERE object = ?1 AND older = 0 AND version = \
                 (SELECT min(version) FROM item WHERE object = ?1 AND version > ?2)";
    conn.prepare_cached(above)?.execute([object, version])?;
    Ok(())
}

/// Hides an item's releases of versions before one.
fn hide(session: &mut Session, (object, id): (i64, &ItemId), before: i64, hidden: i64) -> Told<()> {
    let sql = format!(
        "SELECT i.seq, i.clearance, i.hidden {OF_ITEM} AND i.version <= ?3 AND i.hidden < ?4 \
         AND (i.version < ?3 OR ?4 = 2)"
    );
    let mut statement = session.conn.prepare_cached(&sql)?;
    let row = params![object, id.as_str(), before, hidden];
    let found = statement.query_map(row, |row| {
        Ok((row.get::<_, i64>(0)?, ClearanceId(row.get(1)?), row.get::<_, i64>(2)?))
    })?;
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let mut update = session.conn.prepare_cached("UPDATE item SET hidden = ?2 WHERE seq = ?1")?;
    for (seq, clearance, was) in found {
        update.execute([seq, hidden])?;
        if was == SERVED {
            *session.unit.served.entry(clearance).or_default() -= 1;
        }
    }
    Ok(())
}

fn rerelease_one(
    session: &mut Session,
    (origin, clearance): (Sequence, ClearanceId),
    actor: &str,
) -> Told<Stamp> {
    let sql = "SELECT i.object, i.version, i.kind, i.state, i.hidden, i.older, i.newer, e.subject, \
               i.producer \
               FROM item i JOIN entry e ON e.seq = i.seq WHERE i.seq = ?1";
    let (mut row, id) = session.conn.prepare_cached(sql)?.query_row([int(origin)], |row| {
        let new = New {
            seq: Sequence::START,
            origin: int(origin),
            object: row.get(0)?,
            version: row.get(1)?,
            kind: row.get(2)?,
            producer: OrganisationNumber(row.get(8)?),
            clearance,
            state: row.get(3)?,
            hidden: row.get(4)?,
            older: row.get(5)?,
            newer: row.get(6)?,
        };
        Ok((new, row.get::<_, String>(7)?))
    })?;
    let there = "SELECT e.seq, e.at FROM item i JOIN entry e ON e.seq = i.seq \
                 WHERE i.object = ?1 AND i.version = ?2 AND i.clearance = ?3 \
                 AND iif(i.origin = 0, i.seq, i.origin) = ?4";
    let key = params![row.object, row.version, clearance.0, int(origin)];
    let there = session.conn.prepare_cached(there)?.query_row(key, entries::stamp).optional()?;
    if let Some(stamp) = there {
        return Ok(stamp);
    }
    let facts = written::json(&RereleaseFacts { origin, clearance });
    let kind = EntryKind::Rerelease;
    let draft = Draft { kind, actor, subject: &id, facts: &facts, body: b"" };
    let stamp = entries::append(session, &draft, &Digest::of(b""))?;
    row.seq = stamp.seq;
    insert(session, &row)?;
    Ok(stamp)
}

fn insert(session: &mut Session, row: &New) -> Told<()> {
    let sql = "INSERT INTO item \
               (seq, origin, object, version, kind, producer, clearance, state, hidden, older, newer) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    session.conn.prepare_cached(sql)?.execute(params![
        int(row.seq),
        row.origin,
        row.object,
        row.version,
        row.kind,
        row.producer.0,
        row.clearance.0,
        row.state,
        row.hidden,
        row.older,
        row.newer,
    ])?;
    if row.hidden == SERVED {
        *session.unit.served.entry(row.clearance).or_default() += 1;
    }
    Ok(())
}

/// The code of a STIX type, given now if it had none.
fn kind(session: &mut Session, name: &str) -> Told<i64> {
    if let Some(code) = session.unit.kinds.get(name) {
        return Ok(*code);
    }
    let known = "SELECT code FROM kind WHERE name = ?1";
    let known = session.conn.prepare_cached(known)?.query_row([name], |row| row.get(0));
    let code = match known.optional()? {
        Some(code) => code,
        None => {
            session.conn.prepare_cached("INSERT INTO kind (name) VALUES (?1)")?.execute([name])?;
            session.conn.last_insert_rowid()
        }
    };
    session.unit.kinds.insert(name.to_owned(), code);
    Ok(code)
}
