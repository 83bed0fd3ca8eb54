//! The specification as tables: which properties each type has, of which kind, and which rules
//! bind them together. The validator reads them; adding a type is adding a table.

mod domain;
mod extension;
mod meta;
mod observable;
mod relationship;
mod shared;
pub(crate) mod vocabulary;

pub(crate) use meta::BUNDLE;

/// The families of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A domain object (SDO), as an indicator.
    Domain,
    /// A relationship object (SRO): relationship and sighting.
    Relationship,
    /// A cyber-observable object (SCO), as a file.
    Observable,
    /// Marking-definition, extension-definition, language-content.
    Meta,
    /// A type that the specification does not define.
    Custom,
}

/// A top-level object type.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// The properties that it shares with others.
    pub(crate) common: &'static [Property],
    /// Its own properties.
    pub(crate) shape: Shape,
    /// The predefined extensions that it may carry.
    pub(crate) extensions: &'static [(&'static str, Shape)],
    /// The properties that a version-5 identifier is computed from (2.9), for observables.
    pub(crate) identity: &'static [&'static str],
}

/// The properties of an object or of a part of one, and the rules between them.
pub(crate) struct Shape {
    pub(crate) properties: &'static [Property],
    pub(crate) constraints: &'static [Constraint],
}

/// One property.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// What a value must be.
pub(crate) enum Kind {
    /// Anything; checked elsewhere, if at all.
    Any,
    Bool,
    /// A whole number in this range.
    Integer(i64, i64),
    /// A number in this range.
    Float(f64, f64),
    Text,
    /// A string of this form; the words say which. Breaking it is a warning.
    Form(fn(&str) -> bool, &'static str),
    Time,
    Language,
    /// A reference to an object of these types.
    Ref(Targets),
    Binary,
    Hex,
    Hashes,
    /// One of these.
    Enum(&'static [&'static str]),
    /// Preferably one of these.
    Open(&'static [&'static str]),
    /// A list of at least one of these.
    List(&'static Kind),
    /// A dictionary (2.3) of anything.
    Dictionary,
    /// A dictionary of parts, as the deprecated `objects` of observed-data.
    Objects,
    /// An embedded part.
    Part(&'static Shape),
    /// A dictionary of extensions.
    Extensions,
    /// A selector of granular markings, resolved against the whole object.
    Selector,
    /// The translations of a language-content object.
    Translations,
}

/// The types that may be referred to.
#[derive(Clone, Copy)]
pub(crate) enum Targets {
    Any,
    /// Only these types.
    Only(&'static [&'static str]),
    /// Types of these families, and custom types.
    Of(&'static [Class]),
    /// All but these types.
    Not(&'static [&'static str]),
}

/// A rule between properties of one object or part.
pub(crate) enum Constraint {
    /// One of them must be there.
    AtLeastOne(&'static [&'static str]),
    /// Some property must be there at all.
    NotBare,
    /// At most one of them may be there.
    Exclusive(&'static [&'static str]),
    /// If the first is there, the second must be.
    Needs(&'static str, &'static str),
    /// If the first is true (or false), the second must be there.
    NeedsIf(&'static str, bool, &'static str),
    /// The second may be there only if the first has this value.
    OnlyIf(&'static str, bool, &'static str),
    /// The second time is not before the first.
    NotBefore(&'static str, &'static str),
    /// The second time is after the first.
    After(&'static str, &'static str),
    /// A marking-definition's definition fits its type (7.2.1), and TLP is as pinned.
    Marking,
    /// `extension_properties` only with a top-level extension (7.3).
    TopLevelProperties,
}

/// A required property.
const fn must(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: true }
}

/// An optional property.
const fn may(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: false }
}

/// The table of a type that the specification defines.
pub(crate) fn table(object_type: &str) -> Option<&'static Table> {
    let families = [domain::TABLES, relationship::TABLES, observable::TABLES, meta::TABLES];
    families.into_iter().flatten().find(|table| table.name == object_type)
}

/// The family that a type belongs to.
pub fn class(object_type: &str) -> Class {
    table(object_type).map_or(Class::Custom, |table| table.class)
}

/// The names of all types that the specification defines, the bundle apart.
pub fn known_types() -> impl Iterator<Item = &'static str> {
    let families = [domain::TABLES, relationship::TABLES, observable::TABLES, meta::TABLES];
    families.into_iter().flatten().map(|table| table.name)
}

/// What is asked of an object whose type the specification does not define.
pub(crate) const CUSTOM: Table = Table {
    name: "",
    class: Class::Custom,
    common: shared::CUSTOM,
    shape: Shape { properties: &[], constraints: &[] },
    extensions: &[],
    identity: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_there_once() {
        let names: std::collections::BTreeSet<_> = known_types().collect();
        assert_eq!(names.len(), known_types().count());
        let count = |class| known_types().filter(|name| super::class(name) == class).count();
        assert_eq!(count(Class::Domain), 19);
        assert_eq!(count(Class::Relationship), 2);
        assert_eq!(count(Class::Observable), 18);
        assert_eq!(count(Class::Meta), 3);
        assert_eq!(class("x-acme-thing"), Class::Custom);
    }

    #[test]
    fn tables_name_only_properties_that_exist() {
        for table in known_types().filter_map(table) {
            let has = |name: &&str| {
                table.shape.properties.iter().chain(table.common).any(|p| p.name == *name)
            };
            assert!(table.identity.iter().all(has), "{}", table.name);
            for constraint in table.shape.constraints {
                let named: Vec<&str> = match constraint {
                    Constraint::AtLeastOne(names) | Constraint::Exclusive(names) => names.to_vec(),
                    Constraint::Needs(a, b)
                    | Constraint::NotBefore(a, b)
                    | Constraint::After(a, b)
                    | Constraint::OnlyIf(a, _, b)
                    | Constraint::NeedsIf(a, _, b) => vec![a, b],
                    _ => vec![],
                };
                assert!(named.iter().all(has), "{}: {named:?}", table.name);
            }
        }
    }
}
