//! Names that lures borrow, and the domains that are truly theirs.

use std::collections::{BTreeSet, HashMap};
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
    by_domain: HashMap<String, u32>,
    /// Each domain and whose it is, in order; what follows points here.
    places: Vec<(usize, String)>,
    /// By the name that a domain begins with.
    labels: HashMap<String, Vec<u32>>,
    /// By that name with one letter or none left out.
    gaps: HashMap<String, Vec<u32>>,
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
        let (mut by_domain, mut places) = (HashMap::new(), Vec::new());
        let mut labels: HashMap<String, Vec<u32>> = HashMap::new();
        let (mut words, mut owners) = (Vec::new(), Vec::new());
        for (number, brand) in all.iter().enumerate() {
            for domain in &brand.domains {
                let place = u32::try_from(places.len()).unwrap_or(u32::MAX);
                by_domain.entry(domain.clone()).or_insert(place);
                labels.entry(own_label(domain).to_owned()).or_default().push(place);
                places.push((number, domain.clone()));
            }
            for word in &brand.words {
                words.push(word.clone());
                owners.push(number);
            }
        }
        let words = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words).ok();
        let owners_of = |found: &Vec<u32>| {
            let owner = |place: &u32| places.get(*place as usize).map(|(owner, _)| *owner);
            found.iter().filter_map(owner).collect::<BTreeSet<_>>().len()
        };
        labels.retain(|label, found| label.len() >= SHORTEST && owners_of(found) <= MOST_OWNERS);
        let mut gaps: HashMap<String, Vec<u32>> = HashMap::new();
        for (label, found) in &labels {
            for gap in gaps_of(label) {
                gaps.entry(gap).or_default().extend(found);
            }
        }
        Self { all, by_domain, places, labels, gaps, words, owners }
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
            if let Some(place) = self.by_domain.get(rest) {
                return self.place(*place).map(|(brand, _)| brand);
            }
            (_, rest) = rest.split_once('.')?;
        }
    }

    fn place(&self, place: u32) -> Option<(&Brand, &str)> {
        let (owner, domain) = self.places.get(place as usize)?;
        Some((self.all.get(*owner)?, domain))
    }

    /// The domains that a host may resemble, in order: all that do are among them. `label` is its own
    /// name as it is written, `plain` as the eye takes it, `before` what stands before it.
    pub(crate) fn alike(&self, (label, plain): (&str, &str), before: &str) -> Vec<(&Brand, &str)> {
        let mut found: BTreeSet<u32> = BTreeSet::new();
        let ends = plain.char_indices().flat_map(|(at, _)| [plain.get(..at), plain.get(at..)]);
        let named = ends.flatten().chain(plain.split('-')).chain([label, plain]);
        for name in named {
            found.extend(self.labels.get(name).into_iter().flatten());
        }
        for gap in gaps_of(plain) {
            found.extend(self.gaps.get(&gap).into_iter().flatten());
        }
        let labels: Vec<&str> = before.split('.').collect();
        for from in 0..labels.len() {
            for to in from + 2..=labels.len().min(from + MOST_LABELS) {
                let run = labels.get(from..to).unwrap_or_default().join(".");
                found.extend(self.by_domain.get(&run));
            }
        }
        found.into_iter().filter_map(|place| self.place(place)).collect()
    }
}

/// Names shorter than this are in too many others.
const SHORTEST: usize = 4;
/// A name that more have is nobody's: `comune`.
const MOST_OWNERS: usize = 2;
/// Labels of a domain that a host may begin with.
const MOST_LABELS: usize = 5;
/// Longer names are no lookalikes of one letter.
const LONGEST: usize = 64;

/// The name that a domain begins with.
pub(crate) fn own_label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or_default()
}

/// A name, and all that it is with one letter left out: two names of which one letter differs have
/// one of these in common.
fn gaps_of(label: &str) -> Vec<String> {
    let without = |(at, letter): (usize, char)| {
        let rest = label.get(at + letter.len_utf8()..).unwrap_or_default();
        format!("{}{rest}", label.get(..at).unwrap_or_default())
    };
    let gaps = label.char_indices().take(LONGEST).map(without);
    gaps.chain([label.to_owned()]).collect()
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
        assert!(brands.all.len() > 80);
    }
}
