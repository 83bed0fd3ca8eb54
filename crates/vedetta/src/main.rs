//! The `vedetta` command: composition, configuration, life cycle.

mod certificates;
mod commands;
mod doors;
mod mail_door;
mod mesh;
mod node;
mod outcome;
mod reach;
mod renewal;
mod settings;
mod sign_in;
mod system;
mod town;
mod watch;

use std::process::ExitCode;

use clap::Parser;
pub(crate) use vedetta_commands::progress;

use crate::commands::Command;
use crate::outcome::Refusal;

/// The operations room and real-time information network of those who defend public bodies.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
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
  4  the ledger (locked, full, read-only, unreachable, damaged), or something of the system,
     cannot be used
  5  refused: not allowed, unknown, or against a rule

With --json a refusal is an object where the answer would be, on standard output: `code`, `detail`
(what), `where`, `what_to_do`, `exit`; the sentence is on standard error besides.";

const JSON: &str = "--json";

fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => return not_understood(&error),
    };
    if line.command.writes_to_a_reader() {
        // Whose reader has had enough (`| head`) ends quietly, as other commands do.
        sigpipe::reset();
    }
    match line.command.run() {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            let refusal = failure.refusal();
            eprintln!("vedetta: {refusal}");
            refusal.explain();
            let mut cause = std::error::Error::source(&failure);
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            if wants_json() {
                refusal.print(failure.exit());
            }
            ExitCode::from(failure.exit())
        }
    }
}

/// Says that a command line is wrong, or the help that it asked for.
fn not_understood(error: &clap::Error) -> ExitCode {
    // Whom nobody reads cannot be told either.
    let _printed = error.print();
    let exit = u8::try_from(error.exit_code()).unwrap_or(2);
    if exit != 0 && wants_json() {
        let text = error.to_string();
        let words: Vec<_> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        let usage = words.iter().position(|it| it.starts_with("Usage:")).unwrap_or(words.len());
        let detail = words[..usage].join(" ");
        let mut refusal = Refusal::new("usage", "");
        refusal.detail = detail.strip_prefix("error: ").unwrap_or(&detail).to_owned();
        refusal.what_to_do = Some(match words.get(usage).and_then(|it| it.split_once(' ')) {
            Some((_, usage)) => format!("write `{usage}`; see --help"),
            None => "see --help".to_owned(),
        });
        refusal.print(exit);
    }
    ExitCode::from(exit)
}

/// Whether the one who asks is a program, also where the command line is not understood.
fn wants_json() -> bool {
    std::env::args_os().skip(1).take_while(|it| it != "--").any(|it| it == JSON)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// A command and all below it, by name.
    fn all(command: &clap::Command, above: &str) -> Vec<(String, clap::Command)> {
        let name = format!("{above} {}", command.get_name());
        let below = command.get_subcommands().filter(|it| it.get_name() != "help");
        let below = below.flat_map(|it| all(it, &name)).collect::<Vec<_>>();
        [vec![(name.trim().to_owned(), command.clone())], below].concat()
    }

    /// The words of a line as a shell has them, up to where it goes on with another command.
    fn words(line: &str) -> Vec<String> {
        let line = [" | ", " > ", " && "]
            .iter()
            .fold(line, |line, it| line.split_once(it).map_or(line, |(before, _)| before));
        let (mut words, mut quote) = (vec![String::new()], None);
        for letter in line.chars() {
            match (quote, letter) {
                (None, '"' | '\'') => quote = Some(letter),
                (Some(open), close) if open == close => quote = None,
                (None, ' ') => words.push(String::new()),
                _ => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|it| !it.is_empty());
        words
    }

    /// What follows the options in the help that `--help` prints, as it is printed.
    fn examples(command: &mut clap::Command) -> Vec<String> {
        let help = command.render_long_help().to_string();
        let Some(at) = help.find("Example") else { return Vec::new() };
        let help = help[at..].split("\\\n").map(str::trim_start).collect::<Vec<_>>().join(" ");
        let lines = help.lines().filter_map(|it| it.find("vedetta ").map(|at| &it[at..]));
        // What follows at a distance says what it does.
        let lines = lines.map(|it| it.split_once("   ").map_or(it, |(line, _)| line));
        lines.map(|it| it.trim().to_owned()).collect()
    }

    #[test]
    fn every_command_shows_an_example_that_is_understood() {
        let mut whole = Line::command().term_width(0);
        whole.build();
        for (name, command) in all(&whole, "") {
            if command.is_hide_set() {
                continue;
            }
            let examples = examples(&mut command.term_width(0));
            assert!(!examples.is_empty(), "{name}: its help has no example");
            let below = examples.iter().any(|it| it.starts_with(&name));
            assert!(below, "{name}: its examples are of others: {examples:?}");
            // One with something left out is no line to type.
            let whole = |it: &&String| !it.contains('…') && !it.contains(" ID");
            for example in examples.iter().filter(whole) {
                if let Err(error) = Line::try_parse_from(words(example)) {
                    panic!("{name}: {example}: {error}");
                }
            }
        }
    }

    #[test]
    fn every_command_is_in_the_manual() {
        let manual = include_str!("../../../docs/reference/commands.md");
        for (name, command) in all(&Line::command(), "") {
            let leaf = command.get_subcommands().next().is_none();
            let listed = manual.contains(&format!("`{name}`"));
            assert!(listed || !leaf || command.is_hide_set(), "{name} is not in commands.md");
        }
    }

    #[test]
    fn the_help_of_the_whole_says_how_it_ends() {
        let mut whole = Line::command();
        let long = whole.render_long_help().to_string();
        assert!(long.contains("Examples:") && long.contains("Exit codes:"), "{long}");
        let short = whole.render_help().to_string();
        assert!(short.contains("Examples:") && !short.contains("Exit codes:"), "{short}");
    }
}
