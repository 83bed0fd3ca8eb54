//! Observed values against constants (STIX 2.1, 9.6.1).

use std::cmp::Ordering;

use serde_json::Value;

use crate::pattern::lexer::{binary, hex, timestamp};
use crate::pattern::{Literal, Number};

/// A value that a path selected.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    Json(&'a Value),
    /// The value of a property named `…_hex` or `…_bin`.
    Bytes(Vec<u8>),
}

/// The value of a property, decoded when its name says that it holds bytes.
pub(super) fn seen<'a>(key: &str, value: &'a Value) -> Seen<'a> {
    let bytes = match value {
        Value::String(text) if key.ends_with("_hex") => hex(text),
        Value::String(text) if key.ends_with("_bin") => binary(text),
        _ => None,
    };
    bytes.map_or(Seen::Json(value), Seen::Bytes)
}

/// The order of a value and a constant; `None` when their types cannot be compared.
///
/// A string compares with bytes as if its characters were bytes, if all are below U+0100.
pub(super) fn compare(value: &Seen<'_>, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Seen::Json(Value::Number(seen)), Literal::Number(number)) => numbers(seen, *number),
        (Seen::Json(Value::Bool(seen)), Literal::Boolean(value)) => Some(seen.cmp(value)),
        (Seen::Json(Value::String(seen)), Literal::String(text)) => Some(seen.as_str().cmp(text)),
        (Seen::Json(Value::String(seen)), Literal::Timestamp(at)) => {
            timestamp(seen).map(|seen| seen.cmp(at))
        }
        (Seen::Json(Value::String(seen)), Literal::Hex(bytes) | Literal::Binary(bytes)) => {
            latin(seen).map(|seen| seen.cmp(bytes))
        }
        (Seen::Bytes(seen), Literal::Hex(bytes) | Literal::Binary(bytes)) => Some(seen.cmp(bytes)),
        (Seen::Bytes(seen), Literal::String(text)) => latin(text).map(|bytes| seen.cmp(&bytes)),
        _ => None,
    }
}

fn numbers(seen: &serde_json::Number, number: Number) -> Option<Ordering> {
    let whole = seen.as_i64().map(i128::from).or_else(|| seen.as_u64().map(i128::from));
    match (whole, number) {
        (Some(seen), Number::Integer(value)) => Some(seen.cmp(&i128::from(value))),
        _ => seen.as_f64()?.partial_cmp(&number.as_f64()),
    }
}

fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}
