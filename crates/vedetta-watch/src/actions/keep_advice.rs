//! The library of recommendations: those given, with what the room wrote of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_desk::Change;
use vedetta_desk::advice::Advice;
use vedetta_model::{Actor, Role};
use vedetta_store::{RecordKind, Sequence};

use crate::actions::keep_playbooks::spoilt;
use crate::error::WatchError;
use crate::watch::{OFFICERS, Watch};

/// A recommendation of the library.
#[derive(Clone, Debug, Serialize)]
pub struct AdviceRow {
    /// The recommendation.
    #[serde(flatten)]
    pub advice: Advice,
    /// Its version, where the room wrote it; absent for one that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Sequence>,
}

/// A recommendation as it should be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdvice {
    /// The version that was read; none for one that was given, or is new.
    #[serde(default)]
    pub version: Option<Sequence>,
    /// The recommendation; without one it is taken out of the library.
    pub advice: Option<Advice>,
}

/// The room writes no more of its own.
const MOST: usize = 1_000;

impl Watch {
    /// The library, by identifier.
    ///
    /// # Errors
    /// Forbidden to others than the room and who checks on it.
    pub fn library(&self, by: &Actor) -> Result<Vec<AdviceRow>, WatchError> {
        const ROOM: &[Role] = &[Role::DutyOfficer, Role::Analyst, Role::Auditor];
        self.house().require_room(by, ROOM, "read the library")?;
        let given = Advice::given().unwrap_or_else(|error| {
            tracing::error!(%error, "the recommendations do not read: only the room's own are shown");
            Vec::new()
        });
        let given = given
            .into_iter()
            .map(|advice| (advice.id.clone(), Some(AdviceRow { advice, version: None })));
        let mut all: BTreeMap<String, Option<AdviceRow>> = given.collect();
        let records = self.house().read(|reader| reader.records(RecordKind::Recommendation))?;
        for record in records {
            let advice: Option<Advice> =
                serde_json::from_slice(&record.body).map_err(|error| spoilt(&record.id, &error))?;
            let row = advice.map(|advice| AdviceRow { advice, version: Some(record.stamp.seq) });
            all.insert(record.id, row);
        }
        Ok(all.into_values().flatten().collect())
    }

    /// Writes a recommendation, or takes it out of the library.
    ///
    /// # Errors
    /// Forbidden, changed meanwhile, or a text that does not stand.
    pub fn put_advice(
        &self,
        by: &Actor,
        id: &str,
        new: NewAdvice,
    ) -> Result<Vec<AdviceRow>, WatchError> {
        self.house().require_room(by, OFFICERS, "write recommendations")?;
        let NewAdvice { version, advice } = new;
        match &advice {
            Some(advice) if advice.id != id => {
                let what = format!("it is {:?}, not {id:?}; make them the same", advice.id);
                return Err(WatchError::invalid("advice.id", what));
            }
            Some(advice) => advice.check()?,
            None if self.library(by)?.iter().all(|it| it.advice.id != id) => {
                return Err(WatchError::unknown("recommendation", id));
            }
            None => {}
        }
        let body = serde_json::to_vec(&advice).map_err(|error| spoilt(id, &error))?;
        let (name, actor) = (id.to_owned(), by.account.clone());
        let written = self.house().write(move |unit| {
            let known = unit.record(RecordKind::Recommendation, &name)?;
            // What was taken out has a version that nobody sees: it may be written again.
            let gone = known.as_ref().is_some_and(|it| it.body == b"null");
            let seen = known.as_ref().filter(|_| !gone).map(|it| it.stamp.seq);
            let many = unit.records_after(RecordKind::Recommendation, "", MOST)?.len() >= MOST;
            if seen != version || (known.is_none() && many) {
                return Ok(false);
            }
            unit.put_record(RecordKind::Recommendation, &name, &body, actor.as_str())?;
            Ok(true)
        })?;
        if !written {
            let reason = format!(
                "{id} was changed since you read it, or the library is full; read it again and repeat"
            );
            return Err(WatchError::conflict(reason));
        }
        self.library(by)
    }

    /// A change as it is made: a recommendation without words says what the library says.
    pub(crate) fn in_full(&self, by: &Actor, change: Change) -> Result<Change, WatchError> {
        match change {
            Change::Recommend { recommendation, text } if text.trim().is_empty() => {
                let library = self.library(by)?.into_iter();
                let found = library.map(|it| it.advice).find(|it| it.id == recommendation);
                let unknown = || WatchError::unknown("recommendation", &recommendation);
                let text = found.ok_or_else(unknown)?.text.to(by.language).to_owned();
                Ok(Change::Recommend { recommendation, text })
            }
            change => Ok(change),
        }
    }
}
