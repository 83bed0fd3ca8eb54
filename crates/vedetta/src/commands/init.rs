//! `vedetta init`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_flow::House;
use vedetta_mesh::Nodes;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::{AccountId, Agreement, Clock, Entropy, Organisation, OrganisationId};
use vedetta_store_postgres::PostgresStore;
use vedetta_watch::Watch;

use crate::certificates::Authority;
use crate::mesh::Meeting;
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome, Refusal};
use crate::progress::Progress;
use crate::system::{LedgerClock, SystemClock, SystemEntropy};

/// Make a node: directory, keys, first administrator.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta init --data ./node --network italy\n  vedetta init --data ./poli-cert --organisation ipzs --name \"Poli-CERT\""
)]
pub(crate) struct Init {
    #[command(flatten)]
    node: NodeArgs,
    /// Whose node it is.
    #[arg(long, value_name = "ID", default_value = "cnaipic")]
    organisation: OrganisationId,
    /// Its name, when it is not of the network that is loaded.
    #[arg(long, default_value = "Operations room")]
    name: String,
    /// What it is, when it is not of the network that is loaded: national-centre, regional-centre, section,
    /// agency, association, municipality, province, region, administration, operator or partner.
    #[arg(long, default_value = "agency", value_parser = kind)]
    kind: OrganisationKind,
    /// The network to begin with.
    #[arg(long, value_enum, default_value = "none")]
    network: Network,
    /// The ledger: `sqlite`, or a `postgres://` address.
    #[arg(long, default_value = "sqlite")]
    ledger: String,
    /// Answer in JSON: `organisation`, `data`, `account`, `password`.
    #[arg(long)]
    json: bool,
}

/// The network to begin with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Network {
    /// The node's own organisation alone.
    None,
    /// The Italian network with its agreements.
    Italy,
}

impl Init {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = &self.node.data;
        if data.join("vedetta.toml").exists() {
            let reason =
                format!("{}: there is a node already; give another --data", data.display());
            return Err(Failure::Usage(reason));
        }
        let progress = Progress::steps();
        progress.step("reading the network");
        let (records, agreements) = match self.network {
            Network::Italy => italy()?,
            Network::None => (self.alone(), Vec::new()),
        };
        if !records.organisations.iter().any(|it| it.id == self.organisation) {
            let reason = format!("--organisation {}: the network has none such", self.organisation);
            return Err(Failure::Usage(reason));
        }
        let before = files(data);
        self.node.make()?;
        let configuration = Configuration {
            organisation: self.organisation.to_string(),
            ledger: self.ledger.clone(),
            ..Configuration::default()
        };
        configuration.write(data)?;
        let password = self.found(records, agreements, &progress).inspect_err(|_| {
            // So that it can be tried again, and no half a node is taken for one.
            for file in files(data).difference(&before) {
                let _gone = std::fs::remove_file(file);
            }
        })?;
        drop(progress);
        if self.json {
            let (organisation, data) = (&self.organisation, data.display().to_string());
            let account = "administrator";
            println!(
                "{}",
                json!({ "organisation": organisation, "data": data, "account": account, "password": password })
            );
            return Ok(Outcome::Done);
        }
        println!("node of {} in {}", self.organisation, data.display());
        println!("sign in as administrator with the password {password} (shown once)");
        println!("at first it enrols an authenticator: docs/administrators/access.md");
        println!("then: vedetta serve --data {}", data.display());
        Ok(Outcome::Done)
    }

    /// Fills the node; its first administrator's password.
    fn found(
        &self,
        records: Records,
        agreements: Vec<Agreement>,
        progress: &Progress,
    ) -> Result<String, Failure> {
        let data = &self.node.data;
        progress.step("making keys and ledger");
        Authority::open(data, SystemClock.now().micros() / 1_000_000)?;
        // What is another node's is not touched to find that out.
        if let Ok(house) = self.node.house(Use::Read) {
            self.is_free(&house)?;
        }
        let house = self.node.new_house(Arc::new(LedgerClock::start()))?;
        self.is_free(&house)?;
        let many = records.organisations.len();
        progress.step(format!("loading {many} organisations, {} agreements", agreements.len()));
        house.found(records, agreements)?;
        progress.step("making the first administrator and playbooks");
        house.set_own(&self.organisation)?;
        Meeting::of(&Configuration::read(data)?, data)?.establish(&house, None)?;
        let password = new_password();
        let account = AccountId::new("administrator")
            .map_err(|error| Failure::system("the first account", error))?;
        house.first_administrator(&account, &self.organisation, &password)?;
        Watch::over(Arc::new(Nodes::new(Arc::new(house))))
            .give_playbooks()
            .map_err(|error| Failure::system("the first playbooks", error))?;
        Ok(password)
    }

    /// Refuses a ledger that a node was made in before.
    fn is_free(&self, house: &House) -> Result<(), Failure> {
        let standing = house.standing();
        if standing.directory.members().is_empty() {
            return Ok(());
        }
        let whose = standing.own.as_ref().map_or("a node", |own| own.as_str());
        let (place, advice) = match self.ledger.as_str() {
            "sqlite" => (self.node.data.display().to_string(), "give another --data"),
            url => (PostgresStore::place_of(url, None)?, "name another database in --ledger"),
        };
        let what = format!("it holds the ledger of {whose} already; {advice}");
        Err(Failure::Refused(Box::new(Refusal::new("conflict", &what).at(place))))
    }

    fn alone(&self) -> Records {
        let own = Organisation {
            id: self.organisation.clone(),
            name: self.name.clone(),
            aliases: Vec::new(),
            kind: self.kind,
            parent: None,
            region: None,
            province: None,
            population: None,
            sector: None,
            criticality: Criticality::None,
            client_of: Vec::new(),
        };
        Records { organisations: vec![own], ..Records::default() }
    }
}

fn kind(text: &str) -> Result<OrganisationKind, String> {
    serde_json::from_value(json!(text)).map_err(|_| "is none of the kinds named above".to_owned())
}

/// The files of a directory.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| !path.is_dir()).collect()
}

/// The Italian network of the seed, ready to load.
pub(crate) fn italy() -> Result<(Records, Vec<Agreement>), Failure> {
    let seed = vedetta_directory::seed::italy()
        .map_err(|error| Failure::system("the Italian network", error))?;
    Ok((seed.records(), seed.agreements))
}

/// A password of twenty letters and digits that are not mistaken for one another.
pub(crate) fn new_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    SystemEntropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}
