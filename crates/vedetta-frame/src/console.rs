//! What every page stands on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::broadcast;
use vedetta_api::access::{Cost, Verb, Who};
use vedetta_api::credentials::Presented;
use vedetta_api::problem::Kind;
use vedetta_api::{Api, Problem};
use vedetta_diffusion::Hub;
use vedetta_flow::{FlowError, House};
use vedetta_keyring::Keyring;
use vedetta_model::{Actor, Instant, Way};
use vedetta_postroom::Postroom;
use vedetta_timeliness::Timeliness;
use vedetta_watch::desk::posture::Posture;
use vedetta_watch::{News, Watch, WatchError};
use vedetta_words::Words;

use crate::access::Line;
use crate::alike::Alike;
use crate::assets::Assets;
use crate::forms::Memory;
use crate::providers::Providers;
use crate::visit::{Person, Signed};

/// The pages of one node. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    api: Api,
    assets: Assets,
    secret: [u8; 32],
    sent: Memory,
    hub: Arc<Hub>,
    news: broadcast::Sender<Arc<News>>,
    alike: Alike,
    blank: String,
    pace: Mutex<Option<(Instant, Pace)>>,
    providers: OnceLock<Providers>,
}

/// How fast everything reaches everyone, all agreements together.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Half within.
    pub half: String,
    /// 95 of 100 within.
    pub most: String,
    /// Deliveries that nobody acknowledged.
    pub missing: u64,
}

/// Where alarms are answered: by those whom they may call.
const ANSWER: &str = "/alarms/{alarm}/answer";
/// Rounds of news that who is slow may have missed; of more it is told that everything changed.
const ROUNDS: usize = 64;
/// How long a pace that was measured is shown.
const FRESH: Duration = Duration::from_secs(60);
/// Over how long it is measured.
const PERIOD: Duration = Duration::from_secs(86_400);

impl Pace {
    /// Its figures as a language writes them.
    #[must_use]
    pub fn written(self, w: Words) -> Self {
        let mark = w.decimal().to_string();
        let written = |figure: String| figure.replace('.', &mark);
        Self { half: written(self.half), most: written(self.most), ..self }
    }
}

impl Console {
    /// The pages beside a node's machine doors, with which they share limits and records. `secret`
    /// seals forms: random, and the same after a restart if what people have open is to be taken.
    #[must_use]
    pub fn new(api: Api, secret: [u8; 32]) -> Self {
        let hub = Hub::at(api.house().bell().last().0);
        let (assets, sent) = (Assets::embedded(), Memory::default());
        let (news, alike, blank) =
            (broadcast::Sender::new(ROUNDS), Alike::default(), nonce(api.house()));
        let (pace, providers) = (Mutex::default(), OnceLock::new());
        let shared = Shared { api, assets, secret, sent, hub, news, alike, blank, pace, providers };
        Self(Arc::new(shared))
    }

    /// Lets people sign in by other ways than a password, from now on.
    pub fn show_keyring(&self, keyring: Arc<Keyring>, providers: Providers) {
        self.0.api.show_keyring(keyring);
        // Those that were shown first stay.
        let _first = self.0.providers.set(providers).is_ok();
    }

    /// The way to the providers of identities, where there is one.
    pub fn providers(&self) -> Option<&Providers> {
        self.0.providers.get()
    }

    /// The machine doors.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.0.api
    }

    /// The house.
    #[must_use]
    pub fn house(&self) -> &Arc<House> {
        self.0.api.house()
    }

    /// The hub of the lines that appear on open pages; [`crate::live::run`] fills it.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Where open pages hear what happens; what fills the hub tells it.
    pub fn news(&self) -> &broadcast::Sender<Arc<News>> {
        &self.0.news
    }

    pub(crate) fn alike(&self) -> &Alike {
        &self.0.alike
    }

    /// What stands for a seal in what several are given. Nobody guesses it.
    pub(crate) fn blank(&self) -> &str {
        &self.0.blank
    }

    pub(crate) fn assets(&self) -> &Assets {
        &self.0.assets
    }

    /// What was sent before, so that sending it twice does it once.
    pub fn sent(&self) -> &Memory {
        &self.0.sent
    }

    /// Asks the house, off the threads that serve connections.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.0.api.ask(question).await
    }

    /// Asks the house to look through an object of somebody, as the machine doors do: few are looked
    /// through at once, and their octets count as brought.
    pub async fn ask_through<T: Send + 'static>(
        &self,
        (by, object): (&Actor, &str),
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.0.api.count_brought(by, object.len())?;
        self.0.api.ask_at(Cost::Bulk, question).await
    }

    /// Asks the watch, off the threads that serve connections.
    pub async fn watch<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Watch) -> Result<T, WatchError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.0.api.ask_watch(Cost::Light, question).await
    }

    /// Asks the mail desk, off the threads that serve connections.
    pub async fn mail<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Postroom) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.0.api.mail_desk().map(Arc::clone).ok_or_else(|| {
            let sentence = "this node has no mail desk; ask its administrator for one";
            let italian = "questo nodo non ha un banco della posta: chiedilo a chi lo amministra";
            Problem::new(Kind::Unknown, sentence).in_italian(Some(italian))
        })?;
        self.0.api.ask_at(Cost::Bulk, move |_| question(&desk)).await
    }

    /// Whether somebody may open a page: by role, and in the room when the page is the room's.
    pub fn admits(&self, signed: &Signed, path: &str) -> bool {
        let line = Line::find(Verb::Get, path);
        line.is_some_and(|line| self.lets(&signed.person.actor, line.who))
    }

    /// Whether somebody is one of those who may.
    pub(crate) fn lets(&self, actor: &Actor, who: Who) -> bool {
        let at_home = match who {
            Who::Room(roles) => self.house().is_of_the_room(actor, roles),
            _ => true,
        };
        at_home && who.admits(Some(actor))
    }

    /// How fast the past day's items arrived, measured at most once a minute.
    pub async fn pace(&self, by: &Actor) -> Result<Pace, Problem> {
        let now = self.house().now();
        let known = self.0.pace.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, pace)) = known.filter(|(at, _)| now.since(*at) < FRESH && now >= *at) {
            return Ok(pace);
        }
        let by = by.clone();
        let paces = self.0.api.ask_at(Cost::Bulk, move |house| {
            let after = house.place_at(house.now().before(PERIOD))?;
            Timeliness::of(house).pace(&by, after)
        });
        let paces = paces.await?;
        let worst = |of: fn(&vedetta_timeliness::Pace) -> u64| match paces.iter().map(of).max() {
            None | Some(0) => "—".to_owned(),
            Some(millis @ 1..1_000) => format!("{millis} ms"),
            Some(millis) => format!("{:.1} s", Duration::from_millis(millis).as_secs_f64()),
        };
        let missing =
            |it: &vedetta_timeliness::Pace| it.share.count.saturating_sub(it.acknowledge.count);
        let pace = Pace {
            half: worst(|it| it.share.p50_ms),
            most: worst(|it| it.share.p95_ms),
            missing: paces.iter().map(missing).max().unwrap_or(0),
        };
        *self.0.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, pace.clone()));
        Ok(pace)
    }

    /// The person of a session that signing in, or breaking the seal, has made: a token that one was
    /// given for a program opens no page.
    pub async fn person(&self, token: &str) -> Result<Person, Problem> {
        let presented = Presented::Token { account: None, token: token.to_owned() };
        let actor = self.0.api.prove(presented, None).await?;
        if actor.way != Way::InPerson {
            return Err(Problem::new(Kind::Unproven, "this is no session; sign in"));
        }
        let standing = self.house().standing();
        let account = standing.directory.account(&actor.account);
        let organisation = standing.directory.organisation(&actor.organisation);
        let called = match Line::find(Verb::Post, ANSWER) {
            Some(line) if self.lets(&actor, line.who) => Some(self.calls_to(&actor).await),
            _ => None,
        };
        let postures = self.postures_of(&actor).await;
        Ok(Person {
            postures,
            called,
            name: account.map_or_else(|| actor.account.to_string(), |it| it.name.clone()),
            organisation: organisation
                .map_or_else(|| actor.organisation.to_string(), |it| it.name.clone()),
            session: token.split('_').nth(1).unwrap_or_default().to_owned(),
            seal: self.seal(token),
            at_home: standing.own.as_ref() == Some(&actor.organisation),
            actor,
        })
    }

    /// The crises and exercises that hold for somebody. A page is shown all the same when they cannot be
    /// read.
    async fn postures_of(&self, by: &Actor) -> Vec<Posture> {
        let by = by.clone();
        let held = self.watch(move |watch| watch.postures(&by)).await;
        let mut held = held.unwrap_or_else(|problem| {
            tracing::error!(detail = %problem.detail, "it cannot be read which crises hold");
            Vec::new()
        });
        held.retain(Posture::holds);
        held
    }

    /// The alarms that call somebody. A page is shown all the same when they cannot be read.
    async fn calls_to(&self, by: &Actor) -> Arc<[String]> {
        let account = by.account.clone();
        self.watch(move |watch| watch.calls_to(&account)).await.unwrap_or_else(|problem| {
            tracing::error!(detail = %problem.detail, "it cannot be read whom alarms call");
            Arc::default()
        })
    }

    /// What a form of this session, or of this doorstep, must carry.
    pub(crate) fn seal(&self, of: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.secret) else {
            return String::new();
        };
        mac.update(b"form\0");
        mac.update(of.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// A name that nobody guesses.
    pub fn nonce(&self) -> String {
        nonce(self.house())
    }
}

fn nonce(house: &House) -> String {
    let mut octets = [0; 16];
    house.entropy().fill(&mut octets);
    URL_SAFE_NO_PAD.encode(octets)
}
