//! The past for newcomers: when agreements or holds change, whoever is entitled now and was not
//! when an item was cleared gets it as a new release, as far back as the agreement gives.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use vedetta_model::{Audience, Handling, Instant};
use vedetta_policy::{Form, Past};
use vedetta_store::{
    ClearanceId, ItemDraft, ItemQuery, NewClearance, Placement, Sequence, StoreError, StoredItem,
    UnitOfWork, VersionFilter,
};

use crate::book::{Grounds, Line};
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::redaction::{Derived, Redactor, Tells};
use crate::standing::Standing;

/// Items released again in one unit of work.
const TOGETHER: usize = 1000;
/// The name under which the ledger knows this step.
const ACTOR: &str = "clear_newcomers";

/// All clearances of one handling.
struct Ledgered {
    handling: Arc<Handling>,
    full: Vec<ClearanceId>,
    recorded: [Audience; 2],
    held: bool,
}

/// One release to make: a form of all items of a handling since a moment, to some newcomers.
struct Grant {
    handling: Arc<Handling>,
    form: Form,
    since: Option<Instant>,
    newcomers: Audience,
    originals: Vec<ClearanceId>,
    grounds: String,
}

impl House {
    /// Releases to newcomers what they are entitled to of the past; returns how many releases.
    ///
    /// # Errors
    /// What the ledger said; what was released until then stays, and the next run goes on.
    pub fn clear_newcomers(&self) -> Result<usize, FlowError> {
        let standing = self.standing();
        let mut released = 0;
        for ledgered in ledgered(&self.shared) {
            for grant in self.grants(&standing, &ledgered) {
                released += self.release_past(&standing, grant)?;
            }
        }
        Ok(released)
    }

    /// Who is new to a handling, by form and by how much of the past.
    fn grants(&self, standing: &Standing, ledgered: &Ledgered) -> Vec<Grant> {
        let (handling, now) = (&ledgered.handling, self.now());
        let today = standing.network.decision(handling);
        let grounds = Grounds { under: Cow::Borrowed(&today.under), held: false };
        let grounds = serde_json::to_string(&grounds).unwrap_or_default();
        let mut grants = Vec::new();
        for (form, entitled, recorded) in [
            (Form::Full, &today.full, &ledgered.recorded[0]),
            (Form::Redacted, &today.redacted, &ledgered.recorded[1]),
        ] {
            let mut by_past: BTreeMap<Option<Instant>, Audience> = BTreeMap::new();
            for number in entitled.difference(recorded).iter() {
                let past = match ledgered.held {
                    true => Past::All,
                    false => standing.network.history(handling, number, now),
                };
                let since = match past {
                    Past::Nothing => continue,
                    Past::Since(moment) => Some(moment),
                    Past::All => None,
                };
                by_past.entry(since).or_default().insert(number);
            }
            grants.extend(by_past.into_iter().map(|(since, newcomers)| Grant {
                handling: Arc::clone(handling),
                form,
                since,
                newcomers,
                originals: ledgered.full.clone(),
                grounds: grounds.clone(),
            }));
        }
        grants
    }

    fn release_past(&self, standing: &Arc<Standing>, grant: Grant) -> Result<usize, FlowError> {
        let mut after = match grant.since {
            Some(moment) => self.place_at(moment)?,
            None => Sequence::START,
        };
        let until = self.bell().last();
        let (grant, mut released) = (Arc::new(grant), 0);
        loop {
            let query = ItemQuery {
                after,
                until: Some(until),
                limit: TOGETHER,
                clearances: Some(&grant.originals),
                producer: None,
                ids: &[],
                kinds: &[],
                versions: VersionFilter::Last,
            };
            let page = self.read(|reader| reader.items(&query))?;
            let (items, next) = (Arc::new(page.items), page.next);
            released += items.len();
            if !items.is_empty() {
                let work = Release {
                    shared: Arc::clone(&self.shared),
                    standing: Arc::clone(standing),
                    redactor: Redactor::of(self),
                    grant: Arc::clone(&grant),
                    items,
                };
                self.write(move |unit| work.write(unit))?;
            }
            match next {
                Some(next) => after = next,
                None => return Ok(released),
            }
        }
    }
}

/// Some items released again, in one unit of work.
struct Release {
    shared: Arc<Shared>,
    standing: Arc<Standing>,
    redactor: Redactor,
    grant: Arc<Grant>,
    items: Arc<Vec<StoredItem>>,
}

impl Release {
    fn write(&self, unit: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        self.shared.touch_book();
        let clearance = unit.intern(&NewClearance {
            handling: &self.grant.handling,
            form: match self.grant.form {
                Form::Full => vedetta_store::Form::Full,
                Form::Redacted => vedetta_store::Form::Redacted,
            },
            audience: &self.grant.newcomers,
            grounds: &self.grant.grounds,
            actor: ACTOR,
        })?;
        let releases: Vec<_> = match self.grant.form {
            Form::Full => self.items.iter().map(|item| (item.origin, clearance)).collect(),
            Form::Redacted => self.derive(unit, clearance)?,
        };
        unit.rerelease(&releases, ACTOR).map(drop)
    }

    /// Places the derived forms that are not there yet; returns those that are, to be released.
    fn derive(
        &self,
        unit: &mut dyn UnitOfWork,
        clearance: ClearanceId,
    ) -> Result<Vec<(Sequence, ClearanceId)>, StoreError> {
        let mut releases = Vec::new();
        for item in self.items.iter() {
            let told = |id: &vedetta_model::ItemId| {
                let here = self.items.iter().any(|other| other.id == *id);
                here.then_some(Tells::Victim)
            };
            let of = (&item.id, item.body.as_slice());
            let derived = self.redactor.derive(&self.standing, &self.grant.handling, of, &told);
            let Ok(Derived { id, body }) = derived else { continue };
            let facts = serde_json::json!({ "derived_from": item.id }).to_string();
            let placed = unit.place_items(&[ItemDraft {
                id: &id,
                version: item.version,
                producer: item.producer,
                clearance,
                state: item.state,
                actor: ACTOR,
                facts: &facts,
                body: &body,
            }])?;
            if let Some(Placement::Duplicate(stamp) | Placement::Conflict(stamp)) = placed.first() {
                releases.push((stamp.seq, clearance));
            }
        }
        Ok(releases)
    }
}

/// The book by handling.
fn ledgered(shared: &Shared) -> Vec<Ledgered> {
    let mut by_handling: BTreeMap<Arc<Handling>, Ledgered> = BTreeMap::new();
    for Line { id, clearance, held, .. } in shared.book.all() {
        let handling = &clearance.handling;
        let ledgered = by_handling.entry(Arc::clone(handling)).or_insert_with(|| Ledgered {
            handling: Arc::clone(handling),
            full: Vec::new(),
            recorded: [Audience::nobody(), Audience::nobody()],
            held: false,
        });
        ledgered.held |= held;
        match clearance.form {
            Form::Full => {
                ledgered.full.push(id);
                ledgered.recorded[0].absorb(&clearance.audience);
            }
            Form::Redacted => {
                ledgered.recorded[1].absorb(&clearance.audience);
            }
        }
    }
    by_handling.into_values().collect()
}
