//! Lets a speaker speak over a line until the link ends. Each link has a thread: a peer that is
//! slow to understand, or whose batches take long to write, holds up nobody else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};
use vedetta_flow::Sequence;
use vedetta_model::OrganisationId;

use crate::bounds::Bounds;
use crate::doorkeeper::{Doorkeeper, Input, Speaker};
use crate::frames::{Broken, Frames};
use crate::line::{Dialled, Line};
use crate::links::{Claim, Links};

/// How long entries gather before the speaker hears of them: what is written one by one travels
/// together.
const GATHERING: Duration = Duration::from_millis(5);

/// Who speaks, and the bell that tells it of news.
pub(crate) struct Voice {
    speaker: Box<dyn Speaker>,
    bell: watch::Receiver<Sequence>,
}

/// One conversation.
struct Conversation {
    speaker: Box<dyn Speaker>,
    claim: Claim,
    frames: Frames,
    outgoing: mpsc::Sender<Bytes>,
    bell: watch::Receiver<Sequence>,
    ticks: Interval,
    /// Ticks without room to send.
    stalled: u64,
    patience: u64,
    /// Whether the speaker has more to say than there is room for.
    full: bool,
}

enum Event {
    Input(Input),
    Room,
    Broken(Broken),
    Gone,
    End(String),
}

impl Voice {
    /// That of a node for a peer. It hears the bell from before it looks at the ledger, so that it
    /// misses nothing.
    pub(crate) fn of(keeper: &dyn Doorkeeper, peer: &OrganisationId, dialled: Dialled) -> Self {
        let bell = keeper.bell();
        Self { speaker: keeper.speaker(peer, dialled), bell }
    }
}

/// Starts the link that a claim is for, on a thread of its own.
pub(crate) fn start(links: &Links, claim: Claim, line: Line, voice: Voice) {
    let (bounds, Voice { speaker, bell }) = (links.bounds().clone(), voice);
    let runtime = Handle::current();
    let thread = std::thread::Builder::new().name("link".into());
    let started = thread.spawn(move || {
        let Line { incoming, outgoing, held, .. } = line;
        let frames = Frames::of(incoming, bounds.frame);
        let ticks = {
            let _entered = runtime.enter();
            let mut ticks = tokio::time::interval(bounds.tick);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        let patience = patience(&bounds);
        let mut conversation = Conversation {
            speaker,
            claim,
            frames,
            outgoing,
            bell,
            ticks,
            stalled: 0,
            patience,
            full: false,
        };
        let reason = conversation.hold(&runtime);
        conversation.take_leave(&runtime, bounds.farewell);
        conversation.claim.reason = reason;
        drop((conversation, held));
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for a link");
    }
}

fn patience(bounds: &Bounds) -> u64 {
    let ticks = bounds.silence.as_micros() / bounds.tick.as_micros().max(1);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

impl Conversation {
    /// Until it ends; says why.
    fn hold(&mut self, runtime: &Handle) -> String {
        loop {
            if let Err(reason) = self.say() {
                return reason;
            }
            let outcome = match runtime.block_on(self.wait()) {
                Event::Input(input) => self.hear(input),
                Event::Room => Ok(()),
                Event::Broken(broken) => Err(broken.to_string()),
                Event::Gone => Err("the connection broke".into()),
                Event::End(reason) => {
                    // Whatever it answers, this is the end.
                    let _farewell = self.speaker.hear(Input::Leave);
                    Err(reason)
                }
            };
            *self.claim.meter.report() = self.speaker.report();
            if let Err(reason) = outcome {
                return reason;
            }
        }
    }

    async fn wait(&mut self) -> Event {
        let ended = async |end: &mut watch::Receiver<Option<String>>| {
            let reason = end.wait_for(Option::is_some).await;
            reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
        };
        let grown = async |bell: &mut watch::Receiver<Sequence>| {
            if bell.changed().await.is_err() {
                // The house is gone; what is left is told by the others.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GATHERING).await;
            bell.mark_unchanged();
        };
        tokio::select! {
            reason = ended(&mut self.claim.end) => Event::End(reason),
            frame = self.frames.next() => match frame {
                Ok(frame) => Event::Input(Input::Frame(frame)),
                Err(broken) => Event::Broken(broken),
            },
            () = grown(&mut self.bell) => Event::Input(Input::Grown),
            _ = self.ticks.tick() => Event::Input(Input::Tick),
            room = self.outgoing.reserve(), if self.full => match room {
                Ok(_room) => Event::Room,
                Err(_) => Event::Gone,
            },
        }
    }

    fn hear(&mut self, input: Input) -> Result<(), String> {
        let meter = &self.claim.meter;
        match &input {
            Input::Frame(frame) => meter.received(frame.len()),
            Input::Tick => {
                let silent = meter.silent.fetch_add(1, Ordering::Relaxed);
                self.stalled = if self.full { self.stalled + 1 } else { 0 };
                if silent >= self.patience {
                    return Err("the peer fell silent".into());
                }
                if self.stalled >= self.patience {
                    return Err("the peer does not take what it is sent".into());
                }
            }
            Input::Grown | Input::Leave => {}
        }
        self.speaker.hear(input)
    }

    /// Says what there is room for.
    fn say(&mut self) -> Result<(), String> {
        loop {
            let room = match self.outgoing.try_reserve() {
                Ok(room) => room,
                Err(mpsc::error::TrySendError::Full(())) => {
                    self.full = true;
                    return Ok(());
                }
                Err(mpsc::error::TrySendError::Closed(())) => {
                    return Err("the connection broke".into());
                }
            };
            (self.full, self.stalled) = (false, 0);
            match self.speaker.say()? {
                None => return Ok(()),
                Some(frame) => {
                    self.claim.meter.sent(frame.len());
                    room.send(frame);
                }
            }
        }
    }

    /// Sends the last words, if they are taken in time.
    fn take_leave(&mut self, runtime: &Handle, longest: Duration) {
        let (speaker, outgoing) = (&mut self.speaker, &self.outgoing);
        let leaving = async {
            while let Ok(Some(frame)) = speaker.say() {
                if outgoing.send(frame).await.is_err() {
                    return;
                }
            }
        };
        let _in_time = runtime.block_on(async { tokio::time::timeout(longest, leaving).await });
    }
}
