//! The live stream of one organisation: replay, then tail, without gap or duplicate.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use vedetta_diffusion::{Follower, Format, Taken};
use vedetta_flow::views::withdrawals::WithdrawalNotice;
use vedetta_flow::{Sequence, Standing, VersionFilter, Wish};
use vedetta_model::{AccountId, Actor, Instant};

use crate::api::{Api, STREAMS};
use crate::at_once::Seat;
use crate::control::AtTheMachine;
use crate::credentials::Presented;
use crate::extract::Asked;
use crate::gate::Caller;
use crate::lines::Lines;
use crate::live::frame;
use crate::problem::{Kind, Problem};
use crate::recorder;
use crate::server::Peer;

/// How long a silent stream waits before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts; the client comes back with `Last-Event-ID` and proves itself again.
const LIFE: Duration = Duration::from_secs(3600);
/// How often a stream's caller is proven again.
const PROOF: Duration = HEARTBEAT;
/// How far back changed verdicts are told again to who comes back.
const RECALLED: Duration = Duration::from_hours(24);
/// Items replayed from the ledger at once.
const PAGE: usize = 1000;

/// Where to begin; at the present without it. `Last-Event-ID` goes before.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begin {
    after: Option<u64>,
    since: Option<Instant>,
    /// Whether to tell of reminders too.
    reminders: bool,
}

struct Streaming {
    api: Api,
    actor: Actor,
    proof: Proof,
    follower: Follower,
    /// When anything was last given.
    said: Instant,
    until: Instant,
    /// Up to where withdrawals were told, and as of which generation of what stands.
    told: (Sequence, u64),
    /// As of how many overrulings of the mail desk, and from which moment, changed verdicts were told.
    reviewed: (Option<u64>, Instant),
    /// The number of the last reminder that was told, and since when; absent of who did not ask.
    reminded: Option<(u64, Instant)>,
    /// Its place among the streams of its account.
    _among: Seat<AccountId>,
}

/// That something was withdrawn, and whose line of it.
#[derive(Serialize)]
struct OfLine<'n> {
    #[serde(flatten)]
    notice: &'n WithdrawalNotice,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
}

/// With what the caller proved itself, and when last.
struct Proof {
    /// Who is at the machine needs no account.
    operator: Option<AtTheMachine>,
    presented: Presented,
    certificate: Option<Arc<[u8]>>,
    at: Instant,
}

pub(super) async fn follow(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(begin): Asked<Begin>,
    (peer, operator): (Option<Extension<Peer>>, Option<Extension<AtTheMachine>>),
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = place(&api, &begin, &headers).await?;
    let among = api.stream_of(&actor.account).ok_or_else(|| {
        let sentence = format!(
            "this account has {STREAMS} streams open; close one, or read them with accounts of their own"
        );
        Problem::new(Kind::TooMany, sentence).wait(HEARTBEAT)
    })?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (format, media) = match accept.contains("ndjson") {
        true => (Format::Ndjson, "application/x-ndjson"),
        false => (Format::Sse, "text/event-stream"),
    };
    let who = actor.clone();
    let reader = api.ask(move |house| house.reader_of(&who)).await?;
    let follower = api.hub().follow(reader, format, after);
    let now = api.house().now();
    let proof = Proof {
        operator: operator.map(|Extension(operator)| operator),
        presented: Presented::read(&headers).unwrap_or(Presented::Nothing),
        certificate: peer.and_then(|Extension(peer)| peer.certificate),
        at: now,
    };
    let until = now.after(LIFE);
    let told = (Sequence(after), 0);
    let resumes = begin.after.is_some() || headers.contains_key("last-event-id");
    let from = if resumes { now.before(RECALLED) } else { begin.since.unwrap_or(now) };
    let reviewed = (None, from);
    let reminded = match begin.reminders {
        true => {
            let last = api.watch().reminders(&actor)?.last();
            Some(if resumes { (0, now.before(LIFE * 2)) } else { (last, now) })
        }
        false => None,
    };
    let (said, _among) = (now, among);
    let streaming =
        Streaming { api, actor, proof, follower, said, until, told, reviewed, reminded, _among };
    let body = stream::unfold(streaming, |mut streaming| async {
        let bytes = streaming.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), streaming))
    });
    let headers = [(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(body)).into_response())
}

async fn place(api: &Api, begin: &Begin, headers: &HeaderMap) -> Result<u64, Problem> {
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if let Some(text) = header.filter(|text| !text.is_empty()) {
        let after = text.parse().map_err(|_| {
            let sentence = "Last-Event-ID is not an id of this stream; send the last id received";
            Problem::new(Kind::NotUnderstood, sentence).at("Last-Event-ID")
        })?;
        return reached(api, after, "Last-Event-ID");
    }
    match (begin.after, begin.since) {
        (Some(after), _) => reached(api, after, "after"),
        (None, Some(since)) => Ok(api.ask(move |house| house.place_at(since)).await?.0),
        (None, None) => Ok(api.hub().place()),
    }
}

/// A place that the ledger has reached: one beyond its end is of another ledger, and would wait in
/// silence.
fn reached(api: &Api, after: u64, name: &str) -> Result<u64, Problem> {
    let last = api.house().bell().last().0.max(api.hub().place());
    if after <= last {
        return Ok(after);
    }
    let sentence = format!(
        "{after} is beyond the end of the ledger, {last}: it was given by another ledger, or by \
         this one before it was restored; begin with after=0 or since=, or without a place"
    );
    Err(Problem::new(Kind::Conflict, sentence).at(name))
}

impl Streaming {
    /// The next bytes; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        let bytes = self.more().await?;
        self.said = self.api.house().now();
        Some(bytes)
    }

    async fn more(&mut self) -> Option<Bytes> {
        loop {
            // Being asked for more says that what was given before went to the connection.
            let now = self.api.house().now();
            self.follower.confirm(now);
            let standing = self.api.house().standing();
            if now >= self.until || !self.proves(&standing, now).await {
                return None;
            }
            if standing.generation != self.told.1
                && let Some(notices) = self.withdrawals(standing.generation).await?
            {
                return Some(notices);
            }
            if let Some(changes) = self.changed_verdicts().await {
                return Some(changes);
            }
            if let Some(reminders) = self.reminders() {
                return Some(reminders);
            }
            tokio::select! {
                biased;
                room = recorder::room(&self.api) => if room.is_err() {
                    return Some(self.follower.heartbeat());
                },
                () = self.api.closed() => return None,
            }
            match self.follower.take(standing.generation) {
                Taken::New(bytes) if bytes.is_empty() => {
                    // What is rung for others does not put the sign of life off.
                    let left = HEARTBEAT.saturating_sub(now.since(self.said));
                    if left.is_zero() {
                        return Some(self.follower.heartbeat());
                    }
                    let news = tokio::time::timeout(left, self.follower.news());
                    tokio::select! {
                        _rung = news => {}
                        () = self.api.closed() => return None,
                    }
                }
                Taken::New(bytes) => return Some(joined(bytes)),
                Taken::Behind(to) => {
                    let bytes = self.replay(to).await?;
                    if !bytes.is_empty() {
                        return Some(bytes);
                    }
                }
            }
        }
    }

    /// What was withdrawn of what the reader had, if anything was since the last time. It carries no
    /// place to resume at: after a break it may be told twice, and is never left out.
    async fn withdrawals(&mut self, generation: u64) -> Option<Option<Bytes>> {
        let format = self.follower.format();
        loop {
            let (actor, after) = (self.actor.clone(), self.told.0);
            let asked = self
                .api
                .ask(move |house| Ok((house.withdrawals(&actor, after)?, Lines::of(house)?)));
            let (page, lines) = asked.await.ok()?;
            self.told.0 = page.next;
            if !page.more {
                self.told.1 = generation;
            }
            let lapses = page.lapses.iter().filter_map(|it| told("lapsed", it, format));
            let notices = page.notices.iter().filter_map(|it| {
                // What another brought stands, byte for byte: it is of use to who keeps lines apart alone.
                let event = if it.stands { "line-withdrawn" } else { "withdrawn" };
                let line = it.producer.map(|by| format!("{:08x}", lines.number(&it.item, by)));
                told(event, &OfLine { notice: it, line }, format)
            });
            let notices: Vec<_> = notices.chain(lapses).collect();
            if !notices.is_empty() || !page.more {
                return Some((!notices.is_empty()).then(|| notices.concat().into()));
            }
        }
    }

    /// Verdicts that analysts changed, of what the caller handed in. Like withdrawals they carry no
    /// place to resume at.
    async fn changed_verdicts(&mut self) -> Option<Bytes> {
        let desk = self.api.mail_desk().map(Arc::clone)?;
        let (overrulings, (known, after)) = (desk.overrulings(), self.reviewed);
        if known == Some(overrulings) {
            return None;
        }
        let actor = self.actor.clone();
        let changed = self.api.ask(move |_| Ok(desk.changed_answers(&actor, after))).await.ok()?;
        let last = changed.iter().filter_map(|it| it.reviewed).max();
        self.reviewed = (Some(overrulings), last.unwrap_or(after));
        let format = self.follower.format();
        let changed: Vec<_> = changed.iter().filter_map(|it| told("verdict", it, format)).collect();
        (!changed.is_empty()).then(|| changed.concat().into())
    }

    /// What the caller's organisation was reminded of. Like withdrawals it carries no place to resume at.
    fn reminders(&mut self) -> Option<Bytes> {
        let (known, since) = self.reminded?;
        let all = self.api.watch().reminders(&self.actor).ok()?;
        if all.last() == known {
            return None;
        }
        let (given, last) = all.after((known, since), &self.actor.organisation);
        self.reminded = Some((last, since));
        let format = self.follower.format();
        let given: Vec<_> = given.iter().filter_map(|it| told("reminder", it, format)).collect();
        (!given.is_empty()).then(|| given.concat().into())
    }

    /// Whether the caller is still who it was: a token may have been revoked or have expired, roles
    /// may have been taken away.
    async fn proves(&mut self, standing: &Standing, now: Instant) -> bool {
        if self.proof.operator.is_some() {
            return true;
        }
        if !standing.admits(&self.actor) {
            return false;
        }
        if now.since(self.proof.at) < PROOF {
            return true;
        }
        self.proof.at = now;
        let (presented, certificate) =
            (self.proof.presented.clone(), self.proof.certificate.clone());
        let proven = self.api.prove(presented, certificate).await;
        proven.is_ok_and(|actor| actor == self.actor)
    }

    /// A page of the past, from the ledger.
    async fn replay(&mut self, to: u64) -> Option<Bytes> {
        let after = Sequence(self.follower.place());
        let wish = Wish { limit: PAGE, ..Wish::all(after, VersionFilter::All) };
        let actor = self.actor.clone();
        let _turn = self.api.replay_turn().await?;
        let asked = self.api.ask(move |house| Ok((house.page(&actor, &wish)?, Lines::of(house)?)));
        let (page, lines) = asked.await.ok()?;
        let place = page.next.map_or(to, |next| next.0.min(to));
        let frames: Vec<_> = page
            .items
            .into_iter()
            .map(|it| frame(it, &lines))
            .filter(|it| it.place <= to)
            .collect();
        Some(self.follower.replay(&frames, place))
    }
}

/// A withdrawal, or a lapse, as the stream shows it.
fn told(event: &str, notice: &impl Serialize, format: Format) -> Option<String> {
    let notice = serde_json::to_string(notice).ok()?;
    Some(match format {
        Format::Sse => format!("event: {event}\ndata: {notice}\n\n"),
        Format::Ndjson => format!("{{\"{event}\":{notice}}}\n"),
    })
}

/// Several runs of bytes as one; a single run is shared, not copied.
fn joined(mut bytes: Vec<Bytes>) -> Bytes {
    match bytes.len() {
        1 => bytes.pop().unwrap_or_default(),
        _ => bytes.concat().into(),
    }
}
