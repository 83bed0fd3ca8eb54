//! The decision: who receives an item in which form.

use std::sync::Arc;

use vedetta_model::agreement::{Agreement, History};
use vedetta_model::{
    AgreementId, Audience, Given, Handling, Instant, ItemId, OrganisationId, OrganisationNumber,
    Right, Tlp,
};

use crate::chain::{Carriers, Reach, Search, Start, Waived, reaches_clients};
use crate::clearance::Form;
use crate::network::{BindingHold, Network};

/// Who receives an item in which form. Nobody is in both audiences.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Who receives it as it was given; the producer is among them.
    pub full: Arc<Audience>,
    /// Who receives it without what tells the victim; nobody when it tells no victim.
    pub redacted: Arc<Audience>,
    /// Who receives it in either form.
    pub reached: Arc<Audience>,
    /// The agreements under which it reaches them, in alphabetical order.
    pub under: Vec<AgreementId>,
}

/// How much of the past a newcomer receives, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Past {
    /// Nothing.
    Nothing,
    /// What was released since a moment.
    Since(Instant),
    /// Everything.
    All,
}

/// Whom agreements carry what is handled so to, whoever is named and whoever the victim is.
pub(crate) struct Reachable {
    /// In either form.
    pub(crate) any: Audience,
    /// Under agreements that name the victim.
    pub(crate) naming: Audience,
}

/// The chains that a decision rests on.
pub(crate) struct Chains {
    /// Under any agreement.
    pub(crate) any: Reach,
    /// Under agreements that name the victim; absent when there is no victim.
    pub(crate) naming: Option<Reach>,
}

impl Decision {
    /// Who may read a form: who is entitled to the full one may also read the redacted one.
    #[must_use]
    pub const fn entitled(&self, form: Form) -> &Arc<Audience> {
        match form {
            Form::Full => &self.full,
            Form::Redacted => &self.reached,
        }
    }

    /// The form that an organisation receives.
    #[must_use]
    pub fn form(&self, organisation: OrganisationNumber) -> Option<Form> {
        if self.full.contains(organisation) {
            Some(Form::Full)
        } else {
            self.redacted.contains(organisation).then_some(Form::Redacted)
        }
    }

    fn keep(self, holds: &[&BindingHold], producer: Option<OrganisationNumber>) -> Self {
        let narrow = |audience: &Audience| {
            holds.iter().fold(audience.clone(), |rest, hold| hold.keep(&rest, producer))
        };
        Self {
            full: Arc::new(narrow(&self.full)),
            redacted: Arc::new(narrow(&self.redacted)),
            reached: Arc::new(narrow(&self.reached)),
            under: self.under,
        }
    }
}

impl BindingHold {
    /// What a hold leaves of an audience: the producer and the organisation of the authority.
    pub(crate) fn keep(
        &self,
        audience: &Audience,
        producer: Option<OrganisationNumber>,
    ) -> Audience {
        let kept = [producer, self.organisation].into_iter().flatten();
        kept.filter(|number| audience.contains(*number)).collect()
    }
}

impl Past {
    /// The wider of two.
    #[must_use]
    pub fn wider(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Nothing, rest) | (rest, Self::Nothing) => rest,
            (Self::Since(one), Self::Since(two)) => Self::Since(one.min(two)),
        }
    }

    /// Whether it covers what was released at a moment.
    #[must_use]
    pub fn covers(self, moment: Instant) -> bool {
        match self {
            Self::Nothing => false,
            Self::Since(since) => since <= moment,
            Self::All => true,
        }
    }

    fn of(agreement: &Agreement, now: Instant) -> Self {
        let day = std::time::Duration::from_secs(86_400);
        match agreement.handling.history {
            History::None => Self::Nothing,
            History::Days(days) => Self::Since(now.before(day * u32::from(days))),
            History::SinceAgreement => Self::Since(Instant::start_of_day(agreement.term.from)),
            History::All => Self::All,
        }
    }
}

impl Network {
    /// Decides who receives what is handled so, holds on single items aside.
    #[must_use]
    pub fn decide(&self, handling: &Handling) -> Decision {
        let decision = self.decide_unheld(handling, self.chains(handling).as_ref());
        let holds: Vec<_> = self.holds_for(handling).collect();
        if holds.is_empty() {
            return decision;
        }
        decision.keep(&holds, self.number(&handling.producer))
    }

    /// The same as [`Network::decide`], remembered.
    #[must_use]
    pub fn decision(&self, handling: &Arc<Handling>) -> Arc<Decision> {
        self.memo.recall(handling, || self.decide(handling))
    }

    /// Decides as if nothing were held: what those may learn who must not learn of holds.
    #[must_use]
    pub fn decision_unheld(&self, handling: &Arc<Handling>) -> Arc<Decision> {
        if self.holds_for(handling).next().is_none() {
            return self.decision(handling);
        }
        Arc::new(self.decide_unheld(handling, self.chains(handling).as_ref()))
    }

    /// Decides who receives one item, holds on it included. For a derived item give the one it
    /// was derived from.
    #[must_use]
    pub fn decide_item(&self, handling: &Arc<Handling>, item: &ItemId) -> Arc<Decision> {
        let decision = self.decision(handling);
        let holds: Vec<_> = self.holds_on(item).collect();
        if holds.is_empty() {
            return decision;
        }
        let producer = self.number(&handling.producer);
        Arc::new(Decision::clone(&decision).keep(&holds, producer))
    }

    /// What the holds on one item leave of an audience; nothing when none binds. For a derived item
    /// give the one it was derived from.
    #[must_use]
    pub fn kept_of(
        &self,
        item: &ItemId,
        producer: &OrganisationId,
        audience: &Audience,
    ) -> Option<Audience> {
        let mut holds = self.holds_on(item).peekable();
        holds.peek()?;
        let producer = self.number(producer);
        Some(holds.fold(audience.clone(), |rest, hold| hold.keep(&rest, producer)))
    }

    /// How much of the past an organisation receives when it is reached for the first time: what
    /// the widest of the agreements that reach it says. The producer and whoever TLP:CLEAR
    /// reaches receive all; a client what its provider does.
    #[must_use]
    pub fn history(
        &self,
        handling: &Handling,
        organisation: OrganisationNumber,
        now: Instant,
    ) -> Past {
        let alone = self.histories(handling, &Audience::from_iter([organisation]), now);
        alone.first().map_or(Past::Nothing, |(_, past)| *past)
    }

    /// The same for several, without those who receive nothing.
    #[must_use]
    pub fn histories(
        &self,
        handling: &Handling,
        whom: &Audience,
        now: Instant,
    ) -> Vec<(OrganisationNumber, Past)> {
        let reached = whom.intersection(&self.decide(handling).reached);
        if handling.tlp == Tlp::Clear {
            return reached.iter().map(|number| (number, Past::All)).collect();
        }
        let Some(search) = self.search(handling, Carriers::Any, Waived::NONE) else {
            return Vec::new();
        };
        let chains = Chains { any: search.run(), naming: None };
        let providers: Vec<_> = if reaches_clients(handling.tlp) {
            self.providers_among(&self.providing(handling, &chains, search.producer)).collect()
        } else {
            Vec::new()
        };
        let past = |number: OrganisationNumber| {
            let mine = providers.iter().filter(|(_, clients)| clients.contains(number));
            let mut sources: Audience = mine.map(|(provider, _)| *provider).collect();
            sources.insert(number);
            let begins = search.starts.iter().any(|start| sources.contains(start.number));
            if begins || number == search.producer {
                return Past::All;
            }
            let steps = chains.any.log.iter().filter(|step| search.meets(step, &sources));
            steps
                .map(|step| Past::of(&self.pacts[step.pact].agreement, now))
                .fold(Past::Nothing, Past::wider)
        };
        let pasts = reached.iter().map(|number| (number, past(number)));
        pasts.filter(|(_, past)| *past != Past::Nothing).collect()
    }

    /// The search for what is handled so; absent when its producer is unknown.
    pub(crate) fn search<'a>(
        &'a self,
        handling: &'a Handling,
        carriers: Carriers,
        waived: Waived,
    ) -> Option<Search<'a>> {
        let producer = self.number(&handling.producer)?;
        let starts = if handling.via.is_empty() {
            vec![Start { number: producer, right: &Right::Any, given: None }]
        } else {
            let binding = handling.via.iter().filter(|given| self.counts(given));
            let start = |given| self.start(given, carriers);
            binding.filter_map(start).collect()
        };
        Some(Search { network: self, handling, producer, starts, carriers, waived })
    }

    fn start<'a>(&self, given: &'a Given, carriers: Carriers) -> Option<Start<'a>> {
        let right = match carriers {
            Carriers::Any => &given.right,
            Carriers::Naming => given.naming.as_ref()?,
        };
        Some(Start { number: self.number(&given.giver)?, right, given: Some(given) })
    }

    /// Whether who gave is here, all binds on which that rests, and nobody has left through whom it came.
    #[must_use]
    pub fn counts(&self, given: &Given) -> bool {
        let there = |id| self.numbers.contains_key(id) || !self.left.contains(id);
        self.numbers.contains_key(&given.giver)
            && given.on.iter().all(|id| self.binds(id))
            && given.through.iter().all(there)
    }

    /// Whether an agreement binds, as far as is known here: what is not known here binds until
    /// another node says that it has lapsed.
    fn binds(&self, id: &AgreementId) -> bool {
        match self.standing(id) {
            Some(standing) => standing.is_in_force(),
            None => !self.lapsed.contains(id),
        }
    }

    pub(crate) fn chains(&self, handling: &Handling) -> Option<Chains> {
        let any = self.search(handling, Carriers::Any, Waived::NONE)?.run();
        let naming = if handling.victims.is_empty() {
            None
        } else {
            self.search(handling, Carriers::Naming, Waived::NONE).map(|search| search.run())
        };
        Some(Chains { any, naming })
    }

    /// The decision as if nothing were held.
    pub(crate) fn decide_unheld(&self, handling: &Handling, chains: Option<&Chains>) -> Decision {
        let reached = self.reached(handling, chains);
        let naming = chains.and_then(|chains| chains.naming.as_ref());
        let full = if handling.victims.is_empty() {
            reached.clone()
        } else {
            let victims = handling.victims.iter().filter_map(|victim| self.number(victim));
            let mut entitled: Audience = victims.chain(self.number(&handling.producer)).collect();
            if let Some(naming) = naming {
                entitled.absorb(&naming.held);
            }
            entitled.intersection(&reached)
        };
        let redacted = reached.difference(&full);
        let under = chains.map(|chains| self.under(handling, chains, &reached));
        Decision {
            full: Arc::new(full),
            redacted: Arc::new(redacted),
            reached: Arc::new(reached),
            under: under.unwrap_or_default(),
        }
    }

    fn reached(&self, handling: &Handling, chains: Option<&Chains>) -> Audience {
        let mut reached = self.carried(handling, chains);
        if handling.tlp == Tlp::Red {
            let producer = self.number(&handling.producer).filter(|it| reached.contains(*it));
            reached = reached.intersection(&self.organisations_named(handling));
            if let Some(producer) = producer {
                reached.insert(producer);
            }
        }
        match self.taking_part(handling) {
            Some(inside) => reached.intersection(&inside),
            None => reached,
        }
    }

    /// Who takes part in the exercise to which something belongs, whoever produced it among them; absent
    /// of what is real. Of a form that hides its producer somebody else stands for it, who does not.
    pub(crate) fn taking_part(&self, handling: &Handling) -> Option<Audience> {
        let named = handling.exercise.as_ref()?.participants.iter();
        let producer = Some(&handling.producer).filter(|_| handling.is_by_its_producer());
        Some(named.chain(producer).filter_map(|it| self.number(it)).collect())
    }

    pub(crate) fn reachable(&self, handling: &Handling) -> Reachable {
        let chains = self.chains(handling);
        let mut any = self.carried(handling, chains.as_ref());
        if let Some(inside) = self.taking_part(handling) {
            any = any.intersection(&inside);
        }
        let naming = chains.and_then(|chains| chains.naming).map(|reach| reach.held);
        Reachable { any, naming: naming.unwrap_or_default() }
    }

    /// Those to whom agreements carry it, whoever is named.
    fn carried(&self, handling: &Handling, chains: Option<&Chains>) -> Audience {
        if handling.tlp == Tlp::Clear {
            return self.everyone.as_ref().clone();
        }
        let (Some(chains), Some(producer)) = (chains, self.number(&handling.producer)) else {
            return Audience::nobody();
        };
        let mut carried = chains.any.held.clone();
        if reaches_clients(handling.tlp) {
            carried.absorb(&self.clients_of(&self.providing(handling, chains, producer)));
        }
        carried.insert(producer);
        carried
    }

    /// Those whose clients receive what they have: all that hold it, but not a producer that
    /// limited the release to some agreements, since its clients receive under none.
    pub(crate) fn providing(
        &self,
        handling: &Handling,
        chains: &Chains,
        producer: OrganisationNumber,
    ) -> Audience {
        let mut providing = chains.any.held.clone();
        if !handling.only_under.is_empty() {
            providing.remove(producer);
        }
        providing
    }

    fn under(&self, handling: &Handling, chains: &Chains, reached: &Audience) -> Vec<AgreementId> {
        let Some(search) = self.search(handling, Carriers::Any, Waived::NONE) else {
            return Vec::new();
        };
        let mut under: Vec<_> = chains
            .any
            .log
            .iter()
            .filter(|step| search.meets(step, reached))
            .map(|step| self.pacts[step.pact].agreement.id.clone())
            .collect();
        under.sort_unstable();
        under.dedup();
        under
    }
}
