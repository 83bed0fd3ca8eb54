//! What was seen, kept small: of each value its mark, when first and last in that stretch, and how
//! often. A new indicator is looked for in it: were we hit last week?

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vedetta_model::Instant;

use crate::error::SensorError;
use crate::kept;

/// What was seen of one value in one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When first, in seconds since 1970.
    pub(crate) first: u32,
    /// When last.
    pub(crate) last: u32,
    /// How often.
    pub(crate) count: u32,
}

impl Seen {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            count: self.count.saturating_add(other.count),
        }
    }
}

/// The memory of what was seen.
pub(crate) struct History {
    directory: PathBuf,
    days: u16,
    most: u64,
    now: HashMap<u64, Seen>,
    /// What of it is not on disk yet.
    dirty: HashSet<u64>,
    log: File,
    segments: Vec<Arc<Segment>>,
    next: u64,
}

/// The stretches that were over at a moment: they do not change, and may be looked at on any thread.
#[derive(Default)]
pub(crate) struct Past(Vec<Arc<Segment>>);

/// A stretch that is over: marks in order, in a file.
struct Segment {
    path: PathBuf,
    number: u64,
    last: u32,
    records: u64,
}

/// Octets of a record: mark, first, last, count.
const RECORD: usize = 20;
/// Values of a stretch at most; then another begins.
const STRETCH: usize = 100_000;
/// Marks that are looked for one by one; of more, stretches are read through.
const FEW: usize = 500;
const DAY: u32 = 86_400;

impl History {
    /// Opens the memory of a directory: so many days, and so many octets at most.
    pub(crate) fn open(directory: &Path, days: u16, most: u64) -> Result<Self, SensorError> {
        let failed = |error: std::io::Error| SensorError::file(directory, error);
        std::fs::create_dir_all(directory).map_err(failed)?;
        let mut segments = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            segments.extend(Segment::open(&entry.map_err(failed)?.path()).map(Arc::new));
        }
        segments.sort_by_key(|it| it.number);
        let next = segments.last().map_or(1, |it| it.number + 1);
        let path = directory.join("now.log");
        let mut now = HashMap::new();
        if let Ok(file) = File::open(&path) {
            read_all(&mut BufReader::new(file), &mut |mark, seen| {
                now.insert(mark, seen);
            });
        }
        let log = kept::append(&path).map_err(failed)?;
        let directory = directory.to_owned();
        Ok(Self { directory, days, most, now, dirty: HashSet::new(), log, segments, next })
    }

    /// A value was seen.
    pub(crate) fn see(&mut self, mark: u64, at: Instant) {
        let second = seconds(at);
        let fresh = Seen { first: second, last: second, count: 0 };
        let seen = self.now.entry(mark).or_insert(fresh);
        seen.first = seen.first.min(second);
        seen.last = seen.last.max(second);
        seen.count = seen.count.saturating_add(1);
        self.dirty.insert(mark);
    }

    /// Keeps what was seen since the last time; what is too old goes.
    pub(crate) fn keep(&mut self, now: Instant) -> Result<(), SensorError> {
        let path = self.directory.join("now.log");
        let mut lines = Vec::with_capacity(self.dirty.len() * RECORD);
        for mark in self.dirty.drain() {
            if let Some(seen) = self.now.get(&mark) {
                lines.extend_from_slice(&record(mark, *seen));
            }
        }
        self.log.write_all(&lines).map_err(|error| SensorError::file(&path, error))?;
        let begun = self.now.values().map(|it| it.first).min().unwrap_or(u32::MAX);
        let long = seconds(now).saturating_sub(begun) >= DAY;
        let logged = self.log.metadata().map_or(0, |it| it.len());
        let too_long = logged > (4 * STRETCH * RECORD) as u64;
        if self.now.len() >= STRETCH || (long && !self.now.is_empty()) || too_long {
            self.close_stretch()?;
        }
        self.forget_old(now)
    }

    /// What was seen of a mark in the stretch that is not over.
    pub(crate) fn lately(&self, mark: u64) -> Option<Seen> {
        self.now.get(&mark).copied()
    }

    /// All that was before.
    pub(crate) fn past(&self) -> Past {
        Past(self.segments.clone())
    }

    fn close_stretch(&mut self) -> Result<(), SensorError> {
        let mut all: Vec<_> = self.now.drain().collect();
        all.sort_unstable_by_key(|(mark, _)| *mark);
        let octets: Vec<u8> = all.iter().flat_map(|(mark, seen)| record(*mark, *seen)).collect();
        let last = all.iter().map(|(_, seen)| seen.last).max().unwrap_or(0);
        let path = self.directory.join(format!("{:010}-{last}.seen", self.next));
        kept::replace(&path, &octets)?;
        self.segments.extend(Segment::open(&path).map(Arc::new));
        self.next += 1;
        self.now.shrink_to(1_024);
        let log = self.directory.join("now.log");
        self.log = kept::create(&log).map_err(|error| SensorError::file(&log, error))?;
        Ok(())
    }

    fn forget_old(&mut self, now: Instant) -> Result<(), SensorError> {
        let since = seconds(now).saturating_sub(u32::from(self.days) * DAY);
        let mut held: u64 = self.segments.iter().map(|it| it.records * RECORD as u64).sum();
        let most = self.most;
        let mut gone = Vec::new();
        self.segments.retain(|segment| {
            let stays = segment.last >= since && held <= most;
            if !stays {
                held -= segment.records * RECORD as u64;
                gone.push(segment.path.clone());
            }
            stays
        });
        for path in gone {
            std::fs::remove_file(&path).map_err(|error| SensorError::file(&path, error))?;
        }
        Ok(())
    }
}

impl Past {
    /// Adds when a mark was seen, for each that was; `marks` are in order.
    pub(crate) fn look(&self, marks: &[u64], found: &mut HashMap<u64, Seen>) {
        let mut enter = |mark: u64, seen: Seen| {
            let known = found.entry(mark).or_insert(Seen { count: 0, ..seen });
            *known = known.and(seen);
        };
        for segment in &self.0 {
            segment.look(marks, &mut enter);
        }
    }
}

impl Segment {
    /// The stretch of a file; nothing when it is none.
    fn open(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".seen")?;
        let mut parts = name.split('-');
        let mut next = || parts.next()?.parse::<u64>().ok();
        let (number, last) = (next()?, next()?);
        let length = std::fs::metadata(path).ok()?.len();
        Some(Self {
            path: path.to_owned(),
            number,
            last: u32::try_from(last).ok()?,
            records: length / RECORD as u64,
        })
    }

    /// Of marks in order, those that were seen in it.
    fn look(&self, marks: &[u64], enter: &mut dyn FnMut(u64, Seen)) {
        let Ok(file) = File::open(&self.path) else { return };
        if marks.len() <= FEW {
            for mark in marks {
                if let Some(seen) = self.find(&file, *mark) {
                    enter(*mark, seen);
                }
            }
            return;
        }
        let mut wanted = marks.iter().copied().peekable();
        read_all(&mut BufReader::with_capacity(1 << 16, file), &mut |mark, seen| {
            while wanted.next_if(|it| *it < mark).is_some() {}
            if wanted.next_if_eq(&mark).is_some() {
                enter(mark, seen);
            }
        });
    }

    /// Looks for one mark, by halves.
    fn find(&self, file: &File, mark: u64) -> Option<Seen> {
        let (mut from, mut to) = (0, self.records);
        while from < to {
            let middle = from + (to - from) / 2;
            let mut octets = [0; RECORD];
            file.read_exact_at(&mut octets, middle * RECORD as u64).ok()?;
            let (found, seen) = read(&octets);
            match found.cmp(&mark) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(seen),
            }
        }
        None
    }
}

fn record(mark: u64, seen: Seen) -> [u8; RECORD] {
    let mut octets = [0; RECORD];
    let parts = mark.to_le_bytes().into_iter().chain(seen.first.to_le_bytes());
    let parts = parts.chain(seen.last.to_le_bytes()).chain(seen.count.to_le_bytes());
    octets.iter_mut().zip(parts).for_each(|(place, octet)| *place = octet);
    octets
}

fn read(octets: &[u8; RECORD]) -> (u64, Seen) {
    let number = |at: usize, length: usize| {
        let octets = octets.iter().skip(at).take(length).rev();
        octets.fold(0_u64, |number, octet| number << 8 | u64::from(*octet))
    };
    let small = |at| u32::try_from(number(at, 4)).unwrap_or(u32::MAX);
    (number(0, 8), Seen { first: small(8), last: small(12), count: small(16) })
}

/// Reads records until there is none that is whole.
fn read_all(from: &mut impl std::io::Read, each: &mut dyn FnMut(u64, Seen)) {
    let mut octets = [0; RECORD];
    while from.read_exact(&mut octets).is_ok() {
        let (mark, seen) = read(&octets);
        each(mark, seen);
    }
}

fn seconds(at: Instant) -> u32 {
    u32::try_from(at.micros().max(0) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    /// All that was seen of marks in order.
    fn look(history: &History, marks: &[u64]) -> Vec<(u64, Seen)> {
        let lately = marks.iter().filter_map(|it| Some((*it, history.lately(*it)?)));
        let mut found: HashMap<_, _> = lately.collect();
        history.past().look(marks, &mut found);
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|(mark, _)| *mark);
        found
    }

    const DAYS: i64 = 86_400;

    #[test]
    fn what_was_seen_is_found_across_stretches_and_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let mut history = History::open(directory.path(), 30, 1 << 30).unwrap();
        for day in 0..3 {
            for mark in 0..2_000 {
                history.see(mark * 3, at(day * DAYS + 10));
            }
            history.see(7, at(day * DAYS + 20));
            history.keep(at((day + 1) * DAYS + 11)).unwrap();
        }
        history.see(7, at(3 * DAYS + 20));
        history.keep(at(3 * DAYS + 21)).unwrap();
        drop(history);
        let history = History::open(directory.path(), 30, 1 << 30).unwrap();
        let last = u32::try_from(3 * DAYS + 20).unwrap();
        assert_eq!(look(&history, &[7, 8]), [(7, Seen { first: 20, last, count: 4 })]);
        let all: Vec<u64> = (0..6_000).collect();
        assert_eq!(
            look(&history, &all).len(),
            2_001,
            "many are looked for otherwise, with one answer"
        );
    }

    #[test]
    fn it_forgets_by_age_and_by_room() {
        let directory = tempfile::tempdir().unwrap();
        let mut history = History::open(directory.path(), 2, 1 << 30).unwrap();
        history.see(1, at(10));
        history.keep(at(DAYS + 11)).unwrap();
        history.see(2, at(4 * DAYS));
        history.keep(at(4 * DAYS)).unwrap();
        assert_eq!(look(&history, &[1, 2]).len(), 1);
        let mut small = History::open(&directory.path().join("small"), 30, 50).unwrap();
        for day in 0..4 {
            small.see(u64::try_from(day).unwrap(), at(day * DAYS));
            small.keep(at((day + 1) * DAYS)).unwrap();
        }
        let left: Vec<u64> =
            look(&small, &[0, 1, 2, 3]).into_iter().map(|(mark, _)| mark).collect();
        assert_eq!(left, [2, 3]);
    }
}
