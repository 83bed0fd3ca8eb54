//! From an item to its releases.
//!
//! Identifiers are random, so an index over them costs a page for each item placed. Its latest part
//! is therefore kept in memory, of each connection, read from the `item` rows after a mark; the
//! writer moves it into the table `lookup` a strip at a time in the order of the keys, so that a
//! page of the table is written once for many items. When all of it went round, the mark moves.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Bound;

use rusqlite::{Connection, params};
use vedetta_store::Sequence;

use crate::entries::{count, int};
use crate::fault::Told;

/// So many releases stay in memory before they move into the table (few in tests, so that they do).
const WINDOW: usize = if cfg!(test) { 16 } else { 131_072 };
/// For each release placed, so many move.
const PACE: usize = 2;

/// Which item (64 bits of it), which version, which release.
type Key = (i64, i64, i64);

/// The latest part of the index.
#[derive(Default)]
pub(crate) struct Recent {
    keys: BTreeSet<Key>,
    /// All releases up to here are in the table.
    mark: i64,
    /// All releases from the mark up to here are in the keys, or in the table.
    known: i64,
    /// Added by the unit of work.
    added: Vec<Key>,
    /// Whether the unit of work moved a strip.
    moved: bool,
    /// The round: where it is, and the last release when it began.
    round: Option<(Key, i64)>,
}

/// Which versions to look up, and in which order.
#[derive(Clone, Copy)]
pub(crate) enum Versions {
    /// All, from the oldest.
    Rising,
    /// All, from the newest.
    Falling,
    /// This one.
    Exactly(i64),
    /// Newer ones, from the oldest.
    After(i64),
    /// Older ones, from the newest.
    Before(i64),
}

impl Recent {
    /// The releases of an item, and of its hash's twins, at most `limit`.
    pub(crate) fn releases(
        &mut self,
        conn: &Connection,
        object: i64,
        versions: Versions,
        limit: usize,
    ) -> Told<Vec<Sequence>> {
        self.refresh(conn)?;
        let (low, high) = versions.bounds();
        let sql = versions.sql();
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![object, low, high, count(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get(1)?));
        }
        let recent = self.keys.range((object, low, i64::MIN)..=(object, high, i64::MAX));
        let recent = recent.map(|(_, version, seq)| (*version, *seq));
        if versions.fall() {
            found.extend(recent.rev().take(limit));
            found.sort_unstable_by_key(|found| Reverse(*found));
        } else {
            found.extend(recent.take(limit));
            found.sort_unstable();
        }
        found.dedup();
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, seq)| Sequence(seq.cast_unsigned())).collect())
    }

    /// The first release that a test finds something in.
    pub(crate) fn find<T>(
        &mut self,
        conn: &Connection,
        object: i64,
        versions: Versions,
        mut test: impl FnMut(Sequence) -> Told<Option<T>>,
    ) -> Told<Option<T>> {
        let (mut tested, mut limit) = (0, 4);
        loop {
            let releases = self.releases(conn, object, versions, limit)?;
            for seq in &releases[tested..] {
                if let Some(found) = test(*seq)? {
                    return Ok(Some(found));
                }
            }
            if releases.len() < limit {
                return Ok(None);
            }
            tested = releases.len();
            limit *= 8;
        }
    }

    /// Adds a release that the unit of work placed.
    pub(crate) fn add(
        &mut self,
        conn: &Connection,
        (object, version, seq): (i64, i64, Sequence),
    ) -> Told<()> {
        self.refresh(conn)?;
        let key = (object, version, int(seq));
        self.keys.insert(key);
        self.added.push(key);
        self.known = key.2;
        Ok(())
    }

    /// Moves a strip into the table, at the end of a unit of work.
    pub(crate) fn settle(&mut self, conn: &Connection) -> Told<()> {
        if self.keys.len() <= WINDOW || self.added.is_empty() {
            return Ok(());
        }
        self.moved = true;
        let (after, began) = match self.round {
            Some((last, began)) => (Bound::Excluded(last), began),
            None => (Bound::Unbounded, self.known),
        };
        let most = self.added.len() * PACE;
        let strip = self.keys.range((after, Bound::Unbounded)).take(most);
        let strip: Vec<Key> = strip.copied().collect();
        let sql = "INSERT OR IGNORE INTO lookup (object, version, seq) VALUES (?1, ?2, ?3)";
        let mut statement = conn.prepare_cached(sql)?;
        for key in &strip {
            statement.execute(params![key.0, key.1, key.2])?;
            self.keys.remove(key);
        }
        match strip.last() {
            Some(last) if strip.len() == most => self.round = Some((*last, began)),
            _ => {
                conn.prepare_cached("UPDATE looked_up SET seq = ?1")?.execute([began])?;
                (self.mark, self.round) = (began, None);
            }
        }
        Ok(())
    }

    /// Keeps what the unit of work did.
    pub(crate) fn keep(&mut self) {
        self.added.clear();
        self.moved = false;
    }

    /// Forgets what a unit of work that is not kept did.
    pub(crate) fn forget(&mut self) {
        if self.moved {
            *self = Self::default();
        } else if let Some((_, _, first)) = self.added.first() {
            self.known = first - 1;
            for key in self.added.drain(..) {
                self.keys.remove(&key);
            }
        }
    }

    /// Takes in what was placed since the last time. Within a unit of work that is nothing but what
    /// the unit added itself.
    fn refresh(&mut self, conn: &Connection) -> Told<()> {
        if !self.added.is_empty() {
            return Ok(());
        }
        let mark = "SELECT seq FROM looked_up";
        let mark = conn.prepare_cached(mark)?.query_row([], |row| row.get(0))?;
        if mark > self.mark {
            self.mark = mark;
            self.known = self.known.max(mark);
            self.keys.retain(|(_, _, seq)| *seq > mark);
        }
        let sql = "SELECT object, version, seq FROM item WHERE seq > ?1";
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query([self.known])?;
        while let Some(row) = rows.next()? {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?);
            self.keys.insert(key);
            self.known = key.2;
        }
        Ok(())
    }
}

impl Versions {
    fn fall(self) -> bool {
        matches!(self, Self::Falling | Self::Before(_))
    }

    fn sql(self) -> &'static str {
        if self.fall() {
            "SELECT version, seq FROM lookup WHERE object = ?1 AND version BETWEEN ?2 AND ?3 \
             ORDER BY version DESC, seq DESC LIMIT ?4"
        } else {
            "SELECT version, seq FROM lookup WHERE object = ?1 AND version BETWEEN ?2 AND ?3 \
             ORDER BY version, seq LIMIT ?4"
        }
    }

    fn bounds(self) -> (i64, i64) {
        match self {
            Self::Rising | Self::Falling => (i64::MIN, i64::MAX),
            Self::Exactly(version) => (version, version),
            Self::After(version) => (version.saturating_add(1), i64::MAX),
            Self::Before(version) => (i64::MIN, version.saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vedetta_store::Store;
    use vedetta_store::conformance::House;

    use crate::SqliteStore;

    struct Directory(tempfile::TempDir);

    impl House for Directory {
        fn open(&self) -> Arc<dyn Store> {
            Arc::new(SqliteStore::open(self.0.path()).unwrap())
        }
    }

    fn house() -> Option<Box<dyn House>> {
        let memory = std::path::Path::new("/dev/shm");
        let memory = if memory.is_dir() { memory } else { &std::env::temp_dir() };
        Some(Box::new(Directory(tempfile::tempdir_in(memory).unwrap())))
    }

    vedetta_store::conformance!(house);
}
