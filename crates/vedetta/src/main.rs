//! The `vedetta` command: composition, configuration, life cycle.

mod certificates;
mod commands;
mod doors;
mod mail_door;
mod mesh;
mod node;
mod outcome;
mod reach;
mod system;
mod town;
mod watch;

use clap::Parser;

use crate::commands::Command;
use crate::outcome::Failure;

/// The operations room and real-time information network of those who defend public bodies.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES, after_long_help = EXIT_CODES)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vedetta demo                                   watch a warning cross the country
  vedetta init --data ./node                     make a node; prints the administrator's password
  vedetta serve --data ./node                    run it on https://127.0.0.1:8443
  vedetta import report.json --data ./node       take in a STIX bundle
  vedetta explain --item ID --organisation ID --data ./node
  vedetta verify --data ./node                   prove that the ledger is whole";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done in part: something was rejected, or the ledger is broken; the output says what
  2  the command line or the configuration is wrong
  3  the input cannot be read
  4  the ledger cannot be used (locked, full, read-only, unreachable, damaged)
  5  not allowed, or unknown";

fn main() -> std::process::ExitCode {
    let line = Line::parse();
    if line.command.writes_to_a_reader() {
        // Whose reader has had enough (`| head`) ends quietly, as other commands do.
        sigpipe::reset();
    }
    match line.command.run() {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            eprintln!("vedetta: {failure}");
            let mut cause = std::error::Error::source(&failure);
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            Failure::exit(&failure)
        }
    }
}
