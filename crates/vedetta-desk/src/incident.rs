//! An incident: a case that passes from stage to stage, each with the evidence that it needs.
//!
//! An incident is what its changes made of it. [`Incident::open`] begins it, [`Incident::change`]
//! takes the old value and gives the new one, or says why not; whoever keeps the changes keeps the
//! timeline. Who may see it and change it is [`crate::circle`]'s.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant, ItemId, OrganisationId};

use crate::circle::Audience;
use crate::clock::Facts;
use crate::notice::Element;
use crate::number::CaseNumber;
use crate::regime::StepName;
use crate::severity::Assessment;

mod change;
mod stage;
mod wording;

pub use change::{Change, ChangeError};
pub(crate) use change::{append, line, sentence};
pub use stage::{Stage, StageName};
pub use wording::Names;

/// A case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Its number, as people say it: `2026-000123`.
    pub number: CaseNumber,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub stage: Stage,
    /// Who reported it, by which door, and when.
    pub reported: Reported,
    /// The exercise to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<String>,
    /// Of what it was made, when no person reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
    /// Which centre answers, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<Routed>,
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
    /// Who may see this case besides the operations room and who reported it.
    #[serde(default)]
    pub participants: BTreeSet<OrganisationId>,
    /// The only persons who may see it; absent while it is open to the room and its participants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<BTreeSet<AccountId>>,
    /// The case of which this is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CaseNumber>,
    /// Reports of the same thing that were merged into it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub absorbed: BTreeSet<CaseNumber>,
    /// Items of the ledger that belong to it.
    #[serde(default)]
    pub items: BTreeSet<ItemId>,
    /// Messages of the mail desk that belong to it, by their numbers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mails: BTreeSet<String>,
    /// When the organisation became aware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awareness: Option<Instant>,
    /// When it was evident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Instant>,
    /// The laws that apply, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regimes: BTreeMap<String, String>,
    /// For which class of incident those apply that owe one step by class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classed: BTreeMap<String, String>,
    /// What was sent to whom the law names, each time with its proof.
    #[serde(default)]
    pub sent: BTreeMap<StepName, Vec<Sent>>,
    /// What notices ask for and only people know, as they said it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statements: BTreeMap<Element, String>,
    /// An authority's order that keeps it still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<CaseHold>,
    /// What is to be done; a task's number is its place, from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// What was attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileNote>,
    /// What was recommended to those it hits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recommended: Vec<Recommended>,
    /// When it first came to each stage.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reached: BTreeMap<StageName, Instant>,
}

/// Who reported it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// By which door: `portal`, `telephone`, `mail`, `api`, `finding`, `peer`.
    pub channel: Channel,
    /// For whom.
    pub organisation: OrganisationId,
    /// Who wrote it down.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// In whose words.
    pub words: String,
    /// Whom to call back, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// What a channel brought of one kind: one report that counts it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    /// The latest of it; of a campaign the first message, which is of who sees a part of the case.
    pub source: Source,
    /// How often.
    pub count: u64,
    /// When last.
    pub last: Instant,
}

/// Where a report that no person made comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A finding of a sensor.
    Finding {
        /// The sighting that it became.
        sighting: ItemId,
    },
    /// Messages handed in at the mail desk.
    Campaign {
        /// Which campaign.
        campaign: String,
        /// The first message.
        message: String,
    },
    /// What another node told.
    Item {
        /// Which item.
        item: ItemId,
    },
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

/// Which centre answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routed {
    /// The centre.
    pub to: OrganisationId,
    /// Why, the weightiest first.
    pub reasons: Vec<Bilingual>,
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
    /// They are down or at risk, as was reported: nobody judged it yet.
    Reported,
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
    /// The attached file that shows it, by its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// An authority's order on a case: nothing is drafted and nobody is let in while it binds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseHold {
    /// The authority, as named in the order.
    pub authority: String,
    /// The order's number.
    pub reference: String,
    /// Since when.
    pub since: Instant,
    /// Until when, exclusive; open-ended without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

/// Something to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What.
    pub text: String,
    /// By which organisation; the operations room without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<AccountId>,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// That it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
}

/// That a task was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// How it went.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A file attached to a case: its octets are in the ledger once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileNote {
    /// The SHA-256 of its octets, in hexadecimal.
    pub sha256: String,
    /// Its name.
    pub name: String,
    /// Its media type, as recognised.
    pub media: String,
    /// How many octets.
    pub size: u64,
    /// Who attached it.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// Who may read it.
    pub audience: Audience,
}

/// Advice given to those it hits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recommended {
    /// Which of the library.
    pub recommendation: String,
    /// What it says, as it was then.
    pub text: String,
    /// When.
    pub at: Instant,
}

impl Incident {
    /// A case just reported.
    ///
    /// # Errors
    /// A report without title or words.
    pub fn open(
        number: CaseNumber,
        title: String,
        reported: Reported,
    ) -> Result<Self, ChangeError> {
        change::title(&title)?;
        change::sentence("the report", &reported.words)?;
        if let Some(contact) = &reported.contact {
            change::line("the contact", contact)?;
        }
        let reached = BTreeMap::from([(StageName::Reported, reported.at)]);
        Ok(Self {
            number,
            title,
            stage: Stage::Reported,
            reported,
            exercise: None,
            gathered: None,
            routed: None,
            classes: BTreeSet::new(),
            origin: Origin::Unknown,
            assessment: Assessment::default(),
            affected: BTreeMap::new(),
            participants: BTreeSet::new(),
            circle: None,
            parent: None,
            absorbed: BTreeSet::new(),
            items: BTreeSet::new(),
            mails: BTreeSet::new(),
            awareness: None,
            evidence: None,
            regimes: BTreeMap::new(),
            classed: BTreeMap::new(),
            sent: BTreeMap::new(),
            statements: BTreeMap::new(),
            hold: None,
            tasks: Vec::new(),
            files: Vec::new(),
            recommended: Vec::new(),
            reached,
        })
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
            classes: self.classed.clone(),
        }
    }

    /// The order that keeps it still at a moment.
    #[must_use]
    pub fn held(&self, now: Instant) -> Option<&CaseHold> {
        self.hold.as_ref().filter(|hold| hold.until.is_none_or(|until| now < until))
    }

    /// The tasks that nobody has done.
    pub fn tasks_open(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.done.is_none())
    }
}

#[cfg(test)]
mod tests;
