//! Extensions (specification 7.3): predefined ones by table, others by their definition's id.

use crate::identifier;
use crate::json::Node;
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::vocabulary::EXTENSION_TYPE;

use super::{Walk, doubles, free, value};

/// Whether an extension adds properties at the top level or defines the type.
pub(super) fn is_widened(object: &Node<'_>) -> bool {
    let extensions = object.get("extensions").and_then(Node::members).unwrap_or_default();
    extensions.iter().any(|extension| {
        let kind = extension.node.get("extension_type").and_then(Node::text);
        kind.is_some_and(|kind| kind != "property-extension")
    })
}

impl Walk<'_, '_> {
    /// The `extensions` of an object.
    pub(super) fn extensions(&self, node: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
        let Some(extensions) = value::members(node, path, report) else { return };
        doubles(extensions, path, report);
        for extension in extensions {
            let name: &str = &extension.name;
            let path = path.key(name);
            let Some(members) = value::members(&extension.node, &path, report) else { continue };
            let predefined = self.table.extensions.iter().find(|(known, _)| *known == name);
            if let Some((_, shape)) = predefined {
                let walk = Walk { widened: false, ..*self };
                walk.part(&extension.node, members, shape, &path, report);
                continue;
            }
            free(&extension.node, &path, report);
            kind(&extension.node, &path, report);
            if name.starts_with("extension-definition--") {
                if let Err(why) = identifier::check(name) {
                    let message = format!("{} {why}", shown(name));
                    report.note(Rule::BadIdentifier, &path, extension.at, message);
                }
            } else {
                let message = format!("{} is not defined by the specification", shown(name));
                report.note(Rule::UnknownExtension, &path, extension.at, message);
            }
        }
    }
}

/// The `extension_type` of an extension, where there is one.
fn kind(extension: &Node<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(node) = extension.get("extension_type") else { return };
    let known = node.text().is_some_and(|kind| EXTENSION_TYPE.contains(&kind));
    if !known {
        let message = format!("extension_type is none of {}", EXTENSION_TYPE.join(", "));
        report.note(Rule::BadExtension, &path.key("extension_type"), node.at, message);
    }
}
