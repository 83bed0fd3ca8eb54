//! Several producers under one identifier: each has its own line of versions, and a reader who asks
//! for the newest or the oldest is given that of each line.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::Deserialize;
use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};

use crate::chain::Digest;
use crate::item::ItemState;

/// How the newest of a line, brought by an organisation, stands to those of others' to who asks for one:
/// the greatest is given. It follows from the objects and their producers alone, so it is the same at
/// every node, whatever came first.
#[must_use]
pub fn rank(
    (id, by): (&ItemId, Option<&OrganisationId>),
    (state, version): (ItemState, Instant),
    body: &[u8],
) -> impl Ord + use<> {
    let own = by.is_some_and(|by| is_own(id, by, body));
    (state == ItemState::Live, own, version, Reverse((Digest::of(body), by.cloned())))
}

/// Whether an object that an organisation brought names it as its creator, or is its identity.
fn is_own(id: &ItemId, organisation: &OrganisationId, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        created_by_ref: Option<Cow<'a, str>>,
    }
    let own = organisation.identity();
    let said = || serde_json::from_slice::<Said<'_>>(body).ok()?.created_by_ref;
    own == *id || said().is_some_and(|creator| creator == own.as_str())
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

    #[test]
    fn its_own_is_what_names_it_or_is_its_identity() {
        let (a, b) = (OrganisationId::new("a").unwrap(), OrganisationId::new("b").unwrap());
        let report = ItemId::new("report--28bb3599-77cd-5a82-a950-b5bc3caf07c4").unwrap();
        let body = format!(r#"{{"x":["\u00e0"],"created_by_ref":"{}"}}"#, a.identity());
        assert!(is_own(&report, &a, body.as_bytes()) && !is_own(&report, &b, body.as_bytes()));
        assert!(is_own(&a.identity(), &a, b"{}") && !is_own(&report, &a, b"no object"));
        let body = body.as_bytes();
        let rank = |by, state, version| {
            rank((&report, Some(by)), (state, Instant::from_micros(version)), body)
        };
        let (live, revoked) = (ItemState::Live, ItemState::Revoked);
        assert!(rank(&a, live, 1) > rank(&b, live, 2), "its maker's goes before");
        assert!(rank(&b, live, 1) > rank(&a, revoked, 2), "a notice hides nothing that stands");
        assert!(rank(&b, live, 2) > rank(&b, live, 1));
    }
}
