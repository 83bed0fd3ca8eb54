//! People with a page open each, thousands in a process: they note when what was reported appears on it, and
//! open others.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::follow::Node;
use crate::visitor::{Event, Happening, Visitor};

/// A person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Someone {
    /// The cookies of the browser.
    pub cookie: String,
    /// The page that stays open.
    pub page: String,
    /// Pages opened in turn.
    pub opens: Vec<String>,
}

/// What all of them saw, each moment in microseconds since 1970.
#[derive(Default, Serialize, Deserialize)]
pub struct Shown {
    /// When each case was on somebody's page, by its number.
    pub cases: BTreeMap<u64, Vec<i64>>,
    /// When each item was.
    pub items: BTreeMap<u64, Vec<i64>>,
    /// When a wall showed that so many wait.
    pub waiting: BTreeMap<u64, Vec<i64>>,
    /// How long each page took, in microseconds.
    pub pages: Vec<u64>,
    /// Pages that came otherwise than they should.
    pub refused: u64,
    /// How often the parts of open pages were asked for again.
    pub asked_again: u64,
    /// Streams that ended before they were told to.
    pub broken: u64,
}

/// People who are there.
pub struct Crowd {
    people: Vec<Arc<Open>>,
    seen: Seen,
    stop: watch::Sender<bool>,
    tasks: JoinSet<io::Result<()>>,
}

/// The present, in microseconds since 1970.
pub type Now = fn() -> i64;
/// What is being seen.
type Seen = Arc<Mutex<Shown>>;

/// Somebody with a page open.
struct Open {
    someone: Someone,
    visitor: tokio::sync::Mutex<Visitor>,
    seen: Seen,
    now: Now,
}

/// What somebody has seen so far.
#[derive(Default)]
struct Mine {
    cases: HashSet<u64>,
    items: HashSet<u64>,
    waiting: u64,
}

/// TLS handshakes at once.
const AT_ONCE: usize = 64;
/// How far apart the parts of a page are asked for again, at least, as its script does it.
const APART: Duration = Duration::from_millis(200);
/// A step that has no divisor in common with most counts: taken again and again it comes by everybody.
const STEP: usize = 7_919;
/// What cases are called that are looked for, before their number.
pub const CASE: &str = "bench case ";
/// What items are called.
pub const ITEM: &str = "bench item ";

impl Crowd {
    /// Opens the page of each. Moments are told by `now`, in microseconds since 1970.
    ///
    /// # Errors
    /// What the network said to one of them, or that a page is not live.
    pub async fn open(node: &Node, people: Vec<Someone>, now: Now) -> io::Result<Self> {
        let seen = Seen::default();
        let (stop, stopped) = watch::channel(false);
        let (open, mut opened) = watch::channel(Vec::new());
        let (open, gate) = (Arc::new(open), Arc::new(Semaphore::new(AT_ONCE)));
        let (count, mut tasks) = (people.len(), JoinSet::new());
        for (place, someone) in people.into_iter().enumerate() {
            let (node, gate, open) = (node.clone(), Arc::clone(&gate), Arc::clone(&open));
            let (seen, stopped) = (Arc::clone(&seen), stopped.clone());
            tasks.spawn(async move {
                let stay = Stay::begin(&node, (place, someone), (seen, now), &gate).await?;
                open.send_modify(|all: &mut Vec<_>| all.push(Arc::clone(&stay.open)));
                stay.on(stopped).await
            });
        }
        let failed = tokio::select! {
            _ = opened.wait_for(|open| open.len() == count) => None,
            Some(Ok(Err(error))) = tasks.join_next() => Some(error),
        };
        let people = opened.borrow().clone();
        failed.map_or(Ok(Self { people, seen, stop, tasks }), Err)
    }

    /// Opens pages, so many a second and somebody else's each time, until dropped.
    pub async fn browse(&self, pages: u32) {
        if pages == 0 || self.people.is_empty() {
            return std::future::pending().await;
        }
        let mut tick = tokio::time::interval(Duration::from_secs(1) / pages);
        for turn in 0_usize.. {
            tick.tick().await;
            let open = self.people.get(turn.wrapping_mul(STEP) % self.people.len());
            let Some(open) = open.map(Arc::clone) else { continue };
            tokio::spawn(async move { open.look(turn).await });
        }
    }

    /// Has all of them leave; what they saw.
    pub async fn leave(mut self) -> Shown {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Somebody who stays on their page.
struct Stay {
    open: Arc<Open>,
    happening: Happening,
    mine: Mine,
    /// After how long the page looks again by itself.
    every: Duration,
    has_parts: bool,
    /// Which part of the time that all are given is theirs to wait, in thousandths.
    turn: u64,
}

impl Stay {
    /// Opens the page, and follows what happens on it.
    async fn begin(
        node: &Node,
        (place, someone): (usize, Someone),
        (seen, now): (Seen, Now),
        gate: &Semaphore,
    ) -> io::Result<Self> {
        let _turn = gate.acquire().await;
        let mut visitor = Visitor::enter(node, &someone.cookie).await?;
        let page = visitor.page(&someone.page, None).await?.wanted(200)?;
        let page = String::from_utf8_lossy(&page).into_owned();
        let address = attribute(&page, "data-live")
            .ok_or_else(|| io::Error::other(format!("{} is not live", someone.page)))?;
        let lines = if page.contains(" data-lines=") { "&lines=yes" } else { "" };
        let happening = visitor.follow(node, &format!("{address}{lines}")).await?;
        let every = attribute(&page, "data-every").and_then(|it| it.parse().ok()).unwrap_or(60);
        Ok(Self {
            open: Arc::new(Open { someone, visitor: visitor.into(), seen, now }),
            happening,
            mine: Mine { waiting: waiting(&page).unwrap_or(0), ..Mine::default() },
            every: Duration::from_secs(every),
            has_parts: page.contains(" data-part>"),
            turn: (place.wrapping_mul(STEP) % 1_000) as u64,
        })
    }

    /// Stays until told to stop, or the stream ends.
    async fn on(mut self, mut stopped: watch::Receiver<bool>) -> io::Result<()> {
        let (mut due, mut last, mut since) = (None, Instant::now(), 0);
        loop {
            let at = due.map_or(last + self.every, |due: Instant| due.max(last + APART));
            let happened = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return Ok(()),
                event = self.happening.next() => Some(event.unwrap_or(None)),
                () = tokio::time::sleep_until(at), if self.has_parts => None,
            };
            let Some(event) = happened else {
                (due, last) = (None, Instant::now());
                self.open.ask_again(since, &mut self.mine).await;
                continue;
            };
            let Some(Event { name, data }) = event else {
                self.open.seen().broken += 1;
                return Ok(());
            };
            if name == "item" {
                self.open.note(&data, &mut self.mine);
            } else if let Some((place, within)) = data.split_once(' ') {
                since = place.parse().unwrap_or(0).max(since);
                let within: u64 = within.parse().unwrap_or(0);
                let later = Instant::now() + Duration::from_millis(within * self.turn / 1_000);
                due = Some(due.map_or(later, |due: Instant| due.min(later)));
            }
        }
    }
}

impl Open {
    fn seen(&self) -> MutexGuard<'_, Shown> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the parts of the open page again.
    async fn ask_again(&self, since: u64, mine: &mut Mine) {
        let answer = self.visitor.lock().await.page(&self.someone.page, Some(since)).await;
        self.seen().asked_again += 1;
        match answer.and_then(|it| it.wanted(200)) {
            Ok(parts) => self.note(&String::from_utf8_lossy(&parts), mine),
            Err(_) => self.seen().refused += 1,
        }
    }

    /// Opens another page.
    async fn look(&self, turn: usize) {
        let opens = &self.someone.opens;
        let Some(path) = opens.get(turn % opens.len().max(1)) else { return };
        let mut visitor = self.visitor.lock().await;
        let began = Instant::now();
        let answer = visitor.page(path, None).await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut seen = self.seen();
        match answer.is_ok_and(|it| it.status == 200) {
            true => seen.pages.push(took),
            false => seen.refused += 1,
        }
    }

    /// Notes what is on the page that was not before.
    fn note(&self, text: &str, mine: &mut Mine) {
        let now = (self.now)();
        let mut seen = self.seen();
        let Shown { cases, items, waiting: walls, .. } = &mut *seen;
        for (name, had, all) in [(CASE, &mut mine.cases, cases), (ITEM, &mut mine.items, items)] {
            for number in numbers(text, name).filter(|number| had.insert(*number)) {
                all.entry(number).or_default().push(now);
            }
        }
        if let Some(count) = waiting(text) {
            for count in mine.waiting + 1..=count {
                walls.entry(count).or_default().push(now);
            }
            mine.waiting = mine.waiting.max(count);
        }
    }
}

/// The numbers that follow a name in a text.
fn numbers<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = u64> + 't {
    text.match_indices(name).filter_map(move |(at, _)| number(&text[at + name.len()..]))
}

/// How many wait, as a wall shows it.
fn waiting(page: &str) -> Option<u64> {
    let (_, rest) = page.split_once("wall-waiting")?;
    number(rest.split_once("<strong>")?.1)
}

fn number(text: &str) -> Option<u64> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// An attribute of the page, as it was meant.
fn attribute(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_a_page_is_found() {
        let page = "<body data-live=\"/live?of=cases&#38;since=7\"><p class=\"wall-waiting abnormal\">\
            <strong>12</strong></p><a>bench case 000003</a><a>bench case 17</a>";
        assert_eq!(attribute(page, "data-live").as_deref(), Some("/live?of=cases&since=7"));
        assert_eq!(waiting(page), Some(12));
        assert_eq!(numbers(page, CASE).collect::<Vec<_>>(), [3, 17]);
        assert_eq!(numbers(page, ITEM).count(), 0);
    }
}
