//! An analyst's word over the room's; whoever was told otherwise is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_mail::{Case, Desk, Evidence, Opinion, Reply, Verdict};
use vedetta_model::{Actor, Instant};
use vedetta_store::RecordKind;

use crate::campaign::Campaign;
use crate::outbox::Task;
use crate::postroom::Postroom;
use crate::report::{Report, Ruling, Standing};
use crate::take::put;

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
    /// Overrules the verdict of a case, and tells those who were told otherwise. Answers how many
    /// reports it changed.
    ///
    /// # Errors
    /// Forbidden, unknown, a note that is too long, or what the ledger said.
    pub fn overrule(&self, by: &Actor, case: &str, said: &Overruling) -> Result<usize, FlowError> {
        self.house.require_room(by, ROOM, "overrule the mail desk")?;
        if said.note.chars().count() > LONGEST_NOTE {
            let reason = format!("a note has {LONGEST_NOTE} letters at most; say it shorter");
            return Err(FlowError::invalid("note", reason));
        }
        let at = self.house.now();
        let ruling = Ruling {
            verdict: said.verdict,
            by: by.account.clone(),
            at,
            note: said.note.clone(),
            of: said.of,
        };
        let mut state = self.state();
        let report = state.report(case).ok_or_else(|| FlowError::unknown("case", case))?.clone();
        let affected: Vec<Arc<Report>> = match said.of {
            Reach::Report => vec![Arc::clone(&report)],
            Reach::Campaign => state.members(&report.campaign).to_vec(),
        };
        let mut changed = Vec::with_capacity(affected.len());
        for before in affected {
            let task = self.notice(&before, said.verdict, at)?;
            let report = Report { ruling: Some(ruling.clone()), ..Report::clone(&before) };
            changed.push((Arc::new(report), task));
        }
        let campaign = (said.of == Reach::Campaign)
            .then(|| state.campaign(&report.campaign).cloned())
            .flatten()
            .map(|campaign| Campaign { ruling: Some(ruling), ..campaign });
        let count = changed.len();
        for (report, _) in &changed {
            state.put(Arc::clone(report));
        }
        if let Some(campaign) = &campaign {
            state.put_campaign(campaign.clone());
        }
        let actor = by.account.to_string();
        let written = self.house.write(move |unit| {
            for (report, task) in &changed {
                put(unit, RecordKind::MailReport, &report.case, &**report, &actor)?;
                task.as_ref().map_or(Ok(()), |task| task.enqueue(unit, at))?;
            }
            campaign.as_ref().map_or(Ok(()), |it| {
                put(unit, RecordKind::Campaign, it.id.as_str(), it, &actor)
            })
        });
        drop(state);
        if written.is_err() {
            self.reread();
        }
        self.forget_known();
        Ok(written.map(|()| count)?)
    }

    /// The letter that tells a reporter of a change; none for who was not answered, or whose
    /// message is gone.
    fn notice(
        &self,
        before: &Report,
        verdict: Verdict,
        at: Instant,
    ) -> Result<Option<Task>, FlowError> {
        let told = before.holds();
        if told == verdict || before.standing != Standing::Enrolled || before.account.is_some() {
            return Ok(None);
        }
        let Some((_, letter)) = self.unsealed(&before.case)? else { return Ok(None) };
        let around = self.around();
        let desk = Desk { brands: &around.brands, ..Desk::shipped() };
        let (evidence, opinion) = Evidence::read(&letter, &desk.limits).judged(&desk);
        let opinion = Opinion { verdict, ..opinion };
        let case = Case { number: before.case.clone(), wave: None, before: Some(told) };
        let reply = Reply::new(&opinion, &evidence, before.language, &case);
        Ok(Some(Task::changed(&before.case, &reply, at)))
    }
}
