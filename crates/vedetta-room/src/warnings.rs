//! The early warnings: all of them for the room, for others those that were sent to them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Marking, Moment};
use vedetta_frame::visit::Signed;
use vedetta_watch::WarningRow;
use vedetta_watch::desk::warning::WarningStage;
use vedetta_words::Words;

/// A warning in a line.
struct Row {
    id: String,
    title: String,
    tlp: Marking,
    stage: &'static str,
    look: &'static str,
    at: Option<Moment>,
}

#[derive(Template)]
#[template(path = "warnings.html")]
struct Warnings {
    frame: Frame,
    rows: Vec<Row>,
    may_write: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.watch(move |watch| watch.warnings(&actor)).await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let rows = found.iter().map(|it| Row::of(w, it)).collect();
    let frame = Frame::of(&console, &signed.visit, w.warnings_title(), Section::Warnings).live();
    page(&Warnings { frame, rows, may_write: console.admits(&signed, "/warnings/new") })
}

fn table(found: &[WarningRow]) -> Table {
    let mut table = Table::new("warnings", &["id", "title_it", "title_en", "tlp", "stage", "at"]);
    for it in found {
        let (stage, at) = match &it.stage {
            WarningStage::Draft => ("draft", String::new()),
            WarningStage::Sent { at, .. } => ("sent", at.to_string()),
            WarningStage::Withdrawn { at, .. } => ("withdrawn", at.to_string()),
        };
        let (title, tlp) = (&it.title, it.tlp.label().to_owned());
        table.row([it.id.clone(), title.it.clone(), title.en.clone(), tlp, stage.into(), at]);
    }
    table
}

impl Row {
    fn of(w: Words, it: &WarningRow) -> Self {
        let (stage, look, at) = self::stage(w, &it.stage);
        Self {
            id: it.id.clone(),
            title: it.title.to(w.0).to_owned(),
            tlp: Marking(it.tlp),
            stage,
            look,
            at,
        }
    }
}

/// Where a warning stands, how that looks, and since when.
pub(super) fn stage(
    w: Words,
    stage: &WarningStage,
) -> (&'static str, &'static str, Option<Moment>) {
    match stage {
        WarningStage::Draft => (w.warning_draft(), "badge-quiet", None),
        WarningStage::Sent { at, .. } => (w.warning_sent(), "badge-good", Some(Moment::of(*at, w))),
        WarningStage::Withdrawn { at, .. } => {
            (w.warning_withdrawn(), "badge-warn", Some(Moment::of(*at, w)))
        }
    }
}
