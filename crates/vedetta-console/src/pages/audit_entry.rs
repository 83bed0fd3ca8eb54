//! One entry of the ledger, whole: its facts, what it is chained to, and those around it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use vedetta_api::Problem;
use vedetta_flow::views::told_entries::ToldEntry;
use vedetta_flow::{Digest, FlowError, Sequence};
use vedetta_frame::console::Console;
use vedetta_frame::facts;
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_words::Words;

#[derive(Template)]
#[template(path = "audit_entry.html")]
struct EntryPage {
    frame: Frame,
    at: Moment,
    /// To the microsecond.
    exactly: String,
    kind: &'static str,
    by: String,
    /// Where everything is that the same one did.
    by_address: String,
    subject: String,
    /// Where everything is that is about the same.
    subject_address: String,
    facts: Vec<(String, Vec<String>)>,
    raw: String,
    octets: String,
    digest: String,
    hash: String,
    before: Option<(u64, String)>,
    after: Option<u64>,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(place): Path<String>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let unknown = || Problem::from(FlowError::unknown("entry", &place));
    let seq: u64 = place.parse().map_err(|_| unknown())?;
    let from = Sequence(seq.saturating_sub(2));
    let found = console.ask(move |house| {
        let entries = house.entries(&actor, from, 3)?;
        house.tell(&actor, entries)
    });
    let found = found.await?;
    let at = |seq: u64| found.iter().find(|it| it.entry.stamp.seq.0 == seq);
    let told = at(seq).ok_or_else(unknown)?;
    let entry = &told.entry;
    let title = format!("{} {}", w.audit_place(), w.number(seq));
    page(&EntryPage {
        frame: Frame::of(&console, &signed.visit, &title, Section::Audit),
        at: Moment::of(entry.stamp.at, w),
        exactly: entry.stamp.at.to_string(),
        kind: w.entry(entry.kind),
        by: written_by(told, w),
        by_address: format!("/audit?actor={}", escaped(&entry.actor)),
        subject: entry.subject.clone(),
        subject_address: format!("/audit?subject={}", escaped(&entry.subject)),
        facts: facts::by_name(w, &told.told),
        raw: pretty(&entry.facts),
        octets: w.number(entry.body.len() as u64),
        digest: Digest::of(&entry.body).to_string(),
        hash: entry.hash.to_string(),
        before: at(seq.saturating_sub(1))
            .map(|it| (it.entry.stamp.seq.0, it.entry.hash.to_string())),
        after: at(seq + 1).map(|it| it.entry.stamp.seq.0),
    })
}

/// Who wrote an entry, as people call them.
pub(super) fn written_by(told: &ToldEntry, w: Words) -> String {
    let record = told.told.get("record").and_then(Value::as_str);
    w.writer(&told.by, record).map_or_else(|| told.by.clone(), str::to_owned)
}

fn pretty(facts: &str) -> String {
    let value: Option<Value> = serde_json::from_str(facts).ok();
    let text = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    text.unwrap_or_else(|| facts.to_owned())
}
