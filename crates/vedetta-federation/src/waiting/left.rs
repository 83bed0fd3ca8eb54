//! Where in the peer's ledger something found no room.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use super::MOST_LEFT;
use crate::bookmark::Span;

/// Of so many parts of batches it is to be told yet how far they go.
const MOST_PARTS: usize = 4;
/// What was asked for again is not asked for once more within so long, then twice as long and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// At most so long; then it is also asked for though others of its origin wait.
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// By origin, where in the peer's ledger something of it found no room.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeftOut {
    pub(super) items: Places,
    pub(super) notices: Places,
}

/// By origin, where.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Places(BTreeMap<OrganisationId, Left>);

/// Where in the peer's ledger something was left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "KeptLeft")]
pub(super) struct Left {
    /// Where; nowhere once it was asked for again.
    pub(super) span: Span,
    /// After which places a part of a batch left something out that did not say how far it goes.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    parts: BTreeSet<u64>,
    /// How often it was asked for again, and when it may be the next time.
    tries: u32,
    next: Instant,
}

/// As it is kept. Once it was the place alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptLeft {
    Left(WholeLeft),
    Span(Span),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeLeft {
    span: Span,
    #[serde(default)]
    parts: BTreeSet<u64>,
    tries: u32,
    next: Instant,
}

impl From<KeptLeft> for Left {
    fn from(kept: KeptLeft) -> Self {
        match kept {
            KeptLeft::Left(WholeLeft { span, parts, tries, next }) => {
                Self { span, parts, tries, next }
            }
            KeptLeft::Span(span) => Self { span, ..Self::default() },
        }
    }
}

impl LeftOut {
    /// Whether there is nothing to be kept: neither a place nor how often one was asked for.
    pub(super) fn is_unused(&self) -> bool {
        self.items.0.is_empty() && self.notices.0.is_empty()
    }

    /// Whether there is nothing to be asked for again.
    pub(super) fn is_empty(&self) -> bool {
        let mut all = self.items.0.values().chain(self.notices.0.values());
        all.all(|left| left.span.is_empty())
    }

    /// The parts of a batch that began after this place go so far; says whether something was left out
    /// of them.
    pub(super) fn close(&mut self, span: Span) -> bool {
        let all = self.items.0.values_mut().chain(self.notices.0.values_mut());
        let (mut any, parts) = (false, all.filter(|left| left.parts.contains(&span.after)));
        for left in parts {
            left.parts.remove(&span.after);
            left.add(span);
            any = true;
        }
        any
    }

    /// Parts of batches that were not entered come again with the next connection.
    pub(super) fn forget_parts(&mut self) {
        let all = self.items.0.values_mut().chain(self.notices.0.values_mut());
        all.for_each(|left| left.parts.clear());
    }

    /// Whose word counts by now is asked for as at the first time.
    pub(super) fn begin_anew(&mut self, origin: &OrganisationId, now: Instant) {
        for places in [&mut self.items, &mut self.notices] {
            if let Some(left) = places.0.get_mut(origin) {
                (left.tries, left.next) = (0, now);
            }
        }
    }
}

impl Places {
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&OrganisationId, &mut Left)> {
        self.0.iter_mut()
    }

    /// Adds where something of an origin was left out; says whether that is news.
    pub(super) fn add(&mut self, origin: &OrganisationId, span: Span, now: Instant) -> bool {
        if !self.0.contains_key(origin) && !self.makes_room(now) {
            return false;
        }
        let known = self.0.entry(origin.clone());
        known.or_insert_with(|| Left { next: now, ..Left::default() }).add(span)
    }

    /// Forgets what was asked for again long ago; and when there are too many origins all the same,
    /// the one that was asked for least often of those that came.
    fn makes_room(&mut self, now: Instant) -> bool {
        self.0.retain(|_, left| !left.came(now) || now < left.next.after(DAY));
        if self.0.len() < MOST_LEFT {
            return true;
        }
        let came = self.0.iter().filter(|(_, left)| left.came(now));
        let first = came.min_by_key(|(_, left)| (left.tries, left.next));
        let first = first.map(|(origin, _)| origin.clone());
        first.is_some_and(|first| self.0.remove(&first).is_some())
    }
}

impl Left {
    /// Adds a part; says whether that is news. What is remembered is up to twice as long, so that it is
    /// news only seldom, however much is left out one after the other: the room is written as a whole.
    fn add(&mut self, span: Span) -> bool {
        if span.is_empty() {
            return self.parts.len() < MOST_PARTS && self.parts.insert(span.after);
        }
        let known = if self.span.is_empty() { span } else { self.span };
        if self.span.after <= span.after && span.upto <= self.span.upto {
            return false;
        }
        let after = known.after.min(span.after);
        let length = (known.upto.max(span.upto) - after).checked_next_power_of_two();
        self.span = Span { after, upto: length.map_or(u64::MAX, |it| after.saturating_add(it)) };
        true
    }

    /// Takes the place out, if it may be asked for again now.
    pub(super) fn open(&mut self, now: Instant) -> Option<Span> {
        // A clock that ran ahead and was set back holds up nothing.
        if self.span.is_empty() || now < self.next.min(now.after(DAY)) {
            return None;
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.tries.min(13));
        (self.tries, self.next) = (self.tries.saturating_add(1), now.after(pause.min(DAY)));
        Some(std::mem::take(&mut self.span))
    }

    /// Whether it is due for a day: then it is asked for though others of its origin wait.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        now >= self.next.after(DAY)
    }

    /// Whether it was asked for again, and nothing was left out in the time since.
    fn came(&self, now: Instant) -> bool {
        self.span.is_empty() && self.parts.is_empty() && now >= self.next
    }
}
