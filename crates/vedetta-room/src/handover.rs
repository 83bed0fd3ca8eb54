//! The handover: what is open, given by one and taken by another, line by line; it is not skipped.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::refused::{OfForm, shown_again};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::handover::{Line, LineKind};
use vedetta_watch::{Give, HandoverView, Sheet, Take};
use vedetta_words::Words;

use super::duty::person;
use super::incidents::title_of;

/// One thing to know.
struct Known {
    key: String,
    title: String,
    detail: String,
    due: Option<Moment>,
    address: Option<String>,
    ticked: bool,
}

/// Things of one kind.
struct Group {
    heading: &'static str,
    lines: Vec<Known>,
}

/// A handover that was given, perhaps taken.
struct Given {
    id: String,
    ends: Moment,
    given: (String, Moment),
    taken: Option<(String, Moment)>,
    remarks: String,
    lines: usize,
}

#[derive(Template)]
#[template(path = "handover.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    room: String,
    none: Option<String>,
    /// Whether there is a sheet, and who asks may see it.
    has_sheet: bool,
    ends: Option<Moment>,
    owed: Vec<Moment>,
    groups: Vec<Group>,
    count: usize,
    digest: String,
    remarks: String,
    pending: Option<Given>,
    to_see: Vec<Group>,
    mine: bool,
    past: Vec<Given>,
    may_give: bool,
}

/// Handovers listed.
const PAST: usize = 30;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &Sent::default()).await?)
}

/// Who gives signs.
pub(super) async fn give(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, own) = (signed.actor(), signed.person.actor.organisation.clone());
    let digest = sent.text("digest").to_owned();
    let give = Give { digest, remarks: sent.text("remarks").to_owned() };
    let act = async {
        console.watch(move |watch| watch.give_handover(&actor, &own, give)).await?;
        Ok::<_, Problem>(Done::to("/handover").said(Said::HandoverGiven))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

/// Who takes signs that every line was looked at.
pub(super) async fn take(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, id) = (signed.actor(), sent.text("handover").to_owned());
    let take = Take { seen: sent.all("line").map(str::to_owned).collect::<BTreeSet<_>>() };
    let act = async {
        console.watch(move |watch| watch.take_handover(&actor, &id, &take)).await?;
        Ok::<_, Problem>(Done::to("/handover").said(Said::HandoverTaken))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

impl OfForm for Page {
    async fn read(console: &Console, signed: &Signed, sent: &Sent) -> Result<Self, Problem> {
        let (actor, own) = (signed.actor(), signed.person.actor.organisation.clone());
        let room = own.clone();
        let read = console
            .watch(move |watch| {
                let past = watch.handovers(&actor, &room, PAST)?;
                Ok((watch.handover_sheet(&actor, &room), past))
            })
            .await?;
        let (sheet, past) = read;
        let (sheet, why) = match sheet.map_err(Problem::from) {
            Ok(sheet) => (Some(sheet), None),
            Err(problem) if matches!(problem.kind, Kind::Unknown | Kind::Forbidden) => {
                (None, Some(problem.kind))
            }
            Err(problem) => return Err(problem),
        };
        let mut page = Self::of(console, signed, (sheet, past), sent);
        page.none = page.none.filter(|_| why == Some(Kind::Unknown));
        Ok(page)
    }

    fn fault(&mut self, fault: String) {
        self.fault = Some(fault);
    }
}

impl Page {
    fn of(
        console: &Console,
        signed: &Signed,
        (sheet, past): (Option<Sheet>, Vec<HandoverView>),
        sent: &Sent,
    ) -> Self {
        let (w, actor) = (signed.words(), &signed.person.actor);
        let own = actor.organisation.to_string();
        let pending = past.first().filter(|it| it.handover.taken.is_none());
        let ticked: BTreeSet<&str> = sent.all("line").collect();
        let to_see = pending.map(|it| groups(w, &it.handover.lines, &ticked)).unwrap_or_default();
        let mine = pending.is_some_and(|it| it.handover.given.by == actor.account);
        let shown = |it: &HandoverView| Given::of(console, w, it);
        let lines = sheet.as_ref().map_or(&[] as &[Line], |it| &it.lines);
        Self {
            frame: Frame::of(console, &signed.visit, w.handover_title(), Section::Handover),
            fault: None,
            room: vedetta_frame::organisation::name(
                &console.house().standing(),
                &actor.organisation,
            ),
            none: sheet.is_none().then_some(own),
            has_sheet: sheet.is_some(),
            ends: sheet.as_ref().and_then(|it| it.ends).map(|at| Moment::of(at, w)),
            owed: sheet.iter().flat_map(|it| &it.owed).map(|at| Moment::of(*at, w)).collect(),
            groups: groups(w, lines, &BTreeSet::new()),
            count: lines.len(),
            digest: sheet.as_ref().map_or_else(String::new, |it| it.digest.clone()),
            remarks: sent.text("remarks").to_owned(),
            pending: pending.map(shown),
            to_see,
            mine,
            past: past.iter().filter(|it| it.handover.taken.is_some()).map(shown).collect(),
            may_give: signed.may_do("/handover/giving"),
        }
    }
}

/// The lines by kind.
fn groups(w: Words, lines: &[Line], ticked: &BTreeSet<&str>) -> Vec<Group> {
    let kinds = [
        (LineKind::Owed, w.handover_owed()),
        (LineKind::Clock, w.handover_clocks()),
        (LineKind::Case, w.handover_cases()),
        (LineKind::Overdue, w.handover_overdue()),
        (LineKind::Unacknowledged, w.handover_unacknowledged()),
        (LineKind::SilentLink, w.handover_links()),
    ];
    let groups = kinds.map(|(kind, heading)| {
        let of = lines.iter().filter(|line| line.kind == kind);
        let lines = of.map(|line| Known::of(w, line, ticked));
        Group { heading, lines: lines.collect() }
    });
    groups.into_iter().filter(|group| !group.lines.is_empty()).collect()
}

impl Known {
    fn of(w: Words, line: &Line, ticked: &BTreeSet<&str>) -> Self {
        let named = line.key.split('/').nth(1).unwrap_or_default();
        let address = match line.kind {
            LineKind::Clock => Some(format!("/incidents/{named}/clocks")),
            LineKind::Case => Some(format!("/incidents/{named}")),
            LineKind::Overdue => Some(format!("/items/{named}")),
            LineKind::Unacknowledged => Some(format!("/warnings/{named}")),
            LineKind::SilentLink => Some("/links".to_owned()),
            LineKind::Owed => None,
        };
        let title = match (line.kind, line.due) {
            (LineKind::Owed, Some(due)) => Moment::of(due, w).text().to_owned(),
            (LineKind::Case | LineKind::Clock, _) => numbered(w, &line.title),
            _ => line.title.clone(),
        };
        Self {
            key: line.key.clone(),
            title,
            detail: line.detail.to(w.0).to_owned(),
            due: line.due.filter(|_| line.kind != LineKind::Owed).map(|at| Moment::of(at, w)),
            address,
            ticked: ticked.contains(line.key.as_str()),
        }
    }
}

/// A case by its number and what it is called.
fn numbered(w: Words, line: &str) -> String {
    line.split_once(' ').map_or_else(
        || line.to_owned(),
        |(number, title)| format!("{number} {}", title_of(title, w)),
    )
}

impl Given {
    fn of(console: &Console, w: Words, it: &HandoverView) -> Self {
        let standing = console.house().standing();
        let signature = |it: &vedetta_watch::desk::handover::Signature| {
            (person(&standing, &it.by), Moment::of(it.at, w))
        };
        let handover = &it.handover;
        Self {
            id: it.id.clone(),
            ends: Moment::of(handover.ends, w),
            given: signature(&handover.given),
            taken: handover.taken.as_ref().map(signature),
            remarks: handover.remarks.clone(),
            lines: handover.lines.len(),
        }
    }
}
