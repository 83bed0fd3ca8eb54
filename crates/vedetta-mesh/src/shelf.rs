//! The house as the room sees it: a shelf to read from and to put on, and what it believes.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::card::{Card, Statement};
use vedetta_federation::cards::{Cards, Learnt, Vouches};
use vedetta_federation::digest::Digest;
use vedetta_federation::shelf::{Arrival, Ask, Outcome, Page, Shelf};
use vedetta_federation::waiting::Waiting;
use vedetta_flow::FlowError;
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Instant, OrganisationId};
use vedetta_store::RecordKind;

use crate::Nodes;
use crate::line::Line;
use crate::memory::{bookmark_name, brought_name};
use crate::places::hash_at;

/// Why the house did not answer a link.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ShelfError(#[from] FlowError);

/// That a peer brought as much as it may for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the peer brought as much as it may in a day")]
pub struct OverQuota;

/// So many new cards a node may have at once, then one each time that so long has gone by: each has
/// everything compiled anew.
const CARDS: u32 = 16;
const CARD_EVERY: Duration = Duration::from_secs(60);
/// Of so many nodes it is remembered when they had new cards.
const NODES: usize = 4_096;

/// Over how long the quota of a peer is.
const DAY: Duration = Duration::from_secs(86_400);

impl From<vedetta_store::StoreError> for ShelfError {
    fn from(error: vedetta_store::StoreError) -> Self {
        Self(error.into())
    }
}

impl Shelf for Nodes {
    type Error = ShelfError;

    fn head(&self) -> Result<Mark, ShelfError> {
        let place = self.house.bell().last().0;
        Ok(Mark { place, hash: self.hash_at(place)?.unwrap_or_default() })
    }

    fn hash_at(&self, place: u64) -> Result<Option<Digest>, ShelfError> {
        Ok(self.house.read(|reader| hash_at(reader, place))?)
    }

    fn edition(&self, peer: &OrganisationId) -> Result<String, ShelfError> {
        let mesh = self.house.mesh()?;
        let first = self.house.read(|reader| hash_at(reader, 1))?.unwrap_or_default().to_string();
        let scope = mesh.peer(peer).map(|peer| &peer.serves);
        let scope = serde_json::to_vec(&scope).unwrap_or_default();
        // What a stolen key sealed is offered again, sealed by the key after it.
        let cards = mesh.cards.cards_of(&mesh.me).iter();
        let revoked: BTreeSet<_> = cards.flat_map(|card| &card.says.revokes).collect();
        let revoked: String = revoked.into_iter().map(ToString::to_string).collect();
        let scope = vedetta_federation::digest::digest(&[&scope, revoked.as_bytes()]).to_string();
        Ok(format!("{}.{}", &first[..32], &scope[..16]))
    }

    fn bookmark(&self, peer: &OrganisationId) -> Result<Bookmark, ShelfError> {
        Ok(self.memory(peer)?.0)
    }

    fn waiting(&self, peer: &OrganisationId) -> Result<Waiting, ShelfError> {
        Ok(self.memory(peer)?.1)
    }

    fn page(&self, peer: &OrganisationId, ask: &Ask) -> Result<Page, ShelfError> {
        Ok(self.read_for(peer, ask)?)
    }

    fn take_in(&self, peer: &OrganisationId, arrival: Arrival) -> Result<Vec<Outcome>, ShelfError> {
        Ok(self.take_from(peer, arrival)?)
    }

    fn set_bookmark(&self, peer: &OrganisationId, bookmark: &Bookmark) -> Result<(), ShelfError> {
        let (name, bytes) = (bookmark_name(peer), serde_json::to_vec(bookmark).unwrap_or_default());
        Ok(self.house.write(move |unit| unit.set_bookmark(&name, &bytes))?)
    }

    fn confirmed(&self, peer: &OrganisationId, span: Span) -> Result<(), ShelfError> {
        self.hear(peer);
        self.arrived(peer, span);
        Ok(())
    }
}

impl Nodes {
    /// The cards that go to a peer: this node's own, those that it has of the peer, and those of the
    /// nodes whose seals the peer has seen or is about to see. For which of them the peer believes it,
    /// the peer alone knows.
    ///
    /// # Errors
    /// As [`vedetta_flow::House::mesh`].
    pub fn vouched_cards(&self, peer: &OrganisationId) -> Result<Vec<Card>, FlowError> {
        let (mesh, introduced) = (self.house.mesh()?, self.introduced(peer)?);
        let goes =
            |node: &OrganisationId| *node == mesh.me || node == peer || introduced.contains(node);
        let nodes = mesh.cards.nodes().filter(|(node, _)| goes(node));
        Ok(nodes.flat_map(|(_, known)| known.cards.iter().cloned()).collect())
    }

    /// How often a peer was introduced to nodes since the house was opened.
    pub fn introductions(&self, peer: &OrganisationId) -> u64 {
        self.lines().get(peer).map_or(0, |line| line.introductions)
    }

    /// The nodes to which a peer was introduced.
    fn introduced(&self, peer: &OrganisationId) -> Result<BTreeSet<OrganisationId>, FlowError> {
        Ok(read_introduced(self.house.read(|reader| reader.bookmark(&introduced_name(peer)))?))
    }

    /// Remembers that a peer sees seals of these nodes from now on: durably, since it is to be told
    /// when a key of theirs counts for nothing any more.
    pub(crate) fn introduce(
        &self,
        peer: &OrganisationId,
        nodes: BTreeSet<OrganisationId>,
    ) -> Result<(), FlowError> {
        let knows = |line: &Line| line.introduced.is_superset(&nodes);
        if self.lines().get(peer).is_some_and(knows) {
            return Ok(());
        }
        let mut introduced = self.introduced(peer)?;
        if !nodes.is_subset(&introduced) {
            let name = introduced_name(peer);
            // Two connections of one peer may do this at once.
            introduced = self.house.write(move |unit| {
                let mut introduced = read_introduced(unit.bookmark(&name)?);
                introduced.extend(nodes.iter().cloned());
                let bytes = serde_json::to_vec(&introduced).unwrap_or_default();
                unit.set_bookmark(&name, &bytes)?;
                Ok(introduced)
            })?;
        }
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        (line.introduced, line.introductions) = (introduced, line.introductions + 1);
        Ok(())
    }

    /// Learns cards that a peer brought, each for what it is worth: that of the peer itself, those
    /// of nodes about which it is believed, and those of this node that were lost with a backup.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn learn_cards(&self, peer: &OrganisationId, cards: &[Card]) -> Result<(), FlowError> {
        let known = self.house.mesh()?;
        let (mut fresh, mut hasty) = (Vec::new(), false);
        for card in cards.iter().filter(|card| says_news(&known, peer, card)) {
            match self.paces(&card.says.organisation) {
                true => fresh.push(card),
                false => hasty = true,
            }
        }
        if hasty {
            self.knocked("cards-too-soon")?;
        }
        if fresh.is_empty() {
            return Ok(());
        }
        self.learn_fresh(peer, &fresh)
    }

    /// Whether a node may have one more card here by now. What is too much comes again with the next
    /// connection.
    fn paces(&self, node: &OrganisationId) -> bool {
        let now = self.house.now();
        let mut paces = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= NODES {
            paces.retain(|_, (_, last)| now.since(*last) < CARD_EVERY * CARDS);
        }
        let (count, last) = paces.entry(node.clone()).or_insert((0, now));
        let back = now.since(*last).as_secs() / CARD_EVERY.as_secs();
        *count = count.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX));
        if back > 0 {
            *last = now;
        }
        let may = *count < CARDS;
        *count += u32::from(may);
        may
    }

    fn learn_fresh(&self, peer: &OrganisationId, cards: &[&Card]) -> Result<(), FlowError> {
        let _one_at_a_time = self.house.change();
        let mesh = self.house.mesh()?;
        let mut known = Cards::clone(&mesh.cards);
        let mut changed = BTreeSet::new();
        // Of those that come before what is known each bears out the one before it.
        let earlier = |card: &&Card| mesh.cards.has_room_before(&card.says.organisation, card);
        let (mut before, after): (Vec<&Card>, Vec<_>) = cards.iter().partition(|it| earlier(it));
        before.sort_by_key(|card| Reverse(card.says.serial));
        for card in before.into_iter().chain(after) {
            let node = &card.says.organisation;
            let newest = known.newest(node).filter(|_| !known.has_room_before(node, card));
            if newest.is_some_and(|newest| is_older(card, newest)) && *node != mesh.me {
                continue;
            }
            let learnt = match believes(&mesh, peer, node) {
                Believed::Own => Ok(known.regain(card, &mesh.key.public())),
                Believed::Itself => known.learn(card),
                Believed::Vouching => {
                    known.learn(card).map(|learnt| match (learnt, known.vouch(node, peer)) {
                        (Learnt::Known, Learnt::Known) => Learnt::Known,
                        _ => Learnt::New,
                    })
                }
                Believed::Not => continue,
            };
            match learnt {
                Ok(Learnt::New) => {
                    changed.insert(node.clone());
                }
                Ok(Learnt::Known) => {}
                Err(error) => {
                    tracing::debug!(%peer, %error, "a card was refused");
                    self.knocked("card-refused")?;
                }
            }
        }
        if changed.contains(&mesh.me) {
            self.say_again(&mesh, &mut known);
        }
        if changed.is_empty() {
            return Ok(());
        }
        let of = |node: &OrganisationId| serde_json::to_vec(&known.known(node)).unwrap_or_default();
        let bodies: Vec<_> = changed.into_iter().map(|node| (of(&node), node)).collect();
        let (shared, actor) = (Arc::clone(self.house.shared()), format!("peer:{peer}"));
        let brought = self.lines().get(peer).and_then(|line| line.brought);
        let brought = (brought_name(peer), serde_json::to_vec(&brought).unwrap_or_default());
        self.house.write(move |unit| {
            unit.set_bookmark(&brought.0, &brought.1)?;
            shared.touch(RecordKind::Card);
            for (body, node) in &bodies {
                unit.put_record(RecordKind::Card, node.as_str(), body, &actor)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// After cards of this node came back that it had lost: what it said since follows them.
    fn say_again(&self, mesh: &Mesh, known: &mut Cards) {
        let (Some(said), Some(newest)) = (mesh.card(), known.newest(&mesh.me)) else { return };
        let Statement { serves, address, .. } = said.says.clone();
        if newest.says.serves == serves && newest.says.address == address {
            return;
        }
        let serial = newest.says.serial.saturating_add(1);
        let says = Statement { serial, ..mesh.next_statement(self.house.now(), serves, address) };
        let card = says.sign_after(&mesh.key, &mesh.key);
        if let Err(error) = known.learn(&card) {
            tracing::error!(%error, "this node's card does not follow the one that came back");
        }
    }

    /// Whether a peer that shows this card is the one that was paired; learns the card when it
    /// follows the one that is known. One that has lost its latest card with a backup shows an
    /// earlier one of the same key: it is the same node, and is told what it has lost.
    ///
    /// # Errors
    /// Why it is not.
    pub fn meet(&self, peer: &OrganisationId, card: &Card) -> Result<(), FlowError> {
        let stranger = || FlowError::Unproven("the peer's card is not the one that was paired");
        let mesh = self.house.mesh()?;
        if !mesh.peer(peer).is_some_and(|it| it.stage.is_active()) {
            return Err(FlowError::Unproven("there is no active link with this node"));
        }
        if card.says.organisation != *peer {
            return Err(stranger());
        }
        if mesh.cards.is_revoked(peer, &card.says.key.id()) {
            return Err(FlowError::Unproven("the peer's key was revoked"));
        }
        let newest = mesh.cards.newest(peer).ok_or_else(stranger)?;
        if card == newest || is_older(card, newest) {
            return Ok(());
        }
        // Anybody can show a card: nothing is locked or written for one that does not follow.
        if card.check().is_err() || card.check_after(newest).is_err() {
            self.knocked("card-refused")?;
            return Err(stranger());
        }
        self.learn_cards(peer, std::slice::from_ref(card))?;
        let known = self.house.mesh()?.cards.newest(peer).cloned();
        if known.as_ref() == Some(card) { Ok(()) } else { Err(stranger()) }
    }

    /// Counts what a peer brings, when a day's quota has room for it. What was brought counts ever
    /// less, and after a day no more.
    ///
    /// # Errors
    /// [`OverQuota`] when there is no room: then nothing is counted, and the peer must wait.
    pub fn make_room(
        &self,
        peer: &OrganisationId,
        octets: u64,
        a_day: u64,
    ) -> Result<(), OverQuota> {
        let mut lines = self.lines();
        spend(&mut lines.entry(peer.clone()).or_default().brought, octets, a_day, self.house.now())
    }

    /// How much would have gone to a peer since this was asked last, and has been through as many
    /// nodes as it may.
    pub fn too_far(&self, peer: &OrganisationId) -> u64 {
        self.lines().get_mut(peer).map_or(0, |line| std::mem::take(&mut line.too_far))
    }
}

/// Counts octets among those spent, and when that was, when a day's quota has room for them.
pub(crate) fn spend(
    spent: &mut Option<(u64, Instant)>,
    octets: u64,
    a_day: u64,
    now: Instant,
) -> Result<(), OverQuota> {
    // A clock that ran ahead and was set back makes nobody wait for it.
    *spent = spent.map(|(octets, at)| (octets, at.min(now)));
    let before = spent.map_or(0, |(octets, at)| {
        let passed = u128::from(a_day) * now.since(at).as_millis() / DAY.as_millis();
        octets.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX))
    });
    let after = before.saturating_add(octets);
    // What alone is more than a day's is let through when nothing else was: else never.
    if after > a_day && before > 0 {
        return Err(OverQuota);
    }
    *spent = Some((after, now));
    Ok(())
}

fn read_introduced(kept: Option<Vec<u8>>) -> BTreeSet<OrganisationId> {
    kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default()
}

/// Where it is kept to which nodes a peer was introduced.
fn introduced_name(peer: &OrganisationId) -> String {
    format!("introduced/{peer}")
}

/// Whether a card is an earlier one of the key of the newest, or one that its node signed anew after
/// it was restored from a backup: it says nothing.
fn is_older(card: &Card, newest: &Card) -> bool {
    card.says.serial <= newest.says.serial
        && card.says.key == newest.says.key
        && card != newest
        && card.check().is_ok()
}

/// Whether a card says something that is not known here: the others change nothing, however often
/// they come.
fn says_news(mesh: &Mesh, peer: &OrganisationId, card: &Card) -> bool {
    let node = &card.says.organisation;
    let newest = mesh.cards.newest(node).map(|newest| newest.says.serial);
    let known = || {
        newest.is_some_and(|serial| card.says.serial <= serial)
            && !mesh.cards.has_room_before(node, card)
    };
    match believes(mesh, peer, node) {
        Believed::Not => false,
        Believed::Own => !mesh.cards.cards_of(node).contains(card),
        Believed::Itself => !known(),
        Believed::Vouching => {
            let vouched = mesh.cards.known(node).is_some_and(|it| it.vouched_by.contains(peer));
            !vouched || !known()
        }
    }
}

/// About a node's card.
enum Believed {
    /// The peer is not.
    Not,
    /// It is the peer's own.
    Itself,
    /// It vouches for the node.
    Vouching,
    /// It is this node's own: what its own key signed.
    Own,
}

/// Whether a peer is believed about the card of a node. What was pinned in person is changed by
/// that node alone; of the others only those count for which nobody else was accepted.
fn believes(mesh: &Mesh, peer: &OrganisationId, node: &OrganisationId) -> Believed {
    if *node == mesh.me {
        return Believed::Own;
    }
    if node == peer {
        return Believed::Itself;
    }
    if mesh.peer(node).is_some() {
        return Believed::Not;
    }
    let above = mesh.trust.territory().accepted(node);
    match (mesh.peer(peer).map(|peer| peer.vouches), above) {
        (Some(_), Some(above)) if above == peer => Believed::Vouching,
        (Some(Vouches::Everything), None) => Believed::Vouching,
        _ => Believed::Not,
    }
}
