//! A set of organisations as a bitmap over their numbers.
//!
//! Eight thousand organisations are one kilobyte, stored once per distinct reach, so a plain
//! bitmap beats a compressed one here: union and membership are a few word operations.

use std::fmt;

use crate::id::OrganisationNumber;

/// A set of organisations.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Audience {
    words: Vec<u64>,
}

/// Bytes that are no audience: their length is not a multiple of eight, or the last word is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes are not an audience")]
pub struct AudienceError(usize);

impl Audience {
    /// Nobody.
    #[must_use]
    pub const fn nobody() -> Self {
        Self { words: Vec::new() }
    }

    /// Adds an organisation; says whether it was new.
    pub fn insert(&mut self, number: OrganisationNumber) -> Insertion {
        let (word, bit) = place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let before = self.words[word];
        self.words[word] |= bit;
        if before & bit == 0 { Insertion::New } else { Insertion::Known }
    }

    /// Removes an organisation.
    pub fn remove(&mut self, number: OrganisationNumber) {
        let (word, bit) = place(number);
        if let Some(bits) = self.words.get_mut(word) {
            *bits &= !bit;
        }
        self.trim();
    }

    /// Whether it holds an organisation.
    #[must_use]
    pub fn contains(&self, number: OrganisationNumber) -> bool {
        let (word, bit) = place(number);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// How many organisations it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// How much memory its members take, in octets.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Whether it holds nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds everyone of another audience; says whether anyone was new.
    pub fn absorb(&mut self, other: &Self) -> Insertion {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        let mut added = 0;
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            added |= theirs & !*mine;
            *mine |= theirs;
        }
        if added == 0 { Insertion::Known } else { Insertion::New }
    }

    /// Those in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect();
        Self { words }.trimmed()
    }

    /// Those in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let rest = other.words.iter().copied().chain(std::iter::repeat(0));
        Self { words: self.words.iter().zip(rest).map(|(a, b)| a & !b).collect() }.trimmed()
    }

    /// Those in both, in ascending number, found one at a time.
    pub fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = OrganisationNumber> {
        numbers(self.words.iter().zip(&other.words).map(|(a, b)| a & b))
    }

    /// Whether anyone is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether everyone here is there too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let rest = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words.iter().zip(rest).all(|(a, b)| a & !b == 0)
    }

    /// The organisations in ascending number.
    pub fn iter(&self) -> impl Iterator<Item = OrganisationNumber> + '_ {
        numbers(self.words.iter().copied())
    }

    /// Little-endian words without trailing zeros: equal sets have equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|bits| bits.to_le_bytes()).collect()
    }

    /// Reads what [`Audience::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`AudienceError`] when the bytes were not written by it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AudienceError> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        if rest.is_empty() && words.last() != Some(&0) {
            Ok(Self { words })
        } else {
            Err(AudienceError(bytes.len()))
        }
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    fn trimmed(mut self) -> Self {
        self.trim();
        self
    }
}

/// Whether an insertion changed the audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// Somebody was added.
    New,
    /// They were all there.
    Known,
}

impl FromIterator<OrganisationNumber> for Audience {
    fn from_iter<T: IntoIterator<Item = OrganisationNumber>>(numbers: T) -> Self {
        let mut audience = Self::nobody();
        for number in numbers {
            audience.insert(number);
        }
        audience
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|number| number.0)).finish()
    }
}

fn numbers(words: impl Iterator<Item = u64>) -> impl Iterator<Item = OrganisationNumber> {
    words.enumerate().flat_map(|(word, bits)| {
        let mut rest = bits;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.checked_sub(1)?;
            Some(OrganisationNumber(u32::try_from(word).unwrap_or(u32::MAX) * 64 + bit))
        })
    })
}

fn place(number: OrganisationNumber) -> (usize, u64) {
    ((number.0 / 64) as usize, 1 << (number.0 % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn audience(numbers: &BTreeSet<u32>) -> Audience {
        numbers.iter().copied().map(OrganisationNumber).collect()
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(
            a in proptest::collection::btree_set(0u32..500, 0..40),
            b in proptest::collection::btree_set(0u32..500, 0..40),
        ) {
            let (x, y) = (audience(&a), audience(&b));
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x.intersection(&y), audience(&(&a & &b)));
            prop_assert_eq!(x.difference(&y), audience(&(&a - &b)));
            prop_assert_eq!(x.common(&y).collect::<Audience>(), x.intersection(&y));
            prop_assert_eq!(x.meets(&y), !a.is_disjoint(&b));
            prop_assert_eq!(x.is_within(&y), a.is_subset(&b));
            let mut both = x.clone();
            let grown = both.absorb(&y);
            prop_assert_eq!(&both, &audience(&(&a | &b)));
            prop_assert_eq!(grown == Insertion::New, !b.is_subset(&a));
            prop_assert_eq!(x.iter().map(|n| n.0).collect::<BTreeSet<_>>(), a);
            prop_assert_eq!(Audience::from_bytes(&both.to_bytes()), Ok(both));
        }
    }

    #[test]
    fn removal_leaves_no_trailing_zero() {
        let mut audience = audience(&BTreeSet::from([3, 200]));
        audience.remove(OrganisationNumber(200));
        assert_eq!(audience.to_bytes().len(), 8);
        assert!(Audience::from_bytes(&[0; 8]).is_err());
    }
}
