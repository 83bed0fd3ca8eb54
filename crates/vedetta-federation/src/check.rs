//! Whether an envelope is what it claims, whatever relay brought it.
//!
//! A relay can narrow, never widen. What a receiver checks, in this order: the format and its
//! bounds; the trail from the origin to here, through no node twice; that nothing is from the
//! future; every key; every seal; that the origin speaks for the producer; the markings along the
//! trail; and that every giver named by a hop holds the item by what the hop before gave.

mod roots;
mod shape;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use vedetta_model::agreement::Stage;
use vedetta_model::{AgreementId, Instant, OrganisationId, Tlp};
use vedetta_policy::{Form, Network, Passage};

use crate::card::Card;
use crate::cards::{Cards, Peer, PeerStage, Vouches};
use crate::digest::Digest;
use crate::envelope::{Envelope, Item, SignedAgreement, What};
use crate::hop::{self, Hop};
use crate::key::KeyId;
use crate::limits::{Beside, Limits};
use crate::passages::Passages;
use crate::scope::{Accepted, Breadth, Scope, Territory, Vouched};
use crate::seal::Seal;

pub use self::roots::Roots;
use self::shape::{bounds, times, trail};

/// A moment so far ahead of ours is still believed.
pub const SKEW: Duration = Duration::from_secs(300);

/// A passage rests on at most so many agreements.
pub const MOST_AGREEMENTS: usize = 64;

/// Conditions name at most so many victims, persons and agreements, each.
pub const MOST_NAMES: usize = 64;

/// A text is signed by at most so many nodes.
pub const MOST_SIGNATURES: usize = 64;

/// What a node believes at a moment: compiled from the directory, the agreements, the cards and the
/// peers, and compiled anew when one of them changes.
pub struct Trust {
    me: OrganisationId,
    network: Arc<Network>,
    territory: Arc<Territory>,
    cards: Arc<Cards>,
    peers: HashSet<OrganisationId>,
    /// Every node that was paired, whatever became of it; about whose cards those are believed whose
    /// link did not end.
    paired: HashSet<OrganisationId>,
    vouching: HashMap<OrganisationId, Vouches>,
    roots: Arc<Roots>,
    limits: Arc<Limits>,
}

/// An envelope that was checked: only [`Trust::check`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    envelope: Box<Envelope>,
    leaf: Digest,
    way: Way,
    tlp: Option<Tlp>,
    /// Whether it was missed when it was new, or had to wait.
    late: bool,
}

/// On which way an envelope came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The peer passed it on to us.
    Onward,
    /// The peer gave back what we had, as it was when it first reached us: we were restored.
    Back,
}

/// An envelope that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Its leaf.
    pub leaf: Digest,
    /// Who it says brought it into the network.
    pub origin: OrganisationId,
    /// Whether it is an item, and no notice of any kind.
    pub is_item: bool,
    /// Why.
    pub why: Refusal,
    /// The envelope, when the same may be accepted later.
    pub later: Option<Box<Envelope>>,
}

/// Why an envelope is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// A version of the format that we do not read.
    #[error("version {0} of the envelope is not read here: upgrade this node")]
    Version(u8),
    /// More than may be.
    #[error("more {0} than an envelope may have")]
    TooMany(&'static str),
    /// The last hop is not from the peer to us.
    #[error("the trail does not lead from {0} to here")]
    NotForUs(OrganisationId),
    /// It comes back as another peer once gave it, and the link with that one rests.
    #[error("it comes back as {0} gave it, and the link with {0} rests")]
    Resting(OrganisationId),
    /// The peer brought it before, with the same seal of its own: who sends again seals again.
    #[error("{0} brought it before, with this very seal: a replay")]
    Replayed(OrganisationId),
    /// A hop does not begin where the one before ended.
    #[error("the trail is broken at hop {0}")]
    BrokenTrail(usize),
    /// It passed through a node twice.
    #[error("it passed through {0} twice")]
    Loop(OrganisationId),
    /// Later than our clock and the tolerance.
    #[error("{at} is more than five minutes ahead of this node's clock: compare the clocks")]
    Future {
        /// The moment that it gives.
        at: Instant,
    },
    /// A node whose card we do not have.
    #[error("no card of {0} is known here: pair with it, or ask a peer that vouches for it")]
    UnknownNode(OrganisationId),
    /// A key that is on no card of the node.
    #[error("{node} has no key {key} on any card known here")]
    UnknownKey {
        /// Whose key it should be.
        node: OrganisationId,
        /// The key.
        key: KeyId,
    },
    /// A key that was revoked.
    #[error("key {key} of {node} was revoked")]
    RevokedKey {
        /// Whose key.
        node: OrganisationId,
        /// The key.
        key: KeyId,
    },
    /// A key that had ended before the moment that it seals.
    #[error("key {key} of {node} had ended before {at}")]
    EndedKey {
        /// Whose key.
        node: OrganisationId,
        /// The key.
        key: KeyId,
        /// The moment.
        at: Instant,
    },
    /// No seal where there must be one.
    #[error("{0} did not seal it")]
    Unsealed(OrganisationId),
    /// A seal that does not hold.
    #[error("the seal of {0} does not hold: it was altered on the way")]
    BrokenSeal(OrganisationId),
    /// The origin does not speak for the one whom it names.
    #[error("{origin} does not speak for {organisation}")]
    NotSpeaking {
        /// Who brought it.
        origin: OrganisationId,
        /// For whom.
        organisation: OrganisationId,
    },
    /// Says how an agreement stands of which it has no party.
    #[error("{origin} speaks for no party to {agreement}, and says how it stands")]
    NoParty {
        /// Who says it.
        origin: OrganisationId,
        /// Of which agreement.
        agreement: AgreementId,
    },
    /// Handled with a wider marking than the object has, or than a hop before gave it.
    #[error("{0} lowered its marking")]
    LoweredMarking(OrganisationId),
    /// A relay gives by a right that the hop before did not give.
    #[error("{relay} passes it on by {giver}, who holds it by no right that came with it")]
    Widened {
        /// The relay.
        relay: OrganisationId,
        /// Whose right it claims.
        giver: OrganisationId,
    },
    /// A derived form that tells a victim, or whose producer is not the origin.
    #[error("the redacted form of {0} is not one")]
    NotRedacted(OrganisationId),
    /// An object without the identifier that every item has.
    #[error("the object has no identifier")]
    NoIdentifier,
    /// A text with a signature that no key holds of which a card is known here.
    #[error("{0} has not signed the text, as far as its cards are known here")]
    Unsigned(OrganisationId),
    /// Handled in more new ways than an origin may bring in a day.
    #[error("{0} brings items handled in more new ways than it may in a day")]
    ManyKinds(OrganisationId),
    /// The same was changed a moment ago, and before.
    #[error("{0} changes the same too often; its last word counts in some seconds")]
    TooSoon(OrganisationId),
}

impl Refusal {
    /// Its name, for counters and other programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::TooMany(_) => "too-many",
            Self::NotForUs(_) => "not-for-us",
            Self::Resting(_) => "resting",
            Self::Replayed(_) => "replayed",
            Self::BrokenTrail(_) => "broken-trail",
            Self::Loop(_) => "loop",
            Self::Future { .. } => "future",
            Self::UnknownNode(_) => "unknown-node",
            Self::UnknownKey { .. } => "unknown-key",
            Self::RevokedKey { .. } => "revoked-key",
            Self::EndedKey { .. } => "ended-key",
            Self::Unsealed(_) => "unsealed",
            Self::BrokenSeal(_) => "broken-seal",
            Self::NotSpeaking { .. } | Self::NoParty { .. } => "not-speaking",
            Self::LoweredMarking(_) => "lowered-marking",
            Self::Widened { .. } => "widened",
            Self::NotRedacted(_) => "not-redacted",
            Self::NoIdentifier => "no-identifier",
            Self::Unsigned(_) => "unsigned",
            Self::ManyKinds(_) => "many-kinds",
            Self::TooSoon(_) => "too-soon",
        }
    }

    /// The node of which a card, or another, would have to come first.
    #[must_use]
    pub const fn unproven(&self) -> Option<&OrganisationId> {
        match self {
            Self::UnknownNode(node)
            | Self::UnknownKey { node, .. }
            | Self::NotSpeaking { origin: node, .. }
            | Self::NoParty { origin: node, .. } => Some(node),
            _ => None,
        }
    }

    /// Whether the same envelope may be accepted later, when a card arrives or the clock goes on.
    /// Such a one waits ([`crate::waiting`]).
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Future { .. }
                | Self::Resting(_)
                | Self::UnknownNode(_)
                | Self::UnknownKey { .. }
                | Self::NotSpeaking { .. }
                | Self::NoParty { .. }
                | Self::Unsigned(_)
                | Self::ManyKinds(_)
                | Self::TooSoon(_)
                | Self::Version(_)
        )
    }
}

impl Verified {
    /// What a peer brought before as it is.
    pub(crate) fn replayed(self, peer: &OrganisationId) -> Box<Refused> {
        let (origin, is_item) = (self.envelope.origin.clone(), self.is_item());
        let why = Refusal::Replayed(peer.clone());
        Box::new(Refused { leaf: self.leaf, origin, is_item, why, later: None })
    }

    /// The envelope.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The same, of what was missed when it was new or had to wait.
    #[must_use]
    pub(crate) fn late(self) -> Self {
        Self { late: true, ..self }
    }

    /// Whether it was missed when it was new, or had to wait: how old it is says nothing of the way.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.late
    }

    /// Whether it is an item, and no notice of any kind.
    #[must_use]
    pub const fn is_item(&self) -> bool {
        matches!(self.envelope.what, What::Item(_))
    }

    /// What it is known by.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// On which way it came.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// The strictest marking along its trail; for an item.
    #[must_use]
    pub const fn tlp(&self) -> Option<Tlp> {
        self.tlp
    }

    /// The passages of the last hop: what this node may go on deciding from.
    #[must_use]
    pub fn passages(&self) -> &Passages {
        self.envelope.hops.last().map_or(Passages::none(), |hop| &hop.passages)
    }

    /// The envelope itself.
    #[must_use]
    pub fn into_envelope(self) -> Envelope {
        *self.envelope
    }
}

impl Trust {
    /// What a node believes now. `roots` is kept from one compilation to the next; `territory` as
    /// long as directory, cards and peers are the same ([`Trust::territory_of`]).
    #[must_use]
    pub fn compile(
        me: OrganisationId,
        network: Arc<Network>,
        territory: Arc<Territory>,
        cards: Arc<Cards>,
        peers: &[Peer],
        roots: Arc<Roots>,
    ) -> Self {
        let ended = |peer: &&Peer| matches!(peer.stage, PeerStage::Ended { .. });
        let vouching = peers.iter().filter(|peer| !ended(peer));
        let vouching = vouching.map(|peer| (peer.organisation.clone(), peer.vouches)).collect();
        let paired = peers.iter().map(|peer| peer.organisation.clone()).collect();
        let active = peers.iter().filter(|peer| peer.stage.is_active());
        let peers = active.map(|peer| peer.organisation.clone()).collect();
        let limits = Arc::default();
        Self { me, network, territory, cards, peers, paired, vouching, roots, limits }
    }

    /// With what was brought lately: kept from one compilation to the next.
    #[must_use]
    pub fn within(self, limits: Arc<Limits>) -> Self {
        Self { limits, ..self }
    }

    /// Who speaks for whom: this node as its own card says; a peer as our administrator accepted
    /// it, also while the link rests, since others bring what is its own; every other node as far
    /// as the peers go that vouch for it ([`Territory::believed`]).
    #[must_use]
    pub fn territory_of(
        me: &OrganisationId,
        network: &Network,
        cards: &Cards,
        peers: &[Peer],
    ) -> Territory {
        let peer = |node: &OrganisationId| peers.iter().find(|peer| peer.organisation == *node);
        let nobody = Scope::default();
        let own = cards.newest(me).map_or(&nobody, |card| &card.says.serves);
        let accepted = peers.iter().map(|peer| Accepted {
            node: &peer.organisation,
            serves: &peer.serves,
            says: cards.newest(&peer.organisation).map(|card| &card.says.serves),
        });
        let mut vouched = Vec::new();
        for (node, known) in cards.nodes() {
            let Some(card) = known.cards.last() else { continue };
            if node == me || peer(node).is_some() {
                continue;
            }
            let by = known.vouched_by.iter().filter_map(peer);
            let by: Vec<_> = by.filter(|it| !matches!(it.stage, PeerStage::Ended { .. })).collect();
            let everyone = by.iter().any(|peer| peer.vouches == Vouches::Everything);
            vouched.push(Vouched {
                node,
                serves: &card.says.serves,
                by: by.into_iter().map(|peer| &peer.organisation).collect(),
                about_everyone: if everyone { Breadth::Everyone } else { Breadth::Theirs },
            });
        }
        let own = Accepted { node: me, serves: own, says: None };
        Territory::believed(network, accepted.chain([own]), &vouched)
    }

    /// What was brought lately.
    #[must_use]
    pub const fn lately(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Which node speaks for whom.
    #[must_use]
    pub const fn territory(&self) -> &Arc<Territory> {
        &self.territory
    }

    /// The cards that are known.
    #[must_use]
    pub const fn cards(&self) -> &Arc<Cards> {
        &self.cards
    }

    /// Checks an envelope that a peer brought.
    ///
    /// # Errors
    /// [`Refused`] says why it is refused; nothing of it may be used.
    pub fn check(
        &self,
        peer: &OrganisationId,
        envelope: Envelope,
        now: Instant,
    ) -> Result<Verified, Box<Refused>> {
        self.check_beside(peer, envelope, &mut Beside::default(), now)
    }

    /// The same, beside what is checked and not taken in yet.
    pub(crate) fn check_beside(
        &self,
        peer: &OrganisationId,
        envelope: Envelope,
        beside: &mut Beside,
        now: Instant,
    ) -> Result<Verified, Box<Refused>> {
        let leaf = envelope.leaf();
        match self.examine(peer, (&envelope, leaf), beside, now) {
            Ok((way, tlp)) => {
                Ok(Verified { envelope: Box::new(envelope), leaf, way, tlp, late: false })
            }
            Err(why) => {
                let origin = envelope.origin.clone();
                let is_item = matches!(envelope.what, What::Item(_));
                let later = self.hopes(&why).then(|| Box::new(envelope));
                Err(Box::new(Refused { leaf, origin, is_item, why, later }))
            }
        }
    }

    /// Whether the same may be accepted later: of a node about which nobody is believed it is not.
    fn hopes(&self, why: &Refusal) -> bool {
        let anybody = |node: &OrganisationId| {
            self.paired.contains(node)
                || self.vouching.keys().any(|peer| self.may_vouch(peer, node))
        };
        why.may_pass() && why.unproven().is_none_or(anybody)
    }

    /// Whether a peer is believed about the card of a node that was not paired: one for which it was
    /// accepted, or for which nobody was when it is believed about everyone.
    #[must_use]
    pub fn may_vouch(&self, peer: &OrganisationId, node: &OrganisationId) -> bool {
        if self.paired.contains(node) || *node == self.me {
            return node == peer;
        }
        match (self.vouching.get(peer), self.territory.accepted(node)) {
            (Some(_), Some(above)) => above == peer,
            (Some(vouches), None) => *vouches == Vouches::Everything,
            (None, _) => false,
        }
    }

    fn examine(
        &self,
        peer: &OrganisationId,
        (envelope, leaf): (&Envelope, Digest),
        beside: &mut Beside,
        now: Instant,
    ) -> Result<(Way, Option<Tlp>), Refusal> {
        bounds(envelope)?;
        let way = self.way(peer, envelope)?;
        trail(envelope)?;
        times(envelope, now)?;
        self.seals(envelope, leaf)?;
        self.origin_speaks(envelope)?;
        let tlp = match &envelope.what {
            What::Item(item) => Some(self.item(envelope, item)?),
            What::Agreement(signed) => self.signed(&envelope.origin, signed).map(|()| None)?,
            _ => None,
        };
        self.limits(peer, envelope, beside, now)?;
        Ok((way, tlp))
    }

    /// After all else: only what would be taken in counts.
    fn limits(
        &self,
        peer: &OrganisationId,
        envelope: &Envelope,
        beside: &mut Beside,
        now: Instant,
    ) -> Result<(), Refusal> {
        let origin = || envelope.origin.clone();
        match &envelope.what {
            // What comes back was taken in before.
            _ if envelope.origin == self.me => Ok(()),
            What::Item(item) => match self.limits.admits(peer, (envelope, item), now) {
                true => Ok(()),
                false => Err(Refusal::ManyKinds(origin())),
            },
            _ if self.limits.paces(envelope, beside, now) => Ok(()),
            _ => Err(Refusal::TooSoon(origin())),
        }
    }

    /// Whether every signature under a text holds, one of each node, and there is one.
    fn signed(&self, origin: &OrganisationId, signed: &SignedAgreement) -> Result<(), Refusal> {
        let digest = signed.digest();
        if signed.signatures.len() > MOST_SIGNATURES {
            return Err(Refusal::TooMany("signatures"));
        }
        let mut nodes = HashSet::new();
        for (node, signature) in &signed.signatures {
            let mut cards = self.cards.cards_of(node).iter();
            let holds = cards.any(|card| {
                let revoked = self.cards.is_revoked(node, &card.says.key.id());
                !revoked && card.says.key.verify(digest.octets(), signature).is_ok()
            });
            if !holds || !nodes.insert(node) {
                return Err(Refusal::Unsigned(node.clone()));
            }
        }
        match signed.signatures.is_empty() {
            true => Err(Refusal::Unsealed(origin.clone())),
            false => Ok(()),
        }
    }

    fn way(&self, peer: &OrganisationId, envelope: &Envelope) -> Result<Way, Refusal> {
        let stranger = || Refusal::NotForUs(peer.clone());
        match envelope.hops.last() {
            None if envelope.origin == self.me => Ok(Way::Back),
            None => Err(stranger()),
            Some(last) if last.to != self.me => Err(stranger()),
            Some(last) if last.from == *peer => Ok(Way::Onward),
            Some(last) if self.peers.contains(&last.from) => Ok(Way::Back),
            Some(last) if self.vouching.contains_key(&last.from) => {
                Err(Refusal::Resting(last.from.clone()))
            }
            Some(_) => Err(stranger()),
        }
    }

    fn seals(&self, envelope: &Envelope, leaf: Digest) -> Result<(), Refusal> {
        let seal = envelope.seal.as_ref();
        let seal = seal.ok_or_else(|| Refusal::Unsealed(envelope.origin.clone()))?;
        self.sealed(&envelope.origin, seal, leaf, envelope.at)?;
        let mut before = leaf;
        for hop in &envelope.hops {
            before = hop.leaf(before);
            let card = self.sealed(&hop.from, &hop.seal, before, hop.at)?;
            let (node, key) = (&hop.from, hop.seal.key);
            if self.cards.until(node, &card.says.key).is_some_and(|until| hop.at > until) {
                return Err(Refusal::EndedKey { node: node.clone(), key, at: hop.at });
            }
        }
        Ok(())
    }

    fn sealed(
        &self,
        node: &OrganisationId,
        seal: &Seal,
        leaf: Digest,
        at: Instant,
    ) -> Result<&Card, Refusal> {
        let card = self.card(node, seal.key, at)?;
        let holds = self.roots.holds(&card.says.key, seal, leaf);
        if holds { Ok(card) } else { Err(Refusal::BrokenSeal(node.clone())) }
    }

    fn card(&self, node: &OrganisationId, key: KeyId, at: Instant) -> Result<&Card, Refusal> {
        if self.cards.is_revoked(node, &key) {
            return Err(Refusal::RevokedKey { node: node.clone(), key });
        }
        if self.cards.newest(node).is_none() {
            return Err(Refusal::UnknownNode(node.clone()));
        }
        let card = self.cards.with_key(node, &key);
        let card = card.ok_or_else(|| Refusal::UnknownKey { node: node.clone(), key })?;
        if !card.seals(at) {
            return Err(Refusal::EndedKey { node: node.clone(), key, at });
        }
        Ok(card)
    }

    /// Whether a node speaks for an organisation; for one that the directory does not have, any
    /// node does: it is placed under that node's own.
    #[must_use]
    pub fn speaks(&self, node: &OrganisationId, organisation: &OrganisationId) -> bool {
        self.territory.speaker(organisation) == Some(node)
            || self.network.number(organisation).is_none()
    }

    fn origin_speaks(&self, envelope: &Envelope) -> Result<(), Refusal> {
        let origin = &envelope.origin;
        let organisation = match &envelope.what {
            What::Item(item) => &item.conditions.producer,
            What::Acknowledgement(it) => &it.organisation,
            What::Contact(it) => &it.organisation,
            What::Presence(it) => &it.organisation,
            What::Removal(it) => &it.organisation,
            What::Standing(it) => return self.has_a_say(origin, &it.agreement),
            What::Withdrawal(_) | What::Agreement(_) => return Ok(()),
        };
        if self.speaks(origin, organisation) {
            return Ok(());
        }
        Err(Refusal::NotSpeaking { origin: origin.clone(), organisation: organisation.clone() })
    }

    /// Only a node of a party says how an agreement stands; of what is not known here, any does.
    ///
    /// # Errors
    /// [`Refusal::NoParty`].
    pub fn has_a_say(&self, origin: &OrganisationId, id: &AgreementId) -> Result<(), Refusal> {
        let Some(agreement) = self.network.agreement(id) else { return Ok(()) };
        let parent = agreement.parent.as_ref().filter(|_| agreement.adhesion.is_some());
        let parties = match parent.and_then(|parent| self.network.agreement(parent)) {
            Some(above) => above,
            None => agreement,
        };
        let theirs = self.territory.of(origin);
        let party = |name: &str| self.network.members(&parties.id, name).meets(&theirs);
        let named = |party: &vedetta_model::agreement::Party| {
            party.organisations.iter().any(|it| self.speaks(origin, it))
        };
        if parties.parties.iter().any(|it| party(&it.name) || named(it)) {
            return Ok(());
        }
        Err(Refusal::NoParty { origin: origin.clone(), agreement: id.clone() })
    }

    fn item(&self, envelope: &Envelope, item: &Item) -> Result<Tlp, Refusal> {
        let origin = &envelope.origin;
        let said = item.object.outline();
        if said.id.is_none() {
            return Err(Refusal::NoIdentifier);
        }
        if !item.conditions.via.is_empty() {
            return Err(Refusal::Widened { relay: origin.clone(), giver: origin.clone() });
        }
        if item.derived.is_some() && item.derived == said.id {
            return Err(Refusal::NotRedacted(origin.clone()));
        }
        let redacted = item.form == Form::Redacted;
        if redacted && (item.conditions.producer != *origin || !item.conditions.victims.is_empty())
        {
            return Err(Refusal::NotRedacted(origin.clone()));
        }
        let mut tlp = item.conditions.tlp;
        if said.tlp.is_some_and(|own| tlp < own) {
            return Err(Refusal::LoweredMarking(origin.clone()));
        }
        let mut before: Option<&Hop> = None;
        for hop in &envelope.hops {
            if let Some(stricter) = hop.tlp {
                if stricter < tlp {
                    return Err(Refusal::LoweredMarking(hop.from.clone()));
                }
                tlp = stricter;
            }
            for passage in &hop.passages {
                if !self.is_as_agreed(passage) {
                    let (relay, giver) = (hop.from.clone(), passage.giver.clone());
                    return Err(Refusal::Widened { relay, giver });
                }
                self.holds(item, before, hop, passage)?;
            }
            before = Some(hop);
        }
        Ok(tlp)
    }

    /// Whether a passage gives no more than the agreement does of which it says so, as far as that is
    /// known here: a draft says nothing yet, nor does one of which what stands above it is not here.
    fn is_as_agreed(&self, passage: &Passage) -> bool {
        let known = passage.under.as_ref().and_then(|under| self.network.agreement(under));
        let Some(mut agreement) = known.filter(|it| !matches!(it.stage, Stage::Draft)) else {
            return true;
        };
        let given = agreement.handling.redistribution;
        let mut left = MOST_AGREEMENTS;
        while let Some(above) = agreement.parent.as_ref().filter(|_| left > 0) {
            let Some(above) = self.network.agreement(above) else { return true };
            (agreement, left) = (above, left - 1);
        }
        passage.gives <= given && passage.root.as_ref() == Some(&agreement.id)
    }

    /// Whether who gives in a hop holds the item so, by what the hop before gave.
    fn holds(
        &self,
        item: &Item,
        before: Option<&Hop>,
        hop: &Hop,
        passage: &Passage,
    ) -> Result<(), Refusal> {
        let (relay, giver) = (&hop.from, &passage.giver);
        let produced = item.form == Form::Full && *giver == item.conditions.producer;
        let earlier = before.map(|before| &before.passages);
        let any =
            |may: &dyn Fn(&Passage) -> bool| earlier.is_none_or(|earlier| earlier.iter().any(may));
        if produced && passage.on.is_empty() && passage.through.is_empty()
            || !produced && earlier.is_some() && any(&|it| hop::carries(it, passage))
        {
            Ok(())
        } else if produced || !any(&|it| hop::leads_to(it, passage, &item.conditions.producer)) {
            Err(Refusal::Widened { relay: relay.clone(), giver: giver.clone() })
        } else if self.speaks(relay, giver) {
            Ok(())
        } else {
            // Its card may come yet by which it does.
            Err(Refusal::NotSpeaking { origin: relay.clone(), organisation: giver.clone() })
        }
    }
}
