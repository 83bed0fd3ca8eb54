//! All warning lists as one matcher: which of them does a term hit?

use std::collections::HashMap;
use std::fmt;

use aho_corasick::AhoCorasick;
use ip_network::IpNetwork;
use ip_network_table::IpNetworkTable;
use regex::Regex;

use crate::kind::Kinds;
use crate::term::{Kind, Term};
use crate::warning_list::{Entry, WarningList};
use crate::{domain, network};

/// The matcher. Answers in microseconds, from memory.
#[derive(Default)]
pub struct WarningLists {
    lists: Vec<Listed>,
    networks: IpNetworkTable<Vec<Number>>,
    /// The same networks by family and first address, for terms that are wider.
    by_first: Vec<(bool, u128, u128, Number)>,
    under: HashMap<Box<str>, Vec<Number>>,
    exact: HashMap<Box<str>, Vec<Number>>,
    within: Option<AhoCorasick>,
    /// The list of each pattern of `within`.
    within_of: Vec<Number>,
    /// How many lists those are: when all are hit, the search ends.
    within_lists: usize,
    regexes: Vec<(Regex, Number)>,
}

/// What is told of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    kinds: Kinds,
}

/// That a term is on a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hit<'a> {
    /// Which list.
    pub list: &'a Listed,
    /// What of the term is on it.
    pub reach: Reach,
}

/// What of a term is on a list, the plainest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reach {
    /// The term itself: it is hardly a threat.
    Itself,
    /// The term is a network, and a part of it is on the list.
    Around,
    /// The term is a page or a mailbox, and only its host is on the list: one bad page of a good
    /// site.
    Host,
}

/// More than one matcher holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// More than 65,535 lists.
    #[error("{0} warning lists; at most 65,535 are held")]
    Lists(usize),
    /// Substrings of all lists together.
    #[error(
        "substrings of {0} bytes in all; at most 8,388,608 are held: remove a list of type substring"
    )]
    Substrings(usize),
}

type Number = u16;

/// Bytes that all substrings have at most: an automaton takes many times as much.
const MOST_SUBSTRING_BYTES: usize = 8 << 20;

impl WarningLists {
    /// Puts lists together.
    ///
    /// # Errors
    /// [`BuildError`] when it is more than can be held.
    pub fn build(lists: &[WarningList]) -> Result<Self, BuildError> {
        let mut all = Self {
            lists: Vec::with_capacity(lists.len()),
            networks: IpNetworkTable::new(),
            by_first: Vec::new(),
            under: HashMap::new(),
            exact: HashMap::new(),
            within: None,
            within_of: Vec::new(),
            within_lists: 0,
            regexes: Vec::new(),
        };
        let mut substrings = Vec::new();
        for (at, list) in lists.iter().enumerate() {
            let number = Number::try_from(at).map_err(|_| BuildError::Lists(lists.len()))?;
            let WarningList { name, version, kinds, .. } = list;
            all.lists.push(Listed { name: name.clone(), version: *version, kinds: *kinds });
            for entry in &list.entries {
                match entry {
                    Entry::Within(text) => {
                        substrings.push(text);
                        all.within_of.push(number);
                    }
                    Entry::Regex(regex) => all.regexes.push((regex.clone(), number)),
                    other => all.add(other, number),
                }
            }
        }
        all.by_first.sort_unstable();
        all.within_lists = all.within_of.chunk_by(|a, b| a == b).count();
        let bytes = substrings.iter().map(|text| text.len()).sum();
        if bytes > MOST_SUBSTRING_BYTES {
            return Err(BuildError::Substrings(bytes));
        }
        if !substrings.is_empty() {
            let built = AhoCorasick::new(substrings.iter().map(|text| text.as_bytes()));
            all.within = Some(built.map_err(|_| BuildError::Substrings(bytes))?);
        }
        Ok(all)
    }

    fn add(&mut self, entry: &Entry, number: Number) {
        let numbers = match entry {
            Entry::Network(network) => {
                let (family, first, last) = network::span(*network);
                self.by_first.push((family, first, last, number));
                if let Some(numbers) = self.networks.exact_match_mut(*network) {
                    numbers
                } else {
                    self.networks.insert(*network, vec![number]);
                    return;
                }
            }
            Entry::Under(domain) => self.under.entry(domain.clone()).or_default(),
            Entry::Exact(text) => self.exact.entry(text.clone()).or_default(),
            Entry::Within(_) | Entry::Regex(_) => return,
        };
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }

    /// The lists, in the order given.
    #[must_use]
    pub fn lists(&self) -> &[Listed] {
        &self.lists
    }

    /// The lists that a term is on, each once, in the order given.
    #[must_use]
    pub fn hits(&self, term: &Term) -> Vec<Hit<'_>> {
        let mut found = Found::default();
        self.by_value(term, &mut found);
        match term.kind() {
            Kind::Url | Kind::EmailAddress => {
                let bare = term.url().is_some_and(|url| url.is_bare());
                let reach = if bare { Reach::Itself } else { Reach::Host };
                if let Some(host) = term.host() {
                    let as_whole = if bare { self.of(host.kind()) } else { Vec::new() };
                    self.by_host(&host, &mut found, reach);
                    found.keep(|number| {
                        self.speaks_of(number, term.kind()) || as_whole.contains(&number)
                    });
                }
            }
            kind => {
                self.by_host(term, &mut found, Reach::Itself);
                found.keep(|number| self.speaks_of(number, kind));
            }
        }
        found.finish(|number| self.lists.get(usize::from(number)))
    }

    fn speaks_of(&self, number: Number, kind: Kind) -> bool {
        self.lists.get(usize::from(number)).is_some_and(|list| list.kinds.contain(kind))
    }

    /// The lists that speak of a kind.
    fn of(&self, kind: Kind) -> Vec<Number> {
        let numbered = (0..).zip(&self.lists);
        numbered.filter(|(_, list)| list.kinds.contain(kind)).map(|(number, _)| number).collect()
    }

    /// What compares the whole text.
    fn by_value(&self, term: &Term, found: &mut Found) {
        let value = term.value().to_lowercase();
        found.add(self.exact.get(value.as_str()), Reach::Itself);
        if let Some(within) = &self.within {
            let mut hit = std::collections::BTreeSet::new();
            for found in within.find_overlapping_iter(&value) {
                hit.extend(self.within_of.get(found.pattern().as_usize()));
                if hit.len() == self.within_lists {
                    break;
                }
            }
            found.0.extend(hit.into_iter().map(|number| (number, Reach::Itself)));
        }
        for (regex, number) in &self.regexes {
            if self.speaks_of(*number, term.kind()) && regex.is_match(term.value()) {
                found.0.push((*number, Reach::Itself));
            }
        }
    }

    /// What compares a domain or an address.
    fn by_host(&self, host: &Term, found: &mut Found, reach: Reach) {
        found.add(self.exact.get(host.value()), reach);
        if let Some(network) = host.network() {
            self.by_network(network, found, reach);
        } else if host.kind() == Kind::Domain {
            for name in domain::and_above(host.value()) {
                found.add(self.under.get(name), reach);
            }
        }
    }

    fn by_network(&self, term: IpNetwork, found: &mut Found, reach: Reach) {
        for (listed, numbers) in self.networks.matches(term.network_address()) {
            if network::holds(listed, term) {
                found.add(Some(numbers), reach);
            }
        }
        if network::is_single(term) {
            return;
        }
        let (family, first, last) = network::span(term);
        let from = self.by_first.partition_point(|it| (it.0, it.1) < (family, first));
        let within = self.by_first[from..].iter().take_while(|it| it.0 == family && it.1 <= last);
        found.0.extend(within.filter(|it| it.2 <= last).map(|it| (it.3, Reach::Around)));
    }
}

impl Reach {
    /// Whether to act on the term would be to act on what is listed.
    #[must_use]
    pub const fn is_doubtful(self) -> bool {
        matches!(self, Self::Itself | Self::Around)
    }
}

impl fmt::Debug for WarningLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarningLists").field("lists", &self.lists).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Found(Vec<(Number, Reach)>);

impl Found {
    fn add(&mut self, numbers: Option<&Vec<Number>>, reach: Reach) {
        self.0.extend(numbers.into_iter().flatten().map(|number| (*number, reach)));
    }

    fn keep(&mut self, speaks: impl Fn(Number) -> bool) {
        self.0.retain(|(number, _)| speaks(*number));
    }

    fn finish<'a>(mut self, list: impl Fn(Number) -> Option<&'a Listed>) -> Vec<Hit<'a>> {
        self.0.sort_unstable();
        self.0.dedup_by_key(|(number, _)| *number);
        let hits = self.0.into_iter();
        hits.filter_map(|(number, reach)| Some(Hit { list: list(number)?, reach })).collect()
    }
}

#[cfg(test)]
mod tests;
