//! The country as it runs: one queue of events, one clock, one chance.
//!
//! What different links, lanes and connections carry comes in any order. One stream keeps its own: where
//! it is rough a frame comes damaged, twice, or before those that were sent first all the same, and who
//! sees that ends the link.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use vedetta_federation::exchange;
use vedetta_federation::frame::{Decoder, Farewell, Frame};
use vedetta_federation::link::{Input, Link, Output, Taking};
use vedetta_federation::shelf::Ask;
use vedetta_model::{Agreement, Instant};

use crate::chance::Chance;
use crate::station::{Common, Session, Station};
use crate::witness::Witness;
use crate::world::{BEGINNING, World};

pub(crate) struct Country {
    pub(crate) world: Rc<World>,
    pub(crate) stations: Vec<Station>,
    pub(crate) now: Instant,
    pub(crate) chance: Chance,
    /// What happened, for whoever looks for a failure.
    pub(crate) history: Vec<String>,
    /// Links that carry nothing now, by their place in the world.
    pub(crate) cut: Vec<bool>,
    /// Whether frames are damaged, sent twice and overtaken by later ones.
    pub(crate) rough: bool,
    pub(crate) witness: Witness,
    /// The texts of agreements that were ever written.
    pub(crate) texts: Vec<Arc<Agreement>>,
    /// Envelopes refused, and those that were received.
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) received: u64,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    connections: u64,
    /// Connections that lost something: nothing passes any more, and nobody has noticed yet.
    dead: BTreeSet<u64>,
    /// When the last frame of each direction of a connection arrives: they keep their order.
    arrivals: BTreeMap<(u64, usize), Instant>,
}

/// One side of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct End {
    node: usize,
    peer: usize,
    connection: u64,
}

enum Event {
    /// Something arrives.
    Arrive(End, Carried),
    /// The node's memory gets to a question.
    Fetch(End, Ask),
    /// It gets to a batch.
    Take(End, Box<Taking>),
    /// An answer of the memory is heard.
    Answer(End, Box<Input>),
    /// A link's two nodes try to connect.
    Dial(usize),
    /// A second or two passed.
    Tick,
    /// Something in the story.
    Turn,
}

enum Carried {
    Frame(Box<Frame>),
    Octets(Vec<u8>),
}

const TICK: Duration = Duration::from_secs(2);

impl Country {
    pub(crate) fn new(world: World, mut chance: Chance) -> Self {
        let world = Rc::new(world);
        let common = Common::new(&world, &mut chance);
        let skewed = |node| {
            let skew = i64::try_from(chance.below(120_000_000)).unwrap() - 60_000_000;
            Station::new(&world, node, &common, skew)
        };
        let stations = (0..world.nodes.len()).map(skewed).collect();
        let mut country = Self {
            cut: vec![false; world.edges.len()],
            stations,
            now: BEGINNING,
            chance,
            history: Vec::new(),
            rough: true,
            witness: Witness::default(),
            texts: world.agreements.clone(),
            refused: BTreeMap::new(),
            received: 0,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            connections: 0,
            dead: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            world,
        };
        for edge in 0..country.world.edges.len() {
            country.later(1000, Event::Dial(edge));
        }
        country.at(TICK, Event::Tick);
        country
    }

    pub(crate) fn say(&mut self, what: String) {
        let seconds = self.now.since(BEGINNING).as_millis();
        self.history.push(format!("{:>8}.{:03} s  {what}", seconds / 1000, seconds % 1000));
    }

    /// After so many milliseconds the story goes on.
    pub(crate) fn turn_after(&mut self, millis: usize) {
        self.at(Duration::from_millis(millis as u64), Event::Turn);
    }

    /// Runs until the story wants its next turn, or nothing was read or taken in for so long.
    pub(crate) fn run(&mut self, quiet: Duration) -> Option<()> {
        let mut last = self.now;
        while let Some(Reverse((at, number))) = self.queue.pop() {
            let Some(event) = self.events.remove(&number) else { continue };
            self.now = at;
            if matches!(event, Event::Dial(_) | Event::Fetch(..) | Event::Take(..)) {
                last = at;
            }
            match event {
                Event::Turn => return Some(()),
                Event::Tick => self.tick(),
                Event::Dial(edge) => self.dial(edge),
                Event::Arrive(end, carried) => self.arrive(end, carried),
                Event::Fetch(end, ask) => self.fetch(end, &ask),
                Event::Take(end, taking) => self.take(end, *taking),
                Event::Answer(end, input) => self.feed(end, *input),
            }
            if self.now.since(last) > quiet {
                return None;
            }
        }
        None
    }

    /// A node falls: what was not durable is gone.
    pub(crate) fn fall(&mut self, node: usize) {
        self.stations[node].up = false;
        self.stations[node].sessions.clear();
    }

    pub(crate) fn rise(&mut self, node: usize) {
        self.stations[node].up = true;
    }

    /// Everybody hears that a node's ledger went on, and before that whether what stands is another.
    pub(crate) fn ring(&mut self, node: usize) {
        if self.stations[node].memory.stands_anew() {
            self.tell_all(node, &Input::Changed);
        }
        let mark = self.stations[node].memory.mark();
        self.tell_all(node, &Input::Advanced(mark));
    }

    pub(crate) fn tell_all(&mut self, node: usize, input: &Input) {
        let sessions = self.stations[node].sessions.iter();
        let ends: Vec<_> = sessions
            .map(|(peer, session)| End { node, peer: *peer, connection: session.number })
            .collect();
        for end in ends {
            self.feed(end, input.clone());
        }
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now.after(after), self.sequence)));
        self.events.insert(self.sequence, event);
    }

    fn later(&mut self, most_millis: usize, event: Event) {
        let millis = self.chance.between(1, most_millis);
        self.at(Duration::from_millis(millis as u64), event);
    }

    fn tick(&mut self) {
        for node in 0..self.stations.len() {
            self.tell_all(node, &Input::Tick);
            self.retry(node);
        }
        self.at(TICK, Event::Tick);
        for edge in 0..self.world.edges.len() {
            let (a, b) = self.world.edges[edge];
            let connected = |from: usize, to: usize| self.stations[from].sessions.get(&to);
            let whole = match (connected(a, b), connected(b, a)) {
                (Some(one), Some(other)) => one.number == other.number,
                _ => false,
            };
            let up = self.stations[a].up && self.stations[b].up && !self.cut[edge];
            if up && !whole && self.chance.once_in(2) {
                self.later(1500, Event::Dial(edge));
            }
        }
    }

    fn dial(&mut self, edge: usize) {
        let (a, b) = self.world.edges[edge];
        if self.cut[edge] || !self.stations[a].up || !self.stations[b].up {
            return;
        }
        self.connections += 1;
        let connection = self.connections;
        for (node, peer) in [(a, b), (b, a)] {
            let station = &mut self.stations[node];
            let opening = station.opening(&self.world.nodes[peer]);
            let (link, outputs) = Link::open(opening, station.clock(self.now));
            station.sessions.insert(peer, Session { number: connection, link });
            self.carry(End { node, peer, connection }, outputs);
        }
    }

    fn feed(&mut self, end: End, input: Input) {
        let station = &mut self.stations[end.node];
        let now = station.clock(self.now);
        let session = station.sessions.get_mut(&end.peer);
        let Some(session) = session.filter(|it| it.number == end.connection) else { return };
        let batch = match &input {
            Input::Frame(Frame::Batch(batch)) => Some(batch.number),
            _ => None,
        };
        let outputs = session.link.handle(input, now);
        if let Some(number) = batch {
            self.witness.came(end.connection, end.node, number, &outputs);
        }
        self.carry(end, outputs);
    }

    fn carry(&mut self, end: End, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(frame) => self.send(end, frame),
                Output::Fetch(ask) => self.later(50, Event::Fetch(end, ask)),
                Output::Take(taking) => self.later(60, Event::Take(end, Box::new(taking))),
                Output::Common(bookmark) => {
                    let place = exchange::common(&self.stations[end.node].memory, &bookmark);
                    let answer = Box::new(Input::Common(place.unwrap()));
                    self.later(10, Event::Answer(end, answer));
                }
                Output::Remember(bookmark) => {
                    use vedetta_federation::shelf::Shelf;
                    let memory = &self.stations[end.node].memory;
                    memory.set_bookmark(&self.world.nodes[end.peer], &bookmark).unwrap();
                    self.later(20, Event::Answer(end, Box::new(Input::Remembered)));
                }
                Output::Met(card) => self.learn(end.node, vec![*card]),
                Output::Learn(cards) => self.learn(end.node, cards),
                Output::Down(..) => {
                    self.stations[end.node].sessions.remove(&end.peer);
                }
                Output::Refused(told) => {
                    for it in told {
                        *self.refused.entry(it.why).or_default() += 1;
                    }
                }
                Output::Heard(_) | Output::Confirmed(_) | Output::Skew(_) => {}
            }
        }
    }

    fn learn(&mut self, node: usize, cards: Vec<vedetta_federation::card::Card>) {
        let news = self.stations[node].learn(cards);
        if !news.is_empty() {
            self.tell_all(node, &Input::Vouch(news));
        }
    }

    fn send(&mut self, end: End, frame: Frame) {
        let to = End { node: end.peer, peer: end.node, connection: end.connection };
        let edges = &self.world.edges;
        let between = |&(a, b): &(usize, usize)| {
            (a, b) == (end.node, end.peer) || (b, a) == (end.node, end.peer)
        };
        let edge = edges.iter().position(between).unwrap();
        if self.cut[edge] {
            self.dead.insert(end.connection);
        }
        if self.dead.contains(&end.connection) {
            return;
        }
        if let Frame::Batch(batch) = &frame {
            let station = &self.stations[end.node];
            let stands = station.memory.stands();
            let gone = station.memory.disk.borrow().gone.clone();
            self.witness.leaves(
                (&self.world, &self.texts),
                (end.node, end.peer),
                (&stands, &gone),
                batch,
            );
        }
        let mut carried = Carried::Frame(Box::new(frame));
        let damaged = self.rough && self.chance.once_in(300);
        if damaged || self.chance.once_in(16) {
            let Carried::Frame(frame) = carried else { return };
            let mut octets = frame.encode().unwrap();
            if damaged {
                let at = self.chance.below(octets.len());
                octets[at] ^= 1 << self.chance.below(8);
            }
            carried = Carried::Octets(octets);
        }
        if self.rough && self.chance.once_in(300) {
            let twin = match &carried {
                Carried::Frame(frame) => Carried::Frame(frame.clone()),
                Carried::Octets(octets) => Carried::Octets(octets.clone()),
            };
            self.deliver(to, twin);
        }
        self.deliver(to, carried);
    }

    /// Frames of one direction keep their order, but where it is rough, where one now and then comes
    /// before all that are on their way.
    fn deliver(&mut self, to: End, carried: Carried) {
        let delay = Duration::from_millis(self.chance.between(1, 400) as u64);
        let hurries = self.rough && self.chance.once_in(300);
        let arrival = self.arrivals.entry((to.connection, to.node)).or_insert(self.now);
        let mut at = self.now.after(delay).max(*arrival);
        if hurries && *arrival > self.now {
            self.witness.overtaking += 1;
            at = self.now;
        }
        *arrival = at.max(*arrival);
        self.at(at.since(self.now), Event::Arrive(to, carried));
    }

    fn arrive(&mut self, end: End, carried: Carried) {
        let input = match carried {
            Carried::Frame(frame) => Input::Frame(*frame),
            Carried::Octets(octets) => {
                let mut decoder = Decoder::default();
                decoder.push(&octets);
                match decoder.frame() {
                    Ok(Some(frame)) => Input::Frame(frame),
                    Ok(None) => return,
                    Err(_) => Input::Stop(Farewell::Protocol),
                }
            }
        };
        self.feed(end, input);
    }

    fn is_there(&self, end: End) -> bool {
        let session = self.stations[end.node].sessions.get(&end.peer);
        session.is_some_and(|session| session.number == end.connection)
    }

    fn fetch(&mut self, end: End, ask: &Ask) {
        if !self.is_there(end) {
            return;
        }
        let station = &self.stations[end.node];
        let peer = &self.world.nodes[end.peer];
        let now = station.clock(self.now);
        let fetched = exchange::fetch(&station.memory, station.signer(), peer, ask, now).unwrap();
        self.feed(end, Input::Fetched(fetched));
    }

    /// What waits at a node is tried again.
    fn retry(&mut self, node: usize) {
        use vedetta_federation::shelf::Shelf;
        let station = &self.stations[node];
        let peers = self.world.neighbours(node).into_iter().map(|peer| &self.world.nodes[peer]);
        let waited: Vec<_> =
            peers.filter(|peer| !station.memory.waiting(peer).unwrap().is_empty()).collect();
        if !station.up || waited.is_empty() {
            return;
        }
        let (trust, now) = (station.trust(), station.clock(self.now));
        for peer in waited {
            exchange::take_waiting(&station.memory, &trust, peer, now).unwrap();
        }
        self.ring(node);
    }

    /// The batch becomes durable; whether anyone hears of it is another question.
    fn take(&mut self, end: End, taking: Taking) {
        if !self.is_there(end) {
            return;
        }
        self.received += taking.batch.envelopes.len() as u64;
        self.witness.takes(end.connection, end.node, taking.batch.number);
        let station = &self.stations[end.node];
        let peer = &self.world.nodes[end.peer];
        let now = station.clock(self.now);
        let trust = station.trust();
        let taken = exchange::take(&station.memory, &trust, peer, taking, now).unwrap();
        self.later(20, Event::Answer(end, Box::new(Input::Taken(taken))));
        self.ring(end.node);
    }
}
