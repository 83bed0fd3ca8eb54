//! What is done with a case: one change at a time, on the version that was read. Merging and
//! splitting change two cases in one unit of work; the last change can be taken back.

use std::sync::Arc;

use serde::Deserialize;
use vedetta_desk::posture::leaves_exercise;
use vedetta_desk::regime::Owes;
use vedetta_desk::{CaseNumber, Change, ChangeError, Incident, Regime, Stands, Viewer};
use vedetta_model::{Actor, OrganisationId};
use vedetta_store::{Reader, RecordKind, Sequence, Stamp, StoreError, UnitOfWork};

use crate::actions::report::CENTRES;
use crate::error::{Stale, WatchError};
use crate::kept::{self, Did, Kept};
use crate::views::see_case::{CaseView, Moment};
use crate::watch::{OFFICERS, Watch};

/// A change to a case as it was read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The version that was read.
    pub version: Sequence,
    /// What is done.
    pub change: Change,
}

/// That a report is about the same as another case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The version that was read.
    pub version: Sequence,
    /// Which case.
    pub into: CaseNumber,
    /// Why.
    pub reason: String,
}

/// Who asks, for use in a unit of work.
#[derive(Clone)]
pub(crate) struct Asker {
    actor: Actor,
    stands: Stands,
    as_centre: Stands,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum Refusal {
    Unknown(CaseNumber),
    Stale { at: Sequence },
    Forbidden,
    Change(ChangeError),
    Conflict(String),
    Large,
}

/// What was written, each with its place; or why nothing was.
pub(crate) type Outcome = Result<Vec<(Kept, Stamp)>, Refusal>;

/// Why a case of an exercise and another are kept apart.
const UNLIKE: &str = "one belongs to an exercise to which the other does not; keep them apart";

impl Asker {
    pub(crate) fn viewer(&self) -> Viewer<'_> {
        let Actor { account, organisation, .. } = &self.actor;
        Viewer { account, organisation, stands: self.stands, as_centre: self.as_centre }
    }

    /// The newest version of a case that who asks may see, if it is the one that was read.
    pub(crate) fn read(
        &self,
        unit: &mut dyn UnitOfWork,
        number: CaseNumber,
        version: Option<Sequence>,
    ) -> Result<Result<(Stamp, Kept), Refusal>, StoreError> {
        let found = kept::newest(unit, number)?;
        let Some((stamp, kept)) =
            found.filter(|(_, kept)| kept.incident.sight(self.viewer()).is_some())
        else {
            return Ok(Err(Refusal::Unknown(number)));
        };
        if version.is_some_and(|version| version != stamp.seq) {
            return Ok(Err(Refusal::Stale { at: stamp.seq }));
        }
        Ok(Ok((stamp, kept)))
    }
}

impl Watch {
    /// Makes one change.
    ///
    /// # Errors
    /// Unknown to the actor, changed meanwhile, not the actor's to do, or not from where it stands.
    pub fn change_case(
        &self,
        by: &Actor,
        number: &str,
        edit: Edit,
    ) -> Result<CaseView, WatchError> {
        let number = number_of(number)?;
        let Edit { version, change } = edit;
        match change {
            Change::Merge { into, reason } => {
                return self.merge_case(by, &number.to_string(), Merge { version, into, reason });
            }
            Change::Split { reason } => return self.split_case(by, number, version, reason),
            _ => {}
        }
        self.check_named(by, &change)?;
        let change = self.in_full(by, change)?;
        let exercise = match &change {
            Change::Practise { exercise } => exercise.clone(),
            _ => self.brief(by, number)?.row.exercise.clone(),
        };
        let parts = match &change {
            Change::Practise { .. } => self.parts_of(number)?,
            // What they may not see is unknown to them.
            Change::Join { parent: Some(parent) } => self.brief(by, *parent).map(|_| Vec::new())?,
            _ => Vec::new(),
        };
        let inside = exercise.map(|it| self.participants_of(&it)).transpose()?;
        let (asker, now) = (self.asker(by), self.house().now());
        self.write_case(by, number, Some(version), move |unit| {
            let (stamp, kept) = match asker.read(unit, number, Some(version))? {
                Ok(read) => read,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if !kept.incident.allows(asker.viewer(), &change) {
                return Ok(Err(Refusal::Forbidden));
            }
            let outside = inside.as_ref().map(|it| leaves_exercise(&kept.incident, &change, it));
            if let Some(reason) = outside.flatten() {
                return Ok(Err(Refusal::Conflict(reason)));
            }
            let by = &asker.actor.account;
            match kept.incident.clone().change(change.clone(), by, now) {
                Ok(incident) => {
                    if matches!(change, Change::Join { .. } | Change::Practise { .. })
                        && is_unlike(unit, &incident, &parts)?
                    {
                        return Ok(Err(Refusal::Conflict(UNLIKE.into())));
                    }
                    let did = Did::Changed(change.clone());
                    put(unit, vec![kept.then(incident, did, by, stamp.seq)])
                }
                Err(error) => Ok(Err(Refusal::Change(error))),
            }
        })
    }

    /// Merges a report into a case about the same.
    ///
    /// # Errors
    /// As [`Watch::change_case`], for either case.
    pub fn merge_case(
        &self,
        by: &Actor,
        number: &str,
        merge: Merge,
    ) -> Result<CaseView, WatchError> {
        let number = number_of(number)?;
        let (asker, now) = (self.asker(by), self.house().now());
        let Merge { version, into, reason } = merge;
        self.write_case(by, number, Some(version), move |unit| {
            let ours = Change::Merge { into, reason: reason.clone() };
            let theirs = Change::Absorb { case: number };
            both(unit, &asker, (number, version, into), (ours, theirs), now)
        })
    }

    fn split_case(
        &self,
        by: &Actor,
        number: CaseNumber,
        version: Sequence,
        reason: String,
    ) -> Result<CaseView, WatchError> {
        let (asker, now) = (self.asker(by), self.house().now());
        self.write_case(by, number, Some(version), move |unit| {
            let (_, kept) = match asker.read(unit, number, Some(version))? {
                Ok(read) => read,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let vedetta_desk::Stage::Merged { into: Some(into), .. } = kept.incident.stage else {
                let reason = "it was not merged into another case".to_owned();
                return Ok(Err(Refusal::Conflict(reason)));
            };
            let ours = Change::Split { reason: reason.clone() };
            let theirs = Change::Yield { case: number };
            both(unit, &asker, (number, version, into), (ours, theirs), now)
        })
    }

    /// Takes the last change back: the case is again as it was before, and the timeline shows both.
    /// A merge is taken back on both sides.
    ///
    /// # Errors
    /// As [`Watch::change_case`]; nothing to take back.
    pub fn undo_case(
        &self,
        by: &Actor,
        number: &str,
        version: Sequence,
    ) -> Result<CaseView, WatchError> {
        let number = number_of(number)?;
        let asker = self.asker(by);
        let last = self.house().read(|reader| kept::newest(reader, number))?;
        if let Some((stamp, kept)) = &last
            && stamp.seq == version
            && matches!(kept.did, Did::Changed(Change::Merge { .. }))
        {
            let reason = "unione annullata / merge taken back".to_owned();
            return self.split_case(by, number, version, reason);
        }
        let parts = self.parts_of(number)?;
        self.write_case(by, number, Some(version), move |unit| {
            let (stamp, kept) = match asker.read(unit, number, Some(version))? {
                Ok(read) => read,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if !kept.incident.access().is_led_by(asker.viewer()) {
                return Ok(Err(Refusal::Forbidden));
            }
            let change = match undoable(&kept) {
                Ok(change) => change.clone(),
                Err(reason) => return Ok(Err(Refusal::Conflict(reason.into()))),
            };
            let Some(before) = kept.before else {
                return Ok(Err(Refusal::Conflict(
                    "there is nothing to take back; make another change instead".into(),
                )));
            };
            let Some((_, former)) = kept::version(unit, number, before)? else {
                return Err(StoreError::Refused(format!("case {number} lacks {before}")));
            };
            // What it was joined to, or its parts, may be another exercise's by now.
            if matches!(change, Change::Join { .. } | Change::Practise { .. })
                && is_unlike(unit, &former.incident, &parts)?
            {
                return Ok(Err(Refusal::Conflict(UNLIKE.into())));
            }
            let by = &asker.actor.account;
            put(unit, vec![kept.then(former.incident, Did::Undone(change), by, stamp.seq)])
        })
    }

    pub(crate) fn asker(&self, by: &Actor) -> Asker {
        let Viewer { stands, as_centre, .. } = self.viewer(by);
        Asker { actor: by.clone(), stands, as_centre }
    }

    /// Writes versions of cases, remembers them, and shows the first.
    pub(crate) fn write_case(
        &self,
        by: &Actor,
        number: CaseNumber,
        version: Option<Sequence>,
        work: impl FnMut(&mut dyn UnitOfWork) -> Result<Outcome, StoreError> + Send + 'static,
    ) -> Result<CaseView, WatchError> {
        match self.house().write(work)? {
            Ok(written) => {
                for (kept, stamp) in &written {
                    self.learn(kept, *stamp);
                }
                let ours = written.into_iter().find(|(kept, _)| kept.incident.number == number);
                match (self.case(by, &number.to_string()), ours) {
                    (
                        Err(WatchError::Flow(vedetta_flow::FlowError::Unknown { .. })),
                        Some(ours),
                    ) => self.left_case(by, ours),
                    (seen, _) => seen,
                }
            }
            Err(refusal) => Err(self.refused(by, number, version, refusal)),
        }
    }

    pub(crate) fn refused(
        &self,
        by: &Actor,
        number: CaseNumber,
        version: Option<Sequence>,
        refusal: Refusal,
    ) -> WatchError {
        match refusal {
            Refusal::Unknown(which) => WatchError::unknown("case", which),
            Refusal::Stale { at } => {
                let since = version.unwrap_or(Sequence::START);
                let changes =
                    self.house().read(|reader| self.since(reader, by, number, (since, at)));
                match changes {
                    Ok(changes) => Stale { number, changes }.into(),
                    Err(error) => error.into(),
                }
            }
            Refusal::Forbidden => vedetta_flow::FlowError::Forbidden {
                who: by.account.to_string(),
                what: "change this of the case",
                advice: "it is for those who lead it; add a note for them",
            }
            .into(),
            Refusal::Change(error) => error.into(),
            Refusal::Conflict(reason) => WatchError::conflict(reason),
            Refusal::Large => WatchError::conflict(
                "the case holds too much; open another case, join the two, and go on there",
            ),
        }
    }

    /// What was done between two versions, the newest first, as far as who asks may see it.
    fn since(
        &self,
        reader: &mut dyn Reader,
        by: &Actor,
        number: CaseNumber,
        (after, until): (Sequence, Sequence),
    ) -> Result<Vec<Moment>, StoreError> {
        const MOST: usize = 20;
        let viewer = self.viewer(by);
        let now = kept::newest(reader, number)?;
        let Some(sight) = now.and_then(|(_, kept)| kept.incident.sight(viewer)) else {
            return Ok(Vec::new());
        };
        let (mut moments, mut place, names) = (Vec::new(), Some(until), self.names());
        for _ in 0..MOST {
            let Some(at) = place.filter(|at| *at > after) else { break };
            let Some((stamp, kept)) = kept::version(reader, number, at)? else { break };
            place = kept.before;
            moments.extend(Moment::for_viewer(kept, stamp, (viewer, sight), &names));
        }
        Ok(moments)
    }

    /// Refuses a change that names what is not there, or not for who asks.
    fn check_named(&self, by: &Actor, change: &Change) -> Result<(), WatchError> {
        let standing = self.house().standing();
        let organisation = |id: &OrganisationId| self.house().number_of(id).map(drop);
        match change {
            // To whom it is routed sees all of it.
            Change::Route { to, .. } => {
                organisation(to)?;
                let of = standing.directory.organisation(to);
                if !of.is_some_and(|of| CENTRES.contains(&of.kind)) {
                    let reason = format!("{to} is no centre; admit it, and it sees its part");
                    return Err(WatchError::invalid("to", reason));
                }
            }
            Change::Affect { organisation: id, .. }
            | Change::Admit { organisation: id }
            | Change::Task { organisation: Some(id), .. } => organisation(id)?,
            Change::Assign { lead } => {
                let known = standing.directory.account(lead);
                known.ok_or_else(|| WatchError::unknown("account", lead))?;
            }
            Change::Enclose { people } => {
                let stranger = people.iter().find(|id| standing.directory.account(id).is_none());
                stranger.map_or(Ok(()), |id| Err(WatchError::unknown("account", id)))?;
            }
            Change::Link { item } => drop(self.house().item(by, item)?),
            Change::Cite { message } => {
                self.house().require_room(by, OFFICERS, "link messages of the mail desk")?;
                let kind = RecordKind::MailReport;
                let known = self.house().read(|reader| reader.record(kind, message))?;
                known.ok_or_else(|| WatchError::unknown("message", message))?;
            }
            Change::Practise { exercise: Some(exercise) } => {
                self.check_exercise(exercise, &by.organisation)?;
            }
            Change::Join { parent: Some(parent) } => self.check_parent(by, *parent)?,
            Change::Apply { regime, class, .. } => {
                let known = self.regimes.iter().find(|it| it.id == *regime);
                let known = known.ok_or_else(|| WatchError::unknown("regime", regime))?;
                check_class(known, class.as_deref())?;
            }
            Change::Send { step, .. } => {
                let regime = self.regimes.iter().find(|it| it.id == step.regime);
                let known = regime.is_some_and(|it| it.steps.iter().any(|it| it.id == step.step));
                known.then_some(()).ok_or_else(|| WatchError::unknown("step", step))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A parent is there, may be seen, and is a part of nothing itself.
    fn check_parent(&self, by: &Actor, parent: CaseNumber) -> Result<(), WatchError> {
        let brief = self.brief(by, parent)?;
        if let Some(above) = brief.row.parent {
            let reason = format!("{parent} is a part of {above} itself; join that one");
            return Err(WatchError::conflict(reason));
        }
        Ok(())
    }

    /// The cases that are a part of one.
    fn parts_of(&self, number: CaseNumber) -> Result<Vec<CaseNumber>, WatchError> {
        let held = self.index()?;
        let rows = held.get().into_iter().flat_map(|index| index.all.values()).map(|it| &it.row);
        Ok(rows.filter(|row| row.parent == Some(number)).map(|row| row.number).collect())
    }

    /// A case in memory that who asks may see.
    pub(crate) fn brief(
        &self,
        by: &Actor,
        number: CaseNumber,
    ) -> Result<Arc<crate::cases::Brief>, WatchError> {
        let held = self.index()?;
        let brief = held.get().and_then(|index| index.all.get(&number).cloned());
        let seen = brief.filter(|brief| brief.access.sight(self.viewer(by)).is_some());
        seen.ok_or_else(|| WatchError::unknown("case", number))
    }
}

/// A number as text; what is none names no case.
pub(crate) fn number_of(text: &str) -> Result<CaseNumber, WatchError> {
    text.parse().map_err(|_| WatchError::unknown("case", text))
}

/// The change that can be taken back, or why it cannot.
fn undoable(kept: &Kept) -> Result<&Change, &'static str> {
    match &kept.did {
        Did::Opened => Err("it was only reported; dismiss it instead"),
        Did::Undone(_) => Err("the last change was taken back; make it again instead"),
        Did::Changed(Change::Absorb { .. } | Change::Yield { .. }) => {
            Err("the last change is a merge or a split; take it back at the report")
        }
        Did::Changed(Change::Gather { .. }) => {
            Err("the last change is its channel's, which counted on; make another change instead")
        }
        Did::Changed(Change::Split { .. }) => Err("the last change is a split; merge it again"),
        Did::Changed(Change::Follow { .. }) => {
            Err("the last change is a playbook that was begun; give its run up")
        }
        Did::Changed(change) => Ok(change),
    }
}

/// Whether a case belongs to another exercise than the one whose part it is, or than its own parts.
fn is_unlike(
    unit: &mut dyn UnitOfWork,
    incident: &Incident,
    parts: &[CaseNumber],
) -> Result<bool, StoreError> {
    for other in incident.parent.iter().chain(parts) {
        let Some((_, kept)) = kept::newest(unit, *other)? else { continue };
        let is_part = kept.incident.parent == Some(incident.number);
        let joined = Some(*other) == incident.parent || is_part;
        if joined && kept.incident.exercise != incident.exercise {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes two cases together.
fn both(
    unit: &mut dyn UnitOfWork,
    asker: &Asker,
    (number, version, other): (CaseNumber, Sequence, CaseNumber),
    (ours, theirs): (Change, Change),
    now: vedetta_model::Instant,
) -> Result<Outcome, StoreError> {
    let mut after = Vec::new();
    for (case, version, change) in [(number, Some(version), ours), (other, None, theirs)] {
        let (stamp, kept) = match asker.read(unit, case, version)? {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !kept.incident.access().is_led_by(asker.viewer()) {
            return Ok(Err(Refusal::Forbidden));
        }
        if matches!(change, Change::Absorb { .. }) && !kept.incident.stage.is_open() {
            let reason = format!("{case} is over; reopen it first, or merge it into this one");
            return Ok(Err(Refusal::Conflict(reason)));
        }
        let unlike = |first: &Kept| first.incident.exercise != kept.incident.exercise;
        if matches!(change, Change::Absorb { .. }) && after.first().is_some_and(unlike) {
            return Ok(Err(Refusal::Conflict(UNLIKE.into())));
        }
        let by = &asker.actor.account;
        match kept.incident.clone().change(change.clone(), by, now) {
            Ok(incident) => after.push(kept.then(incident, Did::Changed(change), by, stamp.seq)),
            Err(error) => return Ok(Err(Refusal::Change(error))),
        }
    }
    put(unit, after)
}

/// Puts versions: all of them or none.
pub(crate) fn put(unit: &mut dyn UnitOfWork, after: Vec<Kept>) -> Result<Outcome, StoreError> {
    let mut written = Vec::with_capacity(after.len());
    // Too large is found before anything is written.
    if after.iter().any(Kept::is_too_large) {
        return Ok(Err(Refusal::Large));
    }
    for kept in after {
        match kept.put(unit)? {
            Some(stamp) => written.push((kept, stamp)),
            None => return Err(StoreError::Refused("the case is too large".into())),
        }
    }
    Ok(Ok(written))
}
/// A class is a step of a regime that owes one by class.
fn check_class(regime: &Regime, class: Option<&str>) -> Result<(), WatchError> {
    let Some(class) = class else { return Ok(()) };
    let classes: Vec<_> = match regime.owes {
        Owes::All => {
            let reason = format!("{} owes all its steps: leave the class out", regime.id);
            return Err(WatchError::invalid("class", reason));
        }
        Owes::OneByClass => regime.steps.iter().map(|step| step.id.as_str()).collect(),
    };
    match classes.contains(&class) {
        true => Ok(()),
        false => Err(WatchError::invalid("class", format!("one of {}", classes.join(", ")))),
    }
}
