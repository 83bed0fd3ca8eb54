//! What holds for a while for everybody: a crisis, of the whole network or of a centre, and exercises.
//!
//! In a crisis each case has the aims of one category graver and calls people at full pace. What belongs
//! to an exercise says so everywhere, and reaches nobody who does not take part.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::item::LONGEST_EXERCISE_NAME;
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Exercise, Instant, OrganisationId};

use crate::incident::{Change, ChangeError, Incident, line, sentence};
use crate::severity::Category;

/// A crisis or an exercise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Posture {
    /// Its identifier: `2026-p001`.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub declared: Declared,
    /// Who declared it.
    pub by: AccountId,
    /// Since when.
    pub since: Instant,
    /// That it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// What somebody declares.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Declared {
    /// Crisis, or exercise.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Why, and what is asked of everybody.
    pub reason: String,
    /// The centre whose crisis it is; of the whole network without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<OrganisationId>,
    /// Who takes part in an exercise.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub participants: BTreeSet<OrganisationId>,
}

/// What a posture is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is real.
    Crisis,
    /// It is practised.
    Exercise,
}

/// That a posture ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// How what belongs to an exercise is marked.
pub const EXERCISE: (&str, &str) = ("ESERCITAZIONE", "EXERCISE");

impl Declared {
    /// Whether it can be declared.
    ///
    /// # Errors
    /// What is empty, too long, or missing.
    pub fn check(&self) -> Result<(), ChangeError> {
        line("the name", &self.name)?;
        sentence("the reason", &self.reason)?;
        let exercise = Exercise { name: self.name.clone(), ..Exercise::default() };
        match self.kind {
            // What belongs to it carries its name to every node.
            Kind::Exercise if exercise.check().is_err() => {
                Err(ChangeError::Long { what: "the name", most: LONGEST_EXERCISE_NAME })
            }
            Kind::Exercise if self.participants.is_empty() => {
                Err(ChangeError::Empty("who takes part"))
            }
            _ => Ok(()),
        }
    }
}

impl Posture {
    /// Whether it holds.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it is a crisis that holds for what a centre answers.
    #[must_use]
    pub fn is_crisis_of(&self, centre: Option<&OrganisationId>) -> bool {
        let for_it = self.declared.centre.is_none() || self.declared.centre.as_ref() == centre;
        self.holds() && self.declared.kind == Kind::Crisis && for_it
    }

    /// Whether it is an exercise that holds and in which an organisation takes part.
    #[must_use]
    pub fn is_exercise_of(&self, organisation: &OrganisationId) -> bool {
        let declared = &self.declared;
        let takes_part = declared.participants.contains(organisation);
        self.holds() && declared.kind == Kind::Exercise && takes_part
    }
}

/// The category whose aims a case has: in a crisis, of one graver.
#[must_use]
pub fn aimed_at(category: Category, crisis: Option<&Posture>) -> Category {
    let graver = crisis.and_then(|_| Category::try_from(category.number().saturating_sub(1)).ok());
    graver.unwrap_or(category)
}

/// A name, marked when it belongs to an exercise.
#[must_use]
pub fn marked(name: Bilingual, exercise: Option<&String>) -> Bilingual {
    match exercise {
        None => name,
        Some(_) => Bilingual::new(
            format!("{} · {}", EXERCISE.0, name.it),
            format!("{} · {}", EXERCISE.1, name.en),
        ),
    }
}

/// Why a change of a case of an exercise would reach somebody who takes no part in it.
#[must_use]
pub fn leaves_exercise(
    incident: &Incident,
    change: &Change,
    participants: &BTreeSet<OrganisationId>,
) -> Option<String> {
    let outside = |it: &&OrganisationId| !participants.contains(*it);
    let (exercise, to) = match change {
        Change::Practise { exercise: Some(exercise) } => {
            let centre = incident.routed.iter().map(|it| &it.to);
            let sees = [&incident.reported.organisation].into_iter().chain(&incident.participants);
            (exercise, sees.chain(centre).find(outside)?)
        }
        Change::Admit { organisation: to }
        | Change::Route { to, .. }
        | Change::Task { organisation: Some(to), .. } => {
            (incident.exercise.as_ref()?, Some(to).filter(outside)?)
        }
        _ => return None,
    };
    Some(format!("the case belongs to exercise {exercise}, in which {to} takes no part"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(kind: Kind, participants: &[&str]) -> Declared {
        let ids = participants.iter().map(|id| OrganisationId::new(id).unwrap());
        Declared {
            kind,
            name: "Ponte".into(),
            reason: "prova".into(),
            centre: None,
            participants: ids.collect(),
        }
    }

    #[test]
    fn an_exercise_has_participants() {
        assert!(declared(Kind::Exercise, &[]).check().is_err());
        assert!(declared(Kind::Exercise, &["terni"]).check().is_ok());
        assert!(declared(Kind::Crisis, &[]).check().is_ok());
    }

    #[test]
    fn an_exercise_is_called_as_what_belongs_to_it_may_be() {
        for name in ["x".repeat(LONGEST_EXERCISE_NAME + 1), "Ponte\nsu".into()] {
            let called = Declared { name, ..declared(Kind::Exercise, &["terni"]) };
            assert!(called.check().is_err(), "{}", called.name);
        }
    }

    #[test]
    fn in_a_crisis_a_case_has_the_aims_of_one_category_graver() {
        let posture = Posture {
            id: "2026-p001".into(),
            declared: declared(Kind::Crisis, &[]),
            by: AccountId::new("sala").unwrap(),
            since: Instant::default(),
            ended: None,
        };
        let of = |number: u8| Category::try_from(number).unwrap();
        assert_eq!(aimed_at(of(4), Some(&posture)), of(3));
        assert_eq!((aimed_at(of(1), Some(&posture)), aimed_at(of(4), None)), (of(1), of(4)));
        let centre = OrganisationId::new("cosc-umbria").unwrap();
        assert!(posture.is_crisis_of(Some(&centre)) && posture.is_crisis_of(None));
        let mut of_centre = posture;
        of_centre.declared.centre = Some(centre.clone());
        assert!(of_centre.is_crisis_of(Some(&centre)) && !of_centre.is_crisis_of(None));
    }
}
