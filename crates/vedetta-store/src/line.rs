//! Several producers under one identifier: each has its own line of versions, and a reader who asks
//! for the newest or the oldest is given that of one line.

use std::borrow::Cow;

use serde::Deserialize;
use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};

use crate::chain::Digest;
use crate::item::ItemState;

/// Who brought an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ownership {
    /// The organisation that it names as its creator, or whose identity it is.
    Owner,
    /// Another.
    Others,
}

/// Which end of a line is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The newest version.
    Last,
    /// The oldest version.
    First,
}

/// How a version stands to those at the same end of other lines: the least is given. It follows from
/// the objects and their producers alone, so it is the same at every node, whatever came first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rank {
    ownership: Ownership,
    revokes: bool,
    age: i64,
    digest: Digest,
    producer: (Option<String>, OrganisationNumber),
}

impl Ownership {
    /// Of an object that an organisation brought.
    #[must_use]
    pub fn of(id: &ItemId, organisation: &OrganisationId, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Said<'a> {
            #[serde(borrow)]
            created_by_ref: Option<Cow<'a, str>>,
        }
        let own = organisation.identity();
        let said = || serde_json::from_slice::<Said<'_>>(body).ok()?.created_by_ref;
        match own == *id || said().is_some_and(|creator| creator == own.as_str()) {
            true => Self::Owner,
            false => Self::Others,
        }
    }
}

impl Rank {
    /// Of a version: whose it is, what it says, its bytes, and who brought it, by name where it has one.
    #[must_use]
    pub fn of(
        end: End,
        (ownership, state): (Ownership, ItemState),
        (version, digest): (Instant, Digest),
        producer: (Option<String>, OrganisationNumber),
    ) -> Self {
        let age = match end {
            End::First => version.micros(),
            End::Last => !version.micros(),
        };
        Self { ownership, revokes: state == ItemState::Revoked, age, digest, producer }
    }
}

/// Of the same end of the lines of one item, those that are given: what was brought by whom it names
/// as its creator, each such line's; where there is none, the one that ranks first.
#[must_use]
pub fn given<T>(mut ends: Vec<(Rank, T)>) -> Vec<T> {
    if ends.iter().any(|(rank, _)| rank.ownership == Ownership::Owner) {
        ends.retain(|(rank, _)| rank.ownership == Ownership::Owner);
        return ends.into_iter().map(|(_, end)| end).collect();
    }
    let first = ends.into_iter().min_by(|(one, _), (other, _)| one.cmp(other));
    first.into_iter().map(|(_, end)| end).collect()
}

/// By whom the versions of an item are put in order: each producer's in an order of their own. Where
/// an identifier follows from its value every body is a version of its own, and all are in one.
#[must_use]
pub fn order(id: &ItemId, producer: OrganisationNumber) -> Option<OrganisationNumber> {
    (!id.follows_from_value()).then_some(producer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(ownership: Ownership, state: ItemState, version: i64, body: &[u8], by: u32) -> Rank {
        let version = (Instant::from_micros(version), Digest::of(body));
        Rank::of(End::Last, (ownership, state), version, (None, OrganisationNumber(by)))
    }

    #[test]
    fn what_is_given_does_not_depend_on_what_came_first() {
        use ItemState::{Live, Revoked};
        use Ownership::{Others, Owner};
        let lesser = if Digest::of(b"x") < Digest::of(b"y") { 3 } else { 4 };
        let ends = [
            (rank(Others, Revoked, 9, b"x", 1), 1),
            (rank(Others, Live, 4, b"x", 2), 2),
            (rank(Others, Live, 5, b"x", 3), 3),
            (rank(Others, Live, 5, b"y", 4), 4),
        ];
        let turned = |turn: usize| {
            let mut ends = ends.to_vec();
            ends.rotate_left(turn);
            ends
        };
        for turn in 0..4 {
            assert_eq!(given(turned(turn)), [lesser]);
            let mut with_owner = turned(turn);
            with_owner.push((rank(Owner, Revoked, 1, b"z", 5), 5));
            assert_eq!(given(with_owner), [5]);
        }
        let two = vec![(rank(Owner, Live, 1, b"x", 1), 1), (rank(Owner, Live, 2, b"y", 2), 2)];
        assert_eq!(given(two), [1, 2], "nobody takes over what another names as its own");
    }

    #[test]
    fn an_owner_is_who_is_named_or_whose_identity_it_is() {
        let (a, b) = (OrganisationId::new("a").unwrap(), OrganisationId::new("b").unwrap());
        let report = ItemId::new("report--28bb3599-77cd-5a82-a950-b5bc3caf07c4").unwrap();
        let body = format!(r#"{{"x":["\u00e0"],"created_by_ref":"{}"}}"#, a.identity());
        assert_eq!(Ownership::of(&report, &a, body.as_bytes()), Ownership::Owner);
        assert_eq!(Ownership::of(&report, &b, body.as_bytes()), Ownership::Others);
        assert_eq!(Ownership::of(&a.identity(), &a, b"{}"), Ownership::Owner);
        assert_eq!(Ownership::of(&report, &a, b"no object"), Ownership::Others);
    }
}
