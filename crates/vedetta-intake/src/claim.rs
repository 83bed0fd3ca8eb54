//! What an item says about its own handling.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::{AgreementId, Category, Exercise, ItemId, Naming, Pap, Tlp};

/// What an item says about its own handling, in its markings and in the handling extension
/// ([`vedetta_model::item::HANDLING_EXTENSION`]).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its marking; the agreements' default applies without one.
    pub tlp: Option<Tlp>,
    /// The strictest marking of any part of it.
    pub part_tlp: Option<Tlp>,
    /// Its other markings, whose definitions must be at hand.
    pub markings: Vec<Marking>,
    /// What may be done with it.
    pub pap: Option<Pap>,
    /// What it is for the agreements.
    pub category: Category,
    /// The identities whose misfortune it tells. `None` when it does not say; an empty set says
    /// that it tells nobody's.
    pub victims: Option<BTreeSet<ItemId>>,
    /// The persons that TLP:RED names.
    pub named: BTreeSet<Naming>,
    /// The producer's own limit.
    pub only_under: BTreeSet<AgreementId>,
    /// The exercise to which it belongs. Only labelled `exercise`, it names nobody who takes part.
    pub exercise: Option<Exercise>,
}

/// A reference to a marking that is not TLP.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marking {
    /// Where it stands, e.g. `object_marking_refs[0]`.
    pub property: String,
    /// The marking-definition.
    pub id: ItemId,
}

impl Claim {
    /// The claim of an item that says nothing, by its STIX type.
    #[must_use]
    pub fn silent(kind: &str) -> Self {
        Self {
            tlp: None,
            part_tlp: None,
            markings: Vec::new(),
            pap: None,
            category: Category::of_stix(kind),
            victims: None,
            named: BTreeSet::new(),
            only_under: BTreeSet::new(),
            exercise: None,
        }
    }
}
