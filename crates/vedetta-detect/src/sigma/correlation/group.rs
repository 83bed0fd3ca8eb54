//! What one group has seen lately.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

/// Most events that a group holds; the oldest are let go.
const MOST: usize = 10_000;

/// One event that counts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Occurrence {
    pub(super) at: i64,
    pub(super) event: u64,
    /// Which of the correlation's rules it was.
    pub(super) rule: usize,
    /// A value as a number to tell it apart, and as a number to reckon with.
    pub(super) value: (u64, f64),
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    /// By time.
    held: VecDeque<Occurrence>,
    events: HashSet<(u64, usize)>,
    /// How many of each value are held.
    values: HashMap<u64, u32>,
    /// Until when it is silent, having fired.
    silent_until: Option<i64>,
    pub(super) evicted: u64,
}

impl Group {
    /// Adds an event; whether it changes anything.
    pub(super) fn add(&mut self, it: Occurrence, window: i64) -> bool {
        if self.newest().is_some_and(|newest| it.at < newest.saturating_sub(window)) {
            return false;
        }
        if !self.events.insert((it.event, it.rule)) {
            return false;
        }
        let place = self.held.iter().rposition(|held| held.at <= it.at).map_or(0, |at| at + 1);
        self.held.insert(place, it);
        *self.values.entry(it.value.0).or_default() += 1;
        let start = self.newest().unwrap_or(it.at).saturating_sub(window);
        while self.held.front().is_some_and(|first| first.at < start) {
            self.let_go();
        }
        if self.held.len() > MOST {
            self.let_go();
            self.evicted += 1;
        }
        true
    }

    fn let_go(&mut self) {
        let Some(gone) = self.held.pop_front() else { return };
        self.events.remove(&(gone.event, gone.rule));
        if let Some(count) = self.values.get_mut(&gone.value.0) {
            *count -= 1;
            if *count == 0 {
                self.values.remove(&gone.value.0);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn newest(&self) -> Option<i64> {
        self.held.back().map(|it| it.at)
    }

    pub(super) fn range(&self) -> (i64, i64) {
        let first = self.held.front().map_or(0, |it| it.at);
        (first, self.newest().unwrap_or(first))
    }

    /// Whether it is to be told: once a window.
    pub(super) fn fires(&mut self, window: i64) -> bool {
        let Some(newest) = self.newest() else { return false };
        if self.silent_until.is_some_and(|until| newest < until) {
            return false;
        }
        self.silent_until = Some(newest.saturating_add(window));
        true
    }

    pub(super) fn events(&self) -> f64 {
        self.held.len() as f64
    }

    pub(super) fn values(&self) -> f64 {
        self.values.len() as f64
    }

    /// The rules that were seen, a bit each.
    pub(super) fn rules(&self) -> u64 {
        self.held.iter().fold(0, |seen, it| seen | 1 << (it.rule & 63))
    }

    /// How many of the rules were seen in their order.
    pub(super) fn ordered(&self, rules: usize) -> f64 {
        let mut next = 0;
        for it in &self.held {
            if it.rule == next && next < rules {
                next += 1;
            }
        }
        next as f64
    }

    pub(super) fn numbers(&self) -> Vec<f64> {
        self.held.iter().map(|it| it.value.1).collect()
    }

    pub(super) fn percentile(&self, rank: u64) -> f64 {
        let mut numbers = self.numbers();
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len().saturating_sub(1);
        let at = (last as f64 * rank as f64 / 100.0).round() as usize;
        numbers.get(at).copied().unwrap_or(0.0)
    }
}
