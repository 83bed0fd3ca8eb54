//! When an agreement binds again, what rests on it is offered to the other nodes again: who did not
//! read it while it did not bind reads it now. So is what may have gone through an organisation that left,
//! by those who may give it instead.
//!
//! That may be the whole ledger, so the unit of work in which it begins to bind only says that it is
//! owed. Here it is looked up, some hundred releases at a time, and each stretch is a deed: nobody waits
//! for the looking.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use vedetta_model::{AgreementId, Given, OrganisationId};
use vedetta_store::{ItemQuery, Sequence, StoreError, UnitOfWork, VersionFilter};

use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::mesh::Mesh;
use crate::mesh::keep::{Kept, keep};

/// Where it is kept what is owed.
const OWED: &str = "offered-again";
/// Releases offered again by one deed.
const TOGETHER: usize = 500;

/// What is to be offered again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owed {
    under: AgreementId,
    /// Who had it bind again.
    by: String,
    /// After this place.
    after: Sequence,
    /// Up to this one: what is released later is offered as it is released.
    until: Sequence,
}

/// Remembers that what rests on an agreement is to be offered again.
///
/// # Errors
/// What the ledger said.
pub fn owe(unit: &mut dyn UnitOfWork, (under, by): (&AgreementId, &str)) -> Result<(), StoreError> {
    let mut owed = read(unit.bookmark(OWED)?);
    let until = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
    let (under, by) = (under.clone(), by.to_owned());
    add(&mut owed, Owed { under, by, after: Sequence::START, until });
    write(unit, &owed)
}

/// Nothing is begun anew: what of it was offered by now is offered once more afterwards.
fn add(owed: &mut Vec<Owed>, more: Owed) {
    let mut same = owed.iter_mut().filter(|it| it.under == more.under);
    let Some(first) = same.next() else { return owed.push(more) };
    first.until = more.until;
    let done = first.after;
    match same.next() {
        Some(second) => second.until = done,
        None if done > more.after => owed.push(Owed { until: done, ..more }),
        None => {}
    }
}

/// Remembers what went through an organisation that leaves: others may give it instead.
///
/// # Errors
/// What the ledger said.
pub fn owe_instead(
    unit: &mut dyn UnitOfWork,
    (shared, mesh): (&Shared, &Mesh),
    (id, by): (&OrganisationId, &str),
) -> Result<(), StoreError> {
    let network = &mesh.standing.network;
    let (gives, ours) = (network.given_under(id), mesh.ours());
    let gave = |it: &Given| it.giver == *id || it.through.contains(id);
    let lines = shared.book.since(0);
    let all: HashSet<_> = lines.iter().map(|it| &it.clearance.handling).collect();
    let gone = all.into_iter().filter(|it| {
        it.via.iter().any(gave) || !gives.is_empty() && network.goes_through(id, it, &ours)
    });
    let under: BTreeSet<_> = gone.flat_map(|it| network.decision(it).under.clone()).collect();
    under.iter().try_for_each(|under| owe(unit, (under, by)))
}

impl House {
    /// Offers again one stretch of what is owed; whether more is. It waits while no other node asks, and
    /// where there is none nothing is owed.
    ///
    /// # Errors
    /// What the ledger said; it is owed still.
    pub fn offer_again(&self) -> Result<bool, FlowError> {
        let owed = self.read(|reader| reader.bookmark(OWED)).map(read)?;
        let Some(first) = owed.first() else { return Ok(false) };
        if !self.has_peers() {
            if !self.knows_peers()? {
                self.write(|unit| write(unit, &[]))?;
            }
            return Ok(false);
        }
        let clearances = self.shared.book.resting_on(&first.under);
        let mut next = None;
        if !clearances.is_empty() {
            self.read(|reader| {
                next = reader
                    .items(&ItemQuery {
                        after: first.after,
                        until: Some(first.until),
                        as_of: None,
                        without: &[],
                        limit: TOGETHER,
                        clearances: Some(&clearances),
                        producer: None,
                        ids: &[],
                        kinds: &[],
                        versions: VersionFilter::All,
                    })?
                    .next;
                Ok(())
            })?;
        }
        let more = owed.len() > 1 || next.is_some();
        self.offer(first.clone(), (!clearances.is_empty()).then_some(next))?;
        Ok(more)
    }

    /// Writes down one stretch, up to where the next begins, unless what is owed has changed meanwhile;
    /// none when nothing rests on the agreement.
    fn offer(&self, first: Owed, stretch: Option<Option<Sequence>>) -> Result<(), StoreError> {
        self.write(move |unit| {
            let mut owed = read(unit.bookmark(OWED)?);
            if owed.first() != Some(&first) {
                return Ok(());
            }
            if let Some(next) = stretch {
                let (under, after) = (first.under.clone(), first.after);
                let kept = Kept::OfferedAgain { under, after, until: next.unwrap_or(first.until) };
                keep(unit, (&first.by, first.under.as_str()), &kept, b"")?;
            }
            match stretch.flatten() {
                Some(next) => owed[0].after = next,
                None => drop(owed.remove(0)),
            }
            write(unit, &owed)
        })
    }
}

fn read(kept: Option<Vec<u8>>) -> Vec<Owed> {
    kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default()
}

fn write(unit: &mut dyn UnitOfWork, owed: &[Owed]) -> Result<(), StoreError> {
    unit.set_bookmark(OWED, &serde_json::to_vec(owed).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_already_is_not_begun_anew_and_gone_through_once_more() {
        let owed =
            |after, until| Owed { under: "act".parse().unwrap(), by: "a".into(), after, until };
        let mut all = vec![owed(Sequence(500), Sequence(800))];
        (900..940).for_each(|head| add(&mut all, owed(Sequence(0), Sequence(head))));
        assert!(all == [owed(Sequence(500), Sequence(939)), owed(Sequence(0), Sequence(500))]);
    }
}
