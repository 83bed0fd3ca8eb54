//! The accessibility statement, the privacy notice, and the help sheet.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::visit::{Signed, Visit};

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
    goes: Vec<(&'static str, &'static str)>,
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
    let w = signed.words();
    let goes = [
        ("s", "/", w.help_situation()),
        ("i", "/items", w.help_items()),
        ("c", "/incidents", w.help_incidents()),
        ("q", "/queue", w.help_queue()),
        ("r", "/report", w.help_report()),
        ("k", "/clocks", w.help_clocks()),
        ("l", "/alarms", w.help_alarms()),
        ("p", "/playbooks", w.help_playbooks()),
        ("a", "/warnings", w.help_warnings()),
        ("t", "/duty", w.help_duty()),
        ("h", "/handover", w.help_handover()),
        ("m", "/mail", w.help_mail()),
    ];
    let open = goes.into_iter().filter(|(_, path, _)| console.admits(&signed, path));
    let goes = open.map(|(key, _, words)| (key, words)).collect();
    let frame = Frame::of(&console, &signed.visit, w.help_title(), Section::Other);
    page(&Help { frame, goes })
}
