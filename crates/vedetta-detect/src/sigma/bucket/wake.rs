//! What each rule waits for, and who is woken.

use super::{Decided, Known};
use crate::sigma::expression::Expression;
use crate::sigma::test::{Ask, Test};

/// What rules wait for.
pub(super) struct Waiting {
    /// The programs that wait for a test (or its hint).
    for_test: Vec<Vec<u32>>,
    /// The programs that wait for any value of a field.
    for_field: Vec<Vec<u32>>,
    /// Those that wait for nothing.
    pub(super) always: Vec<u32>,
    /// How often each was seen.
    tests_seen: Vec<u64>,
    fields_seen: Vec<u64>,
}

/// What a rule may wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Test(u32),
    Field(u32),
}

/// What an event changes.
pub(super) struct Wake<'b> {
    pub(super) known: &'b mut [Known],
    pub(super) decided: &'b [Decided],
    pub(super) waiting: &'b mut Waiting,
    pub(super) woken: &'b mut Vec<u32>,
    pub(super) woken_at: &'b mut [u32],
    pub(super) event: u32,
}

impl Wake<'_> {
    /// A test passes.
    pub(super) fn yes(&mut self, test: u32) {
        let known = &mut self.known[test as usize];
        if known.yes != self.event {
            known.yes = self.event;
            self.waiting.tests_seen[test as usize] += 1;
            wake(&self.waiting.for_test[test as usize], self.woken, self.woken_at, self.event);
        }
    }

    /// A test has a chance.
    pub(super) fn hint(&mut self, test: u32) {
        debug_assert_eq!(self.decided[test as usize], Decided::AfterHint);
        let known = &mut self.known[test as usize];
        if known.hinted != self.event {
            known.hinted = self.event;
            self.waiting.tests_seen[test as usize] += 1;
            wake(&self.waiting.for_test[test as usize], self.woken, self.woken_at, self.event);
        }
    }

    /// A field has a value.
    pub(super) fn present(&mut self, field: u32) {
        self.waiting.fields_seen[field as usize] += 1;
        wake(&self.waiting.for_field[field as usize], self.woken, self.woken_at, self.event);
    }
}

fn wake(programs: &[u32], woken: &mut Vec<u32>, woken_at: &mut [u32], event: u32) {
    for program in programs {
        let at = &mut woken_at[*program as usize];
        if *at != event {
            *at = event;
            woken.push(*program);
        }
    }
}

impl Waiting {
    pub(super) fn new(_programs: usize, tests: usize, scans: &[super::Scan]) -> Self {
        Self {
            for_test: vec![Vec::new(); tests],
            for_field: vec![Vec::new(); scans.len()],
            always: Vec::new(),
            tests_seen: vec![0; tests],
            fields_seen: vec![0; scans.len()],
        }
    }

    /// Chooses what each program waits for: of all that must be seen for it to match, the rarest.
    pub(super) fn choose<'e>(
        &mut self,
        programs: impl Iterator<Item = &'e Expression>,
        tests: &[(&Test, Decided, Option<u32>)],
        events: u64,
    ) {
        self.for_test.iter_mut().chain(&mut self.for_field).for_each(Vec::clear);
        self.always.clear();
        for (program, expression) in programs.enumerate() {
            let program = u32::try_from(program).unwrap_or(u32::MAX);
            let Some((_, signs)) = self.rarest(expression, tests, events) else {
                self.always.push(program);
                continue;
            };
            for sign in signs {
                let list = match sign {
                    Sign::Test(test) => &mut self.for_test[test as usize],
                    Sign::Field(field) => &mut self.for_field[field as usize],
                };
                if list.last() != Some(&program) {
                    list.push(program);
                }
            }
        }
    }

    /// Signs, one of which every match shows, and how often one is to be expected.
    fn rarest(
        &self,
        expression: &Expression,
        tests: &[(&Test, Decided, Option<u32>)],
        events: u64,
    ) -> Option<(f64, Vec<Sign>)> {
        match expression {
            Expression::Test(number) => self.sign(*number, tests, events),
            Expression::All(of) => of
                .iter()
                .filter_map(|it| self.rarest(it, tests, events))
                .min_by(|one, other| one.0.total_cmp(&other.0)),
            Expression::Any(of) => self.each(of, tests, events),
            Expression::AtLeast(least, of) if *least > 0 => self.each(of, tests, events),
            Expression::AtLeast(..) | Expression::Not(_) => None,
        }
    }

    fn each(
        &self,
        of: &[Expression],
        tests: &[(&Test, Decided, Option<u32>)],
        events: u64,
    ) -> Option<(f64, Vec<Sign>)> {
        let mut all = (0.0, Vec::new());
        for it in of {
            let (often, signs) = self.rarest(it, tests, events)?;
            all.0 += often;
            all.1.extend(signs);
        }
        Some(all)
    }

    fn sign(
        &self,
        number: u32,
        tests: &[(&Test, Decided, Option<u32>)],
        events: u64,
    ) -> Option<(f64, Vec<Sign>)> {
        let (test, decided, field) = tests[number as usize];
        let learned = |seen: u64| (seen as f64 + 0.01) / events as f64;
        let field = |guess: f64| {
            let field = field?;
            let seen = self.fields_seen[field as usize];
            let often = if events == 0 { guess } else { learned(seen).min(1.0) };
            Some((often, vec![Sign::Field(field)]))
        };
        match (decided, &test.ask) {
            (_, Ask::Never) => Some((0.0, Vec::new())),
            (Decided::ByAsking, Ask::Null) => None,
            (Decided::ByAsking, _) => field(0.9),
            _ => {
                let guess = test.hint.as_ref().map_or(0.2, |it| guess(it.len()));
                let often =
                    if events == 0 { guess } else { learned(self.tests_seen[number as usize]) };
                Some((often, vec![Sign::Test(number)]))
            }
        }
    }
}

/// How often a text of this length is found, before anything was seen.
fn guess(len: usize) -> f64 {
    0.5 / (1.0 + len as f64)
}
