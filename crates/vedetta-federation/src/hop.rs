//! One relay's sealed statement of passing an envelope on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::agreement::Redistribution;
use vedetta_model::{AgreementId, Instant, OrganisationId, Tlp};

use crate::digest::Digest;
use crate::envelope::canonical;
use crate::seal::{Seal, leaf};

/// An envelope passes through at most so many hops.
pub const MOST_HOPS: usize = 16;

/// A hop has at most so many passages.
pub const MOST_PASSAGES: usize = 32;

/// Under which agreements whoever holds an item may pass it on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Under any.
    Any,
    /// Under those with one of these frameworks at the top; under none when there is none.
    Lineages(BTreeSet<AgreementId>),
}

/// One giver of an item to the organisations of the next node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Who gives.
    pub giver: OrganisationId,
    /// With which right it holds the item.
    pub right: Right,
    /// With which right it may tell the victim too; absent when under this agreement it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Right>,
    /// Under which agreement it gives; absent when to its clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<AgreementId>,
    /// The framework at the top of that agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<AgreementId>,
    /// Which right that agreement gives to whom it reaches.
    pub gives: Redistribution,
    /// Every agreement, with those above it, along the chain that brought it to the giver; none for
    /// the producer. When one of them ceases to bind, so does the passage.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub on: BTreeSet<AgreementId>,
}

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<Passage>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<Passage>,
    /// A stricter marking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
}

impl Right {
    /// Whether everything that it allows the other allows too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Any, Self::Lineages(_)) => false,
            (Self::Lineages(one), Self::Lineages(other)) => one.is_subset(other),
        }
    }
}

impl Passage {
    /// Whether the next node may go on giving by the same giver's right: no wider, resting on the
    /// same, telling the victim only where this does.
    #[must_use]
    pub fn carries(&self, next: &Self) -> bool {
        let naming = match (&next.naming, &self.naming) {
            (None, _) => true,
            (Some(next), Some(mine)) => next.is_within(mine),
            (Some(_), None) => false,
        };
        self.giver == next.giver
            && next.right.is_within(&self.right)
            && naming
            && self.on.is_subset(&next.on)
    }

    /// Whether a giver of the next node's own may hold the item by what passed here: this gives a
    /// right, and the other rests on it.
    #[must_use]
    pub fn leads_to(&self, next: &Self) -> bool {
        self.gives != Redistribution::None
            && (next.naming.is_none() || self.naming.is_some())
            && self.on.is_subset(&next.on)
            && self.under.as_ref().is_some_and(|under| next.on.contains(under))
    }

    /// How many agreements it names.
    pub(crate) fn names(&self) -> usize {
        let of = |right: &Right| match right {
            Right::Any => 0,
            Right::Lineages(roots) => roots.len(),
        };
        self.on.len() + of(&self.right) + self.naming.as_ref().map_or(0, of)
    }
}

impl Hop {
    /// What is sealed, given the leaf of what comes before: the envelope's for the first hop, the
    /// hop's before for every other.
    #[must_use]
    pub fn leaf(&self, before: Digest) -> Digest {
        let Self { from, to, at, passages, tlp, .. } = self.clone();
        Sending { from, to, at, passages, tlp }.leaf(before)
    }
}

impl Sending {
    /// The canonical JSON of the hop without its seal, with the leaf before as `after`, as a leaf.
    #[must_use]
    pub fn leaf(&self, before: Digest) -> Digest {
        /// A hop bound to what it passes on.
        #[derive(Serialize)]
        struct Bound<'a> {
            after: Digest,
            #[serde(flatten)]
            hop: &'a Sending,
        }
        leaf(&canonical(&Bound { after: before, hop: self }))
    }

    /// The hop, sealed.
    #[must_use]
    pub fn sealed(self, seal: Seal) -> Hop {
        let Self { from, to, at, passages, tlp } = self;
        Hop { from, to, at, passages, tlp, seal }
    }
}
