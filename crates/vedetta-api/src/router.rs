//! The router: every route of the matrix with its handler behind its gate, and nothing else.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post, put};

use crate::access::{Route, Verb};
use crate::api::Api;
use crate::gate::{Gate, pass};
use crate::problem::{Kind, Problem, Style};

/// Collects handlers; knows what was registered.
pub(crate) struct Registry {
    api: Api,
    router: Router<Api>,
    registered: BTreeSet<(Verb, &'static str)>,
    unlisted: Vec<(Verb, &'static str)>,
}

impl Registry {
    pub(crate) fn new(api: Api) -> Self {
        Self { api, router: Router::new(), registered: BTreeSet::new(), unlisted: Vec::new() }
    }

    /// Registers a handler for a line of the matrix. One without a line is left out, and named by
    /// [`Registry::unlisted`].
    pub(crate) fn on<H, T>(mut self, verb: Verb, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let Some(route) = Route::find(verb, path) else {
            self.unlisted.push((verb, path));
            return self;
        };
        let method: MethodRouter<Api> = match verb {
            Verb::Get => get(handler),
            Verb::Post => post(handler),
            Verb::Put => put(handler),
            Verb::Delete => delete(handler),
        };
        let gate = Gate { api: self.api.clone(), route };
        let method = method
            .layer(from_fn(move |mut request: Request, next: Next| {
                request.extensions_mut().insert(route);
                next.run(request)
            }))
            .layer(from_fn_with_state(gate, pass));
        self.registered.insert((verb, path));
        // TAXII addresses end with a slash; clients that forget it are understood.
        if let Some(bare) = path.strip_suffix('/').filter(|bare| !bare.is_empty()) {
            self.router = self.router.route(bare, method.clone());
        }
        self.router = self.router.route(path, method);
        self
    }

    /// What was registered without a line in the matrix, and lines without a handler.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let unlisted = self.unlisted.iter().map(|(verb, path)| format!("{} {path}", verb.as_str()));
        let lines = crate::access::TABLE.iter();
        let missing = lines.filter(|route| !self.registered.contains(&(route.verb, route.path)));
        let missing = missing.map(|route| format!("{} {}", route.verb.as_str(), route.path));
        unlisted.chain(missing).collect()
    }

    pub(crate) fn finish(self) -> Router {
        self.router.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(self.api)
    }
}

async fn unknown(OriginalUri(uri): OriginalUri) -> Response {
    let sentence = "there is nothing at this address; see /api/v1/openapi.json for what there is";
    Problem::new(Kind::Unknown, sentence).render(Style::of_path(uri.path()), Some(uri.path()))
}

async fn wrong_method(OriginalUri(uri): OriginalUri, request: Request) -> Response {
    let sentence =
        format!("{} is not for this address; see /api/v1/openapi.json", request.method());
    let problem = Problem::new(Kind::MethodNotAllowed, sentence);
    problem.render(Style::of_path(uri.path()), Some(uri.path())).into_response()
}
