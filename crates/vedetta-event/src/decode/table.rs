//! Tables that name their columns: CSV (RFC 4180), W3C extended (IIS), Zeek.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::event::Tape;

/// Most columns.
const MOST: usize = 512;

/// What the columns are called, as the table itself said: rows that come later mean nothing without it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// As the table calls them: what they are to be called may change meanwhile.
    columns: Vec<String>,
    between: Between,
    /// What Zeek writes for nothing.
    nothing: String,
    /// The log that Zeek says it is.
    path: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Between {
    #[default]
    Spaces,
    Tabs,
}

impl Header {
    /// Whether a line is a row under this header: with as many columns, and not the beginning of
    /// something else.
    pub(super) fn is_of(&self, line: &str) -> bool {
        let at = if self.between == Between::Tabs { b'\t' } else { b' ' };
        !self.columns.is_empty()
            && !line.starts_with(['{', '<', '#'])
            && memchr::memchr_iter(at, line.as_bytes()).count() + 1 == self.columns.len()
    }

    /// Reads a row of W3C extended or Zeek; whether it is one, and not a header.
    pub(super) fn read(
        &mut self,
        line: &str,
        names: &BTreeMap<String, String>,
        tape: &mut Tape,
    ) -> Result<bool, Fault> {
        if let Some(directive) = line.strip_prefix('#') {
            self.directive(directive);
            return Ok(false);
        }
        if self.columns.is_empty() {
            return Err(Fault::NoHeader);
        }
        let values: Vec<&str> = match self.between {
            Between::Tabs => line.split('\t').collect(),
            Between::Spaces => line.split(' ').collect(),
        };
        self.say(&values, names, tape);
        match self.between {
            Between::Tabs => tape.say("_path", &self.path),
            Between::Spaces => tape.say("log.kind", "web"),
        }
        Ok(true)
    }

    fn directive(&mut self, directive: &str) {
        let tabbed = directive.strip_prefix("fields\t").map(|it| (it, '\t', Between::Tabs));
        let spaced = directive.strip_prefix("Fields:").map(|it| (it.trim(), ' ', Between::Spaces));
        if let Some((columns, at, between)) = tabbed.or(spaced) {
            self.columns = columns.split(at).take(MOST).map(str::to_owned).collect();
            self.between = between;
        } else if let Some(path) = directive.strip_prefix("path\t") {
            self.path = path.into();
        } else if let Some(nothing) = directive.strip_prefix("unset_field\t") {
            self.nothing = nothing.into();
        }
    }

    /// Reads a row of CSV; whether it is one, and not the header.
    pub(super) fn read_csv(
        &mut self,
        line: &str,
        names: &BTreeMap<String, String>,
        tape: &mut Tape,
    ) -> Result<bool, Fault> {
        let values = cells(line);
        let columns = || values.iter().take(MOST).map(|it| it.trim());
        if self.columns.is_empty() {
            self.columns = columns().map(str::to_owned).collect();
            return Ok(false);
        }
        // A file that was rotated begins with its header, too.
        if columns().eq(self.columns.iter().map(String::as_str)) {
            return Ok(false);
        }
        if values.len() > self.columns.len() {
            return Err(Fault::Form("CSV with as many cells as its header"));
        }
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        self.say(&values, names, tape);
        Ok(true)
    }

    fn say(&self, values: &[&str], names: &BTreeMap<String, String>, tape: &mut Tape) {
        let columns = || self.columns.iter().map(|it| called(it, names));
        for (name, value) in columns().zip(values) {
            if !name.is_empty() && !value.is_empty() && *value != "-" && *value != self.nothing {
                tape.say(name, value);
            }
        }
        let moment = |name: &str| columns().position(|it| it == name);
        if let (Some(date), Some(time)) = (moment("date"), moment("time"))
            && let (Some(date), Some(time)) = (values.get(date), values.get(time))
        {
            tape.say("timestamp", &format!("{date}T{time}Z"));
        }
    }
}

/// W3C writes `cs(User-Agent)` where Sigma says `cs-user-agent`.
fn called<'c>(column: &'c str, names: &'c BTreeMap<String, String>) -> &'c str {
    if let Some(name) = names.get(column) {
        return name;
    }
    match column {
        "cs(User-Agent)" => "cs-user-agent",
        "cs(Referer)" => "cs-referer",
        "cs(Cookie)" => "cs-cookie",
        "cs(Host)" => "cs-host",
        other => other,
    }
}

/// The cells of a row; a quoted cell may hold commas and doubled quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut rest = line;
    while cells.len() < MOST {
        let Some(inside) = rest.strip_prefix('"') else {
            let end = rest.find(',');
            cells.push(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned());
            match end {
                Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
                None => break,
            }
            continue;
        };
        let (mut cell, mut left) = (String::new(), inside);
        loop {
            let Some((before, after)) = left.split_once('"') else {
                cell.push_str(left);
                left = "";
                break;
            };
            cell.push_str(before);
            left = after;
            match left.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    left = after;
                }
                None => break,
            }
        }
        cells.push(cell);
        match left.find(',') {
            Some(end) => rest = left.get(end + 1..).unwrap_or_default(),
            None => break,
        }
    }
    cells
}
