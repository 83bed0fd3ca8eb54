//! In which way to walk: along the items asked for, along everything, or along the few clearances
//! that a reader is entitled to.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use rusqlite::{Connection, params};
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::{ClearanceId, ItemQuery, Sequence};

use super::{Release, Visit, reading};
use crate::beside;
use crate::entries::{self, int};
use crate::fault::Told;
use crate::lookup::Versions;
use crate::session::Session;

/// How the releases spread over the clearances, as counted some time ago: good enough to choose.
pub(crate) struct Spread {
    head: u64,
    served: HashMap<ClearanceId, u64>,
    total: u64,
}

/// The releases after a place, up to another.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) after: i64,
    pub(super) until: i64,
}

/// A way to walk.
pub(super) enum Plan {
    /// Along the releases of the items asked for.
    Items(Vec<Sequence>),
    /// Along everything.
    Scan,
    /// Along these clearances, merged.
    Merge(Vec<Lode>),
}

/// An index along which few releases lie.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lode {
    Clearance(ClearanceId),
    Producer(OrganisationNumber),
}

/// The releases along an index, read ahead a few at a time.
struct Vein {
    lode: Lode,
    ahead: VecDeque<i64>,
    last: i64,
    spent: bool,
}

/// One release.
const ONE: &str = reading!("i.seq = ?1");

impl Plan {
    /// Chooses by what each way would look at. Looking at a release along a clearance costs about
    /// four times as much as along everything, and beginning a clearance about eight times.
    pub(super) fn of(session: &mut Session, query: &ItemQuery<'_>) -> Told<Self> {
        if !query.ids.is_empty() {
            return Ok(Self::Items(of_items(session, query.ids)?));
        }
        let produced = || {
            query.producer.map_or(Self::Scan, |number| Self::Merge(vec![Lode::Producer(number)]))
        };
        let Some(entitled) = query.clearances else { return Ok(produced()) };
        let spread = Spread::fresh(session)?;
        let mine: u64 = entitled.iter().filter_map(|id| spread.served.get(id)).sum();
        let limit = query.limit.min(10_000) as u64;
        let scan = spread.total.min(limit.saturating_mul(spread.total) / mine.max(1));
        let merge = 4 * limit.min(mine) + 8 * entitled.len() as u64;
        if scan <= merge || (query.producer.is_some() && mine > 16 * limit) {
            return Ok(produced());
        }
        let mut entitled: Vec<_> = entitled.iter().copied().map(Lode::Clearance).collect();
        entitled.sort_unstable();
        entitled.dedup();
        Ok(Self::Merge(entitled))
    }

    /// Shows releases in order until told to stop.
    pub(super) fn walk(&self, conn: &Connection, range: Range, visit: &mut Visit<'_>) -> Told<()> {
        match self {
            Self::Items(releases) => along_items(conn, releases, range, visit),
            Self::Scan => scan(conn, range, visit),
            Self::Merge(lodes) => merge(conn, lodes, range, visit),
        }
    }
}

impl Spread {
    /// Counts again when the ledger has grown by a twentieth.
    fn fresh(session: &mut Session) -> Told<&Self> {
        let head = entries::head(session)?.map_or(0, |(stamp, _)| stamp.seq.0);
        let stale = |spread: &Self| head > spread.head + spread.head / 20 || head < spread.head;
        let kept = session.spread.take().filter(|spread| !stale(spread));
        let spread = match kept {
            Some(spread) => spread,
            None => Self::count(&session.conn, head)?,
        };
        Ok(session.spread.insert(spread))
    }

    fn count(conn: &Connection, head: u64) -> Told<Self> {
        let sql = "SELECT id, served FROM clearance WHERE served > 0";
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((ClearanceId(row.get(0)?), row.get(1)?)))?;
        let served: HashMap<_, u64> = rows.collect::<Result<_, _>>()?;
        Ok(Self { head, total: served.values().sum(), served })
    }
}

fn scan(conn: &Connection, range: Range, visit: &mut Visit<'_>) -> Told<()> {
    let sql = reading!("i.seq > ?1 AND i.seq <= ?2 ORDER BY i.seq");
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([range.after, range.until])?;
    while let Some(row) = rows.next()? {
        if visit(&Release::read(row)?, row)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn of_items(session: &mut Session, ids: &[ItemId]) -> Told<Vec<Sequence>> {
    let Session { conn, recent, .. } = session;
    let mut releases = Vec::new();
    for id in ids {
        for object in beside::objects(conn, id)? {
            releases.extend(recent.releases(conn, object, Versions::Rising, usize::MAX)?);
        }
    }
    releases.sort_unstable();
    releases.dedup();
    Ok(releases)
}

fn along_items(
    conn: &Connection,
    releases: &[Sequence],
    range: Range,
    visit: &mut Visit<'_>,
) -> Told<()> {
    let within = |seq: &&Sequence| int(**seq) > range.after && int(**seq) <= range.until;
    for seq in releases.iter().filter(within) {
        if Release::show(conn, (ONE, *seq), &mut *visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn merge(conn: &Connection, lodes: &[Lode], range: Range, visit: &mut Visit<'_>) -> Told<()> {
    let ahead = i64::try_from((2_000 / lodes.len().max(1)).max(4)).unwrap_or(4);
    let mut veins: Vec<Vein> = lodes.iter().map(|lode| Vein::of(*lode, range.after)).collect();
    let mut heap = BinaryHeap::new();
    for (index, vein) in veins.iter_mut().enumerate() {
        heap.extend(vein.next(conn, range.until, ahead)?.map(|seq| Reverse((seq, index))));
    }
    while let Some(Reverse((seq, index))) = heap.pop() {
        let one = (ONE, Sequence(i64::cast_unsigned(seq)));
        if Release::show(conn, one, &mut *visit)?.is_break() {
            break;
        }
        let following = veins[index].next(conn, range.until, ahead)?;
        heap.extend(following.map(|seq| Reverse((seq, index))));
    }
    Ok(())
}

impl Lode {
    fn releases(self) -> (&'static str, u32) {
        match self {
            Self::Clearance(id) => (
                "SELECT seq FROM item INDEXED BY item_by_clearance WHERE clearance = ?1 \
                 AND hidden = 0 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
                id.0,
            ),
            Self::Producer(number) => (
                "SELECT seq FROM item INDEXED BY item_by_producer WHERE producer = ?1 \
                 AND hidden = 0 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
                number.0,
            ),
        }
    }
}

impl Vein {
    fn of(lode: Lode, after: i64) -> Self {
        Self { lode, ahead: VecDeque::new(), last: after, spent: false }
    }

    fn next(&mut self, conn: &Connection, until: i64, ahead: i64) -> Told<Option<i64>> {
        if self.ahead.is_empty() && !self.spent {
            let (sql, number) = self.lode.releases();
            let mut statement = conn.prepare_cached(sql)?;
            let range = params![number, self.last, until, ahead];
            for seq in statement.query_map(range, |row| row.get(0))? {
                self.ahead.push_back(seq?);
            }
            self.spent = self.ahead.len() < usize::try_from(ahead).unwrap_or(usize::MAX);
            self.last = self.ahead.back().copied().unwrap_or(self.last);
        }
        Ok(self.ahead.pop_front())
    }
}
