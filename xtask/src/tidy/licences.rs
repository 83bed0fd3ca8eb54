//! Everything that we build on may be combined with the EUPL-1.2: crates, those of the fuzz targets too,
//! and what the pages are built with from npm.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tree::{Package, TextFile, Tree};
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

/// Packages that were looked at one by one, as they say their licence (docs/decisions/0094).
const LOOKED_AT: &[(&str, Option<&str>)] = &[
    ("@svg-maps/italy 2.0.0", Some("CC-BY-4.0")),
    ("dom-walk 0.1.2", None),
    ("libfuzzer-sys 0.4.13", Some("(MIT OR Apache-2.0) AND NCSA")),
];

const REMEDY: &str = "choose another package, or argue for the licence in docs/decisions";

fn check(tree: &Tree, findings: &mut Findings) {
    for (lock, packages) in [("Cargo.lock", &tree.packages), ("fuzz/Cargo.lock", &tree.fuzzed)] {
        for Package { name, version, license, .. } in packages {
            if let Some(what) = objection(&format!("{name} {version}"), license.as_deref()) {
                findings.problem(tree.locked_in(lock, name), what, REMEDY);
            }
        }
    }
    let locks = tree.files.iter().filter(|file| file.name() == "package-lock.json");
    locks.for_each(|file| npm(file, findings));
}

/// What a lock file of npm has: its third version.
#[derive(Deserialize)]
struct NpmLock {
    packages: BTreeMap<String, NpmPackage>,
}

#[derive(Deserialize)]
struct NpmPackage {
    #[serde(default)]
    version: String,
    license: Option<String>,
}

fn npm(file: &TextFile, findings: &mut Findings) {
    let lock: NpmLock = match serde_json::from_str(&file.text) {
        Ok(lock) => lock,
        Err(error) => {
            let what = format!("no lock file with licences: {error}");
            return findings.problem((&file.path, 1), what, "lock with npm 7 or later");
        }
    };
    for (place, NpmPackage { version, license }) in &lock.packages {
        let name = place.rsplit_once("node_modules/").map_or("these pages", |(_, name)| name);
        let (named, license) = (format!("{name} {version}"), license.as_deref());
        if let Some(what) = objection(&named, license) {
            let key = format!("\"{place}\": {{");
            let line = file.lines().find(|(_, line)| line.trim_start() == key);
            findings.problem((&file.path, line.map_or(1, |(at, _)| at)), what, REMEDY);
        }
    }
}

fn objection(named: &str, license: Option<&str>) -> Option<String> {
    if LOOKED_AT.contains(&(named, license)) {
        return None;
    }
    let Some(license) = license else {
        return Some(format!("{named} names no licence"));
    };
    match is_allowed(license) {
        Some(true) => None,
        Some(false) => Some(format!("{named} is under {license}")),
        None => Some(format!("{named} has an unreadable licence: {license}")),
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
    use super::super::sample::{problems, problems_in};
    use super::super::tree::Tree;
    use super::{RULE, is_allowed};

    const NPM: &str = r#"{
  "lockfileVersion": 3,
  "packages": {
    "": { "license": "EUPL-1.2" },
    "node_modules/a": {
      "version": "1.0.0",
      "license": "(MIT OR GPL-3.0-only)"
    },
    "node_modules/a/node_modules/@b/c": {
      "version": "2.0.0",
      "license": "SSPL-1.0"
    },
    "node_modules/dom-walk": {
      "version": "0.1.2"
    },
    "node_modules/e": {
      "version": "1.0.0"
    }
  }
}"#;

    #[test]
    fn what_the_pages_are_built_with_is_held_to_the_same() {
        let lock = "web/package-lock.json";
        assert_eq!(
            problems(&RULE, &[(lock, NPM)]),
            ["web/package-lock.json:9", "web/package-lock.json:16"]
        );
        let another = NPM.replace("\"0.1.2\"", "\"0.1.3\"");
        assert_eq!(problems(&RULE, &[(lock, &another)]).len(), 3, "it was not looked at");
        let old = r#"{ "lockfileVersion": 1, "dependencies": {} }"#;
        assert_eq!(problems(&RULE, &[(lock, old)]), ["web/package-lock.json:1"]);
    }

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
        tree.packages[0].license = Some("MIT".into());
        tree.fuzzed = Tree::of_packages(&["d:"]).packages;
        tree.fuzzed[0].license = Some("AGPL-3.0-only".into());
        assert_eq!(problems_in(&RULE, &tree), ["Cargo.lock:1", "fuzz/Cargo.lock:1"]);
    }
}
