//! `cargo xtask assets`: what makes the pages look as they do, built by npm from its lock file into a
//! folder that the console embeds.

use std::path::PathBuf;
use std::process::Command;

use crate::Failure;
use crate::process::{find, root, show};

/// Builds them anew.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(word) = arguments.first() {
        return Err(Failure::Usage(format!("`assets` does not know `{word}`")));
    }
    Ok(build()?)
}

/// Builds them when they are missing; without npm the pages are plain, which is said.
pub(crate) fn ensure() -> Result<(), String> {
    if web().join("built").join("console.css").is_file() {
        return Ok(());
    }
    if find("npm").is_none() {
        println!("npm: missing, so the pages have no style. To have it: apt-get install npm");
        return Ok(());
    }
    build()
}

/// The folder of what browsers load.
pub(crate) fn web() -> PathBuf {
    root().join("crates").join("vedetta-frame").join("web")
}

/// The folder with what npm installed, and what was built of it.
pub(crate) fn installed() -> Result<PathBuf, String> {
    let there = web().join("node_modules").join("playwright-core").is_dir();
    if !there || !web().join("built").join("console.css").is_file() {
        build()?;
    }
    Ok(web())
}

fn build() -> Result<(), String> {
    println!("Building what the pages look like.");
    let npm = |words: &[&str]| show(Command::new("npm").current_dir(web()).args(words));
    npm(&["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
    npm(&["run", "--silent", "build"])
}
