//! Open pages that follow what happens: a line for each item released to who looks, and a word when
//! something else changed, so that what a page shows of it is asked for again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use vedetta_api::Problem;
use vedetta_diffusion::{Follower, Format, Frame, Taken};
use vedetta_flow::{FlowError, House, ReadItem, Sequence};
use vedetta_frame::console::Console;
use vedetta_frame::shown::Line;
use vedetta_frame::visit::{SESSION, Signed, cookie};
use vedetta_model::{Instant, Language};
use vedetta_words::Words;

use crate::pages::items::Item;

/// How long a silent stream waits before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts; the page comes back and proves itself again.
const LIFE: Duration = Duration::from_secs(3600);
/// How often one is told that something changed, at most.
const CHANGES: Duration = Duration::from_secs(1);
/// How long to wait when the ledger cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
/// Releases read at once.
const PAGE: usize = 1_000;

/// Fills the hub of the pages until stopped.
pub async fn run(console: Console, stop: impl Future<Output = ()>) {
    tokio::select! {
        () = fill(&console) => {}
        () = stop => {}
    }
}

async fn fill(console: &Console) {
    let mut bell = console.house().bell().listen();
    loop {
        let place = console.hub().place();
        // The house outlives its doors, so the bell is never gone.
        let _rung = bell.wait_for(|last| last.0 > place).await.is_ok();
        tokio::time::sleep(console.hub().gathering()).await;
        if let Err(error) = pour(console).await {
            tracing::error!(%error, "open pages wait: the ledger cannot be read");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

async fn pour(console: &Console) -> Result<(), FlowError> {
    let (house, place) = (Arc::clone(console.house()), console.hub().place());
    if console.hub().followers() == 0 {
        // What comes in bulk is not rendered for nobody.
        console.hub().skip(house.bell().last().0, house.standing().generation);
        return Ok(());
    }
    let reading = move || {
        let releases = house.releases(Sequence(place), PAGE)?;
        let line = |item| frame(&house, &item);
        let frames = releases.items.into_iter().map(|it| it.map(line)).collect::<Vec<_>>();
        Ok((frames, releases.place.0, releases.generation))
    };
    let read = tokio::task::spawn_blocking(reading).await.unwrap_or_else(|error| {
        Err(FlowError::Conflict(format!("the reading thread ended: {error}")))
    });
    let (frames, place, generation) = read?;
    console.hub().push(frames, place, generation);
    // What appears as a line is delivered when it is opened.
    drop(console.hub().receipts().drain());
    Ok(())
}

/// The line of an item in both languages: rendered once, whoever looks.
fn frame(house: &House, item: &ReadItem) -> Frame {
    let line = |language| Item::of(Line::of(house, item, Words(language)), Words(language)).html();
    let object = serde_json::json!({ "it": line(Language::It), "en": line(Language::En) });
    let object = Bytes::from(object.to_string());
    let (tlp, pap) = (item.tlp, item.pap);
    Frame { place: item.stamp.seq.0, at: item.stamp.at, tlp, pap, object, iep: None }
}

struct Following {
    console: Console,
    signed: Signed,
    token: String,
    follower: Follower,
    seen: Sequence,
    /// When one was last told that something changed.
    told: Instant,
    proven: Instant,
    until: Instant,
}

pub(crate) async fn follow(
    State(console): State<Console>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let reader = console.ask(move |house| house.reader_of(&actor)).await?;
    let now = console.house().now();
    let follower = console.hub().follow(reader, Format::Sse, console.hub().place());
    let following = Following {
        signed,
        token: cookie(&headers, SESSION).unwrap_or_default().to_owned(),
        follower,
        seen: console.house().bell().last(),
        told: now.before(CHANGES),
        proven: now,
        until: now.after(LIFE),
        console,
    };
    let body = stream::unfold((following, true), |(mut following, first)| async move {
        let bytes = match first {
            true => Bytes::from_static(b"retry: 3000\n\n"),
            false => following.next().await?,
        };
        Some((Ok::<_, Infallible>(bytes), (following, false)))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response())
}

impl Following {
    /// The next bytes; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        let house = Arc::clone(self.console.house());
        let mut bell = house.bell().listen();
        loop {
            let (standing, now) = (house.standing(), house.now());
            if now >= self.until || !standing.admits(&self.signed.person.actor) {
                return None;
            }
            if now.since(self.proven) >= HEARTBEAT {
                self.proven = now;
                let person = self.console.person(&self.token).await.ok()?;
                if person.actor != self.signed.person.actor {
                    return None;
                }
            }
            self.follower.confirm(now);
            match self.follower.take(standing.generation) {
                Taken::New(bytes) if !bytes.is_empty() => return Some(bytes.concat().into()),
                Taken::New(_) => {}
                // What was missed is on the page when it is asked for again.
                Taken::Behind(to) => drop(self.follower.replay(&[], to)),
            }
            let last = house.bell().last();
            let quiet = match last > self.seen {
                true => CHANGES.saturating_sub(now.since(self.told)),
                false => HEARTBEAT,
            };
            if quiet.is_zero() {
                (self.seen, self.told) = (last, now);
                return Some(format!("event: changed\ndata: {}\n\n", last.0).into());
            }
            let seen = self.seen.max(last);
            let rung = async {
                let _rung = bell.wait_for(|last| *last > seen).await.is_ok();
            };
            tokio::select! {
                () = self.console.api().closed() => return None,
                () = self.follower.news() => {}
                waited = tokio::time::timeout(quiet, rung) => {
                    if waited.is_err() && quiet == HEARTBEAT {
                        return Some(Bytes::from_static(b": here\n\n"));
                    }
                }
            }
        }
    }
}
