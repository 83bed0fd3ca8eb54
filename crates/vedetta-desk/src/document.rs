//! A document as plain HTML that office programs open, as PDF and as text: headings, paragraphs, lists and
//! tables; no script, no style, nothing from elsewhere.

use std::fmt::Write as _;

use serde::Serialize;
use vedetta_model::language::Language;

/// A document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// As a whole page of HTML.
    pub html: String,
    /// As text.
    pub text: String,
    /// How many elements of it are gaps that a person fills.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps: usize,
    /// What it consists of.
    #[serde(skip)]
    pub(crate) blocks: Vec<Block>,
    /// In which language it is.
    #[serde(skip)]
    pub language: Language,
}

/// A part of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Block {
    Heading(String),
    Paragraph(String),
    Item(String),
    Fact(String, String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Document {
    /// As PDF.
    #[must_use]
    pub fn pdf(&self) -> Vec<u8> {
        crate::pdf::write(&self.title, self.language, &self.blocks)
    }
}

/// A document being written.
#[derive(Debug)]
pub(crate) struct Writer {
    title: String,
    language: Language,
    html: String,
    text: String,
    gaps: usize,
    blocks: Vec<Block>,
}

impl Writer {
    pub(crate) fn new(title: String, language: Language) -> Self {
        let html = format!("<h1>{}</h1>\n", escaped(&title));
        let text = format!("{title}\n{}\n", "=".repeat(title.chars().count()));
        Self { title, language, html, text, gaps: 0, blocks: Vec::new() }
    }

    /// Says how many elements are gaps.
    pub(crate) fn gaps(&mut self, gaps: usize) {
        self.gaps = gaps;
    }

    pub(crate) fn heading(&mut self, heading: &str) {
        self.blocks.push(Block::Heading(heading.to_owned()));
        let _infallible = writeln!(self.html, "<h2>{}</h2>", escaped(heading));
        let _infallible =
            writeln!(self.text, "\n{heading}\n{}", "-".repeat(heading.chars().count()));
    }

    pub(crate) fn paragraph(&mut self, words: &str) {
        for part in words.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
            self.blocks.push(Block::Paragraph(part.to_owned()));
            let lines: Vec<_> = part.lines().map(escaped).collect();
            let _infallible = writeln!(self.html, "<p>{}</p>", lines.join("<br>"));
            let _infallible = writeln!(self.text, "{part}");
        }
    }

    pub(crate) fn list(&mut self, lines: impl IntoIterator<Item = String>) {
        self.html.push_str("<ul>\n");
        for line in lines {
            let _infallible = writeln!(self.html, "<li>{}</li>", escaped(&line));
            let _infallible = writeln!(self.text, "- {line}");
            self.blocks.push(Block::Item(line));
        }
        self.html.push_str("</ul>\n");
    }

    /// A table of two columns: what, and its value.
    pub(crate) fn facts(&mut self, rows: impl IntoIterator<Item = (String, String)>) {
        self.html.push_str("<table>\n");
        for (what, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            let (heading, cell) = (escaped(&what), escaped(&value));
            let _infallible =
                writeln!(self.html, "<tr><th scope=\"row\">{heading}</th><td>{cell}</td></tr>");
            let _infallible = writeln!(self.text, "{what}: {value}");
            self.blocks.push(Block::Fact(what, value));
        }
        self.html.push_str("</table>\n");
    }

    pub(crate) fn end(self) -> Document {
        let language = match self.language {
            Language::It => "it",
            Language::En => "en",
        };
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <title>{}</title>\n</head>\n<body>\n{}</body>\n</html>\n",
            escaped(&self.title),
            self.html
        );
        let Self { title, language, text, gaps, blocks, .. } = self;
        Document { title, html, text, gaps, blocks, language }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Office programs refuse a file with others.
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_never_markup() {
        let mut writer = Writer::new("<script>x</script>".into(), Language::It);
        writer.heading("a & b");
        writer.paragraph("prima\nriga\u{0}\n\n<img src=x>");
        writer.facts([("chi".into(), "\"Rossi\"".into()), ("vuoto".into(), String::new())]);
        let document = writer.end();
        assert!(!document.html.contains("<script") && !document.html.contains("<img"));
        assert!(document.html.contains("<p>prima<br>riga</p>") && !document.html.contains("vuoto"));
        assert!(document.text.contains("chi: \"Rossi\""));
    }
}
