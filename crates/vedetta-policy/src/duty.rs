//! What the recipients under an agreement owe: to acknowledge what arrives within a time.
//!
//! The time runs from the first delivery, and only while the agreement binds: whoever had an item
//! before the agreement, one above it or its own adhesion was put in force or resumed has the whole time
//! from then.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use vedetta_model::agreement::{Agreement, Stage};
use vedetta_model::{AgreementId, Audience, Category, Handling, Instant, OrganisationNumber};

use crate::chain::{Carriers, Waived};
use crate::network::Network;

/// A duty to acknowledge, under an agreement in force.
#[derive(Clone, Debug)]
pub struct Duty {
    /// The agreement.
    pub agreement: Arc<Agreement>,
    /// Within which time.
    pub within: Duration,
    /// Since when the agreement and those above it bind.
    since: Instant,
    /// Those whose adhesions bind since later.
    joined: HashMap<OrganisationNumber, Instant>,
}

impl Duty {
    /// Whether a category is to be acknowledged.
    #[must_use]
    pub fn asks_for(&self, category: Category) -> bool {
        let asked = &self.agreement.duties.acknowledge;
        asked.is_empty() || asked.contains(&category)
    }

    /// By when an organisation owes it for what it had first at a moment.
    #[must_use]
    pub fn due(&self, organisation: OrganisationNumber, received: Instant) -> Instant {
        let joined = self.joined.get(&organisation).copied().unwrap_or(self.since);
        received.max(self.since).max(joined).after(self.within)
    }

    /// Whether what was had first at a moment is overdue, but for those who are [spared](Self::spared).
    #[must_use]
    pub fn presses(&self, received: Instant, now: Instant) -> bool {
        received.max(self.since).after(self.within) < now
    }

    /// Those who owe nothing yet at a moment, whatever they had: for them the time began too lately.
    #[must_use]
    pub fn spared(&self, now: Instant) -> Audience {
        let late = |(_, since): &(&OrganisationNumber, &Instant)| since.after(self.within) >= now;
        self.joined.iter().filter(late).map(|(number, _)| *number).collect()
    }
}

impl Network {
    /// The duties under agreements in force, the shortest first.
    #[must_use]
    pub fn duties(&self) -> Vec<Duty> {
        let in_force = self.pacts.iter().filter(|pact| pact.standing.is_in_force());
        let mut duties: Vec<_> = in_force.filter_map(|pact| self.duty(&pact.agreement)).collect();
        duties.sort_by(|a, b| (a.within, &a.agreement.id).cmp(&(b.within, &b.agreement.id)));
        duties
    }

    /// To whom each agreement gives what is handled so, nothing held: by every way, and not only by the
    /// nearest one, as [`Network::bringing`] says.
    #[must_use]
    pub fn giving_to(&self, handling: &Handling) -> BTreeMap<AgreementId, Audience> {
        let mut given = BTreeMap::<_, Audience>::new();
        let Some(search) = self.search(handling, Carriers::Any, Waived::NONE) else { return given };
        let Some(chains) = self.chains(handling) else { return given };
        let reached = self.decide_unheld(handling, Some(&chains)).reached;
        for step in &chains.any.log {
            let targets = search.targets(step, &reached);
            let agreement = &self.pacts[step.pact].agreement.id;
            given.entry(agreement.clone()).or_default().absorb(&targets);
        }
        given
    }

    fn duty(&self, agreement: &Arc<Agreement>) -> Option<Duty> {
        let minutes = agreement.duties.acknowledge_minutes?;
        let since = self.bound_since(agreement);
        let mut joined = HashMap::new();
        for ((of, organisation), adhesion) in &self.adhesions {
            if let Some(adhesion) = self.agreements.get(adhesion).filter(|_| *of == agreement.id) {
                let bound = since_of(adhesion);
                if bound > since {
                    joined.insert(*organisation, bound);
                }
            }
        }
        let within = Duration::from_secs(u64::from(minutes) * 60);
        Some(Duty { agreement: Arc::clone(agreement), within, since, joined })
    }

    /// Since when an agreement in force and all those above it bind.
    fn bound_since(&self, agreement: &Agreement) -> Instant {
        let (mut since, mut above) = (since_of(agreement), agreement.parent.as_ref());
        // In force, it stands on a line that ends.
        while let Some(parent) = above.and_then(|id| self.agreements.get(id)) {
            since = since.max(since_of(parent));
            above = parent.parent.as_ref();
        }
        since
    }
}

/// Since when an agreement in force binds by itself.
fn since_of(agreement: &Agreement) -> Instant {
    let begun = Instant::start_of_day(agreement.term.from);
    match &agreement.stage {
        Stage::InForce { since, .. } => begun.max(*since),
        _ => begun,
    }
}
