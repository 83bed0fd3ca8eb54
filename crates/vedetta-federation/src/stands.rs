//! How an agreement stands, by the word of each node.
//!
//! Each node speaks for itself alone: what one has suspended no other resumes. An agreement binds
//! while no node says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use crate::digest::Digest;
use crate::envelope::{StandingNotice, Stands};

/// Nobody skips more changes than this: who could would have the last word for ever.
pub const FARTHEST: u64 = 1_000;

/// The last word of each node about one agreement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stood(BTreeMap<OrganisationId, Word>);

/// What a node says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Counts its changes, from one.
    pub revision: u64,
    /// How the agreement stands.
    pub now: Stands,
    /// Since when.
    pub since: Instant,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The leaf of the notice: of two with one revision the lesser counts.
    pub leaf: Digest,
}

/// What a word was worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It is the node's last word now.
    News,
    /// A later one is known, or this one.
    Known,
    /// It skips too many.
    Leap,
}

impl Word {
    /// That of a notice.
    #[must_use]
    pub fn of(notice: &StandingNotice, leaf: Digest) -> Self {
        let StandingNotice { agreement: _, revision, now, since, reason } = notice.clone();
        Self { revision, now, since, reason, leaf }
    }
}

impl Stood {
    /// Takes in what a node says.
    pub fn hear(&mut self, node: &OrganisationId, word: Word) -> Heard {
        let before = self.0.get(node);
        let revision = before.map_or(0, |before| before.revision);
        let newer = before.is_none_or(|before| {
            word.revision > before.revision
                || (word.revision == before.revision && word.leaf < before.leaf)
        });
        if !newer {
            return Heard::Known;
        }
        if word.revision > revision.saturating_add(FARTHEST) {
            return Heard::Leap;
        }
        self.0.insert(node.clone(), word);
        Heard::News
    }

    /// How the agreement stands, by all of them.
    #[must_use]
    pub fn now(&self) -> Stands {
        let said = |stands| self.0.values().any(|word| word.now == stands);
        match (said(Stands::Expired), said(Stands::Suspended)) {
            (true, _) => Stands::Expired,
            (_, true) => Stands::Suspended,
            _ => Stands::InForce,
        }
    }

    /// The last word of a node.
    #[must_use]
    pub fn word(&self, node: &OrganisationId) -> Option<&Word> {
        self.0.get(node)
    }

    /// The last words of all.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.0.values()
    }

    /// The number of a node's next word.
    #[must_use]
    pub fn next(&self, node: &OrganisationId) -> u64 {
        self.word(node).map_or(0, |word| word.revision).saturating_add(1)
    }

    /// Who but one node says that it does not bind.
    pub fn against<'a>(
        &'a self,
        but: &'a OrganisationId,
    ) -> impl Iterator<Item = &'a OrganisationId> {
        let others = self.0.iter().filter(move |(node, _)| *node != but);
        others.filter(|(_, word)| word.now != Stands::InForce).map(|(node, _)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::digest;

    fn id(name: &str) -> OrganisationId {
        OrganisationId::new(name).unwrap()
    }

    fn word(revision: u64, now: Stands) -> Word {
        let leaf = digest(&[&revision.to_be_bytes()]);
        Word { revision, now, since: Instant::default(), reason: None, leaf }
    }

    #[test]
    fn nobody_resumes_what_another_suspended() {
        let mut stood = Stood::default();
        assert_eq!(stood.now(), Stands::InForce);
        assert_eq!(stood.hear(&id("a"), word(1, Stands::Suspended)), Heard::News);
        assert_eq!(stood.hear(&id("b"), word(900, Stands::InForce)), Heard::News);
        assert_eq!(stood.now(), Stands::Suspended);
        assert_eq!(stood.against(&id("b")).collect::<Vec<_>>(), [&id("a")]);
        assert_eq!(stood.hear(&id("a"), word(2, Stands::InForce)), Heard::News);
        assert_eq!(stood.hear(&id("a"), word(1, Stands::Suspended)), Heard::Known);
        assert_eq!(stood.now(), Stands::InForce);
    }

    #[test]
    fn who_skips_ahead_is_not_heard_and_can_be_heard_again() {
        let mut stood = Stood::default();
        assert_eq!(stood.hear(&id("a"), word(u64::MAX, Stands::Expired)), Heard::Leap);
        assert_eq!(stood.hear(&id("a"), word(FARTHEST, Stands::Suspended)), Heard::News);
        assert_eq!(stood.hear(&id("a"), word(FARTHEST * 2 + 1, Stands::InForce)), Heard::Leap);
        assert_eq!((stood.now(), stood.next(&id("a"))), (Stands::Suspended, FARTHEST + 1));
    }
}
