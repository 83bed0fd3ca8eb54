//! Event logs of Windows (EVTX) become JSON, a record a time, nested as the log has them.

use std::io::{Read, Seek};

use evtx::{EvtxParser, ParserSettings};

/// What an event log begins with.
pub const MAGIC: &[u8] = b"ElfFile\0";

/// A record of a log.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number in this log; where some of another were exported to it, they are counted anew.
    pub number: u64,
    /// Its number where it was written (`EventRecordID`): that of the log when it says none.
    pub id: u64,
    /// `{"Event":{"System":{…},"EventData":{…}}}`, in one line.
    pub json: String,
}

/// A file that is no event log, or a part of one that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(String);

impl From<evtx::err::EvtxError> for Damage {
    fn from(error: evtx::err::EvtxError) -> Self {
        Self(error.to_string())
    }
}

/// Reads a log, the oldest record first, 64 KiB of it at a time. `each` is given every record, and in the
/// place of one, or of many in a row, that cannot be read, why; an error of its own ends the reading.
///
/// # Errors
/// What `each` said, or [`Damage`]: it is no event log.
pub fn each<E: From<Damage>>(
    source: impl Read + Seek,
    each: &mut dyn FnMut(Result<Record, Damage>) -> Result<(), E>,
) -> Result<(), E> {
    let settings = ParserSettings::new().num_threads(1).indent(false);
    let parser = EvtxParser::from_read_seek(source).map_err(Damage::from)?;
    for record in parser.with_configuration(settings).records_json() {
        let record = record.map(|it| {
            let number = it.event_record_id;
            Record { number, id: id_in(&it.data).unwrap_or(number), json: it.data }
        });
        each(record.map_err(Damage::from).and_then(Record::whole))?;
    }
    Ok(())
}

/// What a record says its number is. What the system says of it stands before what a program wrote,
/// and within a text no quote is bare.
fn id_in(json: &str) -> Option<u64> {
    let (_, rest) = json.split_once("\"EventRecordID\":")?;
    let digits = rest.trim_start_matches([' ', '"']);
    digits.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

impl Record {
    /// In one line: its values are escaped, and the names in it are as the log has them.
    fn whole(self) -> Result<Self, Damage> {
        match self.json.bytes().any(|octet| octet < b' ') {
            true => Err(Damage(format!("a name in record {} breaks the line", self.number))),
            false => Ok(self),
        }
    }
}
