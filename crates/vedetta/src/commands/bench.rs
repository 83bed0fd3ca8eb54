//! `vedetta bench`: how fast this node is on this machine.

mod beside;
mod clearance;
mod console;
mod fanout;
mod followers;
mod import;
mod mail;
mod mesh;
mod people;
mod scene;
mod sensors;
mod taxii;
mod trial;
mod visitors;

use clap::{Args, Subcommand};
use vedetta_offline::bench::times::{Times, millis, rounded};
use vedetta_offline::bench::{Style, detect, indicators, patterns, peak_mib, print};
use vedetta_offline::bench::{relevance, scratch};

use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;

/// Measure this node on this machine.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta bench clearance --json\n  vedetta bench fanout --subscribers 8000 --rate 100 --seconds 30 --json\n  vedetta bench mesh --json\n  vedetta bench mesh --backlog 1000000 --json"
)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

/// What to measure.
#[derive(Subcommand)]
enum What {
    /// One node, many organisations connected live over TLS.
    #[command(after_help = "Example:\n  vedetta bench fanout --json")]
    Fanout(fanout::Fanout),
    /// An item against the whole network: who may have it, in which form.
    #[command(after_help = "Example:\n  vedetta bench clearance --json")]
    Clearance(clearance::Clearance),
    /// Whom an address, domain, product or supplier concerns.
    #[command(after_help = "Example:\n  vedetta bench relevance --json")]
    Relevance(relevance::Relevance),
    /// A file of indicators taken in.
    #[command(after_help = "Example:\n  vedetta bench import --json")]
    Import(import::Import),
    /// Sigma rules over recorded events.
    #[command(
        after_help = "Example:\n  vedetta bench detect --rules ./sigma --events events.json --json"
    )]
    Detect(detect::Detect),
    /// Events against millions of indicators.
    #[command(after_help = "Example:\n  vedetta bench indicators --json")]
    Indicators(indicators::IndicatorsBench),
    /// STIX patterns on what was observed.
    #[command(after_help = "Example:\n  vedetta bench patterns --json")]
    Patterns(patterns::PatternsBench),
    /// Suspicious messages checked, beside SpamAssassin and rspamd.
    #[command(after_help = "Example:\n  vedetta bench mail --corpus ./corpus --json")]
    Mail(mail::MailBench),
    /// Objects added and paged over TAXII 2.1.
    Taxii(taxii::Taxii),
    /// Items through four nodes, each a process of its own; or a backlog over one link.
    #[command(after_help = "Example:\n  vedetta bench mesh --json")]
    Mesh(mesh::Mesh),
    /// Five nodes under load, each a process, killed and cut off at random moments.
    #[command(after_help = "Example:\n  vedetta bench trial --json")]
    Trial(trial::Trial),
    /// From a line in one log to the hits of all other sensors, each a process of its own.
    #[command(after_help = "Example:\n  vedetta bench sensors --json")]
    Sensors(sensors::Sensors),
    /// Officers and liaisons with a live page each: how soon what happens is on it.
    #[command(
        after_help = "Example:\n  vedetta bench console --officers 200 --liaisons 2000 --json"
    )]
    Console(console::ConsoleBench),
    /// The other side of `console`: people at their pages, in a process of their own.
    #[command(hide = true)]
    Visitors(visitors::Visitors),
    /// The other side of `fanout`: many followers in a process of their own.
    #[command(hide = true)]
    Followers(followers::Followers),
}

impl Bench {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self.what {
            What::Fanout(bench) => bench.run(),
            What::Followers(bench) => bench.run(),
            What::Console(bench) => bench.run(),
            What::Visitors(bench) => bench.run(),
            What::Clearance(bench) => bench.run(),
            What::Relevance(bench) => Ok(bench.run()?.into()),
            What::Import(bench) => bench.run(),
            What::Detect(bench) => Ok(bench.run()?.into()),
            What::Indicators(bench) => Ok(bench.run(&SystemClock)?.into()),
            What::Patterns(bench) => Ok(bench.run()?.into()),
            What::Mail(bench) => bench.run(),
            What::Taxii(bench) => bench.run(),
            What::Mesh(bench) => bench.run(),
            What::Trial(bench) => bench.run(),
            What::Sensors(bench) => bench.run(),
        }
    }
}
