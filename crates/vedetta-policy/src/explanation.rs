//! Why an organisation receives an item or does not, for people; and who will, before publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use vedetta_model::agreement::Redistribution;
use vedetta_model::{
    AgreementId, Audience, Bilingual, Handling, ItemId, OrganisationId, OrganisationNumber,
};

use crate::chain::{Rule, Step};
use crate::clearance::Form;
use crate::grounds::{Ground, Inquiry};
use crate::network::Network;
use crate::redaction::OMITTED;
use crate::traces::Traces;
use crate::victim::Victim;
use crate::wording::Wording;

/// Why an organisation receives an item, or does not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// Whether it receives it.
    pub allowed: bool,
    /// In which form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// The agreement that brings it there, or the one that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// The chain that brings it there, or the nearest that would; from the producer on.
    pub path: Vec<Hop>,
    /// A sentence for the people of the node. It and the path may name the victim.
    pub reason: Bilingual,
    /// The sentence for the organisation itself: without the victim, unless it receives the full
    /// form; of a hold it says nothing.
    pub told: Bilingual,
}

/// One passage of a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Hop {
    /// Who gives.
    pub from: OrganisationId,
    /// Who receives.
    pub to: OrganisationId,
    /// Under which agreement; absent when it receives as a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<AgreementId>,
}

/// Who will receive an item, who will not, and why. The groups are disjoint and cover everyone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preview {
    /// The groups, those who receive it first.
    pub groups: Vec<PreviewGroup>,
}

/// Organisations for which the same reason holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviewGroup {
    /// The form that they receive; nothing when absent.
    pub form: Option<Form>,
    /// The agreement that brings it to them, or the one that stands in the way.
    pub agreement: Option<AgreementId>,
    /// A sentence about each of them.
    pub reason: Bilingual,
    /// What would have to change for them, when they receive nothing.
    pub remedy: Option<Bilingual>,
    /// Who they are.
    pub audience: Audience,
}

impl Network {
    /// Explains to people why an organisation receives an item or does not. For a derived item
    /// give the one it was derived from. Agrees with [`Network::decide_item`].
    #[must_use]
    pub fn explain(
        &self,
        handling: &Arc<Handling>,
        item: &ItemId,
        organisation: OrganisationNumber,
    ) -> Explanation {
        let one = Audience::from_iter([organisation]);
        let found = Inquiry::new(self, handling, Some(item)).grounds(&one);
        let ground = found.into_iter().next().map_or(Ground::Stranger, |(ground, _)| ground);
        let wording = Wording { network: self, handling, about: Some(organisation), alone: true };
        let reason = wording.sentence(&ground);
        Explanation {
            told: match ground {
                Ground::Held(_) => self.told(handling, None, &wording.withheld()),
                _ => self.told(handling, ground.form(), &reason),
            },
            allowed: ground.form().is_some(),
            form: ground.form(),
            agreement: ground.pact().map(|pact| self.pacts[pact].agreement.id.clone()),
            path: self.path(handling, &ground, organisation),
            reason,
        }
    }

    /// Who would receive what is handled so, who would not, and why, over the whole network.
    #[must_use]
    pub fn preview(&self, handling: &Arc<Handling>) -> Preview {
        self.groups(handling, Inquiry::new(self, handling, None))
    }

    /// The same as if nothing were held, for those who must not learn of holds.
    #[must_use]
    pub fn preview_unheld(&self, handling: &Arc<Handling>) -> Preview {
        self.groups(handling, Inquiry::unheld(self, handling))
    }

    /// Which agreement brings what is handled so to whom: the last of each one's chain, nothing
    /// held. Who needs none (the producer, clients, everyone of TLP:CLEAR) is in none.
    #[must_use]
    pub fn bringing(&self, handling: &Arc<Handling>) -> Vec<(AgreementId, Audience)> {
        let mut brought = BTreeMap::<usize, Audience>::new();
        for (ground, audience) in Inquiry::unheld(self, handling).grounds(&self.everyone) {
            let Ground::Chain { chain, .. } = ground else { continue };
            if let Some(last) = chain.last() {
                brought.entry(last.pact).or_default().absorb(&audience);
            }
        }
        let named = brought.into_iter();
        named.map(|(pact, to)| (self.pacts[pact].agreement.id.clone(), to)).collect()
    }

    fn groups(&self, handling: &Arc<Handling>, inquiry: Inquiry<'_>) -> Preview {
        let found = inquiry.grounds(&self.everyone);
        let wording = Wording { network: self, handling, about: None, alone: false };
        let mut alike: Vec<(Ground, BTreeSet<usize>, Audience)> = Vec::new();
        for (ground, audience) in found {
            let pact = ground.pact();
            match alike.iter_mut().find(|(known, ..)| self.are_alike(known, &ground)) {
                Some((_, pacts, known)) => {
                    pacts.extend(pact);
                    known.absorb(&audience);
                }
                None => alike.push((ground, pact.into_iter().collect(), audience)),
            }
        }
        let mut groups: Vec<(PreviewGroup, Ground, BTreeSet<usize>)> = Vec::new();
        for (ground, pacts, audience) in alike {
            let (form, remedy) = (ground.form(), wording.remedy(&ground));
            let reason = wording.of_several(&ground, &pacts);
            let known = groups.iter_mut().map(|(known, ..)| known);
            let mut known = known.filter(|it| it.form == form && it.reason == reason);
            if let Some(group) = known.next() {
                group.audience.absorb(&audience);
                continue;
            }
            let agreement = ground.pact().map(|pact| self.pacts[pact].agreement.id.clone());
            let group = PreviewGroup { form, agreement, reason, remedy, audience };
            groups.push((group, ground, pacts));
        }
        let of_one = Wording { alone: true, ..wording };
        let named = |(group, ground, pacts): (PreviewGroup, Ground, BTreeSet<usize>)| match group
            .audience
            .len()
        {
            1 => PreviewGroup { reason: of_one.of_several(&ground, &pacts), ..group },
            _ => group,
        };
        let mut groups: Vec<_> = groups.into_iter().map(named).collect();
        groups.sort_by_key(|group| (group.form.is_none(), group.form));
        Preview { groups }
    }

    /// Whether two refusals differ only in the agreement that says so.
    fn are_alike(&self, one: &Ground, other: &Ground) -> bool {
        let of = |ground: &Ground| match ground {
            Ground::Broken {
                rule: rule @ (Rule::Category | Rule::Redistribution),
                pact,
                holder,
                ..
            } => {
                let terms = &self.pacts[*pact].agreement.handling;
                let within = terms.redistribution == Redistribution::Lineage;
                (*rule == Rule::Category || !within).then_some((*rule, *holder))
            }
            _ => None,
        };
        of(one).is_some() && of(one) == of(other)
    }

    fn told(&self, handling: &Handling, form: Option<Form>, reason: &Bilingual) -> Bilingual {
        match form {
            Some(Form::Full) => reason.clone(),
            _ => self.without_victims(handling, reason),
        }
    }

    /// A sentence without what tells the victims.
    #[must_use]
    pub fn without_victims(&self, handling: &Handling, reason: &Bilingual) -> Bilingual {
        let victims = handling.victims.iter().filter_map(|victim| self.number(victim));
        let victims = victims.filter_map(|victim| self.organisation(victim));
        let victims: Vec<_> = victims.map(|it| Victim::of(it, [], [])).collect();
        let traces = Traces::of(&victims);
        // The sentence names organisations as the directory does.
        let names = victims.iter().flat_map(|it| it.words.iter().chain(&it.short_names));
        let mut names: Vec<&str> = names.map(String::as_str).filter(|it| it.len() > 2).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let cut = |text: &str| {
            let cut = names.iter().fold(text.to_owned(), |cut, name| cut.replace(name, OMITTED));
            if traces.in_text(&cut) { OMITTED.to_owned() } else { cut }
        };
        Bilingual::new(cut(&reason.it), cut(&reason.en))
    }

    fn path(&self, handling: &Handling, ground: &Ground, last: OrganisationNumber) -> Vec<Hop> {
        let (chain, client_of) = match ground {
            Ground::Chain { chain, .. }
            | Ground::Broken { chain, .. }
            | Ground::NotAdhered { chain, .. }
            | Ground::NotSelected { chain, .. } => (chain.as_slice(), None),
            Ground::Client { chain, provider, .. } => (chain.as_slice(), Some(*provider)),
            _ => return Vec::new(),
        };
        let receivers = chain.iter().skip(1).map(|step| step.giver);
        let receivers = receivers.chain([client_of.unwrap_or(last)]);
        let hop = |(step, to): (&Step, OrganisationNumber)| {
            let under = Some(self.pacts[step.pact].agreement.id.clone());
            Some(Hop { from: self.id(step.giver)?, to: self.id(to)?, under })
        };
        let mut path: Vec<_> = chain.iter().zip(receivers).filter_map(hop).collect();
        let provider = client_of.and_then(|provider| self.id(provider));
        if let (Some(from), Some(to)) = (provider, self.id(last)) {
            path.push(Hop { from, to, under: None });
        }
        debug_assert!(path.first().is_none_or(|hop| match handling.via.is_empty() {
            true => hop.from == handling.producer,
            false => handling.via.iter().any(|given| given.giver == hop.from),
        }));
        path
    }

    fn id(&self, number: OrganisationNumber) -> Option<OrganisationId> {
        self.organisation(number).map(|organisation| organisation.id.clone())
    }
}

impl Ground {
    fn form(&self) -> Option<Form> {
        match self {
            Self::Produced => Some(Form::Full),
            Self::Clear(form)
            | Self::Brought(form)
            | Self::Chain { form, .. }
            | Self::Client { form, .. } => Some(*form),
            _ => None,
        }
    }

    /// The pact that brings the item, or stands in the way.
    fn pact(&self) -> Option<usize> {
        match self {
            Self::Chain { chain, .. } | Self::Client { chain, .. } => {
                chain.last().map(|step| step.pact)
            }
            Self::Broken { pact, .. }
            | Self::NotAdhered { pact, .. }
            | Self::NotSelected { pact, .. } => Some(*pact),
            _ => None,
        }
    }
}
