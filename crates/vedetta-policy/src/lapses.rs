//! What took something from those who had it: which agreement would give it again if it bound.
//!
//! The cause is found for each holder by the counterfactual: the same network, in which a lapsed agreement
//! binds. What else the handling rests on, or ever rested on, is nobody's cause. Handlings that are decided
//! alike are decided once, so that it costs little more when somebody makes many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::{
    Agreement, AgreementId, Audience, Handling, Instant, Organisation, OrganisationId,
    OrganisationNumber, Pap,
};

use crate::clearance::{Clearance, Form};
use crate::decision::{Decision, Reachable};
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

/// What was cleared, and who of those for whom it was does not read it any more.
#[derive(Clone, Debug)]
pub struct Lost {
    /// What.
    pub clearance: Arc<Clearance>,
    /// Who.
    pub whom: Audience,
}

/// What took what was lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Causes {
    /// For each that was lost, in order: from those for whom none is named, no agreement took it.
    pub taken: Vec<Vec<TakenBy>>,
    /// How many decisions that took.
    pub decisions: usize,
}

/// The network without its lapses.
pub struct Lapses {
    organisations: Vec<(OrganisationNumber, Arc<Organisation>)>,
    agreements: Vec<Arc<Agreement>>,
    /// Agreements whose text is not known here, and that do not bind.
    unknown: BTreeSet<AgreementId>,
    /// Who left the network.
    left: BTreeSet<OrganisationId>,
    now: Instant,
    lapsed: BTreeMap<AgreementId, Lapse>,
    /// The network in which all of them bind.
    whole: Network,
}

/// Which lapses are lifted.
#[derive(Clone, Copy)]
enum Lifted<'a> {
    One(&'a AgreementId),
    AllBut(&'a AgreementId),
    /// Those of adhesions, for the sake of these.
    Adhesions(&'a BTreeSet<&'a AgreementId>),
    AllButAdhesions(&'a BTreeSet<&'a AgreementId>),
}

/// What was lost, while it is found out what took it.
struct Case<'a> {
    clearance: &'a Clearance,
    /// Who brought it and whom it tells of: they read it in full, whichever agreement reaches them.
    own: Audience,
    lost: Audience,
    /// Those of them to whom no lapse lifted alone gives it.
    rest: Audience,
    /// The lapses that may have taken it.
    relevant: BTreeMap<&'a AgreementId, Relevant>,
    taken: BTreeMap<&'a AgreementId, Took>,
}

/// A lapse that may have taken something.
#[derive(Clone, Copy)]
enum Relevant {
    /// Of what it rests on.
    Agreement,
    /// Of an adhesion to that, by who brought the item.
    Bringer,
    /// Of an adhesion to that, by one whom it reached.
    Adherent(OrganisationNumber),
}

/// What is decided alike, and the cases of it.
struct Kind {
    handling: Handling,
    cases: Vec<usize>,
}

/// From whom a lapse took something.
#[derive(Default)]
struct Took {
    /// Those who would read it if that agreement bound.
    alone: Audience,
    /// Those who would not unless it did, and others with it.
    together: Audience,
}

/// So many lapses are lifted one by one, the latest: of older ones it is only known what adhesions took
/// from those who had adhered.
const LAPSES: usize = 64;
/// So many kinds of handling by one organisation are looked into when several lapses may have taken them,
/// and so many of all that one gives on for others: what is handled in still other ways counts as taken
/// by nobody knows what.
const KINDS: (usize, usize) = (256, 4_096);

impl Lapses {
    /// Lifts lapses from what a network was compiled from.
    #[must_use]
    pub fn of(roll: Roll<'_>, network: &Network, lapses: impl IntoIterator<Item = Lapse>) -> Self {
        let lapsed: BTreeMap<_, _> =
            lapses.into_iter().map(|it| (it.agreement.clone(), it)).collect();
        let all = lapsed.keys().cloned().collect();
        let (now, unknown, left) = (network.now, &network.lapsed, &network.left);
        Self {
            organisations: roll.organisations.to_vec(),
            agreements: roll.agreements.to_vec(),
            whole: lifting(roll, (now, unknown, left), &all),
            unknown: unknown.clone(),
            left: left.clone(),
            now,
            lapsed,
        }
    }

    /// What took from some what was cleared for them.
    #[must_use]
    pub fn causes(&self, lost: &[Lost]) -> Causes {
        let mut cases: Vec<_> = lost.iter().map(|it| self.case(it)).collect();
        let mut decisions = cases.len();
        let kinds = kinds(&cases);
        let (latest, older) = self.latest(&cases, &kinds);
        let one_by_one = latest.iter().map(|id| Lifted::One(id));
        let lifts = one_by_one.chain([Lifted::Adhesions(&older)]);
        let all_but = latest.iter().map(|id| Lifted::AllBut(id));
        for lifted in lifts.chain(all_but).chain([Lifted::AllButAdhesions(&older)]) {
            decisions += self.lift(lifted, &kinds, &mut cases);
        }
        Causes { taken: cases.into_iter().map(|it| self.told(it.taken)).collect(), decisions }
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

    fn case<'a>(&'a self, lost: &'a Lost) -> Case<'a> {
        let clearance = &*lost.clearance;
        let handling = &clearance.handling;
        let whole = self.whole.decision_unheld(handling);
        let lost = lost.whom.intersection(whole.entitled(clearance.form));
        let own = handling.victims.iter().chain([&handling.producer]);
        let own = own.filter_map(|it| self.whole.number(it)).collect();
        let mut case = Case {
            clearance,
            own,
            rest: lost.clone(),
            lost,
            relevant: BTreeMap::new(),
            taken: BTreeMap::new(),
        };
        if !case.lost.is_empty() {
            case.relevant = self.relevant(clearance, &whole);
        }
        if case.relevant.len() == 1 {
            let only = case.relevant.first_key_value().map(|(id, _)| *id);
            let took = Took { alone: case.lost.clone(), together: Audience::nobody() };
            case.taken.extend(only.map(|id| (id, took)));
            case.rest = Audience::nobody();
        }
        case
    }

    /// The lapses that may have taken what is handled so.
    fn relevant(
        &self,
        clearance: &Clearance,
        whole: &Decision,
    ) -> BTreeMap<&AgreementId, Relevant> {
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
        let relevant = self.lapsed.keys().filter_map(|id| {
            if rests_on.contains(id) {
                return Some((id, Relevant::Agreement));
            }
            let agreement = self.whole.agreement(id)?;
            let organisation = &agreement.adhesion.as_ref()?.organisation;
            let number = self.whole.number(organisation)?;
            let how = match bringers.contains(organisation) {
                true => Relevant::Bringer,
                false => Relevant::Adherent(number),
            };
            let to = agreement.parent.as_ref()?;
            let concerns = matches!(how, Relevant::Bringer) || clearance.audience.contains(number);
            (concerns && rests_on.contains(to)).then_some((id, how))
        });
        relevant.collect()
    }

    /// The latest lapses of those that are to be told apart, and which older ones are of adhesions.
    fn latest<'a>(
        &self,
        cases: &[Case<'a>],
        kinds: &[Kind],
    ) -> (Vec<&'a AgreementId>, BTreeSet<&'a AgreementId>) {
        let cases = kinds.iter().flat_map(|kind| &kind.cases).filter_map(|at| cases.get(*at));
        let relevant = cases.flat_map(|case| case.relevant.keys().copied());
        let relevant: BTreeSet<&AgreementId> = relevant.collect();
        let mut latest: Vec<_> = relevant.into_iter().collect();
        let since = |id: &AgreementId| self.lapsed.get(id).map(|it| it.since);
        latest.sort_by_key(|id| (Reverse(since(id)), self.is_adhesion(id), *id));
        let older = latest.split_off(latest.len().min(LAPSES)).into_iter();
        (latest, older.filter(|id| self.is_adhesion(id)).collect())
    }

    /// Finds who is given it when some lapses are lifted, in each case that asks; returns how many
    /// decisions that took.
    fn lift<'a>(&self, lifted: Lifted<'a>, kinds: &[Kind], cases: &mut [Case<'a>]) -> usize {
        let asks = |at: &&usize| cases.get(**at).is_some_and(|case| case.asks(lifted));
        let asking = kinds.iter().map(|kind| {
            let asking: Vec<usize> = kind.cases.iter().filter(asks).copied().collect();
            (&kind.handling, asking)
        });
        let asking: Vec<_> = asking.filter(|(_, asking)| !asking.is_empty()).collect();
        if asking.is_empty() {
            return 0;
        }
        let network = self.network(lifted);
        for (handling, asking) in &asking {
            let reachable = network.reachable(handling);
            for at in asking {
                if let Some(case) = cases.get_mut(*at) {
                    case.see(lifted, &reachable);
                }
            }
        }
        asking.len()
    }

    fn network(&self, lifted: Lifted<'_>) -> Network {
        let all = self.lapsed.keys();
        let all = all.filter(|id| match lifted {
            Lifted::One(one) => *id == one,
            Lifted::AllBut(one) => *id != one,
            Lifted::Adhesions(_) => self.is_adhesion(id),
            Lifted::AllButAdhesions(_) => !self.is_adhesion(id),
        });
        let all = all.cloned().collect();
        let (organisations, agreements) = (&self.organisations, &self.agreements);
        let roll = Roll { organisations, agreements, holds: &[] };
        lifting(roll, (self.now, &self.unknown, &self.left), &all)
    }

    fn is_adhesion(&self, id: &AgreementId) -> bool {
        self.whole.agreement(id).is_some_and(|it| it.adhesion.is_some())
    }

    /// Of what each of several would give alone, the last of them took it.
    fn told(&self, taken: BTreeMap<&AgreementId, Took>) -> Vec<TakenBy> {
        let lapse = |(id, took)| self.lapsed.get(id).map(|lapse| (lapse, took));
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

impl<'a> Case<'a> {
    /// Whether it matters to it who is given it when these lapses are lifted.
    fn asks(&self, lifted: Lifted<'a>) -> bool {
        match lifted {
            Lifted::One(id) => self.relevant.contains_key(id),
            Lifted::AllBut(id) => !self.rest.is_empty() && self.relevant.contains_key(id),
            Lifted::Adhesions(older) | Lifted::AllButAdhesions(older) => {
                !self.rest.is_empty() && self.relevant.keys().any(|id| older.contains(id))
            }
        }
    }

    /// Sees who is given it when these lapses are lifted.
    fn see(&mut self, lifted: Lifted<'a>, reachable: &Reachable) {
        let given = self.given(reachable);
        match lifted {
            Lifted::One(id) => {
                self.rest = self.rest.difference(&given);
                self.taken.entry(id).or_default().alone.absorb(&given);
            }
            Lifted::AllBut(id) => {
                let needing = self.rest.difference(&given);
                self.taken.entry(id).or_default().together.absorb(&needing);
            }
            Lifted::Adhesions(older) => {
                for (id, whom) in self.concerned(older, &self.rest.intersection(&given)) {
                    self.rest = self.rest.difference(&whom);
                    self.taken.entry(id).or_default().alone.absorb(&whom);
                }
            }
            Lifted::AllButAdhesions(older) => {
                for (id, whom) in self.concerned(older, &self.rest.difference(&given)) {
                    self.taken.entry(id).or_default().together.absorb(&whom);
                }
            }
        }
    }

    /// Those of the losers who are given it. Whoever lost what is for named persons is of those.
    fn given(&self, reachable: &Reachable) -> Audience {
        let given = self.lost.intersection(&reachable.any);
        if self.clearance.form == Form::Redacted || self.clearance.handling.victims.is_empty() {
            return given;
        }
        let mut full = reachable.naming.clone();
        full.absorb(&self.own);
        given.intersection(&full)
    }

    /// Those of some whom the end of each of these adhesions concerns for certain.
    fn concerned(
        &self,
        older: &BTreeSet<&'a AgreementId>,
        of: &Audience,
    ) -> Vec<(&'a AgreementId, Audience)> {
        let adhesions = self.relevant.iter().filter(|(id, _)| older.contains(*id));
        let concerned = adhesions.map(|(id, how)| match how {
            Relevant::Adherent(own) => (*id, of.intersection(&Audience::from_iter([*own]))),
            Relevant::Agreement | Relevant::Bringer => (*id, of.clone()),
        });
        concerned.collect()
    }
}

/// Puts together what is decided alike, of that for which several lapses are to be told apart.
fn kinds(cases: &[Case<'_>]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut known: HashMap<Handling, usize> = HashMap::new();
    let mut counts: HashMap<(&OrganisationId, Option<&OrganisationId>), usize> = HashMap::new();
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.relevant.len() > 1) {
        let handling = &case.clearance.handling;
        let alike = kind(handling);
        if let Some(kind) = known.get(&alike).and_then(|at| kinds.get_mut(*at)) {
            kind.cases.push(at);
            continue;
        }
        let giver = handling.via.first().map_or(&handling.producer, |given| &given.giver);
        let (one, all) = ((giver, Some(&handling.producer)), (giver, None));
        let counted = |of| counts.get(&of).copied().unwrap_or_default();
        if counted(one) < KINDS.0 && counted(all) < KINDS.1 {
            for of in [one, all] {
                *counts.entry(of).or_default() += 1;
            }
            known.insert(alike.clone(), kinds.len());
            kinds.push(Kind { handling: alike, cases: vec![at] });
        }
    }
    kinds
}

/// A handling without what does not matter to whom agreements carry it: who is named, and who exactly the
/// victim is, counts in each case by itself.
fn kind(handling: &Handling) -> Handling {
    let victims = handling.victims.first().map(|_| handling.producer.clone());
    Handling {
        pap: Pap::Clear,
        victims: victims.into_iter().collect(),
        named: BTreeSet::new(),
        ..handling.clone()
    }
}

fn lifting(
    roll: Roll<'_>,
    (now, unknown, left): (Instant, &BTreeSet<AgreementId>, &BTreeSet<OrganisationId>),
    lifted: &BTreeSet<AgreementId>,
) -> Network {
    let roll = Roll { holds: &[], ..roll };
    let unknown = unknown.difference(lifted).cloned().collect();
    Network::lifting(roll, now, lifted).with_lapsed(unknown).with_left(left.clone())
}
