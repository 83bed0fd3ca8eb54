//! Meta objects (specification 7) and the bundle (8).

use super::Constraint::{Marking, TopLevelProperties};
use super::Kind::{Any, Dictionary, Enum, List, Ref, Text, Time, Translations};
use super::shared::{COMMON, EXTENSION_DEFINITION, MARKING_DEFINITION, TEXTS};
use super::vocabulary as words;
use super::{Class, Property, Shape, Table, Targets, may, must};

/// The three meta objects.
pub(super) static TABLES: &[Table] = &[
    Table {
        name: "marking-definition",
        class: Class::Meta,
        common: MARKING_DEFINITION,
        shape: Shape {
            properties: &[
                may("name", Text),
                may("definition_type", Text),
                may("definition", Dictionary),
            ],
            constraints: &[Marking],
        },
        extensions: &[],
        identity: &[],
    },
    Table {
        name: "extension-definition",
        class: Class::Meta,
        common: EXTENSION_DEFINITION,
        shape: Shape { properties: EXTENSION, constraints: &[TopLevelProperties] },
        extensions: &[],
        identity: &[],
    },
    Table {
        name: "language-content",
        class: Class::Meta,
        common: COMMON,
        shape: Shape { properties: LANGUAGE, constraints: &[] },
        extensions: &[],
        identity: &[],
    },
];

const EXTENSION: &[Property] = &[
    must("name", Text),
    may("description", Text),
    must("schema", Text),
    must("version", Text),
    must("extension_types", List(&Enum(words::EXTENSION_TYPE))),
    may("extension_properties", TEXTS),
];

const LANGUAGE: &[Property] = &[
    must("object_ref", Ref(Targets::Not(&["bundle", "language-content"]))),
    may("object_modified", Time),
    must("contents", Translations),
];

/// The bundle, its objects apart.
pub(crate) static BUNDLE: Shape = Shape {
    properties: &[
        must("type", Any),
        must("id", Any),
        may("objects", Any),
        // Bundles of 2.0 had it; the objects say themselves what they are.
        may("spec_version", Text),
        may("extensions", Any),
    ],
    constraints: &[],
};
