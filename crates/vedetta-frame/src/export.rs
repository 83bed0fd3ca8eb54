//! Lists as files: what a page shows, for spreadsheets and programs.

use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Map, Value};
use vedetta_api::Problem;

use crate::console::Console;
use crate::visit::Signed;

/// How a list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// RFC 4180, in UTF-8.
    Csv,
    /// An array of objects.
    Json,
}

/// A list: columns, and the cells of each row.
pub struct Table {
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Form {
    /// What an address asks for.
    pub(crate) fn of(here: &str) -> Option<Self> {
        let (_, query) = here.split_once('?')?;
        match query.split('&').find_map(|pair| pair.strip_prefix("as="))? {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl Table {
    /// An empty one. The columns are the same in every language.
    pub fn new(name: &'static str, columns: &[&'static str]) -> Self {
        Self { name, columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The file, once the ledger says who has it.
    pub async fn answer(
        &self,
        (console, signed): (&Console, &Signed),
        form: Form,
    ) -> Result<Response, Problem> {
        let (media, ending, text) = match form {
            Form::Csv => ("text/csv; charset=utf-8", "csv", self.csv()),
            Form::Json => ("application/json", "json", self.json()),
        };
        let (actor, name) = (signed.actor(), format!("{}.{ending}", self.name));
        let file = format!("attachment; filename=\"{name}\"");
        console.ask(move |house| house.note_export(&actor, &name)).await?;
        Ok(([(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, file)], text).into_response())
    }

    fn csv(&self) -> String {
        let head = self.columns.iter().map(|it| cell(it)).collect::<Vec<_>>().join(",");
        let rows =
            self.rows.iter().map(|row| row.iter().map(|it| cell(it)).collect::<Vec<_>>().join(","));
        std::iter::once(head).chain(rows).map(|line| line + "\r\n").collect()
    }

    fn json(&self) -> String {
        let object = |row: &Vec<String>| {
            let pairs = self.columns.iter().zip(row);
            let pairs = pairs.map(|(name, value)| ((*name).to_owned(), value.clone().into()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        Value::Array(self.rows.iter().map(object).collect()).to_string()
    }
}

/// A cell. What a spreadsheet would run is a text: who writes a title writes no formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_no_formula_and_breaks_no_row() {
        let mut table = Table::new("x", &["title", "by"]);
        table.row(["=HYPERLINK(\"http://a.example\")".into(), "riga\r\ndue, \"tre\"".into()]);
        assert_eq!(
            table.csv(),
            "title,by\r\n\"'=HYPERLINK(\"\"http://a.example\"\")\",\"riga\r\ndue, \"\"tre\"\"\"\r\n"
        );
        let read: Vec<Map<String, Value>> = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(read[0]["by"], "riga\r\ndue, \"tre\"");
    }

    #[test]
    fn an_address_says_how() {
        assert_eq!(Form::of("/items?text=a&as=csv"), Some(Form::Csv));
        assert_eq!(Form::of("/items?as=json"), Some(Form::Json));
        assert_eq!(Form::of("/items?as=pdf"), None);
        assert_eq!(Form::of("/items"), None);
    }
}
