//! One playbook: its steps, who follows it with us, its versions, and beginning it on a case.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::{name, named};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::procedure::{Answer, Step as Life};
use vedetta_watch::{Edition, NewRun, PlaybookEdit, PlaybookStep, PlaybookView};

use super::duty::person;
use super::playbooks::standing;
use super::runs::{begun, speaking};
use super::steps::Step;

/// An organisation that it is put to.
struct Party {
    id: String,
    name: String,
    state: &'static str,
    look: &'static str,
    /// Who said so and when, or since when it may.
    said: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "playbook.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    id: String,
    name: String,
    description: String,
    state: &'static str,
    look: &'static str,
    steps: Vec<Step>,
    remarks: Vec<String>,
    parties: Vec<Party>,
    retired: Option<(String, String)>,
    editions: Vec<(u64, Moment, String)>,
    may_answer: bool,
    may_write: bool,
    may_begin: bool,
    may_audit: bool,
    typed: Sent,
    version: u64,
}

#[derive(Template)]
#[template(path = "playbook_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    id: String,
    name: String,
    text: String,
    version: u64,
}

/// In which form it is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct As {
    form: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    Query(asked): Query<As>,
) -> Result<Response, Problem> {
    if asked.form == "cacao" {
        let actor = signed.actor();
        let text = console.watch(move |watch| watch.export_playbook(&actor, &id)).await?;
        let file = "attachment; filename=\"playbook.json\"".to_owned();
        let headers = [(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, file)];
        return Ok((headers, format!("{text:#}")).into_response());
    }
    page(&Page::read(&console, &signed, &id, Sent::default()).await?)
}

/// Proposes, takes back, accepts, declines, retires, resumes.
pub(super) async fn step(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let wanted = wanted(&sent);
    let act = async {
        let step = PlaybookStep { version: seen(&sent), step: wanted? };
        let (actor, of) = (signed.actor(), id.clone());
        console.watch(move |watch| watch.step_playbook(&actor, &of, step)).await?;
        Ok::<_, Problem>(Done::to(format!("/playbooks/{id}")).said(Said::PlaybookKept))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, &id, sent, problem).await,
    }
}

/// Begins it on a case.
pub(super) async fn begin(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let new = NewRun { playbook: id.clone(), within: None };
    let act = begun(&console, &signed, sent.text("number").to_owned(), new);
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, &id, sent, problem).await,
    }
}

async fn again(
    console: &Console,
    signed: &Signed,
    id: &str,
    sent: Sent,
    problem: Problem,
) -> Result<Response, Problem> {
    if !told_on_form(&problem) {
        return Err(problem);
    }
    let mut told = Page::read(console, signed, id, sent).await?;
    told.fault = Some(whole(signed.words(), &problem));
    page_with(refusal_status(problem.kind), &told)
}

fn seen(sent: &Sent) -> Sequence {
    Sequence(sent.text(SEEN).parse().unwrap_or(0))
}

/// What a form asks.
fn wanted(sent: &Sent) -> Result<Life, Problem> {
    let reason = sent.text("reason").to_owned();
    Ok(match sent.text("does") {
        "propose" => Life::Propose { to: vec![named(sent.text("organisation"))?] },
        "take-back" => Life::TakeBack { from: named(sent.text("organisation"))? },
        "accept" => Life::Accept,
        "decline" => Life::Decline { reason },
        "retire" => Life::Retire { reason },
        _ => Life::Resume,
    })
}

pub(super) async fn edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Edit::read(&console, &signed, &id).await?)
}

/// Writes a new version on the one that was read.
pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let w = signed.words();
    let act = async {
        let playbook = serde_json::from_str(sent.text("text")).map_err(|error| {
            Problem::new(Kind::Invalid, format!("{}: {error}", w.playbook_not_json()))
        })?;
        let edit = PlaybookEdit { version: seen(&sent), playbook };
        let (actor, of) = (signed.actor(), id.clone());
        console.watch(move |watch| watch.write_playbook(&actor, &of, edit)).await?;
        Ok::<_, Problem>(Done::to(format!("/playbooks/{id}")).said(Said::PlaybookKept))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Edit::read(&console, &signed, &id).await?;
            told.fault = Some(whole(w, &problem));
            told.text = sent.raw("text").to_owned();
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

impl Edit {
    async fn read(console: &Console, signed: &Signed, id: &str) -> Result<Self, Problem> {
        let (w, actor, of) = (signed.words(), speaking(signed), id.to_owned());
        let view = console.watch(move |watch| watch.playbook(&actor, &of)).await?;
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.playbook_edit(), Section::Playbooks),
            fault: None,
            id: view.id,
            name: view.name,
            text: format!("{:#}", view.procedure.playbook),
            version: view.version.0,
        })
    }
}

impl Page {
    async fn read(
        console: &Console,
        signed: &Signed,
        id: &str,
        typed: Sent,
    ) -> Result<Self, Problem> {
        let (actor, of) = (speaking(signed), id.to_owned());
        let (view, editions) = console
            .watch(move |watch| Ok((watch.playbook(&actor, &of)?, watch.editions(&actor, &of)?)))
            .await?;
        Ok(Self::of(console, signed, (view, &editions), typed))
    }

    fn of(
        console: &Console,
        signed: &Signed,
        (view, editions): (PlaybookView, &[Edition]),
        typed: Sent,
    ) -> Self {
        let (w, house) = (signed.words(), console.house().standing());
        let (state, look) = standing(w, view.standing);
        let retired = view.procedure.retired.as_ref();
        let edition = |it: &Edition| (it.version.0, Moment::of(it.at, w), person(&house, &it.by));
        let parties = view.procedure.parties.iter().map(|(id, answer)| {
            let by = |by, at| format!("{}, {}", person(&house, by), Moment::of(at, w).text());
            let (state, look, said, reason) = match answer {
                Answer::Proposed { at } => {
                    let since = Moment::of(*at, w).text().to_owned();
                    (w.playbook_waits(), "badge-warn", since, "")
                }
                Answer::Accepted { by: who, at } => {
                    (w.playbook_accepted(), "badge-good", by(who, *at), "")
                }
                Answer::Declined { by: who, at, reason } => {
                    (w.playbook_declined(), "badge-bad", by(who, *at), reason.as_str())
                }
            };
            let (id, name, reason) = (id.to_string(), name(&house, id), reason.to_owned());
            Party { id, name, state, look, said, reason }
        });
        Self {
            frame: Frame::of(console, &signed.visit, &view.name, Section::Playbooks),
            fault: None,
            description: view.description.clone(),
            state,
            look,
            steps: view.steps.into_iter().map(|it| Step::of(w, it)).collect(),
            remarks: view.remarks.iter().map(ToString::to_string).collect(),
            parties: parties.collect(),
            retired: retired.map(|it| (person(&house, &it.by), it.reason.clone())),
            editions: editions.iter().map(edition).collect(),
            may_answer: view.may_answer
                && retired.is_none()
                && signed.may_do("/playbooks/{playbook}/steps"),
            may_write: view.may_write,
            may_begin: retired.is_none() && signed.may_do("/playbooks/{playbook}/runs"),
            may_audit: console.admits(signed, "/audit"),
            typed,
            version: view.version.0,
            id: view.id,
            name: view.name,
        }
    }
}
