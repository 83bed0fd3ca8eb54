//! Domains with their subdomains: each linked to the owned domain above it.

use std::collections::HashMap;

use vedetta_model::OrganisationNumber;

use super::{Link, NONE, Owned, Rest, Span, group, place};
use crate::domain::DomainName;

/// The owned domains.
#[derive(Debug, Default)]
pub(super) struct Domains {
    by_name: HashMap<Box<str>, u32>,
    links: Vec<Link>,
    by_registrable: HashMap<Box<str>, Span>,
    /// Labels of the longest owned domain: longer look-ups begin there.
    deepest: usize,
}

impl Domains {
    pub(super) fn build(owned: Owned<DomainName>, numbers: &mut Vec<OrganisationNumber>) -> Self {
        let registrable = owned
            .iter()
            .filter_map(|(name, owner)| Some((Box::<str>::from(name.registrable()?), *owner)))
            .collect();
        let by_registrable = group(registrable, numbers).into_iter().collect();
        let groups = group(owned, numbers);
        let by_name: HashMap<Box<str>, u32> = groups
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (name.as_str().into(), place(index)))
            .collect();
        let above = |name: &DomainName| {
            name.and_above().skip(1).find_map(|above| by_name.get(above)).copied().unwrap_or(NONE)
        };
        let links =
            groups.iter().map(|(name, span)| Link { parent: above(name), span: *span }).collect();
        let deepest = groups.iter().map(|(name, _)| labels(name.as_str())).max().unwrap_or(0);
        Self { by_name, links, by_registrable, deepest }
    }

    /// The owned domains that are the name or above it.
    pub(super) fn covering(&self, name: &DomainName) -> Rest<'_> {
        let surplus = labels(name.as_str()).saturating_sub(self.deepest);
        let found = name.and_above().skip(surplus).find_map(|above| self.by_name.get(above));
        Rest::Chain(&self.links, found.copied().unwrap_or(NONE))
    }

    pub(super) fn neighbours(&self, name: &DomainName) -> Option<Span> {
        self.by_registrable.get(name.registrable()?).copied()
    }
}

fn labels(name: &str) -> usize {
    name.bytes().filter(|b| *b == b'.').count() + 1
}
