//! Lock files pin what is built, not the machine it was fetched through.

use super::tree::{TextFile, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "lock-files", check };

const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

fn check(tree: &Tree, findings: &mut Findings) {
    for file in &tree.files {
        match file.name() {
            "Cargo.lock" => cargo(file, findings),
            "package-lock.json" | "npm-shrinkwrap.json" => npm(file, findings),
            _ => {}
        }
    }
}

fn cargo(file: &TextFile, findings: &mut Findings) {
    for (at, line) in file.lines() {
        if line.starts_with("source = ") && line != REGISTRY {
            let remedy = "depend on published versions, and lock without a mirror";
            findings.problem((&file.path, at), "a source that is not crates.io", remedy);
        }
    }
}

fn npm(file: &TextFile, findings: &mut Findings) {
    for (at, line) in file.lines() {
        if line.trim_start().starts_with("\"resolved\":") {
            let remedy = "put `omit-lockfile-registry-resolved=true` in .npmrc and lock again";
            findings.problem((&file.path, at), "a download address", remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::{REGISTRY, RULE};

    #[test]
    fn download_addresses_are_found() {
        let cargo = format!("{REGISTRY}\nsource = \"registry+https://mirror.example/index\"\n");
        let npm = "{\n  \"resolved\": \"https://mirror.example/a.tgz\"\n}";
        let files = [("Cargo.lock", cargo.as_str()), ("web/package-lock.json", npm)];
        assert_eq!(problems(&RULE, &files), ["Cargo.lock:2", "web/package-lock.json:2"]);
    }
}
