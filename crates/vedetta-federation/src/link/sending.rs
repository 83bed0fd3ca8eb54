//! What goes to the peer out of our ledger: three lanes, as much as the peer gave credit for.

use std::collections::VecDeque;

use super::{Fetched, ON_THE_WAY, Output};
use crate::bookmark::{Bookmark, Mark, Span};
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::frame::{Batch, Credit, Frame, MOST_ENVELOPES};
use crate::shelf::{Ask, Lane};

/// A page is of so many envelopes.
const PAGE: usize = 500;

/// And of objects with so many octets.
const PAGE_OCTETS: usize = 512 << 10;

/// A batch has at most about so many octets before compression, unless one envelope alone has more.
const BATCH_OCTETS: usize = 900 << 10;

/// All that are on their way have at most about so many, unless it is one alone. What an envelope
/// weighs is no less than half of its JSON.
const ROOM: usize = ON_THE_WAY / 2;

/// A backlog of fewer places is not searched for what is urgent first.
const SHORT_BACKLOG: u64 = 16;

/// More credit than this counts for nothing.
const MOST_CREDIT: u32 = 64;

/// Of so many batches one is of the backlog, whatever is live.
const TURNS: u8 = 4;

#[derive(Debug)]
pub(super) struct Sending {
    head: Mark,
    /// Up to here the peer gets back what came from it.
    echo: u64,
    /// What the peer has of our ledger.
    theirs: Bookmark,
    credit: u32,
    /// One credit is left for what is new, when the peer gives more than one.
    spare: u32,
    number: u64,
    /// So many refusals the peer may have to tell.
    answers: usize,
    turn: u8,
    flight: VecDeque<Flight>,
    urgent: Course,
    live: Course,
    backlog: Course,
}

/// A batch that the peer has not confirmed.
#[derive(Clone, Copy, Debug)]
struct Flight {
    number: u64,
    span: Span,
    hash: Digest,
    /// About how many octets it has.
    octets: usize,
}

/// How far a lane has come.
#[derive(Debug)]
struct Course {
    lane: Lane,
    /// What is still to be read, the nearest first.
    ahead: VecDeque<Span>,
    /// What was asked.
    asked: Option<Ask>,
    /// Whether what was asked was read to nowhere: until the next tick nothing is.
    stuck: bool,
    /// What is ready to go.
    ready: VecDeque<Part>,
    /// What was read and had nothing for the peer.
    nothing: Option<(Span, Digest)>,
}

/// A batch before it has its number.
#[derive(Debug)]
struct Part {
    span: Span,
    /// What was read for it: of what is urgent nothing counts as sent, and yet it is read again when
    /// it is given up.
    read: Span,
    hash: Digest,
    envelopes: Vec<Envelope>,
    /// About how many octets these have.
    octets: usize,
}

/// Whether the peer's bookmark is of our ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ledger {
    /// It is.
    Same,
    /// Ours is another since some place: we were restored.
    Another,
}

impl Sending {
    pub(super) fn new(head: Mark, echo: u64) -> Self {
        Self {
            head,
            echo,
            theirs: Bookmark::default(),
            credit: 0,
            spare: 0,
            number: 0,
            answers: 0,
            turn: 0,
            flight: VecDeque::new(),
            urgent: Course::new(Lane::Urgent),
            live: Course::new(Lane::Live),
            backlog: Course::new(Lane::Backlog),
        }
    }

    pub(super) const fn head(&self) -> Mark {
        self.head
    }

    pub(super) const fn theirs(&self) -> &Bookmark {
        &self.theirs
    }

    pub(super) fn lag(&self) -> u64 {
        self.theirs.gaps(self.head.place).iter().map(|gap| gap.upto - gap.after).sum()
    }

    /// Our ledger goes on.
    pub(super) fn advance(&mut self, head: Mark) {
        if head.place <= self.head.place {
            return;
        }
        let new = Span { after: self.head.place, upto: head.place };
        self.head = head;
        match self.live.ahead.back_mut() {
            Some(last) if last.upto == new.after => last.upto = new.upto,
            _ => self.live.ahead.push_back(new),
        }
    }

    pub(super) fn begin(&mut self, theirs: Bookmark, credit: u32) {
        self.theirs = theirs;
        self.credit = credit.min(MOST_CREDIT);
        self.spare = u32::from(self.credit > 1);
    }

    /// Up to a place the peer's bookmark is of our ledger.
    pub(super) fn compared(&mut self, common: u64) -> Ledger {
        let ledger = if common < self.theirs.newest() { Ledger::Another } else { Ledger::Same };
        self.theirs.cut(common);
        self.restart();
        ledger
    }

    fn restart(&mut self) {
        let gaps: VecDeque<_> = self.theirs.gaps(self.head.place).into();
        let missed: u64 = gaps.iter().map(|gap| gap.upto - gap.after).sum();
        self.live = Course::new(Lane::Live);
        self.backlog = Course::new(Lane::Backlog);
        self.urgent = Course::new(Lane::Urgent);
        if missed > SHORT_BACKLOG {
            self.urgent.ahead = gaps.clone();
        }
        self.backlog.ahead = gaps;
    }

    /// What was read and not sent is given up, and read again as things stand then.
    pub(super) fn forget(&mut self) {
        [&mut self.urgent, &mut self.live, &mut self.backlog].into_iter().for_each(Course::forget);
    }

    pub(super) fn credit(
        &mut self,
        credit: Credit,
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        if credit.taken > self.number {
            return Err("confirmed a batch that was never sent");
        }
        self.credit = self.credit.saturating_add(credit.batches).min(MOST_CREDIT);
        while let Some(flight) = self.flight.front().copied() {
            if flight.number > credit.taken {
                break;
            }
            self.flight.pop_front();
            if !flight.span.is_empty() {
                self.theirs.add(flight.span, flight.hash);
                out.push(Output::Confirmed(flight.span));
            }
        }
        Ok(())
    }

    pub(super) fn fetched(&mut self, fetched: Fetched) {
        self.course(fetched.ask.lane).fetched(fetched);
    }

    /// The peer refuses so many; says how many of these it had to.
    pub(super) fn refused(&mut self, count: usize) -> usize {
        let due = count.min(self.answers);
        self.answers -= due;
        due
    }

    /// What was read to nowhere is asked for again.
    pub(super) fn tick(&mut self) {
        for course in [&mut self.urgent, &mut self.live, &mut self.backlog] {
            course.stuck = false;
        }
    }

    /// Tells the peer how far we are, though there was nothing for it.
    pub(super) fn flush(&mut self) {
        self.live.flush();
        self.backlog.flush();
    }

    pub(super) fn pump(&mut self, out: &mut Vec<Output>) {
        while let Some((lane, part)) = self.next_part() {
            self.number += 1;
            self.credit -= 1;
            let Part { span, hash, envelopes, octets, .. } = part;
            let number = self.number;
            self.flight.push_back(Flight { number, span, hash, octets });
            self.answers += envelopes.len();
            let batch = Batch { number, lane, span, hash, envelopes };
            out.push(Output::Send(Frame::Batch(Box::new(batch))));
        }
        for course in [&mut self.urgent, &mut self.live, &mut self.backlog] {
            if let Some(ask) = course.next_ask(self.echo) {
                out.push(Output::Fetch(ask));
            }
        }
    }

    /// What goes next, when the peer has room for it: nothing goes before it meanwhile, or it would
    /// wait for ever.
    fn next_part(&mut self) -> Option<(Lane, Part)> {
        let lane = self.next_lane()?;
        let on_the_way = self.flight.iter().map(|flight| flight.octets).sum::<usize>();
        let octets = self.course(lane).ready.front()?.octets;
        if !self.flight.is_empty() && on_the_way + octets > ROOM {
            return None;
        }
        self.turn = if lane == Lane::Backlog { 0 } else { self.turn.saturating_add(1) };
        self.course(lane).ready.pop_front().map(|part| (lane, part))
    }

    /// Of which lane something goes next.
    fn next_lane(&self) -> Option<Lane> {
        let ready = |course: &Course| !course.ready.is_empty();
        if self.credit == 0 {
            return None;
        }
        if self.turn >= TURNS - 1 && ready(&self.backlog) {
            return Some(Lane::Backlog);
        }
        if let Some(course) = [&self.urgent, &self.live].into_iter().find(|it| ready(it)) {
            return Some(course.lane);
        }
        (self.credit > self.spare && ready(&self.backlog)).then_some(Lane::Backlog)
    }

    const fn course(&mut self, lane: Lane) -> &mut Course {
        match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Live => &mut self.live,
            Lane::Backlog => &mut self.backlog,
        }
    }
}

impl Course {
    fn new(lane: Lane) -> Self {
        let (ahead, ready) = (VecDeque::new(), VecDeque::new());
        Self { lane, ahead, asked: None, stuck: false, ready, nothing: None }
    }

    /// What to read next: one page ahead of what is ready.
    fn next_ask(&mut self, echo: u64) -> Option<Ask> {
        if self.asked.is_some() || self.stuck || self.ready.len() > 1 {
            return None;
        }
        let span = *self.ahead.front()?;
        let ask = Ask { lane: self.lane, span, envelopes: PAGE, octets: PAGE_OCTETS, echo };
        self.asked = Some(ask.clone());
        Some(ask)
    }

    fn fetched(&mut self, fetched: Fetched) {
        if self.asked.as_ref() != Some(&fetched.ask) {
            return;
        }
        self.asked = None;
        let Fetched { ask, upto, envelopes } = fetched;
        if upto.place <= ask.span.after {
            // To go on after it would be to leave it out, to go on at once to read it for ever.
            self.stuck = true;
            return;
        }
        let read =
            Span { after: ask.span.after, upto: upto.place.clamp(ask.span.after, ask.span.upto) };
        let ended = self.move_on(read.upto);
        if self.lane == Lane::Urgent {
            let nowhere = Span { after: read.upto, upto: read.upto };
            return self.divide((nowhere, read), upto.hash, envelopes);
        }
        let before = self.nothing.take().filter(|(span, _)| span.upto == read.after);
        let after = before.map_or(read.after, |(span, _)| span.after);
        let span = Span { after, upto: read.upto };
        if !envelopes.is_empty() {
            self.divide((span, span), upto.hash, envelopes);
        } else if !span.is_empty() {
            self.nothing = Some((span, upto.hash));
            if ended && self.lane == Lane::Backlog {
                self.flush();
            }
        }
    }

    /// Goes on after what was read; says whether the span is at its end.
    fn move_on(&mut self, upto: u64) -> bool {
        let Some(first) = self.ahead.front_mut() else { return true };
        first.after = upto;
        let ended = first.is_empty();
        if ended {
            self.ahead.pop_front();
        }
        ended
    }

    fn forget(&mut self) {
        self.asked = None;
        let nothing = self.nothing.take().map(|(span, _)| span);
        let ready = self.ready.drain(..).map(|part| part.read);
        let spans: Vec<_> = ready.chain(nothing).filter(|span| !span.is_empty()).collect();
        for span in spans.into_iter().rev() {
            match self.ahead.front_mut() {
                Some(first) if first.after == span.upto => first.after = span.after,
                _ => self.ahead.push_front(span),
            }
        }
    }

    fn flush(&mut self) {
        if let Some((span, hash)) = self.nothing.take() {
            let (read, envelopes, octets) = (span, Vec::new(), 0);
            self.ready.push_back(Part { span, read, hash, envelopes, octets });
        }
    }

    /// Divides what is too large for one frame; the last part says how far it goes.
    fn divide(&mut self, (span, read): (Span, Span), hash: Digest, envelopes: Vec<Envelope>) {
        let nowhere = Span { after: span.after, upto: span.after };
        let (mut part, mut octets) = (Vec::new(), 0);
        for envelope in envelopes {
            let size = envelope.weight();
            if !part.is_empty() && (octets + size > BATCH_OCTETS || part.len() >= MOST_ENVELOPES) {
                let envelopes = std::mem::take(&mut part);
                let octets = std::mem::take(&mut octets);
                self.ready.push_back(Part {
                    span: nowhere,
                    read: nowhere,
                    hash,
                    envelopes,
                    octets,
                });
            }
            octets += size;
            part.push(envelope);
        }
        if !part.is_empty() || !span.is_empty() {
            self.ready.push_back(Part { span, read, hash, envelopes: part, octets });
        }
    }
}
