//! Where in a file of rules something is wrong.

use serde::Deserialize;
use yaml_serde::{Deserializer, Value};

/// A line, and the column when it is known, both from 1.
pub(super) type Place = (usize, Option<usize>);

/// Finds the places of what is wrong with a file, error after error.
pub(super) struct Places<'t> {
    text: &'t str,
    /// The lines of documents that are no mappings.
    loose: std::vec::IntoIter<usize>,
    /// How far what was wrong reached.
    seen: usize,
}

impl<'t> Places<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, loose: loose(text).into_iter(), seen: 0 }
    }

    /// The place of the next error, as the reader of YAML tells it.
    pub(super) fn next(&mut self, error: &str) -> Place {
        if error.contains("not a YAML mapping") {
            return (self.loose.next().unwrap_or(1), Some(1));
        }
        if error.contains("control characters")
            && let Some(at) = self.text.find(is_forbidden)
        {
            return place_in(self.text, at);
        }
        match (after(error, "line "), self.quoted(error)) {
            (Some(line), _) => (line, after(error, "column ")),
            (None, Some(at)) => place_in(self.text, at),
            (None, None) => (1, None),
        }
    }

    /// Where the text stands of which an error speaks: a condition that cannot be read, or what it has
    /// in quotes; of two alike, the one behind the other.
    fn quoted(&mut self, error: &str) -> Option<usize> {
        let condition = error.split_once("\n1 | ").and_then(|(_, it)| it.lines().next());
        let near = condition.or_else(|| error.split('\'').nth(1)).map(str::trim_end)?;
        let near = if near == "condition" { "detection" } else { near };
        let from = |from: usize, wanted: &str| Some(self.text.get(from..)?.find(wanted)? + from);
        let begins = condition.and_then(|_| from(self.seen, "condition")).unwrap_or(self.seen);
        let at = from(begins, near).or_else(|| self.text.find(near))?;
        self.seen = at + near.len();
        let column = after(error, ":").filter(|_| condition.is_some()).unwrap_or(1);
        Some(self.text.floor_char_boundary((at + column - 1).min(self.seen)))
    }
}

/// What is wrong, in one line: of a condition, the grammar draws a picture.
pub(super) fn in_words(error: String) -> String {
    match error.split_once("\n  = ") {
        Some((_, expected)) => format!("the condition cannot be read: {expected}"),
        None => error,
    }
}

/// The number after the first of such words.
fn after(text: &str, word: &str) -> Option<usize> {
    let (_, rest) = text.split_once(word)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Control characters that YAML has not (YAML 1.2.2, 5.1).
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

fn place_in(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|it| *it == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, Some(column))
}

/// The first lines of documents that are no mappings.
fn loose(text: &str) -> Vec<usize> {
    let documents = Deserializer::from_str(text).map_while(|it| Value::deserialize(it).ok());
    let is_loose: Vec<bool> = documents.take(10_000).map(|it| !it.is_mapping()).collect();
    if !is_loose.contains(&true) {
        return Vec::new();
    }
    let is_said = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (mut firsts, mut begins) = (Vec::new(), true);
    for (at, line) in text.lines().enumerate() {
        let begun = line == "---" || line.starts_with("--- ");
        begins |= begun;
        if begins && is_said(line) && (!begun || line.len() > 4) {
            firsts.push(at + 1);
            begins = false;
        }
    }
    let each = firsts.into_iter().zip(is_loose);
    each.filter(|(_, is_loose)| *is_loose).map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_has_its_place() {
        let places = |text: &str| {
            let errors = rsigma_parser::parse_sigma_yaml(text).unwrap().errors;
            let mut places = Places::of(text);
            errors.iter().map(|it| places.next(it)).collect::<Vec<_>>()
        };
        assert_eq!(places("title: R\nid: [a, b\nlevel: high\n"), [(3, Some(6))]);
        assert_eq!(places("# words\n\nhello world\n"), [(3, Some(1))]);
        assert_eq!(places("title: R\ndescription: è\u{1}\n"), [(2, Some(15))]);
        let mapping = "title: R\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n";
        let second = mapping.replace("title: R", "title: S").replace("s}", "s and }");
        let wrong = [
            (mapping.replace("a:", "a|huge:"), (3, Some(19))),
            (mapping.replace("logsource", "level: huge\nlogsource"), (2, Some(8))),
            (mapping.replace(", condition: s", ""), (3, Some(1))),
            (format!("{mapping}---\n{second}"), (7, Some(40))),
        ];
        wrong.into_iter().for_each(|(text, place)| assert_eq!(places(&text), [place], "{text}"));
        let two = format!("---\n{mapping}---\n# a list\n- a\n---\njust words\n");
        assert_eq!(places(&two), [(7, Some(1)), (9, Some(1))]);
    }
}
