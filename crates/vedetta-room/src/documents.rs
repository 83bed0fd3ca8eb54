//! The documents of a case: the report after it, and the draft of each legal notice, to be read here or
//! saved as files.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::document::Document;

use super::incidents::title_of;

/// A notice that is owed: the law, what is due, its page, how it stands.
struct Notice {
    law: String,
    name: String,
    address: String,
    state: &'static str,
    look: &'static str,
}

#[derive(Template)]
#[template(path = "documents.html")]
struct Documents {
    frame: Frame,
    number: String,
    title: String,
    held: bool,
    notices: Vec<Notice>,
}

#[derive(Template)]
#[template(path = "document.html")]
struct Read {
    frame: Frame,
    back: (String, String),
    hint: Option<&'static str>,
    path: String,
    title: String,
    text: String,
}

/// In which form a document is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct As {
    form: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), number.clone());
    let (view, clocks) = console
        .watch(move |watch| Ok((watch.case(&actor, &of)?, watch.clocks(&actor, &of)?)))
        .await?;
    let held = view.incident.held(console.house().now()).is_some() || clocks.held.is_some();
    let notices = clocks.clocks.iter().map(|it| {
        let (state, look) = w.clock_state(&it.state);
        Notice {
            law: it.regime.to(w.0).to_owned(),
            name: it.name.to(w.0).to_owned(),
            address: format!("/incidents/{number}/clocks/{}/{}", it.step.regime, it.step.step),
            state,
            look,
        }
    });
    page(&Documents {
        frame: Frame::of(&console, &signed.visit, &w.documents_of(&number), Section::Incidents),
        title: title_of(&view.incident.title, w).to_owned(),
        held,
        notices: notices.collect(),
        number,
    })
}

/// The report after a case, as far as who asks may see it.
pub(super) async fn report(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    Query(asked): Query<As>,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), number.clone());
    let report = console
        .api()
        .ask_watch(Cost::Bulk, move |watch| watch.after_action(&actor, &of, w.0))
        .await?;
    let back = (format!("/incidents/{number}/documents"), w.documents_of(&number));
    let path = format!("/incidents/{number}/report");
    shown((&console, &signed), report, &asked, (back, path, None)).await
}

/// A handover as it was signed.
pub(super) async fn handover(
    State(console): State<Console>,
    signed: Signed,
    Path((organisation, ends)): Path<(String, String)>,
    Query(asked): Query<As>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let id = format!("{organisation}/{ends}");
    let path = format!("/handover/{id}");
    let document = console.watch(move |watch| watch.handover_document(&actor, &id, w.0)).await?;
    let back = ("/handover".to_owned(), w.handover_title().to_owned());
    shown((&console, &signed), document, &asked, (back, path, None)).await
}

/// An early warning as it was written.
pub(super) async fn warning(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    Query(asked): Query<As>,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), id.clone());
    let document = console.watch(move |watch| watch.warning_document(&actor, &of, w.0)).await?;
    let back = (format!("/warnings/{id}"), document.title.clone());
    let path = format!("/warnings/{id}/document");
    shown((&console, &signed), document, &asked, (back, path, None)).await
}

/// Where a document leads back to, its address, and what is said of it.
type Around = ((String, String), String, Option<&'static str>);

/// A document as a page, or as the file that is asked for, once the ledger says who has it.
pub(super) async fn shown(
    (console, signed): (&Console, &Signed),
    document: Document,
    asked: &As,
    (back, path, hint): Around,
) -> Result<Response, Problem> {
    let file = file_name(&path);
    let saved = match asked.form.as_str() {
        // Never shown here: it is saved, and looked at elsewhere.
        "html" => Some(("application/octet-stream", "html", document.html.clone().into_bytes())),
        "pdf" => Some(("application/pdf", "pdf", document.pdf())),
        _ => None,
    };
    if let Some((media, ending, octets)) = saved {
        let (actor, noted) = (signed.actor(), format!("{file}.{ending}"));
        console.ask(move |house| house.note_export(&actor, &noted)).await?;
        let name = format!("attachment; filename=\"{file}.{ending}\"");
        let headers = [(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, name)];
        return Ok((headers, octets).into_response());
    }
    let frame = Frame::of(console, &signed.visit, &document.title, Section::Incidents);
    page(&Read { frame, back, hint, path, title: document.title, text: document.text })
}

/// Under which name a document is saved: its case, and what it is.
fn file_name(path: &str) -> String {
    let parts = path.split('/').filter(|it| !["", "incidents", "clocks"].contains(it));
    let name = parts.collect::<Vec<_>>().join("-");
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '-' { it } else { '_' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_document_is_saved_under_a_plain_name() {
        let notice = "/incidents/2026-000001/clocks/nis2/pre\"notification";
        assert_eq!(file_name(notice), "2026-000001-nis2-pre_notification");
        assert_eq!(file_name("/incidents/2026-000001/report"), "2026-000001-report");
    }
}
