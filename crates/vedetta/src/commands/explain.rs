//! `vedetta explain`.

use clap::Args;
use serde_json::Value;
use vedetta_model::{ItemId, OrganisationId};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::{node_or_ledger, plain};

/// Say why an organisation has an item, or has it not.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta explain --item indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f \\\n      --organisation comune-054039 --data ./node"
)]
pub(crate) struct Explain {
    #[command(flatten)]
    node: NodeArgs,
    /// The item: its STIX identifier.
    #[arg(long, value_name = "ID")]
    item: ItemId,
    /// The organisation: its identifier in the directory.
    #[arg(long, value_name = "ID")]
    organisation: OrganisationId,
    /// Answer in JSON: `allowed`, `agreement`, `reason_it`, `reason_en`.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut node = node_or_ledger(&self.node, Use::Read)?;
        let (item, organisation) = (plain(self.item.as_str()), &self.organisation);
        let path = format!("/api/v1/items/{item}/explanation?organisation={organisation}");
        let answer: Value = node.get(&path)?;
        if self.json {
            println!("{answer}");
        } else {
            for reason in ["reason_it", "reason_en"] {
                println!("{}", answer[reason].as_str().unwrap_or_default());
            }
        }
        Ok(Outcome::Done)
    }
}
