//! One case, as far as who asks may see it, and its timeline.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use vedetta_desk::severity::Score;
use vedetta_desk::{Incident, Names, Regime, Sight, Stands, StepName, Viewer};
use vedetta_flow::Standing;
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};
use vedetta_store::{Sequence, Stamp};

use crate::actions::change_case::number_of;
use crate::cases::CaseRow;
use crate::error::WatchError;
use crate::kept::{self, Did, Kept};
use crate::watch::{OFFICERS, Watch};

/// A case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseView {
    /// The case, as far as the viewer may see it.
    pub incident: Incident,
    /// Its version, to be given back with a change.
    pub version: Sequence,
    /// When it was last changed.
    pub changed: Instant,
    /// By whom.
    pub changed_by: AccountId,
    /// Its operational category; until it is judged it tells nothing.
    pub category: u8,
    /// Whether anybody judged it yet.
    pub judged: bool,
    /// The gravest that it may still turn out to be.
    pub worst: u8,
    /// The score with its parts.
    pub score: Score,
    /// Who answers, and what they do.
    pub answer: Bilingual,
    /// How much the viewer sees.
    pub sight: Sight,
    /// The changes that the viewer may make, by name, as far as that does not depend on what they
    /// say.
    pub may: BTreeSet<&'static str>,
    /// What undo would take back; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Bilingual>,
    /// Its parts, as far as the viewer may see them.
    pub children: Vec<CaseRow>,
}

/// What was done at a moment.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// The version that it made.
    pub version: Sequence,
    /// When.
    pub at: Instant,
    /// Who.
    pub by: AccountId,
    /// What.
    pub did: Did,
    /// In a few words.
    pub words: Bilingual,
}

/// A page of a timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What was done, the newest first.
    pub moments: Vec<Moment>,
    /// The `before` of the next page; absent on the last.
    pub next: Option<Sequence>,
}

/// Versions looked at for one page of a timeline.
const LOOKED_AT: usize = 2_000;
/// The changes that lead a case.
const LEADING: &[&str] = &[
    "triage",
    "confirm",
    "contain",
    "recover",
    "close",
    "dismiss",
    "reopen",
    "merge",
    "split",
    "assign",
    "route",
    "rename",
    "classify",
    "judge",
    "override",
    "affect",
    "spare",
    "admit",
    "exclude",
    "enclose",
    "disclose",
    "practise",
    "join",
    "link",
    "unlink",
    "cite",
    "uncite",
    "know",
    "apply",
    "lift",
    "send",
    "state",
    "hold",
    "release",
    "task",
    "finish",
    "note",
    "recommend",
    "attach",
    "follow",
];

impl Watch {
    /// A case.
    ///
    /// # Errors
    /// Unknown, or not for the actor: the answer is the same.
    pub fn case(&self, by: &Actor, number: &str) -> Result<CaseView, WatchError> {
        let number = number_of(number)?;
        let viewer = self.viewer(by);
        let found = self.house().read(|reader| kept::newest(reader, number))?;
        let seen = found.and_then(|(stamp, kept)| {
            let sight = kept.incident.sight(viewer)?;
            Some((stamp, kept, sight))
        });
        let (stamp, kept, sight) = seen.ok_or_else(|| WatchError::unknown("case", number))?;
        let mut may = may(&kept, viewer, sight);
        // The mail desk is of the node's own room.
        may.retain(|it| *it != "cite" || self.house().is_of_the_room(by, OFFICERS));
        self.case_view(by, (stamp, kept), (sight, may))
    }

    /// A case as who handed it to another centre left it, and may do nothing with any more.
    pub(crate) fn left_case(
        &self,
        by: &Actor,
        (kept, stamp): (Kept, Stamp),
    ) -> Result<CaseView, WatchError> {
        self.case_view(by, (stamp, kept), (Sight::Part, BTreeSet::new()))
    }

    fn case_view(
        &self,
        by: &Actor,
        (stamp, kept): (Stamp, Kept),
        (sight, may): (Sight, BTreeSet<&'static str>),
    ) -> Result<CaseView, WatchError> {
        let (viewer, number) = (self.viewer(by), kept.incident.number);
        let held = self.index()?;
        let children = held.get().into_iter().flat_map(|index| index.children_of(number));
        let children = children.filter(|it| it.access.sight(viewer) == Some(Sight::Whole));
        let children = children.map(|it| it.row.clone()).collect();
        let undo = kept.did.change().filter(|_| may.contains("undo"));
        let undo = undo.map(|change| change.words_with(&self.names()));
        let assessment = &kept.incident.assessment;
        let category = assessment.category();
        Ok(CaseView {
            version: stamp.seq,
            changed: stamp.at,
            changed_by: kept.by.clone(),
            category: category.number(),
            judged: assessment.is_judged(),
            worst: assessment.worst().number(),
            score: assessment.score(),
            answer: category.answer(),
            sight,
            may,
            undo,
            children,
            incident: match sight {
                Sight::Whole => kept.incident,
                Sight::Part => kept.incident.part_for(&by.organisation),
            },
        })
    }

    /// What was done with a case before a version; from the newest on without one.
    ///
    /// # Errors
    /// Unknown, or not for the actor.
    pub fn timeline(
        &self,
        by: &Actor,
        number: &str,
        before: Option<Sequence>,
        limit: usize,
    ) -> Result<Timeline, WatchError> {
        let number = number_of(number)?;
        let (viewer, limit, names) = (self.viewer(by), limit.clamp(1, 500), self.names());
        let page = self.house().read(|reader| {
            let Some((stamp, kept)) = kept::newest(reader, number)? else { return Ok(None) };
            // Who may not see the case as it is now sees nothing of what it was.
            let Some(sight) = kept.incident.sight(viewer) else { return Ok(None) };
            let mut moments = Vec::new();
            let mut place = Some(stamp.seq);
            if let Some(before) = before {
                let asked = kept::version(reader, number, before)?;
                place = asked.and_then(|(_, kept)| kept.before);
            }
            let mut last = None;
            for _ in 0..LOOKED_AT {
                let Some(at) = place.filter(|_| moments.len() < limit) else { break };
                let Some((stamp, kept)) = kept::version(reader, number, at)? else { break };
                (place, last) = (kept.before, Some(at));
                moments.extend(Moment::for_viewer(kept, stamp, (viewer, sight), &names));
            }
            Ok(Some(Timeline { moments, next: place.and(last) }))
        })?;
        page.ok_or_else(|| WatchError::unknown("case", number))
    }
}

/// Those whom changes name, as the directory and the regimes call them.
pub(crate) struct Called<'w> {
    standing: Arc<Standing>,
    regimes: &'w [Regime],
}

impl Names for Called<'_> {
    fn organisation(&self, id: &OrganisationId) -> String {
        let known = self.standing.directory.organisation(id);
        known.map_or_else(|| id.to_string(), |it| it.name.clone())
    }

    fn account(&self, id: &AccountId) -> String {
        self.standing.directory.account(id).map_or_else(|| id.to_string(), |it| it.name.clone())
    }

    fn regime(&self, id: &str) -> Bilingual {
        let known = self.regimes.iter().find(|it| it.id == id);
        known.map_or_else(|| Bilingual::new(id, id), |it| it.title.clone())
    }

    fn step(&self, name: &StepName) -> Bilingual {
        let known = self.regimes.iter().find(|it| it.id == name.regime);
        let known = known.and_then(|it| it.steps.iter().find(|step| step.id == name.step));
        known.map_or_else(
            || Bilingual::new(name.to_string(), name.to_string()),
            |it| it.name.clone(),
        )
    }
}

impl Watch {
    /// How those are called whom changes name.
    pub(crate) fn names(&self) -> Called<'_> {
        Called { standing: self.house().standing(), regimes: &self.regimes }
    }
}

impl Moment {
    /// What a version did, if a viewer who sees so much of the case as it is now may see that.
    pub(crate) fn for_viewer(
        kept: Kept,
        stamp: Stamp,
        (viewer, sight): (Viewer<'_>, Sight),
        names: &dyn Names,
    ) -> Option<Self> {
        let change = kept.did.change();
        let shown = |change| {
            vedetta_desk::Change::shows_itself_to(change, viewer.organisation, &kept.incident)
        };
        if sight != Sight::Whole && !change.is_none_or(shown) {
            return None;
        }
        let words = kept.did.words_with(names);
        Some(Self { version: stamp.seq, at: stamp.at, by: kept.by, did: kept.did, words })
    }
}

/// The names of the changes that a viewer may make.
fn may(kept: &Kept, viewer: Viewer<'_>, sight: Sight) -> BTreeSet<&'static str> {
    let incident = &kept.incident;
    let mut may = BTreeSet::new();
    match (incident.access().stands(viewer), sight) {
        (Stands::InTheRoom, Sight::Whole) => {
            let stage = incident.stage.name();
            may.extend(LEADING.iter().filter(|name| leads_on(stage, name)));
            let undoable = kept.before.is_some()
                && matches!(&kept.did, Did::Changed(change)
                if !matches!(change.name(), "absorb" | "yield" | "split" | "follow" | "gather"));
            may.extend(undoable.then_some("undo"));
        }
        (Stands::InTheRoom | Stands::Outside, _) => {
            may.extend(["note", "affect", "attach"]);
            if incident.reported.organisation == *viewer.organisation {
                may.extend(["know", "send", "state"]);
            }
            let own = incident
                .tasks_open()
                .any(|task| task.organisation.as_ref() == Some(viewer.organisation));
            may.extend(own.then_some("finish"));
        }
        (Stands::BesideTheRoom | Stands::Onlooker, _) => {}
    }
    may
}

/// Whether a change that leads to another stage can follow from one; others always can.
fn leads_on(stage: vedetta_desk::StageName, change: &str) -> bool {
    use vedetta_desk::StageName::{
        Closed, Confirmed, Contained, Dismissed, Merged, Recovered, Reported, Triaged,
    };
    match change {
        "triage" => stage == Reported,
        "confirm" => stage == Triaged,
        "contain" => stage == Confirmed,
        "recover" => stage == Contained,
        "close" => stage == Recovered,
        "dismiss" | "merge" => stage.is_open(),
        "split" => stage == Merged,
        "reopen" => matches!(stage, Closed | Dismissed),
        "follow" => stage.is_open(),
        "assign" => stage.is_open() && stage != Reported,
        _ => true,
    }
}
