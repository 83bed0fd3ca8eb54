//! Playbooks: all of them for the room and who checks on it, for others those put to them.

use serde::Serialize;
use serde_json::Value;
use vedetta_desk::cacao;
use vedetta_desk::procedure::{Procedure, Standing};
use vedetta_desk::run::{Branch, Tongue, outline};
use vedetta_model::{AccountId, Actor, Instant, Language, Role};
use vedetta_store::{RecordKind, Sequence, StoreError};

use crate::actions::keep_playbooks::{KeptProcedure, kept_at, newest, playbook_of, read_kept};
use crate::error::WatchError;
use crate::watch::Watch;

/// A playbook in a list.
#[derive(Clone, Debug, Serialize)]
pub struct PlaybookRow {
    /// Its identifier.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Of which kinds it is.
    pub types: Vec<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// How it stands.
    pub standing: Standing,
    /// How many actions it has.
    pub actions: usize,
    /// Its version here.
    pub version: Sequence,
}

/// A playbook.
#[derive(Clone, Debug, Serialize)]
pub struct PlaybookView {
    /// Its identifier.
    pub id: String,
    /// What it is called, in the language asked for.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its version here, to be given back with a change.
    pub version: Sequence,
    /// When this version was taken in.
    pub at: Instant,
    /// How it stands.
    pub standing: Standing,
    /// It as it is kept, with its parties.
    pub procedure: Procedure,
    /// Its steps as they are met.
    pub steps: Vec<Branch>,
    /// What its author may want to look at again.
    pub remarks: Vec<cacao::Fault>,
    /// Whether the actor is asked to accept it.
    pub may_answer: bool,
    /// Whether the actor may write, propose and retire it.
    pub may_write: bool,
}

/// A version of a playbook: a text, whoever accepted it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edition {
    /// Its first place in the ledger.
    pub version: Sequence,
    /// Who wrote or imported it.
    pub by: AccountId,
    /// When.
    pub at: Instant,
}

/// Versions told at most, and looked at for them.
const EDITIONS: usize = 50;
const LOOKED_AT: usize = 500;

const ROOM: &[Role] = &[Role::DutyOfficer, Role::Analyst, Role::Auditor];
const WRITERS: &[Role] = &[Role::DutyOfficer, Role::Analyst];

impl Watch {
    /// The playbooks that an actor may see, by name.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn playbooks(&self, by: &Actor) -> Result<Vec<PlaybookRow>, WatchError> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let read = |place: &str| {
                self.house().read(|reader| reader.records_after(RecordKind::Playbook, place, 100))
            };
            let page = read(&after)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for record in &page {
                let (version, kept) = read_kept(record)?;
                if !self.sees(by, &kept.procedure) {
                    continue;
                }
                let playbook = playbook_of(&kept.procedure, &record.id)?;
                let tongue = Tongue { playbook: &playbook, language: by.language };
                let acts = |step: &&cacao::Step| step.type_name().ends_with("action");
                rows.push(PlaybookRow {
                    id: record.id.clone(),
                    name: tongue.name().to_owned(),
                    description: tongue.description().to_owned(),
                    types: playbook.types.clone(),
                    labels: playbook.labels.clone(),
                    standing: kept.procedure.standing(),
                    actions: playbook.steps.iter().filter(acts).count(),
                    version,
                });
            }
        }
        rows.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.id.cmp(&other.id)));
        Ok(rows)
    }

    /// A playbook, in the actor's language.
    ///
    /// # Errors
    /// Unknown, or not put to the actor: the answer is the same.
    pub fn playbook(&self, by: &Actor, id: &str) -> Result<PlaybookView, WatchError> {
        self.playbook_in(by, id, by.language)
    }

    /// A playbook in a language.
    ///
    /// # Errors
    /// As [`Watch::playbook`].
    pub fn playbook_in(
        &self,
        by: &Actor,
        id: &str,
        language: Language,
    ) -> Result<PlaybookView, WatchError> {
        let found = self.house().read(|reader| newest(reader, id))?;
        let found = found.filter(|(_, kept)| self.sees(by, &kept.procedure));
        let (version, kept) = found.ok_or_else(|| WatchError::unknown("playbook", id))?;
        let mut procedure = kept.procedure;
        let playbook = playbook_of(&procedure, id)?;
        let tongue = Tongue { playbook: &playbook, language };
        let room = self.house().is_of_the_room(by, ROOM);
        if !room {
            // Who else is asked is theirs to tell.
            procedure.parties.retain(|party, _| *party == by.organisation);
        }
        Ok(PlaybookView {
            id: id.to_owned(),
            name: tongue.name().to_owned(),
            description: tongue.description().to_owned(),
            version,
            at: procedure.at,
            standing: procedure.standing(),
            steps: outline(tongue, None),
            remarks: cacao::read(procedure.playbook.to_string().as_bytes()).remarks,
            may_answer: procedure.parties.contains_key(&by.organisation),
            may_write: self.house().is_of_the_room(by, WRITERS),
            procedure,
        })
    }

    /// The versions of a playbook, the newest first.
    ///
    /// # Errors
    /// As [`Watch::playbook`].
    pub fn editions(&self, by: &Actor, id: &str) -> Result<Vec<Edition>, WatchError> {
        self.playbook(by, id)?;
        let editions = self.house().read(|reader| {
            let (mut editions, mut next) = (Vec::<Edition>::new(), newest(reader, id)?);
            for _ in 0..LOOKED_AT {
                let Some((version, KeptProcedure { procedure, before })) = next.take() else {
                    break;
                };
                let full = editions.len() == EDITIONS;
                match editions.last_mut() {
                    // What its parties said is no version of the text.
                    Some(last) if last.at == procedure.at => last.version = version,
                    _ if full => break,
                    _ => editions.push(Edition { version, by: procedure.by, at: procedure.at }),
                }
                next = before.map(|at| kept_at(reader, at, id)).transpose()?.flatten();
            }
            Ok::<_, StoreError>(editions)
        });
        Ok(editions?)
    }

    /// A playbook as CACAO writes it, whole.
    ///
    /// # Errors
    /// As [`Watch::playbook`].
    pub fn export_playbook(&self, by: &Actor, id: &str) -> Result<Value, WatchError> {
        let found = self.house().read(|reader| newest(reader, id))?;
        let found = found.filter(|(_, kept)| self.sees(by, &kept.procedure));
        let (_, kept) = found.ok_or_else(|| WatchError::unknown("playbook", id))?;
        Ok(kept.procedure.playbook)
    }

    fn sees(&self, by: &Actor, procedure: &Procedure) -> bool {
        self.house().is_of_the_room(by, ROOM) || procedure.parties.contains_key(&by.organisation)
    }
}
