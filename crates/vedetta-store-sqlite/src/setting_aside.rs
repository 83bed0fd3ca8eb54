//! Setting aside item versions that gave way to another.

use rusqlite::{OptionalExtension as _, params};
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::written::{self, SetAsideFacts};
use vedetta_store::{ClearanceId, Digest, Draft, EntryKind, Sequence, line};

use crate::entries::{self, int};
use crate::fault::{Fault, Told};
use crate::items::object;
use crate::lookup::Versions;
use crate::placing::{ASIDE, REVOKED, SERVED, WITHDRAWN};
use crate::session::Session;

/// A release of an item.
struct Release {
    seq: Sequence,
    origin: Sequence,
    version: i64,
    clearance: ClearanceId,
    state: i64,
    hidden: i64,
}

/// Sets aside the versions of some first releases.
pub(crate) fn set_aside(
    session: &mut Session,
    origins: &[Sequence],
    actor: &str,
    reason: &str,
) -> Told<()> {
    let ids: Vec<_> =
        origins.iter().map(|origin| subject(session, *origin)).collect::<Told<_>>()?;
    for (origin, id) in origins.iter().zip(ids) {
        let (id, of) = id;
        let mut releases = releases(session, &id, of)?;
        if releases.iter().any(|it| it.origin == *origin && it.hidden == ASIDE) {
            continue;
        }
        let facts = SetAsideFacts { origin: *origin, reason: reason.to_owned() };
        let (kind, facts) = (EntryKind::SetAside, written::json(&facts));
        let draft = Draft { kind, actor, subject: id.as_str(), facts: &facts, body: b"" };
        entries::append(session, &draft, &Digest::of(b""))?;
        for release in releases.iter_mut().filter(|it| it.origin == *origin) {
            turn(session, release, ASIDE)?;
        }
        let standing = releases.iter().filter(|it| it.hidden != ASIDE && it.state == 1);
        let revoked = standing.map(|it| it.version).max();
        let outdated = |it: &&mut Release| it.hidden == REVOKED && Some(it.version) >= revoked;
        for release in releases.iter_mut().filter(outdated) {
            turn(session, release, SERVED)?;
        }
    }
    Ok(())
}

/// The item of a first release, and whose where each has one of his own; refused when it is none,
/// or the item is withdrawn.
fn subject(session: &mut Session, origin: Sequence) -> Told<(ItemId, Option<OrganisationNumber>)> {
    let sql = "SELECT e.subject, i.producer FROM item i JOIN entry e ON e.seq = i.seq \
               WHERE i.seq = ?1 AND i.origin = 0";
    let found = session
        .conn
        .prepare_cached(sql)?
        .query_row([int(origin)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)));
    let Some((id, producer)) = found.optional()? else {
        return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
    };
    let id = ItemId::new(&id).map_err(|error| Fault::damaged(format!("entry {origin}"), error))?;
    let of = line(&id, OrganisationNumber(producer));
    if releases(session, &id, of)?.iter().any(|release| release.hidden == WITHDRAWN) {
        return Err(Fault::Refused(format!("{id} is withdrawn")));
    }
    Ok((id, of))
}

fn releases(
    session: &mut Session,
    id: &ItemId,
    of: Option<OrganisationNumber>,
) -> Told<Vec<Release>> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT i.seq, i.origin, i.version, i.clearance, i.state, i.hidden \
               FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
               WHERE i.seq = ?1 AND e.subject = ?2 AND ifnull(i.producer = ?3, 1)";
    let of = of.map(|of| of.0);
    let mut found = Vec::new();
    for seq in recent.releases(conn, object(id), Versions::Rising, usize::MAX)? {
        let key = params![int(seq), id.as_str(), of];
        let release = conn.prepare_cached(sql)?.query_row(key, |row| {
            let origin = entries::seq(row, 1)?;
            Ok(Release {
                seq,
                origin: if origin == Sequence::START { seq } else { origin },
                version: row.get(2)?,
                clearance: ClearanceId(row.get(3)?),
                state: row.get(4)?,
                hidden: row.get(5)?,
            })
        });
        found.extend(release.optional()?);
    }
    Ok(found)
}

fn turn(session: &mut Session, release: &mut Release, hidden: i64) -> Told<()> {
    let sql = "UPDATE item SET hidden = ?2 WHERE seq = ?1";
    session.conn.prepare_cached(sql)?.execute(params![int(release.seq), hidden])?;
    let served = |hidden| i64::from(hidden == SERVED);
    let change = served(hidden) - served(release.hidden);
    *session.unit.served.entry(release.clearance).or_default() += change;
    release.hidden = hidden;
    Ok(())
}
