//! Crises and exercises: those that hold, those that were; declared and ended here.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{OfForm, shown_again};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_model::OrganisationId;
use vedetta_watch::desk::posture::{Declared, Kind as Of, Posture};

use super::duty::person;

/// A crisis or an exercise.
struct Row {
    id: String,
    name: String,
    reason: String,
    exercise: bool,
    of: String,
    by: String,
    since: Moment,
    ended: Option<(String, Moment, String)>,
}

#[derive(Template)]
#[template(path = "postures.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    holding: Vec<Row>,
    past: Vec<Row>,
    may_declare: bool,
    typed: Typed,
}

/// What was typed.
#[derive(Default)]
struct Typed {
    exercise: bool,
    name: String,
    reason: String,
    centre: String,
    participants: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &Sent::default()).await?)
}

/// Declares one.
pub(super) async fn declare(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, declared) = (signed.actor(), declared(&sent));
    let act = async {
        let declared = declared.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console.watch(move |watch| watch.declare(&actor, declared)).await?;
        Ok::<_, Problem>(Done::to("/postures").said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

/// Ends one.
pub(super) async fn end(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, reason) = (signed.actor(), sent.text("reason").to_owned());
    let act = async {
        console.watch(move |watch| watch.end_posture(&actor, &id, reason)).await?;
        Ok::<_, Problem>(Done::to("/postures").said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

/// What a form declares.
fn declared(sent: &Sent) -> Result<Declared, String> {
    let id = |text: &str| OrganisationId::new(text).map_err(|error| error.to_string());
    let ids = sent.text("participants").split([',', '\n']).map(str::trim);
    let participants = ids.filter(|it| !it.is_empty()).map(id);
    Ok(Declared {
        kind: if sent.text("kind") == "exercise" { Of::Exercise } else { Of::Crisis },
        name: sent.text("name").to_owned(),
        reason: sent.text("reason").to_owned(),
        centre: sent.given("centre").map(id).transpose()?,
        participants: participants.collect::<Result<BTreeSet<_>, _>>()?,
    })
}

impl OfForm for Page {
    async fn read(console: &Console, signed: &Signed, sent: &Sent) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let all = console.watch(move |watch| watch.postures(&actor)).await?;
        let row = |it: &Posture| Row::of(console, signed, it);
        let (holding, past): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.holds());
        let text = |name: &str| sent.text(name).to_owned();
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.postures_title(), Section::Posture),
            fault: None,
            holding: holding.into_iter().map(row).collect(),
            past: past.into_iter().map(row).collect(),
            may_declare: signed.may_do("/postures") && console.admits(signed, "/holds"),
            typed: Typed {
                exercise: sent.text("kind") == "exercise",
                name: text("name"),
                reason: text("reason"),
                centre: text("centre"),
                participants: text("participants"),
            },
        })
    }

    fn fault(&mut self, fault: String) {
        self.fault = Some(fault);
    }
}

impl Row {
    fn of(console: &Console, signed: &Signed, it: &Posture) -> Self {
        let (w, standing) = (signed.words(), console.house().standing());
        let declared = &it.declared;
        let names = declared.participants.iter().map(|id| name(&standing, id));
        let exercise = declared.kind == Of::Exercise;
        let of = match (&declared.centre, exercise) {
            (_, true) => names.collect::<Vec<_>>().join(", "),
            (Some(centre), false) => name(&standing, centre),
            (None, false) => w.posture_network().to_owned(),
        };
        Self {
            id: it.id.clone(),
            name: declared.name.clone(),
            reason: declared.reason.clone(),
            exercise,
            of,
            by: person(&standing, &it.by),
            since: Moment::of(it.since, w),
            ended: it.ended.as_ref().map(|ended| {
                (person(&standing, &ended.by), Moment::of(ended.at, w), ended.reason.clone())
            }),
        }
    }
}
