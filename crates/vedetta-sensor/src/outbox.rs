//! Findings that wait to be sent: on disk, bounded, the newest word of each.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use vedetta_detect::report::Told;

use crate::error::SensorError;
use crate::kept;

/// The findings that wait.
pub(crate) struct Outbox {
    path: PathBuf,
    file: File,
    most: usize,
    waiting: HashMap<Uuid, Told>,
    order: VecDeque<Uuid>,
    /// Octets in the file.
    written: u64,
    /// Findings let go for want of room.
    pub(crate) lost: u64,
}

/// A file smaller than this is not worth writing anew.
const SMALL: u64 = 1 << 20;

impl Outbox {
    /// Opens the findings of a file; at most so many wait.
    pub(crate) fn open(path: &Path, most: usize) -> Result<Self, SensorError> {
        let failed = |error: std::io::Error| SensorError::file(path, error);
        let told = Self::read(path)?;
        let file = kept::append(path).map_err(failed)?;
        let mut outbox = Self {
            path: path.to_owned(),
            file,
            most,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            written: 0,
            lost: 0,
        };
        told.into_iter().for_each(|told| outbox.enter(told));
        outbox.write_anew()?;
        Ok(outbox)
    }

    /// What a file holds: later words go before earlier ones.
    pub(crate) fn read(path: &Path) -> Result<Vec<Told>, SensorError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(SensorError::file(path, error)),
        };
        // A line that a crash cut short was not kept.
        let lines = text.split(|it| *it == b'\n');
        Ok(lines.filter_map(|it| serde_json::from_slice(it).ok()).collect())
    }

    /// Adds findings; those told before are replaced. They are on disk when this returns.
    pub(crate) fn put(&mut self, found: Vec<Told>) -> Result<(), SensorError> {
        if found.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for told in found {
            if serde_json::to_writer(&mut lines, &told).is_ok() {
                lines.push(b'\n');
                self.enter(told);
            }
        }
        let wrote = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        wrote.map_err(|error| SensorError::file(&self.path, error))?;
        self.written += lines.len() as u64;
        if self.written > SMALL && self.waiting.len() * 4_096 < self.written as usize {
            self.write_anew()?;
        }
        Ok(())
    }

    /// The next to send, oldest first: so many at most, and so many octets.
    pub(crate) fn next(&self, most: usize, octets: usize) -> Vec<Told> {
        let (mut next, mut length) = (Vec::new(), 0);
        for told in self.order.iter().filter_map(|id| self.waiting.get(id)).take(most) {
            length += serde_json::to_vec(told).map_or(0, |it| it.len());
            if length > octets && !next.is_empty() {
                break;
            }
            next.push(told.clone());
        }
        next
    }

    /// They arrived: those about which nothing newer is to be said wait no more.
    pub(crate) fn arrived(&mut self, sent: &[Told]) -> Result<(), SensorError> {
        for told in sent {
            if self.waiting.get(&told.id).is_some_and(|it| it.told <= told.told) {
                self.waiting.remove(&told.id);
            }
        }
        self.order.retain(|id| self.waiting.contains_key(id));
        if self.waiting.is_empty() && self.written > 0 { self.write_anew() } else { Ok(()) }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn enter(&mut self, told: Told) {
        let id = told.id;
        if self.waiting.insert(id, told).is_none() {
            self.order.push_back(id);
        }
        while self.waiting.len() > self.most {
            let Some(oldest) = self.order.pop_front() else { return };
            self.lost += u64::from(self.waiting.remove(&oldest).is_some());
        }
    }

    fn write_anew(&mut self) -> Result<(), SensorError> {
        let mut lines = Vec::new();
        for told in self.order.iter().filter_map(|id| self.waiting.get(id)) {
            if serde_json::to_writer(&mut lines, told).is_ok() {
                lines.push(b'\n');
            }
        }
        kept::replace(&self.path, &lines)?;
        self.file =
            kept::append(&self.path).map_err(|error| SensorError::file(&self.path, error))?;
        self.written = lines.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use vedetta_detect::finding::{By, Severity};
    use vedetta_detect::report::Recalled;
    use vedetta_model::Instant;

    use super::*;

    pub(crate) fn told(n: u128, second: i64) -> Told {
        let at = Instant::from_micros(second * 1_000_000);
        Told {
            id: Uuid::from_u128(n),
            by: By::Rule,
            of: "rule".into(),
            title: "Title".into(),
            severity: Severity::High,
            confidence: 70,
            techniques: Vec::new(),
            entity: String::new(),
            evidence: [].into(),
            observables: Vec::new(),
            count: 1,
            first: at,
            last: at,
            created: at,
            told: at,
            recalled: Recalled::Live,
        }
    }

    #[test]
    fn it_survives_and_keeps_the_newest_word() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outbox.jsonl");
        let mut outbox = Outbox::open(&path, 10).unwrap();
        outbox.put(vec![told(1, 1), told(2, 2), told(1, 5)]).unwrap();
        drop(outbox);
        std::fs::write(&path, [&std::fs::read(&path).unwrap()[..], b"{\"cut"].concat()).unwrap();
        let mut outbox = Outbox::open(&path, 10).unwrap();
        let sent = outbox.next(10, 1 << 20);
        assert_eq!(sent, [told(1, 5), told(2, 2)]);
        // While they were under way, more was said of the second.
        outbox.put(vec![told(2, 9)]).unwrap();
        outbox.arrived(&sent).unwrap();
        assert_eq!(outbox.next(10, 1 << 20), [told(2, 9)]);
        outbox.arrived(&[told(2, 9)]).unwrap();
        assert_eq!((outbox.len(), std::fs::metadata(&path).unwrap().len()), (0, 0));
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let directory = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(&directory.path().join("outbox.jsonl"), 2).unwrap();
        outbox.put((0..5).map(|n| told(n, 1)).collect()).unwrap();
        assert_eq!((outbox.len(), outbox.lost), (2, 3));
    }
}
