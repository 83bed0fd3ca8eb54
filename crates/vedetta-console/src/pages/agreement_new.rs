//! Writing an agreement: its text, as it will be enforced.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{Notation, read_agreement};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::whole;
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;

#[derive(Template)]
#[template(path = "agreement_new.html")]
struct New {
    frame: Frame,
    fault: Option<String>,
    text: String,
}

/// What one begins with.
const MODEL: &str = r#"id = "pro-esempio"
title = "Protocollo di esempio"
parent = "pro-c2si"

[term]
from = "2026-01-01"
until = "2028-12-31"
renewal = "explicit"

[[party]]
name = "centro"
organisations = ["cosc-umbria"]
gives = ["indicator", "early-warning", "technical-report"]
receives = ["indicator", "incident"]

[[party]]
name = "comuni"
gives = ["indicator", "incident"]
receives = ["indicator", "early-warning", "technical-report"]
select = { kinds = ["municipality"], regions = ["Umbria"], adhesion = "required" }

[handling]
highest_tlp = "AMBER"
victim = "hidden"
history = "none"
redistribution = "lineage"

[duties]
acknowledge_minutes = 60
"#;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&New::of(&console, &signed, MODEL.to_owned(), None))
}

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, text) = (signed.words(), signed.actor(), sent.raw("text").to_owned());
    let agreement = match read_agreement(&text, Notation::Toml) {
        Ok(agreement) => agreement,
        Err(error) => {
            let new = New::of(&console, &signed, text, Some(error.to_string()));
            return page_with(Kind::Invalid.face().1, &new);
        }
    };
    let to = format!("/agreements/{}", agreement.id);
    let act = async {
        console.ask(move |house| house.put_draft(&actor, &agreement)).await?;
        Ok::<_, Problem>(Done::to(to).said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if matches!(problem.kind, Kind::Invalid | Kind::Conflict) => {
            let new = New::of(&console, &signed, text, Some(whole(w, &problem)));
            page_with(problem.kind.face().1, &new)
        }
        Err(problem) => Err(problem),
    }
}

impl New {
    fn of(console: &Console, signed: &Signed, text: String, fault: Option<String>) -> Self {
        let title = signed.words().agreement_new();
        let frame = Frame::of(console, &signed.visit, title, Section::Agreements);
        Self { frame, fault, text }
    }
}
