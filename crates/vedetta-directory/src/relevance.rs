//! Whom something concerns, by what each organisation owns or depends on.
//!
//! An index over the assets, built once and never changed; a look-up allocates nothing. What
//! contains the observable concerns: a network its addresses, a domain its subdomains. All who
//! are concerned are named, the most specific first.

mod domains;
mod networks;
mod products;
mod reading;

use std::collections::HashMap;
use std::net::IpAddr;

use vedetta_model::asset::AssetValue;
use vedetta_model::{Audience, OrganisationNumber};

use crate::domain::DomainName;
use crate::name::as_domain;
use crate::observable::{Host, Observable};

use domains::Domains;
use networks::Networks;
use products::{Products, Wanted};
pub use reading::{AssetError, Reading};

/// The index.
#[derive(Debug, Default)]
pub struct Relevance {
    numbers: Vec<OrganisationNumber>,
    v4: Networks<u32>,
    v6: Networks<u128>,
    domains: Domains,
    mail: HashMap<Box<str>, Span>,
    names: HashMap<Box<str>, Span>,
    /// The names that are read as domains.
    dotted: HashMap<Box<str>, Span>,
    systems: HashMap<u32, Span>,
    products: Products,
}

/// An asset that could not be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in what was given.
    pub index: usize,
    /// Why.
    pub error: AssetError,
}

/// Whom an observable concerns: groups of organisations, the most specific asset first. An
/// organisation may appear in several groups.
#[derive(Debug, Clone)]
pub struct Concerned<'a> {
    numbers: &'a [OrganisationNumber],
    first: Span,
    rest: Rest<'a>,
    last: Span,
}

/// What follows the first group.
#[derive(Debug, Clone)]
enum Rest<'a> {
    Nothing,
    /// A link and those that enclose it.
    Chain(&'a [Link], u32),
    /// Links inside a network, then the chain of those that enclose it.
    Within(std::slice::Iter<'a, Link>, &'a [Link], u32),
    Products(Wanted<'a>),
}

/// A group in `numbers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    from: u32,
    count: u32,
}

/// A group and the link that encloses it.
#[derive(Debug, Clone, Copy)]
struct Link {
    parent: u32,
    span: Span,
}

/// No link.
const NONE: u32 = u32::MAX;

/// Owners by key, while building.
type Owned<K> = Vec<(K, OrganisationNumber)>;

/// The assets by kind, while building.
#[derive(Default)]
struct Sorted {
    v4: Owned<(u32, std::cmp::Reverse<u32>)>,
    v6: Owned<(u128, std::cmp::Reverse<u128>)>,
    domains: Owned<DomainName>,
    mail: Owned<DomainName>,
    names: Owned<Box<str>>,
    dotted: Owned<DomainName>,
    systems: Owned<u32>,
    products: Owned<crate::cpe::Cpe>,
}

impl Relevance {
    /// Indexes assets; those that cannot be read are left out and named.
    #[must_use]
    pub fn build<'a>(
        assets: impl IntoIterator<Item = (OrganisationNumber, &'a AssetValue)>,
    ) -> (Self, Vec<Refused>) {
        let mut sorted = Sorted::default();
        let mut refused = Vec::new();
        for (index, (owner, value)) in assets.into_iter().enumerate() {
            match Reading::of(value) {
                Ok(reading) => sorted.add(reading, value, owner),
                Err(error) => refused.push(Refused { index, error }),
            }
        }
        (Self::of(sorted), refused)
    }

    fn of(sorted: Sorted) -> Self {
        let mut numbers = Vec::new();
        Self {
            v4: Networks::build(group(sorted.v4, &mut numbers)),
            v6: Networks::build(group(sorted.v6, &mut numbers)),
            mail: by_name(sorted.mail, &mut numbers),
            dotted: by_name(sorted.dotted, &mut numbers),
            names: group(sorted.names, &mut numbers).into_iter().collect(),
            systems: group(sorted.systems, &mut numbers).into_iter().collect(),
            products: Products::build(group(sorted.products, &mut numbers)),
            domains: Domains::build(sorted.domains, &mut numbers),
            numbers,
        }
    }

    /// Whom an observable concerns: those to whom it belongs, then those who depend on a supplier or
    /// service of that name.
    #[must_use]
    pub fn concerned<'a>(&'a self, observable: &'a Observable) -> Concerned<'a> {
        let named = match observable {
            Observable::Domain(name) if !self.dotted.is_empty() => self.dotted.get(name.as_str()),
            _ => None,
        };
        Concerned { last: named.copied().unwrap_or_default(), ..self.owners(observable) }
    }

    /// To whom an observable belongs. A domain that is also a supplier's name belongs to none of those
    /// who depend on it.
    #[must_use]
    pub fn owners<'a>(&'a self, observable: &'a Observable) -> Concerned<'a> {
        match observable {
            Observable::Address(address) => self.by_address(*address),
            Observable::Network(network) => match (network.first(), network.last()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    self.of_rest(self.v4.meeting(first.to_bits(), last.to_bits()))
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    self.of_rest(self.v6.meeting(first.to_bits(), last.to_bits()))
                }
                _ => self.of_rest(Rest::Nothing),
            },
            Observable::Domain(name) => self.by_domain(name),
            Observable::Url(url) => match url.host() {
                Host::Domain(name) => self.by_domain(name),
                Host::Address(address) => self.by_address(*address),
            },
            Observable::Email(mailbox) => self.by_domain(mailbox.domain()),
            Observable::Cpe(cpe) => self.of_rest(Rest::Products(self.products.wanted(cpe))),
            Observable::Asn(number) => self.of_span(self.systems.get(number)),
            Observable::Supplier(name) => self.of_span(self.names.get(name.as_str())),
        }
    }

    /// Those who own something under the same registrable domain, the name itself or not.
    #[must_use]
    pub fn neighbours(&self, name: &DomainName) -> &[OrganisationNumber] {
        self.domains.neighbours(name).map_or(&[], |span| span.of(&self.numbers))
    }

    fn by_address(&self, address: IpAddr) -> Concerned<'_> {
        self.of_rest(match address.to_canonical() {
            IpAddr::V4(v4) => self.v4.covering(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.covering(v6.to_bits()),
        })
    }

    fn by_domain(&self, name: &DomainName) -> Concerned<'_> {
        let first = if self.mail.is_empty() { None } else { self.mail.get(name.as_str()) };
        let rest = self.domains.covering(name);
        Concerned { first: first.copied().unwrap_or_default(), ..self.of_rest(rest) }
    }

    fn of_span(&self, span: Option<&Span>) -> Concerned<'_> {
        let first = span.copied().unwrap_or_default();
        Concerned { first, ..self.of_rest(Rest::Nothing) }
    }

    fn of_rest<'a>(&'a self, rest: Rest<'a>) -> Concerned<'a> {
        Concerned { numbers: &self.numbers, first: Span::default(), rest, last: Span::default() }
    }
}

impl Concerned<'_> {
    /// Everyone, once each.
    #[must_use]
    pub fn everyone(self) -> Audience {
        let mut everyone = Audience::nobody();
        for number in self.flatten() {
            everyone.insert(*number);
        }
        everyone
    }
}

impl<'a> Iterator for Concerned<'a> {
    type Item = &'a [OrganisationNumber];

    fn next(&mut self) -> Option<Self::Item> {
        let first = std::mem::take(&mut self.first);
        let next = if first.count > 0 { Some(first) } else { self.rest.next() };
        let last = |last: Span| (last.count > 0).then_some(last);
        let span = next.or_else(|| last(std::mem::take(&mut self.last)))?;
        Some(span.of(self.numbers))
    }
}

impl Rest<'_> {
    fn next(&mut self) -> Option<Span> {
        match self {
            Self::Nothing => None,
            Self::Chain(links, at) => {
                let link = links.get(*at as usize)?;
                *at = link.parent;
                Some(link.span)
            }
            Self::Within(inside, links, at) => match inside.next() {
                Some(link) => Some(link.span),
                None => {
                    *self = Self::Chain(links, *at);
                    self.next()
                }
            },
            Self::Products(wanted) => wanted.next(),
        }
    }
}

impl Span {
    fn of(self, numbers: &[OrganisationNumber]) -> &[OrganisationNumber] {
        let from = self.from as usize;
        numbers.get(from..from + self.count as usize).unwrap_or(&[])
    }
}

impl Sorted {
    fn add(&mut self, reading: Reading, value: &AssetValue, owner: OrganisationNumber) {
        if let AssetValue::Supplier(text) | AssetValue::Service(text) = value {
            self.dotted.extend(as_domain(text).map(|name| (name, owner)));
        }
        match reading {
            Reading::Domain(name) => self.domains.push((name, owner)),
            Reading::MailDomain(name) => self.mail.push((name, owner)),
            Reading::Network(network) => self.add_network(network, owner),
            Reading::Asn(number) => self.systems.push((number, owner)),
            Reading::Product(cpe) => self.products.push((cpe, owner)),
            Reading::Name(name) => self.names.push((name.as_str().into(), owner)),
            Reading::Service(name, host) => {
                self.names.push((name.as_str().into(), owner));
                match host {
                    Host::Domain(name) => self.domains.push((name, owner)),
                    Host::Address(address) => self.add_network(address.into(), owner),
                }
            }
        }
    }

    fn add_network(&mut self, network: crate::network::Network, owner: OrganisationNumber) {
        use std::cmp::Reverse;
        match (network.first(), network.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                self.v4.push(((first.to_bits(), Reverse(last.to_bits())), owner));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6.push(((first.to_bits(), Reverse(last.to_bits())), owner));
            }
            _ => {}
        }
    }
}

/// Sorts by key and writes each key's owners, once each, as a group.
fn group<K: Ord>(mut owned: Owned<K>, numbers: &mut Vec<OrganisationNumber>) -> Vec<(K, Span)> {
    owned.sort_unstable();
    owned.dedup();
    let mut groups: Vec<(K, Span)> = Vec::new();
    for (key, owner) in owned {
        match groups.last_mut() {
            Some((last, span)) if *last == key => span.count += 1,
            _ => groups.push((key, Span { from: place(numbers.len()), count: 1 })),
        }
        numbers.push(owner);
    }
    groups
}

/// The groups of names.
fn by_name(
    owned: Owned<DomainName>,
    numbers: &mut Vec<OrganisationNumber>,
) -> HashMap<Box<str>, Span> {
    let groups = group(owned, numbers).into_iter();
    groups.map(|(name, span)| (name.as_str().into(), span)).collect()
}

/// A place in a list of fewer than four thousand million.
fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}

#[cfg(test)]
mod tests;
