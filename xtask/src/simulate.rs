//! `cargo xtask simulate`: whole countries of nodes in one process, against an oracle.

use crate::Failure;
use crate::process::{cargo, heading};

/// Builds the simulation optimised and plays the seeds.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let number = match word.as_str() {
            "--seeds" | "--seed" | "--from" => words.next(),
            "--small" => continue,
            "--form" => match words.next().map(String::as_str) {
                Some("country" | "ring" | "tree" | "mesh" | "row") => continue,
                _ => {
                    let reason = "simulate: --form wants country, ring, tree, mesh or row";
                    return Err(Failure::Usage(reason.into()));
                }
            },
            other => return Err(Failure::Usage(format!("simulate: no option `{other}`"))),
        };
        if number.is_none_or(|number| number.parse::<u64>().is_err()) {
            return Err(Failure::Usage(format!("simulate: {word} wants a number")));
        }
    }
    heading("simulate");
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "-p", "vedetta-simulation"]);
    command.args(["--example", "simulate", "--"]).args(arguments);
    let status = command.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(Failure::Reported) }
}
