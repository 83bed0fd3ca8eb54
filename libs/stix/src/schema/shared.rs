//! Properties and parts that many types share (specification 3).

use super::Constraint::{AtLeastOne, Exclusive};
use super::Kind::{
    Any, Bool, Extensions, Hashes, Integer, Language, List, Part, Ref, Selector, Text, Time,
};
use super::{Kind, Property, Shape, Targets, may, must};

/// The range of whole numbers that every implementation can hold (2.8).
pub(super) const MOST: i64 = (1 << 53) - 1;
/// Any whole number.
pub(super) const WHOLE: Kind = Integer(-MOST, MOST);
/// A whole number from 0.
pub(super) const COUNT: Kind = Integer(0, MOST);
/// A list of strings.
pub(super) const TEXTS: Kind = List(&Text);
/// Phases of kill chains.
pub(super) const PHASES: Kind = List(&Part(&PHASE));

/// A reference to an identity.
pub(super) const IDENTITY: Kind = Ref(Targets::Only(&["identity"]));
/// References to any objects.
pub(super) const ANY_REFS: Kind = List(&Ref(Targets::Any));

const REFERENCES: Kind = List(&Part(&REFERENCE));
const MARKINGS: Kind = List(&Ref(Targets::Only(&["marking-definition"])));
const GRANULAR: Kind = List(&Part(&GRANULAR_MARKING));

/// External reference (2.5).
const REFERENCE: Shape = Shape {
    properties: &[
        must("source_name", Text),
        may("description", Text),
        may("url", Text),
        may("hashes", Hashes),
        may("external_id", Text),
    ],
    constraints: &[AtLeastOne(&["description", "url", "external_id"])],
};

/// Kill chain phase (2.11).
const PHASE: Shape = Shape {
    properties: &[must("kill_chain_name", Text), must("phase_name", Text)],
    constraints: &[],
};

/// Granular marking (7.2.3).
const GRANULAR_MARKING: Shape = Shape {
    properties: &[
        may("lang", Language),
        may("marking_ref", Ref(Targets::Only(&["marking-definition"]))),
        must("selectors", List(&Selector)),
    ],
    constraints: &[AtLeastOne(&["lang", "marking_ref"]), Exclusive(&["lang", "marking_ref"])],
};

/// Domain and relationship objects (3.2).
pub(super) const COMMON: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    must("created", Time),
    must("modified", Time),
    may("created_by_ref", IDENTITY),
    may("revoked", Bool),
    may("labels", TEXTS),
    may("confidence", Integer(0, 100)),
    may("lang", Language),
    may("external_references", REFERENCES),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", GRANULAR),
    may("extensions", Extensions),
];

/// Cyber-observable objects (3.2).
pub(super) const OBSERVABLE: &[Property] = &[
    must("type", Any),
    may("spec_version", Any),
    must("id", Any),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", GRANULAR),
    may("defanged", Bool),
    may("extensions", Extensions),
];

/// Extension definitions (7.3): no language, no confidence, a creator.
pub(super) const EXTENSION_DEFINITION: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    must("created_by_ref", IDENTITY),
    must("created", Time),
    must("modified", Time),
    may("revoked", Bool),
    may("labels", TEXTS),
    may("external_references", REFERENCES),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", GRANULAR),
    may("extensions", Extensions),
];

/// Marking definitions (7.2.1): never versioned.
pub(super) const MARKING_DEFINITION: &[Property] = &[
    must("type", Any),
    must("spec_version", Any),
    must("id", Any),
    must("created", Time),
    may("created_by_ref", IDENTITY),
    may("external_references", REFERENCES),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", GRANULAR),
    may("extensions", Extensions),
];

/// Custom types: a domain object, a relationship or an observable, we cannot know.
pub(super) const CUSTOM: &[Property] = &[
    must("type", Any),
    may("spec_version", Any),
    must("id", Any),
    may("created", Time),
    may("modified", Time),
    may("created_by_ref", IDENTITY),
    may("revoked", Bool),
    may("labels", TEXTS),
    may("confidence", Integer(0, 100)),
    may("lang", Language),
    may("external_references", REFERENCES),
    may("object_marking_refs", MARKINGS),
    may("granular_markings", GRANULAR),
    may("defanged", Bool),
    may("extensions", Extensions),
];
