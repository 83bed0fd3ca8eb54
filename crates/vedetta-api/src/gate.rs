//! What stands before every route: limits, proof of who asks, the matrix, and the last word on
//! how errors and headers are written.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use vedetta_model::{Actor, Role};

use crate::access::{Cost, Route, Who};
use crate::api::Api;
use crate::control::AtTheMachine;
use crate::credentials::Presented;
use crate::problem::{Kind, Problem, Style};
use crate::reads::Carried;
use crate::server::Peer;

/// The gate before one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) api: Api,
    pub(crate) route: &'static Route,
}

/// The address of who asks, to count by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address(pub(crate) IpAddr);

/// Who asks, proven by the gate.
#[derive(Clone, Debug)]
pub struct Caller(pub Actor);

/// Lets a request through, or says why not.
pub(crate) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let began = gate.api.house().now();
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let at_the_machine = parts.extensions.get::<AtTheMachine>().copied();
    let mut actor = None;
    let response = match gate.admit(&parts, &mut actor).await {
        Err(problem) => problem.into_response(),
        Ok(()) => {
            if let Some(actor) = actor.clone() {
                parts.extensions.insert(Caller(actor));
            }
            let request = Request::from_parts(parts, body);
            match tokio::time::timeout(gate.route.cost.longest(), next.run(request)).await {
                Ok(response) => response,
                Err(_) => slow().into_response(),
            }
        }
    };
    if let Some(actor) = actor.as_ref().filter(|_| is_forbidden(&response)) {
        let what = format!("{} {}", gate.route.verb.as_str(), gate.route.path);
        note_refusal(&gate.api, actor, what).await;
    }
    let response = gate.finish(response, &path, at_the_machine);
    let took = gate.api.house().now().since(began);
    gate.api.metrics().served(gate.route, response.status(), took);
    tracing::debug!(
        method = gate.route.verb.as_str(),
        route = gate.route.path,
        status = response.status().as_u16(),
        account = actor.as_ref().map(|actor| tracing::field::display(&actor.account)),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "served"
    );
    response
}

/// Whether somebody was refused for want of the right.
#[must_use]
pub fn is_forbidden(response: &Response) -> bool {
    let problem = response.extensions().get::<Problem>();
    problem.is_some_and(|problem| problem.kind == Kind::Forbidden)
}

/// Notes in the ledger that somebody who is known was refused for want of the right.
pub async fn note_refusal(api: &Api, actor: &Actor, what: String) {
    let actor = actor.clone();
    let noted = api.ask(move |house| {
        house.note_look(&actor, &what, &json!({ "deed": "refused" }));
        Ok(())
    });
    if let Err(problem) = noted.await {
        tracing::debug!(detail = problem.detail, "a refusal was not noted");
    }
}

impl Gate {
    /// Lets who asks in, or not; who it is, once that is proven.
    async fn admit(&self, parts: &Parts, who: &mut Option<Actor>) -> Result<(), Problem> {
        if parts.extensions.get::<AtTheMachine>().is_some() {
            *who = Some(self.admit_operator(parts)?);
            return Ok(());
        }
        let address = address_of(parts);
        let limits = self.api.limits();
        let now = self.api.house().now();
        limits.addresses.take(address, now).map_err(too_many)?;
        self.check_length(&parts.headers)?;
        if self.route.cost == Cost::Proof {
            limits.proofs.take(address, now).map_err(too_many_proofs)?;
        }
        if !matches!(self.route.who, Who::Anyone) {
            let actor = self.prove(parts, address).await?;
            limits.accounts.take(actor.account.clone(), now).map_err(too_many)?;
            *who = Some(actor);
        }
        let actor = who.as_ref();
        if !self.route.who.admits(actor) || !self.is_at_home(actor) {
            return Err(self.refuse(actor));
        }
        match self.route.style() {
            // The language of TAXII checks its own parameters.
            Style::Taxii => accept_taxii(&parts.headers)?,
            Style::Problem => self.route.check_query(&parts.uri)?,
        }
        Ok(())
    }

    /// The operator at the machine acts as an administrator of the node's own organisation, as
    /// often as it likes.
    fn admit_operator(&self, parts: &Parts) -> Result<Actor, Problem> {
        self.check_length(&parts.headers)?;
        let operator = self.api.house().operator()?;
        if self.route.who != Who::Operator && !self.route.who.admits(Some(&operator)) {
            return Err(self.refuse(Some(&operator)));
        }
        self.route.check_query(&parts.uri).map(|()| operator)
    }

    /// Whether the room, where the route takes one, is that of the actor's organisation.
    fn is_at_home(&self, actor: Option<&Actor>) -> bool {
        let Who::Room(roles) = self.route.who else { return true };
        actor.is_some_and(|actor| self.api.house().is_of_the_room(actor, roles))
    }

    fn check_length(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: Option<u64> = length.and_then(|text| text.parse().ok());
        let largest = self.route.cost.largest_body();
        if length.is_some_and(|length| length > largest as u64) {
            Err(too_large(largest))
        } else {
            Ok(())
        }
    }

    /// Who asks. A token is looked up at little cost, and is not guessed: only of wrong ones too many
    /// are too many, so that nobody stops those behind the same address.
    async fn prove(&self, parts: &Parts, address: IpAddr) -> Result<Actor, Problem> {
        let certificate = parts.extensions.get::<Peer>().and_then(|peer| peer.certificate.clone());
        let presented = Presented::read(&parts.headers)
            .map_err(|error| Problem::new(Kind::Unproven, error.to_string()).at("Authorization"))?;
        if presented == Presented::Nothing && certificate.is_none() {
            let sentence = "no credentials were sent; send Authorization: Bearer with a token";
            return Err(Problem::new(Kind::Unproven, sentence));
        }
        let proven = self.api.prove(presented, certificate).await;
        if proven.as_ref().is_err_and(|problem| problem.kind == Kind::Unproven) {
            let wrong = self.api.limits().wrong_tokens.take(address, self.api.house().now());
            wrong.map_err(too_many_wrong)?;
        }
        proven
    }

    fn refuse(&self, actor: Option<&Actor>) -> Problem {
        let who = actor.map_or("an unproven caller", |actor| actor.account.as_str());
        let sentence = match self.route.who {
            Who::Roles(roles) => {
                format!("{who} may not; it takes one of the roles {}", named(roles))
            }
            Who::Room(roles) => format!(
                "{who} may not; it takes one of the roles {} in the organisation whose node this is",
                named(roles)
            ),
            Who::Operator => {
                format!("{who} may not; it is for commands of the node's own, at its machine")
            }
            Who::Anyone | Who::SignedIn => format!("{who} may not; it has no role"),
        };
        Problem::new(Kind::Forbidden, sentence)
    }

    fn finish(&self, response: Response, path: &str, operator: Option<AtTheMachine>) -> Response {
        let problem = response.extensions().get::<Problem>().cloned();
        let mut response = match problem {
            Some(problem) if operator.is_some() => {
                problem.unveiled().render(self.route.style(), Some(path))
            }
            Some(problem) => problem.render(self.route.style(), Some(path)),
            None => response,
        };
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        match response.extensions_mut().remove::<Carried>() {
            Some(carried) => response.map(|body| carried.noted(body, &self.api)),
            None => response,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::new(Kind::Unproven, "not signed in; send a token"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(address_of(parts)))
    }
}

pub(crate) fn too_large(largest: usize) -> Problem {
    let sentence = format!("the body is over {largest} octets; send it in parts");
    Problem::new(Kind::TooLarge, sentence)
}

/// Roles as accounts are given them.
fn named(roles: &[Role]) -> String {
    let named = roles.iter().map(|role| serde_json::to_value(role).unwrap_or_default());
    let named: Vec<_> = named.map(|name| name.as_str().unwrap_or_default().to_owned()).collect();
    named.join(", ")
}

fn accept_taxii(headers: &HeaderMap) -> Result<(), Problem> {
    let values: Result<Vec<&str>, _> =
        headers.get_all(ACCEPT).iter().map(HeaderValue::to_str).collect();
    let joined = values.map(|values| values.join(",")).unwrap_or_else(|_| "?".into());
    let given = headers.contains_key(ACCEPT).then_some(joined.as_str());
    taxii::accept(given)
        .map_err(|error| Problem::new(Kind::NotAcceptable, error.to_string()).at("Accept"))
}

/// The address of who asks, to count by.
#[must_use]
pub fn address_of(parts: &Parts) -> IpAddr {
    let address = parts.extensions.get::<Peer>().map(|peer| peer.address.ip());
    counted(address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
}

/// The address to count by: for IPv6 the network of one subscriber.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_none() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address.to_canonical(),
    }
}

/// More requests than allowed.
#[must_use]
pub fn too_many(wait: Duration) -> Problem {
    Problem::new(Kind::TooMany, "more requests than allowed; wait as Retry-After says").wait(wait)
}

/// More attempts to sign in than allowed.
#[must_use]
pub fn too_many_proofs(wait: Duration) -> Problem {
    let sentence = "too many attempts to sign in; wait as Retry-After says";
    Problem::new(Kind::TooMany, sentence).wait(wait)
}

/// More wrong tokens than allowed.
#[must_use]
pub fn too_many_wrong(wait: Duration) -> Problem {
    let sentence = "this token is wrong, as were others before; ask for a new one";
    Problem::new(Kind::TooMany, sentence).wait(wait)
}

fn slow() -> Problem {
    Problem::new(Kind::TimedOut, "it took too long; ask for less, or try again")
}
