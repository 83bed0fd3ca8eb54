//! What a node has of a peer's ledger, and where it can begin again.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// At most so many spans are remembered: of more, the latest are forgotten and come again.
pub const MOST_SPANS: usize = 32;

/// At most so many marks are remembered.
pub const MOST_MARKS: usize = 64;

/// A place in a ledger, and the hash of its chain there. Two ledgers with one mark in common are
/// the same up to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The place; zero is before the first entry.
    pub place: u64,
    /// The hash of the chain at that place; zeros at zero.
    pub hash: Digest,
}

/// The places after one and up to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Exclusive.
    pub after: u64,
    /// Inclusive.
    pub upto: u64,
}

/// What a node has taken in of a peer's ledger. Kept durably, written in the same unit of work as
/// what it tells of: so nothing is lost when the node falls, and nothing is lost when it is
/// restored, since then the bookmark is older too.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// Of which offer of the peer: when the peer's changes, everything begins again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub edition: String,
    /// What was taken in, in ascending order, apart from each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// Hashes of the peer's chain, ascending: dense at the end, sparse before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// The peer was restored from a backup when our ledger was here: up to this place it gets
    /// back also what came from it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub echo: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(place: &u64) -> bool {
    *place == 0
}

impl Span {
    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.upto <= self.after
    }
}

impl Bookmark {
    /// Whether it was read whole and in order: what a peer sends is not believed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let apart = self.spans.windows(2).all(|pair| pair[0].upto < pair[1].after);
        let whole = self.spans.iter().all(|span| !span.is_empty());
        let rising = self.marks.windows(2).all(|pair| pair[0].place < pair[1].place);
        let few = self.spans.len() <= MOST_SPANS && self.marks.len() <= MOST_MARKS;
        let known = self.last() <= self.newest();
        apart && whole && rising && few && known && self.edition.len() <= 64
    }

    /// The last place taken in.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.upto)
    }

    /// Whether everything in a span was taken in.
    #[must_use]
    pub fn has(&self, span: Span) -> bool {
        span.is_empty()
            || self.spans.iter().any(|mine| mine.after <= span.after && span.upto <= mine.upto)
    }

    /// What is missing up to a place, ascending.
    #[must_use]
    pub fn gaps(&self, head: u64) -> Vec<Span> {
        let mut gaps = Vec::new();
        let mut after = 0;
        for span in &self.spans {
            gaps.push(Span { after, upto: span.after.min(head) });
            after = span.upto;
        }
        gaps.push(Span { after, upto: head });
        gaps.retain(|gap| !gap.is_empty());
        gaps
    }

    /// Adds what was taken in, with the hash of the chain at its end.
    pub fn add(&mut self, span: Span, hash: Digest) {
        if span.is_empty() {
            return;
        }
        self.join(span);
        self.remember(Mark { place: span.upto, hash });
        self.shorten();
    }

    /// Takes a part out of what was taken in: it is to come again.
    pub fn open(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        let around = |mine: Span| {
            let before = Span { upto: mine.upto.min(span.after), ..mine };
            [before, Span { after: mine.after.max(span.upto), ..mine }]
        };
        let spans = std::mem::take(&mut self.spans).into_iter().flat_map(around);
        self.spans = spans.filter(|it| !it.is_empty()).collect();
        self.shorten();
    }

    fn shorten(&mut self) {
        if self.spans.len() > MOST_SPANS {
            self.spans.truncate(MOST_SPANS);
            self.cut(self.last());
        }
    }

    /// The place of the newest mark: nothing beyond it was taken in.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.place)
    }

    /// Forgets everything after the last mark up to a place: the peer's ledger goes on differently
    /// from there.
    pub fn cut(&mut self, place: u64) {
        self.marks.retain(|mark| mark.place <= place);
        let place = self.newest();
        self.spans.retain(|span| span.after < place);
        if let Some(last) = self.spans.last_mut() {
            last.upto = last.upto.min(place);
        }
    }

    /// The newest mark that holds in a ledger, and the place where it stands; zero when none does.
    ///
    /// # Errors
    /// Those of the ledger that is asked.
    pub fn common<E>(&self, hash_at: impl Fn(u64) -> Result<Option<Digest>, E>) -> Result<u64, E> {
        for mark in self.marks.iter().rev() {
            if hash_at(mark.place)? == Some(mark.hash) {
                return Ok(mark.place);
            }
        }
        Ok(0)
    }

    fn join(&mut self, span: Span) {
        let mut joined = span;
        self.spans.retain(|mine| {
            let touches = mine.after <= joined.upto && joined.after <= mine.upto;
            if touches {
                joined.after = joined.after.min(mine.after);
                joined.upto = joined.upto.max(mine.upto);
            }
            !touches
        });
        let at = self.spans.partition_point(|mine| mine.after < joined.after);
        self.spans.insert(at, joined);
    }

    fn remember(&mut self, mark: Mark) {
        let at = self.marks.partition_point(|mine| mine.place < mark.place);
        match self.marks.get_mut(at) {
            Some(mine) if mine.place == mark.place => *mine = mark,
            _ => self.marks.insert(at, mark),
        }
        if self.marks.len() > MOST_MARKS {
            let thin = self.thinnest();
            self.marks.remove(thin);
        }
    }

    /// The mark that is missed least: whose neighbours are nearest to each other, for how far from
    /// the end they are.
    fn thinnest(&self) -> usize {
        let end = self.marks.last().map_or(0, |mark| mark.place);
        let inner = 1..self.marks.len().saturating_sub(1);
        let cost = |&at: &usize| {
            let gap = self.marks[at + 1].place - self.marks[at - 1].place;
            let back = end - self.marks[at].place + 1;
            u128::from(gap) * u128::from(u32::MAX) / u128::from(back)
        };
        inner.min_by_key(cost).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::digest;

    fn mark(place: u64) -> Mark {
        Mark { place, hash: digest(&[&place.to_be_bytes()]) }
    }

    proptest! {
        #[test]
        fn what_was_taken_in_and_what_is_missing_are_the_whole(
            taken in proptest::collection::vec((0u64..60, 1u64..9), 0..20),
            opened in proptest::collection::vec((0u64..60, 0u64..30), 0..3), cut in 0u64..70,
        ) {
            let mut bookmark = Bookmark::default();
            let mut places = std::collections::BTreeSet::new();
            for (after, count) in taken {
                bookmark.add(Span { after, upto: after + count }, mark(after + count).hash);
                places.extend(after + 1..=after + count);
                prop_assert!(bookmark.is_sound());
            }
            for (after, count) in opened {
                bookmark.open(Span { after, upto: after + count });
                places.retain(|place| *place <= after || *place > after + count);
                prop_assert!(bookmark.is_sound());
            }
            bookmark.cut(cut);
            prop_assert!(bookmark.newest() <= cut);
            places.retain(|place| *place <= bookmark.newest());
            prop_assert!(bookmark.is_sound());
            for place in 1..=70 {
                prop_assert_eq!(bookmark.has(Span { after: place - 1, upto: place }), places.contains(&place));
                let missing = bookmark.gaps(70).iter().any(|gap| gap.after < place && place <= gap.upto);
                prop_assert_eq!(missing, !places.contains(&place));
            }
        }
    }

    #[test]
    fn marks_are_few_dense_at_the_end_and_reach_far_back() {
        let mut bookmark = Bookmark::default();
        for place in 1..=100_000 {
            bookmark.add(Span { after: place - 1, upto: place }, mark(place).hash);
        }
        assert_eq!(bookmark.marks.len(), MOST_MARKS);
        for restored in [99_999, 99_900, 90_000, 50_000, 3_000] {
            let ledger = |place| Ok::<_, ()>((place <= restored).then(|| mark(place).hash));
            let common = bookmark.common(ledger).unwrap();
            let lost = 100_000 - restored;
            assert!(restored - common <= 2 * lost + 2_000, "{restored}: {common}");
        }
    }

    #[test]
    fn more_spans_than_may_be_are_forgotten_and_come_again() {
        let mut bookmark = Bookmark::default();
        for n in 0..100 {
            bookmark.add(Span { after: n * 10, upto: n * 10 + 1 }, mark(n * 10 + 1).hash);
        }
        assert!(bookmark.is_sound());
        assert_eq!(bookmark.last(), 10 * u64::try_from(MOST_SPANS).unwrap() - 9);
    }
}
