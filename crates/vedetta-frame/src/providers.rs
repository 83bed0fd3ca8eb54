//! The way to providers of identities: what they say of themselves, their keys, and codes redeemed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vedetta_api::Problem;
use vedetta_api::problem::Kind;
use vedetta_diffusion::webhook::{Call, Https};
use vedetta_keyring::Provider;
use vedetta_keyring::oidc::{self, Attempt, Discovery, Identity, KeySet, Refusal};
use vedetta_model::Instant;

/// The way to them.
pub struct Providers {
    https: Https,
    known: Mutex<HashMap<String, Known>>,
    /// Those that did not answer, and when: strangers have nobody asked again and again.
    away: Mutex<HashMap<String, Instant>>,
    /// One asks of each issuer while the others wait.
    flights: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// What is known of one.
#[derive(Clone)]
struct Known {
    at: Instant,
    discovery: Discovery,
    keys: KeySet,
    /// When its keys were asked for.
    asked: Option<Instant>,
}

/// How long what a provider says of itself is believed.
const FRESH: Duration = Duration::from_secs(3_600);
/// How often its keys are asked for at most, whatever keys tokens name.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a provider that did not answer is left in peace.
const AWAY: Duration = Duration::from_secs(10);
/// How long a provider may take to say what it is, and which keys it has.
const SOON: Duration = Duration::from_secs(5);
/// How long it may take to redeem a code, the look-up of its name in that.
const REDEMPTION: Duration = Duration::from_secs(30);
/// The longest answer, in octets.
const LONGEST: usize = 128 << 10;

const TOO_LONG: &str = "it takes too long";

impl Providers {
    /// Over a client.
    #[must_use]
    pub fn over(https: Https) -> Self {
        Self { https, known: Mutex::default(), away: Mutex::default(), flights: Mutex::default() }
    }

    /// What a provider says of itself.
    ///
    /// # Errors
    /// It does not answer, or not as it should.
    pub async fn discovery(&self, provider: &Provider, now: Instant) -> Result<Discovery, Problem> {
        Ok(self.known(provider, now).await?.discovery)
    }

    /// Who it is, by the code that the provider gave; `id` names this very request. A refusal is unproven.
    ///
    /// # Errors
    /// It does not answer; what it says is not believed.
    pub async fn identity(
        &self,
        provider: &Provider,
        (code, attempt): (&str, &Attempt),
        (id, now): (&str, Instant),
    ) -> Result<Identity, Problem> {
        let known = self.known(provider, now).await?;
        let asked = provider.client.redemption(&known.discovery, (code, attempt), (id, now));
        let asked = asked.map_err(|error| unavailable(provider, &error.to_string()))?;
        let form = Some((asked.body, asked.authorization));
        let body = tokio::time::timeout(REDEMPTION, self.ask(provider, &asked.url, form)).await;
        let body = body.unwrap_or_else(|_| Err(unavailable(provider, TOO_LONG)))?;
        let refused = |refusal: Refusal| {
            let sentence = format!("{}: {refusal}", provider.name);
            Problem::new(Kind::Unproven, sentence)
        };
        let token = oidc::token_in(&body).map_err(refused)?;
        let keys = self.keys(provider, known, (oidc::key_of(&token), now)).await?;
        provider.client.judge(&token, (&keys, &attempt.nonce), now).map_err(refused)
    }

    async fn known(&self, provider: &Provider, now: Instant) -> Result<Known, Problem> {
        let issuer = &provider.client.issuer;
        if let Some(known) = self.fresh(issuer, now) {
            return Ok(known);
        }
        let flight = self.flight(issuer);
        let _one = flight.lock().await;
        if let Some(known) = self.fresh(issuer, now) {
            return Ok(known);
        }
        let body = self.look_up(provider, &Discovery::address(issuer), now).await?;
        let discovery = Discovery::read(&body, issuer).map_err(|refusal| {
            self.away().insert(issuer.clone(), now);
            unavailable(provider, &refusal.to_string())
        })?;
        let known = Known { at: now, discovery, keys: KeySet::default(), asked: None };
        self.lock().insert(issuer.clone(), known.clone());
        Ok(known)
    }

    fn fresh(&self, issuer: &str, now: Instant) -> Option<Known> {
        let known = self.lock().get(issuer).cloned();
        known.filter(|it| now.since(it.at) < FRESH && now >= it.at)
    }

    fn flight(&self, issuer: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flights.entry(issuer.to_owned()).or_default())
    }

    /// Its keys; asked for again when a token names one that is not among them, and not often.
    async fn keys(
        &self,
        provider: &Provider,
        known: Known,
        (wanted, now): (Option<String>, Instant),
    ) -> Result<KeySet, Problem> {
        let enough = |known: &Known| {
            let lately = known.asked.is_some_and(|asked| now.since(asked) < AGAIN && now >= asked);
            known.keys.knows(wanted.as_deref()) || lately
        };
        if enough(&known) {
            return Ok(known.keys);
        }
        let issuer = &provider.client.issuer;
        let flight = self.flight(issuer);
        let _one = flight.lock().await;
        let known = self.fresh(issuer, now).unwrap_or(known);
        if enough(&known) {
            return Ok(known.keys);
        }
        let body = self.look_up(provider, &known.discovery.jwks_uri, now).await?;
        let keys = KeySet::read(&body).map_err(|reason| {
            self.away().insert(issuer.clone(), now);
            unavailable(provider, reason)
        })?;
        let known = Known { keys: keys.clone(), asked: Some(now), ..known };
        self.lock().insert(issuer.clone(), known);
        Ok(keys)
    }

    /// Looks something up at a provider, unless it did not answer a moment ago.
    async fn look_up(
        &self,
        provider: &Provider,
        url: &str,
        now: Instant,
    ) -> Result<Vec<u8>, Problem> {
        let issuer = &provider.client.issuer;
        let away = self.away().get(issuer).copied();
        if away.is_some_and(|at| now.since(at) < AWAY && now >= at) {
            return Err(unavailable(provider, "it did not answer a moment ago"));
        }
        let answer = tokio::time::timeout(SOON, self.ask(provider, url, None)).await;
        let answer = answer.unwrap_or_else(|_| Err(unavailable(provider, TOO_LONG)));
        match &answer {
            Ok(_) => self.away().remove(issuer),
            Err(_) => self.away().insert(issuer.clone(), now),
        };
        answer
    }

    /// Asks a provider: a form by `POST` when there is one. What it says is read when it says 200.
    async fn ask(
        &self,
        provider: &Provider,
        url: &str,
        form: Option<(String, Option<String>)>,
    ) -> Result<Vec<u8>, Problem> {
        let failed = |why: String| unavailable(provider, &why);
        let addresses = addresses(url, &provider.client.issuer).await.map_err(failed)?;
        let mut headers = vec![("Accept".into(), "application/json".to_owned())];
        let method = if form.is_some() { "POST" } else { "GET" };
        let (body, authorization) = form.unwrap_or_default();
        if method == "POST" {
            let media = "application/x-www-form-urlencoded".to_owned();
            headers.push(("Content-Type".into(), media));
        }
        headers.extend(authorization.map(|value| ("Authorization".into(), value)));
        let call = Call { method, url: url.to_owned(), headers, body: body.into() };
        let answer = self.https.clone().exchange(call, addresses, LONGEST).await;
        match answer.map_err(failed)? {
            (200, body) => Ok(body.to_vec()),
            // The code was redeemed, or is none: the person begins again.
            (400 | 401, _) if method == "POST" => {
                let sentence = format!("{}: the provider did not take the code", provider.name);
                Err(Problem::new(Kind::Unproven, sentence))
            }
            (status, _) => Err(failed(format!("{url} answered {status}"))),
        }
    }

    fn away(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an address leads: by https; within the machine plainly, of an issuer that is there too.
async fn addresses(url: &str, issuer: &str) -> Result<Vec<SocketAddr>, String> {
    let uri: http::Uri = url.parse().map_err(|_| format!("{url:?} is no URL"))?;
    let plain = uri.scheme_str() == Some("http") && issuer.starts_with("http://");
    if !plain && uri.scheme_str() != Some("https") {
        return Err(format!("{url:?} is not https"));
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
    let found = Https::resolve(host, port).await;
    if plain && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(format!("{url:?} is not https"));
    }
    Ok(found)
}

/// What is said when a provider cannot be used now.
fn unavailable(provider: &Provider, why: &str) -> Problem {
    tracing::warn!(provider = provider.name, why, "nobody can sign in by this provider");
    let label = &provider.label;
    let sentence = format!("{label} cannot be used now; sign in with your password, or try later");
    let italian =
        format!("{label} adesso non si può usare: accedi con la password o riprova tra poco");
    Problem::new(Kind::Unavailable, sentence).in_italian(Some(italian))
}
