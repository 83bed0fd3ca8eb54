//! The passages of a hop, read and written once for all that are alike.
//!
//! A node passes on thousands of items by the same right, under the same agreements: what says so is
//! most of what an item brings. It is one text, so the text is told apart before it is read.

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use vedetta_policy::Passage;

use crate::few::Few;
use crate::hop::MOST_PASSAGES;
use crate::sorted;

/// The passages of a hop. Cheap to clone.
#[derive(Clone)]
pub struct Passages(Arc<Known>);

struct Known {
    all: Vec<Passage>,
    /// Canonical JSON.
    text: Box<RawValue>,
    /// As [`Passages::weight`].
    weight: usize,
}

/// A passage weighs so much, and each agreement and organisation that it names besides the giver.
const APIECE: usize = 700;
const NAME: usize = 64;

/// So many are told apart by a thread.
const ALIKE: usize = 16;
/// Longer texts are read each by itself.
const LONG: usize = 8 << 10;

static NONE: LazyLock<Passages> = LazyLock::new(|| Passages::of(Vec::new()));

thread_local! {
    /// The latest that this thread read, by their text as it came.
    static LATEST: RefCell<Vec<(Box<RawValue>, Passages)>> = const { RefCell::new(Vec::new()) };
}

impl Passages {
    fn of(all: Vec<Passage>) -> Self {
        let text = RawValue::from_string(sorted::passages(&all)).unwrap_or_default();
        let names = |it: &Passage| crate::hop::agreements(it) + it.through.len();
        let weight = all.iter().map(|it| APIECE + NAME * names(it)).sum();
        Self(Arc::new(Known { all, text, weight }))
    }

    /// About how many octets they take: known once they are read.
    pub(crate) fn weight(&self) -> usize {
        self.0.weight
    }

    /// Their canonical JSON.
    pub(crate) fn text(&self) -> &str {
        self.0.text.get()
    }

    /// None.
    #[must_use]
    pub fn none() -> &'static Self {
        &NONE
    }

    fn read(text: Box<RawValue>) -> Result<Self, serde_json::Error> {
        let latest = |text: &RawValue| {
            LATEST.with_borrow(|latest| {
                let same = latest.iter().find(|(known, _)| known.get() == text.get());
                same.map(|(_, passages)| passages.clone())
            })
        };
        if let Some(known) = latest(&text) {
            return Ok(known);
        }
        let passages: Self =
            serde_json::from_str::<Few<Passage, MOST_PASSAGES>>(text.get())?.0.into();
        if text.get().len() <= LONG {
            LATEST.with_borrow_mut(|latest| {
                latest.truncate(ALIKE - 1);
                latest.insert(0, (text, passages.clone()));
            });
        }
        Ok(passages)
    }
}

impl Default for Passages {
    fn default() -> Self {
        NONE.clone()
    }
}

impl From<Vec<Passage>> for Passages {
    fn from(all: Vec<Passage>) -> Self {
        if all.is_empty() { Self::default() } else { Self::of(all) }
    }
}

impl Deref for Passages {
    type Target = [Passage];

    fn deref(&self) -> &[Passage] {
        &self.0.all
    }
}

impl<'a> IntoIterator for &'a Passages {
    type Item = &'a Passage;
    type IntoIter = std::slice::Iter<'a, Passage>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Passages {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

impl Eq for Passages {}

impl Hash for Passages {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl fmt::Debug for Passages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.all.fmt(f)
    }
}

impl Serialize for Passages {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(output)
    }
}

impl<'de> Deserialize<'de> for Passages {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::read(Box::deserialize(input)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_alike_is_one_however_it_was_written() {
        let passage = |giver: &str| json!({ "giver": giver, "right": "any", "gives": "none" });
        let read = |text: &str| serde_json::from_str::<Passages>(text).unwrap();
        let (one, spaced) = (
            json!([passage("a")]).to_string(),
            r#"[ {"gives":"none",
            "right":"any", "giver":"a"} ]"#,
        );
        assert!(Arc::ptr_eq(&read(&one).0, &read(&one).0));
        assert_eq!(read(&one), read(spaced));
        assert_ne!(read(&one), read(&json!([passage("b")]).to_string()));
        for n in 0..3 * ALIKE {
            let other = json!([passage(&format!("n{n}")), passage("a")]);
            let read = read(&other.to_string());
            assert_eq!(serde_json::to_value(&read).unwrap(), other);
            assert_eq!(read.len(), 2);
        }
        LATEST.with_borrow(|latest| assert_eq!(latest.len(), ALIKE));
        let written = serde_json::to_string(&read(spaced)).unwrap();
        assert_eq!(written, stix::canonical(&serde_json::from_str::<Value>(spaced).unwrap()));
        assert!(serde_json::from_str::<Passages>(r#"[{"giver":"a"}]"#).is_err());
        assert!(read("[]").is_empty() && Passages::default().is_empty());
    }
}
