//! Signs of life of sensors, and the alarm when they cease.

use std::sync::PoisonError;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use vedetta_detect::report::{BEAT, Heartbeat, Orders};
use vedetta_flow::authority::ROOM_AND_AUDITORS;
use vedetta_flow::{FlowError, Sequence};
use vedetta_model::{AccountId, Actor, Instant};

use crate::Outposts;
use crate::enrol::Sensor;

/// What was last heard of a sensor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulse {
    heard: Option<Instant>,
    said: Option<Heartbeat>,
    silent: Option<Instant>,
    /// Which measures it was told last, and when.
    told: Option<(String, Instant)>,
}

/// A sensor and how it does.
#[derive(Clone, Debug, Serialize)]
pub struct SensorState {
    /// What it is.
    #[serde(flatten)]
    pub sensor: Sensor,
    /// When it was last heard, since the node was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Instant>,
    /// Since when it is silent, when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Instant>,
    /// What it last said of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Heartbeat>,
}

/// Silence for longer than this is an alarm: three signs of life that did not come.
pub const SILENCE: Duration = Duration::from_secs(3 * BEAT + 5);
/// Measures may be large: a sensor is told the same ones again only after this long.
const TOLD_AGAIN: Duration = Duration::from_mins(10);
/// The name under which the ledger knows the step.
const ACTOR: &str = vedetta_model::part::WATCH_SENSORS;

impl Outposts {
    /// Hears a sensor, and says what it is to do.
    ///
    /// # Errors
    /// Forbidden: it is no sensor.
    pub fn hear(&self, by: &Actor, beat: Heartbeat) -> Result<Orders, FlowError> {
        let sensor = self.asking(by)?;
        let now = self.house.now();
        let mut pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        let pulse = pulses.entry(by.account.clone()).or_default();
        let has = beat.measures.clone();
        (pulse.heard, pulse.said) = (Some(now), Some(beat));
        drop(pulses);
        let measures = self.measures()?;
        let mut pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        let told = &mut pulses.entry(by.account.clone()).or_default().told;
        let lately = told
            .as_ref()
            .is_some_and(|(digest, at)| *digest == measures.digest && now.since(*at) < TOLD_AGAIN);
        let measures = if measures.digest == has {
            *told = None;
            None
        } else if lately {
            None
        } else {
            *told = Some((measures.digest.clone(), now));
            Some(measures)
        };
        drop(pulses);
        Ok(Orders { measures, ..self.orders(&sensor) })
    }

    /// The sensors: all of them for the node's own room, one's own organisation's for everybody else.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn states(&self, by: &Actor) -> Result<Vec<SensorState>, FlowError> {
        let all = self.house.is_of_the_room(by, ROOM_AND_AUDITORS);
        let mut sensors = self.sensors()?;
        sensors.retain(|it| all || it.organisation == by.organisation);
        Ok(self.states_of(sensors))
    }

    /// How many of the sensors at work have looked in what they remember for what stands at a place of the
    /// ledger, and how many there are; of those that the actor may know.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn looked(&self, by: &Actor, place: Sequence) -> Result<(usize, usize), FlowError> {
        let mut states = self.states(by)?;
        states.retain(|it| it.sensor.stage.works_since().is_some());
        let has = |it: &&SensorState| it.said.as_ref().is_some_and(|said| said.applied >= place.0);
        Ok((states.iter().filter(has).count(), states.len()))
    }

    fn states_of(&self, sensors: Vec<Sensor>) -> Vec<SensorState> {
        let pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |sensor: Sensor| {
            let pulse = pulses.get(&sensor.account).cloned().unwrap_or_default();
            let (heard, silent_since, said) = (pulse.heard, pulse.silent, pulse.said);
            SensorState { sensor, heard, silent_since, said }
        };
        sensors.into_iter().map(state).collect()
    }

    /// The sensors at work that are silent, or of which nothing was heard since the node was started.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn unheard(&self) -> Result<Vec<SensorState>, FlowError> {
        let mut sensors = self.sensors()?;
        sensors.retain(|it| it.stage.works_since().is_some());
        let mut states = self.states_of(sensors);
        states.retain(|it| it.silent_since.is_some() || it.heard.is_none());
        Ok(states)
    }

    /// Writes down which sensors fell silent, and which are heard again; answers the first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn watch(&self) -> Result<Vec<AccountId>, FlowError> {
        let (now, mut silent, mut back) = (self.house.now(), Vec::new(), Vec::new());
        for sensor in self.sensors()? {
            let Some(since) = sensor.stage.works_since() else { continue };
            let mut pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
            let pulse = pulses.entry(sensor.account.clone()).or_default();
            let heard = pulse.heard.unwrap_or_else(|| since.max(self.opened));
            match (now.since(heard) > SILENCE, pulse.silent) {
                (true, None) => {
                    pulse.silent = Some(heard);
                    silent.push((sensor.account, heard));
                }
                (false, Some(since)) => {
                    pulse.silent = None;
                    back.push((sensor.account, since));
                }
                _ => {}
            }
        }
        let note = |account: &AccountId, deed: &str, since: Instant| {
            let facts = json!({ "deed": deed, "since": since }).to_string();
            self.house.note_deed(ACTOR, account.as_str(), facts)
        };
        for (account, since) in &back {
            tracing::info!(sensor = %account, %since, "the sensor is heard again");
            note(account, "sensor-heard", *since)?;
        }
        for (account, since) in &silent {
            tracing::warn!(sensor = %account, %since, "the sensor is silent");
            note(account, "sensor-silent", *since)?;
        }
        Ok(silent.into_iter().map(|(account, _)| account).collect())
    }
}
