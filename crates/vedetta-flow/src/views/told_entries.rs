//! Entries as an auditor reads them: names where the ledger has numbers.
//!
//! The ledger names organisations, clearances and releases by number, which is short and never changes.
//! What is told here stands beside that, never in its place: the chain is computed over the numbers.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Map, Value, json};
use vedetta_model::{AccountId, Actor, Audience, OrganisationNumber};
use vedetta_store::written::{self, ItemFacts};
use vedetta_store::{
    Acknowledgement, ClearanceId, DeliveryBatch, Entry, EntryKind, Reader, Sequence, StoreError,
    told,
};

use crate::authority::AUDITORS;
use crate::credentials::Token;
use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

/// An entry, and what it says by names.
#[derive(Clone, Debug)]
pub struct ToldEntry {
    /// The entry as the ledger has it.
    pub entry: Entry,
    /// Who did it: `account@organisation`, or the name of a step.
    pub by: String,
    /// Its facts, and what of its body an auditor asks for.
    pub told: Map<String, Value>,
}

/// Organisations, items and batches that are named of one entry at most; their number is told besides.
const NAMED: usize = 20;
/// Releases looked up for one answer, each with its body; any more are counted and not named.
const LOOKED_UP: usize = 1_000;
/// Of so many entries about deliveries in one answer everything is named that is named of one.
const WHOLE: usize = LOOKED_UP / (NAMED * NAMED);

impl House {
    /// The same, a few at a time, so that of each everything is named. Whoever asks bounds how many.
    ///
    /// # Errors
    /// As [`House::tell`].
    pub fn tell_whole(&self, by: &Actor, entries: Vec<Entry>) -> Result<Vec<ToldEntry>, FlowError> {
        let (mut all, mut few, mut large) = (Vec::with_capacity(entries.len()), Vec::new(), 0);
        for entry in entries {
            large += usize::from(entry.kind == EntryKind::Delivered);
            if large > WHOLE {
                all.extend(self.tell(by, std::mem::take(&mut few))?);
                large = 1;
            }
            few.push(entry);
        }
        all.extend(self.tell(by, few)?);
        Ok(all)
    }

    /// Entries with their names.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn tell(&self, by: &Actor, entries: Vec<Entry>) -> Result<Vec<ToldEntry>, FlowError> {
        self.require_room(by, AUDITORS, "read the ledger")?;
        let standing = self.standing();
        let (known, left) = (RefCell::default(), Cell::new(LOOKED_UP));
        let names = Names { house: self, standing: &standing, known, left };
        let told = self.read(|reader| {
            entries.iter().map(|entry| names.told(reader, entry)).collect::<Result<Vec<_>, _>>()
        })?;
        let tell =
            |(entry, told): (Entry, _)| ToldEntry { by: names.account(&entry.actor), entry, told };
        Ok(entries.into_iter().zip(told).map(tell).collect())
    }
}

/// Who and what is meant by a number.
struct Names<'a> {
    house: &'a House,
    standing: &'a Standing,
    /// The items of releases that were looked up, and how many more may be.
    known: RefCell<HashMap<u64, Option<String>>>,
    left: Cell<usize>,
}

impl Names<'_> {
    fn told(
        &self,
        reader: &mut dyn Reader,
        entry: &Entry,
    ) -> Result<Map<String, Value>, StoreError> {
        let mut told: Map<String, Value> = serde_json::from_str(&entry.facts).unwrap_or_default();
        match entry.kind {
            EntryKind::Item => self.item(&entry.facts, &mut told),
            EntryKind::Delivered => {
                let batches = written::read_delivered(&entry.body).unwrap_or_default();
                let named: Result<Vec<_>, _> =
                    batches.iter().take(NAMED).map(|it| self.delivery(reader, it)).collect();
                told.insert("deliveries".into(), named?.into());
                told.insert("deliveries_count".into(), batches.len().into());
            }
            EntryKind::Acknowledged => {
                if let Ok(it) = serde_json::from_slice::<Acknowledgement>(&entry.body) {
                    told.insert("organisation".into(), self.organisation(it.organisation).into());
                    told.extend(it.note.map(|note| ("note".to_owned(), note.into())));
                }
            }
            EntryKind::Numbered => {
                told.insert("organisation".into(), entry.subject.as_str().into());
            }
            EntryKind::Put | EntryKind::Removed => {
                if told.get("record") == Some(&json!("account")) {
                    told.insert("account".into(), self.account(&entry.subject).into());
                }
                if told.get("record") == Some(&json!("token"))
                    && let Ok(token) = serde_json::from_slice::<Token>(&entry.body)
                {
                    told.insert("account".into(), self.account(token.account.as_str()).into());
                }
                told::record(&entry.body, &mut told);
            }
            EntryKind::Deed if told.get("deed") == Some(&json!("said")) => {
                told::said(&entry.body, &mut told);
            }
            _ => {}
        }
        if let Some(id) = told.get("clearance").and_then(Value::as_u64) {
            told.insert("clearance".into(), self.clearance(id));
        }
        Ok(told)
    }

    /// `account@organisation`; the name as it is when no account has it (any more).
    fn account(&self, name: &str) -> String {
        let account = AccountId::new(name).ok();
        match account.and_then(|it| self.standing.directory.account(&it)) {
            Some(account) => format!("{name}@{}", account.organisation),
            None => name.to_owned(),
        }
    }

    fn organisation(&self, number: OrganisationNumber) -> String {
        match self.standing.directory.numbered(number) {
            Some(organisation) => organisation.id.to_string(),
            None => format!("removed ({})", number.0),
        }
    }

    fn item(&self, facts: &str, told: &mut Map<String, Value>) {
        let Some(facts) = ItemFacts::read(facts) else { return };
        told.insert("version".into(), json!(facts.version));
        told.insert("producer".into(), self.organisation(facts.producer).into());
        // Of what was held back: by which decisions, which have entries of their own.
        if let Some(own) = told.get_mut("facts").and_then(Value::as_object_mut) {
            own.remove("withheld");
        }
    }

    /// A decision in a few words: of whose what, how far, to how many.
    fn clearance(&self, id: u64) -> Value {
        let (Ok(short), book) = (u32::try_from(id), &self.house.shared.book) else {
            return id.into();
        };
        let known = book.get(ClearanceId(short)).zip(book.under(ClearanceId(short)));
        let Some((clearance, under)) = known else { return id.into() };
        let handling = &clearance.handling;
        json!({
            "number": id, "producer": handling.producer, "category": handling.category,
            "tlp": handling.tlp, "pap": handling.pap, "form": clearance.form,
            "organisations": clearance.audience.len(), "under": &*under,
        })
    }

    fn delivery(
        &self,
        reader: &mut dyn Reader,
        batch: &DeliveryBatch,
    ) -> Result<Value, StoreError> {
        let DeliveryBatch { releases, door, at, audience } = batch;
        let mut items = Vec::new();
        for place in releases.iter().take(NAMED) {
            items.extend(self.released(reader, place)?);
        }
        Ok(json!({
            "door": door, "at": at, "items": items, "items_count": releases.len(),
            "organisations": self.audience(audience), "organisations_count": audience.len(),
        }))
    }

    /// The item that was released at a place; of too many in one answer none.
    fn released(&self, reader: &mut dyn Reader, place: u64) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.known.borrow().get(&place) {
            return Ok(known.clone());
        }
        let Some(left) = self.left.get().checked_sub(1) else { return Ok(None) };
        self.left.set(left);
        let entry = reader.entries(Sequence(place.saturating_sub(1)), 1)?.pop();
        let item = entry.map(|it| it.subject);
        self.known.borrow_mut().insert(place, item.clone());
        Ok(item)
    }

    fn audience(&self, audience: &Audience) -> Vec<String> {
        audience.iter().take(NAMED).map(|number| self.organisation(number)).collect()
    }
}
