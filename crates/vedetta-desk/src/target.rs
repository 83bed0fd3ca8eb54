//! How soon a case of each category should have come to each stage: a room's own aims, not a law.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use vedetta_model::Instant;
use vedetta_model::language::Bilingual;

use crate::clock::State;
use crate::incident::StageName;
use crate::severity::Category;

/// An aim, and how it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Target {
    /// Which stage.
    pub stage: StageName,
    /// By when.
    pub due: Instant,
    /// How it stands.
    pub state: State,
}

/// Minutes from the report to the stages triaged, confirmed, contained and recovered, by category.
const MINUTES: [[u64; 4]; 6] = [
    [15, 60, 4 * 60, 24 * 60],
    [30, 2 * 60, 8 * 60, 2 * 24 * 60],
    [60, 4 * 60, 24 * 60, 3 * 24 * 60],
    [2 * 60, 8 * 60, 2 * 24 * 60, 7 * 24 * 60],
    [4 * 60, 24 * 60, 5 * 24 * 60, 14 * 24 * 60],
    [8 * 60, 2 * 24 * 60, 10 * 24 * 60, 30 * 24 * 60],
];
const STAGES: [StageName; 4] =
    [StageName::Triaged, StageName::Confirmed, StageName::Contained, StageName::Recovered];

/// The aims of a case: those that were reached, and while it is open those that are to come.
#[must_use]
pub fn targets(
    category: Category,
    stage: StageName,
    reached: &BTreeMap<StageName, Instant>,
    now: Instant,
) -> Vec<Target> {
    let row = MINUTES.get(usize::from(category.number()).saturating_sub(1));
    let (Some(row), Some(&reported)) = (row, reached.get(&StageName::Reported)) else {
        return Vec::new();
    };
    let aims = STAGES.into_iter().zip(row).filter_map(|(aim, minutes)| {
        let length = Duration::from_secs(minutes * 60);
        let due = reported.after(length);
        let state = match reached.get(&aim) {
            Some(&at) if at <= due => State::Met { at },
            Some(&at) => State::Late { at },
            None if !stage.is_open() => return None,
            None if now > due => State::Missed,
            None if due.since(now) * 10 <= length => State::Near,
            None => State::Running,
        };
        Some(Target { stage: aim, due, state })
    });
    aims.collect()
}

impl StageName {
    /// What a case at this stage is called.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = match self {
            Self::Reported => ("segnalato", "reported"),
            Self::Triaged => ("preso in carico", "triaged"),
            Self::Confirmed => ("confermato", "confirmed"),
            Self::Contained => ("contenuto", "contained"),
            Self::Recovered => ("ripristinato", "recovered"),
            Self::Closed => ("chiuso", "closed"),
            Self::Dismissed => ("archiviato", "dismissed"),
            Self::Merged => ("unito a un altro", "merged"),
        };
        Bilingual::new(it, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_runs_nears_is_missed_and_is_met() {
        let reported: Instant = "2026-03-10T10:00:00Z".parse().unwrap();
        let mut reached = BTreeMap::from([(StageName::Reported, reported)]);
        let after = |minutes: u64| reported.after(Duration::from_secs(minutes * 60));
        let first = |reached: &BTreeMap<_, _>, minutes| {
            let now = after(minutes);
            targets(Category::GRAVEST, StageName::Reported, reached, now)[0].state.clone()
        };
        assert_eq!(first(&reached, 1), State::Running);
        assert_eq!(first(&reached, 14), State::Near);
        assert_eq!(first(&reached, 16), State::Missed);
        reached.insert(StageName::Triaged, after(20));
        assert_eq!(first(&reached, 30), State::Late { at: after(20) });
        // What is over has nothing to come.
        let over = targets(Category::GRAVEST, StageName::Dismissed, &reached, after(9_999));
        assert_eq!(over.len(), 1);
    }

    #[test]
    fn graver_is_sooner() {
        for pair in MINUTES.windows(2) {
            for (graver, lighter) in pair[0].iter().zip(pair[1]) {
                assert!(*graver < lighter);
            }
        }
        assert!(MINUTES.iter().all(|row| row.is_sorted()));
    }
}
