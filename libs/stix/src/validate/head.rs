//! What every object begins with: its type, its id, the version of the specification.

use crate::identifier;
use crate::json::{Member, Node, find};
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::{Class, class};

use super::name;

/// Checks `type`, `id` and `spec_version`; nothing if the rest need not be looked at.
pub(super) fn check<'a>(
    node: &'a Node<'a>,
    members: &'a [Member<'a>],
    report: &mut Report<'a>,
) -> Option<&'a str> {
    if let Some(id) = find(members, "id").and_then(Node::text) {
        report.about(id);
    }
    let type_path = Path::Root.key("type");
    let Some(type_node) = find(members, "type") else {
        let message = "type is required and absent: nothing else can be checked";
        report.note(Rule::MissingProperty, &type_path, node.at, message.into());
        return None;
    };
    let Some(object_type) = type_node.text() else {
        let message = format!("is {}, not a string", type_node.kind());
        report.note(Rule::WrongType, &type_path, type_node.at, message);
        return None;
    };
    if !version(object_type, node, members, report) {
        return None;
    }
    if object_type == "bundle" {
        let message = "is a bundle inside a bundle; put its objects into the outer list";
        report.note(Rule::NotAnObject, &type_path, type_node.at, message.into());
        return None;
    }
    name::object_type(object_type, type_node, report);
    identifier(object_type, members, report);
    Some(object_type)
}

/// Checks that the id is an identifier of the object's own type.
pub(super) fn identifier<'a>(
    object_type: &str,
    members: &'a [Member<'a>],
    report: &mut Report<'a>,
) {
    let path = Path::Root.key("id");
    let Some(node) = find(members, "id") else { return };
    let Some(id) = node.text() else {
        let message = format!("is {}, not an identifier", node.kind());
        return report.note(Rule::WrongType, &path, node.at, message);
    };
    report.about(id);
    match identifier::check(id) {
        Err(why) => {
            report.note(Rule::BadIdentifier, &path, node.at, format!("{} {why}", shown(id)));
        }
        Ok(named) if named != object_type => {
            let message = format!("is of type {named}, the object of type {}", shown(object_type));
            report.note(Rule::IdType, &path, node.at, message);
        }
        Ok(_) if !identifier::has_standard_uuid(id) => {
            let message = "its UUID is of no standard version or variant".into();
            report.note(Rule::UuidVersion, &path, node.at, message);
        }
        Ok(_) => {}
    }
}

/// Checks that the object is of STIX 2.1; whether it is worth looking further.
fn version<'a>(
    object_type: &str,
    node: &'a Node<'a>,
    members: &'a [Member<'a>],
    report: &mut Report<'a>,
) -> bool {
    let path = Path::Root.key("spec_version");
    let Some(found) = find(members, "spec_version") else {
        let dated = find(members, "created").is_some();
        let old = match class(object_type) {
            Class::Observable => false,
            Class::Custom => dated && find(members, "modified").is_some(),
            Class::Domain | Class::Relationship | Class::Meta => dated,
        };
        if old {
            let message = "has no spec_version, as objects of STIX 2.0: only 2.1 is read";
            report.note(Rule::Stix20, &path, node.at, message.into());
        }
        return !old;
    };
    let (rule, message) = match found.text() {
        Some("2.1") => return true,
        Some("2.0") => (Rule::Stix20, "is an object of STIX 2.0: only 2.1 is read".into()),
        Some(other) => (Rule::SpecVersion, format!("is {}, not \"2.1\"", shown(other))),
        None => (Rule::SpecVersion, format!("is {}, not \"2.1\"", found.kind())),
    };
    report.note(rule, &path, found.at, message);
    false
}
