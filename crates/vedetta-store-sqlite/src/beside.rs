//! Where the versions of an item are, when several producers have brought it: the first producer's under
//! the item, each other's under an object of its own, so that no one's versions stand in another's way.

use rusqlite::{Connection, params};
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::Digest;

use crate::fault::Told;
use crate::items::{object, short};
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
pub(crate) fn begin(session: &Session, (id, producer): (&ItemId, OrganisationNumber)) -> Told<i64> {
    let (base, own) = (object(id), own(id, producer));
    let sql = "INSERT OR IGNORE INTO beside (object, line) VALUES (?1, ?1), (?1, ?2)";
    session.conn.prepare_cached(sql)?.execute([base, own])?;
    Ok(own)
}
