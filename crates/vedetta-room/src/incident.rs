//! One incident: what is known, what was done, and what may be done next.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{House, Sequence, Standing};
use vedetta_frame::console::Console;
use vedetta_frame::fields::FieldKind;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::whole;
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Gravity, Line, Moment, decimal};
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::class;
use vedetta_watch::desk::incident::{Affected, ServiceStatus};
use vedetta_watch::desk::severity::Factor;
use vedetta_watch::desk::{Audience, CaseNumber, Incident};
use vedetta_watch::{CaseView, Edit, Merge, NewFile, Timeline};
use vedetta_words::Words;

use super::acts::{Act, acts};
use super::incidents::{Row, Source, title_of, words_of};

/// A moment of the timeline.
struct Then {
    at: Moment,
    by: String,
    words: String,
}

/// Something to be done.
struct Task {
    at: usize,
    text: String,
    who: Option<String>,
    due: Option<Moment>,
    done: Option<(String, Moment, String)>,
}

/// An affected organisation.
struct Hit {
    name: String,
    services: String,
    status: &'static str,
    look: &'static str,
}

/// A part of the score.
struct Part {
    name: String,
    grade: String,
    points: String,
}

/// A file.
struct File {
    sha256: String,
    name: String,
    size: String,
    media: String,
    by: String,
    at: Moment,
    /// Whether only the room may read it.
    for_room: bool,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    number: String,
    title: String,
    stage: &'static str,
    gravity: Gravity,
    answer: String,
    words: String,
    source: Option<Source>,
    facts: Vec<(&'static str, String)>,
    times: Vec<(&'static str, Moment)>,
    hits: Vec<Hit>,
    parts: Vec<Part>,
    score: String,
    overridden: Option<(String, String)>,
    tasks: Vec<Task>,
    mails: Vec<String>,
    reads_mail: bool,
    /// Linked items: identifier, and what each is called to who may read it.
    items: Vec<(String, Option<String>)>,
    files: Vec<File>,
    may_attach: bool,
    attaching: bool,
    leads: bool,
    exercise: Option<String>,
    runs: Vec<super::runs::Row>,
    may_begin: bool,
    recommended: Vec<(String, Moment)>,
    may_recommend: bool,
    children: Vec<Row>,
    timeline: Vec<Then>,
    older: Option<String>,
    next_acts: Vec<Act>,
    more_acts: Vec<Act>,
    undo: Option<String>,
    may_finish: bool,
    may_merge: bool,
    held: Option<(String, String)>,
    version: u64,
}

/// Moments of the timeline on a page.
const MOMENTS: usize = 50;

/// Where in the timeline.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<u64>,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(&read(&console, &signed, &number, asked.before.map(Sequence)).await?)
}

/// Does what one of the forms asks.
pub(super) async fn change(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), number.clone());
    let version = Sequence(sent.text(SEEN).parse().unwrap_or(0));
    let wanted = Wanted::read(w, &sent, version);
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(fault) => {
            return again(&console, &signed, &number, &sent, (Kind::Invalid, fault)).await;
        }
    };
    let act = async {
        let left = console
            .watch(move |watch| match wanted {
                Wanted::Change(edit) => watch.change_case(&actor, &of, *edit),
                Wanted::Merge(merge) => watch.merge_case(&actor, &of, merge),
                Wanted::Undo => watch.undo_case(&actor, &of, version),
            })
            .await?;
        // Handed to another centre, it is no longer to be seen.
        let to = match sent.given("to").filter(|to| *to == "/queue") {
            None if !left.may.is_empty() => format!("/incidents/{number}"),
            _ => "/queue".to_owned(),
        };
        Ok::<_, Problem>(Done::to(to).said(Said::CaseChanged))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if vedetta_frame::refused::told_on_form(&problem) => {
            let told = (problem.kind, whole(w, &problem));
            again(&console, &signed, &number, &sent, told).await
        }
        Err(problem) => Err(problem),
    }
}

pub(super) async fn file(
    State(console): State<Console>,
    signed: Signed,
    Path((number, sha256)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let attached = console.watch(move |watch| watch.file(&actor, &number, &sha256)).await?;
    let plain: String = attached
        .file
        .name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || ".-_ ".contains(it) { it } else { '_' })
        .collect();
    // Never shown here: it is saved, and looked at elsewhere.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"")),
    ];
    Ok((headers, attached.octets).into_response())
}

/// Attaches a file: known by what it holds, whatever it is called.
pub(super) async fn attach(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), number.clone());
    let version = Sequence(sent.text(SEEN).parse().unwrap_or(0));
    let audience = match sent.text("audience") {
        "participants" => Audience::Participants,
        _ => Audience::Room,
    };
    let chosen = sent.file("file");
    let act = async {
        let file = chosen.ok_or_else(|| Problem::new(Kind::Invalid, w.file_missing()))?;
        let (name, octets) = (file.name.to_string(), file.octets.to_vec());
        let new = NewFile { version, name, octets, audience };
        console.watch(move |watch| watch.attach(&actor, &of, new)).await?;
        Ok::<_, Problem>(Done::to(format!("/incidents/{number}#files")).said(Said::CaseChanged))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if vedetta_frame::refused::told_on_form(&problem) => {
            let mut told = read(&console, &signed, &number, None).await?;
            (told.fault, told.attaching) = (Some(whole(w, &problem)), true);
            page_with(vedetta_frame::refused::refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What a form wants.
enum Wanted {
    Change(Box<Edit>),
    Merge(Merge),
    Undo,
}

impl Wanted {
    fn read(w: Words, sent: &Sent, version: Sequence) -> Result<Self, String> {
        match sent.text("does") {
            "undo" => Ok(Self::Undo),
            "merge" => {
                let into: CaseNumber = sent.text("into").parse().map_err(|_| w.number_wrong())?;
                Ok(Self::Merge(Merge { version, into, reason: sent.text("reason").to_owned() }))
            }
            does => {
                let change = super::acts::change(w, does, sent)?;
                Ok(Self::Change(Box::new(Edit { version, change })))
            }
        }
    }
}

/// The page as it stands now, with what was typed, and why it was refused.
async fn again(
    console: &Console,
    signed: &Signed,
    number: &str,
    sent: &Sent,
    (kind, fault): (Kind, String),
) -> Result<Response, Problem> {
    let mut told = read(console, signed, number, None).await?;
    told.fault = Some(fault);
    for act in told.next_acts.iter_mut().chain(&mut told.more_acts) {
        if act.does == sent.text("does") {
            act.retype(sent);
        }
    }
    page_with(vedetta_frame::refused::refusal_status(kind), &told)
}

async fn read(
    console: &Console,
    signed: &Signed,
    number: &str,
    before: Option<Sequence>,
) -> Result<Page, Problem> {
    let (actor, of) = (signed.actor(), number.to_owned());
    let asker = super::runs::speaking(signed);
    let (view, timeline, runs) = console
        .watch(move |watch| {
            let (view, runs) = (watch.case(&actor, &of)?, watch.runs(&asker, &of)?);
            Ok((view, watch.timeline(&actor, &of, before, MOMENTS)?, runs))
        })
        .await?;
    let runs = runs.iter().rev().map(|it| super::runs::Row::of(console, signed.words(), it));
    let (by, w, linked) = (signed.actor(), signed.words(), view.incident.items.clone());
    let called = move |house: &House| {
        let named = linked.iter().map(|id| {
            let item = house.item(&by, id).ok();
            (id.to_string(), item.map(|it| Line::of(house, &it, w).title))
        });
        Ok(named.collect())
    };
    let items = console.ask(called).await?;
    Ok(Page { runs: runs.collect(), items, ..Page::of(console, signed, &view, &timeline) })
}

impl Page {
    fn of(console: &Console, signed: &Signed, view: &CaseView, timeline: &Timeline) -> Self {
        let (w, standing) = (signed.words(), console.house().standing());
        let incident = &view.incident;
        let number = incident.number.to_string();
        let may = |act: &str| view.may.contains(act);
        let (next_acts, more_acts) = acts(w, incident, &view.may);
        let gathered = incident.gathered.as_ref();
        let called = title_of(&incident.title, w).to_owned();
        let title = format!("{number} {called}");
        let overridden = incident.assessment.overridden.as_ref();
        let moments = timeline.moments.iter().map(|moment| Then {
            at: Moment::of(moment.at, w),
            by: w
                .writer(moment.by.as_str(), None)
                .map_or_else(|| person(&standing, moment.by.as_str()), ToOwned::to_owned),
            words: moment.words.to(w.0).to_owned(),
        });
        let older = timeline.next.map(|place| format!("/incidents/{number}?before={}", place.0));
        let held = incident.held(console.house().now());
        Self {
            frame: Frame::of(console, &signed.visit, &title, Section::Incidents).live(),
            fault: None,
            stage: w.stage(incident.stage.name()),
            gravity: Gravity::of(w, view.judged.then_some(view.category)),
            answer: match view.judged {
                true => view.answer.to(w.0).to_owned(),
                false => w.case_unjudged().to_owned(),
            },
            words: words_of(&incident.reported.words, gathered, w),
            source: gathered.map(|it| Source::of(it, console, signed)),
            facts: facts(w, &standing, incident),
            times: times(w, incident),
            hits: incident.affected.iter().map(|it| Hit::of(w, &standing, it)).collect(),
            parts: parts(w, view),
            score: format!("{:.0}–{:.0}", view.score.least, view.score.most),
            overridden: overridden.map(|it| (it.by.to_string(), it.reason.clone())),
            tasks: tasks(w, &standing, incident),
            mails: incident.mails.iter().cloned().collect(),
            reads_mail: signed.may("/mail"),
            items: Vec::new(),
            files: files(w, &standing, incident),
            may_attach: may("attach") && signed.may_do("/incidents/{number}/files"),
            attaching: false,
            leads: may("enclose"),
            exercise: incident.exercise.clone(),
            runs: Vec::new(),
            may_begin: may("follow"),
            recommended: incident
                .recommended
                .iter()
                .map(|it| (it.text.clone(), Moment::of(it.at, w)))
                .collect(),
            may_recommend: may("recommend") && console.admits(signed, "/recommendations"),
            children: view.children.iter().map(|row| Row::of(row, &standing, w)).collect(),
            timeline: moments.collect(),
            older,
            next_acts,
            more_acts,
            undo: view.undo.as_ref().map(|it| it.to(w.0).to_owned()),
            may_finish: may("finish"),
            may_merge: may("merge"),
            held: held.map(|it| (it.authority.clone(), it.reference.clone())),
            version: view.version.0,
            title: called,
            number,
        }
    }
}

/// A person's name.
fn person(standing: &Standing, id: &str) -> String {
    let account = id.parse().ok().and_then(|id| standing.directory.account(&id).cloned());
    account.map_or_else(|| id.to_owned(), |it| it.name)
}

fn facts(w: Words, standing: &Standing, incident: &Incident) -> Vec<(&'static str, String)> {
    let reported = &incident.reported;
    let mut facts = vec![
        (w.case_organisation(), name(standing, &reported.organisation)),
        (w.case_channel(), w.channel(reported.channel).to_owned()),
        (
            w.case_reporter(),
            w.writer(reported.by.as_str(), None)
                .map_or_else(|| person(standing, reported.by.as_str()), ToOwned::to_owned),
        ),
    ];
    if let Some(contact) = &reported.contact {
        facts.push((w.case_contact(), contact.clone()));
    }
    if let Some(routed) = &incident.routed {
        let reasons: Vec<_> = routed.reasons.iter().map(|it| it.to(w.0)).collect();
        facts.push((
            w.case_routed(),
            format!("{} ({})", name(standing, &routed.to), reasons.join("; ")),
        ));
    }
    if !incident.classes.is_empty() {
        let classes = class::listed(&incident.classes);
        facts.push((w.case_classes(), classes.to(w.0).to_owned()));
    }
    facts.push((w.case_origin(), w.origin(incident.origin).to_owned()));
    if !incident.participants.is_empty() {
        let names: Vec<_> = incident.participants.iter().map(|it| name(standing, it)).collect();
        facts.push((w.case_participants(), names.join(", ")));
    }
    if let Some(circle) = &incident.circle {
        let names: Vec<_> = circle.iter().map(|it| person(standing, it.as_str())).collect();
        facts.push((w.case_circle(), names.join(", ")));
    }
    if let Some(parent) = incident.parent {
        facts.push((w.case_parent(), parent.to_string()));
    }
    facts
}

fn times(w: Words, incident: &Incident) -> Vec<(&'static str, Moment)> {
    let mut times = vec![(w.case_reported_at(), Moment::of(incident.reported.at, w))];
    let optional =
        [(w.case_awareness(), incident.awareness), (w.case_evidence(), incident.evidence)];
    times.extend(optional.into_iter().filter_map(|(label, at)| Some((label, Moment::of(at?, w)))));
    times
}

fn parts(w: Words, view: &CaseView) -> Vec<Part> {
    let grades = &view.incident.assessment.grades;
    let parts = Factor::ALL.into_iter().map(|factor| Part {
        name: factor.words().to(w.0).to_owned(),
        grade: grades
            .get(&factor)
            .map_or_else(|| w.not_judged().to_owned(), |it| it.words().to(w.0).to_owned()),
        points: view.score.parts.get(&factor).map_or_else(String::new, |it| decimal(*it, 1, w)),
    });
    parts.collect()
}

fn tasks(w: Words, standing: &Standing, incident: &Incident) -> Vec<Task> {
    let tasks = incident.tasks.iter().enumerate().map(|(at, task)| Task {
        at,
        text: task.text.clone(),
        who: match (&task.assignee, &task.organisation) {
            (Some(account), _) => Some(person(standing, account.as_str())),
            (None, Some(organisation)) => Some(name(standing, organisation)),
            (None, None) => None,
        },
        due: task.due.map(|at| Moment::of(at, w)),
        done: task
            .done
            .as_ref()
            .map(|it| (person(standing, it.by.as_str()), Moment::of(it.at, w), it.note.clone())),
    });
    tasks.collect()
}

fn files(w: Words, standing: &Standing, incident: &Incident) -> Vec<File> {
    let files = incident.files.iter().map(|file| File {
        sha256: file.sha256.clone(),
        name: file.name.clone(),
        size: w.octets(file.size),
        media: file.media.clone(),
        by: person(standing, file.by.as_str()),
        at: Moment::of(file.at, w),
        for_room: file.audience == Audience::Room,
    });
    files.collect()
}

impl Hit {
    fn of(
        w: Words,
        standing: &Standing,
        (organisation, affected): (&vedetta_model::OrganisationId, &Affected),
    ) -> Self {
        let (status, look) = match affected.status {
            ServiceStatus::Working => (w.service_working(), "badge-good"),
            ServiceStatus::Reported => (w.service_reported(), "badge-warn"),
            ServiceStatus::Degraded => (w.service_degraded(), "badge-warn"),
            ServiceStatus::Down => (w.service_down(), "badge-bad"),
        };
        let services: Vec<_> = affected.services.iter().map(String::as_str).collect();
        Self { name: name(standing, organisation), services: services.join(", "), status, look }
    }
}
