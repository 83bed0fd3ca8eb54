//! `cargo xtask bench-mail`: how well and how fast the mail desk is, beside others.

use std::process::{Command, Stdio};

use crate::bench::rows;
use crate::process::{capture, target_directory};
use crate::{Failure, demo};

/// Measures, prints a Markdown table, and keeps it beside the build.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let words = words(arguments).map_err(Failure::Usage)?;
    let program = demo::build()?;
    let mut bench = Command::new(&program);
    bench.args(["bench", "mail", "--json"]).args(words).stderr(Stdio::inherit());
    let text = capture(&mut bench)?;
    let table =
        format!("| measurement | figure | value |\n|---|---|---:|\n{}", rows("mail", &text)?);
    let file = target_directory()?.join("bench-mail.md");
    std::fs::write(&file, &table).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\n{table}\nKept in {}", file.display());
    Ok(())
}

fn words(arguments: &[String]) -> Result<Vec<&str>, String> {
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| *word != "--").collect();
    if words.contains(&"--corpus") {
        Ok(words)
    } else {
        Err("which messages? --corpus DIR, with DIR/phish and DIR/ham".into())
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_corpus_is_needed() {
        assert!(words(&[]).is_err());
        let asked = ["--corpus", "a", "--", "--sample", "9"].map(String::from);
        assert_eq!(words(&asked), Ok(vec!["--corpus", "a", "--sample", "9"]));
    }
}
