//! What stands before every page: limits, the session, the matrix, the seal of forms; and after it the
//! headers that keep a page to itself.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Limited};
use vedetta_api::Problem;
use vedetta_api::access::{Verb, Who};
use vedetta_api::gate::{is_forbidden, note_refusal, too_many, too_many_proofs};
use vedetta_api::problem::Kind;

use crate::access::{Effort, Line};
use crate::alike;
use crate::console::Console;
use crate::forms::{SEAL, Sent};
use crate::refused;
use crate::visit::{DOORSTEP, SESSION, Visit, cookie};

/// The gate before one line of the matrix.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) console: Console,
    pub(crate) line: &'static Line,
}

/// Nothing from outside, nothing inline, nobody's frame.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets a visit through, or says why not.
pub(crate) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let since = gate.console.house().bell().last().0;
    let mut visit = Visit { since, ..Visit::of(&parts) };
    // Who has not signed in gets a doorstep with the first page: its forms are sealed with it.
    let first = gate.line.verb == Verb::Get && visit.doorstep.is_none();
    if first {
        visit.doorstep = Some(gate.console.nonce());
    }
    let response = match gate.admit(&mut visit, &parts, body).await {
        Err(response) => *response,
        Ok((sent, body)) => {
            parts.extensions.insert(sent);
            gate.run(&visit, Request::from_parts(parts, body), next).await
        }
    };
    if let Some(person) = visit.person.as_ref().filter(|_| is_forbidden(&response)) {
        let what = format!("{} {}", gate.line.verb.as_str(), gate.line.path);
        note_refusal(gate.console.api(), &person.actor, what).await;
    }
    let problem = response.extensions().get::<Problem>().cloned();
    let response = match problem {
        Some(problem) => refused::page(&gate.console, &visit, &problem),
        None => response,
    };
    let mut response = guarded(response);
    if let Some(doorstep) = visit.doorstep.filter(|_| first && visit.person.is_none()) {
        crate::visit::set(&mut response, DOORSTEP, &doorstep, "Strict");
    }
    response
}

/// With the headers that every answer to a browser has.
pub(crate) fn guarded(mut response: Response) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    ];
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why a visit ends at the gate: a page, boxed since it seldom happens.
type Ended = Box<Response>;

impl Gate {
    /// Has the page written; of an open page its parts alone, for all who see the same at once.
    async fn run(&self, visit: &Visit, request: Request, next: Next) -> Response {
        let since = alike::since(request.headers()).filter(|_| self.line.verb == Verb::Get);
        let write = |visit: Visit| {
            let mut request = request;
            request.extensions_mut().insert(visit);
            next.run(request)
        };
        let Some(since) = since else { return write(visit.clone()).await };
        match alike::asked(&self.console, self.line, visit).await {
            Some(asked) => alike::answer(&self.console, (asked, since), visit, write).await,
            None => alike::only_parts(write(visit.clone()).await).await,
        }
    }

    async fn admit(
        &self,
        visit: &mut Visit,
        parts: &Parts,
        body: Body,
    ) -> Result<(Sent, Body), Ended> {
        let (limits, now) = (self.console.api().limits(), self.console.house().now());
        limits.addresses.take(visit.address, now).map_err(|wait| ended(too_many(wait)))?;
        if self.line.effort == Effort::Proof {
            let taken = limits.proofs.take(visit.address, now);
            taken.map_err(|wait| ended(too_many_proofs(wait)))?;
        }
        let posted = self.line.verb == Verb::Post;
        if posted && !is_from_here(&parts.headers) {
            let sentence =
                "the form was sent from another site; open the page here, and send it again";
            let italian = "il modulo viene da un altro sito: apri la pagina qui e invialo di nuovo";
            return Err(ended(Problem::new(Kind::Forbidden, sentence).in_italian(Some(italian))));
        }
        self.prove(visit, &parts.headers).await?;
        // Who has not signed in may keep what a small form holds. What is large is read of nobody who
        // may not send it.
        let at_once = visit.person.is_some() || self.line.effort == Effort::Bulk;
        if at_once {
            self.check_person(visit, parts, None)?;
        }
        let (sent, body) = match posted {
            true => (self.read(parts, body).await?, Body::empty()),
            false => (Sent::default(), body),
        };
        if !at_once {
            self.check_person(visit, parts, Some(&sent))?;
        }
        if posted && !self.is_sealed(visit, &sent) {
            return Err(Box::new(refused::again(&self.console, visit, &sent)));
        }
        Ok((sent, body))
    }

    /// Who visits, when there is a session.
    async fn prove(&self, visit: &mut Visit, headers: &HeaderMap) -> Result<(), Ended> {
        let Some(token) = cookie(headers, SESSION) else { return Ok(()) };
        let now = self.console.house().now();
        match self.console.person(token).await {
            Ok(person) => {
                let counted = person.actor.account.clone();
                let taken = self.console.api().limits().accounts.take(counted, now);
                taken.map_err(|wait| ended(too_many(wait)))?;
                visit.person = Some(Arc::new(person));
                Ok(())
            }
            // A session that has ended is no session.
            Err(problem) if problem.kind == Kind::Unproven => Ok(()),
            Err(problem) => Err(ended(problem)),
        }
    }

    /// Whether the matrix lets the person through; who has not signed in may do so now, and keeps what
    /// was read of the form.
    fn check_person(&self, visit: &Visit, parts: &Parts, sent: Option<&Sent>) -> Result<(), Ended> {
        let Some(person) = &visit.person else {
            return match (self.line.who, self.line.verb, sent) {
                (Who::Anyone, ..) => Ok(()),
                (_, Verb::Get, _) => Err(Box::new(doorstep(visit, parts))),
                (_, _, Some(sent)) => Err(Box::new(refused::ended(&self.console, visit, sent))),
                _ => Err(ended(signed_out())),
            };
        };
        let actor = &person.actor;
        if self.console.lets(actor, self.line.who) {
            return Ok(());
        }
        let sentence = format!("{} may not; ask an administrator of the node", actor.account);
        Err(ended(Problem::new(Kind::Forbidden, sentence)))
    }

    async fn read(&self, parts: &Parts, body: Body) -> Result<Sent, Ended> {
        let largest = self.line.effort.largest_body();
        let whole = Limited::new(body, largest).collect().await.map_err(|_| {
            let sentence = format!("the form is over {largest} octets, or broke off; send less");
            ended(Problem::new(Kind::TooLarge, sentence))
        })?;
        Sent::read(&parts.headers, &whole.to_bytes()).map_err(ended)
    }

    /// Whether a form was made for this session, or this doorstep.
    fn is_sealed(&self, visit: &Visit, sent: &Sent) -> bool {
        let seal = match (&visit.person, &visit.doorstep) {
            (Some(person), _) => person.seal.clone(),
            (None, Some(doorstep)) => self.console.seal(doorstep),
            (None, None) => return false,
        };
        let given = sent.text(SEAL).as_bytes();
        let differs = given.iter().zip(seal.as_bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        given.len() == seal.len() && differs == 0
    }
}

/// What is said to who sends a file without having signed in.
fn signed_out() -> Problem {
    let sentence = "nobody is signed in; sign in, and send the form again";
    let italian = "nessuno ha fatto l'accesso: accedi e invia di nuovo il modulo";
    Problem::new(Kind::Unproven, sentence).in_italian(Some(italian.to_owned()))
}

fn ended(problem: Problem) -> Ended {
    Box::new(problem.into_response())
}

/// Whether a form comes from a page of this very node, as the browser says.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(&ORIGIN) else { return true };
    let named = origin.split_once("://").map(|(_, host)| host);
    let host = text(&HOST);
    host.is_none() || named == host
}

/// The way to the door. The cookie of a session does not come along with a link from elsewhere: then
/// the same page is asked for once more, from here.
fn doorstep(visit: &Visit, parts: &Parts) -> Response {
    let site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let elsewhere = matches!(site, Some("cross-site" | "same-site"));
    if elsewhere {
        return refused::once_more(&visit.here);
    }
    let mut to = String::from("/sign-in");
    if visit.here != "/" {
        to.push_str("?to=");
        to.push_str(&crate::forms::escaped(&visit.here));
    }
    Redirect::to(&to).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_known_by_its_headers() {
        let from = |pairs: &[(&'static str, &str)]| {
            let pairs = pairs.iter();
            is_from_here(
                &pairs
                    .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                    .collect(),
            )
        };
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(!from(&[("sec-fetch-site", "cross-site")]));
        assert!(!from(&[("sec-fetch-site", "same-site")]));
        assert!(!from(&[("sec-fetch-site", "none")]));
        assert!(from(&[("origin", "https://node.example"), ("host", "node.example")]));
        assert!(!from(&[("origin", "https://evil.example"), ("host", "node.example")]));
        assert!(!from(&[("origin", "null"), ("host", "node.example")]));
    }
}
