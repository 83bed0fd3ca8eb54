//! `vedetta sensor`.

mod alerts;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vedetta_detect::report::Code;
use vedetta_intake::indicator_files;
use vedetta_model::{Clock as _, OrganisationId};
use vedetta_offline::detect::rules;
use vedetta_sensor::{Leaves, Settings, Start, Status, Stdin, Until};

use crate::certificates::Authority;
use crate::doors::{asked_to_end, log, runtime};
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome, Refusal};
use crate::reach::node_or_ledger;
use crate::system::{SystemClock, SystemEntropy};

/// Sensors: enrol one, run it, see how it does and what it sends.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sensor {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  at the node:
    vedetta sensor code --organisation comune-054039 --data ./node
    vedetta sensor list --data ./node
    vedetta sensor alerts --severity high --data ./node
    vedetta sensor judge sighting--… harmless --reason \"backup of the night\" --data ./node
  at the organisation:
    vedetta sensor enrol vds1/node.example.org:8443/… --dir ./sensor
    vedetta sensor run --dir ./sensor
    vedetta sensor status --dir ./sensor
    vedetta sensor what-leaves --dir ./sensor";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// At the node: make the code that enrols a sensor, once, within a day.
    #[command(
        after_help = "Example:\n  vedetta sensor code --organisation comune-054039 --data ./node"
    )]
    Code(MakeCode),
    /// At the node: show the sensors, how they do, and which are silent.
    #[command(after_help = "Example:\n  vedetta sensor list --data ./node")]
    List(List),
    /// At the node: show what sensors found lately, the newest first.
    #[command(after_help = "Example:\n  vedetta sensor alerts --severity high --data ./node")]
    Alerts(alerts::Alerts),
    /// At the node: say what a finding was; the like of what is harmless is not told for a while.
    #[command(
        after_help = "Example:\n  vedetta sensor judge sighting--… harmless --reason \"backup of the night\" --data ./node"
    )]
    Judge(alerts::Judge),
    /// Enrol this machine's sensor with a code.
    #[command(
        after_help = "Example:\n  vedetta sensor enrol vds1/node.example.org:8443/… --dir ./sensor"
    )]
    Enrol(Enrol),
    /// Run the sensor.
    ///
    /// It reads what its sensor.toml says, matches it against what the node cleared for its organisation
    /// and the owner's own rules, and sends the node what it finds.
    #[command(after_help = "Example:\n  vedetta sensor run --dir ./sensor")]
    Run(Run),
    /// Show how the sensor does.
    #[command(after_help = "Example:\n  vedetta sensor status --dir ./sensor --json")]
    Status(Show),
    /// Show exactly what the sensor sends, has sent and is about to send.
    #[command(after_help = "Example:\n  vedetta sensor what-leaves --dir ./sensor")]
    #[command(name = "what-leaves")]
    Leaves(Show),
}

#[derive(Args)]
struct MakeCode {
    #[command(flatten)]
    node: NodeArgs,
    /// Whose sensor.
    #[arg(long)]
    organisation: OrganisationId,
    /// Its name among those of the organisation.
    #[arg(long, default_value = "first")]
    name: String,
    /// Where the sensor reaches the node; where that listens without it.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    node: NodeArgs,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Where a sensor keeps what it has.
#[derive(Args)]
struct Directory {
    /// The sensor's directory.
    #[arg(long, env = "VEDETTA_SENSOR", value_name = "DIR", default_value = "vedetta-sensor")]
    dir: PathBuf,
}

#[derive(Args)]
struct Enrol {
    #[command(flatten)]
    at: Directory,
    /// The code, as the node's administrator gave it.
    code: String,
    /// Answer in JSON: `account`, `address`.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    at: Directory,
    /// Read lines from the standard input too.
    #[arg(long)]
    stdin: bool,
    /// End when everything there is was read, and what was found was sent.
    #[arg(long)]
    once: bool,
}

#[derive(Args)]
struct Show {
    #[command(flatten)]
    at: Directory,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Sensor {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self.what {
            What::Code(command) => command.run(),
            What::List(command) => command.run(),
            What::Alerts(command) => command.run(),
            What::Judge(command) => command.run(),
            What::Enrol(command) => command.run(),
            What::Run(command) => command.run(),
            What::Status(command) => command.status(),
            What::Leaves(command) => command.leaves(),
        }
    }
}

impl MakeCode {
    fn run(self) -> Result<Outcome, Failure> {
        let authority = authority(&self.node)?;
        let mut node = node_or_ledger(&self.node, Use::Write)?;
        let address = match &self.address {
            Some(address) => address.clone(),
            None => {
                let known: Value = node.get("/api/v1/sensors")?;
                address(&Configuration::read(&self.node.data)?, known["listens"].as_str())?
            }
        };
        let new = json!({
            "organisation": self.organisation,
            "name": self.name,
            "address": address,
            "authority": authority,
        });
        let made: Value = node.post("/api/v1/sensors", &new)?;
        let code = made["code"].as_str().unwrap_or_default();
        if self.json {
            println!("{}", json!({ "code": code }));
        } else {
            println!("{code}");
            eprintln!("good once, within a day; at the organisation: vedetta sensor enrol CODE");
        }
        Ok(Outcome::Done)
    }
}

/// The SHA-256 of the certificate of the node's authority.
fn authority(node: &NodeArgs) -> Result<String, Failure> {
    let authority = Authority::open(&node.data, SystemClock.now().micros() / 1_000_000)?;
    let pem = authority.certificate().as_bytes();
    let certificate = CertificateDer::from_pem_slice(pem)
        .map_err(|error| Failure::system("the node's authority", error))?;
    Ok(vedetta_detect::report::hex(&Sha256::digest(&certificate)))
}

/// Where sensors reach the node: where it listens, as it runs or else as it will, under its own name when
/// it listens everywhere.
fn address(configuration: &Configuration, listens: Option<&str>) -> Result<String, Failure> {
    let listen = listens.unwrap_or(&configuration.listen);
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, "8443"));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if !bare.parse::<IpAddr>().is_ok_and(|it| it.is_unspecified()) {
        return Ok(listen.to_owned());
    }
    let name = configuration.names.iter().find(|it| *it != "localhost" && it.contains('.'));
    let name = name.ok_or_else(|| {
        Failure::Usage("say where sensors reach the node: --address HOST:PORT".into())
    })?;
    Ok(format!("{name}:{port}"))
}

impl List {
    fn run(self) -> Result<Outcome, Failure> {
        let mut node = node_or_ledger(&self.node, Use::Read)?;
        let known: Value = node.get("/api/v1/sensors")?;
        if self.json {
            println!("{known}");
            return Ok(Outcome::Done);
        }
        for sensor in known["sensors"].as_array().into_iter().flatten() {
            let word = |name: &str| sensor[name].as_str().unwrap_or("-").to_owned();
            let (said, silent) = (&sensor["said"], sensor["silent_since"].as_str());
            let life = match (sensor["stage"]["is"].as_str(), silent) {
                (Some("enrolled"), Some(since)) => format!("SILENT since {since}"),
                (Some("enrolled"), None) => format!("heard {}", word("heard")),
                (stage, _) => stage.unwrap_or_default().to_owned(),
            };
            let figures = ["events_per_s", "indicators", "rules", "waiting", "lost"];
            let figures = figures.iter().filter(|name| !said[**name].is_null());
            let figures: String = figures
                .map(|name| format!(", {} {}", said[*name], name.replace("_per_s", "/s")))
                .collect();
            println!("{}: {life}{figures}", word("account"));
        }
        Ok(Outcome::Done)
    }
}

impl Enrol {
    fn run(self) -> Result<Outcome, Failure> {
        let code: Code =
            self.code.parse().map_err(|error| Failure::Usage(format!("CODE: {error}")))?;
        let enrolling = vedetta_sensor::enrol(&self.at.dir, &code, &SystemEntropy);
        let identity = runtime()?.block_on(enrolling)?;
        let (account, dir) = (&identity.account, self.at.dir.display());
        if self.json {
            println!("{}", json!({ "account": account, "address": identity.address }));
            return Ok(Outcome::Done);
        }
        println!("enrolled as {account} at {}", identity.address);
        println!(
            "say what it reads in {dir}/{}, then: vedetta sensor run --dir {dir}",
            Settings::FILE
        );
        Ok(Outcome::Done)
    }
}

impl Run {
    fn run(self) -> Result<Outcome, Failure> {
        log();
        let settings = Settings::read(&self.at.dir)?;
        let start = Start {
            directory: self.at.dir,
            rules: rules::texts(&settings.rules)?,
            pipelines: rules::pipelines(&settings.pipelines)?,
            harmless: indicator_files::lists(&settings.warning_lists)?,
            clock: Arc::new(SystemClock),
            stdin: if self.stdin { Stdin::Read } else { Stdin::Unread },
            until: if self.once { Until::AllRead } else { Until::Told },
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::system("starting", error))?;
        runtime.block_on(vedetta_sensor::run(start, asked_to_end()))?;
        // A thread may still wait for the standard input.
        runtime.shutdown_background();
        Ok(Outcome::Done)
    }
}

const NEVER_RAN: &str = "no sensor has run here yet; start it with `vedetta sensor run`";

impl Show {
    fn status(self) -> Result<Outcome, Failure> {
        let status = Status::read(&self.at.dir)?;
        let dir = self.at.dir.display().to_string();
        vedetta_sensor::Identity::read(&self.at.dir)?;
        let status = status.ok_or_else(|| {
            Failure::Refused(Box::new(Refusal::new("unknown", NEVER_RAN).at(dir)))
        })?;
        if self.json {
            println!("{}", serde_json::to_value(&status).unwrap_or_default());
            return Ok(Outcome::Done);
        }
        let beat = &status.beat;
        let ago = SystemClock.now().since(status.at).as_secs();
        println!("as of {} ({ago} s ago), running since {}", status.at, beat.started);
        let link = match (&status.trouble, status.heard) {
            (Some(trouble), _) => format!("in trouble: {trouble}"),
            (None, Some(heard)) => format!("heard {heard}"),
            (None, None) => "not reached yet".into(),
        };
        println!("node: {link}; followed to {}; {} findings wait", beat.place, beat.waiting);
        let (rules, refused) = (beat.rules, beat.rules_refused);
        println!("{} indicators; {rules} rules, {refused} refused", beat.indicators);
        let lag = beat.lag_s.map_or_else(|| "-".into(), |lag| format!("{lag:.1} s"));
        println!(
            "{} events, {}/s; newest {lag} old; {} lost",
            beat.events, beat.events_per_s, beat.lost
        );
        for input in &status.inputs {
            let trouble = input.trouble.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
            println!(
                "  {}: {} lines, {} octets wait{trouble}",
                input.name, input.lines, input.backlog
            );
        }
        beat.faults.iter().for_each(|(fault, count)| println!("  {fault}: {count}"));
        status.words.iter().for_each(|(word, host)| println!("  {word} is {host}"));
        Ok(Outcome::Done)
    }

    fn leaves(self) -> Result<Outcome, Failure> {
        vedetta_sensor::Identity::read(&self.at.dir)?;
        let leaves = Leaves::read(&self.at.dir)?;
        if self.json {
            println!("{}", serde_json::to_value(&leaves).unwrap_or_default());
            return Ok(Outcome::Done);
        }
        let settings = Settings::read(&self.at.dir)?;
        let share = serde_json::to_value(&settings.share).unwrap_or_default();
        println!("# what may leave, as sensor.toml says\n{share}");
        println!("# sent every 20 seconds, as it last was");
        println!("{}", serde_json::to_value(&leaves.beat).unwrap_or_default());
        println!("# waiting to be sent");
        for told in &leaves.waiting {
            println!("{}", serde_json::to_value(told).unwrap_or_default());
        }
        println!("# sent: {} reports, byte for byte, newest last", leaves.sent.len());
        leaves.sent.iter().for_each(|report| println!("{report}"));
        Ok(Outcome::Done)
    }
}
