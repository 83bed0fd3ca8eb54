//! A bounded buffer on disk between those who listen and the one who reads: what was taken in survives
//! the process, and what there is no room for is refused.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::SensorError;
use crate::kept;
use crate::lines::Lines;
use crate::tail::More;

/// How far a buffer was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SpoolPlace {
    segment: u64,
    offset: u64,
}

/// The end that is written.
pub(crate) struct Writer {
    spool: Arc<Spool>,
    file: File,
    length: u64,
}

/// The end that is read.
pub(crate) struct Reader {
    spool: Arc<Spool>,
    place: SpoolPlace,
    file: Option<File>,
    lines: Lines,
    buffer: Box<[u8]>,
    forgotten: u64,
    numbered: Numbered,
}

/// What tells a line from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// Where it stands.
    ByPlace,
    /// What it says: who sends it sends it again when the answer is lost.
    ByContent,
}

struct Spool {
    directory: PathBuf,
    most: u64,
    /// Octets on disk.
    held: AtomicU64,
    /// The segment that is written.
    last: AtomicU64,
}

/// Octets of a segment, at most; no more than a quarter of the buffer, for the room of one that was read
/// is given back only whole.
const SEGMENT: u64 = 8 << 20;
const BUFFER: usize = 1 << 16;

/// Opens the buffer of a directory, both ends.
pub(crate) fn open(
    directory: &Path,
    (most, numbered): (u64, Numbered),
    left_at: Option<SpoolPlace>,
) -> Result<(Writer, Reader), SensorError> {
    let failed = |error: std::io::Error| SensorError::file(directory, error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let segments = segments(directory).map_err(failed)?;
    let held = segments.iter().map(|(_, length)| length).sum();
    let last = segments.last().map_or(1, |(number, _)| number + 1);
    let spool = Arc::new(Spool {
        directory: directory.to_owned(),
        most,
        held: AtomicU64::new(held),
        last: AtomicU64::new(last),
    });
    let file = kept::append(&spool.path(last)).map_err(failed)?;
    let first = segments.first().map_or(last, |(number, _)| *number);
    let place = left_at.filter(|it| it.segment >= first);
    let place = place.unwrap_or(SpoolPlace { segment: first, offset: 0 });
    let reader = Reader {
        spool: Arc::clone(&spool),
        place,
        file: None,
        lines: Lines::default(),
        buffer: vec![0; BUFFER].into(),
        forgotten: first,
        numbered,
    };
    Ok((Writer { spool, file, length: 0 }, reader))
}

impl Writer {
    /// Writes lines, each with its end; whether there was room.
    pub(crate) fn put(&mut self, lines: &[u8]) -> std::io::Result<bool> {
        let length = lines.len() as u64;
        if self.spool.held.load(Ordering::Acquire) + length > self.spool.most {
            return Ok(false);
        }
        if self.length + length > self.spool.segment() && self.length > 0 {
            // What is answered for is in this one as well as in the next.
            self.file.sync_data()?;
            let next = self.spool.last.load(Ordering::Acquire) + 1;
            self.file = kept::append(&self.spool.path(next))?;
            self.length = 0;
            self.spool.last.store(next, Ordering::Release);
        }
        self.file.write_all(lines)?;
        self.length += length;
        self.spool.held.fetch_add(length, Ordering::AcqRel);
        Ok(true)
    }

    /// The file, to be waited for until what was put is on disk.
    pub(crate) fn file(&self) -> std::io::Result<File> {
        self.file.try_clone()
    }
}

impl Reader {
    /// As [`crate::tail::Tail::read`].
    pub(crate) fn read(&mut self, each: &mut dyn FnMut(&[u8], u64)) -> std::io::Result<More> {
        if self.file.is_none() {
            let mut file = match File::open(self.spool.path(self.place.segment)) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self.skip(),
                Err(error) => return Err(error),
            };
            file.seek(SeekFrom::Start(self.place.offset))?;
            self.file = Some(file);
        }
        // Before reading: when it was the last one then, more may be written to it.
        let is_last = self.place.segment >= self.spool.last.load(Ordering::Acquire);
        let Some(file) = &mut self.file else { return Ok(More::Later) };
        let length = file.read(&mut self.buffer)?;
        let (place, numbered) = (&mut self.place, self.numbered);
        if length > 0 {
            let bytes = self.buffer.get(..length).unwrap_or_default();
            self.lines.take(bytes, &mut |line, took| {
                each(line, place.number(line, numbered));
                place.offset += took;
            });
            return Ok(More::Now);
        }
        if is_last {
            return Ok(More::Later);
        }
        self.lines.rest(&mut |line, _| each(line, place.number(line, numbered)));
        self.skip()
    }

    /// How far it was read.
    pub(crate) fn place(&self) -> SpoolPlace {
        self.place
    }

    /// Octets that wait to be read.
    pub(crate) fn backlog(&self) -> u64 {
        self.spool.held.load(Ordering::Acquire).saturating_sub(self.place.offset)
    }

    /// Gives back the room of what was read, once its place is kept.
    pub(crate) fn forget_read(&mut self) -> std::io::Result<()> {
        while self.forgotten < self.place.segment {
            let path = self.spool.path(self.forgotten);
            if let Ok(known) = std::fs::metadata(&path) {
                std::fs::remove_file(&path)?;
                self.spool.held.fetch_sub(known.len(), Ordering::AcqRel);
            }
            self.forgotten += 1;
        }
        Ok(())
    }

    fn skip(&mut self) -> std::io::Result<More> {
        if self.place.segment >= self.spool.last.load(Ordering::Acquire) {
            return Ok(More::Later);
        }
        self.place = SpoolPlace { segment: self.place.segment + 1, offset: 0 };
        self.file = None;
        Ok(More::Now)
    }
}

impl SpoolPlace {
    fn number(self, line: &[u8], numbered: Numbered) -> u64 {
        match numbered {
            Numbered::ByPlace => {
                kept::number(&[&self.segment.to_le_bytes(), &self.offset.to_le_bytes()])
            }
            Numbered::ByContent => kept::number(&[line]),
        }
    }
}

impl Spool {
    fn segment(&self) -> u64 {
        SEGMENT.min(self.most / 4)
    }

    fn path(&self, segment: u64) -> PathBuf {
        self.directory.join(format!("{segment:012}.log"))
    }
}

/// The segments of a directory with their lengths, in order.
fn segments(directory: &Path) -> std::io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|it| it.strip_suffix(".log")?.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.metadata()?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(reader: &mut Reader) -> Vec<String> {
        let mut seen = Vec::new();
        let mut each = |line: &[u8], _| seen.push(String::from_utf8_lossy(line).into_owned());
        while reader.read(&mut each).unwrap() == More::Now {}
        seen
    }

    #[test]
    fn what_was_taken_in_survives_and_is_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let (mut writer, mut reader) =
            open(directory.path(), (1 << 20, Numbered::ByPlace), None).unwrap();
        assert!(writer.put(b"1\n2\n").unwrap());
        assert_eq!(all(&mut reader), ["1", "2"]);
        let place = reader.place();
        assert!(writer.put(b"3\n").unwrap());
        drop((writer, reader));
        let (mut writer, mut reader) =
            open(directory.path(), (1 << 20, Numbered::ByPlace), Some(place)).unwrap();
        assert!(writer.put(b"4\n").unwrap());
        assert_eq!(all(&mut reader), ["3", "4"]);
    }

    #[test]
    fn the_smallest_buffer_goes_on_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let (mut writer, mut reader) =
            open(directory.path(), (4 << 20, Numbered::ByPlace), None).unwrap();
        let line = [&[b'a'; 1 << 20][..], b"\n"].concat();
        for _ in 0..40 {
            assert!(writer.put(&line).unwrap(), "there is room again");
            assert_eq!(all(&mut reader).len(), 1);
            reader.forget_read().unwrap();
        }
    }

    #[test]
    fn what_is_sent_again_has_the_same_number() {
        let numbers = |numbered| {
            let directory = tempfile::tempdir().unwrap();
            let (mut writer, mut reader) =
                open(directory.path(), (4 << 20, numbered), None).unwrap();
            assert!(writer.put(b"a\nb\na\n").unwrap());
            let mut seen = Vec::new();
            while reader.read(&mut |_, number| seen.push(number)).unwrap() == More::Now {}
            seen
        };
        let (content, place) = (numbers(Numbered::ByContent), numbers(Numbered::ByPlace));
        assert!(content[0] == content[2] && content[0] != content[1]);
        assert!(place[0] != place[2]);
    }

    #[test]
    fn what_there_is_no_room_for_is_refused_until_some_was_read() {
        let directory = tempfile::tempdir().unwrap();
        let (mut writer, mut reader) =
            open(directory.path(), (32 << 20, Numbered::ByPlace), None).unwrap();
        let line = [&[b'a'; 1 << 20][..], b"\n"].concat();
        let mut written = 0;
        while writer.put(&line).unwrap() {
            written += 1;
        }
        assert_eq!(written, 31, "a little less than the room");
        assert_eq!(all(&mut reader).len(), 31);
        assert!(!writer.put(&line).unwrap(), "its place was not kept yet");
        reader.forget_read().unwrap();
        assert!(writer.put(&line).unwrap());
        assert_eq!(all(&mut reader).len(), 1);
    }
}
