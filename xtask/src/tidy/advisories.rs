//! Known vulnerabilities of what we build on, from the RustSec database when it is on this
//! machine. A rule fetches nothing: a check that needs the network is not a check of the tree. The
//! tests do, before (`prerequisites.rs`), and whoever asks is told what could not be looked up.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::Tree;
use super::{Findings, Rule};
use crate::process::{self, root};

pub(super) const RULE: Rule = Rule { name: "advisories", check };

/// How one has the database, where it can be reached.
pub(super) const FETCH: &str = "cargo deny fetch db";

/// A tool that reads the database.
struct Reader {
    program: &'static str,
    arguments: &'static [&'static str],
    /// In cargo's home.
    database: &'static str,
}

const READERS: &[Reader] = &[
    Reader {
        program: "cargo-deny",
        arguments: &["--offline", "check", "advisories"],
        database: "advisory-dbs",
    },
    Reader {
        program: "cargo-audit",
        arguments: &["audit", "--no-fetch", "--stale"],
        database: "advisory-db",
    },
];

/// The pages' tools, which no reader of that database knows.
const PAGES: &str = "crates/vedetta-frame/web/package-lock.json";

fn check(tree: &Tree, findings: &mut Findings) {
    let crates = tree.packages.iter().filter(|it| it.source.is_some()).count();
    let home = cargo_home();
    let ready = READERS.iter().find_map(|it| Some((it, it.ready(home.as_deref())?)));
    match ready {
        Some((reader, program)) => {
            let mut reading = Command::new(program);
            judge(process::capture(reading.current_dir(root()).args(reader.arguments)), findings);
            findings.note(format!("NOT CHECKED: the packages of {PAGES}"));
        }
        None => findings.note(unchecked(crates, Tool::found())),
    }
}

/// What reads the database.
#[derive(Clone, Copy)]
enum Tool {
    Here,
    Missing,
}

impl Tool {
    fn found() -> Self {
        find(READERS[0].program).map_or(Self::Missing, |_| Self::Here)
    }
}

/// What nobody looked up, and how to have it looked up.
fn unchecked(crates: usize, tool: Tool) -> String {
    let (why, first) = match tool {
        Tool::Here => ("no database of advisories", ""),
        Tool::Missing => ("no cargo-deny", "`cargo install cargo-deny`, then "),
    };
    format!(
        "NOT CHECKED: there is {why} here, so nobody looked whether the {crates} crates built on, and the \
         packages of {PAGES}, have known vulnerabilities. To check the crates: {first}`{FETCH}`"
    )
}

/// Whether there is a tool that reads the database, here or with what was installed for the tests.
pub(super) fn has_tool() -> bool {
    READERS.iter().any(|reader| find(reader.program).is_some())
}

/// Whether there are a tool and a database that it reads.
pub(super) fn at_hand() -> bool {
    let home = cargo_home();
    READERS.iter().any(|reader| reader.ready(home.as_deref()).is_some())
}

/// Fetches the database anew; why it could not be.
pub(super) fn fetch() -> Result<(), String> {
    let deny = find(READERS[0].program).ok_or("cargo-deny is missing")?;
    // Whoever waits for a network that answers nothing waits a minute.
    let mut fetching = Command::new("timeout");
    fetching.current_dir(root()).arg("60").arg(deny).args(["--log-level", "error", "fetch", "db"]);
    process::capture(&mut fetching).map(drop)
}

fn judge(outcome: Result<String, String>, findings: &mut Findings) {
    match outcome {
        Ok(_) => findings.note("none against what is locked"),
        Err(said) => findings.problem(("Cargo.lock", 1), said, "take a mended version"),
    }
}

impl Reader {
    /// The program, when it and its database are there. A fetch that failed leaves an empty folder.
    fn ready(&self, home: Option<&Path>) -> Option<PathBuf> {
        let database = home?.join(self.database);
        let filled =
            database.read_dir().ok()?.flatten().any(|entry| {
                entry.path().read_dir().is_ok_and(|mut within| within.next().is_some())
            });
        find(self.program).filter(|_| filled)
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let installed = process::tools().map(|tools| tools.join("bin").join(program));
    process::find(program).or_else(|| installed.ok().filter(|file| file.is_file()))
}

fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

#[cfg(test)]
mod tests {
    use super::super::Findings;
    use super::{READERS, Tool, judge, unchecked};

    #[test]
    fn what_the_reader_finds_is_a_problem() {
        let mut findings = Findings::default();
        judge(Err("RUSTSEC-0000-0000: a crate reads past its end".into()), &mut findings);
        assert_eq!(findings.problems.len(), 1);
        judge(Ok(String::new()), &mut findings);
        assert_eq!((findings.problems.len(), findings.notes.len()), (1, 1));
    }

    #[test]
    fn what_was_not_looked_up_is_named() {
        let each = [(Tool::Here, "no database"), (Tool::Missing, "cargo install cargo-deny")];
        for (tool, why) in each {
            let said = unchecked(412, tool);
            for part in ["NOT CHECKED", why, "412 crates", "package-lock.json", "fetch db"] {
                assert!(said.contains(part), "{said}");
            }
        }
    }

    #[test]
    fn a_database_that_could_not_be_fetched_is_none() {
        let home = std::env::temp_dir().join(format!("vedetta-advisories-{}", std::process::id()));
        let database = home.join(READERS[0].database).join("advisory-db");
        std::fs::create_dir_all(&database).unwrap();
        assert_eq!(READERS[0].ready(Some(&home)), None);
        std::fs::remove_dir_all(&home).unwrap();
    }
}
