//! Organisations by what they are called.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::Member;
use crate::name::fold;

/// Names, aliases and identifier of each organisation, folded, one per line.
#[derive(Debug, Default)]
pub(super) struct Names {
    folded: Vec<Box<str>>,
    /// Made when a text is first looked through: most snapshots are never asked.
    spotter: OnceLock<Spotter>,
}

/// Finds all names in a text in one passage, however many there are.
#[derive(Debug, Default)]
struct Spotter {
    /// `None` for more names than there is room for: then none is found.
    names: Option<AhoCorasick>,
    /// Whose each name is.
    whose: Vec<Vec<usize>>,
}

/// How well a text fits; the first is the best.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Word,
    Part,
}

impl Names {
    pub(super) fn of(members: &[Member]) -> Self {
        let fold_all = |member: &Member| {
            let organisation = &member.organisation;
            let mut lines = fold(&organisation.name);
            for name in
                organisation.aliases.iter().map(String::as_str).chain([organisation.id.as_str()])
            {
                lines.push('\n');
                lines.push_str(&fold(name));
            }
            lines.into()
        };
        Self { folded: members.iter().map(fold_all).collect(), spotter: OnceLock::new() }
    }

    /// Places of the organisations that are called exactly so.
    pub(super) fn called(&self, text: &str) -> Vec<usize> {
        let wanted = fold(text.trim());
        let all = self.folded.iter().enumerate();
        let called = all.filter(|(_, lines)| lines.split('\n').any(|name| name == wanted));
        called.map(|(at, _)| at).collect()
    }

    /// Places of the organisations whose whole name stands in a text.
    pub(super) fn named_in(&self, text: &str) -> BTreeSet<usize> {
        let names = self.folded.iter().map(|lines| lines.split('\n').next().unwrap_or_default());
        self.spotter.get_or_init(|| Spotter::of(names)).spots(&fold(text))
    }

    /// Places of the organisations that fit, the best first.
    pub(super) fn search(&self, text: &str, limit: usize) -> Vec<usize> {
        let wanted = fold(text.trim());
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(Fit, usize, usize)> = self
            .folded
            .iter()
            .enumerate()
            .filter_map(|(at, lines)| Some((fit(lines, &wanted)?, lines.len(), at)))
            .collect();
        found.sort_unstable();
        found.into_iter().take(limit).map(|(_, _, at)| at).collect()
    }
}

/// Shorter names are words of other things too.
const SHORTEST: usize = 5;

impl Spotter {
    /// Of names, folded, each by its place.
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, name) in names.enumerate().filter(|(_, name)| name.len() >= SHORTEST) {
            by_name.entry(name).or_default().push(at);
        }
        let (names, whose): (Vec<_>, _) = by_name.into_iter().unzip();
        Self { names: AhoCorasick::new(names).ok(), whose }
    }

    /// The places of those whose name stands in a text, with nothing grown on to it.
    fn spots(&self, text: &str) -> BTreeSet<usize> {
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let found = self.names.iter().flat_map(|names| names.find_overlapping_iter(text));
        let alone = found.filter(|it| {
            apart(text[..it.start()].chars().next_back()) && apart(text[it.end()..].chars().next())
        });
        alone.filter_map(|it| self.whose.get(it.pattern().as_usize())).flatten().copied().collect()
    }
}

fn fit(lines: &str, wanted: &str) -> Option<Fit> {
    lines
        .match_indices(wanted)
        .map(|(at, _)| {
            let before = lines[..at].chars().next_back();
            let after = lines[at + wanted.len()..].chars().next();
            match (before, after) {
                (None | Some('\n'), None | Some('\n')) => Fit::Whole,
                (None | Some('\n'), _) => Fit::Beginning,
                (Some(before), _) if !before.is_alphanumeric() => Fit::Word,
                _ => Fit::Part,
            }
        })
        .min()
}
