//! One connection with a peer, as a machine without I/O: frames, answers and ticks go in, frames and
//! requests come out.
//!
//! The host connects, checks the peer's key against the pinned card, makes a [`Link`], and then only
//! carries: what comes over the wire goes in as [`Input::Frame`], what comes out as [`Output::Send`]
//! goes over the wire, [`Output::Fetch`] and [`Output::Take`] are answered by
//! [`crate::exchange::fetch`] and [`crate::exchange::take`] where blocking is allowed, and
//! [`Input::Tick`] comes once a second. Outputs are to be carried out in their order.
//!
//! **Lanes.** Whoever sends reads its ledger in three parts at once: *live*, from its end at the
//! moment of the connection; *backlog*, what the peer missed before; and *urgent*, the early
//! warnings of the backlog, which go first. A batch goes only when the peer has given credit for
//! it. The backlog leaves one credit for live and urgent, and when those have taken three in a row
//! it has its turn: neither starves the other.
//!
//! **Bounds.** A peer can make a link hold eight batches with 16 MiB of JSON in all, or one alone, and
//! one page for each lane. Whoever sends more than its credit or than fits, more cards than there can be nodes, a thousand frames between two ticks, or
//! much beside its batches, is told goodbye.

mod receiving;
mod sending;

use std::time::Duration;

use vedetta_model::{Instant, OrganisationId};

use crate::bookmark::{Bookmark, Mark, Span};
use crate::card::Card;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::frame::{Batch, Beat, Bye, Farewell, Frame, Hello, Rewind, Told, VERSIONS};
use crate::shelf::{Ask, Outcome};
use receiving::Receiving;
use sending::Sending;

/// Nothing heard for so long: the connection is over.
pub const SILENCE: Duration = Duration::from_secs(30);

/// A sign of life goes out so often.
pub const BEAT: Duration = Duration::from_secs(10);

/// When something is to come again that found no room to wait, the connection begins again, but not
/// sooner than so long after it began.
pub const SOON: Duration = Duration::from_secs(10);

/// So many batches may be on their way to a receiver.
pub const CREDIT: u32 = 8;

/// All batches that are on their way have at most so many octets of JSON, unless it is one alone: what
/// a peer may have a receiver keep does not grow with the largest that there can be.
pub const ON_THE_WAY: usize = 16 << 20;

/// Between two ticks a peer may send so many frames.
const MOST_FRAMES: u32 = 1000;

/// Beside batches a peer may send so many octets at once, decompressed: the cards of all nodes that
/// there can be.
const MOST_BESIDE: usize = 64 << 20;

/// And so many more with each tick.
const BESIDE: usize = 1 << 20;

/// And so many for each envelope that it was sent, to refuse it.
const REFUSAL: usize = 1 << 10;

/// Of the cards that are sent, so many go in one frame.
const CARDS_AT_ONCE: usize = 100;

/// With what a connection begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// This node.
    pub me: OrganisationId,
    /// The peer, proven by the connection.
    pub peer: OrganisationId,
    /// Our newest card.
    pub card: Card,
    /// Under which name our ledger is offered to this peer.
    pub edition: String,
    /// Where our ledger ends.
    pub head: Mark,
    /// What we have of the peer's.
    pub bookmark: Bookmark,
    /// Every card that we know: ours, and those we vouch for.
    pub cards: Vec<Card>,
    /// What was refused of the peer's, where it is not known that it heard of that.
    pub untold: Vec<Told>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The frame that comes next is no batch, and had so many octets when it was decompressed.
    Octets(usize),
    /// The frame that comes next is a batch, and had so many octets when it was decompressed.
    OctetsOfBatch(usize),
    /// A part of a frame came: the peer is there.
    Part,
    /// A frame came.
    Frame(Frame),
    /// Our ledger goes on up to here.
    Advanced(Mark),
    /// What [`Output::Common`] asked.
    Common(u64),
    /// What [`Output::Fetch`] asked.
    Fetched(Fetched),
    /// What became of [`Output::Take`].
    Taken(Taken),
    /// The bookmark of [`Output::Remember`] is durable.
    Remembered,
    /// New cards to vouch for.
    Vouch(Vec<Card>),
    /// What stands is another: what was read and is not sent yet is to be read again.
    Changed,
    /// A frame came of a type that is not known.
    Unknown,
    /// Time passed: once a second.
    Tick,
    /// We end it.
    Stop(Farewell),
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this.
    Send(Frame),
    /// The peer has shown itself: its card is to be checked against the pinned one (and learnt, when
    /// it follows it) before anything else. Stop the link when it is another.
    Met(Box<Card>),
    /// Which of these marks is of our ledger? Answer with [`Input::Common`].
    Common(Bookmark),
    /// Read our ledger for the peer. Answer with [`Input::Fetched`].
    Fetch(Ask),
    /// Check and take in. Answer with [`Input::Taken`], in order. One at a time, unless
    /// [`Link::take_ahead`] says otherwise.
    Take(Taking),
    /// Make this bookmark durable. Answer with [`Input::Remembered`].
    Remember(Bookmark),
    /// The peer brought cards.
    Learn(Vec<Card>),
    /// Everything of this part of our ledger is durable at the peer.
    Confirmed(Span),
    /// The peer refused some of ours.
    Refused(Vec<Told>),
    /// The peer has heard that we refused these.
    Heard(Vec<Digest>),
    /// How far the peer's clock is ahead of ours, in microseconds.
    Skew(i64),
    /// The connection is over: close it. The reason, and whether the peer gave it.
    Down(Farewell, By),
}

/// Who ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// This node.
    Us,
    /// The peer.
    Peer,
}

/// A part of our ledger, sealed and ready to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// What was asked.
    pub ask: Ask,
    /// The last place that was read, with its hash.
    pub upto: Mark,
    /// What is there.
    pub envelopes: Vec<Envelope>,
}

/// A batch to be taken in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taking {
    /// What came.
    pub batch: Box<Batch>,
    /// What we have without it.
    pub bookmark: Bookmark,
}

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Its number.
    pub number: u64,
    /// What we have now.
    pub bookmark: Bookmark,
    /// What became of each envelope that was not refused.
    pub outcomes: Vec<Outcome>,
    /// What was refused.
    pub refused: Vec<Told>,
    /// What gave way to another version, by its leaf.
    pub gave_way: Vec<Digest>,
    /// Whether something that found no room to wait is to come again: the bookmark has no more of it.
    pub opened: bool,
}

/// One connection with a peer.
#[derive(Debug)]
pub struct Link {
    opening: Opening,
    phase: Phase,
    clock: Clocks,
    frames: u32,
    /// Octets beside batches, less what each tick allows.
    beside: usize,
    /// Where the peer's ledger ends, as it last said.
    head: Option<u64>,
    sending: Sending,
    receiving: Receiving,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Our hello is sent, the peer's is awaited.
    Greeting,
    /// The peer's marks are being compared with our ledger.
    Comparing,
    /// Everything flows.
    Open,
    /// One of the two was restored: nothing is sent or taken until the connection begins again.
    Parted,
    /// The connection is over.
    Over,
}

/// How a peer sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Fair,
    Flood,
}

/// When what was heard and said.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    heard: Instant,
    /// When our last beat went out.
    beat: Instant,
    /// The peer's last `now`, and when we heard it.
    theirs: Option<(Instant, Instant)>,
    /// When it began.
    began: Instant,
    /// When to begin again, because something is to come again.
    again: Option<Instant>,
}

impl Link {
    /// Begins a connection: our hello goes out.
    #[must_use]
    pub fn open(opening: Opening, now: Instant) -> (Self, Vec<Output>) {
        let hello = Hello {
            versions: VERSIONS,
            card: opening.card.clone(),
            to: opening.peer.clone(),
            edition: opening.edition.clone(),
            head: opening.head,
            now,
            resume: opening.bookmark.clone(),
            credit: CREDIT,
        };
        let link = Self {
            sending: Sending::new(opening.head, opening.bookmark.echo),
            receiving: Receiving::new(opening.bookmark.clone()),
            phase: Phase::Greeting,
            clock: Clocks { heard: now, beat: now, theirs: None, began: now, again: None },
            frames: 0,
            beside: 0,
            head: None,
            opening,
        };
        (link, vec![Output::Send(Frame::Hello(Box::new(hello)))])
    }

    /// Lets batches be checked while those before are written, as many as there is credit for: the
    /// host then passes on the bookmark from one to the next, since that of [`Output::Take`] is only
    /// of what is durable.
    pub fn take_ahead(&mut self) {
        self.receiving.take_ahead();
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether both have greeted each other.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// How many places of our ledger the peer does not have yet, as far as we know.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.sending.lag()
    }

    /// How many places of the peer's ledger we do not have yet, once it said how long that is.
    #[must_use]
    pub fn behind(&self) -> Option<u64> {
        let gaps = self.ours().gaps(self.head?);
        Some(gaps.iter().map(|gap| gap.upto - gap.after).sum())
    }

    /// How many refusals the peer is not known to have heard of.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.receiving.untold()
    }

    /// The peer's bookmark in our ledger, as far as we know.
    #[must_use]
    pub const fn theirs(&self) -> &Bookmark {
        self.sending.theirs()
    }

    /// What we have of the peer's ledger, durably.
    #[must_use]
    pub const fn ours(&self) -> &Bookmark {
        self.receiving.bookmark()
    }

    /// Takes in what happened; says what is to be done.
    pub fn handle(&mut self, input: Input, now: Instant) -> Vec<Output> {
        let mut out = Vec::new();
        if self.phase == Phase::Over {
            return out;
        }
        match input {
            Input::Octets(octets) => self.weigh(octets, &mut out),
            Input::OctetsOfBatch(octets) => self.receiving.expect(octets),
            // A hello is small: who greets in bits does not greet.
            Input::Part if self.phase == Phase::Greeting => {}
            Input::Part => self.clock.heard = now,
            Input::Frame(frame) => self.frame(frame, now, &mut out),
            Input::Advanced(head) => self.sending.advance(head),
            Input::Common(place) => self.compared(place, now, &mut out),
            Input::Fetched(fetched) => self.sending.fetched(fetched),
            Input::Taken(taken) => self.taken(taken, now, &mut out),
            Input::Remembered => self.remembered(&mut out),
            Input::Vouch(cards) => self.vouch(&cards, &mut out),
            Input::Changed => self.sending.forget(),
            Input::Unknown => {
                self.count(&mut out);
            }
            Input::Tick => self.tick(now, &mut out),
            Input::Stop(reason) => self.end(reason, "", &mut out),
        }
        if self.phase == Phase::Open {
            self.receiving.pump(&mut out);
            self.sending.pump(&mut out);
        }
        out
    }

    fn frame(&mut self, frame: Frame, now: Instant, out: &mut Vec<Output>) {
        self.clock.heard = now;
        if self.count(out) == Manner::Flood {
            return;
        }
        match (self.phase, frame) {
            (_, Frame::Bye(bye)) => {
                self.phase = Phase::Over;
                out.push(Output::Down(bye.reason, By::Peer));
            }
            (Phase::Greeting, Frame::Hello(hello)) => self.hello(*hello, now, out),
            (Phase::Greeting, _) => self.end(Farewell::Protocol, "say hello first", out),
            (_, Frame::Hello(_)) => self.end(Farewell::Protocol, "a second hello", out),
            (_, Frame::Cards(cards)) if cards.is_empty() => {}
            (_, Frame::Cards(cards)) => match self.receiving.cards(cards.len()) {
                Ok(()) => out.push(Output::Learn(cards)),
                Err(says) => self.end(Farewell::Protocol, says, out),
            },
            (_, Frame::Batch(batch)) => {
                if let Err(says) = self.receiving.batch(batch) {
                    self.end(Farewell::Protocol, says, out);
                }
            }
            (_, Frame::Credit(credit)) => {
                if let Err(says) = self.sending.credit(credit, out) {
                    self.end(Farewell::Protocol, says, out);
                }
            }
            (_, Frame::Beat(beat)) => self.beat(beat, now, out),
            (_, Frame::Notice(notice)) => {
                // Who was sent much may have much to refuse.
                let due = REFUSAL * self.sending.refused(notice.refusals.len());
                self.beside = self.beside.saturating_sub(due);
                out.push(Output::Refused(notice.refusals));
            }
            (_, Frame::Rewind(rewind)) => self.rewind(rewind, out),
        }
    }

    /// Counts a frame; too many between two ticks end the connection.
    fn count(&mut self, out: &mut Vec<Output>) -> Manner {
        self.frames += 1;
        if self.frames <= MOST_FRAMES {
            return Manner::Fair;
        }
        self.end(Farewell::Protocol, "more than 1,000 frames in a second", out);
        Manner::Flood
    }

    /// Counts what comes beside batches, which are given credit for.
    fn weigh(&mut self, octets: usize, out: &mut Vec<Output>) {
        self.beside = self.beside.saturating_add(octets);
        if self.beside > MOST_BESIDE {
            self.end(Farewell::Protocol, "more beside batches than there can be to say", out);
        }
    }

    fn hello(&mut self, hello: Hello, now: Instant, out: &mut Vec<Output>) {
        let (low, high) = hello.versions;
        if high < VERSIONS.0 || low > VERSIONS.1 {
            return self.end(
                Farewell::Version,
                "this node speaks version 2; bring the other up to date",
                out,
            );
        }
        let expected = &self.opening;
        if hello.card.says.organisation != expected.peer || hello.to != expected.me {
            return self.end(Farewell::Stranger, "the card or the addressee is another", out);
        }
        self.clock.theirs = Some((hello.now, now));
        self.head = Some(hello.head.place);
        out.push(Output::Met(Box::new(hello.card)));
        let cards = std::mem::take(&mut self.opening.cards);
        self.receiving.begin(&hello.edition);
        self.phase = Phase::Comparing;
        self.vouch(&cards, out);
        self.receiving.tell(std::mem::take(&mut self.opening.untold), now, out);
        let same = hello.resume.edition == self.opening.edition;
        let resume = if same { hello.resume } else { Bookmark::default() };
        out.push(Output::Common(resume.clone()));
        self.sending.begin(resume, hello.credit);
    }

    /// Our ledger and the peer's marks in it were compared. When ours was restored, what the peer
    /// sends before it knows that would be entered without what we lost: nothing is taken until it
    /// begins again.
    fn compared(&mut self, place: u64, now: Instant, out: &mut Vec<Output>) {
        if self.phase != Phase::Comparing {
            return;
        }
        match self.sending.compared(place) {
            sending::Ledger::Same => self.phase = Phase::Open,
            sending::Ledger::Another => {
                self.phase = Phase::Parted;
                self.clock.again = Some(now.after(SILENCE));
                out.push(Output::Send(Frame::Rewind(Rewind { to: place })));
            }
        }
    }

    /// The peer was restored: what we have of it after that place is not what it has.
    fn rewind(&mut self, rewind: Rewind, out: &mut Vec<Output>) {
        match self.receiving.rewind(rewind.to, self.sending.head().place) {
            Ok(bookmark) => {
                self.phase = Phase::Parted;
                out.push(Output::Remember(bookmark));
            }
            Err(says) => self.end(Farewell::Protocol, says, out),
        }
    }

    /// What the peer is to get back is durable: from now on all of it is read so.
    fn remembered(&mut self, out: &mut Vec<Output>) {
        if self.phase == Phase::Parted {
            self.end(Farewell::Again, "what was lost comes with the next connection", out);
        }
    }

    fn vouch(&mut self, cards: &[Card], out: &mut Vec<Output>) {
        if self.phase == Phase::Greeting {
            return self.opening.cards.extend_from_slice(cards);
        }
        for some in cards.chunks(CARDS_AT_ONCE) {
            out.push(Output::Send(Frame::Cards(some.to_vec())));
        }
    }

    fn taken(&mut self, taken: Taken, now: Instant, out: &mut Vec<Output>) {
        if taken.opened {
            self.clock.again = Some(now.max(self.clock.began.after(SOON)));
        }
        self.receiving.taken(taken, now, out);
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.frames = 0;
        self.beside = self.beside.saturating_sub(BESIDE);
        self.receiving.tick();
        self.sending.tick();
        if now.since(self.clock.heard) >= SILENCE {
            return self.end(Farewell::Silent, "nothing was heard for 30 seconds", out);
        }
        if self.clock.again.is_some_and(|again| now >= again) {
            return self.end(Farewell::Again, "more is to come with the next connection", out);
        }
        if now.since(self.clock.beat) >= BEAT && self.phase != Phase::Greeting {
            self.sending.flush();
            let held = |(theirs, at): (Instant, Instant)| {
                (theirs, u64::try_from(now.since(at).as_micros()).unwrap_or(u64::MAX))
            };
            let head = self.sending.head().place;
            let beat = Beat { now, head, heard: self.clock.theirs.map(held) };
            self.clock.beat = now;
            out.push(Output::Send(Frame::Beat(beat)));
        }
    }

    fn beat(&mut self, beat: Beat, now: Instant, out: &mut Vec<Output>) {
        self.clock.theirs = Some((beat.now, now));
        self.head = Some(beat.head);
        let Some((ours, held)) = beat.heard else { return };
        let heard = self.receiving.heard(ours);
        if !heard.is_empty() {
            out.push(Output::Heard(heard));
        }
        let there_and_back = now.since(ours).saturating_sub(Duration::from_micros(held));
        if ours > now || there_and_back > SILENCE {
            return;
        }
        let half = i64::try_from(there_and_back.as_micros() / 2).unwrap_or(0);
        let ahead = beat.now.micros().saturating_add(half).saturating_sub(now.micros());
        out.push(Output::Skew(ahead));
    }

    fn end(&mut self, reason: Farewell, says: &str, out: &mut Vec<Output>) {
        self.phase = Phase::Over;
        out.push(Output::Send(Frame::Bye(Bye { reason, says: says.into() })));
        out.push(Output::Down(reason, By::Us));
    }
}
