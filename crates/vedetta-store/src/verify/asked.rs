//! Whether doors that ask for items by identifier, version or kind are given what they should be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vedetta_model::{Instant, ItemId};

use super::state::{Served, each, query};
use super::{Stop, named};
use crate::entry::Sequence;
use crate::item::{ItemQuery, VersionFilter};
use crate::store::Reader;

/// The served items of a page of entries: what can be asked about them.
pub(super) struct Asked {
    items: Vec<(Sequence, ItemId, Instant)>,
}

/// The oldest and the newest served version of items with several, that are read once for all pages
/// on which they are.
#[derive(Default)]
pub(super) struct Ends(HashMap<ItemId, (Instant, Instant)>);

/// Of so many items at once the ends are remembered.
const REMEMBERED: usize = 100_000;

impl Ends {
    /// Those of some items, which an entry asks for.
    fn of(
        &mut self,
        reader: &mut dyn Reader,
        (seq, ids): (Sequence, &[ItemId]),
    ) -> Result<HashMap<ItemId, (Instant, Instant)>, Stop> {
        let mut found = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids {
            match self.0.get(id) {
                Some(ends) => {
                    found.insert(id.clone(), *ends);
                }
                None => unknown.push(id.clone()),
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let mut several = BTreeSet::new();
        let told = each(reader, query(Sequence::START, None, &unknown), |item| {
            let Some((first, last)) = found.get_mut(&item.id) else {
                found.insert(item.id, (item.version, item.version));
                return;
            };
            (*first, *last) = ((*first).min(item.version), (*last).max(item.version));
            several.insert(item.id);
        });
        named(seq, told)?;
        if self.0.len() + several.len() > REMEMBERED {
            self.0.clear();
        }
        self.0.extend(several.into_iter().filter_map(|id| Some((id.clone(), *found.get(&id)?))));
        Ok(found)
    }
}

impl Asked {
    pub(super) fn of(served: &BTreeMap<Sequence, Served>) -> Self {
        let items =
            served.iter().map(|(seq, Served { item, .. })| (*seq, item.id.clone(), item.version));
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
        let ends = ends.of(reader, (*first, &ids))?;
        let newest = ItemQuery { versions: VersionFilter::Last, ..page() };
        self.told(reader, newest, "the newest version", |id, at| {
            ends.get(id).is_some_and(|(_, last)| *last == at)
        })?;
        let oldest = ItemQuery { versions: VersionFilter::First, ..page() };
        self.told(reader, oldest, "the oldest version", |id, at| {
            ends.get(id).is_some_and(|(first, _)| *first == at)
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
        holds: impl Fn(&ItemId, Instant) -> bool,
    ) -> Result<(), Stop> {
        let first = Sequence(question.after.0 + 1);
        let mut told = BTreeSet::new();
        let asked = each(reader, question, |item| {
            told.insert(item.stamp.seq);
        });
        named(first, asked)?;
        let wanted = self.items.iter().filter(|(_, id, version)| holds(id, *version));
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
