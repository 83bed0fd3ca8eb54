//! Early warnings, and how far they came: who has received, read and acted, as of now.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vedetta_desk::posture::marked;
use vedetta_desk::warning::{Acted, Nudge, Reaction, Warning, WarningStage};
use vedetta_flow::FlowError;
use vedetta_model::language::Bilingual;
use vedetta_model::{Actor, Instant, ItemId, OrganisationId, Tlp};
use vedetta_store::{RecordKind, Sequence};

use crate::actions::keep_rosters::damaged;
use crate::actions::remind::{nudge_name, nudge_prefix};
use crate::actions::warn::{reacted, reaction_prefix};
use crate::error::WatchError;
use crate::watch::Watch;

/// A warning in a list.
#[derive(Clone, Debug, Serialize)]
pub struct WarningRow {
    /// Its identifier.
    pub id: String,
    /// What it says in a line.
    pub title: Bilingual,
    /// How far it may go.
    pub tlp: Tlp,
    /// Where it stands.
    pub stage: WarningStage,
    /// Its version.
    pub version: Sequence,
}

/// A warning.
#[derive(Clone, Debug, Serialize)]
pub struct WarningView {
    /// Its identifier.
    pub id: String,
    /// The warning.
    pub warning: Warning,
    /// Its version, to be given back with a change.
    pub version: Sequence,
    /// How many have it, read it, and acted.
    pub figures: Figures,
    /// Who: for the operations room; others see themselves.
    pub reach: Vec<Reached>,
}

/// How far a warning came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Figures {
    /// To how many it goes.
    pub cleared: usize,
    /// How many have received it.
    pub received: usize,
    /// How many have read it.
    pub read: usize,
    /// How many did what it asks for, or are not concerned.
    pub acted: usize,
}

/// How far it came with one organisation.
#[derive(Clone, Debug, Serialize)]
pub struct Reached {
    /// Which.
    pub organisation: OrganisationId,
    /// What it is called.
    pub name: String,
    /// When it received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Instant>,
    /// When it read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Instant>,
    /// How it was last reminded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Nudge>,
    /// What it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

/// Warnings listed at most, the newest first.
const LISTED: usize = 1_000;

impl Watch {
    /// The warnings: all of them for the operations room and its auditors; for others those that were
    /// cleared to them.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn warnings(&self, by: &Actor) -> Result<Vec<WarningRow>, WatchError> {
        let room = self.sees_warnings(by);
        let kept = self.every_kept()?.into_iter();
        let mut rows: Vec<_> = kept
            .map(|(id, version, Warning { text, stage, .. })| WarningRow {
                id,
                title: marked(text.title, text.exercise.as_ref()),
                tlp: text.tlp,
                stage,
                version,
            })
            .collect();
        rows.reverse();
        if !room {
            rows.retain(|row| match &row.stage {
                WarningStage::Sent { item, .. } => self.house().own_item(by, item).is_ok(),
                _ => false,
            });
        }
        rows.truncate(LISTED);
        Ok(rows)
    }

    /// A warning, and how far it came.
    ///
    /// # Errors
    /// Unknown, or not cleared to the actor: the answer is the same.
    pub fn warning(&self, by: &Actor, id: &str) -> Result<WarningView, WatchError> {
        let (version, mut warning) = self.kept_warning(id)?;
        let room = self.sees_warnings(by);
        let (mut reach, mut figures) = (BTreeMap::new(), Figures::default());
        // By the room's own line: under the same name others may have brought something else.
        let unknown = || FlowError::unknown("warning", id);
        let read = warning.stage.item().map(|item| self.house().own_item(by, item));
        match read.unwrap_or_else(|| Err(unknown())) {
            Ok(read) => {
                if room && let Some(audience) = self.house().audience_of(by, &read)? {
                    figures.cleared = audience.full + audience.redacted;
                    for group in audience.groups.into_iter().filter(|it| it.form.is_some()) {
                        reach.extend(group.organisations.into_iter().map(|it| (it, (None, None))));
                    }
                }
                for it in self.house().deliveries(by, &read)? {
                    reach.insert(it.organisation, (it.at, it.acknowledged.map(|it| it.at)));
                }
            }
            Err(FlowError::Unknown { .. }) if room => (),
            Err(FlowError::Unknown { .. }) => return Err(unknown().into()),
            Err(error) => return Err(error.into()),
        }
        let (mut reactions, mut nudges) = (self.reactions(id)?, self.nudges(id)?);
        let reach: Vec<_> = reach
            .into_iter()
            .filter(|(organisation, _)| room || *organisation == by.organisation)
            .map(|(organisation, (received, read))| Reached {
                name: self.name_of(&organisation),
                reaction: reactions.remove(&organisation),
                reminded: nudges.remove(&organisation),
                organisation,
                received,
                read,
            })
            .collect();
        let count = |has: fn(&Reached) -> bool| reach.iter().filter(|it| has(it)).count();
        // Who has read it has received it, by whichever door.
        figures.received = count(|it| it.received.is_some() || it.read.is_some());
        figures.read = count(|it| it.read.is_some());
        figures.acted =
            count(|it| it.reaction.as_ref().is_some_and(|reaction| reaction.did != Acted::Read));
        if !room {
            // Where it comes from is the room's.
            (warning.text.incident, figures.cleared) = (None, figures.cleared.min(1));
        }
        Ok(WarningView { id: id.to_owned(), warning, version, figures, reach })
    }

    /// Every warning, by its identifier.
    pub(crate) fn every_warning(&self) -> Result<Vec<(String, Warning)>, WatchError> {
        Ok(self.every_kept()?.into_iter().map(|(id, _, warning)| (id, warning)).collect())
    }

    fn every_kept(&self) -> Result<Vec<(String, Sequence, Warning)>, WatchError> {
        let (mut kept, mut after) = (Vec::new(), String::new());
        loop {
            let page = self
                .house()
                .read(|reader| reader.records_after(RecordKind::Warning, &after, 500))?;
            let Some(last) = page.last() else { return Ok(kept) };
            after.clone_from(&last.id);
            // Reactions are kept below their warning.
            for record in page.into_iter().filter(|record| !record.id.contains('/')) {
                let warning = serde_json::from_slice(&record.body)
                    .map_err(|error| damaged(&record.id, &error))?;
                kept.push((record.id, record.stamp.seq, warning));
            }
        }
    }

    pub(crate) fn sees_warnings(&self, by: &Actor) -> bool {
        use vedetta_model::Role::{Analyst, Auditor, DutyOfficer};
        self.house().is_of_the_room(by, &[DutyOfficer, Analyst, Auditor])
    }

    /// What one organisation did about a warning.
    pub(crate) fn reaction(
        &self,
        id: &str,
        organisation: &OrganisationId,
    ) -> Result<Option<Reaction>, WatchError> {
        let name = format!("{}{organisation}", reaction_prefix(id));
        let kept = self.house().read(|reader| reader.record(RecordKind::Warning, &name))?;
        let read = |record: vedetta_store::Record| {
            serde_json::from_slice(&record.body).map_err(|error| damaged(&record.id, &error))
        };
        kept.map(read).transpose()
    }

    /// What organisations did about a warning.
    fn reactions(&self, id: &str) -> Result<BTreeMap<OrganisationId, Reaction>, WatchError> {
        let (mut found, mut after) = (BTreeMap::new(), reaction_prefix(id));
        loop {
            let page = self
                .house()
                .read(|reader| reader.records_after(RecordKind::Warning, &after, 500))?;
            let whole = page.len() == 500;
            for record in page {
                let Some(organisation) = reacted(id, &record.id) else { return Ok(found) };
                let reaction = serde_json::from_slice(&record.body)
                    .map_err(|error| damaged(&record.id, &error))?;
                found.insert(organisation, reaction);
                after = record.id;
            }
            if !whole {
                return Ok(found);
            }
        }
    }

    /// How organisations were last reminded of a warning.
    fn nudges(&self, id: &str) -> Result<BTreeMap<OrganisationId, Nudge>, WatchError> {
        let (prefix, mut found) = (nudge_prefix(id), BTreeMap::new());
        let mut after = prefix.clone();
        loop {
            let page = self
                .house()
                .read(|reader| reader.records_after(RecordKind::Warning, &after, 500))?;
            let Some(last) = page.last() else { return Ok(found) };
            after.clone_from(&last.id);
            for record in page {
                if !record.id.starts_with(&prefix) {
                    return Ok(found);
                }
                let nudge: Nudge = serde_json::from_slice(&record.body)
                    .map_err(|error| damaged(&record.id, &error))?;
                found.insert(nudge.organisation.clone(), nudge);
            }
        }
    }

    /// How an organisation was last reminded of a warning.
    pub(crate) fn nudge_of(
        &self,
        id: &str,
        organisation: &OrganisationId,
    ) -> Result<Option<Nudge>, WatchError> {
        let name = nudge_name(id, organisation);
        let kept = self.house().read(|reader| reader.record(RecordKind::Warning, &name))?;
        let read = |record: vedetta_store::Record| {
            serde_json::from_slice(&record.body).map_err(|error| damaged(&record.id, &error))
        };
        kept.map(read).transpose()
    }

    /// The warnings of the last days that somebody has not read, for the handover, without those that
    /// are on it as overdue.
    pub(crate) fn unacknowledged_lines(
        &self,
        by: &Actor,
        overdue: &BTreeSet<ItemId>,
    ) -> Result<Vec<vedetta_desk::handover::Line>, WatchError> {
        use vedetta_desk::handover::{Line, LineKind, missing};
        const BACK: std::time::Duration = std::time::Duration::from_secs(3 * 86_400);
        if !self.sees_warnings(by) {
            return Ok(Vec::new());
        }
        let since = self.house().now().before(BACK);
        let mut lines = Vec::new();
        for row in self.warnings(by)?.into_iter().take(100) {
            let WarningStage::Sent { at, item, .. } = &row.stage else { continue };
            if *at < since || overdue.contains(item) {
                continue;
            }
            let figures = self.warning(by, &row.id)?.figures;
            let unread = figures.cleared.saturating_sub(figures.read);
            if unread > 0 {
                lines.push(Line {
                    key: format!("warning/{}", row.id),
                    kind: LineKind::Unacknowledged,
                    title: row.title.it,
                    detail: missing(
                        unread,
                        ("non l'ha ancora letta", "non l'hanno ancora letta"),
                        "not read it yet",
                    ),
                    due: None,
                });
            }
        }
        Ok(lines)
    }
}
