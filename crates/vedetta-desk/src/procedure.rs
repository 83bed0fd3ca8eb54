//! A playbook as the room keeps it: who is to follow it with us, and who agreed to that.
//!
//! What parties agree to is one version: written anew, it is put to them again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vedetta_model::{AccountId, Instant, OrganisationId};

use crate::incident::{ChangeError, sentence};

mod given;

pub use given::{GIVEN, called};

/// A playbook that is kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// The playbook, as CACAO writes it.
    pub playbook: Value,
    /// Who wrote or imported this version.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// The organisations that it is put to, and what they said to this version.
    #[serde(default)]
    pub parties: BTreeMap<OrganisationId, Answer>,
    /// Why it is followed no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Retired>,
}

/// What a party said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing yet.
    Proposed {
        /// Since when it may answer.
        at: Instant,
    },
    /// Yes.
    Accepted {
        /// Who said so.
        by: AccountId,
        /// When.
        at: Instant,
    },
    /// No.
    Declined {
        /// Who said so.
        by: AccountId,
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
}

/// That it is followed no more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// Who said so.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// How a playbook stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The room's own.
    Own,
    /// Put to parties, some of which have not accepted.
    Proposed,
    /// Accepted by every party.
    Agreed,
    /// Followed no more.
    Retired,
}

/// A step in the life of a playbook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Puts it to organisations.
    Propose {
        /// Which.
        to: Vec<OrganisationId>,
    },
    /// Takes it back from one.
    TakeBack {
        /// Which.
        from: OrganisationId,
    },
    /// Accepts it for one's organisation.
    Accept,
    /// Declines it for one's organisation.
    Decline {
        /// Why.
        reason: String,
    },
    /// Follows it no more.
    Retire {
        /// Why.
        reason: String,
    },
    /// Follows it again.
    Resume,
}

/// Why a step is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProcedureError {
    /// It is followed no more.
    #[error("it is retired; resume it first")]
    Retired,
    /// It is not put to that organisation.
    #[error("it is not put to {0}; propose it first")]
    Stranger(OrganisationId),
    /// Nothing to take.
    #[error("{0}")]
    Nothing(&'static str),
    /// Too many.
    #[error("it is put to more than {MOST} organisations; choose fewer")]
    Many,
    /// Text that says nothing or too much.
    #[error(transparent)]
    Text(#[from] ChangeError),
}

/// The most parties of one playbook.
const MOST: usize = 1_000;

impl Procedure {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.retired.is_some() {
            Standing::Retired
        } else if self.parties.is_empty() {
            Standing::Own
        } else if self.parties.values().all(|it| matches!(it, Answer::Accepted { .. })) {
            Standing::Agreed
        } else {
            Standing::Proposed
        }
    }

    /// Whether an organisation accepted this version.
    #[must_use]
    pub fn is_accepted_by(&self, organisation: &OrganisationId) -> bool {
        matches!(self.parties.get(organisation), Some(Answer::Accepted { .. }))
    }

    /// It with a new version: put to its parties again.
    ///
    /// # Errors
    /// It is retired.
    pub fn rewritten(
        mut self,
        playbook: Value,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ProcedureError> {
        if self.retired.is_some() {
            return Err(ProcedureError::Retired);
        }
        for answer in self.parties.values_mut() {
            *answer = Answer::Proposed { at };
        }
        (self.playbook, self.by, self.at) = (playbook, by.clone(), at);
        Ok(self)
    }

    /// It after a step.
    ///
    /// # Errors
    /// Why the step is not taken.
    pub fn step(
        mut self,
        step: Step,
        (by, of): (&AccountId, &OrganisationId),
        at: Instant,
    ) -> Result<Self, ProcedureError> {
        if self.retired.is_some() && !matches!(step, Step::Resume) {
            return Err(ProcedureError::Retired);
        }
        match step {
            Step::Propose { to } if to.is_empty() => {
                return Err(ProcedureError::Nothing("it is put to nobody; name an organisation"));
            }
            Step::Propose { to } => {
                for party in to {
                    self.parties.entry(party).or_insert(Answer::Proposed { at });
                }
                if self.parties.len() > MOST {
                    return Err(ProcedureError::Many);
                }
            }
            Step::TakeBack { from } => {
                let gone = self.parties.remove(&from);
                gone.ok_or(ProcedureError::Stranger(from))?;
            }
            Step::Accept => self.answer(of, Answer::Accepted { by: by.clone(), at })?,
            Step::Decline { reason } => {
                sentence("the reason", &reason)?;
                self.answer(of, Answer::Declined { by: by.clone(), at, reason })?;
            }
            Step::Retire { reason } => {
                sentence("the reason", &reason)?;
                self.retired = Some(Retired { by: by.clone(), at, reason });
            }
            Step::Resume => {
                let gone = self.retired.take();
                gone.ok_or(ProcedureError::Nothing("it is not retired; there is nothing to do"))?;
            }
        }
        Ok(self)
    }

    fn answer(&mut self, of: &OrganisationId, answer: Answer) -> Result<(), ProcedureError> {
        let party = self.parties.get_mut(of);
        *party.ok_or_else(|| ProcedureError::Stranger(of.clone()))? = answer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(procedure: &Procedure, of: &str, step: Step) -> Result<Procedure, ProcedureError> {
        let at = "2026-03-02T08:00:00Z".parse().unwrap();
        let (by, of) = (AccountId::new("sala").unwrap(), OrganisationId::new(of).unwrap());
        procedure.clone().step(step, (&by, &of), at)
    }

    #[test]
    fn it_is_agreed_when_all_accept_and_only_for_that_version() {
        let (by, at) = (AccountId::new("sala").unwrap(), "2026-03-02T08:00:00Z".parse().unwrap());
        let (parties, retired) = (BTreeMap::new(), None);
        let own = Procedure { playbook: Value::Null, by: by.clone(), at, parties, retired };
        let [terni, perugia] = ["terni", "perugia"].map(|it| OrganisationId::new(it).unwrap());
        assert_eq!(own.standing(), Standing::Own);
        let to = vec![terni.clone(), perugia];
        let proposed = step(&own, "cnaipic", Step::Propose { to }).unwrap();
        assert!(step(&proposed, "assisi", Step::Accept).is_err());
        let one = step(&proposed, "terni", Step::Accept).unwrap();
        assert_eq!(one.standing(), Standing::Proposed);
        let both = step(&one, "perugia", Step::Accept).unwrap();
        assert_eq!(both.standing(), Standing::Agreed);
        let again = both.clone().rewritten(Value::Bool(true), &by, at).unwrap();
        assert_eq!(again.standing(), Standing::Proposed);
        assert!(!again.is_accepted_by(&terni));
        let reason = String::from("superata");
        let retired = step(&both, "cnaipic", Step::Retire { reason }).unwrap();
        assert!(retired.clone().rewritten(Value::Null, &by, at).is_err());
        assert!(step(&retired, "terni", Step::Accept).is_err());
        assert_eq!(step(&retired, "cnaipic", Step::Resume).unwrap().standing(), Standing::Agreed);
    }
}
