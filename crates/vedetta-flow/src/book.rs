//! The book of clearances: every decision ever interned, and who may read under which of them now.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use vedetta_federation::limits;
use vedetta_model::{
    AccountId, AgreementId, Audience, Handling, OrganisationId, OrganisationNumber,
};
use vedetta_policy::Clearance;
use vedetta_store::{ClearanceId, Form, Reader, StoreError, StoredClearance};

use crate::standing::Standing;

/// All clearances, dense by number from 1.
#[derive(Default)]
pub struct Book {
    clearances: RwLock<Vec<Arc<Line>>>,
    entitled: Mutex<Entitlements>,
    /// How the items are handled that each organisation brought here.
    handled: RwLock<HashMap<OrganisationId, Handled>>,
    /// The clearances of what is handled alike.
    alike: RwLock<HashMap<Arc<Handling>, Vec<Arc<Line>>>>,
}

/// How the items of one organisation are handled, and the memory that this costs for good.
#[derive(Default)]
struct Handled {
    handlings: HashSet<Arc<Handling>>,
    octets: usize,
}

/// A clearance and what it rests on.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) id: ClearanceId,
    pub(crate) clearance: Arc<Clearance>,
    pub(crate) under: Arc<[AgreementId]>,
}

/// The grounds of a clearance, as the ledger records them.
#[derive(Serialize, Deserialize)]
pub struct Grounds<'a> {
    /// The agreements used.
    pub under: Cow<'a, [AgreementId]>,
}

/// Entitlements of one snapshot, forgotten with it.
#[derive(Default)]
struct Entitlements {
    generation: u64,
    /// How many clearances all of them name together.
    size: usize,
    known: HashMap<ReaderKey, Entitlement>,
}

/// What one reader may read under, among the first clearances of the book.
#[derive(Clone)]
struct Entitlement {
    upto: usize,
    clearances: Arc<Vec<ClearanceId>>,
}

type ReaderKey = (OrganisationNumber, Option<AccountId>);

/// Octets that the handlings of one organisation take at most, with the audiences of their clearances.
/// A decade of a centre's incidents, each of another victim, is far less: 50,000 take as much.
const ROOM: usize = if cfg!(test) { 10 * ONE } else { 50_000 * ONE };
/// Octets of a handling that names nobody, with its clearances.
const ONE: usize = limits::KIND as usize;
/// Clearances named by all remembered entitlements together, at most: 64 MiB.
const REMEMBERED: usize = 16 << 20;

impl Book {
    /// Reads what was interned since the last reading.
    pub(crate) fn catch_up(&self, reader: &mut dyn Reader) -> Result<(), StoreError> {
        let mut book = self.clearances.write().unwrap_or_else(PoisonError::into_inner);
        let last = u32::try_from(book.len()).ok().filter(|&count| count > 0).map(ClearanceId);
        let fresh = reader.clearances(last)?.into_iter().map(|stored| Arc::new(of(stored)));
        let mut handled = self.handled.write().unwrap_or_else(PoisonError::into_inner);
        let mut alike = self.alike.write().unwrap_or_else(PoisonError::into_inner);
        book.extend(fresh.inspect(|line| {
            let handling = &line.clearance.handling;
            alike.entry(Arc::clone(handling)).or_default().push(Arc::clone(line));
            if handling.via.is_empty() {
                handled.entry(handling.producer.clone()).or_default().add(handling);
            }
        }));
        Ok(())
    }

    /// Whether there is room for handlings of an organisation's items, in order: those that are here
    /// already, and as many more as there may be.
    pub(crate) fn room_for(&self, by: &OrganisationId, handlings: &[Arc<Handling>]) -> Vec<bool> {
        let handled = self.handled.read().unwrap_or_else(PoisonError::into_inner);
        let (none, mut fresh) = (Handled::default(), Handled::default());
        let own = handled.get(by).unwrap_or(&none);
        let room = ROOM.saturating_sub(own.octets);
        let mut fits = |handling: &Arc<Handling>| {
            own.handlings.contains(handling)
                || fresh.handlings.contains(handling)
                || (fresh.octets + octets(handling) <= room && fresh.add(handling))
        };
        handlings.iter().map(&mut fits).collect()
    }

    /// Whether something was handled so before: another such costs no more.
    #[must_use]
    pub fn knows(&self, handling: &Handling) -> bool {
        self.alike.read().unwrap_or_else(PoisonError::into_inner).contains_key(handling)
    }

    /// One clearance.
    #[must_use]
    pub fn get(&self, id: ClearanceId) -> Option<Arc<Clearance>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&page(&book, id)?.clearance))
    }

    /// One clearance as a reading sees it. A unit of work also sees those that it wrote itself, and
    /// those of the units that are committed with it: the book has them only afterwards.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn seen_by<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        id: ClearanceId,
    ) -> Result<Option<Arc<Clearance>>, StoreError> {
        if let Some(known) = self.get(id) {
            return Ok(Some(known));
        }
        let fresh = reader.clearances(id.0.checked_sub(1).map(ClearanceId))?;
        let stored = fresh.into_iter().find(|stored| stored.id == id);
        Ok(stored.map(|stored| of(stored).clearance))
    }

    /// The agreements that a clearance rests on.
    #[must_use]
    pub fn under(&self, id: ClearanceId) -> Option<Arc<[AgreementId]>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&page(&book, id)?.under))
    }

    /// To whom the full form of what is handled so was ever cleared.
    #[must_use]
    pub fn had_full(&self, handling: &Handling) -> Audience {
        let alike = self.alike.read().unwrap_or_else(PoisonError::into_inner);
        let mut had = Audience::nobody();
        for Line { clearance, .. } in alike.get(handling).into_iter().flatten().map(Arc::as_ref) {
            if clearance.form == vedetta_policy::Form::Full {
                had.absorb(&clearance.audience);
            }
        }
        had
    }

    /// The clearances of what is handled so.
    pub(crate) fn handled_so(&self, handling: &Handling) -> Vec<Arc<Line>> {
        let alike = self.alike.read().unwrap_or_else(PoisonError::into_inner);
        alike.get(handling).cloned().unwrap_or_default()
    }

    /// How items are handled, in order.
    pub(crate) fn handlings(&self) -> Vec<Arc<Handling>> {
        let alike = self.alike.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = alike.keys().cloned().collect();
        all.sort_unstable();
        all
    }

    /// The clearances that are such, by number.
    pub fn such(&self, is: impl Fn(&Clearance) -> bool) -> Vec<ClearanceId> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        book.iter().filter(|line| is(&line.clearance)).map(|line| line.id).collect()
    }

    /// The clearances that rest on an agreement, by number: here, or where they came from.
    #[must_use]
    pub fn resting_on(&self, agreement: &AgreementId) -> Vec<ClearanceId> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        let rests = |line: &&Arc<Line>| {
            let via = &line.clearance.handling.via;
            line.under.contains(agreement) || via.iter().any(|given| given.on.contains(agreement))
        };
        book.iter().filter(rests).map(|line| line.id).collect()
    }

    /// Whether what rests on an agreement is by one of such producers, or was given by one.
    pub fn rests_on(&self, agreement: &AgreementId, is: impl Fn(&OrganisationId) -> bool) -> bool {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        book.iter().any(|line| {
            let Handling { producer, via, .. } = &*line.clearance.handling;
            let rests = via.iter().any(|given| given.on.contains(agreement));
            rests && (is(producer) || via.iter().any(|given| is(&given.giver)))
        })
    }

    /// Every clearance but the first so many.
    pub(crate) fn since(&self, first: usize) -> Vec<Arc<Line>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        book.get(first..).unwrap_or_default().to_vec()
    }

    /// The clearances under which a reader may read now: recorded and still allowed today.
    pub(crate) fn entitled(
        &self,
        standing: &Standing,
        reader: &vedetta_policy::Reader,
    ) -> Arc<Vec<ClearanceId>> {
        let key = (reader.organisation, reader.person.clone());
        let before = self.remembered(standing.compiled, &key);
        let upto = before.as_ref().map_or(0, |before| before.upto);
        // Only what was interned since, and decided without holding anybody up.
        let fresh = self.since(upto);
        let mut clearances = before.map_or_else(Arc::default, |before| before.clearances);
        let upto = upto + fresh.len();
        let may = |line: &&Arc<Line>| standing.network.permits(&line.clearance, reader);
        let permitted: Vec<_> = fresh.iter().filter(may).map(|line| line.id).collect();
        if !permitted.is_empty() {
            Arc::make_mut(&mut clearances).extend(permitted);
        }
        if !fresh.is_empty() {
            let entitlement = Entitlement { upto, clearances: Arc::clone(&clearances) };
            self.remember(standing.compiled, key, entitlement);
        }
        clearances
    }

    fn remembered(&self, generation: u64, key: &ReaderKey) -> Option<Entitlement> {
        let memory = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
        memory.known.get(key).filter(|_| memory.generation == generation).cloned()
    }

    fn remember(&self, generation: u64, key: ReaderKey, entitlement: Entitlement) {
        let mut memory = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
        let size = entitlement.clearances.len();
        if memory.generation < generation || memory.size + size > REMEMBERED {
            *memory = Entitlements { generation, ..Entitlements::default() };
        }
        if memory.generation == generation {
            memory.size += size;
            if let Some(replaced) = memory.known.insert(key, entitlement) {
                memory.size = memory.size.saturating_sub(replaced.clearances.len());
            }
        }
    }
}

impl Handled {
    fn add(&mut self, handling: &Arc<Handling>) -> bool {
        let new = self.handlings.insert(Arc::clone(handling));
        self.octets += if new { octets(handling) } else { 0 };
        new
    }
}

/// The memory of a handling, with its clearances.
fn octets(handling: &Handling) -> usize {
    usize::try_from(limits::octets(handling)).unwrap_or(usize::MAX)
}

fn page(book: &[Arc<Line>], id: ClearanceId) -> Option<&Arc<Line>> {
    book.get(usize::try_from(id.0).ok()?.checked_sub(1)?)
}

fn of(stored: StoredClearance) -> Line {
    let form = match stored.form {
        Form::Full => vedetta_policy::Form::Full,
        Form::Redacted => vedetta_policy::Form::Redacted,
    };
    let grounds: Option<Grounds<'_>> = serde_json::from_str(&stored.grounds).ok();
    let under = grounds.map_or(Cow::default(), |it| it.under);
    let clearance = Clearance { handling: stored.handling, form, audience: stored.audience };
    Line { id: stored.id, clearance: Arc::new(clearance), under: under.into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vedetta_model::{Category, Pap, Tlp};

    use super::*;

    fn handling(named: usize) -> Arc<Handling> {
        Arc::new(Handling {
            producer: OrganisationId::new("perugia").unwrap(),
            category: Category::Indicator,
            tlp: Tlp::Red,
            pap: Pap::Clear,
            victims: BTreeSet::new(),
            named: [format!("person-{named}@uno").parse().unwrap()].into(),
            only_under: BTreeSet::new(),
            exercise: None,
            via: [].into(),
        })
    }

    #[test]
    fn there_is_room_for_so_many_handlings_and_always_for_those_that_are_here() {
        let (book, perugia) = (Book::default(), handling(0).producer.clone());
        let mut here = Handled::default();
        let one = octets(&handling(0));
        for named in 0..ROOM / one - 2 {
            assert!(here.add(&handling(named)));
        }
        book.handled.write().unwrap().insert(perugia.clone(), here);
        let asked = [90, 0, 91, 90, 92, 1, 91].map(handling);
        let room = book.room_for(&perugia, &asked);
        assert_eq!(room, [true, true, true, true, false, true, true]);
        let terni = OrganisationId::new("terni").unwrap();
        assert_eq!(book.room_for(&terni, &asked), [true; 7], "each organisation has its own room");
        let mut wide = Handling::clone(&handling(0));
        wide.named = (0..1_000).map(|n| format!("wide-{n}@uno").parse().unwrap()).collect();
        let many = book.room_for(&terni, &[Arc::new(wide), handling(0)]);
        assert_eq!(many, [false, true], "who names many takes as much room");
    }
}
