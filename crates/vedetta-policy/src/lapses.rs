//! What took something from those who had it: which agreement would give it again if it bound.
//!
//! The cause is found for each holder by the counterfactual: the same network, in which a lapsed agreement
//! binds. What else the handling rests on, or ever rested on, is nobody's cause.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::{Agreement, AgreementId, Audience, Instant, Organisation, OrganisationNumber};

use crate::clearance::Clearance;
use crate::decision::Decision;
use crate::network::{Network, Roll};

/// An agreement that bound, and does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lapse {
    /// Which.
    pub agreement: AgreementId,
    /// Since when.
    pub since: Instant,
    /// What may become of it.
    pub outlook: Outlook,
}

/// What may become of an agreement that does not bind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outlook {
    /// It is suspended, and may be resumed.
    MayResume,
    /// It is over.
    Over,
}

/// That an agreement took something from some who had it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakenBy {
    /// Which.
    pub agreement: AgreementId,
    /// Who would read it if that agreement bound, or would not unless it did.
    pub whom: Audience,
    /// Those of them who lost it with that agreement, and not with a later one that would give it alone:
    /// the last that lapsed took it. What is suspended counts whenever it was, since it may give it again.
    pub lately: Audience,
}

/// The network without its lapses.
pub struct Lapses {
    organisations: Vec<(OrganisationNumber, Arc<Organisation>)>,
    agreements: Vec<Arc<Agreement>>,
    /// Agreements whose text is not known here, and that do not bind.
    unknown: BTreeSet<AgreementId>,
    now: Instant,
    lapsed: BTreeMap<AgreementId, Lapse>,
    /// The network in which all of them bind.
    whole: Network,
    others: HashMap<Lifted, Network>,
}

/// Which lapses are lifted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Lifted {
    One(AgreementId),
    AllBut(AgreementId),
    Adhesions,
    AllButAdhesions,
}

/// A lapsed adhesion to what a handling rests on, and whom its end concerns: whoever adhered, or everyone when that
/// is who brought the item.
type Adhesion = (AgreementId, Option<OrganisationNumber>);

/// From whom a lapse took something.
#[derive(Default)]
struct Took {
    /// Those who would read it if that agreement bound.
    alone: Audience,
    /// Those who would not unless it did, and others with it.
    together: Audience,
}

/// So many networks are kept at once: what still more lapses took counts as taken by nobody knows what.
const NETWORKS: usize = 64;

impl Lapses {
    /// Lifts lapses from what a network was compiled from, `unknown` being those agreements whose text is
    /// not known here.
    #[must_use]
    pub fn of(
        roll: Roll<'_>,
        (now, unknown): (Instant, &BTreeSet<AgreementId>),
        lapses: impl IntoIterator<Item = Lapse>,
    ) -> Self {
        let lapsed: BTreeMap<_, _> =
            lapses.into_iter().map(|it| (it.agreement.clone(), it)).collect();
        let all = lapsed.keys().cloned().collect();
        Self {
            organisations: roll.organisations.to_vec(),
            agreements: roll.agreements.to_vec(),
            whole: lifting(roll, (now, unknown), &all),
            unknown: unknown.clone(),
            now,
            lapsed,
            others: HashMap::new(),
        }
    }

    /// What took from some what was cleared so: of those for whom none is named, no agreement that
    /// lapsed did.
    pub fn causes(&mut self, clearance: &Clearance, lost: &Audience) -> Vec<TakenBy> {
        let whole = self.whole.decision_unheld(&clearance.handling);
        let lost = lost.intersection(whole.entitled(clearance.form));
        if lost.is_empty() {
            return Vec::new();
        }
        let (agreements, adhesions) = self.relevant(clearance, &whole);
        let mut taken = BTreeMap::new();
        match (agreements.as_slice(), adhesions.as_slice()) {
            ([only], []) | ([], [(only, _)]) => {
                taken.insert(only.clone(), Took { alone: lost, together: Audience::nobody() });
            }
            _ => self.by_one(clearance, (&agreements, &adhesions), &lost, &mut taken),
        }
        self.told(taken)
    }

    /// The parties of an agreement, of those below it too; of an adhesion, whoever adhered. As they are
    /// while it binds.
    #[must_use]
    pub fn parties(&self, id: &AgreementId) -> Audience {
        let adhesion = self.whole.agreement(id).and_then(|it| it.adhesion.as_ref());
        if let Some(adhesion) = adhesion {
            return self.whole.number(&adhesion.organisation).into_iter().collect();
        }
        let mut parties = Audience::nobody();
        let below = self.whole.pacts.iter().filter(|pact| pact.lineage.contains(id));
        for side in below.flat_map(|pact| &pact.sides) {
            parties.absorb(side.members.all());
        }
        parties
    }

    /// The lapses that may have taken what is handled so.
    fn relevant(
        &self,
        clearance: &Clearance,
        whole: &Decision,
    ) -> (Vec<AgreementId>, Vec<Adhesion>) {
        let handling = &clearance.handling;
        let given = handling.via.iter().flat_map(|given| &given.on);
        let mut rests_on = BTreeSet::new();
        for id in whole.under.iter().chain(given) {
            let mut next = Some(id);
            while let Some(id) = next.filter(|id| rests_on.insert(*id)) {
                next = self.whole.agreement(id).and_then(|it| it.parent.as_ref());
            }
        }
        let bringers = handling.via.iter().map(|given| &given.giver).chain([&handling.producer]);
        let bringers: BTreeSet<_> = bringers.collect();
        let adhesions = self.lapsed.keys().filter(|id| !rests_on.contains(id)).filter_map(|id| {
            let agreement = self.whole.agreement(id)?;
            let organisation = &agreement.adhesion.as_ref()?.organisation;
            let number = self.whole.number(organisation)?;
            let brings = bringers.contains(organisation);
            let concerns = brings || clearance.audience.contains(number);
            let to = agreement.parent.as_ref()?;
            (concerns && rests_on.contains(to)).then(|| (id.clone(), (!brings).then_some(number)))
        });
        let adhesions = adhesions.collect();
        rests_on.retain(|id| self.lapsed.contains_key(*id));
        (rests_on.into_iter().cloned().collect(), adhesions)
    }

    /// What each alone would give again; and where no one alone would, which of them must bind for that.
    fn by_one(
        &mut self,
        clearance: &Clearance,
        (agreements, adhesions): (&[AgreementId], &[Adhesion]),
        lost: &Audience,
        taken: &mut BTreeMap<AgreementId, Took>,
    ) {
        let mut rest = lost.clone();
        let mut alone = |id: &AgreementId, whom: &Audience| {
            rest = rest.difference(whom);
            taken.entry(id.clone()).or_default().alone.absorb(whom);
        };
        for id in agreements {
            let given = self.given(&Lifted::One(id.clone()), clearance, lost);
            alone(id, &given.unwrap_or_default());
        }
        if !adhesions.is_empty() {
            let given = self.given(&Lifted::Adhesions, clearance, lost).unwrap_or_default();
            adhesions.iter().for_each(|it| alone(&it.0, &concerned(it, &given)));
        }
        if rest.is_empty() {
            return;
        }
        let mut together = |id: &AgreementId, whom: &Audience| {
            taken.entry(id.clone()).or_default().together.absorb(whom);
        };
        for id in agreements {
            if let Some(given) = self.given(&Lifted::AllBut(id.clone()), clearance, &rest) {
                together(id, &rest.difference(&given));
            }
        }
        if !adhesions.is_empty()
            && let Some(given) = self.given(&Lifted::AllButAdhesions, clearance, &rest)
        {
            let needing = rest.difference(&given);
            adhesions.iter().for_each(|it| together(&it.0, &concerned(it, &needing)));
        }
    }

    /// Those of some who would read it if these lapses were lifted; `None` when that is not looked into.
    fn given(&mut self, lifted: &Lifted, clearance: &Clearance, of: &Audience) -> Option<Audience> {
        if !self.others.contains_key(lifted) {
            if self.others.len() >= NETWORKS {
                return None;
            }
            let network = self.network(lifted);
            self.others.insert(lifted.clone(), network);
        }
        let decision = self.others.get(lifted)?.decision_unheld(&clearance.handling);
        Some(of.intersection(decision.entitled(clearance.form)))
    }

    fn network(&self, lifted: &Lifted) -> Network {
        let is_adhesion =
            |id: &AgreementId| self.whole.agreement(id).is_some_and(|it| it.adhesion.is_some());
        let all = self.lapsed.keys();
        let all = all.filter(|id| match lifted {
            Lifted::One(one) => *id == one,
            Lifted::AllBut(one) => *id != one,
            Lifted::Adhesions => is_adhesion(id),
            Lifted::AllButAdhesions => !is_adhesion(id),
        });
        let all = all.cloned().collect();
        let (organisations, agreements) = (&self.organisations, &self.agreements);
        let roll = Roll { organisations, agreements, holds: &[] };
        lifting(roll, (self.now, &self.unknown), &all)
    }

    /// Of what each of several would give alone, the last of them took it.
    fn told(&self, taken: BTreeMap<AgreementId, Took>) -> Vec<TakenBy> {
        let lapse = |(id, took)| self.lapsed.get(&id).map(|lapse| (lapse, took));
        let taken: Vec<(&Lapse, Took)> = taken.into_iter().filter_map(lapse).collect();
        let told = taken.iter().map(|(lapse, Took { alone, together })| {
            let (mut whom, mut lately) = (alone.clone(), alone.clone());
            if lapse.outlook == Outlook::Over {
                let later = taken.iter().filter(|(other, _)| other.since > lapse.since);
                later.for_each(|(_, took)| lately = lately.difference(&took.alone));
            }
            whom.absorb(together);
            lately.absorb(together);
            TakenBy { agreement: lapse.agreement.clone(), whom, lately }
        });
        told.filter(|it| !it.whom.is_empty()).collect()
    }
}

/// Those of some whom the end of an adhesion concerns.
fn concerned((_, own): &Adhesion, of: &Audience) -> Audience {
    match own {
        Some(own) if of.contains(*own) => Audience::from_iter([*own]),
        Some(_) => Audience::nobody(),
        None => of.clone(),
    }
}

fn lifting(
    roll: Roll<'_>,
    (now, unknown): (Instant, &BTreeSet<AgreementId>),
    lifted: &BTreeSet<AgreementId>,
) -> Network {
    let roll = Roll { holds: &[], ..roll };
    let unknown = unknown.difference(lifted).cloned().collect();
    Network::lifting(roll, now, lifted).with_lapsed(unknown)
}
