//! What was released and is not read any more: by whom, and what took it away.
//!
//! None of it is written down item by item. A clearance says for whom it was, today's network who is
//! still entitled, the same network without its lapses what stopped entitling each, and the deliveries
//! who had it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use vedetta_federation::envelope::Stands;
use vedetta_federation::stands::Word;
use vedetta_model::{AgreementId, Audience, Instant, OrganisationId, OrganisationNumber};
use vedetta_policy::{Clearance, Form, Lapse, Lapses, Lost, Outlook, Standing as Binds, TakenBy};
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
    pub(crate) table: Table,
}

/// What was lost when it was last looked for.
#[derive(Default)]
pub(crate) struct Kept {
    table: Mutex<Option<Table>>,
    /// Held by whoever compares.
    comparing: Mutex<()>,
}

/// What of the book is lost as things stand.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) standing: Arc<Standing>,
    pub(crate) lost: Arc<BTreeMap<ClearanceId, Arc<Loss>>>,
    /// How the agreements stand that do not bind.
    lapsed: Arc<BTreeMap<AgreementId, Lapsing>>,
    /// Everyone who was ever in the network.
    numbers: Arc<BTreeMap<OrganisationId, OrganisationNumber>>,
    pub(crate) names: Arc<BTreeMap<OrganisationNumber, OrganisationId>>,
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

/// All that took something under the same key, or what has none, with what of the book each took.
pub(crate) type ByKey<'a> = BTreeMap<Option<Key>, Vec<(ClearanceId, &'a Taken)>>;

impl House {
    /// Compares all that was cleared with what stands; what was compared since it was compiled is kept.
    pub(crate) fn losses(&self) -> Result<Losses<'_>, FlowError> {
        let kept = &self.shared.losses;
        let _one_at_a_time = kept.comparing.lock().unwrap_or_else(PoisonError::into_inner);
        self.compare()
    }

    /// The same, or how it was when somebody else is comparing at the moment: a reader does not wait.
    pub(crate) fn losses_at_hand(&self) -> Result<Losses<'_>, FlowError> {
        let kept = &self.shared.losses;
        match kept.comparing.try_lock() {
            Ok(_one_at_a_time) => self.compare(),
            Err(TryLockError::Poisoned(held)) => {
                let _one_at_a_time = held.into_inner();
                self.compare()
            }
            Err(TryLockError::WouldBlock) => match kept.now() {
                Some(table) => Ok(Losses { house: self, table }),
                None => self.losses(),
            },
        }
    }

    fn compare(&self) -> Result<Losses<'_>, FlowError> {
        let (standing, kept) = (self.standing(), &self.shared.losses);
        let mut table = match kept.now().filter(|it| it.standing.compiled == standing.compiled) {
            Some(table) => table,
            None => self.read(|reader| Table::over(reader, &standing, self.now()))?,
        };
        let fresh = self.shared.book.since(table.upto);
        table.compare(&fresh);
        let mut now = kept.table.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Some(table.clone());
        drop(now);
        Ok(Losses { house: self, table })
    }
}

impl Kept {
    fn now(&self) -> Option<Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        for id in known.chain(standing.network.lapsed()) {
            let lapsing = lapsing(reader, standing, (id, now))?;
            lapsed.extend(lapsing.map(|it| (id.clone(), it)));
        }
        let (standing, lost, lapsed) = (Arc::clone(standing), Arc::default(), Arc::new(lapsed));
        let (numbers, names) = (Arc::new(numbers), Arc::new(names));
        Ok(Self { standing, lost, lapsed, numbers, names, at: now, upto: 0 })
    }

    /// Finds what is lost of some more of the book.
    fn compare(&mut self, lines: &[Arc<Line>]) {
        self.upto += lines.len();
        let network = &self.standing.network;
        let lost = lines.iter().filter_map(|line| {
            // Of holds nobody is told.
            let Line { id, clearance, .. } = &**line;
            let today = network.decision_unheld(&clearance.handling);
            let entitled = today.entitled(clearance.form);
            let lost = || (*id, Arc::clone(clearance), clearance.audience.difference(entitled));
            (!clearance.audience.is_within(entitled)).then(lost)
        });
        let lost: Vec<_> = lost.collect();
        if lost.is_empty() {
            return;
        }
        let lapses = self.standing.lifting(self.lapsed.iter().map(|(id, it)| it.of(id)));
        let everyone = network.everyone();
        let present = lost.iter().map(|(_, clearance, whom)| Lost {
            clearance: Arc::clone(clearance),
            whom: whom.intersection(everyone),
        });
        let present: Vec<_> = present.collect();
        let causes = lapses.causes(&present);
        tracing::debug!(lost = lost.len(), causes.decisions, "looked for what took what is lost");
        let mut parties = BTreeMap::new();
        let mut all = std::mem::take(&mut self.lost);
        let found = Arc::make_mut(&mut all);
        for (((id, clearance, whom), causes), present) in
            lost.into_iter().zip(causes.taken).zip(&present)
        {
            let whom = (&present.whom, &whom);
            let taken = self.taken(&clearance, whom, causes, (&lapses, &mut parties));
            found.insert(id, Arc::new(Loss { clearance, taken }));
        }
        self.lost = all;
    }

    /// What took from whom what was cleared so. An agreement is named to its parties alone, and nothing
    /// to whoever has the form without the victim: it might tell who that is.
    fn taken(
        &self,
        clearance: &Clearance,
        (present, whom): (&Audience, &Audience),
        causes: Vec<TakenBy>,
        (lapses, parties): (&Lapses, &mut BTreeMap<AgreementId, Audience>),
    ) -> Vec<Taken> {
        let mut rest = present.clone();
        let mut taken = Vec::new();
        for it in causes {
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
        for number in whom.difference(present).iter() {
            let Some(id) = self.names.get(&number) else { continue };
            let whom = Audience::from_iter([number]);
            let (by, telling) = (Taker::Left(id.clone()), Telling::Named);
            taken.push(Taken { by, telling, lately: whom.clone(), whom });
        }
        taken.retain(|it| !it.whom.is_empty());
        taken
    }

    /// By whose right, or through whom, something went out who is not in the network any more.
    fn giver_that_left(&self, clearance: &Clearance) -> Option<OrganisationId> {
        let handling = &clearance.handling;
        let givers = handling.via.iter().flat_map(|it| [&it.giver].into_iter().chain(&it.through));
        [&handling.producer].into_iter().chain(givers).find(|it| self.has_left(it)).cloned()
    }

    /// All that took something.
    pub(crate) fn by_key(&self) -> ByKey<'_> {
        let mut all = ByKey::new();
        for (id, loss) in &*self.lost {
            for taken in &loss.taken {
                all.entry(taken.key()).or_default().push((*id, taken));
            }
        }
        all
    }

    /// How each thing stands that took something and has not given it back.
    pub(crate) fn keys(&self, taken: &ByKey<'_>) -> BTreeMap<Key, Lapsing> {
        let named = taken.keys().flatten();
        let named = named.filter_map(|key| Some((key.clone(), self.lapsing(&key.cause)?)));
        let mut keys: BTreeMap<_, _> = named.collect();
        let mut others = Audience::nobody();
        for (_, taken) in taken.get(&None).into_iter().flatten() {
            others.absorb(&taken.whom);
        }
        for id in others.iter().filter_map(|number| self.names.get(&number)) {
            let (now, since) = (Lapsed::Excluded, self.at);
            keys.insert(Key::own(id), Lapsing { now, since, reason: None });
        }
        keys
    }

    /// The number of an organisation, also of one that left.
    pub(crate) fn number(&self, id: &OrganisationId) -> Option<OrganisationNumber> {
        self.numbers.get(id).copied()
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

impl Lapsing {
    fn of(&self, id: &AgreementId) -> Lapse {
        let outlook =
            if self.now == Lapsed::Suspended { Outlook::MayResume } else { Outlook::Over };
        Lapse { agreement: id.clone(), since: self.since, outlook }
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
