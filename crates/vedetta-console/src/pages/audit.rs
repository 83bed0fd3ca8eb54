//! What was done: the ledger, entry by entry, and whether its chain holds.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::{Entry, EntryKind, Sequence, Verification};

use crate::console::Console;
use crate::frame::{Frame, Section, page};
use crate::shown::{Moment, short};
use crate::visit::Signed;
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
    actor: String,
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
    page(&read(&console, &signed, asked).await?)
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
    let audit = read(&console, &signed, Asked::default()).await?;
    page(&Audit { verified: Some(told), ..audit })
}

async fn read(console: &Console, signed: &Signed, asked: Asked) -> Result<Audit, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let last = console.house().bell().last().0;
    let end = asked.before.map_or(last, |before| before.saturating_sub(1)).min(last);
    let text = asked.text.trim().to_lowercase();
    let width = if text.is_empty() { PAGE } else { LOOKED };
    let start = end.saturating_sub(width);
    let count = usize::try_from(end - start).unwrap_or(0).max(1);
    let entries = console.ask(move |house| house.entries(&actor, Sequence(start), count)).await?;
    let fits = |it: &&Entry| {
        text.is_empty()
            || [&it.actor, &it.subject, &it.facts]
                .iter()
                .any(|it| it.to_lowercase().contains(&text))
    };
    let of_page = entries.iter().filter(|it| it.stamp.seq.0 <= end);
    let rows = of_page.filter(fits).rev().map(|it| Row::of(it, w)).collect();
    let older = (start > 0).then(|| {
        let text = crate::forms::escaped(&asked.text);
        format!("/audit?before={}&text={text}", start + 1)
    });
    Ok(Audit {
        frame: Frame::of(console, &signed.visit, w.audit_title(), Section::Audit),
        rows,
        older,
        last: w.number(last),
        verified: None,
        asked,
    })
}

impl Row {
    fn of(entry: &Entry, w: Words) -> Self {
        Self {
            seq: entry.stamp.seq.0,
            at: Moment::of(entry.stamp.at, w),
            kind: kind(w, entry.kind),
            actor: entry.actor.clone(),
            subject: short(&entry.subject, 80),
            facts: short(&entry.facts, 160),
            hash: entry.hash.to_string().chars().take(12).collect(),
        }
    }
}

const fn kind(w: Words, kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Item => w.entry_item(),
        EntryKind::Rerelease => w.entry_rerelease(),
        EntryKind::Withdrawn => w.entry_withdrawn(),
        EntryKind::Put => w.entry_put(),
        EntryKind::Removed => w.entry_removed(),
        EntryKind::Clearance => w.entry_clearance(),
        EntryKind::Delivered => w.entry_delivered(),
        EntryKind::Acknowledged => w.entry_acknowledged(),
        EntryKind::Deed => w.entry_deed(),
        EntryKind::Numbered => w.entry_numbered(),
        EntryKind::SetAside => w.entry_set_aside(),
    }
}
