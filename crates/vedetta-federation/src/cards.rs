//! The cards that a node knows, and whom it believes about cards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{AgreementId, Instant, OrganisationId};

use crate::card::{Card, CardError};
use crate::envelope::Envelope;
use crate::key::{KeyId, PublicKey};
use crate::scope::Scope;

/// Of each node at most so many cards are known, the newest.
pub const MOST_CARDS: usize = 16;

/// What was sealed before a rotation may be on its way for so long.
pub const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// At most so many nodes are known.
pub const MOST_NODES: usize = 4096;

/// A node with which this one has a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The organisation that runs it.
    pub organisation: OrganisationId,
    /// The agreement that the link rests on.
    pub agreement: AgreementId,
    /// For whom it speaks, as our administrator accepted it: its card's word does not count.
    pub serves: Scope,
    /// About whose cards it is believed.
    pub vouches: Vouches,
    /// Where it is dialled, `host:port`, as our administrator accepted it with its code: what its
    /// card says later counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where the link is in its life.
    pub stage: PeerStage,
}

/// About whose cards a peer is believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vouches {
    /// Everyone's: the node above in the tree.
    Everything,
    /// Those of nodes of organisations for which it speaks.
    Below,
}

/// Where a link is in its life.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PeerStage {
    /// A code was made and not used yet.
    Invited {
        /// Since when.
        since: Instant,
    },
    /// It works.
    Active {
        /// Since when.
        since: Instant,
    },
    /// Somebody stopped it for now.
    Suspended {
        /// Since when.
        since: Instant,
        /// Why.
        reason: String,
    },
    /// It is over.
    Ended {
        /// Since when.
        since: Instant,
        /// Why.
        reason: String,
    },
}

/// Every card that a node knows, with the keys that count for nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cards {
    by_node: BTreeMap<OrganisationId, Known>,
    revoked: BTreeSet<KeyId>,
}

/// What is known of one node: its cards, the oldest first, and the peers that vouch for them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its cards.
    pub cards: Vec<Card>,
    /// Which peers brought them; none for a node that was paired, and for this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub vouched_by: BTreeSet<OrganisationId>,
}

/// What became of a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learnt {
    /// It was new.
    New,
    /// It was known.
    Known,
}

impl PeerStage {
    /// Whether the link works.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

impl Cards {
    /// Pins the card of a node that an administrator accepted in person, by pairing. It replaces
    /// what was known of it.
    ///
    /// # Errors
    /// [`CardError`] when it is not signed by itself, or its key was revoked.
    pub fn pin(&mut self, card: Card) -> Result<(), CardError> {
        card.check()?;
        if self.revoked.contains(&card.says.key.id()) {
            return Err(CardError::Revoked(card.says.organisation));
        }
        let node = card.says.organisation.clone();
        self.by_node.insert(node, Known { cards: vec![card], vouched_by: BTreeSet::new() });
        Ok(())
    }

    /// Learns a card from somebody who may vouch for it: the first of a node, the one that follows
    /// the newest known, or the one that the oldest known follows, while there is room. What follows
    /// a key that counts for nothing does not follow.
    ///
    /// # Errors
    /// [`CardError`] when it is forged, forked, or follows nothing known.
    pub fn learn(&mut self, card: &Card) -> Result<Learnt, CardError> {
        let node = &card.says.organisation;
        let known = self.cards_of(node);
        if known.contains(card) {
            return Ok(Learnt::Known);
        }
        if let Some(oldest) = known.first().filter(|it| card.says.serial < it.says.serial) {
            return self.learn_earlier(card, &oldest.clone());
        }
        card.check()?;
        if self.is_revoked(node, &card.says.key.id()) {
            return Err(CardError::Revoked(node.clone()));
        }
        if let Some(newest) = known.last() {
            if card.says.serial <= newest.says.serial {
                return Err(CardError::Forked(node.clone()));
            }
            if self.is_revoked(node, &newest.says.key.id()) {
                return Err(CardError::Revoked(node.clone()));
            }
            card.check_after(newest)?;
        } else if self.by_node.len() >= MOST_NODES {
            return Err(CardError::TooLarge(node.clone()));
        }
        let cards = &mut self.by_node.entry(node.clone()).or_default().cards;
        cards.push(card.clone());
        if cards.len() > MOST_CARDS {
            cards.remove(0);
        }
        Ok(Learnt::New)
    }

    /// Learns what a node said before the oldest card that is known of it, when that card bears it
    /// out: what its keys of then have sealed is still on its way. One that the node itself has
    /// revoked since is learnt as such.
    fn learn_earlier(&mut self, card: &Card, oldest: &Card) -> Result<Learnt, CardError> {
        let node = &card.says.organisation;
        if !self.has_room_before(node, card) || oldest.check_after(card).is_err() {
            return Ok(Learnt::Known);
        }
        card.check()?;
        if self.revoked.contains(&card.says.key.id()) {
            return Err(CardError::Revoked(node.clone()));
        }
        if let Some(known) = self.by_node.get_mut(node) {
            known.cards.insert(0, card.clone());
        }
        Ok(Learnt::New)
    }

    /// Whether a card, or one that came after it, may be one that comes before the oldest known of
    /// its node: as many as are kept.
    #[must_use]
    pub fn has_room_before(&self, node: &OrganisationId, card: &Card) -> bool {
        let known = self.cards_of(node);
        let room = u32::try_from(MOST_CARDS.saturating_sub(known.len())).unwrap_or(0);
        known.first().is_some_and(|oldest| {
            let back = oldest.says.serial.checked_sub(card.says.serial);
            back.is_some_and(|back| (1..=room).contains(&back))
        })
    }

    /// Takes back a card of this node's own that it no longer has: it was restored from a backup.
    /// What its present key signed takes the place of what was signed anew since.
    pub fn regain(&mut self, card: &Card, key: &PublicKey) -> Learnt {
        let Some(known) = self.by_node.get_mut(&card.says.organisation) else {
            return Learnt::Known;
        };
        let ours = card.says.key == *key && card.check().is_ok() && !known.cards.contains(card);
        let before = known.cards.iter().rev().find(|it| it.says.serial < card.says.serial);
        if !ours || before.is_none_or(|before| card.check_after(before).is_err()) {
            return Learnt::Known;
        }
        known.cards.retain(|it| it.says.serial < card.says.serial);
        known.cards.push(card.clone());
        Learnt::New
    }

    /// Notes that a peer vouches for what is known of a node.
    pub fn vouch(&mut self, node: &OrganisationId, peer: &OrganisationId) -> Learnt {
        let new = |known: &mut Known| known.vouched_by.insert(peer.clone());
        match self.by_node.get_mut(node).is_some_and(new) {
            true => Learnt::New,
            false => Learnt::Known,
        }
    }

    /// Takes all trust from a key: our administrator's word.
    pub fn revoke(&mut self, key: KeyId) {
        self.revoked.insert(key);
    }

    /// Whether a key of a node counts for nothing: our administrator said so, or the node itself,
    /// on a card that came after. No node says so of another's.
    #[must_use]
    pub fn is_revoked(&self, node: &OrganisationId, key: &KeyId) -> bool {
        self.revoked.contains(key)
            || self.cards_of(node).iter().any(|card| card.says.revokes.contains(key))
    }

    /// Whether any key counts for nothing.
    #[must_use]
    pub fn has_revoked(&self) -> bool {
        !self.revoked.is_empty() || self.all().any(|card| !card.says.revokes.is_empty())
    }

    /// Whether no seal of an envelope is by a key that counts for nothing: else nobody takes it.
    #[must_use]
    pub fn is_sound(&self, envelope: &Envelope) -> bool {
        let origin = envelope.seal.iter().map(|seal| (&envelope.origin, seal));
        let hops = envelope.hops.iter().map(|hop| (&hop.from, &hop.seal));
        !origin.chain(hops).any(|(node, seal)| self.is_revoked(node, &seal.key))
    }

    /// Whether a node on the trail of an envelope has a key that counts for nothing: what is sealed
    /// anew may come then.
    #[must_use]
    pub fn were_revoked(&self, envelope: &Envelope) -> bool {
        let trail = envelope.hops.iter().map(|hop| &hop.from).chain([&envelope.origin]);
        let revoked = |node: &OrganisationId| {
            let mut keys = self.cards_of(node).iter().map(|card| card.says.key.id());
            keys.any(|key| self.is_revoked(node, &key))
        };
        trail.into_iter().any(revoked)
    }

    /// The newest card of a node.
    #[must_use]
    pub fn newest(&self, node: &OrganisationId) -> Option<&Card> {
        self.cards_of(node).last()
    }

    /// The card of a node with this key.
    #[must_use]
    pub fn with_key(&self, node: &OrganisationId, key: &KeyId) -> Option<&Card> {
        self.cards_of(node).iter().find(|card| card.says.key.id() == *key)
    }

    /// Until when a key of a node seals what it passes on: a while after the node has shown a card
    /// with another. Nothing when it is the present one.
    #[must_use]
    pub fn until(&self, node: &OrganisationId, key: &PublicKey) -> Option<Instant> {
        let cards = self.cards_of(node);
        let last = cards.iter().rposition(|card| card.says.key == *key)?;
        Some(cards.get(last + 1)?.says.since.after(GRACE))
    }

    /// All cards of a node, the oldest first.
    #[must_use]
    pub fn cards_of(&self, node: &OrganisationId) -> &[Card] {
        self.by_node.get(node).map_or(&[], |known| &known.cards)
    }

    /// Every card of every node, each node's oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Card> {
        self.by_node.values().flat_map(|known| &known.cards)
    }

    /// What is known of a node.
    #[must_use]
    pub fn known(&self, node: &OrganisationId) -> Option<&Known> {
        self.by_node.get(node)
    }

    /// Every node with what is known of it.
    pub fn nodes(&self) -> impl Iterator<Item = (&OrganisationId, &Known)> {
        self.by_node.iter()
    }

    /// Every node with its scope, as its newest card claims it.
    pub fn claims(&self) -> impl Iterator<Item = (&OrganisationId, &Scope)> {
        let nodes = self.by_node.iter();
        nodes.filter_map(|(node, known)| Some((node, &known.cards.last()?.says.serves)))
    }
}
