//! What did not go: told as a page, with what to do; and what was typed is not lost.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use vedetta_api::{Problem, problem::Kind};
use vedetta_model::Language;

use crate::console::Console;
use crate::forms::Sent;
use crate::frame::{Frame, Section, page_with};
use crate::shown::Moment;
use crate::visit::{Signed, Visit};
use vedetta_words::Words;
use vedetta_words::refusals::refusal;

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    frame: Frame,
    heading: &'static str,
    advice: &'static str,
    detail: String,
    of: &'static str,
    status: u16,
}

#[derive(Template)]
#[template(path = "again.html")]
struct Again {
    frame: Frame,
    signed_out: bool,
    fields: Vec<(String, String)>,
    address: String,
}

/// A page around a form, which shows again what was typed.
pub trait OfForm: Template + Sized {
    /// The page, with what a form sent.
    ///
    /// # Errors
    /// What it asks for could not be read.
    fn read(
        console: &Console,
        signed: &Signed,
        sent: &Sent,
    ) -> impl Future<Output = Result<Self, Problem>> + Send;
    /// Says why the form did not go.
    fn fault(&mut self, fault: String);
}

/// The page of a form that did not go, with why; a refusal that is none of the form stays one.
///
/// # Errors
/// That refusal, or what the page could not be read for.
pub async fn shown_again<P: OfForm>(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    problem: Problem,
) -> Result<Response, Problem> {
    if !told_on_form(&problem) {
        return Err(problem);
    }
    let mut page = P::read(console, signed, sent).await?;
    page.fault(whole(signed.words(), &problem));
    page_with(refusal_status(problem.kind), &page)
}

/// Whether a refusal is told on the form, beside what was typed.
pub const fn told_on_form(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Conflict | Kind::Invalid | Kind::Unknown)
}

/// With which status a form comes back.
pub const fn refusal_status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Conflict => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// A problem in a sentence, with what to do; who changed what meanwhile, in the reader's language.
pub fn whole(w: Words, problem: &Problem) -> String {
    let member = |name: &str| problem.members.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if let (Some(who), Some(at)) = (member("changed_by"), member("changed_at")) {
        let at = at.parse().map(|at| Moment::of(at, w).text().to_owned()).unwrap_or(at);
        return w.changed_by(&who, &at);
    }
    said(w, problem).0
}

/// A refusal as a page.
pub(crate) fn page(console: &Console, visit: &Visit, problem: &Problem) -> Response {
    let (heading, advice) = told(visit.words, problem.kind);
    let status = problem.kind.face().1;
    let (detail, of) = said_of_all(visit.words, problem);
    let frame = Frame::of(console, visit, heading, Section::Other);
    let refused = Refused { frame, heading, advice, detail, of, status: status.as_u16() };
    let mut response = page_with(status, &refused).unwrap_or_else(|_| status.into_response());
    if let Some(time) = problem.retry_after {
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// What was wrong and what to do, and the language in which it is said.
fn said(w: Words, problem: &Problem) -> (String, &'static str) {
    let usual = problem.what_to_do.as_deref() == Some(Kind::Invalid.advice());
    // Told by a form in its own words: that it is to be mended says the form.
    let english = if usual { problem.detail.clone() } else { problem.sentence() };
    let italian = problem.italian.as_deref();
    let italian = italian.or_else(|| refusal(&english)).or_else(|| refusal(&problem.detail));
    match italian.filter(|_| w.0 == Language::It) {
        Some(italian) => (italian.to_owned(), "it"),
        None => (english, "en"),
    }
}

/// The same of a whole page: what is not there or not allowed needs no particulars, they are in its
/// address.
fn said_of_all(w: Words, problem: &Problem) -> (String, &'static str) {
    match (said(w, problem), common(w, problem.kind)) {
        ((_, "en"), Some(common)) if w.0 == Language::It => (common.to_owned(), "it"),
        (said, _) => said,
    }
}

/// A refusal of a kind that says all, in the reader's language.
fn common(w: Words, kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Unproven => w.refused_unproven_told(),
        Kind::Forbidden => w.refused_forbidden_told(),
        Kind::Unknown => w.refused_unknown_told(),
        Kind::MethodNotAllowed => w.refused_method_told(),
        _ => return None,
    })
}

/// A form whose seal is of another session, though it comes from here: shown again to be sent again.
pub(crate) fn again(console: &Console, visit: &Visit, sent: &Sent) -> Response {
    resend(console, visit, sent, StatusCode::CONFLICT)
}

/// A form whose session has ended: it keeps what was typed until its writer has signed in.
pub(crate) fn ended(console: &Console, visit: &Visit, sent: &Sent) -> Response {
    resend(console, visit, sent, StatusCode::UNAUTHORIZED)
}

fn resend(console: &Console, visit: &Visit, sent: &Sent, status: StatusCode) -> Response {
    let w = visit.words;
    let frame = Frame::of(console, visit, w.again_title(), Section::Other);
    let (fields, address) = (sent.typed(), visit.here.clone());
    let again = Again { frame, signed_out: visit.person.is_none(), fields, address };
    page_with(status, &again).unwrap_or_else(|_| status.into_response())
}

/// A page that asks for an address from here: of the same one, the cookie of the session comes along then.
pub fn once_more(here: &str) -> Response {
    let address = here.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    Html(format!(
        "<!doctype html><html lang=\"it\"><title>Vedetta</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={address}\">\
         <p><a href=\"{address}\">Vedetta</a></p></html>"
    ))
    .into_response()
}

/// What a kind of refusal is called, and what to do about it.
pub(crate) const fn told(w: Words, kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Unproven | Kind::MustEnrol => (w.refused_unproven(), w.refused_unproven_do()),
        Kind::Forbidden => (w.refused_forbidden(), w.refused_forbidden_do()),
        Kind::Unknown => (w.refused_unknown(), w.refused_unknown_do()),
        Kind::Withdrawn => (w.item_withdrawn(), w.item_withdrawn_do()),
        Kind::MethodNotAllowed => (w.refused_method(), w.refused_method_do()),
        Kind::Conflict => (w.refused_conflict(), w.refused_conflict_do()),
        Kind::TooLarge => (w.refused_large(), w.refused_large_do()),
        Kind::TooMany => (w.refused_many(), w.refused_many_do()),
        Kind::Invalid | Kind::NotUnderstood | Kind::NotAcceptable | Kind::UnsupportedMedia => {
            (w.refused_invalid(), w.refused_invalid_do())
        }
        Kind::TimedOut | Kind::Unavailable => (w.refused_busy(), w.refused_busy_do()),
        Kind::Internal => (w.refused_internal(), w.refused_internal_do()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_or_not_allowed_is_told_in_the_language_of_the_page() {
        for kind in [Kind::Unproven, Kind::Forbidden, Kind::Unknown, Kind::MethodNotAllowed] {
            let problem = Problem::new(kind, "a sentence that nobody translated");
            let (told, of) = said_of_all(Words(Language::It), &problem);
            assert_eq!(of, "it", "{told}");
            assert_eq!(said_of_all(Words(Language::En), &problem).1, "en");
            // A form has an address of its own: it says what was wrong with what was typed.
            let on_form = whole(Words(Language::It), &problem);
            assert!(on_form.starts_with("a sentence that nobody"), "{on_form}");
        }
        let typed = Problem::new(Kind::Invalid, "Scegli il file.");
        assert_eq!(whole(Words(Language::It), &typed), "Scegli il file.");
        let known = Problem::new(Kind::Unknown, "x").in_italian(Some("non c'è il caso"));
        assert_eq!(said_of_all(Words(Language::It), &known).0, "non c'è il caso");
    }
}
