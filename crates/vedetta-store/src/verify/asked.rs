//! Whether doors that ask for items by identifier, version or kind are given what they should be.

use std::collections::{BTreeMap, BTreeSet};

use vedetta_model::{Instant, ItemId};

use super::state::{all, query};
use super::{Stop, named};
use crate::entry::Sequence;
use crate::item::{ItemQuery, StoredItem, VersionFilter};
use crate::store::Reader;

/// The served items of a page of entries: what can be asked about them.
pub(super) struct Asked {
    items: Vec<(Sequence, ItemId, Instant)>,
}

impl Asked {
    pub(super) fn of(served: &BTreeMap<Sequence, StoredItem>) -> Self {
        let items = served.iter().map(|(seq, item)| (*seq, item.id.clone(), item.version));
        Self { items: items.collect() }
    }

    pub(super) fn check(&self, reader: &mut dyn Reader) -> Result<(), Stop> {
        let Some(((first, ..), (last, ..))) = self.items.first().zip(self.items.last()) else {
            return Ok(());
        };
        let ids: BTreeSet<_> = self.items.iter().map(|(_, id, _)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let found = named(*first, all(reader, query(Sequence::START, None, &ids)))?;
        let known = |(seq, ..): &&(Sequence, ItemId, Instant)| !found.contains_key(seq);
        if let Some((seq, ..)) = self.items.iter().find(known) {
            return Err(Stop::Broken(*seq, "the state does not find it by its identifier".into()));
        }
        let mut ends: BTreeMap<&ItemId, (Instant, Instant)> = BTreeMap::new();
        for item in found.values() {
            let (first, last) = ends.entry(&item.id).or_insert((item.version, item.version));
            (*first, *last) = ((*first).min(item.version), (*last).max(item.version));
        }
        let after = Sequence(first.0.saturating_sub(1));
        let page = || query(after, Some(*last), &[]);
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
        let told: BTreeSet<_> = named(first, all(reader, question))?.into_keys().collect();
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
