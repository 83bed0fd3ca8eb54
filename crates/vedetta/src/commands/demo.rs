//! `vedetta demo`: a warning crosses the country.

mod accounts;
mod audience;
mod mesh;
mod scenario;
mod sensors;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use vedetta_api::{Rate, Settings};
use vedetta_demo::past::Past;
use vedetta_demo::table::Table;
use vedetta_flow::House;
use vedetta_model::{Clock, OrganisationId};
use vedetta_outpost::Outposts;

use crate::commands::init::italy;
use crate::doors::{Doors, Opening, asked_to_end, runtime};
use crate::node::{Configuration, NodeArgs};
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::system::LedgerClock;
use accounts::Accounts;
use audience::Audience;

/// Watch a warning cross the country.
///
/// Starts the national node on loopback with the whole Italian network, connects every
/// organisation with an agreement over TLS, and plays two minutes of an attack on documentation
/// addresses. Started again, it resumes on the same data.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta demo --seconds 60\n  vedetta demo --mesh --data ./demo\n  vedetta demo --mesh --listen 127.0.0.1:9443\n  vedetta demo --sensors --data ./demo"
)]
pub(crate) struct Demo {
    /// The data directory.
    #[arg(long, env = "VEDETTA_DATA", value_name = "DIR", default_value = "vedetta-data")]
    data: PathBuf,
    /// End after so many seconds, the story told; without it, on Ctrl-C.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Five nodes instead of one, each a process with its own data and keys, in a folder `mesh` of
    /// the data directory.
    #[arg(long)]
    mesh: bool,
    /// Three sensors on generated traffic with an attack inside, in a folder `sensors` of the data
    /// directory.
    #[arg(long, conflicts_with_all = ["listen", "mesh", "seconds"])]
    sensors: bool,
    /// Tell the story of one node in JSON, an object a line: where the node is, what reached how many,
    /// why, and how it ended.
    #[arg(long, conflicts_with_all = ["mesh", "sensors"])]
    json: bool,
    /// Where to listen; with `--mesh` the national node, for people. Without it 127.0.0.1:8443, and a
    /// free port with `--mesh`.
    #[arg(long, value_name = "ADDRESS", value_parser = crate::node::listen)]
    listen: Option<SocketAddr>,
}

/// How long the attack lasts when nobody is in a hurry.
const STORY: Duration = Duration::from_secs(120);

/// How often the sensors that work say so.
const HEARD: Duration = Duration::from_secs(30);

/// Where to listen when nobody says where.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

impl Demo {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if self.mesh {
            let length = self.seconds.map(Duration::from_secs);
            return mesh::run(&self.data.join("mesh"), self.listen, length);
        }
        if self.sensors {
            return sensors::run(&self.data.join("sensors"));
        }
        let node = NodeArgs { data: self.data.clone() };
        let fresh = !self.data.join("vedetta.toml").exists();
        if fresh {
            node.make()?;
            Configuration::default().write(&self.data)?;
        }
        let past = Past::over(Arc::new(LedgerClock::start()));
        let past = Arc::new(if fresh { past.from_the_beginning() } else { past });
        let clock: Arc<dyn Clock> = Arc::<Past>::clone(&past);
        let house = Arc::new(node.new_house(clock)?);
        let progress = Progress::steps();
        if house.standing().directory.members().is_empty() {
            self.table().say("loading the Italian network …");
            progress.step("reading the network");
            let (records, agreements) = italy()?;
            let many = records.organisations.len();
            progress.step(format!("loading {many} organisations"));
            house.found(records, agreements)?;
            house.set_own(&organisation("cnaipic")?)?;
        }
        progress.step("making people, cases and shifts");
        vedetta_demo::people(&house).map_err(failed)?;
        let accounts = Accounts::ready(&house, &self.data)?;
        runtime()?.block_on(self.play(house, &accounts, (&past, progress)))
    }

    const fn table(&self) -> Table {
        if self.json { Table::Json } else { Table::Lines }
    }

    async fn play(
        &self,
        house: Arc<House>,
        accounts: &Accounts,
        (past, progress): (&Past, Progress),
    ) -> Result<Outcome, Failure> {
        let settings = Settings {
            title: "CNAIPIC".into(),
            per_address: Rate { burst: 100_000, every: Duration::from_micros(100) },
            ..Settings::default()
        };
        let names = Configuration::read(&self.data)?.names;
        let opening = Opening {
            data: &self.data,
            listen: self.listen.unwrap_or(LISTEN),
            names: &names,
            settings,
            meeting: None,
            mail: Default::default(),
            sign_in: Default::default(),
        };
        let doors = Doors::open(Arc::clone(&house), opening).await?;
        let given = doors.api.watch().give_playbooks();
        given.map_err(|error| Failure::system("the first playbooks", error))?;
        let desk = doors.api.mail_desk().map(Arc::as_ref);
        let outposts = doors.api.sensors();
        vedetta_demo::fill(&house, doors.api.watch(), (&outposts, desk), past).map_err(failed)?;
        drop(progress);
        let table = self.table();
        match table {
            Table::Lines => self.welcome(&house, &doors, accounts),
            Table::Json => table.tell(&json!({ "node": format!("https://{}", doors.address) })),
        }
        let story = async {
            let audience = Audience::connect(&house, &doors).await?;
            let many = audience.len();
            table.say(&format!("{many} organisations are connected live over TLS\n"));
            let pace = self.seconds.map_or(STORY, |seconds| Duration::from_secs(seconds) / 2);
            scenario::play(&house, &audience, (pace, table)).await?;
            if self.seconds.is_none() {
                table.say("\nstill serving: Ctrl-C ends it");
            }
            Ok::<_, Failure>(audience)
        };
        let time = async {
            match self.seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        // Told to its end, however slow the machine; those who listen stay until then.
        let told = async {
            let (audience, ()) = tokio::join!(story, time);
            audience.map(drop)
        };
        let outcome = tokio::select! {
            outcome = told => outcome,
            () = asked_to_end() => Ok(()),
            outcome = sensors(&house, &outposts) => outcome,
        };
        table.say("closing …");
        doors.close().await;
        outcome?;
        table.say("closed; start it again to resume");
        table.tell(&json!({ "ended": true, "entries": house.bell().last() }));
        Ok(Outcome::Done)
    }

    fn welcome(&self, house: &House, doors: &Doors, accounts: &Accounts) {
        let standing = house.standing();
        let (organisations, agreements) =
            (standing.directory.members().len(), standing.agreements.len());
        let (data, address) = (self.data.display(), doors.address);
        println!("\nVedetta: the node of CNAIPIC, https://{address}");
        println!(
            "  {organisations} organisations, {agreements} agreements and adhesions, {} ledger entries",
            house.bell().last()
        );
        println!(
            "  open            https://{address} in a browser, which warns unless it trusts {data}/ca.pem"
        );
        println!("  interfaces      /api/v1/openapi.json · /taxii2/ · /api/v1/stream · /feeds/");
        let mut heading = "whom to be";
        for line in accounts.lines() {
            println!("  {heading:<16}{line}");
            heading = "";
        }
        println!("  try             curl --cacert {data}/ca.pem -u {} \\", accounts.example());
        println!("                       https://{address}/api/v1/items");
        println!("  prove it        vedetta verify --data {data}\n");
    }
}

/// An organisation of the seed.
fn organisation(id: &str) -> Result<OrganisationId, Failure> {
    Ok(OrganisationId::new(id).map_err(vedetta_flow::FlowError::from)?)
}

/// Has the sensors that work say so, for as long as the demonstration goes on.
async fn sensors(house: &House, outposts: &Outposts) -> Result<(), Failure> {
    loop {
        tokio::time::sleep(HEARD).await;
        vedetta_demo::heard(house, outposts).map_err(failed)?;
    }
}

fn failed(error: vedetta_demo::DemoError) -> Failure {
    Failure::Usage(error.to_string())
}
