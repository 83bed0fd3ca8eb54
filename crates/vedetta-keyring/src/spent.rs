//! What may be answered once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vedetta_model::Instant;

/// What was answered, each until it is over anyway.
#[derive(Default)]
pub(crate) struct Spent(Mutex<HashMap<String, Instant>>);

/// Remembered at most.
const MOST: usize = 65_536;

impl Spent {
    /// Whether it had not been answered before; from now on it has. When there are too many none is taken:
    /// for what is remembered only when it was right.
    pub(crate) fn first(&self, what: &str, until: Instant, now: Instant) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, until| *until > now);
        spent.len() < MOST && spent.insert(what.to_owned(), until).is_none()
    }

    /// The same; when there are too many the oldest is forgotten: for what anybody may have remembered.
    pub(crate) fn first_of_any(&self, what: &str, until: Instant, now: Instant) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, until| *until > now);
        if spent.len() >= MOST && !spent.contains_key(what) {
            let oldest = spent.iter().min_by_key(|(_, until)| **until).map(|(it, _)| it.clone());
            oldest.and_then(|oldest| spent.remove(&oldest));
        }
        spent.insert(what.to_owned(), until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_fills_it_with_attempts_keeps_nobody_out() {
        let (spent, now) = (Spent::default(), Instant::from_micros(0));
        let until = |at: usize| now.after(Duration::from_secs(1 + at as u64));
        for at in 0..MOST {
            spent.0.lock().unwrap().insert(at.to_string(), until(at));
        }
        assert!(!spent.first("passkey", until(MOST), now));
        assert!(spent.first_of_any("attempt", until(MOST), now));
        assert!(!spent.first_of_any("attempt", until(MOST), now), "once");
        assert!(!spent.first_of_any("1", until(1), now), "the oldest alone was forgotten");
        assert_eq!(spent.0.lock().unwrap().len(), MOST);
    }
}
