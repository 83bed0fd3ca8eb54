//! Following a playbook for a case: begun by the room, step by step by those who take part, with
//! who did what when. A run is kept under its case's number, and follows the version with which it
//! began.

use cacao::Playbook;
use serde::{Deserialize, Serialize};
use vedetta_desk::http_call::{CallError, Prepared, prepare};
use vedetta_desk::procedure::Standing;
use vedetta_desk::refusal::Refusal as _;
use vedetta_desk::run::{Act, RunError};
use vedetta_desk::{CaseNumber, Change, Run, cacao};
use vedetta_flow::FlowError;
use vedetta_model::{AccountId, Actor};
use vedetta_store::{Reader, RecordKind, SecretKind, Sequence, StoreError, UnitOfWork};

use crate::actions::change_case::{Refusal, number_of, put};
use crate::actions::keep_playbooks::{self as playbooks, KeptProcedure};
use crate::error::WatchError;
use crate::kept::Did;
use crate::views::see_runs::RunView;
use crate::watch::{OFFICERS, Watch};

/// Begins a playbook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// Which playbook.
    pub playbook: String,
    /// The run and open step for which it is followed, where that is another playbook's step.
    #[serde(default)]
    pub within: Option<(u32, u32)>,
}

/// Does something in a run as it was read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStep {
    /// The version of the run that was read.
    pub version: Sequence,
    /// What is done.
    pub act: Act,
}

/// A request that is to be made now: it is in the ledger that it is being made.
#[derive(Clone)]
pub struct DueRequest {
    /// The request.
    pub prepared: Prepared,
    /// The value of its `Authorization` header.
    pub authorization: Option<String>,
    /// The version of the run that says so.
    pub version: Sequence,
}

/// A version of a run as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptRun {
    pub(crate) run: Run,
    /// The place of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Sequence>,
}

/// The most runs of one case.
const MOST: u32 = 999;

/// Why nothing was done in a run.
enum NoRun {
    Unknown,
    Stale,
    Run(RunError),
    Call(CallError),
}

impl Watch {
    /// Begins to follow a playbook for a case.
    ///
    /// # Errors
    /// Forbidden to others than the room; unknown; a case that is over, a playbook that is retired.
    pub fn begin_run(&self, by: &Actor, number: &str, new: NewRun) -> Result<RunView, WatchError> {
        let number = number_of(number)?;
        self.playbook(by, &new.playbook)?;
        let (asker, now) = (self.asker(by), self.house().now());
        let begun = self.house().write(move |unit| {
            let (stamp, kept) = match asker.read(unit, number, None)? {
                Ok(read) => read,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if !kept.incident.access().is_led_by(asker.viewer()) {
                return Ok(Err(Refusal::Forbidden));
            }
            if !kept.incident.stage.is_open() {
                let reason = format!("{number} is over; reopen it first");
                return Ok(Err(Refusal::Conflict(reason)));
            }
            let account = asker.viewer().account.clone();
            let run = match new_run(unit, &new, (&account, now))? {
                Ok(run) => run,
                Err(reason) => return Ok(Err(Refusal::Conflict(reason))),
            };
            let Some(place) = next_place(unit, number)? else {
                let reason = format!(
                    "{number} has {MOST} runs; give its open ones up, and go on in another case"
                );
                return Ok(Err(Refusal::Conflict(reason)));
            };
            if let Some((of, node)) = new.within
                && let Some(reason) = take_up(unit, (number, of, node), place, (&account, now))?
            {
                return Ok(Err(Refusal::Conflict(reason)));
            }
            let change = Change::Follow { run: place, name: run.name.clone() };
            let incident = match kept.incident.clone().change(change.clone(), &account, now) {
                Ok(incident) => incident,
                Err(error) => return Ok(Err(Refusal::Change(error))),
            };
            put_run(unit, (number, place), &KeptRun { run, before: None }, &account)?;
            let after = kept.then(incident, Did::Changed(change), &account, stamp.seq);
            Ok(put(unit, vec![after])?.map(|written| (place, written)))
        })?;
        let (place, written): (u32, _) =
            begun.map_err(|refusal| self.refused(by, number, None, refusal))?;
        for (kept, stamp) in &written {
            self.learn(kept, *stamp);
        }
        self.run(by, &number.to_string(), place)
    }

    /// Does something in a run.
    ///
    /// # Errors
    /// Unknown to the actor, forbidden, changed meanwhile, or not from where it stands.
    pub fn act_in_run(
        &self,
        by: &Actor,
        number: &str,
        place: u32,
        step: RunStep,
    ) -> Result<RunView, WatchError> {
        let seen = self.run(by, number, place)?;
        if !seen.may_act || (matches!(step.act, Act::GiveUp { .. }) && !seen.may_lead) {
            return Err(forbidden(by));
        }
        let (number, now) = (seen.number, self.house().now());
        let (actor, RunStep { version, act }) = (by.account.clone(), step);
        self.write_run(by, (number, place), Some(version), move |run, playbook| {
            run.act(playbook, act.clone(), (&actor, now))
        })?;
        self.run(by, &number.to_string(), place)
    }

    /// Prepares the request of a command, and writes that it is being made.
    ///
    /// # Errors
    /// As [`Watch::act_in_run`]; a host that is not allowed.
    pub fn prepare_request(
        &self,
        by: &Actor,
        (number, place): (&str, u32),
        version: Sequence,
        (node, command): (u32, usize),
    ) -> Result<DueRequest, WatchError> {
        // The node speaks with what it was trusted with: its own room decides on that.
        self.house().require_room(by, OFFICERS, "have a request made")?;
        let seen = self.run(by, number, place)?;
        if !seen.may_lead {
            return Err(forbidden(by));
        }
        let (number, now, actor) = (seen.number, self.house().now(), by.account.clone());
        // Texts are filled in before the unit: whoever wrote a large playbook holds up only this.
        let read = self.house().read(|reader| {
            let newest = newest(reader, number, place)?;
            Ok::<_, StoreError>((newest, playbooks::hosts(reader)?))
        })?;
        let (Some((at, kept, playbook)), hosts) = read else {
            return Err(NoRun::Unknown.error(number, place));
        };
        if at != version {
            return Err(NoRun::Stale.error(number, place));
        }
        let prepared = prepare(&kept.run, &playbook, (node, command), &hosts)
            .map_err(|error| NoRun::Call(error).error(number, place))?;
        let to = format!("{} {}", prepared.method, prepared.url);
        let run = kept.run.calling(&playbook, (node, command, to), (&actor, now));
        let run = run.map_err(|error| NoRun::Run(error).error(number, place))?;
        let next = KeptRun { run, before: Some(at) };
        let written = self.house().write(move |unit| {
            let still = unit.record(RecordKind::Run, &name(number, place))?;
            if still.map(|it| it.stamp.seq) != Some(at) {
                return Ok(Err(NoRun::Stale));
            }
            let host = &prepared.host;
            if !playbooks::hosts(unit)?.0.contains(host) {
                return Ok(Err(NoRun::Call(CallError::Host(host.clone()))));
            }
            let secret = unit.secret(SecretKind::Node, &playbooks::authorization(host))?;
            let authorization = secret.and_then(|it| String::from_utf8(it).ok());
            let version = put_run(unit, (number, place), &next, &actor)?;
            Ok(Ok(DueRequest { prepared: prepared.clone(), authorization, version }))
        })?;
        written.map_err(|why| why.error(number, place))
    }

    /// Writes what came of a request.
    ///
    /// # Errors
    /// As [`Watch::act_in_run`].
    pub fn record_request(
        &self,
        by: &Actor,
        (number, place): (&str, u32),
        (node, command): (u32, usize),
        answer: String,
    ) -> Result<RunView, WatchError> {
        let case = number_of(number)?;
        let (now, actor) = (self.house().now(), by.account.clone());
        // Whoever did something else meanwhile did not undo that it was made.
        self.write_run(by, (case, place), None, move |run, _| {
            run.called((node, command, answer.clone()), (&actor, now))
        })?;
        self.run(by, number, place)
    }

    fn write_run(
        &self,
        by: &Actor,
        (number, place): (CaseNumber, u32),
        version: Option<Sequence>,
        act: impl Fn(Run, &Playbook) -> Result<Run, RunError> + Send + 'static,
    ) -> Result<(), WatchError> {
        let actor = by.account.clone();
        let written = self.house().write(move |unit| {
            let Some((at, kept, playbook)) = newest(unit, number, place)? else {
                return Ok(Err(NoRun::Unknown));
            };
            if version.is_some_and(|version| at != version) {
                return Ok(Err(NoRun::Stale));
            }
            match act(kept.run, &playbook) {
                Ok(run) => {
                    let next = KeptRun { run, before: Some(at) };
                    put_run(unit, (number, place), &next, &actor).map(Ok)
                }
                Err(error) => Ok(Err(NoRun::Run(error))),
            }
        })?;
        written.map(drop).map_err(|why| why.error(number, place))
    }
}

impl NoRun {
    fn error(self, number: CaseNumber, place: u32) -> WatchError {
        match self {
            Self::Unknown => WatchError::unknown("run", name(number, place)),
            Self::Stale => WatchError::conflict(
                "somebody went on with this run since you read it; read it again and repeat",
            ),
            Self::Run(error) => {
                let told = match &error {
                    RunError::Answer(..) | RunError::Value { .. } | RunError::Text(_) => {
                        FlowError::invalid("act", &error)
                    }
                    _ => FlowError::Conflict(error.to_string()),
                };
                WatchError::refused(told, error.italian())
            }
            Self::Call(error) => {
                WatchError::refused(FlowError::Conflict(error.to_string()), error.italian())
            }
        }
    }
}

fn forbidden(by: &Actor) -> WatchError {
    FlowError::Forbidden {
        who: by.account.to_string(),
        what: "do this in the run",
        advice: "it is for the operations room, and steps also for those who accepted the playbook",
    }
    .into()
}

/// A run of the newest version of a playbook, or why there is none.
fn new_run(
    unit: &mut dyn UnitOfWork,
    new: &NewRun,
    who: (&AccountId, vedetta_model::Instant),
) -> Result<Result<Run, String>, StoreError> {
    let Some((at, KeptProcedure { procedure, .. })) = playbooks::newest(unit, &new.playbook)?
    else {
        return Ok(Err(format!("there is no playbook {}", new.playbook)));
    };
    if procedure.standing() == Standing::Retired {
        return Ok(Err("this playbook is retired; resume it first, or choose another".into()));
    }
    let playbook = playbooks::playbook_of(&procedure, &new.playbook)?;
    let run = Run::begin(&playbook, at.0, who).map_err(|error| error.to_string());
    Ok(run.map(|run| Run { within: new.within, ..run }))
}

/// Notes at a step of another run that this one is followed for it; or why not.
fn take_up(
    unit: &mut dyn UnitOfWork,
    (number, of, node): (CaseNumber, u32, u32),
    place: u32,
    who: (&AccountId, vedetta_model::Instant),
) -> Result<Option<String>, StoreError> {
    let Some((at, kept, playbook)) = newest(unit, number, of)? else {
        return Ok(Some(format!("there is no run {}", name(number, of))));
    };
    match kept.run.followed(&playbook, (node, place), who) {
        Ok(run) => {
            put_run(unit, (number, of), &KeptRun { run, before: Some(at) }, who.0)?;
            Ok(None)
        }
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// Under which name a run is kept: in the order of its number.
pub(crate) fn name(number: CaseNumber, place: u32) -> String {
    format!("{number}/{place:03}")
}

/// The number of the next run of a case.
fn next_place(unit: &mut dyn UnitOfWork, number: CaseNumber) -> Result<Option<u32>, StoreError> {
    let runs = of_case(unit, number)?;
    let next = runs.last().map_or(1, |(place, ..)| place + 1);
    Ok((next <= MOST).then_some(next))
}

/// The runs of a case, by number.
pub(crate) fn of_case(
    reader: &mut (impl Reader + ?Sized),
    number: CaseNumber,
) -> Result<Vec<(u32, Sequence, Run)>, StoreError> {
    let prefix = format!("{number}/");
    let records = reader.records_after(RecordKind::Run, &prefix, MOST as usize)?;
    let ours = records.into_iter().take_while(|record| record.id.starts_with(&prefix));
    let read = ours.map(|record| {
        let kept: KeptRun = serde_json::from_slice(&record.body)
            .map_err(|error| playbooks::spoilt(&record.id, &error))?;
        let place = record.id.strip_prefix(&prefix).and_then(|it| it.parse().ok()).unwrap_or(0);
        Ok((place, record.stamp.seq, kept.run))
    });
    read.collect()
}

/// The newest version of a run, with the playbook that it follows.
pub(crate) fn newest(
    reader: &mut (impl Reader + ?Sized),
    number: CaseNumber,
    place: u32,
) -> Result<Option<(Sequence, KeptRun, Playbook)>, StoreError> {
    let id = name(number, place);
    let Some(record) = reader.record(RecordKind::Run, &id)? else { return Ok(None) };
    let kept: KeptRun =
        serde_json::from_slice(&record.body).map_err(|error| playbooks::spoilt(&id, &error))?;
    let edition = Sequence(kept.run.edition);
    let procedure = playbooks::kept_at(reader, edition, &kept.run.playbook)?;
    let (_, procedure) =
        procedure.ok_or_else(|| StoreError::Refused(format!("{id}: no {edition}")))?;
    let playbook = playbooks::playbook_of(&procedure.procedure, &kept.run.playbook)?;
    Ok(Some((record.stamp.seq, kept, playbook)))
}

fn put_run(
    unit: &mut dyn UnitOfWork,
    (number, place): (CaseNumber, u32),
    kept: &KeptRun,
    by: &AccountId,
) -> Result<Sequence, StoreError> {
    let id = name(number, place);
    let body =
        serde_json::to_vec(kept).map_err(|error| StoreError::Refused(format!("{id}: {error}")))?;
    Ok(unit.put_record(RecordKind::Run, &id, &body, by.as_str())?.seq)
}
