//! Alarms: what presses and whom it calls, answered here; and which links and sensors are silent.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, left};
use vedetta_frame::visit::Signed;
use vedetta_outpost::SensorStage;
use vedetta_watch::AlarmView;
use vedetta_watch::desk::escalation::{CallState, Means, Stands};
use vedetta_words::Words;

use super::duty::person;
use super::incidents::{one_of, title_of};
use super::ladder::means;

/// One alarm.
struct Alarm {
    id: String,
    /// What is due.
    name: String,
    /// What its case or item is called, for who sees that.
    title: Option<String>,
    /// Where what it is about is looked at: what that is, how it is called, its page.
    of: (&'static str, String, String),
    state: &'static str,
    look: &'static str,
    left: String,
    /// By when, or since when; and the word for it.
    due: (&'static str, Moment),
    room: String,
    raised: Moment,
    calls_you: bool,
    answered: Option<(String, Moment)>,
    calls: Vec<(String, &'static str, &'static str, &'static str, String)>,
    gaps: Option<String>,
    may_answer: bool,
}

/// Something silent: what, where it is seen, since when.
type Silent = (String, String, Moment);

#[derive(Template)]
#[template(path = "alarms.html")]
struct Alarms {
    frame: Frame,
    fault: Option<String>,
    alarms: Vec<Alarm>,
    links: Option<Vec<Silent>>,
    sensors: Vec<Silent>,
    sees_ladder: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    if let Some(form) = signed.visit.exported() {
        let actor = signed.actor();
        let found = console.watch(move |watch| watch.alarms(&actor)).await?;
        return table(&found).answer((&console, &signed), form).await;
    }
    page(&Alarms::read(&console, &signed).await?)
}

/// Answers one: nobody else is called.
pub(super) async fn answer(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let act = async {
        console.watch(move |watch| watch.answer_alarm(&actor, &id)).await?;
        Ok::<_, Problem>(Done::to("/alarms").said(Said::AlarmAnswered))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Alarms::read(&console, &signed).await?;
            told.fault = Some(whole(signed.words(), &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// A page has shown who looks at it that these alarms call: only then it counts.
pub(super) async fn shown(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let alarms: Vec<_> = sent.all("alarm").map(ToOwned::to_owned).collect();
    console.watch(move |watch| watch.shown_alarms(&actor, &alarms)).await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}

/// Which alarms call who asks, and how many in words: for a page in the background.
pub(super) async fn calling(signed: Signed) -> Result<Response, Problem> {
    let (w, alarms) = (signed.words(), signed.person.called.clone().unwrap_or_default());
    let said = match alarms.len() {
        0 => String::new(),
        many => w.alarms_call_you(many),
    };
    Ok(axum::Json(serde_json::json!({ "alarms": alarms, "said": said })).into_response())
}

fn table(found: &[AlarmView]) -> Table {
    let columns = ["alarm", "number", "what", "due", "missed", "raised", "answered_by"];
    let mut table = Table::new("alarms", &columns);
    for AlarmView { id, alarm, .. } in found {
        let about = &alarm.about;
        table.row([
            id.clone(),
            about.number.map_or_else(String::new, |it| it.to_string()),
            about.name.en.clone(),
            about.due.to_string(),
            about.missed.to_string(),
            alarm.raised.to_string(),
            match &alarm.stands {
                Stands::Answered { by, .. } => by.to_string(),
                _ => String::new(),
            },
        ]);
    }
    table
}

impl Alarms {
    async fn read(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let found = console.watch(move |watch| watch.alarms(&actor)).await?;
        let alarms = found.iter().map(|it| Alarm::of(console, w, it)).collect();
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.alarms_title(), Section::Alarms).live(),
            fault: None,
            alarms,
            links: silent_links(console, signed).await?,
            sensors: silent_sensors(console, signed).await?,
            sees_ladder: console.admits(signed, "/ladder"),
        })
    }
}

/// The links that are silent, for the room whose links they are.
async fn silent_links(console: &Console, signed: &Signed) -> Result<Option<Vec<Silent>>, Problem> {
    if !console.admits(signed, "/links") {
        return Ok(None);
    }
    let (w, actor) = (signed.words(), signed.actor());
    let peers = console.api().ask_nodes(move |nodes| nodes.peers(&actor)).await?;
    let standing = console.house().standing();
    let silent = peers.into_iter().filter_map(|peer| {
        let since = Moment::of(peer.silent?, w);
        Some((name(&standing, &peer.organisation), "/links".to_owned(), since))
    });
    Ok(Some(silent.collect()))
}

async fn silent_sensors(console: &Console, signed: &Signed) -> Result<Vec<Silent>, Problem> {
    let (w, actor, outposts) = (signed.words(), signed.actor(), console.api().sensors());
    let states = console.ask(move |_| outposts.states(&actor)).await?;
    let standing = console.house().standing();
    let silent = states.into_iter().filter_map(|it| {
        let since = it.silent_since?;
        let sensor = it.sensor;
        let works = matches!(sensor.stage, SensorStage::Enrolled { .. });
        let called = format!("{}, {}", name(&standing, &sensor.organisation), sensor.name);
        works.then(|| (called, "/sensors".to_owned(), Moment::of(since, w)))
    });
    Ok(silent.collect())
}

impl Alarm {
    fn of(console: &Console, w: Words, view: &AlarmView) -> Self {
        let (standing, now) = (console.house().standing(), console.house().now());
        let (alarm, about) = (&view.alarm, &view.alarm.about);
        let (state, look) = match about.missed {
            true => (w.clock_missed(), "badge-bad"),
            false => (w.clock_near(), "badge-warn"),
        };
        let calls = alarm.steps.iter().flat_map(|step| &step.calls);
        Self {
            id: view.id.clone(),
            name: about.name.to(w.0).to_owned(),
            title: view.title.as_deref().map(|it| title_of(it, w).to_owned()),
            of: match (&about.number, &about.owed, &about.sensor) {
                (None, None, Some(it)) => {
                    (w.alarm_of_sensor(), it.sensor.to_string(), "/sensors".to_owned())
                }
                (None, None, None) if about.sensors.is_some() => {
                    let many = about.sensors.unwrap_or(0);
                    (w.alarm_of_sensors(), many.to_string(), "/sensors".to_owned())
                }
                (None, Some(owed), _) => {
                    (w.alarm_of_item(), owed.item.to_string(), format!("/items/{}", owed.item))
                }
                (number, ..) => {
                    let number = number.map_or_else(String::new, |it| it.to_string());
                    let page = format!("/incidents/{number}/clocks");
                    (w.alarm_of_case(), number, page)
                }
            },
            state,
            look,
            left: left(w, now, about.due),
            due: match about.is_silence() {
                true => (w.alarm_silent_since(), Moment::of(about.due, w)),
                false => (w.alarm_due(), Moment::of(about.due, w)),
            },
            room: name(&standing, &alarm.room),
            raised: Moment::of(alarm.raised, w),
            calls_you: view.calls_you,
            answered: match &alarm.stands {
                Stands::Answered { by, at } => Some((person(&standing, by), Moment::of(*at, w))),
                _ => None,
            },
            calls: calls
                .map(|call| called(w, person(&standing, &call.person), (call.by, &call.state)))
                .chain(alarm.owner.iter().map(|call| {
                    let contact = standing.directory.contact(&call.contact);
                    let name =
                        contact.map_or_else(|| call.contact.to_string(), |it| it.name.clone());
                    called(w, name, (call.by, &call.state))
                }))
                .collect(),
            gaps: match view.gaps {
                0 => None,
                many => Some(w.alarm_gaps(many)),
            },
            may_answer: view.may_answer,
        }
    }
}

/// Who was called, by what, how that went, and when or why.
fn called(
    w: Words,
    name: String,
    (by, state): (Means, &CallState),
) -> (String, &'static str, &'static str, &'static str, String) {
    let by = means(w, by);
    let at = |at| Moment::of(at, w).text().to_owned();
    let (state, look, more) = match state {
        CallState::Waiting => (w.call_waiting(), "badge-quiet", String::new()),
        CallState::Making { at: since } => (w.call_making(), "badge-quiet", at(*since)),
        CallState::Offered { at: since } => (w.call_offered(), "badge-quiet", at(*since)),
        CallState::Made { at: then } => (w.call_made(), "badge-good", at(*then)),
        CallState::Failed { reason, .. } => {
            (w.call_failed(), "badge-bad", one_of(reason, w).to_owned())
        }
        CallState::Unknown { at: then } => (w.call_unknown(), "badge-warn", at(*then)),
        CallState::Dropped => (w.call_dropped(), "badge-quiet", String::new()),
    };
    (name, by, state, look, more)
}
