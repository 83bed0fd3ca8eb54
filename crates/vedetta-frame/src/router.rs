//! The router: every line of the matrix with its handler behind its gate, and nothing else.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::header::ACCEPT;
use tower::ServiceExt as _;
use vedetta_api::Problem;
use vedetta_api::access::Verb;
use vedetta_api::problem::Kind;

use crate::access::{Line, TABLE};
use crate::console::Console;
use crate::gate::{Gate, guarded, pass};
use crate::refused;
use crate::visit::Visit;

/// Collects handlers; knows what was registered.
pub struct Registry {
    console: Console,
    router: Router<Console>,
    registered: BTreeSet<(Verb, &'static str)>,
    unlisted: Vec<(Verb, &'static str)>,
}

impl Registry {
    /// Without a page yet.
    pub fn new(console: Console) -> Self {
        let (registered, unlisted) = (BTreeSet::new(), Vec::new());
        Self { console, router: Router::new(), registered, unlisted }
    }

    /// A page.
    pub fn see<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.on(Verb::Get, path, get(handler))
    }

    /// An action of a form.
    pub fn act<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.on(Verb::Post, path, post(handler))
    }

    fn on(mut self, verb: Verb, path: &'static str, method: MethodRouter<Console>) -> Self {
        let Some(line) = Line::find(verb, path) else {
            self.unlisted.push((verb, path));
            return self;
        };
        let gate = Gate { console: self.console.clone(), line };
        self.registered.insert((verb, path));
        self.router = self.router.route(path, method.layer(from_fn_with_state(gate, pass)));
        self
    }

    /// What was registered without a line in the matrix, and lines without a handler.
    pub fn gaps(&self) -> Vec<String> {
        let unlisted = self.unlisted.iter().map(|(verb, path)| format!("{} {path}", verb.as_str()));
        let missing =
            TABLE.iter().filter(|line| !self.registered.contains(&(line.verb, line.path)));
        let missing = missing.map(|line| format!("{} {}", line.verb.as_str(), line.path));
        unlisted.chain(missing).collect()
    }

    /// The router of the pages; what is no page's address goes to the machine doors.
    pub fn finish(self, machines: Router) -> Router {
        let console = self.console.clone();
        let elsewhere = move |request: Request| {
            let (console, machines) = (console.clone(), machines.clone());
            async move { otherwise(&console, machines, request).await }
        };
        let console = self.console.clone();
        let wrong = move |request: Request| {
            let console = console.clone();
            async move {
                let sentence = format!("{} is not for this page; open it", request.method());
                not_here(&console, request, &Problem::new(Kind::MethodNotAllowed, sentence))
            }
        };
        self.router.fallback(elsewhere).method_not_allowed_fallback(wrong).with_state(self.console)
    }
}

/// The addresses of machines, by how they begin.
const MACHINES: &[&str] =
    &["/api/", "/taxii2", "/feeds/", "/control/", "/health", "/ready", "/metrics", "/ca.pem"];

/// What is no page's address: the machine doors'; or nobody's, which a browser is told in a page.
async fn otherwise(console: &Console, machines: Router, request: Request) -> Response {
    let path = request.uri().path();
    let machine = MACHINES.iter().any(|start| path.starts_with(start));
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if machine || !accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        return match machines.oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
    }
    let sentence = "there is no page at this address; begin at the first page";
    not_here(console, request, &Problem::new(Kind::Unknown, sentence))
}

fn not_here(console: &Console, request: Request, problem: &Problem) -> Response {
    let (parts, _) = request.into_parts();
    guarded(refused::page(console, &Visit::of(&parts), problem))
}
