//! A file followed across rotation, from where it was left.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::Instant;

use crate::kept;
use crate::lines::Lines;

/// How far a file was read: which file, and up to where lines were whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    device: u64,
    inode: u64,
    offset: u64,
    /// Of the first octets: a file that has the number of another is told from it.
    head: u64,
    head_length: u64,
}

/// A file being followed.
pub(crate) struct Tail {
    path: PathBuf,
    open: Option<Open>,
    left_at: Option<Place>,
    /// Rotated files to be read before the one at the path, the oldest first.
    before: VecDeque<Open>,
    /// Rotated files that were read, to which their writer may still write.
    lingering: Vec<Lingering>,
    buffer: Box<[u8]>,
    /// Places that were not found again.
    pub(crate) gaps: u64,
}

struct Open {
    file: File,
    device: u64,
    inode: u64,
    /// Octets read.
    read: u64,
    /// Of the first octets, and how many: it was emptied and written anew when they are others.
    head: (u64, u64),
    lines: Lines,
}

/// A rotated file, and since when nothing came.
struct Lingering {
    open: Open,
    since: Instant,
}

/// The file that was found at a path.
pub(crate) enum Found {
    /// The one that was left, with its first lines as far as they were read.
    AsLeft(Vec<u8>),
    /// Another, or the first.
    Other,
}

/// Whether there is more to read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// There is.
    Now,
    /// Soon: it is being read elsewhere.
    Soon,
    /// Not now.
    Later,
}

/// For how long after its last line a rotated file is still looked at: its writer has it open until it
/// is told of the rotation.
const LINGERS: Duration = Duration::from_mins(1);
/// Most rotated files that are looked at.
const MOST_LINGERING: usize = 4;
/// Octets by which a file is told from others.
const HEAD: u64 = 256;
/// The head of a file of which nothing was read.
const NOTHING: (u64, u64) = (kept::NOTHING, 0);
/// Octets read at once.
const BUFFER: usize = 1 << 16;

impl Tail {
    /// A file, from where it was left; from its beginning when it never was.
    pub(crate) fn new(path: &Path, left_at: Option<Place>) -> Self {
        Self {
            path: path.to_owned(),
            open: None,
            left_at,
            before: VecDeque::new(),
            lingering: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            gaps: 0,
        }
    }

    /// Reads what there is of what was found ([`Self::find`]), a buffer at most, and calls `each` with every
    /// line and a number that tells it from all others of this file.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        each: &mut dyn FnMut(&[u8], u64),
    ) -> std::io::Result<More> {
        let late = self.linger(now, each)?;
        let Some(open) = &mut self.open else { return Ok(More::Later) };
        if open.is_rewritten() {
            // Emptied where it stands, however long it is by now.
            open.begin_anew()?;
        }
        if open.read(&mut self.buffer, each)? {
            return Ok(More::Now);
        }
        let more = self.next(now)?;
        Ok(if late == More::Now { late } else { more })
    }

    /// What comes after the end of what is open.
    fn next(&mut self, now: Instant) -> std::io::Result<More> {
        let Some(open) = &self.open else { return Ok(More::Later) };
        if self.before.is_empty() {
            match std::fs::metadata(&self.path) {
                Ok(now) if (now.dev(), now.ino()) == (open.device, open.inode) => {
                    return Ok(More::Later);
                }
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(More::Later);
                }
                Err(error) => return Err(error),
            }
            // Others may have been rotated away behind it.
            let known = open.file.metadata()?;
            let after = (known.mtime(), known.mtime_nsec());
            let mut later = self.rotated();
            later.retain(|(at, it)| *at >= after && !self.was_read(it));
            self.before = later.into_iter().map(|(_, open)| open).collect();
            self.before.push_back(Open::at(&self.path, 0)?);
        }
        let next = self.before.pop_front();
        if let Some(open) = std::mem::replace(&mut self.open, next) {
            self.lingering.push(Lingering { open, since: now });
        }
        if self.lingering.len() > MOST_LINGERING {
            self.lingering.remove(0);
        }
        Ok(More::Now)
    }

    /// Reads what still comes in files that were rotated; leaves those in which nothing comes any more.
    fn linger(&mut self, now: Instant, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<More> {
        let mut more = More::Later;
        for it in &mut self.lingering {
            if it.open.read(&mut self.buffer, each)? {
                (it.since, more) = (now, More::Now);
            }
        }
        self.lingering.retain_mut(|it| {
            let stays = now >= it.since && now.since(it.since) < LINGERS;
            if !stays {
                it.open.rest(each);
            }
            stays
        });
        Ok(more)
    }

    /// Whether nothing was found at the path yet.
    pub(crate) fn is_absent(&self) -> bool {
        self.open.is_none()
    }

    /// How far it was read.
    pub(crate) fn place(&self) -> Option<Place> {
        let Some(open) = &self.open else { return self.left_at };
        let offset = open.read - open.lines.waiting();
        let head_length = offset.min(HEAD);
        let head = head(&open.file, head_length).ok()?;
        Some(Place { device: open.device, inode: open.inode, offset, head, head_length })
    }

    /// Octets that wait to be read.
    pub(crate) fn backlog(&self) -> u64 {
        let waiting =
            |open: &Open| Some(open.file.metadata().ok()?.len().saturating_sub(open.read));
        self.open.iter().chain(&self.before).filter_map(waiting).sum()
    }

    /// Opens what is to be read first, unless something is open; what it found, if there is anything.
    pub(crate) fn find(&mut self) -> std::io::Result<Option<Found>> {
        if self.open.is_some() {
            return Ok(None);
        }
        let Some(left_at) = self.left_at else { return self.begin(None) };
        if is_it(&self.path, &left_at) {
            return self.begin(Some(left_at.offset));
        }
        let mut rotated = self.rotated();
        let Some(at) = rotated.iter().position(|(_, it)| it.is_it(&left_at)) else {
            let found = self.begin(None)?;
            self.gaps += u64::from(found.is_some());
            return Ok(found);
        };
        self.before = rotated.split_off(at).into_iter().map(|(_, open)| open).collect();
        match Open::at(&self.path, 0) {
            Ok(newest) => self.before.push_back(newest),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let Some(mut open) = self.before.pop_front() else { return Ok(None) };
        open.go_to(left_at.offset)?;
        let found = Found::AsLeft(open.beginning()?);
        (self.open, self.left_at) = (Some(open), None);
        Ok(Some(found))
    }

    /// Opens the file at the path, if there is one, to go on where it was left.
    fn begin(&mut self, left: Option<u64>) -> std::io::Result<Option<Found>> {
        match Open::at(&self.path, left.unwrap_or(0)) {
            Ok(open) => {
                let as_left = left.map(|_| open.beginning()).transpose()?;
                (self.open, self.left_at) = (Some(open), None);
                Ok(Some(as_left.map_or(Found::Other, Found::AsLeft)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn was_read(&self, it: &Open) -> bool {
        let mut read = self.lingering.iter().map(|it| &it.open).chain(&self.open);
        read.any(|open| (open.device, open.inode) == (it.device, it.inode))
    }

    /// Rotated files, each with when it was last written to, oldest first: what has the file's name
    /// with a number or a date after it.
    fn rotated(&self) -> Vec<((i64, i64), Open)> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Vec::new();
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let name = name.to_string_lossy().into_owned();
        let dated = |after: &str| {
            after.len() > 1
                && after.bytes().all(|it| it.is_ascii_digit() || b"-._T:Z".contains(&it))
        };
        let mut found: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|it| it.file_name().to_string_lossy().strip_prefix(&name).is_some_and(dated))
            .filter_map(|entry| {
                let known = entry.metadata().ok().filter(Metadata::is_file)?;
                let open = Open::at(&entry.path(), 0).ok()?;
                Some(((known.mtime(), known.mtime_nsec()), open))
            })
            .collect();
        found.sort_by_key(|(at, _)| *at);
        found
    }
}

impl Open {
    fn at(path: &Path, offset: u64) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let known: Metadata = file.metadata()?;
        let (device, inode, lines) = (known.dev(), known.ino(), Lines::default());
        let mut open = Self { file, device, inode, read: 0, head: NOTHING, lines };
        open.go_to(offset)?;
        Ok(open)
    }

    fn go_to(&mut self, offset: u64) -> std::io::Result<()> {
        use std::io::{Seek as _, SeekFrom};
        self.file.seek(SeekFrom::Start(offset))?;
        self.read = offset;
        self.note_head()
    }

    fn note_head(&mut self) -> std::io::Result<()> {
        let length = self.read.min(HEAD);
        if self.head.1 != length {
            self.head = (head(&self.file, length)?, length);
        }
        Ok(())
    }

    /// Its first lines, as far as it was read and a buffer at most.
    fn beginning(&self) -> std::io::Result<Vec<u8>> {
        let length = usize::try_from(self.read).map_or(BUFFER, |it| it.min(BUFFER));
        let mut octets = vec![0; length];
        self.file.read_exact_at(&mut octets, 0)?;
        octets.truncate(memchr::memrchr(b'\n', &octets).map_or(0, |end| end + 1));
        Ok(octets)
    }

    /// Whether its first octets are not those that were read.
    fn is_rewritten(&self) -> bool {
        let (known, length) = self.head;
        !head(&self.file, length).is_ok_and(|it| it == known)
            || self.file.metadata().is_ok_and(|it| it.len() < self.read)
    }

    fn begin_anew(&mut self) -> std::io::Result<()> {
        self.lines.forget();
        self.head = NOTHING;
        self.go_to(0)
    }

    /// Reads a buffer; whether there was anything.
    fn read(
        &mut self,
        buffer: &mut [u8],
        each: &mut dyn FnMut(&[u8], u64),
    ) -> std::io::Result<bool> {
        let (inode, mut at) = (self.inode, self.read - self.lines.waiting());
        let length = self.file.read(buffer)?;
        self.lines.take(buffer.get(..length).unwrap_or_default(), &mut |line, took| {
            each(line, number(inode, at, line));
            at += took;
        });
        self.read += length as u64;
        if self.head.1 < HEAD && length > 0 {
            // When it was emptied meanwhile, the next reading sees it.
            self.note_head().unwrap_or_default();
        }
        Ok(length > 0)
    }

    /// Its last line, if it has no end.
    fn rest(&mut self, each: &mut dyn FnMut(&[u8], u64)) {
        let (inode, at) = (self.inode, self.read - self.lines.waiting());
        self.lines.rest(&mut |line, _| each(line, number(inode, at, line)));
    }

    /// Whether it is the one that was left at a place.
    fn is_it(&self, left_at: &Place) -> bool {
        (self.device, self.inode) == (left_at.device, left_at.inode)
            && self.file.metadata().is_ok_and(|it| it.len() >= left_at.offset)
            && head(&self.file, left_at.head_length).is_ok_and(|it| it == left_at.head)
    }
}

/// Whether the file at a path is the one that was left at a place.
fn is_it(path: &Path, left_at: &Place) -> bool {
    Open::at(path, 0).is_ok_and(|it| it.is_it(left_at))
}

fn head(file: &File, length: u64) -> std::io::Result<u64> {
    let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut octets, 0)?;
    Ok(kept::number(&[&octets]))
}

/// Tells a line from all others.
fn number(inode: u64, at: u64, line: &[u8]) -> u64 {
    kept::number(&[&inode.to_le_bytes(), &at.to_le_bytes(), line])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Log {
        directory: tempfile::TempDir,
    }

    impl Log {
        fn new() -> Self {
            Self { directory: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            let file = File::options().append(true).create(true).open(self.path(name));
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn rename(&self, from: &str, to: &str) {
            std::fs::rename(self.path(from), self.path(to)).unwrap();
        }
    }

    fn all(tail: &mut Tail) -> Vec<String> {
        all_at(tail, 0)
    }

    fn all_at(tail: &mut Tail, second: i64) -> Vec<String> {
        let (mut seen, now) = (Vec::new(), Instant::from_micros(second * 1_000_000));
        let mut each = |line: &[u8], _| seen.push(String::from_utf8_lossy(line).into_owned());
        tail.find().unwrap();
        while tail.read(now, &mut each).unwrap() == More::Now {}
        seen
    }

    #[test]
    fn rotation_loses_nothing() {
        let log = Log::new();
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), [""; 0], "there is no file yet");
        log.write("a.log", "1\n2\nhal");
        assert_eq!(all(&mut tail), ["1", "2"]);
        log.write("a.log", "f\n3\n");
        log.rename("a.log", "a.log.1");
        log.write("a.log", "4\n");
        assert_eq!(all(&mut tail), ["half", "3", "4"]);
        assert_eq!(tail.gaps, 0);
    }

    #[test]
    fn what_is_written_late_to_a_rotated_file_is_read() {
        let log = Log::new();
        log.write("a.log", "1\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), ["1"]);
        log.rename("a.log", "a.log.1");
        log.write("a.log", "2\n");
        assert_eq!(all_at(&mut tail, 1), ["2"]);
        // Who writes it was not told yet.
        log.write("a.log.1", "late\n");
        log.write("a.log", "3\n");
        assert_eq!(all_at(&mut tail, 30), ["late", "3"]);
        log.write("a.log.1", "later\nhalf");
        assert_eq!(all_at(&mut tail, 89), ["later"]);
        assert_eq!(all_at(&mut tail, 150), ["half"]);
        log.write("a.log.1", "too late\n");
        log.write("a.log", "4\n");
        assert_eq!(all_at(&mut tail, 151), ["4"]);
    }

    #[test]
    fn two_rotations_at_once_skip_no_file() {
        let log = Log::new();
        log.write("a.log", "1\n");
        log.write("a.log.old", "of something else\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), ["1"]);
        log.write("a.log", "2\n");
        log.rename("a.log", "a.log.1");
        log.write("a.log", "3\n");
        log.rename("a.log.1", "a.log.2");
        log.rename("a.log", "a.log.1");
        log.write("a.log", "4\n");
        log.write("a.log.old", "more of it\n");
        assert_eq!(all(&mut tail), ["2", "3", "4"]);
        assert_eq!(all(&mut tail), [""; 0]);
    }

    #[test]
    fn a_file_emptied_and_longer_again_is_read_from_its_beginning() {
        let log = Log::new();
        log.write("a.log", "1\n2\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), ["1", "2"]);
        std::fs::write(log.path("a.log"), "one\ntwo\nthree\n").unwrap();
        assert_eq!(all(&mut tail), ["one", "two", "three"]);
    }

    #[test]
    fn a_file_emptied_in_place_is_read_anew() {
        let log = Log::new();
        log.write("a.log", "1\n2\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), ["1", "2"]);
        std::fs::write(log.path("a.log"), "3\n").unwrap();
        assert_eq!(all(&mut tail), ["3"]);
    }

    #[test]
    fn it_goes_on_where_it_was_left_whatever_was_rotated_meanwhile() {
        let log = Log::new();
        log.write("a.log", "1\n2\n3\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert_eq!(all(&mut tail), ["1", "2", "3"]);
        let place = tail.place();
        drop(tail);
        log.write("a.log", "4\n");
        log.rename("a.log", "a.log.1");
        log.write("a.log", "5\n");
        let mut tail = Tail::new(&log.path("a.log"), place);
        assert_eq!(all(&mut tail), ["4", "5"]);
        assert_eq!(tail.gaps, 0);
    }

    #[test]
    fn nothing_is_read_of_a_file_before_it_was_said_which_one_it_is() {
        let log = Log::new();
        let mut tail = Tail::new(&log.path("a.log"), None);
        assert!(tail.find().unwrap().is_none());
        log.write("a.log", "one\n");
        let mut each = |_: &[u8], _| panic!("under which header?");
        assert_eq!(tail.read(Instant::default(), &mut each).unwrap(), More::Later);
        assert!(matches!(tail.find().unwrap(), Some(Found::Other)));
    }

    #[test]
    fn another_file_is_not_taken_for_the_one_that_was_left() {
        let log = Log::new();
        log.write("a.log", "1\n2\n3\n");
        let mut tail = Tail::new(&log.path("a.log"), None);
        all(&mut tail);
        let place = tail.place();
        // The same number, other content.
        std::fs::write(log.path("a.log"), "another and longer line\n").unwrap();
        let mut tail = Tail::new(&log.path("a.log"), place);
        assert_eq!(all(&mut tail), ["another and longer line"]);
        assert_eq!(tail.gaps, 1);
    }
}
