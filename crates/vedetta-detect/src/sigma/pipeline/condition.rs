//! When a step is done: conditions on the rule, on its items and on the names of fields.

use regex::Regex;
use rsigma_parser::value::{SigmaString, SigmaValue};
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Modifier, SigmaRule, parse_condition,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use yaml_serde::{Mapping, Value};

use super::text::{self, Expression};
use super::{Kind, State};

/// Conditions of one sort, and how they are joined.
#[derive(Debug, Clone)]
pub(super) struct Conditions<C> {
    each: Vec<(String, C)>,
    joined: Joined,
    negated: bool,
}

#[derive(Debug, Clone)]
enum Joined {
    By(Operator),
    Expression(ConditionExpr),
}

/// How conditions are joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    #[default]
    And,
    Or,
}

/// Of which rules a step is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RuleCondition {
    Logsource {
        category: Option<String>,
        product: Option<String>,
        service: Option<String>,
    },
    ContainsDetectionItem {
        field: String,
        value: Value,
    },
    ContainsField {
        field: String,
    },
    Tag {
        tag: String,
    },
    RuleAttribute {
        attribute: String,
        value: Value,
        #[serde(default)]
        op: Relation,
    },
    IsSigmaRule,
    IsSigmaCorrelationRule,
    ProcessingItemApplied {
        processing_item_id: String,
    },
    ProcessingState(Reached),
}

/// Of which items a step is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ItemCondition {
    MatchString {
        cond: Many,
        pattern: Expression,
        #[serde(default)]
        negate: bool,
    },
    MatchValue {
        cond: Many,
        value: Value,
    },
    ContainsWildcard {
        cond: Many,
    },
    IsNull {
        cond: Many,
    },
    ProcessingState(Reached),
}

/// Of which fields a step is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FieldCondition {
    IncludeFields(Fields),
    ExcludeFields(Fields),
    ProcessingItemApplied { processing_item_id: String },
    ProcessingState(Reached),
}

/// What a `set_state` before left.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reached {
    key: String,
    val: Value,
    #[serde(default)]
    op: Relation,
}

/// How many values of an item must be so.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Many {
    Any,
    All,
}

/// How one value stands to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Relation {
    #[default]
    Eq,
    Ne,
    Gte,
    Gt,
    Lte,
    Lt,
    In,
    NotIn,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "NamedFields")]
pub(super) enum Fields {
    Plain(Vec<String>),
    Expressions(Vec<Regex>),
}

#[derive(Deserialize)]
struct NamedFields {
    fields: Vec<String>,
    #[serde(default)]
    mode: Mode,
}

/// How fields are named.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Plain,
    Re,
}

const LEVELS: &[&str] = &["informational", "low", "medium", "high", "critical"];
const STATUSES: &[&str] = &["unsupported", "deprecated", "experimental", "test", "stable"];

impl TryFrom<NamedFields> for Fields {
    type Error = String;

    fn try_from(named: NamedFields) -> Result<Self, String> {
        Ok(match named.mode {
            Mode::Plain => Self::Plain(named.fields),
            Mode::Re => {
                let each = named.fields.iter().map(|it| text::from_the_start(it));
                Self::Expressions(each.collect::<Result<_, _>>()?)
            }
        })
    }
}

impl<C: DeserializeOwned> Conditions<C> {
    /// Takes the conditions of a sort out of what a step says.
    pub(super) fn take(of: &str, from: &mut Mapping) -> Result<Self, String> {
        let mut said = |what: &str| from.remove(format!("{of}_{what}").as_str());
        let each: Vec<(String, C)> = match said("conditions") {
            None => Vec::new(),
            Some(Value::Sequence(list)) => {
                let named = list.into_iter().map(|it| Ok((String::new(), value(it)?)));
                named.collect::<Result<_, String>>()?
            }
            Some(Value::Mapping(named)) => {
                let named = named.into_iter().map(|(name, it)| Ok((value(name)?, value(it)?)));
                named.collect::<Result<_, String>>()?
            }
            Some(_) => return Err(format!("{of}_conditions are a list, or have names")),
        };
        let operator = said("cond_op").map(value).transpose()?;
        let expression: Option<String> = said("cond_expr").map(value).transpose()?;
        let negated = said("cond_not").map(value).transpose()?.unwrap_or_default();
        let joined = match expression {
            None => Joined::By(operator.unwrap_or_default()),
            Some(_) if operator.is_some() => {
                return Err(format!("{of}_cond_op and {of}_cond_expr exclude each other"));
            }
            Some(text) => {
                let names: Vec<&str> = each.iter().map(|(name, _)| name.as_str()).collect();
                let wrong = |why: String| format!("{of}_cond_expr {text:?}: {why}");
                let read = parse_condition(&text).map_err(|error| wrong(error.to_string()))?;
                are_named(&read, &names).map_err(wrong)?;
                Joined::Expression(read)
            }
        };
        Ok(Self { each, joined, negated })
    }
}

impl<C> Conditions<C> {
    /// Whether they hold together; of none, that they do.
    pub(super) fn hold(&self, holds: &dyn Fn(&C) -> bool) -> bool {
        if self.each.is_empty() {
            return true;
        }
        let mut each = self.each.iter().map(|(_, it)| holds(it));
        let all = match &self.joined {
            Joined::By(Operator::And) => each.all(|it| it),
            Joined::By(Operator::Or) => each.any(|it| it),
            Joined::Expression(expression) => self.says(expression, holds),
        };
        all != self.negated
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &C> {
        self.each.iter().map(|(_, it)| it)
    }

    fn says(&self, expression: &ConditionExpr, holds: &dyn Fn(&C) -> bool) -> bool {
        match expression {
            ConditionExpr::And(of) => of.iter().all(|it| self.says(it, holds)),
            ConditionExpr::Or(of) => of.iter().any(|it| self.says(it, holds)),
            ConditionExpr::Not(of) => !self.says(of, holds),
            ConditionExpr::Identifier(name) => {
                self.each.iter().find(|(it, _)| it == name).is_some_and(|(_, it)| holds(it))
            }
            ConditionExpr::Selector { .. } => false,
        }
    }
}

/// Whether an expression asks for nothing but conditions of these names.
fn are_named(expression: &ConditionExpr, names: &[&str]) -> Result<(), String> {
    match expression {
        ConditionExpr::And(of) | ConditionExpr::Or(of) => {
            of.iter().try_for_each(|it| are_named(it, names))
        }
        ConditionExpr::Not(of) => are_named(of, names),
        ConditionExpr::Identifier(name) if names.contains(&name.as_str()) => Ok(()),
        other => Err(format!("no condition is called {other}")),
    }
}

impl RuleCondition {
    pub(super) fn check(&self) -> Result<(), String> {
        let Self::RuleAttribute { attribute, value, .. } = self else { return Ok(()) };
        let known = ranks(attribute).is_none_or(|it| rank(it, value).is_some());
        if known { Ok(()) } else { Err(format!("rule_attribute: {value:?} is no {attribute}")) }
    }

    pub(super) fn holds(&self, (rule, kind): (&SigmaRule, Kind), state: &State) -> bool {
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
            Self::ContainsDetectionItem { field, value } => contains(rule, &|item| {
                item.field.name.as_ref() == Some(field)
                    && text::as_written(item).values.iter().any(|it| same(it, value))
            }),
            Self::ContainsField { field } => {
                contains(rule, &|item| item.field.name.as_ref() == Some(field))
            }
            Self::Tag { tag } => rule.tags.iter().any(|it| it.eq_ignore_ascii_case(tag)),
            Self::RuleAttribute { attribute, value, op } => {
                let said = said_of(rule, attribute);
                said.is_some_and(|said| is_attribute((attribute, &said), *op, value))
            }
            Self::IsSigmaRule => kind == Kind::Rule,
            Self::IsSigmaCorrelationRule => kind == Kind::Correlation,
            Self::ProcessingItemApplied { processing_item_id: id } => state.applied.contains(id),
            Self::ProcessingState(it) => it.holds(state),
        }
    }
}

impl ItemCondition {
    pub(super) fn holds(&self, item: &DetectionItem, state: &State) -> bool {
        let values = &text::as_written(item).values;
        let many = |cond: &Many, holds: &dyn Fn(&SigmaValue) -> bool| match cond {
            Many::Any => values.iter().any(holds),
            Many::All => values.iter().all(holds),
        };
        let string = |value: &SigmaValue, holds: &dyn Fn(&SigmaString) -> bool| match value {
            SigmaValue::String(text) => holds(text),
            _ => false,
        };
        match self {
            Self::MatchString { cond, pattern, negate } => {
                many(cond, &|it| string(it, &|text| pattern.starts(&text::plain(text))) != *negate)
            }
            Self::MatchValue { cond, value } => many(cond, &|it| same(it, value)),
            Self::ContainsWildcard { cond } => {
                many(cond, &|it| string(it, &SigmaString::contains_wildcards))
            }
            Self::IsNull { cond } => many(cond, &|it| *it == SigmaValue::Null),
            Self::ProcessingState(it) => it.holds(state),
        }
    }
}

impl FieldCondition {
    pub(super) fn holds(&self, name: Option<&str>, state: &State) -> bool {
        match self {
            Self::IncludeFields(it) => it.name(name),
            Self::ExcludeFields(it) => !it.name(name),
            Self::ProcessingItemApplied { processing_item_id: id } => {
                let of = name.and_then(|it| state.fields.get(it));
                of.is_some_and(|it| it.contains(id))
            }
            Self::ProcessingState(it) => it.holds(state),
        }
    }

    /// As [`Self::holds`], of the field of an item or of one that its values name.
    pub(super) fn holds_of(&self, item: &DetectionItem, state: &State) -> bool {
        let refers = item.field.has_modifier(Modifier::FieldRef);
        let mut named = item.values.iter().filter(|_| refers).map(ToString::to_string);
        self.holds(item.field.name.as_deref(), state)
            || named.any(|it| self.holds(Some(&it), state))
    }
}

impl Fields {
    fn name(&self, field: Option<&str>) -> bool {
        let Some(field) = field else { return false };
        match self {
            Self::Plain(names) => names.iter().any(|it| it == field),
            Self::Expressions(each) => each.iter().any(|it| it.is_match(field)),
        }
    }
}

impl Reached {
    fn holds(&self, state: &State) -> bool {
        state.set.get(&self.key).is_some_and(|it| relates(it, self.op, &self.val))
    }
}

/// Whether a rule has such an item.
fn contains(rule: &SigmaRule, is: &dyn Fn(&DetectionItem) -> bool) -> bool {
    fn within(of: &Detection, is: &dyn Fn(&DetectionItem) -> bool) -> bool {
        match of {
            Detection::AllOf(items) => items.iter().any(is),
            Detection::AnyOf(of) | Detection::And(of) => of.iter().any(|it| within(it, is)),
            _ => false,
        }
    }
    rule.detection.named.values().any(|it| within(it, is))
}

/// Whether a value of a rule is one of a pipeline.
fn same(value: &SigmaValue, asked: &Value) -> bool {
    match (value, SigmaValue::from_yaml(asked)) {
        (SigmaValue::String(text), SigmaValue::String(asked)) => text.parts == asked.parts,
        (value, asked) => *value == asked,
    }
}

/// What a rule says under the name of an attribute, its own ones too.
fn said_of(rule: &SigmaRule, attribute: &str) -> Option<Value> {
    let text = |it: &Option<String>| it.clone().map(Value::String);
    let list = |it: &[String]| Some(Value::Sequence(it.iter().cloned().map(Into::into).collect()));
    match attribute {
        "title" => Some(rule.title.clone().into()),
        "id" => text(&rule.id),
        "name" => text(&rule.name),
        "taxonomy" => text(&rule.taxonomy),
        "description" => text(&rule.description),
        "license" => text(&rule.license),
        "author" => text(&rule.author),
        "date" => text(&rule.date),
        "modified" => text(&rule.modified),
        "level" => rule.level.map(|it| it.as_str().into()),
        "status" => yaml_serde::to_value(rule.status?).ok(),
        "tags" => list(&rule.tags),
        "references" => list(&rule.references),
        "fields" => list(&rule.fields),
        "falsepositives" => list(&rule.falsepositives),
        "scope" => list(&rule.scope),
        own => rule.custom_attributes.get(own).cloned(),
    }
}

fn is_attribute((attribute, said): (&str, &Value), op: Relation, asked: &Value) -> bool {
    let day = |it: &Value| it.as_str().map_or_else(|| it.clone(), |it| it.replace('/', "-").into());
    match (attribute, ranks(attribute)) {
        (_, Some(ranks)) => {
            let place = |it| rank(ranks, it).map_or(Value::Null, |it| (it as u64).into());
            relates(&place(said), op, &place(asked))
        }
        ("date" | "modified", _) => relates(&day(said), op, &day(asked)),
        // Other texts have no order.
        _ if said.is_string() && !matches!(op, Relation::Eq | Relation::Ne) => false,
        _ => relates(said, op, asked),
    }
}

/// The values of an attribute that have an order, the least first.
fn ranks(attribute: &str) -> Option<&'static [&'static str]> {
    match attribute {
        "level" => Some(LEVELS),
        "status" => Some(STATUSES),
        _ => None,
    }
}

fn rank(among: &[&str], value: &Value) -> Option<usize> {
    let value = value.as_str()?;
    among.iter().position(|it| it.eq_ignore_ascii_case(value))
}

fn relates(said: &Value, op: Relation, asked: &Value) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    if let Value::Sequence(list) = said {
        return match op {
            Relation::In => list.contains(asked),
            Relation::NotIn => !list.contains(asked),
            Relation::Ne => true,
            _ => false,
        };
    }
    let order = match (said.as_f64(), asked.as_f64(), said.as_str(), asked.as_str()) {
        (Some(said), Some(asked), ..) => said.partial_cmp(&asked),
        (_, _, Some(said), Some(asked)) => Some(said.cmp(asked)),
        _ => None,
    };
    match op {
        Relation::Eq => said == asked || order == Some(Equal),
        Relation::Ne => said != asked && order != Some(Equal),
        Relation::Gte => matches!(order, Some(Greater | Equal)),
        Relation::Gt => order == Some(Greater),
        Relation::Lte => matches!(order, Some(Less | Equal)),
        Relation::Lt => order == Some(Less),
        Relation::In | Relation::NotIn => false,
    }
}

/// A part of a pipeline as what it is.
pub(super) fn value<T: DeserializeOwned>(of: Value) -> Result<T, String> {
    yaml_serde::from_value(of).map_err(|error| error.to_string())
}
