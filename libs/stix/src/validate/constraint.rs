//! Rules between properties.

use crate::identifier;
use crate::json::{Member, Node, find};
use crate::marking::{self, Tlp};
use crate::observable;
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::{Constraint, Table};
use crate::timestamp::Timestamp;

/// Properties that say nothing about the observable itself.
const FRAME: &[&str] =
    &["type", "id", "spec_version", "object_marking_refs", "granular_markings", "defanged"];

/// Checks the rules of a shape.
pub(super) fn check(
    constraints: &[Constraint],
    node: &Node<'_>,
    members: &[Member<'_>],
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    let has = |name: &&&str| find(members, name).is_some();
    for constraint in constraints {
        match constraint {
            Constraint::AtLeastOne(names) => {
                if !names.iter().any(|name| has(&name)) {
                    let message = format!("has none of {}", names.join(", "));
                    report.note(Rule::AtLeastOne, path, node.at, message);
                }
            }
            Constraint::NotBare => {
                let bare = members.iter().all(|member| FRAME.contains(&&*member.name));
                if bare && !members.is_empty() {
                    let message = "says nothing but its type and id".into();
                    report.note(Rule::AtLeastOne, path, node.at, message);
                }
            }
            Constraint::Exclusive(names) => {
                let found: Vec<&str> = names.iter().filter(has).copied().collect();
                if found.len() > 1 {
                    let message = format!("has {}, which exclude each other", found.join(" and "));
                    report.note(Rule::Exclusive, path, node.at, message);
                }
            }
            Constraint::Needs(name, other) => needs(members, name, other, path, report),
            Constraint::NeedsIf(flag, wanted, name) => {
                if find(members, flag).and_then(Node::bool) == Some(*wanted) && !has(&name) {
                    let message = format!("{name} is required when {flag} is {wanted}");
                    report.note(Rule::Dependency, &path.key(name), node.at, message);
                }
            }
            Constraint::OnlyIf(flag, wanted, name) => {
                only_if(members, (flag, *wanted), name, path, report);
            }
            Constraint::NotBefore(from, to) => {
                order(members, (from, to), Order::NotBefore, path, report)
            }
            Constraint::After(from, to) => order(members, (from, to), Order::After, path, report),
            Constraint::Marking => definition(node, members, path, report),
            Constraint::TopLevelProperties => top_level(members, path, report),
        }
    }
}

fn needs(
    members: &[Member<'_>],
    name: &'static str,
    other: &str,
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    if let (Some(found), None) = (find(members, name), find(members, other)) {
        let message = format!("{name} needs {other}, which is absent");
        report.note(Rule::Dependency, &path.key(name), found.at, message);
    }
}

fn only_if(
    members: &[Member<'_>],
    (flag, wanted): (&str, bool),
    name: &'static str,
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    let Some(found) = find(members, name) else { return };
    if let Some(value) = find(members, flag).and_then(Node::bool)
        && value != wanted
    {
        let message = format!("{name} may be there only if {flag} is {wanted}");
        report.note(Rule::Contradiction, &path.key(name), found.at, message);
    }
}

/// Whether two times may be equal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    NotBefore,
    After,
}

fn order(
    members: &[Member<'_>],
    (from, to): (&'static str, &'static str),
    order: Order,
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    let time = |name| {
        let node = find(members, name)?;
        Some((Timestamp::parse(node.text()?).ok()?, node.at))
    };
    let (Some((earlier, _)), Some((later, at))) = (time(from), time(to)) else { return };
    if later < earlier || (order == Order::After && later == earlier) {
        let relation = if order == Order::After { "not after" } else { "before" };
        let message = format!("{to} ({later}) is {relation} {from} ({earlier})");
        report.note(Rule::TimeOrder, &path.key(to), at, message);
    }
}

/// A version is not older than the object (3.6).
pub(super) fn versions(members: &[Member<'_>], path: &Path<'_>, report: &mut Report<'_>) {
    order(members, ("created", "modified"), Order::NotBefore, path, report);
}

/// A version-5 id of an observable is the one that its properties give (2.9).
pub(super) fn identity(table: &Table, members: &[Member<'_>], report: &mut Report<'_>) {
    let Some(node) = find(members, "id") else { return };
    let Some(id) = node.text().filter(|id| identifier::check(id).is_ok()) else { return };
    let version_5 = id.as_bytes()[id.len() - 22] == b'5';
    if table.identity.is_empty() || !version_5 {
        return;
    }
    if let Some(expected) = observable::expected_id(table, members)
        && !id.eq_ignore_ascii_case(expected.as_str())
    {
        let message = format!("its properties give {expected}");
        report.note(Rule::DeterministicId, &Path::Root.key("id"), node.at, message);
    }
}

/// What a marking-definition defines (7.2.1), and that nobody redefines TLP.
fn definition(node: &Node<'_>, members: &[Member<'_>], path: &Path<'_>, report: &mut Report<'_>) {
    needs(members, "definition_type", "definition", path, report);
    needs(members, "definition", "definition_type", path, report);
    let has = |name| find(members, name).is_some();
    if !has("definition") && !has("definition_type") && !has("extensions") {
        let message = "has neither definition_type and definition nor extensions".into();
        report.note(Rule::AtLeastOne, path, node.at, message);
    }
    let kind = find(members, "definition_type").and_then(Node::text);
    let definition = find(members, "definition");
    if let (Some("statement"), Some(definition)) = (kind, definition)
        && definition.get("statement").and_then(Node::text).is_none()
    {
        let parent = path.key("definition");
        let message = "a statement marking has a statement, a string".into();
        report.note(Rule::MissingProperty, &parent.key("statement"), definition.at, message);
    }
    let id = find(members, "id").and_then(Node::text).unwrap_or_default();
    if let Some(claimed) = marking::claim(node)
        && (claimed.is_none() || claimed != Tlp::from_marking(id))
    {
        let message = format!("defines TLP under {}, which is not the pinned id", shown(id));
        report.note(Rule::TlpMarking, &path.key("id"), node.at, message);
    }
}

fn top_level(members: &[Member<'_>], path: &Path<'_>, report: &mut Report<'_>) {
    const NAME: &str = "extension_properties";
    let Some(found) = find(members, NAME) else { return };
    let types = find(members, "extension_types").and_then(Node::items).unwrap_or_default();
    if !types.iter().any(|item| item.text() == Some("toplevel-property-extension")) {
        let message = "is there without the type toplevel-property-extension".into();
        report.note(Rule::Contradiction, &path.key(NAME), found.at, message);
    }
}
