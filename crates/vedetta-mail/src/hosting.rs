//! What a host says by itself, without asking anybody.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a domain is used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Hosting {
    /// Anybody may put pages there.
    Shared,
    /// Anybody may make a form there.
    Form,
    /// It hides where it goes.
    Shortener,
    /// Anybody has a mailbox there.
    Free,
}

struct Table {
    domains: BTreeMap<&'static str, Hosting>,
    endings: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { domains: BTreeMap::new(), endings: Vec::new() };
    for line in include_str!("../data/hosting.csv").lines() {
        let Some((kind, list)) = line.split_once(';') else { continue };
        let hosting = match kind {
            "shared" => Hosting::Shared,
            "form" => Hosting::Form,
            "shortener" => Hosting::Shortener,
            "free" => Hosting::Free,
            "ending" => {
                table.endings.extend(list.split('|'));
                continue;
            }
            _ => continue,
        };
        table.domains.extend(list.split('|').map(|domain| (domain, hosting)));
    }
    table
});

/// What the host, or a domain that it is of, is used for.
pub(crate) fn of(host: &str) -> Option<Hosting> {
    let mut rest = host;
    loop {
        if let Some(hosting) = TABLE.domains.get(rest) {
            return Some(*hosting);
        }
        (_, rest) = rest.split_once('.')?;
    }
}

/// An ending that costs next to nothing and is abused more than used.
pub(crate) fn has_cheap_ending(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|ending| TABLE.endings.contains(&ending))
}

/// A label that nobody would choose to remember.
pub(crate) fn is_random(label: &str) -> bool {
    let label = label.trim_start_matches("xn--");
    let letters = label.chars().filter(char::is_ascii_alphabetic).count();
    let digits = label.chars().filter(char::is_ascii_digit).count();
    let vowels = label.chars().filter(|c| "aeiouy".contains(*c)).count();
    let mut run = 0;
    let longest = label.chars().fold(0, |longest, c| {
        run = if c.is_ascii_alphabetic() && !"aeiouy".contains(c) { run + 1 } else { 0 };
        longest.max(run)
    });
    label.len() >= 8
        && (digits >= 3 && letters >= 3 || longest >= 6 || letters >= 8 && vowels * 6 < letters)
}

#[cfg(test)]
mod tests {
    use super::{Hosting, has_cheap_ending, is_random, of};

    #[test]
    fn hosts_are_known_by_what_they_are_of() {
        assert_eq!(of("x.y.pages.dev"), Some(Hosting::Shared));
        assert_eq!(of("bit.ly"), Some(Hosting::Shortener));
        assert_eq!(of("comune.example"), None);
        assert!(has_cheap_ending("a.top") && !has_cheap_ending("top.example"));
    }

    #[test]
    fn chosen_names_are_not_random() {
        assert!(is_random("x7k2m9qpl") && is_random("qwrtzpsdfg"));
        assert!(!is_random("agenziaentrate") && !is_random("poste") && !is_random("2025"));
    }
}
