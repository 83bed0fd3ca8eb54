//! What the steps of a pipeline make of a rule.

use std::collections::BTreeMap;

use rsigma_parser::value::{SigmaString, SigmaValue};
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, FieldSpec, LogSource, Modifier, SigmaRule,
    parse_field_spec,
};
use yaml_serde::Value;

use super::step::{Extract, Method, Type, What};
use super::{Item, OneOrMore, State, Vars, text};
use crate::sigma::correlation::Wanted;

/// What an item becomes: any of these, each of which is all of those.
type Ways = Vec<Vec<DetectionItem>>;

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
            What::SetCustomAttribute { attribute, value } => {
                rule.custom_attributes.insert(attribute.clone(), value.clone());
            }
            What::RuleFailure { message } => return Err(message.clone()),
            What::StrictFieldMappingFailure => return all_are_mapped(rule, state),
            What::ChangeLogsource { category, product, service } => {
                let source = &mut rule.logsource;
                (source.category, source.product, source.service) =
                    (category.clone(), product.clone(), service.clone());
            }
            What::AddField { field } => rule.fields.extend_from_slice(field.all()),
            What::RemoveField { field } => rule.fields.retain(|it| !field.all().contains(it)),
            What::SetField { fields } => rule.fields.clone_from(fields),
            What::AddCondition { conditions, name, template, negated } => {
                state.added += 1;
                let name = name.clone();
                let name = name.unwrap_or_else(|| format!("_pipeline_{}", state.added));
                let source = template.then_some(&rule.logsource);
                let items = conditions.iter().map(|(field, values)| added(field, values, source));
                let items = Detection::AllOf(items.collect::<Result<_, _>>()?);
                rule.detection.named.insert(name.clone(), items);
                let asked = ConditionExpr::Identifier(name);
                let asked = if *negated { ConditionExpr::Not(Box::new(asked)) } else { asked };
                for condition in &mut rule.detection.conditions {
                    *condition = ConditionExpr::And(vec![asked.clone(), condition.clone()]);
                }
            }
            _ => {
                for (name, detection) in &mut rule.detection.named {
                    let rewritten = self.detection(detection, (&mut *state, vars))?;
                    *detection = rewritten
                        .ok_or_else(|| format!("nothing is left of the detection {name:?}"))?;
                }
            }
        }
        Ok(())
    }

    /// Does what the step does to what a correlation asks.
    pub(super) fn rewrite(&self, wanted: &mut Wanted, state: &State) {
        if let What::RuleFailure { message } = &self.what {
            wanted.refuse(message);
        }
        wanted.rename(&|name| {
            let is_about = self.fields.hold(&|it| it.holds(Some(name), state));
            is_about.then(|| self.what.renamed(Some(name))).flatten()
        });
    }

    /// A detection as the step makes it; nothing when nothing is left of it.
    fn detection(
        &self,
        of: &Detection,
        (state, vars): (&mut State, &Vars),
    ) -> Result<Option<Detection>, String> {
        let mut each = |of: &[Detection]| -> Result<Option<Vec<Detection>>, String> {
            let of: Result<Vec<_>, _> =
                of.iter().map(|it| self.detection(it, (&mut *state, vars))).collect();
            let of: Vec<Detection> = of?.into_iter().flatten().collect();
            Ok((!of.is_empty()).then_some(of))
        };
        Ok(match of {
            Detection::AllOf(items) => {
                let (mut plain, mut either) = (Vec::new(), Vec::new());
                for item in items {
                    let mut ways = self.item(item, (&mut *state, vars))?;
                    match ways.len() {
                        0 => {}
                        1 => plain.append(&mut ways.remove(0)),
                        _ => {
                            let ways = ways.into_iter().map(Detection::AllOf);
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
            Detection::Keywords(values) => {
                let field = FieldSpec::new(None, Vec::new());
                let ways =
                    self.item(&DetectionItem { field, values: values.clone() }, (state, vars))?;
                keywords(ways)
            }
            other => Some(other.clone()),
        })
    }

    /// An item as the step makes it; nothing when it is dropped.
    fn item(
        &self,
        item: &DetectionItem,
        (state, vars): (&mut State, &Vars),
    ) -> Result<Ways, String> {
        let is_about = self.items.hold(&|it| it.holds(item, state))
            && self.fields.hold(&|it| it.holds_of(item, state));
        if !is_about {
            return Ok(vec![vec![item.clone()]]);
        }
        match &self.what {
            What::DropDetectionItem => Ok(Vec::new()),
            What::DetectionItemFailure { message } => Err(message.clone()),
            What::WildcardPlaceholders(which) if item.field.has_modifier(Modifier::Expand) => {
                let concerns = |name: &str| which.concern(name) && !vars.contains_key(name);
                let make = |text: &SigmaString| {
                    vec![SigmaString::new(&with_wildcards(&text.original, &concerns))]
                };
                Ok(vec![vec![with_texts(item, &make)]])
            }
            _ => match self.with_names(item, state) {
                Some(ways) => Ok(ways),
                None if text::is_plain(item) => self.with_values(item),
                None => Ok(vec![vec![item.clone()]]),
            },
        }
    }

    /// An item whose field, or the fields that it refers to, are called otherwise.
    fn with_names(&self, item: &DetectionItem, state: &mut State) -> Option<Ways> {
        let is_about = |name: Option<&str>| self.fields.hold(&|it| it.holds(name, state));
        let renamed =
            |name: Option<&str>| is_about(name).then(|| self.what.renamed(name)).flatten();
        let mut item = item.clone();
        let refers = item.field.has_modifier(Modifier::FieldRef);
        let mut is_other = false;
        if refers {
            let others =
                item.values.iter().flat_map(|value| match renamed(Some(&value.to_string())) {
                    Some(names) => {
                        is_other = true;
                        names.iter().map(|it| SigmaValue::from_raw_string(it)).collect()
                    }
                    None => vec![value.clone()],
                });
            item.values = others.collect();
        }
        let name = item.field.name.clone();
        let Some(names) = renamed(name.as_deref()) else {
            return is_other.then(|| vec![vec![item]]);
        };
        let mut modifiers = item.field.modifiers.clone();
        if name.is_none() {
            modifiers.push(Modifier::Contains);
        }
        if let Some(name) = name {
            state.renames(&name, &names, self.id.as_ref());
        }
        let named = |name: String| {
            let field = FieldSpec::new(Some(name), modifiers.clone());
            vec![DetectionItem { field, values: item.values.clone() }]
        };
        Some(names.into_iter().map(named).collect())
    }

    /// An item with other values.
    fn with_values(&self, item: &DetectionItem) -> Result<Ways, String> {
        let written = text::as_written(item);
        let item = written.as_ref();
        let one = |item| Ok(vec![vec![item]]);
        match &self.what {
            What::ReplaceString { regex, replacement, skip_special, interpret_special } => {
                let by = (regex, &*text::ours(replacement));
                let read =
                    if *interpret_special { text::with_wildcards } else { text::without_wildcards };
                let make = |it: &SigmaString| match skip_special {
                    true => vec![text::replaced_beside_wildcards(it, by, &read)],
                    false => vec![text::replaced(it, by)],
                };
                one(with_texts(&with_numbers_as_texts(item), &make))
            }
            What::MapString { mapping } => one(with_texts(item, &|it| {
                let mapped = mapping.get(&text::plain(it));
                mapped.map_or_else(
                    || vec![it.clone()],
                    |to| to.all().iter().map(|it| SigmaString::new(it)).collect(),
                )
            })),
            What::Case { method } => {
                one(with_texts(item, &|it| vec![text::each_text(it, &|it| method.of(it))]))
            }
            What::SetValue { value, force_type } => {
                let value = force_type.map_or_else(|| Ok(value.clone()), |it| it.of(value))?;
                let item = as_told(item, item.field.name.clone(), Vec::new());
                one(DetectionItem { values: vec![SigmaValue::from_yaml(&value)], ..item })
            }
            What::ConvertType { target_type: Type::Str } => one(with_numbers_as_texts(item)),
            What::ConvertType { target_type: Type::Num } => one(with_numbers(item)?),
            What::Regex { method } => Ok(as_expressions(item, *method)),
            What::HashesFields(hashes) if hashes.are_in(item.field.name.as_deref()) => {
                let Some(texts) = plain_texts(item) else { return one(item.clone()) };
                let fields = hashes.apart(&texts)?.into_iter().map(|(field, digits)| {
                    let values = digits.iter().map(|it| SigmaValue::String(SigmaString::new(it)));
                    let field = (!field.is_empty() && field != "keyword").then_some(field);
                    as_told(item, field, values.collect())
                });
                Ok(joined(item, Modifier::Neq, fields.map(|it| vec![it]).collect()))
            }
            What::ExtractFields(extract) => {
                let ways = apart(item, extract);
                match ways.is_empty() {
                    true => one(item.clone()),
                    false => Ok(joined(item, Modifier::All, ways)),
                }
            }
            _ => one(item.clone()),
        }
    }
}

/// Whether every field of a rule was given its name by a step.
fn all_are_mapped(rule: &SigmaRule, state: &State) -> Result<(), String> {
    fn fields<'d>(of: &'d Detection, found: &mut Vec<&'d str>) {
        match of {
            Detection::AllOf(items) => {
                found.extend(items.iter().filter_map(|it| it.field.name.as_deref()));
            }
            Detection::AnyOf(of) | Detection::And(of) => of.iter().for_each(|it| fields(it, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    rule.detection.named.values().for_each(|it| fields(it, &mut found));
    found.retain(|it| !state.fields.contains_key(*it));
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Ok(()),
        some => Err(format!("no step maps the fields {}", some.join(", "))),
    }
}

/// An item that a pipeline adds, with the words of a log source in its texts.
fn added(
    field: &str,
    values: &OneOrMore<Value>,
    source: Option<&LogSource>,
) -> Result<DetectionItem, String> {
    let told = |value: &Value| match (value, source) {
        (Value::String(text), Some(source)) => {
            let words = [
                ("category", &source.category),
                ("product", &source.product),
                ("service", &source.service),
            ];
            let text = words.into_iter().fold(text.clone(), |text, (name, word)| {
                let word = word.as_deref().unwrap_or("None");
                text.replace(&format!("${{{name}}}"), word).replace(&format!("${name}"), word)
            });
            SigmaValue::String(SigmaString::new(&text))
        }
        _ => SigmaValue::from_yaml(value),
    };
    let field = parse_field_spec(field).map_err(|error| error.to_string())?;
    Ok(DetectionItem { field, values: values.all().iter().map(told).collect() })
}

/// Keywords again, when they are nothing else now.
fn keywords(mut ways: Ways) -> Option<Detection> {
    match ways.as_mut_slice() {
        [] => None,
        [way] => Some(match way.as_mut_slice() {
            [it] if it.field.name.is_none() && it.field.modifiers.is_empty() => {
                Detection::Keywords(std::mem::take(&mut it.values))
            }
            _ => Detection::AllOf(std::mem::take(way)),
        }),
        _ => Some(Detection::AnyOf(ways.into_iter().map(Detection::AllOf).collect())),
    }
}

/// Several items in the place of one: any of them, or all where the modifier says so.
fn joined(item: &DetectionItem, all: Modifier, ways: Ways) -> Ways {
    match item.field.has_modifier(all) {
        true => vec![ways.into_iter().flatten().collect()],
        false => ways,
    }
}

/// An item of a field with values that are as they are told.
fn as_told(item: &DetectionItem, name: Option<String>, values: Vec<SigmaValue>) -> DetectionItem {
    let stay = [Modifier::All, Modifier::Neq];
    let modifiers = item.field.modifiers.iter().copied().filter(|it| stay.contains(it));
    DetectionItem { field: FieldSpec::new(name, modifiers.collect()), values }
}

fn with_texts(
    item: &DetectionItem,
    make: &dyn Fn(&SigmaString) -> Vec<SigmaString>,
) -> DetectionItem {
    let values = item.values.iter().flat_map(|value| match value {
        SigmaValue::String(text) => make(text).into_iter().map(SigmaValue::String).collect(),
        other => vec![other.clone()],
    });
    DetectionItem { field: item.field.clone(), values: values.collect() }
}

fn with_numbers_as_texts(item: &DetectionItem) -> DetectionItem {
    let values = item.values.iter().map(|value| match value {
        SigmaValue::Integer(_) | SigmaValue::Float(_) => {
            SigmaValue::String(SigmaString::new(&value.to_string()))
        }
        other => other.clone(),
    });
    DetectionItem { field: item.field.clone(), values: values.collect() }
}

fn with_numbers(item: &DetectionItem) -> Result<DetectionItem, String> {
    let values = item.values.iter().map(|value| match value {
        SigmaValue::String(text) => {
            Type::Num.of(&text::plain(text).into()).map(|it| SigmaValue::from_yaml(&it))
        }
        other => Ok(other.clone()),
    });
    Ok(DetectionItem { field: item.field.clone(), values: values.collect::<Result<_, _>>()? })
}

/// The texts of an item, when it has nothing else.
fn plain_texts(item: &DetectionItem) -> Option<Vec<String>> {
    let text = |value: &SigmaValue| match value {
        SigmaValue::String(text) => Some(text::plain(text)),
        _ => None,
    };
    item.values.iter().map(text).collect()
}

/// An item whose texts are regular expressions that say the same.
fn as_expressions(item: &DetectionItem, method: Method) -> Ways {
    let is_text = |it: &&SigmaValue| matches!(it, SigmaValue::String(it) if !it.parts.is_empty());
    let (texts, others): (Vec<_>, Vec<_>) = item.values.iter().partition(is_text);
    let expressions: Vec<SigmaValue> = texts
        .into_iter()
        .filter_map(|value| match value {
            SigmaValue::String(it) => Some(SigmaValue::from_raw_string(&text::as_expression(it))),
            _ => None,
        })
        .collect();
    let mut told = as_told(item, item.field.name.clone(), expressions);
    told.field.modifiers.extend([Modifier::Re, Modifier::DotAll]);
    if method != Method::Plain {
        told.field.modifiers.push(Modifier::IgnoreCase);
    }
    let rest = DetectionItem { values: others.into_iter().cloned().collect(), ..item.clone() };
    let ways = [told, rest].into_iter().filter(|it| !it.values.is_empty());
    let ways: Ways = ways.map(|it| vec![it]).collect();
    let all = item.field.has_modifier(Modifier::All) != item.field.has_modifier(Modifier::Neq);
    if all { vec![ways.into_iter().flatten().collect()] } else { ways }
}

/// For each text of an item the fields that an expression names in it, or the text when it is to stay.
fn apart(item: &DetectionItem, extract: &Extract) -> Ways {
    let Some(texts) = plain_texts(item) else { return Vec::new() };
    let made = |(name, text): (&str, &str)| {
        let prefix = extract.field_prefix.as_ref();
        let name = prefix.map_or_else(|| name.to_owned(), |it| format!("{it}.{name}"));
        as_told(item, Some(name), vec![extracted(text)])
    };
    let each =
        texts.iter().zip(&item.values).map(|(text, value)| match extract.regex.named(text) {
            Some(named) => named.into_iter().filter(|(_, it)| !it.is_empty()).map(made).collect(),
            None if extract.preserve_unmatched => {
                vec![DetectionItem { values: vec![value.clone()], ..item.clone() }]
            }
            None => Vec::new(),
        });
    each.filter(|it| !it.is_empty()).collect()
}

/// What was found in a text, as what it looks like.
fn extracted(text: &str) -> SigmaValue {
    if ["null", "none"].contains(&&*text.to_ascii_lowercase()) {
        return SigmaValue::Null;
    }
    let is_number = text == "0" || !text.starts_with('0');
    match Type::Num.of(&text.into()) {
        Ok(number) if is_number => SigmaValue::from_yaml(&number),
        _ => SigmaValue::String(SigmaString::new(text)),
    }
}

/// A text in which some placeholders are wildcards.
fn with_wildcards(text: &str, concerns: &dyn Fn(&str) -> bool) -> String {
    let parts: Vec<&str> = text.split('%').collect();
    let last = parts.len() - 1;
    let mut made = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        match (at % 2 == 1 && at < last, concerns(part)) {
            (true, true) => made.push('*'),
            (true, false) => made.push_str(&format!("%{part}%")),
            (false, _) if at % 2 == 1 => made.push_str(&format!("%{part}")),
            (false, _) => made.push_str(part),
        }
    }
    made
}

/// What pipelines say of placeholders.
pub(super) fn placeholders(
    vars: &BTreeMap<String, OneOrMore<Value>>,
) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => yaml_serde::to_string(other).unwrap_or_default().trim().to_owned(),
    };
    let all = |of: &OneOrMore<Value>| of.all().iter().map(text).collect();
    vars.iter().map(|(name, of)| (name.clone(), all(of))).collect()
}
