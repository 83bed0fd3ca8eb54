//! What the demonstration has before it: people on shifts, reports of towns, clocks that run, warnings sent
//! and answered, handovers, messages handed in. Invented, on reserved domains and documentation addresses;
//! made once, by the same actions as a person's.

mod cases;
mod detections;
pub mod forwarded;
mod messages;
pub mod past;
mod people;
mod procedures;
mod shifts;
mod standing;
pub mod story;
pub mod table;
mod unanswered;
mod warnings;

use vedetta_flow::{FlowError, House};
use vedetta_model::OrganisationId;
use vedetta_outpost::Outposts;
use vedetta_postroom::Postroom;
use vedetta_watch::{Watch, WatchError};

use past::Past;

/// What could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The people.
    #[error("the demonstration's people: {0}")]
    People(FlowError),
    /// Cases, warnings and shifts.
    #[error("the demonstration's desk: {0}")]
    Desk(#[from] WatchError),
    /// Items and what sensors found.
    #[error("the demonstration's items: {0}")]
    Items(FlowError),
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

/// Puts before the operations room what a room has before it after a day, unless it is there.
///
/// # Errors
/// What the watch, the sensors or the mail desk said.
pub fn fill(
    house: &House,
    watch: &Watch,
    (outposts, desk): (&Outposts, Option<&Postroom>),
    past: &Past,
) -> Result<(), DemoError> {
    if cases::none(house, watch)? {
        shifts::rosters(house, watch)?;
        procedures::ready(house, watch)?;
        cases::between(house, watch, past, 1_000..=9_999)?;
        standing::ready(house, watch, past)?;
        desk.map_or(Ok(()), |desk| messages::ready(house, desk, past)).map_err(DemoError::Mail)?;
        cases::between(house, watch, past, 240..=999)?;
        warnings::ready(house, watch, past)?;
        unanswered::ready(house, past).map_err(DemoError::Items)?;
        detections::ready(house, outposts, past).map_err(DemoError::Items)?;
        cases::between(house, watch, past, 180..=239)?;
        alarms(house, watch, past)?;
        detections::judge(house, outposts).map_err(DemoError::Items)?;
        cases::between(house, watch, past, 5..=179)?;
        past.minutes_ago(4);
        // Before the shifts are handed over: what comes to a sheet meanwhile is to be read again.
        watch.gather()?;
    }
    past.minutes_ago(0);
    heard(house, outposts)?;
    shifts::hand_over(house, watch)?;
    watch.look_at_clocks()?;
    Ok(())
}

/// Has the sensors that work say so: to be called twice a minute.
///
/// # Errors
/// What the sensors' part said.
pub fn heard(house: &House, outposts: &Outposts) -> Result<(), DemoError> {
    detections::heard(house, outposts).map_err(DemoError::Items)
}

/// What pressed an hour ago called who was on duty, and was answered.
fn alarms(house: &House, watch: &Watch, past: &Past) -> Result<(), DemoError> {
    for minutes in [130, 124, 118] {
        past.minutes_ago(minutes);
        watch.look_at_clocks()?;
    }
    let Some(officer) = people::actor(house, "turno-cnaipic") else { return Ok(()) };
    let pressing = watch.alarms(&officer)?.into_iter().filter(|it| it.may_answer);
    for alarm in pressing.filter(|it| it.alarm.about.owed.is_none()).take(1) {
        watch.answer_alarm(&officer, &alarm.id)?;
    }
    Ok(())
}

/// An organisation of the seed.
fn organisation(id: &str) -> Result<OrganisationId, FlowError> {
    Ok(OrganisationId::new(id)?)
}
