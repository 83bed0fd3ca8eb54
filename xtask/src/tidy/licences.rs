//! Everything that we build on may be combined with the EUPL-1.2.

use super::tree::{Package, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "licences", check };

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "EUPL-1.2",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

const REMEDY: &str = "choose another crate, or argue for the licence in docs/decisions";

fn check(tree: &Tree, findings: &mut Findings) {
    for package in &tree.packages {
        if let Some(what) = objection(package) {
            findings.problem(tree.locked(&package.name), what, REMEDY);
        }
    }
}

fn objection(package: &Package) -> Option<String> {
    let Package { name, version, license, .. } = package;
    let Some(license) = license else {
        return Some(format!("{name} {version} names no licence"));
    };
    match is_allowed(license) {
        Some(true) => None,
        Some(false) => Some(format!("{name} {version} is under {license}")),
        None => Some(format!("{name} {version} has an unreadable licence: {license}")),
    }
}

/// Evaluates an SPDX expression (SPDX 2.3, annex D; `/` is Cargo's old `OR`); `None` when it is
/// not one.
fn is_allowed(expression: &str) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let value = either(&mut words)?;
    words.next().is_none().then_some(value)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Option<bool> {
    let mut value = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        value |= both(words)?;
    }
    Some(value)
}

fn both(words: &mut Words<'_>) -> Option<bool> {
    let mut value = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        value &= one(words)?;
    }
    Some(value)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    match words.next()? {
        "(" => {
            let value = either(words)?;
            words.next_if_eq(&")").map(|_| value)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        name if words.next_if_eq(&"WITH").is_some() => {
            let name = format!("{name} WITH {}", words.next()?);
            Some(ALLOWED.contains(&name.as_str()))
        }
        name => Some(ALLOWED.contains(&name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems_in;
    use super::super::tree::Tree;
    use super::{RULE, is_allowed};

    #[test]
    fn expressions_are_evaluated() {
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("GPL-3.0-only/MIT", Some(true)),
            ("MIT AND GPL-3.0-only", Some(false)),
            ("MIT OR Apache-2.0 AND GPL-3.0-only", Some(true)),
            ("(MIT OR Apache-2.0) AND GPL-3.0-only", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Some(false)),
            ("(MIT", None),
            ("MIT OR", None),
            ("MIT Zlib", None),
        ] {
            assert_eq!(is_allowed(expression), expected, "{expression}");
        }
    }

    #[test]
    fn a_licence_that_does_not_combine_is_found() {
        let mut tree = Tree::of_packages(&["a:", "b:", "c:"]);
        tree.packages[0].license = Some("SSPL-1.0".into());
        tree.packages[1].license = None;
        assert_eq!(problems_in(&RULE, &tree).len(), 2);
    }
}
