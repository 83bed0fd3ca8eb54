//! Derived forms, made before the unit of work that writes them: who brings much to look through
//! waits, and holds up neither those who read nor those who write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use vedetta_model::{Handling, ItemId, OrganisationId};
use vedetta_policy::{Again, Waiting};
use vedetta_store::{EntryKind, Reader, Sequence, StoreError};

use crate::house::Shared;
use crate::redaction::{Derived, NoForm, Readable, Redactor, facts_of, known_to};
use crate::standing::Standing;

/// So often forms are made, while what they rest on changes before they are written.
pub(crate) const TRIES: usize = 3;

/// Derived forms, by the places of their items, or why there is none.
pub(crate) struct Forms {
    standing: Arc<Standing>,
    redactor: Redactor,
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

/// Entries looked at in one go.
const PAGE: usize = 200;

impl Forms {
    /// None yet, of what is known of victims, and in the ledger, now: what is committed and not in effect
    /// yet comes after that.
    pub(crate) fn of(standing: Arc<Standing>, redactor: &Redactor, shared: &Shared) -> Self {
        let (made, leaning, stale) = (BTreeMap::new(), HashMap::new(), BTreeSet::new());
        let (redactor, upto) = (redactor.clone(), shared.bell.last());
        Self { standing, redactor, made, leaning, upto, stale }
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
                Some(Ok(made)) => {
                    !changed.contains(&place)
                        && self.knows_alike(standing, handling, &mut known)
                        && self.redactor.name(reader, &made.of)? == made.id
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
            shared.waiting().wait(handling, at);
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

/// What is looked for again now; what of it is not looked for after all is due still.
pub(crate) struct Taken<'a> {
    shared: &'a Shared,
    due: Again<Sequence>,
}

impl<'a> Taken<'a> {
    pub(crate) fn of(shared: &'a Shared) -> Self {
        Self { shared, due: shared.waiting().take() }
    }

    pub(crate) fn get(&self, handling: &Arc<Handling>) -> Option<Sequence> {
        self.due.get(handling).copied()
    }

    pub(crate) fn handlings(&self) -> Vec<Arc<Handling>> {
        self.due.keys().cloned().collect()
    }

    /// It was looked for; at the latest where this look began it is to be looked for again.
    pub(crate) fn left_out(&mut self, handling: Arc<Handling>) {
        self.due.entry(handling).or_insert(Sequence(u64::MAX));
    }

    /// It was looked for.
    pub(crate) fn done(&mut self, handling: &Arc<Handling>) {
        self.due.remove(handling);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.shared.waiting().put_back(&self.due);
    }
}

impl Shared {
    pub(crate) fn waiting(&self) -> MutexGuard<'_, Waiting<Sequence>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a unit of work placed items, or released them to more: forms may have waited for them.
    pub fn came<'a>(&self, items: impl IntoIterator<Item = &'a ItemId>) {
        let mut waiting = self.waiting();
        items.into_iter().for_each(|id| waiting.came(id));
    }

    /// Has looked for again what waits for something that its bringer may read by now: what stands is
    /// another than when it was last asked, though nothing was released.
    pub(crate) fn ask_again(&self, standing: &Standing) -> Result<(), StoreError> {
        let waiting = self.waiting();
        let awaited = waiting.awaited().map(|(id, it)| (id.clone(), it.producer.clone()));
        let awaited: BTreeSet<_> = awaited.collect();
        drop(waiting);
        let mut readable = Readable::default();
        for (id, bringer) in awaited {
            let Some(number) = standing.directory.number(&bringer) else { continue };
            let readable = readable.of(&self.book, standing, number);
            if known_to(self, (number, readable), &id)?.is_some() {
                self.waiting().look_again(&id);
            }
        }
        Ok(())
    }
}
