//! `cargo xtask tidy`: format, lints, and the rules of the house, a file each, all broken ones reported
//! at once.
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

use std::process::Command;

use crate::Failure;
use crate::process::{cargo, root, show};
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

/// What is asked of `tidy`.
#[derive(Debug, PartialEq, Eq)]
enum Wish<'a> {
    /// Everything that needs no test: rules, format and lints.
    All,
    /// What takes seconds: rules and format.
    Quick,
    /// One rule.
    One(&'a str),
}

impl<'a> Wish<'a> {
    fn parse(arguments: &'a [String]) -> Result<Self, String> {
        match arguments {
            [] => Ok(Self::All),
            [word] if word == "--quick" => Ok(Self::Quick),
            [name] if RULES.iter().any(|rule| rule.name == name) => Ok(Self::One(name)),
            _ => {
                let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
                Err(format!("`tidy` takes --quick, or one rule of {}", names.join(", ")))
            }
        }
    }
}

/// Checks everything, or the one rule that is named.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let wish = Wish::parse(arguments).map_err(Failure::Usage)?;
    if let Wish::One(name) = wish {
        return Ok(check(Some(name))?);
    }
    let mut outcomes = vec![check(None), format()];
    if wish == Wish::All {
        outcomes.push(show(&mut clippy(&["--workspace"])));
    }
    let broken: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if broken.is_empty() { Ok(()) } else { Err(Failure::Work(broken.join("; "))) }
}

/// Whether everything is written as the formatter would.
pub(crate) fn format() -> Result<(), String> {
    show(cargo().args(["fmt", "--all", "--check"]))
}

/// The lints of some packages, none of which may warn.
pub(crate) fn clippy(scope: &[&str]) -> Command {
    let mut clippy = cargo();
    clippy.arg("clippy").args(scope).args(["--all-targets", "--", "-D", "warnings"]);
    clippy
}

/// Whether known vulnerabilities can be looked up here.
pub(crate) fn advisories_at_hand() -> bool {
    advisories::at_hand()
}

/// Whether there is what looks them up.
pub(crate) fn has_advisories_tool() -> bool {
    advisories::has_tool()
}

/// Fetches what is known of vulnerabilities; why it could not be.
pub(crate) fn fetch_advisories() -> Result<(), String> {
    advisories::fetch()
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
mod tests {
    use super::{Wish, clippy};

    #[test]
    fn without_a_rule_everything_is_asked_for() {
        let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        assert_eq!(Wish::parse(&[]), Ok(Wish::All));
        assert_eq!(Wish::parse(&words("--quick")), Ok(Wish::Quick));
        assert_eq!(Wish::parse(&words("words")), Ok(Wish::One("words")));
        for wrong in ["--slow", "nothing", "words links"] {
            assert!(Wish::parse(&words(wrong)).is_err(), "{wrong}");
        }
        let lints = crate::process::line(&clippy(&["--workspace"]));
        assert!(lints.ends_with("clippy --workspace --all-targets -- -D warnings"), "{lints}");
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
