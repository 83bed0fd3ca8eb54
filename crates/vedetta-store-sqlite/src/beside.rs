//! Where the versions of an item are, when several producers have brought it: the first producer's under
//! the item, each other's under an object of its own, so that no one's versions stand in another's way.

use rusqlite::{Connection, OptionalExtension as _, params};
use vedetta_model::{ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{Digest, Ownership};

use crate::entries::int;
use crate::fault::Told;
use crate::items::{object, short};
use crate::lookup::Versions;
use crate::session::Session;

/// The objects of an item.
pub(crate) fn objects(conn: &Connection, id: &ItemId) -> Told<Vec<i64>> {
    let base = object(id);
    let mut statement = conn.prepare_cached("SELECT line FROM beside WHERE object = ?1")?;
    let lines = statement.query_map([base], |row| row.get(0))?;
    let lines: Vec<i64> = lines.collect::<Result<_, _>>()?;
    Ok(if lines.is_empty() { vec![base] } else { lines })
}

/// The object of a producer's line, when it is not the first.
pub(crate) fn own(id: &ItemId, producer: OrganisationNumber) -> i64 {
    short(&Digest::of(format!("{id} {}", producer.0).as_bytes()))
}

/// Whether there are several lines, and whether one is the producer's own.
pub(crate) fn lines(
    conn: &Connection,
    (id, producer): (&ItemId, OrganisationNumber),
) -> Told<(bool, bool)> {
    let base = object(id);
    let several = "SELECT 1 FROM beside WHERE object = ?1";
    if !conn.prepare_cached(several)?.exists([base])? {
        return Ok((false, false));
    }
    let own = params![base, own(id, producer)];
    let has = "SELECT 1 FROM beside WHERE object = ?1 AND line = ?2";
    Ok((true, conn.prepare_cached(has)?.exists(own)?))
}

/// Begins a producer's line beside others; its object.
pub(crate) fn begin(
    session: &mut Session,
    (id, producer): (&ItemId, OrganisationNumber),
) -> Told<i64> {
    let (base, own) = (object(id), own(id, producer));
    if !lines(&session.conn, (id, producer))?.0 {
        part(session, id)?;
    }
    let sql = "INSERT OR IGNORE INTO beside (object, line) VALUES (?1, ?1), (?1, ?2)";
    session.conn.prepare_cached(sql)?.execute([base, own])?;
    Ok(own)
}

/// Who brought what is compared with others' from now on.
pub(crate) fn ownership(
    conn: &Connection,
    (id, producer): (&ItemId, OrganisationNumber),
    body: &[u8],
) -> Told<Ownership> {
    let sql = "SELECT id FROM organisation WHERE number = ?1";
    let name = conn.prepare_cached(sql)?.query_row([producer.0], |row| row.get::<_, String>(0));
    let name = name.optional()?.and_then(|name| OrganisationId::new(&name).ok());
    Ok(name.map_or(Ownership::Others, |name| Ownership::of(id, &name, body)))
}

/// Tells what was alone until now that it is no longer.
fn part(session: &mut Session, id: &ItemId) -> Told<()> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT e.body, i.producer \
               FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
               WHERE i.seq = ?1 AND e.subject = ?2";
    let tell = "UPDATE item SET older = 1, newer = 1, owner = ?2 WHERE seq = ?1";
    for seq in recent.releases(conn, object(id), Versions::Rising, usize::MAX)? {
        let found = conn.prepare_cached(sql)?.query_row(params![int(seq), id.as_str()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, OrganisationNumber(row.get(1)?)))
        });
        let Some((body, producer)) = found.optional()? else { continue };
        let owner = ownership(conn, (id, producer), &body)? == Ownership::Owner;
        conn.prepare_cached(tell)?.execute(params![int(seq), i64::from(owner)])?;
    }
    Ok(())
}
