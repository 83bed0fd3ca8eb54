//! Import, dry-run first: what a file would change, or every fault in it. Never half of it.
//!
//! A [`Plan`] with faults cannot be applied: only [`Plan::accept`] makes [`Changes`]. Records that
//! the file does not mention stay as they are.

mod csv_rows;
mod fault;
mod json_rows;
mod record;
mod references;
mod row;

use serde::Serialize;

use crate::Directory;
use crate::columns::{Format, Noun};
use crate::directory::Records;

pub use fault::{Fault, Faults};
pub use record::Record;
pub(crate) use record::word;

/// The longest file, in bytes; reading it takes at most some ten times as much memory.
pub const LONGEST: usize = 32 << 20;
/// The most records of a file.
pub const MOST_RECORDS: usize = 1_000_000;
/// The longest record of a JSON file, in bytes.
pub const LONGEST_RECORD: usize = 1 << 20;
/// The longest cell, in bytes.
pub const LONGEST_CELL: usize = 8_192;
/// The most entries of a list.
pub const MOST_ENTRIES: usize = 256;

/// What a file would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    changes: Vec<Change>,
    faults: Faults,
}

/// One record of a file, beside what the directory has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The line where the record begins, from 1.
    pub line: u64,
    /// Whether it is new.
    pub what: ChangeKind,
    /// The record, in one spelling.
    pub record: Record,
}

/// What a record changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// These columns differ.
    Changed(Vec<&'static str>),
    /// The directory has the same.
    Unchanged,
}

/// How many records do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// New ones.
    pub added: usize,
    /// Those that differ.
    pub changed: usize,
    /// Those that are the same.
    pub unchanged: usize,
}

/// The changes of a plan without faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes(Vec<Change>);

/// Reads a file and compares it with the directory.
#[must_use]
pub fn plan(bytes: &[u8], format: Format, noun: Noun, directory: &Directory) -> Plan {
    let (records, declared, mut faults) = read(bytes, format, noun);
    references::check(&records, &declared, directory, &mut faults);
    faults.sort();
    let compare = |(line, record): (u64, Record)| {
        let what = record.against(directory);
        Change { line, what, record }
    };
    Plan { changes: records.into_iter().map(compare).collect(), faults }
}

/// Reads a file by itself: its records by line, the identifiers it declares, and its faults.
pub(crate) fn read(
    bytes: &[u8],
    format: Format,
    noun: Noun,
) -> (Vec<(u64, Record)>, references::Declared, Faults) {
    let mut faults = Faults::default();
    let mut records = Vec::new();
    let mut declared = references::Declared::default();
    let Some(text) = row::text(bytes, format, &mut faults) else {
        return (records, declared, faults);
    };
    let mut take = |row: &row::Row, faults: &mut Faults| {
        if records.len() >= MOST_RECORDS {
            return row::Next::Stop;
        }
        declared.add(row, faults);
        records.extend(record::read(row, faults).map(|record| (row.line, record)));
        row::Next::Go
    };
    match format {
        Format::Csv => csv_rows::each(text, noun, &mut faults, &mut take),
        Format::Json => json_rows::each(text, noun, &mut faults, &mut take),
    }
    (records, declared, faults)
}

impl Plan {
    /// What each record would change, in the order of the file. Records with faults are missing.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What is wrong with the file.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How many records do what.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for change in &self.changes {
            match change.what {
                ChangeKind::Added => tally.added += 1,
                ChangeKind::Changed(_) => tally.changed += 1,
                ChangeKind::Unchanged => tally.unchanged += 1,
            }
        }
        tally
    }

    /// The changes, ready to apply.
    ///
    /// # Errors
    /// [`Faults`], if there is any: then nothing is applied.
    pub fn accept(self) -> Result<Changes, Faults> {
        if self.faults.is_empty() { Ok(Changes(self.changes)) } else { Err(self.faults) }
    }
}

impl Changes {
    /// Each change, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.0.iter()
    }

    /// The records that are new or differ, for [`Directory::with`].
    #[must_use]
    pub fn into_records(self) -> Records {
        let mut records = Records::default();
        for change in self.0.into_iter().filter(|change| change.what != ChangeKind::Unchanged) {
            change.record.put_into(&mut records);
        }
        records
    }
}

#[cfg(test)]
mod tests;
