//! Lets a speaker speak over a line until the link ends. Each link has a thread: a peer that is
//! slow to understand, or whose batches take long to write, holds up nobody else.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use vedetta_flow::Sequence;
use vedetta_model::OrganisationId;

use crate::bounds::Bounds;
use crate::doorkeeper::{Doorkeeper, Input, Leave, Speaker};
use crate::frames::{Broken, Frames};
use crate::line::{Dialled, Line};
use crate::links::{Claim, Ending, Links};
use crate::reason::{Cause, Reason};

/// How long entries gather before the speaker hears of them: what is written one by one travels
/// together.
const GATHERING: Duration = Duration::from_millis(5);
/// Ticks for which one who takes nothing any more is listened to.
const LEAVING: u64 = 5;
/// How long a peer may take to hang up after the farewell, and how many frames it may send before.
const PARTING: Duration = Duration::from_secs(1);
const UNREAD: u32 = 64;
/// A frame goes out in pieces of so many octets: each that is taken shows that the peer is there.
const PIECE: usize = 256 << 10;
/// Why a link ended of which neither side said why.
const BROKE: &str = "the connection broke";

/// Who speaks, and the bell that tells it of news.
pub(crate) struct Voice {
    speaker: Box<dyn Speaker>,
    bell: watch::Receiver<Sequence>,
}

/// One conversation.
struct Conversation {
    speaker: Box<dyn Speaker>,
    /// Rings when the speaker has work that came from elsewhere.
    ring: Option<Arc<Notify>>,
    claim: Claim,
    frames: Frames,
    outgoing: mpsc::Sender<Bytes>,
    /// What is left of the frame that is being said.
    rest: Bytes,
    bell: watch::Receiver<Sequence>,
    /// Since the bell rang: until then more may come.
    gathering: Option<Pin<Box<Sleep>>>,
    ticks: Interval,
    /// Ticks without room to send.
    stalled: u64,
    patience: u64,
    /// Ticks since the last whole frame at which a part of the next had come, and how many of those
    /// are signs of life.
    parts: u64,
    most_parts: u64,
    /// Whether the speaker has more to say than there is room for.
    full: bool,
    /// Whether the peer takes nothing any more. It may have said why: what came is heard first.
    unheard: bool,
}

enum Event {
    Input(Input),
    Leisure,
    Room,
    Broken(Broken),
    End(Leave, String),
}

impl Voice {
    /// That of a node for a peer. It hears the bell from before it looks at the ledger, so that it
    /// misses nothing.
    pub(crate) fn of(keeper: &dyn Doorkeeper, peer: &OrganisationId, dialled: Dialled) -> Self {
        let bell = keeper.bell();
        Self { speaker: keeper.speaker(peer, dialled), bell }
    }
}

/// Until the ledger has grown and what else comes has gathered. Cancelled, it forgets nothing: a
/// frame that comes meanwhile must not cost the news.
async fn grown(bell: &mut watch::Receiver<Sequence>, gathering: &mut Option<Pin<Box<Sleep>>>) {
    let sleep = match gathering {
        Some(sleep) => sleep,
        None => {
            if bell.changed().await.is_err() {
                // The house is gone; what is left is told by the others.
                std::future::pending::<()>().await;
            }
            gathering.insert(Box::pin(tokio::time::sleep(GATHERING)))
        }
    };
    sleep.await;
    *gathering = None;
    bell.mark_unchanged();
}

async fn rung(ring: Option<&Notify>) {
    match ring {
        Some(ring) => ring.notified().await,
        None => std::future::pending().await,
    }
}

/// Starts the link that a claim is for, on a thread of its own.
pub(crate) fn start(links: &Links, claim: Claim, line: Line, voice: Voice) {
    let (bounds, Voice { speaker, bell }) = (links.bounds().clone(), voice);
    let runtime = Handle::current();
    let thread = std::thread::Builder::new().name("link".into());
    let started = thread.spawn(move || {
        let Line { incoming, outgoing, held, gone, .. } = line;
        let frames = Frames::of(incoming, bounds.frame);
        let ticks = {
            let _entered = runtime.enter();
            let mut ticks = tokio::time::interval(bounds.tick);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let patience = ticks_in(bounds.silence, &bounds);
        let most_parts = ticks_in(bounds.whole, &bounds);
        let mut conversation = Conversation {
            ring: speaker.ring(),
            speaker,
            claim,
            frames,
            outgoing,
            rest: Bytes::new(),
            bell,
            gathering: None,
            ticks,
            stalled: 0,
            patience,
            parts: 0,
            most_parts,
            full: false,
            unheard: false,
        };
        let reason = conversation.hold(&runtime);
        let mut claim = conversation.take_leave(&runtime, bounds.farewell);
        claim.reason = reason;
        drop(held);
        if let (true, Some(gone)) = (claim.is_for_good(), gone) {
            // The process ends soon: what was said must be on the wire before.
            let _in_time =
                runtime.block_on(async { tokio::time::timeout(bounds.farewell, gone).await });
        }
        drop(claim);
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for a link");
    }
}

fn ticks_in(time: Duration, bounds: &Bounds) -> u64 {
    let ticks = time.as_micros() / bounds.tick.as_micros().max(1);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

impl Conversation {
    /// Until it ends; says why.
    fn hold(&mut self, runtime: &Handle) -> Reason {
        loop {
            if let Err(reason) = self.say() {
                return reason;
            }
            let outcome = match runtime.block_on(self.next()) {
                Event::Leisure => self.speaker.work(),
                Event::Input(input) => self.hear(input),
                Event::Room => Ok(()),
                Event::Broken(_) if self.unheard => Err(Reason::new(Cause::Broken, BROKE)),
                Event::Broken(broken) => Err(Reason::new(Cause::Broken, broken.to_string())),
                Event::End(leave, reason) => {
                    // Whatever it answers, this is the end.
                    let _farewell = self.speaker.hear(Input::Leave(leave));
                    Err(Reason::left(leave, reason))
                }
            };
            *self.claim.meter.report() = self.speaker.report();
            if let Err(reason) = outcome {
                return reason;
            }
        }
    }

    /// What happened, or that nothing did and there is work.
    async fn next(&mut self) -> Event {
        let busy = self.speaker.is_busy() && !self.unheard;
        tokio::select! {
            biased;
            event = self.wait() => event,
            () = std::future::ready(()), if busy => Event::Leisure,
        }
    }

    async fn wait(&mut self) -> Event {
        let ended = async |end: &mut watch::Receiver<Option<Ending>>| {
            let ending = end.wait_for(Option::is_some).await;
            ending.ok().and_then(|it| it.clone()).unwrap_or((Leave::Stops, String::new()))
        };
        tokio::select! {
            (leave, reason) = ended(&mut self.claim.end) => Event::End(leave, reason),
            frame = self.frames.next() => match frame {
                Ok(frame) => Event::Input(Input::Frame(frame)),
                Err(broken) => Event::Broken(broken),
            },
            () = rung(self.ring.as_deref()) => Event::Leisure,
            () = grown(&mut self.bell, &mut self.gathering) => Event::Input(Input::Grown),
            _ = self.ticks.tick() => Event::Input(Input::Tick),
            // When it is closed, that shows in what is said next.
            _ = self.outgoing.reserve(), if self.full => Event::Room,
        }
    }

    fn hear(&mut self, input: Input) -> Result<(), Reason> {
        let meter = &self.claim.meter;
        match &input {
            Input::Frame(frame) => {
                meter.received(frame.len());
                self.parts = 0;
            }
            Input::Tick => {
                // A large frame may take longer than silence may last, but not for ever.
                if self.frames.came() && self.parts < self.most_parts {
                    self.parts += 1;
                    meter.silent.store(0, Ordering::Relaxed);
                    self.speaker.hear(Input::Part)?;
                }
                let silent = meter.silent.fetch_add(1, Ordering::Relaxed);
                self.stalled = if self.full || self.unheard { self.stalled + 1 } else { 0 };
                if self.unheard {
                    return if self.stalled < LEAVING {
                        Ok(())
                    } else {
                        Err(Reason::new(Cause::Broken, BROKE))
                    };
                }
                if silent >= self.patience {
                    return Err(Reason::new(Cause::Silent, "the peer fell silent"));
                }
                if self.stalled >= self.patience {
                    let says = "the peer does not take what it is sent";
                    return Err(Reason::new(Cause::Stalled, says));
                }
            }
            Input::Grown if self.unheard => return Ok(()),
            Input::Grown | Input::Part | Input::Leave(_) => {}
        }
        self.speaker.hear(input)
    }

    /// Says what there is room for.
    fn say(&mut self) -> Result<(), Reason> {
        while !self.unheard {
            let room = match self.outgoing.try_reserve() {
                Ok(room) => room,
                Err(mpsc::error::TrySendError::Full(())) => {
                    self.full = true;
                    return Ok(());
                }
                Err(mpsc::error::TrySendError::Closed(())) => {
                    (self.full, self.stalled, self.unheard) = (false, 0, true);
                    return Ok(());
                }
            };
            (self.full, self.stalled) = (false, 0);
            if self.rest.is_empty() {
                let Some(frame) = self.speaker.say()? else { return Ok(()) };
                self.claim.meter.sent(frame.len());
                self.rest = frame;
            }
            room.send(self.rest.split_to(PIECE.min(self.rest.len())));
        }
        Ok(())
    }

    /// Sends the last words, if they are taken in time, and lets the peer hang up: to close with
    /// something unread would take the words back from the wire.
    fn take_leave(self, runtime: &Handle, longest: Duration) -> Claim {
        let Self { mut speaker, claim, mut frames, outgoing, rest, .. } = self;
        // What goes out ends with it.
        let leaving = async move {
            // What was begun is to be said to its end.
            if !rest.is_empty() && outgoing.send(rest).await.is_err() {
                return;
            }
            while let Ok(Some(frame)) = speaker.say() {
                if outgoing.send(frame).await.is_err() {
                    return;
                }
            }
        };
        let parting = async {
            let _in_time = tokio::time::timeout(longest, leaving).await;
            let hanging_up = async {
                let mut left = UNREAD;
                while left > 0 && frames.next().await.is_ok() {
                    left -= 1;
                }
            };
            let _in_time = tokio::time::timeout(PARTING, hanging_up).await;
        };
        runtime.block_on(parting);
        claim
    }
}
