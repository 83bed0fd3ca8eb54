//! The repository speaks of the product: not of somebody's machine, a tracker, or work undone.

use super::tree::{TextFile, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "words", check };

/// What does not belong, written so that this file does not break its own rule; and what to do.
const WORDS: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "say it relative to the repository"),
    (concat!("/ho", "me/"), "say it relative to the repository"),
    (concat!("/ro", "ot/"), "say it relative to the repository"),
    (concat!("TO", "DO"), "do it, or leave it out"),
    (concat!("FIX", "ME"), "mend it"),
    (concat!("unimpl", "emented!"), "write it, or leave it out"),
];

const TRACKER: &str = concat!("issu", "e #");

/// Words of others are the licence, and samples that parsers must survive.
fn is_ours(file: &TextFile) -> bool {
    let sample = file.path.contains("/tests/") && !file.has_extension(&["rs"]);
    file.name() != "LICENSE" && !sample
}

fn check(tree: &Tree, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| is_ours(file)) {
        for (at, line) in file.lines() {
            for (word, remedy) in WORDS {
                if holds(line, word) {
                    findings.problem((&file.path, at), format!("`{word}`"), remedy);
                }
            }
            if names_a_ticket(line) {
                let remedy = "say what it was about: the reader has no tracker";
                findings.problem((&file.path, at), "the number of an issue", remedy);
            }
        }
    }
}

/// Whether `word` stands in `line` by itself, not as part of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        if word.starts_with('/') { !letter(before) } else { !letter(before) && !letter(after) }
    })
}

fn names_a_ticket(line: &str) -> bool {
    let line = line.to_lowercase();
    let mut numbers =
        line.match_indices(TRACKER).filter_map(|(at, _)| line.get(at + TRACKER.len()..));
    numbers.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::RULE;

    #[test]
    fn words_that_do_not_belong_are_found() {
        let text =
            concat!("# T", "ODO\nMETODO\nsee /ho", "me/me\nIssu", "e #12\nhttps://x/ho", "me/");
        let files = [("a.md", text), ("libs/a/tests/a.json", text)];
        assert_eq!(problems(&RULE, &files), ["a.md:1", "a.md:3", "a.md:4"]);
    }
}
