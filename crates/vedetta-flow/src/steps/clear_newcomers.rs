//! The past for newcomers: whoever is entitled now and was not when an item came gets it as a new
//! release, as far back as the agreement gives. What only a hold kept from somebody, and what
//! somebody had with the victim and may have without it now, is no newcomer's: it is released
//! whatever the agreement gives of the past.
//!
//! Of each handling only what is new since the last time is looked through, but for those who were
//! not entitled then, or to less of the past.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use serde::Deserialize;
use vedetta_model::{Audience, Handling, Instant, OrganisationNumber};
use vedetta_policy::{Clearance, Form, Past};
use vedetta_store::{
    Claim, ClearanceId, ItemDraft, ItemQuery, NewClearance, Placement, Reader, Sequence,
    StoreError, StoredItem, UnitOfWork, VersionFilter,
};

use crate::actions::accept_items::Beyond;
use crate::book::{Book, Grounds, Line};
use crate::error::FlowError;
use crate::forms::{Forms, Settled, TRIES, Taken};
use crate::holding::is_served;
use crate::house::{House, Shared};
use crate::mesh::{Provenance, entitled_by_ways};
use crate::pseudonyms::Whole;
use crate::redaction::{Derived, Redactor, Tellers};
use crate::standing::Standing;

/// Items looked at, and released again, in one go.
const TOGETHER: usize = 1000;
/// Other clearances by which some were passed over, remembered for what is handled alike.
const ELSEWHERE: usize = 256;
/// The name under which the ledger knows this step.
const ACTOR: &str = vedetta_model::part::CLEAR_NEWCOMERS;

/// How far the past was looked through for each form of each handling, and for whom.
#[derive(Default)]
pub(crate) struct Looked {
    far: HashMap<(Arc<Handling>, Form), Look>,
    /// With what all of it was looked through last.
    compiled: u64,
}

/// Up to where, and how much of the past each was due.
pub(crate) struct Look {
    upto: Sequence,
    pasts: BTreeMap<OrganisationNumber, Past>,
    elsewhere: Elsewhere,
}

/// Who was passed over, since they read it by another way: under which clearance.
type Elsewhere = BTreeMap<ClearanceId, Audience>;

/// All clearances of one handling.
#[derive(Default)]
struct Ledgered {
    full: Vec<ClearanceId>,
    /// Whom every clearance of the full form names, and whom any does.
    everywhere: Option<Audience>,
    anywhere: Audience,
    /// Whom any clearance of the other form names: its form may wait.
    without: Audience,
    /// From where on the form of one of the items was withheld for a while, if it was.
    waits: Option<Sequence>,
}

/// What stands, and up to where the book has what was released: what comes later is the next run's.
struct Pass {
    standing: Arc<Standing>,
    upto: Sequence,
    beyond: Beyond,
}

/// What to look for: a form of the items of a handling, for those entitled to it.
struct Search<'a> {
    pass: &'a Pass,
    handling: &'a Arc<Handling>,
    form: Form,
    /// The clearances under which the items were released in full.
    full: &'a [ClearanceId],
    anywhere: &'a Audience,
    /// Who looks, by how much of the past they are due.
    whom: Vec<(Past, Audience)>,
    /// Whether other nodes lack what waited.
    beyond: Beyond,
    elsewhere: &'a RefCell<Elsewhere>,
}

/// Items due to the same newcomers.
type Due = Vec<(Audience, Vec<StoredItem>)>;

/// Who had an item before.
#[derive(Default)]
struct Had {
    since: Option<Instant>,
    full: Audience,
    redacted: Audience,
}

impl House {
    /// Releases to newcomers what they are entitled to of the past; returns how many releases.
    ///
    /// # Errors
    /// What the ledger said; what was released until then stays, and the next run goes on.
    pub fn clear_newcomers(&self) -> Result<usize, FlowError> {
        let mut looked = self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.standing();
        if looked.compiled != asked.compiled {
            self.shared.ask_again(&asked)?;
        }
        // In this order: what is due is in effect, and the book has what was released by then.
        let mut due = Taken::of(&self.shared);
        let (standing, upto) = self.shared.as_of();
        let book = &self.shared.book;
        let all = match looked.compiled == standing.compiled {
            true => due.handlings(),
            false => book.handlings(),
        };
        let (pass, mut released) = (Pass { standing, upto, beyond: Beyond::of(self) }, 0);
        for handling in all {
            let ledgered = Ledgered::of(&book.handled_so(&handling), due.get(&handling));
            if ledgered.everywhere.is_none() {
                // A refused unit of work said so: at that place there is something else, or nothing.
                if ledgered.waits.is_some_and(|at| at <= upto) {
                    due.done(&handling);
                }
                continue;
            }
            let found = self.look_through(&mut looked.far, (&handling, &ledgered), &pass)?;
            released += found.count;
            match found.left_out {
                true => due.left_out(handling),
                false => due.done(&handling),
            }
        }
        looked.compiled = asked.compiled;
        Ok(released)
    }

    /// Looks through what is handled alike, in either form.
    fn look_through(
        &self,
        looked: &mut HashMap<(Arc<Handling>, Form), Look>,
        (handling, ledgered): (&Arc<Handling>, &Ledgered),
        pass: &Pass,
    ) -> Result<Released, FlowError> {
        let mut all = Released::default();
        for form in [Form::Full, Form::Redacted] {
            let pasts = self.pasts(&pass.standing, (handling, form), ledgered);
            let key = (Arc::clone(handling), form);
            let waits = ledgered.waits.filter(|_| form == Form::Redacted);
            let before = looked.get(&key);
            let first = waits.map_or(Sequence(u64::MAX), |at| Sequence(at.0.saturating_sub(1)));
            let from = before.map_or(Sequence::START, |it| it.upto.min(first));
            let lost = before.map(|it| it.lost(pass, &self.shared.book));
            let (lost, elsewhere) = lost.unwrap_or_default();
            let known = |(number, past): &(&OrganisationNumber, &Past)| {
                let before = before.and_then(|before| before.pasts.get(number));
                let known = before.is_some_and(|before| before.wider(**past) == *before);
                known && !lost.contains(**number)
            };
            let elsewhere = RefCell::new(elsewhere);
            let (old, new): (Vec<_>, Vec<_>) = pasts.iter().partition(known);
            let ours = !handling.victims.is_empty() && handling.via.is_empty();
            let looks = ours && form == Form::Redacted && (waits.is_some() || before.is_none());
            let beyond = if looks { pass.beyond } else { Beyond::Nobody };
            let mut left_out = false;
            for (whom, from, beyond) in
                [(new, Sequence::START, Beyond::Nobody), (old, from, beyond)]
            {
                let (whom, full) = (by_past(whom), &ledgered.full[..]);
                let anywhere = &ledgered.anywhere;
                let elsewhere = &elsewhere;
                let search =
                    Search { pass, handling, form, full, anywhere, whom, beyond, elsewhere };
                let found = self.search(&search, from)?;
                all.count += found.count;
                left_out |= found.left_out;
            }
            all.left_out |= left_out;
            // What was left out is looked for again where this run did.
            if !left_out {
                let mut look = Look { upto: pass.upto, pasts, elsewhere: elsewhere.into_inner() };
                look.forget_some();
                looked.insert(key, look);
            }
        }
        Ok(all)
    }

    /// Whether a form that was withheld for a while is to be looked for again.
    #[must_use]
    pub fn newcomers_wait(&self) -> bool {
        self.shared.waiting().is_due()
    }

    /// How much of the past those are due who may lack something of it.
    fn pasts(
        &self,
        standing: &Standing,
        (handling, form): (&Arc<Handling>, Form),
        ledgered: &Ledgered,
    ) -> BTreeMap<OrganisationNumber, Past> {
        let today = standing.network.decision(handling);
        // A clearance without the victim may have no release: there is not always a derived form.
        let lacking = match (form, &ledgered.everywhere) {
            (Form::Full, Some(everywhere)) => today.full.difference(everywhere),
            (Form::Full, None) => today.full.as_ref().clone(),
            (Form::Redacted, _) => today.redacted.as_ref().clone(),
        };
        if lacking.is_empty() {
            return BTreeMap::new();
        }
        let pasts = standing.network.histories(handling, &lacking, self.now());
        let mut pasts: BTreeMap<_, _> = pasts.into_iter().collect();
        // What they had, or would have had, or what waited they are due in any case.
        let had = lacking.iter().filter(|number| {
            let either =
                || ledgered.anywhere.contains(*number) || ledgered.without.contains(*number);
            let waits = form == Form::Redacted || !handling.via.is_empty();
            standing.was_held(handling) || (waits && either())
        });
        for number in had {
            pasts.entry(number).or_insert(Past::Nothing);
        }
        pasts
    }

    fn search(&self, search: &Search<'_>, from: Sequence) -> Result<Released, FlowError> {
        if search.whom.is_empty() && search.beyond == Beyond::Nobody {
            return Ok(Released::default());
        }
        let any = search.whom.iter().any(|(past, _)| *past == Past::Nothing)
            || search.beyond == Beyond::Nodes
            || search.pass.standing.was_held(search.handling);
        let mut after = match search.whom.last() {
            Some((Past::Since(moment), _)) if !any => {
                let before = Instant::from_micros(moment.micros() - 1);
                from.max(self.place_at(before)?)
            }
            _ => from,
        };
        let (mut seen, mut all) = (HashSet::new(), Released::default());
        loop {
            let query = ItemQuery {
                until: Some(search.pass.upto),
                clearances: Some(search.full),
                versions: VersionFilter::Last,
                ..ItemQuery::all(after, TOGETHER)
            };
            let (due, next) = self.read(|reader| {
                let page = reader.items(&query)?;
                let mut due = Due::new();
                for item in page.items.into_iter().filter(|item| seen.insert(item.origin)) {
                    if let Some(newcomers) = self.newcomers(search, reader, &item)? {
                        enter(&mut due, newcomers, item);
                    }
                }
                Ok((due, page.next))
            })?;
            for (newcomers, items) in due {
                let released = self.release(search, newcomers, items)?;
                all.count += released.count;
                all.left_out |= released.left_out;
            }
            match next {
                Some(next) => after = next,
                None => return Ok(all),
            }
        }
    }

    /// Who is due an item and did not have it, if anybody is and there is no newer version of it. For
    /// other nodes it may be nobody here.
    fn newcomers(
        &self,
        search: &Search<'_>,
        reader: &mut dyn Reader,
        item: &StoredItem,
    ) -> Result<Option<Audience>, StoreError> {
        let mut withheld = withheld(&item.facts);
        let ways = !search.handling.via.is_empty();
        let given =
            |(past, whom): &(Past, Audience)| *past != Past::Nothing || whom.meets(search.anywhere);
        if withheld.is_empty() && !ways && !search.whom.iter().any(given) {
            return Ok(None);
        }
        let mut releases = reader.releases(&item.id)?;
        releases.retain(|release| release.producer == item.producer);
        if releases.iter().any(|other| other.version > item.version) {
            return Ok(None);
        }
        releases.retain(|release| release.origin == item.origin);
        let mut lacking = search.beyond == Beyond::Nodes && Provenance::of(item).is_none();
        if search.form == Form::Redacted {
            let mut derived = self.forms_here(reader, item)?;
            derived.retain(|it| item.id.follows_from_value() || it.version == item.version);
            lacking &= derived.is_empty();
            releases.append(&mut derived);
        }
        let had = Had::of(&releases, search, &self.shared.book);
        let mut waited = false;
        let (mut due, before) = match search.form {
            Form::Full => (Audience::nobody(), &had.full),
            Form::Redacted => (had.full.clone(), &had.redacted),
        };
        let origins: BTreeSet<_> = releases.iter().map(|it| it.origin).filter(|_| ways).collect();
        for origin in origins {
            withheld.extend(entitled_by_ways(reader, origin)?);
        }
        for id in withheld {
            if let Some(clearance) = self.shared.book.get(id)
                && clearance.handling == *search.handling
                && (search.form, clearance.form) != (Form::Full, Form::Redacted)
            {
                due.absorb(&clearance.audience);
                waited |= clearance.form == Form::Redacted;
            }
        }
        let mut newcomers = Audience::nobody();
        for (past, whom) in &search.whom {
            let covered = had.since.is_some_and(|since| past.covers(since));
            let some = if covered { whom.clone() } else { whom.intersection(&due) };
            newcomers.absorb(&some.difference(before));
        }
        let wanted = !newcomers.is_empty() || (lacking && waited);
        Ok(wanted.then_some(newcomers))
    }

    fn release(
        &self,
        search: &Search<'_>,
        newcomers: Audience,
        items: Vec<StoredItem>,
    ) -> Result<Released, FlowError> {
        let standing = &search.pass.standing;
        let today = standing.network.decision(search.handling);
        let grounds = Grounds { under: Cow::Borrowed(&today.under) };
        let work = Arc::new(Release {
            shared: Arc::clone(&self.shared),
            standing: Arc::clone(standing),
            redactor: Redactor::of(self),
            handling: Arc::clone(search.handling),
            form: search.form,
            grounds: serde_json::to_string(&grounds).unwrap_or_default(),
            newcomers,
            items,
        });
        for left in (0..TRIES).rev() {
            let (mut forms, work) = (work.forms()?, Arc::clone(&work));
            forms.look(&self.shared)?;
            let written = self.write(move |unit| work.write(unit, &forms, left))?;
            if let Some(released) = written {
                return Ok(released);
            }
        }
        Ok(Released { count: 0, left_out: true })
    }
}

/// What became of some items.
#[derive(Clone, Copy, Default)]
struct Released {
    count: usize,
    /// Whether some wait, since what they refer to, or what is known of a victim, keeps changing.
    left_out: bool,
}

/// Some items released again, in one unit of work.
struct Release {
    shared: Arc<Shared>,
    standing: Arc<Standing>,
    redactor: Redactor,
    handling: Arc<Handling>,
    form: Form,
    grounds: String,
    newcomers: Audience,
    items: Vec<StoredItem>,
}

impl Release {
    /// The derived forms of what was brought here, where they are what is released: of what came from
    /// another node its origin alone makes them.
    fn forms(&self) -> Result<Forms, StoreError> {
        let mut forms = Forms::of(Arc::clone(&self.standing), &self.redactor, &self.shared);
        let mut tellers = Tellers::of(&self.shared, std::iter::empty());
        for (place, _) in self.wanted() {
            let item = &self.items[place];
            let how = (&*self.standing, &*self.handling);
            let of = (Whole::of(item), &*item.body);
            forms.add(place, self.redactor.derive(how, of, &mut tellers)?);
        }
        Ok(forms)
    }

    fn wanted(&self) -> impl Iterator<Item = (usize, &Arc<Handling>)> {
        let items = self.items.iter().enumerate().filter(move |_| self.form == Form::Redacted);
        let ours = items.filter(|(_, item)| Provenance::of(item).is_none());
        ours.map(move |(place, _)| (place, &self.handling))
    }

    /// Writes, when the forms are what they would be now; when nothing is tried again, those that are.
    fn write(
        &self,
        unit: &mut dyn UnitOfWork,
        forms: &Forms,
        tries_left: usize,
    ) -> Result<Option<Released>, StoreError> {
        let forms = forms.settle(unit, &self.shared.standing(), self.wanted())?;
        let left_out = !forms.are_fresh();
        if left_out && tries_left > 0 {
            return Ok(None);
        }
        self.shared.touch_book();
        let clearance = unit.intern(&NewClearance {
            handling: &self.handling,
            form: match self.form {
                Form::Full => vedetta_store::Form::Full,
                Form::Redacted => vedetta_store::Form::Redacted,
            },
            audience: &self.newcomers,
            grounds: &self.grounds,
            actor: ACTOR,
        })?;
        let count = match self.form {
            Form::Full => {
                let releases: Vec<_> =
                    self.items.iter().map(|item| (item.origin, clearance)).collect();
                self.shared.came(self.items.iter().map(|item| &item.id));
                unit.rerelease(&releases, ACTOR)?.len()
            }
            Form::Redacted => self.place(unit, clearance, &forms)?,
        };
        Ok(Some(Released { count, left_out }))
    }

    /// Places the derived forms that are not there yet, and releases those that are. Of what can have
    /// none those of older versions are taken back.
    fn place(
        &self,
        unit: &mut dyn UnitOfWork,
        clearance: ClearanceId,
        forms: &Settled<'_>,
    ) -> Result<usize, StoreError> {
        let (mut placed, mut releases, mut bare) = (0, Vec::new(), Vec::new());
        for (place, item) in self.items.iter().enumerate() {
            if !stands(unit, item)? {
                continue;
            }
            if Provenance::of(item).is_some() {
                let here = self.forms_here(unit, item)?;
                releases.extend(here.last().map(|origin| (*origin, clearance)));
                continue;
            }
            let Ok(Derived { of, id, body, .. }) = forms.get(place) else {
                forms.wait_for(place, (&self.shared, &self.handling), item.stamp.seq);
                bare.extend((!forms.may_come(place)).then(|| Whole::of(item)));
                continue;
            };
            let facts = serde_json::json!({ "derived_from": item.id }).to_string();
            self.redactor.note_name(unit, of, id)?;
            let placement = unit.place_items(&[ItemDraft {
                id,
                version: of.derived_version(),
                producer: item.producer,
                claim: Claim::Own,
                clearance,
                state: item.state,
                actor: ACTOR,
                facts: &facts,
                body,
            }])?;
            match placement.first() {
                Some(Placement::Added(_) | Placement::Withdrawn(_)) => {
                    self.shared.came([id]);
                    placed += 1;
                }
                Some(Placement::Duplicate(stamp) | Placement::Conflict(stamp)) => {
                    let ours = self.forms_here(unit, item)?.contains(&stamp.seq);
                    self.shared.came(ours.then_some(id));
                    releases.extend(ours.then_some((stamp.seq, clearance)));
                }
                Some(Placement::Twin(_) | Placement::Foreign(_)) | None => {}
            }
        }
        self.redactor.take_back(unit, (&self.shared, ACTOR), &bare)?;
        unit.rerelease(&releases, ACTOR).map(|stamps| placed + stamps.len())
    }

    /// The entries with the form of a version of an item without its victim.
    fn forms_here(
        &self,
        unit: &mut dyn UnitOfWork,
        item: &StoredItem,
    ) -> Result<Vec<Sequence>, StoreError> {
        let mut forms = self.redactor.forms_here(unit, item)?;
        forms.retain(|it| item.id.follows_from_value() || it.version == item.version);
        Ok(forms.into_iter().map(|form| form.origin).collect())
    }
}

impl Had {
    fn of(releases: &[StoredItem], search: &Search<'_>, book: &Book) -> Self {
        let mut had = Self::default();
        for release in releases {
            let clearance = book.get(release.clearance);
            let Some(clearance) = clearance else { continue };
            if clearance.handling != *search.handling {
                had.by_another_way((release.clearance, &clearance), search);
                continue;
            }
            match clearance.form {
                Form::Full => {
                    let at = release.stamp.at;
                    had.since = Some(had.since.map_or(at, |since| since.min(at)));
                    had.full.absorb(&clearance.audience)
                }
                Form::Redacted => had.redacted.absorb(&clearance.audience),
            };
        }
        had
    }

    /// Whoever reads today what came to this node by another way has it.
    fn by_another_way(&mut self, (id, clearance): (ClearanceId, &Clearance), search: &Search<'_>) {
        if clearance.handling.via.is_empty() && search.handling.via.is_empty() {
            return;
        }
        let today = search.pass.standing.network.decision(&clearance.handling);
        let reads = clearance.audience.intersection(today.entitled(clearance.form));
        let mut elsewhere = search.elsewhere.borrow_mut();
        for (_, whom) in search.whom.iter().filter(|(_, whom)| whom.meets(&reads)) {
            elsewhere.entry(id).or_default().absorb(&whom.intersection(&reads));
        }
        match clearance.form {
            Form::Full => self.full.absorb(&reads),
            Form::Redacted => self.redacted.absorb(&reads),
        };
    }
}

impl Look {
    /// Of more than so many clearances it is not known who reads by which: they are looked for anew.
    fn forget_some(&mut self) {
        if self.elsewhere.len() > ELSEWHERE {
            let elsewhere = std::mem::take(&mut self.elsewhere);
            self.pasts.retain(|number, _| !elsewhere.values().any(|read| read.contains(*number)));
        }
    }

    /// Who reads by another way no more what they read by it then; and who still does.
    fn lost(&self, pass: &Pass, book: &Book) -> (Audience, Elsewhere) {
        let (mut lost, mut elsewhere) = (Audience::nobody(), self.elsewhere.clone());
        for (id, read) in &self.elsewhere {
            let Some(clearance) = book.get(*id) else { continue };
            let today = pass.standing.network.decision(&clearance.handling);
            lost.absorb(&read.difference(today.entitled(clearance.form)));
        }
        for read in elsewhere.values_mut() {
            *read = read.difference(&lost);
        }
        elsewhere.retain(|_, read| !read.is_empty());
        (lost, elsewhere)
    }
}

impl Ledgered {
    fn of(lines: &[Arc<Line>], waits: Option<Sequence>) -> Self {
        let mut all = Self { waits, ..Self::default() };
        for Line { id, clearance, .. } in lines.iter().map(Arc::as_ref) {
            match clearance.form {
                Form::Full => all.enter(*id, &clearance.audience),
                Form::Redacted => drop(all.without.absorb(&clearance.audience)),
            };
        }
        all
    }

    fn enter(&mut self, id: ClearanceId, audience: &Audience) {
        self.full.push(id);
        self.anywhere.absorb(audience);
        self.everywhere = Some(match &self.everywhere {
            Some(everywhere) => everywhere.intersection(audience),
            None => audience.clone(),
        });
    }
}

/// Whether a version of an item is served still, and there is no newer one.
fn stands(unit: &mut dyn UnitOfWork, item: &StoredItem) -> Result<bool, StoreError> {
    let mut releases = unit.releases(&item.id)?.into_iter();
    let newer = |it: StoredItem| it.version > item.version && it.producer == item.producer;
    Ok(!releases.any(newer) && is_served(unit, &item.id, item.stamp.seq)?)
}

/// From the least of the past to the most.
fn by_past(pasts: Vec<(&OrganisationNumber, &Past)>) -> Vec<(Past, Audience)> {
    let mut groups: Vec<(Past, Audience)> = Vec::new();
    for (number, past) in pasts {
        match groups.iter_mut().find(|(other, _)| other == past) {
            Some((_, whom)) => drop(whom.insert(*number)),
            None => groups.push((*past, Audience::from_iter([*number]))),
        }
    }
    groups.sort_by_key(|(past, _)| match past {
        Past::Nothing => i64::MIN,
        Past::Since(moment) => -moment.micros(),
        Past::All => i64::MAX,
    });
    groups
}

fn enter(due: &mut Due, newcomers: Audience, item: StoredItem) {
    match due.iter_mut().find(|(others, _)| *others == newcomers) {
        Some((_, items)) => items.push(item),
        None => due.push((newcomers, vec![item])),
    }
}

/// The clearances that an item would have had if nothing had been held.
fn withheld(facts: &str) -> Vec<ClearanceId> {
    #[derive(Deserialize)]
    struct Facts {
        #[serde(default)]
        withheld: Vec<ClearanceId>,
    }
    serde_json::from_str(facts).map_or_else(|_| Vec::new(), |facts: Facts| facts.withheld)
}
