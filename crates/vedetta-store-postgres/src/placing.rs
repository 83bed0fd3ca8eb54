//! Placing, releasing again and withdrawing items.

mod kin;

use std::collections::{HashMap, HashSet};

use postgres::Row;
use uuid::Uuid;
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::written::{self, ItemFacts, RereleaseFacts, SetAsideFacts, WithdrawnFacts};
use vedetta_store::{
    ClearanceId, Digest, Draft, EntryKind, ItemDraft, ItemState, Placement, Sequence, Stamp,
};

use self::kin::Family;
use crate::clearances;
use crate::entries::{self, WAITING_BYTES, get, int, natural, plain, seq, small, whole};
use crate::fault::{Fault, Told};
use crate::items::{beside, object};
use crate::session::Session;

/// `item.hidden`: served.
const SERVED: i16 = 0;
/// `item.hidden`: older than a revocation.
const REVOKED: i16 = 1;
/// `item.hidden`: withdrawn. (3: set aside.)
const WITHDRAWN: i16 = 2;

const ORIGINS: &str = "-- name: origins
SELECT i.seq, i.version, i.object, i.producer, i.state, i.hidden, i.older, i.newer, i.kind,
    e.subject
FROM unnest($1::bigint[]) o (seq) JOIN item i ON i.seq = o.seq AND i.origin = o.seq
JOIN entry e ON e.seq = i.seq";

const RELEASED: &str = "-- name: released
SELECT i.seq, i.at, i.origin, i.clearance
FROM unnest($1::bigint[], $2::integer[]) r (origin, clearance)
JOIN item o ON o.seq = r.origin
JOIN item i ON i.object = o.object AND i.version = o.version AND i.clearance = r.clearance";

const HIDDEN: &str = "-- name: hidden
SELECT hidden FROM item
WHERE object = ANY ($1::uuid[]) AND hidden < 3 AND producer = $2 LIMIT 1";

const WITHDRAW: &str = "-- name: withdraw
WITH found AS (SELECT seq, clearance, hidden FROM item
        WHERE object = ANY ($1::uuid[]) AND hidden < 2 AND producer = $2),
    gone AS (UPDATE item i SET hidden = 2 FROM found WHERE i.seq = found.seq)
SELECT clearance, count(*) FROM found WHERE hidden = 0 GROUP BY clearance";

/// The items of first releases, whether they are set aside, and whether what their producer brought of
/// the item is withdrawn.
const SUBJECTS: &str = "-- name: subjects
SELECT i.seq, e.subject, i.hidden = 3, i.object, i.producer,
    EXISTS (SELECT FROM item w
        WHERE w.object = i.object AND w.producer = i.producer AND w.hidden = 2)
FROM unnest($1::bigint[]) o (seq) JOIN item i ON i.seq = o.seq AND i.origin = o.seq
JOIN entry e ON e.seq = i.seq";

const SET_ASIDE: &str = "-- name: set_aside
WITH found AS (SELECT seq, clearance, hidden FROM item WHERE object = $1 AND origin = $2),
    gone AS (UPDATE item i SET hidden = 3 FROM found WHERE i.seq = found.seq)
SELECT clearance, count(*) FROM found WHERE hidden = 0 GROUP BY clearance";

/// Serves again what only a version set aside revoked.
const SERVE_AGAIN: &str = "-- name: serve_again
WITH back AS (UPDATE item i SET hidden = 0 WHERE i.object = $1 AND i.hidden = 1
    AND i.producer = $2
    AND NOT EXISTS (SELECT FROM item r WHERE r.object = $1 AND r.state = 1 AND r.hidden < 3
        AND r.version > i.version AND r.producer = $2)
    RETURNING i.clearance)
SELECT clearance, count(*) FROM back GROUP BY clearance";

/// A row of `item` to be.
struct New<'a> {
    stamp: Stamp,
    origin: Sequence,
    version: i64,
    object: Uuid,
    clearance: ClearanceId,
    producer: OrganisationNumber,
    state: i16,
    hidden: i16,
    older: bool,
    newer: bool,
    kind: &'a str,
}

/// Places item versions.
pub(crate) fn place(session: &mut Session, drafts: &[ItemDraft<'_>]) -> Told<Vec<Placement>> {
    for draft in drafts {
        clearances::require(session, draft.clearance)?;
        for text in [draft.id.as_str(), draft.actor, draft.facts] {
            plain(text)?;
        }
    }
    let bases: Vec<Uuid> = drafts.iter().map(|draft| object(draft.id)).collect();
    let mut family = Family::of(session, drafts, &bases)?;
    let mut placements = Vec::with_capacity(drafts.len());
    let mut objects = Vec::with_capacity(drafts.len());
    for (draft, base) in drafts.iter().zip(&bases) {
        let digest = Digest::of(draft.body);
        let object = family.object(draft, *base);
        let placement = match family.judge(draft, (*base, object), &digest) {
            Some(placement) => placement,
            None => {
                let version = match draft.id.follows_from_value() {
                    true => entries::next(session)?.at,
                    false => draft.version,
                };
                let stamp = append(session, &ItemDraft { version, ..draft.clone() }, &digest)?;
                family.admit(draft, (*base, object), (stamp, digest))
            }
        };
        placements.push(placement);
        objects.push(object);
    }
    for ((draft, object), placement) in drafts.iter().zip(objects).zip(&placements) {
        if let Placement::Added(stamp) | Placement::Withdrawn(stamp) = placement {
            let row = row(draft, object, (*stamp, &family));
            insert(session, &row)?;
        }
    }
    family.tell_kin(session)?;
    Ok(placements)
}

/// Releases item versions again.
pub(crate) fn rerelease(
    session: &mut Session,
    releases: &[(Sequence, ClearanceId)],
    actor: &str,
) -> Told<Vec<Stamp>> {
    plain(actor)?;
    for (_, clearance) in releases {
        clearances::require(session, *clearance)?;
    }
    let origins: Vec<i64> = releases.iter().map(|(origin, _)| int(*origin)).collect();
    let wanted: Vec<i32> = releases.iter().map(|(_, clearance)| small(clearance.0)).collect();
    let sql = session.writing()?;
    let rows = sql.rows(ORIGINS, &[&origins])?;
    let first: HashMap<Sequence, &Row> =
        rows.iter().map(|row| Ok((seq(row, 0)?, row))).collect::<Told<_>>()?;
    let mut there = HashMap::new();
    for row in sql.rows(RELEASED, &[&origins, &wanted])? {
        let key = (seq(&row, 2)?, ClearanceId(natural(&row, 3)?));
        there.insert(key, entries::stamp(&row)?);
    }
    for (origin, _) in releases {
        if !first.contains_key(origin) {
            return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
        }
    }
    let mut stamps = Vec::with_capacity(releases.len());
    for release in releases {
        let stamp = match (there.get(release), first.get(&release.0)) {
            (Some(stamp), _) => *stamp,
            (None, Some(origin)) => rerelease_one(session, *release, actor, origin)?,
            (None, None) => continue,
        };
        there.insert(*release, stamp);
        stamps.push(stamp);
    }
    Ok(stamps)
}

/// Withdraws an item.
pub(crate) fn withdraw(
    session: &mut Session,
    (id, producer): (&ItemId, OrganisationNumber),
    actor: &str,
    facts: &str,
) -> Told<Option<Stamp>> {
    let (kind, subject) = (EntryKind::Withdrawn, id.as_str());
    for text in [subject, actor, facts] {
        plain(text)?;
    }
    let (objects, of) = ([object(id), beside(id, producer)].to_vec(), small(producer.0));
    let facts = WithdrawnFacts { producer: Some(producer), facts }.write();
    let sql = session.writing()?;
    match sql.row(HIDDEN, &[&objects, &of])? {
        Some(row) if get::<i16>(&row, 0)? != WITHDRAWN => {}
        _ => return Ok(None),
    }
    let gone = sql.rows(WITHDRAW, &[&objects, &of])?;
    uncount(session, &gone)?;
    let draft = Draft { kind, actor, subject, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b"")).map(Some)
}

/// Sets aside the versions of some first releases.
pub(crate) fn set_aside(
    session: &mut Session,
    origins: &[Sequence],
    actor: &str,
    reason: &str,
) -> Told<()> {
    plain(actor)?;
    plain(reason)?;
    let places: Vec<i64> = origins.iter().map(|origin| int(*origin)).collect();
    let rows = session.writing()?.rows(SUBJECTS, &[&places])?;
    let found: HashMap<Sequence, &Row> =
        rows.iter().map(|row| Ok((seq(row, 0)?, row))).collect::<Told<_>>()?;
    for origin in origins {
        let Some(row) = found.get(origin) else {
            return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
        };
        if get(row, 5)? {
            return Err(Fault::Refused(format!("{} is withdrawn", row.try_get::<_, &str>(1)?)));
        }
    }
    let mut done = HashSet::new();
    for origin in origins {
        let Some(row) = found.get(origin) else { continue };
        let origin = *origin;
        if get::<bool>(row, 2)? || !done.insert(origin) {
            continue;
        }
        let (subject, object, of): (&str, Uuid, i32) =
            (row.try_get(1)?, get(row, 3)?, get(row, 4)?);
        let facts = SetAsideFacts { origin, reason: reason.to_owned() };
        let (kind, facts) = (EntryKind::SetAside, written::json(&facts));
        let draft = Draft { kind, actor, subject, facts: &facts, body: b"" };
        entries::append(session, &draft, &Digest::of(b""))?;
        let gone = session.sql()?.rows(SET_ASIDE, &[&object, &int(origin)])?;
        uncount(session, &gone)?;
        for row in session.sql()?.rows(SERVE_AGAIN, &[&object, &of])? {
            let count = i64::try_from(whole(&row, 1)?).unwrap_or(i64::MAX);
            *session.unit.served.entry(ClearanceId(natural(&row, 0)?)).or_default() += count;
        }
    }
    Ok(())
}

/// Counts releases that are served no more: clearance, how many.
fn uncount(session: &mut Session, gone: &[Row]) -> Told<()> {
    for row in gone {
        let count = i64::try_from(whole(row, 1)?).unwrap_or(i64::MAX);
        *session.unit.served.entry(ClearanceId(natural(row, 0)?)).or_default() -= count;
    }
    Ok(())
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

fn row<'a>(draft: &ItemDraft<'a>, object: Uuid, (stamp, family): (Stamp, &Family)) -> New<'a> {
    let version = if draft.id.follows_from_value() { stamp.at } else { draft.version };
    let standing = family.standing(draft.id, object, version);
    New {
        stamp,
        origin: stamp.seq,
        version: version.micros(),
        object,
        clearance: draft.clearance,
        producer: draft.producer,
        state: i16::from(draft.state == ItemState::Revoked),
        hidden: standing.hidden,
        older: standing.older,
        newer: standing.newer,
        kind: draft.id.kind(),
    }
}

fn rerelease_one(
    session: &mut Session,
    (origin, clearance): (Sequence, ClearanceId),
    actor: &str,
    first: &Row,
) -> Told<Stamp> {
    let facts = written::json(&RereleaseFacts { origin, clearance });
    let (kind, subject) = (EntryKind::Rerelease, first.try_get(9)?);
    let draft = Draft { kind, actor, subject, facts: &facts, body: b"" };
    let stamp = entries::append(session, &draft, &Digest::of(b""))?;
    let row = New {
        stamp,
        origin,
        version: get(first, 1)?,
        object: get(first, 2)?,
        clearance,
        producer: OrganisationNumber(natural(first, 3)?),
        state: get(first, 4)?,
        hidden: get(first, 5)?,
        older: get(first, 6)?,
        newer: get(first, 7)?,
        kind: first.try_get(8)?,
    };
    insert(session, &row)?;
    Ok(stamp)
}

fn insert(session: &mut Session, row: &New<'_>) -> Told<()> {
    let items = &mut session.unit.items;
    items.row().long(int(row.stamp.seq)).long(row.stamp.at.micros()).long(int(row.origin));
    items.long(row.version).bytes(row.object.as_bytes());
    items.small(small(row.clearance.0)).small(small(row.producer.0));
    items.short(row.state).short(row.hidden).flag(row.older.into()).flag(row.newer.into());
    items.bytes(row.kind.as_bytes());
    if row.hidden == SERVED {
        *session.unit.served.entry(row.clearance).or_default() += 1;
    }
    if session.unit.items.len() > WAITING_BYTES {
        session.sql()?;
    }
    Ok(())
}
