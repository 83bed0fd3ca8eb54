//! What notices ask for, element by element: what the case knows of each, or who could know it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::language::{Bilingual, Language};

use super::{Pen, affected, rome};
use crate::class;
use crate::incident::{Incident, Origin, Stage, append};

/// One thing that a notice asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// Who notifies.
    Who,
    /// When it became known, or was evident.
    When,
    /// What happened.
    What,
    /// What it is: classification.
    Classes,
    /// How grave it is, and how it works on services.
    Gravity,
    /// Which services are hit, and how they are.
    Services,
    /// How many are hit: users, of which services.
    Users,
    /// Which systems or ICT assets.
    Assets,
    /// Whether it reaches other states.
    CrossBorder,
    /// Whether unlawful or malicious acts are suspected.
    Malicious,
    /// What was behind it.
    Cause,
    /// What was done.
    Measures,
    /// What is being done still.
    Underway,
    /// What it is recognised by elsewhere.
    Indicators,
    /// Whom to call.
    Contact,
    /// Whose personal data, of which kinds, how many.
    Subjects,
    /// What is likely to follow for them.
    Consequences,
    /// Who answers for the protection of data.
    Dpo,
}

/// What a draft knows beside the case itself.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What the case's items and words are recognised by elsewhere.
    pub indicators: Vec<String>,
    /// Whom the directory names at the organisation.
    pub contacts: Vec<String>,
}

impl Element {
    /// Every one that a person may state.
    pub const STATED: [Self; 10] = [
        Self::CrossBorder,
        Self::Malicious,
        Self::Users,
        Self::Assets,
        Self::Measures,
        Self::Cause,
        Self::Subjects,
        Self::Consequences,
        Self::Dpo,
        Self::Contact,
    ];

    /// As people call it.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = self.names();
        Bilingual::new(it, en)
    }

    /// The same, in Italian and in English.
    #[must_use]
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Who => ("Chi notifica", "Who notifies"),
            Self::When => ("Quando", "When"),
            Self::What => ("Che cosa è accaduto", "What happened"),
            Self::Classes => ("Classificazione", "Classification"),
            Self::Gravity => ("Gravità e impatto", "Severity and impact"),
            Self::Services => ("Servizi colpiti", "Services hit"),
            Self::Users => ("Utenti colpiti", "Users hit"),
            Self::Assets => ("Sistemi e beni ICT", "Systems and ICT assets"),
            Self::CrossBorder => ("Impatto transfrontaliero", "Cross-border impact"),
            Self::Malicious => {
                ("Sospetto di atti illeciti o malevoli", "Unlawful or malicious acts suspected")
            }
            Self::Cause => ("Causa", "Cause"),
            Self::Measures => ("Misure adottate", "Measures taken"),
            Self::Underway => ("Misure in corso", "Measures under way"),
            Self::Indicators => ("Indicatori di compromissione", "Indicators of compromise"),
            Self::Contact => ("Contatto", "Contact"),
            Self::Subjects => ("Interessati e dati personali", "Data subjects and personal data"),
            Self::Consequences => ("Probabili conseguenze", "Likely consequences"),
            Self::Dpo => ("Responsabile della protezione dei dati", "Data protection officer"),
        }
    }

    /// Who could know it, where the case does not.
    #[must_use]
    pub fn known_by(self) -> Bilingual {
        let (it, en) = match self {
            Self::Who | Self::What | Self::When => ("chi ha segnalato", "who reported it"),
            Self::Classes | Self::Gravity | Self::Malicious | Self::Indicators => {
                ("l'analista che segue il caso", "the analyst of the case")
            }
            Self::Services | Self::Users => {
                ("chi gestisce i servizi colpiti", "who runs the services that are hit")
            }
            Self::Assets | Self::Measures | Self::Underway | Self::Cause => {
                ("il responsabile dei sistemi", "who is in charge of the systems")
            }
            Self::CrossBorder => (
                "chi gestisce i servizi, per utenti e sedi in altri Stati",
                "who runs the services, of users and sites in other states",
            ),
            Self::Contact => ("il referente dell'organizzazione", "the organisation's liaison"),
            Self::Subjects | Self::Consequences | Self::Dpo => (
                "il titolare del trattamento, con il responsabile della protezione dei dati",
                "the controller, with the data protection officer",
            ),
        };
        Bilingual::new(it, en)
    }

    /// What the case knows of it; nothing where it is a gap.
    pub(super) fn told(self, case: &Incident, beside: &Beside, pen: Pen<'_>) -> Option<String> {
        if let Some(stated) = case.statements.get(&self) {
            let mut told = stated.clone();
            if self == Self::Measures {
                // What was done since belongs to it.
                done(case).iter().for_each(|it| append(&mut told, it));
            }
            return Some(told);
        }
        let text = match self {
            Self::Who => (pen.name)(&case.reported.organisation),
            Self::When => when(case, pen)?,
            Self::What => case.reported.words.clone(),
            Self::Classes if !case.classes.is_empty() => {
                class::listed(&case.classes).to(pen.language).to_owned()
            }
            Self::Gravity => gravity(case, pen)?,
            Self::Services if !case.affected.is_empty() => affected(case, pen).join("; "),
            Self::Malicious => malicious(case, pen.language)?,
            Self::Cause => match &case.stage {
                Stage::Closed { cause, .. } => cause.clone(),
                _ => return None,
            },
            Self::Measures => done(case).join("; "),
            Self::Underway => under_way(case)?,
            Self::Indicators if !beside.indicators.is_empty() => beside.indicators.join("; "),
            Self::Contact => contact(case, beside)?,
            _ => return None,
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }
}

fn when(case: &Incident, pen: Pen<'_>) -> Option<String> {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let aware = case
        .awareness
        .map(|at| format!("{} {}", say("conoscenza", "awareness"), rome(at, pen.language)));
    let evident = case
        .evidence
        .map(|at| format!("{} {}", say("evidenza", "evidence"), rome(at, pen.language)));
    let told: Vec<_> = [aware, evident].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Its category, once somebody judged it, with the factors that were judged.
fn gravity(case: &Incident, pen: Pen<'_>) -> Option<String> {
    if !case.assessment.is_judged() {
        return None;
    }
    let category = case.assessment.category();
    let judged = case.assessment.grades.iter().map(|(factor, grade)| {
        format!("{}: {}", factor.words().to(pen.language), grade.words().to(pen.language))
    });
    let judged: Vec<_> = judged.collect();
    let of = Bilingual::new("categoria", "category").to(pen.language).to_owned();
    let parts = format!("{of} {}: {}", category.number(), category.answer().to(pen.language));
    Some([vec![parts], judged].concat().join("; "))
}

/// Whether somebody is behind it: as it was classified, or from whom it comes.
fn malicious(case: &Incident, language: Language) -> Option<String> {
    const MADE: [&str; 9] = [
        "abusive-content",
        "malicious-code",
        "information-gathering",
        "intrusion-attempts",
        "intrusions",
        "availability:ddos",
        "availability:dos",
        "availability:sabotage",
        "fraud",
    ];
    const HAPPENED: [&str; 2] = ["availability:outage", "availability:misconfiguration"];
    let of = |names: &[&str]| {
        let is = |class: &String| {
            names.iter().any(|it| class == it || class.starts_with(&format!("{it}:")))
        };
        case.classes.iter().filter(|it| is(it)).cloned().collect::<BTreeSet<_>>()
    };
    let (made, happened) = (of(&MADE), of(&HAPPENED));
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(language).to_owned();
    if !made.is_empty() || case.origin != Origin::Unknown {
        let classes = class::listed(&made).to(language).to_owned();
        let why = Some(classes).filter(|it| !it.is_empty()).map(|it| format!(": {it}"));
        return Some(format!("{}{}", say("sì", "yes"), why.unwrap_or_default()));
    }
    let happened = (!happened.is_empty()).then(|| class::listed(&happened).to(language).to_owned());
    happened.map(|it| format!("{}: {it}", say("no", "no")))
}

/// What was done: measures, and tasks that are done. What was recommended is not done yet.
fn done(case: &Incident) -> Vec<String> {
    let mut lines: Vec<_> = match &case.stage {
        Stage::Contained { measures, .. } => vec![measures.clone()],
        _ => Vec::new(),
    };
    lines.extend(case.tasks.iter().filter(|it| it.done.is_some()).map(|it| it.text.clone()));
    lines
}

fn under_way(case: &Incident) -> Option<String> {
    let open: Vec<_> =
        case.tasks_open().filter(|it| !it.text.is_empty()).map(|it| it.text.clone()).collect();
    (!open.is_empty()).then(|| open.join("; "))
}

fn contact(case: &Incident, beside: &Beside) -> Option<String> {
    let all: Vec<_> = case.reported.contact.iter().chain(&beside.contacts).cloned().collect();
    (!all.is_empty()).then(|| all.join("; "))
}
