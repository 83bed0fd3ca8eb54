//! The manual names every variable that the product reads, and says nothing twice.

use std::collections::BTreeMap;

use super::tree::{TextFile, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "manual", check };

const VARIABLES: &str = "docs/operators/configure.md";
/// Split, so that this file names none.
const OURS: &str = concat!("\"VEDE", "TTA_");
const FOR_TESTS: &str = "TEST_";

fn check(tree: &Tree, findings: &mut Findings) {
    let manual = tree.files.iter().find(|file| file.path == VARIABLES);
    let manual = manual.map_or("", |file| &file.text);
    for file in tree.files.iter().filter(|file| ships(&file.path)) {
        let shipped = file.lines().take_while(|(_, line)| *line != "#[cfg(test)]");
        for (at, line) in shipped {
            let unnamed = variables(line).find(|name| !manual.contains(&format!("`{name}`")));
            if let Some(name) = unnamed {
                let remedy = format!("say in {VARIABLES} what it does");
                findings.problem((&file.path, at), format!("no page names {name}"), &remedy);
            }
        }
    }
    for file in tree.files.iter().filter(|file| file.has_extension(&["md"])) {
        twice(file, findings);
    }
}

fn ships(path: &str) -> bool {
    let source = path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs");
    source && !path.starts_with("crates/vedetta-testkit/") && !path.contains("/tests")
}

fn variables(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices(OURS).filter_map(|(at, _)| {
        let name = line.get(at + 1..)?.split('"').next()?;
        let own = name.get(OURS.len() - 1..)?;
        (!own.starts_with(FOR_TESTS)).then_some(name)
    })
}

/// Blocks of code that stand on a page already; those of one line may.
fn twice(file: &TextFile, findings: &mut Findings) {
    let mut known = BTreeMap::new();
    let mut open: Option<(usize, Vec<&str>)> = None;
    for (at, line) in file.lines() {
        match (&mut open, line.starts_with("```")) {
            (None, true) => open = Some((at, Vec::new())),
            (Some((_, block)), false) => block.push(line),
            (None, false) => {}
            (Some(_), true) => {
                let Some((start, block)) = open.take() else { continue };
                let first = *known.entry(block.clone()).or_insert(start);
                if first != start && block.len() > 1 {
                    let what = format!("the block of line {first} again");
                    findings.problem((&file.path, start), what, "keep one of the two");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::{RULE, VARIABLES};

    #[test]
    fn a_variable_that_no_page_names_is_found() {
        let source = concat!(
            "const A: &str = \"VEDE",
            "TTA_A\";\nconst B: &str = \"VEDE",
            "TTA_TEST_B\";\n#[cfg(test)]\nconst C: &str = \"VEDE",
            "TTA_C\";\n"
        );
        let mut files = [("crates/a/src/lib.rs", source), (VARIABLES, "")];
        assert_eq!(problems(&RULE, &files), ["crates/a/src/lib.rs:1"]);
        files[1].1 = "| `VEDETTA_A` | what it does |";
        assert_eq!(problems(&RULE, &files), [""; 0]);
    }

    #[test]
    fn a_block_that_stands_twice_is_found() {
        let page = "```\na\nb\n```\n```\none\n```\n```yaml\na\nb\n```\n```\none\n```\n";
        assert_eq!(problems(&RULE, &[("docs/a.md", page)]), ["docs/a.md:8"]);
    }
}
