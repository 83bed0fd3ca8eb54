//! Relationship objects (specification 5).

use super::Constraint::{After, NotBefore};
use super::Kind::{Bool, Integer, List, Ref, Text, Time};
use super::shared::COMMON;
use super::{Class, Constraint, Kind, Property, Shape, Table, Targets, may, must};

/// The ends of a relationship: domain objects, observables and custom objects.
const END: Kind = Ref(Targets::Not(&[
    "relationship",
    "sighting",
    "bundle",
    "marking-definition",
    "extension-definition",
    "language-content",
]));

const fn relationship(
    name: &'static str,
    properties: &'static [Property],
    constraints: &'static [Constraint],
) -> Table {
    let shape = Shape { properties, constraints };
    let class = Class::Relationship;
    Table { name, class, common: COMMON, shape, extensions: &[], identity: &[] }
}

/// The two relationship objects.
pub(super) static TABLES: &[Table] = &[
    relationship("relationship", RELATIONSHIP, &[After("start_time", "stop_time")]),
    relationship("sighting", SIGHTING, &[NotBefore("first_seen", "last_seen")]),
];

const RELATIONSHIP: &[Property] = &[
    must("relationship_type", Text),
    may("description", Text),
    must("source_ref", END),
    must("target_ref", END),
    may("start_time", Time),
    may("stop_time", Time),
];

const SIGHTING: &[Property] = &[
    may("description", Text),
    may("first_seen", Time),
    may("last_seen", Time),
    may("count", Integer(0, 999_999_999)),
    must("sighting_of_ref", Ref(Targets::Of(&[Class::Domain]))),
    may("observed_data_refs", List(&Ref(Targets::Only(&["observed-data"])))),
    may("where_sighted_refs", List(&Ref(Targets::Only(&["identity", "location"])))),
    may("summary", Bool),
];
