//! What was released and is not read any more: by whom, and what took it away.
//!
//! None of it is written down item by item. A clearance says for whom it was, today's network who is
//! still entitled, the same network without its lapses what stopped entitling each, and the deliveries
//! who had it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use vedetta_federation::envelope::Stands;
use vedetta_federation::stands::Word;
use vedetta_model::{AgreementId, Audience, Instant, OrganisationId, OrganisationNumber};
use vedetta_policy::{Clearance, Form, Lapse, Lapses, Outlook, Standing as Binds};
use vedetta_store::{ClearanceId, Reader, StoreError};

use crate::book::Line;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::word_against;
use crate::standing::Standing;
use crate::views::lapses::{Cause, Key, Lapsed, Telling};

/// All that some do not read any more though it was cleared for them.
pub(crate) struct Losses<'a> {
    pub(crate) house: &'a House,
    pub(crate) table: Arc<Table>,
}

/// What of the book is lost as things stand.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) standing: Arc<Standing>,
    pub(crate) lost: BTreeMap<ClearanceId, Arc<Loss>>,
    /// How the agreements stand that do not bind.
    lapsed: BTreeMap<AgreementId, Lapsing>,
    /// Everyone who was ever in the network.
    pub(crate) numbers: BTreeMap<OrganisationId, OrganisationNumber>,
    pub(crate) names: BTreeMap<OrganisationNumber, OrganisationId>,
    /// Since when it is so.
    at: Instant,
    /// How many clearances were compared.
    upto: usize,
}

/// A clearance under which some do not read any more.
pub(crate) struct Loss {
    pub(crate) clearance: Arc<Clearance>,
    pub(crate) taken: Vec<Taken>,
}

/// Whom something took what was cleared alike.
pub(crate) struct Taken {
    pub(crate) by: Taker,
    pub(crate) telling: Telling,
    pub(crate) whom: Audience,
    /// Those of them who lost it with this, and not with what came later.
    pub(crate) lately: Audience,
}

/// What took something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Taker {
    /// An agreement that lapsed.
    Agreement(AgreementId),
    /// That an organisation left.
    Left(OrganisationId),
    /// Something else: another text of an agreement, a provider that one has no longer.
    Other,
}

/// How something stands that took something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lapsing {
    pub(crate) now: Lapsed,
    pub(crate) since: Instant,
    pub(crate) reason: Option<String>,
}

impl House {
    /// Compares all that was cleared with what stands; what was compared since it was compiled is kept.
    pub(crate) fn losses(&self) -> Result<Losses<'_>, FlowError> {
        let standing = self.standing();
        let mut kept = self.shared.losses.lock().unwrap_or_else(PoisonError::into_inner);
        let same = kept.take().filter(|it| it.standing.compiled == standing.compiled);
        let mut table = match same {
            Some(table) => table,
            None => Arc::new(self.read(|reader| Table::over(reader, &standing, self.now()))?),
        };
        let fresh = self.shared.book.since(table.upto);
        if !fresh.is_empty() {
            Arc::make_mut(&mut table).compare(fresh);
        }
        *kept = Some(Arc::clone(&table));
        Ok(Losses { house: self, table })
    }
}

impl Losses<'_> {
    /// Each thing that took what was cleared so.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (ClearanceId, &Taken)> {
        let all = self.table.lost.iter();
        all.flat_map(|(id, loss)| loss.taken.iter().map(|taken| (*id, taken)))
    }
}

impl Table {
    fn over(
        reader: &mut dyn Reader,
        standing: &Arc<Standing>,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let numbers: BTreeMap<_, _> = reader.numbers()?.into_iter().collect();
        let names = numbers.iter().map(|(id, number)| (*number, id.clone())).collect();
        let mut lapsed = BTreeMap::new();
        let known = standing.agreements.iter().map(|it| &it.id);
        for id in known.chain(standing.lapsed_elsewhere()) {
            let lapsing = lapsing(reader, standing, (id, now))?;
            lapsed.extend(lapsing.map(|it| (id.clone(), it)));
        }
        let (standing, lost) = (Arc::clone(standing), BTreeMap::new());
        Ok(Self { standing, lost, lapsed, numbers, names, at: now, upto: 0 })
    }

    /// Finds what is lost of some more of the book.
    fn compare(&mut self, lines: Vec<Arc<Line>>) {
        self.upto += lines.len();
        let network = &self.standing.network;
        let lost = lines.into_iter().filter_map(|line| {
            // Of holds nobody is told.
            let Line { id, clearance, .. } = &*line;
            let today = network.decision_unheld(&clearance.handling);
            let entitled = today.entitled(clearance.form);
            let lost = || (*id, Arc::clone(clearance), clearance.audience.difference(entitled));
            (!clearance.audience.is_within(entitled)).then(lost)
        });
        let lost: Vec<_> = lost.collect();
        if lost.is_empty() {
            return;
        }
        let outlook =
            |now| if now == Lapsed::Suspended { Outlook::MayResume } else { Outlook::Over };
        let lapses = self.lapsed.iter().map(|(id, it)| Lapse {
            agreement: id.clone(),
            since: it.since,
            outlook: outlook(it.now),
        });
        let mut lapses = self.standing.lifting(lapses);
        let mut parties = BTreeMap::new();
        for (id, clearance, whom) in lost {
            let taken = self.taken(&clearance, &whom, (&mut lapses, &mut parties));
            self.lost.insert(id, Arc::new(Loss { clearance, taken }));
        }
    }

    /// What took from whom what was cleared so. An agreement is named to its parties alone, and nothing
    /// to whoever has the form without the victim: it might tell who that is.
    fn taken(
        &self,
        clearance: &Clearance,
        whom: &Audience,
        (lapses, parties): (&mut Lapses, &mut BTreeMap<AgreementId, Audience>),
    ) -> Vec<Taken> {
        let present = whom.intersection(self.standing.network.everyone());
        let mut rest = present.clone();
        let mut taken = Vec::new();
        for it in lapses.causes(clearance, &present) {
            rest = rest.difference(&it.whom);
            let known = || lapses.parties(&it.agreement);
            let parties = parties.entry(it.agreement.clone()).or_insert_with(known);
            let named = match clearance.form {
                Form::Full => it.whom.intersection(parties),
                Form::Redacted => Audience::nobody(),
            };
            let others = it.whom.difference(&named);
            for (telling, whom) in [(Telling::Named, named), (Telling::Nameless, others)] {
                let lately = whom.intersection(&it.lately);
                let by = Taker::Agreement(it.agreement.clone());
                taken.push(Taken { by, telling, whom, lately });
            }
        }
        let by = self.giver_that_left(clearance).map_or(Taker::Other, Taker::Left);
        let knows =
            clearance.form == Form::Full && by == Taker::Left(clearance.handling.producer.clone());
        let telling = if knows { Telling::Named } else { Telling::Nameless };
        taken.push(Taken { by, telling, lately: rest.clone(), whom: rest });
        for number in whom.difference(&present).iter() {
            let Some(id) = self.names.get(&number) else { continue };
            let whom = Audience::from_iter([number]);
            let (by, telling) = (Taker::Left(id.clone()), Telling::Named);
            taken.push(Taken { by, telling, lately: whom.clone(), whom });
        }
        taken.retain(|it| !it.whom.is_empty());
        taken
    }

    /// By whose right something went out who is not in the network any more.
    fn giver_that_left(&self, clearance: &Clearance) -> Option<OrganisationId> {
        let handling = &clearance.handling;
        let givers = handling.via.iter().map(|given| &given.giver);
        [&handling.producer].into_iter().chain(givers).find(|it| self.has_left(it)).cloned()
    }

    /// What took something and has not given it back.
    pub(crate) fn keys(&self) -> BTreeMap<Key, Lapsing> {
        let mut others = Audience::nobody();
        let mut keys = BTreeMap::new();
        for taken in self.lost.values().flat_map(|loss| &loss.taken) {
            let Some(key) = taken.key() else {
                others.absorb(&taken.whom);
                continue;
            };
            if !keys.contains_key(&key)
                && let Some(lapsing) = self.lapsing(&key.cause)
            {
                keys.insert(key, lapsing);
            }
        }
        for id in others.iter().filter_map(|number| self.names.get(&number)) {
            let (now, since) = (Lapsed::Excluded, self.at);
            keys.insert(Key::own(id), Lapsing { now, since, reason: None });
        }
        keys
    }

    /// How something stands that may have taken something.
    pub(crate) fn lapsing(&self, cause: &Cause) -> Option<Lapsing> {
        let left = || Lapsing { now: Lapsed::Removed, since: self.at, reason: None };
        match cause {
            Cause::Agreement(id) => self.lapsed.get(id).cloned(),
            Cause::Organisation(id) => self.has_left(id).then(left),
        }
    }

    /// Everyone who lost something.
    pub(crate) fn losers(&self) -> Audience {
        let mut all = Audience::nobody();
        for taken in self.lost.values().flat_map(|loss| &loss.taken) {
            all.absorb(&taken.whom);
        }
        all
    }

    fn has_left(&self, id: &OrganisationId) -> bool {
        self.numbers.contains_key(id) && self.standing.network.number(id).is_none()
    }
}

impl Taken {
    /// Under which key it is told; each of those whom another thing than a lapse took it has its own.
    pub(crate) fn key(&self) -> Option<Key> {
        let cause = match &self.by {
            Taker::Agreement(id) => Cause::Agreement(id.clone()),
            Taker::Left(id) => Cause::Organisation(id.clone()),
            Taker::Other => return None,
        };
        Some(Key { cause, telling: self.telling })
    }
}

/// How an agreement that does not bind stands.
fn lapsing(
    reader: &mut dyn Reader,
    standing: &Standing,
    (id, now): (&AgreementId, Instant),
) -> Result<Option<Lapsing>, StoreError> {
    let network = &standing.network;
    let begun = network.agreement(id).is_some_and(|it| it.term.from <= now.day());
    let (now, since, reason) = match network.standing(id) {
        Some(Binds::Suspended { since, reason, .. }) => {
            (Lapsed::Suspended, *since, Some(reason.clone()))
        }
        Some(Binds::Expired { since, .. }) => (Lapsed::Ended, *since, None),
        Some(Binds::TermOver { last }) => {
            let after = last.tomorrow().unwrap_or(*last);
            (Lapsed::Ended, Instant::start_of_day(after), None)
        }
        // Resumed by a node whose clock is a moment ahead.
        Some(Binds::NotBegun { .. }) if begun => (Lapsed::Suspended, now, None),
        // What is above says it.
        Some(_) => return Ok(None),
        None => match word_against(reader, id)? {
            None => return Ok(None),
            Some(Word { now: Stands::Suspended, since, reason, .. }) => {
                (Lapsed::Suspended, since, reason)
            }
            Some(Word { since, reason, .. }) => (Lapsed::Ended, since, reason),
        },
    };
    Ok(Some(Lapsing { now, since, reason }))
}
