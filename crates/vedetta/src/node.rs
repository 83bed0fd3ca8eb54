//! A node's data directory: its configuration, its ledger, its house.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use vedetta_api::calls::Gateway;
use vedetta_api::webhooks::Inner;
pub(crate) use vedetta_commands::Use;
use vedetta_flow::House;
use vedetta_indicator::DecayTable;
use vedetta_link::{Allowance, Reserve};
use vedetta_model::{Clock, Instant, OrganisationId};
use vedetta_store::Store;

use vedetta_store_postgres::PostgresStore;
use vedetta_store_sqlite::SqliteStore;

use crate::certificates::write_secret;
use crate::mail_door::MailConfiguration;
use crate::outcome::Failure;
use crate::system::{LedgerClock, SystemClock, SystemEntropy};

/// Which node a command works on.
#[derive(Args, Clone, Debug)]
pub(crate) struct NodeArgs {
    /// The node's data directory.
    #[arg(long, env = "VEDETTA_DATA", value_name = "DIR", default_value = "vedetta-data")]
    pub(crate) data: PathBuf,
}

/// With this in the environment, the system's clock is believed however long after the ledger's last
/// entry it is.
const CLOCK_IS_RIGHT: &str = "VEDETTA_CLOCK_IS_RIGHT";
/// A node may have been stopped for so long without anybody confirming its clock.
const STOPPED: Duration = Duration::from_hours(31 * 24);

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
            octets_a_day: vedetta_api::api::OCTETS_A_DAY,
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
        }
    }
}

impl Configuration {
    /// Reads it; a directory without one has the defaults.
    pub(crate) fn read(data: &Path) -> Result<Self, Failure> {
        let path = data.join("vedetta.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::input(path.display().to_string(), error)),
        }
    }

    /// How much each peer may bring. The disk of PostgreSQL is not this machine's to look at.
    pub(crate) fn allowance(&self, data: &Path) -> Allowance {
        let octets = |mebibytes: u32| u64::from(mebibytes) << 20;
        let here = Reserve { place: data.to_owned(), octets: octets(self.peer_reserve) };
        let reserve = (self.ledger == "sqlite").then_some(here);
        Allowance { quota: octets(self.peer_quota), reserve }
    }

    /// Where webhooks may lead besides the public Internet.
    pub(crate) fn inner_networks(&self) -> Result<Inner, Failure> {
        Inner::read(&self.webhook_networks)
            .map_err(|error| Failure::Usage(format!("vedetta.toml: webhook_networks: {error}")))
    }

    /// What the node calls itself.
    pub(crate) fn title(&self, house: &House) -> String {
        let own = OrganisationId::new(&self.organisation).ok();
        let named = || Some(house.standing().directory.organisation(&own?)?.name.clone());
        self.title.clone().or_else(named).unwrap_or_else(|| self.organisation.clone())
    }

    /// By what it sends text messages.
    pub(crate) fn gateway(&self) -> Result<Option<Gateway>, Failure> {
        let Some(url) = self.sms_gateway.clone() else { return Ok(None) };
        if !is_safe(&url) {
            let what = format!("vedetta.toml: sms_gateway {url:?}: write an https address");
            return Err(Failure::Usage(what));
        }
        Ok(Some(Gateway { url, authorization: self.sms_authorization.clone() }))
    }

    /// Writes it, with a word on each setting, for this user alone: it may hold a password.
    pub(crate) fn write(&self, data: &Path) -> Result<(), Failure> {
        let settings = toml::to_string(self)
            .map_err(|error| Failure::system("writing the configuration", error))?;
        let text =
            format!("# Settings of this node; docs/operators/configure.md says each.\n{settings}");
        write_secret(&data.join("vedetta.toml"), &text)
    }
}

/// Whether what is sent to an address is read on its way by nobody: https, or http within the machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
        _ => false,
    }
}

impl NodeArgs {
    /// Makes the data directory, for this user alone, if there is none.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&self.data);
        made.map_err(|error| Failure::system(self.data.display().to_string(), error))
    }

    /// Opens the ledger of a node that was made: a mistyped directory is no new node.
    pub(crate) fn store(&self, usage: Use) -> Result<Arc<dyn Store>, Failure> {
        if !self.data.join("vedetta.toml").exists() && !self.data.join("ledger.db").exists() {
            let data = self.data.display();
            let advice = format!("give its --data, or make one with `vedetta init --data {data}`");
            return Err(Failure::Usage(format!("{data}: there is no node; {advice}")));
        }
        let configuration = Configuration::read(&self.data)?;
        if configuration.ledger != "sqlite" {
            let url = &configuration.ledger;
            return Ok(match usage {
                Use::Write => Arc::new(PostgresStore::open(url, None)?),
                Use::Read => Arc::new(PostgresStore::open_read_only(url, None)?),
            });
        }
        if usage == Use::Read {
            return Ok(Arc::new(SqliteStore::open_read_only(&self.data)?));
        }
        self.make()?;
        Ok(Arc::new(SqliteStore::open(&self.data)?))
    }

    /// Opens the house, which then knows whose it is.
    pub(crate) fn house(&self, usage: Use) -> Result<House, Failure> {
        self.house_by(usage, Arc::new(LedgerClock::start()))
    }

    /// The same by another clock.
    pub(crate) fn house_by(&self, usage: Use, clock: Arc<dyn Clock>) -> Result<House, Failure> {
        let store = self.store(usage)?;
        if usage == Use::Write && std::env::var_os(CLOCK_IS_RIGHT).is_none() {
            check_clock(&*store, SystemClock.now())?;
        }
        let house = House::open(store, clock, Arc::new(SystemEntropy))?;
        let own = OrganisationId::new(&Configuration::read(&self.data)?.organisation)
            .map_err(|error| Failure::Usage(format!("vedetta.toml, organisation: {error}")))?;
        if usage == Use::Write && house.standing().directory.organisation(&own).is_some() {
            house.set_own(&own)?;
        }
        Ok(house)
    }
}

/// Refuses a clock far after the ledger's last entry: what is written with it could not be taken back.
fn check_clock(store: &dyn Store, now: Instant) -> Result<(), Failure> {
    let mut last = None;
    store.read(&mut |reader| {
        last = reader.head()?.map(|(stamp, _)| stamp.at);
        Ok(())
    })?;
    let Some(last) = last.filter(|last| now.since(*last) > STOPPED) else { return Ok(()) };
    Err(Failure::Usage(format!(
        "the system clock says {now}, and the ledger's last entry is of {last}: set the clock right, or, \
         if the node was stopped for so long or restored from an old backup, say so once with \
         {CLOCK_IS_RIGHT}=1 in the environment"
    )))
}

/// Where to listen, as somebody wrote it.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    let advice = "write address:port, as 127.0.0.1:8443, or 0.0.0.0:8443 for every interface";
    text.parse().map_err(|_| advice.to_owned())
}

#[cfg(test)]
mod tests {
    use vedetta_indicator::Kind;

    use super::*;

    #[test]
    fn the_documented_decay_is_taken_and_a_wrong_one_is_named() {
        let manual = include_str!("../../../docs/operators/configure.md");
        let (_, manual) = manual.split_once("```toml\n[decay]").unwrap();
        let (sample, _) = manual.split_once("```").unwrap();
        let read = |sample: &str| toml::from_str::<Configuration>(&format!("[decay]{sample}"));
        let days = |kind| read(sample).unwrap().decay.parameters(kind).lifetime_days;
        assert_eq!((days(Kind::Ipv4), days(Kind::Ipv6), days(Kind::Mutex)), (14.0, 30.0, 180.0));
        let wrong = read(&sample.replace("lifetime_days = 14", "lifetime_days = 0")).unwrap_err();
        assert!(wrong.to_string().contains("kinds.ipv4: lifetime_days"), "{wrong}");
    }

    #[test]
    fn a_node_is_called_as_it_says_or_by_the_name_of_its_organisation() {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let house = House::open(store, Arc::new(LedgerClock::start()), Arc::new(SystemEntropy));
        let house = house.unwrap();
        let own = r#"{"id":"cnaipic","name":"CNAIPIC","kind":"national-centre"}"#;
        let organisations = vec![serde_json::from_str(own).unwrap()];
        let records = vedetta_directory::directory::Records { organisations, ..Default::default() };
        house.found(records, Vec::new()).unwrap();
        let title = |text: &str| toml::from_str::<Configuration>(text).unwrap().title(&house);
        assert_eq!(title(""), "CNAIPIC");
        assert_eq!(title(r#"title = "Sala nazionale""#), "Sala nazionale");
        assert_eq!(title(r#"organisation = "nobody""#), "nobody");
    }

    #[test]
    fn text_messages_leave_the_machine_by_https_alone() {
        let gateway = |url: &str| {
            let configuration =
                Configuration { sms_gateway: Some(url.into()), ..Configuration::default() };
            configuration.gateway().map(drop)
        };
        for url in [
            "https://sms.example.org/send",
            "http://127.0.0.1:8080/send",
            "http://localhost/send",
            "http://[::1]:8080/",
        ] {
            assert!(gateway(url).is_ok(), "{url}");
        }
        for url in [
            "http://localhost.example.org/",
            "http://127.0.0.1@sms.example.org/",
            "http://127.0.0.1.example.org/",
            "http://sms.example.org/",
            "ftp://localhost/",
            "localhost",
        ] {
            assert!(gateway(url).is_err(), "{url}");
        }
    }
}
