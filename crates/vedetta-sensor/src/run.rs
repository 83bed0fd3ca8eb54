//! The sensor at work: the thread that watches, and what it keeps.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{Notify, Semaphore};
use vedetta_detect::decode::Header;
use vedetta_detect::indicators::Id;
use vedetta_detect::report::{Measures, Orders, Told};
use vedetta_detect::sigma::Pipeline;
use vedetta_indicator::{Life, Term, WarningLists};
use vedetta_model::{Clock, Instant};

use crate::aside::{Aside, Done, LookBack};
use crate::error::SensorError;
use crate::history::History;
use crate::identity::{Identity, VERSION};
use crate::inputs::{Counted, Left, Reading};
use crate::kept;
use crate::known::{Change, Known, Mine};
use crate::link::{self, Link};
use crate::listen::Sink;
use crate::outbox::Outbox;
use crate::settings::{Input, Settings};
use crate::status::Status;
use crate::tail::More;
use crate::telling::{Groups, Telling};
use crate::usual::{Usual, Writes};
use crate::watch::Watch;

/// What a sensor is started with.
pub struct Start {
    /// Its directory.
    pub directory: PathBuf,
    /// Its owner's own rules: file and text.
    pub rules: Vec<(String, String)>,
    /// How rules are rewritten for its events.
    pub pipelines: Vec<Pipeline>,
    /// What its owner knows to be harmless.
    pub harmless: WarningLists,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether lines come by the standard input.
    pub stdin: Stdin,
    /// How long it runs.
    pub until: Until,
}

/// Whether lines come by the standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// They do.
    Read,
    /// They do not.
    Unread,
}

/// How long a sensor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until it is told to end.
    Told,
    /// Until everything there is was read, and what was found was sent.
    AllRead,
}

/// What both threads share.
pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) outbox: Mutex<Outbox>,
    /// Rung when something waits to be sent.
    pub(crate) to_send: Notify,
    pub(crate) status: Mutex<Status>,
    pub(crate) lost: Arc<AtomicU64>,
    /// Whether the indicators are worth making anew.
    pub(crate) worn: AtomicBool,
    /// What the node said of false positives and decay, and was not taken in yet.
    pub(crate) measures: Mutex<Option<Arc<Measures>>>,
    /// For each change that may still wait to be taken in.
    pub(crate) changes: Semaphore,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Shared {
    /// How it does, as it says itself.
    pub(crate) fn said(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(directory: &Path, (outbox, clock): (Outbox, Arc<dyn Clock>), now: Instant) -> Self {
        let mut status = Status { at: now, ..Status::default() };
        (status.beat.version, status.beat.started) = (VERSION.into(), now);
        Self {
            directory: directory.to_owned(),
            outbox: Mutex::new(outbox),
            to_send: Notify::new(),
            status: Mutex::new(status),
            lost: Arc::default(),
            worn: AtomicBool::new(false),
            measures: Mutex::default(),
            // The look at the start is one.
            changes: Semaphore::new(CHANGES - 1),
            clock,
        }
    }
}

/// What the thread that watches is told.
pub(crate) enum Message {
    /// Something new, and the place of the stream up to which it goes.
    Change(Change, u64),
    /// Everything that the node has is known.
    CaughtUp,
    /// What the node wants.
    Orders(Orders),
    /// Something was done beside the watching.
    Done(Done),
    /// What a thread beside the watching did broke off.
    Lost(&'static str),
    /// The standard input has ended.
    Ended,
    Stop,
}

/// What is kept across restarts, as one.
#[derive(Default, Serialize, Deserialize)]
struct State {
    left: BTreeMap<String, Left>,
    /// The headers of tables, of which rows were read.
    #[serde(default)]
    headers: BTreeMap<String, Header>,
    groups: Groups,
    /// What the correlations have seen.
    seen: Option<Box<RawValue>>,
    /// The place of the stream up to which everything was looked for in the past.
    applied: Option<u64>,
}

/// The thread that watches.
struct Watching {
    shared: Arc<Shared>,
    watch: Watch,
    inputs: Vec<Reading>,
    counted: Counted,
    settled: Instant,
    kept: Instant,
    /// How long the last keeping took.
    keeping: Duration,
    until: Until,
    stdin: Stdin,
    /// The place of the stream up to which everything was looked for in the past.
    applied: u64,
    /// The places up to which that is being done.
    looking: VecDeque<u64>,
    aside: Aside,
    usual: Usual,
    /// Whether it may read: who reads only once knows first what to look for.
    begins: Begins,
}

type Thread = std::thread::JoinHandle<Result<(), SensorError>>;
type Ended = tokio::sync::oneshot::Receiver<()>;

/// When reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Now,
    OnceCaughtUp,
}

pub(crate) const OUTBOX: &str = "outbox.jsonl";
const STATE: &str = "state.json";
/// How long to wait when there is nothing to read.
const REST: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_millis(2);
const SECOND: Duration = Duration::from_secs(1);
/// How long the end waits for what is being written.
const LAST: Duration = Duration::from_secs(10);
/// Changes that may wait at once.
const CHANGES: usize = 8;
/// How often what was done is kept; less often when that takes long.
const KEEP: Duration = Duration::from_secs(5);

/// Runs the sensor of a directory until `stop` ends, or as it was started.
///
/// # Errors
/// What is wrong with its settings, its files or its link.
pub async fn run(start: Start, stop: impl Future<Output = ()>) -> Result<(), SensorError> {
    let directory = start.directory.clone();
    let identity = Identity::read(&directory)?;
    let _lock = lock(&directory)?;
    let until = start.until;
    let Opened { watching, known, sinks, messages, told } = Opened::of(start, &identity)?;
    let shared = Arc::clone(&watching.shared);
    let (thread, has_ended) = watching.begin(told)?;
    let link =
        Link { shared: Arc::clone(&shared), identity, known, messages: messages.clone(), until };
    let working = link::work(link, sinks);
    let all_read = async {
        // It ends by itself when all was read, or when it cannot go on.
        let _ended = has_ended.await;
        if until == Until::AllRead {
            link::all_sent(&shared).await;
        }
    };
    let outcome = tokio::select! {
        outcome = working => outcome,
        () = all_read => Ok(()),
        () = stop => Ok(()),
    };
    // It may have ended before.
    let _stopped = messages.send(Message::Stop);
    match tokio::task::spawn_blocking(move || thread.join()).await {
        Ok(Ok(watched)) => outcome.and(watched),
        _ => outcome.and(Err(SensorError::file(&directory, "the thread that watches was lost"))),
    }
}

/// Everything that a sensor has, before it begins.
struct Opened {
    watching: Watching,
    known: Known,
    sinks: Vec<Brought>,
    messages: Sender<Message>,
    told: Receiver<Message>,
}

impl Opened {
    fn of(start: Start, identity: &Identity) -> Result<Self, SensorError> {
        let directory = start.directory;
        let settings = Settings::read(&directory)?;
        let now = start.clock.now();
        let state: State = kept::get(&directory.join(STATE))?.unwrap_or_default();
        let mine = Mine {
            rules: start.rules,
            identity: identity.organisation.identity().to_string(),
            pipelines: start.pipelines,
            harmless: start.harmless,
        };
        let applied = state.applied.unwrap_or(u64::MAX);
        let (mut known, indicators, patterns) =
            Known::open(&directory.join("known.jsonl"), mine, (applied, now))?;
        let (days, most) = (settings.limits.history_days, settings.limits.history_mib << 20);
        let history = History::open(&directory.join("history"), days, most)?;
        let telling =
            Telling::new(identity.organisation.clone(), identity.salt(), settings.share.clone());
        let watch = Watch::new(telling, history, (indicators, patterns), settings.baselines);
        let outbox = Outbox::open(&directory.join(OUTBOX), settings.limits.findings)?;
        let shared = Arc::new(Shared::begun(&directory, (outbox, start.clock), now));
        let opening = Opening { directory: &directory, settings: &settings, state: &state };
        let (inputs, sinks) = opening.inputs(start.stdin, &shared.lost)?;
        let (messages, told) = channel();
        let aside =
            Aside::begin(&messages).map_err(|error| SensorError::file(&directory, error))?;
        let mut watching = Watching {
            shared,
            watch,
            inputs,
            counted: Counted::default(),
            settled: now,
            // It shows at once that it runs.
            kept: Instant::default(),
            keeping: Duration::ZERO,
            until: start.until,
            stdin: start.stdin,
            applied,
            looking: VecDeque::new(),
            aside,
            usual: Usual::new(&directory, now),
            begins: if start.until == Until::Told { Begins::Now } else { Begins::OnceCaughtUp },
        };
        known.measures().clone_into(&mut watching.shared.said().beat.measures);
        watching.take_up(state, known.rules(), now);
        watching.look_back(std::mem::take(&mut known.late), known.place());
        Ok(Self { watching, known, sinks, messages, told })
    }
}

/// An input whose lines others bring, and where they go.
pub(crate) type Brought = (Input, Sink);

/// What inputs are opened with.
struct Opening<'o> {
    directory: &'o Path,
    settings: &'o Settings,
    state: &'o State,
}

impl Opening<'_> {
    /// The inputs of the settings, and the standard input; and for those that others bring, where it
    /// goes.
    fn inputs(
        &self,
        stdin: Stdin,
        lost: &Arc<AtomicU64>,
    ) -> Result<(Vec<Reading>, Vec<Brought>), SensorError> {
        let more = (stdin == Stdin::Read).then(Input::default);
        let (mut readings, mut sinks) = (Vec::new(), Vec::new());
        for input in self.settings.inputs.iter().cloned().chain(more) {
            let name = input.name();
            let left = (self.state.left.get(&name), self.state.headers.get(&name));
            let (reading, writer) = Reading::open(self.directory, &input, self.settings, left)?;
            readings.push(reading);
            sinks.extend(writer.map(|writer| (input, Sink::new(writer, Arc::clone(lost)))));
        }
        Ok((readings, sinks))
    }
}

impl Watching {
    /// Watches on a thread of its own; when that has ended is told.
    fn begin(mut self, told: Receiver<Message>) -> Result<(Thread, Ended), SensorError> {
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let directory = self.shared.directory.clone();
        let thread = std::thread::Builder::new().name("watch".into()).spawn(move || {
            let outcome = self.run(&told);
            // Whoever waited may be gone.
            let _told = ended.send(());
            outcome
        });
        let thread = thread.map_err(|error| SensorError::file(&directory, error))?;
        Ok((thread, has_ended))
    }

    /// Goes on from what was kept.
    fn take_up(&mut self, state: State, rules: Change, now: Instant) {
        self.watch.change(rules);
        self.usual.take_up(&mut self.watch, now);
        self.watch.telling.take_up(state.groups);
        let Some(seen) = state.seen else { return };
        match self.watch.correlator.take_up(seen.get().as_bytes()) {
            Ok(left) => self.watch.leave_behind(left),
            Err(error) => {
                tracing::warn!(%error, "what the correlations had seen cannot be read; they begin anew");
            }
        }
    }

    /// Looks for what was kept, but never looked for in the past.
    fn look_back(&mut self, late: Vec<(Id, Term, Life)>, place: u64) {
        let look = self.watch.to_look_back(late);
        self.applies(look, place);
    }

    /// Everything up to a place is looked for, once this was; one after the other.
    fn applies(&mut self, look: Option<LookBack>, place: u64) {
        if look.is_none() && self.looking.is_empty() {
            self.applied = place;
            self.watch.withdrawn.clear();
            self.shared.changes.add_permits(1);
            return;
        }
        self.looking.push_back(place);
        self.aside.look_back(look.unwrap_or_default());
    }

    /// Takes in what was done beside.
    fn done(&mut self, done: Done, told: &mut Vec<Told>) {
        match done {
            Done::Arranged(arranged) => self.watch.arranged(arranged),
            Done::LookedBack(look) => {
                self.watch.looked_back(&look, self.shared.clock.now(), told);
                self.applied = self.looking.pop_front().unwrap_or(self.applied);
                if self.looking.is_empty() {
                    self.watch.withdrawn.clear();
                }
                self.shared.changes.add_permits(1);
            }
            Done::Kept(outcome) => self.usual.was_kept(outcome),
        }
    }

    fn run(&mut self, messages: &Receiver<Message>) -> Result<(), SensorError> {
        while self.turn(messages)? {}
        self.end(messages)
    }

    /// Reads a little of everything and hears what it is told; whether to go on.
    fn turn(&mut self, messages: &Receiver<Message>) -> Result<bool, SensorError> {
        let now = self.shared.clock.now();
        let (mut more, mut told) = (More::Later, Vec::new());
        let reads = self.begins == Begins::Now;
        for input in self.inputs.iter_mut().filter(|_| reads) {
            let read = input.read(&mut self.watch, &mut self.counted, now, &mut told);
            more = match (read, more) {
                (More::Now, _) | (_, More::Later) => read,
                _ => more,
            };
        }
        if is_over(self.settled, SECOND, now) {
            self.settled = now;
            self.watch.settle(now, &mut told);
        }
        self.tell(told)?;
        self.watch.arrange(&self.aside);
        if is_over(self.kept, KEEP.max(self.keeping * 20), now) {
            self.keep()?;
            self.usual.keep(&self.watch, &self.aside, &*self.shared.clock);
        }
        let all_read = reads
            && more == More::Later
            && self.looking.is_empty()
            && self.until == Until::AllRead
            && self.stdin == Stdin::Unread;
        Ok(!all_read && self.hear(messages, more)?)
    }

    /// Keeps everything for the last time.
    fn end(&mut self, messages: &Receiver<Message>) -> Result<(), SensorError> {
        self.keep()?;
        // Two would write one file.
        while self.usual.writes == Writes::Now {
            match messages.recv_timeout(LAST) {
                Ok(Message::Done(Done::Kept(outcome))) => self.usual.was_kept(outcome),
                Ok(Message::Lost(thread)) => return Err(self.lost(thread)),
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        }
        self.usual.keep_at_last(&self.watch)
    }

    /// Hears what it is told, waiting a little when there is nothing to read; whether to go on.
    fn hear(&mut self, messages: &Receiver<Message>, more: More) -> Result<bool, SensorError> {
        let rest = match more {
            More::Now => Duration::ZERO,
            More::Soon => SOON,
            More::Later => REST,
        };
        let mut message = match messages.recv_timeout(rest) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
        };
        let mut told = Vec::new();
        while let Some(this) = message {
            match this {
                Message::Stop => return Ok(false),
                Message::Ended => self.stdin = Stdin::Unread,
                Message::Orders(orders) => self.watch.telling.quiet(orders.quiet),
                Message::CaughtUp => self.begins = Begins::Now,
                Message::Change(change, place) => {
                    let look = self.watch.change(change);
                    self.applies(look, place);
                }
                Message::Done(done) => self.done(done, &mut told),
                Message::Lost(thread) => return Err(self.lost(thread)),
            }
            message = messages.try_recv().ok();
        }
        self.shared.worn.store(self.watch.is_worn(), Ordering::Relaxed);
        self.tell(told)?;
        Ok(true)
    }

    /// It cannot go on: what was to be done would never be, and nobody would know.
    fn lost(&self, thread: &str) -> SensorError {
        let reason = format!("what is done beside the watching ({thread}) broke off");
        SensorError::file(&self.shared.directory, reason)
    }

    fn tell(&self, told: Vec<Told>) -> Result<(), SensorError> {
        if told.is_empty() {
            return Ok(());
        }
        for it in &told {
            let (title, entity, count) = (&it.title, &it.entity, it.count);
            tracing::info!(finding = %it.id, %title, %entity, count, "found");
        }
        self.shared.outbox.lock().unwrap_or_else(PoisonError::into_inner).put(told)?;
        self.shared.to_send.notify_one();
        Ok(())
    }

    /// Keeps how far it read together with what it found.
    fn keep(&mut self) -> Result<(), SensorError> {
        let begun = self.shared.clock.now();
        self.watch.history.keep(begun)?;
        let left = self.inputs.iter().filter_map(|it| Some((it.name().to_owned(), it.left()?)));
        let headers = self.inputs.iter().filter_map(|it| {
            let header = it.header()?.clone();
            Some((it.name().to_owned(), header))
        });
        let seen =
            self.watch.correlator.written().ok().filter(|_| !self.watch.correlator.is_empty());
        let seen = seen.and_then(|it| serde_json::from_slice(&it).ok());
        let groups = self.watch.telling.kept();
        let (left, headers) = (left.collect(), headers.collect());
        let applied = Some(self.applied);
        let state = State { left, headers, groups, seen, applied };
        kept::put(&self.shared.directory.join(STATE), &state)?;
        self.inputs.iter_mut().try_for_each(Reading::kept)?;
        self.show(begun)?;
        let now = self.shared.clock.now();
        (self.kept, self.keeping) = (now, now.since(begun));
        Ok(())
    }

    /// Shows how it does.
    fn show(&self, now: Instant) -> Result<(), SensorError> {
        let (waiting, let_go) = {
            let outbox = self.shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
            (outbox.len(), outbox.lost)
        };
        let inputs: Vec<_> = self.inputs.iter().map(Reading::status).collect();
        let mut faults = self.counted.faults.clone();
        let mut count = |name: &str, count: u64| {
            if count > 0 {
                faults.insert(name.to_owned(), count);
            }
        };
        let mended = self.inputs.iter().map(Reading::mended);
        let (not_utf8, left_out) = mended.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        count("not-utf8", not_utf8);
        count("values-left-out", left_out);
        count("clock-ahead", self.watch.ahead);
        count("no-moment", self.watch.timeless);
        count("rules-of-all-events", self.watch.rules_of_all as u64);
        count("placeholders-unfilled", self.watch.rules_unfilled as u64);
        count("correlation-groups-let-go", self.watch.groups_left);
        let (forgotten, given_up, unwatched) = self.watch.patterns_let_go();
        count("patterns-not-watched-for", unwatched);
        count("pattern-observations-forgotten", forgotten);
        count("patterns-given-up", given_up);
        count("judged-harmless", self.watch.telling.quieted);
        count("groups-evicted", self.watch.telling.evicted + self.watch.correlator.evicted());
        count("not-found-again", inputs.iter().map(|it| it.gaps).sum());
        let mut status = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.at = now;
        let beat = &mut status.beat;
        beat.events = self.counted.events;
        beat.lag_s = self.watch.newest.map(|newest| now.since(newest).as_secs_f64());
        (beat.indicators, beat.rules) = self.watch.sizes();
        beat.rules_refused = self.watch.rules_refused;
        beat.waiting = waiting;
        beat.applied = if self.applied == u64::MAX { 0 } else { self.applied };
        beat.backlog = inputs.iter().map(|it| it.backlog).sum();
        beat.lost = let_go + self.shared.lost.load(Ordering::Relaxed);
        beat.faults = faults;
        (status.inputs, status.words) = (inputs, self.watch.telling.words());
        status.write(&self.shared.directory)
    }
}

/// Whether so long has passed since a moment, however the clock was set.
fn is_over(since: Instant, length: Duration, now: Instant) -> bool {
    now < since || now.since(since) >= length
}

/// Holds the directory for this process.
fn lock(directory: &Path) -> Result<File, SensorError> {
    let path = directory.join("lock");
    let file = kept::append(&path).map_err(|error| SensorError::file(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SensorError::InUse(directory.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(SensorError::file(&path, error)),
    }
}

#[cfg(test)]
mod tests;
