//! A table of every value (RFC 4180), one row a value and item. No cell begins a formula in a
//! spreadsheet: those that would have an apostrophe before them.

use std::borrow::Cow;

use vedetta_indicator::{Standing, kind};
use vedetta_model::Instant;

use super::{Act, Doubt, Needs, Row, text};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Inform,
    content_type: "text/csv; charset=utf-8; header=present",
    comment: None,
    kinds: |_| true,
    expresses: |term| term.value().chars().all(|c| !c.is_control()),
};

/// The columns, in order. New ones are added at the end.
const COLUMNS: [&str; 10] = [
    "kind",
    "value",
    "item",
    "name",
    "tlp",
    "pap",
    "score",
    "valid_from",
    "valid_until",
    "warning",
];

pub(super) fn write(rows: &[Row<'_>]) -> (Vec<u8>, usize) {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::with_capacity(160 * rows.len()));
    // Writing to memory does not fail, and every row has as many cells.
    let _ = table.write_record(COLUMNS);
    for row in rows {
        let moment = |at: Option<Instant>| at.map_or(String::new(), |at| at.to_string());
        let score = match row.entry.standing {
            Some(Standing::Live(score)) => score.to_string(),
            _ => String::new(),
        };
        let warning = match row.doubt {
            None => String::new(),
            Some(Doubt::Listed(list)) => text::one_line(list, 200),
            Some(Doubt::Broad(breadth)) => breadth.to_string(),
            Some(Doubt::Members) => "a member of the network owns it".to_owned(),
            Some(Doubt::Withheld) => "no machine should act on it".to_owned(),
        };
        let _ = table.write_record([
            kind::name(row.term.kind()),
            &cell(row.term.value()),
            row.entry.id.as_str(),
            &cell(&text::one_line(&row.entry.name, 200)),
            row.entry.tlp.label(),
            row.entry.pap.label(),
            &score,
            &moment(row.entry.valid_from),
            &moment(row.entry.valid_until),
            &cell(&warning),
        ]);
    }
    (table.into_inner().unwrap_or_default(), rows.len())
}

fn cell(text: &str) -> Cow<'_, str> {
    match text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}
