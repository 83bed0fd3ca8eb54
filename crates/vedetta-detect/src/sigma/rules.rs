//! Rules, read from what is written.

use std::fmt;

use rsigma_parser::{CorrelationRule, SigmaCollection, SigmaRule};

use super::correlation::{Wanted, rewritten};
use super::expression::Expression;
use super::lower::{Lowering, Placeholders, Tests, Wrong};
use super::pipeline::Pipeline;
use super::place::{Places, in_words};
use super::room::Room;

/// All rules together.
#[derive(Debug, Default)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) tests: Tests,
    /// Each with its file and line.
    pub(crate) correlations: Vec<(CorrelationRule, (String, usize))>,
    /// What correlations ask of each of the rules.
    pub(crate) wanted: Vec<Vec<Wanted>>,
    waiting: SigmaCollection,
    places: Vec<(String, String)>,
    refused: Vec<Refused>,
    unfilled: Vec<Refused>,
    placeholders: Placeholders,
    pipelines: Vec<Pipeline>,
    pub(crate) room: Room,
}

/// A rule, ready to be asked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its identifier; its title when it has none.
    pub id: String,
    /// What other rules may call it.
    pub name: Option<String>,
    /// Its title.
    pub title: String,
    /// `informational`, `low`, `medium`, `high` or `critical`; empty when it does not say.
    pub level: &'static str,
    /// As `attack.t1059.001`.
    pub tags: Vec<String>,
    /// The file it was read from.
    pub file: String,
    /// Which events it is about.
    pub logsource: LogSource,
    /// What it asks.
    pub expression: Expression,
    /// How many events of its log source it matches.
    pub reach: Reach,
}

/// How many events of its log source a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those that it asks for.
    Some,
    /// All: it asks for nothing but that a field is there, as `Image: '*'`.
    All,
}

/// Which events a rule is about; empty is any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LogSource {
    /// As `windows`.
    pub product: String,
    /// As `sysmon`.
    pub service: String,
    /// As `process_creation`.
    pub category: String,
}

/// A rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl Rules {
    /// No rules; `placeholders` say what `%name%` stands for.
    #[must_use]
    pub fn new(placeholders: Placeholders) -> Self {
        Self { placeholders, ..Self::default() }
    }

    /// No rules; those that come are rewritten by pipelines, the one with the least priority first.
    #[must_use]
    pub fn with_pipelines(mut placeholders: Placeholders, mut pipelines: Vec<Pipeline>) -> Self {
        pipelines.sort_by_key(|it| it.priority);
        for (name, values) in pipelines.iter().flat_map(Pipeline::placeholders) {
            placeholders.entry(name).or_insert(values);
        }
        Self { placeholders, pipelines, ..Self::default() }
    }

    /// Takes in a file. Rules wait until [`Self::ready`], for the filters that other files hold.
    pub fn take(&mut self, file: &str, text: &str) {
        let refuse = |(line, column), reason| Refused { file: file.into(), line, column, reason };
        let mut read = match rsigma_parser::parse_sigma_yaml(text) {
            Ok(read) => read,
            Err(error) => {
                self.refused.push(refuse((1, None), error.to_string()));
                return;
            }
        };
        if read.rules.is_empty()
            && read.correlations.is_empty()
            && read.filters.is_empty()
            && read.errors.is_empty()
        {
            read.errors.push("no rule in it".into());
        }
        let mut places = Places::of(text);
        for error in std::mem::take(&mut read.errors) {
            // A wrong status or level is said, and the rule is used.
            self.refused.push(refuse(places.next(&error), in_words(error)));
        }
        let known = (file.to_owned(), text.to_owned());
        for rule in read.rules {
            self.waiting.rules.push(rule);
            self.places.push(known.clone());
        }
        for correlation in read.correlations {
            let line = text.lines().position(|it| it.contains(&correlation.title)).unwrap_or(0) + 1;
            self.correlations.push((correlation, (file.to_owned(), line)));
        }
        self.waiting.filters.extend(read.filters);
    }

    /// Prepares what was taken in.
    pub fn ready(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let places = std::mem::take(&mut self.places);
        let mut rules = super::filter::filtered(&waiting);
        for (rule, (file, text)) in rules.iter_mut().zip(places) {
            let correlations = self.correlations.iter().map(|it| &it.0);
            let wanted = match rewritten(correlations, rule, &self.pipelines) {
                Ok(wanted) => wanted,
                Err(why) => {
                    let reason = format!("{}: {why}", rule.title);
                    self.refused.push(Refused::at(file, 1, reason));
                    continue;
                }
            };
            self.room.next_rule();
            let mut unfilled = Vec::new();
            let mut lowering = Lowering {
                tests: &mut self.tests,
                placeholders: &self.placeholders,
                room: &mut self.room,
                unfilled: &mut unfilled,
            };
            match lowering.section(&rule.detection) {
                Ok(expression) => {
                    self.unfilled.extend(unfilled.iter().map(|value| {
                        let line = text.lines().position(|it| it.contains(value)).unwrap_or(0) + 1;
                        let reason =
                            format!("{}: nothing says what {value} stands for", rule.title);
                        Refused::at(file.clone(), line, reason)
                    }));
                    let reach = self.tests.reach(&expression);
                    self.rules.push(Rule::of(rule, file, (expression, reach)));
                    self.wanted.push(wanted);
                }
                Err(Wrong { what, near }) => {
                    let line = text.lines().position(|it| it.contains(&near)).unwrap_or(0) + 1;
                    let reason = format!("{}: {what}", rule.title);
                    self.refused.push(Refused::at(file, line, reason));
                }
            }
        }
        self.tests.are_all();
    }

    /// The rules.
    #[must_use]
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// Refuses those of some files that match every event of their log source.
    pub fn refuse_of_all_events(&mut self, of: &dyn Fn(&str) -> bool) {
        let rules = std::mem::take(&mut self.rules).into_iter();
        for (rule, wanted) in rules.zip(std::mem::take(&mut self.wanted)) {
            if rule.reach == Reach::All && of(&rule.file) {
                let reason =
                    format!("{}: it would match every event of its log source", rule.title);
                self.refused.push(Refused::at(rule.file, 1, reason));
            } else {
                self.rules.push(rule);
                self.wanted.push(wanted);
            }
        }
    }

    /// The rules that match every event of their log source.
    pub fn of_all_events(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|it| it.reach == Reach::All)
    }

    /// Values with placeholders that stand for nothing known: no event has them, and the rule is used
    /// without.
    #[must_use]
    pub fn unfilled(&self) -> &[Refused] {
        &self.unfilled
    }

    /// What could not be used, each with its place and reason.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }
}

impl Refused {
    pub(super) fn at(file: String, line: usize, reason: String) -> Self {
        Self { file, line, column: None, reason }
    }
}

/// `file:line: reason`, with the column where it is known.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, "{column}:")?;
        }
        write!(f, " {}", self.reason)
    }
}

impl Rule {
    fn of(rule: &SigmaRule, file: String, (expression, reach): (Expression, Reach)) -> Self {
        let lower = |it: &Option<String>| it.as_deref().unwrap_or_default().to_ascii_lowercase();
        Self {
            id: rule.id.clone().unwrap_or_else(|| rule.title.clone()),
            name: rule.name.clone(),
            title: rule.title.clone(),
            level: rule.level.map_or("", |it| it.as_str()),
            tags: rule.tags.clone(),
            file,
            logsource: LogSource {
                product: lower(&rule.logsource.product),
                service: lower(&rule.logsource.service),
                category: lower(&rule.logsource.category),
            },
            expression,
            reach,
        }
    }
}
