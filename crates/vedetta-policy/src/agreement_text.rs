//! Reading an agreement written in TOML or JSON.

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use vedetta_model::Agreement;

/// The longest text of an agreement that is read, in bytes.
pub const LONGEST_AGREEMENT: usize = 256 * 1024;

/// The language in which an agreement is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// TOML 1.0; dates may be quoted or not.
    Toml,
    /// JSON.
    Json,
}

/// Why a text is not an agreement. Where it is wrong, and what to do, are in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Longer than [`LONGEST_AGREEMENT`].
    #[error("the text is {bytes} bytes long: an agreement has at most {LONGEST_AGREEMENT}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not TOML or JSON, or not an agreement.
    #[error(
        "line {line}, column {column}: {what}; docs/reference/agreement.schema.json says what to write"
    )]
    Wrong {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
}

/// Reads one agreement. What it says is not judged here: see [`crate::check`].
///
/// # Errors
/// [`ReadError`] when the text is too long, is not in the notation, or is not an agreement.
pub fn read_agreement(text: &str, notation: Notation) -> Result<Agreement, ReadError> {
    if text.len() > LONGEST_AGREEMENT {
        return Err(ReadError::TooLong { bytes: text.len() });
    }
    match notation {
        Notation::Toml => read_toml(text).map_err(|error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            ReadError::Wrong { line, column, what: one_line(error.message()) }
        }),
        Notation::Json => serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line().max(1), error.column().max(1));
            let said = error.to_string();
            let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
            ReadError::Wrong { line, column, what: one_line(what) }
        }),
    }
}

/// Writes an agreement as TOML that [`read_agreement`] reads back to the same.
///
/// # Errors
/// When the agreement holds what TOML cannot write; none is known.
pub fn write_agreement(agreement: &Agreement) -> Result<String, toml::ser::Error> {
    toml::to_string_pretty(agreement)
}

fn read_toml(text: &str) -> Result<Agreement, toml::de::Error> {
    let mut table = DeTable::parse(text)?;
    table.get_mut().iter_mut().for_each(|(_, value)| quote_dates(value.get_mut()));
    Agreement::deserialize(toml::Deserializer::from(table)).map_err(|mut error| {
        error.set_input(Some(text));
        error
    })
}

/// Unquoted dates read as if they were quoted. The parser bounds the depth.
fn quote_dates(value: &mut DeValue<'_>) {
    match value {
        DeValue::Datetime(moment) => *value = DeValue::String(moment.to_string().into()),
        DeValue::Array(array) => array.iter_mut().for_each(|it| quote_dates(it.get_mut())),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, it)| quote_dates(it.get_mut())),
        _ => {}
    }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// At most 300 characters without line breaks: what was written may be hostile.
fn one_line(message: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    message.chars().take(300).map(plain).collect()
}
