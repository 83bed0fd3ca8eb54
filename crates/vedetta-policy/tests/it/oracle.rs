//! The same question answered slowly: every chain, one organisation after another, with
//! identifiers only; no audience, no fixpoint, no compiled form.

use vedetta_model::agreement::*;
use vedetta_model::hold::HoldScope;
use vedetta_model::*;
use vedetta_policy::{Form, Past};

use crate::worlds::{World, left};

pub(crate) struct Oracle<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Instant,
}

/// Which agreements may carry the item.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Any,
    Naming,
}

/// How somebody came to have the item.
#[derive(Clone)]
pub(crate) enum Got<'a> {
    /// It produced it.
    Produced,
    /// It brought it from another node, holding it with that right.
    Brought(Right),
    /// Under an agreement.
    Under(&'a Agreement),
}

/// Someone who has the item, and how.
type Holding<'a> = (OrganisationId, Got<'a>);

impl<'a> Oracle<'a> {
    pub(crate) fn find(&self, id: &AgreementId) -> Option<&'a Agreement> {
        self.world.agreements.iter().rev().find(|it| it.id == *id).map(|it| it.as_ref())
    }

    fn organisation(&self, id: &OrganisationId) -> Option<&'a Organisation> {
        self.world.organisations.iter().find(|(_, it)| it.id == *id).map(|(_, it)| it.as_ref())
    }

    pub(crate) fn in_force(&self, agreement: &Agreement) -> bool {
        self.binds(agreement, 0)
    }

    fn binds(&self, agreement: &Agreement, depth: usize) -> bool {
        let Stage::InForce { since, .. } = &agreement.stage else { return false };
        if depth > 50 {
            return false;
        }
        let today = self.now.day();
        let term = &agreement.term;
        let begun = *since <= self.now && term.from <= today;
        let ended = match term.renewal {
            Renewal::Tacit => term.until < term.from,
            _ => term.until < today,
        };
        let founded = match &agreement.parent {
            None => true,
            Some(parent) => self.find(parent).is_some_and(|up| self.binds(up, depth + 1)),
        };
        begun && !ended && founded
    }

    /// It and those above it.
    fn line(&self, agreement: &'a Agreement) -> Vec<&'a Agreement> {
        let mut line = vec![agreement];
        while let Some(parent) = line.last().unwrap().parent.as_ref() {
            match self.find(parent) {
                Some(up) if line.len() < 50 => line.push(up),
                _ => break,
            }
        }
        line
    }

    pub(crate) fn is_member(
        &self,
        agreement: &Agreement,
        party: &Party,
        who: &OrganisationId,
    ) -> bool {
        let Some(organisation) = self.organisation(who) else { return false };
        if party.organisations.contains(who) {
            return true;
        }
        let Some(select) = &party.select else { return false };
        let kind = select.kinds.is_empty() || select.kinds.contains(&organisation.kind);
        let region = select.regions.is_empty()
            || select.regions.contains(organisation.region.as_deref().unwrap_or(""));
        let people = match (select.population_above, organisation.population) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(more_than), Some(people)) => people > more_than,
        };
        let adhered = select.adhesion == AdhesionRule::NotNeeded
            || self.world.agreements.iter().any(|other| {
                other.parent.as_ref() == Some(&agreement.id)
                    && other.adhesion.as_ref().is_some_and(|adhesion| {
                        adhesion.party == party.name && adhesion.organisation == *who
                    })
                    && self.in_force(other)
            });
        kind && region && people && adhered
    }

    /// Whether one may give the item to the other under the agreement, rights aside.
    pub(crate) fn hop(
        &self,
        handling: &Handling,
        agreement: &'a Agreement,
        from: &OrganisationId,
        to: &OrganisationId,
    ) -> bool {
        let exchanged = |set: &std::collections::BTreeSet<Category>| match handling.category {
            Category::Context => !set.is_empty(),
            category => set.contains(&category),
        };
        let limited = handling.only_under.is_empty()
            || self.line(agreement).iter().any(|up| handling.only_under.contains(&up.id));
        agreement.adhesion.is_none()
            && from != to
            && self.in_force(agreement)
            && handling.tlp <= agreement.handling.highest_tlp
            && limited
            && agreement.parties.iter().enumerate().any(|(i, giving)| {
                exchanged(&giving.gives)
                    && self.is_member(agreement, giving, from)
                    && agreement.parties.iter().enumerate().any(|(j, receiving)| {
                        (i != j || giving.within == Within::Together)
                            && exchanged(&receiving.receives)
                            && self.is_member(agreement, receiving, to)
                    })
            })
    }

    pub(crate) fn may_pass(&self, got: &Got<'a>, next: &'a Agreement) -> bool {
        let root = |agreement| &self.line(agreement).last().unwrap().id;
        match got {
            Got::Produced | Got::Brought(Right::Any) => true,
            Got::Brought(Right::Lineages(roots)) => roots.contains(root(next)),
            Got::Under(agreement) => match agreement.handling.redistribution {
                Redistribution::None => false,
                Redistribution::Any => true,
                Redistribution::Lineage => root(agreement) == root(next),
            },
        }
    }

    fn beginnings(&self, handling: &Handling, by: By) -> Vec<Holding<'a>> {
        if handling.via.is_empty() {
            return vec![(handling.producer.clone(), Got::Produced)];
        }
        let stands = |id: &AgreementId| self.find(id).is_none_or(|it| self.in_force(it));
        let known = handling.via.iter().filter(|given| self.organisation(&given.giver).is_some());
        let gone = |id: &OrganisationId| left().contains(id) && self.organisation(id).is_none();
        let reachable = known.filter(|given| !given.through.iter().any(gone));
        let binding = reachable.filter(|given| given.on.iter().all(stands));
        let right = |given: &Given| match by {
            By::Any => Some(given.right.clone()),
            By::Naming => given.naming.clone(),
        };
        binding.filter_map(|it| Some((it.giver.clone(), Got::Brought(right(it)?)))).collect()
    }

    /// Everyone that a chain reaches, once for each agreement by which it does.
    fn holdings(&self, handling: &Handling, by: By) -> Vec<Holding<'a>> {
        if self.organisation(&handling.producer).is_none() {
            return Vec::new();
        }
        let mut found = self.beginnings(handling, by);
        let mut looked_at = 0;
        while let Some((holder, got)) = found.get(looked_at).cloned() {
            looked_at += 1;
            for agreement in self.world.agreements.iter().map(|it| it.as_ref()) {
                let hidden = agreement.handling.victim == VictimVisibility::Hidden;
                if (by == By::Naming && hidden) || !self.may_pass(&got, agreement) {
                    continue;
                }
                for (_, next) in &self.world.organisations {
                    let known = found.iter().any(|(who, got)| {
                        *who == next.id && matches!(got, Got::Under(by) if by.id == agreement.id)
                    });
                    if !known && self.hop(handling, agreement, &holder, &next.id) {
                        found.push((next.id.clone(), Got::Under(agreement)));
                    }
                }
            }
        }
        found
    }

    fn has(&self, handling: &Handling, who: &OrganisationId, by: By) -> bool {
        self.holdings(handling, by).iter().any(|(holder, _)| holder == who)
    }

    /// Whether one produced it: somebody who only stands for a producer that is hidden gave it otherwise.
    fn produced(handling: &Handling, who: &Organisation) -> bool {
        let own = |it: &Given| {
            let right = it.right == Right::Any && it.naming == Some(Right::Any);
            it.giver == who.id && right && it.on.is_empty() && it.through.is_empty()
        };
        handling.producer == who.id && (handling.via.is_empty() || handling.via.iter().any(own))
    }

    fn reached(&self, handling: &Handling, who: &Organisation) -> bool {
        let takes_part = handling
            .exercise
            .as_ref()
            .is_none_or(|it| it.participants.contains(&who.id) || Self::produced(handling, who));
        if !takes_part {
            return false;
        }
        let by_chain = self.has(handling, &who.id, By::Any);
        match handling.tlp {
            Tlp::Clear => true,
            _ if self.organisation(&handling.producer).is_none() => false,
            _ if who.id == handling.producer => true,
            Tlp::Red => by_chain && Self::is_named(handling, who),
            Tlp::AmberStrict => by_chain,
            Tlp::Amber | Tlp::Green => {
                by_chain
                    || who.client_of.iter().any(|provider| {
                        let producers_limit =
                            *provider == handling.producer && !handling.only_under.is_empty();
                        !producers_limit && self.has(handling, provider, By::Any)
                    })
            }
        }
    }

    fn is_named(handling: &Handling, who: &Organisation) -> bool {
        handling.named.iter().any(|person| person.organisation == who.id)
    }

    fn kept_by_hold(&self, handling: &Handling, item: Option<&ItemId>, who: &Organisation) -> bool {
        self.world.holds.iter().filter(|hold| hold.binds(self.now)).any(|hold| {
            let concerns = match &hold.scope {
                HoldScope::Item(held) => item == Some(held),
                HoldScope::Victim(victim) => handling.victims.contains(victim),
                HoldScope::Producer(producer) => handling.producer == *producer,
            };
            concerns && who.id != handling.producer && who.id != hold.organisation
        })
    }

    /// The form that an organisation receives.
    pub(crate) fn form(
        &self,
        handling: &Handling,
        item: Option<&ItemId>,
        who: &Organisation,
    ) -> Option<Form> {
        if !self.reached(handling, who) || self.kept_by_hold(handling, item, who) {
            return None;
        }
        let entitled = handling.victims.is_empty()
            || handling.victims.contains(&who.id)
            || handling.producer == who.id
            || self.has(handling, &who.id, By::Naming);
        Some(if entitled { Form::Full } else { Form::Redacted })
    }

    /// How much of the past somebody reached receives.
    pub(crate) fn past(&self, handling: &Handling, who: &Organisation) -> Past {
        if handling.tlp == Tlp::Clear || handling.producer == who.id {
            return Past::All;
        }
        let holdings = self.holdings(handling, By::Any);
        let mut widest = Past::Nothing;
        for (holder, got) in &holdings {
            let producers_limit = *holder == handling.producer && !handling.only_under.is_empty();
            let client = matches!(handling.tlp, Tlp::Green | Tlp::Amber)
                && who.client_of.contains(holder)
                && !producers_limit;
            if *holder == who.id || client {
                widest = widest.wider(self.past_under(got));
            }
        }
        widest
    }

    fn past_under(&self, got: &Got<'_>) -> Past {
        let Got::Under(agreement) = got else { return Past::All };
        match agreement.handling.history {
            History::None => Past::Nothing,
            History::Days(days) => {
                let hours = std::time::Duration::from_secs(u64::from(days) * 24 * 3600);
                Past::Since(self.now.before(hours))
            }
            History::SinceAgreement => Past::Since(Instant::start_of_day(agreement.term.from)),
            History::All => Past::All,
        }
    }

    /// The strictest default of the agreements under which somebody gives a category.
    pub(crate) fn default_tlp(&self, who: &OrganisationId, category: Category) -> Option<Tlp> {
        let gives = |agreement: &&Agreement| {
            agreement.parties.iter().any(|party| {
                let context = category == Category::Context && !party.gives.is_empty();
                (context || party.gives.contains(&category))
                    && self.is_member(agreement, party, who)
            })
        };
        let all = self.world.agreements.iter().map(|it| it.as_ref());
        let giving = all.filter(|it| it.adhesion.is_none() && self.in_force(it)).filter(gives);
        giving.map(|agreement| agreement.handling.default_tlp).max()
    }
}
