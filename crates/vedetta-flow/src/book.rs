//! The book of clearances: every decision ever interned, and who may read under which of them now.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, AgreementId, OrganisationNumber};
use vedetta_policy::Clearance;
use vedetta_store::{ClearanceId, Form, Reader, StoreError, StoredClearance};

use crate::standing::Standing;

/// All clearances, dense by number from 1.
#[derive(Default)]
pub(crate) struct Book {
    clearances: RwLock<Vec<Arc<Line>>>,
    entitled: Mutex<Entitlements>,
}

/// A clearance and what it rests on.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) id: ClearanceId,
    pub(crate) clearance: Arc<Clearance>,
    pub(crate) under: Arc<[AgreementId]>,
    /// Whether a hold narrowed it.
    pub(crate) held: bool,
}

/// The grounds of a clearance, as the ledger records them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Grounds<'a> {
    /// The agreements used.
    pub(crate) under: Cow<'a, [AgreementId]>,
    /// Whether a hold narrowed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) held: bool,
}

/// Entitlements of one snapshot, forgotten with it.
#[derive(Default)]
struct Entitlements {
    generation: u64,
    clearances: usize,
    known: HashMap<ReaderKey, Arc<Vec<ClearanceId>>>,
}

type ReaderKey = (OrganisationNumber, Option<AccountId>);

/// Readers whose entitlements are remembered at once.
const REMEMBERED: usize = 16_384;

impl Book {
    /// Reads what was interned since the last reading.
    pub(crate) fn catch_up(&self, reader: &mut dyn Reader) -> Result<(), StoreError> {
        let mut book = self.clearances.write().unwrap_or_else(PoisonError::into_inner);
        let last = u32::try_from(book.len()).ok().filter(|&count| count > 0).map(ClearanceId);
        book.extend(reader.clearances(last)?.into_iter().map(|stored| Arc::new(of(stored))));
        Ok(())
    }

    /// One clearance.
    pub(crate) fn get(&self, id: ClearanceId) -> Option<Arc<Clearance>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&page(&book, id)?.clearance))
    }

    /// The agreements that a clearance rests on.
    pub(crate) fn under(&self, id: ClearanceId) -> Option<Arc<[AgreementId]>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&page(&book, id)?.under))
    }

    /// Every clearance.
    pub(crate) fn all(&self) -> Vec<Line> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        book.iter().map(|line| Line::clone(line)).collect()
    }

    /// The clearances under which a reader may read now: recorded and still allowed today.
    pub(crate) fn entitled(
        &self,
        standing: &Standing,
        reader: &vedetta_policy::Reader,
    ) -> Arc<Vec<ClearanceId>> {
        let book = self.clearances.read().unwrap_or_else(PoisonError::into_inner);
        let key = (reader.organisation, reader.person.clone());
        let mut memory = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
        if (memory.generation, memory.clearances) != (standing.generation, book.len())
            || memory.known.len() >= REMEMBERED
        {
            *memory = Entitlements {
                generation: standing.generation,
                clearances: book.len(),
                known: HashMap::new(),
            };
        }
        let open = || {
            let may = |clearance: &Clearance| standing.network.permits(clearance, reader);
            let numbered = (1..).map(ClearanceId).zip(book.iter());
            Arc::new(
                numbered.filter(|(_, it)| may(&it.clearance)).map(|(id, _)| id).collect::<Vec<_>>(),
            )
        };
        Arc::clone(memory.known.entry(key).or_insert_with(open))
    }
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
    let (under, held) = grounds.map_or((Cow::default(), false), |it| (it.under, it.held));
    let clearance = Clearance { handling: stored.handling, form, audience: stored.audience };
    Line { id: stored.id, clearance: Arc::new(clearance), under: under.into(), held }
}
