//! Reads the tables of [`crate::schema`] against an object and notes every broken rule.

mod constraint;
mod extension;
pub(crate) mod form;
mod head;
mod name;
mod value;

use std::collections::HashSet;

use crate::json::{Member, Node, find};
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::{self, CUSTOM, Property, Shape, Table};

/// Checks one object of a bundle. What is noted in the report as an error refuses it.
pub(crate) fn object<'a>(node: &'a Node<'a>, report: &mut Report<'a>) {
    let Some(members) = node.members() else {
        let message = format!("is {}, not an object", node.kind());
        report.note(Rule::NotAnObject, &Path::Root, node.at, message);
        return;
    };
    let Some(object_type) = head::check(node, members, report) else { return };
    let table = schema::table(object_type).unwrap_or(&CUSTOM);
    let widened = extension::is_widened(node);
    let walk = Walk { root: node, table, widened };
    walk.members(node, members, &table.shape, &Path::Root, report);
    constraint::versions(members, &Path::Root, report);
    constraint::identity(table, members, report);
}

/// Checks the properties of a bundle, its objects apart.
pub(crate) fn bundle<'a>(node: &'a Node<'a>, report: &mut Report<'a>) {
    let Some(members) = node.members() else { return };
    head::identifier("bundle", members, report);
    let shape = &schema::BUNDLE;
    let walk = Walk { root: node, table: &CUSTOM, widened: true };
    walk.part(node, members, shape, &Path::Root, report);
}

/// What a walk through one object needs everywhere.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'w, 'a> {
    /// The whole object, for selectors.
    root: &'w Node<'a>,
    table: &'static Table,
    /// An extension adds properties at the top level, so unknown ones are expected.
    widened: bool,
}

impl Walk<'_, '_> {
    /// The object itself: its own and its family's properties.
    fn members(
        &self,
        node: &Node<'_>,
        members: &[Member<'_>],
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        doubles(members, path, report);
        let lists = [shape.properties, self.table.common];
        for member in members {
            match lookup(&lists, &member.name) {
                Some(property) => {
                    let path = path.key(property.name);
                    self.value(&member.node, &property.kind, &path, report);
                }
                None => self.unknown(member, path, report),
            }
        }
        for property in lists.into_iter().flatten().filter(|property| property.required) {
            if find(members, property.name).is_none() {
                missing(property.name, node, path, report);
            }
        }
        constraint::check(shape.constraints, node, members, path, report);
    }

    /// An embedded part, whose unknown properties are noted and let be.
    fn part(
        &self,
        node: &Node<'_>,
        members: &[Member<'_>],
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        doubles(members, path, report);
        for member in members {
            match lookup(&[shape.properties], &member.name) {
                Some(property) => {
                    let path = path.key(property.name);
                    self.value(&member.node, &property.kind, &path, report);
                }
                None => {
                    if !self.widened {
                        name::unknown(member, &[shape.properties], path, report);
                    }
                    free(&member.node, &path.key(&member.name), report);
                }
            }
        }
        for property in shape.properties.iter().filter(|property| property.required) {
            if find(members, property.name).is_none() {
                missing(property.name, node, path, report);
            }
        }
        constraint::check(shape.constraints, node, members, path, report);
    }

    /// A property of the object that the tables do not know: its name must be possible.
    fn unknown(&self, member: &Member<'_>, path: &Path<'_>, report: &mut Report<'_>) {
        name::property(member, path, report);
        if !self.widened && self.table.class != schema::Class::Custom {
            let lists = [self.table.shape.properties, self.table.common];
            name::unknown(member, &lists, path, report);
        }
        free(&member.node, &path.key(&member.name), report);
    }
}

fn lookup(lists: &[&'static [Property]], name: &str) -> Option<&'static Property> {
    lists.iter().copied().flatten().find(|property| property.name == name)
}

fn missing(name: &'static str, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let message = format!("{name} is required and absent");
    report.note(Rule::MissingProperty, &path.key(name), node.at, message);
}

/// Anything may stand here, but no object may have a property twice.
fn free(node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    if let Some(members) = node.members() {
        doubles(members, path, report);
        for member in members {
            free(&member.node, &path.key(&member.name), report);
        }
    }
    for (index, item) in node.items().into_iter().flatten().enumerate() {
        free(item, &path.item(index), report);
    }
}

/// Below this many members, comparing each with each is quicker than hashing.
const FEW: usize = 24;

/// Notes properties that occur twice in one object.
fn doubles(members: &[Member<'_>], path: &Path<'_>, report: &mut Report<'_>) {
    let mut note = |member: &Member<'_>| {
        let message = format!("{} occurs twice in the same object", shown(&member.name));
        report.note(Rule::DuplicateKey, &path.key(&member.name), member.at, message);
    };
    if members.len() <= FEW {
        for (index, member) in members.iter().enumerate() {
            if members[..index].iter().any(|earlier| earlier.name == member.name) {
                note(member);
            }
        }
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        members.iter().filter(|member| !seen.insert(&member.name)).for_each(note);
    }
}

#[cfg(test)]
mod tests;
