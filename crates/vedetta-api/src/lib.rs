//! Machine HTTP: TAXII 2.1, JSON under `/api/v1` with its OpenAPI description, feeds and streams.
//!
//! Handlers are thin: they read the request, ask [`vedetta_flow::House`] for an
//! [`vedetta_model::Actor`], and write the answer. [`access`] is the table of who may what,
//! [`gate`] enforces it, [`problem`] says what went wrong. [`server`] speaks HTTP over TLS, [`control`]
//! with the node's own commands.

pub mod access;
pub mod api;
pub mod called;
pub mod control;
pub mod credentials;
pub mod extract;
pub mod gate;
pub mod keys;
pub mod live;
pub mod openapi;
pub mod problem;
pub mod requests;
pub mod server;
pub mod tls;
pub mod webhooks;

mod at_once;
mod brought;
mod certificates;
mod feeds;
mod lines;
mod metrics;
mod reads;
mod recorder;
mod router;
mod taxii2;
mod v1;
mod worth;

pub use api::{Api, Settings};
pub use at_once::Seat;
pub use certificates::Certificates;
pub use control::{ControlError, ControlSocket, Indoors, ReadHere};
pub use problem::Problem;
pub use server::{ConnectionLimits, Server, ServerError, Transport};
pub use tls::{Shown, Tls, TlsError};
pub use vedetta_flow::credentials::limits::Rate;
pub use vedetta_flow::credentials::{attempts, limits};
pub use vedetta_link::Links;

/// The router of the machine doors: every line of [`access::TABLE`] behind its gate.
pub fn router(api: &Api) -> axum::Router {
    registry(api).finish()
}

/// Lines of the matrix without a handler, and handlers without a line; empty in a whole product.
#[must_use]
pub fn gaps(api: &Api) -> Vec<String> {
    registry(api).gaps()
}

fn registry(api: &Api) -> router::Registry {
    v1::routes(taxii2::routes(router::Registry::new(api.clone())))
}
