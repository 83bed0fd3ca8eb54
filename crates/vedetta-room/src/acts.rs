//! What may be done with an incident: a form for each act, and the change that it asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use vedetta_frame::fields::{Field, code};
use vedetta_frame::forms::Sent;
use vedetta_frame::shown::moment_of;
use vedetta_model::Language;
use vedetta_watch::desk::class::{named, vocabulary};
use vedetta_watch::desk::incident::{Origin, ServiceStatus};
use vedetta_watch::desk::notice::Element;
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::{Change, Incident};
use vedetta_words::Words;

/// One act, as a form.
pub(super) struct Act {
    pub(super) does: &'static str,
    pub(super) label: &'static str,
    pub(super) fields: Vec<Field>,
    pub(super) grave: bool,
}

/// Acts that lead to the next stage: shown open.
const NEXT: [&str; 5] = ["triage", "confirm", "contain", "recover", "close"];
/// All others, in the order in which they are offered.
const MORE: [&str; 26] = [
    "note", "task", "assign", "route", "know", "classify", "judge", "override", "affect", "admit",
    "exclude", "link", "unlink", "cite", "uncite", "rename", "join", "state", "practise",
    "enclose", "disclose", "hold", "release", "dismiss", "reopen", "split",
];

/// The acts that are open: those that lead on, and the others.
pub(super) fn acts(
    w: Words,
    incident: &Incident,
    may: &BTreeSet<&'static str>,
) -> (Vec<Act>, Vec<Act>) {
    let of = |names: &[&'static str]| {
        let open = names.iter().filter(|name| may.contains(**name));
        open.map(|name| Act::of(w, incident, name)).collect::<Vec<_>>()
    };
    (of(&NEXT), of(&MORE))
}

impl Act {
    fn of(w: Words, incident: &Incident, does: &'static str) -> Self {
        let told = stage(w, does)
            .or_else(|| work(w, does))
            .or_else(|| judgement(w, incident, does))
            .or_else(|| circle(w, does));
        let (label, fields) = told.unwrap_or_else(|| place(w, incident, does));
        Self { does, label, fields, grave: ["dismiss", "hold", "enclose"].contains(&does) }
    }

    /// With what was typed.
    pub(super) fn retype(&mut self, sent: &Sent) {
        self.fields.iter_mut().for_each(|field| field.retype(sent));
    }

    /// The identifier of a field on the page.
    pub(super) fn at(&self, field: &Field) -> String {
        format!("{}-{}", self.does, field.name)
    }
}

/// What an act is called, and its fields.
type Told = (&'static str, Vec<Field>);

fn reason(w: Words) -> Field {
    Field::line("reason", w.act_reason(), "").required()
}

fn organisation(w: Words) -> Field {
    let field = Field::line("organisation", w.account_organisation(), "");
    field.required().hint(w.organisation_hint())
}

/// Acts that lead from stage to stage.
fn stage(w: Words, does: &str) -> Option<Told> {
    let text = |name, label| Field::line(name, label, "").lines();
    Some(match does {
        "triage" => (w.act_triage(), vec![]),
        "confirm" => (w.act_confirm(), vec![text("evidence", w.act_evidence())]),
        "contain" => (w.act_contain(), vec![text("measures", w.act_measures())]),
        "recover" => (w.act_recover(), vec![text("checked", w.act_checked())]),
        "close" => {
            let fields = vec![text("cause", w.act_cause()), text("lesson", w.act_lesson())];
            (w.act_close(), fields)
        }
        "dismiss" => (w.act_dismiss(), vec![reason(w)]),
        "reopen" => (w.act_reopen(), vec![reason(w)]),
        "split" => (w.act_split(), vec![reason(w)]),
        _ => return None,
    })
}

/// Acts that say who does what.
fn work(w: Words, does: &str) -> Option<Told> {
    Some(match does {
        "note" => {
            let text = Field::line("text", w.act_note_text(), "").lines();
            (w.act_note(), vec![text, audience(w)])
        }
        "task" => (
            w.act_task(),
            vec![
                Field::line("text", w.act_task_text(), "").required(),
                Field::line("organisation", w.act_task_organisation(), ""),
                Field::line("assignee", w.act_task_assignee(), ""),
                Field::line("due", w.act_task_due(), "").moment(),
            ],
        ),
        "assign" => {
            let lead = Field::line("lead", w.act_lead(), "").required();
            (w.act_assign(), vec![lead.hint(w.act_lead_hint())])
        }
        "route" => {
            let to = Field::line("to", w.act_route_to(), "").required();
            (w.act_route(), vec![to.hint(w.organisation_hint()), reason(w)])
        }
        _ => return None,
    })
}

/// Acts that say what it is and how grave.
fn judgement(w: Words, incident: &Incident, does: &str) -> Option<Told> {
    Some(match does {
        "know" => {
            let awareness = Field::line("awareness", w.case_awareness(), "").moment();
            let evidence = Field::line("evidence", w.case_evidence(), "").moment();
            (w.act_know(), vec![awareness, evidence])
        }
        "classify" => (w.act_classify(), classify(w, incident)),
        "judge" => (w.act_judge(), judge(w)),
        "override" => {
            let category = Field::line("category", w.case_category(), "").of(categories(w));
            (w.act_override(), vec![category, reason(w)])
        }
        "affect" => (w.act_affect(), affect(w, organisation(w))),
        "state" => {
            let elements = Element::STATED.map(|it| {
                let (italian, english) = it.names();
                let name = if w.0 == Language::It { italian } else { english };
                (code(it), name)
            });
            let about = Field::line("about", w.act_about(), "").of(elements);
            let says = Field::line("says", w.act_says(), "").lines().hint(w.act_says_hint());
            (w.act_state(), vec![about, says])
        }
        _ => return None,
    })
}

/// Acts that say who may see it, and what must wait.
fn circle(w: Words, does: &str) -> Option<Told> {
    Some(match does {
        "admit" => (w.act_admit(), vec![organisation(w)]),
        "exclude" => (w.act_exclude(), vec![organisation(w)]),
        "enclose" => {
            let people = Field::line("people", w.act_people(), "").lines();
            (w.act_enclose(), vec![people.hint(w.one_a_line())])
        }
        "disclose" => (w.act_disclose(), vec![reason(w)]),
        "hold" => (
            w.act_hold(),
            vec![
                Field::line("authority", w.act_authority(), "").required(),
                Field::line("reference", w.act_reference(), "").required(),
                Field::line("until", w.agreement_until(), "").moment(),
            ],
        ),
        "release" => (w.act_release(), vec![reason(w)]),
        _ => return None,
    })
}

/// Acts that say what it belongs to.
fn place(w: Words, incident: &Incident, does: &str) -> Told {
    let item = || Field::line("item", w.fact_identifier(), "").required();
    let message = || Field::line("message", w.act_cite_number(), "").required();
    match does {
        "practise" => {
            let exercise = Field::line("exercise", w.exercise_of(), "").hint(w.act_practise_hint());
            (w.act_practise(), vec![exercise])
        }
        "link" => (w.act_link(), vec![item()]),
        "unlink" => (w.act_unlink(), vec![item()]),
        "cite" => (w.act_cite(), vec![message()]),
        "uncite" => (w.act_uncite(), vec![message()]),
        "rename" => (
            w.act_rename(),
            vec![Field::line("title", w.case_title(), &*incident.title).required()],
        ),
        _ => {
            let parent = Field::line("parent", w.case_parent(), "");
            (w.act_join(), vec![parent.hint(w.act_join_hint())])
        }
    }
}

fn audience(w: Words) -> Field {
    Field::line("audience", w.act_audience(), "room")
        .of([("room".to_owned(), w.audience_room()), ("participants".to_owned(), w.audience_all())])
}

fn categories(w: Words) -> Vec<(String, &'static str)> {
    let names = [
        w.category_1(),
        w.category_2(),
        w.category_3(),
        w.category_4(),
        w.category_5(),
        w.category_6(),
    ];
    names.into_iter().zip(1..).map(|(name, number)| (format!("{number}"), name)).collect()
}

fn classify(w: Words, incident: &Incident) -> Vec<Field> {
    const ORIGINS: [Origin; 5] =
        [Origin::Unknown, Origin::Common, Origin::Organised, Origin::Terrorist, Origin::State];
    let known = vocabulary().filter(|it| incident.classes.contains(it.value));
    let known: Vec<_> = known.map(|it| it.value).collect();
    let others = incident.classes.iter().map(String::as_str);
    let others: Vec<_> = others.filter(|it| !known.contains(it)).collect();
    let mut offered = BTreeSet::new();
    let classes = vocabulary().filter(|it| offered.insert(it.value)).map(|it| {
        let label = match w.0 {
            Language::It => it.it,
            Language::En => it.en,
        };
        let group = format!("{} · {}", it.of.to_uppercase(), named(it.kind()).to(w.0));
        (it.value.to_owned(), label, group)
    });
    let origins = ORIGINS.map(|origin| (code(origin), w.origin(origin)));
    vec![
        Field::line("classes", w.case_classes(), "")
            .hint(w.act_classes_choose())
            .some(classes, |value| known.contains(&value)),
        Field::line("others", w.act_classes_others(), others.join("\n"))
            .lines()
            .hint(w.act_classes_hint()),
        Field::line("origin", w.case_origin(), code(incident.origin)).of(origins),
    ]
}

fn judge(w: Words) -> Vec<Field> {
    let factors = Factor::ALL.map(|it| (code(it), w.factor(it)));
    let grades = Grade::ALL.map(|it| (code(it), w.grade(it)));
    vec![
        Field::line("factor", w.act_factor(), "").of(factors),
        Field::line("grade", w.act_grade(), "").of(grades),
    ]
}

fn affect(w: Words, organisation: Field) -> Vec<Field> {
    let statuses = [
        (code(ServiceStatus::Down), w.service_down()),
        (code(ServiceStatus::Degraded), w.service_degraded()),
        (code(ServiceStatus::Working), w.service_working()),
    ];
    vec![
        organisation,
        Field::line("services", w.report_services(), "").lines().hint(w.one_a_line()),
        Field::line("status", w.act_status(), "").of(statuses),
    ]
}

/// The change that a form asks for.
pub(super) fn change(w: Words, does: &str, sent: &Sent) -> Result<Change, String> {
    let mut value = Map::new();
    value.insert("does".into(), does.into());
    for name in FIELDS.iter().copied().filter(|(of, _)| *of == does).flat_map(|(_, names)| names) {
        let text = sent.text(name);
        let given = match *name {
            "classes" => {
                let chosen = sent.all("classes").chain([sent.text("others")]);
                lines(&chosen.collect::<Vec<_>>().join("\n"))
            }
            "people" => lines(text),
            "category" => json!(text.parse::<u8>().unwrap_or_default()),
            "task" => json!(text.parse::<usize>().unwrap_or(usize::MAX)),
            "awareness" | "due" | "until" => moment(w, text)?,
            "evidence" if does == "know" => moment(w, text)?,
            "parent" | "assignee" | "exercise" => optional(text),
            "organisation" if does == "task" => optional(text),
            _ => json!(text),
        };
        value.insert((*name).into(), given);
    }
    if does == "affect" {
        let affected: BTreeMap<&str, Value> =
            [("services", lines(sent.text("services"))), ("status", json!(sent.text("status")))]
                .into();
        value.insert("affected".into(), json!(affected));
    }
    serde_json::from_value(Value::Object(value)).map_err(|error| error.to_string())
}

/// The fields of each act.
const FIELDS: &[(&str, &[&str])] = &[
    ("confirm", &["evidence"]),
    ("contain", &["measures"]),
    ("recover", &["checked"]),
    ("close", &["cause", "lesson"]),
    ("dismiss", &["reason"]),
    ("reopen", &["reason"]),
    ("split", &["reason"]),
    ("assign", &["lead"]),
    ("route", &["to", "reason"]),
    ("rename", &["title"]),
    ("classify", &["classes", "origin"]),
    ("judge", &["factor", "grade"]),
    ("override", &["category", "reason"]),
    ("affect", &["organisation"]),
    ("admit", &["organisation"]),
    ("exclude", &["organisation"]),
    ("enclose", &["people"]),
    ("disclose", &["reason"]),
    ("join", &["parent"]),
    ("practise", &["exercise"]),
    ("link", &["item"]),
    ("unlink", &["item"]),
    ("cite", &["message"]),
    ("uncite", &["message"]),
    ("know", &["awareness", "evidence"]),
    ("state", &["about", "says"]),
    ("hold", &["authority", "reference", "until"]),
    ("release", &["reason"]),
    ("task", &["text", "organisation", "assignee", "due"]),
    ("finish", &["task", "note"]),
    ("note", &["text", "audience"]),
    ("recommend", &["recommendation", "text"]),
];

fn lines(text: &str) -> Value {
    let lines = text.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty());
    json!(lines.collect::<Vec<_>>())
}

fn optional(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn moment(w: Words, text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    moment_of(text).map(|it| json!(it)).ok_or_else(|| w.moment_wrong().to_owned())
}
