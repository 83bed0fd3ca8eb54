//! Values of rules as pySigma's steps see them: what `contains`, `startswith` and `endswith` say are
//! wildcards in the text.

use std::borrow::Cow;

use regex::Regex;
use rsigma_parser::value::{SigmaString, SigmaValue, SpecialChar, StringPart};
use rsigma_parser::{DetectionItem, FieldSpec, Modifier};
use serde::Deserialize;

/// A regular expression of a pipeline.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Expression {
    anywhere: Regex,
    start: Regex,
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |error| format!("regular expression {text:?}: {error}");
        let anywhere = Regex::new(&text).map_err(wrong)?;
        Ok(Self { anywhere, start: from_the_start(&text)? })
    }
}

impl Expression {
    /// Whether a text begins so.
    pub(super) fn starts(&self, text: &str) -> bool {
        self.start.is_match(text)
    }

    /// What it names in the beginning of a text.
    pub(super) fn named<'t>(&self, text: &'t str) -> Option<Vec<(&str, &'t str)>> {
        let found = self.start.captures(text)?;
        let each = self.start.capture_names().flatten();
        Some(each.filter_map(|name| Some((name, found.name(name)?.as_str()))).collect())
    }

    /// Whether it names anything.
    pub(super) fn has_names(&self) -> bool {
        self.start.capture_names().flatten().next().is_some()
    }
}

/// An expression for the beginning of a text.
pub(super) fn from_the_start(text: &str) -> Result<Regex, String> {
    let wrong = |error| format!("regular expression {text:?}: {error}");
    Regex::new(&format!("^(?:{text})")).map_err(wrong)
}

/// Modifiers that leave a value a text.
const OF_TEXT: &[Modifier] = &[
    Modifier::Contains,
    Modifier::StartsWith,
    Modifier::EndsWith,
    Modifier::All,
    Modifier::Cased,
    Modifier::Neq,
    Modifier::Expand,
    Modifier::WindAsh,
];

/// Whether the values of an item are what they look like, and not an expression, a network, a code.
pub(super) fn is_plain(item: &DetectionItem) -> bool {
    item.field.modifiers.iter().all(|it| OF_TEXT.contains(it))
}

/// An item with wildcards in the place of modifiers that say where a text stands.
pub(super) fn as_written(item: &DetectionItem) -> Cow<'_, DetectionItem> {
    let has = |it| item.field.has_modifier(it);
    let (before, after) = (
        has(Modifier::Contains) || has(Modifier::EndsWith),
        has(Modifier::Contains) || has(Modifier::StartsWith),
    );
    if !is_plain(item) || !(before || after) {
        return Cow::Borrowed(item);
    }
    let around = |text: &SigmaString| {
        let mut parts = text.parts.clone();
        let many = StringPart::Special(SpecialChar::WildcardMulti);
        if before && parts.first() != Some(&many) {
            parts.insert(0, many.clone());
        }
        if after && parts.last() != Some(&many) {
            parts.push(many);
        }
        SigmaValue::String(made(parts))
    };
    let values = item.values.iter().map(|value| match value {
        SigmaValue::String(text) => around(text),
        SigmaValue::Null => SigmaValue::Null,
        other => around(&SigmaString::new(&other.to_string())),
    });
    let places = [Modifier::Contains, Modifier::StartsWith, Modifier::EndsWith];
    let modifiers = item.field.modifiers.iter().copied().filter(|it| !places.contains(it));
    let field = FieldSpec::new(item.field.name.clone(), modifiers.collect());
    Cow::Owned(DetectionItem { field, values: values.collect() })
}

/// A string of parts; what it was written as says the same.
pub(super) fn made(parts: Vec<StringPart>) -> SigmaString {
    let mut joined: Vec<StringPart> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(StringPart::Plain(before)), StringPart::Plain(text)) => before.push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    let mut original = String::new();
    for part in &joined {
        match part {
            StringPart::Plain(text) => text.chars().for_each(|it| {
                if matches!(it, '*' | '?' | '\\') {
                    original.push('\\');
                }
                original.push(it);
            }),
            StringPart::Special(it) => original.push(sign(it)),
        }
    }
    SigmaString { parts: joined, original }
}

/// A string as steps see it: only wildcards that are none are escaped.
pub(super) fn plain(text: &SigmaString) -> String {
    spans(text).into_iter().map(|(seen, _)| seen).collect()
}

const fn sign(of: &SpecialChar) -> char {
    match of {
        SpecialChar::WildcardMulti => '*',
        SpecialChar::WildcardSingle => '?',
    }
}

/// Each character and wildcard as it is seen, and what it is.
fn spans(text: &SigmaString) -> Vec<(String, StringPart)> {
    let mut spans = Vec::new();
    for part in &text.parts {
        match part {
            StringPart::Plain(text) => spans.extend(text.chars().map(|it| {
                let escape = if matches!(it, '*' | '?') { "\\" } else { "" };
                (format!("{escape}{it}"), StringPart::Plain(it.into()))
            })),
            StringPart::Special(it) => spans.push((sign(it).into(), part.clone())),
        }
    }
    spans
}

/// Reads what a replacement made: a backslash is one unless a wildcard follows.
fn parts_of(text: &str) -> Vec<StringPart> {
    let (mut parts, mut rest) = (Vec::new(), text.chars().peekable());
    while let Some(it) = rest.next() {
        parts.push(match (it, rest.peek().copied()) {
            ('\\', Some(sign @ ('*' | '?'))) => {
                rest.next();
                StringPart::Plain(sign.into())
            }
            ('*', _) => StringPart::Special(SpecialChar::WildcardMulti),
            ('?', _) => StringPart::Special(SpecialChar::WildcardSingle),
            _ => StringPart::Plain(it.into()),
        });
    }
    parts
}

/// A string in which what an expression finds is replaced; what it does not find stays what it was.
pub(super) fn replaced(text: &SigmaString, by: (&Expression, &str)) -> SigmaString {
    let (expression, replacement) = by;
    let (spans, seen) = (spans(text), plain(text));
    let (mut parts, mut waiting) = (Vec::new(), String::new());
    let mut keep = |waiting: &mut String, from: usize, to: usize| {
        let mut at = 0;
        for (written, part) in &spans {
            let (start, end) = (at, at + written.len());
            at = end;
            if end <= from || start >= to {
                continue;
            }
            if start >= from && end <= to {
                parts.append(&mut parts_of(&std::mem::take(waiting)));
                parts.push(part.clone());
            } else {
                waiting.push_str(seen.get(start.max(from)..end.min(to)).unwrap_or_default());
            }
        }
    };
    let mut done = 0;
    for found in expression.anywhere.captures_iter(&seen) {
        let Some(whole) = found.get(0) else { continue };
        keep(&mut waiting, done, whole.start());
        found.expand(replacement, &mut waiting);
        done = whole.end();
    }
    keep(&mut waiting, done, seen.len());
    parts.append(&mut parts_of(&waiting));
    made(parts)
}

/// A string in which only text is replaced, and wildcards stay.
pub(super) fn replaced_beside_wildcards(
    text: &SigmaString,
    (expression, replacement): (&Expression, &str),
    read: &dyn Fn(&str) -> Vec<StringPart>,
) -> SigmaString {
    let each = text.parts.iter().flat_map(|part| match part {
        StringPart::Plain(text) => read(&expression.anywhere.replace_all(text, replacement)),
        other => vec![other.clone()],
    });
    made(each.collect())
}

/// Wildcards in a replacement are wildcards.
pub(super) fn with_wildcards(text: &str) -> Vec<StringPart> {
    parts_of(text)
}

/// Wildcards in a replacement are text.
pub(super) fn without_wildcards(text: &str) -> Vec<StringPart> {
    vec![StringPart::Plain(text.to_owned())]
}

/// A string whose text is made otherwise.
pub(super) fn each_text(text: &SigmaString, make: &dyn Fn(&str) -> String) -> SigmaString {
    let parts = text.parts.iter().map(|part| match part {
        StringPart::Plain(text) => StringPart::Plain(make(text)),
        other => other.clone(),
    });
    made(parts.collect())
}

/// The regular expression that says what a string says.
pub(super) fn as_expression(text: &SigmaString) -> String {
    let part = |part: &StringPart| match part {
        StringPart::Plain(text) => regex::escape(text),
        StringPart::Special(SpecialChar::WildcardMulti) => ".*".into(),
        StringPart::Special(SpecialChar::WildcardSingle) => ".".into(),
    };
    format!("^{}$", text.parts.iter().map(part).collect::<String>())
}

/// `ProcessCommandLine` as `process_command_line`.
pub(super) fn snake_case(text: &str) -> String {
    let mut snake = String::new();
    for it in text.chars() {
        if it.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(it.to_lowercase());
    }
    snake
}

/// Groups of a replacement as our expressions name them: `\1` is `${1}`.
pub(super) fn ours(replacement: &str) -> String {
    let (mut ours, mut rest) = (String::new(), replacement.chars().peekable());
    while let Some(it) = rest.next() {
        match (it, rest.peek().copied()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                ours.push_str(&format!("${{{digit}}}"));
                rest.next();
            }
            ('\\', Some('g')) if rest.clone().nth(1) == Some('<') => {
                let name: String = rest.by_ref().skip(2).take_while(|it| *it != '>').collect();
                ours.push_str(&format!("${{{name}}}"));
            }
            ('\\', Some('\\')) => {
                ours.push('\\');
                rest.next();
            }
            ('$', _) => ours.push_str("$$"),
            _ => ours.push(it),
        }
    }
    ours
}
