//! Rows of a CSV file.

use csv::ByteRecord;

use super::fault::{Fault, Faults};
use super::row::{Next, Row, State, Take, newlines, not_utf8, place};
use super::{LONGEST_CELL, MOST_RECORDS};
use crate::columns::{Fill, Noun, Shape};

/// Reads every row.
pub(super) fn each(bytes: &[u8], noun: Noun, faults: &mut Faults, take: &mut Take<'_>) {
    if noun == Noun::Everything {
        let remedy = "give one file per noun, or JSON";
        return faults.push(Fault::new(0, "a CSV file holds one noun", remedy));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut header = None;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return faults.push(Fault::new(0, error.to_string(), "correct the file")),
        }
        let line = line(&record, bytes);
        let Some(places) = &header else {
            match read_header(&record, noun, line, faults) {
                Some(places) => header = Some(places),
                None => return,
            }
            continue;
        };
        let row = read_row(&record, places, (noun, line), faults);
        if take(&row, faults) == Next::Stop {
            let reason = format!("more than {MOST_RECORDS} records");
            return faults.push(Fault::new(line, reason, "split the file"));
        }
    }
    if header.is_none() {
        faults.push(Fault::new(1, "no header", format!("begin with {}", names(noun))));
    }
}

/// A semicolon when the first line has more of them than commas, as spreadsheets in Italy write.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let count = |wanted| first.unwrap_or_default().iter().filter(|byte| **byte == wanted).count();
    if count(b';') > count(b',') { b';' } else { b',' }
}

/// The line where a record begins: blank lines before it belong to nobody.
fn line(record: &ByteRecord, bytes: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let blank = rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    position.line() + newlines(&rest[..blank])
}

/// For each cell, the place of its column; `None` with a fault that spoils every row.
fn read_header(
    record: &ByteRecord,
    noun: Noun,
    line: u64,
    faults: &mut Faults,
) -> Option<Vec<usize>> {
    let before = faults.len();
    let mut places = Vec::new();
    for cell in record {
        let name = String::from_utf8_lossy(cell);
        let name = name.trim().to_lowercase();
        match place(noun, &name, line) {
            Ok(at) if places.contains(&at) => {
                let fault = Fault::new(line, "the column is there twice", "take one out");
                faults.push(fault.at(&name, ""));
            }
            Ok(at) => places.push(at),
            Err(fault) => faults.push(fault),
        }
    }
    for (at, column) in noun.columns().iter().enumerate() {
        if column.fill == Fill::Needed && !places.contains(&at) && before == faults.len() {
            let remedy = format!("the header is {}", names(noun));
            faults.push(Fault::new(line, "the column is missing", remedy).at(column.name, ""));
        }
    }
    (before == faults.len()).then_some(places)
}

fn read_row(
    record: &ByteRecord,
    places: &[usize],
    (noun, line): (Noun, u64),
    faults: &mut Faults,
) -> Row {
    let mut row = Row::new(noun, line);
    if record.len() != places.len() {
        let reason = format!("{} cells, the header has {}", record.len(), places.len());
        row.refuse(Fault::new(line, reason, "quote cells that hold the separator"), faults);
        return row;
    }
    for (cell, at) in record.iter().zip(places) {
        let column = noun.columns()[*at];
        // A cell beyond measure is clipped before it is copied, so that it stays refused.
        let cell = cell.get(..=LONGEST_CELL).unwrap_or(cell);
        match std::str::from_utf8(cell) {
            Err(error) if cell.len() <= LONGEST_CELL => {
                let fault = not_utf8(line, &cell[error.valid_up_to()..]);
                row.refuse(fault.at(column.name, &String::from_utf8_lossy(cell)), faults);
            }
            _ => {
                let text = String::from_utf8_lossy(cell);
                let values = match column.shape {
                    Shape::Single => vec![bare(&text).to_owned()],
                    Shape::List => entries(bare(&text)),
                };
                row.put(*at, values, faults);
            }
        }
        if row.state == State::Broken {
            break;
        }
    }
    row.require(faults);
    row
}

/// Without the apostrophe that keeps spreadsheets from computing a cell.
fn bare(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) => rest,
        _ => cell,
    }
}

/// The entries between `|`; a backslash takes the next character as it is.
fn entries(cell: &str) -> Vec<String> {
    let mut entries = vec![String::new()];
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        match (c, entries.last_mut()) {
            ('|', _) => entries.push(String::new()),
            ('\\', Some(entry)) => entry.extend(chars.next()),
            (c, Some(entry)) => entry.push(c),
            _ => {}
        }
    }
    entries
}

fn names(noun: Noun) -> String {
    noun.columns().iter().map(|column| column.name).collect::<Vec<_>>().join(",")
}
