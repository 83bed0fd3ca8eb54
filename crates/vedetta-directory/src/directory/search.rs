//! Organisations by what they are called.

use super::Member;
use crate::name::fold;

/// Names, aliases and identifier of each organisation, folded, one per line.
#[derive(Debug, Default)]
pub(super) struct Names {
    folded: Vec<Box<str>>,
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
        Self { folded: members.iter().map(fold_all).collect() }
    }

    /// Places of the organisations that are called exactly so.
    pub(super) fn called(&self, text: &str) -> Vec<usize> {
        let wanted = fold(text.trim());
        let all = self.folded.iter().enumerate();
        let called = all.filter(|(_, lines)| lines.split('\n').any(|name| name == wanted));
        called.map(|(at, _)| at).collect()
    }

    /// Places of the organisations whose whole name stands in a text.
    pub(super) fn named_in(&self, text: &str) -> Vec<usize> {
        let text = fold(text);
        let all = self.folded.iter().enumerate();
        let named = all.filter(|(_, lines)| {
            let name = lines.split('\n').next().unwrap_or_default();
            name.len() >= SHORTEST && stands_in(&text, name)
        });
        named.map(|(at, _)| at).collect()
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

fn stands_in(text: &str, name: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(name).any(|(at, _)| {
        apart(text[..at].chars().next_back()) && apart(text[at + name.len()..].chars().next())
    })
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
