//! The playbooks followed for a case, and beginning another.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_model::Actor;
use vedetta_watch::desk::procedure::Standing;
use vedetta_watch::desk::run::Stands;
use vedetta_watch::{NewRun, RunRow};
use vedetta_words::Words;

use super::duty::person;
use super::incidents::title_of;

/// A run in a line.
pub(super) struct Row {
    pub(super) run: u32,
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) look: &'static str,
    pub(super) waiting: Option<String>,
    pub(super) by: String,
    pub(super) at: Moment,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Runs {
    frame: Frame,
    fault: Option<String>,
    number: String,
    title: String,
    rows: Vec<Row>,
    /// The playbooks that may be begun.
    choices: Vec<(String, String)>,
    chosen: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    page(&Runs::read(&console, &signed, &number).await?)
}

/// Begins a playbook.
pub(super) async fn begin(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let place = |name: &str| sent.text(name).parse().ok();
    let within = place("of").zip(place("node"));
    let new = NewRun { playbook: sent.text("playbook").to_owned(), within };
    let act = begun(&console, &signed, number.clone(), new);
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Runs::read(&console, &signed, &number).await?;
            told.fault = Some(whole(signed.words(), &problem));
            told.chosen = sent.text("playbook").to_owned();
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// Begins a playbook for a case, and leads to its first step.
pub(super) async fn begun(
    console: &Console,
    signed: &Signed,
    number: String,
    new: NewRun,
) -> Result<Done, Problem> {
    let (actor, of) = (signed.actor(), number.clone());
    let run = console.watch(move |watch| watch.begin_run(&actor, &of, new)).await?.run;
    Ok(Done::to(format!("/incidents/{number}/runs/{run}")).said(Said::RunBegun))
}

/// Who asks, in the language of the page.
pub(super) fn speaking(signed: &Signed) -> Actor {
    Actor { language: signed.words().0, ..signed.actor() }
}

/// How a run stands, and how that looks.
pub(super) const fn stands(w: Words, stands: &Stands) -> (&'static str, &'static str) {
    match stands {
        Stands::Going => (w.run_going(), "badge-warn"),
        Stands::Ended { .. } => (w.run_ended(), "badge-good"),
        Stands::GivenUp { .. } => (w.run_given_up(), "badge-quiet"),
    }
}

impl Runs {
    async fn read(console: &Console, signed: &Signed, number: &str) -> Result<Self, Problem> {
        let (w, actor, of) = (signed.words(), speaking(signed), number.to_owned());
        let (view, runs, playbooks) = console
            .watch(move |watch| {
                let view = watch.case(&actor, &of)?;
                let begins = view.may.contains("follow");
                let playbooks = if begins { watch.playbooks(&actor)? } else { Vec::new() };
                Ok((view, watch.runs(&actor, &of)?, playbooks))
            })
            .await?;
        let choices = playbooks.into_iter().filter(|it| it.standing != Standing::Retired);
        Ok(Self {
            frame: Frame::of(console, &signed.visit, &w.runs_of(number), Section::Incidents).live(),
            fault: None,
            title: title_of(&view.incident.title, w).to_owned(),
            rows: runs.iter().rev().map(|it| Row::of(console, w, it)).collect(),
            choices: choices.map(|it| (it.id, it.name)).collect(),
            chosen: String::new(),
            number: number.to_owned(),
        })
    }
}

impl Row {
    pub(super) fn of(console: &Console, w: Words, it: &RunRow) -> Self {
        let (state, look) = stands(w, &it.stands);
        Self {
            run: it.run,
            name: it.name.clone(),
            state,
            look,
            waiting: match (&it.stands, it.open) {
                (Stands::Going, open) => Some(w.run_waiting(open)),
                _ => None,
            },
            by: person(&console.house().standing(), &it.by),
            at: Moment::of(it.at, w),
        }
    }
}
