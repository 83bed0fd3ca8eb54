//! Who may see a case, how much of it, and what they may do with it.
//!
//! The operations room sees a case whole, and so does the centre to which it was routed: its
//! officers lead it. Of other organisations, who reported it and who was admitted see a part: what
//! was said to them, and of the others who are hit nothing. A case with a circle
//! is shown to the persons in it and to who reported it, and to nobody else, whatever their role.
//! Being hit shows nothing by itself: that others are hit too is theirs to tell.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, OrganisationId};

use crate::incident::{Change, Channel, Gathered, Incident, Source, Stage};

/// For whom a note or a file is.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// The operations room.
    #[default]
    Room,
    /// The participants too.
    Participants,
}

/// Who looks at a case.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Its organisation.
    pub organisation: &'a OrganisationId,
    /// Where it stands to the cases of this node.
    pub stands: Stands,
    /// Where it stands to those that were routed to its organisation.
    pub as_centre: Stands,
}

/// Where somebody stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    /// Works in the room that leads: this node's, or the centre's.
    InTheRoom,
    /// Checks on that room, and changes nothing.
    BesideTheRoom,
    /// Speaks for an organisation.
    Outside,
    /// Looks on for an organisation, and changes nothing.
    Onlooker,
}

/// How much of a case somebody sees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// What is theirs, and what was said to them.
    Part,
    /// All of it.
    Whole,
}

/// What decides who may see a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// The organisation that reported it.
    pub organisation: OrganisationId,
    /// Who wrote the report down.
    pub reporter: AccountId,
    /// The centre to which it was routed.
    pub centre: Option<OrganisationId>,
    /// The organisations admitted.
    pub participants: BTreeSet<OrganisationId>,
    /// The persons of the circle, where there is one.
    pub circle: Option<BTreeSet<AccountId>>,
}

impl Stands {
    /// Whether it is a room that leads.
    #[must_use]
    pub const fn is_of_a_room(self) -> bool {
        matches!(self, Self::InTheRoom | Self::BesideTheRoom)
    }
}

impl Access {
    /// How much somebody sees; nothing without it.
    #[must_use]
    pub fn sight(&self, viewer: Viewer<'_>) -> Option<Sight> {
        let room = self.stands(viewer).is_of_a_room();
        if let Some(circle) = &self.circle {
            // Who works in this node's room writes down what others report.
            let own = self.reporter == *viewer.account && !viewer.stands.is_of_a_room();
            return match (circle.contains(viewer.account), room) {
                (true, true) => Some(Sight::Whole),
                (true, false) => Some(Sight::Part),
                (false, _) => own.then_some(Sight::Part),
            };
        }
        if room {
            return Some(Sight::Whole);
        }
        let concerned = self.organisation == *viewer.organisation
            || self.participants.contains(viewer.organisation);
        concerned.then_some(Sight::Part)
    }

    /// Where somebody stands to this case.
    #[must_use]
    pub fn stands(&self, viewer: Viewer<'_>) -> Stands {
        let here = self.centre.as_ref() == Some(viewer.organisation);
        if here { viewer.as_centre } else { viewer.stands }
    }

    /// The organisations that it concerns: who reported it, who was admitted, and the centre.
    pub fn organisations(&self) -> impl Iterator<Item = &OrganisationId> {
        std::iter::once(&self.organisation).chain(&self.participants).chain(&self.centre)
    }

    /// Whether somebody leads it.
    #[must_use]
    pub fn is_led_by(&self, viewer: Viewer<'_>) -> bool {
        self.stands(viewer) == Stands::InTheRoom && self.sight(viewer) == Some(Sight::Whole)
    }
}

impl Incident {
    /// What decides who may see it.
    #[must_use]
    pub fn access(&self) -> Access {
        Access {
            organisation: self.reported.organisation.clone(),
            reporter: self.reported.by.clone(),
            centre: self.routed.as_ref().map(|routed| routed.to.clone()),
            participants: self.participants.clone(),
            circle: self.circle.clone(),
        }
    }

    /// How much somebody sees; nothing without it.
    #[must_use]
    pub fn sight(&self, viewer: Viewer<'_>) -> Option<Sight> {
        self.access().sight(viewer)
    }

    /// The part of it that an organisation sees.
    #[must_use]
    pub fn part_for(mut self, organisation: &OrganisationId) -> Self {
        let own = |it: &OrganisationId| it == organisation;
        self.affected.retain(|it, _| own(it));
        self.participants.retain(own);
        self.circle = None;
        self.parent = None;
        self.absorbed.clear();
        self.items.clear();
        self.mails.clear();
        self.hold = None;
        self.assessment =
            crate::severity::Assessment { grades: self.assessment.grades, overridden: None };
        self.files.retain(|file| file.audience == Audience::Participants);
        // A task keeps its number: those of others are left blank.
        for task in &mut self.tasks {
            if task.organisation.as_ref() != Some(organisation) {
                task.text.clear();
                (task.organisation, task.assignee, task.due) = (None, None, None);
                task.done = None;
            }
        }
        while self.tasks.last().is_some_and(|task| task.text.is_empty()) {
            self.tasks.pop();
        }
        // What was merged into a person's report is of others too.
        if matches!(self.gathered, Some(Gathered { source: Source::Campaign { .. }, .. }))
            && self.reported.channel != Channel::Mail
        {
            self.gathered = None;
        }
        if self.reported.organisation != *organisation {
            self.reported.contact = None;
            self.gathered = None;
            self.statements.clear();
        }
        self.stage = match self.stage {
            Stage::Merged { at, reason, before, .. } => {
                Stage::Merged { at, into: None, reason, before }
            }
            stage => stage,
        };
        self
    }

    /// Whether somebody may make a change.
    #[must_use]
    pub fn allows(&self, viewer: Viewer<'_>, change: &Change) -> bool {
        let access = self.access();
        let Some(sight) = access.sight(viewer) else { return false };
        match (access.stands(viewer), sight) {
            (Stands::InTheRoom, Sight::Whole) => {
                // Halves of an action of their own.
                !matches!(
                    change,
                    Change::Absorb { .. }
                        | Change::Yield { .. }
                        | Change::Attach { .. }
                        | Change::Follow { .. }
                        | Change::Gather { .. }
                )
            }
            (Stands::InTheRoom | Stands::Outside, Sight::Part | Sight::Whole) => {
                self.allows_participant(viewer.organisation, change)
            }
            (Stands::BesideTheRoom | Stands::Onlooker, _) => false,
        }
    }

    fn allows_participant(&self, organisation: &OrganisationId, change: &Change) -> bool {
        let reported = self.reported.organisation == *organisation;
        match change {
            Change::Note { audience, .. } => *audience == Audience::Participants,
            Change::Affect { organisation: hit, .. } => hit == organisation,
            Change::Know { .. } | Change::Send { .. } | Change::State { .. } => reported,
            Change::Finish { task, .. } => {
                let task = task.checked_sub(1).and_then(|place| self.tasks.get(place));
                task.is_some_and(|task| task.organisation.as_ref() == Some(organisation))
            }
            _ => false,
        }
    }
}

impl Change {
    /// Whether those who see a part of the case see that this was done.
    #[must_use]
    pub fn shows_itself_to(&self, organisation: &OrganisationId, case: &Incident) -> bool {
        match self {
            Self::Triage
            | Self::Confirm { .. }
            | Self::Contain { .. }
            | Self::Recover { .. }
            | Self::Close { .. }
            | Self::Dismiss { .. }
            | Self::Reopen { .. }
            | Self::Split { .. }
            | Self::Rename { .. }
            | Self::Practise { .. }
            | Self::Know { .. }
            | Self::State { .. }
            | Self::Apply { .. }
            | Self::Lift { .. }
            | Self::Send { .. }
            | Self::Recommend { .. }
            | Self::Route { .. } => true,
            Self::Note { audience, .. } => *audience == Audience::Participants,
            Self::Attach { file } => file.audience == Audience::Participants,
            Self::Affect { organisation: it, .. }
            | Self::Spare { organisation: it }
            | Self::Admit { organisation: it }
            | Self::Exclude { organisation: it } => it == organisation,
            Self::Task { organisation: it, .. } => it.as_ref() == Some(organisation),
            Self::Finish { task, .. } => {
                let task = task.checked_sub(1).and_then(|place| case.tasks.get(place));
                task.is_some_and(|task| task.organisation.as_ref() == Some(organisation))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
