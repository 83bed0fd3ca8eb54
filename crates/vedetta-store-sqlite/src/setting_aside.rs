//! Setting aside item versions that gave way to another.

use rusqlite::{OptionalExtension as _, params};
use vedetta_model::ItemId;
use vedetta_store::written::{self, SetAsideFacts};
use vedetta_store::{ClearanceId, Digest, Draft, EntryKind, Sequence};

use crate::entries::{self, int};
use crate::fault::{Fault, Told};
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

/// What one producer brought of an item.
struct Line {
    object: i64,
    id: ItemId,
    producer: u32,
}

/// Sets aside the versions of some first releases.
pub(crate) fn set_aside(
    session: &mut Session,
    origins: &[Sequence],
    actor: &str,
    reason: &str,
) -> Told<()> {
    let lines: Vec<_> =
        origins.iter().map(|origin| line_of(session, *origin)).collect::<Told<_>>()?;
    for (origin, line) in origins.iter().zip(lines) {
        let id = line.id.clone();
        let mut releases = releases(session, &line)?;
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

/// The line of a first release; refused when it is none, or the line is withdrawn.
fn line_of(session: &mut Session, origin: Sequence) -> Told<Line> {
    let sql = "SELECT e.subject, i.object, i.producer FROM item i JOIN entry e ON e.seq = i.seq \
               WHERE i.seq = ?1 AND i.origin = 0";
    let found = session
        .conn
        .prepare_cached(sql)?
        .query_row([int(origin)], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
    let Some((id, object, producer)) = found.optional()? else {
        return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
    };
    let id = ItemId::new(&id).map_err(|error| Fault::damaged(format!("entry {origin}"), error))?;
    let line = Line { object, id, producer };
    if releases(session, &line)?.iter().any(|release| release.hidden == WITHDRAWN) {
        return Err(Fault::Refused(format!("{} is withdrawn", line.id)));
    }
    Ok(line)
}

fn releases(session: &mut Session, line: &Line) -> Told<Vec<Release>> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT i.seq, i.origin, i.version, i.clearance, i.state, i.hidden \
               FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
               WHERE i.seq = ?1 AND e.subject = ?2 AND i.producer = ?3";
    let mut found = Vec::new();
    for seq in recent.releases(conn, line.object, Versions::Rising, usize::MAX)? {
        let key = params![int(seq), line.id.as_str(), line.producer];
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
