//! One early warning: its audience before it is sent, and afterwards who has it, read it, and acted.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{Preview, Sequence};
use vedetta_frame::audience::Audience;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Marking, Moment};
use vedetta_frame::visit::Signed;
use vedetta_model::OrganisationId;
use vedetta_watch::desk::escalation::{CallState, OwnerCall};
use vedetta_watch::desk::posture::marked;
use vedetta_watch::desk::warning::{Acted, Nudge, WarningStage, WarningText};
use vedetta_watch::{NewReaction, Reached, WarningView};
use vedetta_words::Words;

/// How far it came with one organisation.
struct Reach {
    id: String,
    name: String,
    received: Option<Moment>,
    read: Option<Moment>,
    reminded: Option<(Moment, String)>,
    did: Option<&'static str>,
    note: String,
}

/// How many, with a share of a hundred.
struct Figure {
    label: &'static str,
    count: String,
    share: usize,
}

#[derive(Template)]
#[template(path = "warning.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    id: String,
    title: String,
    text: String,
    what_to_do: String,
    tlp: Marking,
    pap: String,
    stage: &'static str,
    look: &'static str,
    at: Option<Moment>,
    by: String,
    facts: Vec<(&'static str, String)>,
    item: Option<String>,
    incident: Option<String>,
    withdrawn: Option<String>,
    reminded: Vec<Moment>,
    figures: Vec<Figure>,
    reach: Vec<Reach>,
    hidden: usize,
    audience: Option<Audience>,
    /// How many of them it is about, where sectors or regions were chosen.
    about: Option<String>,
    mine: Option<(&'static str, Moment)>,
    note: String,
    reason: String,
    version: u64,
    exercise: bool,
    is_draft: bool,
    is_sent: bool,
    leads: bool,
    may_answer: bool,
}

/// Rows of those whom it reached.
const ROWS: usize = 500;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &id).await?)
}

/// Sends it, reminds of it, withdraws it.
pub(super) async fn step(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, of, asked) = (signed.actor(), id.clone(), sent.clone());
    let act = async {
        let said = match asked.text("step") {
            "send" => Said::WarningSent,
            "remind" => Said::Reminded,
            _ => Said::WarningWithdrawn,
        };
        let version = Sequence(asked.text(SEEN).parse().unwrap_or(0));
        console
            .watch(move |watch| match asked.text("step") {
                "send" => watch.send_warning(&actor, &of, version),
                "remind" => watch.remind_warning(&actor, &of),
                _ => watch.withdraw_warning(&actor, &of, asked.text("reason").to_owned()),
            })
            .await?;
        Ok::<_, Problem>(Done::to(format!("/warnings/{id}")).said(said))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, (&id, &sent), problem).await,
    }
}

/// Says what an organisation did about it.
pub(super) async fn answer(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, of) = (signed.actor(), id.clone());
    let did = match sent.text("did") {
        "done" => Some(Acted::Done),
        "not-concerned" => Some(Acted::NotConcerned),
        "read" => Some(Acted::Read),
        _ => None,
    };
    let (note, w) = (sent.text("note").to_owned(), signed.words());
    let act = async {
        let did = did.ok_or_else(|| Problem::new(Kind::Invalid, w.warning_did_missing()))?;
        let new = NewReaction { did, note };
        console.watch(move |watch| watch.answer_warning(&actor, &of, new)).await?;
        Ok::<_, Problem>(Done::to(format!("/warnings/{id}")).said(Said::Answered))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => again(&console, &signed, (&id, &sent), problem).await,
    }
}

/// The page as it stands now, with what was typed, and why it was refused.
async fn again(
    console: &Console,
    signed: &Signed,
    (id, sent): (&str, &Sent),
    problem: Problem,
) -> Result<Response, Problem> {
    if !told_on_form(&problem) {
        return Err(problem);
    }
    let mut told = Page::read(console, signed, id).await?;
    told.fault = Some(whole(signed.words(), &problem));
    told.note = sent.text("note").to_owned();
    told.reason = sent.text("reason").to_owned();
    page_with(refusal_status(problem.kind), &told)
}

impl Page {
    async fn read(console: &Console, signed: &Signed, id: &str) -> Result<Self, Problem> {
        let (actor, of) = (signed.actor(), id.to_owned());
        let leads = console.admits(signed, "/warnings/new");
        let (view, preview) = console
            .watch(move |watch| {
                let view = watch.warning(&actor, &of)?;
                let draft = leads && view.warning.stage == WarningStage::Draft;
                let preview = if draft { Some(watch.preview_warning(&actor, &of)?) } else { None };
                Ok((view, preview))
            })
            .await?;
        let w = signed.words();
        let about = preview.as_ref().and_then(|it| about(console, &view.warning.text, it));
        let about = about.map(|it| w.warning_about(it));
        let audience = preview.as_ref().map(|it| Audience::of(console.house(), w, it));
        let mut told = Self::of(console, signed, &view);
        (told.audience, told.about, told.leads) = (audience, about, leads);
        Ok(told)
    }

    fn of(console: &Console, signed: &Signed, view: &WarningView) -> Self {
        let (w, warning) = (signed.words(), &view.warning);
        let (stage, look, at) = super::warnings::stage(w, &warning.stage);
        let title = marked(warning.text.title.clone(), warning.text.exercise.as_ref());
        let title = title.to(w.0);
        let own = &signed.person.actor.organisation;
        let mine = view.reach.iter().find(|it| it.organisation == *own);
        let mine = mine.and_then(|it| it.reaction.as_ref());
        let is_sent = matches!(warning.stage, WarningStage::Sent { .. });
        let standing = console.house().standing();
        let author = standing.directory.account(&warning.by);
        Self {
            frame: Frame::of(console, &signed.visit, title, Section::Warnings).live(),
            fault: None,
            id: view.id.clone(),
            title: title.to_owned(),
            text: warning.text.text.to(w.0).to_owned(),
            what_to_do: warning.text.what_to_do.to(w.0).to_owned(),
            tlp: Marking(warning.text.tlp),
            pap: warning.text.pap.to_string(),
            stage,
            look,
            at,
            by: author.map_or_else(|| warning.by.to_string(), |it| it.name.clone()),
            facts: facts(w, view),
            item: warning.stage.item().filter(|_| is_sent).map(ToString::to_string),
            incident: warning.text.incident.map(|it| it.to_string()),
            withdrawn: match &warning.stage {
                WarningStage::Withdrawn { reason, .. } => Some(reason.clone()),
                _ => None,
            },
            reminded: warning.reminded.iter().map(|at| Moment::of(*at, w)).collect(),
            figures: figures(w, view),
            reach: reach(w, &view.reach),
            hidden: view.reach.len().saturating_sub(ROWS),
            audience: None,
            about: None,
            mine: mine.map(|it| (w.acted(it.did), Moment::of(it.at, w))),
            note: String::new(),
            reason: String::new(),
            version: view.version.0,
            exercise: warning.text.exercise.is_some(),
            is_draft: warning.stage == WarningStage::Draft,
            is_sent,
            leads: false,
            may_answer: is_sent && signed.may_do("/warnings/{warning}/answer"),
        }
    }
}

/// Whom it concerns.
fn facts(w: Words, view: &WarningView) -> Vec<(&'static str, String)> {
    let text = &view.warning.text;
    let mut facts = Vec::new();
    if !text.sectors.is_empty() {
        let names: Vec<_> = text.sectors.iter().map(|it| w.sector(*it)).collect();
        facts.push((w.warning_sectors(), names.join(", ")));
    }
    let joined = |of: &std::collections::BTreeSet<String>| {
        of.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    if !text.regions.is_empty() {
        facts.push((w.warning_regions(), joined(&text.regions)));
    }
    if !text.observables.is_empty() {
        facts.push((w.warning_observables(), joined(&text.observables)));
    }
    facts
}

fn figures(w: Words, view: &WarningView) -> Vec<Figure> {
    let figures = view.figures;
    let of = |label, count: usize| Figure {
        label,
        count: w.number(count as u64),
        share: (count * 100).checked_div(figures.cleared).unwrap_or(0).min(100),
    };
    vec![
        of(w.warning_cleared(), figures.cleared),
        of(w.warning_received(), figures.received),
        of(w.warning_read(), figures.read),
        of(w.warning_acted(), figures.acted),
    ]
}

/// Of those who would have it, how many it is about by the sectors and regions that were chosen; none where
/// none was.
fn about(console: &Console, text: &WarningText, preview: &Preview) -> Option<usize> {
    let is_chosen = !text.sectors.is_empty() || !text.regions.is_empty();
    let standing = console.house().standing();
    let concerns = |id: &&OrganisationId| {
        let of = standing.directory.organisation(id);
        of.is_some_and(|it| text.concerns(it.sector, it.region.as_deref()))
    };
    let whom = preview.groups.iter().filter(|it| it.form.is_some());
    is_chosen.then(|| whom.flat_map(|it| &it.organisations).filter(concerns).count())
}

/// How a reminder came through.
fn told(w: Words, nudge: &Nudge) -> String {
    let made = |call: &&OwnerCall| matches!(call.state, CallState::Made { .. });
    match (nudge.calls.len(), nudge.calls.iter().filter(made).count()) {
        (0, _) => w.reminded_nobody().to_owned(),
        (all, made) => w.reminded_of(made, all),
    }
}

/// Whom it reached: those who answered first, then those who have not read it.
fn reach(w: Words, reached: &[Reached]) -> Vec<Reach> {
    let mut sorted: Vec<_> = reached.iter().collect();
    sorted.sort_by_key(|it| (it.reaction.is_none(), it.read.is_some(), it.received.is_none()));
    let rows = sorted.into_iter().take(ROWS).map(|it| Reach {
        id: it.organisation.to_string(),
        name: it.name.clone(),
        received: it.received.map(|at| Moment::of(at, w)),
        read: it.read.map(|at| Moment::of(at, w)),
        reminded: it.reminded.as_ref().map(|it| (Moment::of(it.at, w), told(w, it))),
        did: it.reaction.as_ref().map(|it| w.acted(it.did)),
        note: it.reaction.as_ref().map_or_else(String::new, |it| it.note.clone()),
    });
    rows.collect()
}
