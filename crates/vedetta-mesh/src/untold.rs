//! What was refused of a peer's, as long as it is not known that the peer heard of it: a notice may be
//! lost with its connection, and is told again on the next.

use std::collections::{HashSet, VecDeque};

use vedetta_federation::digest::Digest;
use vedetta_federation::frame::{CROWDED, Told};
use vedetta_federation::shelf::{MOST_UNTOLD, Outcome};
use vedetta_flow::FlowError;
use vedetta_model::OrganisationId;
use vedetta_store::{Reader, StoreError, UnitOfWork};

use crate::Nodes;
use crate::line::QUIET;
use crate::shelf::spend;
use crate::take::Load;

/// Leaves with the reason for which they were refused, the newest last; as they are kept.
type Untold = VecDeque<(String, Vec<Digest>)>;

/// For so many octets each that is told again counts, and which part of the peer's day is for that.
const TOLD_AGAIN: u64 = 1 << 10;
const SHARE: u64 = 16;

/// As the peer hears of what was taken in and is served nobody.
const GAVE_WAY: &str = "gave-way";

impl Nodes {
    /// What was refused of a peer's, or gave way, where it is not known that the peer heard of that.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn untold(&self, peer: &OrganisationId) -> Result<Vec<Told>, FlowError> {
        let untold = self.house.read(|reader| untold(reader, peer))?;
        let told = |leaf, why: &String| Told { leaf, why: why.clone(), says: String::new() };
        let all = untold.iter().flat_map(|(why, leaves)| leaves.iter().map(|it| told(*it, why)));
        Ok(all.collect())
    }

    /// The same as far as a peer is told that again by now: of the octets that it may bring in a day a sixteenth
    /// is for that, since it alone says how often it comes. What is not told is kept.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn told_again(&self, peer: &OrganisationId, a_day: u64) -> Result<Vec<Told>, FlowError> {
        let (told, now) = (self.untold(peer)?, self.house.now());
        if told.is_empty() {
            return Ok(told);
        }
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        let octets = TOLD_AGAIN * told.len() as u64;
        if spend(&mut line.retold, octets, a_day / SHARE, now).is_ok() {
            return Ok(told);
        }
        if let Some(times) = line.untold.count(now, QUIET) {
            tracing::warn!(%peer, times, "it comes too often to be told again what was refused of its");
        }
        Ok(Vec::new())
    }

    /// Notes that a peer heard that these were refused.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn was_told(&self, peer: &OrganisationId, leaves: &[Digest]) -> Result<(), FlowError> {
        let (whose, heard) = (peer.clone(), leaves.iter().copied().collect::<HashSet<_>>());
        self.house.write(move |unit| {
            let mut all = untold(unit, &whose)?;
            let before = all.len();
            all.iter_mut().for_each(|(_, leaves)| leaves.retain(|leaf| !heard.contains(leaf)));
            all.retain(|(_, leaves)| !leaves.is_empty());
            if before == 0 { Ok(()) } else { keep(unit, &whose, &all) }
        })?;
        Ok(())
    }
}

impl Load {
    /// Keeps what the peer is to hear of this load, with what it is not known to have heard before.
    pub(crate) fn keep_untold(
        &self,
        unit: &mut dyn UnitOfWork,
        items: &[(usize, Outcome)],
    ) -> Result<(), StoreError> {
        let refused = self.arrival.refused.iter().map(|it| (it.why.name(), it.leaf));
        let lost = items.iter().filter(|(_, outcome)| *outcome == Outcome::Lost);
        let lost = lost.map(|(place, _)| (GAVE_WAY, self.arrival.verified[*place].leaf()));
        let crowded = items.iter().filter(|(_, outcome)| *outcome == Outcome::Crowded);
        let crowded = crowded.map(|(place, _)| (CROWDED, self.arrival.verified[*place].leaf()));
        let mut new = refused.chain(lost).chain(crowded).peekable();
        if new.peek().is_none() {
            return Ok(());
        }
        let mut all = untold(unit, &self.peer)?;
        for (why, leaf) in new {
            match all.back_mut().filter(|(last, _)| last == why) {
                Some((_, leaves)) => leaves.push(leaf),
                None => all.push_back((why.to_owned(), vec![leaf])),
            }
        }
        let count: usize = all.iter().map(|(_, leaves)| leaves.len()).sum();
        let mut surplus = count.saturating_sub(MOST_UNTOLD);
        while surplus > 0
            && let Some((_, leaves)) = all.front_mut()
        {
            let gone = surplus.min(leaves.len());
            leaves.drain(..gone);
            surplus -= gone;
            if leaves.is_empty() {
                all.pop_front();
            }
        }
        keep(unit, &self.peer, &all)
    }
}

fn untold<R: Reader + ?Sized>(reader: &mut R, peer: &OrganisationId) -> Result<Untold, StoreError> {
    let kept = reader.bookmark(&name(peer))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

fn keep(unit: &mut dyn UnitOfWork, peer: &OrganisationId, all: &Untold) -> Result<(), StoreError> {
    unit.set_bookmark(&name(peer), &serde_json::to_vec(all).unwrap_or_default())
}

fn name(peer: &OrganisationId) -> String {
    format!("untold/{peer}")
}
