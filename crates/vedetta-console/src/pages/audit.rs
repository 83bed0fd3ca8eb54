//! What was done: the ledger, entry by entry, and whether its chain holds.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::views::told_entries::ToldEntry;
use vedetta_flow::{House, Sequence, Verification};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Moment, short};
use vedetta_frame::visit::Signed;
use vedetta_words::Words;

/// Where in the ledger.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<u64>,
    text: String,
}

/// One entry.
struct Row {
    seq: u64,
    at: Moment,
    kind: &'static str,
    by: String,
    subject: String,
    facts: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    asked: Asked,
    rows: Vec<Row>,
    older: Option<String>,
    last: String,
    verified: Option<(bool, String)>,
}

/// Entries on a page, and looked at for one that is searched.
const PAGE: u64 = 100;
const LOOKED: u64 = 1_000;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (audit, entries) = read(&console, &signed, asked).await?;
    match signed.visit.exported() {
        Some(form) => table(&entries).answer((&console, &signed), form).await,
        None => page(&audit),
    }
}

pub(super) async fn verify(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let verification = console.api().ask_at(Cost::Bulk, move |house| house.verify(&actor)).await?;
    let told = match verification {
        Verification::Sound { entries, .. } => (true, w.audit_sound(&w.number(entries))),
        Verification::Broken { seq, reason } => (false, w.audit_broken(seq.0, &reason)),
    };
    let (audit, _) = read(&console, &signed, Asked::default()).await?;
    page(&Audit { verified: Some(told), ..audit })
}

/// A page, and the entries on it.
type Found = (Audit, Vec<ToldEntry>);

async fn read(console: &Console, signed: &Signed, asked: Asked) -> Result<Found, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let last = console.house().bell().last().0;
    let end = asked.before.map_or(last, |before| before.saturating_sub(1)).min(last);
    let text = asked.text.trim().to_lowercase();
    let width = if text.is_empty() { PAGE } else { LOOKED };
    let start = end.saturating_sub(width);
    let count = usize::try_from(end - start).unwrap_or(0).max(1);
    let told =
        move |house: &House| house.tell(&actor, house.entries(&actor, Sequence(start), count)?);
    let mut entries = console.ask(told).await?;
    entries.retain(|it| {
        let by = w.writer(&it.by).unwrap_or_default().to_owned();
        let said = [&it.by, &by, &it.entry.subject, &it.in_words(), &words(it, w)];
        let said = said.map(|it| it.to_lowercase());
        it.entry.stamp.seq.0 <= end && said.iter().any(|it| it.contains(&text))
    });
    let rows = entries.iter().rev().map(|it| Row::of(it, w)).collect();
    let older = (start > 0).then(|| {
        let text = vedetta_frame::forms::escaped(&asked.text);
        format!("/audit?before={}&text={text}", start + 1)
    });
    let audit = Audit {
        frame: Frame::of(console, &signed.visit, w.audit_title(), Section::Audit),
        rows,
        older,
        last: w.number(last),
        verified: None,
        asked,
    };
    Ok((audit, entries))
}

fn table(entries: &[ToldEntry]) -> Table {
    let columns = ["place", "at", "kind", "by", "subject", "told", "hash"];
    let mut table = Table::new("ledger", &columns);
    for it in entries.iter().rev() {
        let entry = &it.entry;
        let (place, at, hash) = (entry.stamp.seq, entry.stamp.at, entry.hash);
        let [place, at, hash] = [place.to_string(), at.to_string(), hash.to_string()];
        let (by, subject, told) = (it.by.clone(), entry.subject.clone(), it.in_words());
        table.row([place, at, entry.kind.name().to_owned(), by, subject, told, hash]);
    }
    table
}

fn words(it: &ToldEntry, w: Words) -> String {
    it.in_words_of(&|name| w.ledger(name))
}

impl Row {
    fn of(it: &ToldEntry, w: Words) -> Self {
        let entry = &it.entry;
        Self {
            seq: entry.stamp.seq.0,
            at: Moment::of(entry.stamp.at, w),
            kind: w.entry(entry.kind),
            by: w.writer(&it.by).map_or_else(|| it.by.clone(), str::to_owned),
            subject: short(&entry.subject, 80),
            facts: short(&words(it, w), 200),
            hash: entry.hash.to_string().chars().take(12).collect(),
        }
    }
}
