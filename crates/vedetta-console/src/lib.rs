//! The operations room's pages: rendered on the server, a file each.
//!
//! Handlers are thin: they read the request, ask [`vedetta_flow::House`] for an
//! [`vedetta_model::Actor`], and fill a template. [`access`] is the table of who may open which page
//! and do what there, [`gate`] enforces it, [`vedetta_words`] has all sentences in both languages. Forms and
//! reading work without JavaScript; with it, pages stay live.

pub mod access;
pub mod gate;
pub mod live;

mod assets;
mod console;
mod enrolment;
mod export;
mod forms;
mod frame;
mod pages;
mod refused;
mod router;
mod said;
mod shown;
mod visit;

pub use assets::PLAIN;
pub use console::Console;

/// The router of the pages; what is no page's address goes to the machine doors.
pub fn router(console: &Console, machines: axum::Router) -> axum::Router {
    pages::routes(router::Registry::new(console.clone())).finish(machines)
}

/// Lines of the matrix without a handler, and handlers without a line; empty in a whole product.
#[must_use]
pub fn gaps(console: &Console) -> Vec<String> {
    pages::routes(router::Registry::new(console.clone())).gaps()
}
