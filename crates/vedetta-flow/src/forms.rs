//! Derived forms, made before the unit of work that writes them: who brings much to look through
//! waits, and holds up neither those who read nor those who write.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, MutexGuard, PoisonError};

use vedetta_model::{Handling, ItemId, OrganisationId};
use vedetta_store::{EntryKind, Reader, Sequence, StoreError};

use crate::house::Shared;
use crate::redaction::{Derived, NoForm, facts_of, known_to};
use crate::standing::Standing;

/// So often forms are made, while what they rest on changes before they are written.
pub(crate) const TRIES: usize = 3;

/// Derived forms, by the places of their items, or why there is none.
pub(crate) struct Forms {
    standing: Arc<Standing>,
    made: BTreeMap<usize, Result<Derived, NoForm>>,
    /// Which rest on each item of the ledger.
    leaning: HashMap<String, Vec<usize>>,
    /// What came to the ledger up to here is counted in.
    upto: Sequence,
    /// Those that rest on something to which something came since they were made.
    stale: BTreeSet<usize>,
}

/// Forms as they are in a unit of work: what they rest on may have changed since they were made.
pub(crate) struct Settled<'a> {
    forms: &'a Forms,
    stale: BTreeSet<usize>,
}

/// How that is handled of which a form is to be looked for again, with from which place on; at the
/// latest where the last look ended.
pub(crate) type Again = HashMap<Arc<Handling>, Sequence>;

/// What is withheld for now: what it rests on keeps changing, or is not here yet.
#[derive(Default)]
pub(crate) struct Waiting {
    due: Again,
    /// What is due when the present unit of work is committed.
    coming: Vec<(Arc<Handling>, Sequence)>,
    /// By what is not here.
    awaited: HashMap<ItemId, Again>,
    /// By producer, what its items wait for, the oldest first.
    of: HashMap<OrganisationId, VecDeque<ItemId>>,
    /// What stood when it was last asked who may read by now what is awaited.
    asked: u64,
}

/// Entries looked at in one go.
const PAGE: usize = 200;
/// The items of one producer wait for so much that is not here; then the oldest is given up, and looked
/// for when the node starts again.
const AWAITED: usize = if cfg!(test) { 3 } else { 1_000 };

impl Forms {
    /// None yet, of what is known of victims, and in the ledger, now.
    pub(crate) fn of(standing: Arc<Standing>, shared: &Shared) -> Result<Self, StoreError> {
        let head = shared.read(|reader| reader.head())?;
        let upto = head.map_or(Sequence::START, |(stamp, _)| stamp.seq);
        let (made, leaning, stale) = (BTreeMap::new(), HashMap::new(), BTreeSet::new());
        Ok(Self { standing, made, leaning, upto, stale })
    }

    pub(crate) fn add(&mut self, place: usize, form: Result<Derived, NoForm>) {
        let leant = form.as_ref().map_or_else(|none| &none.awaited, |made| &made.leant);
        for id in leant {
            self.leaning.entry(id.to_string()).or_default().push(place);
        }
        self.made.insert(place, form);
    }

    /// Looks at what came since they were made, so that a unit of work looks at the rest alone.
    pub(crate) fn look(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let mut stale = std::mem::take(&mut self.stale);
        let mut upto = self.upto;
        while shared.read(|reader| self.look_on(reader, &mut upto, &mut stale))? {}
        (self.upto, self.stale) = (upto, stale);
        Ok(())
    }

    /// Looks at a page of what came, and says whether there may be more.
    fn look_on<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        upto: &mut Sequence,
        stale: &mut BTreeSet<usize>,
    ) -> Result<bool, StoreError> {
        if self.leaning.is_empty() {
            return Ok(false);
        }
        let page = reader.entries(*upto, PAGE)?;
        for entry in &page {
            if matches!(entry.kind, EntryKind::Item | EntryKind::Rerelease) {
                stale.extend(self.leaning.get(&entry.subject).into_iter().flatten());
            }
        }
        *upto = page.last().map_or(*upto, |last| last.stamp.seq);
        Ok(!page.is_empty())
    }

    /// Whether there can be none of an item.
    pub(crate) fn is_withheld(&self, place: usize) -> bool {
        self.made.get(&place).is_some_and(Result::is_err)
    }

    /// Those that are wanted, by the places of their items with how each is handled.
    pub(crate) fn settle<'a>(
        &'a self,
        reader: &mut dyn Reader,
        standing: &Standing,
        wanted: impl Iterator<Item = (usize, &'a Arc<Handling>)>,
    ) -> Result<Settled<'a>, StoreError> {
        let (mut known, mut upto, mut changed) = (HashMap::new(), self.upto, self.stale.clone());
        while self.look_on(reader, &mut upto, &mut changed)? {}
        let mut stale = BTreeSet::new();
        for (place, handling) in wanted {
            let holds = match self.made.get(&place) {
                Some(Ok(_)) => {
                    !changed.contains(&place) && self.knows_alike(standing, handling, &mut known)
                }
                // What its bringer could not read then it may read now.
                Some(Err(none)) => {
                    let same = self.standing.compiled == standing.compiled;
                    !changed.contains(&place) && (same || none.awaited.is_empty())
                }
                None => false,
            };
            if !holds {
                stale.insert(place);
            }
        }
        Ok(Settled { forms: self, stale })
    }

    /// Whether what is known of the victims is what it was.
    fn knows_alike<'a>(
        &self,
        standing: &Standing,
        handling: &'a Handling,
        known: &mut HashMap<&'a OrganisationId, bool>,
    ) -> bool {
        let alike = |victim| facts_of(&self.standing, victim) == facts_of(standing, victim);
        Arc::ptr_eq(&self.standing.directory, &standing.directory)
            || handling.victims.iter().all(|it| *known.entry(it).or_insert_with(|| alike(it)))
    }
}

impl Settled<'_> {
    /// Whether all that are wanted are there as they would be made now.
    pub(crate) fn are_fresh(&self) -> bool {
        self.stale.is_empty()
    }

    /// Whether the form of an item is withheld for now alone.
    pub(crate) fn may_come(&self, place: usize) -> bool {
        self.stale.contains(&place) || !self.awaited(place).is_empty()
    }

    /// For what the form of an item waits that is not here.
    pub(crate) fn awaited(&self, place: usize) -> &[ItemId] {
        let form = self.forms.made.get(&place).filter(|_| !self.stale.contains(&place));
        form.and_then(|form| form.as_ref().err()).map_or(&[], |none| &none.awaited)
    }

    /// Has the form of an item, released at a place, looked for again when it may come.
    pub(crate) fn wait(
        &self,
        place: usize,
        (shared, handling): (&Shared, &Arc<Handling>),
        at: Sequence,
    ) {
        if self.stale.contains(&place) {
            shared.waiting().coming.push((Arc::clone(handling), at));
        }
        self.wait_for(place, (shared, handling), at);
    }

    /// The same, when what it refers to has come.
    pub(crate) fn wait_for(
        &self,
        place: usize,
        (shared, handling): (&Shared, &Arc<Handling>),
        at: Sequence,
    ) {
        shared.waiting().wait_for(self.awaited(place), handling, at);
    }

    /// The form of an item, or why it is withheld.
    pub(crate) fn get(&self, place: usize) -> Result<&Derived, &str> {
        match self.forms.made.get(&place) {
            Some(Ok(made)) if !self.stale.contains(&place) => Ok(made),
            Some(Err(none)) => Err(&none.reason),
            _ => Err("what it refers to, or what is known of the victim, keeps changing"),
        }
    }
}

impl Waiting {
    fn wait_for(&mut self, ids: &[ItemId], handling: &Arc<Handling>, at: Sequence) {
        for id in ids {
            let due = self.awaited.entry(id.clone()).or_default();
            if enter(due, handling, at) {
                continue;
            }
            let order = self.of.entry(handling.producer.clone()).or_default();
            order.push_back(id.clone());
            if order.len() > AWAITED
                && let Some(oldest) = order.pop_front()
            {
                // For it may wait what is handled in several ways.
                order.retain(|it| *it != oldest);
                if let Entry::Occupied(mut due) = self.awaited.entry(oldest) {
                    due.get_mut().retain(|it, _| it.producer != handling.producer);
                    if due.get().is_empty() {
                        due.remove();
                    }
                }
            }
        }
    }

    fn came(&mut self, id: &ItemId) {
        let found = self.found(id);
        self.coming.extend(found);
    }

    /// What waited for an item, which it does no longer.
    fn found(&mut self, id: &ItemId) -> Again {
        let found = self.awaited.remove(id).unwrap_or_default();
        for handling in found.keys() {
            if let Some(order) = self.of.get_mut(&handling.producer) {
                order.retain(|it| it != id);
            }
        }
        found
    }

    pub(crate) fn committed(&mut self) {
        for (handling, at) in self.coming.drain(..) {
            enter(&mut self.due, &handling, at);
        }
    }

    /// What is to be looked for again, which is forgotten.
    pub(crate) fn take(&mut self) -> Again {
        std::mem::take(&mut self.due)
    }

    pub(crate) fn put_back(&mut self, due: &Again) {
        for (handling, at) in due {
            enter(&mut self.due, handling, *at);
        }
    }

    pub(crate) fn is_due(&self) -> bool {
        !self.due.is_empty()
    }
}

/// Whether it was there: then the first place counts.
fn enter(due: &mut Again, handling: &Arc<Handling>, at: Sequence) -> bool {
    match due.get_mut(handling) {
        Some(first) => {
            *first = at.min(*first);
            true
        }
        None => due.insert(Arc::clone(handling), at).is_some(),
    }
}

impl Shared {
    pub(crate) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a unit of work placed items, or released them to more: forms may have waited for them.
    pub fn came<'a>(&self, items: impl IntoIterator<Item = &'a ItemId>) {
        let mut waiting = self.waiting();
        if !waiting.awaited.is_empty() {
            items.into_iter().for_each(|id| waiting.came(id));
        }
    }

    /// Has looked for again what waits for something that its bringer may read by now, and not when it
    /// was last asked: what stands is another, though nothing was released.
    pub(crate) fn ask_again(&self, standing: &Standing) -> Result<(), StoreError> {
        let waiting = self.waiting();
        if waiting.asked == standing.compiled {
            return Ok(());
        }
        let awaited = waiting.awaited.iter().flat_map(|(id, by)| by.keys().map(move |it| (id, it)));
        let awaited: BTreeSet<_> =
            awaited.map(|(id, it)| (id.clone(), it.producer.clone())).collect();
        drop(waiting);
        for (id, bringer) in awaited {
            let Some(number) = standing.directory.number(&bringer) else { continue };
            if known_to(self, (standing, number), &id)?.is_some() {
                let mut waiting = self.waiting();
                let found = waiting.found(&id);
                waiting.put_back(&found);
            }
        }
        self.waiting().asked = standing.compiled;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use vedetta_model::{Category, Pap, Tlp};

    use super::*;

    fn handling(tlp: Tlp) -> Arc<Handling> {
        Arc::new(Handling {
            producer: OrganisationId::new("perugia").unwrap(),
            category: Category::Incident,
            tlp,
            pap: Pap::Clear,
            victims: [].into(),
            named: [].into(),
            only_under: [].into(),
            via: [].into(),
        })
    }

    #[test]
    fn the_oldest_is_given_up_once_in_however_many_ways_it_is_waited_for() {
        let ids = [1, 2, 3, 4].map(|n| ItemId::of("tool", uuid::Uuid::from_u128(n)));
        let (mut waiting, ways) = (Waiting::default(), [Tlp::Green, Tlp::Amber].map(handling));
        let mut wait = |id: &ItemId, way: &Arc<Handling>| {
            waiting.wait_for(std::slice::from_ref(id), way, Sequence(1));
            let mut awaited: Vec<_> = waiting.awaited.keys().cloned().collect();
            awaited.sort();
            awaited
        };
        for (id, way) in [(&ids[0], 0), (&ids[1], 0), (&ids[0], 1)] {
            wait(id, &ways[way]);
        }
        assert_eq!(wait(&ids[2], &ways[0]), ids[1..3], "the first is given up");
        assert_eq!(wait(&ids[3], &ways[0]), ids[1..], "and leaves room");
    }
}
