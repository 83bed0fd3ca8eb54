//! Indicators as a table: `type,value` and, if wanted, `tlp,pap,valid_from,valid_until,confidence,
//! labels,description`, in any order. Columns are parted by commas, semicolons or tabs, as the header
//! line has them; a byte order mark is passed over.
//!
//! Types: `ipv4`, `ipv6`, `domain`, `url`, `email`, `md5`, `sha1`, `sha256`, `sha512`, `ja3`, `ja3s`,
//! `ja4`, `ja4s`, `user-agent`, `certificate-sha1`, `certificate-sha256`, `certificate-serial`. Each row
//! becomes a STIX indicator whose identifier is made from the producer's identity and the row, so
//! the same row again is the same indicator.

use std::collections::BTreeSet;
use std::io::{Chain, Cursor, Read};

use serde_json::{Map, Value, json};
use stix::Object;
use uuid::Uuid;
use vedetta_model::{Instant, ItemId, Pap, Tlp};

use crate::arrival::{Arrival, Brought, DoorIn, Fault, Identity};
use crate::stix_bundle::bring;
use crate::value;
use crate::written::marking;

/// Who brings a table, and when.
#[derive(Clone, Debug)]
pub struct Bringer<'a> {
    /// The identity that the indicators name as their creator.
    pub identity: &'a ItemId,
    /// When it was brought: `created`, `modified`, and `valid_from` where the row gives none.
    pub at: Instant,
}

/// Rows read at most.
pub const ROWS: usize = 5_000_000;
/// The longest field, in bytes.
pub const FIELD: usize = 8192;

const COLUMNS: [&str; 9] = [
    "type",
    "value",
    "tlp",
    "pap",
    "valid_from",
    "valid_until",
    "confidence",
    "labels",
    "description",
];
/// Namespace of the identifiers made from rows.
const ROW_IDS: Uuid = Uuid::from_u128(0x0b6c_4f1d_2c77_5f0a_8e15_90f4_44a1_c6de);

/// A table being read, some rows at a time.
pub struct Table<'a, R> {
    records: csv::StringRecordsIntoIter<Chain<Cursor<Vec<u8>>, R>>,
    columns: [Option<usize>; COLUMNS.len()],
    bringer: Bringer<'a>,
    door: DoorIn,
    source: String,
    row: u64,
}

/// Reads a whole table. What cannot be read is among the faults, by line.
#[must_use]
pub fn read(door: DoorIn, source: &str, bytes: &[u8], bringer: &Bringer<'_>) -> Arrival {
    match Table::open(door, source, bytes, bringer.clone()) {
        Ok(mut table) => table.take(ROWS).unwrap_or_else(|| Arrival::of(door, source, Vec::new())),
        Err(fault) => Arrival::of(door, source, vec![fault]),
    }
}

impl<'a, R: Read> Table<'a, R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A fault when it cannot be read, names an unknown column, or lacks one that is needed.
    pub fn open(
        door: DoorIn,
        source: &str,
        mut input: R,
        bringer: Bringer<'a>,
    ) -> Result<Self, Fault> {
        let start = beginning(&mut input).map_err(|error| fault(1, "header", error.to_string()))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(&start))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Cursor::new(start).chain(input));
        let columns = match reader.headers() {
            Ok(header) => columns(header).map_err(|reason| fault(1, "header", reason))?,
            Err(error) => return Err(fault(1, "header", error.to_string())),
        };
        let records = reader.into_records();
        Ok(Self { records, columns, bringer, door, source: source.into(), row: 1 })
    }

    /// How much of the input the rows taken so far were, in bytes, without a byte order mark.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.records.reader().position().byte()
    }

    /// The next rows, at most so many; `None` at the end.
    pub fn take(&mut self, rows: usize) -> Option<Arrival> {
        let mut arrival = Arrival::of(self.door, &self.source, Vec::new());
        for _ in 0..rows {
            let Some(record) = self.records.next() else { break };
            self.row += 1;
            let position = match &record {
                Ok(record) => record.position().cloned(),
                Err(error) => error.position().cloned(),
            };
            let line = position.map_or(self.row, |it| it.line());
            let brought = match record {
                Ok(record) => row(&self.columns, &record, &self.bringer, line),
                Err(error) => Err(error.to_string()),
            };
            match brought {
                Ok(brought) => arrival.items.push(brought),
                Err(reason) => arrival.faults.push(fault(line, "row", reason)),
            }
        }
        (!arrival.items.is_empty() || !arrival.faults.is_empty()).then_some(arrival)
    }
}

/// The header line, or as much of the input as it could be long, without a byte order mark.
fn beginning(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut start = Vec::new();
    while start.len() < FIELD && !start.contains(&b'\n') {
        let mut some = [0; 512];
        match input.read(&mut some) {
            Ok(0) => break,
            Ok(read) => start.extend(some.iter().take(read)),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if start.starts_with(MARK) {
        start.drain(..MARK.len());
    }
    Ok(start)
}

/// What parts the columns: whichever the header line has most of.
fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|octet| **octet == wanted).count();
    let [commas, semicolons, tabs] = [count(b','), count(b';'), count(b'\t')];
    match () {
        () if semicolons > commas && semicolons >= tabs => b';',
        () if tabs > commas => b'\t',
        () => b',',
    }
}

fn fault(line: u64, rule: &str, reason: String) -> Fault {
    let reason = match reason.contains("; ") {
        true => reason,
        false => format!("{reason}; mend the row, and bring it again"),
    };
    Fault { refused: true, id: None, place: format!("line {line}"), rule: rule.into(), reason }
}

/// Where each known column is.
fn columns(header: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], String> {
    let mut places = [None; COLUMNS.len()];
    for (place, name) in header.iter().enumerate() {
        let name = name.to_ascii_lowercase();
        let Some(column) = COLUMNS.iter().position(|it| *it == name) else {
            let columns = COLUMNS.join(", ");
            return Err(format!("no column {name:?}; use {columns}, parted by , ; or tabs"));
        };
        if places[column].replace(place).is_some() {
            return Err(format!("column {name:?} is there twice; keep one"));
        }
    }
    if places[0].is_none() || places[1].is_none() {
        return Err("the columns `type` and `value` are needed; name them in the first line".into());
    }
    Ok(places)
}

fn row(
    columns: &[Option<usize>; COLUMNS.len()],
    record: &csv::StringRecord,
    bringer: &Bringer<'_>,
    line: u64,
) -> Result<Brought, String> {
    let field = |column: usize| {
        columns[column].and_then(|place| record.get(place)).filter(|text| !text.is_empty())
    };
    if let Some(long) = record.iter().find(|text| text.len() > FIELD) {
        return Err(format!("a field of {} bytes; {FIELD} is the most; shorten it", long.len()));
    }
    let kind = field(0).ok_or("no type; write one, e.g. ipv4")?;
    let value = field(1).ok_or("no value; write the address, name or hash")?;
    let pattern = value::pattern(&kind.to_ascii_lowercase(), value)?;
    let mut object = Map::new();
    let key = record.iter().collect::<Vec<_>>().join("\u{1f}");
    let name = format!("{}\u{1f}{key}", bringer.identity);
    let id = ItemId::of("indicator", Uuid::new_v5(&ROW_IDS, name.as_bytes()));
    let at = bringer.at.to_string();
    object.insert("type".into(), json!("indicator"));
    object.insert("spec_version".into(), json!("2.1"));
    object.insert("id".into(), json!(id.as_str()));
    object.insert("created_by_ref".into(), json!(bringer.identity.as_str()));
    object.insert("created".into(), json!(at));
    object.insert("modified".into(), json!(at));
    object.insert("name".into(), json!(value));
    object.insert("indicator_types".into(), json!(["malicious-activity"]));
    object.insert("pattern".into(), json!(pattern));
    object.insert("pattern_type".into(), json!("stix"));
    optional(&mut object, &field, &at)?;
    let (object, _warnings) = Object::from_value(&Value::Object(object))
        .map_err(|problems| problems.first().map(ToString::to_string).unwrap_or_default())?;
    let mut brought = bring(&object, line).map_err(|fault| fault.reason)?;
    if let Some(text) = field(2) {
        brought.claim.tlp = Some(text.parse::<Tlp>().map_err(|error| error.to_string())?);
    }
    if let Some(text) = field(3) {
        brought.claim.pap = Some(text.parse::<Pap>().map_err(|error| error.to_string())?);
    }
    brought.identity = Identity::FromContent;
    Ok(brought)
}

/// What a row may say besides.
fn optional<'r>(
    object: &mut Map<String, Value>,
    field: &impl Fn(usize) -> Option<&'r str>,
    at: &str,
) -> Result<(), String> {
    if let Some(text) = field(2) {
        let tlp: Tlp = text
            .parse()
            .map_err(|error: vedetta_model::marking::MarkingError| error.to_string())?;
        object.insert("object_marking_refs".into(), json!([marking(tlp)]));
    }
    object.insert("valid_from".into(), json!(field(4).unwrap_or(at)));
    if let Some(until) = field(5) {
        object.insert("valid_until".into(), json!(until));
    }
    if let Some(text) = field(6) {
        let confidence = text.parse::<u8>().ok().filter(|confidence| *confidence <= 100);
        let confidence =
            confidence.ok_or_else(|| format!("confidence {text:?} is none; give 0 to 100"))?;
        object.insert("confidence".into(), json!(confidence));
    }
    let mut labels: BTreeSet<String> = BTreeSet::new();
    if let Some(text) = field(7) {
        labels.extend(text.split([';', '|']).map(|label| label.trim().to_owned()));
        labels.remove("");
    }
    if let Some(text) = field(3) {
        let pap: Pap = text
            .parse()
            .map_err(|error: vedetta_model::marking::MarkingError| error.to_string())?;
        labels.insert(format!("PAP:{}", pap.label()));
    }
    if !labels.is_empty() {
        object.insert("labels".into(), json!(labels));
    }
    if let Some(text) = field(8) {
        object.insert("description".into(), json!(text));
    }
    Ok(())
}
