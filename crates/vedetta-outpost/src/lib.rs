//! The corridor's side of sensors: it enrols them, makes of what they find items like any other, hears
//! how they do, and says by how many organisations something was seen and what people judge of it.
//!
//! A finding becomes a STIX sighting of the organisation whose sensor found it, and goes where the
//! agreements let it go; what is grave and names something outside becomes an indicator that the other
//! sensors look for. Nothing else is kept of it.

pub mod alerts;
pub mod enrol;
mod harmless;
pub mod judge;
mod machines;
pub mod objects;
pub mod pulse;
pub mod seen;
pub mod take;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use vedetta_flow::House;
use vedetta_indicator::DecayTable;
use vedetta_model::{AccountId, Instant};

pub use alerts::Alert;
pub use enrol::{Sensor, SensorStage};
pub use machines::{EnrolledMachine, enrol_machines};
pub use pulse::SensorState;
pub use seen::{Lately, SeenBy};

/// The sensors of one node.
pub struct Outposts {
    house: Arc<House>,
    /// Since when silence counts.
    opened: Instant,
    enrolling: Mutex<()>,
    pulses: Mutex<HashMap<AccountId, pulse::Pulse>>,
    sightings: Mutex<seen::Sightings>,
    harmless: harmless::Harmless,
    decay: Arc<DecayTable>,
}

impl Outposts {
    /// Over a house.
    #[must_use]
    pub fn new(house: Arc<House>) -> Self {
        let opened = house.now();
        Self {
            house,
            opened,
            enrolling: Mutex::default(),
            pulses: Mutex::default(),
            sightings: Mutex::default(),
            harmless: harmless::Harmless::default(),
            decay: Arc::default(),
        }
    }

    /// At a node where indicators decay so.
    #[must_use]
    pub fn with_decay(self, decay: Arc<DecayTable>) -> Self {
        Self { decay, ..self }
    }
}
