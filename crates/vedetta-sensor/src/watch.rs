//! Everything that is asked of an event, and of the past when something new is known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vedetta_detect::baseline::{self, Learned, Unreadable, facts};
use vedetta_detect::event::moment;
use vedetta_detect::finding::{self, By, Finding, Severity};
use vedetta_detect::indicators::{Builder, Hit, Id, Scratch, When, marks, marks_of, whole};
use vedetta_detect::patterns::PatternHit;
use vedetta_detect::report::{Recalled, Told};
use vedetta_detect::sigma::{Arranged, Correlator, Fired, Match};
use vedetta_detect::{Baselines, Engine, Event, Indicators, Patterns, Rules};
use vedetta_indicator::{Life, Term};
use vedetta_model::Instant;

use crate::aside::{Aside, LookBack};
use crate::event_log;
use crate::history::{History, Seen};
use crate::known::{Change, watch_for, written};
use crate::telling::Telling;

/// The one who watches.
pub(crate) struct Watch {
    engine: Engine,
    pub(crate) correlator: Correlator,
    known: Indicators,
    patterns: Patterns,
    baselines: Option<Baselines>,
    pub(crate) telling: Telling,
    pub(crate) history: History,
    /// Indicators withdrawn while it is looked for them in the past.
    pub(crate) withdrawn: HashSet<Id>,
    scratch: Scratch,
    hits: Vec<Hit>,
    text: String,
    /// Rules that cannot be used.
    pub(crate) rules_refused: usize,
    /// Values of rules with placeholders that stand for nothing.
    pub(crate) rules_unfilled: usize,
    /// Groups of correlations that are gone or were changed.
    pub(crate) groups_left: u64,
    /// Rules of the owner's that match every event of their source.
    pub(crate) rules_of_all: usize,
    /// Events that say they are of a time to come.
    pub(crate) ahead: u64,
    /// Events that do not say when they happened.
    pub(crate) timeless: u64,
    /// When the newest event happened.
    pub(crate) newest: Option<Instant>,
}

/// How far an event's clock may be ahead; the node believes no more, either. Of what says more, a minute
/// that comes would be over before it began.
const AHEAD: Duration = Duration::from_mins(5);
const DAY: i64 = 86_400_000_000;

impl Watch {
    pub(crate) fn new(
        telling: Telling,
        history: History,
        (known, patterns): (Indicators, Patterns),
        baselines: Option<u16>,
    ) -> Self {
        let none = Rules::default();
        let (correlator, _) = Correlator::new(&none);
        let watches = |days: u16| {
            let learning = i64::from(days) * DAY;
            Baselines::new(baseline::Settings { learning, ..baseline::Settings::default() })
        };
        Self {
            engine: Engine::arranged_elsewhere(Arc::new(none)),
            correlator,
            known,
            patterns,
            baselines: baselines.map(watches),
            telling,
            history,
            withdrawn: HashSet::new(),
            scratch: Scratch::default(),
            hits: Vec::new(),
            text: String::new(),
            rules_refused: 0,
            rules_unfilled: 0,
            groups_left: 0,
            rules_of_all: 0,
            ahead: 0,
            timeless: 0,
            newest: None,
        }
    }

    /// An event of a source; `number` tells it from all others. What is told at once goes to `told`.
    pub(crate) fn event(
        &mut self,
        event: &Event<'_>,
        (source, number): (&str, u64),
        now: Instant,
        told: &mut Vec<Told>,
    ) {
        let said = moment::of(event).map(Instant::from_micros);
        let at = said.unwrap_or(now);
        let is_ahead = at > now.after(AHEAD);
        self.ahead += u64::from(is_ahead);
        let at = if is_ahead { now } else { at };
        // A clock that is ahead does not hide how late the others are.
        self.newest = self.newest.max(Some(at.min(now)));
        let history = &mut self.history;
        marks(event, &mut self.text, &mut |mark| history.see(mark, at));
        let mut found = Vec::new();
        self.rules(event, (at, number), &mut found);
        if !self.known.is_empty() {
            self.hits.clear();
            let when = When { seen: at, now };
            self.known.matches(event, when, &mut self.scratch, &mut self.hits);
            one_of_a_value(&mut self.hits);
            found.extend(self.hits.iter().map(|hit| of_hit(hit, event, at)));
        }
        let mut hits = Vec::new();
        self.patterns.see(event, at, now, &mut hits);
        found.extend(hits.iter().map(|hit| of_pattern(hit, event)));
        // What does not say when it happened may be of any time: a rhythm or a rush cannot be told of it.
        self.timeless += u64::from(said.is_none());
        if let (Some(baselines), Some(_)) = (&mut self.baselines, said) {
            // An exported log falls silent in order.
            if !event_log::is_one(Path::new(source)) {
                baselines.hear(source, at, now);
            }
            for fact in facts(event) {
                baselines.see(source, &fact, at, &mut found);
            }
        }
        self.tell((found, number), now, told);
    }

    /// Time passes.
    pub(crate) fn settle(&mut self, now: Instant, told: &mut Vec<Told>) {
        let mut found = Vec::new();
        if let Some(baselines) = &mut self.baselines {
            baselines.settle(now, &mut found);
        }
        for it in found {
            let number = it.at.micros().unsigned_abs();
            told.extend(self.telling.see((it, number), Recalled::Live, now));
        }
        told.extend(self.telling.settle(now));
    }

    /// Something new is known: from now on it is looked for. Answers what is to be looked for in the
    /// past.
    pub(crate) fn change(&mut self, change: Change) -> Option<LookBack> {
        match change {
            Change::All(known) => {
                self.patterns.decay_by(known.decay().clone());
                self.known = known;
            }
            Change::Seen(seen) => {
                seen.iter().for_each(|(id, at)| self.patterns.note_seen(*id, *at));
                self.known.note_seen(seen);
            }
            Change::Nothing => {
                let decay = self.known.decay().clone();
                self.patterns = Patterns::default();
                self.patterns.decay_by(decay.clone());
                self.known = Builder::with_room_for(0).build(decay);
            }
            Change::Indicators { mut added, removed, own, patterns } => {
                let gone = removed.iter().chain(added.iter().map(|(id, ..)| id));
                gone.for_each(|id| self.patterns.remove(*id));
                for (id, pattern, life) in patterns {
                    watch_for(&mut self.patterns, (id, &pattern, life));
                }
                self.known = self.known.changed(&added, &removed);
                added.iter().for_each(|(id, ..)| _ = self.withdrawn.remove(id));
                self.withdrawn.extend(removed);
                added.retain(|(id, ..)| !own.contains(id));
                return self.to_look_back(added);
            }
            Change::Rules(rules) => {
                let (rules, correlator, refused) = *rules;
                let before = std::mem::replace(&mut self.correlator, correlator);
                let left = self.correlator.inherit(before);
                self.leave_behind(left);
                (self.rules_refused, self.rules_unfilled) = (refused, rules.unfilled().len());
                self.rules_of_all = rules.of_all_events().count();
                let origins = self.engine.origins();
                self.engine = Engine::arranged_elsewhere(rules);
                self.engine.expect(&origins);
            }
        }
        None
    }

    /// So many groups are of no correlation that there is: of one that is gone, or counts otherwise now.
    pub(crate) fn leave_behind(&mut self, groups: usize) {
        if groups > 0 {
            tracing::warn!(
                groups,
                "what correlations had seen that are gone or were changed is let go"
            );
        }
        self.groups_left += groups as u64;
    }

    /// Has what the engine lacks arranged beside.
    pub(crate) fn arrange(&mut self, aside: &Aside) {
        self.engine.to_arrange().into_iter().for_each(|it| aside.arrange(it));
    }

    /// Takes what was arranged.
    pub(crate) fn arranged(&mut self, arranged: Arranged) {
        self.engine.take(arranged);
    }

    /// How many indicators are looked for, and how many rules are in use.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.known.len() + self.patterns.len(), self.engine.rules().len())
    }

    /// Observations that patterns forgot for want of room, patterns that took too long, and those that
    /// cannot be watched for.
    pub(crate) fn patterns_let_go(&self) -> (u64, u64, u64) {
        let Patterns { forgotten, given_up, .. } = self.patterns;
        (forgotten, given_up, self.patterns.refused() as u64)
    }

    /// Whether so many changes lie over the indicators that they are worth making anew.
    pub(crate) fn is_worn(&self) -> bool {
        const MANY: usize = 20_000;
        self.known.changes() > MANY
    }

    fn rules(&mut self, event: &Event<'_>, (at, number): (Instant, u64), found: &mut Vec<Finding>) {
        if self.engine.rules().is_empty() {
            return;
        }
        let mut fired = Vec::new();
        for rule in self.engine.matches(event).to_vec() {
            if self.correlator.waits_for(rule) {
                self.correlator.see(rule, event, (at.micros(), number), &mut fired);
            }
            if !self.correlator.silences(rule) {
                found.extend(of_rule(&self.engine, rule, event, at));
            }
        }
        found.extend(fired.iter().map(|it| of_correlation(it, event, at)));
    }

    fn tell(&mut self, (found, number): (Vec<Finding>, u64), now: Instant, told: &mut Vec<Told>) {
        for it in found {
            told.extend(self.telling.see((it, number), Recalled::Live, now));
        }
    }

    /// What was not known then, to be looked for in the past; what was seen lately is there already.
    pub(crate) fn to_look_back(&self, added: Vec<(Id, Term, Life)>) -> Option<LookBack> {
        let mut wanted: HashMap<u64, Vec<(Id, Term, Life)>> = HashMap::new();
        for it in added {
            let marks = marks_of(&it.1);
            if marks.is_empty() {
                tracing::warn!(value = %it.1, "it cannot be looked for in what was seen before");
            }
            for mark in marks {
                wanted.entry(mark).or_default().push(it.clone());
            }
        }
        let lately = wanted.keys().filter_map(|it| Some((*it, self.history.lately(*it)?)));
        let found = lately.collect();
        (!wanted.is_empty()).then(|| LookBack { wanted, past: self.history.past(), found })
    }

    /// Tells what was found in the past.
    pub(crate) fn looked_back(&mut self, look: &LookBack, now: Instant, told: &mut Vec<Told>) {
        let table = self.known.decay();
        // A network may have been looked for by what is in it.
        let mut wanted: BTreeMap<(Id, &str), (&Term, &Life, Seen)> = BTreeMap::new();
        for (mark, seen) in &look.found {
            let those = look.wanted.get(mark).into_iter().flatten();
            let is_gone = |id: Id| [id, whole(id)].iter().any(|it| self.withdrawn.contains(it));
            for (id, term, life) in those.filter(|it| !is_gone(it.0)) {
                let all = wanted.entry((*id, term.value())).or_insert((
                    term,
                    life,
                    Seen { count: 0, ..*seen },
                ));
                all.2 = all.2.and(*seen);
            }
        }
        let mut found = Vec::new();
        for ((id, _), (term, life, seen)) in wanted {
            if let vedetta_indicator::Standing::Live(score) =
                table.standing(life, &[term.kind()], now)
            {
                found.push((of_past(id, term, score, seen), seen));
            }
        }
        for (it, seen) in found {
            let number = u64::from(seen.first);
            if let Some(mut first) = self.telling.see((it, number), Recalled::FromHistory, now) {
                first.count = u64::from(seen.count);
                first.last = second(seen.last).max(first.first);
                told.push(first);
            }
        }
    }

    /// What is usual, to be kept; nothing when nobody learns it.
    pub(crate) fn usual(&self) -> Option<Learned> {
        self.baselines.as_ref().map(Baselines::written)
    }

    /// Takes up what is usual as it was kept.
    pub(crate) fn take_up_usual(&mut self, kept: &[u8], now: Instant) -> Result<(), Unreadable> {
        self.baselines.as_mut().map_or(Ok(()), |it| it.take_up(kept, now))
    }
}

/// Of many indicators that look for one value, one is told, everywhere the same: its sightings are
/// counted together, and many who told of one address do not make each other tell of it again.
fn one_of_a_value(hits: &mut Vec<Hit>) {
    hits.sort_unstable_by(|a, b| {
        (a.kind, &a.value, &a.field, a.indicator).cmp(&(b.kind, &b.value, &b.field, b.indicator))
    });
    hits.dedup_by(|more, kept| {
        let same = (more.kind, &more.value, &more.field) == (kept.kind, &kept.value, &kept.field);
        kept.score = if same { kept.score.max(more.score) } else { kept.score };
        same
    });
}

fn of_rule(engine: &Engine, rule: usize, event: &Event<'_>, at: Instant) -> Option<Finding> {
    let reasons = engine.reasons(event, rule);
    let rule = engine.rules().get(rule)?;
    // A rule that came as an item is known by the item.
    let id = if rule.file.starts_with("indicator--") { &rule.file } else { &rule.id };
    let named = |it: Match| (it.field.as_deref().unwrap_or("text").to_owned(), it.value);
    Some(Finding {
        by: By::Rule,
        id: id.clone(),
        title: rule.title.clone(),
        severity: Severity::of_level(rule.level),
        confidence: 70,
        techniques: finding::techniques(&rule.tags),
        entity: finding::entity(event),
        evidence: reasons.into_iter().map(named).collect(),
        at,
    })
}

fn of_correlation(fired: &Fired, event: &Event<'_>, at: Instant) -> Finding {
    let evidence = fired.group.iter().map(|(field, value)| (field.clone(), json!(value)));
    let entity = match fired.group.first() {
        Some((_, value)) => value.clone(),
        None => finding::entity(event),
    };
    Finding {
        by: By::Correlation,
        id: fired.id.clone(),
        title: fired.title.clone(),
        severity: Severity::of_level(fired.level),
        confidence: 70,
        techniques: finding::techniques(&fired.tags),
        entity,
        evidence: evidence.chain([("count".to_owned(), json!(fired.count))]).collect(),
        at,
    }
}

fn of_hit(hit: &Hit, event: &Event<'_>, at: Instant) -> Finding {
    Finding {
        by: By::Indicator,
        id: written(hit.indicator),
        title: format!("Indicator: {} {}", hit.kind, hit.value),
        severity: Severity::of_score(hit.score),
        confidence: hit.score,
        techniques: Vec::new(),
        entity: finding::entity(event),
        evidence: [(hit.field.clone(), json!(hit.value))].into(),
        at,
    }
}

fn of_pattern(hit: &PatternHit, event: &Event<'_>) -> Finding {
    let evidence = [("pattern", json!(hit.pattern)), ("observations", json!(hit.observations))];
    Finding {
        by: By::Indicator,
        id: written(hit.indicator),
        title: "Indicator: a pattern of several values".into(),
        severity: Severity::of_score(hit.score),
        confidence: hit.score,
        techniques: Vec::new(),
        entity: finding::entity(event),
        evidence: evidence.map(|(name, value)| (name.to_owned(), value)).into(),
        at: hit.last,
    }
}

fn of_past(id: Id, term: &Term, score: u8, seen: Seen) -> Finding {
    Finding {
        by: By::Indicator,
        id: written(id),
        title: format!("Seen before it was known: {term}"),
        severity: Severity::of_score(score),
        confidence: score,
        techniques: Vec::new(),
        entity: String::new(),
        evidence: [("value".to_owned(), json!(term.value()))].into(),
        at: second(seen.first),
    }
}

fn second(seconds: u32) -> Instant {
    Instant::from_micros(i64::from(seconds) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_indicators_of_one_value_one_is_told() {
        let hit = |n: u8, value: &str, score| Hit {
            indicator: [n; 20],
            kind: "ipv4",
            value: value.into(),
            field: "src_ip".into(),
            score,
        };
        let mut hits = vec![
            hit(3, "203.0.113.7", 40),
            hit(1, "203.0.113.7", 20),
            hit(2, "203.0.113.0/24", 10),
        ];
        one_of_a_value(&mut hits);
        assert_eq!(hits, [hit(2, "203.0.113.0/24", 10), hit(1, "203.0.113.7", 40)]);
    }
}
