//! One field: everything that rules look for in it, found in one pass.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, packed};

use super::wake::Wake;
use super::{Decided, decided};
use crate::event::name::Plain;
use crate::event::{Name, Value};
use crate::sigma::test::{Ask, Field, Test};
use crate::sigma::wildcard::Where;

/// Above so many bytes of texts the automaton is the slower kind that takes less memory.
const LARGE: usize = 512 << 10;
/// So few texts, none of them short, are first looked for by vector instructions, in values that
/// are long.
const FEW: usize = 48;
const LONG: usize = 64;

/// What is looked for in a field.
pub(super) struct Scan {
    pub(super) name: Option<Name>,
    texts: Option<AhoCorasick>,
    /// Tells quickly that none of the texts is there.
    first: Option<packed::Searcher>,
    /// For each text, the tests that it decides or gives a chance.
    meant: Vec<Box<[(Looked, u32)]>>,
    /// Whole values.
    whole: Whole,
    /// Ends that are the last part of a path, its separator before it: found by one look-up.
    last_parts: [(u8, Whole); 2],
    numbers: HashMap<i64, u32, BuildHasherDefault<Plain>>,
}

/// For what a text was looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// To decide a test.
    For(Where),
    /// To give one a chance.
    Hint,
}

type Whole = HashMap<Box<str>, Box<[u32]>, BuildHasherDefault<Plain>>;

/// What parts a path.
const SEPARATORS: [u8; 2] = [b'\\', b'/'];

/// What a scan is made from.
#[derive(Default)]
pub(super) struct ScanBuilder {
    name: Option<Name>,
    texts: BTreeMap<Box<str>, Vec<(Looked, u32)>>,
    whole: HashMap<Box<str>, Vec<u32>>,
    last_parts: HashMap<Box<str>, Vec<u32>>,
    numbers: HashMap<i64, u32, BuildHasherDefault<Plain>>,
}

/// The whole number that it is.
pub(super) fn whole(number: f64) -> Option<i64> {
    let near = number as i64;
    (near as f64 == number && number.abs() < 9e15).then_some(near)
}

/// Whether a text begins with a separator and has none of its kind after it.
fn is_last_part(text: &str) -> bool {
    text.as_bytes().split_first().is_some_and(|(first, rest)| {
        SEPARATORS.contains(first) && !rest.is_empty() && !rest.contains(first)
    })
}

impl ScanBuilder {
    /// Looks for what a test asks.
    pub(super) fn add(&mut self, test: &Test, number: u32) -> Decided {
        if let Field::Named(name, _) = &test.field {
            self.name = Some(*name);
        }
        let decided = decided(test);
        match (decided, &test.ask, &test.hint) {
            (Decided::ByScan, Ask::Text(Where::Whole, text), _) => {
                self.whole.entry(text.clone()).or_default().push(number);
            }
            (Decided::ByScan, Ask::Text(Where::End, text), _) if is_last_part(text) => {
                self.last_parts.entry(text.clone()).or_default().push(number);
            }
            (Decided::ByScan, Ask::Text(place, text), _) => {
                self.texts.entry(text.clone()).or_default().push((Looked::For(*place), number));
            }
            (Decided::ByScan, Ask::Number(wanted), _) => {
                if let Some(wanted) = whole(*wanted) {
                    self.numbers.insert(wanted, number);
                }
            }
            (Decided::AfterHint, _, Some(hint)) => {
                self.texts.entry(hint.clone()).or_default().push((Looked::Hint, number));
            }
            _ => {}
        }
        decided
    }

    pub(super) fn build(self) -> Scan {
        let size: usize = self.texts.keys().map(|it| it.len()).sum();
        let few = self.texts.len() <= FEW && self.texts.keys().all(|it| it.len() > 3);
        let first =
            few.then(|| packed::Searcher::new(self.texts.keys().map(|it| it.as_bytes()))).flatten();
        let kind = if size > LARGE { AhoCorasickKind::ContiguousNFA } else { AhoCorasickKind::DFA };
        let texts = (!self.texts.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .kind(Some(kind))
                    .build(self.texts.keys().map(|it| it.as_bytes()))
                    .ok()
            })
            .flatten();
        let last_parts = SEPARATORS.map(|separator| {
            let mine =
                self.last_parts.iter().filter(|it| it.0.as_bytes().first() == Some(&separator));
            (separator, mine.map(|(text, it)| (text.clone(), it.as_slice().into())).collect())
        });
        Scan {
            name: self.name,
            last_parts,
            texts,
            first,
            meant: self.texts.into_values().map(Into::into).collect(),
            whole: self.whole.into_iter().map(|(text, it)| (text, it.into())).collect(),
            numbers: self.numbers,
        }
    }
}

impl Scan {
    /// Whether any of what is looked for may be in a long text.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        let plain = self.whole.is_empty()
            && self.numbers.is_empty()
            && self.last_parts.iter().all(|it| it.1.is_empty());
        !plain || self.first.as_ref().is_none_or(|first| first.find(text).is_some())
    }

    /// Looks at a value, and at its text in lower case.
    pub(super) fn run(&self, text: &str, value: Value<'_>, wake: &mut Wake<'_>) {
        if !self.whole.is_empty()
            && let Some(tests) = self.whole.get(text)
        {
            tests.iter().for_each(|test| wake.yes(*test));
        }
        for (separator, ends) in &self.last_parts {
            if !ends.is_empty()
                && let Some(at) = memchr::memrchr(*separator, text.as_bytes())
                && let Some(tests) = text.get(at..).and_then(|it| ends.get(it))
            {
                tests.iter().for_each(|test| wake.yes(*test));
            }
        }
        if !self.numbers.is_empty() {
            let number = value.integer().or_else(|| value.number().and_then(whole));
            if let Some(test) = number.and_then(|it| self.numbers.get(&it)) {
                wake.yes(*test);
            }
        }
        let Some(texts) = &self.texts else { return };
        if let Some(first) = &self.first
            && text.len() >= LONG
            && first.find(text).is_none()
        {
            return;
        }
        for found in texts.find_overlapping_iter(text) {
            for (looked, test) in &self.meant[found.pattern().as_usize()] {
                let fits = match looked {
                    Looked::For(Where::Anywhere) => true,
                    Looked::For(Where::Start) => found.start() == 0,
                    Looked::For(Where::End) => found.end() == text.len(),
                    Looked::For(Where::Whole) => found.len() == text.len(),
                    Looked::Hint => {
                        wake.hint(*test);
                        false
                    }
                };
                if fits {
                    wake.yes(*test);
                }
            }
        }
    }
}
