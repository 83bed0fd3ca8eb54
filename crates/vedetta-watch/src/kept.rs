//! A case as it is kept: each version of its record is the case after a change, the change, and
//! the place of the version before. So the timeline is in the ledger's chain, and every state that a
//! case was in can be read again.

use serde::{Deserialize, Serialize};
use vedetta_desk::{CaseNumber, Change, Incident, Names};
use vedetta_model::AccountId;
use vedetta_model::language::Bilingual;
use vedetta_store::{Reader, Record, RecordKind, Sequence, Stamp, StoreError, UnitOfWork};

/// One version of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// The case after it.
    pub(crate) incident: Incident,
    /// What was done.
    pub(crate) did: Did,
    /// Who did it.
    pub(crate) by: AccountId,
    /// The place of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Sequence>,
}

/// What was done to a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Did {
    /// It was reported.
    Opened,
    /// It was changed.
    Changed(Change),
    /// The last change was taken back.
    Undone(Change),
}

/// A case is no larger as JSON, in octets.
pub(crate) const LARGEST: usize = 512 << 10;

impl Did {
    /// In a few words.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        self.told(Change::words)
    }

    /// The same, with those whom it names as people call them.
    #[must_use]
    pub(crate) fn words_with(&self, names: &dyn Names) -> Bilingual {
        self.told(|change| change.words_with(names))
    }

    fn told(&self, words: impl Fn(&Change) -> Bilingual) -> Bilingual {
        match self {
            Self::Opened => Bilingual::new("segnalato", "reported"),
            Self::Changed(change) => words(change),
            Self::Undone(change) => {
                let words = words(change);
                Bilingual::new(format!("annullato: {}", words.it), format!("undone: {}", words.en))
            }
        }
    }

    /// The change that was made or taken back.
    #[must_use]
    pub const fn change(&self) -> Option<&Change> {
        match self {
            Self::Opened => None,
            Self::Changed(change) | Self::Undone(change) => Some(change),
        }
    }
}

impl Kept {
    /// The version after this one.
    pub(crate) fn then(self, incident: Incident, did: Did, by: &AccountId, at: Sequence) -> Self {
        Self { incident, did, by: by.clone(), before: Some(at) }
    }

    /// Puts it; none when the case has grown too large.
    pub(crate) fn put(&self, unit: &mut dyn UnitOfWork) -> Result<Option<Stamp>, StoreError> {
        let id = self.incident.number.to_string();
        let body = serde_json::to_vec(self).map_err(|error| refused(&id, &error))?;
        if body.len() > LARGEST {
            return Ok(None);
        }
        unit.put_record(RecordKind::Incident, &id, &body, self.by.as_str()).map(Some)
    }

    /// Whether it has grown too large to be put.
    pub(crate) fn is_too_large(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|body| body.len() > LARGEST)
    }

    pub(crate) fn read(record: &Record) -> Result<Self, StoreError> {
        serde_json::from_slice(&record.body).map_err(|error| damaged(&record.id, &error))
    }
}

/// The newest version of a case.
pub(crate) fn newest(
    reader: &mut dyn Reader,
    number: CaseNumber,
) -> Result<Option<(Stamp, Kept)>, StoreError> {
    let record = reader.record(RecordKind::Incident, &number.to_string())?;
    record.map(|record| Ok((record.stamp, Kept::read(&record)?))).transpose()
}

/// The version of a case at a place of the ledger; none when that place is another's.
pub(crate) fn version(
    reader: &mut dyn Reader,
    number: CaseNumber,
    place: Sequence,
) -> Result<Option<(Stamp, Kept)>, StoreError> {
    let before = Sequence(place.0.saturating_sub(1));
    let entry = reader.entries(before, 1)?.pop().filter(|entry| entry.stamp.seq == place);
    let id = number.to_string();
    let Some(entry) = entry.filter(|entry| entry.subject == id) else { return Ok(None) };
    let kept = serde_json::from_slice(&entry.body).map_err(|error| damaged(&id, &error))?;
    Ok(Some((entry.stamp, kept)))
}

fn damaged(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        place: "ledger".into(),
        what: format!("case {id}"),
        reason: error.to_string(),
    }
}

fn refused(id: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Refused(format!("case {id}: {error}"))
}
