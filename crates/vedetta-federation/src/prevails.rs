//! Which of two forms of one object every node keeps.

use std::cmp::Ordering;

use vedetta_model::{Instant, ItemId, OrganisationId};

use crate::digest::Digest;

/// What decides between two bringers of one version of one object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contender<'a> {
    /// Its [`version`]: STIX's `modified`, or `created`, in microseconds.
    pub version: i64,
    /// Whether who brought it is the organisation that created the object (`created_by_ref`).
    pub by_owner: Ownership,
    /// Who brought it: the producer of the envelope.
    pub producer: &'a OrganisationId,
    /// The leaf of the envelope that brought it.
    pub leaf: Digest,
}

/// Whether an object was brought by who created it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ownership {
    /// By somebody else.
    Others,
    /// By its owner.
    Owner,
}

/// Whose something under an identifier is, where everybody can compute it: each producer has its
/// own, and only what one producer brought contends.
#[must_use]
pub fn line<'a>(id: &ItemId, producer: &'a OrganisationId) -> Option<&'a OrganisationId> {
    id.follows_from_value().then_some(producer)
}

/// The version by which something under an identifier contends: none where each producer has its
/// own, for when that came to one node says nothing at another.
#[must_use]
pub fn version(id: &ItemId, version: Instant) -> i64 {
    if id.follows_from_value() { 0 } else { version.micros() }
}

/// How one contender stands to another: `Greater` prevails. The owner's word is above everyone
/// else's; then the later version; then the lesser organisation; then the lesser leaf. A total
/// order that depends on nothing but the two, so every node keeps the same one, whatever came
/// first. `Equal` only for one envelope with itself.
#[must_use]
pub fn prevails(one: &Contender<'_>, other: &Contender<'_>) -> Ordering {
    one.by_owner
        .cmp(&other.by_owner)
        .then(one.version.cmp(&other.version))
        .then_with(|| other.producer.cmp(one.producer))
        .then_with(|| other.leaf.cmp(&one.leaf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::digest;

    #[test]
    fn the_order_is_total_and_the_owner_is_above() {
        let (a, b) = (OrganisationId::new("a").unwrap(), OrganisationId::new("b").unwrap());
        let (x, y) = (digest(&[b"x"]), digest(&[b"y"]));
        let mut all = Vec::new();
        for version in [1, 2] {
            for by_owner in [Ownership::Others, Ownership::Owner] {
                for producer in [&a, &b] {
                    for leaf in [x, y] {
                        all.push(Contender { version, by_owner, producer, leaf });
                    }
                }
            }
        }
        for (i, one) in all.iter().enumerate() {
            for (j, other) in all.iter().enumerate() {
                assert_eq!(prevails(one, other), prevails(other, one).reverse());
                assert_eq!(prevails(one, other) == Ordering::Equal, i == j);
            }
        }
        let last = all.iter().max_by(|one, other| prevails(one, other)).unwrap();
        assert_eq!((last.version, last.by_owner), (2, Ownership::Owner));
        assert_eq!((last.producer, last.leaf), (&a, x.min(y)));
    }
}
