//! Legal regimes as data, a file each: who must tell whom, what, and by when.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vedetta_model::Organisation;
use vedetta_model::language::{Bilingual, Language};
use vedetta_model::organisation::{Criticality, OrganisationKind, Sector};

use crate::notice::Element;

/// A law that sets deadlines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Its identifier, e.g. `nis2`.
    pub id: String,
    /// What it is called.
    pub title: Bilingual,
    /// Whom it binds.
    pub subject: Bilingual,
    /// Who must be told.
    pub recipient: String,
    /// Where it is written.
    pub source: String,
    /// Between which days it applies.
    pub valid: Validity,
    /// Which of its steps are owed.
    #[serde(default)]
    pub owes: Owes,
    /// What is due, in the order in which it is done.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// Which steps of a regime are owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owes {
    /// All of them.
    #[default]
    All,
    /// One, which follows from the class of the incident: each step is for one class.
    OneByClass,
}

/// Between which days a regime applies, both included.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// The first day.
    pub from: Date,
    /// The last day; absent while it stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// One thing that is due.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its identifier within the regime.
    pub id: String,
    /// What it is called.
    pub name: Bilingual,
    /// What starts its clock: the first of these that happened.
    pub from: Vec<Trigger>,
    /// How long it leaves.
    pub within: Span,
    /// When it is owed at all.
    #[serde(default)]
    pub case: Case,
    /// What discharges it without being sent: all of these together.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub satisfied_by: BTreeSet<StepName>,
    /// How sure this row is.
    pub certainty: Certainty,
    /// What the notice must say.
    #[serde(default)]
    pub content: Vec<Asked>,
}

/// Something that a notice must say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
    /// By which elements of a case it is answered; by a person alone when there are none.
    #[serde(default)]
    pub answers: Vec<Element>,
}

impl Asked {
    /// In a language.
    #[must_use]
    pub fn to(&self, language: Language) -> &str {
        match language {
            Language::It => &self.it,
            Language::En => &self.en,
        }
    }
}

/// What starts a clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// The organisation became aware.
    Awareness,
    /// The incident was evident to it.
    Evidence,
    /// Another step of the same regime was sent.
    Sent(String),
}

/// How long a step leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// So many hours, each of sixty minutes: 24 hours end at another time of day when the clocks
    /// change in between.
    Hours(u16),
    /// So many months of the calendar in Rome: to the same day and time of a later month, or to
    /// its last day when it has no such day.
    Months(u16),
}

/// When a step is owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Always.
    #[default]
    Always,
    /// Each time its span has passed and the incident is still open.
    WhileOpen,
    /// When the incident is closed: within the span of its trigger, or of the closure when it was
    /// still open then.
    OnceClosed,
}

/// How sure a row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Read in the official text.
    Read,
    /// From a secondary source.
    Secondary,
    /// General knowledge, to be verified.
    Unverified,
}

/// A step by its regime: `nis2:notification`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepName {
    /// The regime.
    pub regime: String,
    /// The step.
    pub step: String,
}

/// Why a regime does not stand.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegimeError {
    /// Not TOML, or not of this shape.
    #[error("it does not read: {0}")]
    Shape(String),
    /// Without steps nothing is ever due.
    #[error("{0} has no step: give it one [[step]] at least")]
    Empty(String),
    /// Two steps of one name.
    #[error("{0} stands twice: give each step its own id")]
    Twice(StepName),
    /// A clock that never starts, or starts after one that waits for it.
    #[error(
        "{step} starts from {from}, which is no earlier step: write awareness, evidence, or a step above it"
    )]
    Start {
        /// The step.
        step: StepName,
        /// What it says.
        from: String,
    },
    /// No time at all.
    #[error("{0} leaves no time: write within = {{ hours = N }} or {{ months = N }}, 1 to 1000")]
    NoTime(StepName),
}

/// The files that come with the product. An administrator may give others.
const GIVEN: [&str; 5] = [
    include_str!("../regimes/nis2.toml"),
    include_str!("../regimes/nis2-trust.toml"),
    include_str!("../regimes/law-90.toml"),
    include_str!("../regimes/perimeter.toml"),
    include_str!("../regimes/gdpr.toml"),
];

impl Regime {
    /// Those that come with the product.
    ///
    /// # Errors
    /// One of the files does not stand.
    pub fn given() -> Result<Vec<Self>, RegimeError> {
        GIVEN.iter().map(|text| text.parse()).collect()
    }

    /// A step's full name.
    #[must_use]
    pub fn name(&self, step: &Step) -> StepName {
        StepName { regime: self.id.clone(), step: step.id.clone() }
    }

    fn check(self) -> Result<Self, RegimeError> {
        if self.steps.is_empty() {
            return Err(RegimeError::Empty(self.id));
        }
        for (place, step) in self.steps.iter().enumerate() {
            let earlier = &self.steps[..place];
            if earlier.iter().any(|it| it.id == step.id) {
                return Err(RegimeError::Twice(self.name(step)));
            }
            let starts = |from: &&Trigger| match from {
                Trigger::Sent(id) => earlier.iter().any(|it| it.id == *id),
                Trigger::Awareness | Trigger::Evidence => true,
            };
            let wrong = step.from.iter().find(|from| !starts(from)).map(ToString::to_string);
            if let Some(from) = wrong.or_else(|| step.from.is_empty().then(|| "nothing".into())) {
                return Err(RegimeError::Start { step: self.name(step), from });
            }
            let (Span::Hours(length) | Span::Months(length)) = step.within;
            if !(1..=1000).contains(&length) {
                return Err(RegimeError::NoTime(self.name(step)));
            }
        }
        Ok(self)
    }
}

/// The laws that may apply to an organisation's incidents, each with what speaks for it: a person
/// decides. What is indicative stays data of the directory.
#[must_use]
pub fn suggested(of: &Organisation) -> Vec<(&'static str, Bilingual)> {
    use OrganisationKind::{Administration, Municipality, Region};
    let mut found = Vec::new();
    if of.sector.is_some() {
        let words = ("settore NIS2: verificare la soggettività", "NIS2 sector: check its standing");
        found.push(("nis2", Bilingual::new(words.0, words.1)));
    }
    let large = of.kind == Municipality && of.population.is_some_and(|it| it > 100_000);
    let health = matches!(of.sector, Some(Sector::Health | Sector::Transport));
    if large || health || matches!(of.kind, Administration | Region) {
        let words = (
            "amministrazione tra quelle dell'art. 1: verificare",
            "an administration among those of art. 1: check",
        );
        found.push(("law-90", Bilingual::new(words.0, words.1)));
    }
    if of.criticality == Criticality::National {
        let words = (
            "critica per il Paese: verificare l'iscrizione nel perimetro",
            "critical for the country: check whether it is within the perimeter",
        );
        found.push(("perimeter", Bilingual::new(words.0, words.1)));
    }
    let words = ("se sono coinvolti dati personali", "if personal data are involved");
    found.push(("gdpr", Bilingual::new(words.0, words.1)));
    found
}

impl FromStr for Regime {
    type Err = RegimeError;
    fn from_str(text: &str) -> Result<Self, RegimeError> {
        let regime: Self =
            toml::from_str(text).map_err(|error| RegimeError::Shape(error.to_string()))?;
        regime.check()
    }
}

impl Validity {
    /// Whether a day is within.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.regime, self.step)
    }
}

impl FromStr for StepName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((regime, step)) if !regime.is_empty() && !step.is_empty() => {
                Ok(Self { regime: regime.into(), step: step.into() })
            }
            _ => Err(format!("{text:?} names no step: write it as nis2:notification")),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Awareness => "awareness",
            Self::Evidence => "evidence",
            Self::Sent(step) => step,
        })
    }
}

impl From<String> for Trigger {
    fn from(text: String) -> Self {
        match text.as_str() {
            "awareness" => Self::Awareness,
            "evidence" => Self::Evidence,
            _ => Self::Sent(text),
        }
    }
}

impl Serialize for StepName {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepName {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Trigger {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Trigger {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(input)?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_product_stands_and_knows_what_discharges_it() {
        let given = Regime::given().unwrap();
        let names: BTreeSet<_> =
            given.iter().flat_map(|it| it.steps.iter().map(|step| it.name(step))).collect();
        for step in given.iter().flat_map(|it| &it.steps) {
            assert!(step.satisfied_by.is_subset(&names), "{}: {:?}", step.id, step.satisfied_by);
            assert!(!step.content.is_empty(), "{} says nothing", step.id);
        }
    }

    #[test]
    fn a_regime_that_does_not_stand_is_refused_by_name() {
        let head = "id = 'x'\ntitle = { it = '', en = '' }\nsubject = { it = '', en = '' }\n\
                    recipient = 'r'\nsource = 's'\nvalid = { from = '2026-01-01' }\n";
        let step = |id: &str, from: &str, within: &str| {
            format!(
                "[[step]]\nid = '{id}'\nname = {{ it = '', en = '' }}\nfrom = [{from}]\n\
                 within = {within}\ncertainty = 'read'\n"
            )
        };
        let (aware, day) = ("'awareness'", "{ hours = 24 }");
        for (steps, says) in [
            ("step = []".to_owned(), "x has no step"),
            (step("a", aware, day) + &step("a", aware, day), "x:a stands twice"),
            (step("a", "'b'", day) + &step("b", aware, day), "x:a starts from b"),
            (step("a", "", day), "x:a starts from nothing"),
            (step("a", aware, "{ hours = 0 }"), "x:a leaves no time"),
            (step("a", aware, "{ weeks = 2 }"), "does not read"),
        ] {
            let refused = format!("{head}{steps}").parse::<Regime>().unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn the_corpus_regime_toml_stands_or_is_refused() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/regime_toml");
        let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        let files: Vec<_> = files.collect();
        assert!(files.len() >= 4);
        for file in files {
            let read = std::fs::read_to_string(&file).unwrap().parse::<Regime>();
            let refused = file.file_name().unwrap().to_string_lossy().starts_with("refused");
            assert_eq!(read.is_err(), refused, "{}: {:?}", file.display(), read.err());
        }
    }
}
