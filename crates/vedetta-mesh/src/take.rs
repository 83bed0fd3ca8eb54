//! What a peer brought, taken into the ledger in one unit of work.

pub(crate) mod items;
pub(crate) mod notices;
pub(crate) mod removals;
mod standings;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_federation::bookmark::Span;
use vedetta_federation::check::Verified;
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::What;
use vedetta_federation::frame::{CROWDED, Told};
use vedetta_federation::shelf::{Arrival, Outcome};
use vedetta_flow::FlowError;
use vedetta_flow::corridor::{Kept, Provenance, Shared, facts, keep};
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Given, Handling, Instant, OrganisationId};
use vedetta_policy::{Form, Passage};
use vedetta_store::{StoreError, StoredItem, UnitOfWork};

use crate::Nodes;
use crate::line::Line;
use crate::memory::{bookmark_name, brought_name, waiting_name};
use crate::see_peers::RefusedHere;

/// What a peer brought in one go.
#[derive(Clone)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    mesh: Arc<Mesh>,
    pub(crate) peer: OrganisationId,
    /// The name under which the ledger knows the peer.
    actor: String,
    pub(crate) arrival: Arc<Arrival>,
    /// The facts of each, as they are of most items: written before its turn at the ledger comes.
    facts: Arc<Vec<String>>,
    /// What is written down of what was refused; nothing when enough was.
    refused: Option<Kept>,
    /// How much the peer brought lately.
    brought: Option<(u64, Instant)>,
    stays: Arc<removals::Stays>,
    now: Instant,
}

/// What became of which of those that came.
type Placed = Vec<(usize, Outcome)>;

/// Refusals remembered for a peer, and of these for one reason.
const REFUSALS: usize = 50;
const ALIKE: usize = 10;
/// How long after one deed about refusals of a peer for one reason the next is written.
const QUIET: Duration = Duration::from_secs(3_600);

/// What a node goes on deciding from: the givers of the last hop, and the producer unless the form
/// hides it.
pub(crate) fn via(form: Form, conditions: &Handling, passages: &[Passage]) -> BTreeSet<Given> {
    let produced =
        (form == Form::Full).then(|| Given::by_the_producer(conditions.producer.clone()));
    passages.iter().map(Passage::given).chain(produced).collect()
}

/// Whether a release is of what an organisation brought; when none is named, every release is.
pub(crate) fn is_of(mesh: &Mesh, release: &StoredItem, producer: Option<&OrganisationId>) -> bool {
    let Some(producer) = producer else { return true };
    match Provenance::of(release) {
        Some(brought) => brought.envelope.conditions.producer == *producer,
        None => mesh.standing.directory.number(producer) == Some(release.producer),
    }
}

impl Nodes {
    /// Takes in what a peer brought; one outcome for each verified envelope, in order.
    pub(crate) fn take_from(
        &self,
        peer: &OrganisationId,
        arrival: Arrival,
    ) -> Result<Vec<Outcome>, FlowError> {
        let mesh = self.house.mesh()?;
        if !mesh.peer(peer).is_some_and(|it| it.stage.is_active()) {
            return Err(FlowError::Conflict(format!("the link with {peer} is not active")));
        }
        let refused = self.note_refusals(peer, &arrival);
        let facts = arrival.verified.iter().map(|it| facts_of(peer, it)).collect();
        let arrival = Arc::new(arrival);
        let load = Load {
            shared: Arc::clone(self.house.shared()),
            mesh,
            actor: format!("peer:{peer}"),
            peer: peer.clone(),
            arrival: Arc::clone(&arrival),
            facts: Arc::new(facts),
            refused,
            brought: self.lines().get(peer).and_then(|line| line.brought),
            stays: Arc::clone(&self.stays),
            now: self.house.now(),
        };
        let mut outcomes = vec![Outcome::Idle; load.arrival.verified.len()];
        // How agreements stand counts for the items that come with it. When this is durable and the
        // rest is not, it comes again, and is known.
        if load.arrival.verified.iter().any(|it| !is_item(it)) {
            let noticing = load.clone();
            // What is being entered here for somebody who leaves is entered before, or not at all.
            let leaves = |it: &Verified| matches!(it.envelope().what, What::Removal(_));
            let _one_at_a_time =
                load.arrival.verified.iter().any(leaves).then(|| self.house.change());
            let noticed = self.house.write(move |unit| noticing.notices(unit))?;
            noticed.into_iter().for_each(|(place, outcome)| outcomes[place] = outcome);
        }
        let load = Load { mesh: self.house.mesh()?, ..load };
        let (placed, alone) = self.house.write(move |unit| load.write(unit))?;
        if let Some(span) = alone {
            self.lines().entry(peer.clone()).or_default().brought_alone(span);
        }
        placed.into_iter().for_each(|(place, outcome)| outcomes[place] = outcome);
        let known = outcomes.iter().filter(|it| **it == Outcome::Known).count();
        self.lines().entry(peer.clone()).or_default().known += known as u64;
        let of = |such| {
            let all = arrival.verified.iter().zip(&outcomes);
            all.filter(move |(_, it)| **it == such).map(|(verified, _)| verified)
        };
        self.note_crowded(peer, of(Outcome::Crowded));
        let new = of(Outcome::New);
        self.measure_sharing(peer, &new.collect::<Vec<_>>());
        Ok(outcomes)
    }

    /// Remembers what was refused; says what to write down of it.
    fn note_refusals(&self, peer: &OrganisationId, arrival: &Arrival) -> Option<Kept> {
        let now = self.house.now();
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        line.heard = Some(now);
        if arrival.refused.is_empty() {
            return None;
        }
        let (mut reasons, mut count) = (Vec::new(), 0);
        for refused in &arrival.refused {
            let (why, says) = (refused.why.name(), refused.why.to_string());
            if let Some(some) =
                line.refuse(peer, now, (&refused.origin, refused.leaf), (why, &says))
            {
                count += some;
                reasons.push(says);
            }
        }
        (!reasons.is_empty()).then(|| Kept::Refused { source: peer.clone(), count, reasons })
    }

    /// Remembers what found no place beside others'.
    fn note_crowded<'a>(&self, peer: &OrganisationId, crowded: impl Iterator<Item = &'a Verified>) {
        let (now, mut lines) = (self.house.now(), self.lines());
        let line = lines.entry(peer.clone()).or_default();
        for verified in crowded {
            let Told { leaf, says, .. } = Told::crowded(verified.leaf());
            line.refuse(peer, now, (&verified.envelope().origin, leaf), (CROWDED, &says));
        }
    }
}

impl Line {
    /// Counts a refusal and remembers it; how many there were for the reason, when that is said again.
    fn refuse(
        &mut self,
        peer: &OrganisationId,
        at: Instant,
        (origin, leaf): (&OrganisationId, Digest),
        (why, says): (&'static str, &str),
    ) -> Option<usize> {
        self.refused += 1;
        let some = self.tallies.entry(why).or_default().count(at, QUIET);
        if let Some(some) = some {
            tracing::warn!(%peer, %origin, why, says, some, "refused");
        }
        let (origin, what) = (origin.clone(), leaf.to_string());
        self.remember(RefusedHere { at, origin, what, why: why.into(), says: says.into() });
        some
    }

    /// Remembers a refusal: the latest, and not those for one reason alone.
    fn remember(&mut self, refused: RefusedHere) {
        let same = |it: &RefusedHere| it.why == refused.why;
        let alike = self.refusals.iter().filter(|it| same(it)).count();
        if alike >= ALIKE
            && let Some(oldest) = self.refusals.iter().position(same)
        {
            self.refusals.remove(oldest);
        }
        self.refusals.push_back(refused);
        let surplus = self.refusals.len().saturating_sub(REFUSALS);
        self.refusals.drain(..surplus);
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
        self.keep_untold(unit, &outcomes)?;
        let bookmark = serde_json::to_vec(&self.arrival.bookmark).unwrap_or_default();
        unit.set_bookmark(&bookmark_name(&self.peer), &bookmark)?;
        if let Some(brought) = &self.brought {
            let brought = serde_json::to_vec(brought).unwrap_or_default();
            unit.set_bookmark(&brought_name(&self.peer), &brought)?;
        }
        if let Some(waiting) = &self.arrival.waiting {
            let waiting = serde_json::to_vec(waiting).unwrap_or_default();
            unit.set_bookmark(&waiting_name(&self.peer), &waiting)?;
        }
        Ok((outcomes, alone))
    }
}

/// Where the ledger ends.
fn end(unit: &mut dyn UnitOfWork) -> Result<u64, StoreError> {
    Ok(unit.head()?.map_or(0, |(stamp, _)| stamp.seq.0))
}
