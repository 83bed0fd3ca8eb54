//! One run of a playbook: what to do now, all its steps, and who did what when.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind, requests};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::run::{Act, Current, Outcome, Question};
use vedetta_watch::{RunStep, RunView};
use vedetta_words::Words;

use super::duty::person;
use super::runs::{speaking, stands};
use super::steps::{Step, ToDo};

/// What a step asks.
struct Ask {
    /// The field.
    name: String,
    words: String,
    /// What answers there are, with their words, and which was typed.
    answers: Vec<(String, String, bool)>,
    typed: String,
}

/// A step that waits for a person.
struct Now {
    node: u32,
    name: String,
    /// Whether it is done, and not only judged.
    is_done: bool,
    until: Option<Moment>,
    to_do: ToDo,
    asks: Vec<Ask>,
    note: String,
    reason: String,
    /// The playbook to be followed for it, and the run in which it is.
    playbook: Option<String>,
    run: Option<u32>,
}

/// Something that was done.
struct Then {
    at: Moment,
    by: String,
    name: String,
    did: String,
    note: String,
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    number: String,
    run: u32,
    name: String,
    state: &'static str,
    look: &'static str,
    by: String,
    at: Moment,
    within: Option<u32>,
    now: Vec<Now>,
    steps: Vec<Step>,
    then: Vec<Then>,
    may_act: bool,
    may_lead: bool,
    may_request: bool,
    version: u64,
}

/// Of which case, and which run of it.
type Of = (String, u32);

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(of): Path<Of>,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &of, &Sent::default()).await?)
}

/// Does a step, judges, leaves out, gives up.
pub(super) async fn act(
    State(console): State<Console>,
    signed: Signed,
    Path(of): Path<Of>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, version) = (signed.words(), seen(&sent));
    let act = async {
        let act = wanted(&console, &signed, &of, &sent).await?;
        let (actor, (number, run)) = (signed.actor(), of.clone());
        let step = RunStep { version, act };
        console.watch(move |watch| watch.act_in_run(&actor, &number, run, step)).await?;
        Ok::<_, Problem>(done(&of))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, &of, (&sent, w), problem).await,
    }
}

/// Has the request of a command made.
pub(super) async fn request(
    State(console): State<Console>,
    signed: Signed,
    Path(of): Path<Of>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, version) = (signed.words(), seen(&sent));
    let act = async {
        let unknown = || Problem::new(Kind::Invalid, w.run_answer_missing());
        let node = sent.text("node").parse().map_err(|_| unknown())?;
        let command = sent.text("command").parse().map_err(|_| unknown())?;
        let (api, which) = (console.api(), (node, command));
        requests::request(api, signed.actor(), of.clone(), version, which).await?;
        Ok::<_, Problem>(done(&of))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, &of, (&sent, w), problem).await,
    }
}

fn seen(sent: &Sent) -> Sequence {
    Sequence(sent.text(SEEN).parse().unwrap_or(0))
}

fn done((number, run): &Of) -> Done {
    Done::to(format!("/incidents/{number}/runs/{run}")).said(Said::RunDone)
}

/// The page as it stands now, with what was typed, and why it was refused.
async fn again(
    console: &Console,
    signed: &Signed,
    of: &Of,
    (sent, w): (&Sent, Words),
    problem: Problem,
) -> Result<Response, Problem> {
    if !told_on_form(&problem) {
        return Err(problem);
    }
    let mut told = Page::read(console, signed, of, sent).await?;
    told.fault = Some(whole(w, &problem));
    page_with(refusal_status(problem.kind), &told)
}

/// What a form asks.
async fn wanted(console: &Console, signed: &Signed, of: &Of, sent: &Sent) -> Result<Act, Problem> {
    let text = |name: &str| sent.text(name).to_owned();
    let node = sent.text("node").parse().unwrap_or(0);
    Ok(match sent.text("does") {
        "judge" => {
            let missing = || Problem::new(Kind::Invalid, signed.words().run_answer_missing());
            let answer = sent.given("answer").ok_or_else(missing)?.to_owned();
            Act::Judge { node, answer, note: text("note") }
        }
        "leave-out" => Act::LeaveOut { node, reason: text("reason") },
        "give-up" => Act::GiveUp { reason: text("reason") },
        _ => {
            let view = read(console, signed, of).await?;
            let open = view.current.into_iter().find(|it| it.node == node);
            let asked = open.map(|it| it.questions).unwrap_or_default().into_iter();
            let found = asked.map(|it| (it.name.clone(), text(&field(&it.name))));
            let outcome = match sent.text("outcome") {
                "failed" => Outcome::Failed,
                _ => Outcome::Done,
            };
            let found: BTreeMap<_, _> = found.collect();
            Act::Finish { node, outcome, found, note: text("note") }
        }
    })
}

/// The field in which a variable is told.
fn field(variable: &str) -> String {
    format!("found-{variable}")
}

async fn read(console: &Console, signed: &Signed, (number, run): &Of) -> Result<RunView, Problem> {
    let (actor, number, run) = (speaking(signed), number.clone(), *run);
    console.watch(move |watch| watch.run(&actor, &number, run)).await
}

impl Page {
    async fn read(
        console: &Console,
        signed: &Signed,
        of: &Of,
        sent: &Sent,
    ) -> Result<Self, Problem> {
        let view = read(console, signed, of).await?;
        Ok(Self::of(console, signed, view, sent))
    }

    fn of(console: &Console, signed: &Signed, view: RunView, sent: &Sent) -> Self {
        let (w, standing) = (signed.words(), console.house().standing());
        let (state, look) = stands(w, &view.stands);
        let then = view.deeds.into_iter().map(|it| Then {
            at: Moment::of(it.deed.at, w),
            by: match &it.deed.by {
                Some(by) => person(&standing, by),
                None => w.run_computed().to_owned(),
            },
            name: it.name,
            did: it.deed.did.words().to(w.0).to_owned(),
            note: it.deed.note,
        });
        let roles = console.admits(signed, "/playbooks/{playbook}/edit");
        Self {
            frame: Frame::of(console, &signed.visit, &view.name, Section::Incidents).live(),
            fault: None,
            number: view.number.to_string(),
            run: view.run,
            state,
            look,
            by: person(&standing, &view.by),
            at: Moment::of(view.at, w),
            within: view.within.map(|(run, _)| run),
            now: view.current.into_iter().map(|it| Now::of(w, it, sent)).collect(),
            steps: view.steps.into_iter().map(|it| Step::of(w, it)).collect(),
            then: then.collect(),
            may_act: view.may_act,
            may_lead: view.may_lead,
            may_request: view.may_lead && roles,
            version: view.version.0,
            name: view.name,
        }
    }
}

impl Now {
    fn of(w: Words, it: Current, sent: &Sent) -> Self {
        // What was typed of another step is not this one's.
        let none = Sent::default();
        let sent = if sent.text("node") == it.node.to_string() { sent } else { &none };
        Self {
            node: it.node,
            is_done: it.kind.ends_with("action"),
            name: it.name,
            until: it.until.map(|at| Moment::of(at, w)),
            to_do: ToDo::of(it.task),
            asks: it.questions.into_iter().map(|ask| Ask::of(w, ask, sent)).collect(),
            note: sent.text("note").to_owned(),
            reason: sent.text("reason").to_owned(),
            playbook: it.playbook,
            run: it.run,
        }
    }
}

impl Ask {
    fn of(w: Words, it: Question, sent: &Sent) -> Self {
        let name = if it.name.is_empty() { "answer".to_owned() } else { field(&it.name) };
        let typed = sent.text(&name).to_owned();
        let answers = it.answers.into_iter().map(|answer| {
            let (words, chosen) = (w.answer(&answer), answer == typed);
            (answer, words, chosen)
        });
        Self { answers: answers.collect(), words: it.words, name, typed }
    }
}
