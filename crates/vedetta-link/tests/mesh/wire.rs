//! Carries the frames of the room's link between two houses.

use std::collections::VecDeque;

use vedetta_federation::exchange::{Signer, common, fetch, take, take_waiting};
use vedetta_federation::frame::{Farewell, Frame};
use vedetta_federation::link::{Input, Link, Opening, Output};
use vedetta_federation::shelf::Shelf;
use vedetta_mesh::{Flown, Nodes, Terms};
use vedetta_model::OrganisationId;

use super::network::{Node, id};

/// One end of a connection.
struct End<'a> {
    nodes: &'a Nodes,
    peer: OrganisationId,
    connection: u64,
    link: Link,
    /// Frames for the other end.
    out: VecDeque<Vec<u8>>,
    head: u64,
    /// How often the peer was introduced to nodes, and how the nodes stood.
    introductions: u64,
    vouched: Vec<vedetta_federation::card::Card>,
    mesh: std::sync::Arc<vedetta_flow::mesh::Mesh>,
    /// Whether it is to be made again.
    again: bool,
    flown: Flown,
}

/// A connection between two houses.
pub(super) struct Wire<'a> {
    ends: [End<'a>; 2],
    /// Everything that went over it, decoded.
    pub(super) seen: Vec<String>,
}

/// Pairs two nodes, the first inviting.
pub(super) fn pair(one: &Node, two: &Node) {
    pair_on(one, two, &one.terms());
}

/// The same, the second accepting on some terms.
pub(super) fn pair_on(one: &Node, two: &Node, ours: &Terms) {
    let agreement = "pro-c2si".parse().unwrap();
    let address = format!("{}.example.org:8444", one.name);
    let (by, terms) = (one.administrator(), two.terms());
    let invited = one.nodes.invite_node(&by, &id(two.name), &agreement, &terms, &address);
    let code = invited.unwrap();
    let inviting = one.house.mesh().unwrap().key.public();
    let accepting = two.house.mesh().unwrap().key.public();
    let proposal = two.nodes.propose_pairing(&two.administrator(), &code, &inviting).unwrap();
    let answer = one.nodes.answer_proposal(&accepting, &proposal).unwrap();
    let accepted = two.nodes.accept_node(&two.administrator(), &code, (&inviting, &answer), ours);
    accepted.unwrap();
}

impl<'a> End<'a> {
    fn open(nodes: &'a Nodes, peer: &str) -> Self {
        let mesh = nodes.house().mesh().unwrap();
        let (peer, head) = (id(peer), nodes.head().unwrap());
        let vouched = nodes.vouched_cards(&peer).unwrap();
        let opening = Opening {
            me: mesh.me.clone(),
            peer: peer.clone(),
            card: mesh.card().unwrap().clone(),
            edition: nodes.edition(&peer).unwrap(),
            head,
            bookmark: nodes.bookmark(&peer).unwrap(),
            cards: vouched.clone(),
            untold: nodes.untold(&peer).unwrap(),
        };
        let (link, outputs) = Link::open(opening, nodes.house().now());
        let introductions = nodes.introductions(&peer);
        let connection = nodes.connect(&peer);
        let mut end = Self {
            nodes,
            peer,
            connection,
            link,
            out: VecDeque::new(),
            head: head.place,
            introductions,
            vouched,
            mesh,
            again: false,
            flown: Flown::default(),
        };
        end.follow(outputs);
        end
    }

    fn tell(&mut self, input: Input) {
        let outputs = self.link.handle(input, self.nodes.house().now());
        self.follow(outputs);
    }

    fn follow(&mut self, outputs: Vec<Output>) {
        let mut due = VecDeque::from(outputs);
        while let Some(output) = due.pop_front() {
            if let Some(input) = self.obey(output) {
                due.extend(self.link.handle(input, self.nodes.house().now()));
            }
        }
    }

    fn obey(&mut self, output: Output) -> Option<Input> {
        let (nodes, mesh) = (self.nodes, self.nodes.house().mesh().unwrap());
        match output {
            Output::Send(frame) => {
                self.out.push_back(frame.encode().unwrap());
                if let Frame::Batch(batch) = frame {
                    nodes.sent((&self.peer, self.connection), batch.span);
                    self.flown.sent(*batch);
                }
                None
            }
            Output::Met(card) => match nodes.meet(&self.peer, &card) {
                Ok(()) => None,
                Err(_) => Some(Input::Stop(Farewell::Stranger)),
            },
            Output::Common(bookmark) => Some(Input::Common(common(nodes, &bookmark).unwrap())),
            Output::Fetch(ask) => {
                let signer = Signer { node: &mesh.me, key: &mesh.key };
                let fetched = fetch(nodes, signer, &self.peer, &ask, nodes.house().now());
                if nodes.introductions(&self.peer) != self.introductions {
                    self.introductions = nodes.introductions(&self.peer);
                    self.vouched = nodes.vouched_cards(&self.peer).unwrap();
                    self.tell(Input::Vouch(self.vouched.clone()));
                }
                Some(Input::Fetched(fetched.unwrap()))
            }
            Output::Take(taking) => {
                let taken = take(nodes, &mesh.trust, &self.peer, taking, nodes.house().now());
                Some(Input::Taken(taken.unwrap()))
            }
            Output::Remember(bookmark) => {
                nodes.set_bookmark(&self.peer, &bookmark).unwrap();
                Some(Input::Remembered)
            }
            Output::Learn(cards) => {
                nodes.learn_cards(&self.peer, &cards).unwrap();
                None
            }
            Output::Confirmed(span) => {
                nodes.confirmed(&self.peer, span).unwrap();
                nodes.record_sent(&self.peer).unwrap();
                None
            }
            Output::Refused(told) => {
                nodes.refused_there(&self.peer, &told, &mut self.flown);
                None
            }
            Output::Heard(leaves) => {
                nodes.was_told(&self.peer, &leaves).unwrap();
                None
            }
            Output::Down(reason, _) => {
                self.again |= reason == Farewell::Again;
                None
            }
            Output::Skew(micros) => {
                nodes.note_skew(&self.peer, micros);
                None
            }
        }
    }

    /// Tries again what waits, and tells the link of what was written since; whether anything was.
    fn advance(&mut self) -> bool {
        let (nodes, mesh) = (self.nodes, self.nodes.house().mesh().unwrap());
        if !std::sync::Arc::ptr_eq(&mesh, &self.mesh) {
            self.mesh = std::sync::Arc::clone(&mesh);
            let cards = nodes.vouched_cards(&self.peer).unwrap();
            if cards != self.vouched {
                self.vouched.clone_from(&cards);
                self.tell(Input::Vouch(cards));
            }
        }
        while nodes.house().offer_again().unwrap() {}
        take_waiting(nodes, &mesh.trust, &self.peer, nodes.house().now()).unwrap();
        let head = self.nodes.head().unwrap();
        let news = head.place > self.head;
        if news {
            self.head = head.place;
            self.tell(Input::Advanced(head));
        }
        news
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.nodes.gave_up((&self.peer, self.connection));
        self.nodes.keep_flown(&self.peer, std::mem::take(&mut self.flown));
        self.nodes.record_sent(&self.peer).unwrap();
    }
}

impl<'a> Wire<'a> {
    /// Connects two nodes that were paired.
    pub(super) fn between(one: &'a Node, two: &'a Node) -> Self {
        let ends = [End::open(&one.nodes, two.name), End::open(&two.nodes, one.name)];
        Self { ends, seen: Vec::new() }
    }

    /// Carries frames until neither has anything to say; whether anything was said. What is to be
    /// made again is.
    pub(super) fn carry(&mut self) -> bool {
        let mut said = false;
        loop {
            // What was written while it was read is told too.
            let news = self.ends.iter_mut().fold(false, |news, end| end.advance() | news);
            let still = [0, 1].map(|from| !self.carry_from(from)) == [true, true];
            said |= !still;
            let quiet = still && !news;
            if quiet && self.ends.iter().any(|end| end.again) {
                self.ends = self.ends.each_ref().map(|end| End::open(end.nodes, end.peer.as_str()));
            } else if quiet {
                return said;
            }
        }
    }

    /// Tells one end what was written, and carries so many frames of what it has to say.
    pub(super) fn carry_some(&mut self, from: usize, frames: usize) {
        self.ends[from].advance();
        let _carried = (0..frames).take_while(|_| self.carry_one(from)).count();
    }

    /// Carries what one end has to say; whether that was anything.
    pub(super) fn carry_from(&mut self, from: usize) -> bool {
        let mut said = false;
        while self.carry_one(from) {
            said = true;
        }
        said
    }

    /// Carries until one end has said something of a kind, and nothing after it.
    pub(super) fn carry_until(&mut self, from: usize, kind: &str) {
        loop {
            let said = self.carry_one(from);
            if said && self.seen.last().is_some_and(|it| it.starts_with(kind)) {
                return;
            }
            assert!(self.carry_from(1 - from) | said, "it says nothing of that kind");
        }
    }

    fn carry_one(&mut self, from: usize) -> bool {
        let Some(octets) = self.ends[from].out.pop_front() else { return false };
        let frame = Frame::decode(octets[4], &octets[5..]).unwrap().unwrap();
        self.seen.push(format!("{frame:?}"));
        let taken = if let Frame::Credit(it) = &frame { it.taken } else { 0 };
        self.ends[1 - from].tell(Input::Frame(frame));
        self.ends[1 - from].flown.taken(taken);
        true
    }

    /// Whether both ends still speak.
    pub(super) fn is_up(&self) -> bool {
        self.ends.iter().all(|end| end.link.is_open())
    }
}

/// Carries over several connections until all are quiet.
pub(super) fn settle(wires: &mut [Wire<'_>]) {
    for _ in 0..100 {
        if !wires.iter_mut().fold(false, |said, wire| wire.carry() | said) {
            return;
        }
    }
    panic!("they never come to rest");
}
