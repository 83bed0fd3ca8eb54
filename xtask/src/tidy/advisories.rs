//! Known vulnerabilities of what we build on, from the RustSec database when it is on this
//! machine. Nothing is fetched: a check that needs the network is not a check of the tree.

use std::path::{Path, PathBuf};

use super::tree::Tree;
use super::{Findings, Rule};
use crate::process;

pub(super) const RULE: Rule = Rule { name: "advisories", check };

/// A tool that reads the database.
pub(super) struct Reader {
    program: &'static str,
    arguments: &'static [&'static str],
    /// In cargo's home.
    database: &'static str,
}

const READERS: &[Reader] = &[
    Reader {
        program: "cargo-deny",
        arguments: &["deny", "--offline", "check", "advisories"],
        database: "advisory-dbs",
    },
    Reader {
        program: "cargo-audit",
        arguments: &["audit", "--no-fetch", "--stale"],
        database: "advisory-db",
    },
];

fn check(_: &Tree, findings: &mut Findings) {
    let Some(reader) = reader() else {
        findings.note(
            "not checked here. To check: `cargo install cargo-deny`, then `cargo deny fetch db`",
        );
        return;
    };
    judge(process::capture(process::cargo().args(reader.arguments)), findings);
}

/// The first that can read here.
pub(super) fn reader() -> Option<&'static Reader> {
    let home = cargo_home();
    READERS.iter().find(|reader| is_ready(reader, home.as_deref()))
}

fn judge(outcome: Result<String, String>, findings: &mut Findings) {
    match outcome {
        Ok(_) => findings.note("none against what is locked"),
        Err(said) => findings.problem(("Cargo.lock", 1), said, "take a mended version"),
    }
}

fn is_ready(reader: &Reader, home: Option<&Path>) -> bool {
    let database = home.map(|home| home.join(reader.database));
    process::find(reader.program).is_some() && database.is_some_and(|place| place.is_dir())
}

fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

#[cfg(test)]
mod tests {
    use super::super::Findings;
    use super::judge;

    #[test]
    fn what_the_reader_finds_is_a_problem() {
        let mut findings = Findings::default();
        judge(Err("RUSTSEC-0000-0000: a crate reads past its end".into()), &mut findings);
        assert_eq!(findings.problems.len(), 1);
        judge(Ok(String::new()), &mut findings);
        assert_eq!((findings.problems.len(), findings.notes.len()), (1, 1));
    }
}
