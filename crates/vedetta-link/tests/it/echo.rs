//! Nodes that say what they are told to and note what they hear.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use vedetta_federation::key::{PublicKey, SecretKey};
use vedetta_flow::Sequence;
use vedetta_link::{
    Bounds, Callee, Cause, Dialled, Doorkeeper, Identity, Input, Leave, Link, Links, Listener,
    Reason, Report, Speaker, Tls, Unwelcome,
};
use vedetta_model::OrganisationId;
use vedetta_testkit::{MockClock, SeededEntropy};

/// A node of the test.
pub(crate) struct Node {
    pub(crate) house: Arc<House>,
    pub(crate) links: Links,
    pub(crate) address: SocketAddr,
    pub(crate) heard: mpsc::UnboundedReceiver<(OrganisationId, Bytes)>,
}

/// Its side of the door.
pub(crate) struct House {
    known: Mutex<BTreeMap<PublicKey, OrganisationId>>,
    callees: Mutex<Vec<Callee>>,
    bell: watch::Sender<Sequence>,
    hear: mpsc::UnboundedSender<(OrganisationId, Bytes)>,
    /// Whether its speakers never stop talking.
    pub(crate) talkative: AtomicBool,
    /// How many strangers are asked about, and whether they are kept waiting for the answer.
    pub(crate) asked: watch::Sender<usize>,
    pub(crate) slow: watch::Sender<bool>,
    /// The card that it shows, and those that it was shown.
    pub(crate) card: Mutex<Vec<u8>>,
    pub(crate) shown: Mutex<Vec<Vec<u8>>>,
}

struct Echo {
    peer: OrganisationId,
    house: Arc<House>,
    say: Vec<Bytes>,
    left: bool,
}

pub(crate) fn organisation(id: &str) -> OrganisationId {
    OrganisationId::new(id).unwrap()
}

pub(crate) fn seed(id: &str) -> [u8; 32] {
    let mut seed = [7; 32];
    seed.iter_mut().zip(id.bytes()).for_each(|(octet, byte)| *octet = byte);
    seed
}

pub(crate) fn tls(id: &str) -> Tls {
    Tls::new(&Identity::new(&SecretKey::from_seed(seed(id)).unwrap(), id).unwrap(), None).unwrap()
}

/// A frame with its length.
pub(crate) fn framed(text: &[u8]) -> Bytes {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&length[..], text].concat().into()
}

/// Bounds under which impatience shows soon.
pub(crate) fn impatient() -> Bounds {
    Bounds {
        handshake: Duration::from_millis(300),
        tick: Duration::from_millis(10),
        silence: Duration::from_secs(2),
        ..Bounds::default()
    }
}

impl Node {
    /// Starts one that lets in whom it knows.
    pub(crate) async fn start(id: &str, knows: &[&str], bounds: Bounds) -> Self {
        Self::start_as(tls(id), knows, bounds).await
    }

    /// The same with other papers.
    pub(crate) async fn start_as(tls_of: Tls, knows: &[&str], bounds: Bounds) -> Self {
        let (hear, heard) = mpsc::unbounded_channel();
        let known = knows.iter().map(|peer| (tls(peer).key(), organisation(peer))).collect();
        let house = Arc::new(House {
            known: Mutex::new(known),
            callees: Mutex::default(),
            bell: watch::Sender::new(Sequence::START),
            hear,
            talkative: AtomicBool::new(false),
            asked: watch::Sender::new(0),
            slow: watch::Sender::new(false),
            card: Mutex::new(b"card".to_vec()),
            shown: Mutex::default(),
        });
        let clock = Arc::new(MockClock::at("2026-03-02T08:00:00Z"));
        let entropy = Arc::new(SeededEntropy::new(1));
        let keeper = Arc::new(Keeper(Arc::clone(&house), tls_of));
        let links = Links::new(keeper, bounds, clock, entropy).unwrap();
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.address();
        tokio::spawn(listener.serve(links.clone()));
        tokio::spawn(links.clone().dial_all());
        Self { house, links, address, heard }
    }

    /// Has it dial a peer from now on.
    pub(crate) fn dials(&self, peer: &str, address: SocketAddr) {
        let callee = Callee { peer: organisation(peer), address: address.to_string() };
        self.house.callees.lock().unwrap().push(callee);
    }

    /// Has it forget a peer.
    pub(crate) fn forgets(&self, peer: &str) {
        self.house.known.lock().unwrap().retain(|_, known| *known != organisation(peer));
    }

    /// Has every speaker say the next place.
    pub(crate) fn grows(&self) {
        self.house.bell.send_modify(|place| place.0 += 1);
    }

    /// Waits until the link with a peer is as wanted.
    pub(crate) async fn until(&self, peer: &str, wanted: impl Fn(&Link) -> bool) -> Link {
        let mut changes = self.links.listen();
        let looking = async {
            loop {
                let all = self.links.all();
                if let Some(link) = all.into_iter().find(|it| it.peer.as_str() == peer)
                    && wanted(&link)
                {
                    return link;
                }
                // Not everything rings: look again soon.
                let _rung =
                    tokio::time::timeout(Duration::from_millis(20), changes.changed()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap()
    }

    /// The next that it hears.
    pub(crate) async fn hears(&mut self) -> (String, Bytes) {
        let hearing = tokio::time::timeout(Duration::from_secs(30), self.heard.recv());
        let (peer, frame) = hearing.await.unwrap().unwrap();
        (peer.to_string(), frame)
    }
}

struct Keeper(Arc<House>, Tls);

impl Doorkeeper for Keeper {
    fn admit(&self, key: PublicKey, card: Option<&[u8]>) -> Result<OrganisationId, Unwelcome> {
        self.0.shown.lock().unwrap().extend(card.map(<[u8]>::to_vec));
        let known = self.0.known.lock().unwrap().get(&key).cloned();
        if known.is_none() && *self.0.slow.borrow() {
            self.0.asked.send_modify(|asked| *asked += 1);
            let mut slow = self.0.slow.subscribe();
            let quick = slow.wait_for(|slow| !slow);
            tokio::runtime::Handle::current().block_on(quick).map(drop).unwrap();
        }
        known.ok_or_else(|| Unwelcome(format!("nobody here knows {key:?}")))
    }

    fn keys(&self) -> Vec<PublicKey> {
        self.0.known.lock().unwrap().keys().copied().collect()
    }

    fn keeps(&self, peer: &OrganisationId) -> bool {
        self.0.known.lock().unwrap().values().any(|known| known == peer)
    }

    fn callees(&self) -> Vec<Callee> {
        self.0.callees.lock().unwrap().clone()
    }

    fn tls(&self) -> Result<Tls, Unwelcome> {
        Ok(self.1.clone())
    }

    fn card(&self) -> Vec<u8> {
        self.0.card.lock().unwrap().clone()
    }

    fn speaker(&self, peer: &OrganisationId, _dialled: Dialled) -> Box<dyn Speaker> {
        let house = Arc::clone(&self.0);
        Box::new(Echo { peer: peer.clone(), house, say: Vec::new(), left: false })
    }

    fn bell(&self) -> watch::Receiver<Sequence> {
        self.0.bell.subscribe()
    }

    fn pair(&self, _key: PublicKey, message: &[u8]) -> Result<Vec<u8>, Unwelcome> {
        match message {
            b"secret" => Ok(b"welcome".to_vec()),
            _ => Err(Unwelcome("no such invitation".into())),
        }
    }
}

impl Echo {
    /// The place, or nothing at the start: a sign of life.
    fn say_place(&mut self) {
        let place = self.house.bell.borrow().0;
        let text = if place == 0 { String::new() } else { place.to_string() };
        self.say.push(framed(text.as_bytes()));
    }
}

impl Speaker for Echo {
    fn hear(&mut self, input: Input) -> Result<(), Reason> {
        match input {
            Input::Frame(frame) if frame.starts_with(b"wrong") => {
                self.say.push(framed(b"bye"));
                return Err(Reason::new(Cause::Violation, "the peer said something wrong"));
            }
            Input::Frame(frame) if frame.starts_with(b"flood") => {}
            Input::Frame(frame) => self.house.hear.send((self.peer.clone(), frame)).unwrap(),
            Input::Part => {}
            Input::Grown => self.say_place(),
            Input::Tick if self.say.is_empty() => self.say_place(),
            Input::Tick => {}
            Input::Leave(leave) => {
                self.left = true;
                let bye = match leave {
                    Leave::Stops => "bye".to_owned(),
                    other => format!("bye {other:?}"),
                };
                self.say.push(framed(bye.as_bytes()));
            }
        }
        Ok(())
    }

    fn say(&mut self) -> Result<Option<Bytes>, Reason> {
        if self.house.talkative.load(Ordering::SeqCst) && !self.left {
            return Ok(Some(framed(&[b'x'; 64 << 10])));
        }
        Ok((!self.say.is_empty()).then(|| self.say.remove(0)))
    }

    fn report(&self) -> Report {
        Report::default()
    }
}
