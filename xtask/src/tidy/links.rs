//! Every link between our documents leads somewhere, to the heading too.

use std::collections::BTreeSet;

use super::tree::{TextFile, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "links", check };

fn check(tree: &Tree, findings: &mut Findings) {
    let known = places(tree);
    for file in tree.files.iter().filter(|file| file.has_extension(&["md"])) {
        for (at, line) in prose(file) {
            for target in targets(line).filter(|target| !is_elsewhere(target)) {
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let full = if path.is_empty() { file.path.clone() } else { resolve(file, path) };
                if !known.contains(full.as_str()) {
                    let remedy = "mend the link or write the document";
                    findings.problem((&file.path, at), format!("no file {full}"), remedy);
                } else if !anchor.is_empty() && !has_heading(tree, &full, anchor) {
                    let what = format!("no heading #{anchor} in {full}");
                    findings.problem((&file.path, at), what, "mend the link or the heading");
                }
            }
        }
    }
}

/// Files, and the folders that hold them.
fn places(tree: &Tree) -> BTreeSet<&str> {
    let mut places = BTreeSet::from([""]);
    for path in tree.files.iter().map(|file| &file.path).chain(&tree.pictures) {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        places.extend(ends.filter_map(|end| path.get(..end)));
    }
    places
}

/// The lines outside fenced code.
fn prose(file: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    file.lines().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The parenthesised part of `[text](target "title")`, and of references `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.match_indices("](").filter_map(|(at, mark)| {
        let rest = line.get(at + mark.len()..)?;
        rest.split([')', ' ']).next()
    });
    let reference = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .and_then(|(_, target)| target.split_whitespace().next());
    inline.chain(reference).map(|target| target.trim_matches(['<', '>']))
}

fn is_elsewhere(target: &str) -> bool {
    target.is_empty() || target.contains("://") || target.starts_with("mailto:")
}

/// `path` seen from `file`, from the repository's root.
fn resolve(file: &TextFile, path: &str) -> String {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let base = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_heading(tree: &Tree, path: &str, anchor: &str) -> bool {
    let Some(file) = tree.files.iter().find(|file| file.path == path) else { return true };
    if !file.has_extension(&["md"]) {
        return true;
    }
    prose(file).any(|(_, line)| {
        let named = line.contains(&format!("id=\"{anchor}\""));
        named || line.starts_with('#') && slug(line.trim_start_matches('#')) == anchor
    })
}

/// The anchor that code forges make of a heading.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::RULE;

    #[test]
    fn dead_links_are_found() {
        let page = "\
[a](b.md) [b](../README.md#the-two-commands) [c](https://example.org/x) [d](.)
[dead](c.md)
[dead](b.md#nothing)
```
[code](none.md)
```
[dead]: ../docs/d.md
";
        let files = [
            ("docs/a.md", page),
            ("docs/b.md", "# Something\n"),
            ("README.md", "## The two `commands`\n[a](docs)"),
        ];
        assert_eq!(problems(&RULE, &files), ["docs/a.md:2", "docs/a.md:3", "docs/a.md:7"]);
    }
}
