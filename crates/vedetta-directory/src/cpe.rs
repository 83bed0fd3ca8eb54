//! Product names: CPE 2.3 formatted strings (NISTIR 7695) and their matching (NISTIR 7696).

use std::fmt;
use std::ops::Range;

/// Attributes of a name: part, vendor, product, version, update, edition, language, software
/// edition, target software, target hardware, other.
const ATTRIBUTES: usize = 11;
const LONGEST: usize = 1_024;
const PREFIX: &str = "cpe:2.3:";

/// A product name in one spelling: lower case, no needless escapes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpe {
    text: Box<str>,
    /// Where each attribute ends in `text`.
    ends: [u16; ATTRIBUTES],
}

/// Why a text is not a CPE 2.3 name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CpeError {
    /// Another prefix, or too long.
    #[error(
        "not a CPE 2.3 name; write it as cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:* (at most 1,024 bytes)"
    )]
    Shape,
    /// Not eleven attributes.
    #[error("{0} attributes after cpe:2.3, must be 11; write * for those that do not matter")]
    Count(usize),
    /// The part is unknown.
    #[error("its part must be a (application), o (operating system), h (hardware), * or -")]
    Part,
    /// An attribute has a character that must be escaped, or a wildcard inside.
    #[error(
        "attribute {0:?} is malformed; escape punctuation with \\ and use * and ? only at its ends"
    )]
    Attribute(String),
}

/// How an attribute value binds.
enum Value<'a> {
    Any,
    NotApplicable,
    Text(&'a str),
}

impl Cpe {
    /// Reads a formatted string.
    ///
    /// # Errors
    /// [`CpeError`] saying which rule it breaks.
    pub fn new(text: &str) -> Result<Self, CpeError> {
        let fits =
            text.len() <= LONGEST && text.get(..8).is_some_and(|p| p.eq_ignore_ascii_case(PREFIX));
        if !fits {
            return Err(CpeError::Shape);
        }
        let mut written = String::with_capacity(text.len());
        written.push_str(PREFIX);
        let mut ends = [0; ATTRIBUTES];
        let attributes = split(&text[PREFIX.len()..]);
        if attributes.len() != ATTRIBUTES {
            return Err(CpeError::Count(attributes.len()));
        }
        for (index, attribute) in attributes.into_iter().enumerate() {
            if index > 0 {
                written.push(':');
            }
            write_attribute(attribute, &mut written)?;
            ends[index] = u16::try_from(written.len()).map_err(|_| CpeError::Shape)?;
        }
        let cpe = Self { text: written.into(), ends };
        let part = cpe.attribute(0);
        if matches!(part, "a" | "o" | "h" | "*" | "-") { Ok(cpe) } else { Err(CpeError::Part) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Vendor and product, `vendor:product`, when both are without wildcards.
    #[must_use]
    pub fn product(&self) -> Option<&str> {
        let plain = |attribute: &str| attribute != "*" && Wild::of(attribute).is_none();
        if plain(self.attribute(1)) && plain(self.attribute(2)) {
            Some(&self.text[self.range(1).start..self.range(2).end])
        } else {
            None
        }
    }

    /// Whether some product bears both names: no attribute excludes the other's.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        (0..ATTRIBUTES).all(|index| meet(self.attribute(index), other.attribute(index)))
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { PREFIX.len() } else { usize::from(self.ends[index - 1]) + 1 };
        start..usize::from(self.ends[index])
    }

    fn attribute(&self, index: usize) -> &str {
        &self.text[self.range(index)]
    }
}

impl fmt::Display for Cpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Leading and trailing wildcards of an attribute, around its literal core.
struct Wild<'a> {
    core: &'a str,
    /// How many characters may precede the core; `None` is any number.
    before: Option<usize>,
    /// How many characters may follow it.
    after: Option<usize>,
}

impl<'a> Wild<'a> {
    fn of(attribute: &'a str) -> Option<Self> {
        let (core, before) = match attribute.strip_prefix('*') {
            Some(core) => (core, None),
            None => {
                let core = attribute.trim_start_matches('?');
                (core, Some(attribute.len() - core.len()))
            }
        };
        let (core, after) = if unescaped_end(core, '*') {
            (&core[..core.len() - 1], None)
        } else {
            let mut rest = core;
            while unescaped_end(rest, '?') {
                rest = &rest[..rest.len() - 1];
            }
            (rest, Some(core.len() - rest.len()))
        };
        if before == Some(0) && after == Some(0) {
            None
        } else {
            Some(Self { core, before, after })
        }
    }

    /// NISTIR 7696, 6.3: `?` at an end stands for one character or none.
    fn covers(&self, literal: &str) -> bool {
        let fits = |limit: Option<usize>, text: &str| limit.is_none_or(|most| length(text) <= most);
        let mut from = 0;
        while let Some(at) = literal[from..].find(self.core).map(|at| from + at) {
            let after = &literal[at + self.core.len()..];
            if fits(self.before, &literal[..at]) && fits(self.after, after) {
                return true;
            }
            from = at + 1;
            if from > literal.len() {
                break;
            }
        }
        false
    }
}

impl<'a> Value<'a> {
    fn of(attribute: &'a str) -> Self {
        match attribute {
            "*" => Self::Any,
            "-" => Self::NotApplicable,
            text => Self::Text(text),
        }
    }
}

fn meet(a: &str, b: &str) -> bool {
    match (Value::of(a), Value::of(b)) {
        (Value::Any, _) | (_, Value::Any) | (Value::NotApplicable, Value::NotApplicable) => true,
        (Value::Text(a), Value::Text(b)) => {
            a == b
                || Wild::of(a).is_some_and(|wild| wild.covers(b))
                || Wild::of(b).is_some_and(|wild| wild.covers(a))
        }
        _ => false,
    }
}

/// Splits at the colons that are not escaped; stops counting after one attribute too many.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(ATTRIBUTES);
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        if byte == b':' && !escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

/// Checks one attribute and writes it in its one spelling.
fn write_attribute(attribute: &str, written: &mut String) -> Result<(), CpeError> {
    let malformed = || CpeError::Attribute(attribute.chars().take(80).collect());
    if matches!(attribute, "*" | "-" | "\\-") {
        written.push_str(attribute);
        return Ok(());
    }
    let core = Wild::of(attribute).map_or(attribute, |wild| wild.core);
    if core.is_empty() || !attribute.is_ascii() {
        return Err(malformed());
    }
    let start = core.as_ptr() as usize - attribute.as_ptr() as usize;
    written.push_str(&attribute[..start]);
    let mut bytes = core.chars();
    while let Some(c) = bytes.next() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => {
                written.push(c.to_ascii_lowercase());
            }
            '\\' => match bytes.next() {
                Some(c @ ('-' | '.' | '_')) => written.push(c),
                Some(c) if c.is_ascii_punctuation() => written.extend(['\\', c]),
                _ => return Err(malformed()),
            },
            _ => return Err(malformed()),
        }
    }
    written.push_str(&attribute[start + core.len()..]);
    Ok(())
}

fn unescaped_end(text: &str, wildcard: char) -> bool {
    text.strip_suffix(wildcard)
        .is_some_and(|head| head.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 0)
}

/// Characters, an escape and what it escapes counted once.
fn length(text: &str) -> usize {
    let mut bytes = text.bytes();
    let mut count = 0;
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(version: &str) -> Cpe {
        Cpe::new(&format!("cpe:2.3:a:esempio:posta:{version}:*:*:*:*:*:*:*")).unwrap()
    }

    #[test]
    fn one_spelling() {
        let cpe = Cpe::new("CPE:2.3:A:Esempio\\!:Web\\-Mail:2\\.0:*:*:*:*:*:*:-").unwrap();
        assert_eq!(cpe.as_str(), "cpe:2.3:a:esempio\\!:web-mail:2.0:*:*:*:*:*:*:-");
        assert_eq!(cpe.product(), Some("esempio\\!:web-mail"));
        assert_eq!(Cpe::new(cpe.as_str()), Ok(cpe));
    }

    #[test]
    fn what_is_broken_is_named() {
        assert_eq!(Cpe::new("cpe:/a:esempio:posta"), Err(CpeError::Shape));
        assert_eq!(Cpe::new("cpe:2.3:a:esempio"), Err(CpeError::Count(2)));
        assert_eq!(Cpe::new("cpe:2.3:x:e:p:1:*:*:*:*:*:*:*"), Err(CpeError::Part));
        for bad in ["1*2", "a b", "", "1!", "1\\", "è"] {
            let text = format!("cpe:2.3:a:e:p:{bad}:*:*:*:*:*:*:*");
            assert!(Cpe::new(&text).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_meet_unless_an_attribute_excludes() {
        assert!(name("4.2").meets(&name("*")));
        assert!(name("4.*").meets(&name("4.2")));
        assert!(name("4.2").meets(&name("*.2")));
        assert!(name("4.?").meets(&name("4.2")) && name("4.?").meets(&name("4.")));
        assert!(!name("4.?").meets(&name("4.21")));
        assert!(!name("4.2").meets(&name("4.3")) && !name("-").meets(&name("4.3")));
        assert!(name("-").meets(&name("*")) && name("-").meets(&name("-")));
        assert!(name("1\\*").meets(&name("1\\*")) && !name("1\\*").meets(&name("12")));
    }
}
