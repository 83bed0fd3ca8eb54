//! A record as columns of text, whichever format it came in.

use super::fault::{Fault, Faults};
use super::{LONGEST, LONGEST_CELL, MOST_ENTRIES};
use crate::columns::{Column, Fill, Format, Noun};

/// A record: for each column of its noun, the values, without outer spaces and none empty.
#[derive(Debug)]
pub(crate) struct Row {
    pub noun: Noun,
    pub line: u64,
    cells: Vec<Vec<String>>,
    /// Whether a cell was refused: the record then makes no other fault of the same.
    pub state: State,
}

/// Whether every cell could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Whole,
    Broken,
}

/// Whether to go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    Stop,
}

/// What takes the rows.
pub(crate) type Take<'a> = dyn FnMut(&Row, &mut Faults) -> Next + 'a;

impl Row {
    pub(super) fn new(noun: Noun, line: u64) -> Self {
        let cells = vec![Vec::new(); noun.columns().len()];
        Self { noun, line, cells, state: State::Whole }
    }

    /// Puts values in a column, after checking each.
    pub(super) fn put(&mut self, at: usize, values: Vec<String>, faults: &mut Faults) {
        let Some(column) = self.noun.columns().get(at) else { return };
        if values.len() > MOST_ENTRIES {
            let reason = format!("{} entries, {MOST_ENTRIES} at most", values.len());
            let fault = Fault::new(self.line, reason, "shorten the list").at(column.name, "");
            return self.refuse(fault, faults);
        }
        for value in values {
            let value = value.trim();
            if let Some((reason, remedy)) = unfit(value) {
                let fault = Fault::new(self.line, reason, remedy).at(column.name, value);
                self.refuse(fault, faults);
            } else if !value.is_empty() {
                self.cells[at].push(value.into());
            }
        }
    }

    pub(super) fn refuse(&mut self, fault: Fault, faults: &mut Faults) {
        self.state = State::Broken;
        faults.push(fault);
    }

    /// Names the columns that must be filled and are not.
    pub(super) fn require(&mut self, faults: &mut Faults) {
        if self.state == State::Broken {
            return;
        }
        for (at, column) in self.noun.columns().iter().enumerate() {
            if column.fill == Fill::Needed && self.cells[at].is_empty() {
                let fault = Fault::new(self.line, "empty", "fill it in").at(column.name, "");
                self.refuse(fault, faults);
            }
        }
    }

    /// The values of a column.
    pub(super) fn values(&self, column: &str) -> &[String] {
        let at = self.noun.columns().iter().position(|known| known.name == column);
        at.and_then(|at| self.cells.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The value of a column.
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        self.values(column).first().map(String::as_str)
    }
}

/// The text of a file, without a byte order mark.
pub(super) fn text<'a>(bytes: &'a [u8], format: Format, faults: &mut Faults) -> Option<&'a [u8]> {
    if bytes.len() > LONGEST {
        let reason = format!("{} bytes, {LONGEST} at most", bytes.len());
        faults.push(Fault::new(0, reason, "split the file"));
        return None;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        faults.push(Fault::new(1, "written in UTF-16", "save the file as UTF-8"));
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if format == Format::Json
        && let Err(error) = std::str::from_utf8(bytes)
    {
        let line = 1 + newlines(&bytes[..error.valid_up_to()]);
        faults.push(not_utf8(line, &bytes[error.valid_up_to()..]));
        return None;
    }
    Some(bytes)
}

/// The fault of bytes of another encoding; `rest` begins with the first of them.
pub(super) fn not_utf8(line: u64, rest: &[u8]) -> Fault {
    let byte = rest.first().copied().unwrap_or_default();
    let reason = format!("byte 0x{byte:02X} is not UTF-8 (Windows-1252, perhaps)");
    Fault::new(line, reason, "save the file as UTF-8; in a spreadsheet, \"CSV UTF-8\"")
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The place of a column by name, or the fault of an unknown one.
pub(super) fn place(noun: Noun, name: &str, line: u64) -> Result<usize, Fault> {
    let columns = noun.columns();
    columns.iter().position(|column| column.name == name).ok_or_else(|| {
        let names = || columns.iter().map(|column: &Column| column.name);
        let remedy = match crate::name::nearest(name, names()) {
            Some(near) => format!("write {near}"),
            None => format!("use {}", names().collect::<Vec<_>>().join(", ")),
        };
        Fault::new(line, format!("{} have no such column", noun.name()), remedy).at(name, "")
    })
}

fn unfit(value: &str) -> Option<(&'static str, &'static str)> {
    if value.len() > LONGEST_CELL {
        Some(("longer than 8,192 bytes", "shorten it, or close the quotes before it"))
    } else if value.contains(char::is_control) {
        Some(("has a line break or another control character", "take it out"))
    } else {
        None
    }
}
