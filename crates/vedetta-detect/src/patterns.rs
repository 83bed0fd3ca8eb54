//! STIX patterns that ask for more than one value, on a stream of events (STIX 2.1, section 9): parts of
//! one object, several observations, in order, repeated, within a time.
//!
//! An event becomes the observation of a few objects. A pattern is woken by a constant without which none
//! of its `[ … ]` can hold; what then holds is remembered for as long as the pattern looks back, and the
//! pattern is asked of all that is remembered. Bounded: what was remembered first is forgotten first.

mod observation;
mod spelling;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::Value;
use stix::pattern::evaluate::{EvaluateError, Matcher, Observed};
use stix::pattern::{
    self, CompareOp, Comparison, ComparisonOp, Literal, Observation, Pattern, Predicate,
    QualifierKind, Role, Test,
};
use vedetta_indicator::{DecayTable, Life, Standing};
use vedetta_model::Instant;

use crate::event::Event;
use crate::indicators::{Id, When, lines_of, whole};

pub use self::observation::objects;

/// The patterns that are watched for.
#[derive(Default)]
pub struct Patterns {
    watched: Vec<Option<Watched>>,
    by_id: BTreeMap<Id, usize>,
    /// By a constant, those that it wakes.
    anchors: HashMap<Box<str>, Vec<usize>>,
    /// Those that every event wakes.
    unanchored: BTreeSet<usize>,
    /// In which order observations were remembered: the pattern's place, and the number of each.
    order: VecDeque<(usize, u64)>,
    /// How many are remembered.
    remembered: usize,
    /// The number of the next.
    next: u64,
    decay: DecayTable,
    /// Those that cannot be watched for.
    refused: BTreeSet<Id>,
    /// Observations forgotten for want of room.
    pub forgotten: u64,
    /// Patterns that took more steps than are allowed.
    pub given_up: u64,
}

/// That a pattern holds.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternHit {
    /// The indicator.
    pub indicator: Id,
    /// The pattern.
    pub pattern: String,
    /// What is left of the indicator's worth, 1 to 100.
    pub score: u8,
    /// How many observations were bound.
    pub observations: usize,
    /// When the first of them was made.
    pub first: Instant,
    /// When the last was.
    pub last: Instant,
}

/// Why a pattern is not watched for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unwatched {
    /// It is none.
    #[error("{0}")]
    Syntax(String),
    /// It cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// There are [`MOST`] of them.
    #[error("more than {MOST} patterns that ask for more than one value")]
    TooMany,
    /// It asks for more observations than are remembered.
    #[error("it asks for {0} repetitions; {REMEMBERED} are remembered at most")]
    TooOften(u64),
    /// It and too many others must be asked of every event.
    #[error(
        "it names no value exactly, and {MOST_UNANCHORED} others do not either; name one with ="
    )]
    Unanchored,
}

/// Patterns watched for at most.
pub const MOST: usize = 20_000;
/// Patterns asked of every event at most.
pub const MOST_UNANCHORED: usize = 200;
/// Observations remembered at most, of one pattern and of all.
const REMEMBERED: usize = 128;
const REMEMBERED_IN_ALL: usize = 20_000;
/// How far a pattern looks back that names no time.
const DAY: i64 = 86_400_000_000;
/// Steps allowed at each event.
const STEPS: u64 = 200_000;

/// So often a pattern may take too many steps; then it is not watched for any more.
const TIRING: u8 = 8;

struct Watched {
    id: Id,
    text: Box<str>,
    matcher: Matcher,
    life: Life,
    anchors: Vec<Box<str>>,
    /// How far it looks back, in microseconds; nothing when one observation is enough.
    back: Option<i64>,
    seen: VecDeque<Seen>,
    /// How often it took too many steps.
    tired: u8,
}

struct Seen {
    number: u64,
    at: Instant,
    objects: Vec<Value>,
}

/// Whether a pattern asks for more than any one value of a list: then the table of indicators is not
/// enough for it.
#[must_use]
pub fn asks_for_more(pattern: &Pattern) -> bool {
    let terms = pattern::terms(pattern);
    terms.is_empty() || terms.iter().any(|term| term.role != Role::Whole)
}

impl Patterns {
    /// How indicators decay.
    pub fn decay_by(&mut self, decay: DecayTable) {
        self.decay = decay;
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Watches for a pattern that asks for more than one value, in the place of what was known of the
    /// same indicator; whether it is such a pattern.
    ///
    /// # Errors
    /// [`Unwatched`].
    pub fn put(&mut self, id: Id, text: &str, life: Life) -> Result<bool, Unwatched> {
        self.remove(id);
        self.watch(id, text, life).inspect_err(|_| _ = self.refused.insert(id))
    }

    /// How many are not watched for, although they were to be.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.len()
    }

    fn watch(&mut self, id: Id, text: &str, life: Life) -> Result<bool, Unwatched> {
        let mut parsed =
            pattern::parse(text).map_err(|error| Unwatched::Syntax(error.to_string()))?;
        if !asks_for_more(&parsed) {
            return Ok(false);
        }
        if self.by_id.len() >= MOST {
            return Err(Unwatched::TooMany);
        }
        let times = spelling::repeats(&parsed.root);
        if times > REMEMBERED as u64 {
            return Err(Unwatched::TooOften(times));
        }
        spelling::spell(&mut parsed);
        let matcher = Matcher::new(&parsed)?;
        let anchors = anchors_of(&parsed.root).unwrap_or_default();
        if anchors.is_empty() && self.unanchored.len() >= MOST_UNANCHORED {
            return Err(Unwatched::Unanchored);
        }
        let place = self.watched.iter().position(Option::is_none).unwrap_or(self.watched.len());
        if anchors.is_empty() {
            self.unanchored.insert(place);
        }
        for anchor in &anchors {
            self.anchors.entry(anchor.clone()).or_default().push(place);
        }
        let (back, seen) = (looks_back(&parsed.root), VecDeque::new());
        let text = text.into();
        let watched = Some(Watched { id, text, matcher, life, anchors, back, seen, tired: 0 });
        match self.watched.get_mut(place) {
            Some(free) => *free = watched,
            None => self.watched.push(watched),
        }
        self.by_id.insert(id, place);
        Ok(true)
    }

    /// Notes when others saw an indicator: its worth is counted from then.
    pub fn note_seen(&mut self, id: Id, at: Instant) {
        for (_, place) in self.by_id.range(lines_of(whole(id))) {
            if let Some(Some(watched)) = self.watched.get_mut(*place) {
                watched.life.last_sighting = watched.life.last_sighting.max(Some(at));
            }
        }
    }

    /// Watches no more for the pattern of an indicator.
    pub fn remove(&mut self, id: Id) {
        let refused = self.refused.range(lines_of(id));
        let gone: Vec<Id> =
            self.by_id.range(lines_of(id)).map(|it| it.0).chain(refused).copied().collect();
        gone.into_iter().for_each(|id| self.let_go(id));
    }

    fn let_go(&mut self, id: Id) {
        self.refused.remove(&id);
        let Some(place) = self.by_id.remove(&id) else { return };
        self.unanchored.remove(&place);
        let Some(watched) = self.watched.get_mut(place).and_then(Option::take) else { return };
        self.remembered = self.remembered.saturating_sub(watched.seen.len());
        for anchor in &watched.anchors {
            if let Some(places) = self.anchors.get_mut(anchor) {
                places.retain(|it| *it != place);
                if places.is_empty() {
                    self.anchors.remove(anchor);
                }
            }
        }
    }

    /// Sees an event of a moment; which patterns hold with it.
    pub fn see(
        &mut self,
        event: &Event<'_>,
        at: Instant,
        now: Instant,
        hits: &mut Vec<PatternHit>,
    ) {
        if self.is_empty() {
            return;
        }
        let objects = objects(event);
        let (mut woken, mut tired) = (self.unanchored.clone(), Vec::new());
        for object in &objects {
            self.wake(object, &mut woken);
        }
        for place in woken {
            let Some(watched) = self.watched.get_mut(place).and_then(Option::as_mut) else {
                continue;
            };
            let as_of = When { seen: at, now }.of(&watched.life);
            let Standing::Live(score) = self.decay.standing(&watched.life, &[], as_of) else {
                continue;
            };
            let (before, number) = (watched.seen.len(), self.next);
            self.next += 1;
            match watched.see((&objects, number), at) {
                Ok(Some((observations, first, last))) => hits.push(PatternHit {
                    indicator: watched.id,
                    pattern: watched.text.to_string(),
                    score,
                    observations,
                    first,
                    last,
                }),
                Ok(None) => {}
                Err(_) => {
                    self.given_up += 1;
                    watched.tired += 1;
                    tired.extend((watched.tired >= TIRING).then_some(watched.id));
                }
            }
            self.remembered = (self.remembered + watched.seen.len()).saturating_sub(before);
            if watched.seen.back().is_some_and(|it| it.number == number) {
                self.order.push_back((place, number));
            }
        }
        tired.into_iter().for_each(|id| self.remove(id));
        self.forget();
    }

    /// What a constant of an object wakes.
    fn wake(&self, value: &Value, woken: &mut BTreeSet<usize>) {
        match value {
            Value::String(text) => {
                woken.extend(self.anchors.get(text.as_str()).into_iter().flatten())
            }
            Value::Array(list) => list.iter().for_each(|it| self.wake(it, woken)),
            Value::Object(object) => object.values().for_each(|it| self.wake(it, woken)),
            _ => {}
        }
    }

    fn forget(&mut self) {
        let Self { watched, order, .. } = self;
        if order.len() > 2 * REMEMBERED_IN_ALL {
            // Most of them were forgotten otherwise.
            order.retain(|(place, number)| {
                let watched = watched.get(*place).and_then(Option::as_ref);
                watched.is_some_and(|it| it.seen.iter().any(|seen| seen.number == *number))
            });
        }
        while self.remembered > REMEMBERED_IN_ALL {
            let Some((place, number)) = self.order.pop_front() else { return };
            let Some(watched) = self.watched.get_mut(place).and_then(Option::as_mut) else {
                continue;
            };
            let before = watched.seen.len();
            watched.seen.retain(|it| it.number != number);
            let gone = before - watched.seen.len();
            self.remembered -= gone;
            self.forgotten += gone as u64;
        }
    }
}

impl Watched {
    /// Remembers an observation when a part of the pattern holds in it; how many observations make the
    /// pattern hold, and from when to when.
    fn see(
        &mut self,
        (objects, number): (&[Value], u64),
        at: Instant,
    ) -> Result<Option<(usize, Instant, Instant)>, EvaluateError> {
        let this = observed(at, objects);
        if !self.matcher.touches(&this, STEPS)? {
            return Ok(None);
        }
        let Some(back) = self.back else {
            return Ok(self.matcher.find(&[this], STEPS)?.map(|_| (1, at, at)));
        };
        drop(this);
        self.seen.retain(|it| at.micros().saturating_sub(it.at.micros()) <= back);
        if self.seen.len() >= REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(Seen { number, at, objects: objects.to_vec() });
        let all: Vec<_> = self.seen.iter().map(|it| observed(it.at, &it.objects)).collect();
        let Some(mut bound) = self.matcher.find(&all, STEPS)? else { return Ok(None) };
        drop(all);
        bound.sort_unstable();
        bound.dedup();
        let moments = bound.iter().filter_map(|place| self.seen.get(*place)).map(|it| it.at);
        let (first, last) =
            moments.fold((at, at), |(first, last), it| (first.min(it), last.max(it)));
        // What has made it hold does not make it hold again.
        let mut place = 0;
        self.seen.retain(|_| {
            place += 1;
            bound.binary_search(&(place - 1)).is_err()
        });
        Ok(Some((bound.len(), first, last)))
    }
}

fn observed(at: Instant, objects: &[Value]) -> Observed<'_> {
    let at = stix::pattern::evaluate::instant(at.micros());
    Observed::new((at, at), 1, objects)
}

/// Constants of which one must be seen for anything of the pattern to hold; nothing when there are none.
fn anchors_of(of: &Observation) -> Option<Vec<Box<str>>> {
    match of {
        Observation::Single(comparison) => anchors_in(comparison),
        Observation::Qualified(inner, _) => anchors_of(inner),
        Observation::Joined(_, operands) => all_of(operands.iter().map(anchors_of)),
    }
}

fn anchors_in(comparison: &Comparison) -> Option<Vec<Box<str>>> {
    match comparison {
        Comparison::Test(test) => anchors(test),
        Comparison::Joined(ComparisonOp::Or, operands) => all_of(operands.iter().map(anchors_in)),
        Comparison::Joined(ComparisonOp::And, operands) => {
            let anchored = operands.iter().filter_map(anchors_in);
            // The fewest, and of these the longest, are the rarest.
            anchored
                .min_by_key(|it| (it.len(), std::cmp::Reverse(it.iter().map(|it| it.len()).min())))
        }
    }
}

fn all_of(each: impl Iterator<Item = Option<Vec<Box<str>>>>) -> Option<Vec<Box<str>>> {
    let each: Option<Vec<Vec<Box<str>>>> = each.collect();
    let mut anchors: Vec<Box<str>> = each?.into_iter().flatten().collect();
    anchors.sort_unstable();
    anchors.dedup();
    Some(anchors)
}

fn anchors(test: &Test) -> Option<Vec<Box<str>>> {
    let text = |literal: &Literal| match literal {
        Literal::String(text) => Some(text.as_str().into()),
        _ => None,
    };
    match &test.predicate {
        _ if test.negated => None,
        Predicate::Compare(CompareOp::Equal, literal) => text(literal).map(|it| vec![it]),
        Predicate::In(members) => members.iter().map(text).collect(),
        _ => None,
    }
}

/// How far back observations count, in microseconds; nothing when one is enough.
fn looks_back(of: &Observation) -> Option<i64> {
    match of {
        Observation::Single(_) => None,
        Observation::Joined(pattern::ObservationOp::Or, operands) => {
            operands.iter().filter_map(looks_back).max()
        }
        Observation::Joined(_, operands) => {
            Some(operands.iter().filter_map(looks_back).max().unwrap_or(DAY).max(DAY))
        }
        Observation::Qualified(inner, qualifiers) => {
            let mut back = looks_back(inner);
            for qualifier in qualifiers {
                match qualifier.kind {
                    QualifierKind::Repeats(times) if times > 1 => back = back.or(Some(DAY)),
                    QualifierKind::Within(seconds) => {
                        let within = (seconds.as_f64() * 1e6).clamp(1.0, DAY as f64 * 30.0);
                        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
                        let within = within as i64;
                        back = back.map(|_| within);
                    }
                    _ => {}
                }
            }
            back
        }
    }
}

#[cfg(test)]
mod tests;
