//! `cargo xtask tidy`: the rules of the house, a file each, all broken ones reported at once.
//!
//! To add a rule: a file in `tidy/` with a `RULE` and a test that shows it failing on a bad
//! sample, and a line in [`RULES`].

mod advisories;
mod duplicate_crates;
mod fuzz_targets;
mod house_numbers;
mod import_law;
mod licences;
mod links;
mod lock_files;
mod manual;
mod names;
mod quiet_tests;
mod sample_addresses;
mod tree;
mod words;

use crate::Failure;
use crate::process::root;
use tree::Tree;

const RULES: &[Rule] = &[
    import_law::RULE,
    names::RULE,
    house_numbers::RULE,
    quiet_tests::RULE,
    fuzz_targets::RULE,
    words::RULE,
    links::RULE,
    manual::RULE,
    sample_addresses::RULE,
    lock_files::RULE,
    licences::RULE,
    duplicate_crates::RULE,
    advisories::RULE,
];

/// One thing that must hold everywhere.
struct Rule {
    name: &'static str,
    check: fn(&Tree, &mut Findings),
}

/// What a rule has to say.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// A broken rule: where, what, and what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    file: String,
    line: usize,
    what: String,
    remedy: String,
}

impl Findings {
    fn problem(&mut self, place: (&str, usize), what: impl Into<String>, remedy: &str) {
        let (file, line) = place;
        let remedy = remedy.into();
        self.problems.push(Problem { file: file.into(), line, what: what.into(), remedy });
    }

    /// Something to know that is nobody's fault.
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// Checks everything, or the one rule that is named.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => Ok(check(None)?),
        [name] if RULES.iter().any(|rule| rule.name == name) => Ok(check(Some(name))?),
        _ => {
            let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
            Err(Failure::Usage(format!("`tidy` takes one rule of {}", names.join(", "))))
        }
    }
}

/// Whether known vulnerabilities can be looked up here.
pub(crate) fn advisories_at_hand() -> bool {
    advisories::reader().is_some()
}

/// Prints every problem; an error when there is one.
pub(crate) fn check(only: Option<&str>) -> Result<(), String> {
    let tree = Tree::load(root())?;
    let mut count = 0;
    for rule in RULES.iter().filter(|rule| only.is_none_or(|name| rule.name == name)) {
        let mut findings = Findings::default();
        (rule.check)(&tree, &mut findings);
        findings.problems.sort();
        count += findings.problems.len();
        for Problem { file, line, what, remedy } in &findings.problems {
            println!("{file}:{line}: [{}] {what}; {remedy}", rule.name);
        }
        for note in &findings.notes {
            println!("{}: {note}", rule.name);
        }
    }
    match count {
        0 => {
            println!("tidy: {} files hold to the rules", tree.files.len());
            Ok(())
        }
        1 => Err("tidy: 1 problem".into()),
        many => Err(format!("tidy: {many} problems")),
    }
}

#[cfg(test)]
mod sample {
    use super::{Findings, Rule, Tree};

    /// Where `rule` finds problems in a tree of `files`, as `file:line`.
    pub(super) fn problems(rule: &Rule, files: &[(&str, &str)]) -> Vec<String> {
        problems_in(rule, &Tree::of_files(files))
    }

    pub(super) fn problems_in(rule: &Rule, tree: &Tree) -> Vec<String> {
        let mut findings = Findings::default();
        (rule.check)(tree, &mut findings);
        findings.problems.sort();
        findings.problems.iter().map(|found| format!("{}:{}", found.file, found.line)).collect()
    }
}
