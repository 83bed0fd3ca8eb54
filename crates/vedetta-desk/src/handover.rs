//! The handover from one shift to the next: a sheet of what is open, seen line by line, signed by
//! who gives and by who takes. None is passed over: the oldest that is owed comes first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant, OrganisationId};

use crate::roster::Roster;

/// A handover.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Of which room.
    pub organisation: OrganisationId,
    /// When the shift that gives ends.
    pub ends: Instant,
    /// What is handed over.
    pub lines: Vec<Line>,
    /// What else there is to know.
    #[serde(default)]
    pub remarks: String,
    /// Who gives.
    pub given: Signature,
    /// Who takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Signature>,
}

/// One thing to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its name, unique on the sheet: what is ticked.
    pub key: String,
    /// What it is.
    pub kind: LineKind,
    /// What it is about.
    pub title: String,
    /// How it stands.
    pub detail: Bilingual,
    /// By when something is due, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// A clock that runs, is near or missed.
    Clock,
    /// A case that is open.
    Case,
    /// A link that is silent.
    SilentLink,
    /// A warning that somebody has not acknowledged.
    Unacknowledged,
    /// An item whose acknowledgements an agreement asks for, and some are overdue.
    Overdue,
    /// A shift that nobody handed over.
    Owed,
}

impl LineKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Owed,
        Self::Clock,
        Self::Case,
        Self::SilentLink,
        Self::Overdue,
        Self::Unacknowledged,
    ];

    /// As people call them.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = match self {
            Self::Clock => ("Scadenze", "Clocks"),
            Self::Case => ("Casi aperti", "Open cases"),
            Self::SilentLink => ("Collegamenti muti", "Silent links"),
            Self::Unacknowledged => ("Allerte precoci non lette", "Warnings not read"),
            Self::Overdue => ("Prese visione scadute", "Overdue acknowledgements"),
            Self::Owed => ("Turni non consegnati", "Shifts not handed over"),
        };
        Bilingual::new(it, en)
    }
}

/// So many organisations that have not done something: in Italian as one does it and as many do.
#[must_use]
pub fn missing(count: usize, (one, many): (&str, &str), en: &str) -> Bilingual {
    match count {
        1 => {
            Bilingual::new(format!("un'organizzazione {one}"), format!("one organisation has {en}"))
        }
        _ => Bilingual::new(
            format!("{count} organizzazioni {many}"),
            format!("{count} organisations have {en}"),
        ),
    }
}

/// A signature: who, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Instant,
}

/// Why a handover is not signed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandoverError {
    /// Signed by both already.
    #[error("it is signed by both; look at the next one")]
    Over,
    /// By one person.
    #[error("{0} gave it; somebody else takes it")]
    Same(AccountId),
    /// Lines that were not seen.
    #[error("{count} of its lines are not ticked ({first}); look at each and tick it")]
    Unseen {
        /// How many.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// Remarks without end.
    #[error("the remarks have more than 20,000 characters; attach a file to a case")]
    Long,
}

/// Handovers are looked for so far back.
const BACK: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);
/// A shift may be handed over so long before it ends.
const EARLY: std::time::Duration = std::time::Duration::from_secs(3_600);

impl Handover {
    /// Given by who was on duty.
    ///
    /// # Errors
    /// Remarks that are too long.
    pub fn give(
        organisation: OrganisationId,
        ends: Instant,
        lines: Vec<Line>,
        (remarks, given): (String, Signature),
    ) -> Result<Self, HandoverError> {
        if remarks.chars().count() > 20_000 {
            return Err(HandoverError::Long);
        }
        Ok(Self { organisation, ends, lines, remarks, given, taken: None })
    }

    /// Taken by who comes, with every line seen.
    ///
    /// # Errors
    /// Why it is not taken; it is as it was.
    pub fn take(&self, taken: Signature, seen: &BTreeSet<String>) -> Result<Self, HandoverError> {
        if self.taken.is_some() {
            return Err(HandoverError::Over);
        }
        if taken.by == self.given.by {
            return Err(HandoverError::Same(taken.by));
        }
        let unseen: Vec<_> = self.lines.iter().filter(|it| !seen.contains(&it.key)).collect();
        if let Some(first) = unseen.first() {
            return Err(HandoverError::Unseen { count: unseen.len(), first: first.key.clone() });
        }
        Ok(Self { taken: Some(taken), ..self.clone() })
    }
}

/// The ends of shifts that should have been handed over by now, the oldest first: after the last one
/// that was, a week back at most.
#[must_use]
pub fn owed(roster: &Roster, last: Option<Instant>, now: Instant) -> Vec<Instant> {
    let start = Instant::start_of_day(roster.start);
    let instant = std::time::Duration::from_micros(1);
    let from = last.map_or(start, |last| last.after(instant)).max(now.before(BACK));
    // Turns that began before the roster did were nobody's.
    let turns = roster.turns(from.before(instant), now.after(instant)).into_iter();
    let ends = turns.filter(|turn| turn.from >= start).map(|turn| turn.until);
    let ends: BTreeSet<_> = ends.filter(|at| from <= *at && *at <= now).collect();
    ends.into_iter().collect()
}

/// The shift that can be handed over now: the oldest that is owed, or the one that ends within the
/// hour.
#[must_use]
pub fn due(roster: &Roster, last: Option<Instant>, now: Instant) -> Option<Instant> {
    owed(roster, last, now.after(EARLY)).first().copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::roster::Shift;

    fn account(name: &str) -> AccountId {
        AccountId::new(name).unwrap()
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// Two teams, day and night.
    fn roster() -> Roster {
        let shift =
            |from: &str, to: &str| Shift { from: from.parse().unwrap(), to: to.parse().unwrap() };
        Roster {
            organisation: OrganisationId::new("cnaipic").unwrap(),
            zone: "Europe/Rome".into(),
            shifts: BTreeMap::from([
                ("giorno".to_owned(), shift("08:00", "20:00")),
                ("notte".to_owned(), shift("20:00", "08:00")),
            ]),
            teams: vec![BTreeSet::from([account("a")]), BTreeSet::from([account("b")])],
            cycle: vec!["giorno".into(), "notte".into()],
            stagger: 1,
            start: "2026-03-01".parse().unwrap(),
            absences: Vec::new(),
            swaps: Vec::new(),
            covers: Vec::new(),
        }
    }

    #[test]
    fn none_is_passed_over() {
        let roster = roster();
        // Rome is an hour ahead of UTC.
        let now = at("2026-03-02T08:00:00Z");
        let ends = [at("2026-03-01T19:00:00Z"), at("2026-03-02T07:00:00Z")];
        assert_eq!(owed(&roster, None, now), ends);
        assert_eq!(due(&roster, None, now), Some(ends[0]));
        assert_eq!(due(&roster, Some(ends[0]), now), Some(ends[1]));
        assert_eq!(due(&roster, Some(ends[1]), now), None);
        assert_eq!(
            due(&roster, Some(ends[1]), at("2026-03-02T18:30:00Z")),
            Some(at("2026-03-02T19:00:00Z"))
        );
    }

    #[test]
    fn both_sign_and_every_line_is_seen() {
        let line = |key: &str| Line {
            key: key.into(),
            kind: LineKind::Case,
            title: "caso".into(),
            detail: Bilingual::default(),
            due: None,
        };
        let sign = |name: &str| Signature { by: account(name), at: at("2026-03-02T07:00:00Z") };
        let lines = vec![line("1"), line("2")];
        let ends = at("2026-03-02T07:00:00Z");
        let given = Handover::give(roster().organisation, ends, lines, (String::new(), sign("a")));
        let given = given.unwrap();
        let seen = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(
            given.take(sign("a"), &seen(&["1", "2"])),
            Err(HandoverError::Same(account("a")))
        );
        let unseen = HandoverError::Unseen { count: 1, first: "2".into() };
        assert_eq!(given.take(sign("b"), &seen(&["1"])), Err(unseen));
        let taken = given.take(sign("b"), &seen(&["1", "2", "3"])).unwrap();
        assert_eq!(taken.take(sign("b"), &seen(&["1", "2"])), Err(HandoverError::Over));
    }

    proptest::proptest! {
        /// Handing over one after the other, whenever, leaves none out.
        #[test]
        fn every_end_of_a_shift_is_handed_over(hours in proptest::collection::vec(1u64..40, 1..20)) {
            let roster = roster();
            let (mut now, mut last, mut done) = (at("2026-03-27T06:00:00Z"), None, Vec::new());
            let begin = now;
            for length in hours {
                now = now.after(std::time::Duration::from_secs(length * 3_600));
                while let Some(end) = due(&roster, last, now) {
                    last = Some(end);
                    done.push(end);
                }
            }
            let all: Vec<_> = roster.handovers(begin, now).into_iter().collect();
            let done: Vec<_> = done.into_iter().filter(|end| *end >= begin && *end < now).collect();
            proptest::prop_assert_eq!(done, all);
        }
    }
}
