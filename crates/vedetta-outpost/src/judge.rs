//! What a person judges of a finding: judged harmless, its like is not told again for a while.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_detect::finding::Severity;
use vedetta_detect::report::{Orders, Quiet};
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_model::{AccountId, Actor, Instant, ItemId, Role};
use vedetta_store::RecordKind;

use crate::Outposts;
use crate::alerts::Alert;
use crate::enrol::{Sensor, record};

/// What somebody says of a finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Whether it is about the finding's host or account alone, or about all of the organisation.
    #[serde(default)]
    pub reach: Reach,
    /// For how many days, 1 to 365.
    #[serde(default = "month")]
    pub days: u16,
}

/// What a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing bad happened.
    Harmless,
    /// Something bad did.
    Confirmed,
}

/// Whom a judgement is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The host or account of the finding.
    #[default]
    Entity,
    /// All of the organisation.
    Organisation,
}

/// A judgement, as it is kept with the organisation's sensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The identifier of the indicator, rule or watch of the usual.
    pub of: String,
    /// About whom; nobody is everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// Until when it holds.
    pub until: Instant,
}

/// Judgements kept with a sensor.
const KEPT: usize = 500;
/// The longest reason, in bytes.
const LONGEST: usize = 1_000;
const DAY: Duration = Duration::from_hours(24);

fn month() -> u16 {
    30
}

impl Judged {
    /// Whether it is about a finding.
    pub(crate) fn is_of(&self, alert: &Alert) -> bool {
        self.of == alert.of && self.entity.as_ref().is_none_or(|it| *it == alert.entity)
    }

    fn is_instead_of(&self, other: &Self) -> bool {
        self.of == other.of && (self.entity.is_none() || self.entity == other.entity)
    }
}

impl Outposts {
    /// Judges a finding. The organisation's own people may, and the room of the node. Every sensor of
    /// the organisation hears of it with its next sign of life.
    ///
    /// # Errors
    /// Unknown, forbidden, or a judgement without its reason.
    pub fn judge(
        &self,
        by: &Actor,
        sighting: &ItemId,
        judgement: Judgement,
    ) -> Result<Judged, FlowError> {
        let Judgement { verdict, reason, reach, days } = judgement;
        if reason.trim().is_empty() || reason.len() > LONGEST {
            return Err(FlowError::invalid("reason", "say why, in at most 1,000 bytes"));
        }
        if !(1..=365).contains(&days) {
            return Err(FlowError::invalid("days", "1 to 365"));
        }
        let unknown = || FlowError::unknown("finding", sighting);
        let alerts = self.recent(by, Severity::Informational)?;
        let alert = alerts.into_iter().find(|it| it.sighting == *sighting).ok_or_else(unknown)?;
        let organisation = alert.organisation.clone().ok_or_else(unknown)?;
        let decides = |it: &Role| !matches!(it, Role::Machine | Role::Auditor);
        let own = by.organisation == organisation && by.roles.iter().any(decides);
        if !own {
            self.house.require_room(by, ROOM, "judge what sensors of others found")?;
        }
        let at = self.house.now();
        let judged = Judged {
            of: alert.of,
            entity: (reach == Reach::Entity).then_some(alert.entity),
            verdict,
            reason,
            by: by.account.clone(),
            at,
            until: at.after(DAY * u32::from(days)),
        };
        let _one_at_a_time = self.enrolling.lock().unwrap_or_else(PoisonError::into_inner);
        let sensors = self.sensors()?.into_iter();
        let sensors = sensors.filter(|it| it.organisation == organisation);
        let mut records = Vec::new();
        for mut sensor in sensors.filter(|it| it.stage.works_since().is_some()) {
            sensor.judged.retain(|it| it.until > at && !judged.is_instead_of(it));
            sensor.judged.push(judged.clone());
            let over = sensor.judged.len().saturating_sub(KEPT);
            sensor.judged.drain(..over);
            records.push((sensor.account.to_string(), record(&sensor)?));
        }
        let actor = by.account.to_string();
        self.house.write(move |unit| {
            records.iter().try_for_each(|(account, body)| {
                unit.put_record(RecordKind::Sensor, account, body, &actor).map(drop)
            })
        })?;
        Ok(judged)
    }

    /// What a sensor is to do.
    pub(crate) fn orders(&self, sensor: &Sensor) -> Orders {
        let now = self.house.now();
        let holds = |it: &&Judged| it.verdict == Verdict::Harmless && it.until > now;
        let quiet = sensor.judged.iter().filter(holds).map(|it| Quiet {
            of: it.of.clone(),
            entity: it.entity.clone(),
            until: it.until,
        });
        Orders { quiet: quiet.collect(), place: self.house.bell().last().0, measures: None }
    }
}
