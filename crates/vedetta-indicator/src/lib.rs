//! What an indicator is worth: the terms it looks for in one spelling, how much of its worth is
//! left, and what is known to be harmless. Pure: time and lists are parameters.

mod asked;
pub mod breadth;
pub mod decay;
mod domain;
mod escape;
pub mod kind;
mod network;
pub mod reading;
pub mod sighting;
pub mod term;
pub mod url;
pub mod warning_list;
pub mod warning_lists;

pub use asked::tells_of;
pub use breadth::{Breadth, breadth};
pub use decay::{DecayTable, Life, Parameters, Standing};
pub use reading::{Nature, Reading, read};
pub use sighting::Sighting;
pub use term::{Kind, Term, TermError};
pub use url::Url;
pub use warning_list::WarningList;
pub use warning_lists::{Hit, Reach, WarningLists};
