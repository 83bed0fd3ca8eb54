//! What of the ledger goes to a peer: read in the light of the day, once for each place.

mod held;
mod notices;
mod rights;
mod turns;

pub(crate) use held::whole_of;
pub(crate) use notices::{counterparts, is_party};

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use vedetta_federation::bookmark::{Mark, Span};
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::hop::agreements;
use vedetta_federation::onward::{Coverage, Worth};
use vedetta_federation::shelf::{Ask, Lane, Page, Parcel};
use vedetta_federation::{Object, Passages};
use vedetta_flow::FlowError;
use vedetta_flow::corridor::{Bare, Book, Kept, Provenance, Shared, facts_of};
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Audience, Exercise, Given, Handling, ItemId, OrganisationId};
use vedetta_policy::{Clearance, Form, Lookout, Passage, Victim};
use vedetta_store::{
    ClearanceId, Entry, EntryKind, ItemQuery, Reader, Sequence, Stamp, StoreError, StoredItem,
    VersionFilter,
};

use self::held::whole_of_lost;
use self::turns::state_of;
use crate::Nodes;
use crate::line::Line;
use crate::places::{envelope_at, first_of, gave_way_name, hash_at, noted, stamp_of};
use crate::refused::{Refused, refused};
use crate::take::items::aside::lost_ways;
use crate::take::items::{Way, ways};
use crate::take::notices::is_withdrawn_elsewhere;

/// By whose right what was cleared so goes to a peer, and for whom there; nothing when it does not.
type Passing = Option<Arc<Sayings>>;

/// By whose right something passes, and for whom.
struct Sayings {
    by: Passages,
    to: Audience,
    /// Those of them who have it then, as far as is known here.
    told: Audience,
}

/// What was found out about passing on, for as long as what stands stands.
#[derive(Default)]
pub(crate) struct Memory {
    generation: u64,
    /// By peer, clearance and the passages of the hop before.
    known: HashMap<(OrganisationId, ClearanceId, Passages), Passing>,
    /// About how many octets that is.
    octets: usize,
}

/// So many octets are remembered about passing on.
const REMEMBERED: usize = 64 << 20;
/// So many places are read at once.
const STRETCH: usize = 1_000;
/// And for one page, though nothing was found for the peer: the link has more to do.
const LOOKED: u64 = 4_000;
/// Of what is on its way to a peer so many places are remembered.
const ON_THE_WAY: usize = 100_000;

/// One reading of the ledger for one peer.
struct Sharing<'a> {
    nodes: &'a Nodes,
    shared: &'a Shared,
    mesh: &'a Mesh,
    peer: &'a OrganisationId,
    ask: &'a Ask,
    scope: Audience,
    /// For whom the peer ever spoke: what it was given then it may still have.
    ever: Arc<Audience>,
    /// Whose contacts it may know, once that was asked.
    counterparts: OnceCell<Audience>,
    /// What it refused, once that was asked.
    refused: OnceCell<Refused>,
    parcels: Vec<Parcel>,
    octets: usize,
    /// The place that is being read, and the earliest that was, those that are named among them.
    reading: u64,
    earliest: Sequence,
    /// Withdrawals that were kept from it, since what they are of is held.
    held_back: RefCell<BTreeSet<Sequence>>,
    sent: Vec<(u64, Sequence, Audience)>,
    /// How much would go to it and has been through as many nodes as it may, or fits no frame.
    far: usize,
}

impl Nodes {
    /// What a part of the ledger has for a peer.
    pub(crate) fn read_for(&self, peer: &OrganisationId, ask: &Ask) -> Result<Page, FlowError> {
        let mesh = self.house.mesh()?;
        // An empty answer would say that there is nothing for it, and the place would be given up.
        if !mesh.peer(peer).is_some_and(|peer| peer.stage.is_active()) {
            return Err(FlowError::Conflict(format!("the link with {peer} is not active")));
        }
        let mut sharing = Sharing {
            nodes: self,
            shared: self.house.shared(),
            mesh: &mesh,
            peer,
            ask,
            scope: mesh.scope(peer),
            ever: self.attend(peer, &mesh)?,
            counterparts: OnceCell::new(),
            refused: OnceCell::new(),
            parcels: Vec::new(),
            octets: 0,
            reading: 0,
            earliest: Sequence(ask.span.after),
            held_back: RefCell::default(),
            sent: Vec::new(),
            far: 0,
        };
        let upto = self.house.read(|reader| {
            sharing.parcels.clear();
            sharing.sent.clear();
            (sharing.octets, sharing.far) = (0, 0);
            sharing.read(reader)
        })?;
        let Sharing { parcels, sent, far, earliest, held_back, .. } = sharing;
        self.hold_back(peer, held_back.into_inner())?;
        if ask.lane != Lane::Urgent {
            self.reads_after(peer, earliest)?;
        }
        let seals = parcels.iter().flat_map(Parcel::sealed_by);
        let others = seals.filter(|node| ![&mesh.me, peer].contains(node));
        self.introduce(peer, others.cloned().collect())?;
        let mut lines = self.lines();
        let line: &mut Line = lines.entry(peer.clone()).or_default();
        line.end_here(peer, far, self.house.now());
        for (place, release, to) in sent {
            line.sent.insert((place, release), to);
        }
        while line.sent.len() > ON_THE_WAY {
            line.sent.pop_first();
        }
        Ok(Page { parcels, upto })
    }
}

impl Sharing<'_> {
    /// Reads until there is enough, or the span is at its end.
    fn read(&mut self, reader: &mut dyn Reader) -> Result<Mark, StoreError> {
        let span = self.ask.span;
        let after = self.beyond_its_own(span);
        let mut upto = Mark { place: after, hash: hash_at(reader, after)?.unwrap_or_default() };
        while upto.place < span.upto {
            let left = usize::try_from(span.upto - upto.place).unwrap_or(STRETCH);
            let entries = reader.entries(Sequence(upto.place), left.min(STRETCH))?;
            let within = entries.iter().take_while(|entry| entry.stamp.seq.0 <= span.upto);
            let entries: Vec<&Entry> = within.collect();
            let Some(last) = entries.last() else { return Ok(upto) };
            let mut items = match entries.iter().any(|entry| self.is_wanted(entry)) {
                true => {
                    let some = self.early(&entries);
                    self.items(reader, (Sequence(upto.place), last.stamp.seq), some.as_deref())?
                }
                false => BTreeMap::new(),
            };
            for entry in entries {
                let item = items.remove(&entry.stamp.seq);
                self.reading = entry.stamp.seq.0;
                if !is_release(entry) || self.is_wanted(entry) {
                    self.entry(reader, entry, item)?;
                }
                upto = Mark { place: entry.stamp.seq.0, hash: Digest::from_octets(entry.hash.0) };
                if self.parcels.len() >= self.ask.envelopes || self.octets >= self.ask.octets {
                    return Ok(upto);
                }
            }
            if upto.place - span.after >= LOOKED {
                break;
            }
        }
        Ok(upto)
    }

    /// Where to begin to read: what is known to be all from the peer is not looked at, unless it asks
    /// for that.
    fn beyond_its_own(&self, span: Span) -> u64 {
        let alone = self.nodes.lines().get(self.peer).map(|line| line.alone);
        let alone = alone.filter(|it| it.after <= span.after && span.after >= self.ask.echo);
        alone.map_or(span.after, |it| it.upto.min(span.upto).max(span.after))
    }

    /// Whether a release has to be looked at. What the peer itself brought goes back only when it
    /// asks for that: to find this out item by item would cost as much as taking them in.
    fn is_wanted(&self, entry: &Entry) -> bool {
        let brought = || entry.actor.strip_prefix("peer:") == Some(self.peer.as_str());
        let first = entry.kind == EntryKind::Item;
        is_release(entry) && !(first && entry.stamp.seq.0 > self.ask.echo && brought())
    }

    /// The releases that are served, or those of some clearances.
    fn items(
        &self,
        reader: &mut dyn Reader,
        (after, until): (Sequence, Sequence),
        some: Option<&[ClearanceId]>,
    ) -> Result<BTreeMap<Sequence, StoredItem>, StoreError> {
        let mut found = BTreeMap::new();
        let mut next = Some(after);
        while let Some(after) = next {
            let page = reader.items(&ItemQuery {
                after,
                until: Some(until),
                as_of: None,
                without: &[],
                limit: STRETCH,
                clearances: some,
                producer: None,
                ids: &[],
                kinds: &[],
                versions: VersionFilter::All,
            })?;
            found.extend(page.items.into_iter().map(|item| (item.stamp.seq, item)));
            next = page.next;
        }
        Ok(found)
    }

    fn entry(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
        item: Option<StoredItem>,
    ) -> Result<(), StoreError> {
        match entry.kind {
            EntryKind::Item | EntryKind::Rerelease => match item {
                Some(item) => self.item(reader, item, &entry.actor),
                None => Ok(()),
            },
            EntryKind::Withdrawn => self.withdrawn(reader, entry),
            EntryKind::Deed => self.deed(reader, entry),
            EntryKind::Put if self.ask.lane != Lane::Urgent => self.put(reader, entry),
            _ => Ok(()),
        }
    }

    /// A release: this node's own, or one that came from another.
    fn item(
        &mut self,
        reader: &mut dyn Reader,
        item: StoredItem,
        actor: &str,
    ) -> Result<(), StoreError> {
        let Some(clearance) = self.shared.book.get(item.clearance) else {
            // To leave it out would be to say that there was nothing.
            let place = format!("item {}", item.stamp.seq);
            return Err(StoreError::Engine { place, reason: "its clearance is not known".into() });
        };
        if !self.has_its_turn(&clearance.handling, item.state) {
            return Ok(());
        }
        let again = item.origin != item.stamp.seq;
        let brought_here = again && clearance.handling.via.is_empty();
        let provenance = Provenance::of(&item).filter(|_| !brought_here);
        let Some(Provenance { envelope, .. }) = provenance else {
            return self.own(reader, &item, &clearance);
        };
        let other = clearance.form == Form::Full && clearance.handling.via != given(&envelope);
        let envelope = match again && other {
            false => self.sound(reader, envelope.with(&item.body), item.origin)?,
            // Released by another path: the deed with that path passes it on.
            true if actor.starts_with("peer:") => None,
            true => self.by_way(reader, item.origin, &clearance)?,
        };
        if let Some(envelope) = envelope {
            // Who released it again did not bring it.
            let actor = if again { "" } else { actor };
            let place = (item.stamp.seq, actor);
            let of = (item.origin, &whole_of(&item));
            self.onward(envelope, (item.clearance, &clearance), place, of);
        }
        Ok(())
    }

    /// An envelope, or the same sealed anew where a key of it counts for nothing.
    fn sound(
        &self,
        reader: &mut dyn Reader,
        envelope: Option<Envelope>,
        origin: Sequence,
    ) -> Result<Option<Envelope>, StoreError> {
        let Some(old) = envelope.as_ref().filter(|it| !self.mesh.is_sound(it)) else {
            return Ok(envelope);
        };
        for deed in ways(reader, origin)?.into_iter().filter_map(|way| way.deed) {
            let anew = envelope_at(reader, deed)?.filter(|it| self.mesh.is_sound(it));
            if anew.as_ref().is_some_and(|anew| anew.leaf() == old.leaf()) {
                return Ok(anew);
            }
        }
        Ok(None)
    }

    /// The envelope of the path that gave what a clearance rests on.
    fn by_way(
        &self,
        reader: &mut dyn Reader,
        origin: Sequence,
        clearance: &Clearance,
    ) -> Result<Option<Envelope>, StoreError> {
        for deed in ways(reader, origin)?.into_iter().filter_map(|way| way.deed) {
            if let Some(envelope) = envelope_at(reader, deed)?
                && given_by(&envelope) == clearance.handling.via
            {
                return Ok(Some(envelope));
            }
        }
        Ok(None)
    }

    fn own(
        &mut self,
        reader: &mut dyn Reader,
        item: &StoredItem,
        clearance: &Clearance,
    ) -> Result<(), StoreError> {
        let passing = self.passing(item.clearance, clearance, None);
        let passing = self.unheld(passing, &whole_of(item), &clearance.handling.producer);
        let Some(passing) = passing else { return Ok(()) };
        // What another node brought and somebody here too is this node's own from then on.
        let at = match item.origin == item.stamp.seq || Provenance::of(item).is_some() {
            true => Some(item.stamp),
            false => stamp_of(reader, item.origin)?,
        };
        let (Some(at), Some(what)) = (at, self.own_item(reader, item, clearance)?) else {
            return Ok(());
        };
        if clearance.form == Form::Redacted && !self.is_clean(&what, &passing.by, clearance) {
            return Ok(());
        }
        let what = What::Item(Box::new(what));
        let envelope = Envelope::unsealed(self.mesh.me.clone(), at.at, at.seq.0, what);
        self.note(item.stamp.seq, &passing);
        self.push(envelope, passing.by.clone());
        Ok(())
    }

    fn own_item(
        &self,
        reader: &mut dyn Reader,
        item: &StoredItem,
        clearance: &Clearance,
    ) -> Result<Option<Item>, StoreError> {
        let object = str::from_utf8(&item.body).map(str::to_owned).ok();
        let Some(object) = object.and_then(|text| Object::new(text).ok()) else { return Ok(None) };
        let handling = &clearance.handling;
        let derived = match handling.victims.is_empty() {
            true => None,
            false => Some(self.nodes.house.derived_id(reader, item)?),
        };
        Ok(Some(match clearance.form {
            Form::Full => Item {
                object,
                conditions: Handling { via: [].into(), ..Handling::clone(handling) },
                form: Form::Full,
                derived,
            },
            Form::Redacted => Item {
                object,
                conditions: Handling {
                    producer: self.mesh.me.clone(),
                    victims: [].into(),
                    exercise: exercise_untold(handling),
                    via: [].into(),
                    ..Handling::clone(handling)
                },
                form: Form::Redacted,
                derived: None,
            },
        }))
    }

    /// Whether what goes out without the victim tells it nowhere: neither in the object nor by
    /// whose right it passes.
    fn is_clean(&self, item: &Item, passages: &[Passage], clearance: &Clearance) -> bool {
        let said = serde_json::json!({
            "object": item.object.value(), "passages": passages, "named": item.conditions.named,
            "exercise": item.conditions.exercise,
        });
        let standing = &self.mesh.standing;
        let victims = clearance.handling.victims.iter();
        let victims: Vec<Victim> = victims.filter_map(|it| facts_of(standing, it)).collect();
        let told = Lookout::of(&victims).tells(&said);
        if told {
            tracing::info!(peer = %self.peer, "withheld: it would tell the victim");
        }
        !told
    }

    /// Passes on what came from another node, or gives back what came from this peer.
    fn onward(
        &mut self,
        envelope: Envelope,
        (id, clearance): (ClearanceId, &Clearance),
        place: (Sequence, &str),
        (origin, whole): (Sequence, &ItemId),
    ) {
        if self.back(&envelope, place) {
            return;
        }
        if let Some(passing) = self.says(&envelope, (id, clearance), whole)
            && !self.ends_here(&envelope, &passing.by)
        {
            self.note(origin, &passing);
            self.push(envelope, passing.by.clone());
        }
    }

    /// Whether it is the peer's own, or came through it; then it goes back if the peer wants it, or
    /// if it came back to this node in the same way: both may have been restored.
    fn back(&mut self, envelope: &Envelope, (place, actor): (Sequence, &str)) -> bool {
        if !envelope.passed(self.peer) {
            return false;
        }
        let from = actor.strip_prefix("peer:");
        let given =
            from.is_some_and(|from| from != self.peer.as_str() && from != envelope.from().as_str());
        let wanted = given || place.0 <= self.ask.echo;
        let back = envelope.back_to(self.peer).filter(|_| wanted);
        if let Some(back) = back {
            self.weigh(&back);
            self.parcels.push(Parcel::Back(Box::new(back)));
        }
        true
    }

    fn push(&mut self, envelope: Envelope, passages: Passages) {
        self.weigh(&envelope);
        self.parcels.push(Parcel::Onward { envelope: Box::new(envelope), passages, tlp: None });
    }

    fn weigh(&mut self, envelope: &Envelope) {
        self.octets += match &envelope.what {
            What::Item(item) => item.object.text().len(),
            _ => 0,
        };
    }

    /// Remembers that a release is on its way, to be recorded when the peer confirms it.
    fn note(&mut self, release: Sequence, passing: &Sayings) {
        if !passing.told.is_empty() {
            self.sent.push((self.reading, release, passing.told.clone()));
        }
    }

    /// The peer's organisations that what was cleared so is for.
    fn targets(&self, clearance: &Clearance) -> Audience {
        let today = self.mesh.standing.network.decision(&clearance.handling);
        let recorded = recorded(&self.shared.book, clearance);
        recorded.intersection(today.entitled(clearance.form)).intersection(&self.scope)
    }

    /// By whose right what was cleared so goes to the peer, found out once for what is alike.
    fn passing(
        &self,
        id: ClearanceId,
        clearance: &Clearance,
        brought: Option<(&Item, Option<&Passages>)>,
    ) -> Passing {
        let before = brought.and_then(|(_, before)| before).cloned().unwrap_or_default();
        let key = (self.peer.clone(), id, before);
        let generation = self.mesh.standing.compiled;
        {
            let mut memory = self.nodes.passages.lock().unwrap_or_else(PoisonError::into_inner);
            if memory.generation != generation || memory.octets > REMEMBERED {
                *memory = Memory { generation, ..Memory::default() };
            }
            if let Some(known) = memory.known.get(&key) {
                return known.clone();
            }
        }
        let passing: Passing = self.find_passing(clearance, brought).map(Arc::new);
        let mut memory = self.nodes.passages.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.generation == generation {
            let said = passing.iter().flat_map(|passing| &passing.by);
            let names = |it: &Passage| agreements(it) + it.through.len();
            let octets = said.chain(&key.2).map(|it| 256 + 64 * names(it)).sum::<usize>();
            memory.octets += 256 + octets;
            memory.known.insert(key, passing.clone());
        }
        passing
    }

    fn say(&mut self, entry: &Entry, what: What) {
        let Stamp { seq, at } = entry.stamp;
        self.push(Envelope::unsealed(self.mesh.me.clone(), at, seq.0, what), Passages::default());
    }

    /// A deed of the exchange.
    fn deed(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Result<(), StoreError> {
        let Ok(kept) = serde_json::from_str::<Kept>(&entry.facts) else { return Ok(()) };
        match kept {
            Kept::Said { to } if to.as_ref().is_none_or(|to| to == self.peer) => {
                let Ok(what) = serde_json::from_slice::<What>(&entry.body) else { return Ok(()) };
                if self.concerns(reader, (&self.mesh.me, &what))? {
                    self.say(entry, what);
                }
            }
            Kept::Passed { .. } => {
                let envelope = serde_json::from_slice::<Envelope>(&entry.body);
                let Ok(envelope) = envelope else { return Ok(()) };
                let further = match &envelope.what {
                    What::Contact(_) | What::Presence(_) => false,
                    What::Acknowledgement(said) => self.gave(reader, said)?,
                    _ => true,
                };
                // What a stolen key sealed nobody takes: it came again, sealed anew.
                if !self.back(&envelope, (entry.stamp.seq, &entry.actor))
                    && further
                    && self.mesh.is_sound(&envelope)
                    && self.concerns(reader, (&envelope.origin, &envelope.what))?
                    && !self.ends_here(&envelope, Passages::none())
                {
                    self.push(envelope, Passages::default());
                }
            }
            Kept::Path { origin, clearance: Some(clearance), .. } => {
                self.path(reader, entry, (origin, clearance))?;
            }
            Kept::GaveWay { clearance: Some(clearance), .. } => {
                self.gave_way(reader, entry, clearance)?;
            }
            Kept::OfferedAgain { under, after, until } if self.ask.lane != Lane::Urgent => {
                self.earliest = self.earliest.min(after);
                let rests = self.shared.book.resting_on(&under);
                for item in self.items(reader, (after, until), Some(&rests))?.into_values() {
                    self.item(reader, item, "")?;
                }
                for id in rests {
                    let mut places = noted(reader, &gave_way_name(id))?;
                    places.retain(|place| *place > after && *place <= until);
                    places.into_iter().try_for_each(|place| self.again(reader, place))?;
                }
            }
            Kept::ReadAgain { to, places }
                if to.as_ref().is_none_or(|to| to == self.peer)
                    && self.ask.lane != Lane::Urgent =>
            {
                places.into_iter().try_for_each(|place| self.again(reader, place))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A place that was read before, in the light of this day.
    fn again(&mut self, reader: &mut dyn Reader, place: Sequence) -> Result<(), StoreError> {
        let before = Sequence(place.0.saturating_sub(1));
        self.earliest = self.earliest.min(before);
        let Some(entry) = reader.entries(before, 1)?.pop() else { return Ok(()) };
        if !is_release(&entry) {
            return self.entry(reader, &entry, None);
        }
        match self.items(reader, (before, place), None)?.remove(&place) {
            Some(item) => self.item(reader, item, ""),
            None => Ok(()),
        }
    }

    /// What gave way here: at the next node nothing may stand in its way.
    fn gave_way(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
        id: ClearanceId,
    ) -> Result<(), StoreError> {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&entry.body) else { return Ok(()) };
        let Some(clearance) = self.shared.book.get(id) else { return Ok(()) };
        if !self.has_its_turn(&clearance.handling, state_of(&envelope))
            || self.back(&envelope, (entry.stamp.seq, &entry.actor))
        {
            return Ok(());
        }
        let whole = whole_of_lost(reader, &envelope, &clearance)?;
        let Some(whole) = whole else { return Ok(()) };
        if was_withdrawn(reader, &envelope, entry)? {
            return Ok(());
        }
        if let Some(passing) = self.says(&envelope, (id, &clearance), &whole) {
            let mut covered = Coverage::default();
            let ways = lost_ways(reader, &envelope.leaf())?.unwrap_or_default();
            self.cover_by(reader, (ways, entry), &whole, &mut covered)?;
            if covered.add(envelope.hops.len(), &passing.by) == Worth::News
                && !self.ends_here(&envelope, &passing.by)
            {
                self.push(envelope, passing.by.clone());
            }
        }
        Ok(())
    }

    /// A further path of an item: passed on by the rights that it brought.
    fn path(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
        (origin, id): (Sequence, ClearanceId),
    ) -> Result<(), StoreError> {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&entry.body) else { return Ok(()) };
        let Some(clearance) = self.by_today(id) else { return Ok(()) };
        let now = self.has_its_turn(&clearance.handling, state_of(&envelope));
        if !now || !is_served(reader, origin)? {
            return Ok(());
        }
        let releases = reader.releases_from(origin)?;
        if let Some(first) = first_of(reader, &releases)? {
            let mut covered = Coverage::default();
            self.cover_before(reader, (&first, entry), &mut covered)?;
            let whole = whole_of(&first);
            let said = self.says(&envelope, (id, &clearance), &whole);
            let news =
                said.is_none_or(|said| covered.add(envelope.hops.len(), &said.by) == Worth::News);
            if news {
                let place = (entry.stamp.seq, entry.actor.as_str());
                self.onward(envelope, (id, &clearance), place, (origin, &whole));
            }
        }
        Ok(())
    }

    /// A clearance as it would be today: who already had it by another way is not counted out.
    fn by_today(&self, id: ClearanceId) -> Option<Clearance> {
        let clearance = Clearance::clone(&*self.shared.book.get(id)?);
        let today = self.mesh.standing.network.decision(&clearance.handling);
        Some(Clearance { audience: Arc::clone(today.entitled(clearance.form)), ..clearance })
    }

    /// What the peer is told of an item by the ways before one, as far as they are offered to it.
    fn cover_before(
        &self,
        reader: &mut dyn Reader,
        (first, entry): (&StoredItem, &Entry),
        covered: &mut Coverage,
    ) -> Result<(), StoreError> {
        let whole = whole_of(first);
        if let Some(clearance) = self.shared.book.get(first.clearance) {
            let brought = Provenance::of(first).and_then(|it| it.envelope.with(&first.body));
            let said = match &brought {
                Some(envelope) if self.is_refused(reader, envelope, first.stamp.seq)? => None,
                Some(envelope) => self.says(envelope, (first.clearance, &clearance), &whole),
                None => {
                    let passing = self.passing(first.clearance, &clearance, None);
                    self.unheld(passing, &whole, &clearance.handling.producer)
                }
            };
            let hops = brought.map_or(0, |envelope| envelope.hops.len());
            if let Some(said) = said {
                covered.add(hops, &said.by);
            }
        }
        let ways = ways(reader, first.origin)?;
        self.cover_by(reader, (ways, entry), &whole, covered)
    }

    /// The same by the deeds of the ways before one.
    fn cover_by(
        &self,
        reader: &mut dyn Reader,
        (ways, entry): (Vec<Way>, &Entry),
        whole: &ItemId,
        covered: &mut Coverage,
    ) -> Result<(), StoreError> {
        let deeds = ways.into_iter().filter_map(|way| way.deed);
        for deed in deeds.filter(|deed| *deed < entry.stamp.seq) {
            let Some(entry) = reader.entries(Sequence(deed.0.saturating_sub(1)), 1)?.pop() else {
                continue;
            };
            let Ok(
                Kept::Path { clearance: Some(id), .. } | Kept::GaveWay { clearance: Some(id), .. },
            ) = serde_json::from_str(&entry.facts)
            else {
                continue;
            };
            let envelope = serde_json::from_slice::<Envelope>(&entry.body);
            if let (Ok(envelope), Some(clearance)) = (envelope, self.by_today(id))
                && !self.is_refused(reader, &envelope, entry.stamp.seq)?
                && let Some(said) = self.says(&envelope, (id, &clearance), whole)
            {
                covered.add(envelope.hops.len(), &said.by);
            }
        }
        Ok(())
    }

    /// Whether the peer refused the way at a place, and may take what came by it on another.
    fn is_refused(
        &self,
        reader: &mut dyn Reader,
        envelope: &Envelope,
        place: Sequence,
    ) -> Result<bool, StoreError> {
        if self.refused.get().is_none() {
            let _before = self.refused.set(refused(reader, self.peer)?);
        }
        let refused = self.refused.get().filter(|it| !it.is_nothing());
        Ok(refused.is_some_and(|refused| refused.is(envelope.leaf(), place)))
    }

    /// By whose right an envelope that came goes to the peer; nothing when it has been there.
    fn says(
        &self,
        envelope: &Envelope,
        (id, clearance): (ClearanceId, &Clearance),
        whole: &ItemId,
    ) -> Passing {
        let What::Item(item) = &envelope.what else { return None };
        if envelope.passed(self.peer) || !self.mesh.is_sound(envelope) {
            return None;
        }
        let before = envelope.hops.last().map(|hop| &hop.passages);
        let passing = self.passing(id, clearance, Some((item.as_ref(), before)));
        self.unheld(passing, whole, &clearance.handling.producer)
    }
}

/// Whether a version is served, by its first release.
fn is_served(reader: &mut dyn Reader, origin: Sequence) -> Result<bool, StoreError> {
    let page = reader.items(&ItemQuery {
        after: Sequence(origin.0.saturating_sub(1)),
        until: Some(origin),
        as_of: None,
        without: &[],
        limit: 1,
        clearances: None,
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    })?;
    Ok(page.items.iter().any(|item| item.stamp.seq == origin))
}

/// Whether who brought what gave way has withdrawn it since.
fn was_withdrawn(
    reader: &mut dyn Reader,
    envelope: &Envelope,
    entry: &Entry,
) -> Result<bool, StoreError> {
    let What::Item(item) = &envelope.what else { return Ok(false) };
    let Some(id) = &item.object.outline().id else { return Ok(false) };
    let of = (id, &item.conditions.producer);
    is_withdrawn_elsewhere(reader, &envelope.origin, of, entry.stamp.seq)
}

/// To whom a form was ever cleared; who was cleared for the full form gets the other beside it.
pub(crate) fn recorded(book: &Book, clearance: &Clearance) -> Audience {
    let mut recorded = Audience::clone(&clearance.audience);
    if clearance.form == Form::Redacted {
        recorded.absorb(&book.had_full(&clearance.handling));
    }
    recorded
}

/// The exercise of a form without the victim: without its name, which may tell it, and without those
/// who have the full form, be they its victims or who brought it.
fn exercise_untold(handling: &Handling) -> Option<Exercise> {
    let Exercise { mut participants, .. } = handling.exercise.clone()?;
    participants.retain(|it| !handling.victims.contains(it) && *it != handling.producer);
    Some(Exercise { name: String::new(), participants })
}

fn is_release(entry: &Entry) -> bool {
    matches!(entry.kind, EntryKind::Item | EntryKind::Rerelease)
}

/// What the last hop of an envelope gives.
fn given(envelope: &Bare) -> BTreeSet<Given> {
    let passages = envelope.hops.last().map_or(&[][..], |hop| &hop.passages);
    crate::take::via(envelope.form, &envelope.conditions, passages)
}

/// What the last hop of an item's envelope gives.
fn given_by(envelope: &Envelope) -> BTreeSet<Given> {
    let passages = envelope.hops.last().map_or(&[][..], |hop| &hop.passages);
    match &envelope.what {
        What::Item(item) => crate::take::via(item.form, &item.conditions, passages),
        _ => BTreeSet::new(),
    }
}
