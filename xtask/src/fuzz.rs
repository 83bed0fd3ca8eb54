//! `cargo xtask fuzz`: hostile input for the parsers, for as long as one has patience.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::process::{capture, heading, root, show};

const MEMORY_MIB: u32 = 2_048;

/// What the command line asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    target: Option<String>,
    seconds: u64,
}

/// Runs one target or all of them, each from the corpus that the ordinary tests replay.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let wish = Wish::parse(arguments).map_err(Failure::Usage)?;
    let targets = chosen(&targets()?, wish.target.as_deref()).map_err(Failure::Usage)?;
    let compiler = Compiler::found();
    compiler.ensure_tools()?;
    let mut broken = Vec::new();
    for target in &targets {
        heading(&format!("{target}, {} s", wish.seconds));
        if let Err(reason) = fuzz(compiler, target, wish.seconds) {
            println!("{reason}");
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let advice = "the input is in fuzz/artifacts: mend the parser and add it to the corpus";
    Err(format!("broken: {}; {advice}", broken.join(", ")).into())
}

impl Wish {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wish = Self { target: None, seconds: 60 };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if word == "--seconds" {
                let seconds = words.next().and_then(|text| text.parse().ok());
                wish.seconds = seconds.ok_or("--seconds needs a whole number")?;
            } else if word.starts_with('-') || wish.target.is_some() {
                return Err(format!("`fuzz` does not know `{word}`"));
            } else {
                wish.target = Some(word.clone());
            }
        }
        Ok(wish)
    }
}

fn targets() -> Result<Vec<String>, String> {
    let place = root().join("fuzz/fuzz_targets");
    let entries = place.read_dir().map_err(|error| format!("{}: {error}", place.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn chosen(targets: &[String], wanted: Option<&str>) -> Result<Vec<String>, String> {
    match wanted {
        None => Ok(targets.to_vec()),
        Some(name) if targets.iter().any(|target| target == name) => Ok(vec![name.into()]),
        Some(name) => Err(format!("no target `{name}`; there are {}", targets.join(", "))),
    }
}

/// What builds the targets: coverage and the address sanitizer are not stable.
#[derive(Clone, Copy)]
enum Compiler {
    Nightly,
    /// The repository's own, told that it may use what is not stable. Its sanitizer comes with it on Linux.
    Own,
}

impl Compiler {
    fn found() -> Self {
        let mut nightly = Command::new("rustup");
        match capture(nightly.args(["run", "nightly", "rustc", "--version"])) {
            Ok(_) => Self::Nightly,
            Err(_) => Self::Own,
        }
    }

    fn cargo(self) -> Command {
        let mut cargo = match self {
            Self::Nightly => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "cargo"]);
                rustup
            }
            Self::Own => {
                let mut own = Command::new("cargo");
                own.env("RUSTC_BOOTSTRAP", "1");
                own
            }
        };
        cargo.current_dir(root());
        // The outer cargo named its own compiler.
        cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
        cargo
    }

    fn ensure_tools(self) -> Result<(), String> {
        capture(self.cargo().args(["fuzz", "--version"]))
            .map_err(|_| "fuzzing needs cargo-fuzz: cargo install cargo-fuzz")?;
        Ok(())
    }
}

fn fuzz(compiler: Compiler, target: &str, seconds: u64) -> Result<(), String> {
    let manifest = root().join("fuzz/Cargo.toml");
    let manifest = std::fs::read_to_string(&manifest)
        .map_err(|error| format!("{}: {error}", manifest.display()))?;
    let features = features(&manifest, target)
        .ok_or_else(|| format!("fuzz/Cargo.toml has no `required-features` of {target}"))?;
    let finds = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&finds).map_err(|error| format!("{}: {error}", finds.display()))?;
    let mut run = compiler.cargo();
    run.args(["fuzz", "run", "--features", &features, target]).arg(finds).args(seeds(target));
    run.arg("--").arg(format!("-max_total_time={seconds}"));
    run.args(["-timeout=10".to_owned(), format!("-rss_limit_mb={MEMORY_MIB}")]);
    show(&mut run)
}

/// What a target is built with, separated by commas, as the manifest says below its name.
fn features(manifest: &str, target: &str) -> Option<String> {
    let name = format!("name = \"{target}\"");
    let below = manifest.lines().skip_while(|line| *line != name);
    let mut below = below.take_while(|line| !line.starts_with("[["));
    let line = below.find_map(|line| line.strip_prefix("required-features = ["))?;
    let features = line.strip_suffix(']')?.split(", ").map(|it| it.trim_matches('"'));
    Some(features.collect::<Vec<_>>().join(","))
}

/// The corpora that the crates keep for this target.
fn seeds(target: &str) -> Vec<PathBuf> {
    let folders = ["crates", "libs"].map(|folder| root().join(folder));
    let crates = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let corpora = crates.map(|place| place.path().join(Path::new("tests/corpus")).join(target));
    corpora.filter(|place| place.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Wish, chosen, features};

    #[test]
    fn flags_are_understood_or_refused() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let expected = Wish { target: Some("stix_read".into()), seconds: 5 };
        assert_eq!(Wish::parse(&words("stix_read --seconds 5")), Ok(expected));
        assert!(Wish::parse(&words("--seconds")).is_err());
        assert!(Wish::parse(&words("one two")).is_err());
    }

    #[test]
    fn an_unknown_target_is_refused() {
        assert!(chosen(&["stix_read".into()], Some("stix")).is_err());
    }

    #[test]
    fn a_target_is_built_with_what_it_reads_with() {
        let manifest =
            "[[bin]]\nname = \"a\"\nrequired-features = [\"x\", \"y\"]\n\n[[bin]]\nname = \"b\"\n";
        assert_eq!(features(manifest, "a").as_deref(), Some("x,y"));
        assert_eq!(features(manifest, "b"), None);
        assert_eq!(features(manifest, "c"), None);
    }
}
