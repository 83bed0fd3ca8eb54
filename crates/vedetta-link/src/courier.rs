//! The speaker of a node: the room's [`Link`] fed with frames, its requests answered from the ledger.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio::sync::Notify;
use vedetta_federation::card::Card;
use vedetta_federation::cards::{MOST_CARDS, PeerStage};
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::exchange::{Signer, check, check_waiting, fetch};
use vedetta_federation::frame::{Farewell, Frame, FrameError, Told};
use vedetta_federation::link::{self, Link, Opening, Output, Taking};
use vedetta_federation::shelf::{Ask, Lane, Shelf as _};
use vedetta_federation::waiting::{SOONEST, Waiting};
use vedetta_flow::mesh::Mesh;
use vedetta_mesh::{Flown, Nodes, ShelfError};
use vedetta_model::{Instant, OrganisationId};

use crate::allowance::Allowance;
use crate::desk::Desk;
use crate::doorkeeper::{Input, Leave, Report, Speaker};
use crate::reason::{Cause, Reason};
use crate::tally::Tally;

/// Speaks for a node over one link.
pub struct Courier {
    nodes: Arc<Nodes>,
    peer: OrganisationId,
    /// Which connection with the peer this is.
    connection: u64,
    link: Link,
    waiting: VecDeque<Bytes>,
    octets: usize,
    /// What the link asked for and takes long: one for each lane and two to take in, at most; and
    /// one for what waits.
    tasks: VecDeque<Task>,
    /// Where what was checked is written.
    desk: Desk,
    rung: Arc<Notify>,
    /// Where our ledger ended when it was looked at last.
    head: u64,
    /// How the nodes stood when cards were vouched for last, and which cards were.
    mesh: Arc<Mesh>,
    vouched: Vec<Card>,
    /// How often the peer was introduced to nodes when cards were vouched for last.
    introductions: u64,
    /// What came and may pass later, when it was tried last, and whether others are believed since.
    lobby: Waiting,
    tried: Instant,
    news: bool,
    /// How much the peer may bring.
    allowance: Allowance,
    /// Whether there was no room for more of it at the last look.
    full: bool,
    /// How many octets of JSON the batches had that were not checked yet, by their number.
    lengths: VecDeque<(u64, usize)>,
    /// Cards that were not learnt, and what the peer refused: noted seldom.
    unlearnt: Tally,
    refused: Tally,
    /// Refusals that were not noted.
    unheard: Tally,
    report: Report,
    /// What is on its way: to know of which item the peer refuses something.
    flown: Flown,
}

/// What takes long.
enum Task {
    /// Reading the ledger.
    Fetch(Ask),
    /// Checking and writing.
    Take(Taking),
    /// Checking and writing what waits.
    Retry,
}

/// Octets that may wait for a peer that does not read. Batches are bounded by the peer's credit and by
/// what may be on its way; what else piles up is answers to a peer that asks without listening.
const MOST_WAITING: usize = 32 << 20;

/// What is no item has an entry of its own however little it says: it counts for so many octets more.
const NOTICE: usize = 4 << 10;
/// So many octets a notice of refusals counts for, and each refusal: what is remembered of the peer is
/// written as a whole.
const REFUSALS: u64 = 128 << 10;
const REFUSAL: u64 = 1 << 10;
/// And so many each that the peer is not known to have heard of, whenever there are more.
const UNTOLD: u64 = 70;

impl Courier {
    /// Begins to speak with a peer, which may bring so much.
    ///
    /// # Errors
    /// When the node's memory cannot be read.
    pub fn begin(
        nodes: Arc<Nodes>,
        peer: OrganisationId,
        allowance: Allowance,
    ) -> Result<Self, String> {
        let unreadable = |error: ShelfError| format!("the ledger cannot be read: {error}");
        let mesh = nodes.house().mesh().map_err(|error| error.to_string())?;
        let head = nodes.head().map_err(unreadable)?;
        nodes.recover_sent(&peer).map_err(|error| error.to_string())?;
        let card = mesh.card().cloned().ok_or("this node has no card: say for whom it speaks")?;
        let introductions = nodes.introductions(&peer);
        let vouched = nodes.vouched_cards(&peer).map_err(|error| error.to_string())?;
        // The connection before may still write: what it adds after the bookmark was read comes again.
        let (bookmark, mut lobby) = nodes.memory(&peer).map_err(unreadable)?;
        lobby.begin();
        let tried = nodes.house().now();
        let untold = nodes.told_again(&peer, allowance.quota);
        let opening = Opening {
            me: mesh.me.clone(),
            peer: peer.clone(),
            card,
            edition: nodes.edition(&peer).map_err(unreadable)?,
            head,
            bookmark,
            cards: vouched.clone(),
            untold: untold.map_err(|error| error.to_string())?,
        };
        let (mut link, outputs) = Link::open(opening, nodes.house().now());
        link.take_ahead();
        let rung = Arc::new(Notify::new());
        let desk = Desk::open(Arc::clone(&nodes), peer.clone(), Arc::clone(&rung))?;
        let connection = nodes.connect(&peer);
        let mut courier = Self {
            nodes,
            peer,
            connection,
            link,
            waiting: VecDeque::new(),
            octets: 0,
            tasks: VecDeque::new(),
            desk,
            rung,
            head: head.place,
            mesh,
            vouched,
            introductions,
            lobby,
            tried,
            news: true,
            allowance,
            full: false,
            lengths: VecDeque::new(),
            unlearnt: Tally::default(),
            refused: Tally::default(),
            unheard: Tally::default(),
            report: Report::default(),
            flown: Flown::default(),
        };
        courier.follow(outputs).map_err(|reason| reason.says)?;
        Ok(courier)
    }

    /// Tells the link what happened, and does what it says, and so on until it says no more.
    fn tell(&mut self, input: link::Input) -> Result<(), Reason> {
        let outputs = self.link.handle(input, self.nodes.house().now());
        self.follow(outputs)
    }

    /// Vouches for cards that became known since: what their nodes sealed may be next.
    fn vouch(&mut self) -> Result<(), Reason> {
        let mesh = self.nodes.house().mesh().map_err(|error| error.to_string())?;
        if Arc::ptr_eq(&mesh, &self.mesh) {
            return Ok(());
        }
        (self.mesh, self.news) = (mesh, true);
        // What was read before and not sent yet may be for nobody there now.
        self.tell(link::Input::Changed)?;
        self.introduce()
    }

    /// Vouches for cards of which nothing went to the peer yet.
    fn introduce(&mut self) -> Result<(), Reason> {
        self.introductions = self.nodes.introductions(&self.peer);
        let all = self.nodes.vouched_cards(&self.peer).map_err(|error| error.to_string())?;
        let new: Vec<_> = all.iter().filter(|it| !self.vouched.contains(it)).cloned().collect();
        self.vouched = all;
        if new.is_empty() { Ok(()) } else { self.tell(link::Input::Vouch(new)) }
    }

    fn follow(&mut self, outputs: Vec<Output>) -> Result<(), Reason> {
        let mut due = VecDeque::from(outputs);
        let mut ended = Ok(());
        while let Some(output) = due.pop_front() {
            match self.obey(output) {
                Ok(None) => {}
                Ok(Some(input)) => due.extend(self.link.handle(input, self.nodes.house().now())),
                // What else is to be sent comes first: it may say farewell.
                Err(reason) => ended = ended.and(Err(reason)),
            }
        }
        ended
    }

    /// Does one thing; the answer, when the link wants one.
    fn obey(&mut self, output: Output) -> Result<Option<link::Input>, Reason> {
        let unable = |error: ShelfError| format!("the ledger refused: {error}");
        let nodes = Arc::clone(&self.nodes);
        Ok(match output {
            Output::Send(frame) => {
                self.send(frame)?;
                None
            }
            Output::Met(card) => {
                if let Err(reason) = nodes.meet(&self.peer, &card) {
                    tracing::warn!(peer = %self.peer, %reason, "not who was paired");
                    return Ok(Some(link::Input::Stop(Farewell::Stranger)));
                }
                None
            }
            Output::Common(bookmark) => {
                let place = bookmark.common(|place| nodes.hash_at(place)).map_err(unable)?;
                Some(link::Input::Common(place))
            }
            Output::Fetch(ask) => {
                self.tasks.push_back(Task::Fetch(ask));
                None
            }
            Output::Take(taking) => {
                self.tasks.push_back(Task::Take(taking));
                None
            }
            Output::Remember(bookmark) => {
                nodes.set_bookmark(&self.peer, &bookmark).map_err(unable)?;
                Some(link::Input::Remembered)
            }
            Output::Learn(cards) => {
                // Each is written with those of its node before: it costs more than it weighs.
                let octets =
                    serde_json::to_vec(&cards).map_or(0, |it| (it.len() * MOST_CARDS) as u64);
                let learnt = match self.allowance.make_room(&nodes, &self.peer, octets) {
                    Ok(()) => nodes.learn_cards(&self.peer, &cards).map_err(|it| it.to_string()),
                    Err(over) => Err(over.to_string()),
                };
                if let Err(error) = learnt
                    && let Some(count) = self.unlearnt.add(cards.len(), nodes.house().now())
                {
                    tracing::warn!(peer = %self.peer, count, %error, "cards were not learnt");
                }
                None
            }
            Output::Confirmed(span) => {
                nodes.confirmed(&self.peer, span).map_err(unable)?;
                None
            }
            Output::Refused(told) => {
                self.note_refusals(&told);
                None
            }
            Output::Heard(leaves) => {
                let noted = nodes.was_told(&self.peer, &leaves);
                noted.map_err(|error| error.to_string())?;
                None
            }
            Output::Skew(micros) => {
                self.report.skew_ms = Some(micros / 1000);
                nodes.note_skew(&self.peer, micros);
                None
            }
            Output::Down(reason, by) => return Err(Reason::said(by, reason)),
        })
    }

    /// Notes what the peer refused, as far as its quota goes: it alone says how much that is.
    fn note_refusals(&mut self, told: &[Told]) {
        let (now, peer) = (self.nodes.house().now(), &self.peer);
        if let Some(first) = told.first()
            && let Some(count) = self.refused.add(told.len(), now)
        {
            let (why, says) = (shown(&first.why), shown(&first.says));
            tracing::warn!(%peer, count, leaf = %first.leaf, why, says, "it refused some");
        }
        let octets = REFUSALS + REFUSAL * told.len() as u64;
        match self.allowance.make_room(&self.nodes, peer, octets) {
            Ok(()) => self.nodes.refused_there(peer, told, &mut self.flown),
            Err(over) => {
                if let Some(count) = self.unheard.add(told.len(), now) {
                    tracing::warn!(%peer, count, %over, "what it refuses is not noted");
                }
            }
        }
    }

    /// The next task that can be done: what is new goes before everything else.
    fn next_task(&mut self) -> Option<Task> {
        let live = |task: &Task| matches!(task, Task::Fetch(ask) if ask.lane == Lane::Live);
        let place = self.tasks.iter().position(live).or_else(|| self.first())?;
        self.tasks.remove(place)
    }

    /// The first that can be done: batches are taken in the order in which they came.
    fn first(&self) -> Option<usize> {
        let mut waits = false;
        self.tasks.iter().position(|task| {
            let takes = matches!(task, Task::Take(_));
            let turn = !(takes && waits);
            waits |= takes;
            turn && self.can(task)
        })
    }

    fn can(&self, task: &Task) -> bool {
        match task {
            Task::Fetch(_) => true,
            Task::Take(taking) => self.desk.takes(&taking.batch) && !self.full,
            Task::Retry => self.desk.is_idle(),
        }
    }

    fn perform(&mut self, task: Task) -> Result<(), Reason> {
        let nodes = Arc::clone(&self.nodes);
        let mesh = nodes.house().mesh().map_err(|error| error.to_string())?;
        match task {
            Task::Fetch(ask) => {
                let signer = Signer { node: &mesh.me, key: &mesh.key };
                let fetched = fetch(&*nodes, signer, &self.peer, &ask, nodes.house().now());
                let fetched = fetched.map_err(|error| format!("the ledger refused: {error}"))?;
                self.report.sent += fetched.envelopes.len() as u64;
                self.report.too_far += nodes.too_far(&self.peer);
                if nodes.introductions(&self.peer) != self.introductions {
                    self.introduce()?;
                }
                self.tell(link::Input::Fetched(fetched))
            }
            Task::Take(mut taking) => {
                if self.is_over(&taking) {
                    self.tasks.push_front(Task::Take(taking));
                    return Ok(());
                }
                // What was written since this was asked for stays in it.
                taking.bookmark = self.desk.bookmark().unwrap_or_else(|| self.link.ours()).clone();
                let batch = (taking, &mut self.lobby);
                let (checked, arrival) = check(&mesh.trust, &self.peer, batch, nodes.house().now());
                if arrival.waiting.is_some() {
                    // The room is written as a whole: when there is no more for it, the next waits.
                    let octets = self.lobby.octets() as u64;
                    let room = self.allowance.make_room(&nodes, &self.peer, octets);
                    self.full |= room.is_err();
                }
                Ok(self.desk.give(checked, arrival)?)
            }
            Task::Retry => {
                (self.tried, self.news) = (nodes.house().now(), false);
                let waiting = (self.link.ours().clone(), &mut self.lobby);
                if let Some((checked, arrival)) =
                    check_waiting(&mesh.trust, &self.peer, waiting, nodes.house().now())
                {
                    self.desk.give(checked, arrival)?;
                }
                Ok(())
            }
        }
    }

    /// Tries again what waits, when that is due.
    fn retry(&mut self) {
        let after = if self.news { SOONEST } else { self.lobby.due() };
        let now = self.nodes.house().now();
        let due = (now >= self.tried.after(after) || now < self.tried) && self.link.is_open();
        if due && !self.lobby.is_empty() && !self.tasks.iter().any(|it| matches!(it, Task::Retry)) {
            self.tasks.push_back(Task::Retry);
        }
    }

    /// Whether the peer has brought as much as it may: then it waits for its credit.
    fn is_over(&mut self, taking: &Taking) -> bool {
        let envelopes = &taking.batch.envelopes;
        let notices = envelopes.iter().filter(|it| !matches!(it.what, What::Item(_))).count();
        let weight = envelopes.iter().map(Envelope::weight).sum::<usize>() + NOTICE * notices;
        // What was passed over when it was read was read too.
        let number = taking.batch.number;
        let read = self.lengths.iter().find(|(it, _)| *it == number).map_or(0, |(_, it)| *it);
        let octets = weight.max(read) as u64;
        let room = self.allowance.make_room(&self.nodes, &self.peer, octets);
        let over = room.is_err();
        self.lengths.retain(|(it, _)| over || *it > number);
        if let Err(reason) = room
            && !self.report.over_quota
        {
            tracing::warn!(peer = %self.peer, %reason, "it waits");
        }
        (self.full, self.report.over_quota) = (over, over);
        over
    }

    /// Encodes a frame and puts it with those that wait. What fits no frame was not read for the peer;
    /// were there some all the same, it must not stop all the others for ever.
    fn send(&mut self, frame: Frame) -> Result<(), Reason> {
        if let Frame::Batch(batch) = &frame
            && !batch.span.is_empty()
        {
            self.nodes.sent((&self.peer, self.connection), batch.span);
        }
        match (frame.encode(), frame) {
            (Ok(octets), Frame::Batch(batch)) => {
                self.flown.sent(*batch);
                self.put(octets)
            }
            (Ok(octets), _) => self.put(octets),
            (Err(FrameError::TooLong(_)), Frame::Batch(mut batch))
                if !batch.envelopes.is_empty() =>
            {
                let all = batch.envelopes.iter().enumerate();
                let heaviest = all.max_by_key(|(_, it)| it.weight()).map_or(0, |(place, _)| place);
                let envelope = batch.envelopes.remove(heaviest);
                let (peer, place) = (&self.peer, envelope.place);
                tracing::error!(%peer, origin = %envelope.origin, place, "left out: larger than a frame");
                self.report.too_far += 1;
                self.send(Frame::Batch(batch))
            }
            (Err(FrameError::TooLong(_)), Frame::Cards(mut cards)) if cards.len() > 1 => {
                let rest = cards.split_off(cards.len() / 2);
                self.send(Frame::Cards(cards))?;
                self.send(Frame::Cards(rest))
            }
            (Err(FrameError::TooLong(_)), Frame::Cards(cards)) => {
                let node = cards.first().map(|card| &card.says.organisation);
                tracing::error!(peer = %self.peer, ?node, "left out: a card larger than a frame");
                Ok(())
            }
            (Err(error), _) => Err(format!("a frame was not sent: {error}").into()),
        }
    }

    fn put(&mut self, octets: Vec<u8>) -> Result<(), Reason> {
        self.octets += octets.len();
        self.waiting.push_back(octets.into());
        if self.octets > MOST_WAITING {
            return Err(Reason::new(Cause::Stalled, "the peer asks without listening"));
        }
        Ok(())
    }

    /// Says farewell, and nothing else that still waits: the link may be suspended.
    fn leave(&mut self, leave: Leave) -> Result<(), Reason> {
        (self.waiting, self.octets) = (VecDeque::new(), 0);
        let mesh = self.nodes.house().mesh().map_err(|error| error.to_string())?;
        let reason = match (leave, mesh.peer(&self.peer).map(|peer| &peer.stage)) {
            (Leave::Stops, _) => Farewell::Stopping,
            (Leave::Replaced, _) => Farewell::Replaced,
            (Leave::Again, _) => Farewell::Again,
            (Leave::Barred, Some(PeerStage::Suspended { .. })) => Farewell::Suspended,
            (Leave::Barred, Some(PeerStage::Ended { .. })) => Farewell::Ended,
            // Its key counts for nothing any more, or nobody knows it.
            (Leave::Barred, _) => Farewell::Stranger,
        };
        self.tell(link::Input::Stop(reason))
    }
}

/// What a peer says, fit for the log: its beginning, without what moves the cursor.
fn shown(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(200).collect()
}

impl Speaker for Courier {
    fn hear(&mut self, input: Input) -> Result<(), Reason> {
        match input {
            Input::Frame(mut octets) => {
                if octets.is_empty() {
                    return Err(Reason::new(Cause::Violation, "the peer sent an empty frame"));
                }
                self.nodes.hear(&self.peer);
                let kind = octets.get_u8();
                match Frame::unpacked(kind, &octets) {
                    Ok(Some((frame, octets))) => {
                        let weighed = match &frame {
                            Frame::Batch(batch) => {
                                self.lengths.push_back((batch.number, octets));
                                link::Input::OctetsOfBatch(octets)
                            }
                            _ => link::Input::Octets(octets),
                        };
                        let taken = if let Frame::Credit(it) = &frame { it.taken } else { 0 };
                        self.tell(weighed)?;
                        self.tell(link::Input::Frame(frame))?;
                        self.flown.taken(taken);
                        Ok(())
                    }
                    // A later version may know it.
                    Ok(None) => self.tell(link::Input::Unknown),
                    Err(error) => {
                        self.tell(link::Input::Stop(Farewell::Protocol))?;
                        Err(Reason::new(Cause::Violation, error.to_string()))
                    }
                }
            }
            Input::Part => {
                self.nodes.hear(&self.peer);
                self.tell(link::Input::Part)
            }
            Input::Grown => {
                self.vouch()?;
                let head = self.nodes.head().map_err(|error| error.to_string())?;
                if head.place == self.head {
                    return Ok(());
                }
                self.head = head.place;
                self.tell(link::Input::Advanced(head))
            }
            Input::Tick => {
                self.vouch()?;
                self.retry();
                self.full = false;
                if let Err(error) = self.nodes.look_after(&self.peer) {
                    tracing::error!(peer = %self.peer, %error, "what it is to be offered again waits");
                }
                if let Err(error) = self.nodes.record_sent(&self.peer) {
                    tracing::error!(peer = %self.peer, %error, "what went to it is not written down");
                }
                self.tell(link::Input::Tick)
            }
            Input::Leave(leave) => self.leave(leave),
        }
    }

    fn say(&mut self) -> Result<Option<Bytes>, Reason> {
        let next = self.waiting.pop_front();
        self.octets -= next.as_ref().map_or(0, Bytes::len);
        Ok(next)
    }

    fn ring(&self) -> Option<Arc<Notify>> {
        Some(Arc::clone(&self.rung))
    }

    fn is_busy(&self) -> bool {
        self.first().is_some()
    }

    fn work(&mut self) -> Result<(), Reason> {
        while let Some(taken) = self.desk.written()? {
            self.report.taken += taken.outcomes.len() as u64;
            self.report.refused += taken.refused.len() as u64;
            let told = taken.refused.len() + taken.gave_way.len();
            self.tell(link::Input::Taken(taken))?;
            if told > 0 {
                // All that it is not known to have heard was written once more.
                let octets = UNTOLD * self.link.untold() as u64;
                let room = self.allowance.make_room(&self.nodes, &self.peer, octets);
                self.full |= room.is_err();
            }
        }
        match self.next_task() {
            Some(task) => self.perform(task),
            None => Ok(()),
        }
    }

    fn report(&self) -> Report {
        Report { lag: self.link.lag(), behind: self.link.behind(), ..self.report }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.nodes.gave_up((&self.peer, self.connection));
        self.nodes.keep_flown(&self.peer, std::mem::take(&mut self.flown));
        if let Err(error) = self.nodes.record_sent(&self.peer) {
            tracing::error!(peer = %self.peer, %error, "what went to it is not written down");
        }
    }
}
