//! What may be answered once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vedetta_model::Instant;

/// What was answered, each until it is over anyway.
#[derive(Default)]
pub(crate) struct Spent(Mutex<HashMap<String, Instant>>);

/// Remembered at most; only what was right is.
const MOST: usize = 65_536;

impl Spent {
    /// Whether it had not been answered before; from now on it has.
    pub(crate) fn first(&self, what: &str, until: Instant, now: Instant) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, until| *until > now);
        spent.len() < MOST && spent.insert(what.to_owned(), until).is_none()
    }
}
