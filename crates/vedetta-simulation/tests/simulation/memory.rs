//! A node's memory: a ledger in a vector, and the real policy.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::check::{Verified, Way};
use vedetta_federation::digest::{Digest, digest};
use vedetta_federation::envelope::{Envelope, Item, Stands, What};
use vedetta_federation::onward::{Coverage, Worth, borne_out};
use vedetta_federation::scope::Territory;
use vedetta_federation::shelf::{Arrival, Ask, Lane, Outcome, Page, Parcel, Shelf};
use vedetta_federation::stands::{Heard, Stood, Word};
use vedetta_federation::waiting::Waiting;
use vedetta_model::agreement::{Agreement, Stage};
use vedetta_model::{
    AccountId, AgreementId, Audience, Category, Handling, Hold, Instant, ItemId, OrganisationId,
    OrganisationNumber, Tlp,
};
use vedetta_policy::{Form, Network, Passage, Roll};

use crate::world::{BEGINNING, World, in_force};

/// What is on a node's disk: a clone of it is a backup.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) entries: Vec<Entry>,
    pub(crate) things: BTreeMap<Digest, Thing>,
    pub(crate) stands: BTreeMap<AgreementId, Stood>,
    pub(crate) holds: Vec<Hold>,
    /// Who left the network.
    pub(crate) gone: BTreeSet<OrganisationId>,
    /// Texts of agreements that came, of those whose texts this node may have.
    texts: BTreeMap<AgreementId, Arc<Agreement>>,
    bookmarks: BTreeMap<OrganisationId, Bookmark>,
    waiting: BTreeMap<OrganisationId, Waiting>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    hash: Digest,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It came, as this node's own or by a path.
    Came { leaf: Digest, path: Option<usize>, way: Way },
    /// Somebody may have it who could not before.
    Again(Digest),
}

/// Something that travels, as a node has it.
#[derive(Clone)]
pub(crate) struct Thing {
    /// Without hops; with the origin's seal, when it has been sealed.
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) own: bool,
    /// For a derived form at its origin: how the original is handled.
    pub(crate) original: Option<Handling>,
    /// The ways by which it came.
    pub(crate) paths: Vec<Arc<Envelope>>,
}

/// One way of offering a thing to a peer: the path, and who gives.
type Offer = (Option<usize>, Vec<Passage>);

/// Passages found, by envelope (kept, so that its address stays its own) and peer.
type Known = HashMap<(usize, OrganisationId), (Arc<Envelope>, Option<Vec<Passage>>)>;

pub(crate) struct Memory {
    pub(crate) me: OrganisationId,
    pub(crate) disk: RefCell<Disk>,
    network: RefCell<Arc<Network>>,
    world: Rc<World>,
    territory: Arc<Territory>,
    agreements: Vec<Arc<Agreement>>,
    node: usize,
    peers: Vec<OrganisationId>,
    known: RefCell<Known>,
    /// Whether what stands is another since that was asked.
    anew: Cell<bool>,
    /// Ledgers of one node that went apart are told by it.
    pub(crate) salt: Cell<u64>,
}

const MOST_PATHS: usize = 64;

impl Memory {
    pub(crate) fn new(world: &Rc<World>, node: usize, territory: &Arc<Territory>) -> Self {
        let held = world.agreements.iter().filter(|it| world.holds_text(node, it));
        let agreements: Vec<_> = held.cloned().collect();
        let disk = Disk::default();
        Self {
            me: world.nodes[node].clone(),
            network: RefCell::new(Arc::new(compile(world, &agreements, &disk))),
            disk: RefCell::new(disk),
            world: Rc::clone(world),
            territory: Arc::clone(territory),
            agreements,
            node,
            peers: world.neighbours(node).iter().map(|peer| world.nodes[*peer].clone()).collect(),
            known: RefCell::default(),
            anew: Cell::default(),
            salt: Cell::new(0),
        }
    }

    pub(crate) fn network(&self) -> Arc<Network> {
        Arc::clone(&self.network.borrow())
    }

    pub(crate) fn mark(&self) -> Mark {
        let disk = self.disk.borrow();
        let hash = disk.entries.last().map(|entry| entry.hash).unwrap_or_default();
        Mark { place: disk.entries.len() as u64, hash }
    }

    pub(crate) fn backup(&self) -> Disk {
        self.disk.borrow().clone()
    }

    pub(crate) fn restore(&self, backup: Disk) {
        *self.disk.borrow_mut() = backup;
        self.salt.set(self.salt.get() + 1);
        self.recompile();
    }

    /// Takes in something of this node's own.
    pub(crate) fn accept(&self, at: Instant, what: What, original: Option<Handling>) -> Digest {
        let place = self.mark().place + 1;
        let envelope = Envelope::unsealed(self.me.clone(), at, place, what);
        let leaf = envelope.leaf();
        let envelope = Arc::new(envelope);
        let thing = Thing { envelope: Arc::clone(&envelope), own: true, original, paths: vec![] };
        self.disk.borrow_mut().things.insert(leaf, thing);
        self.write(Kind::Came { leaf, path: None, way: Way::Onward });
        self.heed(&envelope, leaf);
        leaf
    }

    pub(crate) fn hold(&self, hold: Hold) {
        self.disk.borrow_mut().holds.push(hold);
        self.changed();
    }

    pub(crate) fn lift(&self, keep: impl Fn(&Hold) -> bool) {
        self.disk.borrow_mut().holds.retain(keep);
        self.changed();
    }

    /// What an organisation is given under an identifier, as a node keeps it: a line for each producer,
    /// of each its newest that may be read.
    pub(crate) fn reads(&self, organisation: &OrganisationId, id: &ItemId) -> BTreeSet<Digest> {
        let disk = self.disk.borrow();
        let mut lines: BTreeMap<OrganisationId, Vec<(Said, Digest)>> = BTreeMap::new();
        for (leaf, thing) in &disk.things {
            if item_of(thing).is_some_and(|(it, _)| it == *id) {
                let said = Said::of(thing);
                lines.entry(said.producer.clone()).or_default().push((said, *leaf));
            }
        }
        lines.retain(|producer, _| {
            !disk.things.values().any(|thing| withdraws(thing, (id, producer)))
        });
        let newest = lines.into_values().filter_map(|line| {
            let over = line.iter().filter(|(it, _)| it.revokes).map(|(it, _)| it.version).max();
            let standing = line.into_iter().filter(|(it, _)| Some(it.version) >= over);
            let mine = standing.filter(|(_, leaf)| self.may_read(organisation, leaf));
            mine.map(|(it, _)| it).max_by_key(|it| it.version)
        });
        newest.map(|it| it.object).collect()
    }

    /// Whether an organisation may read one thing here today.
    pub(crate) fn may_read(&self, organisation: &OrganisationId, leaf: &Digest) -> bool {
        let network = self.network();
        let disk = self.disk.borrow();
        let Some(number) = network.number(organisation) else { return false };
        let Some(thing) = disk.things.get(leaf) else { return false };
        let ways = thing.own.then_some(None).into_iter().chain((0..thing.paths.len()).map(Some));
        ways.into_iter().any(|way| {
            audience(&network, thing, way).is_some_and(|(_, audience)| audience.contains(number))
        })
    }

    fn write(&self, kind: Kind) {
        let mut disk = self.disk.borrow_mut();
        let before = disk.entries.last().map(|entry| entry.hash).unwrap_or_default();
        let (leaf, tag) = match kind {
            Kind::Came { leaf, path, .. } => (leaf, path.map_or(0, |path| path as u64 + 2)),
            Kind::Again(leaf) => (leaf, 1),
        };
        let salt = self.salt.get() << 32 | tag;
        let hash = digest(&[before.octets(), leaf.octets(), &salt.to_be_bytes()]);
        disk.entries.push(Entry { hash, kind });
    }

    /// What a thing changes in what this node believes.
    fn heed(&self, envelope: &Envelope, leaf: Digest) {
        if let What::Removal(removal) = &envelope.what {
            let news = self.disk.borrow_mut().gone.insert(removal.organisation.clone());
            if news {
                self.changed();
            }
        }
        if let What::Agreement(signed) = &envelope.what
            && self.world.holds_text(self.node, &signed.text)
        {
            // Whoever must sign has signed.
            let text = Agreement { stage: in_force(), ..Agreement::clone(&signed.text) };
            self.disk.borrow_mut().texts.insert(text.id.clone(), Arc::new(text));
            self.changed();
        }
        let What::Standing(notice) = &envelope.what else { return };
        let heard = {
            let mut disk = self.disk.borrow_mut();
            let stood = disk.stands.entry(notice.agreement.clone()).or_default();
            stood.hear(&envelope.origin, Word::of(notice, leaf))
        };
        if heard == Heard::News {
            self.changed();
        }
    }

    /// Whether this node has the text of an agreement.
    pub(crate) fn has_text(&self, id: &AgreementId) -> bool {
        self.agreements.iter().any(|it| it.id == *id) || self.disk.borrow().texts.contains_key(id)
    }

    fn recompile(&self) {
        let network = compile(&self.world, &self.agreements, &self.disk.borrow());
        *self.network.borrow_mut() = Arc::new(network);
        self.known.borrow_mut().clear();
        self.anew.set(true);
    }

    /// Whether what stands is another since this was asked.
    pub(crate) fn stands_anew(&self) -> bool {
        self.anew.take()
    }

    /// How agreements stand, as this node knows.
    pub(crate) fn stands(&self) -> BTreeMap<AgreementId, Stands> {
        let disk = self.disk.borrow();
        disk.stands.iter().map(|(id, stood)| (id.clone(), stood.now())).collect()
    }

    /// Whatever a peer may have now and could not before comes up again.
    fn changed(&self) {
        let before = self.all_offers();
        self.recompile();
        let after = self.all_offers();
        let mut grown = BTreeSet::new();
        for (key, offers) in after {
            let old = before.get(&key).map_or(&[][..], Vec::as_slice);
            let known = |(path, passages): &Offer| {
                let same =
                    |(it, old): &Offer| it == path && passages.iter().all(|it| old.contains(it));
                old.iter().any(same)
            };
            if !offers.iter().all(known) {
                grown.insert(key.0);
            }
        }
        for leaf in grown {
            self.write(Kind::Again(leaf));
        }
    }

    /// What every peer is to have of every item.
    fn all_offers(&self) -> BTreeMap<(Digest, usize), Vec<Offer>> {
        let (disk, network) = (self.disk.borrow(), self.network());
        let items = disk.things.iter().filter(|(_, thing)| item_of(thing).is_some());
        let mut all = BTreeMap::new();
        for (leaf, thing) in items {
            for (place, peer) in self.peers.iter().enumerate() {
                all.insert((*leaf, place), self.offers(&network, thing, peer));
            }
        }
        all
    }

    /// By which paths a peer is to have a thing: each says something that no earlier one of no more
    /// hops does.
    fn offers(&self, network: &Network, thing: &Thing, peer: &OrganisationId) -> Vec<Offer> {
        let mut covered = Coverage::default();
        let mut offers = Vec::new();
        let ways = thing.own.then_some(None).into_iter().chain((0..thing.paths.len()).map(Some));
        for way in ways {
            let envelope = way.map_or(&thing.envelope, |path| &thing.paths[path]);
            if envelope.passed(peer) {
                continue;
            }
            let Some(passages) = self.passages(network, thing, way, peer) else { continue };
            if covered.add(envelope.hops.len(), &passages) == Worth::Nothing {
                continue;
            }
            offers.push((way, passages));
        }
        offers
    }

    /// Who gives a thing to a peer's organisations by one path; nothing when nobody does.
    /// Remembered for as long as the network.
    fn passages(
        &self,
        network: &Network,
        thing: &Thing,
        way: Option<usize>,
        peer: &OrganisationId,
    ) -> Option<Vec<Passage>> {
        let envelope = way.map_or(&thing.envelope, |path| &thing.paths[path]);
        let key = (Arc::as_ptr(envelope) as usize, peer.clone());
        if let Some((_, known)) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let passages = self.find_passages(network, thing, way, peer);
        self.known.borrow_mut().insert(key, (Arc::clone(envelope), passages.clone()));
        passages
    }

    fn find_passages(
        &self,
        network: &Network,
        thing: &Thing,
        way: Option<usize>,
        peer: &OrganisationId,
    ) -> Option<Vec<Passage>> {
        let Some((_, item)) = item_of(thing) else { return Some(Vec::new()) };
        let (handling, audience) = audience(network, thing, way)?;
        let targets = self.territory.of(peer);
        if !audience.meets(&targets) {
            return None;
        }
        let ours = self.territory.of(&self.me);
        let said = network.passages(&handling, item.form, &targets, &ours);
        let before = way.and_then(|path| thing.paths[path].hops.last());
        let counts = |it: &&Passage| network.counts(&it.given());
        let counting =
            before.map(|hop| hop.passages.iter().filter(counts).cloned().collect::<Vec<_>>());
        let speaks = |id: &OrganisationId| self.territory.speaker(id) == Some(&self.me);
        let by = borne_out(item, counting.as_deref(), said, speaks);
        let free = item.form == Form::Full || handling.tlp == Tlp::Clear;
        (free || !by.is_empty()).then_some(by)
    }

    fn take(&self, verified: Verified) -> Outcome {
        let (leaf, way) = (verified.leaf(), verified.way());
        let envelope = Arc::new(verified.into_envelope());
        let mut bare = Envelope::clone(&envelope);
        bare.hops.clear();
        let mut disk = self.disk.borrow_mut();
        let new = !disk.things.contains_key(&leaf);
        let thing = disk.things.entry(leaf).or_insert_with(|| Thing {
            envelope: Arc::new(bare),
            own: false,
            original: None,
            paths: Vec::new(),
        });
        let path = if envelope.hops.is_empty() {
            if thing.own {
                return Outcome::Known;
            }
            thing.own = true;
            None
        } else {
            let Some(path) = add_path(thing, &envelope) else { return Outcome::Known };
            Some(path)
        };
        drop(disk);
        self.write(Kind::Came { leaf, path, way });
        if new {
            self.heed(&envelope, leaf);
        }
        if new { Outcome::New } else { Outcome::Path }
    }

    /// What an entry has for a peer.
    fn parcels(&self, place: u64, peer: &OrganisationId, ask: &Ask) -> Vec<Parcel> {
        let disk = self.disk.borrow();
        let Some(entry) = disk.entries.get(usize::try_from(place - 1).unwrap()) else {
            return Vec::new();
        };
        let (leaf, came) = match entry.kind {
            Kind::Came { leaf, path, way } => (leaf, Some((path, way))),
            Kind::Again(leaf) => (leaf, None),
        };
        let thing = &disk.things[&leaf];
        if ask.lane == Lane::Urgent && !is_urgent(&thing.envelope.what) {
            return Vec::new();
        }
        let envelope = |way: Option<usize>| way.map_or(&thing.envelope, |path| &thing.paths[path]);
        let mut parcels = Vec::new();
        if let Some((path, way)) = came
            && (place <= ask.echo || way == Way::Back)
            && let Some(back) = envelope(path).back_to(peer)
        {
            parcels.push(Parcel::Back(Box::new(back)));
        }
        for (way, passages) in self.offers(&self.network(), thing, peer) {
            if came.is_none_or(|(path, _)| path == way) {
                let envelope = Box::new(Envelope::clone(envelope(way)));
                let passages = passages.into();
                parcels.push(Parcel::Onward { envelope, passages, tlp: None });
            }
        }
        parcels
    }
}

impl Shelf for Memory {
    type Error = Infallible;

    fn head(&self) -> Result<Mark, Infallible> {
        Ok(self.mark())
    }

    fn hash_at(&self, place: u64) -> Result<Option<Digest>, Infallible> {
        let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        let disk = self.disk.borrow();
        Ok(at.and_then(|at| disk.entries.get(at)).map(|entry| entry.hash))
    }

    fn edition(&self, _: &OrganisationId) -> Result<String, Infallible> {
        Ok("first".into())
    }

    fn bookmark(&self, peer: &OrganisationId) -> Result<Bookmark, Infallible> {
        Ok(self.disk.borrow().bookmarks.get(peer).cloned().unwrap_or_default())
    }

    fn waiting(&self, peer: &OrganisationId) -> Result<Waiting, Infallible> {
        Ok(self.disk.borrow().waiting.get(peer).cloned().unwrap_or_default())
    }

    fn page(&self, peer: &OrganisationId, ask: &Ask) -> Result<Page, Infallible> {
        let mut page = Page::default();
        let mut upto = ask.span.after;
        while upto < ask.span.upto && page.parcels.len() < ask.envelopes.min(40) {
            upto += 1;
            page.parcels.extend(self.parcels(upto, peer, ask));
        }
        page.upto = Mark { place: upto, hash: self.hash_at(upto)?.unwrap_or_default() };
        Ok(page)
    }

    fn take_in(&self, peer: &OrganisationId, arrival: Arrival) -> Result<Vec<Outcome>, Infallible> {
        let outcomes = arrival.verified.into_iter().map(|it| self.take(it)).collect();
        self.set_bookmark(peer, &arrival.bookmark)?;
        if let Some(waiting) = arrival.waiting {
            self.disk.borrow_mut().waiting.insert(peer.clone(), waiting);
        }
        Ok(outcomes)
    }

    fn set_bookmark(&self, peer: &OrganisationId, bookmark: &Bookmark) -> Result<(), Infallible> {
        self.disk.borrow_mut().bookmarks.insert(peer.clone(), bookmark.clone());
        Ok(())
    }

    fn confirmed(&self, _: &OrganisationId, _: Span) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Whether it comes before what a peer missed.
fn is_urgent(what: &What) -> bool {
    match what {
        What::Item(item) => {
            item.conditions.category == Category::EarlyWarning || item.object.outline().revoked
        }
        What::Withdrawal(_) | What::Agreement(_) | What::Standing(_) | What::Removal(_) => true,
        What::Acknowledgement(_) | What::Contact(_) | What::Presence(_) => false,
    }
}

/// The item in a thing, with its identifier.
pub(crate) fn item_of(thing: &Thing) -> Option<(ItemId, &Item)> {
    let What::Item(item) = &thing.envelope.what else { return None };
    let id = item.object.value().get("id")?.as_str().map(ItemId::new)?.ok()?;
    Some((id, item))
}

/// How a thing that came one way is handled, and who may have it in its form.
fn audience(
    network: &Network,
    thing: &Thing,
    way: Option<usize>,
) -> Option<(Arc<Handling>, Arc<Audience>)> {
    let (id, item) = item_of(thing)?;
    let handling = match way {
        None => thing.original.as_ref().unwrap_or(&item.conditions).clone(),
        Some(path) => {
            let hops = &thing.paths[path].hops;
            let tlp = hops.iter().filter_map(|hop| hop.tlp).max().unwrap_or(item.conditions.tlp);
            item.handling(hops.last().map_or(&[][..], |hop| &hop.passages), tlp)?
        }
    };
    let handling = Arc::new(handling);
    let decision = network.decide_item(&handling, &id);
    let audience = match item.form {
        Form::Full => Arc::clone(&decision.full),
        Form::Redacted => Arc::clone(&decision.reached),
    };
    Some((handling, audience))
}

/// What an item says, as it stands to others of its identifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    pub(crate) producer: OrganisationId,
    pub(crate) revokes: bool,
    pub(crate) version: Instant,
    pub(crate) object: Digest,
}

impl Said {
    pub(crate) fn of(thing: &Thing) -> Self {
        let What::Item(item) = &thing.envelope.what else { unreachable!("only items say this") };
        let object = item.object.value();
        let text = |name: &str| object.get(name).and_then(|it| it.as_str()).unwrap_or_default();
        let producer = item.conditions.producer.clone();
        Self {
            revokes: item.object.outline().revoked,
            version: text("modified").parse().unwrap(),
            object: digest(&[item.object.text().as_bytes()]),
            producer,
        }
    }
}

/// Whether a thing takes back what somebody brought of an item.
fn withdraws(thing: &Thing, (id, producer): (&ItemId, &OrganisationId)) -> bool {
    let What::Withdrawal(it) = &thing.envelope.what else { return false };
    it.item == *id && it.producer.as_ref() == Some(producer)
}

/// Adds a path; nothing when it says nothing new.
fn add_path(thing: &mut Thing, envelope: &Arc<Envelope>) -> Option<usize> {
    let trail = |it: &Envelope| it.hops.iter().map(|hop| hop.to.clone()).collect::<Vec<_>>();
    let last = |it: &Envelope| it.hops.last().map(|hop| (hop.at, hop.passages.clone()));
    let mine = trail(envelope);
    if let Some(place) = thing.paths.iter().position(|it| trail(it) == mine) {
        let (old, new) = (last(&thing.paths[place]), last(envelope));
        let news = new
            .as_ref()
            .zip(old.as_ref())
            .is_some_and(|(new, old)| new.0 > old.0 && new.1 != old.1);
        if news {
            thing.paths[place] = Arc::clone(envelope);
        }
        return news.then_some(place);
    }
    if thing.paths.len() >= MOST_PATHS {
        return None;
    }
    thing.paths.push(Arc::clone(envelope));
    Some(thing.paths.len() - 1)
}

fn compile(world: &World, agreements: &[Arc<Agreement>], disk: &Disk) -> Network {
    let stage = |agreement: &Arc<Agreement>| match disk
        .stands
        .get(&agreement.id)
        .map_or(Stands::InForce, Stood::now)
    {
        Stands::InForce => Arc::clone(agreement),
        Stands::Suspended | Stands::Expired => {
            let by = AccountId::new("they").unwrap();
            let stage = Stage::Suspended { since: BEGINNING, by, reason: "for now".into() };
            Arc::new(Agreement { stage, ..Agreement::clone(agreement) })
        }
    };
    let agreements: Vec<_> = agreements.iter().chain(disk.texts.values()).map(stage).collect();
    let lapsed = disk.stands.iter().filter(|(_, stood)| stood.now() != Stands::InForce);
    let lapsed = lapsed.map(|(id, _)| id.clone()).collect();
    let organisations = world.organisations.iter().filter(|(_, it)| !disk.gone.contains(&it.id));
    let organisations: Vec<(OrganisationNumber, _)> = organisations.cloned().collect();
    let roll = Roll { organisations: &organisations, agreements: &agreements, holds: &disk.holds };
    Network::compile(roll, BEGINNING).with_lapsed(lapsed).with_left(disk.gone.clone())
}
