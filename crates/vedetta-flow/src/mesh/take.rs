//! What a peer brought, taken into the ledger in one unit of work.

pub(super) mod items;
mod notices;

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_federation::bookmark::Span;
use vedetta_federation::check::Verified;
use vedetta_federation::envelope::What;
use vedetta_federation::shelf::{Arrival, Outcome};
use vedetta_model::{Given, Handling, Instant, OrganisationId, Right};
use vedetta_policy::{Form, Passage};
use vedetta_store::{StoreError, UnitOfWork};

use super::Mesh;
use super::keep::{Kept, facts, keep};
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::redaction::Redactor;
use crate::views::see_peers::RefusedHere;

/// What a peer brought in one go.
#[derive(Clone)]
struct Load {
    shared: Arc<Shared>,
    mesh: Arc<Mesh>,
    redactor: Redactor,
    peer: OrganisationId,
    /// The name under which the ledger knows the peer.
    actor: String,
    arrival: Arc<Arrival>,
    /// The facts of each, as they are of most items: written before its turn at the ledger comes.
    facts: Arc<Vec<String>>,
    /// What is written down of what was refused; nothing when enough was.
    refused: Option<Kept>,
    now: Instant,
}

/// What became of which of those that came.
type Placed = Vec<(usize, Outcome)>;

/// Reasons of refusals written down for one batch.
const REASONS: usize = 5;
/// Refusals remembered for a peer.
const REFUSALS: usize = 50;
/// Batches with refusals written down for a peer, until the node is started again.
const WRITTEN: u64 = 1_000;

/// Where the bookmark of a peer is kept.
pub(super) fn bookmark_name(peer: &OrganisationId) -> String {
    format!("peer/{peer}")
}

/// What a node goes on deciding from: the givers of the last hop, and the producer unless the form
/// hides it.
pub(super) fn via(form: Form, conditions: &Handling, passages: &[Passage]) -> BTreeSet<Given> {
    let produced = (form == Form::Full).then(|| Given {
        giver: conditions.producer.clone(),
        right: Right::Any,
        naming: Some(Right::Any),
        on: BTreeSet::new(),
    });
    passages.iter().map(Passage::given).chain(produced).collect()
}

impl House {
    /// Takes in what a peer brought; one outcome for each verified envelope, in order.
    pub(super) fn take_from(
        &self,
        peer: &OrganisationId,
        arrival: Arrival,
    ) -> Result<Vec<Outcome>, FlowError> {
        let mesh = self.mesh()?;
        if !mesh.peer(peer).is_some_and(|it| it.stage.is_active()) {
            return Err(FlowError::Conflict(format!("the link with {peer} is not active")));
        }
        let refused = self.note_refusals(peer, &arrival);
        self.measure_sharing(peer, &arrival.verified);
        let facts = arrival.verified.iter().map(|it| facts_of(peer, it)).collect();
        let load = Load {
            shared: Arc::clone(&self.shared),
            mesh,
            redactor: Redactor::of(self),
            actor: format!("peer:{peer}"),
            peer: peer.clone(),
            arrival: Arc::new(arrival),
            facts: Arc::new(facts),
            refused,
            now: self.now(),
        };
        let mut outcomes = vec![Outcome::Idle; load.arrival.verified.len()];
        // How agreements stand counts for the items that come with it. When this is durable and the
        // rest is not, it comes again, and is known.
        if load.arrival.verified.iter().any(|it| !is_item(it)) {
            let noticing = load.clone();
            let noticed = self.write(move |unit| noticing.notices(unit))?;
            noticed.into_iter().for_each(|(place, outcome)| outcomes[place] = outcome);
        }
        let load = Load { mesh: self.mesh()?, ..load };
        // What was brought is given back by this thread, not by the one that writes.
        let _arrival = Arc::clone(&load.arrival);
        let (placed, alone) = self.write(move |unit| load.write(unit))?;
        if let Some(span) = alone {
            self.nodes.lines().entry(peer.clone()).or_default().brought_alone(span);
        }
        placed.into_iter().for_each(|(place, outcome)| outcomes[place] = outcome);
        Ok(outcomes)
    }

    /// Remembers what was refused; says what to write down of it.
    fn note_refusals(&self, peer: &OrganisationId, arrival: &Arrival) -> Option<Kept> {
        let now = self.now();
        let mut lines = self.nodes.lines();
        let line = lines.entry(peer.clone()).or_default();
        line.heard = Some(now);
        if arrival.refused.is_empty() {
            return None;
        }
        for refused in &arrival.refused {
            line.refused += 1;
            line.refusals.push_back(RefusedHere {
                at: now,
                origin: refused.origin.clone(),
                what: refused.leaf.to_string(),
                why: refused.why.name().into(),
                says: refused.why.to_string(),
            });
        }
        let surplus = line.refusals.len().saturating_sub(REFUSALS);
        line.refusals.drain(..surplus);
        let reasons = arrival.refused.iter().take(REASONS).map(|it| it.why.to_string()).collect();
        let (source, count) = (peer.clone(), arrival.refused.len());
        (line.refused <= WRITTEN).then_some(Kept::Refused { source, count, reasons })
    }
}

fn facts_of(peer: &OrganisationId, verified: &Verified) -> String {
    let envelope = verified.envelope();
    match &envelope.what {
        What::Item(item) => facts(peer, (envelope, item), None, &[]),
        _ => String::new(),
    }
}

fn is_item(verified: &Verified) -> bool {
    matches!(verified.envelope().what, What::Item(_))
}

impl Load {
    /// What is no item.
    fn notices(&self, unit: &mut dyn UnitOfWork) -> Result<Vec<(usize, Outcome)>, StoreError> {
        let all = self.arrival.verified.iter().enumerate().filter(|(_, it)| !is_item(it));
        all.map(|(place, verified)| Ok((place, self.notice(unit, verified)?))).collect()
    }

    /// The items, with what was refused and the bookmark. Also says of which part of the ledger they
    /// are all.
    fn write(&self, unit: &mut dyn UnitOfWork) -> Result<(Placed, Option<Span>), StoreError> {
        let all = self.arrival.verified.iter().enumerate().filter(|(_, it)| is_item(it));
        let after = end(unit)?;
        let outcomes = self.items(unit, &all.collect::<Vec<_>>())?;
        let span = Span { after, upto: end(unit)? };
        let new = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::New).count();
        let alone = Some(span).filter(|span| span.upto - span.after == new as u64);
        if let Some(refused) = &self.refused {
            keep(unit, (&self.actor, self.peer.as_str()), refused, b"")?;
        }
        let bookmark = serde_json::to_vec(&self.arrival.bookmark).unwrap_or_default();
        unit.set_bookmark(&bookmark_name(&self.peer), &bookmark)?;
        Ok((outcomes, alone))
    }
}

/// Where the ledger ends.
fn end(unit: &mut dyn UnitOfWork) -> Result<u64, StoreError> {
    Ok(unit.head()?.map_or(0, |(stamp, _)| stamp.seq.0))
}
