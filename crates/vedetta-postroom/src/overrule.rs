//! An analyst's word over the room's; whoever was told otherwise is told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_mail::{Desk, Evidence, Indicator, Sample, Verdict};
use vedetta_model::{Actor, Instant};
use vedetta_store::{RecordKind, StoreError};

use crate::campaign::{Campaign, Stage};
use crate::enter::is_worth;
use crate::outbox::Task;
use crate::postroom::Postroom;
use crate::report::{Report, Ruling, Standing};
use crate::sealing::{Sealed, erase};
use crate::state::State;
use crate::take::put;
use crate::{bundle, see};

/// What an analyst says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overruling {
    /// The verdict that holds.
    pub verdict: Verdict,
    /// Why, for colleagues.
    #[serde(default)]
    pub note: String,
    /// Of what.
    #[serde(default)]
    pub of: Reach,
}

/// How far an analyst's word reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All reports of the campaign, and those that come.
    #[default]
    Campaign,
    /// This report.
    Report,
}

/// Letters of a note.
const LONGEST_NOTE: usize = 2_000;

impl Postroom {
    /// Overrules the verdict of a case, and tells those who were told otherwise. Said of a campaign, it
    /// has its effect there: malicious, it is proposed, or released by the rule; harmless, what was
    /// released of it is withdrawn. Said of a report alone, what the campaign has of no other is withdrawn.
    /// Answers how many reports it changed.
    ///
    /// # Errors
    /// Forbidden, unknown, a note that is too long, or what the ledger said.
    pub fn overrule(&self, by: &Actor, case: &str, said: &Overruling) -> Result<usize, FlowError> {
        self.house.require_room(by, ROOM, "overrule the mail desk")?;
        if said.note.chars().count() > LONGEST_NOTE {
            let reason = format!("a note has {LONGEST_NOTE} letters at most; say it shorter");
            return Err(FlowError::invalid("note", reason));
        }
        let of_all = said.of == Reach::Campaign;
        // Messages are taken apart before anything is held.
        let shows = if of_all && !is_harmless(said.verdict) { self.shown(case)? } else { None };
        let at = self.house.now();
        let (verdict, account, note) = (said.verdict, by.account.clone(), said.note.clone());
        let ruling = Ruling { verdict, by: account, at, note, of: said.of };
        let mut state = self.state();
        let report = state.report(case).cloned();
        let report = report.ok_or_else(|| FlowError::unknown("case", case))?;
        let affected = match said.of {
            Reach::Report => vec![Arc::clone(&report)],
            Reach::Campaign => state.members(&report.campaign).to_vec(),
        };
        let ruled = |before: &Arc<Report>| {
            let report = Report { ruling: Some(ruling.clone()), ..Report::clone(before) };
            (Arc::new(report), notice(before, &ruling))
        };
        let changed: Vec<_> = affected.iter().map(ruled).collect();
        changed.iter().for_each(|(report, _)| state.put(Arc::clone(report)));
        let campaign = match said.of {
            Reach::Campaign => ruled_campaign(&mut state, &report, &ruling),
            Reach::Report => without(&mut state, &report, at),
        };
        let shown = campaign.map(|it| self.show(&mut state, it, shows)).transpose();
        let (count, actor) = (changed.len(), by.account.to_string());
        let written = shown.and_then(|shown| {
            self.house.write(move |unit| {
                for (report, task) in &changed {
                    put(unit, RecordKind::MailReport, &report.case, &**report, &actor)?;
                    task.as_ref().map_or(Ok(()), |task| task.enqueue(unit, at))?;
                }
                let Some((campaign, sample)) = &shown else { return Ok(()) };
                put(unit, RecordKind::Campaign, campaign.id.as_str(), campaign, &actor)?;
                match sample {
                    Some(sample) => sample.keep(unit, campaign.id.as_str()),
                    None if campaign.sample_of.is_none() => erase(unit, campaign.id.as_str()),
                    None => Ok(()),
                }
            })
        });
        drop(state);
        if written.is_err() {
            self.reread();
        }
        self.forget_known();
        written?;
        self.overrulings.fetch_add(1, Ordering::AcqRel);
        match said.of {
            Reach::Campaign => self.follow_ruling(by, &report.campaign)?,
            Reach::Report => self.withdraw_retired(by, &report.campaign)?,
        }
        Ok(count)
    }

    /// How the campaign of a case can be shown to others: by its first message that is kept, of
    /// somebody known. None when it is shown already.
    pub(crate) fn shown(&self, case: &str) -> Result<Option<(String, Sample)>, FlowError> {
        let first = {
            let state = self.state();
            let Some(report) = state.report(case) else { return Ok(None) };
            if state.sample(&report.campaign).is_some() {
                return Ok(None);
            }
            let kept = |it: &&Arc<Report>| it.is_kept() && it.organisation.is_some();
            state.counting(&report.campaign).find(kept).cloned()
        };
        let Some(first) = first else { return Ok(None) };
        let Some((cover, letter)) = self.unsealed(&first.case)? else { return Ok(None) };
        let around = self.around();
        let limits = self.limits();
        let desk = Desk { brands: &around.brands, limits, ..Desk::shipped() };
        let (evidence, _) = Evidence::read(&letter, &desk.limits).judged(&desk);
        let words = see::victims(&self.house.standing(), &first.organisation, &cover.mailbox);
        Ok(Some((first.case.clone(), vedetta_mail::sample(&evidence, &words))))
    }

    /// Lets a campaign be shown so, unless the message that shows it went meanwhile.
    fn show(
        &self,
        state: &mut State,
        mut campaign: Campaign,
        shows: Option<(String, Sample)>,
    ) -> Result<(Campaign, Option<Sealed>), StoreError> {
        let kept = |case: &str| state.report(case).is_some_and(|report| report.is_kept());
        let shows = shows.filter(|(case, _)| campaign.sample_of.is_none() && kept(case));
        let sealed = match shows {
            Some((case, sample)) => {
                let sealed = self.sealed_sample(campaign.id.as_str(), &sample)?;
                state.put_sample(campaign.id.as_str(), sample);
                campaign.sample_of = Some(case);
                Some(sealed)
            }
            None => None,
        };
        state.put_campaign(campaign.clone());
        Ok((campaign, sealed))
    }

    /// What follows from what an analyst said of a campaign.
    fn follow_ruling(&self, by: &Actor, campaign: &str) -> Result<(), FlowError> {
        let refuted = self.state().campaign(campaign).is_some_and(Campaign::is_refuted);
        match refuted {
            true => self.take_back(by, campaign),
            false => {
                self.release_by_rule(campaign);
                Ok(())
            }
        }
    }
}

/// Whether a verdict says that nobody needs to be warned.
pub(crate) const fn is_harmless(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Malicious | Verdict::Suspicious)
}

/// A campaign of which an analyst spoke, with what follows there. The report that was looked at
/// teaches, too, whoever handed it in: a person says it is so.
fn ruled_campaign(state: &mut State, looked_at: &Report, ruling: &Ruling) -> Option<Campaign> {
    let mut campaign = state.campaign(&looked_at.campaign)?.clone();
    campaign.ruling = Some(ruling.clone());
    if is_harmless(ruling.verdict) {
        if matches!(campaign.stage, Stage::Proposed { .. }) {
            campaign.stage = Stage::Dismissed { at: ruling.at, by: ruling.by.clone() };
        }
        return Some(campaign);
    }
    let before = campaign.indicators.len();
    campaign.learn(&looked_at.indicators);
    for member in state.proven(&looked_at.campaign).filter(|it| it.organisation.is_some()) {
        campaign.learn(&member.indicators);
    }
    state.put_campaign(campaign.clone());
    let grew = campaign.indicators.len() > before;
    let waits = !matches!(campaign.stage, Stage::Released { .. }) || grew;
    if waits && is_worth(state, &looked_at.campaign) && bundle::count(&campaign) > 0 {
        campaign.stage = Stage::Proposed { at: ruling.at };
    }
    Some(campaign)
}

/// A campaign without what it learned of a message that was taken out of it alone, and of no other that
/// counts: neither its values nor how it looks go out with the campaign, and what is out of them is
/// retired. None where nothing changes.
fn without(state: &mut State, taken_out: &Report, at: Instant) -> Option<Campaign> {
    let before = state.campaign(&taken_out.campaign)?.clone();
    let unshown = state.unshow(taken_out).is_some();
    let others: BTreeSet<_> = state
        .counting(&taken_out.campaign)
        .filter(|it| it.organisation.is_some() && it.case != taken_out.case)
        .flat_map(|it| &it.indicators)
        .collect();
    let mut campaign = state.campaign(&taken_out.campaign)?.clone();
    let own = |it: &Indicator| taken_out.indicators.contains(it) && !others.contains(it);
    campaign.indicators.retain(|it| !own(it));
    let remains = bundle::count(&campaign) > 0;
    if !campaign.items.is_empty() && (unshown || !remains) {
        // Its items speak of that message, or have nothing to speak of: all of them go.
        campaign.withdrawn += 1;
    }
    if campaign.retire() && remains {
        campaign.stage = Stage::Proposed { at };
    }
    (campaign != before).then_some(campaign)
}

/// The letter that tells a reporter of a change; none for who was not answered. Who uploaded sees it
/// where they see the case.
fn notice(before: &Report, ruling: &Ruling) -> Option<Task> {
    let told = before.holds();
    let answered = before.standing == Standing::Enrolled && before.account.is_none();
    (answered && told != ruling.verdict)
        .then(|| Task::changed(&before.case, (told, ruling.verdict), ruling.at))
}
