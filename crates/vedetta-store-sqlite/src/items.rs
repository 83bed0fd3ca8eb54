//! Reading items.

mod plan;
mod sieve;

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension as _, Row};
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::written::ItemFacts;
use vedetta_store::{
    ClearanceId, Digest, ItemPage, ItemQuery, ItemState, Sequence, Stamp, StoredItem,
};

pub(crate) use self::plan::Spread;
use self::plan::{Plan, Range};
use self::sieve::Sieve;
use crate::beside;
use crate::entries::{self, PAGE_BYTES, int};
use crate::fault::{Fault, Told};
use crate::lookup::Versions;
use crate::session::Session;

/// A page ends after so many releases that the filter passed over.
const LOOKED: usize = 20_000;

/// A row of `item`.
struct Release {
    seq: Sequence,
    origin: Sequence,
    object: i64,
    version: Instant,
    kind: i64,
    producer: OrganisationNumber,
    clearance: ClearanceId,
    state: ItemState,
    hidden: bool,
    older: bool,
    newer: bool,
}

/// Shown a release and its row.
type Visit<'v> = dyn FnMut(&Release, &Row<'_>) -> Told<ControlFlow<()>> + 'v;

/// A page being filled.
struct Filling<'a> {
    conn: &'a Connection,
    sieve: Sieve<'a>,
    limit: usize,
    bytes: usize,
    passed: usize,
    page: ItemPage,
}

/// Reads rows of `item`, and then what their entries have: together, since the entries of
/// neighbours are next to one another.
macro_rules! reading {
    ($which:literal) => {
        reading!("e.body", $which)
    };
    ($body:literal, $which:literal) => {
        concat!(
            "SELECT i.seq, i.origin, i.object, i.version, i.kind, i.clearance, i.state, ",
            "i.hidden, i.older, i.newer, i.producer, e.at, e.subject, e.facts, e.digest, ",
            $body,
            " FROM item i LEFT JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) WHERE ",
            $which
        )
    };
}
use reading;

/// One release without its body.
const BARE: &str = reading!("x''", "i.seq = ?1");

/// 64 bits that stand for an identifier in the index. Twins are told apart by their entries.
pub(crate) fn object(id: &ItemId) -> i64 {
    short(&Digest::of(id.as_str().as_bytes()))
}

/// The first 64 bits of a digest.
pub(crate) fn short(digest: &Digest) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = digest.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A page of items.
pub(crate) fn page(session: &mut Session, query: &ItemQuery<'_>) -> Told<ItemPage> {
    let plan = Plan::of(session, query)?;
    let Session { conn, recent, .. } = session;
    let conn = &*conn;
    let mut filling = Filling {
        conn,
        sieve: Sieve::of(conn, recent, query)?,
        limit: query.limit.clamp(1, 10_000),
        bytes: 0,
        passed: 0,
        page: ItemPage::default(),
    };
    let until = query.until.into_iter().chain(query.as_of).min();
    let range = Range { after: int(query.after), until: until.map_or(i64::MAX, int) };
    plan.walk(conn, range, &mut |release, row| filling.offer(release, row))?;
    Ok(filling.page)
}

/// All releases of all versions of an item, without their bodies.
pub(crate) fn releases(session: &mut Session, id: &ItemId) -> Told<Vec<StoredItem>> {
    let Session { conn, recent, .. } = session;
    let mut releases = Vec::new();
    for object in beside::objects(conn, id)? {
        releases.extend(recent.releases(conn, object, Versions::Rising, usize::MAX)?);
    }
    releases.sort_unstable();
    let mut items = Vec::new();
    for seq in releases {
        let item = Release::show(conn, (BARE, seq), |release, row| fetch(conn, release, row))?;
        if item.id == *id {
            items.push(item);
        }
    }
    Ok(items)
}

/// The releases of the version of a first release, without the body.
pub(crate) fn releases_from(session: &mut Session, origin: Sequence) -> Told<Vec<StoredItem>> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT object, version FROM item WHERE seq = ?1 AND origin = 0";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_row([int(origin)], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((object, version)) = found.optional()? else { return Ok(Vec::new()) };
    let mut places = recent.releases(conn, object, Versions::Exactly(version), usize::MAX)?;
    places.sort_unstable();
    let mut items = Vec::new();
    for seq in places {
        items.extend(Release::show(conn, (BARE, seq), |release, row| {
            (release.origin == origin).then(|| fetch(conn, release, row)).transpose()
        })?);
    }
    Ok(items)
}

impl Release {
    /// Shows one release, by such a reading.
    fn show<T>(
        conn: &Connection,
        (sql, seq): (&str, Sequence),
        visit: impl FnOnce(&Self, &Row<'_>) -> Told<T>,
    ) -> Told<T> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query([int(seq)])?;
        let row = rows.next()?;
        let row = row.ok_or_else(|| Fault::damaged(format!("item {seq}"), "it is missing"))?;
        visit(&Self::read(row)?, row)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let seq = entries::seq(row, 0)?;
        let origin = match entries::seq(row, 1)? {
            Sequence::START => seq,
            origin => origin,
        };
        let state = if row.get::<_, i64>(6)? == 0 { ItemState::Live } else { ItemState::Revoked };
        Ok(Self {
            seq,
            origin,
            object: row.get(2)?,
            version: Instant::from_micros(row.get(3)?),
            kind: row.get(4)?,
            producer: OrganisationNumber(row.get(10)?),
            clearance: ClearanceId(row.get(5)?),
            state,
            hidden: row.get(7)?,
            older: row.get(8)?,
            newer: row.get(9)?,
        })
    }
}

impl Filling<'_> {
    /// Takes a release in if it passes; breaks off when the page is done.
    fn offer(&mut self, release: &Release, row: &Row<'_>) -> Told<ControlFlow<()>> {
        if release.hidden || !self.sieve.passes(release)? {
            self.passed += 1;
            if self.passed < LOOKED {
                return Ok(ControlFlow::Continue(()));
            }
            self.page.next = Some(release.seq);
            return Ok(ControlFlow::Break(()));
        }
        if self.page.items.len() >= self.limit || self.bytes >= PAGE_BYTES {
            self.page.next = self.page.items.last().map(|item| item.stamp.seq);
            return Ok(ControlFlow::Break(()));
        }
        let item = fetch(self.conn, release, row)?;
        if self.sieve.wants(&item.id) {
            self.bytes += item.body.len() + item.facts.len();
            self.page.items.push(item);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// A release with what its entry has.
fn fetch(conn: &Connection, release: &Release, row: &Row<'_>) -> Told<StoredItem> {
    let Some(at) = row.get(11)? else { return Err(entries::missing(release.origin)) };
    let at = if release.origin == release.seq {
        Instant::from_micros(at)
    } else {
        moment(conn, release.seq)?
    };
    let damaged = |reason: &str| Fault::damaged(format!("entry {}", release.origin), reason);
    let id = row.get_ref(12)?.as_str().ok().and_then(|text| ItemId::new(text).ok());
    let facts = row.get_ref(13)?.as_str().ok().and_then(ItemFacts::read);
    Ok(StoredItem {
        stamp: Stamp { seq: release.seq, at },
        origin: release.origin,
        id: id.ok_or_else(|| damaged("its subject is no item"))?,
        version: release.version,
        producer: release.producer,
        clearance: release.clearance,
        state: release.state,
        digest: entries::digest(row, 14)?,
        facts: facts.ok_or_else(|| damaged("its facts are not an item's"))?.facts.to_owned(),
        body: row.get(15)?,
    })
}

fn moment(conn: &Connection, seq: Sequence) -> Told<Instant> {
    let mut statement = conn.prepare_cached("SELECT at FROM entry WHERE seq = ?1")?;
    let at = statement.query_row([int(seq)], |row| row.get(0)).optional()?;
    at.map(Instant::from_micros).ok_or_else(|| entries::missing(seq))
}
