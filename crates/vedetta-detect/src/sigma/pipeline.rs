//! Sigma processing pipelines: how rules are rewritten for events that name things otherwise
//! ([as pySigma reads them](https://sigmahq-pysigma.readthedocs.io/en/latest/Processing_Pipelines.html)).
//!
//! What usual sources call their fields is built in ([`crate::source`]); a pipeline says it for others.
//! What a pipeline asks that is not known here is refused with its name, never passed over.

mod rewrite;

use std::collections::{BTreeMap, HashMap, HashSet};

use regex::Regex;
use rsigma_parser::SigmaRule;
use serde::Deserialize;
use yaml_serde::Value;

use super::correlation::Wanted;

/// A pipeline.
#[derive(Debug, Clone, Deserialize)]
pub struct Pipeline {
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// Those with less go first.
    #[serde(default)]
    pub priority: i64,
    /// What placeholders stand for.
    #[serde(default)]
    vars: BTreeMap<String, OneOrMore<Value>>,
    #[serde(default)]
    transformations: Vec<Item>,
}

/// A text that is no pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAPipeline(String);

/// One step.
#[derive(Debug, Clone, Deserialize)]
struct Item {
    id: Option<String>,
    #[serde(flatten)]
    what: What,
    #[serde(default)]
    rule_conditions: Vec<RuleCondition>,
    #[serde(default)]
    rule_cond_op: Operator,
    #[serde(default)]
    rule_cond_not: bool,
    #[serde(default)]
    field_name_conditions: Vec<FieldCondition>,
    #[serde(default)]
    field_name_cond_op: Operator,
    #[serde(default)]
    field_name_cond_not: bool,
    /// What is asked of single items is not known here.
    #[serde(default)]
    detection_item_conditions: Vec<Value>,
}

/// How conditions are joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    #[default]
    And,
    Or,
}

/// What a step does.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What {
    FieldNameMapping {
        mapping: BTreeMap<String, OneOrMore<String>>,
    },
    FieldNamePrefixMapping {
        mapping: BTreeMap<String, OneOrMore<String>>,
    },
    FieldNamePrefix {
        prefix: String,
    },
    FieldNameSuffix {
        suffix: String,
    },
    DropDetectionItem,
    AddCondition {
        conditions: BTreeMap<String, OneOrMore<Value>>,
        #[serde(default)]
        negated: bool,
    },
    ChangeLogsource {
        category: Option<String>,
        product: Option<String>,
        service: Option<String>,
    },
    ReplaceString {
        regex: String,
        replacement: String,
    },
    ValuePlaceholders,
    WildcardPlaceholders,
    SetState {
        key: String,
        val: Value,
    },
    RuleFailure {
        message: String,
    },
    DetectionItemFailure {
        message: String,
    },
}

/// Of which rules a step is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum RuleCondition {
    Logsource { category: Option<String>, product: Option<String>, service: Option<String> },
    Tag { tag: String },
    IsSigmaRule,
    IsSigmaCorrelationRule,
    ProcessingItemApplied { processing_item_id: String },
    ProcessingState { key: String, val: Value },
}

/// Of which fields a step is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FieldCondition {
    IncludeFields(Fields),
    ExcludeFields(Fields),
}

#[derive(Debug, Clone, Deserialize)]
struct Fields {
    fields: Vec<String>,
    #[serde(default)]
    mode: Mode,
}

/// How fields are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Plain,
    Re,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    // First: one may be anything, a list too.
    More(Vec<T>),
    One(T),
}

/// What a step is asked to rewrite. A correlation is of the log source of each of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rule,
    Correlation,
}

/// What is known of a rule while it goes through.
#[derive(Default)]
struct State {
    set: HashMap<String, Value>,
    applied: HashSet<String>,
    added: usize,
}

/// Largest text of a pipeline, in bytes.
const LARGEST: usize = 4 << 20;

impl<T> OneOrMore<T> {
    fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

impl Pipeline {
    /// Reads a pipeline in YAML.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self, NotAPipeline> {
        if text.len() > LARGEST {
            return Err(NotAPipeline("larger than 4 MiB".into()));
        }
        let read: Self =
            yaml_serde::from_str(text).map_err(|error| NotAPipeline(error.to_string()))?;
        for (number, item) in read.transformations.iter().enumerate() {
            item.check().map_err(|what| {
                let unnamed = format!("transformation {}", number + 1);
                NotAPipeline(format!("{}: {what}", item.id.as_ref().unwrap_or(&unnamed)))
            })?;
        }
        Ok(read)
    }

    /// What its placeholders stand for.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => yaml_serde::to_string(other).unwrap_or_default().trim().to_owned(),
        };
        self.vars.iter().map(move |(name, of)| (name.clone(), of.all().iter().map(text).collect()))
    }

    /// Rewrites a rule, and what correlations ask of its events.
    ///
    /// # Errors
    /// Why the rule cannot be used after it.
    pub(crate) fn apply(&self, rule: &mut SigmaRule, wanted: &mut [Wanted]) -> Result<(), String> {
        let mut state = State::default();
        for item in &self.transformations {
            let is_of = |kind| item.is_of((&*rule, kind), &state);
            let (of_rule, of_correlations) = (is_of(Kind::Rule), is_of(Kind::Correlation));
            if of_correlations {
                wanted.iter_mut().for_each(|it| item.rewrite(it));
            }
            if of_rule {
                item.apply(rule, (&mut state, &self.vars))?;
                state.applied.extend(item.id.clone());
            }
        }
        Ok(())
    }
}

impl Item {
    fn check(&self) -> Result<(), String> {
        if !self.detection_item_conditions.is_empty() {
            return Err("detection_item_conditions are not supported".into());
        }
        let expression = |text: &str| {
            let built = Regex::new(text).map(drop);
            built.map_err(|error| format!("regular expression {text:?}: {error}"))
        };
        for condition in &self.field_name_conditions {
            let (FieldCondition::IncludeFields(it) | FieldCondition::ExcludeFields(it)) = condition;
            if it.mode == Mode::Re {
                it.fields.iter().try_for_each(|it| expression(it))?;
            }
        }
        match &self.what {
            What::ReplaceString { regex, .. } => expression(regex),
            _ => Ok(()),
        }
    }

    fn is_of(&self, rule: (&SigmaRule, Kind), state: &State) -> bool {
        let holds = |it: &RuleCondition| it.holds(rule, state);
        joined(self.rule_cond_op, &self.rule_conditions, holds) != self.rule_cond_not
            || (self.rule_conditions.is_empty() && self.rule_cond_not)
    }

    /// Whether it is about a field.
    fn is_about(&self, name: Option<&str>) -> bool {
        let holds = |it: &FieldCondition| match it {
            FieldCondition::IncludeFields(it) => it.name(name),
            FieldCondition::ExcludeFields(it) => !it.name(name),
        };
        let all = joined(self.field_name_cond_op, &self.field_name_conditions, holds);
        self.field_name_conditions.is_empty() || all != self.field_name_cond_not
    }
}

/// Whether conditions hold together; of none, that they do.
fn joined<C>(by: Operator, of: &[C], holds: impl FnMut(&C) -> bool) -> bool {
    match by {
        Operator::And => of.iter().all(holds),
        Operator::Or => of.is_empty() || of.iter().any(holds),
    }
}

impl Fields {
    fn name(&self, field: Option<&str>) -> bool {
        let Some(field) = field else { return false };
        self.fields.iter().any(|it| match self.mode {
            Mode::Plain => it == field,
            Mode::Re => Regex::new(&format!("^(?:{it})")).is_ok_and(|it| it.is_match(field)),
        })
    }
}

impl RuleCondition {
    fn holds(&self, (rule, kind): (&SigmaRule, Kind), state: &State) -> bool {
        let is = |asked: &Option<String>, said: &Option<String>| match (asked, said) {
            (None, _) => true,
            (Some(asked), Some(said)) => asked.eq_ignore_ascii_case(said),
            (Some(_), None) => false,
        };
        match self {
            Self::Logsource { category, product, service } => {
                is(category, &rule.logsource.category)
                    && is(product, &rule.logsource.product)
                    && is(service, &rule.logsource.service)
            }
            Self::Tag { tag } => rule.tags.iter().any(|it| it.eq_ignore_ascii_case(tag)),
            Self::IsSigmaRule => kind == Kind::Rule,
            Self::IsSigmaCorrelationRule => kind == Kind::Correlation,
            Self::ProcessingItemApplied { processing_item_id: id } => state.applied.contains(id),
            Self::ProcessingState { key, val } => state.set.get(key) == Some(val),
        }
    }
}

#[cfg(test)]
mod tests;
