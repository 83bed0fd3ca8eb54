//! Figures of cases, kept as cases come and change: whoever asks how many there are has nothing counted
//! for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vedetta_desk::{CaseNumber, Sight, StageName};
use vedetta_model::{Instant, OrganisationId};

use crate::cases::CaseRow;

/// Cases in figures.
#[derive(Default)]
pub(crate) struct Tally {
    /// All, by stage.
    pub(crate) stages: BTreeMap<StageName, usize>,
    /// Those that are not over, by category, 1 first; then those that nobody judged yet.
    pub(crate) open: Judged,
    /// The same of each organisation that has any.
    pub(crate) organisations: HashMap<OrganisationId, Judged>,
    /// Those that wait to be triaged, since when.
    pub(crate) waiting: BTreeSet<(Instant, CaseNumber)>,
    /// Those that are not over and were judged grave, the gravest first.
    pub(crate) grave: BTreeSet<(u8, Instant, CaseNumber)>,
    /// How many were reported in which minute.
    reported: BTreeMap<i64, usize>,
}

/// How many there are of each category, 1 first, and last of those that nobody judged.
pub(crate) type Judged = [usize; 7];

/// Categories that are grave.
const GRAVE: u8 = 3;
/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// The days with which one is compared.
pub(crate) const USUAL: i64 = 28;

/// Whether a case comes or goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Comes,
    Goes,
}

impl Turn {
    fn count(self, figure: &mut usize) {
        *figure = match self {
            Self::Comes => *figure + 1,
            Self::Goes => figure.saturating_sub(1),
        };
    }

    fn keep<T: Ord>(self, kept: &mut BTreeSet<T>, it: T) {
        match self {
            Self::Comes => kept.insert(it),
            Self::Goes => kept.remove(&it),
        };
    }
}

impl Tally {
    /// Counts a case, as far as somebody sees it.
    pub(crate) fn add(&mut self, row: &CaseRow, sight: Sight) {
        self.turn(row, sight, Turn::Comes);
    }

    /// Counts a case no longer that was counted.
    pub(crate) fn take(&mut self, row: &CaseRow, sight: Sight) {
        self.turn(row, sight, Turn::Goes);
    }

    fn turn(&mut self, row: &CaseRow, sight: Sight, turn: Turn) {
        turn.count(self.stages.entry(row.stage).or_default());
        turn.count(self.reported.entry(minute(row.reported)).or_default());
        if row.stage == StageName::Reported && sight == Sight::Whole {
            turn.keep(&mut self.waiting, (row.reported, row.number));
        }
        if !row.stage.is_open() {
            return;
        }
        let judged = row.judged_category();
        if let Some(grave) = judged.filter(|it| *it <= GRAVE) {
            turn.keep(&mut self.grave, (grave, row.reported, row.number));
        }
        let at = judged.map_or(6, |it| usize::from(it.clamp(1, 6)) - 1);
        let own = self.organisations.entry(row.organisation.clone()).or_default();
        let figures = [&mut self.open, own].into_iter().filter_map(|it| it.get_mut(at));
        figures.for_each(|figure| turn.count(figure));
        if turn == Turn::Goes && own.iter().all(|count| *count == 0) {
            self.organisations.remove(&row.organisation);
        }
    }

    /// How many were reported in each hour of the past day, the last hour first, and in the days with
    /// which it is compared.
    pub(crate) fn reported(&self, now: Instant) -> ([usize; 24], usize) {
        let (mut hours, now) = ([0; 24], minute(now));
        let past = self.reported.range(now - USUAL * DAY + 1..=now);
        let month = past.map(|(at, count)| {
            let hour = usize::try_from((now - at) / 60).ok();
            if let Some(hour) = hour.and_then(|hour| hours.get_mut(hour)) {
                *hour += count;
            }
            count
        });
        let month = month.sum();
        (hours, month)
    }
}

fn minute(at: Instant) -> i64 {
    at.micros().div_euclid(60_000_000)
}
