//! Reporting an incident: one page, in plain words, on a telephone too.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, ONCE, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::whole;
use vedetta_frame::shown::moment_of;
use vedetta_frame::visit::Signed;
use vedetta_model::{OrganisationId, Role};
use vedetta_watch::NewReport;
use vedetta_watch::desk::incident::Channel;

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    frame: Frame,
    fault: Option<String>,
    /// Whether it is a telephone card that the room fills in for somebody.
    by_room: bool,
    organisation: String,
    title: String,
    words: String,
    contact: String,
    awareness: String,
    services: String,
    exercise: String,
}

#[derive(Template)]
#[template(path = "reported.html")]
struct Reported {
    frame: Frame,
    number: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Report::of(&console, &signed, &Sent::default(), None))
}

pub(super) async fn send(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let refuse = |kind: Kind, fault: String| {
        let status = match kind {
            Kind::Invalid | Kind::Unknown => StatusCode::UNPROCESSABLE_ENTITY,
            kind => kind.face().1,
        };
        page_with(status, &Report::of(&console, &signed, &sent, Some(fault)))
    };
    let new = match read(&signed, &console, &sent) {
        Ok(new) => new,
        Err(fault) => return refuse(Kind::Invalid, fault),
    };
    let act = async {
        let receipt = console.watch(move |watch| watch.report(&actor, new)).await?;
        Ok::<_, Problem>(Done::to(format!("/report/{}", receipt.number)))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if matches!(problem.kind, Kind::Invalid | Kind::Unknown) => {
            refuse(problem.kind, whole(w, &problem))
        }
        Err(problem) => Err(problem),
    }
}

/// The number of what was reported, and what happens now.
pub(super) async fn receipt(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let (actor, of) = (signed.actor(), number.clone());
    console.watch(move |watch| watch.case(&actor, &of)).await?;
    let title = signed.words().reported_title();
    let frame = Frame::of(&console, &signed.visit, title, Section::Report);
    page(&Reported { frame, number })
}

fn read(signed: &Signed, console: &Console, sent: &Sent) -> Result<NewReport, String> {
    let w = signed.words();
    let organisation = match sent.given("organisation") {
        Some(id) => Some(OrganisationId::new(id).map_err(|error| error.to_string())?),
        None => None,
    };
    let awareness = match sent.given("awareness") {
        Some(text) => {
            let moment = moment_of(text).ok_or_else(|| w.moment_wrong().to_owned())?;
            if moment > console.house().now() {
                return Err(w.moment_to_come().to_owned());
            }
            Some(moment)
        }
        None => None,
    };
    if sent.given("title").is_none() {
        return Err(w.report_title_missing().to_owned());
    }
    if sent.given("words").is_none() {
        return Err(w.report_words_missing().to_owned());
    }
    let services = sent.text("services").split([',', '\n']).map(str::trim);
    Ok(NewReport {
        channel: if organisation.is_some() { Channel::Telephone } else { Channel::Portal },
        organisation,
        title: sent.text("title").to_owned(),
        words: sent.text("words").to_owned(),
        contact: sent.given("contact").map(str::to_owned),
        awareness,
        items: BTreeSet::new(),
        services: services.filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        exercise: sent.given("exercise").map(str::to_owned),
        // The name of this sending: the report is one even when the node started anew in between.
        key: sent.given(ONCE).map(str::to_owned),
    })
}

impl Report {
    fn of(console: &Console, signed: &Signed, sent: &Sent, fault: Option<String>) -> Self {
        let actor = &signed.person.actor;
        let title = signed.words().report_title();
        Self {
            frame: Frame::of(console, &signed.visit, title, Section::Report),
            fault,
            by_room: console.house().is_of_the_room(actor, &[Role::DutyOfficer, Role::Analyst]),
            organisation: sent.text("organisation").to_owned(),
            title: sent.text("title").to_owned(),
            words: sent.text("words").to_owned(),
            contact: sent.text("contact").to_owned(),
            awareness: sent.text("awareness").to_owned(),
            services: sent.text("services").to_owned(),
            exercise: sent.text("exercise").to_owned(),
        }
    }
}
