//! Enrolling sensors: a code made by an administrator, used once within a day.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vedetta_detect::report::{Code, Enrolled, Enrolment, hex, octets};
use vedetta_flow::FlowError;
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};
use vedetta_store::{RecordKind, SecretKind};

use crate::Outposts;
use crate::judge::Judged;
use crate::machines::enrol_machines;

/// A sensor as the node knows it; kept as a record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// Its account's identifier: `<organisation>.sensor-<name>`.
    pub account: AccountId,
    /// Its name among those of its organisation.
    pub name: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What has become of it.
    pub stage: SensorStage,
    /// What people judged of what it found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<Judged>,
}

/// The life of a sensor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum SensorStage {
    /// A code was made.
    Invited {
        /// Until when it can be used.
        until: Instant,
        /// Since when a sensor is enrolled that keeps working until the code is used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        working: Option<Instant>,
    },
    /// It used its code.
    Enrolled {
        /// When.
        since: Instant,
        /// With which version of the program.
        version: String,
    },
    /// It is no longer heard.
    Retired {
        /// Since when.
        since: Instant,
    },
}

impl SensorStage {
    /// Since when a sensor is to be heard, when one is.
    pub(crate) fn works_since(&self) -> Option<Instant> {
        match self {
            Self::Enrolled { since, .. } => Some(*since),
            Self::Invited { working, .. } => *working,
            Self::Retired { .. } => None,
        }
    }
}

/// What a new sensor is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSensor {
    /// Whose.
    pub organisation: OrganisationId,
    /// Its name among those of the organisation, e.g. `perimeter`.
    #[serde(default = "first_name")]
    pub name: String,
    /// Where the sensor reaches the node, as `host:port`.
    pub address: String,
    /// The SHA-256 of the certificate of the node's authority (DER), in hexadecimal.
    pub authority: String,
}

/// How long a code can be used.
const LIFE: Duration = Duration::from_hours(24);
/// How long a sensor's token lasts; it gets another by itself before.
const TOKEN: Duration = Duration::from_hours(24 * 366);

const WRONG_CODE: FlowError =
    FlowError::Unproven("the code is unknown, used, or more than a day old; ask for a new one");

impl Outposts {
    /// Makes the code that enrols a sensor, once, within a day. A code made before for the same sensor
    /// is void from now on; a sensor enrolled before keeps working until the new code is used.
    ///
    /// # Errors
    /// Forbidden, an unknown organisation, or a name or address that is none.
    pub fn invite(&self, by: &Actor, new: &NewSensor) -> Result<Code, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "enrol sensors")?;
        self.house.number_of(&new.organisation)?;
        let account = AccountId::new(&format!("{}.sensor-{}", new.organisation, new.name))?;
        let authority = octets(&new.authority).and_then(|it| it.try_into().ok());
        let authority = authority.ok_or_else(|| {
            FlowError::invalid("authority", "64 hexadecimal digits: SHA-256 of its certificate")
        })?;
        let mut secret = [0; 16];
        self.house.entropy().fill(&mut secret);
        let code = Code { address: new.address.clone(), authority, secret };
        if code.to_string().parse() != Ok(code.clone()) {
            return Err(FlowError::invalid("address", "write it as host:port"));
        }
        let _one_at_a_time = self.enrolling.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.sensor(&account).ok();
        let working = before.as_ref().and_then(|it| it.stage.works_since());
        let sensor = Sensor {
            account: account.clone(),
            name: new.name.clone(),
            organisation: new.organisation.clone(),
            stage: SensorStage::Invited { until: self.house.now().after(LIFE), working },
            judged: before.map(|it| it.judged).unwrap_or_default(),
        };
        let (key, body) = (invitation(&account), record(&sensor)?);
        let (digest, actor) = (digest(&secret), by.account.to_string());
        self.house.write(move |unit| {
            unit.put_record(RecordKind::Sensor, account.as_str(), &body, &actor)?;
            unit.put_secret(SecretKind::Node, &key, &digest)
        })?;
        Ok(code)
    }

    /// Enrols whoever knows the secret of a code.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every reason.
    pub fn enrol(&self, enrolment: &Enrolment) -> Result<Enrolled, FlowError> {
        let secret = octets(&enrolment.secret).ok_or(WRONG_CODE)?;
        let _one_at_a_time = self.enrolling.lock().unwrap_or_else(PoisonError::into_inner);
        let (given, now) = (digest(&secret), self.house.now());
        let mut invited = None;
        for sensor in self.sensors()? {
            if !matches!(sensor.stage, SensorStage::Invited { until, .. } if until > now) {
                continue;
            }
            let key = invitation(&sensor.account);
            let kept = self.house.read(|reader| reader.secret(SecretKind::Node, &key))?;
            // Digests of secrets that nobody can guess: comparing them tells nothing.
            if kept.is_some_and(|kept| kept == given) {
                invited = Some(sensor);
            }
        }
        let mut sensor = invited.ok_or(WRONG_CODE)?;
        let operator = self.house.operator()?;
        let purpose = format!("sensor-{}", sensor.name);
        let organisations = [sensor.organisation.clone()];
        // With a new one, whoever has an old one is heard no more.
        let mut before = self.house.tokens_of(&operator)?;
        before.retain(|token| token.account == sensor.account);
        let how = (&*purpose, TOKEN);
        let enrolled = enrol_machines(&self.house, &operator, &organisations, how)?;
        let token = enrolled.into_iter().next().ok_or(WRONG_CODE)?.token;
        let version = enrolment.version.chars().take(40).collect();
        sensor.stage = SensorStage::Enrolled { since: now, version };
        let (key, body) = (invitation(&sensor.account), record(&sensor)?);
        let account = sensor.account.to_string();
        self.house.write(move |unit| {
            unit.erase_secret(SecretKind::Node, &key)?;
            for token in &before {
                unit.erase_secret(SecretKind::Token, &token.id)?;
                unit.remove_record(RecordKind::Token, &token.id, &account)?;
            }
            unit.put_record(RecordKind::Sensor, &account, &body, &account)
        })?;
        Ok(Enrolled {
            sensor: sensor.name,
            organisation: sensor.organisation,
            account: sensor.account,
            token: token.reveal().to_owned(),
            expires: now.after(TOKEN),
        })
    }

    /// Hears a sensor no more: its tokens end, what it brought stays.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn retire(&self, by: &Actor, account: &AccountId) -> Result<(), FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "retire sensors")?;
        let _one_at_a_time = self.enrolling.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sensor = self.sensor(account)?;
        sensor.stage = SensorStage::Retired { since: self.house.now() };
        for token in self.house.tokens_of(by)?.iter().filter(|token| token.account == *account) {
            self.house.revoke_token(by, &token.id)?;
        }
        let (key, body) = (invitation(account), record(&sensor)?);
        let (account, actor) = (account.to_string(), by.account.to_string());
        self.house.write(move |unit| {
            unit.erase_secret(SecretKind::Node, &key)?;
            unit.put_record(RecordKind::Sensor, &account, &body, &actor)
        })?;
        Ok(())
    }

    /// Every sensor, by account.
    pub(crate) fn sensors(&self) -> Result<Vec<Sensor>, FlowError> {
        let records = self.house.read(|reader| reader.records(RecordKind::Sensor))?;
        Ok(records.iter().filter_map(|it| serde_json::from_slice(&it.body).ok()).collect())
    }

    /// One sensor.
    pub(crate) fn sensor(&self, account: &AccountId) -> Result<Sensor, FlowError> {
        let id = account.as_str();
        let record = self.house.read(|reader| reader.record(RecordKind::Sensor, id))?;
        let sensor = record.and_then(|it| serde_json::from_slice(&it.body).ok());
        sensor.ok_or_else(|| FlowError::unknown("sensor", account))
    }

    /// The enrolled sensor that asks.
    pub(crate) fn asking(&self, by: &Actor) -> Result<Sensor, FlowError> {
        let sensor = self.sensor(&by.account).ok();
        let enrolled = |it: &Sensor| !matches!(it.stage, SensorStage::Retired { .. });
        sensor.filter(enrolled).ok_or_else(|| FlowError::Forbidden {
            who: by.account.to_string(),
            what: "report what sensors find",
            advice: "enrol a sensor with a code: vedetta sensor enrol CODE",
        })
    }
}

fn first_name() -> String {
    "first".into()
}

fn invitation(account: &AccountId) -> String {
    format!("sensor.{account}")
}

pub(crate) fn record(sensor: &Sensor) -> Result<Vec<u8>, FlowError> {
    serde_json::to_vec(sensor).map_err(|error| FlowError::invalid("sensor", error))
}

/// What is kept of a secret.
fn digest(secret: &[u8]) -> Vec<u8> {
    hex(&Sha256::digest(secret)).into_bytes()
}
