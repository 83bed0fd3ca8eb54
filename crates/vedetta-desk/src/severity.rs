//! How grave an incident is: a score that shows its reasons, and the operational category 1 to 6
//! that says who answers.
//!
//! Eight factors, each with a few grades; the score is their weighted mean, 0 to 100, in the manner
//! of the National Cyber Incident Scoring System. Weights and grades are ours. A factor that nobody
//! has judged counts as unknown: it narrows nothing, so the score is a span until all are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant};

/// What is judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// What services suffer.
    FunctionalImpact,
    /// What the attacker was seen to do.
    Activity,
    /// Where it was seen.
    Location,
    /// Who it seems to be.
    Actor,
    /// What information suffers.
    InformationImpact,
    /// What it takes to recover.
    Recoverability,
    /// Which other sectors depend on it.
    Dependency,
    /// What it may still become.
    PotentialImpact,
}

/// How a factor is judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// None.
    None,
    /// Little.
    Low,
    /// Some.
    Moderate,
    /// Much.
    High,
    /// As much as can be.
    Extreme,
}

/// The operational category: 1 is the gravest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Category(u8);

/// What was judged of an incident.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// The grades given.
    #[serde(default)]
    pub grades: BTreeMap<Factor, Grade>,
    /// Another category than the score's, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
}

/// A category that a person chose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Which.
    pub category: Category,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Instant,
}

/// A score with its span and its parts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Score {
    /// If everything unknown is nothing.
    pub least: f64,
    /// If everything unknown is extreme.
    pub most: f64,
    /// What each factor that was judged adds, in points of 100.
    pub parts: BTreeMap<Factor, f64>,
}

/// A category outside 1 to 6.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no category: there are 1 to 6")]
pub struct NoCategory(u8);

/// The factors with their weights, in hundredths; they make a hundred.
const WEIGHTS: [(Factor, u8); 8] = [
    (Factor::FunctionalImpact, 20),
    (Factor::Activity, 12),
    (Factor::Location, 14),
    (Factor::Actor, 8),
    (Factor::InformationImpact, 14),
    (Factor::Recoverability, 12),
    (Factor::Dependency, 10),
    (Factor::PotentialImpact, 10),
];

/// The least score of the categories 1 to 5; below the last it is 6.
const LEAST: [f64; 5] = [80.0, 65.0, 50.0, 35.0, 20.0];

impl Factor {
    /// Every factor, the order in which they are judged.
    pub const ALL: [Self; 8] = [
        Self::FunctionalImpact,
        Self::Activity,
        Self::Location,
        Self::Actor,
        Self::InformationImpact,
        Self::Recoverability,
        Self::Dependency,
        Self::PotentialImpact,
    ];

    /// What it is called.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = match self {
            Self::FunctionalImpact => ("impatto sui servizi", "functional impact"),
            Self::Activity => ("attività osservata", "observed activity"),
            Self::Location => ("dove è stata osservata", "where it was observed"),
            Self::Actor => ("attore", "actor"),
            Self::InformationImpact => ("impatto sulle informazioni", "information impact"),
            Self::Recoverability => ("ripristino", "recoverability"),
            Self::Dependency => ("dipendenza di altri settori", "dependency of other sectors"),
            Self::PotentialImpact => ("impatto potenziale", "potential impact"),
        };
        Bilingual::new(it, en)
    }
}

impl Grade {
    /// Every grade, the least first.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Moderate, Self::High, Self::Extreme];

    /// What it is called.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = match self {
            Self::None => ("nessuno", "none"),
            Self::Low => ("basso", "low"),
            Self::Moderate => ("moderato", "moderate"),
            Self::High => ("alto", "high"),
            Self::Extreme => ("estremo", "extreme"),
        };
        Bilingual::new(it, en)
    }

    /// In points of 100.
    #[must_use]
    pub const fn points(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 25,
            Self::Moderate => 50,
            Self::High => 75,
            Self::Extreme => 100,
        }
    }
}

impl Assessment {
    /// The score of what was judged so far.
    #[must_use]
    pub fn score(&self) -> Score {
        let mut score = Score { least: 0.0, most: 0.0, parts: BTreeMap::new() };
        for (factor, weight) in WEIGHTS {
            let weight = f64::from(weight) / 100.0;
            match self.grades.get(&factor) {
                Some(grade) => {
                    let part = weight * f64::from(grade.points());
                    score.least += part;
                    score.most += part;
                    score.parts.insert(factor, part);
                }
                None => score.most += weight * 100.0,
            }
        }
        score
    }

    /// The category: the one that a person chose, or the score's. What is unknown is not assumed:
    /// until more is judged it is that of the least score.
    #[must_use]
    pub fn category(&self) -> Category {
        let chosen = self.overridden.as_ref().map(|chosen| chosen.category);
        chosen.unwrap_or_else(|| Category::of_score(self.score().least))
    }

    /// Whether anybody judged anything yet.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.overridden.is_some() || !self.grades.is_empty()
    }

    /// As how grave it is treated: the category, and until somebody judged it the gravest.
    #[must_use]
    pub fn presumed(&self) -> Category {
        if self.is_judged() { self.category() } else { self.worst() }
    }

    /// The gravest category that it may still turn out to be.
    #[must_use]
    pub fn worst(&self) -> Category {
        Category::of_score(self.score().most)
    }
}

impl Category {
    /// The gravest.
    pub const GRAVEST: Self = Self(1);

    /// The category of a score.
    #[must_use]
    pub fn of_score(score: f64) -> Self {
        // A hundred of rounded parts may be a hair less than what they stand for.
        let place = LEAST.iter().position(|least| score + 1e-9 >= *least).unwrap_or(LEAST.len());
        Self(u8::try_from(place + 1).unwrap_or(6))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Who answers, and what they do.
    #[must_use]
    pub fn answer(self) -> Bilingual {
        let (it, en) = match self.0 {
            1 => (
                "centro nazionale, con il livello di crisi",
                "the national centre, with the crisis level",
            ),
            2 => ("centro nazionale, crisi pronta", "the national centre, crisis ready"),
            3 => ("centro nazionale con il regionale", "the national centre with the regional one"),
            4 => ("centro regionale", "the regional centre"),
            5 => ("sezione", "the section"),
            _ => ("consiglio, senza intervento", "advice, without intervention"),
        };
        Bilingual::new(it, en)
    }
}

impl TryFrom<u8> for Category {
    type Error = NoCategory;
    fn try_from(number: u8) -> Result<Self, NoCategory> {
        if (1..=6).contains(&number) { Ok(Self(number)) } else { Err(NoCategory(number)) }
    }
}

impl From<Category> for u8 {
    fn from(category: Category) -> Self {
        category.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(grade: Grade) -> Assessment {
        let grades = WEIGHTS.iter().map(|(factor, _)| (*factor, grade)).collect();
        Assessment { grades, overridden: None }
    }

    #[test]
    fn the_weights_make_a_whole() {
        assert_eq!(WEIGHTS.iter().map(|(_, weight)| u32::from(*weight)).sum::<u32>(), 100);
    }

    #[test]
    fn equal_grades_are_the_score() {
        for (grade, category) in [
            (Grade::Extreme, 1),
            (Grade::High, 2),
            (Grade::Moderate, 3),
            (Grade::Low, 5),
            (Grade::None, 6),
        ] {
            assert_eq!(all(grade).category().number(), category, "{grade:?}");
            let parts: f64 = all(grade).score().parts.values().sum();
            assert!((parts - f64::from(grade.points())).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_unknown_widens_the_span_only() {
        let mut known = Assessment::default();
        assert_eq!((known.category().number(), known.worst().number()), (6, 1));
        assert_eq!((known.is_judged(), known.presumed()), (false, Category::GRAVEST));
        known.grades.insert(Factor::FunctionalImpact, Grade::Extreme);
        assert_eq!(known.category().number(), 5);
        assert_eq!((known.is_judged(), known.presumed()), (true, known.category()));
        let before = known.score();
        known.grades.insert(Factor::Location, Grade::Moderate);
        let after = known.score();
        assert!(after.least >= before.least && after.most <= before.most);
    }

    #[test]
    fn a_person_has_the_last_word_and_says_why() {
        let mut grave = all(Grade::Low);
        grave.overridden = Some(Override {
            category: Category::GRAVEST,
            reason: "alla vigilia del voto".into(),
            by: AccountId::new("turno-cnaipic").unwrap(),
            at: Instant::default(),
        });
        assert_eq!(grave.category(), Category::GRAVEST);
        assert!(serde_json::from_str::<Category>("7").is_err());
    }
}
