//! A set of places of the ledger, as runs of neighbours: a page is a few of them, a whole ledger one.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of places.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// First and last of each run, ascending; between two runs at least one place is missing.
    runs: Vec<(u64, u64)>,
}

/// A text that is no set of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} at number {at}: a set of places is written as places left out and places taken, by turns"
)]
pub struct PlacesError {
    what: &'static str,
    /// Which number of the text, from 1.
    at: usize,
}

struct Reading;

impl Places {
    /// None.
    #[must_use]
    pub const fn none() -> Self {
        Self { runs: Vec::new() }
    }

    /// All from one to another, both included; none when the last is before the first.
    #[must_use]
    pub fn between(first: u64, last: u64) -> Self {
        let runs = if first <= last { vec![(first, last)] } else { Vec::new() };
        Self { runs }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The first.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.runs.first().map(|(first, _)| *first)
    }

    /// The last.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.runs.last().map(|(_, last)| *last)
    }

    /// First and last of each run, ascending.
    #[must_use]
    pub fn runs(&self) -> &[(u64, u64)] {
        &self.runs
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Of things in the order of their places, those that are at one of these.
    #[must_use]
    pub fn among<T: Copy>(&self, things: &[T], place: impl Fn(&T) -> u64) -> Vec<T> {
        let Some((first, last)) = things.first().zip(things.last()) else { return Vec::new() };
        let within = &self.runs[self.runs.partition_point(|(_, to)| *to < place(first))..];
        let mut among = Vec::new();
        for (from, to) in within.iter().take_while(|(from, _)| *from <= place(last)) {
            let start = things.partition_point(|it| place(it) < *from);
            among.extend(things[start..].iter().take_while(|it| place(it) <= *to).copied());
        }
        among
    }

    /// Whether a place is one of them.
    #[must_use]
    pub fn contains(&self, place: u64) -> bool {
        let at = self.runs.partition_point(|(_, last)| *last < place);
        self.runs.get(at).is_some_and(|(first, _)| *first <= place)
    }

    /// Adds a place; quickest after all others.
    pub fn insert(&mut self, place: u64) {
        match self.runs.last_mut() {
            Some((_, last)) if place == last.saturating_add(1) => *last = place,
            Some((_, last)) if place <= *last => self.absorb(&Self::between(place, place)),
            _ => self.runs.push((place, place)),
        }
    }

    /// Adds all of another set.
    pub fn absorb(&mut self, other: &Self) {
        let Some(first) = other.first() else { return };
        // What lies before, and does not touch, stays as it is.
        let kept = self.runs.partition_point(|(_, last)| last.saturating_add(1) < first);
        let mut mine = self.runs.split_off(kept).into_iter().peekable();
        let mut theirs = other.runs.iter().copied().peekable();
        let mine_first = |mine: Option<&(u64, u64)>, theirs: Option<&(u64, u64)>| match theirs {
            Some(theirs) => mine.is_some_and(|mine| mine <= theirs),
            None => true,
        };
        loop {
            let next = match mine_first(mine.peek(), theirs.peek()) {
                true => mine.next(),
                false => theirs.next(),
            };
            let Some((first, last)) = next else { return };
            match self.runs.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => self.runs.push((first, last)),
            }
        }
    }

    /// Those that another set lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for (first, last) in &self.runs {
            let (mut first, last) = (*first, *last);
            let at = other.runs.partition_point(|(_, end)| *end < first);
            for (cut, end) in other.runs[at..].iter().take_while(|(cut, _)| *cut <= last) {
                if *cut > first {
                    rest.push((first, cut - 1));
                }
                match end.checked_add(1) {
                    Some(next) => first = next,
                    None => return Self { runs: rest },
                }
            }
            if first <= last {
                rest.push((first, last));
            }
        }
        Self { runs: rest }
    }

    /// The same in parts of so many runs at most.
    pub fn parts(&self, most: usize) -> impl Iterator<Item = Self> + '_ {
        self.runs.chunks(most.max(1)).map(|runs| Self { runs: runs.to_vec() })
    }
}

/// The ends and the size tell nearly all sets apart.
impl Hash for Places {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.first(), self.last(), self.runs.len()).hash(state);
    }
}

impl FromIterator<u64> for Places {
    fn from_iter<T: IntoIterator<Item = u64>>(places: T) -> Self {
        let mut set = Self::none();
        places.into_iter().for_each(|place| set.insert(place));
        set
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.runs.iter().map(|(first, last)| *first..=*last)).finish()
    }
}

/// How many places from 0 are left out, how many then are in the set, and so on by turns: `5 8 1 1`
/// is 5 to 12, and 14.
impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = 0;
        for (first, last) in &self.runs {
            let space = if next == 0 { "" } else { " " };
            write!(f, "{space}{} {}", first - next, last - first + 1)?;
            next = last.saturating_add(1);
        }
        Ok(())
    }
}

impl FromStr for Places {
    type Err = PlacesError;

    fn from_str(text: &str) -> Result<Self, PlacesError> {
        let (mut runs, mut next, mut gap): (Vec<(u64, u64)>, u64, Option<u64>) =
            (Vec::new(), 0, None);
        let mut at = 0;
        for number in text.split(' ').filter(|_| !text.is_empty()) {
            at += 1;
            let wrong = |what| PlacesError { what, at };
            let number: u64 = number.parse().map_err(|_| wrong("no number"))?;
            let Some(skipped) = gap.take() else {
                gap = Some(number);
                continue;
            };
            if number == 0 || (skipped == 0 && !runs.is_empty()) {
                return Err(wrong("nothing left out or taken"));
            }
            let first = next.checked_add(skipped).ok_or(wrong("too high a place"))?;
            next = first.checked_add(number).ok_or(wrong("too high a place"))?;
            runs.push((first, next - 1));
        }
        match gap {
            None => Ok(Self { runs }),
            Some(_) => Err(PlacesError { what: "the text ends", at: at + 1 }),
        }
    }
}

impl Serialize for Places {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From the text, or from a number: the set of that one place.
impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

impl Visitor<'_> for Reading {
    type Value = Places;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of places")
    }

    fn visit_u64<E: serde::de::Error>(self, place: u64) -> Result<Places, E> {
        Ok(Places::between(place, place))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Places, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn places(set: &BTreeSet<u64>) -> Places {
        set.iter().copied().collect()
    }

    fn sets() -> impl Strategy<Value = BTreeSet<u64>> {
        proptest::collection::btree_set(0u64..60, 0..40)
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(a in sets(), b in sets(), one in 0u64..60) {
            let (x, y) = (places(&a), places(&b));
            prop_assert_eq!(x.iter().collect::<BTreeSet<_>>(), a.clone());
            prop_assert_eq!(x.len(), a.len() as u64);
            prop_assert_eq!((x.first(), x.last()), (a.first().copied(), a.last().copied()));
            prop_assert_eq!(x.contains(one), a.contains(&one));
            prop_assert_eq!(x.difference(&y), places(&(&a - &b)));
            let mut both = x.clone();
            both.absorb(&y);
            prop_assert_eq!(&both, &places(&(&a | &b)));
            let mut put_together = Places::none();
            for part in both.parts(3) {
                prop_assert!(part.runs().len() <= 3);
                put_together.absorb(&part);
            }
            prop_assert_eq!(put_together, both);
        }

        #[test]
        fn reads_back(set in sets()) {
            let set = places(&set);
            prop_assert_eq!(set.to_string().parse(), Ok(set));
        }

        #[test]
        fn takes_places_in_any_order(mut set in proptest::collection::vec(0u64..60, 0..40)) {
            let set_in_disorder: Places = set.iter().copied().collect();
            set.sort_unstable();
            prop_assert_eq!(set_in_disorder, set.into_iter().collect());
        }
    }

    #[test]
    fn is_written_by_turns() {
        let mut set = Places::between(5, 12);
        set.insert(14);
        assert_eq!(set.to_string(), "5 8 1 1");
        assert_eq!(serde_json::to_string(&set).unwrap(), "\"5 8 1 1\"");
        assert_eq!(serde_json::from_str::<Places>("7").unwrap(), Places::between(7, 7));
        let most = Places::between(u64::MAX, u64::MAX);
        assert_eq!(most.difference(&most), Places::none());
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bad in [" ", "1", "1 0", "1 1 0 1", "1  1", "-1 1", "1 1 ", "0 18446744073709551616"] {
            assert!(bad.parse::<Places>().is_err(), "{bad}");
        }
        for bad in ["9 18446744073709551615", "18446744073709551615 1"] {
            assert!(bad.parse::<Places>().is_err(), "{bad}: its end cannot be told");
        }
    }
}
