//! What comes from the peer's ledger: batches in order, one taken in at a time.

use std::collections::VecDeque;

use vedetta_model::Instant;

use super::{CREDIT, ON_THE_WAY, Output, Taken, Taking};
use crate::bookmark::Bookmark;
use crate::cards::{MOST_CARDS, MOST_NODES};
use crate::digest::Digest;
use crate::frame::{Batch, Credit, Frame, MOST_REFUSALS, Notice, Told};
use crate::shelf::MOST_UNTOLD;

#[derive(Debug)]
pub(super) struct Receiving {
    /// What is durable here.
    bookmark: Bookmark,
    waiting: VecDeque<Box<Batch>>,
    /// The batches that are being taken in.
    taking: VecDeque<u64>,
    /// How many may be.
    at_once: usize,
    /// Octets of the batches for which no credit went back yet, by their number; and of the next.
    octets: VecDeque<(u64, usize)>,
    next: usize,
    /// The last batch that came.
    number: u64,
    cards: usize,
    /// Whether the peer said where our ledgers part.
    rewound: bool,
    /// What it was told that we refused, and when, as long as we do not know that it heard.
    said: VecDeque<(Instant, Digest)>,
}

impl Receiving {
    pub(super) const fn new(bookmark: Bookmark) -> Self {
        Self {
            bookmark,
            waiting: VecDeque::new(),
            taking: VecDeque::new(),
            at_once: 1,
            octets: VecDeque::new(),
            next: 0,
            number: 0,
            cards: 0,
            rewound: false,
            said: VecDeque::new(),
        }
    }

    pub(super) const fn bookmark(&self) -> &Bookmark {
        &self.bookmark
    }

    /// The peer offers its ledger under this name.
    pub(super) fn begin(&mut self, edition: &str) {
        if self.bookmark.edition != edition {
            let echo = self.bookmark.echo;
            self.bookmark = Bookmark { edition: edition.into(), echo, ..Bookmark::default() };
        }
    }

    /// The batch that comes next has so many octets.
    pub(super) const fn expect(&mut self, octets: usize) {
        self.next = octets;
    }

    pub(super) fn batch(&mut self, batch: Box<Batch>) -> Result<(), &'static str> {
        let unasked = self.waiting.len() + self.taking.len();
        if unasked >= CREDIT as usize {
            return Err("more batches than credit was given");
        }
        if self.number.checked_add(1) != Some(batch.number) {
            return Err("batches are to be numbered without gaps");
        }
        let octets = std::mem::take(&mut self.next);
        let before = self.octets.iter().map(|(_, octets)| octets).sum::<usize>();
        if before > 0 && before + octets > ON_THE_WAY {
            return Err("more in its batches than may be on the way");
        }
        self.octets.push_back((batch.number, octets));
        if batch.span.upto < batch.span.after {
            return Err("a span ends before it begins");
        }
        self.number = batch.number;
        self.waiting.push_back(batch);
        Ok(())
    }

    pub(super) fn cards(&mut self, count: usize) -> Result<(), &'static str> {
        self.cards = self.cards.saturating_add(count);
        if self.cards > MOST_NODES * MOST_CARDS {
            return Err("more cards than there can be nodes");
        }
        Ok(())
    }

    /// Nodes change their cards: with time more may come.
    pub(super) const fn tick(&mut self) {
        self.cards = self.cards.saturating_sub(1);
    }

    pub(super) fn taken(&mut self, taken: Taken, now: Instant, out: &mut Vec<Output>) {
        // What waited has no batch of its own; something may have been opened again with it.
        let waited = taken.number == 0;
        if !waited && self.taking.front() != Some(&taken.number) {
            return;
        }
        self.bookmark = taken.bookmark;
        let mut told = taken.refused;
        told.extend(taken.gave_way.into_iter().map(gave_way));
        self.tell(told, now, out);
        if waited {
            return;
        }
        self.taking.pop_front();
        self.octets.retain(|(number, _)| *number > taken.number);
        let credit = Credit { batches: 1, taken: taken.number };
        out.push(Output::Send(Frame::Credit(credit)));
    }

    /// Tells the peer what was refused.
    pub(super) fn tell(&mut self, told: Vec<Told>, now: Instant, out: &mut Vec<Output>) {
        self.said.extend(told.iter().map(|it| (now, it.leaf)));
        self.said.drain(..self.said.len().saturating_sub(MOST_UNTOLD));
        for some in told.chunks(MOST_REFUSALS) {
            out.push(Output::Send(Frame::Notice(Notice { refusals: some.to_vec() })));
        }
    }

    /// The peer has heard what we said up to a moment: frames keep their order.
    pub(super) fn heard(&mut self, ours: Instant) -> Vec<Digest> {
        let heard = self.said.iter().take_while(|(at, _)| *at < ours).count();
        self.said.drain(..heard).map(|(_, leaf)| leaf).collect()
    }

    pub(super) fn untold(&self) -> usize {
        self.said.len()
    }

    /// Goes back to a place; `echo` is the end of our own ledger.
    pub(super) fn rewind(&mut self, to: u64, echo: u64) -> Result<Bookmark, &'static str> {
        if self.number > 0 || self.rewound {
            return Err("a rewind comes before the first batch, once");
        }
        self.bookmark.cut(to);
        self.bookmark.echo = echo;
        self.rewound = true;
        Ok(self.bookmark.clone())
    }

    pub(super) fn take_ahead(&mut self) {
        self.at_once = CREDIT as usize;
    }

    pub(super) fn pump(&mut self, out: &mut Vec<Output>) {
        while self.taking.len() < self.at_once
            && let Some(batch) = self.waiting.pop_front()
        {
            self.taking.push_back(batch.number);
            out.push(Output::Take(Taking { batch, bookmark: self.bookmark.clone() }));
        }
    }
}

/// That something was taken in and is served nobody.
fn gave_way(leaf: Digest) -> Told {
    Told { leaf, why: "gave-way".into(), says: "another version of it prevails here".into() }
}
