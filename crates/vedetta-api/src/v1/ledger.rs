//! What was done, for auditors.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vedetta_flow::views::ledger::EntryFilter;
use vedetta_flow::views::told_entries::ToldEntry;
use vedetta_flow::{EntryKind, House, Sequence, Verification};
use vedetta_model::Instant;

use super::{Answer, Page, page_limit, place};
use crate::access::Cost;
use crate::api::Api;
use crate::called;
use crate::extract::Asked;
use crate::gate::Caller;

/// One entry.
#[derive(Debug, Serialize)]
pub(super) struct EntryLine {
    seq: u64,
    at: Instant,
    kind: EntryKind,
    by: String,
    actor: String,
    subject: String,
    told: Map<String, Value>,
    facts: Value,
    hash: String,
}

/// Where, and which.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    after: Option<String>,
    limit: Option<usize>,
    subject: Option<String>,
    actor: Option<String>,
    kind: Option<EntryKind>,
    since: Option<Instant>,
    until: Option<Instant>,
}

pub(super) async fn entries(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Page<EntryLine>> {
    let after = place("after", wanted.after.as_deref())?.unwrap_or(Sequence::START);
    let Wanted { subject, actor: who, kind, since, until, limit, .. } = wanted;
    let standing = api.house().standing();
    let subjects = subject.as_deref().map(|text| called::subjects(&standing, text));
    let actors = who.as_deref().map(|text| called::actors(&standing, text));
    let filter = EntryFilter { subjects, actors, kind, since, until };
    let told = move |house: &House| {
        let (entries, next) = house.entries_such(&actor, (after, page_limit(limit)), &filter)?;
        let typed = [("subject", subject.as_deref()), ("actor", who.as_deref())];
        house.note_search(&actor, &filter, &typed);
        Ok((house.tell(&actor, entries)?, next))
    };
    let (entries, next) = api.ask(told).await?;
    let items = entries.into_iter().map(EntryLine::from).collect();
    Ok(Json(Page { items, next: next.map(|place| place.0.to_string()) }))
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

impl From<ToldEntry> for EntryLine {
    fn from(ToldEntry { entry, by, told }: ToldEntry) -> Self {
        let facts = serde_json::from_str(&entry.facts).unwrap_or(Value::Null);
        Self {
            seq: entry.stamp.seq.0,
            at: entry.stamp.at,
            kind: entry.kind,
            by,
            actor: entry.actor,
            subject: entry.subject,
            told,
            facts,
            hash: entry.hash.to_string(),
        }
    }
}
