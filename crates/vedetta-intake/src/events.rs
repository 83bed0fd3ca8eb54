//! Events from files, line by line, in little memory.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use vedetta_detect::decode::LONGEST;
use vedetta_detect::{Decoder, Event};

use crate::evtx;

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The file.
    pub file: &'p str,
    /// The line, or the record, from 1.
    pub line: u64,
    /// How many octets of the file were read, up to its end; 0 in an event log of Windows.
    pub read: u64,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// Those of no known origin.
    pub unknown: u64,
    faults: BTreeMap<&'static str, u64>,
}

/// A file that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Unread {
    /// Which.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// What is asked of every event.
type Ask<'a, E> = dyn FnMut(&Event<'_>, &Place<'_>) -> Result<(), E> + 'a;

impl Unread {
    pub(crate) fn new(place: &str, reason: impl fmt::Display) -> Self {
        Self { place: place.to_owned(), reason: reason.to_string() }
    }
}

/// Calls `ask` with every event of a file, or of the standard input when it is `-`. An error of its own
/// ends the reading.
///
/// # Errors
/// What `ask` said, or [`Unread`].
pub fn each<E: From<Unread>>(
    path: &Path,
    mut decoder: Decoder,
    tally: &mut Tally,
    ask: &mut Ask<'_, E>,
) -> Result<(), E> {
    let name = path.display().to_string();
    let input = |error: &dyn fmt::Display| Unread::new(&name, error);
    let mut source: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| input(&error))?)
    };
    let mut start = vec![0; 16];
    let mut filled = 0;
    while filled < start.len() {
        match source.read(&mut start[filled..]).map_err(|error| input(&error))? {
            0 => break,
            more => filled += more,
        }
    }
    start.truncate(filled);
    if start.starts_with(evtx::MAGIC) {
        return log_of_windows(path, decoder, tally, ask);
    }
    let exported = start.starts_with(b"__CURSOR=");
    let mut lines = BufReader::with_capacity(1 << 20, Cursor::new(start).chain(source));
    let (mut line, mut number, mut read) = (Vec::new(), 0, 0);
    let next = if exported { next_record } else { next };
    while let Some(octets) = next(&mut lines, &mut line).map_err(|error| input(&error))? {
        (number, read) = (number + 1, read + octets);
        one(&line, &Place { file: &name, line: number, read }, &mut decoder, tally, ask)?;
    }
    Ok(())
}

/// Calls `ask` with every record of an event log of Windows; its place is the record's number.
fn log_of_windows<E: From<Unread>>(
    path: &Path,
    mut decoder: Decoder,
    tally: &mut Tally,
    ask: &mut Ask<'_, E>,
) -> Result<(), E> {
    let name = path.display().to_string();
    if name == "-" {
        let reason = "an event log of Windows is read from its file: name it";
        return Err(Unread::new(&name, reason).into());
    }
    let file = File::open(path).map_err(|error| Unread::new(&name, error))?;
    let mut record = |record: Result<evtx::Record, evtx::Damage>| {
        let Ok(record) = record else {
            tally.fault("damaged-record");
            return Ok(());
        };
        let place = Place { file: &name, line: record.id, read: 0 };
        one(record.json.as_bytes(), &place, &mut decoder, tally, ask).map_err(Ended::Asked)
    };
    match evtx::each(BufReader::new(file), &mut record) {
        Ok(()) => Ok(()),
        Err(Ended::Asked(failure)) => Err(failure),
        Err(Ended::Damaged(damage)) => Err(Unread::new(&name, damage).into()),
    }
}

/// Why the reading of an event log ended early.
enum Ended<E> {
    Asked(E),
    Damaged(evtx::Damage),
}

impl<E> From<evtx::Damage> for Ended<E> {
    fn from(damage: evtx::Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// The next line, without its end, and how many octets it took; `None` at the end. Of a line that is
/// too long only so much is kept that it is seen to be.
fn next(from: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
    line.clear();
    let mut octets = 0;
    loop {
        let ready = from.fill_buf()?;
        if ready.is_empty() {
            return Ok((octets > 0).then_some(octets));
        }
        let end = memchr::memchr(b'\n', ready);
        let used = end.unwrap_or(ready.len());
        keep(line, &ready[..used]);
        let taken = used + usize::from(end.is_some());
        from.consume(taken);
        octets += taken as u64;
        if end.is_some() {
            return Ok(Some(octets));
        }
    }
}

/// The next record of a journal's export, as [`next`] reads lines.
fn next_record(from: &mut dyn BufRead, record: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
    record.clear();
    let (mut field, mut octets) = (Vec::new(), 0);
    while let Some(read) = next(from, &mut field)? {
        octets += read;
        if field.is_empty() && record.is_empty() {
            continue;
        }
        if field.is_empty() {
            return Ok(Some(octets));
        }
        let is_counted = memchr::memchr(b'=', &field).is_none();
        keep(record, &field);
        keep(record, b"\n");
        if is_counted {
            octets += counted(from, record)?;
        }
    }
    Ok((!record.is_empty()).then_some(octets))
}

/// A value that stands behind its length; of one that is cut off, what there is.
fn counted(from: &mut dyn BufRead, record: &mut Vec<u8>) -> std::io::Result<u64> {
    let mut length = Vec::new();
    from.take(8).read_to_end(&mut length)?;
    keep(record, &length);
    let Ok(length) = length.try_into().map(u64::from_le_bytes) else { return Ok(0) };
    let (mut value, mut octets) = (from.take(length.saturating_add(1)), 8);
    loop {
        let ready = value.fill_buf()?;
        if ready.is_empty() {
            return Ok(octets);
        }
        let taken = ready.len();
        keep(record, ready);
        value.consume(taken);
        octets += taken as u64;
    }
}

/// Keeps what there is room for, and so much more that it is seen to be too long.
fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    let room = (LONGEST + 1).saturating_sub(kept.len()).min(more.len());
    kept.extend_from_slice(&more[..room]);
}

fn one<E>(
    line: &[u8],
    place: &Place<'_>,
    decoder: &mut Decoder,
    tally: &mut Tally,
    ask: &mut Ask<'_, E>,
) -> Result<(), E> {
    match decoder.read(line) {
        Ok(None) => Ok(()),
        Ok(Some(event)) => {
            tally.events += 1;
            tally.unknown += u64::from(event.source().is_unknown());
            ask(&event, place)
        }
        Err(fault) => {
            tally.fault(fault.name());
            Ok(())
        }
    }
}

impl Tally {
    fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    /// Lines that could not be read.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events", self.events)?;
        if self.unknown > 0 {
            write!(f, " ({} of no known origin, tried against every rule)", self.unknown)?;
        }
        for (fault, count) in &self.faults {
            write!(f, ", {count} lines {fault}")?;
        }
        Ok(())
    }
}
