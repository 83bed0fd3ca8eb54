//! Set-up, demo, tests and tidy checks: the commands of whoever works on Vedetta.

mod assets;
mod bench;
mod bench_mail;
mod browser;
mod demo;
mod doors;
mod event_logs;
mod fuzz;
mod mail_templates;
mod postgres;
mod prerequisites;
mod process;
mod simulate;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  test [--quick] [-p CRATE] [-- ARGS]  prerequisites, format, tidy, lints, every test
                                       --quick leaves the lints out; ARGS go to the tests
  test --browser                       every page and role in headless Chromium, with axe-core, in several
                                       languages, themes and sizes; `test` has the short of it
  pictures [DIR]                       take the pictures of the documents anew, from the release build with
                                       the demonstration's data; into docs/images unless DIR is named
  tidy [--quick | RULE]                house rules, format and lints; --quick leaves the lints out, and
                                       takes seconds, as one rule by its name does
  assets                               build what the pages look like, from npm's lock file
  demo [--seconds N] [--listen ADDRESS] [-- ARGS]
                                       build the product and start a node with its scenario
  demo --mesh [--seconds N] [--listen ADDRESS]
                                       five nodes, each a process, and a link that is cut and mended;
                                       the first open for people at ADDRESS
  demo --sensors                       three sensors on generated traffic with an attack inside
  bench [NAME…] [-- ARGS]              measure, and print the figures as a table
                                       fanout, clearance, taxii, import, relevance, indicators,
                                       patterns; for import on PostgreSQL `-- --store postgres`,
                                       on the server that is here or one started for it
  simulate [--seeds N] [--from S] [--small | --form F]
                                       whole countries of nodes in one process, against an oracle
  simulate --seed S                    one of them, with its history
  bench-mail [--corpus DIR] [-- ARGS]  the mail desk beside SpamAssassin and rspamd, on DIR/phish, DIR/ham
  mail-templates DIR                   fetch the packages whose mail templates the mail model learns from
  fuzz [TARGET] [--seconds N]          feed the parsers with hostile input (60 s per target)
  doors [--seeds N | --seed N]         random histories, every door compared with an oracle

Exit codes: 0 all well, 1 something failed, 2 the command line was not understood.";

/// How a command ended, when it did not end well.
pub(crate) enum Failure {
    /// The command line was not understood.
    Usage(String),
    /// The work was done and something is wrong; the sentence says what.
    Work(String),
    /// Something is wrong, and it has been said.
    Reported,
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Work(what)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Work(what)) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
        Err(Failure::Usage(what)) => {
            eprintln!("xtask: {what}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Failure::Usage("which command?".into()));
    };
    match command.as_str() {
        "test" => test::run(rest),
        "tidy" => tidy::run(rest),
        "demo" => demo::run(rest),
        "pictures" => browser::pictures(rest),
        "assets" => assets::run(rest),
        "bench" => bench::run(rest),
        "bench-mail" => bench_mail::run(rest),
        "mail-templates" => mail_templates::run(rest),
        "simulate" => simulate::run(rest),
        "fuzz" => fuzz::run(rest),
        "doors" => doors::run(rest),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::Usage(format!("no command `{other}`"))),
    }
}
