//! The links of a node: which are up, who has the place when both sides dial at once, and what
//! went over them.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use vedetta_model::{Clock, Entropy, Instant, OrganisationId};

use crate::bounds::Bounds;
use crate::doorkeeper::{Doorkeeper, Leave, Report, Unwelcome};
use crate::knocks::{Knocks, network};
use crate::line::Dialled;
use crate::reason::{Cause, Reason};
use crate::tls::Tls;
use vedetta_federation::key::PublicKey;

/// The links of one node. Cheap to clone.
#[derive(Clone)]
pub struct Links(Arc<Shared>);

/// How the link with a peer does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The peer.
    pub peer: OrganisationId,
    /// Whether it is up.
    pub up: bool,
    /// Since when it is so.
    pub since: Instant,
    /// Which side dialled the one that is up, or was last.
    pub dialled: Option<Dialled>,
    /// Where the peer is, or was last.
    pub address: Option<SocketAddr>,
    /// Why the last one ended, or could not be made.
    pub reason: Option<Reason>,
    /// Links made since the node started.
    pub made: u64,
    /// Octets of frames received and sent since the node started.
    pub octets: (u64, u64),
    /// Frames received and sent since the node started.
    pub frames: (u64, u64),
    /// What the speakers say; counts are since the node started.
    pub report: Report,
}

struct Shared {
    keeper: Arc<dyn Doorkeeper>,
    tls: Mutex<Tls>,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    places: Mutex<BTreeMap<OrganisationId, Place>>,
    changed: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    /// Turns to ask: those of strangers, and those of peers.
    turns: [Arc<Semaphore>; 2],
    knocks: Knocks,
    /// The keys of the peers, as they were a moment ago, and places for those who have none of them.
    keys: Mutex<HashSet<PublicKey>>,
    strangers: Arc<Semaphore>,
    pairings: Arc<Semaphore>,
}

/// The place of a peer: one link at a time.
struct Place {
    holder: Option<Holder>,
    since: Instant,
    dialled: Option<Dialled>,
    address: Option<SocketAddr>,
    reason: Option<Reason>,
    made: u64,
    meter: Arc<Meter>,
    /// What the speakers of links that ended counted.
    past: Report,
}

struct Holder {
    number: u64,
    dialled: Dialled,
    end: watch::Sender<Option<Ending>>,
}

/// Why a link must end, and in words.
pub(crate) type Ending = (Leave, String);

/// What goes over the links with a peer.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    octets_in: AtomicU64,
    octets_out: AtomicU64,
    frames_in: AtomicU64,
    frames_out: AtomicU64,
    /// Ticks since a whole frame came.
    pub(crate) silent: AtomicU64,
    report: Mutex<Report>,
}

/// The right to be the link with a peer, until dropped or told to end.
pub(crate) struct Claim {
    links: Links,
    peer: OrganisationId,
    number: u64,
    pub(crate) meter: Arc<Meter>,
    /// Says why the link must end, once it must.
    pub(crate) end: watch::Receiver<Option<Ending>>,
    /// Why it ended.
    pub(crate) reason: Reason,
}

/// So many who dialled are asked about at once, strangers and peers each.
const ASKING: usize = 8;
/// So many messages of pairing are read at once.
const PAIRING: usize = 16;
/// A link that has been silent for so many ticks may be replaced by the other side's.
const DOUBTFUL: u64 = 12;

impl Links {
    /// Of a node.
    ///
    /// # Errors
    /// When the node cannot show who it is.
    pub fn new(
        keeper: Arc<dyn Doorkeeper>,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Unwelcome> {
        let (tls, keys) = (keeper.tls()?, keeper.keys().into_iter().collect());
        let strangers = Arc::new(Semaphore::new(bounds.connections / 2));
        Ok(Self(Arc::new(Shared {
            keeper,
            tls: Mutex::new(tls),
            bounds,
            clock,
            entropy,
            places: Mutex::default(),
            changed: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
            turns: [ASKING, ASKING].map(|turns| Arc::new(Semaphore::new(turns))),
            knocks: Knocks::default(),
            keys: Mutex::new(keys),
            strangers,
            pairings: Arc::new(Semaphore::new(PAIRING)),
        })))
    }

    /// How each does, of every peer there was a link with or an attempt at one.
    #[must_use]
    pub fn all(&self) -> Vec<Link> {
        self.places().iter().map(|(peer, place)| place.view(peer.clone())).collect()
    }

    /// Rings whenever a link is made or ends.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Whether there is a link with a peer.
    #[must_use]
    pub fn is_up(&self, peer: &OrganisationId) -> bool {
        self.places().get(peer).is_some_and(|place| place.holder.is_some())
    }

    /// Until there is no link with a peer.
    pub(crate) async fn down(&self, peer: &OrganisationId) {
        let mut changed = self.listen();
        while self.is_up(peer) && changed.changed().await.is_ok() {}
    }

    /// Ends the link with a peer, if there is one. The peer is told which of the reasons it is; the
    /// words are for this node's operator.
    pub fn end(&self, peer: &OrganisationId, leave: Leave, reason: &str) {
        if let Some(holder) = self.places().get(peer).and_then(|place| place.holder.as_ref()) {
            holder.end.send_replace(Some((leave, reason.to_owned())));
        }
    }

    /// Ends all links and lets no more be made. Those that speak say farewell.
    pub async fn close(&self) {
        self.0.stopping.send_replace(true);
        let mut changed = self.listen();
        let peers: Vec<_> = self.places().keys().cloned().collect();
        for peer in &peers {
            self.end(peer, Leave::Stops, "the node stops");
        }
        let all_ended = async {
            while self.places().values().any(|place| place.holder.is_some()) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(self.0.bounds.farewell, all_ended).await.is_err() {
            tracing::info!("links that did not end in time were cut");
        }
    }

    /// Ends the links of those who may not keep them, and all of them when this node has a new key:
    /// each is made again with it.
    pub fn review(&self) {
        *self.keys() = self.0.keeper.keys().into_iter().collect();
        match self.0.keeper.tls() {
            Ok(tls) => {
                let same_key = tls.key() == self.tls().key();
                *self.0.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
                let peers: Vec<_> = self.places().keys().cloned().collect();
                for peer in peers.iter().filter(|_| !same_key) {
                    self.end(peer, Leave::Again, "this node has a new key");
                }
            }
            Err(error) => tracing::error!(%error, "links go on with the old key"),
        }
        let up: Vec<_> = self.all().into_iter().filter(|link| link.up).collect();
        for link in up.iter().filter(|link| !self.0.keeper.keeps(&link.peer)) {
            self.end(&link.peer, Leave::Barred, "the peer may have no link now");
        }
    }

    /// Takes the place of a peer. When both sides dial at once, both nodes keep the one that the
    /// lower key dialled; a new one by the same side says that the one before is dead.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn claim(
        &self,
        peer: &OrganisationId,
        (key, dialled, address): (PublicKey, Dialled, SocketAddr),
    ) -> Result<Claim, &'static str> {
        if *self.0.stopping.borrow() {
            return Err("the node stops");
        }
        let now = self.0.clock.now();
        let mut places = self.places();
        let place = places.entry(peer.clone()).or_insert_with(|| Place::new(now));
        if let Some(holder) = &place.holder {
            let ours_prevails = self.tls().key() < key;
            let prevails = (dialled == Dialled::ByUs) == ours_prevails;
            let doubtful = place.meter.silent.load(Ordering::Relaxed) >= DOUBTFUL;
            if holder.dialled != dialled && !prevails && !doubtful {
                return Err("there is a link already");
            }
            let ending = (Leave::Replaced, "a newer link took its place".into());
            holder.end.send_replace(Some(ending));
        }
        let (end, ended) = watch::channel(None);
        place.made += 1;
        let number = place.made;
        place.settle();
        place.holder = Some(Holder { number, dialled, end });
        (place.since, place.dialled, place.address) = (now, Some(dialled), Some(address));
        place.meter.silent.store(0, Ordering::Relaxed);
        let meter = Arc::clone(&place.meter);
        drop(places);
        self.ring();
        tracing::info!(%peer, ?dialled, %address, "link up");
        let (links, peer, reason) =
            (self.clone(), peer.clone(), Reason::new(Cause::Fault, "the link's thread ended"));
        Ok(Claim { links, peer, number, meter, end: ended, reason })
    }

    /// Notes that a link could not be made.
    pub(crate) fn failed(&self, peer: &OrganisationId, reason: Reason) {
        let now = self.0.clock.now();
        let mut places = self.places();
        let place = places.entry(peer.clone()).or_insert_with(|| Place::new(now));
        if place.holder.is_none() {
            if place.reason.as_ref() != Some(&reason) {
                tracing::warn!(%peer, %reason, "no link");
            }
            place.reason = Some(reason);
        }
    }

    /// Whether one who dials from an address is to be heard.
    pub(crate) fn hears(&self, address: IpAddr) -> bool {
        self.0.knocks.hears(address, self.0.clock.now())
    }

    /// Says that who dialled from an address was a peer.
    pub(crate) fn was_a_peer(&self, address: IpAddr) {
        self.0.knocks.was_a_peer(address);
    }

    /// A turn to ask the keeper about somebody who dialled; nothing when it takes too long to come.
    /// Peers do not wait for strangers.
    pub(crate) async fn turn(&self, key: &PublicKey) -> Option<OwnedSemaphorePermit> {
        let [strangers, peers] = &self.0.turns;
        let turns = if self.keys().contains(key) { peers } else { strangers };
        let turn = Arc::clone(turns).acquire_owned();
        tokio::time::timeout(self.0.bounds.handshake, turn).await.ok()?.ok()
    }

    /// A place for one who dialled and has shown nothing yet: of all places strangers have half, so
    /// that peers find one. None is needed from where a peer has spoken before: while strangers sit
    /// in all of theirs, it still comes in.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn stranger(
        &self,
        address: IpAddr,
    ) -> Result<Option<OwnedSemaphorePermit>, &'static str> {
        if self.places().values().any(|place| place.is_at(address)) {
            return Ok(None);
        }
        let place = Arc::clone(&self.0.strangers).try_acquire_owned();
        place.map(Some).map_err(|_| "no place for one more stranger")
    }

    /// The same once it has shown its key, with the place that it had: a peer gives it back.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn place_for(
        &self,
        key: &PublicKey,
        before: Option<OwnedSemaphorePermit>,
    ) -> Result<Option<OwnedSemaphorePermit>, &'static str> {
        if self.keys().contains(key) {
            return Ok(None);
        }
        if before.is_some() {
            return Ok(before);
        }
        let place = Arc::clone(&self.0.strangers).try_acquire_owned();
        place.map(Some).map_err(|_| "no place for one more stranger")
    }

    /// The right to have a message of pairing read.
    pub(crate) fn pairing(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.pairings).try_acquire_owned().ok()
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<PublicKey>> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keeper(&self) -> &Arc<dyn Doorkeeper> {
        &self.0.keeper
    }

    pub(crate) fn tls(&self) -> Tls {
        self.0.tls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// Ends when the node stops.
    pub async fn stopped(&self) {
        // The sender is of this very value, so it is not gone.
        let _stopped = self.0.stopping.subscribe().wait_for(|stopping| *stopping).await.is_ok();
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<OrganisationId, Place>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.0.changed.send_modify(|changes| *changes += 1);
    }
}

impl Claim {
    /// Whether the node stops.
    pub(crate) fn is_for_good(&self) -> bool {
        *self.links.0.stopping.borrow()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let now = self.links.0.clock.now();
        let reason = self.reason.clone();
        tracing::info!(peer = %self.peer, %reason, "link down");
        let mut places = self.links.places();
        if let Some(place) = places.get_mut(&self.peer)
            && place.holder.as_ref().is_some_and(|holder| holder.number == self.number)
        {
            place.holder = None;
            place.settle();
            (place.since, place.reason) = (now, Some(reason));
        }
        drop(places);
        self.links.ring();
    }
}

impl Place {
    fn new(now: Instant) -> Self {
        Self {
            holder: None,
            since: now,
            dialled: None,
            address: None,
            reason: None,
            made: 0,
            meter: Arc::default(),
            past: Report::default(),
        }
    }

    /// Whether the peer is or was where somebody dials from. On this machine anybody is.
    fn is_at(&self, address: IpAddr) -> bool {
        let address = network(address);
        !address.is_loopback() && self.address.is_some_and(|it| network(it.ip()) == address)
    }

    /// Adds what the last speaker counted to what those before did.
    fn settle(&mut self) {
        let last = std::mem::take(&mut *self.meter.report());
        let past = self.past;
        self.past = past.and(last);
    }

    fn view(&self, peer: OrganisationId) -> Link {
        let (meter, up) = (&self.meter, self.holder.is_some());
        let report = if up { self.past.and(*meter.report()) } else { self.past };
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Link {
            peer,
            up,
            since: self.since,
            dialled: self.dialled,
            address: self.address,
            reason: self.reason.clone(),
            made: self.made,
            octets: (count(&meter.octets_in), count(&meter.octets_out)),
            frames: (count(&meter.frames_in), count(&meter.frames_out)),
            report,
        }
    }
}

impl Report {
    /// The counts of both, and how the later does.
    fn and(self, later: Self) -> Self {
        Self {
            skew_ms: later.skew_ms,
            lag: later.lag,
            behind: later.behind,
            sent: self.sent + later.sent,
            taken: self.taken + later.taken,
            too_far: self.too_far + later.too_far,
            refused: self.refused + later.refused,
            over_quota: later.over_quota,
        }
    }
}

impl Meter {
    pub(crate) fn received(&self, octets: usize) {
        self.silent.store(0, Ordering::Relaxed);
        self.frames_in.fetch_add(1, Ordering::Relaxed);
        self.octets_in.fetch_add(octets as u64, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, octets: usize) {
        self.frames_out.fetch_add(1, Ordering::Relaxed);
        self.octets_out.fetch_add(octets as u64, Ordering::Relaxed);
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_where_it_was() {
        let at = |text: &str| {
            let address = Some(text.parse().unwrap());
            Place { address, ..Place::new(Instant::default()) }
        };
        let is_at = |place: &str, from: &str| at(place).is_at(from.parse().unwrap());
        assert!(
            is_at("192.0.2.1:8444", "192.0.2.1") && is_at("192.0.2.1:8444", "::ffff:192.0.2.1")
        );
        assert!(is_at("[2001:db8:0:1::1]:8444", "2001:db8:0:1::2"));
        assert!(!is_at("192.0.2.1:8444", "192.0.2.2") && !is_at("127.0.0.1:8444", "127.0.0.1"));
        assert!(!Place::new(Instant::default()).is_at("192.0.2.1".parse().unwrap()));
    }
}
