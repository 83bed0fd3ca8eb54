//! A parser that is fuzzed has a corpus, and an ordinary test replays it.

use std::collections::BTreeSet;

use super::tree::Tree;
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "fuzz-targets", check };

const TARGETS: &str = "fuzz/fuzz_targets/";
const CORPUS: &str = "/tests/corpus/";
const MANIFEST: &str = "fuzz/Cargo.toml";

fn check(tree: &Tree, findings: &mut Findings) {
    let paths = tree.files.iter().map(|file| &file.path).chain(&tree.pictures);
    let corpora: BTreeSet<(&str, &str)> = paths.filter_map(|path| corpus(path)).collect();
    let mut targets = BTreeSet::new();
    for file in &tree.files {
        let name = file.path.strip_prefix(TARGETS).and_then(|name| name.strip_suffix(".rs"));
        let Some(name) = name else { continue };
        targets.insert(name);
        if tree.line_of(MANIFEST, &format!("name = \"{name}\"")).is_none() {
            let what = format!("{MANIFEST} has no `[[bin]]` for it");
            findings.problem((&file.path, 1), what, "add one like its neighbours'");
        }
        let homes: Vec<_> = corpora.iter().filter(|(_, corpus)| *corpus == name).collect();
        if homes.is_empty() {
            let remedy = format!("start one in the parser's crate: tests/corpus/{name}/");
            findings.problem((&file.path, 1), "it has no corpus", &remedy);
        }
        for (home, _) in homes.into_iter().filter(|(home, _)| !is_replayed(tree, home, name)) {
            let what = format!("no test of {home} replays its corpus");
            findings.problem((&file.path, 1), what, "read every file of the corpus in a test");
        }
    }
    for (home, corpus) in corpora.iter().filter(|(_, corpus)| !targets.contains(corpus)) {
        findings.note(format!("{home}{CORPUS}{corpus} has no fuzz target"));
    }
}

/// The crate and the name of the corpus that a file belongs to.
fn corpus(path: &str) -> Option<(&str, &str)> {
    let (home, rest) = path.split_once(CORPUS)?;
    rest.split_once('/').map(|(name, _)| (home, name))
}

fn is_replayed(tree: &Tree, home: &str, name: &str) -> bool {
    let sources = tree.files.iter().filter(|file| file.has_extension(&["rs"]));
    let mut texts = sources.filter(|file| file.path.starts_with(home)).map(|file| &file.text);
    texts.any(|text| {
        let whole = text.contains(&format!("corpus/{name}"));
        whole || text.contains("corpus") && text.contains(&format!("\"{name}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{problems, problems_in};
    use super::super::tree::Tree;
    use super::RULE;

    #[test]
    fn a_target_without_its_corpus_or_replay_is_found() {
        let mut files = vec![
            ("fuzz/Cargo.toml", "name = \"query\"\nname = \"pattern\""),
            ("fuzz/fuzz_targets/query.rs", ""),
            ("libs/a/tests/corpus/query/one", ""),
            ("libs/a/tests/it.rs", "const CORPUS: &str = \"tests/corpus/query\";"),
        ];
        assert_eq!(problems(&RULE, &files), [""; 0]);
        files.push(("fuzz/fuzz_targets/pattern.rs", ""));
        assert_eq!(problems(&RULE, &files), ["fuzz/fuzz_targets/pattern.rs:1"]);
        files.push(("libs/b/tests/corpus/pattern/one", ""));
        assert_eq!(problems(&RULE, &files), ["fuzz/fuzz_targets/pattern.rs:1"]);
        files[0].1 = "name = \"pattern\"";
        assert_eq!(problems(&RULE, &files).len(), 2);
    }

    #[test]
    fn a_corpus_may_be_of_octets() {
        let mut tree = Tree::of_files(&[
            ("fuzz/Cargo.toml", "name = \"query\""),
            ("fuzz/fuzz_targets/query.rs", ""),
            ("libs/a/src/lib.rs", "const CORPUS: &str = \"tests/corpus/query\";"),
        ]);
        assert_eq!(problems_in(&RULE, &tree), ["fuzz/fuzz_targets/query.rs:1"]);
        tree.pictures.push("libs/a/tests/corpus/query/one".into());
        assert_eq!(problems_in(&RULE, &tree), [""; 0]);
    }
}
