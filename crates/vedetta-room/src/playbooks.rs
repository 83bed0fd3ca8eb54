//! The playbooks that one may see, and importing others.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::code;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_watch::PlaybookRow;
use vedetta_watch::desk::procedure::Standing;
use vedetta_words::Words;

use super::runs::speaking;

/// A playbook in a line.
struct Row {
    id: String,
    name: String,
    description: String,
    state: &'static str,
    look: &'static str,
    actions: String,
    labels: String,
}

#[derive(Template)]
#[template(path = "playbooks.html")]
struct Playbooks {
    frame: Frame,
    fault: Option<String>,
    rows: Vec<Row>,
    may_import: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    if let Some(form) = signed.visit.exported() {
        let actor = speaking(&signed);
        let found = console.watch(move |watch| watch.playbooks(&actor)).await?;
        return table(&found).answer((&console, &signed), form).await;
    }
    page(&Playbooks::read(&console, &signed).await?)
}

/// Imports one: a new one, or a newer version.
pub(super) async fn import(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, file) = (signed.words(), signed.actor(), sent.file("playbook"));
    let act = async {
        let file = file.ok_or_else(|| Problem::new(Kind::Invalid, w.playbook_file_missing()))?;
        let kept = console.watch(move |watch| watch.import_playbook(&actor, &file.octets)).await?;
        Ok::<_, Problem>(Done::to(format!("/playbooks/{}", kept.id)).said(Said::PlaybookKept))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Playbooks::read(&console, &signed).await?;
            told.fault = Some(whole(w, &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

fn table(found: &[PlaybookRow]) -> Table {
    let mut table = Table::new("playbooks", &["id", "name", "standing", "actions", "labels"]);
    for it in found {
        table.row([
            it.id.clone(),
            it.name.clone(),
            code(it.standing),
            it.actions.to_string(),
            it.labels.join("; "),
        ]);
    }
    table
}

/// How a playbook stands, and how that looks.
pub(super) const fn standing(w: Words, standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Own => (w.playbook_own(), "badge-quiet"),
        Standing::Proposed => (w.playbook_proposed(), "badge-warn"),
        Standing::Agreed => (w.playbook_agreed(), "badge-good"),
        Standing::Retired => (w.playbook_retired(), "badge-bad"),
    }
}

impl Playbooks {
    async fn read(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), speaking(signed));
        let mut found = console.watch(move |watch| watch.playbooks(&actor)).await?;
        found.sort_by_key(|it| it.standing == Standing::Retired);
        let frame = Frame::of(console, &signed.visit, w.playbooks_title(), Section::Playbooks);
        Ok(Self {
            frame,
            fault: None,
            rows: found.into_iter().map(|it| Row::of(w, it)).collect(),
            may_import: console.admits(signed, "/playbooks/{playbook}/edit"),
        })
    }
}

impl Row {
    fn of(w: Words, it: PlaybookRow) -> Self {
        let (state, look) = standing(w, it.standing);
        Self {
            id: it.id,
            name: it.name,
            description: it.description,
            state,
            look,
            actions: w.playbook_actions(it.actions),
            labels: it.labels.join(", "),
        }
    }
}
