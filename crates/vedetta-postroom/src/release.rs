//! A campaign becomes items: an analyst says so, or the rule of the agreement does.

use std::sync::Arc;

use serde::Deserialize;
use vedetta_flow::authority::ROOM;
use vedetta_flow::{FlowError, Receipt};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, ItemId, Tlp};
use vedetta_store::RecordKind;

use crate::bundle;
use crate::campaign::{Campaign, Stage};
use crate::outbox::STEP;
use crate::overrule::is_harmless;
use crate::postroom::Postroom;
use crate::rules::Rules;
use crate::take::put;

/// What an analyst decides of a campaign.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum CampaignStep {
    /// It becomes items, that may go so far.
    Release {
        /// How far.
        tlp: Tlp,
    },
    /// There is nothing in it.
    Dismiss,
}

impl Postroom {
    /// Releases or dismisses a campaign.
    ///
    /// # Errors
    /// Forbidden, unknown, nothing in it to look for, or what the ledger said.
    pub fn step_campaign(
        &self,
        by: &Actor,
        id: &str,
        step: &CampaignStep,
    ) -> Result<Campaign, FlowError> {
        self.house.require_room(by, ROOM, "decide on campaigns of the mail desk")?;
        match step {
            CampaignStep::Release { tlp } => self.release(by, id, *tlp, by.account.as_str()),
            CampaignStep::Dismiss => {
                if self.state().campaign(id).is_some_and(|it| !it.items.is_empty()) {
                    return Err(FlowError::Conflict(
                        "it is released; overrule its verdict, and it is withdrawn".into(),
                    ));
                }
                let (at, by) = (self.house.now(), by.account.clone());
                let actor = by.to_string();
                self.move_campaign(id, &actor, |campaign| {
                    campaign.stage = Stage::Dismissed { at, by: by.clone() };
                })
            }
        }
    }

    fn release(&self, by: &Actor, id: &str, tlp: Tlp, who: &str) -> Result<Campaign, FlowError> {
        let (campaign, sample, reports, case) = {
            let state = self.state();
            let campaign = state.campaign(id).cloned();
            let campaign = campaign.ok_or_else(|| FlowError::unknown("campaign", id))?;
            let case = state.members(id).first().map(|first| first.case.clone());
            (campaign, state.sample(id).cloned(), state.extent(id).reports, case)
        };
        if campaign.ruling.as_ref().is_some_and(|ruling| is_harmless(ruling.verdict)) {
            return Err(FlowError::Conflict(
                "an analyst said that it is harmless; overrule that first".into(),
            ));
        }
        if bundle::count(&campaign) == 0 {
            let reason = "there is nothing in it that others could look for; dismiss it, or overrule its reports first";
            return Err(FlowError::Conflict(reason.into()));
        }
        let sample = match (sample, case) {
            (None, Some(case)) => self.shown(&case)?.map(|(_, sample)| sample),
            (sample, _) => sample,
        };
        let at = self.house.now();
        let shown = (&campaign, sample.as_ref());
        let (items, text) = bundle::of(shown, (&by.organisation, tlp), reports, at);
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Mail, id, text.as_bytes(), &limits);
        let Receipt { rejected, .. } = self.house.accept(by, arrival)?;
        if let Some(fault) = rejected.first() {
            return Err(FlowError::invalid(fault.place.clone(), &fault.reason));
        }
        let released = self.move_campaign(id, who, |campaign| {
            let more = items.iter().filter(|item| !campaign.items.contains(item));
            let more: Vec<_> = more.cloned().collect();
            campaign.items.extend(more);
            campaign.stage = Stage::Released { at, by: who.to_owned() };
            // Somebody may have taken messages out of it meanwhile.
            campaign.retire();
        })?;
        self.withdraw_retired(by, id)?;
        // Somebody may have said meanwhile that it is harmless.
        if released.is_refuted() {
            self.take_back(by, id)?;
        }
        Ok(released)
    }

    /// Withdraws what was released of a campaign.
    pub(crate) fn take_back(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        let campaign = self.state().campaign(id).cloned();
        let campaign = campaign.ok_or_else(|| FlowError::unknown("campaign", id))?;
        self.withdraw_all(by, &campaign.items, "an analyst of the mail desk says it is harmless")?;
        let (at, who) = (self.house.now(), by.account.to_string());
        self.move_campaign(id, &who, |campaign| {
            campaign.items = Vec::new();
            campaign.withdrawn += 1;
            campaign.stage = Stage::Withdrawn { at, by: who.clone() };
        })
        .map(drop)
    }

    /// Withdraws what is out of a campaign and is of it no longer.
    pub(crate) fn withdraw_retired(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        let campaign = self.state().campaign(id).filter(|it| it.is_partly_retired()).cloned();
        let Some(Campaign { items, retired, .. }) = campaign else { return Ok(()) };
        let due: Vec<_> = items.into_iter().filter(|item| retired.contains(item)).collect();
        let why =
            "an analyst of the mail desk took the message that it is from out of its campaign";
        self.withdraw_all(by, &due, why)?;
        let (at, who) = (self.house.now(), by.account.to_string());
        self.move_campaign(id, &who, |campaign| {
            campaign.items.retain(|item| !due.contains(item));
            if campaign.items.is_empty() && bundle::count(campaign) == 0 {
                campaign.stage = Stage::Withdrawn { at, by: who.clone() };
            }
        })
        .map(drop)
    }

    fn withdraw_all(&self, by: &Actor, items: &[ItemId], why: &str) -> Result<(), FlowError> {
        for item in items.iter().rev() {
            match self.house.withdraw(by, item, why) {
                // Withdrawn before, by hand or by a first try.
                Ok(()) | Err(FlowError::Conflict(_) | FlowError::Unknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Does what rulings and the rule ask for and was not done: when the node stopped in between.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn settle_campaigns(&self) -> Result<(), FlowError> {
        let ids = |wanted: &dyn Fn(&Campaign) -> bool| {
            let state = self.state();
            let found = state.campaigns().filter(|it| wanted(it)).map(|it| it.id.to_string());
            found.collect::<Vec<_>>()
        };
        for id in ids(&Campaign::is_refuted) {
            self.take_back(&self.keeper()?, &id)?;
        }
        for id in ids(&Campaign::is_partly_retired) {
            self.withdraw_retired(&self.keeper()?, &id)?;
        }
        for id in ids(&|it| matches!(it.stage, Stage::Proposed { .. })) {
            self.release_by_rule(&id);
        }
        Ok(())
    }

    /// Releases a campaign when the rule of the agreements says so. What fails stays proposed, for an
    /// analyst; so does what grew since it is out: those whom the rule counts did not bring the new.
    pub(crate) fn release_by_rule(&self, id: &str) {
        let snapshot = self.house.standing();
        let due = {
            let state = self.state();
            let proposed = state.campaign(id).is_some_and(|it| {
                let waits = matches!(it.stage, Stage::Proposed { .. });
                waits && it.items.is_empty() && bundle::count(it) > 0
            });
            proposed
                .then(|| {
                    let counting: Vec<_> = state.counting(id).map(Arc::clone).collect();
                    let rules = Rules::of(&snapshot, &counting, self.settings.release);
                    rules.marking(&counting, state.verdict(id))
                })
                .flatten()
        };
        let Some(tlp) = due else { return };
        let released = self.keeper().and_then(|by| self.release(&by, id, tlp, STEP));
        if let Err(error) = released {
            tracing::warn!(%error, id, "a campaign waits for an analyst: the rule could not release it");
        }
    }

    fn move_campaign(
        &self,
        id: &str,
        actor: &str,
        change: impl Fn(&mut Campaign),
    ) -> Result<Campaign, FlowError> {
        let mut state = self.state();
        let campaign = state.campaign(id).cloned();
        let mut campaign = campaign.ok_or_else(|| FlowError::unknown("campaign", id))?;
        change(&mut campaign);
        let (written, actor) = (campaign.clone(), actor.to_owned());
        self.house.write(move |unit| {
            put(unit, RecordKind::Campaign, written.id.as_str(), &written, &actor)
        })?;
        state.put_campaign(campaign.clone());
        Ok(campaign)
    }
}
