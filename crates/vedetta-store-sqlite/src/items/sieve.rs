//! Which releases pass a query's filters.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::{ClearanceId, ItemQuery, Sequence, VersionFilter};

use super::Release;
use crate::entries::{self, int};
use crate::fault::Told;
use crate::lookup::{Recent, Versions};

/// The filters of a query, ready for many releases.
pub(super) struct Sieve<'a> {
    conn: &'a Connection,
    recent: &'a mut Recent,
    clearances: Option<Bits>,
    producer: Option<OrganisationNumber>,
    kinds: Option<HashSet<i64>>,
    ids: Option<HashSet<&'a ItemId>>,
    versions: &'a VersionFilter,
    as_of: Option<Sequence>,
    without: HashSet<Sequence>,
    ends: HashMap<(End, i64, String), Option<Instant>>,
}

/// A set of clearances: their numbers are small and dense.
struct Bits(Vec<u64>);

/// An end of a line of versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    First,
    Last,
}

impl<'a> Sieve<'a> {
    /// Prepares the filters.
    pub(super) fn of(
        conn: &'a Connection,
        recent: &'a mut Recent,
        query: &'a ItemQuery<'a>,
    ) -> Told<Self> {
        let kinds = if query.kinds.is_empty() { None } else { Some(codes(conn, query.kinds)?) };
        Ok(Self {
            conn,
            recent,
            clearances: query.clearances.map(Bits::of),
            producer: query.producer,
            kinds,
            ids: (!query.ids.is_empty()).then(|| query.ids.iter().collect()),
            versions: &query.versions,
            as_of: query.as_of,
            without: query.without.iter().copied().collect(),
            ends: HashMap::new(),
        })
    }

    /// Whether a served release passes.
    pub(super) fn passes(&mut self, release: &Release) -> Told<bool> {
        let cleared = self.clearances.as_ref().is_none_or(|set| set.has(release.clearance));
        let brought = self.producer.is_none_or(|producer| producer == release.producer);
        let kind = self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&release.kind));
        let counts = !self.without.contains(&release.seq);
        Ok(counts && cleared && brought && kind && self.is_version(self.versions, release)?)
    }

    /// Whether the item is one of those asked for.
    pub(super) fn wants(&self, id: &ItemId) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(id))
    }

    fn is_version(&mut self, filter: &VersionFilter, release: &Release) -> Told<bool> {
        Ok(match filter {
            VersionFilter::All => true,
            VersionFilter::At(versions) => versions.contains(&release.version),
            VersionFilter::Last => !release.newer || self.is_end(End::Last, release)?,
            VersionFilter::First => !release.older || self.is_end(End::First, release)?,
            VersionFilter::AnyOf(filters) => {
                for filter in filters {
                    if self.is_version(filter, release)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// Whether a release is at an end of what may be read of its line.
    fn is_end(&mut self, end: End, release: &Release) -> Told<bool> {
        let sql = "SELECT subject FROM entry WHERE seq = ?1";
        let id = self.conn.prepare_cached(sql)?.query_row([int(release.origin)], |row| row.get(0));
        let id: String = id.optional()?.ok_or_else(|| entries::missing(release.origin))?;
        let line = (end, release.object, id);
        let version = match self.ends.get(&line) {
            Some(version) => *version,
            None => {
                let version = self.end((end, release.object), &line.2)?;
                self.ends.insert(line, version);
                version
            }
        };
        Ok(version == Some(release.version))
    }

    fn end(&mut self, (end, object): (End, i64), id: &str) -> Told<Option<Instant>> {
        let Self { conn, recent, clearances, producer, as_of, without, .. } = self;
        let sql = "SELECT i.version, i.clearance, i.producer \
                   FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
                   WHERE i.seq = ?1 AND i.hidden = 0 AND e.subject = ?2";
        let versions = match end {
            End::First => Versions::Rising,
            End::Last => Versions::Falling,
        };
        recent.find(conn, object, versions, |seq| {
            if as_of.is_some_and(|as_of| seq > as_of) || without.contains(&seq) {
                return Ok(None);
            }
            let found = conn.prepare_cached(sql)?.query_row(params![int(seq), id], |row| {
                let (version, by) = (Instant::from_micros(row.get(0)?), row.get(2)?);
                Ok((version, ClearanceId(row.get(1)?), OrganisationNumber(by)))
            });
            let counts = |id, by| {
                clearances.as_ref().is_none_or(|set| set.has(id))
                    && producer.is_none_or(|producer| producer == by)
            };
            Ok(found.optional()?.and_then(|(version, id, by)| counts(id, by).then_some(version)))
        })
    }
}

impl Bits {
    fn of(clearances: &[ClearanceId]) -> Self {
        let highest = clearances.iter().max().map_or(0, |id| id.0 as usize);
        let mut words = vec![0; highest / 64 + 1];
        for id in clearances {
            words[id.0 as usize / 64] |= 1 << (id.0 % 64);
        }
        Self(words)
    }

    fn has(&self, id: ClearanceId) -> bool {
        self.0.get(id.0 as usize / 64).is_some_and(|word| word & (1 << (id.0 % 64)) != 0)
    }
}

fn codes(conn: &Connection, kinds: &[String]) -> Told<HashSet<i64>> {
    let mut statement = conn.prepare_cached("SELECT code FROM kind WHERE name = ?1")?;
    let mut codes = HashSet::new();
    for kind in kinds {
        codes.extend(statement.query_row([kind], |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(codes)
}
