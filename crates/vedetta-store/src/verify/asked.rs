//! Whether doors that ask for items by identifier, version or kind are given what they should be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};

use super::state::{Served, each, query};
use super::{Stop, named};
use crate::entry::Sequence;
use crate::item::{ItemQuery, StoredItem, VersionFilter};
use crate::line::order;
use crate::store::Reader;

/// The served items of a page of entries: what can be asked about them.
pub(super) struct Asked {
    items: Vec<(Sequence, ItemId, Version)>,
}

/// The oldest and the newest served version of items with several, that are read once for all pages
/// on which they are.
pub(super) struct Ends {
    known: HashMap<ItemId, Given>,
}

/// A version, in whose order.
type Version = (Option<OrganisationNumber>, Instant);

/// Of one item, which versions are given to who asks for the oldest and for the newest.
#[derive(Clone, Default)]
struct Given {
    first: Vec<Version>,
    last: Vec<Version>,
}

/// The oldest and the newest version of each order.
type Lines = BTreeMap<Option<OrganisationNumber>, (Instant, Instant)>;

/// Of so many items at once the ends are remembered.
const REMEMBERED: usize = 100_000;

impl Ends {
    pub(super) fn of(_: &[(OrganisationId, OrganisationNumber)]) -> Self {
        Self { known: HashMap::new() }
    }

    /// Those of some items, which an entry asks for.
    fn among(
        &mut self,
        reader: &mut dyn Reader,
        (seq, ids): (Sequence, &[ItemId]),
    ) -> Result<HashMap<ItemId, Given>, Stop> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            ids.iter().cloned().partition(|id| self.known.contains_key(id));
        let known =
            known.into_iter().filter_map(|id| Some((id.clone(), self.known.get(&id)?.clone())));
        let mut found: HashMap<_, _> = known.collect();
        if unknown.is_empty() {
            return Ok(found);
        }
        let mut lines: HashMap<ItemId, Lines> = HashMap::new();
        let mut several = BTreeSet::new();
        let told = each(reader, query(Sequence::START, None, &unknown), |item| {
            let (order, version) = version(&item);
            let lines = lines.entry(item.id.clone()).or_default();
            if !lines.is_empty() {
                several.insert(item.id);
            }
            let (first, last) = lines.entry(order).or_insert((version, version));
            (*first, *last) = ((*first).min(version), (*last).max(version));
        });
        named(seq, told)?;
        for (id, lines) in lines {
            let first = lines.iter().map(|(order, ends)| (*order, ends.0)).collect();
            let last = lines.iter().map(|(order, ends)| (*order, ends.1)).collect();
            found.insert(id, Given { first, last });
        }
        if self.known.len() + several.len() > REMEMBERED {
            self.known.clear();
        }
        let several = several.into_iter();
        self.known.extend(several.filter_map(|id| Some((id.clone(), found.get(&id)?.clone()))));
        Ok(found)
    }
}

fn version(item: &StoredItem) -> Version {
    (order(&item.id, item.producer), item.version)
}

impl Asked {
    pub(super) fn of(served: &BTreeMap<Sequence, Served>) -> Self {
        let items =
            served.iter().map(|(seq, Served { item, .. })| (*seq, item.id.clone(), version(item)));
        Self { items: items.collect() }
    }

    pub(super) fn check(&self, reader: &mut dyn Reader, ends: &mut Ends) -> Result<(), Stop> {
        let Some(((first, ..), (last, ..))) = self.items.first().zip(self.items.last()) else {
            return Ok(());
        };
        let ids: BTreeSet<_> = self.items.iter().map(|(_, id, _)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let after = Sequence(first.0.saturating_sub(1));
        let page = || query(after, Some(*last), &[]);
        let by_id = ItemQuery { ids: &ids, ..page() };
        self.told(reader, by_id, "its identifier", |_, _| true)?;
        let ends = ends.among(reader, (*first, &ids))?;
        let newest = ItemQuery { versions: VersionFilter::Last, ..page() };
        self.told(reader, newest, "the newest version", |id, version| {
            ends.get(id).is_some_and(|given| given.last.contains(version))
        })?;
        let oldest = ItemQuery { versions: VersionFilter::First, ..page() };
        self.told(reader, oldest, "the oldest version", |id, version| {
            ends.get(id).is_some_and(|given| given.first.contains(version))
        })?;
        let kinds: BTreeSet<_> = ids.iter().map(|id| id.kind().to_owned()).collect();
        for kind in kinds {
            let kinds = [kind.clone()];
            let of_kind = ItemQuery { kinds: &kinds, ..page() };
            self.told(reader, of_kind, &kind, |id, _| id.kind() == kind)?;
        }
        Ok(())
    }

    /// Whether a question is answered with those items of which something holds, and no others.
    fn told(
        &self,
        reader: &mut dyn Reader,
        question: ItemQuery<'_>,
        what: &str,
        holds: impl Fn(&ItemId, &Version) -> bool,
    ) -> Result<(), Stop> {
        let first = Sequence(question.after.0 + 1);
        let mut told = BTreeSet::new();
        let asked = each(reader, question, |item| {
            told.insert(item.stamp.seq);
        });
        named(first, asked)?;
        let wanted = self.items.iter().filter(|(_, id, version)| holds(id, version));
        let wanted: BTreeSet<_> = wanted.map(|(seq, ..)| *seq).collect();
        match told.symmetric_difference(&wanted).next() {
            Some(seq) => {
                let given = if told.contains(seq) { "gives" } else { "does not give" };
                Err(Stop::Broken(*seq, format!("the state {given} it to who asks for {what}")))
            }
            None => Ok(()),
        }
    }
}
