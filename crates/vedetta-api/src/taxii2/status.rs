//! Submissions and their status. A submission is done when it is answered; its status is kept in
//! memory for the last hundred of each organisation, for clients that ask again: the counts, and
//! the first failures.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use taxii::{EnvelopeError, Status, StatusDetail, StatusLimits, Submission, Timestamp};
use vedetta_flow::Receipt;
use vedetta_intake::{Arrival, DoorIn, Fault};
use vedetta_model::{Actor, Instant, OrganisationId};

use super::message;
use super::paging::timestamp;
use crate::api::Api;
use crate::brought::{self, MOST_OBJECTS};
use crate::extract::Params;
use crate::gate::{Caller, too_large};
use crate::problem::{Kind, Problem};

/// Statuses kept of one organisation, and of all together.
const KEPT: usize = 100;
const KEPT_OF_ALL: usize = 20_000;
/// Failures kept with a status.
const FAILURES: usize = 20;

/// The statuses of the last submissions.
pub(crate) struct Statuses {
    secret: [u8; 32],
    made: AtomicU64,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    of: HashMap<OrganisationId, VecDeque<Status>>,
    all: usize,
}

/// The versions of what was brought, by identifier, in order.
struct Versions(HashMap<String, VecDeque<Instant>>);

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let status = api.statuses().find(&actor, &params.get::<String>("status")?)?;
    Ok(message(StatusCode::OK, &status))
}

impl Statuses {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret, made: AtomicU64::new(0), recent: Mutex::default() }
    }

    /// Takes a submission in, whole or in part, and says what became of each object.
    pub(super) async fn submit(
        &self,
        api: &Api,
        actor: Actor,
        body: Bytes,
    ) -> Result<Status, Problem> {
        let received = api.house().now();
        let (organisation, source) = (actor.organisation.clone(), actor.account.to_string());
        let read = move |body: &Bytes| -> Result<_, Problem> {
            let total = Submission::read(body, MOST_OBJECTS).map_err(refused)?.objects.len();
            Ok((total, brought::bundle(DoorIn::Taxii, &source, body)?))
        };
        let answer = api.ask(move |house| {
            let (total, arrival) = match read(&body) {
                Ok(read) => read,
                Err(problem) => return Ok(Err(problem)),
            };
            let versions = Versions::of(&arrival);
            Ok(Ok((total, house.accept(&actor, arrival)?, versions)))
        });
        let (total, receipt, mut versions) = answer.await??;
        let id = self.identifier(received);
        let mut status = status(id, received, receipt, &mut versions);
        // Whatever the validator passed over without a word is not lost from the count.
        status.total_count = status.total_count.max(total as u64);
        status.failure_count = status.total_count - status.success_count;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.keep(organisation, &status);
        Ok(status)
    }

    fn find(&self, actor: &Actor, id: &str) -> Result<Status, Problem> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let own = recent.of.get(&actor.organisation);
        own.and_then(|own| own.iter().rfind(|it| it.id == id)).cloned().ok_or_else(|| {
            let sentence = "there is no such status any more; read the collection submit instead";
            Problem::new(Kind::Unknown, sentence).at("status")
        })
    }

    /// A UUID (version 8) that nobody guesses.
    fn identifier(&self, now: Instant) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(now.micros().to_be_bytes());
        hash.update(self.made.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let digest = hash.finalize();
        let hex = |range: std::ops::Range<usize>| -> String {
            digest[range].iter().map(|octet| format!("{octet:02x}")).collect()
        };
        let (a, b, c, d, e) = (hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16));
        format!("{a}-{b}-8{}-8{}-{e}", &c[1..], &d[1..])
    }
}

impl Recent {
    fn keep(&mut self, organisation: OrganisationId, status: &Status) {
        if self.all >= KEPT_OF_ALL
            && let Some(most) = self.of.values_mut().max_by_key(|own| own.len())
            && most.pop_front().is_some()
        {
            self.all -= 1;
        }
        let own = self.of.entry(organisation).or_default();
        if own.len() >= KEPT && own.pop_front().is_some() {
            self.all -= 1;
        }
        let failures = status.failures.iter().take(FAILURES).cloned().collect();
        own.push_back(Status { successes: Vec::new(), failures, ..status.clone() });
        self.all += 1;
        self.of.retain(|_, own| !own.is_empty());
    }
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

fn status(id: String, received: Instant, receipt: Receipt, versions: &mut Versions) -> Status {
    let mut detail = |(id, at, message): (String, Instant, Option<String>)| {
        let version = versions.take(&id, at);
        StatusDetail { id, version, message }
    };
    let accepted = receipt.accepted.into_iter().map(|it| (it.id.to_string(), it.stamp.at, None));
    let known = "it was here already, the same octet for octet";
    let duplicates = receipt.duplicates.into_iter();
    let duplicates = duplicates.map(|id| (id.to_string(), received, Some(known.into())));
    let successes = accepted.chain(duplicates).map(&mut detail).collect();
    let failures = by_object(receipt.rejected).into_iter();
    let failures = failures.map(|(id, why)| detail((id, received, Some(why))));
    let failures = failures.collect();
    Status::complete(id, timestamp(received), successes, failures).within(StatusLimits::default())
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
