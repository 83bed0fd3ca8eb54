//! Names of types and properties (specification 3.1, 11).

use crate::identifier::is_type_name;
use crate::json::{Member, Node};
use crate::problem::{Path, Report, Rule, shown};
use crate::schema::{Class, Property, class, known_types};

const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=250;
/// Reserved for later versions of the specification.
const RESERVED_PROPERTIES: &[&str] = &["severity", "action", "username", "phone_numbers"];
const RESERVED_TYPES: &[&str] = &["action"];

/// Checks the name of a type.
pub(super) fn object_type(object_type: &str, node: &Node<'_>, report: &mut Report<'_>) {
    let path = Path::Root.key("type");
    if !is_type_name(object_type) {
        let message = format!(
            "{} cannot be a type: 3 to 250 of a-z, 0-9 and single hyphens",
            shown(object_type)
        );
        report.note(Rule::PropertyName, &path, node.at, message);
    } else if RESERVED_TYPES.contains(&object_type) {
        let message = format!("{} is reserved", shown(object_type));
        report.note(Rule::ReservedName, &path, node.at, message);
    } else if class(object_type) == Class::Custom
        && let Some(like) = nearest(object_type, known_types())
    {
        let message = format!("{} is no type of STIX; is {like} meant?", shown(object_type));
        report.note(Rule::UnknownProperty, &path, node.at, message);
    }
}

/// Checks the name of a property at the top level that the tables do not know.
pub(super) fn property(member: &Member<'_>, path: &Path<'_>, report: &mut Report<'_>) {
    let name: &str = &member.name;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let possible = NAME_LENGTHS.contains(&name.len())
        && name.as_bytes()[0].is_ascii_lowercase()
        && name.bytes().all(plain);
    if !possible {
        let message = format!("{} cannot be the name of a property", shown(name));
        report.note(Rule::PropertyName, &path.key(name), member.at, message);
    } else if RESERVED_PROPERTIES.contains(&name) {
        let message = format!("{} is reserved for later versions of STIX", shown(name));
        report.note(Rule::ReservedName, &path.key(name), member.at, message);
    }
}

/// Notes a property that is neither known nor marked as custom by `x_`.
pub(super) fn unknown(
    member: &Member<'_>,
    lists: &[&'static [Property]],
    path: &Path<'_>,
    report: &mut Report<'_>,
) {
    let name: &str = &member.name;
    if name.starts_with("x_") {
        return;
    }
    let known = lists.iter().copied().flatten().map(|property| property.name);
    let message = match nearest(name, known) {
        Some(like) => format!("{} is not known here; is {like} meant?", shown(name)),
        None => format!("{} is not known here", shown(name)),
    };
    report.note(Rule::UnknownProperty, &path.key(name), member.at, message);
}

/// The name that differs least, if one differs by no more than two letters.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = if name.len() < 6 { 1 } else { 2 };
    known
        .filter(|like| name.len().abs_diff(like.len()) <= most)
        .map(|like| (distance(name.as_bytes(), like.as_bytes()), like))
        .filter(|&(distance, _)| distance <= most)
        .min()
        .map(|(_, like)| like)
}

/// Letters to change, add or drop to make one name of another (Levenshtein).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_near() {
        let known = || ["pattern", "pattern_type", "name"].into_iter();
        assert_eq!(nearest("patern", known()), Some("pattern"));
        assert_eq!(nearest("pattern_typ", known()), Some("pattern_type"));
        assert_eq!(nearest("nome", known()), Some("name"));
        assert_eq!(nearest("score", known()), None);
    }
}
