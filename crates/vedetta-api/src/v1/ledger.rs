//! What was done, for auditors.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use vedetta_flow::{Entry, EntryKind, Sequence, Verification};
use vedetta_model::Instant;

use super::{Answer, Page, Paging, page_limit};
use crate::access::Cost;
use crate::api::Api;
use crate::extract::Asked;
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// One entry.
#[derive(Debug, Serialize)]
pub(super) struct EntryLine {
    seq: u64,
    at: Instant,
    kind: EntryKind,
    actor: String,
    subject: String,
    facts: Value,
    hash: String,
}

pub(super) async fn entries(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(paging): Asked<Paging>,
) -> Answer<Page<EntryLine>> {
    let after = paging.after.as_deref().unwrap_or("0").parse().map_err(|_| {
        let sentence = "after is not a place in the ledger; give the next of the page before";
        Problem::new(Kind::NotUnderstood, sentence).at("after")
    })?;
    let limit = page_limit(paging.limit).min(999);
    let entries = api.ask(move |house| house.entries(&actor, Sequence(after), limit + 1)).await?;
    let lines = entries.into_iter().map(EntryLine::from).collect();
    Ok(Json(Page::cut(lines, limit, |line: &EntryLine| line.seq.to_string())))
}

/// Whether the chain is sound, and where not.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Verified {
    Sound { sound: bool, entries: u64, head: String },
    Broken { sound: bool, seq: u64, reason: String },
}

pub(super) async fn verify(State(api): State<Api>, Caller(actor): Caller) -> Answer<Verified> {
    Ok(Json(match api.ask_at(Cost::Bulk, move |house| house.verify(&actor)).await? {
        Verification::Sound { entries, head } => {
            Verified::Sound { sound: true, entries, head: head.to_string() }
        }
        Verification::Broken { seq, reason } => {
            Verified::Broken { sound: false, seq: seq.0, reason }
        }
    }))
}

impl From<Entry> for EntryLine {
    fn from(entry: Entry) -> Self {
        let facts = serde_json::from_str(&entry.facts).unwrap_or(Value::Null);
        Self {
            seq: entry.stamp.seq.0,
            at: entry.stamp.at,
            kind: entry.kind,
            actor: entry.actor,
            subject: entry.subject,
            facts,
            hash: entry.hash.to_string(),
        }
    }
}
