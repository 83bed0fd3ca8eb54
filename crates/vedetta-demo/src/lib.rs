//! What the demonstration has before it: people on shifts, reports of towns, clocks that run, warnings sent
//! and answered, handovers, messages handed in. Invented, on reserved domains and documentation addresses;
//! made once, by the same actions as a person's.

mod cases;
mod messages;
mod people;
mod shifts;
pub mod story;
pub mod table;
mod warnings;

use vedetta_flow::{FlowError, House};
use vedetta_model::OrganisationId;
use vedetta_postroom::Postroom;
use vedetta_watch::{Watch, WatchError};

/// What could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The people.
    #[error("the demonstration's people: {0}")]
    People(FlowError),
    /// Cases, warnings and shifts.
    #[error("the demonstration's desk: {0}")]
    Desk(#[from] WatchError),
    /// Messages handed in.
    #[error("the demonstration's mail: {0}")]
    Mail(FlowError),
}

/// Makes those who work shifts and those who answer for towns, unless they are there.
///
/// # Errors
/// What the house said.
pub fn people(house: &House) -> Result<(), DemoError> {
    people::ready(house).map_err(DemoError::People)
}

/// Puts before the operations room what a room has before it, unless it is there.
///
/// # Errors
/// What the watch or the mail desk said.
pub fn fill(house: &House, watch: &Watch, desk: Option<&Postroom>) -> Result<(), DemoError> {
    cases::ready(house, watch)?;
    warnings::ready(house, watch)?;
    shifts::ready(house, watch)?;
    watch.look_at_clocks()?;
    desk.map_or(Ok(()), |desk| messages::ready(house, desk)).map_err(DemoError::Mail)
}

/// An organisation of the seed.
fn organisation(id: &str) -> Result<OrganisationId, FlowError> {
    Ok(OrganisationId::new(id)?)
}
