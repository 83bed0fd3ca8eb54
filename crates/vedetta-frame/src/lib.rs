//! What every page of the console stands on, whichever crate it is in.
//!
//! [`access`] is the table of who may open which page and do what there; [`router`] registers nothing
//! else, and [`gate`] enforces it. A page reads what a form sent ([`forms`]), asks the
//! [`console`], and puts a [`frame`] around what it says ([`shown`]).

pub mod access;
pub mod assets;
pub mod audience;
pub mod console;
pub mod export;
pub mod facts;
pub mod fields;
pub mod forms;
pub mod frame;
pub mod gate;
pub mod organisation;
pub mod providers;
pub mod refused;
pub mod router;
pub mod said;
pub mod shown;
pub mod visit;

mod alike;
