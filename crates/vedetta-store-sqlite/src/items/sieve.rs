//! Which releases pass a query's filters.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::line::given;
use vedetta_store::{
    ClearanceId, End, ItemQuery, ItemState, Ownership, Rank, Sequence, VersionFilter,
};

use super::Release;
use crate::beside;
use crate::entries::{self, int};
use crate::fault::{Fault, Told};
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
    ends: HashMap<String, Ends>,
}

/// A set of clearances: their numbers are small and dense.
struct Bits(Vec<u64>);

/// The oldest and the newest version that are given of an item, with their objects.
struct Ends {
    first: Vec<Place>,
    last: Vec<Place>,
}

/// A version, and under which object it is.
type Place = (i64, Instant);

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

    fn is_end(&mut self, end: End, release: &Release) -> Told<bool> {
        let sql = "SELECT subject FROM entry WHERE seq = ?1";
        let id = self.conn.prepare_cached(sql)?.query_row([int(release.origin)], |row| row.get(0));
        let id: String = id.optional()?.ok_or_else(|| entries::missing(release.origin))?;
        if !self.ends.contains_key(&id) {
            let ends =
                Ends { first: self.given(End::First, &id)?, last: self.given(End::Last, &id)? };
            self.ends.insert(id.clone(), ends);
        }
        let place = (release.object, release.version);
        Ok(self.ends.get(&id).is_some_and(|ends| match end {
            End::First => ends.first.contains(&place),
            End::Last => ends.last.contains(&place),
        }))
    }

    /// What is given of an item, of what may be read of each line.
    fn given(&mut self, end: End, id: &str) -> Told<Vec<Place>> {
        let objects = match ItemId::new(id) {
            Ok(item) => beside::objects(self.conn, &item)?,
            Err(error) => return Err(Fault::damaged("the subject of an item", error)),
        };
        let mut ends = Vec::with_capacity(objects.len());
        for object in objects {
            ends.extend(self.end(end, (object, id))?);
        }
        Ok(given(ends))
    }

    fn end(&mut self, end: End, (object, id): (i64, &str)) -> Told<Option<(Rank, Place)>> {
        let Self { conn, recent, clearances, producer, as_of, without, .. } = self;
        let sql = "SELECT i.version, i.clearance, i.producer, i.state, i.owner, e.digest, o.id \
                   FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
                   LEFT JOIN organisation o ON o.number = i.producer \
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
                let (state, owner): (i64, i64) = (row.get(3)?, row.get(4)?);
                let state = if state == 0 { ItemState::Live } else { ItemState::Revoked };
                let owner = if owner == 0 { Ownership::Others } else { Ownership::Owner };
                let (of, name) = ((version, entries::digest(row, 5)?), row.get(6)?);
                let by = OrganisationNumber(by);
                let rank = Rank::of(end, (owner, state), of, (name, by));
                Ok((ClearanceId(row.get(1)?), by, (rank, (object, version))))
            });
            let counts = |id, by| {
                clearances.as_ref().is_none_or(|set| set.has(id))
                    && producer.is_none_or(|producer| producer == by)
            };
            Ok(found.optional()?.and_then(|(id, by, end)| counts(id, by).then_some(end)))
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
