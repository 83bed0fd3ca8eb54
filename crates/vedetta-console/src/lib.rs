//! The console: pages for people, rendered on the server, a file each, and all of them in one router.
//! The operations room's are in [`vedetta_room`]; what all stand on is in [`vedetta_frame`].
//!
//! Handlers are thin: they read the request, ask [`vedetta_flow::House`] for an
//! [`vedetta_model::Actor`], and fill a template. [`access`] is the table of who may open which page
//! and do what there, [`gate`] enforces it, [`vedetta_words`] has all sentences in both languages. Forms and
//! reading work without JavaScript; with it, pages stay live.

use vedetta_frame::router::Registry;

pub mod live;

mod enrolment;
mod pages;

pub use vedetta_frame::assets::PLAIN;
pub use vedetta_frame::console::Console;
pub use vedetta_frame::providers::Providers;
pub use vedetta_frame::{access, gate};

/// The router of the pages; what is no page's address goes to the machine doors.
pub fn router(console: &Console, machines: axum::Router) -> axum::Router {
    pages::routes(Registry::new(console.clone())).finish(machines)
}

/// Lines of the matrix without a handler, and handlers without a line; empty in a whole product.
#[must_use]
pub fn gaps(console: &Console) -> Vec<String> {
    pages::routes(Registry::new(console.clone())).gaps()
}
