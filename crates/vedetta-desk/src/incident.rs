//! An incident: a case that passes from stage to stage, each with the evidence that it needs.
//!
//! An incident is what its changes made of it. [`Incident::open`] begins it, [`Incident::change`]
//! takes the old value and gives the new one, or says why not; whoever keeps the changes keeps the
//! timeline.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Instant, ItemId, OrganisationId};

use crate::clock::Facts;
use crate::regime::StepName;
use crate::severity::{Assessment, Category, Factor, Grade, Override};

/// A case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Its number, as people say it: `2026-000123`.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub stage: Stage,
    /// Who reported it, by which door, and when.
    pub reported: Reported,
    /// What it is, in the values of RSIT and TC-ACN.
    #[serde(default)]
    pub classes: BTreeSet<String>,
    /// Where the threat comes from.
    #[serde(default)]
    pub origin: Origin,
    /// How grave it is.
    #[serde(default)]
    pub assessment: Assessment,
    /// Whom it hits, and how they are.
    #[serde(default)]
    pub affected: BTreeMap<OrganisationId, Affected>,
    /// Who may see this case besides those who lead it. Empty: nobody else.
    #[serde(default)]
    pub participants: BTreeSet<OrganisationId>,
    /// The case of which this is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Items of the ledger that belong to it.
    #[serde(default)]
    pub items: BTreeSet<ItemId>,
    /// When the organisation became aware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awareness: Option<Instant>,
    /// When it was evident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Instant>,
    /// What was sent to whom the law names, each time with its proof.
    #[serde(default)]
    pub sent: BTreeMap<StepName, Vec<Sent>>,
}

/// Who reported it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// By which door: `portal`, `telephone`, `mail`, `api`, `finding`, `peer`.
    pub channel: Channel,
    /// For whom.
    pub organisation: OrganisationId,
    /// When.
    pub at: Instant,
    /// In whose words.
    pub words: String,
}

/// The doors by which a report comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The form.
    Portal,
    /// The officer wrote down what was said.
    Telephone,
    /// Mail, certified or not.
    Mail,
    /// A machine.
    Api,
    /// A sensor.
    Finding,
    /// Another node.
    Peer,
}

/// Where a case stands. Each variant carries what brought it there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// Somebody said so.
    Reported,
    /// Somebody looked at it and took it on.
    Triaged {
        /// Who leads it.
        lead: AccountId,
    },
    /// It is real.
    Confirmed {
        /// Who leads it.
        lead: AccountId,
        /// What shows it.
        evidence: String,
    },
    /// It spreads no further.
    Contained {
        /// Who leads it.
        lead: AccountId,
        /// What was done.
        measures: String,
    },
    /// The services work again.
    Recovered {
        /// Who leads it.
        lead: AccountId,
        /// How that was checked.
        checked: String,
    },
    /// It is over.
    Closed {
        /// When.
        at: Instant,
        /// What was behind it.
        cause: String,
        /// What is done so that it does not happen again.
        lesson: String,
    },
    /// It was none.
    Dismissed {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
}

/// Where a threat comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Common crime.
    Common,
    /// Organised crime.
    Organised,
    /// Terrorism.
    Terrorist,
    /// A state.
    State,
}

/// How an organisation is hit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affected {
    /// Which services.
    #[serde(default)]
    pub services: BTreeSet<String>,
    /// How they are.
    pub status: ServiceStatus,
}

/// How services are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceStatus {
    /// They work.
    Working,
    /// They work in part.
    Degraded,
    /// They do not.
    Down,
}

/// A notice that was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// When.
    pub at: Instant,
    /// What proves it: a receipt's or protocol's number.
    pub proof: String,
}

/// What somebody does with a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Takes it on.
    Triage,
    /// Finds it real.
    Confirm {
        /// What shows it.
        evidence: String,
    },
    /// Has stopped it.
    Contain {
        /// What was done.
        measures: String,
    },
    /// Has the services back.
    Recover {
        /// How that was checked.
        checked: String,
    },
    /// Ends it.
    Close {
        /// What was behind it.
        cause: String,
        /// What is done so that it does not happen again.
        lesson: String,
    },
    /// Finds that it was none.
    Dismiss {
        /// Why.
        reason: String,
    },
    /// Takes it up again.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Hands it to another.
    Assign {
        /// To whom.
        lead: AccountId,
    },
    /// Says what it is.
    Classify {
        /// The values of RSIT and TC-ACN.
        classes: BTreeSet<String>,
        /// Where the threat comes from.
        origin: Origin,
    },
    /// Judges a factor of its gravity.
    Judge {
        /// Which.
        factor: Factor,
        /// How.
        grade: Grade,
    },
    /// Chooses another category than the score's.
    Override {
        /// Which.
        category: Category,
        /// Why.
        reason: String,
    },
    /// Says how an organisation is.
    Affect {
        /// Which.
        organisation: OrganisationId,
        /// How.
        affected: Affected,
    },
    /// Lets an organisation see the case.
    Admit {
        /// Which.
        organisation: OrganisationId,
    },
    /// Shows it the case no longer.
    Exclude {
        /// Which.
        organisation: OrganisationId,
    },
    /// Makes it a part of another.
    Join {
        /// Which.
        parent: String,
    },
    /// Adds an item.
    Link {
        /// Which.
        item: ItemId,
    },
    /// Says since when it was known, or evident.
    Know {
        /// When the organisation became aware.
        awareness: Option<Instant>,
        /// When it was evident.
        evidence: Option<Instant>,
    },
    /// Records that a notice was sent.
    Send {
        /// Which.
        step: StepName,
        /// When, and what proves it.
        sent: Sent,
    },
    /// Notes something.
    Note {
        /// What.
        text: String,
    },
}

/// Why a change is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChangeError {
    /// Not from here.
    #[error("a case that is {stage} cannot be {wanted}: {remedy}")]
    Stage {
        /// Where it stands.
        stage: &'static str,
        /// What was wanted.
        wanted: &'static str,
        /// What to do first.
        remedy: &'static str,
    },
    /// A stage without its evidence.
    #[error("{0} is empty: say it in a sentence")]
    Empty(&'static str),
    /// Too long.
    #[error("{0} has more than 20,000 characters: attach a file")]
    Long(&'static str),
    /// A moment yet to come.
    #[error("{what} is at {at}, which is yet to come")]
    Future {
        /// What.
        what: &'static str,
        /// When.
        at: Instant,
    },
    /// Part of itself.
    #[error("a case is no part of itself: name another")]
    Itself,
}

/// No sentence is longer.
const LONGEST: usize = 20_000;

impl Incident {
    /// A case just reported.
    ///
    /// # Errors
    /// A report without title or words.
    pub fn open(number: String, title: String, reported: Reported) -> Result<Self, ChangeError> {
        sentence("the title", &title)?;
        sentence("the report", &reported.words)?;
        Ok(Self {
            number,
            title,
            stage: Stage::Reported,
            reported,
            classes: BTreeSet::new(),
            origin: Origin::Unknown,
            assessment: Assessment::default(),
            affected: BTreeMap::new(),
            participants: BTreeSet::new(),
            parent: None,
            items: BTreeSet::new(),
            awareness: None,
            evidence: None,
            sent: BTreeMap::new(),
        })
    }

    /// The case after a change.
    ///
    /// # Errors
    /// Why the change is not made; the case is as it was.
    pub fn change(
        mut self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        match change {
            Change::Classify { classes, origin } => {
                self.classes = classes;
                self.origin = origin;
            }
            Change::Judge { factor, grade } => {
                self.assessment.grades.insert(factor, grade);
            }
            Change::Override { category, reason } => {
                sentence("the reason", &reason)?;
                let by = by.clone();
                self.assessment.overridden = Some(Override { category, reason, by, at });
            }
            Change::Affect { organisation, affected } => {
                self.affected.insert(organisation, affected);
            }
            Change::Admit { organisation } => {
                self.participants.insert(organisation);
            }
            Change::Exclude { organisation } => {
                self.participants.remove(&organisation);
            }
            Change::Join { parent } if parent == self.number => return Err(ChangeError::Itself),
            Change::Join { parent } => self.parent = Some(parent),
            Change::Link { item } => {
                self.items.insert(item);
            }
            Change::Know { awareness, evidence } => self.know(awareness, evidence, at)?,
            Change::Send { step, sent } => {
                past("the sending", sent.at, at)?;
                sentence("the proof", &sent.proof)?;
                self.sent.entry(step).or_default().push(sent);
            }
            Change::Note { text } => sentence("the note", &text)?,
            step => self.stage = self.stage.next(step, by, at)?,
        }
        Ok(self)
    }

    /// What the legal clocks count from.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let moments = |sent: &Vec<Sent>| {
            let mut moments: Vec<_> = sent.iter().map(|it| it.at).collect();
            moments.sort_unstable();
            moments
        };
        Facts {
            awareness: self.awareness,
            evidence: self.evidence,
            closed: self.stage.closed(),
            sent: self.sent.iter().map(|(step, sent)| (step.clone(), moments(sent))).collect(),
        }
    }

    /// Whether an organisation may see the case: who reported it, whom it hits, who was admitted.
    #[must_use]
    pub fn shows_itself_to(&self, organisation: &OrganisationId) -> bool {
        self.reported.organisation == *organisation
            || self.affected.contains_key(organisation)
            || self.participants.contains(organisation)
    }

    fn know(
        &mut self,
        awareness: Option<Instant>,
        evidence: Option<Instant>,
        now: Instant,
    ) -> Result<(), ChangeError> {
        for (what, moment) in [("awareness", awareness), ("evidence", evidence)] {
            moment.map_or(Ok(()), |moment| past(what, moment, now))?;
        }
        self.awareness = awareness.or(self.awareness);
        self.evidence = evidence.or(self.evidence);
        Ok(())
    }
}

impl Stage {
    /// Its name, as written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Triaged { .. } => "triaged",
            Self::Confirmed { .. } => "confirmed",
            Self::Contained { .. } => "contained",
            Self::Recovered { .. } => "recovered",
            Self::Closed { .. } => "closed",
            Self::Dismissed { .. } => "dismissed",
        }
    }

    /// Whether somebody still works on it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Closed { .. } | Self::Dismissed { .. })
    }

    /// When it was closed or dismissed.
    #[must_use]
    pub const fn closed(&self) -> Option<Instant> {
        match self {
            Self::Closed { at, .. } | Self::Dismissed { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Who leads it.
    #[must_use]
    pub const fn lead(&self) -> Option<&AccountId> {
        match self {
            Self::Triaged { lead }
            | Self::Confirmed { lead, .. }
            | Self::Contained { lead, .. }
            | Self::Recovered { lead, .. } => Some(lead),
            Self::Reported | Self::Closed { .. } | Self::Dismissed { .. } => None,
        }
    }

    fn next(&self, change: Change, by: &AccountId, at: Instant) -> Result<Self, ChangeError> {
        let lead = || self.lead().unwrap_or(by).clone();
        match (self, change) {
            (Self::Reported, Change::Triage) => Ok(Self::Triaged { lead: by.clone() }),
            (Self::Triaged { .. }, Change::Confirm { evidence }) => {
                sentence("the evidence", &evidence)?;
                Ok(Self::Confirmed { lead: lead(), evidence })
            }
            (Self::Confirmed { .. }, Change::Contain { measures }) => {
                sentence("what was done", &measures)?;
                Ok(Self::Contained { lead: lead(), measures })
            }
            (Self::Contained { .. }, Change::Recover { checked }) => {
                sentence("how it was checked", &checked)?;
                Ok(Self::Recovered { lead: lead(), checked })
            }
            (Self::Recovered { .. }, Change::Close { cause, lesson }) => {
                sentence("the cause", &cause)?;
                sentence("the lesson", &lesson)?;
                Ok(Self::Closed { at, cause, lesson })
            }
            (stage, Change::Dismiss { reason }) if stage.is_open() => {
                sentence("the reason", &reason)?;
                Ok(Self::Dismissed { at, reason })
            }
            (stage, Change::Reopen { reason }) if !stage.is_open() => {
                sentence("the reason", &reason)?;
                Ok(Self::Triaged { lead: by.clone() })
            }
            (stage, Change::Assign { lead }) if stage.lead().is_some() => Ok(stage.led_by(lead)),
            (stage, change) => Err(stage.refuse(&change)),
        }
    }

    fn led_by(&self, new: AccountId) -> Self {
        let mut stage = self.clone();
        if let Self::Triaged { lead }
        | Self::Confirmed { lead, .. }
        | Self::Contained { lead, .. }
        | Self::Recovered { lead, .. } = &mut stage
        {
            *lead = new;
        }
        stage
    }

    fn refuse(&self, change: &Change) -> ChangeError {
        let (wanted, remedy) = match change {
            Change::Triage => ("triaged", "only what was just reported is"),
            Change::Confirm { .. } => ("confirmed", "triage it first"),
            Change::Contain { .. } => ("contained", "confirm it first"),
            Change::Recover { .. } => ("recovered", "contain it first"),
            Change::Close { .. } => ("closed", "recover it first, or dismiss it"),
            Change::Dismiss { .. } => ("dismissed", "it is over already"),
            Change::Reopen { .. } => ("reopened", "it is open"),
            _ => ("assigned", "nobody leads it: triage it, or reopen it"),
        };
        ChangeError::Stage { stage: self.name(), wanted, remedy }
    }
}

fn sentence(what: &'static str, text: &str) -> Result<(), ChangeError> {
    if text.trim().is_empty() {
        return Err(ChangeError::Empty(what));
    }
    if text.len() > LONGEST && text.chars().count() > LONGEST {
        return Err(ChangeError::Long(what));
    }
    Ok(())
}

fn past(what: &'static str, at: Instant, now: Instant) -> Result<(), ChangeError> {
    if at > now { Err(ChangeError::Future { what, at }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
