//! One view of every event: named values, read where they stand in the line.

pub mod fold;
pub mod moment;
pub mod name;
pub mod value;

use std::borrow::Cow;

use crate::source::{self, Dialect, Source};

pub use name::Name;

pub use value::Value;

/// Most values of one event; what comes after is left out, and [`Tape::left_out`] says so.
pub const MOST_VALUES: usize = 4_096;

/// What a decoder found in a line. Holds places, not text, so that one tape serves every line.
#[derive(Debug, Default, Clone)]
pub struct Tape {
    names: Vec<Name>,
    /// A bit for each name that is there: most that are not are told by it.
    seen: [u64; 4],
    leaves: Vec<Leaf>,
    holders: Vec<Holder>,
    /// Text that stands nowhere in the line.
    made: String,
    left_out: usize,
}

/// An event: a line and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    line: &'a str,
    tape: &'a Tape,
    source: &'static Source,
    dialect: Dialect,
}

/// A run of bytes in the line, or, with the highest bit, in what was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

/// What a value is, before it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text with JSON escapes in it.
    Escaped,
    Number,
    True,
    False,
    Null,
}

/// What holds everything.
pub(crate) const OUTSIDE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Leaf {
    key: Span,
    /// What holds it.
    inside: u32,
    kind: Kind,
    value: Span,
}

/// Something with values in it.
#[derive(Debug, Clone, Copy)]
struct Holder {
    key: Span,
    inside: u32,
}

const MADE: u32 = 1 << 31;

/// The bit of a name among those that are there, by its word.
#[inline]
const fn bit(name: Name) -> (usize, u64) {
    ((name.0 >> 6) as usize & 3, 1 << (name.0 & 63))
}

impl Span {
    #[inline]
    pub(crate) fn of(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(0);
        let end = u32::try_from(end).unwrap_or(start);
        Self { start, len: end.saturating_sub(start) }
    }
}

impl Tape {
    /// Forgets the event before.
    pub fn clear(&mut self) {
        self.names.clear();
        self.seen = [0; 4];
        self.leaves.clear();
        self.holders.clear();
        self.made.clear();
        self.left_out = 0;
    }

    /// How many values there was no room for.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Adds a value under a name, both text that stands nowhere in the line.
    pub fn say(&mut self, name: &str, value: &str) {
        let (key, value) = (self.keep(name), self.keep(value));
        self.leaf(Name::of(name), (key, OUTSIDE), Kind::Text, value);
    }

    /// Adds a value that stands in the line.
    pub(crate) fn say_span(&mut self, name: &str, value: Span) {
        let key = self.keep(name);
        self.leaf(Name::of(name), (key, OUTSIDE), Kind::Text, value);
    }

    /// Adds a number.
    pub fn say_number(&mut self, name: &str, value: i64) {
        let (key, value) = (self.keep(name), self.keep(&value.to_string()));
        self.leaf(Name::of(name), (key, OUTSIDE), Kind::Number, value);
    }

    pub(crate) fn keep(&mut self, text: &str) -> Span {
        let start = self.made.len();
        self.made.push_str(text);
        let span = Span::of(start, self.made.len());
        Span { start: span.start | MADE, len: span.len }
    }

    pub(crate) fn open(&mut self, key: Span, inside: u32) -> u32 {
        self.holders.push(Holder { key, inside });
        u32::try_from(self.holders.len() - 1).unwrap_or(OUTSIDE)
    }

    #[inline]
    pub(crate) fn leaf(&mut self, name: Name, (key, inside): (Span, u32), kind: Kind, value: Span) {
        if self.leaves.len() >= MOST_VALUES {
            self.left_out += 1;
            return;
        }
        let (word, bit) = bit(name);
        self.seen[word] |= bit;
        self.names.push(name);
        self.leaves.push(Leaf { key, inside, kind, value });
    }

    /// The first text of that name so far; quick to say that there is none.
    pub(crate) fn text<'a>(&'a self, line: &'a str, name: Name) -> Option<Cow<'a, str>> {
        let (source, dialect) = (Source::unknown(), Dialect::Plain);
        Event { line, tape: self, source, dialect }.text(name)
    }

    /// The event of this line.
    #[must_use]
    pub fn event<'a>(&'a self, line: &'a str) -> Event<'a> {
        let (source, dialect) = (Source::unknown(), Dialect::Plain);
        let raw = Event { line, tape: self, source, dialect };
        let (source, dialect) = source::recognise(&raw);
        Event { source, dialect, ..raw }
    }
}

impl<'a> Event<'a> {
    /// The line.
    #[must_use]
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// Where it comes from.
    #[must_use]
    pub fn source(&self) -> &'static Source {
        self.source
    }

    /// How it names things.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The first value of that name, or of what the event calls it.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<Value<'a>> {
        self.place(name).map(|at| self.value(at))
    }

    /// Where the first value of that name is.
    #[must_use]
    pub fn place(&self, name: Name) -> Option<usize> {
        let find = |name: Name| {
            let place = || self.tape.names.iter().position(|it| *it == name);
            self.may_have(name).then(place).flatten()
        };
        find(name).or_else(|| self.dialect.sources_of(name).find_map(find))
    }

    /// The first text of that name.
    #[must_use]
    pub fn text(&self, name: Name) -> Option<Cow<'a, str>> {
        self.get(name).and_then(Value::text)
    }

    /// Every value of that name, or of what the event calls it: an array has many.
    pub fn all(&self, name: Name) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let event = *self;
        let has_others = event.dialect.sources_of(name).any(|it| event.may_have(it));
        let names = if has_others || event.may_have(name) { event.names() } else { &[] };
        let called = move |it: Name| {
            it == name || (has_others && event.dialect.sources_of(name).any(|from| from == it))
        };
        let places = names.iter().enumerate().filter(move |(_, it)| called(**it));
        places.map(move |(at, _)| event.value(at))
    }

    /// Whether there may be a value written under this very name: most that are not there are told so.
    #[inline]
    fn may_have(&self, name: Name) -> bool {
        let (word, bit) = bit(name);
        self.tape.seen[word] & bit != 0
    }

    /// Whether there is a value of that name, even null.
    #[must_use]
    pub fn has(&self, name: Name) -> bool {
        self.place(name).is_some()
    }

    /// How many values it has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.tape.leaves.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tape.leaves.is_empty()
    }

    /// The names of the values, in the order of [`Self::value`].
    #[must_use]
    #[inline]
    pub fn names(&self) -> &'a [Name] {
        &self.tape.names
    }

    /// A value by its place.
    #[must_use]
    #[inline]
    pub fn value(&self, at: usize) -> Value<'a> {
        let Some(leaf) = self.tape.leaves.get(at) else { return Value::Null };
        match leaf.kind {
            Kind::Text => Value::Text(self.read(leaf.value)),
            Kind::Escaped => Value::Escaped(self.read(leaf.value)),
            Kind::Number => Value::Number(self.read(leaf.value)),
            Kind::True => Value::Boolean(true),
            Kind::False => Value::Boolean(false),
            Kind::Null => Value::Null,
        }
    }

    /// The name of a value as written, what holds it first, with dots between.
    #[must_use]
    pub fn path(&self, at: usize) -> String {
        let Some(leaf) = self.tape.leaves.get(at) else { return String::new() };
        // What stands in an array has no key.
        let (mut parts, mut key, mut inside) = (Vec::new(), leaf.key, leaf.inside);
        loop {
            let text = self.read(key);
            if !text.is_empty() {
                parts.push(value::unescaped(text));
            }
            let Some(it) = self.tape.holders.get(inside as usize) else { break };
            (key, inside) = (it.key, it.inside);
        }
        parts.reverse();
        parts.join(".")
    }

    /// Everything in it, as one flat JSON object; names that come more than once have a list.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for at in 0..self.len() {
            let value = self.value(at).json();
            match object.entry(self.path(at)) {
                serde_json::map::Entry::Vacant(free) => {
                    free.insert(value);
                }
                serde_json::map::Entry::Occupied(mut taken) => match taken.get_mut() {
                    serde_json::Value::Array(list) => list.push(value),
                    one => *one = serde_json::Value::Array(vec![one.take(), value]),
                },
            }
        }
        object.into()
    }

    #[inline]
    fn read(&self, span: Span) -> &'a str {
        let (text, start) = if span.start & MADE == 0 {
            (self.line, span.start as usize)
        } else {
            (self.tape.made.as_str(), (span.start & !MADE) as usize)
        };
        text.get(start..start + span.len as usize).unwrap_or_default()
    }
}
