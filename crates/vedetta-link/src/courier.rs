//! The speaker between two nodes: the room's [`Link`] fed with frames, its requests answered from
//! the node's memory.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use vedetta_federation::card::Card;
use vedetta_federation::check::Trust;
use vedetta_federation::exchange::{Signer, fetch, take};
use vedetta_federation::frame::{Farewell, Frame, Told};
use vedetta_federation::key::SecretKey;
use vedetta_federation::link::{self, By, Link, Opening, Output};
use vedetta_federation::shelf::Shelf;
use vedetta_model::{Instant, OrganisationId};

use crate::doorkeeper::{Input, Report, Speaker};

/// A node as its links see it: its memory, its key, what it believes.
pub trait Node: Shelf + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Which node this is.
    fn me(&self) -> OrganisationId;

    /// Its present key.
    fn secret_key(&self) -> Arc<SecretKey>;

    /// Its newest card.
    fn card(&self) -> Card;

    /// What it believes now.
    fn trust(&self) -> Arc<Trust>;

    /// The cards that it vouches for.
    fn vouched(&self) -> Vec<Card>;

    /// Takes in cards that a peer brought, each for what it is worth.
    fn learn(&self, peer: &OrganisationId, cards: Vec<Card>);

    /// Whether a peer that shows this card is the one that was paired; learns it, when it follows
    /// the one that is known.
    ///
    /// # Errors
    /// Why not.
    fn met(&self, peer: &OrganisationId, card: &Card) -> Result<(), String>;

    /// Notes what a peer refused of ours.
    fn refused(&self, peer: &OrganisationId, told: &[Told]);
}

/// Speaks for a node over one link.
pub struct Courier<N> {
    node: Arc<N>,
    peer: OrganisationId,
    link: Link,
    waiting: VecDeque<Bytes>,
    octets: usize,
    /// Where our ledger ended when it was looked at last.
    head: u64,
    report: Report,
}

/// Octets that may wait for a peer that does not read. Batches are bounded by the peer's credit;
/// what else piles up is answers to a peer that asks without listening.
const MOST_WAITING: usize = 16 << 20;

impl<N: Node> Courier<N> {
    /// Begins to speak with a peer.
    ///
    /// # Errors
    /// When the node's memory cannot be read.
    pub fn begin(node: Arc<N>, peer: OrganisationId) -> Result<Self, String> {
        let unreadable = |error: N::Error| format!("the ledger cannot be read: {error}");
        let head = node.head().map_err(unreadable)?;
        let opening = Opening {
            me: node.me(),
            peer: peer.clone(),
            card: node.card(),
            edition: node.edition(&peer).map_err(unreadable)?,
            head,
            bookmark: node.bookmark(&peer).map_err(unreadable)?,
            cards: node.vouched(),
        };
        let (link, outputs) = Link::open(opening, node.now());
        let mut courier = Self {
            node,
            peer,
            link,
            waiting: VecDeque::new(),
            octets: 0,
            head: head.place,
            report: Report::default(),
        };
        courier.follow(outputs)?;
        Ok(courier)
    }

    /// Tells the link what happened, and does what it says, and so on until it says no more.
    fn tell(&mut self, input: link::Input) -> Result<(), String> {
        let outputs = self.link.handle(input, self.node.now());
        self.follow(outputs)
    }

    fn follow(&mut self, outputs: Vec<Output>) -> Result<(), String> {
        let mut due = VecDeque::from(outputs);
        let mut ended = Ok(());
        while let Some(output) = due.pop_front() {
            match self.obey(output) {
                Ok(None) => {}
                Ok(Some(input)) => due.extend(self.link.handle(input, self.node.now())),
                // What else is to be sent comes first: it may say farewell.
                Err(reason) => ended = ended.and(Err(reason)),
            }
        }
        ended
    }

    /// Does one thing; the answer, when the link wants one.
    fn obey(&mut self, output: Output) -> Result<Option<link::Input>, String> {
        let unable = |error: N::Error| format!("the ledger refused: {error}");
        let node = Arc::clone(&self.node);
        Ok(match output {
            Output::Send(frame) => {
                self.send(&frame)?;
                None
            }
            Output::Met(card) => {
                if let Err(reason) = node.met(&self.peer, &card) {
                    tracing::warn!(peer = %self.peer, %reason, "not who was paired");
                    return Ok(Some(link::Input::Stop(Farewell::Stranger)));
                }
                None
            }
            Output::Common(bookmark) => {
                let place = bookmark.common(|place| node.hash_at(place)).map_err(unable)?;
                Some(link::Input::Common(place))
            }
            Output::Fetch(ask) => {
                let (me, key) = (node.me(), node.secret_key());
                let signer = Signer { node: &me, key: &key };
                let fetched =
                    fetch(&*node, signer, &self.peer, &ask, node.now()).map_err(unable)?;
                self.report.sent += fetched.envelopes.len() as u64;
                Some(link::Input::Fetched(fetched))
            }
            Output::Take(taking) => {
                let taken = take(&*node, &node.trust(), &self.peer, taking, node.now());
                let taken = taken.map_err(unable)?;
                self.report.taken += taken.outcomes.len() as u64;
                self.report.refused += taken.refused.len() as u64;
                Some(link::Input::Taken(taken))
            }
            Output::Remember(bookmark) => {
                node.set_bookmark(&self.peer, &bookmark).map_err(unable)?;
                Some(link::Input::Remembered)
            }
            Output::Learn(cards) => {
                node.learn(&self.peer, cards);
                None
            }
            Output::Confirmed(span) => {
                node.confirmed(&self.peer, span).map_err(unable)?;
                None
            }
            Output::Refused(told) => {
                for it in &told {
                    tracing::warn!(peer = %self.peer, leaf = %it.leaf, why = %it.why, "{}", it.says);
                }
                node.refused(&self.peer, &told);
                None
            }
            Output::Skew(micros) => {
                self.report.skew_ms = Some(micros / 1000);
                None
            }
            Output::Down(reason, by) => return Err(ending(reason, by)),
        })
    }

    fn send(&mut self, frame: &Frame) -> Result<(), String> {
        let octets = frame.encode().map_err(|error| format!("a frame was not sent: {error}"))?;
        self.octets += octets.len();
        self.waiting.push_back(octets.into());
        if self.octets > MOST_WAITING {
            return Err("the peer asks without listening".into());
        }
        Ok(())
    }
}

impl<N: Node> Speaker for Courier<N> {
    fn hear(&mut self, input: Input) -> Result<(), String> {
        match input {
            Input::Frame(mut octets) => {
                if octets.is_empty() {
                    return Err("the peer sent an empty frame".into());
                }
                let kind = octets.get_u8();
                match Frame::decode(kind, &octets) {
                    Ok(Some(frame)) => self.tell(link::Input::Frame(frame)),
                    // A later version may know it.
                    Ok(None) => Ok(()),
                    Err(error) => {
                        self.tell(link::Input::Stop(Farewell::Protocol))?;
                        Err(error.to_string())
                    }
                }
            }
            Input::Grown => {
                let head = self.node.head().map_err(|error| error.to_string())?;
                if head.place == self.head {
                    return Ok(());
                }
                self.head = head.place;
                self.tell(link::Input::Advanced(head))
            }
            Input::Tick => self.tell(link::Input::Tick),
            Input::Leave => self.tell(link::Input::Stop(Farewell::Stopping)),
        }
    }

    fn say(&mut self) -> Result<Option<Bytes>, String> {
        let next = self.waiting.pop_front();
        self.octets -= next.as_ref().map_or(0, Bytes::len);
        Ok(next)
    }

    fn report(&self) -> Report {
        Report { lag: self.link.lag(), ..self.report }
    }
}

fn ending(reason: Farewell, by: By) -> String {
    let who = match by {
        By::Us => "this node",
        By::Peer => "the peer",
    };
    let why = match reason {
        Farewell::Stopping => "stops",
        Farewell::Version => "speaks no version of the protocol that the other does",
        Farewell::Stranger => "does not know the other's card",
        Farewell::Suspended => "has suspended the link",
        Farewell::Ended => "has ended the link",
        Farewell::Protocol => "says that the other broke the protocol",
        Farewell::Silent => "heard nothing for too long",
        Farewell::Replaced => "has a newer connection",
        Farewell::Other => "gave a reason that this version does not know",
    };
    format!("{who} {why}")
}
