//! The search for a binding: backtracking with continuations, one small frame per expression.
//!
//! Candidates are tried in the order of their last instant. Then the first one bound under
//! `WITHIN` fixes the window, and one count tells whether enough others fall into it.

use super::{Budget, EvaluateError, Node, Observed, Rule};
use crate::pattern::ObservationOp;

type Verdict = Result<bool, EvaluateError>;
type Then<'t> = &'t mut dyn FnMut(&mut Search) -> Verdict;

/// One observation, placed in time.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    place: usize,
    first: i128,
    last: i128,
}

/// Observations that satisfy one condition, by last instant.
#[derive(Debug)]
struct Candidates {
    all: Vec<Candidate>,
    /// Longest time from first to last among them.
    longest: i128,
}

/// A constraint on what is bound while it is in force.
#[derive(Debug)]
struct Window {
    rule: Rule,
    /// After each observation bound under it: the earliest last and the latest first instant.
    extents: Vec<(i128, i128)>,
}

/// Repetitions of one expression are tried only in order: at this depth no candidate before this.
#[derive(Debug, Clone, Copy)]
struct Floor {
    depth: usize,
    lowest: (i128, usize),
}

enum Fit {
    Yes,
    No,
    /// Nor can any later candidate.
    NeverAgain,
}

struct Search {
    candidates: Vec<Candidates>,
    /// How many times each observation can still be bound.
    free: Vec<u64>,
    bound: Vec<Candidate>,
    windows: Vec<Window>,
    floors: Vec<Floor>,
    budget: Budget,
}

/// Finds a binding of the expression among the places where each condition holds.
pub(super) fn find(
    root: &Node,
    satisfied: Vec<Vec<usize>>,
    observed: &[Observed<'_>],
    budget: Budget,
) -> Result<Option<Vec<usize>>, EvaluateError> {
    let candidates = satisfied.into_iter().map(|places| Candidates::new(&places, observed));
    let mut search = Search {
        candidates: candidates.collect(),
        free: observed.iter().map(|one| one.count).collect(),
        bound: Vec::new(),
        windows: Vec::new(),
        floors: Vec::new(),
        budget,
    };
    if !search.possible(root) || !search.solve(root, &mut |_| Ok(true))? {
        return Ok(None);
    }
    let mut places: Vec<_> = search.bound.iter().map(|candidate| candidate.place).collect();
    places.sort_unstable();
    places.dedup();
    Ok(Some(places))
}

impl Candidate {
    fn rank(&self) -> (i128, usize) {
        (self.last, self.place)
    }
}

impl Candidates {
    fn new(places: &[usize], observed: &[Observed<'_>]) -> Self {
        let placed = places.iter().map(|&place| Candidate {
            place,
            first: observed[place].first.as_nanosecond(),
            last: observed[place].last.as_nanosecond(),
        });
        let mut all: Vec<_> = placed.collect();
        all.sort_unstable_by_key(Candidate::rank);
        let longest = all.iter().map(|one| one.last - one.first).max().unwrap_or(0);
        Self { all, longest }
    }
}

impl Search {
    /// Whether there are enough candidates, time and distinctness aside.
    fn possible(&self, node: &Node) -> bool {
        match node {
            Node::Pick { condition, times } => {
                let all = &self.candidates[*condition].all;
                let total = all.iter().fold(0u64, |n, one| n.saturating_add(self.free[one.place]));
                total >= *times
            }
            Node::Joined(ObservationOp::Or, operands) => operands.iter().any(|o| self.possible(o)),
            Node::Joined(_, operands) => operands.iter().all(|o| self.possible(o)),
            Node::Repeated(inner, _) | Node::Timed(inner, _) => self.possible(inner),
        }
    }

    /// Binds `node` in every way until `then` is content.
    fn solve(&mut self, node: &Node, then: Then<'_>) -> Verdict {
        match node {
            Node::Pick { condition, times } => self.pick(*condition, *times, then),
            Node::Joined(ObservationOp::Or, operands) => {
                for operand in operands {
                    if self.possible(operand) && self.solve(operand, then)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Node::Joined(ObservationOp::And, operands) => self.all(operands, then),
            Node::Joined(ObservationOp::FollowedBy, operands) => {
                self.sequence(operands, i128::MIN, then)
            }
            Node::Repeated(inner, times) => self.repeat(inner, *times, then),
            Node::Timed(inner, rule) => self.timed(inner, *rule, then),
        }
    }

    fn all(&mut self, operands: &[Node], then: Then<'_>) -> Verdict {
        match operands.split_first() {
            None => then(self),
            Some((head, tail)) => self.solve(head, &mut |search| search.all(tail, then)),
        }
    }

    /// Operands in order, none before the latest that its predecessors need.
    fn sequence(&mut self, operands: &[Node], latest: i128, then: Then<'_>) -> Verdict {
        let Some((head, tail)) = operands.split_first() else { return then(self) };
        let mark = self.bound.len();
        self.timed(head, Rule::After(latest), &mut |search| {
            let firsts = search.bound[mark..].iter().map(|one| one.first);
            let latest = firsts.max().map_or(latest, |first| first.max(latest));
            search.sequence(tail, latest, then)
        })
    }

    /// Solves under a constraint, which is not in force for what comes after.
    fn timed(&mut self, inner: &Node, rule: Rule, then: Then<'_>) -> Verdict {
        self.windows.push(Window { rule, extents: Vec::new() });
        let verdict = self.solve(inner, &mut |search| {
            let window = search.windows.pop();
            let verdict = then(search);
            search.windows.extend(window);
            verdict
        });
        self.windows.pop();
        verdict
    }

    fn repeat(&mut self, inner: &Node, times: u64, then: Then<'_>) -> Verdict {
        let Some(rest) = times.checked_sub(1) else { return then(self) };
        let mark = self.bound.len();
        self.solve(inner, &mut |search| {
            let (depth, lowest) = (search.bound.len(), search.bound[mark].rank());
            let floors = search.floors.len();
            if rest > 0 {
                search.floors.push(Floor { depth, lowest });
            }
            let verdict = search.repeat(inner, rest, then);
            search.floors.truncate(floors);
            verdict
        })
    }

    /// Binds `times` candidates of one condition, in every combination.
    fn pick(&mut self, condition: usize, times: u64, then: Then<'_>) -> Verdict {
        let mut picked: Vec<usize> = Vec::new();
        let mut at = self.start(condition);
        loop {
            let missing = times - picked.len() as u64;
            if missing == 0 {
                if then(self)? {
                    return Ok(true);
                }
            } else if let Some(found) = self.next_fit(condition, at)? {
                picked.push(found);
                self.bind(self.candidates[condition].all[found]);
                // The first one fixes the window: enough others must fall into it.
                if picked.len() > 1 || self.enough(condition, found, missing - 1)? {
                    at = found;
                    continue;
                }
            }
            let Some(last) = picked.pop() else { return Ok(false) };
            self.unbind();
            at = last + 1;
        }
    }

    /// Where candidates begin that are not ruled out by their last instant alone.
    fn start(&self, condition: usize) -> usize {
        let floor = self.floors.iter().filter(|floor| floor.depth == self.bound.len());
        let lowest = floor.map(|floor| floor.lowest).max().unwrap_or((i128::MIN, 0));
        let earliest = self.windows.iter().map(|window| match window.rule {
            Rule::After(instant) | Rule::Interval(instant, _) => instant,
            Rule::Within(_) => i128::MIN,
        });
        let lowest = lowest.max((earliest.max().unwrap_or(i128::MIN), 0));
        self.candidates[condition].all.partition_point(|one| one.rank() < lowest)
    }

    fn next_fit(&mut self, condition: usize, from: usize) -> Result<Option<usize>, EvaluateError> {
        let candidates = &self.candidates[condition];
        for (at, one) in candidates.all.iter().enumerate().skip(from) {
            self.budget.spend(1 + self.windows.len())?;
            match self.fit(one, candidates.longest) {
                Fit::Yes => return Ok(Some(at)),
                Fit::No => {}
                Fit::NeverAgain => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Whether `missing` more fit from this candidate on.
    fn enough(&mut self, condition: usize, from: usize, missing: u64) -> Verdict {
        let mut missing = missing;
        let candidates = &self.candidates[condition];
        for one in &candidates.all[from..] {
            if missing == 0 {
                return Ok(true);
            }
            self.budget.spend(1 + self.windows.len())?;
            match self.fit(one, candidates.longest) {
                Fit::Yes => missing = missing.saturating_sub(self.free[one.place]),
                Fit::No => {}
                Fit::NeverAgain => return Ok(false),
            }
        }
        Ok(missing == 0)
    }

    fn fit(&self, one: &Candidate, longest: i128) -> Fit {
        let mut fit = if self.free[one.place] > 0 { Fit::Yes } else { Fit::No };
        for window in &self.windows {
            match (window.rule, window.extents.last()) {
                (Rule::After(instant), _) if one.last < instant => fit = Fit::No,
                (Rule::Interval(start, stop), _) => {
                    if start >= stop || one.last - longest >= stop {
                        return Fit::NeverAgain;
                    }
                    if one.last < start || one.first >= stop {
                        fit = Fit::No;
                    }
                }
                (Rule::Within(time), Some((earliest_last, latest_first))) => {
                    if one.last - longest > earliest_last + time {
                        return Fit::NeverAgain;
                    }
                    let (last, first) =
                        (one.last.min(*earliest_last), one.first.max(*latest_first));
                    if first > last + time {
                        fit = Fit::No;
                    }
                }
                (Rule::After(_), _) | (Rule::Within(_), None) => {}
            }
        }
        fit
    }

    fn bind(&mut self, one: Candidate) {
        self.free[one.place] -= 1;
        self.bound.push(one);
        for window in &mut self.windows {
            let extent = window.extents.last().map_or((one.last, one.first), |extent| {
                (one.last.min(extent.0), one.first.max(extent.1))
            });
            window.extents.push(extent);
        }
    }

    fn unbind(&mut self) {
        if let Some(one) = self.bound.pop() {
            self.free[one.place] += 1;
            for window in &mut self.windows {
                window.extents.pop();
            }
        }
    }
}
