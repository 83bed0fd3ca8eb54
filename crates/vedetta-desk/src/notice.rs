//! Drafts of what a law wants said, and the report after a case: filled with what the case knows,
//! with a gap where a person must write, that says who could know it. Nothing is sent from here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vedetta_model::language::{Bilingual, Language};
use vedetta_model::{Instant, OrganisationId};

use crate::class;
use crate::clock::{Deadline, State, deadlines};
use crate::document::{Document, Writer};
use crate::incident::{Incident, ServiceStatus, Stage};
use crate::posture::marked;
use crate::regime::{Regime, Step};

mod element;
mod own;

pub use element::{Beside, Element};
pub use own::OwnName;

/// What a document is written with.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// In which language.
    pub language: Language,
    /// The present.
    pub now: Instant,
    /// What an organisation is called.
    pub name: &'a dyn Fn(&OrganisationId) -> String,
}

/// What was done at a moment, for the report.
#[derive(Clone, Debug)]
pub struct Done {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: String,
    /// What.
    pub words: Bilingual,
}

/// What every notice tells, whatever else its law asks for.
const ALWAYS: [Element; 9] = [
    Element::Who,
    Element::Contact,
    Element::When,
    Element::What,
    Element::Classes,
    Element::Gravity,
    Element::Services,
    Element::Malicious,
    Element::Measures,
];

/// The draft of a notice: what the case knows of each element, and of each that it does not know, who
/// could.
#[must_use]
pub fn draft(
    incident: &Incident,
    regime: &Regime,
    step: &Step,
    (pen, beside): (Pen<'_>, &Beside),
) -> Document {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let name = marked(step.name.clone(), incident.exercise.as_ref());
    let title = format!("{}: {}", name.to(pen.language), incident.number);
    let mut writer = Writer::new(title, pen.language);
    let asked: BTreeSet<Element> =
        ALWAYS.into_iter().chain(step.content.iter().flat_map(|it| it.answers.clone())).collect();
    let told: BTreeMap<Element, Option<String>> =
        asked.into_iter().map(|it| (it, it.told(incident, beside, pen))).collect();
    let bare = step.content.iter().filter(|it| it.answers.is_empty()).count();
    let gaps = told.values().filter(|it| it.is_none()).count() + bare;
    writer.gaps(gaps);
    writer.paragraph(&say(
        "BOZZA: da controllare, completare e inviare a cura di una persona.",
        "DRAFT: for a person to check, complete and send.",
    ));
    if incident.exercise.is_some() {
        writer.paragraph(&say(
            "ESERCITAZIONE: non inviare a chi non vi partecipa.",
            "EXERCISE: do not send to anybody who takes no part in it.",
        ));
    }
    writer.paragraph(&match gaps {
        0 => say("Non manca nessun elemento.", "No element is missing."),
        1 => say("Manca ancora 1 elemento.", "1 element is still missing."),
        _ => say(
            &format!("Mancano ancora {gaps} elementi."),
            &format!("{gaps} elements are still missing."),
        ),
    });
    let due = deadlines(regime, &incident.facts(), pen.now);
    let due = due.iter().find(|it| it.step.step == step.id).and_then(|it| it.due);
    writer.facts([
        (say("Destinatario", "To"), regime.recipient.clone()),
        (say("Norma", "Law"), regime.title.to(pen.language).to_owned()),
        (say("Scadenza", "Due"), due.map(|at| rome(at, pen.language)).unwrap_or_default()),
        (say("Caso", "Case"), format!("{} {}", incident.number, incident.title)),
        (say("Segnalato il", "Reported at"), rome(incident.reported.at, pen.language)),
    ]);
    let answer = |it: &Element| match told.get(it) {
        Some(Some(text)) => text.clone(),
        _ => gap(*it, pen.language),
    };
    for it in ALWAYS {
        writer.heading(it.words().to(pen.language));
        writer.paragraph(&answer(&it));
    }
    writer.heading(&say("Che cosa chiede la norma", "What the law asks for"));
    let above = say("vedi sopra", "see above");
    writer.list(step.content.iter().map(|asked| {
        let answers = asked.answers.iter().map(|it| match ALWAYS.contains(it) {
            true => format!("{} ({above})", it.words().to(pen.language)),
            false => answer(it),
        });
        let answers: Vec<_> = answers.collect();
        match answers.is_empty() {
            true => format!("{}: {}", asked.to(pen.language), say(GAP.0, GAP.1)),
            false => format!("{}: {}", asked.to(pen.language), answers.join("; ")),
        }
    }));
    writer.paragraph(&format!("{}: {}", say("Fonte", "Source"), regime.source));
    writer.end()
}

/// How a gap is marked.
const GAP: (&str, &str) = ("[DA COMPLETARE]", "[TO BE COMPLETED]");

/// A gap, with who could fill it.
fn gap(element: Element, language: Language) -> String {
    let who = element.known_by();
    let (it, en) = (
        format!("{} {}: può saperlo {}", GAP.0, element.words().it.to_lowercase(), who.it),
        format!("{} {}: {} may know it", GAP.1, element.words().en.to_lowercase(), who.en),
    );
    Bilingual::new(it, en).to(language).to_owned()
}

/// The report after a case: what happened, when what was done, how the clocks stood, what is learnt.
#[must_use]
pub fn after_action(
    incident: &Incident,
    done: &[Done],
    regimes: &[&Regime],
    pen: Pen<'_>,
) -> Document {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let name = Bilingual::new("Rapporto finale sul caso", "After-action report");
    let name = marked(name, incident.exercise.as_ref());
    let title = format!("{} {}", name.to(pen.language), incident.number);
    let mut writer = Writer::new(title, pen.language);
    writer.facts(facts(incident, pen));
    writer.heading(&say("Segnalazione", "Report"));
    writer.paragraph(&incident.reported.words);
    writer.heading(&say("Organizzazioni e servizi colpiti", "Organisations and services hit"));
    writer.list(affected(incident, pen));
    writer.heading(&say("Cronologia", "Timeline"));
    let line = |it: &Done| {
        format!("{}, {}: {}", rome(it.at, pen.language), it.by, it.words.to(pen.language))
    };
    writer.list(done.iter().map(line));
    writer.heading(&say("Adempimenti", "Legal clocks"));
    for regime in regimes {
        let lines = deadlines(regime, &incident.facts(), pen.now);
        let name = regime.title.to(pen.language);
        writer
            .list(lines.iter().map(|it| format!("{name}, {}", standing(regime, it, pen.language))));
    }
    writer.heading(&say("Gravità", "Gravity"));
    let parts = incident.assessment.grades.iter();
    writer.list(parts.map(|(factor, grade)| {
        format!("{}: {}", factor.words().to(pen.language), grade.words().to(pen.language))
    }));
    if let Stage::Closed { cause, lesson, .. } = &incident.stage {
        writer.heading(&say("Causa", "Cause"));
        writer.paragraph(cause);
        writer.heading(&say("Che cosa si impara", "What is learnt"));
        writer.paragraph(lesson);
    }
    writer.end()
}

fn facts(incident: &Incident, pen: Pen<'_>) -> Vec<(String, String)> {
    let say = |it: &str, en: &str| Bilingual::new(it, en).to(pen.language).to_owned();
    let classes = class::listed(&incident.classes).to(pen.language).to_owned();
    let category = incident.assessment.category();
    let moment = |at| rome(at, pen.language);
    vec![
        (say("Numero", "Number"), incident.number.to_string()),
        (say("Titolo", "Title"), incident.title.clone()),
        (say("Stato", "Stage"), incident.stage.name().words().to(pen.language).to_owned()),
        (say("Segnalato per", "Reported for"), (pen.name)(&incident.reported.organisation)),
        (say("Segnalato il", "Reported at"), moment(incident.reported.at)),
        (say("Conoscenza", "Awareness"), incident.awareness.map(moment).unwrap_or_default()),
        (say("Evidenza", "Evidence"), incident.evidence.map(moment).unwrap_or_default()),
        (say("Classificazione", "Classification"), classes),
        (
            say("Categoria", "Category"),
            format!("{}: {}", category.number(), category.answer().to(pen.language)),
        ),
        (say("Contatto", "Contact"), incident.reported.contact.clone().unwrap_or_default()),
    ]
}

fn affected(incident: &Incident, pen: Pen<'_>) -> Vec<String> {
    let lines = incident.affected.iter().map(|(organisation, affected)| {
        let (it, en) = match affected.status {
            ServiceStatus::Working => ("attivi", "working"),
            ServiceStatus::Reported => {
                ("fermi o a rischio, come segnalato", "down or at risk, as reported")
            }
            ServiceStatus::Degraded => ("ridotti", "degraded"),
            ServiceStatus::Down => ("fermi", "down"),
        };
        let services: Vec<_> = affected.services.iter().map(String::as_str).collect();
        let status = Bilingual::new(it, en);
        format!(
            "{}: {} ({})",
            (pen.name)(organisation),
            services.join(", "),
            status.to(pen.language)
        )
    });
    lines.collect()
}

/// How a deadline stands, in words.
fn standing(regime: &Regime, deadline: &Deadline, language: Language) -> String {
    let step = regime.steps.iter().find(|step| step.id == deadline.step.step);
    let name = step.map_or(deadline.step.step.as_str(), |step| step.name.to(language));
    let (it, en, at) = match deadline.state {
        State::Waiting => ("non ancora iniziato", "not begun", None),
        State::Possible => {
            ("dovuto solo per la sua classe, entro", "owed only for its class, due", deadline.due)
        }
        State::Running | State::Near => ("in corso, entro", "running, due", deadline.due),
        State::Missed => ("scaduto il", "missed, was due", deadline.due),
        State::Met { at } => ("inviato in tempo il", "sent in time at", Some(at)),
        State::Late { at } => ("inviato in ritardo il", "sent late at", Some(at)),
        State::Discharged { at } => {
            ("assolto da un altro invio il", "discharged by another at", Some(at))
        }
    };
    let words = Bilingual::new(it, en);
    format!(
        "{name}: {} {}",
        words.to(language),
        at.map(|at| rome(at, language)).unwrap_or_default()
    )
}

/// A moment as a language writes it: in Rome, to the minute, with the offset that the day has.
#[must_use]
pub fn rome(at: Instant, language: Language) -> String {
    let form = match language {
        Language::It => "%d/%m/%Y %H:%M %:z",
        Language::En => "%Y-%m-%d %H:%M %:z",
    };
    let zone = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
    Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.to_string(), |moment| moment.to_zoned(zone).strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use vedetta_model::AccountId;

    use super::*;
    use crate::incident::{Change, Channel, Origin, Reported};

    fn case() -> Incident {
        let at = "2026-03-28T22:30:00Z".parse().unwrap();
        let reported = Reported {
            channel: Channel::Portal,
            organisation: OrganisationId::new("terni").unwrap(),
            by: AccountId::new("terni").unwrap(),
            at,
            words: "gli <sportelli> non rispondono".into(),
            contact: None,
        };
        let case = Incident::open("2026-000001".parse().unwrap(), "Sportelli".into(), reported);
        let know = Change::Know { awareness: Some(at), evidence: None };
        case.unwrap().change(know, &AccountId::new("sala").unwrap(), at).unwrap()
    }

    fn regime() -> Regime {
        Regime::given().unwrap().into_iter().find(|it| it.id == "nis2").unwrap()
    }

    #[test]
    fn a_draft_is_filled_and_says_what_is_missing() {
        let (case, regime) = (case(), regime());
        let name = |id: &OrganisationId| format!("Comune di {id}");
        let now = "2026-03-29T08:00:00Z".parse().unwrap();
        for language in [Language::It, Language::En] {
            let pen = Pen { language, now, name: &name };
            let draft = draft(&case, &regime, &regime.steps[0], (pen, &Beside::default()));
            // The clocks went forward in between: a legal hour is an elapsed hour.
            let due = match language {
                Language::It => "30/03/2026 00:30 +02:00",
                Language::En => "2026-03-30 00:30 +02:00",
            };
            assert!(draft.text.contains(due), "{}", draft.text);
            assert!(draft.text.contains("Comune di terni"), "{}", draft.text);
            assert!(draft.html.contains("&lt;sportelli&gt;"));
            let asked = regime.steps[0].content.iter();
            assert!(asked.clone().all(|it| draft.text.contains(it.to(language))));
        }
    }

    #[test]
    fn a_gap_says_who_could_know_it_and_goes_when_somebody_does() {
        let regime = regime();
        let name = |id: &OrganisationId| format!("Comune di {id}");
        let now = "2026-03-29T08:00:00Z".parse().unwrap();
        let pen = Pen { language: Language::It, now, name: &name };
        let beside = Beside {
            indicators: vec!["[domain-name:value = 'truffa.example']".into()],
            contacts: vec!["CED, 0744 000000".into()],
        };
        let drafted = |case: &Incident, step: &str, beside: &Beside| {
            let step = regime.steps.iter().find(|it| it.id == step).unwrap();
            draft(case, &regime, step, (pen, beside))
        };
        let bare = drafted(&case(), "pre-notification", &Beside::default());
        // Contact, classes, gravity, services, malicious, measures, and across borders.
        assert_eq!(bare.gaps, 7, "{}", bare.text);
        assert!(bare.text.contains("Mancano ancora 7 elementi."), "{}", bare.text);
        let across = "impatto transfrontaliero: può saperlo chi gestisce i servizi";
        assert!(bare.text.contains(across), "{}", bare.text);
        let by = AccountId::new("sala").unwrap();
        let classes = ["malicious-code:infected-system".to_owned()].into();
        let state = |about, says: &str| Change::State { about, says: says.into() };
        let mut case = case();
        for change in [
            Change::Classify { classes, origin: Origin::Common },
            state(Element::CrossBorder, "no: solo utenti della provincia"),
            state(Element::Measures, "isolata la rete degli sportelli"),
        ] {
            case = case.change(change, &by, now).unwrap();
        }
        let fuller = drafted(&case, "pre-notification", &beside);
        assert_eq!(fuller.gaps, 2, "{}", fuller.text);
        for told in [
            "sì: sistema infetto",
            "no: solo utenti della provincia",
            "CED, 0744",
            "isolata la rete",
        ] {
            assert!(fuller.text.contains(told), "{told}: {}", fuller.text);
        }
        // What is done afterwards is a measure too; what is only recommended is none.
        let task = Change::Task {
            text: "cambiate le password".into(),
            organisation: None,
            assignee: None,
            due: None,
        };
        let recommend =
            Change::Recommend { recommendation: "mfa".into(), text: "due fattori".into() };
        let finish = Change::Finish { task: 1, note: String::new() };
        for change in [task, recommend, finish] {
            case = case.change(change, &by, now).unwrap();
        }
        let later = drafted(&case, "pre-notification", &beside).text;
        assert!(later.contains("isolata la rete degli sportelli; cambiate le password"), "{later}");
        assert!(!later.contains("due fattori"), "{later}");
        let notification = drafted(&case, "notification", &beside);
        assert!(notification.text.contains("truffa.example"), "{}", notification.text);
        // Taken back, it is a gap again.
        let case = case.change(state(Element::CrossBorder, ""), &by, now).unwrap();
        assert_eq!(drafted(&case, "pre-notification", &beside).gaps, 3);
    }

    #[test]
    fn what_each_law_asks_for_is_answered_or_marked() {
        let name = |id: &OrganisationId| id.to_string();
        let now = "2026-03-29T08:00:00Z".parse().unwrap();
        let pen = Pen { language: Language::En, now, name: &name };
        for regime in Regime::given().unwrap() {
            for step in &regime.steps {
                let text = draft(&case(), &regime, step, (pen, &Beside::default())).text;
                for asked in &step.content {
                    assert!(!asked.answers.is_empty(), "{}:{} {}", regime.id, step.id, asked.en);
                    assert!(text.contains(&asked.en), "{}:{} {}", regime.id, step.id, asked.en);
                }
            }
        }
    }

    #[test]
    fn the_report_tells_the_whole_case() {
        let (case, regime) = (case(), regime());
        let name = |id: &OrganisationId| id.to_string();
        let now = "2026-03-30T08:00:00Z".parse().unwrap();
        let classes = ["malicious-code:infected-system".to_owned()].into();
        let classify = Change::Classify { classes, origin: Origin::Unknown };
        let case = case.change(classify, &AccountId::new("sala").unwrap(), now).unwrap();
        let pen = Pen { language: Language::It, now, name: &name };
        let words = Bilingual::new("preso in carico", "taken on");
        let done = [Done { at: now, by: "sala".into(), words }];
        let report = after_action(&case, &done, &[&regime], pen);
        assert!(report.text.contains("sala: preso in carico"));
        assert!(report.text.contains("scaduto il"), "{}", report.text);
        let class = "Classificazione: sistema infetto (malicious-code:infected-system)";
        assert!(report.text.contains(class), "{}", report.text);
    }
}
