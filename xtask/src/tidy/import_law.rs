//! Who may import whom. Dev-dependencies are free, except where a crate would reach past the
//! doors of the ledger.

use super::tree::{Dependency, Package, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "import-law", check };

/// They think: pure, synchronous, on the shared nouns only.
const ROOMS: &[&str] = &[
    "vedetta-policy",
    "vedetta-directory",
    "vedetta-indicator",
    "vedetta-event",
    "vedetta-detect",
    "vedetta-mail",
    "vedetta-desk",
    "vedetta-federation",
    "vedetta-signin",
];

const ENGINES: &[&str] = &["vedetta-store-sqlite", "vedetta-store-postgres"];

/// Crates that must not know each other.
const APART: &[(&str, &[&str])] = &[
    ("vedetta-intake", &["vedetta-flow", "vedetta-diffusion", "vedetta-store"]),
    ("vedetta-flow", &["vedetta-diffusion", "vedetta-mesh"]),
    ("vedetta-mesh", &["vedetta-diffusion", "vedetta-link", "vedetta-api"]),
    ("vedetta-diffusion", &["vedetta-intake", "vedetta-store"]),
    ("vedetta-api", &["vedetta-store"]),
    ("vedetta-link", &["vedetta-store", "vedetta-api"]),
    ("vedetta-smtp", &["vedetta-store", "vedetta-flow", "vedetta-mail", "vedetta-postroom"]),
    ("vedetta-postroom", &["vedetta-diffusion", "vedetta-api", "vedetta-smtp"]),
    ("vedetta-watch", &["vedetta-diffusion", "vedetta-api"]),
    ("vedetta-timeliness", &["vedetta-diffusion", "vedetta-api"]),
    ("vedetta-keyring", &["vedetta-diffusion", "vedetta-api"]),
    ("vedetta-callout", &["vedetta-store"]),
    ("vedetta-offline", &["vedetta-store", "vedetta-flow", "vedetta-api", "vedetta-client"]),
    ("vedetta-frame", &["vedetta-store"]),
    ("vedetta-room", &["vedetta-store"]),
    ("vedetta-console", &["vedetta-store"]),
];

fn check(tree: &Tree, findings: &mut Findings) {
    let ours: Vec<&Package> = tree.ours().collect();
    for package in &ours {
        for dependency in &package.dependencies {
            let Some(imported) = ours.iter().find(|other| other.name == dependency.name) else {
                continue;
            };
            if let Some((what, remedy)) = broken(package, dependency, imported) {
                let line = tree.line_of(&package.manifest_path, &dependency.name).unwrap_or(1);
                findings.problem((&package.manifest_path, line), what, remedy);
            }
        }
    }
}

fn broken(from: &Package, dependency: &Dependency, to: &Package) -> Option<(String, &'static str)> {
    let (name, other) = (from.name.as_str(), to.name.as_str());
    let ships = dependency.kind.as_deref() != Some("dev");
    let reason = if other == "vedetta" || other == "xtask" {
        "nobody imports the binary or xtask: move what is shared to the crate it belongs to"
    } else if other == "vedetta-training" {
        "what trains does not ship: what judges is in vedetta-mail"
    } else if is_language(from) {
        "a language imports nothing of ours: translate where the two meet"
    } else if other == "vedetta-testkit" && ships {
        "the testkit does not ship: make it a dev-dependency"
    } else if ENGINES.contains(&other) && !["vedetta", "vedetta-testkit"].contains(&name) {
        "only the binary and the testkit know an engine: use the traits of vedetta-store"
    } else if ships && ROOMS.contains(&name) && !room_may_import(name, to) {
        "a room imports only vedetta-model and languages: take what it needs as a parameter"
    } else if ships && name == "vedetta-model" && !is_language(to) {
        "the model imports only languages: move the behaviour to its room"
    } else if ships && apart(name, other) {
        "they meet only in the ledger: pass through the corridor (see ARCHITECTURE.md)"
    } else {
        return None;
    };
    Some((format!("{name} imports {other}"), reason))
}

fn is_language(package: &Package) -> bool {
    package.folder().starts_with("libs/")
}

fn room_may_import(name: &str, to: &Package) -> bool {
    to.name == "vedetta-model"
        || is_language(to)
        || (name == "vedetta-federation" && to.name == "vedetta-policy")
        || (name == "vedetta-detect"
            && ["vedetta-indicator", "vedetta-event"].contains(&to.name.as_str()))
}

fn apart(name: &str, other: &str) -> bool {
    let store = |banned: &&str| *banned == other || other.starts_with(&format!("{banned}-"));
    APART.iter().any(|(from, banned)| *from == name && banned.iter().any(store))
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems_in;
    use super::super::tree::Tree;
    use super::RULE;

    const HOUSE: &[&str] = &[
        "libs/stix:",
        "crates/vedetta-model: stix",
        "crates/vedetta-policy: vedetta-model, stix, dev:vedetta-testkit",
        "crates/vedetta-federation: vedetta-policy",
        "crates/vedetta-store: vedetta-model",
        "crates/vedetta-store-sqlite: vedetta-store, dev:vedetta-testkit",
        "crates/vedetta-flow: vedetta-store, vedetta-policy, vedetta-intake",
        "crates/vedetta-intake: vedetta-model",
        "crates/vedetta-mesh: vedetta-flow, vedetta-store, vedetta-federation",
        "crates/vedetta-link: vedetta-mesh",
        "crates/vedetta-api: vedetta-flow, vedetta-mesh, vedetta-link",
        "crates/vedetta-diffusion: vedetta-model",
        "crates/vedetta-mail: vedetta-model",
        "crates/vedetta-training: vedetta-mail",
        "crates/vedetta-testkit: vedetta-store-sqlite, vedetta-flow",
        "crates/vedetta: vedetta-store-sqlite, vedetta-flow, vedetta-intake",
    ];

    #[test]
    fn the_drawing_holds() {
        assert_eq!(problems_in(&RULE, &Tree::of_packages(HOUSE)), [""; 0]);
    }

    #[test]
    fn each_wrong_import_is_found() {
        for wrong in [
            "libs/taxii: vedetta-model",
            "libs/taxii: dev:vedetta-model",
            "crates/vedetta-directory: vedetta-policy",
            "crates/vedetta-intake: vedetta-flow",
            "crates/vedetta-intake: vedetta-store",
            "crates/vedetta-flow: vedetta-diffusion",
            "crates/vedetta-diffusion: vedetta-store",
            "crates/vedetta-api: vedetta-store",
            "crates/vedetta-frame: vedetta-store",
            "crates/vedetta-room: vedetta-store",
            "crates/vedetta-flow: dev:vedetta-store-sqlite",
            "crates/vedetta-flow: vedetta-testkit",
            "crates/vedetta-watch: vedetta-api",
            "crates/vedetta-offline: vedetta-flow",
            "crates/vedetta-mesh: vedetta-link",
            "crates/vedetta-model: vedetta-policy",
            "crates/vedetta-testkit: vedetta",
            "crates/vedetta-mail: dev:vedetta-training",
        ] {
            let packages = [HOUSE, &[wrong]].concat();
            let found = problems_in(&RULE, &Tree::of_packages(&packages));
            assert_eq!(found.len(), 1, "{wrong}");
        }
    }
}
