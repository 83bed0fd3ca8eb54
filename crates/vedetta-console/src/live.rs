//! Open pages that follow what happens: a line for each item released to who looks, and a word when
//! something else changed that their page shows, so that its parts are asked for again.
//!
//! What happened is read once for all of them, at once after a quiet moment and then in rounds; a page
//! hears of a round what it shows and may see.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::TryRecvError};
use vedetta_api::problem::Kind;
use vedetta_api::{Problem, Seat};
use vedetta_diffusion::{Follower, Format, Frame, Taken};
use vedetta_flow::{FlowError, House, ReadItem, Sequence};
use vedetta_frame::console::Console;
use vedetta_frame::shown::Line;
use vedetta_frame::visit::{SESSION, Signed, cookie};
use vedetta_model::{Instant, Language};
use vedetta_watch::{Listener, News, Topic, Topics};
use vedetta_words::Words;

use crate::pages::items::Item;

/// How long a silent stream waits before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts; the page comes back and proves itself again.
const LIFE: Duration = Duration::from_secs(3600);
/// How long the next round gathers what happens meanwhile.
const ROUND: Duration = Duration::from_millis(150);
/// How long to wait when the ledger cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
/// Over how long those ask again who are told of the same, each: so many a second the node answers
/// beside what else it does.
const TURN: Duration = Duration::from_millis(4);
/// Over no longer.
const LATEST: Duration = Duration::from_secs(10);
/// Releases read at once.
const PAGE: usize = 1_000;

/// Tells open pages what happens until stopped.
pub async fn run(console: Console, stop: impl Future<Output = ()>) {
    tokio::select! {
        () = rounds(&console) => {}
        () = stop => {}
    }
}

async fn rounds(console: &Console) {
    let mut bell = console.house().bell().listen();
    let mut place = console.house().bell().last();
    loop {
        // The house outlives its doors, so the bell is never gone.
        let _rung = bell.wait_for(|last| *last > place).await.is_ok();
        match round(console, place).await {
            Ok(reached) => {
                place = reached;
                tokio::time::sleep(ROUND).await;
            }
            Err(problem) => {
                tracing::error!(detail = %problem.detail, "open pages wait: the ledger cannot be read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// Tells what happened after a place; up to where that was.
async fn round(console: &Console, place: Sequence) -> Result<Sequence, Problem> {
    pour(console).await?;
    if console.news().receiver_count() == 0 {
        return Ok(console.house().bell().last());
    }
    let news = console.watch(move |watch| watch.news(place)).await?;
    let reached = news.place;
    if !news.is_empty() {
        // Nobody listens any more: nobody misses it.
        let _heard = console.news().send(Arc::new(news)).is_ok();
    }
    Ok(reached)
}

/// Pushes the lines of what was released since the last time.
async fn pour(console: &Console) -> Result<(), Problem> {
    let (hub, last) = (Arc::clone(console.hub()), console.house().bell().last());
    if hub.followers() == 0 {
        // What comes in bulk is not rendered for nobody.
        hub.skip(last.0, console.house().standing().generation);
        return Ok(());
    }
    while hub.place() < last.0 {
        let (house, place) = (Arc::clone(console.house()), hub.place());
        let reading = move || {
            let releases = house.releases(Sequence(place), PAGE)?;
            let line = |item| frame(&house, &item);
            let frames = releases.items.into_iter().map(|it| it.map(line)).collect::<Vec<_>>();
            Ok((frames, releases.place.0, releases.generation))
        };
        let read = tokio::task::spawn_blocking(reading).await.unwrap_or_else(|error| {
            Err(FlowError::Conflict(format!("the reading thread ended: {error}")))
        });
        let (frames, reached, generation) = read?;
        hub.push(frames, reached, generation);
        // What appears as a line is delivered when it is opened.
        drop(hub.receipts().drain());
        if reached <= place {
            break;
        }
    }
    Ok(())
}

/// The line of an item in both languages: rendered once, whoever looks.
fn frame(house: &House, item: &ReadItem) -> Frame {
    let line = |language| Item::of(Line::of(house, item, Words(language)), Words(language)).html();
    let object = serde_json::json!({ "it": line(Language::It), "en": line(Language::En) });
    let object = Bytes::from(object.to_string());
    let (tlp, pap) = (item.tlp, item.pap);
    Frame { place: item.stamp.seq.0, at: item.stamp.at, tlp, pap, line: None, object, iep: None }
}

/// The lines that a page missed up to a place; that it is to be asked for anew, when it was away for longer
/// than is read at once: between the lines that it has and the newest some would be missing.
async fn missed(
    console: &Console,
    follower: &mut Follower,
    (to, within): (u64, Duration),
) -> Option<Bytes> {
    let (reader, after) = (follower.reader().clone(), follower.place());
    if after < to.saturating_sub(PAGE as u64) {
        drop(follower.replay(&[], to));
        let within = within.as_millis();
        return Some(Bytes::from(format!("id: {to}\nevent: behind\ndata: {to} {within}\n\n")));
    }
    let reading = move |house: &House| {
        let items = house.releases(Sequence(after), PAGE)?.items;
        let seen = items.into_iter().filter_map(|item| item.opened(&reader));
        Ok(seen.map(|item| frame(house, &item)).filter(|it| it.place <= to).collect::<Vec<_>>())
    };
    let frames = console.ask(reading).await.ok()?;
    Some(follower.replay(&frames, to))
}

/// What a page wants to hear.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    /// The topics that its parts show; all of them when it does not say.
    of: Option<String>,
    /// The one case that it shows.
    case: String,
    /// Whether it shows a line for each item.
    lines: String,
    /// The place of the ledger up to which it shows what happened.
    since: Option<u64>,
}

/// Whom news are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Anybody,
}

struct Following {
    console: Console,
    signed: Signed,
    token: String,
    /// Of items, where the page shows any.
    follower: Option<Follower>,
    shows_lines: bool,
    news: broadcast::Receiver<Arc<News>>,
    /// What was heard, and not told yet.
    heard: Option<Arc<News>>,
    listener: Listener,
    topics: Topics,
    proven: Instant,
    until: Instant,
    /// Its place among the pages of its session.
    _among: Seat<String>,
}

pub(crate) async fn follow(
    State(console): State<Console>,
    signed: Signed,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let among = console.api().page_of(&signed.person.session).ok_or_else(|| {
        let sentence = "this session follows too many pages at once; close some of them";
        let italian = "questa sessione segue troppe pagine insieme: chiudine qualcuna";
        Problem::new(Kind::TooMany, sentence).in_italian(Some(italian)).wait(HEARTBEAT)
    })?;
    let topics = wanted.of.and_then(|of| of.parse().ok()).unwrap_or(Topics::ALL);
    let shows_lines = !wanted.lines.is_empty();
    let news = console.news().subscribe();
    let (actor, case) = (signed.actor(), wanted.case.parse().ok());
    let since = wanted.since.map(Sequence);
    let (listener, missed) = console
        .watch(move |watch| {
            let missed = since.map(|since| watch.news(since)).transpose()?;
            Ok((watch.listener(&actor).to_case(case), missed))
        })
        .await?;
    let follower = match shows_lines || topics.meet(Topic::Items.into()) {
        false => None,
        true => {
            let actor = signed.actor();
            let reader = console.ask(move |house| house.reader_of(&actor)).await?;
            // Lines go on after those that the page has; its parts are asked for again anyway.
            let shown = last_line(&headers).max(wanted.since).filter(|_| shows_lines);
            let after = shown.unwrap_or_else(|| console.hub().place());
            Some(console.hub().follow(reader, Format::Sse, after))
        }
    };
    let now = console.house().now();
    let following = Following {
        signed,
        token: cookie(&headers, SESSION).unwrap_or_default().to_owned(),
        follower,
        shows_lines,
        news,
        heard: missed.map(Arc::new),
        listener,
        topics,
        proven: now,
        until: now.after(LIFE),
        _among: among,
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

/// The place of the newest line that a browser had when the stream broke off.
fn last_line(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

impl Following {
    /// The next bytes; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.prove().await?;
            let bytes = self.take().await?;
            if !bytes.is_empty() {
                return Some(bytes);
            }
            let follower = &mut self.follower;
            let items = async {
                match follower {
                    Some(follower) => follower.news().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.console.api().closed() => return None,
                () = items => {}
                news = self.news.recv() => self.heard = news.ok(),
                () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b": here\n\n")),
            }
        }
    }

    /// Whether it is still the same person, who still may; `None` ends the stream.
    async fn prove(&mut self) -> Option<()> {
        let now = self.console.house().now();
        let admitted = self.console.house().standing().admits(&self.signed.person.actor);
        if now >= self.until || !admitted {
            return None;
        }
        if now.since(self.proven) >= HEARTBEAT {
            self.proven = now;
            let person = self.console.person(&self.token).await.ok()?;
            return (person.actor == self.signed.person.actor).then_some(());
        }
        Some(())
    }

    /// What is new on the page: lines of items, and that something changed.
    async fn take(&mut self) -> Option<Bytes> {
        let (mut bytes, mut told, mut own) = (BytesMut::new(), Topics::NONE, Whose::Anybody);
        let mut place = self.take_items(&mut bytes).await?;
        // The room hears of items with everything else.
        if place > 0 && !self.listener.is_in_the_room() {
            told |= Topic::Items.into();
        }
        loop {
            let news = match self.heard.take() {
                Some(news) => Ok(news),
                None => self.news.try_recv(),
            };
            match news {
                Ok(news) => {
                    told |= news.to(&self.listener);
                    place = place.max(news.place.0);
                    if news.is_about(&self.listener) {
                        own = Whose::Own;
                    }
                }
                Err(TryRecvError::Lagged(_)) => {
                    (told, place) = (Topics::ALL, self.console.house().bell().last().0);
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if told.meet(self.topics) {
            let within = self.turns(own).as_millis();
            let changed = format!("event: changed\ndata: {place} {within}\n\n");
            bytes.extend_from_slice(changed.as_bytes());
        }
        Some(bytes.freeze())
    }

    /// Takes what items are new; their place, or zero when none is. `None` when they cannot be read.
    async fn take_items(&mut self, bytes: &mut BytesMut) -> Option<u64> {
        let now = self.console.house().now();
        let generation = self.console.house().standing().generation;
        let within = self.turns(Whose::Anybody);
        let Some(follower) = &mut self.follower else { return Some(0) };
        follower.confirm(now);
        match follower.take(generation) {
            Taken::New(new) if new.is_empty() => return Some(0),
            Taken::New(new) if self.shows_lines => {
                new.iter().for_each(|it| bytes.extend_from_slice(it));
            }
            Taken::New(_) => {}
            Taken::Behind(to) if self.shows_lines => {
                bytes.extend_from_slice(&missed(&self.console, follower, (to, within)).await?);
            }
            // What was missed is on the page when it is asked for again.
            Taken::Behind(to) => drop(follower.replay(&[], to)),
        }
        Some(follower.place())
    }

    /// Within how long the page is to ask again: at once in the room, where one answer is many's, and of what
    /// is one's own; when its turn comes, of what everybody is told.
    fn turns(&self, of: Whose) -> Duration {
        if self.listener.is_in_the_room() || of == Whose::Own {
            return Duration::ZERO;
        }
        let listening = u32::try_from(self.console.news().receiver_count()).unwrap_or(u32::MAX);
        TURN.saturating_mul(listening).min(LATEST)
    }
}
