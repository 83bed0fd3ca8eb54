//! What sensors found, at the desk: shown, and judged.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vedetta_commands::table::counted;
use vedetta_model::ItemId;

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::node_or_ledger;

#[derive(Args)]
pub(super) struct Alerts {
    #[command(flatten)]
    node: NodeArgs,
    /// As grave as this at least: informational, low, medium, high or critical.
    #[arg(long, default_value = "low")]
    severity: String,
    /// At most so many, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Judge {
    #[command(flatten)]
    node: NodeArgs,
    /// The finding, as `vedetta sensor alerts` shows it.
    #[arg(value_name = "SIGHTING")]
    sighting: ItemId,
    /// What it was.
    #[arg(value_enum)]
    verdict: Verdict,
    /// Why.
    #[arg(long)]
    reason: String,
    /// For how many days, 1 to 365.
    #[arg(long, default_value_t = 30)]
    days: u16,
    /// Of all hosts and accounts of the organisation, not only of this one.
    #[arg(long)]
    everywhere: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What a finding was.
#[derive(Clone, Copy, ValueEnum)]
enum Verdict {
    /// Nothing bad happened: its like is not told for a while.
    Harmless,
    /// Something bad did.
    Confirmed,
}

impl Alerts {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let mut node = node_or_ledger(&self.node, Use::Read)?;
        let (severity, limit) = (&self.severity, self.limit);
        let found: Value =
            node.get(&format!("/api/v1/alerts?severity={severity}&limit={limit}"))?;
        if self.json {
            println!("{found}");
            return Ok(Outcome::Done);
        }
        for alert in found["alerts"].as_array().into_iter().flatten() {
            let word = |name: &str| alert[name].as_str().unwrap_or("-");
            let judged = alert["judged"]["verdict"].as_str();
            let times = alert["count"].as_u64().and_then(|it| usize::try_from(it).ok());
            let judged = judged.map(|it| format!(" ({it})")).unwrap_or_default();
            println!(
                "{}  {} {}{judged}: {}, {}, {} {}",
                word("last"),
                word("severity"),
                word("sighting"),
                word("title"),
                counted(times.unwrap_or_default(), "time", "times"),
                word("organisation"),
                alert["entity"].as_str().unwrap_or_default(),
            );
        }
        Ok(Outcome::Done)
    }
}

impl Judge {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let verdict = match self.verdict {
            Verdict::Harmless => "harmless",
            Verdict::Confirmed => "confirmed",
        };
        let reach = if self.everywhere { "organisation" } else { "entity" };
        let judgement = json!({
            "verdict": verdict, "reason": self.reason, "reach": reach, "days": self.days,
        });
        let mut node = node_or_ledger(&self.node, Use::Write)?;
        let path = format!("/api/v1/alerts/{}/judgements", self.sighting);
        let judged: Value = node.post(&path, &judgement)?;
        if self.json {
            println!("{judged}");
        } else {
            println!("{verdict} until {}", judged["until"].as_str().unwrap_or_default());
        }
        Ok(Outcome::Done)
    }
}
