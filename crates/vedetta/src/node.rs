//! A node's data directory: its configuration, its ledger, its house.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use vedetta_api::api::Gateway;
use vedetta_api::webhooks::Inner;
pub(crate) use vedetta_commands::Use;
use vedetta_flow::House;
use vedetta_link::{Allowance, Reserve};
use vedetta_model::{Clock, Instant, OrganisationId};
use vedetta_store::Store;

use vedetta_store_postgres::PostgresStore;
use vedetta_store_sqlite::SqliteStore;

use crate::certificates::write_secret;
use crate::outcome::Failure;
pub(crate) use crate::settings::Configuration;
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

impl Configuration {
    /// Reads it; a directory without one has the defaults.
    pub(crate) fn read(data: &Path) -> Result<Self, Failure> {
        let path = data.join("vedetta.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::of(&text)
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
        let settings =
            self.text().map_err(|error| Failure::system("writing the configuration", error))?;
        let text =
            format!("# Settings of this node; docs/operators/configure.md says each.\n{settings}");
        // Whole or not at all: half of it would be another node's.
        let (place, new) = (data.join("vedetta.toml"), data.join("vedetta.toml.new"));
        write_secret(&new, &text)?;
        let moved = std::fs::rename(new, &place);
        moved.map_err(|error| Failure::system(place.display().to_string(), error))
    }
}

/// Whether what is sent to an address is read on its way by nobody: https, or http within the machine.
pub(crate) fn is_safe(url: &str) -> bool {
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

    /// Opens the ledger of a node that was made. A mistyped directory is no new node, nor is one whose
    /// ledger was lost.
    pub(crate) fn store(&self, usage: Use) -> Result<Arc<dyn Store>, Failure> {
        if !self.data.join("vedetta.toml").exists() && !self.data.join("ledger.db").exists() {
            let data = self.data.display();
            let advice = format!("give its --data, or make one with `vedetta init --data {data}`");
            return Err(Failure::Usage(format!("{data}: there is no node; {advice}")));
        }
        let configuration = Configuration::read(&self.data)?;
        let url = &configuration.ledger;
        Ok(match (url == "sqlite", usage) {
            (true, Use::Write) => Arc::new(SqliteStore::open_made(&self.data)?),
            (true, Use::Read) => Arc::new(SqliteStore::open_read_only(&self.data)?),
            (false, Use::Write) => Arc::new(PostgresStore::open_made(url, None)?),
            (false, Use::Read) => Arc::new(PostgresStore::open_read_only(url, None)?),
        })
    }

    /// Makes the ledger of a node that is being made, or opens one of which nothing more was made.
    fn new_store(&self) -> Result<Arc<dyn Store>, Failure> {
        let configuration = Configuration::read(&self.data)?;
        if configuration.ledger != "sqlite" {
            return Ok(Arc::new(PostgresStore::open(&configuration.ledger, None)?));
        }
        self.make()?;
        Ok(Arc::new(SqliteStore::open(&self.data)?))
    }

    /// Opens the house, which then knows whose it is.
    pub(crate) fn house(&self, usage: Use) -> Result<House, Failure> {
        let house = self.house_over(self.store(usage)?, usage, Arc::new(LedgerClock::start()))?;
        let own = OrganisationId::new(&Configuration::read(&self.data)?.organisation)
            .map_err(|error| Failure::Usage(format!("vedetta.toml, organisation: {error}")))?;
        if usage == Use::Write && house.standing().directory.organisation(&own).is_some() {
            house.set_own(&own)?;
        }
        Ok(house)
    }

    /// Opens the house of a node that is being made, by a clock. Whose it is, it is told later.
    pub(crate) fn new_house(&self, clock: Arc<dyn Clock>) -> Result<House, Failure> {
        self.house_over(self.new_store()?, Use::Write, clock)
    }

    fn house_over(
        &self,
        store: Arc<dyn Store>,
        usage: Use,
        clock: Arc<dyn Clock>,
    ) -> Result<House, Failure> {
        if usage == Use::Write && std::env::var_os(CLOCK_IS_RIGHT).is_none() {
            check_clock(&*store, SystemClock.now())?;
        }
        Ok(House::open(store, clock, Arc::new(SystemEntropy))?)
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
        let read = |sample: &str| Configuration::of(&format!("[decay]{sample}"));
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
        let title = |text: &str| Configuration::of(text).unwrap().title(&house);
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
