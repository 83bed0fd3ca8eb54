//! Playbooks: imported, written anew on the version that was read, put to parties and answered.

use std::collections::BTreeMap;

use cacao::Playbook;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vedetta_desk::cacao;
use vedetta_desk::http_call::Hosts;
use vedetta_desk::procedure::{GIVEN, Procedure, ProcedureError, Step};
use vedetta_desk::refusal::Refusal as _;
use vedetta_model::part::OPERATOR;
use vedetta_model::{AccountId, Actor, Instant, Role};
use vedetta_store::{Reader, Record, RecordKind, SecretKind, Sequence, StoreError, UnitOfWork};

use crate::error::WatchError;
use crate::views::see_playbooks::PlaybookView;
use crate::watch::{OFFICERS, REPORTERS, Watch};

/// A playbook as it should be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaybookEdit {
    /// The version that was read.
    pub version: Sequence,
    /// The playbook, as CACAO writes it.
    pub playbook: Value,
}

/// A step in the life of a playbook that was read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaybookStep {
    /// The version that was read.
    pub version: Sequence,
    /// What is done.
    pub step: Step,
}

/// A host that playbooks may call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallableHost {
    /// Which, e.g. `siem.example.org` or `firewall.example.org:8443`.
    pub host: String,
    /// The value of the `Authorization` header that it wants; kept out of the ledger and never
    /// shown. The one it has stays without it.
    #[serde(default, skip_serializing)]
    pub authorization: Option<String>,
}

/// One version of a playbook as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptProcedure {
    pub(crate) procedure: Procedure,
    /// The place of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Sequence>,
}

/// The setting that names the hosts.
const HOSTS: &str = "playbook-hosts";
/// A node has no more playbooks.
const MOST: usize = 2_000;
/// Playbooks may call no more hosts.
const MOST_HOSTS: usize = 200;

/// Why a playbook is not written.
enum Refusal {
    Unknown,
    Stale,
    There,
    Older(String),
    Many,
    Step(ProcedureError),
}

impl Watch {
    /// Imports a playbook: a new one, or a newer version of one that is there.
    ///
    /// # Errors
    /// Forbidden; each fault by object and property; not newer than the one that is there.
    pub fn import_playbook(&self, by: &Actor, octets: &[u8]) -> Result<PlaybookView, WatchError> {
        self.house().require_room(by, OFFICERS, "import playbooks")?;
        let playbook = readable(octets)?;
        let (id, now) = (playbook.id.clone(), self.house().now());
        let actor = by.account.clone();
        let written = self.house().write(move |unit| {
            let Some((at, kept)) = newest(unit, &playbook.id)? else {
                return first(unit, &playbook, &actor, now);
            };
            if let Some(older) = not_newer(&kept.procedure, &playbook) {
                return Ok(Err(older));
            }
            anew(unit, (at, kept), &playbook, (&actor, now))
        })?;
        written.map_err(|why| why.error(&id))?;
        self.playbook(by, &id)
    }

    /// Writes a playbook anew on the version that was read.
    ///
    /// # Errors
    /// As [`Watch::import_playbook`]; unknown, or changed meanwhile.
    pub fn write_playbook(
        &self,
        by: &Actor,
        id: &str,
        edit: PlaybookEdit,
    ) -> Result<PlaybookView, WatchError> {
        self.house().require_room(by, OFFICERS, "write playbooks")?;
        let octets = edit.playbook.to_string();
        let playbook = readable(octets.as_bytes())?;
        if playbook.id != id {
            let what = format!("it is {}, not {id}; write it at its own address", playbook.id);
            return Err(WatchError::invalid("playbook.id", what));
        }
        let (actor, now) = (by.account.clone(), self.house().now());
        let written = self.house().write(move |unit| {
            let Some((at, kept)) = newest(unit, &playbook.id)? else {
                return Ok(Err(Refusal::Unknown));
            };
            if at != edit.version {
                return Ok(Err(Refusal::Stale));
            }
            if let Some(older) = not_newer(&kept.procedure, &playbook) {
                return Ok(Err(older));
            }
            anew(unit, (at, kept), &playbook, (&actor, now))
        })?;
        written.map_err(|why| why.error(id))?;
        self.playbook(by, id)
    }

    /// Takes a step in the life of a playbook: the room proposes, retires and resumes; a party
    /// accepts or declines for itself.
    ///
    /// # Errors
    /// Unknown to the actor, forbidden, changed meanwhile, or not from where it stands.
    pub fn step_playbook(
        &self,
        by: &Actor,
        id: &str,
        step: PlaybookStep,
    ) -> Result<PlaybookView, WatchError> {
        self.house().require(by, REPORTERS, "answer for an organisation")?;
        let seen = self.playbook(by, id)?;
        let PlaybookStep { version, step } = step;
        if matches!(step, Step::Accept | Step::Decline { .. }) {
            if !seen.procedure.parties.contains_key(&by.organisation) {
                let stranger = ProcedureError::Stranger(by.organisation.clone());
                return Err(WatchError::conflict(stranger.to_string()));
            }
        } else {
            self.house().require_room(by, OFFICERS, "propose and retire playbooks")?;
        }
        if let Step::Propose { to } = &step {
            to.iter().try_for_each(|party| self.house().number_of(party).map(drop))?;
        }
        let (name, actor, now) = (id.to_owned(), by.clone(), self.house().now());
        let written = self.house().write(move |unit| {
            let Some((at, kept)) = newest(unit, &name)? else { return Ok(Err(Refusal::Unknown)) };
            if at != version {
                return Ok(Err(Refusal::Stale));
            }
            let who = (&actor.account, &actor.organisation);
            match kept.procedure.step(step.clone(), who, now) {
                Ok(procedure) => {
                    let next = KeptProcedure { procedure, before: Some(at) };
                    put(unit, &name, &next, &actor.account).map(Ok)
                }
                Err(error) => Ok(Err(Refusal::Step(error))),
            }
        })?;
        written.map_err(|why| why.error(id))?;
        self.playbook(by, id)
    }

    /// Puts the playbooks of ours that the node never had; says how many.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn give_playbooks(&self) -> Result<usize, WatchError> {
        let now = self.house().now();
        let actor = AccountId::new(OPERATOR).map_err(vedetta_flow::FlowError::from)?;
        let ours = GIVEN.iter().filter_map(|(_, text)| cacao::read(text.as_bytes()).playbook);
        let ours: Vec<Playbook> = ours.collect();
        let given = self.house().write(move |unit| {
            let mut given = 0;
            for playbook in &ours {
                if newest(unit, &playbook.id)?.is_none() {
                    given += usize::from(first(unit, playbook, &actor, now)?.is_ok());
                }
            }
            Ok(given)
        })?;
        Ok(given)
    }

    /// The hosts that playbooks may call.
    ///
    /// # Errors
    /// Forbidden.
    pub fn callable_hosts(&self, by: &Actor) -> Result<Vec<CallableHost>, WatchError> {
        self.house().require_room(by, &[Role::Auditor], "see which hosts playbooks may call")?;
        let hosts = self.house().read(|reader| hosts(reader))?.0.into_iter();
        Ok(hosts.map(|host| CallableHost { host, authorization: None }).collect())
    }

    /// Says which hosts playbooks may call, and no others.
    ///
    /// # Errors
    /// Forbidden, or what is no host.
    pub fn allow_hosts(
        &self,
        by: &Actor,
        allowed: Vec<CallableHost>,
    ) -> Result<Vec<CallableHost>, WatchError> {
        self.house().require_room(by, &[], "say which hosts playbooks may call")?;
        let names = Hosts(allowed.iter().map(|it| it.host.clone()).collect());
        names.check().map_err(|what| {
            let wrong = allowed
                .iter()
                .map(|it| &it.host)
                .find(|host| Hosts(std::iter::once((*host).clone()).collect()).check().is_err());
            let wrong = wrong.map_or("", String::as_str);
            let italian = format!(
                "«{wrong}» non è un host: scrivilo come siem.example.org o siem.example.org:8443"
            );
            WatchError::refused(vedetta_flow::FlowError::invalid("hosts", what), italian)
        })?;
        let odd = |it: &CallableHost| {
            it.authorization.as_ref().is_some_and(|it| it.chars().any(char::is_control))
        };
        if names.0.len() > MOST_HOSTS || allowed.iter().any(odd) {
            let what =
                format!("more than {MOST_HOSTS} hosts, or an authorization with a line break");
            return Err(WatchError::invalid("hosts", what));
        }
        let actor = by.account.clone();
        self.house().write(move |unit| {
            for gone in hosts(unit)?.0.difference(&names.0) {
                unit.erase_secret(SecretKind::Node, &authorization(gone))?;
            }
            for it in &allowed {
                if let Some(secret) = &it.authorization {
                    unit.put_secret(SecretKind::Node, &authorization(&it.host), secret.as_bytes())?;
                }
            }
            let body = serde_json::to_vec(&names)
                .map_err(|error| StoreError::Refused(error.to_string()))?;
            unit.put_record(RecordKind::Setting, HOSTS, &body, actor.as_str())
        })?;
        self.callable_hosts(by)
    }
}

impl Refusal {
    fn error(self, id: &str) -> WatchError {
        let told = |english: String, italian: String| {
            WatchError::refused(vedetta_flow::FlowError::Conflict(english), italian)
        };
        match self {
            Self::Unknown => WatchError::unknown("playbook", id),
            Self::Stale => told(
                format!("{id} was changed since you read it; read it again and repeat"),
                "la procedura è cambiata intanto: guarda com'è adesso e ripeti".into(),
            ),
            Self::There => told(
                format!("{id} is there already"),
                "questa versione c'è già: non resta nulla da fare".into(),
            ),
            Self::Older(modified) => told(
                format!("{id} is there with modified {modified}; give the new version a later one"),
                format!(
                    "c'è già una versione con «modified» {modified}: metti nella nuova un momento successivo"
                ),
            ),
            Self::Many => told(
                format!("there are {MOST} playbooks; write one of them anew instead"),
                format!("ci sono già {MOST} procedure: riscrivine una"),
            ),
            Self::Step(error) => told(error.to_string(), error.italian()),
        }
    }
}

/// A playbook, or its faults in one sentence.
fn readable(octets: &[u8]) -> Result<Playbook, WatchError> {
    const TOLD: usize = 10;
    let reading = cacao::read(octets);
    reading.playbook.ok_or_else(|| {
        let told: Vec<_> = reading.faults.iter().take(TOLD).map(ToString::to_string).collect();
        let more = reading.faults.len().saturating_sub(TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        WatchError::invalid("playbook", format!("{}{more}", told.join("; ")))
    })
}

/// What is there is as new, unless it is this very text.
fn not_newer(there: &Procedure, new: &Playbook) -> Option<Refusal> {
    let modified = there.playbook.get("modified").and_then(Value::as_str).unwrap_or_default();
    let moment: Option<jiff::Timestamp> = modified.parse().ok();
    if there.playbook == new.source {
        return Some(Refusal::There);
    }
    moment.is_some_and(|moment| new.modified <= moment).then(|| Refusal::Older(modified.into()))
}

fn first(
    unit: &mut dyn UnitOfWork,
    playbook: &Playbook,
    by: &AccountId,
    at: Instant,
) -> Result<Result<Sequence, Refusal>, StoreError> {
    if unit.records_after(RecordKind::Playbook, "", MOST)?.len() >= MOST {
        return Ok(Err(Refusal::Many));
    }
    let playbook_text = playbook.source.clone();
    let (by, parties) = (by.clone(), BTreeMap::new());
    let procedure =
        Procedure { playbook: playbook_text, by: by.clone(), at, parties, retired: None };
    put(unit, &playbook.id, &KeptProcedure { procedure, before: None }, &by).map(Ok)
}

fn anew(
    unit: &mut dyn UnitOfWork,
    (at, kept): (Sequence, KeptProcedure),
    playbook: &Playbook,
    (by, now): (&AccountId, Instant),
) -> Result<Result<Sequence, Refusal>, StoreError> {
    match kept.procedure.rewritten(playbook.source.clone(), by, now) {
        Ok(procedure) => {
            let next = KeptProcedure { procedure, before: Some(at) };
            put(unit, &playbook.id, &next, by).map(Ok)
        }
        Err(error) => Ok(Err(Refusal::Step(error))),
    }
}

fn put(
    unit: &mut dyn UnitOfWork,
    id: &str,
    kept: &KeptProcedure,
    by: &AccountId,
) -> Result<Sequence, StoreError> {
    let body =
        serde_json::to_vec(kept).map_err(|error| StoreError::Refused(format!("{id}: {error}")))?;
    Ok(unit.put_record(RecordKind::Playbook, id, &body, by.as_str())?.seq)
}

/// The newest version of a playbook.
pub(crate) fn newest(
    reader: &mut (impl Reader + ?Sized),
    id: &str,
) -> Result<Option<(Sequence, KeptProcedure)>, StoreError> {
    reader.record(RecordKind::Playbook, id)?.map(|record| read_kept(&record)).transpose()
}

/// The version of a playbook at a place of the ledger.
pub(crate) fn kept_at(
    reader: &mut (impl Reader + ?Sized),
    at: Sequence,
    id: &str,
) -> Result<Option<(Sequence, KeptProcedure)>, StoreError> {
    let entry = reader.entries(Sequence(at.0.saturating_sub(1)), 1)?.pop();
    let entry = entry.filter(|it| it.stamp.seq == at && it.subject == id);
    let kept = entry.map(|it| serde_json::from_slice(&it.body)).transpose();
    Ok(kept.map_err(|error| spoilt(id, &error))?.map(|kept| (at, kept)))
}

pub(crate) fn read_kept(record: &Record) -> Result<(Sequence, KeptProcedure), StoreError> {
    let kept = serde_json::from_slice(&record.body).map_err(|error| spoilt(&record.id, &error))?;
    Ok((record.stamp.seq, kept))
}

/// The playbook as a version has it.
pub(crate) fn playbook_of(procedure: &Procedure, id: &str) -> Result<Playbook, StoreError> {
    let reading = cacao::read(procedure.playbook.to_string().as_bytes());
    reading.playbook.ok_or_else(|| StoreError::Damaged {
        place: "ledger".into(),
        what: id.to_owned(),
        reason: reading.faults.first().map_or_else(String::new, ToString::to_string),
    })
}

/// The hosts that are allowed.
pub(crate) fn hosts(reader: &mut (impl Reader + ?Sized)) -> Result<Hosts, StoreError> {
    let record = reader.record(RecordKind::Setting, HOSTS)?;
    let hosts = record.map(|it| serde_json::from_slice(&it.body)).transpose();
    Ok(hosts.map_err(|error| spoilt(HOSTS, &error))?.unwrap_or_default())
}

/// Under which name the secret of a host is.
pub(crate) fn authorization(host: &str) -> String {
    format!("playbook-host/{host}")
}

pub(crate) fn spoilt(what: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged { place: "ledger".into(), what: what.into(), reason: error.to_string() }
}
