//! `cargo xtask test`: everything that must hold before a change lands.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::postgres::{self, Server, Writes};
use crate::process::{self, cargo, heading, show};
use crate::tally::{Counter, Tally};
use crate::{Failure, assets, browser, event_logs, prerequisites, tidy};

/// What the command line asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    quick: bool,
    browser: bool,
    package: Option<String>,
    rest: Vec<String>,
}

/// Runs every stage, even after one failed, and says at the end what did.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let wish = Wish::parse(arguments).map_err(Failure::Usage)?;
    if wish.browser {
        return browser::run(&wish.rest);
    }
    heading("prerequisites");
    prerequisites::for_tests()?;
    assets::ensure()?;
    let mut broken = Vec::new();
    let mut stage = |name: &'static str, outcome: Result<(), String>| {
        if let Err(reason) = outcome {
            println!("{reason}");
            broken.push(name);
        }
    };
    heading("format");
    stage("format (run `cargo fmt`)", tidy::format());
    heading("tidy");
    stage("tidy", tidy::check(None));
    if !wish.quick {
        heading("lints");
        stage("lints", show(&mut tidy::clippy(&wish.scope())));
    }
    heading("tests");
    let (mut tally, outcome) = run_tests(&wish);
    let stages_broken = broken.len() as u64;
    if let Err(reason) = outcome {
        println!("{reason}");
        // A test program that was not built, or died, counts nothing by itself.
        tally.failed = tally.failed.max(1);
        broken.push("tests");
    }
    if !wish.quick && wish.package.is_none() && wish.rest.is_empty() {
        heading("pages in a browser");
        if let Err(reason) = browser::stage(&mut tally) {
            println!("{reason}");
            tally.failed = tally.failed.max(1);
            broken.push("pages in a browser (all of it: `cargo xtask test --browser`)");
        }
    }
    tally.failed += stages_broken;
    heading("result");
    println!("{}", result(&broken, prerequisites::unchecked().as_deref(), tally));
    if broken.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}

/// How it went, to the last line.
fn result(broken: &[&str], unchecked: Option<&str>, mut tally: Tally) -> String {
    let failed = broken.iter().map(|name| format!("failed: {name}\n"));
    let skipped = unchecked.map(|what| format!("skipped: {what}\n"));
    tally.skipped += u64::from(unchecked.is_some());
    failed.chain(skipped).collect::<String>() + &tally.to_string()
}

impl Wish {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => wish.quick = true,
                "--browser" => wish.browser = true,
                "-p" | "--package" => {
                    wish.package =
                        Some(words.next().ok_or("-p needs the name of a crate")?.clone());
                }
                "--" => wish.rest = words.by_ref().cloned().collect(),
                other => return Err(format!("`test` does not know `{other}`")),
            }
        }
        Ok(wish)
    }

    fn scope(&self) -> Vec<&str> {
        match &self.package {
            Some(package) => vec!["--package", package],
            None => vec!["--workspace"],
        }
    }

    fn tests(&self) -> Command {
        let mut tests = cargo();
        tests.arg("test").args(self.scope()).arg("--no-fail-fast");
        tests.args(["--", "--show-output"]).args(&self.rest);
        tests
    }
}

fn run_tests(wish: &Wish) -> (Tally, Result<(), String>) {
    let server = Server::find(Writes::Fleeting);
    match &server {
        Server::Running(connection) => println!("PostgreSQL: {}", without_password(connection)),
        Server::Private(_) => println!("PostgreSQL: a private cluster, for these tests only"),
        Server::Absent(reason) => println!("skipped: the PostgreSQL tests: {reason}"),
    }
    let mut tests = wish.tests();
    if let Some(connection) = server.connection() {
        tests.env(postgres::VARIABLE, connection);
    }
    match event_logs::ensure() {
        Ok(folder) => _ = tests.env(event_logs::VARIABLE, folder),
        Err(reason) => println!("skipped: the tests on event logs of Windows: {reason}"),
    }
    tests.env(PROMISED, promises().join(","));
    let mut counter = Counter::default();
    let outcome = count(&mut tests, &mut counter);
    (counter.tally(), outcome)
}

/// What the tests can count on here, so that none passes without it.
const PROMISED: &str = "VEDETTA_TEST_PROMISED";

fn promises() -> Vec<&'static str> {
    let shared = std::env::var("VEDETTA_SHARED_DATA").unwrap_or_else(|_| "../shared/data".into());
    let has = |list: &str| Path::new(&shared).join(list).is_dir();
    let all = [
        ("nft", runs("nft", &["list", "ruleset"])),
        ("named-checkzone", runs("named-checkzone", &["-v"])),
        ("suricata", runs("suricata", &["-V"])),
        ("mount", runs("unshare", &["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])),
        ("namespaces", runs("unshare", &["-n", "ip", "link", "add", "a", "type", "bridge"])),
        ("warninglists", has("warninglists")),
    ];
    let named = |here: bool| all.iter().filter(move |it| it.1 == here).map(|it| it.0);
    let (promised, missing): (Vec<_>, Vec<_>) = (named(true).collect(), named(false).collect());
    println!("the tests can count on: {}", promised.join(", "));
    if !missing.is_empty() {
        println!("and do without: {}", missing.join(", "));
    }
    promised
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    process::capture(Command::new(program).args(arguments)).is_ok()
}

fn count(tests: &mut Command, counter: &mut Counter) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("the tests did not run: {error}");
    let mut child = tests.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(broken)?;
    if let Some(output) = child.stdout.take() {
        counter.follow(BufReader::new(output), std::io::stdout()).map_err(broken)?;
    }
    let status = child.wait().map_err(broken)?;
    if status.success() { Ok(()) } else { Err(format!("`cargo test` failed: {status}")) }
}

/// What may be printed of a connection string.
fn without_password(connection: &str) -> &str {
    if connection.contains("password") || connection.contains("://") {
        "the server of the environment"
    } else {
        connection
    }
}

#[cfg(test)]
mod tests {
    use super::{Tally, Wish, result, without_password};

    #[test]
    fn what_could_not_be_checked_is_told_with_the_result() {
        let tally = Tally { passed: 7, failed: 1, skipped: 2 };
        let told = result(&["tidy"], Some("no advisories"), tally);
        assert_eq!(told, "failed: tidy\nskipped: no advisories\n7 passed, 1 failed, 3 skipped");
        assert_eq!(result(&[], None, tally), "7 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn flags_are_understood_or_refused() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let wish = Wish::parse(&words("--quick -p stix -- name"));
        let (package, rest) = (Some("stix".into()), words("name"));
        let expected = Wish { quick: true, browser: false, package, rest };
        assert_eq!(wish, Ok(expected));
        assert!(Wish::parse(&words("--slow")).is_err());
        assert!(Wish::parse(&words("-p")).is_err());
    }

    #[test]
    fn passwords_are_not_printed() {
        assert!(!without_password("postgres://u:secret@h/d").contains("secret"));
        assert!(!without_password("host=h password=secret").contains("secret"));
    }
}
