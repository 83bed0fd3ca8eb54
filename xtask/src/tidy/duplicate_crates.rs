//! A crate built in two versions costs time and trust. The number may only shrink.

use std::collections::BTreeMap;

use super::tree::Tree;
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "duplicate-crates", check };

/// How many crates are in the build in more than one version. Lower it whenever it says so.
const RATCHET: usize = 8;

fn check(tree: &Tree, findings: &mut Findings) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &tree.packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    if versions.len() > RATCHET {
        for (name, versions) in &versions {
            let what = format!("{name} in versions {}", versions.join(" and "));
            let remedy = format!("{RATCHET} crates may be double: agree on versions");
            findings.problem(tree.locked(name), what, &remedy);
        }
    } else if versions.len() < RATCHET {
        findings.note(format!("only {} now: lower RATCHET in its file", versions.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems_in;
    use super::super::tree::Tree;
    use super::{RATCHET, RULE};

    #[test]
    fn one_double_crate_too_many_is_found() {
        let names: Vec<String> = (0..=RATCHET).map(|n| format!("crate-{n}:")).collect();
        let twice: Vec<&str> = names.iter().chain(&names).map(String::as_str).collect();
        assert_eq!(problems_in(&RULE, &Tree::of_packages(&twice[1..])), [""; 0]);
        assert_eq!(problems_in(&RULE, &Tree::of_packages(&twice)).len(), RATCHET + 1);
    }
}
