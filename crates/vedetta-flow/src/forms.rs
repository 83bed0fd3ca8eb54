//! Derived forms, made before the unit of work that writes them: who brings much to look through
//! waits, and holds up neither those who read nor those who write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::{Handling, OrganisationId};
use vedetta_store::{EntryKind, Reader, Sequence, StoreError};

use crate::house::Shared;
use crate::redaction::{Derived, facts_of};
use crate::standing::Standing;

/// So often forms are made, while what they rest on changes before they are written.
pub(crate) const TRIES: usize = 3;

/// Derived forms, by the places of their items, or why there is none.
pub(crate) struct Forms {
    standing: Arc<Standing>,
    made: BTreeMap<usize, Result<Derived, String>>,
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

/// Entries looked at in one go.
const PAGE: usize = 200;

impl Forms {
    /// None yet, of what is known of victims, and in the ledger, now.
    pub(crate) fn of(standing: Arc<Standing>, shared: &Shared) -> Result<Self, StoreError> {
        let head = shared.read(|reader| reader.head())?;
        let upto = head.map_or(Sequence::START, |(stamp, _)| stamp.seq);
        let (made, leaning, stale) = (BTreeMap::new(), HashMap::new(), BTreeSet::new());
        Ok(Self { standing, made, leaning, upto, stale })
    }

    pub(crate) fn add(&mut self, place: usize, form: Result<Derived, String>) {
        for id in form.iter().flat_map(|it| &it.leant) {
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
