//! What every handler stands on: the house, the limits, the node's words about itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use taxii::NextKey;
use tokio::sync::{Semaphore, watch};
use vedetta_diffusion::Hub;
use vedetta_diffusion::webhook::Inner;
use vedetta_flow::{FlowError, House};
use vedetta_model::{AccountId, Actor};

use crate::credentials::Presented;
use crate::feeds::Feeds;
use crate::limits::{Limiter, Rate};
use crate::metrics::Metrics;
use crate::problem::{Kind, Problem};
use crate::reads::Reads;
use crate::taxii2::Statuses;

/// What the operator says of the machine doors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name, e.g. `CNAIPIC`.
    pub title: String,
    /// Whom to call about it.
    pub contact: Option<String>,
    /// Requests from one address.
    pub per_address: Rate,
    /// Requests of one account.
    pub per_account: Rate,
    /// Attempts to sign in, and wrong credentials, from one address.
    pub proofs: Rate,
    /// Questions to the house at once; more wait.
    pub at_once: usize,
    /// The node's own networks that webhooks may go to; none unless somebody says so.
    pub webhook_networks: Inner,
}

/// The machine doors of one node. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    house: Arc<House>,
    hub: Arc<Hub>,
    settings: Settings,
    next_key: NextKey,
    statuses: Statuses,
    reads: Reads,
    feeds: Feeds,
    limits: Limits,
    metrics: Metrics,
    room: Semaphore,
    closing: watch::Sender<bool>,
}

/// The limiters.
pub(crate) struct Limits {
    pub(crate) addresses: Limiter<IpAddr>,
    pub(crate) accounts: Limiter<AccountId>,
    pub(crate) proofs: Limiter<IpAddr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Vedetta".into(),
            contact: None,
            per_address: Rate { burst: 2_000, every: Duration::from_millis(1) },
            per_account: Rate { burst: 1_000, every: Duration::from_millis(2) },
            proofs: Rate { burst: 10, every: Duration::from_secs(6) },
            at_once: 64,
            webhook_networks: Inner::default(),
        }
    }
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
        };
        let room = Semaphore::new(settings.at_once);
        let (next_key, statuses) = (NextKey::new(secret), Statuses::new(secret));
        let (metrics, reads) = (Metrics::default(), Reads::default());
        let hub = Hub::at(house.bell().last().0);
        Self(Arc::new(Shared {
            house,
            hub,
            settings,
            next_key,
            statuses,
            reads,
            feeds: Feeds::default(),
            limits,
            metrics,
            room,
            closing: watch::Sender::new(false),
        }))
    }

    /// The house.
    #[must_use]
    pub fn house(&self) -> &Arc<House> {
        &self.0.house
    }

    /// The hub of the live stream; [`crate::live::run`] fills it.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Ends the live streams, so that the server can end: their clients come back with the place
    /// they reached.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Ends when [`Api::close`] was called.
    pub(crate) async fn closed(&self) {
        // The sender is of this very value, so it is not gone.
        let _closed = self.0.closing.subscribe().wait_for(|closed| *closed).await.is_ok();
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

    pub(crate) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Asks the house, off the threads that serve connections.
    ///
    /// # Errors
    /// What the house said, as a problem.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, Problem> {
        let fault = |_| Problem::new(Kind::Internal, "a fault of the node; tell its operator");
        let _place = self.0.room.acquire().await.map_err(|_| {
            Problem::new(Kind::Unavailable, "the node is stopping; try again in a minute")
        })?;
        let house = Arc::clone(&self.0.house);
        let answer = tokio::task::spawn_blocking(move || question(&house)).await;
        answer.map_err(fault)?.map_err(Problem::from)
    }

    /// Who presented what. A token that is sent beside another account's name proves nothing.
    pub(crate) async fn prove(
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

/// The SHA-256 of a certificate, in hexadecimal.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|octet| format!("{octet:02x}")).collect()
}
