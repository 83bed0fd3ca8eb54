//! Reading items.

mod plan;

use postgres::Row;
use postgres::types::ToSql;
use uuid::Uuid;
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::written::ItemFacts;
use vedetta_store::{
    ClearanceId, Digest, ItemPage, ItemQuery, ItemState, Sequence, Stamp, StoredItem, VersionFilter,
};

use self::plan::Plan;
use crate::entries::{self, digest, get, int, moment, natural, room_after, seq, small};
use crate::fault::{Fault, Told};
use crate::session::Session;

/// How many columns [`COPY`] fills.
pub(crate) const COLUMNS: i16 = 12;

/// Sends releases.
pub(crate) const COPY: &str = "-- name: copy_items
COPY item (seq, at, origin, version, object, clearance, producer, state, hidden, older, newer,
    kind) FROM STDIN BINARY";

/// What is read of a release, from `item i` and its `entry e`.
macro_rules! columns {
    () => {
        columns!("e.body")
    };
    ($body:literal) => {
        concat!(
            "i.seq, i.at, i.origin, e.subject, i.version, i.producer, i.clearance, i.state, ",
            "e.digest, e.facts, ",
            $body
        )
    };
}

/// That a release `n` counts as a version.
macro_rules! counts {
    () => {
        "n.seq <= $13 AND n.seq <> ALL ($14) AND n.hidden = 0
            AND ($6::integer IS NULL OR n.producer = $6)
            AND ($4 OR n.clearance IN (SELECT unnest($5::integer[])))"
    };
}

/// That nothing that counts is beyond a version in its producer's line.
macro_rules! end {
    ($beyond:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM item n WHERE n.object = i.object AND n.version ",
            $beyond,
            " i.version AND ",
            counts!(),
            ")"
        )
    };
}

/// What a release must pass: $4 any clearance, $5 clearances, $6 the producer, $7 any type,
/// $8 types, $9 any version, $10 the newest, $11 the oldest, $12 versions, $13 the place
/// after which nothing counts as a version, $14 releases that do not count. A list asked by `IN` within an `OR` is hashed once.
macro_rules! sieve {
    () => {
        concat!(
            "i.seq > $1 AND i.seq <= $2 AND i.hidden = 0 AND i.seq <> ALL ($14::bigint[])
            AND ($4 OR i.clearance IN (SELECT unnest($5::integer[])))
            AND ($6::integer IS NULL OR i.producer = $6)
            AND ($7 OR i.kind IN (SELECT unnest($8::text[])))
            AND ($9 OR i.version = ANY ($12::bigint[])
                OR ($10 AND (NOT i.newer OR (",
            end!(">"),
            ")))
                OR ($11 AND (NOT i.older OR (",
            end!("<"),
            "))))"
        )
    };
}

/// Along everything.
const SCAN: &str = concat!(
    "-- name: items_scan\nSELECT ",
    columns!(),
    " FROM item i JOIN entry e ON e.seq = i.origin WHERE ",
    sieve!(),
    " ORDER BY i.seq LIMIT $3"
);

/// Along each clearance, merged.
const MERGE: &str = concat!(
    "-- name: items_merge\nSELECT ",
    columns!(),
    " FROM (SELECT m.* FROM unnest($5::integer[]) c (id) CROSS JOIN LATERAL (
        SELECT i.* FROM item i WHERE i.clearance = c.id AND ",
    sieve!(),
    " ORDER BY i.seq LIMIT $3) m ORDER BY m.seq + 0 LIMIT $3) i
    JOIN entry e ON e.seq = i.origin ORDER BY i.seq + 0"
);

/// Along items, $15.
const OF_ITEMS: &str = concat!(
    "-- name: items_of\nSELECT ",
    columns!(),
    " FROM (SELECT i.* FROM unnest($15::uuid[] || ARRAY(
            SELECT line FROM beside WHERE object = ANY ($15) AND line <> object)) o (object)
        JOIN item i ON i.object = o.object WHERE ",
    sieve!(),
    " ORDER BY i.seq + 0 LIMIT $3) i JOIN entry e ON e.seq = i.origin ORDER BY i.seq + 0"
);

/// Everything of one item but the bodies.
const RELEASES: &str = concat!(
    "-- name: releases\nSELECT ",
    columns!("''::bytea"),
    " FROM item i JOIN entry e ON e.seq = i.origin
    WHERE i.object = ANY ($1::uuid || ARRAY(SELECT line FROM beside WHERE object = $1))
    ORDER BY i.seq + 0"
);

/// The same of one version.
const RELEASES_FROM: &str = concat!(
    "-- name: releases_from\nSELECT ",
    columns!("''::bytea"),
    " FROM item f JOIN item i ON i.object = f.object AND i.version = f.version
    JOIN entry e ON e.seq = i.origin
    WHERE f.seq = $1 AND f.origin = $1 AND i.origin = $1 ORDER BY i.seq + 0"
);

/// The versions that a filter lets through.
#[derive(Default)]
struct Versions {
    all: bool,
    last: bool,
    first: bool,
    at: Vec<i64>,
}

/// 128 bits that stand for an identifier in the index.
pub(crate) fn object(id: &ItemId) -> Uuid {
    short(&Digest::of(id.as_str().as_bytes()))
}

/// The object of a producer's line, when it is not the first.
pub(crate) fn beside(id: &ItemId, producer: OrganisationNumber) -> Uuid {
    short(&Digest::of(format!("{id} {}", producer.0).as_bytes()))
}

fn short(digest: &Digest) -> Uuid {
    Uuid::from_u128(digest.0.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
}

/// A page of items.
pub(crate) fn page(session: &mut Session, query: &ItemQuery<'_>) -> Told<ItemPage> {
    let head = entries::head(session)?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
    let until = query.until.into_iter().chain(query.as_of).fold(head, Sequence::min);
    let plan = Plan::of(session, query)?;
    let window = match &plan {
        Plan::Nothing => return Ok(ItemPage::default()),
        Plan::Scan { window } | Plan::Merge { window } => *window,
        Plan::Items(_) => u64::MAX,
    };
    let end = until.min(Sequence(query.after.0.saturating_add(window)));
    let limit = query.limit.clamp(1, 10_000);
    let mut page = ItemPage::default();
    let broken = fill(session, query, (&plan, end, limit), &mut page)?;
    let last = page.items.last().map(|item| item.stamp.seq);
    page.next = match last {
        Some(last) if broken || page.items.len() == limit => Some(last),
        _ => Some(end),
    };
    page.next = page.next.filter(|next| *next < until);
    Ok(page)
}

/// All releases of all versions of an item, without their bodies.
pub(crate) fn releases(session: &mut Session, id: &ItemId) -> Told<Vec<StoredItem>> {
    session.sql()?.rows(RELEASES, &[&object(id)])?.iter().map(read).collect()
}

/// The releases of the version of a first release, without the body.
pub(crate) fn releases_from(session: &mut Session, origin: Sequence) -> Told<Vec<StoredItem>> {
    session.sql()?.rows(RELEASES_FROM, &[&int(origin)])?.iter().map(read).collect()
}

/// Fills a page; whether it broke off because the bodies are big.
fn fill(
    session: &mut Session,
    query: &ItemQuery<'_>,
    (plan, end, limit): (&Plan, Sequence, usize),
    page: &mut ItemPage,
) -> Told<bool> {
    let (after, end, limit) = (int(query.after), int(end), entries::count(limit));
    let (every, clearances) = (query.clearances.is_none(), numbers(query.clearances));
    let producer = query.producer.map(|producer| small(producer.0));
    let any = query.kinds.is_empty();
    let as_of = query.as_of.map_or(i64::MAX, int);
    let without: Vec<i64> = query.without.iter().copied().map(int).collect();
    let kinds: Vec<&str> =
        query.kinds.iter().map(String::as_str).filter(|kind| !kind.contains('\0')).collect();
    let versions = Versions::of(&query.versions);
    let Versions { all, last, first, at } = &versions;
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &after,
        &end,
        &limit,
        &every,
        &clearances,
        &producer,
        &any,
        &kinds,
        all,
        last,
        first,
        at,
        &as_of,
        &without,
    ];
    let sql = match plan {
        Plan::Items(objects) => {
            params.push(objects);
            OF_ITEMS
        }
        Plan::Merge { .. } => MERGE,
        Plan::Scan { .. } | Plan::Nothing => SCAN,
    };
    let (mut bytes, mut broken) = (0, false);
    session.sql()?.each(sql, &params, &mut |row| {
        let item = read(row)?;
        bytes += item.body.len() + item.facts.len();
        page.items.push(item);
        let room = room_after(bytes);
        broken = room.is_break();
        Ok(room)
    })?;
    Ok(broken)
}

fn numbers(clearances: Option<&[ClearanceId]>) -> Vec<i32> {
    let mut numbers: Vec<i32> = clearances.into_iter().flatten().map(|id| small(id.0)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

impl Versions {
    fn of(filter: &VersionFilter) -> Self {
        let mut versions = Self::default();
        versions.add(filter);
        versions
    }

    fn add(&mut self, filter: &VersionFilter) {
        match filter {
            VersionFilter::All => self.all = true,
            VersionFilter::Last => self.last = true,
            VersionFilter::First => self.first = true,
            VersionFilter::At(moments) => self.at.extend(moments.iter().map(|at| at.micros())),
            VersionFilter::AnyOf(filters) => filters.iter().for_each(|filter| self.add(filter)),
        }
    }
}

fn read(row: &Row) -> Told<StoredItem> {
    let stamp = Stamp { seq: seq(row, 0)?, at: moment(row, 1)? };
    let origin = seq(row, 2)?;
    let damaged = |reason: &str| Fault::damaged(format!("entry {origin}"), reason);
    let facts = ItemFacts::read(row.try_get(9)?);
    Ok(StoredItem {
        stamp,
        origin,
        id: ItemId::new(row.try_get(3)?).map_err(|_| damaged("its subject is no item"))?,
        version: Instant::from_micros(get(row, 4)?),
        producer: OrganisationNumber(natural(row, 5)?),
        clearance: ClearanceId(natural(row, 6)?),
        state: if get::<i16>(row, 7)? == 0 { ItemState::Live } else { ItemState::Revoked },
        digest: digest(row, 8)?,
        facts: facts.ok_or_else(|| damaged("its facts are not an item's"))?.facts.to_owned(),
        body: row.try_get::<_, &[u8]>(10)?.into(),
    })
}
