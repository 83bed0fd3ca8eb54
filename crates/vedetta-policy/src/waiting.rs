//! Derived forms that are withheld for now, by how their items are handled: what they rest on keeps
//! changing, or is not here yet.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use vedetta_model::{Handling, ItemId, OrganisationId};

/// How that is handled of which a form is to be looked for again, with from which place on.
pub type Again<P> = HashMap<Arc<Handling>, P>;

/// What waits, each from its place in the ledger on.
pub struct Waiting<P> {
    due: Again<P>,
    /// What is due when the present unit of work is committed.
    coming: Vec<(Arc<Handling>, P)>,
    /// What is due when what was committed is in effect.
    committed: Vec<(Arc<Handling>, P)>,
    /// By what is not here.
    awaited: HashMap<ItemId, Again<P>>,
    /// By producer, what its items wait for, the oldest first.
    of: HashMap<OrganisationId, VecDeque<ItemId>>,
}

/// The items of one producer wait for so much that is not here; then the oldest is given up, and looked
/// for when the node starts again.
const AWAITED: usize = if cfg!(test) { 3 } else { 1_000 };

impl<P> Default for Waiting<P> {
    fn default() -> Self {
        Self {
            due: Again::new(),
            coming: Vec::new(),
            committed: Vec::new(),
            awaited: HashMap::new(),
            of: HashMap::new(),
        }
    }
}

impl<P: Copy + Ord> Waiting<P> {
    /// A form is to be looked for when the present unit of work is in effect.
    pub fn wait(&mut self, handling: &Arc<Handling>, at: P) {
        self.coming.push((Arc::clone(handling), at));
    }

    /// A form is to be looked for when one of such items has come.
    pub fn wait_for(&mut self, ids: &[ItemId], handling: &Arc<Handling>, at: P) {
        for id in ids {
            if enter(self.awaited.entry(id.clone()).or_default(), handling, at) {
                continue;
            }
            let order = self.of.entry(handling.producer.clone()).or_default();
            order.push_back(id.clone());
            if order.len() > AWAITED
                && let Some(oldest) = order.pop_front()
            {
                // For it may wait what is handled in several ways.
                order.retain(|it| *it != oldest);
                self.give_up(oldest, &handling.producer);
            }
        }
    }

    fn give_up(&mut self, id: ItemId, producer: &OrganisationId) {
        if let Entry::Occupied(mut due) = self.awaited.entry(id) {
            due.get_mut().retain(|it, _| it.producer != *producer);
            if due.get().is_empty() {
                due.remove();
            }
        }
    }

    /// The present unit of work places an item, or releases it to more.
    pub fn came(&mut self, id: &ItemId) {
        let found = self.found(id);
        self.coming.extend(found);
    }

    /// What waits for an item is to be looked for now.
    pub fn look_again(&mut self, id: &ItemId) {
        let found = self.found(id);
        self.put_back(&found);
    }

    /// What waited for an item, which it does no longer.
    fn found(&mut self, id: &ItemId) -> Again<P> {
        let found = self.awaited.remove(id).unwrap_or_default();
        for handling in found.keys() {
            if let Some(order) = self.of.get_mut(&handling.producer) {
                order.retain(|it| it != id);
            }
        }
        found
    }

    /// What is waited for, each with how that is handled which waits.
    pub fn awaited(&self) -> impl Iterator<Item = (&ItemId, &Arc<Handling>)> {
        self.awaited.iter().flat_map(|(id, by)| by.keys().map(move |handling| (id, handling)))
    }

    /// The unit of work is committed.
    pub fn committed(&mut self) {
        self.committed.append(&mut self.coming);
    }

    /// What was committed is in effect: whoever looks now finds it.
    pub fn in_effect(&mut self) {
        for (handling, at) in self.committed.drain(..) {
            enter(&mut self.due, &handling, at);
        }
    }

    /// Whether something is to be looked for now.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// What is to be looked for now, which is forgotten.
    pub fn take(&mut self) -> Again<P> {
        std::mem::take(&mut self.due)
    }

    /// It was not looked for after all, or left out.
    pub fn put_back(&mut self, due: &Again<P>) {
        for (handling, at) in due {
            enter(&mut self.due, handling, *at);
        }
    }
}

/// Whether it was there: then the first place counts.
fn enter<P: Copy + Ord>(due: &mut Again<P>, handling: &Arc<Handling>, at: P) -> bool {
    match due.get_mut(handling) {
        Some(first) => {
            *first = at.min(*first);
            true
        }
        None => due.insert(Arc::clone(handling), at).is_some(),
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
            exercise: None,
            via: [].into(),
        })
    }

    fn tool(n: u32) -> ItemId {
        ItemId::new(&format!("tool--00000000-0000-4000-8000-{n:012}")).unwrap()
    }

    #[test]
    fn the_oldest_is_given_up_once_in_however_many_ways_it_is_waited_for() {
        let ids = [1, 2, 3, 4].map(tool);
        let (mut waiting, ways) = (Waiting::default(), [Tlp::Green, Tlp::Amber].map(handling));
        for (id, way) in [(0, 0), (1, 0), (0, 1), (2, 0), (3, 0)] {
            waiting.wait_for(&ids[id..=id], &ways[way], 1);
        }
        let mut awaited: Vec<_> = waiting.awaited().map(|(id, _)| id.clone()).collect();
        awaited.sort();
        assert_eq!(awaited, ids[1..], "the first alone was given up");
    }

    #[test]
    fn what_came_is_due_when_it_is_in_effect_and_no_sooner() {
        let mut waiting = Waiting::default();
        waiting.wait_for(&[tool(1)], &handling(Tlp::Green), 7);
        waiting.came(&tool(1));
        waiting.committed();
        assert!(!waiting.is_due(), "whoever looked now would not find it");
        waiting.in_effect();
        assert_eq!(waiting.take(), Again::from([(handling(Tlp::Green), 7)]));
    }
}
