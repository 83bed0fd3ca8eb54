//! Which webhooks fail, since when and why, for whoever looks at them: a call is tried for hours
//! before it is a dead letter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use vedetta_model::Instant;

/// What failed since the node started. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Troubles(Arc<Mutex<BTreeMap<String, Trouble>>>);

/// How a webhook fails.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trouble {
    /// Since when no call succeeded.
    pub failing_since: Instant,
    /// Why the last did not.
    pub last_error: String,
    /// When it is tried again; never by itself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Instant>,
}

impl Troubles {
    /// Of a webhook, by its key.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// How many webhooks fail.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// A call failed.
    pub(super) fn failed(&self, key: &str, error: &str, (now, next): (Instant, Option<Instant>)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(key).map(|it| it.failing_since);
        if before.is_none() {
            tracing::warn!(webhook = key, error, "a webhook fails: its calls are tried again");
        }
        let failing_since = before.unwrap_or(now);
        let last_error = error.to_owned();
        all.insert(key.to_owned(), Trouble { failing_since, last_error, next_attempt: next });
    }

    /// A call succeeded, or none is to be made any more.
    pub(super) fn over(&self, key: &str) {
        let gone = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if gone.is_some() {
            tracing::info!(webhook = key, "a webhook that failed is taken again");
        }
    }

    /// Forgets those that are not called any more.
    pub(super) fn keep(&self, active: &[String]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| active.contains(key));
    }
}
