//! What every handler stands on: the house, the limits, the node's words about itself.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::response::Response;
use sha2::{Digest as _, Sha256};
use taxii::NextKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use vedetta_diffusion::Hub;
use vedetta_diffusion::webhook::Inner;
use vedetta_flow::{Door, FlowError, House};
use vedetta_indicator::DecayTable;
use vedetta_keyring::Keyring;
use vedetta_link::{Links, Papers};
use vedetta_mesh::Nodes;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, OrganisationId, Places};
use vedetta_outpost::Outposts;
use vedetta_postroom::Postroom;
use vedetta_watch::{Watch, WatchError};

use crate::access::Cost;
use crate::at_once::{Seat, Seats, Today};
use crate::attempts::Attempts;
use crate::certificates::Certificates;
use crate::credentials::Presented;
use crate::feeds::Feeds;
use crate::gate::too_many_proofs;
use crate::limits::{Limiter, Rate};
use crate::metrics::Metrics;
use crate::problem::{Kind, Problem};
use crate::reads::{Carried, Reads};
use crate::recorder::{self, Recorder};
use crate::taxii2::Statuses;
use crate::webhooks::{Caller, Troubles};

/// What the operator says of the machine doors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name, e.g. `CNAIPIC`.
    pub title: String,
    /// Whom to call about it.
    pub contact: Option<String>,
    /// The certificate of the node's own authority, in PEM.
    pub authority: Option<String>,
    /// Where it listens; nothing when it is asked without a door.
    pub listens: Option<SocketAddr>,
    /// How the node's certificates do.
    pub certificates: Certificates,
    /// Requests from one address.
    pub per_address: Rate,
    /// Requests of one account.
    pub per_account: Rate,
    /// Attempts to sign in, and wrong credentials, from one address.
    pub proofs: Rate,
    /// Attempts to sign in as one account, from wherever.
    pub sign_ins: Rate,
    /// Octets of items that one organisation brings in a day.
    pub octets_a_day: u64,
    /// How the worth of indicators is lost.
    pub decay: Arc<DecayTable>,
    /// Questions to the house at once; more wait.
    pub at_once: usize,
    /// The node's own networks that webhooks may go to; none unless somebody says so.
    pub webhook_networks: Inner,
    /// Which webhooks fail, as their worker tells.
    pub webhook_troubles: Troubles,
    /// With what certificates it dials other nodes.
    pub papers: Papers,
    /// By what it sends text messages.
    pub gateway: Option<Gateway>,
}

/// A gateway for text messages: it takes `{"to": …, "text": …}` by `POST`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gateway {
    /// Its address.
    pub url: String,
    /// The value of its `Authorization` header.
    pub authorization: Option<String>,
}

/// The machine doors of one node. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    house: Arc<House>,
    nodes: Arc<Nodes>,
    sensors: Arc<Outposts>,
    watch: Arc<Watch>,
    hub: Arc<Hub>,
    settings: Settings,
    next_key: NextKey,
    statuses: Statuses,
    reads: Reads,
    recorder: Recorder,
    feeds: Feeds,
    limits: Limits,
    metrics: Metrics,
    rooms: Rooms,
    /// Octets of large bodies that each account sends.
    sending: Mutex<HashMap<AccountId, usize>>,
    streams: Seats<AccountId>,
    /// Of open pages, by session.
    pages: Seats<String>,
    brought: Today,
    links: OnceLock<Links>,
    mail_desk: OnceLock<Arc<Postroom>>,
    caller: OnceLock<Arc<dyn Caller>>,
    keyring: OnceLock<Arc<Keyring>>,
    closing: watch::Sender<bool>,
}

/// The limiters, one for each way of asking too much.
pub struct Limits {
    /// Requests from one address.
    pub addresses: Limiter<IpAddr>,
    /// Requests of one account.
    pub accounts: Limiter<AccountId>,
    /// Attempts to prove who one is with a password or an enrolment, from one address.
    pub proofs: Limiter<IpAddr>,
    /// Wrong tokens and certificates from one address.
    pub wrong_tokens: Limiter<IpAddr>,
    /// Attempts to sign in as one account.
    pub sign_ins: Attempts,
}

/// How much is done at once. A place is held until the work has ended, whoever still waits for it.
struct Rooms {
    questions: Arc<Semaphore>,
    /// Each takes 19 MiB and a processor.
    proofs: Arc<Semaphore>,
    /// Each may read the whole ledger.
    bulk: Arc<Semaphore>,
    /// Streams that read the past, each a page at a time.
    replays: Arc<Semaphore>,
    /// Octets of bodies, in units of [`UNIT`].
    bodies: Arc<Semaphore>,
}

/// Octets of items that one organisation brings in a day, unless the operator says otherwise.
pub const OCTETS_A_DAY: u64 = 2 << 30;
/// Live streams of one account at once.
pub(crate) const STREAMS: usize = 8;
/// Pages that a session follows at once.
const PAGES: usize = 16;
/// The unit in which room for bodies is given, in octets.
const UNIT: usize = 64 << 10;
/// Octets of bodies held at once.
const BODIES: usize = 256 << 20;
/// Octets of bodies held at once of one account, so that none keeps the room of all.
const OF_ONE: usize = 64 << 20;
/// A body that no account is held to account for.
const SMALL: usize = 1 << 20;

/// What an account sends, until dropped.
pub(crate) struct Sending {
    api: Api,
    account: AccountId,
    octets: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Vedetta".into(),
            contact: None,
            authority: None,
            listens: None,
            certificates: Certificates::default(),
            per_address: Rate { burst: 2_000, every: Duration::from_millis(1) },
            per_account: Rate { burst: 1_000, every: Duration::from_millis(2) },
            proofs: Rate { burst: 10, every: Duration::from_secs(6) },
            sign_ins: Rate { burst: 5, every: Duration::from_secs(60) },
            octets_a_day: OCTETS_A_DAY,
            decay: Arc::default(),
            at_once: 64,
            webhook_networks: Inner::default(),
            webhook_troubles: Troubles::default(),
            papers: Papers::default(),
            gateway: None,
        }
    }
}

/// As [`Api::raises`].
pub(crate) fn raises(house: &House, account: &Account) -> bool {
    house.standing().directory.account(&account.id).is_some_and(|before| {
        !account.roles.is_subset(&before.roles)
            || account.organisation != before.organisation
            || (account.state == AccountState::Active && before.state != AccountState::Active)
    })
}

impl Api {
    /// Over a house. `secret` seals page tokens: random, and the same after a restart if clients
    /// are to page across it.
    #[must_use]
    pub fn new(house: Arc<House>, settings: Settings, secret: [u8; 32]) -> Self {
        const KEYS: usize = 65_536;
        let limits = Limits {
            addresses: Limiter::new(settings.per_address, KEYS),
            accounts: Limiter::new(settings.per_account, KEYS),
            proofs: Limiter::new(settings.proofs, KEYS),
            wrong_tokens: Limiter::new(settings.proofs, KEYS),
            sign_ins: Attempts::new(settings.sign_ins, KEYS),
        };
        let rooms = Rooms::new(settings.at_once);
        let (next_key, statuses) = (NextKey::new(secret), Statuses::new(secret));
        let (metrics, reads) = (Metrics::default(), Reads::default());
        let hub = Hub::at(house.bell().last().0);
        let sensors = Outposts::new(Arc::clone(&house)).with_decay(Arc::clone(&settings.decay));
        let sensors = Arc::new(sensors);
        let nodes = Arc::new(Nodes::new(Arc::clone(&house)));
        let watch = Arc::new(Watch::over(Arc::clone(&nodes)));
        Self(Arc::new(Shared {
            house,
            nodes,
            sensors,
            watch,
            hub,
            settings,
            next_key,
            statuses,
            reads,
            recorder: Recorder::default(),
            feeds: Feeds::default(),
            limits,
            metrics,
            rooms,
            sending: Mutex::default(),
            streams: Seats::default(),
            pages: Seats::default(),
            brought: Today::default(),
            links: OnceLock::new(),
            mail_desk: OnceLock::new(),
            caller: OnceLock::new(),
            keyring: OnceLock::new(),
            closing: watch::Sender::new(false),
        }))
    }

    /// The house.
    #[must_use]
    pub fn house(&self) -> &Arc<House> {
        &self.0.house
    }

    /// The other nodes: one for all doors of the node, since it remembers how their links do.
    #[must_use]
    pub fn nodes(&self) -> &Arc<Nodes> {
        &self.0.nodes
    }

    /// The sensors.
    #[must_use]
    pub fn sensors(&self) -> Arc<Outposts> {
        Arc::clone(&self.0.sensors)
    }

    /// The watch: one for all doors of the node, since it remembers the cases.
    #[must_use]
    pub fn watch(&self) -> &Arc<Watch> {
        &self.0.watch
    }

    /// The hub of the live stream; [`crate::live::run`] fills it.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Shows the links with other nodes, from now on.
    pub fn show_links(&self, links: Links) {
        // Those that were shown first stay.
        let _first = self.0.links.set(links).is_ok();
    }

    /// The links with other nodes, where they run.
    #[must_use]
    pub fn links(&self) -> Option<&Links> {
        self.0.links.get()
    }

    /// Opens the mail desk's routes, from now on.
    pub fn show_mail_desk(&self, desk: Arc<Postroom>) {
        // The one that was shown first stays.
        let _first = self.0.mail_desk.set(desk).is_ok();
    }

    /// The mail desk, where there is one.
    #[must_use]
    pub fn mail_desk(&self) -> Option<&Arc<Postroom>> {
        self.0.mail_desk.get()
    }

    /// Lets requests of playbooks be made, from now on.
    pub fn show_caller(&self, caller: Arc<dyn Caller>) {
        // The one that was shown first stays.
        let _first = self.0.caller.set(caller).is_ok();
    }

    /// Opens accounts by other ways than a password, from now on.
    pub fn show_keyring(&self, keyring: Arc<Keyring>) {
        // The one that was shown first stays.
        let _first = self.0.keyring.set(keyring).is_ok();
    }

    /// What else than passwords opens accounts, where something does.
    #[must_use]
    pub fn keyring(&self) -> Option<&Arc<Keyring>> {
        self.0.keyring.get()
    }

    /// Who makes requests, where somebody does.
    pub(crate) fn caller(&self) -> Option<&Arc<dyn Caller>> {
        self.0.caller.get()
    }

    /// Ends the live streams, so that the server can end: their clients come back with the place
    /// they reached.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Ends when [`Api::close`] was called.
    pub async fn closed(&self) {
        // The sender is of this very value, so it is not gone.
        let _closed = self.0.closing.subscribe().wait_for(|closed| *closed).await.is_ok();
    }

    /// A place for one more stream of an account; `None` when it has as many as it may.
    pub(crate) fn stream_of(&self, account: &AccountId) -> Option<Seat<AccountId>> {
        self.0.streams.take(account, STREAMS)
    }

    /// A place for one more open page of a session; `None` when it has as many as it may.
    #[must_use]
    pub fn page_of(&self, session: &str) -> Option<Seat<String>> {
        self.0.pages.take(&session.to_owned(), PAGES)
    }

    /// A turn to read a page of the past for a stream; `None` when the node is stopping.
    pub(crate) async fn replay_turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.rooms.replays).acquire_owned().await.ok()
    }

    /// Counts octets of items against what an organisation may bring in a day. The node's own brings as
    /// much as it likes.
    ///
    /// # Errors
    /// Too many.
    pub fn count_brought(&self, by: &Actor, octets: usize) -> Result<(), Problem> {
        if self.house().standing().own.as_ref() == Some(&by.organisation) {
            return Ok(());
        }
        let (most, now) = (self.settings().octets_a_day, self.house().now());
        self.0.brought.add(&by.organisation, octets as u64, most, now).map_err(|wait| {
            let sentence = format!(
                "{} has brought as much as it may in a day, {most} octets; go on tomorrow (UTC), or ask \
                 the node's operator for a larger octets_a_day",
                by.organisation
            );
            let italian = format!(
                "{} ha portato quanto può in un giorno, {most} ottetti; riprova domani (UTC), o chiedi al \
                 gestore del nodo un octets_a_day più grande",
                by.organisation
            );
            Problem::new(Kind::TooMany, sentence).in_italian(Some(italian)).wait(wait)
        })
    }

    /// What each organisation brought today, in octets.
    pub(crate) fn brought_today(&self) -> Vec<(OrganisationId, u64)> {
        self.0.brought.all(self.house().now())
    }

    /// What the operator says.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn next_key(&self) -> &NextKey {
        &self.0.next_key
    }

    pub(crate) fn statuses(&self) -> &Statuses {
        &self.0.statuses
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    pub(crate) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    /// The limiters, the same for machines and people.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Asks the house, off the threads that serve connections.
    ///
    /// # Errors
    /// What the house said, as a problem.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.ask_at(Cost::Light, question).await
    }

    /// Asks about other nodes, or for something of them.
    ///
    /// # Errors
    /// What was said, as a problem.
    pub async fn ask_nodes<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Nodes) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let nodes = Arc::clone(&self.0.nodes);
        self.ask(move |_| question(&nodes)).await
    }

    /// Asks what costs so much: few proofs and few bulk reads are under way at once.
    ///
    /// # Errors
    /// What the house said, as a problem.
    pub async fn ask_at<T: Send + 'static>(
        &self,
        cost: Cost,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let house = Arc::clone(&self.0.house);
        self.at(cost, move || question(&house)).await
    }

    /// Tries an account's password from an address. Only what was wrong is counted for long.
    ///
    /// # Errors
    /// Too many wrong ones; what the house said.
    pub async fn attempt<T: Send + 'static>(
        &self,
        account: &str,
        address: IpAddr,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        // What is no account's name is refused by the house, and counted for its address only.
        self.try_proof(AccountId::new(account).ok(), address, question).await
    }

    /// Tries a code that nobody guesses from an address: strangers elsewhere cannot use up what whoever
    /// has it may try.
    ///
    /// # Errors
    /// What the house said.
    pub(crate) async fn attempt_code<T: Send + 'static>(
        &self,
        address: IpAddr,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.try_proof(None, address, question).await
    }

    /// Whether an account as put would do more than the one of its name that may have a password now:
    /// a role more, open again, or in another organisation.
    #[must_use]
    pub fn raises(&self, account: &Account) -> bool {
        raises(self.house(), account)
    }

    /// Does what people prove anew with their own password; for others it costs as much as a proof.
    ///
    /// # Errors
    /// As of [`Api::attempt`].
    pub async fn confirmed<T: Send + 'static>(
        &self,
        (by, own_password): (Actor, String),
        address: IpAddr,
        act: impl FnOnce(&House, &Actor) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let who = by.clone();
        if !self.ask(move |house| house.proves_anew(&who)).await? {
            return self.ask_at(Cost::Proof, move |house| act(house, &by)).await;
        }
        let account = by.account.clone();
        self.attempt(account.as_str(), address, move |house| {
            house.confirm(&by, &own_password)?;
            act(house, &by)
        })
        .await
    }

    /// The same where a request is no proof by its route: this one is counted as such.
    ///
    /// # Errors
    /// As of [`Api::attempt`].
    pub async fn confirmed_now<T: Send + 'static>(
        &self,
        by: (Actor, String),
        address: IpAddr,
        act: impl FnOnce(&House, &Actor) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let who = by.0.clone();
        if self.ask(move |house| house.proves_anew(&who)).await? {
            let taken = self.limits().proofs.take(address, self.house().now());
            taken.map_err(too_many_proofs)?;
        }
        self.confirmed(by, address, act).await
    }

    /// What is asked proves something first of all. What could not be judged stays counted, like what was
    /// wrong.
    async fn try_proof<T: Send + 'static>(
        &self,
        account: Option<AccountId>,
        address: IpAddr,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        const UNDECIDED: [Kind; 3] = [Kind::Unproven, Kind::Internal, Kind::Unavailable];
        let limits = self.limits();
        if let Some(account) = &account {
            let begun = limits.sign_ins.begin(account, address, self.house().now());
            begun.map_err(too_many_proofs)?;
        }
        let answer = self.ask_at(Cost::Proof, question).await;
        if !answer.as_ref().is_err_and(|problem| UNDECIDED.contains(&problem.kind)) {
            limits.proofs.give_back(&address);
            if let Some(account) = &account {
                limits.sign_ins.was_right(account, address, self.house().now());
            }
        }
        answer
    }

    /// Asks the watch, off the threads that serve connections.
    ///
    /// # Errors
    /// What the watch said, as a problem.
    pub async fn ask_watch<T: Send + 'static>(
        &self,
        cost: Cost,
        question: impl FnOnce(&Watch) -> Result<T, WatchError> + Send + 'static,
    ) -> Result<T, Problem> {
        let watch = Arc::clone(&self.0.watch);
        self.at(cost, move || question(&watch)).await
    }

    async fn at<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let fault = |_| Problem::new(Kind::Internal, "a fault of the node; tell its operator");
        let place = Arc::clone(self.0.rooms.of(cost)).acquire_owned().await.map_err(|_| {
            Problem::new(Kind::Unavailable, "the node is stopping; try again in a minute")
        })?;
        let answer = tokio::task::spawn_blocking(move || {
            // The place goes with the work, which goes on when nobody waits for it any more.
            let _place = place;
            work()
        });
        answer.await.map_err(fault)?.map_err(Into::into)
    }

    /// Room for a body of so many octets, until dropped; `None` when the node is stopping.
    pub(crate) async fn room_for(&self, octets: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(octets.min(BODIES).div_ceil(UNIT)).unwrap_or(u32::MAX);
        Arc::clone(&self.0.rooms.bodies).acquire_many_owned(units).await.ok()
    }

    /// A share of one account in the room for bodies; `None` when it has as much as it may.
    pub(crate) fn share_of(&self, account: &AccountId, octets: usize) -> Option<Sending> {
        let octets = if octets > SMALL { octets } else { 0 };
        let mut sending = self.0.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let held = sending.get(account).copied().unwrap_or(0);
        if octets > 0 && held + octets > OF_ONE {
            return None;
        }
        if octets > 0 {
            sending.insert(account.clone(), held + octets);
        }
        Some(Sending { api: self.clone(), account: account.clone(), octets })
    }

    /// Waits until there is room to remember one more delivery.
    ///
    /// # Errors
    /// The ledger has refused them for too long.
    pub async fn room_to_deliver(&self) -> Result<(), Problem> {
        recorder::room(self).await
    }

    /// An answer that delivers releases to an actor's organisation: recorded when the connection has
    /// taken all of it.
    #[must_use]
    pub fn delivering(
        &self,
        answer: Response,
        actor: &Actor,
        door: Door,
        places: Places,
    ) -> Response {
        match Carried::to(self.house(), actor, door, places) {
            Some(carried) => answer.map(|body| carried.noted(body, self)),
            None => answer,
        }
    }

    /// Who presented what. A token that is sent beside another account's name proves nothing.
    ///
    /// # Errors
    /// [`Kind::Unproven`], or what the house said.
    pub async fn prove(
        &self,
        presented: Presented,
        certificate: Option<Arc<[u8]>>,
    ) -> Result<Actor, Problem> {
        const OTHER: FlowError =
            FlowError::Unproven("the token is of another account; send its own");
        const NOTHING: FlowError = FlowError::Unproven("no credentials were sent; send a token");
        self.ask(move |house| match (presented, certificate) {
            (Presented::Token { account, token }, _) => {
                let actor = house.actor_by_token(&token)?;
                let fits = account.is_none_or(|name| name == actor.account.as_str());
                if fits { Ok(actor) } else { Err(OTHER) }
            }
            (Presented::Nothing, Some(der)) => house.actor_by_certificate(&fingerprint(&der)),
            (Presented::Nothing, None) => Err(NOTHING),
        })
        .await
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut sending = self.api.0.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = sending.get_mut(&self.account) {
            *held -= self.octets;
            if *held == 0 {
                sending.remove(&self.account);
            }
        }
    }
}

impl Rooms {
    fn new(questions: usize) -> Self {
        let of = |places| Arc::new(Semaphore::new(places));
        let (proofs, bulk, replays) = (of(2), of(3), of(8));
        Self { questions: of(questions), proofs, bulk, replays, bodies: of(BODIES / UNIT) }
    }

    const fn of(&self, cost: Cost) -> &Arc<Semaphore> {
        match cost {
            Cost::Light | Cost::Stream => &self.questions,
            Cost::Proof => &self.proofs,
            Cost::Bulk => &self.bulk,
        }
    }
}

/// The SHA-256 of a certificate, in hexadecimal.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vedetta_testkit::TestHouse;

    #[tokio::test]
    async fn work_that_nobody_waits_for_keeps_its_place() {
        let api = Api::new(Arc::new(TestHouse::small().house), Settings::default(), [7; 32]);
        let proofs = Arc::clone(api.0.rooms.of(Cost::Proof));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, may_end) = std::sync::mpsc::channel::<()>();
        let work = api.ask_at(Cost::Proof, move |_| {
            let _ = begun.send(());
            let _ = may_end.recv();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("it ended by itself"),
            begun = has_begun => begun.unwrap(),
        }
        assert_eq!(proofs.available_permits(), 1, "nobody waits, but it is still under way");
        drop(end);
        let _both = proofs.acquire_many(2).await.unwrap();
    }

    #[test]
    fn no_account_keeps_the_room_of_all() {
        let api = Api::new(Arc::new(TestHouse::small().house), Settings::default(), [7; 32]);
        let [perugia, terni] = ["perugia.bot", "terni.bot"].map(|it| AccountId::new(it).unwrap());
        let large = 32 << 20;
        let held = [(); 2].map(|()| api.share_of(&perugia, large).unwrap());
        assert!(api.share_of(&perugia, large).is_none());
        assert!(api.share_of(&perugia, 4_000).is_some(), "small ones are nobody's burden");
        assert!(api.share_of(&terni, large).is_some());
        drop(held);
        assert!(api.0.sending.lock().unwrap().is_empty());
        assert!(api.share_of(&perugia, large).is_some());
    }

    #[tokio::test]
    async fn bodies_have_so_much_room_together() {
        let api = Api::new(Arc::new(TestHouse::small().house), Settings::default(), [7; 32]);
        let held = api.room_for(BODIES).await;
        let mut waiting = std::pin::pin!(api.room_for(1));
        tokio::select! {
            biased;
            _ = waiting.as_mut() => panic!("there is no room left"),
            () = std::future::ready(()) => {}
        }
        drop(held);
        assert!(waiting.await.is_some());
    }
}
