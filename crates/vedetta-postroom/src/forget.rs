//! Messages go: when somebody asks, and when their time is over. That they went is in the ledger.

use std::sync::Arc;
use std::time::Duration;

use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_model::Actor;
use vedetta_store::{Draft, EntryKind, RecordKind, StoreError, UnitOfWork};

use crate::campaign::Campaign;
use crate::contest::contested;
use crate::enter::answer_name;
use crate::outbox::STEP;
use crate::postroom::Postroom;
use crate::report::{Keeping, Report};
use crate::sealing::erase;
use crate::take::put;

/// How long what was found is remembered after the message is gone.
const REMEMBERED: Duration = Duration::from_hours(24 * 730);
/// Messages erased in one unit of work.
const TOGETHER: usize = 200;

impl Postroom {
    /// Deletes the message of a case, and with it how its campaign shows and what its reporter said
    /// since: for the desk, and for the account that reported it. What was found stays, without it,
    /// and what was released.
    ///
    /// # Errors
    /// Unknown (also to whom it is not shown), deleted before, or what the ledger said.
    pub fn delete_message(&self, by: &Actor, case: &str, reason: &str) -> Result<(), FlowError> {
        let mut state = self.state();
        let report = state.report(case).map(Arc::clone);
        let own = report.as_ref().is_some_and(|it| it.account.as_ref() == Some(&by.account));
        if !own {
            self.house.require_room(by, ROOM, "delete reported messages")?;
        }
        let report = report.ok_or_else(|| FlowError::unknown("case", case))?;
        if !report.is_kept() {
            return Err(FlowError::Conflict("it was deleted before; nothing is left to do".into()));
        }
        let (at, actor) = (self.house.now(), by.account.to_string());
        let keeping = Keeping::Deleted { at, by: actor.clone() };
        let report = Arc::new(Report { keeping, ..Report::clone(&report) });
        state.put(Arc::clone(&report));
        let unshown = state.unshow(&report);
        let facts = serde_json::json!({ "deed": "message-deleted", "reason": reason }).to_string();
        let written = self.house.write(move |unit| {
            forget(unit, &report, unshown.as_ref(), &actor)?;
            let (kind, subject) = (EntryKind::Deed, report.case.as_str());
            unit.append(&Draft { kind, actor: &actor, subject, facts: &facts, body: b"" }).map(drop)
        });
        drop(state);
        if written.is_err() {
            self.reread();
        }
        Ok(written?)
    }

    /// Deletes messages whose time is over, and forgets reports two years old; answers how many.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn expire_messages(&self) -> Result<usize, FlowError> {
        let now = self.house.now();
        let mut state = self.state();
        let over = |report: &&Arc<Report>| matches!(report.keeping, Keeping::Kept { until } if until <= now);
        let by = STEP.to_owned();
        let gone: Vec<Arc<Report>> = state
            .reports()
            .filter(over)
            .take(TOGETHER)
            .map(|report| {
                let keeping = Keeping::Deleted { at: now, by: by.clone() };
                Arc::new(Report { keeping, ..Report::clone(report) })
            })
            .collect();
        let old = |report: &&Arc<Report>| !report.is_kept() && now.since(report.at) > REMEMBERED;
        let old: Vec<String> =
            state.reports().filter(old).take(TOGETHER).map(|report| report.case.clone()).collect();
        let count = gone.len() + old.len();
        if count == 0 {
            return Ok(0);
        }
        gone.iter().for_each(|report| state.put(Arc::clone(report)));
        let gone: Vec<_> = gone.into_iter().map(|it| (state.unshow(&it), it)).collect();
        old.iter().for_each(|case| state.remove(case));
        let written = self.house.write(move |unit| {
            for (unshown, report) in &gone {
                forget(unit, report, unshown.as_ref(), STEP)?;
            }
            for case in &old {
                unit.remove_record(RecordKind::MailReport, case, STEP)?;
            }
            Ok(())
        });
        drop(state);
        if written.is_err() {
            self.reread();
        }
        Ok(written.map(|()| count)?)
    }
}

/// Erases what is kept of a message, and writes what is left.
fn forget(
    unit: &mut dyn UnitOfWork,
    report: &Report,
    unshown: Option<&Campaign>,
    actor: &str,
) -> Result<(), StoreError> {
    erase(unit, &report.case)?;
    erase(unit, &answer_name(&report.case))?;
    report.contest.map_or(Ok(()), |_| erase(unit, &contested(&report.case)))?;
    put(unit, RecordKind::MailReport, &report.case, report, actor)?;
    unshown.map_or(Ok(()), |campaign| {
        erase(unit, campaign.id.as_str())?;
        put(unit, RecordKind::Campaign, campaign.id.as_str(), campaign, actor)
    })
}
