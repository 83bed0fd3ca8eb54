//! What the steps of a pipeline make of a rule.

use std::collections::BTreeMap;

use regex::Regex;
use rsigma_parser::value::{SigmaString, SigmaValue};
use rsigma_parser::{ConditionExpr, Detection, DetectionItem, FieldSpec, Modifier, SigmaRule};
use yaml_serde::Value;

use super::{Item, OneOrMore, State, What};
use crate::sigma::correlation::Wanted;

type Vars = BTreeMap<String, OneOrMore<Value>>;

impl Item {
    pub(super) fn apply(
        &self,
        rule: &mut SigmaRule,
        (state, vars): (&mut State, &Vars),
    ) -> Result<(), String> {
        match &self.what {
            What::SetState { key, val } => {
                state.set.insert(key.clone(), val.clone());
            }
            What::RuleFailure { message } => return Err(message.clone()),
            What::ChangeLogsource { category, product, service } => {
                let source = &mut rule.logsource;
                (source.category, source.product, source.service) =
                    (category.clone(), product.clone(), service.clone());
            }
            What::AddCondition { conditions, negated } => {
                state.added += 1;
                let name = format!("_pipeline_{}_{}", state.applied.len(), state.added);
                let items = conditions.iter().map(|(field, values)| DetectionItem {
                    field: FieldSpec::new(Some(field.clone()), Vec::new()),
                    values: values.all().iter().map(SigmaValue::from_yaml).collect(),
                });
                rule.detection.named.insert(name.clone(), Detection::AllOf(items.collect()));
                let asked = ConditionExpr::Identifier(name);
                let asked = if *negated { ConditionExpr::Not(Box::new(asked)) } else { asked };
                for condition in &mut rule.detection.conditions {
                    *condition = ConditionExpr::And(vec![asked.clone(), condition.clone()]);
                }
            }
            _ => {
                for (name, detection) in &mut rule.detection.named {
                    let rewritten = self.detection(detection, vars)?;
                    *detection = rewritten
                        .ok_or_else(|| format!("nothing is left of the detection {name:?}"))?;
                }
            }
        }
        Ok(())
    }

    /// Does what the step does to what a correlation asks.
    pub(super) fn rewrite(&self, wanted: &mut Wanted) {
        if let What::RuleFailure { message } = &self.what {
            wanted.refuse(message);
        }
        wanted.rename(&|name| {
            let is_about = self.is_about(Some(name));
            is_about.then(|| self.renamed(name)).flatten()
        });
    }

    /// What the step calls a field from now on, when it gives names.
    fn renamed(&self, name: &str) -> Option<Vec<String>> {
        match &self.what {
            What::FieldNameMapping { mapping } => mapping.get(name).map(|it| it.all().to_vec()),
            What::FieldNamePrefixMapping { mapping } => {
                let mut found = mapping.iter();
                let (rest, to) =
                    found.find_map(|(from, to)| Some((name.strip_prefix(from)?, to)))?;
                Some(to.all().iter().map(|to| format!("{to}{rest}")).collect())
            }
            What::FieldNamePrefix { prefix } => Some(vec![format!("{prefix}{name}")]),
            What::FieldNameSuffix { suffix } => Some(vec![format!("{name}{suffix}")]),
            _ => None,
        }
    }

    /// A detection as the step makes it; nothing when nothing is left of it.
    fn detection(&self, of: &Detection, vars: &Vars) -> Result<Option<Detection>, String> {
        let each = |of: &[Detection]| -> Result<Option<Vec<Detection>>, String> {
            let of: Result<Vec<_>, _> = of.iter().map(|it| self.detection(it, vars)).collect();
            let of: Vec<Detection> = of?.into_iter().flatten().collect();
            Ok((!of.is_empty()).then_some(of))
        };
        Ok(match of {
            Detection::AllOf(items) => {
                let (mut plain, mut either) = (Vec::new(), Vec::new());
                for item in items {
                    let mut ways = self.item(item, vars)?;
                    match ways.len() {
                        0 => {}
                        1 => plain.append(&mut ways),
                        _ => {
                            let ways = ways.into_iter().map(|it| Detection::AllOf(vec![it]));
                            either.push(Detection::AnyOf(ways.collect()));
                        }
                    }
                }
                if either.is_empty() {
                    return Ok(
                        (!plain.is_empty() || items.is_empty()).then_some(Detection::AllOf(plain))
                    );
                }
                if !plain.is_empty() {
                    either.insert(0, Detection::AllOf(plain));
                }
                Some(Detection::And(either))
            }
            Detection::AnyOf(of) => each(of)?.map(Detection::AnyOf),
            Detection::And(of) => each(of)?.map(Detection::And),
            other => Some(other.clone()),
        })
    }

    /// An item as the step makes it: any of these, or nothing.
    fn item(&self, item: &DetectionItem, vars: &Vars) -> Result<Vec<DetectionItem>, String> {
        let name = item.field.name.as_deref();
        if !self.is_about(name) {
            return Ok(vec![item.clone()]);
        }
        if let Some(names) = name.and_then(|name| self.renamed(name)) {
            let named = |name: String| {
                let field = FieldSpec::new(Some(name), item.field.modifiers.clone());
                DetectionItem { field, values: item.values.clone() }
            };
            return Ok(names.into_iter().map(named).collect());
        }
        Ok(match &self.what {
            What::DropDetectionItem => Vec::new(),
            What::DetectionItemFailure { message } => return Err(message.clone()),
            What::ReplaceString { regex, replacement } => {
                let regex = Regex::new(regex).map_err(|error| error.to_string())?;
                let replacement = ours(replacement);
                let replaced = |text: &str| regex.replace_all(text, &*replacement).into_owned();
                vec![with_texts(item, &replaced)]
            }
            What::WildcardPlaceholders if item.field.has_modifier(Modifier::Expand) => {
                vec![with_texts(item, &|text| with_wildcards(text, vars))]
            }
            _ => vec![item.clone()],
        })
    }
}

fn with_texts(item: &DetectionItem, make: &dyn Fn(&str) -> String) -> DetectionItem {
    let values = item.values.iter().map(|value| match value {
        SigmaValue::String(text) => SigmaValue::String(SigmaString::new(&make(&text.original))),
        other => other.clone(),
    });
    DetectionItem { field: item.field.clone(), values: values.collect() }
}

/// Groups of a replacement as our expressions name them: `\1` is `${1}`.
fn ours(replacement: &str) -> String {
    let (mut ours, mut rest) = (String::new(), replacement.chars().peekable());
    while let Some(it) = rest.next() {
        match (it, rest.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                ours.push_str(&format!("${{{digit}}}"));
                rest.next();
            }
            ('\\', Some('\\')) => {
                ours.push('\\');
                rest.next();
            }
            ('$', _) => ours.push_str("$$"),
            _ => ours.push(it),
        }
    }
    ours
}

/// A text in which placeholders that stand for nothing known are wildcards.
fn with_wildcards(text: &str, vars: &Vars) -> String {
    let parts: Vec<&str> = text.split('%').collect();
    let last = parts.len() - 1;
    let mut made = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        match (at % 2 == 1 && at < last, vars.contains_key(part)) {
            (true, false) => made.push('*'),
            (true, true) => made.push_str(&format!("%{part}%")),
            (false, _) if at % 2 == 1 => made.push_str(&format!("%{part}")),
            (false, _) => made.push_str(part),
        }
    }
    made
}
