//! Products by vendor and product, then name by name.

use std::collections::HashMap;
use std::ops::Range;

use super::Span;
use crate::cpe::Cpe;

/// The owned products.
#[derive(Debug, Default)]
pub(super) struct Products {
    /// Those with a wildcard in vendor or product first, then by vendor and product.
    entries: Vec<(Cpe, Span)>,
    by_product: HashMap<Box<str>, Range<usize>>,
    wild: usize,
}

type Entries<'a> = std::slice::Iter<'a, (Cpe, Span)>;

/// The products that a name meets, found while iterating.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    name: &'a Cpe,
    candidates: std::iter::Chain<Entries<'a>, Entries<'a>>,
}

impl Products {
    pub(super) fn build(mut entries: Vec<(Cpe, Span)>) -> Self {
        entries.sort_by(|(a, _), (b, _)| (a.product(), a).cmp(&(b.product(), b)));
        let wild = entries.partition_point(|(cpe, _)| cpe.product().is_none());
        let mut by_product: HashMap<Box<str>, Range<usize>> = HashMap::new();
        for (index, (cpe, _)) in entries.iter().enumerate().skip(wild) {
            if let Some(product) = cpe.product() {
                let range = by_product.entry(product.into()).or_insert(index..index);
                range.end = index + 1;
            }
        }
        Self { entries, by_product, wild }
    }

    /// The products that may be meant: those of the same vendor and product and those with a
    /// wildcard there; all of them when the name itself has one.
    pub(super) fn wanted<'a>(&'a self, name: &'a Cpe) -> Wanted<'a> {
        let (exact, wild) = match name.product() {
            Some(product) => {
                let range = self.by_product.get(product).cloned().unwrap_or_default();
                (&self.entries[range], &self.entries[..self.wild])
            }
            None => (&self.entries[self.wild..], &self.entries[..self.wild]),
        };
        Wanted { name, candidates: exact.iter().chain(wild) }
    }
}

impl Wanted<'_> {
    pub(super) fn next(&mut self) -> Option<Span> {
        let name = self.name;
        self.candidates.find(|(cpe, _)| cpe.meets(name)).map(|(_, span)| *span)
    }
}
