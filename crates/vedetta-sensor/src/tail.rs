//! A file followed across rotation, from where it was left.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    /// Rotated files that come before the one at the path.
    before: VecDeque<PathBuf>,
    lines: Lines,
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
}

/// Whether there is more to read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// There is.
    Now,
    /// Not now.
    Later,
}

/// Octets by which a file is told from others.
const HEAD: u64 = 256;
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
            lines: Lines::default(),
            buffer: vec![0; BUFFER].into(),
            gaps: 0,
        }
    }

    /// Reads what there is, a buffer at most, and calls `each` with every line and a number that tells
    /// it from all others of this file.
    pub(crate) fn read(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<More> {
        if self.open.is_none() && !self.find()? {
            return Ok(More::Later);
        }
        let Some(open) = &mut self.open else { return Ok(More::Later) };
        let begin = open.read - self.lines.waiting();
        let length = open.file.read(&mut self.buffer)?;
        if length > 0 {
            open.read += length as u64;
            let (inode, mut at) = (open.inode, begin);
            self.lines.take(self.buffer.get(..length).unwrap_or_default(), &mut |line, took| {
                each(line, number(inode, at));
                at += took;
            });
            return Ok(More::Now);
        }
        let (device, inode, read) = (open.device, open.inode, open.read);
        let next = self.before.front().unwrap_or(&self.path);
        match std::fs::metadata(next) {
            Ok(now) if (now.dev(), now.ino()) != (device, inode) => {
                // What was written between the last reading and the rotation.
                if self.is_at_end()? {
                    self.lines.rest(&mut |line, _| each(line, number(inode, begin)));
                    let next = self.before.pop_front().unwrap_or_else(|| self.path.clone());
                    self.open = Some(Open::at(&next, 0)?);
                }
                Ok(More::Now)
            }
            Ok(now) if now.len() < read => {
                // Emptied where it stands.
                self.lines.forget();
                self.open = Some(Open::at(&self.path, 0)?);
                Ok(More::Now)
            }
            Ok(_) => Ok(More::Later),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(More::Later),
            Err(error) => Err(error),
        }
    }

    /// How far it was read.
    pub(crate) fn place(&self) -> Option<Place> {
        let Some(open) = &self.open else { return self.left_at };
        let offset = open.read - self.lines.waiting();
        let head_length = offset.min(HEAD);
        let head = head(&open.file, head_length).ok()?;
        Some(Place { device: open.device, inode: open.inode, offset, head, head_length })
    }

    /// Octets that wait to be read.
    pub(crate) fn backlog(&self) -> u64 {
        let waiting =
            |open: &Open| Some(open.file.metadata().ok()?.len().saturating_sub(open.read));
        let open = self.open.as_ref().and_then(waiting).unwrap_or(0);
        let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |it| it.len());
        open + self.before.iter().map(length).sum::<u64>()
    }

    /// Opens what is to be read first; whether there is anything.
    fn find(&mut self) -> std::io::Result<bool> {
        let Some(left_at) = self.left_at else {
            return self.begin(&self.path.clone(), 0);
        };
        if is_it(&self.path, &left_at) {
            self.left_at = None;
            return self.begin(&self.path.clone(), left_at.offset);
        }
        let siblings = self.siblings();
        let found = siblings.iter().position(|(_, path)| is_it(path, &left_at));
        let Some(at) = found else {
            if !self.path.exists() {
                return Ok(false);
            }
            self.gaps += 1;
            self.left_at = None;
            return self.begin(&self.path.clone(), 0);
        };
        self.left_at = None;
        self.before = siblings.iter().skip(at + 1).map(|(_, path)| path.clone()).collect();
        let path = siblings.get(at).map_or_else(|| self.path.clone(), |(_, path)| path.clone());
        self.begin(&path, left_at.offset)
    }

    fn begin(&mut self, path: &Path, offset: u64) -> std::io::Result<bool> {
        match Open::at(path, offset) {
            Ok(open) => {
                self.open = Some(open);
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Rotated files, oldest first: what has the file's name with something after it, but for what is
    /// compressed.
    fn siblings(&self) -> Vec<(i64, PathBuf)> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Vec::new();
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let name = name.to_string_lossy().into_owned();
        let mut found: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|entry| {
                let other = entry.file_name().to_string_lossy().into_owned();
                let compressed = ["gz", "xz", "zst", "bz2"];
                other.len() > name.len()
                    && other.starts_with(&name)
                    && !compressed.iter().any(|it| other.ends_with(it))
            })
            .filter_map(|entry| Some((entry.metadata().ok()?.mtime(), entry.path())))
            .collect();
        found.sort();
        found
    }

    fn is_at_end(&self) -> std::io::Result<bool> {
        let Some(open) = &self.open else { return Ok(true) };
        Ok(open.file.metadata()?.len() <= open.read)
    }
}

impl Open {
    fn at(path: &Path, offset: u64) -> std::io::Result<Self> {
        use std::io::{Seek as _, SeekFrom};
        let mut file = File::open(path)?;
        let known: Metadata = file.metadata()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, device: known.dev(), inode: known.ino(), read: offset })
    }
}

/// Whether a file is the one that was left at a place.
fn is_it(path: &Path, left_at: &Place) -> bool {
    let same = || {
        let file = File::open(path).ok()?;
        let known = file.metadata().ok()?;
        let fits = (known.dev(), known.ino()) == (left_at.device, left_at.inode)
            && known.len() >= left_at.offset;
        (fits && head(&file, left_at.head_length).ok()? == left_at.head).then_some(())
    };
    same().is_some()
}

fn head(file: &File, length: u64) -> std::io::Result<u64> {
    let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut octets, 0)?;
    Ok(kept::number(&[&octets]))
}

/// Tells a line from all others.
fn number(inode: u64, at: u64) -> u64 {
    kept::number(&[&inode.to_le_bytes(), &at.to_le_bytes()])
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
        let mut seen = Vec::new();
        while tail
            .read(&mut |line, _| seen.push(String::from_utf8_lossy(line).into_owned()))
            .unwrap()
            == More::Now
        {}
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
