//! The accessibility statement, the privacy notice, and the help sheet.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;

use crate::console::Console;
use crate::frame::{Frame, Section, page};
use crate::visit::{Signed, Visit};

#[derive(Template)]
#[template(path = "accessibility.html")]
struct Accessibility {
    frame: Frame,
    contact: Option<String>,
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct Privacy {
    frame: Frame,
    contact: Option<String>,
}

#[derive(Template)]
#[template(path = "help.html")]
struct Help {
    frame: Frame,
}

pub(super) async fn accessibility(
    State(console): State<Console>,
    visit: Visit,
) -> Result<Response, Problem> {
    let frame = Frame::of(&console, &visit, visit.words.accessibility_title(), Section::Other);
    page(&Accessibility { frame, contact: console.api().settings().contact.clone() })
}

pub(super) async fn privacy(
    State(console): State<Console>,
    visit: Visit,
) -> Result<Response, Problem> {
    let frame = Frame::of(&console, &visit, visit.words.privacy_title(), Section::Other);
    page(&Privacy { frame, contact: console.api().settings().contact.clone() })
}

pub(super) async fn help(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let title = signed.words().help_title();
    page(&Help { frame: Frame::of(&console, &signed.visit, title, Section::Other) })
}
