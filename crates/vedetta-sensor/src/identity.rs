//! Who a sensor is: what it was told when it was enrolled, in a file that only its user can read.

use std::path::Path;

use serde::{Deserialize, Serialize};
use vedetta_detect::report::{Code, Enrolled, Enrolment, hex, octets};
use vedetta_model::{AccountId, Entropy, Instant, OrganisationId};

use crate::error::SensorError;
use crate::kept;
use crate::node::Node;
use crate::settings::Settings;

/// The version of the program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
const FILE: &str = "identity.json";

/// What a new sensor's settings say until its owner says more.
const SAMPLE: &str = "\
# What this sensor reads and what leaves the house; docs/sensor.md says each setting.

# [[input]]
# file = \"/var/log/suricata/eve.json\"

# [[input]]
# udp = \"127.0.0.1:5514\"
";

/// A sensor's identity.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Where the node is.
    pub address: String,
    /// The SHA-256 of the certificate of the node's authority, in hexadecimal.
    pub authority: String,
    /// Its name.
    pub sensor: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its account at the node.
    pub account: AccountId,
    pub(crate) token: String,
    /// When its token ceases to work.
    pub expires: Instant,
    /// What makes the words that stand for hosts and accounts.
    salt: String,
}

/// Enrols the sensor of a directory with a code.
///
/// # Errors
/// The node is not the one of the code, or refuses it, or the directory cannot be written.
pub async fn enrol(
    directory: &Path,
    code: &Code,
    entropy: &dyn Entropy,
) -> Result<Identity, SensorError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let failed = |error: std::io::Error| SensorError::file(directory, error);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let enrolment = Enrolment { secret: hex(&code.secret), version: VERSION.into() };
    let body = serde_json::to_vec(&enrolment).unwrap_or_default();
    let mut node = Node::pinned(&code.address, code.authority)?.connect().await?;
    let answer = node.post("/api/v1/sensors/enrolments", body).await?;
    let enrolled: Enrolled = serde_json::from_slice(&answer).map_err(|error| {
        SensorError::Node { address: code.address.clone(), reason: error.to_string() }
    })?;
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let identity = Identity {
        address: code.address.clone(),
        authority: hex(&code.authority),
        sensor: enrolled.sensor,
        organisation: enrolled.organisation,
        account: enrolled.account,
        token: enrolled.token,
        expires: enrolled.expires,
        salt: hex(&salt),
    };
    identity.write(directory)?;
    let settings = directory.join(Settings::FILE);
    if !settings.exists() {
        kept::replace(&settings, SAMPLE.as_bytes())?;
    }
    Ok(identity)
}

impl Identity {
    /// Reads that of a directory.
    ///
    /// # Errors
    /// [`SensorError::NotEnrolled`], or what the system said.
    pub fn read(directory: &Path) -> Result<Self, SensorError> {
        let kept = kept::get(&directory.join(FILE))?;
        kept.ok_or_else(|| SensorError::NotEnrolled(directory.to_owned()))
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), SensorError> {
        kept::put(&directory.join(FILE), self)
    }

    /// The node, as this sensor.
    pub(crate) fn node(&self) -> Result<Node, SensorError> {
        let authority = octets(&self.authority).and_then(|it| it.try_into().ok());
        let authority = authority.ok_or_else(|| SensorError::Node {
            address: self.address.clone(),
            reason: "the identity of this sensor is damaged; enrol it again".into(),
        })?;
        let node = Node::pinned(&self.address, authority)?;
        node.use_token(&self.token).map(|()| node)
    }

    /// A sensor that no node knows.
    #[cfg(test)]
    pub(crate) fn of_nobody() -> Self {
        Self {
            address: "127.0.0.1:9".into(),
            authority: String::new(),
            sensor: "first".into(),
            organisation: OrganisationId::new("terni").unwrap(),
            account: AccountId::new("terni.sensor-first").unwrap(),
            token: String::new(),
            expires: Instant::default(),
            salt: String::new(),
        }
    }

    pub(crate) fn salt(&self) -> [u8; 16] {
        octets(&self.salt).and_then(|it| it.try_into().ok()).unwrap_or_default()
    }
}
