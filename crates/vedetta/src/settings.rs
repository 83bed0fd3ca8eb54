//! What `vedetta.toml` says: what is written there, and nothing of what is done with it. It stands alone,
//! so that its reader is fuzzed without the program.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_api::api::OCTETS_A_DAY;
use vedetta_indicator::DecayTable;
use vedetta_model::{OrganisationId, Tlp};

/// `vedetta.toml` in the data directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Configuration {
    /// Whose node it is: the identifier of an organisation of its directory.
    pub(crate) organisation: String,
    /// What it calls itself; the name of its organisation without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// Whom to ask about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
    /// Where it listens.
    pub(crate) listen: String,
    /// The names and addresses in its certificate.
    pub(crate) names: Vec<String>,
    /// The ledger: `sqlite`, or a `postgres://` address.
    pub(crate) ledger: String,
    /// Networks that webhooks may lead into besides the public Internet, e.g. `10.20.0.0/16`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) webhook_networks: Vec<String>,
    /// Octets of items that one organisation may bring in a day.
    pub(crate) octets_a_day: u64,
    /// A directory whose files are taken in as they appear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) watch: Option<PathBuf>,
    /// Where it takes links of other nodes; nowhere without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_listen: Option<String>,
    /// Where others dial it, as `host:port`; what `peer_listen` says without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_address: Option<String>,
    /// For whom it speaks to other nodes, e.g. `region:Umbria,below:cosc-umbria`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_serves: Option<String>,
    /// Where it dials other nodes, when not where their codes said: `cnaipic = "10.0.0.1:8444"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) peer_dial: BTreeMap<OrganisationId, String>,
    /// A certificate for the node's key from an authority, and those above it: a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_certificate: Option<PathBuf>,
    /// The authorities that must have certified other nodes' keys: a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_authorities: Option<PathBuf>,
    /// After how many seconds without a sign of life a link raises an alarm.
    pub(crate) peer_silence: u32,
    /// How many MiB each peer may bring in a day.
    pub(crate) peer_quota: u32,
    /// How many MiB of the disk with the ledger must stay free for a peer to bring more.
    pub(crate) peer_reserve: u32,
    /// The gateway that sends text messages: `{"to": …, "text": …}` by `POST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sms_gateway: Option<String>,
    /// The value of its `Authorization` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sms_authorization: Option<String>,
    /// How the worth of indicators is lost.
    #[serde(skip_serializing)]
    pub(crate) decay: Arc<DecayTable>,
    /// The mail desk.
    #[serde(skip_serializing)]
    pub(crate) mail: MailConfiguration,
    /// How people sign in besides a password.
    #[serde(skip_serializing)]
    pub(crate) sign_in: SignInConfiguration,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            organisation: "cnaipic".into(),
            title: None,
            contact: None,
            listen: "127.0.0.1:8443".into(),
            names: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
            ledger: "sqlite".into(),
            webhook_networks: Vec::new(),
            octets_a_day: OCTETS_A_DAY,
            watch: None,
            peer_listen: None,
            peer_address: None,
            peer_serves: None,
            peer_dial: BTreeMap::new(),
            peer_certificate: None,
            peer_authorities: None,
            peer_silence: 120,
            peer_quota: 20 << 10,
            peer_reserve: 1 << 10,
            sms_gateway: None,
            sms_authorization: None,
            decay: Arc::default(),
            mail: MailConfiguration::default(),
            sign_in: SignInConfiguration::default(),
        }
    }
}

impl Configuration {
    /// Reads a text.
    pub(crate) fn of(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What is written of it.
    pub(crate) fn text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

/// `[mail]` in `vedetta.toml`. Paths are within the data directory, or absolute.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MailConfiguration {
    /// The address that reports are sent to, and answers come from.
    pub(crate) mailbox: Option<String>,
    /// The name beside it in answers.
    pub(crate) name: Option<String>,
    /// Further addresses that reports may be sent to.
    pub(crate) also: Vec<String>,
    /// The address that incidents are written to: what comes there is a report at the room's queue.
    pub(crate) incidents: Option<String>,
    /// Where it takes reports by SMTP.
    pub(crate) smtp: Option<SocketAddr>,
    /// Where it takes reports by LMTP.
    pub(crate) lmtp: Option<SocketAddr>,
    /// The name it says it has to other mail systems.
    pub(crate) host: Option<String>,
    /// The relay that answers are given to.
    pub(crate) relay: Option<SocketAddr>,
    /// The name in the relay's certificate; without it only a relay on this machine is spoken to.
    pub(crate) relay_name: Option<String>,
    /// Mail systems whose `Authentication-Results` are believed.
    pub(crate) receivers: Vec<String>,
    /// For how many days messages are kept; 90 without it.
    pub(crate) keep_days: Option<u16>,
    /// Answers that one reporter has in an hour; 30 without it.
    pub(crate) answers_an_hour: Option<usize>,
    /// Reports that are taken from one domain in an hour when nothing proves who sent them; 20
    /// without it.
    pub(crate) strangers_an_hour: Option<usize>,
    /// How answers are signed.
    pub(crate) dkim: Option<DkimConfiguration>,
    /// Keys that domains publish, a file.
    pub(crate) published_keys: Option<PathBuf>,
    /// When campaigns are released without an analyst.
    pub(crate) release: Option<ReleaseConfiguration>,
}

/// `[mail.dkim]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DkimConfiguration {
    /// The domain.
    pub(crate) domain: String,
    /// The selector.
    pub(crate) selector: String,
    /// The private key: a file in PEM, PKCS #8.
    pub(crate) key: PathBuf,
}

/// `[mail.release]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseConfiguration {
    /// Reporters.
    pub(crate) reporters: usize,
    /// Organisations of theirs.
    pub(crate) organisations: usize,
    /// The marking of what is released.
    pub(crate) tlp: Tlp,
}

/// `[sign_in]` in `vedetta.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignInConfiguration {
    /// The address at which people open the node, e.g. `https://vedetta.example.org`; without it the first
    /// name of its certificate, and the port at which it listens.
    pub(crate) address: Option<String>,
    /// Whether passkeys are taken.
    pub(crate) passkeys: bool,
    /// Providers of identities.
    pub(crate) provider: Vec<ProviderConfiguration>,
}

impl Default for SignInConfiguration {
    fn default() -> Self {
        Self { address: None, passkeys: true, provider: Vec::new() }
    }
}

/// `[[sign_in.provider]]`. Paths are within the data directory, or absolute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderConfiguration {
    /// Its name in addresses and in the ledger.
    pub(crate) name: String,
    /// Its name on the button; its name without it.
    pub(crate) label: Option<String>,
    /// Its issuer identifier.
    pub(crate) issuer: String,
    /// The client identifier that it gave the node.
    pub(crate) client_id: String,
    /// A file with the secret that it gave the node.
    pub(crate) secret: Option<PathBuf>,
    /// The key with which the node signs, instead of a secret: a file in PEM, PKCS #8.
    pub(crate) key: Option<PathBuf>,
    /// The name under which the provider knows that key.
    pub(crate) key_id: Option<String>,
    /// What is asked of it.
    #[serde(default)]
    pub(crate) profile: ProviderProfile,
    /// The least authentication context.
    pub(crate) acr: Option<String>,
}

/// What a provider is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProviderProfile {
    /// As OpenID Connect has it.
    #[default]
    Generic,
    /// As SPID has it.
    Spid,
    /// As the electronic identity card has it.
    Cie,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_vedetta_toml_is_refused_with_its_place_or_written_to_read_the_same() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/vedetta_toml");
        let (mut read, mut refused) = (0, 0);
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            match Configuration::of(&text) {
                Ok(configuration) => {
                    let written = configuration.text().unwrap();
                    let again = Configuration::of(&written).unwrap();
                    assert_eq!(again.text().unwrap(), written);
                    read += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains("line "), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(read >= 3 && refused >= 3, "{read} read, {refused} refused");
    }
}
