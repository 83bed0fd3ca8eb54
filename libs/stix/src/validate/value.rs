//! One value against its kind.

use crate::identifier;
use crate::json::{Member, Node, Value};
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::vocabulary::HASH_ALGORITHM;
use crate::schema::{Kind, Targets, class};
use crate::timestamp::Timestamp;
use crate::{marking, schema};

use super::{Walk, doubles, form, free, name};

impl Walk<'_, '_> {
    /// Checks a value against its kind.
    pub(super) fn value(
        &self,
        node: &Node<'_>,
        kind: &Kind,
        path: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        match kind {
            Kind::Any => free(node, path, report),
            Kind::List(kind) => self.list(node, kind, path, report),
            Kind::Dictionary => drop(dictionary(node, path, report)),
            Kind::Objects => self.objects(node, path, report),
            Kind::Part(shape) => {
                if let Some(members) = members(node, path, report) {
                    self.part(node, members, shape, path, report);
                }
            }
            Kind::Extensions => self.extensions(node, path, report),
            Kind::Translations => translations(node, path, report),
            Kind::Hashes => hashes(node, path, report),
            Kind::Selector => self.selector(node, path, report),
            Kind::Bool if node.bool().is_none() => wrong(node, "true or false", path, report),
            Kind::Bool => {}
            Kind::Integer(least, most) => integer(node, (*least, *most), path, report),
            Kind::Float(least, most) => float(node, (*least, *most), path, report),
            _ => match node.text() {
                Some(found) => text(found, kind, node, path, report),
                None => wrong(node, "a string", path, report),
            },
        }
    }

    fn list(&self, node: &Node<'_>, kind: &Kind, path: &Path<'_>, report: &mut Report<'_>) {
        let Some(items) = node.items() else { return wrong(node, "a list", path, report) };
        if items.is_empty() {
            report.note(Rule::EmptyList, path, node.at, "the list is empty".into());
        }
        for (index, item) in items.iter().enumerate() {
            self.value(item, kind, &path.item(index), report);
        }
    }

    /// The deprecated `objects` of observed-data: observables by key.
    fn objects(&self, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
        for member in dictionary(node, path, report).into_iter().flatten() {
            let named = member.node.get("type").and_then(Node::text);
            if named.is_none() {
                let message = "has no type".into();
                let path = path.key(&member.name);
                report.note(Rule::MissingProperty, &path.key("type"), member.node.at, message);
            }
        }
    }

    fn selector(&self, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
        let Some(selector) = node.text() else { return wrong(node, "a selector", path, report) };
        if marking::select(self.root, selector).is_none() {
            let message = format!("{} selects nothing in this object", shown(selector));
            report.note(Rule::Selector, path, node.at, message);
        }
    }
}

/// Notes a value of the wrong JSON type.
pub(super) fn wrong(node: &Node<'_>, wanted: &str, path: &Path<'_>, report: &mut Report<'_>) {
    let message = format!("is {}, not {wanted}", node.kind());
    report.note(Rule::WrongType, path, node.at, message);
}

/// The members of an object that must not be empty.
pub(super) fn members<'n, 'a>(
    node: &'n Node<'a>,
    path: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<&'n [Member<'a>]> {
    let Some(members) = node.members() else {
        wrong(node, "an object", path, report);
        return None;
    };
    if members.is_empty() {
        report.note(Rule::EmptyObject, path, node.at, "the object is empty".into());
    }
    Some(members)
}

/// The members of a dictionary: keys of its form, none twice, anything as values.
fn dictionary<'n, 'a>(
    node: &'n Node<'a>,
    path: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<&'n [Member<'a>]> {
    let members = members(node, path, report)?;
    free(node, path, report);
    for member in members.iter().filter(|member| !form::is_dictionary_key(&member.name)) {
        let message = format!("{} cannot be a key of a dictionary", shown(&member.name));
        report.note(Rule::DictionaryKey, &path.key(&member.name), member.at, message);
    }
    Some(members)
}

fn hashes(node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(members) = members(node, path, report) else { return };
    doubles(members, path, report);
    for Member { name: algorithm, node, at } in members {
        let path = path.key(algorithm);
        let Some(hash) = node.text() else {
            wrong(node, "a string", &path, report);
            continue;
        };
        match form::hash(algorithm, hash) {
            Some((true, _)) => {}
            Some((false, form)) => {
                let message = format!("{} is no {algorithm}: that has {form}", shown(hash));
                report.note(Rule::BadHash, &path, node.at, message);
            }
            None => {
                let upper = algorithm.to_ascii_uppercase();
                let like = name::nearest(&upper, HASH_ALGORITHM.iter().copied());
                let hint = like.map(|like| format!("; is {like} meant?")).unwrap_or_default();
                let message = format!("{} is not in hash-algorithm-ov{hint}", shown(algorithm));
                report.note(Rule::HashAlgorithm, &path, *at, message);
            }
        }
    }
}

/// Language-content's translations (7.1): language tag, property, translation.
fn translations(node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(languages) = members(node, path, report) else { return };
    free(node, path, report);
    for Member { name: language, node, at } in languages {
        let path = path.key(language);
        if !form::is_language(language) {
            let message = format!("{} is no language tag", shown(language));
            report.note(Rule::BadLanguage, &path, *at, message);
        }
        members(node, &path, report);
    }
}

fn integer(node: &Node<'_>, (least, most): (i64, i64), path: &Path<'_>, report: &mut Report<'_>) {
    let Value::Number(number) = node.value else {
        return wrong(node, "a whole number", path, report);
    };
    if number.contains(['.', 'e', 'E']) {
        let message = format!("{} is not a whole number", shown(number));
        return report.note(Rule::WrongType, path, node.at, message);
    }
    if !number.parse::<i64>().is_ok_and(|found| (least..=most).contains(&found)) {
        let message = format!("{} is not between {least} and {most}", shown(number));
        report.note(Rule::OutOfRange, path, node.at, message);
    }
}

fn float(node: &Node<'_>, (least, most): (f64, f64), path: &Path<'_>, report: &mut Report<'_>) {
    let Value::Number(number) = node.value else { return wrong(node, "a number", path, report) };
    if !number.parse::<f64>().is_ok_and(|found| (least..=most).contains(&found)) {
        let limit = match (least == f64::MIN, most == f64::MAX) {
            (false, true) => format!("at least {least}"),
            _ => format!("between {least} and {most}"),
        };
        let message = format!("{} is not {limit}", shown(number));
        report.note(Rule::OutOfRange, path, node.at, message);
    }
}

/// A string against the kinds that are strings.
fn text(found: &str, kind: &Kind, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let (rule, expected): (Rule, String) = match kind {
        Kind::Time => return time(found, node, path, report),
        Kind::Ref(targets) => return reference(found, *targets, node, path, report),
        Kind::Form(fits, form) if !fits(found) => {
            (Rule::BadForm, format!("does not look like {form}"))
        }
        Kind::Language if !form::is_language(found) => {
            (Rule::BadLanguage, "is no language tag".into())
        }
        Kind::Binary if !form::is_base64(found) => (Rule::BadBinary, "is not base64".into()),
        Kind::Hex if !form::is_hex(found) => (Rule::BadHex, "is not hexadecimal".into()),
        Kind::Enum(words) if !words.contains(&found) => {
            (Rule::Enumeration, format!("is none of {}", words.join(", ")))
        }
        Kind::Open(words) if !words.contains(&found) => {
            let like = name::nearest(found, words.iter().copied());
            let hint = like.map(|like| format!("; is {like} meant?")).unwrap_or_default();
            (Rule::OpenVocabulary, format!("is not in the vocabulary{hint}"))
        }
        _ => return,
    };
    report.note(rule, path, node.at, format!("{} {expected}", shown(found)));
}

fn time(found: &str, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    /// `2026-01-31T08:30:00.000000Z`
    const MICROSECONDS: usize = 27;
    if let Err(why) = Timestamp::parse(found) {
        report.note(Rule::BadTimestamp, path, node.at, format!("{} {why}", shown(found)));
    } else if found.len() > MICROSECONDS {
        let message = format!("{} has parts of a microsecond", shown(found));
        report.note(Rule::TimestampPrecision, path, node.at, message);
    }
}

fn reference(
    found: &str,
    targets: Targets,
    node: &Node<'_>,
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    let object_type = match identifier::check(found) {
        Ok(object_type) => object_type,
        Err(why) => {
            let message = format!("{} {why}", shown(found));
            return report.note(Rule::BadIdentifier, path, node.at, message);
        }
    };
    let wanted = match targets {
        Targets::Any => return,
        Targets::Only(types) if types.contains(&object_type) => return,
        Targets::Not(types) if !types.contains(&object_type) => return,
        Targets::Of(classes) => match class(object_type) {
            schema::Class::Custom => return,
            found if classes.contains(&found) => return,
            _ => format!("one of the {}", families(classes)),
        },
        Targets::Only(types) => types.join(" or "),
        Targets::Not(types) => format!("anything but {}", types.join(", ")),
    };
    let message = format!("refers to {}; it may refer to {wanted}", shown(object_type));
    report.note(Rule::ReferenceType, path, node.at, message);
}

fn families(classes: &[schema::Class]) -> String {
    let words = classes.iter().map(|class| match class {
        schema::Class::Domain => "domain objects",
        schema::Class::Relationship => "relationship objects",
        schema::Class::Observable => "cyber-observables",
        schema::Class::Meta => "meta objects",
        schema::Class::Custom => "custom objects",
    });
    words.collect::<Vec<_>>().join(" and ")
}
