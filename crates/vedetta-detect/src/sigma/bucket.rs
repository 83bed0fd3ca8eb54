//! The rules for one origin of events, arranged so that an event wakes only the rules that it may
//! concern.
//!
//! All texts that rules look for in one field are found in one pass over its value. Each rule
//! waits for a few of its tests, one of which must pass for it to match: the rarest ones. Those
//! woken are evaluated. What a test says of an event is found out once.

mod field;
mod wake;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use self::field::{Scan, ScanBuilder};
use super::expression::{Expression, TestNumber};
use super::rules::Rules;
use super::test::{Ask, Field, Test};
use crate::event::name::Plain;
use crate::event::{Event, Name, Value, fold};
use crate::source::Dialect;

/// After so many events, and again after this many times as many, what rules wait for is chosen
/// anew by what was seen.
const LEARN: u64 = 2_000;
const LEARN_AGAIN: u64 = 40_000;

/// A rule of this bucket.
struct Program {
    rule: u32,
    /// Over the bucket's own numbers.
    expression: Expression,
}

/// How a test is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decided {
    /// By the pass over the value.
    ByScan,
    /// By asking, once the hint was seen.
    AfterHint,
    /// By asking.
    ByAsking,
}

/// What is known of a test: the number of the event for which it is known.
#[derive(Clone, Copy, Default)]
struct Known {
    yes: u32,
    no: u32,
    hinted: u32,
}

pub(crate) struct Bucket {
    programs: Vec<Program>,
    /// The numbers of the tests among all.
    tests: Vec<TestNumber>,
    decided: Vec<Decided>,
    known: Vec<Known>,
    names: HashMap<Name, Box<[u32]>, BuildHasherDefault<Plain>>,
    scans: Vec<Scan>,
    /// Over every value.
    everywhere: Option<Scan>,
    waiting: wake::Waiting,
    /// Programs woken by this event.
    woken: Vec<u32>,
    woken_at: Vec<u32>,
    event: u32,
    seen: u64,
    /// The texts of an event in lower case, one after the other.
    text: String,
    /// Where each begins and ends, and whose it is.
    values: Vec<(usize, usize, usize)>,
}

impl Bucket {
    /// The rules that are to be asked of these events.
    pub(crate) fn new(rules: &Rules, meant: &[usize], dialect: Dialect) -> Self {
        let mut numbers: HashMap<TestNumber, u32> = HashMap::new();
        let mut tests = Vec::new();
        let mut programs = Vec::with_capacity(meant.len());
        for rule in meant {
            let expression = renumbered(&rules.rules[*rule].expression, &mut |test| {
                *numbers.entry(test).or_insert_with(|| {
                    tests.push(test);
                    u32::try_from(tests.len() - 1).unwrap_or(u32::MAX)
                })
            });
            programs.push(Program { rule: u32::try_from(*rule).unwrap_or(u32::MAX), expression });
        }
        let mut fields: HashMap<Field, ScanBuilder> = HashMap::new();
        let mut decided = Vec::with_capacity(tests.len());
        for (number, test) in tests.iter().enumerate() {
            let test = &rules.tests.all[*test as usize];
            let scan = fields.entry(test.field.clone()).or_default();
            decided.push(scan.add(test, u32::try_from(number).unwrap_or(u32::MAX)));
        }
        let everywhere = fields.remove(&Field::Everywhere).map(ScanBuilder::build);
        let mut names: HashMap<Name, Vec<u32>> = HashMap::new();
        let mut scans = Vec::with_capacity(fields.len());
        let mut places = HashMap::new();
        for (field, scan) in fields {
            let Field::Named(name, _) = field else { continue };
            let place = u32::try_from(scans.len()).unwrap_or(u32::MAX);
            places.insert(name, place);
            for called in std::iter::once(name).chain(dialect.sources_of(name)) {
                names.entry(called).or_default().push(place);
            }
            scans.push(scan.build());
        }
        let waiting = wake::Waiting::new(programs.len(), tests.len(), &scans);
        let count = programs.len();
        let mut bucket = Self {
            known: vec![Known::default(); tests.len()],
            woken_at: vec![0; count],
            names: names.into_iter().map(|(name, places)| (name, places.into())).collect(),
            programs,
            tests,
            decided,
            scans,
            everywhere,
            waiting,
            woken: Vec::new(),
            event: 0,
            seen: 0,
            text: String::new(),
            values: Vec::new(),
        };
        bucket.choose(rules, &places);
        bucket
    }

    /// The rules that match.
    pub(crate) fn matches(&mut self, rules: &Rules, event: &Event<'_>, found: &mut Vec<usize>) {
        self.begin(rules);
        self.scan(event);
        self.woken.extend_from_slice(&self.waiting.always);
        let woken = std::mem::take(&mut self.woken);
        for program in &woken {
            let Program { rule, expression } = &self.programs[*program as usize];
            let (known, decided, tests, now) =
                (&mut self.known, &self.decided, &self.tests, self.event);
            let mut ask = |number: u32| {
                let at = number as usize;
                let (known, decided) = (&mut known[at], decided[at]);
                if known.yes == now {
                    return true;
                }
                let undecided = match decided {
                    Decided::ByScan => false,
                    Decided::AfterHint => known.hinted == now && known.no != now,
                    Decided::ByAsking => known.no != now,
                };
                if !undecided {
                    return false;
                }
                let passes = rules.tests.all[tests[at] as usize].passes(event);
                *(if passes { &mut known.yes } else { &mut known.no }) = now;
                passes
            };
            if expression.holds(&mut ask) {
                found.push(*rule as usize);
            }
        }
        self.woken = woken;
        self.woken.clear();
    }

    fn begin(&mut self, rules: &Rules) {
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            self.known.fill(Known::default());
            self.woken_at.fill(0);
            self.event = 1;
        }
        self.seen += 1;
        if self.seen == LEARN || self.seen == LEARN_AGAIN {
            let places = self.places(rules);
            self.choose(rules, &places);
        }
    }

    /// Which scan looks at which field.
    fn places(&self, rules: &Rules) -> HashMap<Name, u32> {
        let fields =
            self.tests.iter().filter_map(|test| match &rules.tests.all[*test as usize].field {
                Field::Named(name, _) => Some(*name),
                Field::Everywhere => None,
            });
        fields
            .filter_map(|name| {
                let of = self.names.get(&name)?;
                let mine =
                    of.iter().find(|place| self.scans[**place as usize].name == Some(name))?;
                Some((name, *mine))
            })
            .collect()
    }

    fn choose(&mut self, rules: &Rules, places: &HashMap<Name, u32>) {
        let tests: Vec<(&Test, Decided, Option<u32>)> = (self.tests.iter().zip(&self.decided))
            .map(|(number, decided)| {
                let test = &rules.tests.all[*number as usize];
                let place = match &test.field {
                    Field::Named(name, _) => places.get(name).copied(),
                    Field::Everywhere => None,
                };
                (test, *decided, place)
            })
            .collect();
        let expressions = self.programs.iter().map(|it| &it.expression);
        self.waiting.choose(expressions, &tests, self.seen);
    }

    fn scan(&mut self, event: &Event<'_>) {
        self.text.clear();
        self.values.clear();
        let mut wake = wake::Wake {
            known: &mut self.known,
            decided: &self.decided,
            waiting: &mut self.waiting,
            woken: &mut self.woken,
            woken_at: &mut self.woken_at,
            event: self.event,
        };
        for (at, name) in event.names().iter().enumerate() {
            let places = self.names.get(name);
            if places.is_none() && self.everywhere.is_none() {
                continue;
            }
            let (value, start) = (event.value(at), self.text.len());
            let has_text = fold::fold_value(value, &mut self.text);
            let text = self.text.get(start..).unwrap_or_default();
            for place in places.map_or(&[][..], |it| it) {
                wake.present(*place);
                if has_text {
                    self.scans[*place as usize].run(text, value, &mut wake);
                }
            }
            if has_text && !matches!(value, Value::Boolean(_)) {
                self.values.push((start, self.text.len(), at));
            }
            self.text.push('\0');
        }
        // All values at once tell mostly that there is nothing in any of them.
        let Some(everywhere) = self.everywhere.as_ref().filter(|it| it.may_be_in(&self.text))
        else {
            return;
        };
        for (start, end, at) in &self.values {
            let text = self.text.get(*start..*end).unwrap_or_default();
            everywhere.run(text, event.value(*at), &mut wake);
        }
    }
}

/// The same expression over other numbers.
fn renumbered(of: &Expression, number: &mut impl FnMut(TestNumber) -> u32) -> Expression {
    let mut each = |of: &[Expression]| of.iter().map(|it| renumbered(it, number)).collect();
    match of {
        Expression::All(of) => Expression::All(each(of)),
        Expression::Any(of) => Expression::Any(each(of)),
        Expression::AtLeast(least, of) => Expression::AtLeast(*least, each(of)),
        Expression::Not(of) => Expression::Not(renumbered(of, number).into()),
        Expression::Test(test) => Expression::Test(number(*test)),
    }
}

/// How a test is decided, and the text to look for, if any.
fn decided(test: &Test) -> Decided {
    match &test.ask {
        Ask::Text(_, text) if !text.is_empty() => Decided::ByScan,
        Ask::Number(number) if field::whole(*number).is_some() => Decided::ByScan,
        _ if test.hint.is_some() => Decided::AfterHint,
        _ => Decided::ByAsking,
    }
}
