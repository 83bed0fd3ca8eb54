//! A node's public identity: its key, what it speaks for, where it listens.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use crate::envelope::{canonical, octets};
use crate::key::{KeyId, PublicKey, SecretKey, Signature};
use crate::scope::Scope;

/// A scope on a card names at most so many.
pub const MOST_NAMES: usize = 10_000;

/// What a card says has at most so many octets of JSON: it fits a hello and a message of pairing.
pub const LARGEST_CARD: usize = 48 << 10;

/// An address on a card has at most so many octets.
pub const LONGEST_ADDRESS: usize = 512;

/// A node as it presents itself. Each change of key or scope is a card with the next serial,
/// signed by its own key and by the key of the card before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it says.
    pub says: Statement,
    /// By the key it names.
    pub signature: Signature,
    /// By the key of the card before; absent on the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Signature>,
}

/// What a card says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The organisation that runs the node, by which the node is named.
    pub organisation: OrganisationId,
    /// Its key.
    pub key: PublicKey,
    /// Counts its cards, from one.
    pub serial: u32,
    /// From when the key seals.
    pub since: Instant,
    /// Until when, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// For whom it speaks.
    pub serves: Scope,
    /// Where it listens, `host:port`; absent when it only dials out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Keys of its own that count for nothing any more, whenever they sealed: they were stolen.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub revokes: BTreeSet<KeyId>,
}

/// Why a card is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CardError {
    /// It is not signed by its own key.
    #[error("the card of {0} is not signed by its own key")]
    Unsigned(OrganisationId),
    /// It does not follow the card we know.
    #[error("card {found} of {organisation} is not signed by the key of card {known}")]
    Unfounded {
        /// Whose card.
        organisation: OrganisationId,
        /// The serial that we know.
        known: u32,
        /// The serial of this card.
        found: u32,
    },
    /// Two cards with one serial.
    #[error("{0} has shown two different cards with one serial: ask them which is theirs")]
    Forked(OrganisationId),
    /// It names too many, or has too long an address.
    #[error("the card of {0} is too large")]
    TooLarge(OrganisationId),
    /// Whoever brings it may not vouch for it.
    #[error("{voucher} may not vouch for {organisation}")]
    Unvouched {
        /// Who brought it.
        voucher: OrganisationId,
        /// Whose it is.
        organisation: OrganisationId,
    },
    /// Its key was revoked.
    #[error("the key of the card of {0} was revoked")]
    Revoked(OrganisationId),
}

impl Statement {
    /// Signs the first card of a node.
    #[must_use]
    pub fn sign(self, key: &SecretKey) -> Card {
        let signature = key.sign(self.text().as_bytes());
        Card { says: self, signature, before: None }
    }

    /// Signs the card that follows another, whose key is given too.
    #[must_use]
    pub fn sign_after(self, key: &SecretKey, before: &SecretKey) -> Card {
        let text = self.text();
        let signature = key.sign(text.as_bytes());
        Card { says: self, signature, before: Some(before.sign(text.as_bytes())) }
    }

    fn text(&self) -> String {
        format!("card\0{}", canonical(self))
    }
}

impl Card {
    /// Checks that it is signed by its own key, and not too large.
    ///
    /// # Errors
    /// [`CardError`] says which.
    pub fn check(&self) -> Result<(), CardError> {
        let Self { says, signature, .. } = self;
        let long = says.address.as_ref().is_some_and(|address| address.len() > LONGEST_ADDRESS);
        let large = || octets(says) > LARGEST_CARD;
        if says.serves.size() > MOST_NAMES || long || says.revokes.len() > 64 || large() {
            return Err(CardError::TooLarge(says.organisation.clone()));
        }
        says.key
            .verify(says.text().as_bytes(), signature)
            .map_err(|_| CardError::Unsigned(says.organisation.clone()))
    }

    /// Checks that it follows a card that is known.
    ///
    /// # Errors
    /// [`CardError::Unfounded`] when that card's key did not sign it.
    pub fn check_after(&self, known: &Self) -> Result<(), CardError> {
        let text = self.says.text();
        let signed = |signature: &Signature| known.says.key.verify(text.as_bytes(), signature);
        let next = known.says.serial.checked_add(1) == Some(self.says.serial);
        if next && self.before.as_ref().is_some_and(|signature| signed(signature).is_ok()) {
            return Ok(());
        }
        Err(CardError::Unfounded {
            organisation: self.says.organisation.clone(),
            known: known.says.serial,
            found: self.says.serial,
        })
    }

    /// Whether its key seals what came into being at a moment. A key seals what is older than
    /// itself too: after a rotation the past is sealed anew with the new key.
    #[must_use]
    pub fn seals(&self, at: Instant) -> bool {
        self.says.until.is_none_or(|until| at < until)
    }
}
