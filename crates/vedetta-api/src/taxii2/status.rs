//! Submissions and their status. A submission is done when it is answered; its status is kept for
//! clients that ask again: the counts, and the first failures.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use taxii::{EnvelopeError, Status, StatusDetail, StatusLimits, Submission, Timestamp};
use vedetta_flow::Receipt;
use vedetta_intake::{Arrival, DoorIn, Fault};
use vedetta_model::{Actor, Instant};

use super::message;
use super::paging::timestamp;
use crate::api::Api;
use crate::brought::{self, MOST_OBJECTS};
use crate::extract::Params;
use crate::gate::{Caller, too_large};
use crate::problem::{Kind, Problem};

/// Failures kept with a status, and characters of what each says.
const FAILURES: StatusLimits = StatusLimits { details: 20, message: 400 };

/// What names the statuses of submissions.
pub(crate) struct Statuses {
    secret: [u8; 32],
    made: AtomicU64,
}

/// The versions of what was brought, by identifier, in order.
struct Versions(HashMap<String, VecDeque<Instant>>);

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let id: String = params.get("status")?;
    let kept = match place(&id) {
        Some(place) => {
            api.ask(move |house| Ok(house.kept_status(&actor.organisation, place)?)).await?
        }
        None => None,
    };
    let kept: Option<Status> = kept.and_then(|it| serde_json::from_slice(&it).ok());
    let status = kept.filter(|kept| kept.id == id).ok_or_else(|| {
        let sentence = "there is no such status any more; read the collection submit instead";
        Problem::new(Kind::Unknown, sentence).at("status")
    })?;
    Ok(message(StatusCode::OK, &status))
}

impl Statuses {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret, made: AtomicU64::new(0) }
    }

    /// Takes a submission in, whole or in part, and says what became of each object.
    pub(super) async fn submit(
        &self,
        api: &Api,
        actor: Actor,
        body: Bytes,
    ) -> Result<Status, Problem> {
        let received = api.house().now();
        let (chance, source) = (self.chance(received), actor.account.to_string());
        let read = move |body: &Bytes| -> Result<_, Problem> {
            let total = Submission::read(body, MOST_OBJECTS).map_err(refused)?.objects.len();
            Ok((total, brought::bundle(DoorIn::Taxii, &source, body)?))
        };
        let answer = api.ask(move |house| {
            let (total, arrival) = match read(&body) {
                Ok(read) => read,
                Err(problem) => return Ok(Err(problem)),
            };
            let mut versions = Versions::of(&arrival);
            let receipt = house.accept(&actor, arrival)?;
            let mut status = status(received, receipt, &mut versions);
            // Whatever the validator passed over without a word is not lost from the count.
            status.total_count = status.total_count.max(total as u64);
            status.failure_count = status.total_count - status.success_count;
            let kept = Status { successes: Vec::new(), ..status.clone() }.within(FAILURES);
            let written = move |place| {
                let kept = Status { id: identifier(chance, place), ..kept.clone() };
                serde_json::to_vec(&kept).unwrap_or_default()
            };
            // What was taken in is taken in: without a place for it, its status is not found later.
            let place = house.keep_status(&actor.organisation, received, written);
            let place = place.inspect_err(|error| tracing::error!(%error, "a status was not kept"));
            Ok(Ok(Status { id: identifier(chance, place.unwrap_or(u16::MAX)), ..status }))
        });
        answer.await?
    }

    /// What nobody guesses.
    fn chance(&self, now: Instant) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(now.micros().to_be_bytes());
        hash.update(self.made.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        hash.finalize().into()
    }
}

/// A UUID (version 8) that says where its status is kept.
fn identifier(chance: [u8; 32], place: u16) -> String {
    let hex = |range: std::ops::Range<usize>| -> String {
        chance[range].iter().map(|octet| format!("{octet:02x}")).collect()
    };
    let (a, c, d, e) = (hex(0..4), hex(6..8), hex(8..10), hex(10..16));
    format!("{a}-{place:04x}-8{}-8{}-{e}", &c[1..], &d[1..])
}

/// Where the status with an identifier would be.
fn place(id: &str) -> Option<u16> {
    u16::from_str_radix(id.split('-').nth(1)?, 16).ok()
}

impl Versions {
    fn of(arrival: &Arrival) -> Self {
        let mut versions: HashMap<String, VecDeque<Instant>> = HashMap::new();
        for item in &arrival.items {
            // Whatever such an object says, its version is when it was added.
            let none = item.id.follows_from_value();
            let version = if none { Instant::default() } else { item.version };
            versions.entry(item.id.to_string()).or_default().push_back(version);
        }
        Self(versions)
    }

    fn take(&mut self, id: &str, otherwise: Instant) -> Timestamp {
        let version = self.0.get_mut(id).and_then(VecDeque::pop_front);
        timestamp(version.filter(|version| version.micros() != 0).unwrap_or(otherwise))
    }
}

fn status(received: Instant, receipt: Receipt, versions: &mut Versions) -> Status {
    let mut detail = |(id, at, message): (String, Instant, Option<String>)| {
        let version = versions.take(&id, at);
        StatusDetail { id, version, message }
    };
    let remarks = receipt.warnings.into_iter().filter_map(|it| Some((it.id?, it.reason)));
    let remarks: HashMap<_, _> = remarks.collect();
    let accepted = receipt.accepted.into_iter().map(|it| {
        let id = it.id.to_string();
        let remark = remarks.get(&id).cloned();
        (id, it.stamp.at, remark)
    });
    let known = "it was here already, the same octet for octet";
    let duplicates = receipt.duplicates.into_iter();
    let duplicates = duplicates.map(|id| (id.to_string(), received, Some(known.into())));
    let successes = accepted.chain(duplicates).map(&mut detail).collect();
    let failures = by_object(receipt.rejected).into_iter();
    let failures = failures.map(|(id, why)| detail((id, received, Some(why))));
    let failures = failures.collect();
    Status::complete("", timestamp(received), successes, failures).within(StatusLimits::default())
}

/// The faults of each object, in one sentence: the validator's own words.
fn by_object(faults: Vec<Fault>) -> Vec<(String, String)> {
    let mut objects: Vec<(String, String, String)> = Vec::new();
    for fault in faults {
        let object = fault.place.split_inclusive(']').next().unwrap_or_default().to_owned();
        let words = format!("{}: {} [{}]", fault.place, fault.reason, fault.rule);
        match objects.last_mut() {
            Some((last, _, all)) if *last == object => {
                all.push_str("; ");
                all.push_str(&words);
            }
            _ => objects.push((object.clone(), fault.id.unwrap_or(object), words)),
        }
    }
    objects.into_iter().map(|(_, id, words)| (id, words)).collect()
}

fn refused(error: EnvelopeError) -> Problem {
    match &error {
        EnvelopeError::Json(reason) => {
            let place = format!("line {} column {}", reason.line(), reason.column());
            Problem::new(Kind::NotUnderstood, error.to_string()).at(place)
        }
        EnvelopeError::Empty => Problem::new(Kind::Invalid, error.to_string()).at("objects"),
        EnvelopeError::TooMany(_) => {
            Problem { detail: error.to_string(), ..too_large(0) }.at("objects")
        }
    }
}
