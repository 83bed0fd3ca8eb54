//! A campaign becomes items: an analyst says so, or the rule of the agreement does.

use serde::Deserialize;
use vedetta_flow::authority::ROOM;
use vedetta_flow::{FlowError, Receipt};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_mail::Verdict;
use vedetta_model::{Actor, Tlp};
use vedetta_store::RecordKind;

use crate::bundle;
use crate::campaign::{Campaign, Stage};
use crate::outbox::STEP;
use crate::postroom::Postroom;
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
                let (at, by) = (self.house.now(), by.account.clone());
                let actor = by.to_string();
                self.move_campaign(id, &actor, |campaign| {
                    campaign.stage = Stage::Dismissed { at, by: by.clone() };
                })
            }
        }
    }

    fn release(&self, by: &Actor, id: &str, tlp: Tlp, who: &str) -> Result<Campaign, FlowError> {
        let (campaign, reports) = {
            let state = self.state();
            let campaign = state.campaign(id).cloned();
            let campaign = campaign.ok_or_else(|| FlowError::unknown("campaign", id))?;
            (campaign, state.extent(id).reports)
        };
        if bundle::count(&campaign) == 0 {
            let reason = "there is nothing in it that others could look for; dismiss it, or overrule its reports first";
            return Err(FlowError::Conflict(reason.into()));
        }
        let at = self.house.now();
        let (items, text) = bundle::of(&campaign, (&by.organisation, tlp), reports, at);
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Mail, id, text.as_bytes(), &limits);
        let Receipt { rejected, .. } = self.house.accept(by, arrival)?;
        if let Some(fault) = rejected.first() {
            return Err(FlowError::invalid(fault.place.clone(), &fault.reason));
        }
        self.move_campaign(id, who, |campaign| {
            campaign.items = items.clone();
            campaign.stage = Stage::Released { at, by: who.to_owned() };
        })
    }

    /// Releases a campaign when the rule says so. What fails stays proposed, for an analyst.
    pub(crate) fn release_by_rule(&self, id: &str) {
        let Some(rule) = self.settings.release else { return };
        let due = {
            let state = self.state();
            let extent = state.extent(id);
            let proposed = state.campaign(id).is_some_and(|it| {
                matches!(it.stage, Stage::Proposed { .. }) && bundle::count(it) > 0
            });
            proposed
                && state.verdict(id) == Verdict::Malicious
                && extent.reporters >= rule.reporters.max(1)
                && extent.organisations >= rule.organisations
        };
        if !due {
            return;
        }
        let released = self.keeper().and_then(|by| self.release(&by, id, rule.tlp, STEP));
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
