//! Derived forms, made before the unit of work that writes them: who brings much to look through
//! waits, and holds up neither those who read nor those who write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::{Handling, ItemId, OrganisationId};
use vedetta_store::{Reader, StoreError};

use crate::redaction::{Derived, facts_of};
use crate::standing::Standing;

/// So often forms are made, while what they rest on changes before they are written.
pub(crate) const TRIES: usize = 3;

/// Derived forms, by the places of their items, or why there is none.
pub(crate) struct Forms {
    standing: Arc<Standing>,
    made: BTreeMap<usize, Result<Derived, String>>,
}

/// Forms as they are in a unit of work: what they rest on may have changed since they were made.
pub(crate) struct Settled<'a> {
    forms: &'a Forms,
    stale: BTreeSet<usize>,
}

impl Forms {
    /// None yet, of what is known of victims now.
    pub(crate) const fn of(standing: Arc<Standing>) -> Self {
        Self { standing, made: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, place: usize, form: Result<Derived, String>) {
        self.made.insert(place, form);
    }

    /// Those that are wanted, by the places of their items with how each is handled.
    pub(crate) fn settle<'a>(
        &'a self,
        reader: &mut dyn Reader,
        standing: &Standing,
        wanted: impl Iterator<Item = (usize, &'a Arc<Handling>)>,
    ) -> Result<Settled<'a>, StoreError> {
        let (mut known, mut counted, mut stale) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        for (place, handling) in wanted {
            let holds = match self.made.get(&place) {
                Some(Ok(made)) => {
                    self.knows_alike(standing, handling, &mut known)
                        && stands(made, reader, &mut counted)?
                }
                Some(Err(_)) => true,
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

/// Whether nothing has come since of what a form leans on.
fn stands<'a>(
    made: &'a Derived,
    reader: &mut dyn Reader,
    counted: &mut HashMap<&'a ItemId, usize>,
) -> Result<bool, StoreError> {
    for (id, releases) in &made.leant {
        let now = match counted.get(id) {
            Some(now) => *now,
            None => reader.releases(id)?.len(),
        };
        counted.insert(id, now);
        if now != *releases {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Settled<'_> {
    /// Whether all that are wanted are there as they would be made now.
    pub(crate) fn are_fresh(&self) -> bool {
        self.stale.is_empty()
    }

    /// Whether the form of an item is withheld for now alone.
    pub(crate) fn may_come(&self, place: usize) -> bool {
        self.stale.contains(&place)
    }

    /// The form of an item, or why it is withheld.
    pub(crate) fn get(&self, place: usize) -> Result<&Derived, &str> {
        match self.forms.made.get(&place) {
            Some(Ok(made)) if !self.stale.contains(&place) => Ok(made),
            Some(Err(reason)) => Err(reason),
            _ => Err("what it refers to, or what is known of the victim, keeps changing"),
        }
    }
}
