//! What a step does, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use yaml_serde::Value;

use super::text::{self, Expression};
use super::{Item, OneOrMore};

/// Names and what they become; of keywords, that have no field, null is the name.
pub(super) type Names = BTreeMap<Option<String>, OneOrMore<String>>;

/// What a step does.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum What {
    FieldNameMapping {
        mapping: Names,
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
    FieldNameTransform {
        transform_func: Transform,
        #[serde(default)]
        mapping: Names,
    },
    DropDetectionItem,
    HashesFields(Hashes),
    ExtractFields(Extract),
    AddCondition {
        conditions: BTreeMap<String, OneOrMore<Value>>,
        name: Option<String>,
        #[serde(default)]
        template: bool,
        #[serde(default)]
        negated: bool,
    },
    ChangeLogsource {
        category: Option<String>,
        product: Option<String>,
        service: Option<String>,
    },
    AddField {
        field: OneOrMore<String>,
    },
    RemoveField {
        field: OneOrMore<String>,
    },
    SetField {
        fields: Vec<String>,
    },
    ReplaceString {
        regex: Expression,
        replacement: String,
        #[serde(default)]
        skip_special: bool,
        #[serde(default)]
        interpret_special: bool,
    },
    MapString {
        mapping: BTreeMap<String, OneOrMore<String>>,
    },
    Regex {
        #[serde(default)]
        method: Method,
    },
    SetValue {
        value: Value,
        force_type: Option<Type>,
    },
    ConvertType {
        target_type: Type,
    },
    Case {
        #[serde(default)]
        method: Transform,
    },
    ValuePlaceholders(Placeholders),
    WildcardPlaceholders(Placeholders),
    SetState {
        key: String,
        val: Value,
    },
    SetCustomAttribute {
        attribute: String,
        value: Value,
    },
    RuleFailure {
        message: String,
    },
    DetectionItemFailure {
        message: String,
    },
    StrictFieldMappingFailure,
    Nest {
        items: Vec<Item>,
    },
}

/// How letters are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transform {
    #[default]
    Lower,
    Upper,
    Title,
    SnakeCase,
}

/// What of the letters' case an expression passes over. Both ways of passing over it say the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    Plain,
    IgnoreCaseFlag,
    #[default]
    IgnoreCaseBrackets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Type {
    Str,
    Num,
}

/// Which placeholders a step is about: all, when it does not say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placeholders {
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
}

/// How a text comes apart into fields, by the names of groups.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extract {
    pub(super) regex: Expression,
    pub(super) field_prefix: Option<String>,
    #[serde(default)]
    pub(super) preserve_unmatched: bool,
}

/// How `Hashes` comes apart into fields by algorithm.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hashes {
    valid_hash_algos: Vec<String>,
    #[serde(default)]
    field_prefix: String,
    #[serde(default)]
    drop_algo_prefix: bool,
    #[serde(default = "hashes")]
    field_to_parse: Vec<String>,
}

fn hashes() -> Vec<String> {
    vec!["Hashes".into(), "Hash".into()]
}

/// Steps that are refused, with what is missing here.
const REFUSED: &[(&str, &str)] = &[
    (
        "query_expression_placeholders",
        "it writes into a query, and rules are matched on events here: say what placeholders stand \
         for in vars, with value_placeholders",
    ),
    ("file_placeholders", "it reads other files: put the values into vars"),
    ("http_placeholders", "it asks the network: put the values into vars"),
    ("command_placeholders", "it runs a command: put the values into vars"),
];

/// Why a step of this type is refused, when it is known and cannot be done.
pub(super) fn refusal(name: &str) -> Option<String> {
    let (name, why) = REFUSED.iter().find(|(it, _)| *it == name)?;
    Some(format!("{name} cannot be done: {why}"))
}

impl What {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Case { method: Transform::Title } => Err("case: there is no method title".into()),
            Self::ExtractFields(it) if !it.regex.has_names() => {
                Err("extract_fields: the regular expression names no group".into())
            }
            Self::SetValue { value, force_type: Some(of) } => of.of(value).map(drop),
            Self::SetValue { value: Value::Sequence(_) | Value::Mapping(_), .. } => {
                Err("set_value: the value is one text, number, boolean or null".into())
            }
            Self::ValuePlaceholders(it) | Self::WildcardPlaceholders(it) => {
                let both = it.include.is_some() && it.exclude.is_some();
                if both { Err("include and exclude exclude each other".into()) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// What the step calls a field from now on, when it gives names; the field of keywords is none.
    pub(super) fn renamed(&self, name: Option<&str>) -> Option<Vec<String>> {
        let mapped = |mapping: &Names| {
            let mut of = mapping.iter().filter(|(from, _)| from.as_deref() == name);
            of.next().map(|(_, to)| to.all().to_vec())
        };
        match self {
            Self::FieldNameMapping { mapping } => mapped(mapping),
            Self::FieldNamePrefixMapping { mapping } => {
                let (rest, to) =
                    mapping.iter().find_map(|(from, to)| Some((name?.strip_prefix(from)?, to)))?;
                Some(to.all().iter().map(|to| format!("{to}{rest}")).collect())
            }
            Self::FieldNamePrefix { prefix } => Some(vec![format!("{prefix}{}", name?)]),
            Self::FieldNameSuffix { suffix } => Some(vec![format!("{}{suffix}", name?)]),
            Self::FieldNameTransform { transform_func, mapping } => {
                mapped(mapping).or_else(|| Some(vec![transform_func.of(name?)]))
            }
            _ => None,
        }
    }
}

impl Transform {
    pub(super) fn of(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::SnakeCase => text::snake_case(text),
            Self::Title => {
                let mut within = false;
                let letters = text.chars().flat_map(|it| {
                    let first = !std::mem::replace(&mut within, it.is_alphabetic());
                    let upper = first.then(|| it.to_uppercase());
                    let lower = (!first).then(|| it.to_lowercase());
                    upper.into_iter().flatten().chain(lower.into_iter().flatten())
                });
                letters.collect()
            }
        }
    }
}

impl Type {
    /// A value as one of this type.
    pub(super) fn of(self, value: &Value) -> Result<Value, String> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(format!("{value:?} is neither text nor a number")),
        };
        if self == Self::Str {
            return Ok(text.into());
        }
        let whole = text.trim().parse::<i64>().map(Value::from);
        let number = whole.or_else(|_| text.trim().parse::<f64>().map(Value::from));
        number.map_err(|_| format!("{text:?} is not a number"))
    }
}

impl Placeholders {
    pub(super) fn concern(&self, name: &str) -> bool {
        let is = |it: &String| it == name;
        self.include.as_ref().is_none_or(|it| it.iter().any(is))
            && !self.exclude.as_ref().is_some_and(|it| it.iter().any(is))
    }
}

impl Hashes {
    /// Whether a field is one of those that come apart.
    pub(super) fn are_in(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.field_to_parse.iter().any(|it| it == name))
    }

    /// The fields for values such as `SHA1=…`, or the digits alone.
    ///
    /// # Errors
    /// None of them is of an algorithm that counts.
    pub(super) fn apart(&self, values: &[String]) -> Result<BTreeMap<String, Vec<String>>, String> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for value in values {
            let split = value.split_once('|').or_else(|| value.split_once('='));
            let digits = split.map_or(value.as_str(), |(_, it)| it).trim_matches(['*', '?']);
            let algorithm = match (split, digits.len()) {
                (Some((it, _)), _) => it.trim_start_matches('*').to_ascii_uppercase(),
                (None, 32) => "MD5".into(),
                (None, 40) => "SHA1".into(),
                (None, 64) => "SHA256".into(),
                (None, 128) => "SHA512".into(),
                _ => continue,
            };
            if self.valid_hash_algos.contains(&algorithm) {
                let own = if self.drop_algo_prefix { "" } else { algorithm.as_str() };
                let field = format!("{}{own}", self.field_prefix);
                fields.entry(field).or_default().push(digits.to_owned());
            }
        }
        if fields.is_empty() {
            let known = self.valid_hash_algos.join(", ");
            return Err(format!("hashes_fields: no value is of {known}"));
        }
        Ok(fields)
    }
}
