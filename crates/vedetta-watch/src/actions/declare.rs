//! Declaring a crisis or an exercise, and ending it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use vedetta_desk::posture::{Declared, Ended, Kind, Posture};
use vedetta_flow::FlowError;
use vedetta_model::item::MOST_PARTICIPANTS;
use vedetta_model::{Actor, Exercise, OrganisationId, Role};
use vedetta_store::{RecordKind, StoreError, UnitOfWork};

use crate::actions::keep_playbooks::spoilt;
use crate::error::WatchError;
use crate::watch::Watch;

/// The postures, as the ledger has them; nothing until they were read.
#[derive(Default)]
pub(crate) struct Postures(Mutex<Option<Arc<Vec<Posture>>>>);

/// The setting that holds them, the newest first.
const POSTURES: &str = "postures";
/// At once so many hold, and so many are remembered.
const HOLDING: usize = 20;
const MOST: usize = 200;
/// Who declares.
const DECLARERS: &[Role] = &[Role::DutyOfficer];

impl Watch {
    /// Every crisis and exercise that is remembered, the newest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn all_postures(&self) -> Result<Arc<Vec<Posture>>, WatchError> {
        let mut known = self.postures.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(Arc::clone(known));
        }
        let read = self.house().read(|reader| reader.record(RecordKind::Setting, POSTURES))?;
        let read = read.map(|record| postures_of(&record.body)).transpose()?.unwrap_or_default();
        Ok(Arc::clone(known.insert(Arc::new(read))))
    }

    /// Those that somebody is told of: every crisis, and the exercises in which they take part; the room
    /// of all. The newest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn postures(&self, by: &Actor) -> Result<Vec<Posture>, WatchError> {
        let room = [Role::DutyOfficer, Role::Analyst, Role::Auditor];
        let room = self.house().is_of_the_room(by, &room);
        let told = |it: &&Posture| {
            let takes_part = it.declared.participants.contains(&by.organisation);
            room || it.declared.kind == Kind::Crisis || takes_part
        };
        Ok(self.all_postures()?.iter().filter(told).cloned().collect())
    }

    /// Declares a crisis or an exercise: from now on everybody whom it concerns sees it on every page.
    ///
    /// # Errors
    /// Forbidden, an organisation that is unknown, or what is not said.
    pub fn declare(&self, by: &Actor, declared: Declared) -> Result<Posture, WatchError> {
        self.house().require_room(by, DECLARERS, "declare a crisis or an exercise")?;
        declared.check()?;
        if declared.participants.len() >= MOST_PARTICIPANTS {
            let reason = format!("they are more than {}; hold several", MOST_PARTICIPANTS - 1);
            return Err(WatchError::invalid("participants", reason));
        }
        let mut named = declared.centre.iter().chain(&declared.participants);
        named.try_for_each(|id| self.house().number_of(id).map(drop))?;
        let named = self.exercises_named()?;
        let (now, account) = (self.house().now(), by.account.clone());
        let year = now.day().year();
        let posture = self.write_postures(move |unit| {
            let mut all = kept(unit)?;
            if all.iter().filter(|it| it.holds()).count() >= HOLDING {
                return Ok(Err(WatchError::conflict(format!(
                    "{HOLDING} crises and exercises hold already; end one first"
                ))));
            }
            let of_year = |it: &&Posture| it.id.starts_with(&format!("{year}-"));
            let last = all.iter().filter(of_year).filter_map(|it| it.id.get(6..)?.parse().ok());
            let serial: u32 = last.max().unwrap_or(0) + 1;
            let id = format!("{year}-p{serial:03}");
            let (declared, by) = (declared.clone(), account.clone());
            let posture = Posture { id, declared, by, since: now, ended: None };
            all.insert(0, posture.clone());
            // What holds is never forgotten, nor who takes part in what a case belongs to.
            while all.len() > MOST {
                let gone = |it: &Posture| !it.holds() && !named.contains(&it.id);
                let Some(last) = all.iter().rposition(gone) else { break };
                all.remove(last);
            }
            put(unit, &all, account.as_str())?;
            Ok(Ok((all, posture)))
        })?;
        Ok(posture)
    }

    /// Ends one.
    ///
    /// # Errors
    /// Forbidden, unknown, ended before, or without a reason.
    pub fn end_posture(&self, by: &Actor, id: &str, reason: String) -> Result<Posture, WatchError> {
        self.house().require_room(by, DECLARERS, "end a crisis or an exercise")?;
        if reason.trim().is_empty() || reason.chars().count() > 2_000 {
            let error = FlowError::invalid("reason", "say why in a sentence");
            return Err(WatchError::refused(error, "di' il motivo in una frase"));
        }
        let (id, account, at) = (id.to_owned(), by.account.clone(), self.house().now());
        self.write_postures(move |unit| {
            let mut all = kept(unit)?;
            let Some(posture) = all.iter_mut().find(|it| it.id == id) else {
                return Ok(Err(WatchError::unknown("posture", &id)));
            };
            if !posture.holds() {
                return Ok(Err(WatchError::conflict(format!("{id} has ended already"))));
            }
            let (by, reason) = (account.clone(), reason.clone());
            posture.ended = Some(Ended { by, at, reason });
            let posture = posture.clone();
            put(unit, &all, account.as_str())?;
            Ok(Ok((all, posture)))
        })
    }

    /// The exercises to which cases belong.
    fn exercises_named(&self) -> Result<BTreeSet<String>, WatchError> {
        let held = self.index()?;
        let all = held.get().into_iter().flat_map(|index| index.all.values());
        Ok(all.filter_map(|brief| brief.row.exercise.clone()).collect())
    }

    fn write_postures(
        &self,
        work: impl FnMut(
            &mut dyn UnitOfWork,
        ) -> Result<Result<(Vec<Posture>, Posture), WatchError>, StoreError>
        + Send
        + 'static,
    ) -> Result<Posture, WatchError> {
        // Held until it is known what holds: nobody reads what was before in between.
        let mut known = self.postures.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, posture) = self.house().write(work)??;
        *known = Some(Arc::new(all));
        Ok(posture)
    }

    /// The crisis that holds for what a centre answers.
    pub(crate) fn crisis_of(&self, centre: Option<&OrganisationId>) -> Option<Posture> {
        let all = self.all_postures().ok()?;
        all.iter().find(|it| it.is_crisis_of(centre)).cloned()
    }

    /// The exercise to which what somebody publishes belongs.
    ///
    /// # Errors
    /// Unknown, over, or one in which their organisation takes no part.
    pub fn exercise(&self, by: &Actor, id: &str) -> Result<Exercise, WatchError> {
        self.check_exercise(id, &by.organisation)?;
        self.practised(id)
    }

    /// An exercise, while it holds or after: its name, and who takes part, the room among them.
    pub(crate) fn practised(&self, id: &str) -> Result<Exercise, WatchError> {
        let all = self.all_postures()?;
        let is_it = |it: &&Posture| it.id == id && it.declared.kind == Kind::Exercise;
        let found = all.iter().find(is_it);
        let Declared { name, mut participants, .. } =
            found.ok_or_else(|| WatchError::unknown("exercise", id))?.declared.clone();
        participants.extend(self.house().standing().own.clone());
        Ok(Exercise { name, participants })
    }

    /// Who takes part in an exercise.
    pub(crate) fn participants_of(&self, id: &str) -> Result<BTreeSet<OrganisationId>, WatchError> {
        Ok(self.practised(id)?.participants)
    }

    /// An exercise to which something of an organisation may belong.
    ///
    /// # Errors
    /// Unknown, over, or one in which the organisation takes no part.
    pub(crate) fn check_exercise(&self, id: &str, of: &OrganisationId) -> Result<(), WatchError> {
        let all = self.all_postures()?;
        let own = self.house().standing().own.clone();
        let fits = |it: &&Posture| {
            it.id == id
                && it.holds()
                && it.declared.kind == Kind::Exercise
                && (it.is_exercise_of(of) || own.as_ref() == Some(of))
        };
        let found = all.iter().find(fits);
        found.map(drop).ok_or_else(|| WatchError::unknown("exercise", id))
    }
}

fn kept(unit: &mut dyn UnitOfWork) -> Result<Vec<Posture>, StoreError> {
    let record = unit.record(RecordKind::Setting, POSTURES)?;
    Ok(record.map(|record| postures_of(&record.body)).transpose()?.unwrap_or_default())
}

fn postures_of(body: &[u8]) -> Result<Vec<Posture>, StoreError> {
    serde_json::from_slice(body).map_err(|error| spoilt(POSTURES, &error))
}

fn put(unit: &mut dyn UnitOfWork, all: &[Posture], actor: &str) -> Result<(), StoreError> {
    let body = serde_json::to_vec(all).map_err(|error| spoilt(POSTURES, &error))?;
    unit.put_record(RecordKind::Setting, POSTURES, &body, actor).map(drop)
}
