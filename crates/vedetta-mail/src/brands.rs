//! Names that lures borrow, and the domains that are truly theirs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Somebody whose name is worth borrowing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brand {
    /// The name for people.
    pub name: String,
    /// What names it in a text, in lower case.
    pub words: Vec<String>,
    /// The registered domains it writes and links from.
    pub domains: Vec<String>,
}

/// The brands that ship with the product, and those of the directory.
#[derive(Debug)]
pub struct Brands {
    all: Vec<Brand>,
    by_domain: BTreeMap<String, usize>,
    words: Option<AhoCorasick>,
    owners: Vec<usize>,
}

static SHIPPED: LazyLock<Brands> =
    LazyLock::new(|| Brands::new(read(include_str!("../data/brands.csv"))));

fn read(table: &str) -> Vec<Brand> {
    let list = |text: &str| {
        text.split('|')
            .map(|word| word.trim().to_lowercase())
            .filter(|word| !word.is_empty())
            .collect()
    };
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut columns = line.split(';');
            let (name, words, domains) = (columns.next()?, columns.next()?, columns.next()?);
            Some(Brand { name: name.into(), words: list(words), domains: list(domains) })
        })
        .collect()
}

impl Brands {
    /// The brands that ship.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The shipped brands and `more`: the organisations of the directory.
    #[must_use]
    pub fn with(more: Vec<Brand>) -> Self {
        Self::new(SHIPPED.all.iter().cloned().chain(more).collect())
    }

    fn new(all: Vec<Brand>) -> Self {
        let mut by_domain = BTreeMap::new();
        let (mut words, mut owners) = (Vec::new(), Vec::new());
        for (number, brand) in all.iter().enumerate() {
            for domain in &brand.domains {
                by_domain.entry(domain.clone()).or_insert(number);
            }
            for word in &brand.words {
                words.push(word.clone());
                owners.push(number);
            }
        }
        let words = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words).ok();
        Self { all, by_domain, words, owners }
    }

    /// The brands that a text names, whole words only; at most eight.
    pub fn named(&self, lower: &str) -> Vec<&Brand> {
        let mut found: Vec<usize> = Vec::new();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        for hit in self.words.iter().flat_map(|words| words.find_iter(lower)) {
            let before = lower.get(..hit.start()).and_then(|text| text.chars().next_back());
            let after = lower.get(hit.end()..).and_then(|text| text.chars().next());
            let Some(owner) = self.owners.get(hit.pattern().as_usize()) else { continue };
            if !letter(before) && !letter(after) && !found.contains(owner) && found.len() < 8 {
                found.push(*owner);
            }
        }
        found.into_iter().filter_map(|owner| self.all.get(owner)).collect()
    }

    /// The brand that a host belongs to.
    #[must_use]
    pub fn owner(&self, host: &str) -> Option<&Brand> {
        let mut rest = host;
        loop {
            if let Some(number) = self.by_domain.get(rest) {
                return self.all.get(*number);
            }
            (_, rest) = rest.split_once('.')?;
        }
    }

    pub(crate) fn all(&self) -> &[Brand] {
        &self.all
    }
}

impl Brand {
    /// Whether a host is of this brand.
    #[must_use]
    pub fn owns(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Brands;

    #[test]
    fn names_are_whole_words_and_hosts_belong() {
        let brands = Brands::shipped();
        let names = |text| brands.named(text).iter().map(|b| b.name.clone()).collect::<Vec<_>>();
        assert_eq!(names("il suo pacco poste italiane"), ["Poste Italiane"]);
        assert_eq!(names("groups and upsets"), [""; 0]);
        assert_eq!(brands.owner("mail.poste.it").map(|b| b.name.as_str()), Some("Poste Italiane"));
        assert!(brands.owner("poste.it.evil.example").is_none());
        assert!(brands.all().len() > 80);
    }
}
