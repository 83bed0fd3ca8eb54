//! One relay's sealed statement of passing an envelope on.

use serde::{Deserialize, Serialize};
use vedetta_model::agreement::Redistribution;
use vedetta_model::{Instant, OrganisationId, Right, Tlp};
use vedetta_policy::Passage;

use crate::digest::Digest;
use crate::passages::Passages;
use crate::seal::{Seal, leaf};

/// An envelope passes through at most so many hops: twice a hundred nodes in a row and more. What it
/// weighs and what checking it costs is bounded by its octets, not by this.
pub const MOST_HOPS: usize = 256;

/// A hop has at most so many passages.
pub const MOST_PASSAGES: usize = 128;

/// One step of an envelope from a node to the next. The origin's own sending is the first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Who passed it on.
    pub from: OrganisationId,
    /// To whom.
    pub to: OrganisationId,
    /// When.
    pub at: Instant,
    /// By whose right it passes, under which agreements. Empty for what is no item.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub passages: Passages,
    /// A stricter marking than it had before; never a wider one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// Over the leaf of [`Hop::leaf`], by `from`.
    pub seal: Seal,
}

/// A hop before it is sealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sending {
    /// Who passes it on.
    pub from: OrganisationId,
    /// To whom.
    pub to: OrganisationId,
    /// When.
    pub at: Instant,
    /// By whose right, under which agreements.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub passages: Passages,
    /// A stricter marking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
}

/// Whether a relay may go on giving by the right of a giver that the hop before named: no wider,
/// resting on the same, telling the victim only where that may.
#[must_use]
pub fn carries(earlier: &Passage, next: &Passage) -> bool {
    earlier.giver == next.giver
        && next.right.is_within(&earlier.right)
        && names_no_wider(next, earlier)
        && rests_on(next, earlier)
}

/// Whether one passage rests on all that another does.
fn rests_on(one: &Passage, other: &Passage) -> bool {
    other.on.is_subset(&one.on) && other.through.is_subset(&one.through)
}

/// Whether one passage tells the victim only where the other may.
pub(crate) fn names_no_wider(one: &Passage, other: &Passage) -> bool {
    match (&one.naming, &other.naming) {
        (None, _) => true,
        (Some(one), Some(other)) => one.is_within(other),
        (Some(_), None) => false,
    }
}

/// The right that a passage gives to those whom it reaches.
#[must_use]
pub fn gives(passage: &Passage) -> Right {
    match (passage.gives, &passage.root) {
        (Redistribution::Any, _) => Right::Any,
        (Redistribution::Lineage, Some(root)) => Right::Lineages([root.clone()].into()),
        _ => Right::none(),
    }
}

/// Whether a giver for whom the relay speaks may hold the item by what the hop before gave: that
/// gave a right, this claims none wider, and it rests on it and on who gave it there, unless that is the
/// producer.
#[must_use]
pub fn leads_to(earlier: &Passage, next: &Passage, producer: &OrganisationId) -> bool {
    let apart = [producer, &next.giver].contains(&&earlier.giver);
    let given = gives(earlier);
    let named = |right: &Right| earlier.naming.is_some() && right.is_within(&given);
    earlier.gives != Redistribution::None
        && next.right.is_within(&given)
        && next.naming.as_ref().is_none_or(named)
        && rests_on(next, earlier)
        && (apart || next.through.contains(&earlier.giver))
        && earlier.under.as_ref().is_some_and(|under| next.on.contains(under))
}

/// How many agreements a passage names.
#[must_use]
pub fn agreements(passage: &Passage) -> usize {
    let of = |right: &Right| match right {
        Right::Any => 0,
        Right::Lineages(roots) => roots.len(),
    };
    passage.on.len() + of(&passage.right) + passage.naming.as_ref().map_or(0, of)
}

impl Hop {
    /// What is sealed, given the leaf of what comes before: the envelope's for the first hop, the
    /// hop's before for every other.
    #[must_use]
    pub fn leaf(&self, before: Digest) -> Digest {
        bound((&self.from, &self.to), self.at, &self.passages, self.tlp, before)
    }
}

impl Sending {
    /// The canonical JSON of the hop without its seal, with the leaf before as `after`, as a leaf.
    /// Written member by member: it is done for every hop of every item.
    #[must_use]
    pub fn leaf(&self, before: Digest) -> Digest {
        bound((&self.from, &self.to), self.at, &self.passages, self.tlp, before)
    }

    /// The hop, sealed.
    #[must_use]
    pub fn sealed(self, seal: Seal) -> Hop {
        let Self { from, to, at, passages, tlp } = self;
        Hop { from, to, at, passages, tlp, seal }
    }
}

fn bound(
    (from, to): (&OrganisationId, &OrganisationId),
    at: Instant,
    passages: &Passages,
    tlp: Option<Tlp>,
    before: Digest,
) -> Digest {
    let mut text = format!("{{\"after\":\"{before}\",\"at\":\"{at}\",\"from\":\"{from}\",");
    if !passages.is_empty() {
        text.push_str(&format!("\"passages\":{},", passages.text()));
    }
    if let Some(tlp) = tlp {
        text.push_str(&format!("\"tlp\":\"{}\",", tlp.label()));
    }
    text.push_str(&format!("\"to\":\"{to}\"}}"));
    leaf(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_leaf_is_of_the_canonical_json_with_what_comes_before() {
        let passage = json!({ "giver": "a", "right": { "lineages": ["f"] }, "under": "ab",
            "root": "f", "gives": "lineage", "on": ["ab", "f"] });
        for (passages, tlp) in [(json!([]), None), (json!([passage]), Some(Tlp::AmberStrict))] {
            let passages: Passages = serde_json::from_value(passages).unwrap();
            let at = "2026-06-01T12:00:00Z".parse().unwrap();
            let (from, to) = ("a".parse().unwrap(), "b".parse().unwrap());
            let sending = Sending { from, to, at, passages, tlp };
            let before = leaf("before");
            let mut value = serde_json::to_value(&sending).unwrap();
            value["after"] = json!(before);
            assert_eq!(sending.leaf(before), leaf(&stix::canonical(&value)));
        }
    }
}
