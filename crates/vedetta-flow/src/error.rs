//! Why an action or a view did not do what was asked.

use vedetta_model::id::IdError;
use vedetta_model::{Actor, Instant};
use vedetta_store::StoreError;

/// Why it was not done. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// Who asks did not prove who they are.
    #[error("not signed in: {0}")]
    Unproven(&'static str),
    /// The password is right, but the role wants an authenticator, and there is none yet.
    #[error("this account signs in with a code; enrol an authenticator first")]
    MustEnrol,
    /// Who asks may not.
    #[error("{who} may not {what}; {advice}")]
    Forbidden {
        /// The account.
        who: String,
        /// What was asked.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// There is none, or not for who asks: the answer is the same.
    #[error("no {what} {id:?}; check the identifier")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// What was given cannot be used.
    #[error("{place}: {reason}")]
    Invalid {
        /// Where.
        place: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Somebody changed it since the editor saw it.
    #[error("{by} changed it at {at}; look at what stands now, and save again")]
    Changed {
        /// Who.
        by: String,
        /// When.
        at: Instant,
    },
    /// The ledger could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdError> for FlowError {
    fn from(error: IdError) -> Self {
        Self::Invalid { place: "identifier".into(), reason: error.to_string() }
    }
}

impl FlowError {
    /// For people who read Italian, where it says more than which kind of refusal it is.
    #[must_use]
    pub fn italian(&self) -> Option<String> {
        Some(match self {
            Self::Forbidden { who, .. } => {
                format!("{who} non può farlo: chiedi a chi amministra il nodo")
            }
            Self::Unknown { id, .. } => {
                format!("non c'è «{id}», o non è per te: controlla l'identificativo")
            }
            Self::Changed { by, .. } => {
                format!("{by} l'ha cambiato intanto: guarda com'è adesso e salva di nuovo")
            }
            Self::Store(_) => "il registro non si può usare adesso: riprova tra poco".into(),
            _ => return None,
        })
    }

    /// Who asks may not.
    pub(crate) fn forbidden(by: &Actor, what: &'static str, advice: &'static str) -> Self {
        Self::Forbidden { who: by.account.to_string(), what, advice }
    }

    /// There is none of these.
    pub fn unknown(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Unknown { what, id: id.to_string() }
    }

    /// What was given at a place cannot be used.
    pub fn invalid(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Invalid { place: place.into(), reason: reason.to_string() }
    }
}
