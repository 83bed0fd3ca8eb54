//! Rows of a JSON file.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fault::{Fault, Faults};
use super::record::KEYS_OF_CHANNELS;
use super::row::{Next, Row, Take, newlines, place};
use super::{LONGEST_RECORD, MOST_RECORDS};
use crate::columns::{Column, Noun, Shape};

/// The document of everything.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Document<'a> {
    #[serde(borrow)]
    organisations: List<'a>,
    #[serde(borrow)]
    assets: List<'a>,
    #[serde(borrow)]
    contacts: List<'a>,
    #[serde(borrow)]
    accounts: List<'a>,
}

/// Records not yet read, [`MOST_RECORDS`] at most.
#[derive(Default)]
struct List<'a>(Vec<&'a RawValue>);

/// Where records are in the text: counts lines once, from record to record.
struct Places<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

/// Reads every record.
pub(super) fn each(bytes: &[u8], noun: Noun, faults: &mut Faults, take: &mut Take<'_>) {
    let document = match read(bytes, noun) {
        Ok(document) => document,
        Err(error) => return faults.push(malformed(&error, 0)),
    };
    let lists = [document.organisations, document.assets, document.contacts, document.accounts];
    for (noun, list) in Noun::SINGLE.into_iter().zip(lists) {
        let mut places = Places { text: bytes, counted: 0, line: 1 };
        for raw in list.0 {
            let line = places.line_of(raw);
            let Some(row) = read_row(raw, noun, line, faults) else { continue };
            if take(&row, faults) == Next::Stop {
                let reason = format!("more than {MOST_RECORDS} records");
                return faults.push(Fault::new(line, reason, "split the file"));
            }
        }
    }
}

fn read(bytes: &[u8], noun: Noun) -> Result<Document<'_>, serde_json::Error> {
    if noun == Noun::Everything {
        return serde_json::from_slice(bytes);
    }
    let list: List<'_> = serde_json::from_slice(bytes)?;
    let mut document = Document::default();
    match noun {
        Noun::Assets => document.assets = list,
        Noun::Contacts => document.contacts = list,
        Noun::Accounts => document.accounts = list,
        Noun::Organisations | Noun::Everything => document.organisations = list,
    }
    Ok(document)
}

fn malformed(error: &serde_json::Error, lines_before: u64) -> Fault {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    let remedy = format!("correct the JSON near column {}", error.column());
    Fault::new(lines_before + error.line() as u64, reason, remedy)
}

fn read_row(raw: &RawValue, noun: Noun, line: u64, faults: &mut Faults) -> Option<Row> {
    if raw.get().len() > LONGEST_RECORD {
        faults.push(Fault::new(line, "longer than 1,048,576 bytes", "shorten the record"));
        return None;
    }
    let object: Map<String, Value> = match serde_json::from_str(raw.get()) {
        Ok(object) => object,
        Err(error) => {
            faults.push(malformed(&error, line.saturating_sub(1)));
            return None;
        }
    };
    let mut row = Row::new(noun, line);
    for (key, value) in object {
        let at = match place(noun, &key, line) {
            Ok(at) => at,
            Err(fault) => {
                row.refuse(fault, faults);
                continue;
            }
        };
        let column = noun.columns()[at];
        match values(&value, column) {
            Some(values) => row.put(at, values, faults),
            None => {
                let fault = Fault::new(line, "of another shape", expected(column));
                row.refuse(fault.at(&key, &value.to_string()), faults);
            }
        }
    }
    row.require(faults);
    Some(row)
}

/// The texts of a value; `None` when it has another shape.
fn values(value: &Value, column: Column) -> Option<Vec<String>> {
    match (value, column.shape) {
        (Value::Null, _) => Some(Vec::new()),
        (Value::Array(list), Shape::List) if column.name == "channels" => {
            list.iter().map(channel).collect()
        }
        (Value::Array(list), Shape::List) => list.iter().map(single).collect(),
        (_, Shape::List) => None,
        (value, Shape::Single) => single(value).map(|text| vec![text]),
    }
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn channel(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| object.len() == 2)?;
    let [by, at] = KEYS_OF_CHANNELS.map(|key| object.get(key).and_then(Value::as_str));
    Some(format!("{}:{}", by?, at?))
}

fn expected(column: Column) -> &'static str {
    match column.shape {
        Shape::Single => "give a text or a whole number",
        Shape::List if column.name == "channels" => {
            r#"give a list like [{"by": "email", "at": "desk@comune.example"}]"#
        }
        Shape::List => "give a list of texts",
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Records;
        impl<'de> Visitor<'de> for Records {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(record) = seq.next_element()? {
                    if list.len() >= MOST_RECORDS {
                        return Err(A::Error::custom("more than 1,000,000 records"));
                    }
                    list.push(record);
                }
                Ok(list)
            }
        }
        input.deserialize_seq(Records).map(Self)
    }
}

impl Places<'_> {
    fn line_of(&mut self, raw: &RawValue) -> u64 {
        let start = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.line += newlines(self.text.get(self.counted..start).unwrap_or_default());
        self.counted = start;
        self.line
    }
}
