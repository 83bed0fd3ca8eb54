//! How many letters to the room are heard in an hour. They have limits of their own: what is thrown
//! at the reports desk shuts no incident out.

use std::collections::VecDeque;
use std::time::Duration;

use vedetta_model::Instant;

use crate::settings::Settings;

/// The letters that were heard within the hour, the oldest first.
#[derive(Default)]
pub(crate) struct Hearing(VecDeque<Voice>);

/// A letter that wants to be heard.
pub(crate) struct Voice {
    pub(crate) key: String,
    pub(crate) circle: Circle,
    /// Whom it counts for, within its circle.
    pub(crate) of: String,
    pub(crate) at: Instant,
    pub(crate) confirmed: bool,
}

/// Who is limited together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Circle {
    /// Those who prove who they are: each mailbox for itself.
    Proven,
    /// In the name of one whom the directory knows.
    Known,
    /// Of nobody.
    Stranger,
}

const HOUR: Duration = Duration::from_hours(1);
/// As many senders at their limit as are heard in an hour together, of those who prove nothing.
const AT_ONCE: usize = 3;

impl Hearing {
    /// Counts a letter, unless there were as many within the hour; one that comes again counts once.
    pub(crate) fn admits(&mut self, voice: Voice, settings: &Settings) -> bool {
        while self.0.front().is_some_and(|first| voice.at.since(first.at) >= HOUR) {
            self.0.pop_front();
        }
        if self.0.iter().any(|heard| heard.key == voice.key) {
            return true;
        }
        let alike = || self.0.iter().filter(|heard| heard.circle == voice.circle);
        let (each, all) = match voice.circle {
            Circle::Proven => (settings.answers, usize::MAX),
            _ => (settings.strangers, settings.strangers.saturating_mul(AT_ONCE)),
        };
        let room = alike().count() < all && alike().filter(|it| it.of == voice.of).count() < each;
        if room {
            self.0.push_back(voice);
        }
        room
    }

    /// Whether its writer was told that it came.
    pub(crate) fn is_confirmed(&self, key: &str) -> bool {
        self.0.iter().any(|heard| heard.key == key && heard.confirmed)
    }

    /// Its writer is told.
    pub(crate) fn confirm(&mut self, key: &str) {
        if let Some(heard) = self.0.iter_mut().find(|heard| heard.key == key) {
            heard.confirmed = true;
        }
    }
}
